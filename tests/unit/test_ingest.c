/* Tests lib/ingest: a table of CSV texts, each with the columns that pandas makes of it. */
#include <stdarg.h>
#include "base/alloc.h"
#include "check.h"
#include "csv/encoding.h"
#include "csv/options.h"
#include "heap_sink.h"
#include "options_text.h"

/*
 * `want` is `name:type ... | cells | cells`, see heap_sink.h; with `fails` the error contains it.
 */
static const struct {
	const char *label;
	const char *options; /* KEY=VALUE, separated by newlines */
	const char *text;
	const char *want;
	bool fails;
} cases[] = {
	{ "integers", "", "a,b\n1,2\n-3,4\n", "a:i b:i | 1 2 | -3 4", false },
	{ "no final newline", "", "a\n1", "a:i | 1", false },
	{ "crlf", "", "a,b\r\n1,x\r\n", "a:i b:s | 1 x", false },
	{ "lone cr", "", "a,b\r1,x\r2,y", "a:i b:s | 1 x | 2 y", false },
	{ "byte order mark", "",
	  "\xEF\xBB\xBF"
	  "a\n1\n",
	  "a:i | 1", false },
	{ "blank lines", "", "\n\na\n\n1\n  \n2\n", "a:i | 1 | 2", false },
	{ "header only", "", "a,b\n", "a:n b:n", false },
	{ "header only, dtype", "dtype.a=int64", "a,b\n", "a:i b:n", false },
	{ "short rows", "", "a,b,c\n1\n2,x\n", "a:i b:s c:f | 1 - - | 2 x -", false },
	{ "first row longer", "", "a,b\n9,1,2\n8,3\n", ":^i a:i b:f | 9 1 2 | 8 3 -", false },
	{ "later row longer", "", "a,b\n1,2\n3,4,5\n", "line 3: 3 fields, expected 2", true },
	{ "later row longer, skipped", "on_bad_lines=skip", "a,b\n1,2\n3,4,5\n6,7\n",
	  "a:i b:i | 1 2 | 6 7", false },
	{ "longer than the records and as long as the names, skipped",
	  "names=p, q, r\nheader=1\non_bad_lines=skip", "h,i,j\nx,y\na,b\n1,2,3\n3,c\n",
	  "p:s q:s r:f | a b - | 3 c -", false },
	{ "longer than the records and as long as the names", "names=p, q, r\nheader=1",
	  "h,i,j\nx,y\na,b\n3,c\n1,2,3\n", "line 5: 3 fields, expected 2", true },
	{ "empty", "", "", "no columns", true },
	{ "blank", "", "\n \n", "no columns", true },
	{ "a header of blanks and a comment", "delimiter=whitespace\ncomment=hash", " #x\na\n1\n",
	  ":^s | a | 1", false },
	{ "not UTF-8", "", "a\nx\xFFy\n", "line 2: byte 0xff at offset 3", true },
	{ "names equal", "", "a,a,a.1\n1,2,3\n", "a:i a.2:i a.1:i | 1 2 3", false },
	{ "names missing", "", ",b,\n1,2,3\n", "Unnamed: 0:i b:i Unnamed: 2:i | 1 2 3", false },

	{ "quoted", "", "a,b\n\"1\",\"x,y\"\n", "a:i b:s | 1 x,y", false },
	{ "doubled quotes", "", "a\n\"x\"\"y\"\n\"\"\"\"\n", "a:s | x\"y | \"", false },
	{ "newline in quotes", "", "a,b\n\"x\ny\",1\n", "a:s b:i | x\ny 1", false },
	{ "quote inside a bare field", "", "a,b\n5\"x,6\"\n", "a:s b:s | 5\"x 6\"", false },
	{ "text behind a closing quote", "", "a,b\n\"x\"y\"z,w\"\n", "a:s b:s | xy\"z w\"", false },
	{ "a number in parts", "", "a\n\"1\"2\n3\n", "a:i | 12 | 3", false },
	{ "never closed", "", "a,b\n1,\"x\n2,y\n", "line 2: the text ends inside quotes", true },

	{ "int with NA", "", "a,b\n1,1\nNA,2\n", "a:f b:i | 1 1 | - 2", false },
	{ "all NA", "", "a,b\nNA,1\n,2\n", "a:f b:i | - 1 | - 2", false },
	{ "float", "", "a\n1\n2.5\n1e3\ninf\n", "a:f | 1 | 2.5 | 1000 | inf", false },
	{ "bool", "", "a\nTrue\nfalse\n", "a:b | T | F", false },
	{ "bool with NA", "", "a,b\nTrue,1\n,2\n", "a:b! b:i | T 1 | - 2", false },
	{ "bool and number", "", "a\nTrue\n1\n", "a:s | True | 1", false },
	{ "uint64", "", "a\n18446744073709551615\n1\n", "a:u | 18446744073709551615 | 1", false },
	{ "uint64 with NA", "", "a,b\n18446744073709551615,1\nNA,2\n",
	  "a:s b:i | 18446744073709551615 1 | NA 2", false },
	{ "uint64 with a negative", "", "a\n18446744073709551615\n-1\n",
	  "a:s | 18446744073709551615 | -1", false },
	{ "beyond 64 bits", "", "a,b\n99999999999999999999,1\n+007,2\nNA,3\n",
	  "a:s! b:i | 99999999999999999999 1 | 7 2 | - 3", false },
	{ "beyond 64 bits, then text", "", "a,b\n99999999999999999999,1\nNA,2\nx,3\n",
	  "a:s b:i | 99999999999999999999 1 | NA 2 | x 3", false },
	{ "text, then beyond 64 bits", "", "a,b\nx,1\nNA,2\n99999999999999999999,3\n",
	  "a:s b:i | x 1 | - 2 | 99999999999999999999 3", false },
	{ "large, then a fraction", "", "a\n18446744073709551615\n1.5\n",
	  "a:f | 1.8446744073709552e+19 | 1.5", false },
	{ "huge, then a fraction", "", "a\n99999999999999999999\n1.5\n",
	  "a:s | 99999999999999999999 | 1.5", false },

	{ "index by name", "index_col=b", "a,b\n1,x\n", "a:i b:^s | 1 x", false },
	{ "index by number", "index_col=1", "a,b\n1,x\n", "a:i b:^s | 1 x", false },
	{ "index that is not there", "index_col=z", "a,b\n1,x\n", "index_col: there is no column z",
	  true },
	{ "dates", "parse_dates=a", "a\n2020-01-02\nNA\n1970-01-01\n",
	  "a:t | 1577923200000000 | - | 0", false },
	{ "dates and gaps", "parse_dates=a",
	  "a,b\n2020-01-02,1\n,2\n2020-01-03,3\nNA,4\n,5\n1970-01-02,6\n",
	  "a:t b:i | 1577923200000000 1 | - 2 | 1578009600000000 3 | - 4 | - 5 | 86400000000 6",
	  false },
	{ "dates between quotes that double", "parse_dates=a\ndate_format=%Y\"%m",
	  "a\n\"2020\"\"01\"\n\"2021\"\"01\"\n", "a:t | 1577836800000000 | 1609459200000000",
	  false },
	{ "numbers between digits that double", "quotechar=1", "a\n122111\n7\n12211321\n",
	  "a:i | 221 | 7 | 22132", false },
	{ "one bad date", "parse_dates=a", "a\n2020-01-02\nfoo\n", "a:s | 2020-01-02 | foo",
	  false },
	{ "dtype timestamp, one bad", "dtype.a=timestamp", "a\n2020-01-02\nfoo\n",
	  "line 3: column \"a\" is to be timestamp", true },
	{ "nanoseconds", "parse_dates=a", "a\n1970-01-01 00:00:00.000000001\n", "a:t | 1", false },
	{ "mixed offsets", "parse_dates=a", "a\n2020-01-02T00:00+01:00\n2020-01-02T00:00+02:00\n",
	  "a:s | 2020-01-02T00:00+01:00 | 2020-01-02T00:00+02:00", false },
	{ "dtype int", "dtype.a=int64", "a\n1\n2\n", "a:i | 1 | 2", false },
	{ "dtype int of whole floats", "dtype.a=int64", "a\n1.0\n2\n", "a:i | 1 | 2", false },
	{ "dtype int of fractions", "dtype.a=int64", "a\n1\n2.5\n",
	  "line 3: column \"a\" is to be int64, \"2.5\" is not", true },
	{ "dtype int with NA", "dtype.a=int64", "a,b\n1,1\nNA,1\n",
	  "line 3: column \"a\" is to be int64", true },
	{ "dtype float", "dtype.a=float64", "a,b\n1,1\n,2\n", "a:f b:i | 1 1 | - 2", false },
	{ "dtype bool of numbers", "dtype.a=bool", "a\n1\n0\n", "a:b | T | F", false },
	{ "dtype bool of two", "dtype.a=bool", "a\n1\n2\n", "line 3: column \"a\" is to be bool",
	  true },
	{ "dtype str", "dtype.a=str", "a,b\n007,1\n,2\n", "a:s b:i | 007 1 | - 2", false },
	{ "dtype of everything", "dtype=str", "a,b\n007,1\n", "a:s b:s | 007 1", false },
	{ "category", "dtype.a=category", "a,b\nz,1\nb,2\n,3\nz,4\n",
	  "a:ks b:i | #1=z 1 | #0=b 2 | - 3 | #1=z 4", false },
	{ "category of words with quotes in them", "dtype.a=category", "a\nz\n\"b\"\"c\"\nz\n",
	  "a:ks | #1=z | #0=b\"c | #1=z", false },
	{ "category of numbers", "dtype.a=category", "a\n10\n9\n10\n",
	  "a:ki | #1=10 | #0=9 | #1=10", false },
	{ "category of the empty word", "dtype.a=category\nkeep_default_na=no", "a,b\n,1\n,2\n",
	  "a:ks b:i | #0= 1 | #0= 2", false },
	{ "category of floats", "dtype.a=category", "a\n1.0\n1\n.5\n",
	  "a:kf | #1=1 | #1=1 | #0=0.5", false },

	{ "delimiter", "delimiter=semicolon", "a;b\n1;2\n", "a:i b:i | 1 2", false },
	{ "delimiter, pandas' other name", "sep=\\t", "a\tb\n1\t2\n", "a:i b:i | 1 2", false },
	{ "whitespace", "delimiter=whitespace", " a  b\n1\t 2 \n", "a:i b:i | 1 2", false },
	{ "no header", "header=none", "1,x\n2,y\n", "0:i 1:s | 1 x | 2 y", false },
	{ "header below", "header=1", "t\na,b\n1,2\n", "a:i b:i | 1 2", false },
	{ "names", "names=x, y", "1,2\n3,4\n", "x:i y:i | 1 2 | 3 4", false },
	{ "names for a header", "names=x, y\nheader=0", "a,b\n3,4\n", "x:i y:i | 3 4", false },
	{ "names twice", "names=x, x", "1,2\n", "names: \"x\" is there twice", true },
	{ "usecols", "usecols=c, a", "a,b,c\n1,2,3\n", "a:i c:i | 1 3", false },
	{ "usecols twice", "usecols=c, a, c", "a,b,c\n1,2,3\n", "a:i c:i | 1 3", false },
	{ "usecols that are not there", "usecols=z", "a,b\n1,2\n", "usecols", true },
	{ "comment", "comment=hash", "a,b # x\n#y\n1,2#z\n", "a:i b :i | 1 2", false },
	{ "na_values", "na_values=-1", "a,b\n-1,1\n2,2\n", "a:f b:i | - 1 | 2 2", false },
	{ "na_values of one column", "na_values.a=x", "a,b\nx,x\n", "a:f b:s | - x", false },
	{ "no default NA", "keep_default_na=no", "a,b\nNA,\n", "a:s b:s | NA ", false },
	{ "skiprows", "skiprows=2", "x\ny\na\n1\n", "a:i | 1", false },
	{ "max_columns", "max_columns=2", "a,b,c\n",
	  "line 1: more than 2 fields, which is max_columns", true },
	{ "thousands", "thousands=comma\ndelimiter=semicolon", "a;b\n1,000;2\n", "a:i b:i | 1000 2",
	  false },
	{ "thousands, long integers before a fraction", "thousands=comma\ndelimiter=semicolon",
	  "a\n3350564618508941488\n0.5\n", "a:f | 3.3505646185089418e+18 | 0.5", false },
	{ "thousands, long integers and NA", "thousands=comma\ndelimiter=semicolon",
	  "a;b\n3350564618508941488;1\n;2\n", "a:f b:i | 3.3505646185089413e+18 1 | - 2", false },
	{ "thousands, leading zeros", "thousands=comma\ndelimiter=semicolon",
	  "a\n000000000000000000001,234.5\n0.00000000000000000000025\n",
	  "a:f | 1234.5 | 2.5000000000000002e-22", false },
	{ "decimal", "decimal=comma\ndelimiter=semicolon", "a;b\n1,5;2\n", "a:f b:i | 1.5 2",
	  false },
	{ "true and false words", "true_values=yes\nfalse_values=no", "a\nyes\nno\n", "a:b | T | F",
	  false },
	{ "true and false words, numbers among them, NA", "true_values=yes, 1\nfalse_values=no, 0",
	  "a,b\nyes,1\n1,2\nNA,3\nno,4\n0,5\n", "a:b! b:i | T 1 | T 2 | - 3 | F 4 | F 5", false },
	{ "words for NA among floats", "", "a,b\n1.5,1\nNA,2\n\"null\",3\n 2.5 ,4\nn/a,5\n,6\n",
	  "a:f b:i | 1.5 1 | - 2 | - 3 | 2.5 4 | - 5 | - 6", false },
	{ "words for NA with blanks are none", "", "a,b\n1.5,1\nNA,2\n NA,3\n",
	  "a:s b:i | 1.5 1 | - 2 |  NA 3", false },
	{ "a quote in a word for NA", "na_values=x\"y", "a,b\n1.5,1\n\"x\"\"y\",2\n3,3\n",
	  "a:f b:i | 1.5 1 | - 2 | 3 3", false },
	{ "two quotes in a word for NA", "na_values=x\"\"y", "a,b\n1.5,1\n\"x\"\"y\",2\nx\"\"y,3\n",
	  "a:s b:i | 1.5 1 | x\"y 2 | - 3", false },
	{ "a long word for NA", "na_values=not known", "a,b\nx,1\nnot known,2\nnot shown,3\n",
	  "a:s b:i | x 1 | - 2 | not shown 3", false },
	{ "numbers below text, NA among them", "", "a,b\nx,1\n-1.5,2\nNA,3\n-nan,4\n12,5\n",
	  "a:s b:i | x 1 | -1.5 2 | - 3 | - 4 | 12 5", false },
	{ "skiprows, one line", "skiprows=[1]", "a\nx\n1\n", "a:i | 1", false },
	{ "NA by value, integers", "na_values=999", "a,b\n0999,1\nNA,2\n", "a:f b:i | 999 1 | - 2",
	  false },
	{ "NA by value, floats", "na_values=999", "a,b\n0999,1\n1.5,2\n", "a:f b:i | - 1 | 1.5 2",
	  false },
	{ "minus zero beside NA", "", "a,b\n-0,1\nNA,2\n", "a:f b:i | 0 1 | - 2", false },
	{ "minus zero beside a fraction", "", "a\n-0\n1.5\n", "a:f | -0 | 1.5", false },
	{ "uint64 before one with blanks", "", "a\n1 \n9223372036854775808\n9223372036854775808 \n",
	  "a:u | 1 | 9223372036854775808 | 9223372036854775808", false },
	{ "dtype bool with NA", "dtype.a=bool", "a,b\nTrue,1\nNA,2\n",
	  "line 3: column \"a\" is to be bool", true },
	{ "bool index with NA", "index_col=a", "a,b\nTrue,1\nNA,2\n", "a:^f b:i | 1 1 | - 2",
	  false },
	{ "integers beyond 64 bits in an index, a short row", "index_col=b",
	  "a,b\nx,99999999999999999999999\nz\n", "a:s b:^f | x 9.9999999999999992e+22 | z -",
	  false },
	{ "names of a doubled column", "na_values.a=x", "a,a\nx,x\n1,1\n", "a:f a.1:s | - x | 1 1",
	  false },
	{ "names and usecols, too many", "usecols=0, 1\nnames=p, q", "1\n2\n",
	  "2 columns are named, the records have 1", true },
	{ "nanoseconds beside a far date", "parse_dates=a", "a\n0001-01-01 00:00:00.000000000\n",
	  "a:s | 0001-01-01 00:00:00.000000000", false },
	{ "category of signed and unsigned", "dtype.a=category", "a\n18446744073709551615\n-1\n",
	  "a:ks | #1=18446744073709551615 | #0=-1", false },
	{ "latin-1", "encoding=latin-1", "a\n\xE9\n", "a:s | \xC3\xA9", false },
	{ "cp1252", "encoding=cp1252", "a\n\x80\n", "a:s | \xE2\x82\xAC", false },
	{ "cp1252, no character", "encoding=cp1252", "a\n\x81\n",
	  "line 2: byte 0x81 at offset 2 is not cp1252", true },
	{ "utf-16 without a mark", "encoding=utf-16", "a\n",
	  "line 1: UTF-16 without a byte order mark", true },
	{ "a level without a name is named in parse_dates",
	  "index_col=0\nparse_dates=\"Unnamed: 0\"", ",a\n2023-01-01,1\n",
	  ":^t a:i | 1672531200000000 1", false },
	{ "a level without a name, no ISO 8601", "index_col=0\nparse_dates=\"Unnamed: 0\"",
	  ",a\n1/2/2023,1\n", ":^s a:i | 1/2/2023 1", false },
	{ "the second of two levels, without a name", "index_col=0, 1\nparse_dates=\"Unnamed: 1\"",
	  "a,,b\n1,1970-01-01,2\n", "a:^i :^t b:i | 1 0 2", false },
	{ "a date by the place among the names", "usecols=1, 2\nparse_dates=b",
	  "a,b\n1,1970-01-01,1970-01-01\n", "a:t b:t | 0 0", false },
	{ "dtype by the place among the names, of a level",
	  "usecols=1\nindex_col=x\ndtype.0=float64", "a,x\n1,2\n", "x:^f | 2", false },
	{ "dtype by the place among the fields, of a column", "usecols=1\ndtype.1=float64",
	  "a,x\n1,2\n", "x:f | 2", false },
	{ "a level cast to text spells its values", "usecols=1, 2\nindex_col=x\ndtype.0=str",
	  "a,x,b\n1,007,3\n", "x:^s b:i | 7 3", false },
	{ "two dtypes of a level", "usecols=1, 2\nindex_col=x\ndtype.0=str\ndtype.1=int64",
	  "a,x,b\n1,2,3\n", "dtype.1 and dtype.0 both mean the level \"x\"", true },
	{ "a number is a name first", "dtype.1=float64", "1,b\n2,3\n", "1:f b:i | 2 3", false },
	{ "no directive of Python's", "parse_dates=a\ndate_format=%F", "a,b\n2019-01-02,1\n",
	  "a:s b:i | 2019-01-02 1", false },
	{ "and no value", "parse_dates=a\ndate_format=%F", "a,b\n,1\n", "a:b! b:i | - 1", false },
	{ "UTC as it is spelled", "parse_dates=a\ndate_format=%Y %Z", "a\n1970 UTC\n1970 Zulu\n",
	  "a:t | 0 | 0", false },
	{ "UTC in other letters", "parse_dates=a\ndate_format=%Y %Z", "a\n1970 UTC\n1970 utc\n",
	  "line 3: column \"a\": the zone is UTC's", true },
	{ "UTC in other letters below what is no date", "parse_dates=a\ndate_format=%Y %Z",
	  "a\nx\n1970 utc\n", "a:s | x | 1970 utc", false },
	{ "ascii, no character", "encoding=ascii", "a\r\nb\r\n\xE9\r\n",
	  "line 3: byte 0xe9 at offset 6 is not ASCII", true },
	{ "an index level given twice", "index_col=a, 0", "\n\na,b\n1,2\n",
	  "line 3: index_col: \"a\" is there twice", true },
	{ "no such column, no header", "usecols=0, 5\nheader=none", "\n1,2\n", "line 2: ", true },
	{ "no such column", "usecols=x", "a,b\n1,2\n", "line 1: usecols: there is no column x",
	  true },
	{ "no such header", "header=2", "a\n1\n", "line 3: header is record 2", true },
	{ "a dtype that is no position's", "index_col=0\ndtype.7=str", "a,b\n1,2\n",
	  "line 1: dtype.7: there are only 2 columns", true },
	{ "dates of integers that are none", "dtype.a=int64\nparse_dates=a", "k,a\n1,7\n2,\n",
	  "line 3: column \"a\" is to be int64, the cell is missing", true },
	{ "dates of a category of integers below int64", "dtype.a=category\nparse_dates=a",
	  "a\n-99999999999999999999\n+7\n08\n", "a:s | -99999999999999999999 | 7 | 8", false },
	{ "dates of a category of large, huge and negative integers",
	  "dtype.a=category\nparse_dates=a",
	  "a\n99999999999999999999\n18446744073709551615\n-1\n+7\n",
	  "a:s | 99999999999999999999 | 18446744073709551615 | -1 | +7", false },
	{ "dates of a category of large and negative numbers", "dtype.a=category\nparse_dates=a",
	  "a\n18446744073709551615\n-1\n1.50\n", "a:s | 18446744073709551615 | -1 | 1.50", false },
	{ "dates of integers beyond", "dtype.a=int64\nparse_dates=a",
	  "k,a\n1,7\n2,9223372036854775808\n",
	  "line 3: column \"a\" is to be int64, the cell is beyond it", true },
};

