/*
 * The protocol between one publisher and its readers, under stress.
 *
 * Readers widen every gap that the kernel leaves small: between looking a name up and
 * opening what was found (O_PATH first, /proc/self/fd/N later), between opening and
 * mapping, between mapping and reading. The publisher is the real one, recycles
 * without rest, and is killed with -9 in the middle of a fill and started again.
 *
 * Then each protection is taken out, and the run must find the harm it was there to
 * prevent: a test that cannot fail proves nothing. The linker puts the functions
 * called __wrap_X here in place of X for that; the library knows nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "publisher/publisher_parts.h"
#include "unit/scratch.h"

#define READERS 6
#define MAX_WORDS 32768u /* 256 KiB */
#define MAGIC UINT64_C(0x0000315753525241)

enum harm { HARM_NONE, HARM_TORN, HARM_STALE, HARM_ABSENT, HARM_CHANGED };

static const struct variant {
	const char *label;
	bool kills, lease_given_back, no_lease, no_spoiling, early_sequence, no_exchange;
	enum harm want;
} variants[] = {
	{ .label = "as it is", .kills = true },
	{ .label = "the lease given back at once", .lease_given_back = true, .want = HARM_TORN },
	{ .label = "no lease asked for", .no_lease = true, .want = HARM_CHANGED },
	{ .label = "magic not spoiled", .kills = true, .no_spoiling = true, .want = HARM_TORN },
	{ .label = "sequence stored before the exchange",
	  .early_sequence = true,
	  .want = HARM_STALE },
	{ .label = "removed, then renamed", .no_exchange = true, .want = HARM_ABSENT },
};

/* What the processes tell each other. */
struct board {
	atomic_bool stop;
	atomic_long reads, late, refused, published, recycled, kills, unlucky;
	atomic_long torn, stale, absent, changed, backwards;
};

static struct board *board;
static const struct variant *now;   /* what runs */
static struct publisher_feed *feed; /* the writer's */

static uint64_t random_below(uint64_t n)
{
	static uint64_t state;

	if (state == 0)
		state = (uint64_t)getpid() * UINT64_C(0x9E3779B97F4A7C15) + 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void pause_us(uint64_t us)
{
	struct timespec t = { 0, (long)us * 1000 };

	nanosleep(&t, NULL);
}

/* --- what is taken out ------------------------------------------------------------------------- */

int __real_shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                       struct shmpub_error *err);
int __wrap_shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                       struct shmpub_error *err);
void __real_segment_spoil(struct shm_map *map);
void __wrap_segment_spoil(struct shm_map *map);
int __real_shm_place(const struct shm_dir *dir, const char *hidden, const char *stable,
                     bool *exchanged, struct shmpub_error *err);
int __wrap_shm_place(const struct shm_dir *dir, const char *hidden, const char *stable,
                     bool *exchanged, struct shmpub_error *err);
void __real_catalog_publish(struct catalog *c, struct catalog_slot *slot,
                            const struct catalog_descriptor *d);
void __wrap_catalog_publish(struct catalog *c, struct catalog_slot *slot,
                            const struct catalog_descriptor *d);
void __real_feed_retire(struct publisher_feed *f, struct segment *s);
void __wrap_feed_retire(struct publisher_feed *f, struct segment *s);
int __wrap_snapshot_view_init(struct snapshot_view *out, struct span bytes,
                              enum snapshot_check check, struct shmpub_error *err);

int __wrap_shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                       struct shmpub_error *err)
{
	int r;

	if (now->no_lease) {
		map->is_writable = true;
		r = mprotect(map->addr, map->size, PROT_READ | PROT_WRITE);
	} else {
		r = __real_shm_recycle(map, dir, name, err);
	}
	if (r == 0)
		board->recycled++;
	if (r == 0 && now->lease_given_back) {
		map->is_leased = false;
		fcntl(map->fd, F_SETLEASE, F_UNLCK);
	}
	return r;
}

void __wrap_segment_spoil(struct shm_map *map)
{
	if (!now->no_spoiling)
		__real_segment_spoil(map);
}

int __wrap_shm_place(const struct shm_dir *dir, const char *hidden, const char *stable,
                     bool *exchanged, struct shmpub_error *err)
{
	struct catalog_descriptor d = { 0 };

	if (strcmp(stable, "q.arrow") == 0 && now->early_sequence) {
		d.sequence = feed->pending->sequence;
		__real_catalog_publish(&feed->publisher->catalog, feed_slot(feed), &d);
		pause_us(100);
	}
	if (strcmp(stable, "q.arrow") == 0 && now->no_exchange) {
		*exchanged = false;
		(void)shm_remove(dir, stable, err);
		pause_us(100);
		return renameat(dir->fd, hidden, dir->fd, stable);
	}
	return __real_shm_place(dir, hidden, stable, exchanged, err);
}

void __wrap_catalog_publish(struct catalog *c, struct catalog_slot *slot,
                            const struct catalog_descriptor *d)
{
	if (!now->early_sequence)
		__real_catalog_publish(c, slot, d);
}

