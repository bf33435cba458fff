#include "shmpub/shmpub.h"

#include <stdbool.h>
#include <windows.h>

#include "shm/shm.h"
#include "unit/check.h"
#include "unit/spawn_win32.h"

/*
 * Publishers and readers in processes of their own on Windows: one publisher at a time, what a killed
 * one leaves, who holds what over a restart, who wakes whom.
 */

static char directory[64];
static const char *const instance = "unit";

static void next_directory(void)
{
	static int n;

	snprintf(directory, sizeof(directory), "Local\\test.%lu.%d", GetCurrentProcessId(), n++);
}

/* --- the parts that children play --------------------------------------------------------------- */

/* A number on a line publishes a table with so many rows; the end of the input is an orderly stop. */
static int play_publisher(const char *where)
{
	struct shmpub_publisher_options o = { .directory = where,
		                              .instance = instance,
		                              .heartbeat_interval_ms = 500 };
	struct shmpub_publisher *p;
	struct shmpub_error err;
	char line[32], text[4096];

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		spawn_answers(err.message);
		return 3;
	}
	spawn_answers("ready");
	while (spawn_hears(line, sizeof(line)) != NULL) {
		size_t size = (size_t)snprintf(text, sizeof(text), "k\n");

		for (int i = atoi(line); i > 0; i--)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%d\n", i);
		spawn_answers(shmpub_publish_csv(p, "f", text, size, NULL, NULL, &err) == 0
		                      ? "published"
		                      : err.message);
	}
	shmpub_publisher_close(p);
	return 0;
}

/* Tells the number of rows of each snapshot that it is woken for, until it sees one without rows. */
static int play_reader(const char *where)
{
	struct shmpub_reader_options o = { .directory = where, .instance = instance };
	struct shmpub_mark seen = { 0 };
	struct shmpub_snapshot *s;
	struct shmpub_reader *r;
	struct shmpub_error err;
	uint64_t rows = 1;

	if (shmpub_reader_open(&r, &o, &err) != 0)
		return 3;
	spawn_answers("ready");
	while (rows != 0) {
		char text[32];

		if (shmpub_wait(r, "f", &seen, 20000, &err) != 0 ||
		    shmpub_acquire(&s, r, "f", &seen, &err) != 0) {
			spawn_answers(err.message);
			return 4;
		}
		seen = shmpub_snapshot_stamp(s)->mark;
		rows = shmpub_rows(s);
		shmpub_release(s);
		snprintf(text, sizeof(text), "%llu", (unsigned long long)rows);
		spawn_answers(text);
	}
	shmpub_reader_close(r);
	return 0;
}

/* Publishes without a pause: as many rows as before and one more, up to MOST_ROWS; until it is killed. */
#define MOST_ROWS 400

static int play_hurry(const char *where)
{
	struct shmpub_publisher_options o = { .directory = where, .instance = instance };
	static char text[4 * MOST_ROWS + 2];
	struct shmpub_publisher *p;
	struct shmpub_error err;

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		spawn_answers(err.message);
		return 3;
	}
	memset(text, '1', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '\n';
	for (size_t i = 0;; i++) {
		size_t size = 4 + 2 * (i % MOST_ROWS);

		if (shmpub_publish_csv(p, "f", text, size, NULL, NULL, &err) != 0) {
			spawn_answers(err.message);
			return 4;
		}
		if (i == 10)
			spawn_answers("ready");
	}
}

/* --- what a test needs --------------------------------------------------------------------------- */

static struct shmpub_reader *new_reader(void)
{
	struct shmpub_reader_options o = { .directory = directory, .instance = instance };
	struct shmpub_reader *r = NULL;

	CHECK_INT("reader", shmpub_reader_open(&r, &o, NULL), 0);
	return r;
}

static struct shmpub_snapshot *newest(struct shmpub_reader *r)
{
	struct shmpub_snapshot *s = NULL;
	struct shmpub_error err = { 0 };