static const struct {
	const char *key, *value, *want;
} refused[] = {
	{ "date_format", "%d.%m.%d", "date format has %d twice" },
	{ "date_format.a", "%c %H", "date format has %H twice" },
	{ "usecols", "a, a, 0", "all names or all positions" },
	{ "usecols", "0, 0, a", "all names or all positions" },
	{ "usecols", "a, a, \"0\", 0", "all names or all positions" },
	{ "usecols", "\"a", "is not a list" },
	{ "skiprows", "1, x", "a number of lines" },
	{ "header", "-1", "a line number" },
	{ "delimiter", "ab", "one ASCII byte" },
};

static void test_wrong_utf16(void)
{
	static const char text[] = "\xFF\xFE"
	                           "a\0\n\0"
	                           "b\0\r\0\n\0"
	                           "\0\xDC";
	struct csv_options *o = options_of("encoding=utf-16");
	struct shmpub_error err = { .code = 0 };
	char out[64];
	int n_passes;

	CHECK_INT("a surrogate alone",
	          heap_ingest(out, sizeof(out), span_of(text, sizeof(text) - 1), o, NULL, NULL,
	                      &n_passes, NULL, &err),
	          SHMPUB_ERR_CSV);
	csv_options_free(o);
	CHECK(err.message, strstr(err.message, "line 3: byte 0x00 at offset 12 is not UTF-16"));
}

