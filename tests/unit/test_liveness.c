#include "reader/liveness.h"

#include "base/span.h"
#include "unit/check.h"
#include "unit/scratch.h"

/*
 * Is the publisher alive: the judgement as a table, and how long a reader waits for a feed that a
 * living one has not.
 */

#define S INT64_C(1000000000)
#define NOW (1000 * S)

static const struct {
	const char *label;
	uint32_t state;
	int64_t heartbeat_ns, started_ns;
	uint64_t interval_ms;
	enum shm_life life;
	const char *why; /* empty: it lives */
} judgements[] = {
	{ "runs", CATALOG_RUNNING, NOW - S, 0, 1000, SHM_LIFE_ALIVE, "" },
	{ "starts", CATALOG_STARTING, 0, NOW - S, 1000, SHM_LIFE_ALIVE, "" },
	{ "stopped", CATALOG_STOPPED, NOW, 0, 1000, SHM_LIFE_ALIVE, "stopped" },
	{ "stopped is told first", CATALOG_STOPPED, 0, 0, 1000, SHM_LIFE_GONE, "stopped" },
	{ "no process", CATALOG_RUNNING, NOW, 0, 1000, SHM_LIFE_GONE, "no process 4711" },
	{ "no process, no promise", CATALOG_RUNNING, 0, 0, 0, SHM_LIFE_GONE, "no process 4711" },
	{ "hangs", CATALOG_RUNNING, NOW - 62 * S, 1, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 62 s" },
	{ "hangs from the start", CATALOG_STARTING, 0, NOW - 5 * S, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 5 s" },
	{ "silent elsewhere", CATALOG_RUNNING, NOW - 4 * S, 1, 1000, SHM_LIFE_UNKNOWN,
	  "no heartbeat for 4 s" },
	{ "just inside three seconds", CATALOG_RUNNING, NOW - 3 * S, 1, 100, SHM_LIFE_ALIVE, "" },
	{ "just outside", CATALOG_RUNNING, NOW - 3 * S - S / 100, 1, 100, SHM_LIFE_ALIVE,
	  "no heartbeat for 3 s" },
	{ "just inside three intervals", CATALOG_RUNNING, NOW - 30 * S, 1, 10000, SHM_LIFE_ALIVE,
	  "" },
	{ "just outside", CATALOG_RUNNING, NOW - 30 * S - S / 100, 1, 10000, SHM_LIFE_ALIVE,
	  "no heartbeat for 30 s" },
	{ "the start counts as a sign", CATALOG_RUNNING, 1, NOW - S, 1000, SHM_LIFE_ALIVE, "" },
	{ "a heartbeat of the future", CATALOG_RUNNING, NOW + 100 * S, 1, 1000, SHM_LIFE_ALIVE,
	  "" },
	{ "nothing promised", CATALOG_RUNNING, 0, 1, 0, SHM_LIFE_ALIVE, "" },
	{ "nothing known", CATALOG_RUNNING, 0, 0, 0, SHM_LIFE_UNKNOWN, "" },
	{ "an interval beyond all bounds", CATALOG_RUNNING, 1, 1, UINT64_MAX, SHM_LIFE_ALIVE, "" },
	{ "a time before all others", CATALOG_RUNNING, INT64_MIN, INT64_MIN, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 9223373036 s" },
	{ "a state that is none", 77, NOW, 0, 1000, SHM_LIFE_ALIVE, "" },
};

static void test_judgements(void)
{
	for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
		struct liveness_words w = { .state = judgements[i].state,
			                    .process = { .pid = 4711 },
			                    .heartbeat_ns = judgements[i].heartbeat_ns,
			                    .started_ns = judgements[i].started_ns,
			                    .interval_ms = judgements[i].interval_ms };
		char why[SHMPUB_WHY_SIZE];
		bool is_gone = liveness_judge(why, &w, judgements[i].life, NOW);

		CHECK_STR(judgements[i].label, why, judgements[i].why);
		CHECK_INT(judgements[i].label, is_gone, judgements[i].why[0] != '\0');
	}
}

struct bench {
	struct scratch scratch;
	struct shmpub_reader *reader;
};

static void open_bench(struct bench *b)
{
	struct shmpub_reader_options o = { .directory = b->scratch.path, .instance = "unit" };

	scratch_open(&b->scratch, memory_below);
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &o, NULL), SHMPUB_OK);
}

static void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	scratch_close(&b->scratch);
}

static struct shmpub_publisher *open_publisher(const char *directory)
{
	struct shmpub_publisher_options o = { .directory = directory, .instance = "unit" };
	struct shmpub_publisher *p = NULL;

	return shmpub_publisher_open(&p, &o, NULL) == SHMPUB_OK ? p : NULL;
}

/* --- a publisher that is late with its feed ---------------------------------------------------- */

static void test_grace(void)
{
	struct bench b;
	struct shmpub_error err;
	struct shmpub_feed_info feed;
	struct shmpub_publisher *p;
	int64_t start = shm_monotonic_ns();

	open_bench(&b);
	p = open_publisher(b.scratch.path);
	CHECK_INT("no feed for ever", shmpub_wait(b.reader, "late", NULL, -1, &err),
	          SHMPUB_NO_FEED);
	CHECK("not at once", shm_monotonic_ns() - start >= (int64_t)SHMPUB_GRACE_MS * 1000000);
	CHECK_INT("announced", shmpub_announce(p, "late", &err), SHMPUB_OK);
	CHECK_INT("and waited for", shmpub_wait(b.reader, "late", NULL, 1, &err), SHMPUB_TIMED_OUT);
	CHECK_INT("feed", shmpub_feed(&feed, b.reader, "late", &err), SHMPUB_OK);
	CHECK_INT("never published", feed.state, SHMPUB_FEED_NEVER);
	CHECK_INT("announced again", shmpub_announce(p, "late", &err), SHMPUB_OK);
	CHECK_INT("a name that is none", shmpub_announce(p, "a/b", &err), SHMPUB_ERR_INVALID);
	CHECK_INT("published", shmpub_publish_csv(p, "late", "a\n1\n", 4, NULL, NULL, &err),
	          SHMPUB_OK);
	CHECK_INT("there", shmpub_wait(b.reader, "late", NULL, 0, &err), SHMPUB_OK);
	shmpub_publisher_close(p);
	close_bench(&b);
}

int main(void)
{
	test_judgements();
	test_grace();
	return check_report();
}