	if (shmpub_acquire(&s, r, "f", NULL, &err) != 0)
		fprintf(stderr, "acquire: %s\n", err.message);
	return s;
}

static uint64_t rows_of(const struct shmpub_snapshot *s)
{
	return s != NULL ? shmpub_rows(s) : UINT64_MAX;
}

static void start_publisher(struct spawned *s)
{
	spawn(s, "publisher", directory);
	CHECK_STR("the publisher", spawned_says(s), "ready");
}

static HANDLE handle_of(const char *leaf, DWORD rights)
{
	wchar_t name[200];
	HANDLE h;

	_snwprintf(name, 200, L"%hs/shmpub.%hs/%hs", directory, instance, leaf);
	h = OpenFileMappingW(rights, FALSE, name);
	if (h == NULL)
		h = OpenEventW(SYNCHRONIZE, FALSE, name);
	CHECK(leaf, h != NULL);
	return h;
}

/* --- the tests ----------------------------------------------------------------------------------- */

static void test_one_publisher(void)
{
	struct spawned first = SPAWNED_NONE, second = SPAWNED_NONE;
	char want[32];

	start_publisher(&first);
	snprintf(want, sizeof(want), "process %lu publishes", first.pid);
	spawn(&second, "publisher", directory);
	CHECK("is refused with the first one's pid", strstr(spawned_says(&second), want) != NULL);
	CHECK_INT("and ends", spawned_ends(&second), 3);
	CHECK_STR("the first goes on", spawned_asked(&first, "3"), "published");
	CHECK_INT("stops", spawned_ends(&first), 0);
	start_publisher(&second);
	CHECK_INT("stops", spawned_ends(&second), 0);
}

static void test_killed(void)
{
	struct shmpub_reader *r = new_reader();
	struct shmpub_instance_info info;
	struct shmpub_snapshot *held, *next;
	struct shmpub_error err;
	struct spawned p = SPAWNED_NONE;

	start_publisher(&p);
	CHECK_STR("publish", spawned_asked(&p, "3"), "published");
	held = newest(r);
	CHECK_INT("three rows", rows_of(held), 3);
	spawned_killed(&p);
	CHECK_INT("what is held stays", rows_of(held), 3);
	CHECK_INT("and is whole", shmpub_verify(held, &err), 0);
	CHECK_INT("still attached", shmpub_instance(&info, r, &err), 0);
	CHECK("the publisher is gone", strstr(info.why_gone, "no process") != NULL);

	start_publisher(&p);
	CHECK_STR("another publishes", spawned_asked(&p, "5"), "published");
	Sleep(1000); /* a reader looks at the name once a second */
	next = newest(r);
	CHECK_INT("and is found", rows_of(next), 5);
	CHECK_INT("what is held stays", rows_of(held), 3);
	CHECK_INT("instance", shmpub_instance(&info, r, &err), 0);
	CHECK_STR("is there", info.why_gone, "");
	shmpub_release(next);
	shmpub_release(held);
	CHECK_INT("stops", spawned_ends(&p), 0);
	CHECK_INT("and is away", shmpub_newest(&(struct shmpub_mark){ 0 }, r, "f", &err),
	          SHMPUB_NO_INSTANCE);
	shmpub_reader_close(r);
}

/* Handles keep names: of the root page, the catalog and the events, through which all goes on. */
static void test_handles_over_a_restart(void)
{
	static const char *const leaves[] = { "catalog", "bell.0", "bell.1", "bell.2", "bell.3" };
	struct shmpub_reader *r = new_reader();
	HANDLE handles[5];
	struct spawned p = SPAWNED_NONE;
	struct shmpub_snapshot *s;

	start_publisher(&p);
	CHECK_STR("publish", spawned_asked(&p, "2"), "published");
	for (int i = 0; i < 5; i++)
		handles[i] = handle_of(leaves[i], FILE_MAP_READ);
	spawned_killed(&p);
	start_publisher(&p);
	CHECK_STR("publish", spawned_asked(&p, "4"), "published");
	s = newest(r);
	CHECK_INT("the next one's", rows_of(s), 4);
	shmpub_release(s);
	CHECK_INT("stops", spawned_ends(&p), 0);
	CHECK_INT("and is away", shmpub_newest(&(struct shmpub_mark){ 0 }, r, "f", NULL),
	          SHMPUB_NO_INSTANCE);
	for (int i = 0; i < 5; i++)
		CloseHandle(handles[i]);
	shmpub_reader_close(r);
}