/* An option that is refused leaves the options that were set before unchanged. */
static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct csv_options *o = options_of("usecols=a, b, a\nskiprows=[1, 2]");
		struct shmpub_error err = { .message = "" };

		CHECK_INT(refused[i].value,
		          csv_options_set(o, span_str(refused[i].key), span_str(refused[i].value),
		                          &err),
		          SHMPUB_ERR_INVALID);
		CHECK(refused[i].value, strstr(err.message, refused[i].want) != NULL);
		CHECK_INT(refused[i].value, o->usecols.n, 2);
		CHECK_INT(refused[i].value, o->skiprows.n, 2);
		csv_options_free(o);
		CHECK_INT(refused[i].value, mem_live(), 0);
	}
}

/* Returns N of a message that begins "line N: ", or 0. */
static unsigned line_told(const char *message)
{
	unsigned line;

	return sscanf(message, "line %u: ", &line) == 1 ? line : 0;
}

static void check_case(size_t i, const struct csv_options *o)
{
	char out[4096];
	struct shmpub_error err = { .code = 0 };
	struct schema learnt = SCHEMA_NONE;
	int n_rounds;
	int r = heap_ingest(out, sizeof(out), span_str(cases[i].text), o, NULL, NULL, &n_rounds,
	                    &learnt, &err);

	if (!cases[i].fails) {
		CHECK_STR(cases[i].label, r ? err.message : out, cases[i].want);
		/* Again with the schema of the first time: now text goes to its place at once. */
		r = heap_ingest(out, sizeof(out), span_str(cases[i].text), o, &learnt, NULL,
		                &n_rounds, NULL, &err);
		CHECK_STR(cases[i].label, r ? err.message : out, cases[i].want);
		schema_free(&learnt);
		return;
	}
	CHECK(cases[i].label, r < 0);
	if (strstr(err.message, cases[i].want) == NULL)
		CHECK_STR(cases[i].label, err.message, cases[i].want);
	CHECK_INT(cases[i].label, err.line, line_told(err.message));
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct csv_options *o = options_of(cases[i].options);

		check_case(i, o);
		csv_options_free(o);
		CHECK_INT(cases[i].label, mem_live(), 0);
	}
}

