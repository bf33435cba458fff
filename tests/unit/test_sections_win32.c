#include "shm/shm.h"

#include "base/atomic.h"
#include "shm/shm_bell.h"
#include "shm/shm_thread.h"
#include "unit/objects_win32.h"

/*
 * shm.h on Windows, in one process: other programs' objects under our names, how much memory is
 * committed, what a reader does not believe, and what wakes it.
 */

/* --- other programs' objects --------------------------------------------------------------------- */

static void fails_with(const char *label, int want, const char *says)
{
	struct shm_dir dir;

	err.message[0] = '\0';
	CHECK_INT(label, shm_dir_make(&dir, directory, "unit", &err), want);
	CHECK(label, strstr(err.message, says) != NULL);
	if (strstr(err.message, says) == NULL)
		fprintf(stderr, "%s\n", err.message);
	shm_dir_close(&dir);
}

static HANDLE foreign_section(const char *leaf, DWORD size)
{
	wchar_t name[SHM_NAME_UNITS + 1];

	wide_name(name, leaf);
	return CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, size, name);
}

static HANDLE owned(HANDLE section)
{
	struct shm_list list;

	(void)shm_list_init(&list, &shm_section_rights, &open_to_all, NULL);
	SetKernelObjectSecurity(section, OWNER_SECURITY_INFORMATION, &list.descriptor);
	return section;
}

static void test_taken_root(void)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	struct shm_dir dir;
	HANDLE h;
	char *page;

	wide_name(name, "catalog");
	h = CreateMutexW(NULL, FALSE, name);
	fails_with("a mutex", SHMPUB_ERR_ACCESS, "of another kind");
	CHECK_INT("a reader", shm_dir_open(&dir, directory, "unit", &err), SHMPUB_ERR_ACCESS);
	CloseHandle(h);
	h = CreateEventW(NULL, TRUE, FALSE, name);
	fails_with("an event", SHMPUB_ERR_ACCESS, "of another kind");
	CloseHandle(h);
	h = owned(foreign_section("catalog", 8192));
	fails_with("a larger section", SHMPUB_ERR_ACCESS, "of another size");
	CloseHandle(h);
	h = owned(foreign_section("catalog", 100));
	page = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	memcpy(page, "length and text", 15);
	fails_with("other content", SHMPUB_ERR_ACCESS, "with other content");
	CHECK_INT("a reader", shm_dir_open(&dir, directory, "unit", &err), SHMPUB_ERR_FORMAT);
	memset(page, 0, 15);
	CHECK_INT("zeros: nobody yet", shm_dir_open(&dir, directory, "unit", &err), SHM_ABSENT);
	CHECK_INT("zeros are taken", shm_dir_make(&dir, directory, "unit", &err), 0);
	shm_dir_close(&dir);
	UnmapViewOfFile(page);
	CloseHandle(h);
}

static void test_taken_others(void)
{
	struct shm_dir dir = make_dir();
	struct shm_bell bell = SHM_BELL_NONE;
	struct shm_lock *lock;
	wchar_t name[SHM_NAME_UNITS + 1];
	uint32_t turn = 5;
	uint64_t pid;
	HANDLE h;

	wide_name(name, "lock");
	h = CreateMutexW(NULL, FALSE, name);
	CHECK_INT("lock", shm_lock(&lock, &pid, &dir, &err), SHMPUB_ERR_ACCESS);
	CHECK("says so", strstr(err.message, "of another kind") != NULL);
	CloseHandle(h);
	CHECK_INT("lock", shm_lock(&lock, &pid, &dir, &err), 0);
	CHECK_INT("twice", shm_lock(&(struct shm_lock *){ NULL }, &pid, &dir, &err), SHM_BUSY);
	CHECK_INT("ours", pid, shm_pid());
	shm_unlock(lock);
	wide_name(name, "bell.2");
	h = CreateMutexW(NULL, FALSE, name);
	CHECK_INT("bell", shm_bell_make(&bell, &dir, &turn, &open_to_all, &err), SHMPUB_ERR_ACCESS);
	CloseHandle(h);
	CHECK_INT("bell", shm_bell_make(&bell, &dir, &turn, &open_to_all, &err), 0);
	h = open_leaf("bell.2", READ_CONTROL | SYNCHRONIZE);
	CHECK_STR("its list", list_of(h), "(1f0003 ME)(1f0003 " SYSTEM ")(120000 " EVERYBODY ")");
	CloseHandle(h);
	shm_bell_close(&bell);
	shm_dir_close(&dir);
}

