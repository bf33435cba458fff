/* daemon/article_segment, segment_posix: names that are ours or left alone, by one process at a time. */
#include "unit/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "article_segment.h"
#include "base/alloc.h"
#include "base/error.h"

static char csv_name[40], array_name[40], instance[24];
static const char place[] = "/dev/shm/none/unit";

static bool read_segment(char *out, size_t size, size_t *got, const char *name)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return false;
	n = read(fd, out, size);
	close(fd);
	*got = n < 0 ? 0 : (size_t)n;
	return n >= 0;
}

static struct config_feed feed_config(void)
{
	return (struct config_feed){
		.csv_segment = csv_name,
		.array_segment = array_name,
		.array_dtype = ARRAY_INT32,
		.segment_access = { .mode = 0660, .gid = -1 },
	};
}

static const int64_t stocks[] = { 1, 2, 300001, 688001 };

static struct shmpub_column stock_column(void)
{
	return (struct shmpub_column){
		.name = "code", .name_size = 4, .type = SHMPUB_INT64, .values = stocks, .n_rows = 4
	};
}

/* What a feed does at an attempt; the first warning in err. */
static int publish(struct article_live *live, const struct config_feed *feed, const char *text,
                   struct shmpub_error *err)
{
	struct shmpub_column column = stock_column();
	struct table table = { .n_rows = 4, .n_columns = 1, .columns = &column };
	struct article_draft draft;
	char warning[SHMPUB_ERROR_SIZE];
	int r;

	article_claim(live, feed, place);
	article_ask(&draft, live);
	draft.access = feed->segment_access;
	r = article_begin_text(&draft, feed, instance, 0, UINT64_MAX, err);
	for (size_t i = 0; i < strlen(text) && !r; i++)
		r = article_add_text(&draft, span_of(text + i, 1), err);
	if (!r)
		r = article_prepare(&draft, feed, instance, &table, err);
	if (r)
		return r;
	article_place(live, &draft);
	if (!article_warning(warning, live))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_OWNER, "%s", warning);
}

static bool stands(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	return access(path, F_OK) == 0;
}

static void test_layouts(void)
{
	struct config_feed feed = feed_config(), less = feed;
	struct article_live live = { .is_claimed = { false } };
	char bytes[256], path[96];
	int32_t length, values_got[4];
	struct shmpub_error err = { .message = "" };
	size_t n;
	struct stat st;

	CHECK_INT("publish", publish(&live, &feed, "code\n1\n", &err), 0);
	CHECK_STR("no error", err.message, "");
	CHECK("stands", !article_is_wanting(&live));
	CHECK("text", read_segment(bytes, sizeof(bytes), &n, csv_name));
	memcpy(&length, bytes, sizeof(length));
	CHECK_INT("length", length, 7);
	CHECK("its bytes", n == 11 && memcmp(bytes + 4, "code\n1\n", 7) == 0);
	CHECK("array", read_segment(bytes, sizeof(bytes), &n, array_name));
	memcpy(values_got, bytes, sizeof(values_got));
	CHECK("its values", n == 16 && values_got[2] == 300001 && values_got[3] == 688001);
	snprintf(path, sizeof(path), "/dev/shm/%s", array_name);
	CHECK("mode", stat(path, &st) == 0 && (st.st_mode & 07777) == 0660);
	unlink(path);
	CHECK("one is gone", article_is_wanting(&live));
	CHECK_INT("put back", publish(&live, &feed, "", &err), 0);
	CHECK("stands again", !article_is_wanting(&live));
	CHECK("empty text", read_segment(bytes, sizeof(bytes), &n, csv_name) && n == 4);
	less.array_segment = NULL;
	article_claim(&live, &less, place);
	CHECK("the other stays", !stands(array_name) && stands(csv_name));
	CHECK("all that is asked for", !article_is_wanting(&live));
	article_leave(&live, false);
	CHECK("gone", !stands(csv_name));
}

/* Whoever may write may spoil: it is seen, whatever it is that was done. */
static void test_spoilt(void)
{
	struct config_feed feed = feed_config();
	struct article_live live = { .is_claimed = { false } };
	char path[96], bytes[64];
	size_t n;
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", csv_name);
	for (int i = 0; i < 3; i++) {
		CHECK_INT("publish", publish(&live, &feed, "code\n1\n", NULL), 0);
		CHECK("stands", !article_is_wanting(&live));
		CHECK("whole", read_segment(bytes, sizeof(bytes), &n, csv_name) && n == 11);
		usleep(20000); /* the clock of file times ticks every few milliseconds */
		fd = open(path, O_WRONLY);
		if (i == 0)
			CHECK_INT("cut short", ftruncate(fd, 2), 0);
		else if (i == 1)
			CHECK_INT("made longer", ftruncate(fd, 4096), 0);
		else
			CHECK_INT("written to", pwrite(fd, "XXXX", 4, 0), 4);
		close(fd);
		CHECK("seen", article_is_wanting(&live));
	}
	article_leave(&live, false);
}

static void make_foreign(const char *name, bool is_directory)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	if (is_directory) {
		CHECK_INT("mkdir", mkdir(path, 0700), 0);
		return;
	}
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	CHECK("create", fd >= 0);
	close(fd);
}