/* Lets each request for memory fail in turn: expects an error and no leak, at the end the table. */
static void test_out_of_memory(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct csv_options *o = options_of(cases[i].options);
		const size_t size = strlen(cases[i].text);
		char *text = malloc(size); /* where the sanitizer knows its end */
		long live = mem_live();
		int r = SHMPUB_ERR_NOMEM;

		memcpy(text, cases[i].text, size);

		for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 10000; n++) {
			char out[4096];
			struct shmpub_error err = { .code = 0 };
			int n_rounds;

			mem_fail_after(n);
			r = heap_ingest(out, sizeof(out), span_of(text, size), o, NULL, NULL,
			                &n_rounds, NULL, &err);
			mem_fail_after(-1);
			CHECK_INT(cases[i].label, mem_live(), live);
		}
		CHECK(cases[i].label, r != SHMPUB_ERR_NOMEM);
		free(text);
		csv_options_free(o);
	}
}

/* Makes `n` rows of one text, which is repeated until it has so many bytes. */
static char *rows_of(const char *row, size_t n, size_t bytes)
{
	size_t size = strlen(row);
	char *text = malloc(2 + n * (bytes + 3) + 1), *p = text;

	p += sprintf(p, "a\n");
	for (size_t i = 0; i < n; i++) {
		*p++ = '"';
		for (size_t k = 0; k < bytes; k++)
			*p++ = row[k % size];
		*p++ = '"';
		*p++ = '\n';
	}
	*p = '\0';
	return text;
}

