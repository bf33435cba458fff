/*
 * A C++ program hands a table to Python programs as CSV text, as in the article that shmpub
 * grew out of. The text is parsed once, in this program; every Python program gets a
 * DataFrame over the same memory. No daemon is needed.
 *
 *     example_article [INSTANCE [DIRECTORY]]
 *
 *     >>> import shmpub
 *     >>> shmpub.subscribe("stocks", instance="article").df
 */
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "shmpub/shmpub.h"

namespace
{

/* What the program computes: here, prices that move a little with every version. */
std::string make_csv(int version)
{
	static const char *const symbols[] = { "AAPL", "GOOG", "IBM", "MSFT" };
	static const double prices[] = { 223.02, 560.19, 125.79, 28.8 };
	std::ostringstream csv;

	csv << "symbol,price,volume\n";
	for (int i = 0; i < 4; i++)
		csv << symbols[i] << ',' << prices[i] + version * 0.25 << ','
		    << 1000 * (i + version) << '\n';
	return csv.str();
}

/* The C interface in the manner of C++: errors are thrown, what is open is closed. */
class Publisher
{
      public:
	Publisher(const char *directory, const char *instance)
	{
		shmpub_publisher_options where = {};

		where.directory = directory;
		where.instance = instance;
		check(shmpub_publisher_open(&publisher, &where, &error));
		try {
			check(shmpub_csv_options_new(&options, &error));
			check(shmpub_csv_options_set(options, "index_col", "symbol", &error));
		} catch (...) {
			close();
			throw;
		}
	}
	~Publisher()
	{
		close();
	}
	Publisher(const Publisher &) = delete;
	Publisher &operator=(const Publisher &) = delete;

	unsigned long long publish(const char *feed, const std::string &csv)
	{
		shmpub_mark mark;

		check(shmpub_publish_csv(publisher, feed, csv.data(), csv.size(), options, &mark,
		                         &error));
		return mark.sequence;
	}

      private:
	void check(int status) const
	{
		if (status != SHMPUB_OK)
			throw std::runtime_error(error.message);
	}
	void close()
	{
		shmpub_csv_options_free(options);
		shmpub_publisher_close(publisher);
	}

	shmpub_publisher *publisher = nullptr;
	shmpub_csv_options *options = nullptr;
	shmpub_error error = {};
};

} // namespace

int main(int argc, char **argv)
{
	const char *instance = argc > 1 ? argv[1] : "article";
	const char *directory = argc > 2 ? argv[2] : nullptr;

	try {
		Publisher publisher(directory, instance);
		std::string line;
		int version = 0;

		std::cout << "Enter publishes again, end of input ends\n";
		do {
			std::cout << "stocks " << publisher.publish("stocks", make_csv(version++))
			          << std::endl;
		} while (std::getline(std::cin, line));
	} catch (const std::exception &e) {
		std::cerr << "example_article: " << e.what() << '\n';
		return 1;
	}
	return 0;
}