/* No rest: it makes a late reader rare, and here he is to be common. */
void __wrap_feed_retire(struct publisher_feed *f, struct segment *s)
{
	__real_feed_retire(f, s);
	if (f->spare != NULL)
		f->spare->replaced_ns -= 2 * REST_NS;
}

/* --- a table that shows when it is torn -------------------------------------------------------- */

static uint64_t word_of(uint64_t sequence, uint64_t i)
{
	return sequence * UINT64_C(0x9E3779B97F4A7C15) + i;
}

static void fill(uint64_t *words, uint64_t n, uint64_t sequence)
{
	for (uint64_t i = 1; i + 1 < n; i++) {
		words[i] = i == 1 ? sequence : i == 2 ? n : word_of(sequence, i);
		if (i % 4096 == 100)
			pause_us(100);
	}
	fence_release();
	words[n - 1] = MAGIC;
	words[0] = MAGIC;
}

/* What the bytes are: 0 refused, as a reader refuses what is no Arrow file; 1 whole; -1 torn. */
static int look(uint64_t *sequence, const volatile uint64_t *words, size_t size)
{
	uint64_t n = size / 8;

	if (size % 8 != 0 || n < 8 || words[0] != MAGIC || words[n - 1] != MAGIC)
		return 0;
	*sequence = words[1];
	if (words[2] != n)
		return -1;
	for (uint64_t i = 3; i + 1 < n; i++) {
		if (words[i] != word_of(*sequence, i))
			return -1;
	}
	return 1;
}

/* So that a taken-over publisher knows these tables as it knows Arrow's. */
int __wrap_snapshot_view_init(struct snapshot_view *out, struct span bytes,
                              enum snapshot_check check, struct shmpub_error *err)
{
	uint64_t sequence;

	(void)check, (void)err;
	*out = SNAPSHOT_VIEW_NONE;
	if (look(&sequence, (const uint64_t *)(const void *)bytes.data, bytes.size) != 1)
		return SHMPUB_ERR_FORMAT;
	out->stamp.sequence = sequence;
	return 0;
}

/* --- writer ------------------------------------------------------------------------------------ */

static int publish(void)
{
	struct catalog_descriptor d = { .rows = 1 };
	struct snapshot_stamp stamp;
	struct snapshot_memory memory;
	struct publication *pub;
	uint64_t n = 512 + random_below(MAX_WORDS - 512);
	void *addr;
	int r = publication_begin(&pub, feed, NULL);

	if (r != 0)
		return r;
	publication_stamp(pub, &stamp);
	memory = publication_memory(pub);
	r = memory.reserve(memory.arg, &addr, n * 8, NULL);
	if (r == 0) {
		fill(addr, n, stamp.sequence);
		if (random_below(8) == 0) { /* the source turned out to be unchanged */
			publication_discard(pub);
			return 0;
		}
		r = publication_seal(pub, n * 8, NULL);
	}
	if (r == 0)
		return publication_commit(pub, &d, NULL);
	publication_discard(pub);
	return r;
}

static void write_until_stopped(const char *directory)
{
	struct publisher_options options = {
		.directory = directory, .instance = "stress", .max_feeds = 4, .spare_bytes = 1 << 30
	};
	struct shmpub_error err = { .message = "publish" };
	struct publisher *p;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = publisher_open(&p, &options, &err);
	if (r == 0)
		r = publisher_feed_open(&feed, p, span_str("q"), 1000, NULL, &err);
	while (r == 0 && !board->stop) {
		r = publish();
		board->published++;
		if (board->published % 16 == 0)
			publisher_heartbeat(p, shm_now_ns());
	}
	if (r != 0) {
		fprintf(stderr, "writer: %d %s\n", r, err.message);
		_exit(1);
	}
	publisher_close(p);
	_exit(0);
}

/* --- readers ----------------------------------------------------------------------------------- */

static sigjmp_buf bus;

static void on_bus(int number)
{
	(void)number;
	siglongjmp(bus, 1);
}

/* Look the name up now, open it later, map it later still. */
static int map_late(struct shm_map *map, const struct shm_dir *dir)
{
	int path = openat(dir->fd, "q.arrow", O_PATH | O_NOFOLLOW | O_CLOEXEC), fd;
	char name[64];
	struct stat st;

	*map = SHM_MAP_NONE;
	if (path < 0)
		return SHM_ABSENT;
	pause_us(random_below(8000));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	close(path);
	if (fd < 0)
		return SHMPUB_ERR_SYS;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		pause_us(random_below(300));
		map->addr = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		map->size = map->addr == MAP_FAILED ? 0 : (size_t)st.st_size;
	}
	close(fd);
	return map->size != 0 ? 0 : SHMPUB_ERR_FORMAT;
}

static void judge(const struct shm_map *map, uint64_t before)
{
	uint64_t sequence = 0, again = 0;
	int is = look(&sequence, map->addr, map->size);

	board->torn += is < 0;
	board->refused += is == 0;
	if (is != 1)
		return;
	board->stale += sequence < before;
	board->late += sequence > before + 1;
	pause_us(random_below(4000));
	is = look(&again, map->addr, map->size);
	board->changed += is != 1 || again != sequence;
}

