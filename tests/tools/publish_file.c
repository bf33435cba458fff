/*
 * publish_file -d DIR -i INSTANCE [-k] [-s SPARE] [-m MAX] [-o KEY=VALUE]... FEED=FILE...
 *
 * A real publisher for the tests of readers: publishes CSV files through the public
 * library, then lives until its standard input ends. A line FEED=FILE publishes again,
 * a line -FEED removes the feed, a line +FEED announces it. Each publication is answered by
 * one line on standard output, "FEED SEQUENCE", the others by "FEED removed" and "FEED
 * announced", a failure by "FEED failed: REASON".
 *
 * -k  keep what was published on exit    -s  spare_bytes    -m  max_bytes
 * -o  an option of shmpub_csv_options_set, for every feed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmpub/shmpub.h"

static void die(const char *what, const struct shmpub_error *err)
{
	fprintf(stderr, "publish_file: %s: %s\n", what, err->message);
	exit(1);
}

static char *read_file(size_t *size, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16, n;
	char *text = malloc(room);

	*size = 0;
	while (file != NULL && text != NULL &&
	       (n = fread(text + *size, 1, room - *size, file)) > 0) {
		*size += n;
		if (*size == room)
			text = realloc(text, room *= 2);
	}
	if (file == NULL || text == NULL || ferror(file)) {
		fprintf(stderr, "publish_file: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(file);
	return text;
}

static void publish(struct shmpub_publisher *publisher, const struct shmpub_csv_options *options,
                    char *what)
{
	struct shmpub_mark mark;
	struct shmpub_error err = { 0 };
	char *equals = strchr(what, '=');
	char *text;
	size_t size;
	int r;

	if (what[0] == '-') {
		r = shmpub_remove(publisher, what + 1, &err);
		printf("%s %s%s\n", what + 1, r ? "failed: " : "removed", err.message);
		return;
	}
	if (what[0] == '+') {
		r = shmpub_announce(publisher, what + 1, &err);
		printf("%s %s%s\n", what + 1, r ? "failed: " : "announced", err.message);
		return;
	}
	if (equals == NULL) {
		fprintf(stderr, "publish_file: %s: not FEED=FILE\n", what);
		exit(2);
	}
	*equals = '\0';
	text = read_file(&size, equals + 1);
	r = shmpub_publish_csv(publisher, what, text, size, options, &mark, &err);
	free(text);
	if (r)
		printf("%s failed: %s\n", what, err.message);
	else
		printf("%s %llu\n", what, (unsigned long long)mark.sequence);
}

static void set_option(struct shmpub_csv_options *options, char *pair)
{
	struct shmpub_error err;
	char *equals = strchr(pair, '=');

	if (equals == NULL) {
		fprintf(stderr, "publish_file: -o %s: not KEY=VALUE\n", pair);
		exit(2);
	}
	*equals = '\0';
	if (shmpub_csv_options_set(options, pair, equals + 1, &err) != SHMPUB_OK)
		die(pair, &err);
}

int main(int argc, char **argv)
{
	struct shmpub_publisher_options where = { 0 };
	struct shmpub_csv_options *options;
	struct shmpub_publisher *publisher;
	struct shmpub_error err;
	char line[4096];
	int c;

	if (shmpub_csv_options_new(&options, &err) != SHMPUB_OK)
		die("options", &err);
	while ((c = getopt(argc, argv, "d:i:ks:m:o:")) != -1) {
		if (c == 'd')
			where.directory = optarg;
		else if (c == 'i')
			where.instance = optarg;
		else if (c == 'k')
			where.keep_on_exit = 1;
		else if (c == 's')
			where.spare_bytes = strtoull(optarg, NULL, 10);
		else if (c == 'm')
			where.max_bytes = strtoull(optarg, NULL, 10);
		else if (c == 'o')
			set_option(options, optarg);
		else
			return 2;
	}
	if (shmpub_publisher_open(&publisher, &where, &err) != SHMPUB_OK)
		die("open", &err);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = optind; i < argc; i++)
		publish(publisher, options, argv[i]);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		publish(publisher, options, line);
	}
	shmpub_publisher_close(publisher);
	shmpub_csv_options_free(options);
	return 0;
}