static void test_taken_numbers(void)
{
	struct shm_dir dir = make_dir();
	struct shm_map a = make_map(&dir, ".a", 1), b;
	HANDLE foreign[3];

	for (uint64_t i = 0; i < 3; i++) {
		wchar_t name[SHM_NAME_UNITS + 1];
		char leaf[24];

		snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)(a.number + 1 + i));
		wide_name(name, leaf);
		foreign[i] = i == 1 ? CreateMutexW(NULL, FALSE, name) : foreign_section(leaf, 1);
	}
	b = make_map(&dir, ".b", 1);
	CHECK_INT("the next free one", b.number, a.number + 4);
	for (int i = 0; i < 3; i++)
		CloseHandle(foreign[i]);
	shm_discard(&a);
	shm_discard(&b);
	shm_dir_close(&dir);
}

/* --- memory -------------------------------------------------------------------------------------- */

static void test_growth(void)
{
	struct shm_dir dir = make_dir();
	struct shm_map map = make_map(&dir, ".a", 100 * KIB);
	uint64_t number = map.number;
	struct shm_stat stat;

	memset(map.addr, 'x', 100 * KIB);
	CHECK_INT("committed", shm_committed(map.addr), 100 * KIB);
	CHECK_INT("grow", shm_resize(&map, MIB, &err), 0);
	CHECK_INT("in place", map.number, number);
	CHECK_INT("committed", shm_committed(map.addr), MIB);
	CHECK_INT("grow", shm_resize(&map, 5 * MIB, &err), 0);
	CHECK("elsewhere", map.number != number);
	CHECK("the name follows", shm_map_is_in_place(&map, &dir, ".a"));
	CHECK("the bytes as well",
	      ((char *)map.addr)[100 * KIB - 1] == 'x' && ((char *)map.addr)[100 * KIB] == 0);
	CHECK_INT("shrink", shm_resize(&map, 10, &err), 0);
	CHECK_INT("grow", shm_resize(&map, 100 * KIB, &err), 0);
	CHECK("zeros", ((char *)map.addr)[9] == 'x' && ((char *)map.addr)[10] == 0);
	number = map.number;
	CHECK_INT("seal", shm_seal(&map, 70 * KIB, &open_to_all, &err), 0);
	CHECK("in a section that fits", map.number != number);
	CHECK_INT("stat", shm_stat_name(&stat, &dir, ".a", &err), 0);
	CHECK_INT("size", stat.size, 70 * KIB);
	CHECK_INT("memory", stat.blocks_size, 72 * KIB);
	CHECK_INT("mode", stat.mode, 0644);
	CHECK_INT("too large", shm_resize(&map, SIZE_MAX, &err), SHMPUB_ERR_LIMIT);
	shm_discard(&map);
	shm_dir_close(&dir);
}

/* A table of ten megabytes, made in steps as the writer does it. */
static void test_commit(void)
{
	struct shm_dir dir = make_dir();
	struct shm_map map = make_map(&dir, ".a", 64 * KIB);
	size_t size = 10 * MIB + 12345;

	for (size_t n = 64 * KIB; n < size; n += n / 2)
		CHECK_INT("grow", shm_resize(&map, n, &err), 0);
	CHECK_INT("grow", shm_resize(&map, size, &err), 0);
	memset(map.addr, 'y', size);
	CHECK_INT("seal", shm_seal(&map, size, &open_to_all, &err), 0);
	CHECK("what is charged is what is there", shm_committed(map.addr) - size < 4096);
	shm_discard(&map);
	shm_dir_close(&dir);
}

static void test_no_memory(void)
{
	struct shm_dir dir = make_dir();
	struct shm_map map = make_map(&dir, ".a", KIB);

	((char *)map.addr)[0] = 'z';
	CHECK("more than there is", shm_resize(&map, (size_t)1 << 46, &err) != 0);
	CHECK("one line", strstr(err.message, "Windows error") != NULL);
	CHECK_INT("as it was", map.size, KIB);
	CHECK("as it was", ((char *)map.addr)[0] == 'z' && shm_map_is_in_place(&map, &dir, ".a"));
	shm_discard(&map);
	shm_dir_close(&dir);
}

/* --- what a reader does not believe --------------------------------------------------------------- */