static void test_handle_of_the_lock(void)
{
	struct spawned p = SPAWNED_NONE, next = SPAWNED_NONE;
	HANDLE lock;

	start_publisher(&p);
	lock = handle_of("lock", FILE_MAP_READ);
	spawned_killed(&p);
	spawn(&next, "publisher", directory);
	CHECK("somebody has the lock of a dead one",
	      strstr(spawned_says(&next), "is gone, but another program still has a handle") !=
	              NULL);
	CHECK_INT("ends", spawned_ends(&next), 3);
	CloseHandle(lock);
	start_publisher(&p);
	CHECK_INT("stops", spawned_ends(&p), 0);
}

/* Each is woken for each snapshot, since the next one comes only when all have told of this one. */
static void test_woken(void)
{
	struct spawned p = SPAWNED_NONE, readers[3] = { SPAWNED_NONE, SPAWNED_NONE, SPAWNED_NONE };
	int64_t start, longest = 0, total = 0;
	char text[16];
	int n_rings = 60;

	for (int i = 0; i < 3; i++) {
		spawn(&readers[i], "reader", directory);
		CHECK_STR("reader", spawned_says(&readers[i]), "ready");
	}
	start_publisher(&p);
	for (int n = n_rings; n >= 0; n--) {
		int64_t took;

		snprintf(text, sizeof(text), "%d", n);
		start = shm_monotonic_ns();
		CHECK_STR("publish", spawned_asked(&p, text), "published");
		for (int i = 0; i < 3; i++)
			CHECK_STR("is woken", spawned_says(&readers[i]), text);
		took = shm_monotonic_ns() - start;
		if (n == n_rings) /* they seek the instance every 100 ms */
			continue;
		longest = took > longest ? took : longest;
		total += took;
	}
	printf("a publication and three readers woken: %lld us, longest %lld us\n",
	       (long long)total / n_rings / 1000, (long long)longest / 1000);
	CHECK("on average far below the second of a ring that was missed",
	      total / n_rings < INT64_C(200000000));
	for (int i = 0; i < 3; i++)
		CHECK_INT("ends", spawned_ends(&readers[i]), 0);
	CHECK_INT("stops", spawned_ends(&p), 0);
}

/* A reader that sleeps on the catalog of a killed publisher finds the next one. */
static void test_woken_after_a_kill(void)
{
	struct spawned p = SPAWNED_NONE, reader = SPAWNED_NONE;

	start_publisher(&p);
	spawn(&reader, "reader", directory);
	CHECK_STR("reader", spawned_says(&reader), "ready");
	CHECK_STR("publish", spawned_asked(&p, "7"), "published");
	CHECK_STR("seen", spawned_says(&reader), "7");
	spawned_killed(&p);
	start_publisher(&p);
	CHECK_STR("publish", spawned_asked(&p, "8"), "published");
	CHECK_STR("seen", spawned_says(&reader), "8");
	CHECK_STR("publish", spawned_asked(&p, "0"), "published");
	CHECK_STR("seen", spawned_says(&reader), "0");
	CHECK_INT("ends", spawned_ends(&reader), 0);
	CHECK_INT("stops", spawned_ends(&p), 0);
}

