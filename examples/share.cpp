/*
 * Share a CSV file with every Python program of the machine, on Linux and Windows. The table below
 * compares it with a C++ program for Windows that writes the text into a named mapping, in the plain
 * layout (docs/FORMAT.md), and leaves the rest to its readers.
 *
 *     example_share FILE [FEED [INSTANCE [DIRECTORY]]]
 *
 *     >>> import shmpub
 *     >>> shmpub.subscribe("shared_memory1", instance="share").df
 *
 * A writer of the plain layout                 here
 * -------------------------------------------  ------------------------------------------------
 * CreateFile, CreateFileMapping: the file,     std::ifstream: nobody is kept from writing or
 *   mapped and so held while it is shared        replacing the file
 * CreateFileMapping("shared_memory1"), with    shmpub_publisher_open: names, access lists and
 *   a size that must be enough for ever          sizes are the library's affair
 * MapViewOfFile; the length, then the text     shmpub_publish_csv: parsed once, here; each
 *   over what a reader may be reading            version is memory of its own that never changes
 * every reader: mmap, unpack, read_csv         every reader: a DataFrame over that memory
 * "press a key to end"                         the same; Enter shares the file again
 *
 * For readers that know only the plain layout, shmpubd writes it too: csv_segment in its ini.
 */
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "shmpub/shmpub.h"

namespace
{

std::string read_file(const char *path)
{
	std::ifstream file(path, std::ios::binary);
	std::string text{ std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>() };

	if (!file)
		throw std::runtime_error(std::string(path) + ": cannot be read");
	return text;
}

unsigned long long share(shmpub_publisher *publisher, const char *feed, const std::string &csv)
{
	shmpub_csv_options *options = nullptr;
	shmpub_mark mark = {};
	shmpub_error error = {};
	int r = shmpub_csv_options_new(&options, &error);

	if (r == SHMPUB_OK) /* as in pd.read_csv(..., index_col=0) */
		r = shmpub_csv_options_set(options, "index_col", "0", &error);
	if (r == SHMPUB_OK)
		r = shmpub_publish_csv(publisher, feed, csv.data(), csv.size(), options, &mark,
		                       &error);
	shmpub_csv_options_free(options);
	if (r != SHMPUB_OK)
		throw std::runtime_error(error.message);
	return mark.sequence;
}

} // namespace

int main(int argc, char **argv)
{
	const char *feed = argc > 2 ? argv[2] : "shared_memory1";
	shmpub_publisher_options where = {};
	shmpub_publisher *publisher = nullptr;
	shmpub_error error = {};
	std::string line;
	int status = 0;

	if (argc < 2) {
		std::cerr << "usage: example_share FILE [FEED [INSTANCE [DIRECTORY]]]\n";
		return 2;
	}
	where.instance = argc > 3 ? argv[3] : "share";
	where.directory = argc > 4 ? argv[4] : nullptr;
	if (shmpub_publisher_open(&publisher, &where, &error) != SHMPUB_OK) {
		std::cerr << "example_share: " << error.message << '\n';
		return 1;
	}
	try {
		std::cout << "Enter shares the file again, end of input ends\n";
		do {
			std::cout << feed << ' ' << share(publisher, feed, read_file(argv[1]))
			          << std::endl;
		} while (std::getline(std::cin, line));
	} catch (const std::exception &e) {
		std::cerr << "example_share: " << e.what() << '\n';
		status = 1;
	}
	shmpub_publisher_close(publisher);
	return status;
}