static void test_hostile_catalog(void)
{
	struct shm_dir dir = make_dir(), reader = open_dir();
	struct shm_map map = make_map(&dir, ".a", 100 * KIB), seen;
	wchar_t name[SHM_NAME_UNITS + 1];
	struct shm_stat stat;
	HANDLE h;

#define READ(number, size) shm_map_snapshot(&seen, &stat, &reader, "f", number, size, &err)
	CHECK_INT("seal", shm_seal(&map, 100 * KIB, &open_to_all, &err), 0);
	CHECK_INT("right", READ(map.number, 100 * KIB), 0);
	CHECK_INT("size", seen.size, 100 * KIB);
	shm_discard(&seen);
	CHECK_INT("less", READ(map.number, 5), 0);
	shm_discard(&seen);
	CHECK_INT("no number", READ(0, 5), SHM_ABSENT);
	CHECK_INT("none", READ(UINT64_MAX, 5), SHM_ABSENT);
	CHECK_INT("no size", READ(map.number, 0), SHMPUB_ERR_FORMAT);
	CHECK_INT("no such size", READ(map.number, UINT64_MAX), SHMPUB_ERR_FORMAT);
	CHECK_INT("reserved only", READ(map.number, 101 * KIB), SHMPUB_ERR_FORMAT);
	CHECK_INT("more than reserved", READ(map.number, 100 * MIB), SHMPUB_ERR_FORMAT);
	CHECK("says so", strstr(err.message, "smaller than the catalog says") != NULL);
	wide_name(name, "17");
	h = CreateMutexW(NULL, FALSE, name);
	CHECK_INT("a mutex", READ(17, 5), SHMPUB_ERR_FORMAT);
	CloseHandle(h);
#undef READ
	shm_discard(&map);
	shm_dir_close(&reader);
	shm_dir_close(&dir);
}

/* --- waiting ------------------------------------------------------------------------------------- */

struct later {
	uint32_t word;
	struct shm_alarm alarm;
	bool is_alarm;
};

static void change_later(void *arg)
{
	struct later *l = arg;

	Sleep(50);
	if (l->is_alarm)
		shm_alarm_raise(&l->alarm);
	else
		add_release_u32(&l->word, 1);
}

/* Without events the word is looked at again and again; an alarm ends that as well. */
static void test_without_a_bell(void)
{
	const struct shm_bell none = SHM_BELL_NONE;
	struct later l = { .word = 7 };
	struct shm_watch watch = { .bell = &none, .word = &l.word, .seen = 7 };
	struct shm_thread *thread;
	int64_t start = shm_monotonic_ns();

	CHECK_INT("alarm", shm_alarm_open(&l.alarm, &err), 0);
	CHECK_INT("in time", shm_bell_wait(&watch, 30), SHM_TIMEOUT);
	CHECK("not before", shm_monotonic_ns() - start >= INT64_C(29000000));
	for (int i = 0; i < 2; i++) {
		l.is_alarm = i == 1;
		watch.alarm = l.is_alarm ? &l.alarm : NULL;
		watch.seen = l.word;
		CHECK_INT("thread", shm_thread_start(&thread, change_later, &l, &err), 0);
		CHECK_INT("woken", shm_bell_wait(&watch, 20000), SHMPUB_OK);
		shm_thread_join(thread);
	}
	CHECK_INT("raised once", shm_alarm_count(&l.alarm), 1);
	watch.alarm_seen = 1;
	CHECK_INT("the event of a raise that was seen", shm_bell_wait(&watch, 10), SHM_TIMEOUT);
	shm_alarm_close(&l.alarm);
}

/* Events that an earlier publisher left set do not wake, and do not keep anybody busy. */
static void test_bell_that_stays_set(void)
{
	struct shm_dir dir = make_dir();
	struct shm_bell bell, reader;
	uint32_t turn = 0, other = 0, word = 0;
	struct shm_watch watch = { .bell = &reader, .word = &word };

	CHECK_INT("bell", shm_bell_make(&bell, &dir, &turn, &open_to_all, &err), 0);
	shm_bell_open(&reader, &dir, &other); /* of another catalog, whose turn stands still */
	shm_bell_ring(&bell);
	CHECK_INT("turn", turn, 1);
	CHECK_INT("only the time ends it", shm_bell_wait(&watch, 60), SHM_TIMEOUT);
	reader.turn = &turn;
	word = 1;
	CHECK_INT("news before the wait", shm_bell_wait(&watch, 20000), SHMPUB_OK);
	for (int i = 0; i < 9; i++) {
		watch.seen = word++;
		shm_bell_ring(&bell);
		CHECK_INT("rung", shm_bell_wait(&watch, 20000), SHMPUB_OK);
	}
	shm_bell_close(&reader);
	shm_bell_close(&bell);
	shm_dir_close(&dir);
}

static void (*const tests[])(void) = {
	test_taken_root,      test_taken_others,   test_taken_numbers,
	test_growth,          test_commit,         test_no_memory,
	test_hostile_catalog, test_without_a_bell, test_bell_that_stays_set,
};

int main(void)
{
	return run_all(tests, sizeof(tests) / sizeof(tests[0]));
}