/* Every look finds a whole table, and none is older than the one before. */
static void read_for(struct shmpub_reader *r, int64_t ns, struct shmpub_mark *last, int *n)
{
	int64_t until = shm_monotonic_ns() + ns;
	struct shmpub_snapshot *s;
	struct shmpub_error err = { 0 };

	while (shm_monotonic_ns() < until) {
		int res = shmpub_acquire(&s, r, "f", NULL, &err);
		struct shmpub_mark mark;

		if (res != SHMPUB_OK) {
			CHECK_STR("acquire", err.message, "");
			return;
		}
		mark = shmpub_snapshot_stamp(s)->mark;
		CHECK_INT("whole", shmpub_verify(s, &err), 0);
		CHECK("never older", mark.epoch != last->epoch || mark.sequence >= last->sequence);
		*n += mark.sequence != last->sequence;
		*last = mark;
		shmpub_release(s);
	}
}

static void test_beside_a_hurry(void)
{
	struct shmpub_reader *r = new_reader();
	struct shmpub_mark last = { 0 };
	struct spawned p = SPAWNED_NONE;
	int n = 0;

	spawn(&p, "hurry", directory);
	CHECK_STR("publisher", spawned_says(&p), "ready");
	read_for(r, INT64_C(1500000000), &last, &n);
	printf("%d snapshots seen of %llu in 1.5 s\n", n, (unsigned long long)last.sequence);
	CHECK("many", n > 10);
	spawned_killed(&p);
	shmpub_reader_close(r);
}

/* Killed wherever it is; what its readers then have is whole, and the next one is found. */
static void test_killed_anywhere(void)
{
	struct shmpub_reader *r = new_reader();
	struct shmpub_snapshot *s;
	struct shmpub_mark seen = { 0 };
	struct spawned p = SPAWNED_NONE;

	for (int i = 0; i < 8; i++) {
		spawn(&p, "hurry", directory);
		CHECK_STR("publisher", spawned_says(&p), "ready");
		CHECK_INT("is found", shmpub_wait(r, "f", &seen, 5000, NULL), SHMPUB_OK);
		s = newest(r);
		Sleep((DWORD)(i * 3));
		spawned_killed(&p);
		CHECK("what is held is whole", s != NULL && shmpub_verify(s, NULL) == 0);
		if (s != NULL)
			seen = shmpub_snapshot_stamp(s)->mark;
		seen.sequence += 1000000; /* nothing more of this one */
		shmpub_release(s);
	}
	shmpub_reader_close(r);
}

static void test_life(void)
{
	struct spawned p = SPAWNED_NONE;
	struct shm_process it = { .space = 1 };
	HANDLE kept;

	start_publisher(&p);
	it.pid = p.pid;
	CHECK_INT("lives", shm_process_life(&it), SHM_LIFE_ALIVE);
	it.start = 1;
	CHECK_INT("of another time", shm_process_life(&it), SHM_LIFE_GONE);
	it.start = 0;
	DuplicateHandle(GetCurrentProcess(), p.process, GetCurrentProcess(), &kept, 0, FALSE,
	                DUPLICATE_SAME_ACCESS);
	spawned_killed(&p);
	CHECK_INT("killed, and somebody has a handle", shm_process_life(&it), SHM_LIFE_GONE);
	CloseHandle(kept);
	CHECK_INT("killed", shm_process_life(&it), SHM_LIFE_GONE);
	it.space = 2;
	CHECK_INT("elsewhere", shm_process_life(&it), SHM_LIFE_UNKNOWN);
	shm_process_self(&it);
	CHECK_INT("self", shm_process_life(&it), SHM_LIFE_ALIVE);
}

static void (*const tests[])(void) = {
	test_one_publisher,      test_killed,          test_handles_over_a_restart,
	test_handle_of_the_lock, test_woken,           test_woken_after_a_kill,
	test_beside_a_hurry,     test_killed_anywhere, test_life,
};

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "publisher") == 0)
		return play_publisher(argv[2]);
	if (argc == 3 && strcmp(argv[1], "hurry") == 0)
		return play_hurry(argv[2]);
	if (argc == 3)
		return play_reader(argv[2]);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		next_directory();
		tests[i]();
	}
	return check_report();
}