static const struct {
	const char *label;
	const char *row;
	size_t n_before, bytes_before, n, bytes;
	int n_rounds;
} texts[] = {
	{ "as before", "lorem ipsum", 1000, 40, 1000, 40, 1 },
	{ "more rows", "lorem ipsum", 1000, 40, 3000, 40, 1 },
	{ "fewer rows", "lorem ipsum", 1000, 40, 10, 40, 1 },
	{ "short texts, half as long again", "x", 1000, 2, 1000, 3, 2 },
	{ "quotes in them", "a\"\"b", 1000, 40, 1000, 40, 1 },
	{ "quotes at the seams of 32", "0123456789012345678901234567890\"\"", 500, 99, 500, 132,
	  1 },
	{ "fewer quotes than before", "a\"\"b\"\"\"\"\"\"\"\"\"\"\"\"", 1000, 32, 1000, 32, 1 },
};

/* The schema of one text is the guess for another: expects the same table, after so many passes. */
static void check_expected(size_t i)
{
	static char first[1 << 20], again[1 << 20];
	struct csv_options *o = options_of("");
	char *before = rows_of(texts[i].row, texts[i].n_before, texts[i].bytes_before);
	char *text = rows_of(texts[i].row, texts[i].n, texts[i].bytes);
	struct schema learnt = SCHEMA_NONE;
	struct shmpub_error err = { .code = 0 };
	int n_rounds;

	CHECK_INT(texts[i].label,
	          heap_ingest(first, sizeof(first), span_str(before), o, NULL, NULL, &n_rounds,
	                      &learnt, &err),
	          0);
	CHECK_INT(texts[i].label,
	          heap_ingest(first, sizeof(first), span_str(text), o, NULL, NULL, &n_rounds, NULL,
	                      &err),
	          0);
	CHECK_INT(texts[i].label,
	          heap_ingest(again, sizeof(again), span_str(text), o, &learnt, NULL, &n_rounds,
	                      NULL, &err),
	          0);
	CHECK(texts[i].label, strcmp(first, again) == 0);
	CHECK_INT(texts[i].label, n_rounds, texts[i].n_rounds);
	schema_free(&learnt);
	csv_options_free(o);
	free(before);
	free(text);
}

