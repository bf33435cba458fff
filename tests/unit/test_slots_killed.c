/*
 * docs/FORMAT.md, "Slots are given again": publishers that give slots away without pause are
 * killed at any instant, while a reader asks for every name. No name's sequence falls, and
 * what is told of a feed is its own.
 */
#include "unit/check.h"
#include "unit/scratch.h"

#include <signal.h>
#include <sys/wait.h>

#include "publisher/publisher.h"
#include "shmpub/shmpub.h"

#define NAMES 7
#define DEATHS 100
#define LOOKS 2000 /* between two deaths, at most */

static const char *const names[NAMES] = { "a", "bb", "ccc", "a-long-name", "b.b", "c_c", "d" };

static int publish(struct publisher_feed *f, uint64_t rows)
{
	struct catalog_descriptor d = { .rows = rows };
	struct publication *pub;
	struct snapshot_memory memory;
	void *addr;
	int r = publication_begin(&pub, f, NULL);

	if (r != 0)
		return r;
	memory = publication_memory(pub);
	r = memory.reserve(memory.arg, &addr, 64, NULL);
	if (r == 0)
		r = publication_seal(pub, 64, NULL);
	if (r == 0)
		return publication_commit(pub, &d, NULL);
	publication_discard(pub);
	return r;
}

/* Two feeds at a time in three slots, until it is killed. */
static int come_and_go(const char *directory, unsigned first)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 3 };
	struct publisher_feed *feeds[2] = { NULL, NULL };
	struct publisher *p;
	int r = publisher_open(&p, &options, NULL);

	if (r == 0)
		publisher_sweep(p, NULL, NULL);
	for (unsigned i = first; r == 0; i++) {
		unsigned name = i % NAMES;

		if (feeds[i % 2] != NULL)
			publisher_feed_remove(feeds[i % 2]);
		r = publisher_feed_open(&feeds[i % 2], p, span_str(names[name]), 0, NULL, NULL);
		for (unsigned n = 0; r == 0 && n <= i % 3; n++)
			r = publish(feeds[i % 2], name + 1);
	}
	return 1;
}

struct watch {
	struct shmpub_reader *reader;
	uint64_t epoch, last[NAMES], seen;
};

static void look(struct watch *w, unsigned name)
{
	struct shmpub_feed_info info;
	struct shmpub_mark mark;

	if (shmpub_newest(&mark, w->reader, names[name], NULL) == SHMPUB_OK) {
		if (mark.epoch != w->epoch)
			memset(w->last, 0, sizeof(w->last));
		w->epoch = mark.epoch;
		CHECK("no sequence falls", mark.sequence >= w->last[name]);
		w->last[name] = mark.sequence;
		w->seen++;
	}
	if (shmpub_feed(&info, w->reader, names[name], NULL) == SHMPUB_OK && info.sequence != 0)
		CHECK_INT("what is told is its own", info.rows, name + 1);
}

static void let_die(struct watch *w, const char *directory, unsigned n)
{
	unsigned looks = (n * 7919u) % LOOKS;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(come_and_go(directory, n));
	for (unsigned i = 0; i < looks; i++)
		look(w, i % NAMES);
	CHECK_INT("it goes on until it is killed", waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	CHECK_INT("killed", waitpid(pid, &status, 0), pid);
}

int main(void)
{
	struct scratch s = SCRATCH_NONE;
	struct shmpub_reader_options where = { .instance = "pub" };
	struct watch w = { 0 };
	uint64_t epoch = 0;

	scratch_open(&s, "/dev/shm");
	where.directory = s.path;
	CHECK_INT("reader", shmpub_reader_open(&w.reader, &where, NULL), SHMPUB_OK);
	for (unsigned n = 0; n < DEATHS; n++) {
		let_die(&w, s.path, n);
		if (epoch == 0)
			epoch = w.epoch;
	}
	CHECK("the reader saw some", w.seen > 0);
	CHECK("one epoch, whatever died", w.epoch == epoch);
	shmpub_reader_close(w.reader);
	scratch_close(&s);
	return check_report();
}