static void read_once(const struct shm_dir *dir, uint64_t before)
{
	struct shm_map map = SHM_MAP_NONE;
	struct shm_stat stat;
	int r = random_below(2) == 0 ? map_late(&map, dir)
	                             : shm_map_read(&map, &stat, dir, "q.arrow", NULL);

	board->reads++;
	board->absent += r == SHM_ABSENT;
	board->refused += r < 0;
	if (r == 0)
		judge(&map, before);
	shm_discard(&map);
}

static void read_until_stopped(const char *directory)
{
	struct shm_dir dir;
	struct catalog c;
	const struct catalog_slot *slot;
	volatile uint64_t last = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGBUS, on_bus);
	if (shm_dir_open(&dir, directory, "stress", NULL) != 0 ||
	    catalog_open_reader(&c, &dir, NULL) != 0)
		_exit(1);
	slot = catalog_find(&c, span_str("q"));
	if (slot == NULL)
		_exit(1);
	while (!board->stop) {
		uint64_t sequence = load_acquire_u64(&slot->sequence);

		board->backwards += sequence < last;
		last = sequence;
		if (sigsetjmp(bus, 1) == 0)
			read_once(&dir, sequence);
		else
			board->torn++; /* it was cut while we had it */
	}
	_exit(0);
}

/* --- the run ----------------------------------------------------------------------------------- */

static pid_t start(void (*fn)(const char *), const char *directory)
{
	pid_t pid = fork();

	if (pid == 0)
		fn(directory);
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	return pid;
}

static long harm_found(enum harm harm)
{
	switch (harm) {
	case HARM_TORN:
		return board->torn;
	case HARM_STALE:
		return board->stale;
	case HARM_ABSENT:
		return board->absent;
	case HARM_CHANGED:
		return board->changed;
	case HARM_NONE:
		break;
	}
	return board->torn + board->stale + board->absent + board->changed + board->backwards;
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void wait_published(long n)
{
	for (int i = 0; i < 10000 && board->published < n; i++)
		pause_us(1000);
}

/* Until harm was found, or for so long that finding none means something. */
static bool run(const struct variant *v, const char *directory, double seconds)
{
	int64_t end = shm_monotonic_ns() + (int64_t)(seconds * 1e9);
	pid_t readers[READERS], writer;
	bool is_well = true;

	memset(board, 0, sizeof(*board));
	now = v;
	writer = start(write_until_stopped, directory);
	wait_published(2);
	for (int i = 0; i < READERS; i++)
		readers[i] = start(read_until_stopped, directory);
	while (shm_monotonic_ns() < end && (v->want == HARM_NONE || harm_found(v->want) == 0)) {
		pause_us(5000 + random_below(20000));
		if (!v->kills)
			continue;
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
		board->kills++;
		writer = start(write_until_stopped, directory);
	}
	board->stop = true;
	is_well &= ended_well(writer);
	for (int i = 0; i < READERS; i++)
		is_well &= ended_well(readers[i]);
	return is_well;
}

static void only_lock(void *arg, const char *name)
{
	if (strcmp(name, "lock") != 0)
		*(bool *)arg = false;
}

static bool judge_run(const struct variant *v, bool is_well, const char *directory)
{
	long found = harm_found(v->want);
	bool is_clean = true, ok;
	struct shm_dir dir;

	if (shm_dir_open(&dir, directory, "stress", NULL) != 0 ||
	    shm_dir_each(&dir, only_lock, &is_clean, NULL) != 0)
		is_clean = false;
	shm_dir_close(&dir);
	ok = v->want != HARM_NONE ? found > 0
	                          : is_well && is_clean && found == 0 && board->reads > 0 &&
	                                    board->recycled > 0 && board->late > 0;
	printf("%s  %s: %ld published (%ld recycled), %ld kills, %ld reads (%ld late, %ld refused); "
	       "torn %ld, changed %ld, stale %ld, absent %ld, backwards %ld%s%s\n",
	       ok ? "ok  " : "FAIL", v->label, board->published, board->recycled, board->kills,
	       board->reads, board->late, board->refused, board->torn, board->changed, board->stale,
	       board->absent, board->backwards, is_well ? "" : ", a process failed",
	       is_clean ? "" : ", names left behind");
	fflush(stdout);
	return ok;
}

/* Arguments: seconds for the whole protocol (default 3), and for finding each harm at most (30). */
int main(int argc, char **argv)
{
	double whole = argc > 1 ? atof(argv[1]) : 3, harm = argc > 2 ? atof(argv[2]) : 30;
	int failed = 0;

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	             0);
	if (board == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
		const struct variant *v = &variants[i];
		struct scratch s = SCRATCH_NONE;
		bool is_well;

		scratch_open(&s, "/dev/shm");
		is_well = run(v, s.path, v->want == HARM_NONE ? whole : harm);
		failed += !judge_run(v, is_well, s.path);
		scratch_close(&s);
	}
	return failed != 0;
}