/* If there is more text than expected, the first pass only counts it. */
static void test_more_text(void)
{
	static char out[1 << 20], want[1 << 20];
	char *before = malloc(1 << 20), *text = malloc(1 << 20), *p = before, *q = text;
	struct csv_options *o = options_of("");
	struct schema learnt = SCHEMA_NONE;
	struct shmpub_error err = { .code = 0 };
	int n_rounds;

	p += sprintf(p, "a,b\n");
	q += sprintf(q, "a,b\n");
	for (int i = 0; i < 5000; i++) {
		p += sprintf(p, "x,%020d\n", i);
		q += sprintf(q, "%s,%d\n", "a text of some length", i % 10);
	}
	CHECK_INT("before",
	          heap_ingest(out, sizeof(out), span_str(before), o, NULL, NULL, &n_rounds, &learnt,
	                      &err),
	          0);
	CHECK_INT("wanted",
	          heap_ingest(want, sizeof(want), span_str(text), o, NULL, NULL, &n_rounds, NULL,
	                      &err),
	          0);
	CHECK_INT("more",
	          heap_ingest(out, sizeof(out), span_str(text), o, &learnt, NULL, &n_rounds, NULL,
	                      &err),
	          0);
	CHECK("the same", strcmp(out, want) == 0);
	CHECK_INT("one round in vain", n_rounds, 2);
	schema_free(&learnt);
	csv_options_free(o);
	free(before);
	free(text);
}

static void test_expected_text(void)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_expected(i);
	test_more_text();
	CHECK_INT("nothing lost", mem_live(), 0);
}

int main(void)
{
	test_refused();
	test_wrong_utf16();
	test_cases();
	test_expected_text();
	test_out_of_memory();
	return check_report();
}
