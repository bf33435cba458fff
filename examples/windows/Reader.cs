// A reader in C#: finds an instance of shmpubd on Windows, prints how many rows a feed's table has, and
// the mean of each of its columns of float64, where they lie. docs/FORMAT.md says what is read here; its
// chapter "On Windows" says where it is found.
//
//     csc Reader.cs                    (or mcs Reader.cs, or this file in a project of dotnet)
//     Reader FEED [FIELD [INSTANCE]]   FIELD: the first field of float64, counted from 0, index included
//
// What the columns are called, text, dates and the rest: a snapshot is a file of Arrow's, and Apache.Arrow of
// NuGet reads it, through an ArrowFileReader over a stream of the view.
using System;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

public static class Reader
{
	static string prefix; // "Global\" of a service, "Local\" of a program in our own session

	// Open a section by its name, read-only, and keep the view alone: a handle would keep the name as well.
	static MemoryMappedViewAccessor Open(string leaf, long size)
	{
		using (var section = MemoryMappedFile.OpenExisting(prefix + leaf, MemoryMappedFileRights.Read))
			return section.CreateViewAccessor(0, size, MemoryMappedFileAccess.Read);
	}

	// The catalog, whose number the root page tells.
	static MemoryMappedViewAccessor OpenCatalog(string instance)
	{
		foreach (string space in new[] { @"Global\", @"Local\" })
		{
			prefix = space + "shmpub." + instance + "/";
			try
			{
				using (var root = Open("catalog", 4096))
				{
					ulong number = root.ReadUInt64(16);
					if (Text(root, 0, 8) != "SHMPUBR\x01" || root.ReadUInt32(8) != 1)
						throw new InvalidDataException(prefix + "catalog is no root page of version 1");
					if (number != 0)
						return Open(number.ToString(), 0);
				}
			}
			catch (FileNotFoundException) { }
		}
		throw new FileNotFoundException("nobody publishes the instance " + instance);
	}

	static string Text(UnmanagedMemoryAccessor view, long at, int size)
	{
		var bytes = new byte[size];
		view.ReadArray(at, bytes, 0, size);
		return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
	}

	internal static long FindSlot(UnmanagedMemoryAccessor catalog, string feed)
	{
		if (Text(catalog, 0, 8) != "SHMPUBC\x01" || catalog.ReadUInt64(24) != 0)
			throw new InvalidDataException("a catalog that this program does not know");
		long count = Math.Min(catalog.ReadInt64(160), (catalog.Capacity - 4096) / 1024);
		for (long i = 0; i < count; i++)
		{
			long slot = 4096 + 1024 * i;
			uint state = catalog.ReadUInt32(slot + 48);
			if (state >= 1 && state <= 4 && Text(catalog, slot, 48) == feed)
				return slot;
		}
		throw new ArgumentException("there is no feed " + feed);
	}

	// The newest snapshot. The publisher replaces it at any time: then its name is gone, and we look again.
	static MemoryMappedViewAccessor OpenSnapshot(UnmanagedMemoryAccessor catalog, long slot, out ulong sequence,
	                                             out long size)
	{
		for (int i = 0; i < 50; i++)
		{
			sequence = catalog.ReadUInt64(slot + 56);
			Thread.MemoryBarrier();
			long descriptor = slot + 64 + 128 * (long)(sequence % 2);
			ulong number = catalog.ReadUInt64(descriptor + 8);
			size = catalog.ReadInt64(descriptor + 16);
			Thread.MemoryBarrier();
			if (sequence != 0 && sequence == catalog.ReadUInt64(slot + 56))
			{
				try { return Open(number.ToString(), size); }
				catch (FileNotFoundException) { }
			}
			Thread.Sleep(1);
		}
		throw new InvalidOperationException("nothing was published yet");
	}

	// The line of JSON at the end of a snapshot: how many rows, and where columns of numbers lie.
	internal static string Record(UnmanagedMemoryAccessor snapshot, long size)
	{
		int footer = snapshot.ReadInt32(size - 10);
		string text = Text(snapshot, size - 10 - footer, footer);
		return text.Substring(text.LastIndexOf('{'));
	}

	// All fields of one type of numbers lie in one region, one after the other at a constant stride.
	internal static void PrintMeans(UnmanagedMemoryAccessor snapshot, string record, long rows, long field)
	{
		string regions = Regex.Match(record, @"""regions"":([^""]*)").Groups[1].Value;
		foreach (Match region in Regex.Matches(regions, @"\[(\d+),(\d+),(\d+),(\d+)\]"))
		{
			long offset = long.Parse(region.Groups[2].Value), stride = long.Parse(region.Groups[3].Value);
			long columns = long.Parse(region.Groups[1].Value) == field ? long.Parse(region.Groups[4].Value) : 0;
			for (long k = 0; k < columns; k++)
				PrintMean(snapshot, offset + k * stride, rows, k);
		}
	}

	static void PrintMean(UnmanagedMemoryAccessor snapshot, long offset, long rows, long k)
	{
		double sum = 0;
		long count = 0;
		for (long row = 0; row < rows; row++)
		{
			double value = snapshot.ReadDouble(offset + 8 * row);
			if (double.IsNaN(value)) // a missing value
				continue;
			sum += value;
			count++;
		}
		Console.WriteLine("column {0} of float64: {1} values, mean {2}", k, count, sum / count);
	}

	public static int Main(string[] args)
	{
		if (args.Length < 1)
		{
			Console.Error.WriteLine("usage: Reader FEED [FIELD [INSTANCE]]");
			return 2;
		}
		try
		{
			using (var catalog = OpenCatalog(args.Length > 2 ? args[2] : "shmpub"))
			{
				ulong sequence;
				long size;
				long slot = FindSlot(catalog, args[0]);
				using (var snapshot = OpenSnapshot(catalog, slot, out sequence, out size))
				{
					string record = Record(snapshot, size);
					long rows = long.Parse(Regex.Match(record, @"""rows"":(\d+)").Groups[1].Value);
					Console.WriteLine("{0} {1}: {2} rows", args[0], sequence, rows);
					if (args.Length > 1)
						PrintMeans(snapshot, record, rows, long.Parse(args[1]));
				}
			}
			return 0;
		}
		catch (Exception e)
		{
			Console.Error.WriteLine("Reader: " + e.Message);
			return 1;
		}
	}
}