static void test_not_ours(void)
{
	struct config_feed feed = feed_config();
	struct article_live live = { .is_claimed = { false } };
	struct shmpub_error err;
	char path[96], want[256];

	make_foreign(array_name, true);
	CHECK_INT("a directory", publish(&live, &feed, "x\n", &err), SHMPUB_ERR_OWNER);
	snprintf(want, sizeof(want),
	         "array_segment %.40s: /dev/shm/%.40s is there and not a segment", array_name,
	         array_name);
	CHECK_STR("it says what", err.message, want);
	CHECK("the other goes on", stands(csv_name));
	CHECK("it is not wanting", !article_is_wanting(&live));
	snprintf(path, sizeof(path), "/dev/shm/%s", array_name);
	rmdir(path);
	if (geteuid() == 0) {
		make_foreign(array_name, false);
		CHECK_INT("chown", chown(path, 12345, 12345), 0);
		CHECK_INT("another user's", publish(&live, &feed, "x\n", &err), SHMPUB_ERR_OWNER);
		CHECK("it says whose", strstr(err.message, "the user 12345") != NULL);
		CHECK("it is left", access(path, F_OK) == 0);
		unlink(path);
	}
	CHECK_INT("now it goes", publish(&live, &feed, "x\n", &err), 0);
	unlink(path);
	make_foreign(array_name, false); /* somebody took the name */
	article_leave(&live, false);
	CHECK("what is not ours stays", access(path, F_OK) == 0);
	unlink(path);
}

/* --- two daemons, and one that was killed --------------------------------------------------------- */

/* A child that serves the names until it is killed. */
static pid_t serve_in_child(const struct config_feed *feed)
{
	struct article_live live = { .is_claimed = { false } };
	int told[2];
	char byte;
	pid_t child;

	if (pipe(told) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		byte = (char)publish(&live, feed, "theirs\n", NULL);
		(void)!write(told[1], &byte, 1);
		for (;;)
			pause();
	}
	CHECK("it serves", read(told[0], &byte, 1) == 1 && byte == 0);
	close(told[0]);
	close(told[1]);
	return child;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_two(void)
{
	struct config_feed feed = feed_config();
	struct article_live live = { .is_claimed = { false } };
	pid_t child = serve_in_child(&feed);
	struct shmpub_error err;
	char bytes[64], want[64];
	size_t n;

	CHECK_INT("the second", publish(&live, &feed, "ours\n", &err), SHMPUB_ERR_OWNER);
	snprintf(want, sizeof(want), "process %d serves this name for %s", (int)child, place);
	CHECK("is told who", strstr(err.message, want) != NULL);
	CHECK("leaves it", read_segment(bytes, sizeof(bytes), &n, csv_name) && n == 11);
	CHECK("again", publish(&live, &feed, "ours\n", &err) == SHMPUB_ERR_OWNER);
	end_child(child);
	CHECK_INT("takes over", publish(&live, &feed, "ours\n", &err), 0);
	CHECK("with its own", read_segment(bytes, sizeof(bytes), &n, csv_name) && n == 9);
	article_leave(&live, true);
	CHECK("kept", stands(csv_name) && stands(array_name));
	CHECK_INT("after one that kept it", publish(&live, &feed, "more\n", &err), 0);
	article_leave(&live, false);
	CHECK("gone", !stands(csv_name) && !stands(array_name));
}

static bool wants_array(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, array_name) == 0;
}

static bool wants_nothing(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return false;
}

static void test_left_by_a_crash(void)
{
	struct config_feed feed = feed_config();
	pid_t child = serve_in_child(&feed);

	segment_sweep(place, instance, wants_nothing, NULL);
	CHECK("what is served stays", stands(csv_name) && stands(array_name));
	end_child(child);
	segment_sweep("/dev/shm/other", "other", wants_nothing, NULL);
	CHECK("another's stays", stands(csv_name) && stands(array_name));
	segment_sweep(place, instance, wants_array, NULL);
	CHECK("what is wanted stays", !stands(csv_name) && stands(array_name));
	segment_sweep(place, instance, wants_nothing, NULL);
	CHECK("gone", !stands(array_name));
}

static void test_no_memory(void)
{
	struct config_feed feed = feed_config();
	struct article_live live = { .is_claimed = { false } };
	int r = SHMPUB_ERR_NOMEM;

	for (long n = 0; r == SHMPUB_ERR_NOMEM; n++) {
		mem_fail_after(n);
		r = publish(&live, &feed, "x\n", NULL);
		mem_fail_after(-1);
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("in the end", r, 0);
	article_leave(&live, false);
}

static void test_nothing_left(void)
{
	const char *names[] = { csv_name, array_name };
	char hidden[96];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(hidden, sizeof(hidden), ".%s.%s", names[i], instance);
		CHECK("no draft", !stands(hidden));
		snprintf(hidden, sizeof(hidden), ".%s~", names[i]);
		CHECK("no lock", !stands(hidden));
	}
}

int main(void)
{
	snprintf(csv_name, sizeof(csv_name), "shmpub-unit-csv-%d", (int)getpid());
	snprintf(array_name, sizeof(array_name), "shmpub-unit-array-%d", (int)getpid());
	snprintf(instance, sizeof(instance), "unit-%d", (int)getpid());
	test_layouts();
	test_spoilt();
	test_not_ours();
	test_two();
	test_left_by_a_crash();
	test_no_memory();
	test_nothing_left();
	return check_report();
}
