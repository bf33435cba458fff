#include "shmpub/shmpub.h"

#include "base/alloc.h"
#include "unit/check.h"
#include "unit/child.h"
#include "unit/scratch.h"

/* The public face: a publisher's life between its publications, and in a child. */

static struct scratch scratch;

static struct shmpub_publisher *open_publisher(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = NULL;
	struct shmpub_error err = { 0 };

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		fprintf(stderr, "publisher: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return p;
}

static void test_tick(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path,
		                              .instance = "unit",
		                              .heartbeat_interval_ms = 500 };
	struct shmpub_reader_options where = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_reader *reader;
	struct shmpub_snapshot *held;
	struct shmpub_instance_info info;
	struct shmpub_error err;

	CHECK_INT("reader", shmpub_reader_open(&reader, &where, &err), 0);
	CHECK_INT("publish", shmpub_publish_csv(p, "f", "k\n1\n", 4, NULL, NULL, &err), 0);
	CHECK_INT("tick", shmpub_publisher_tick(p, &err), SHMPUB_OK);
	CHECK_INT("info", shmpub_instance(&info, reader, &err), 0);
	CHECK_INT("nothing is promised", info.heartbeat_interval_ms, 0);
	CHECK_INT("so nothing is told", info.heartbeat_ns, 0);
	shmpub_publisher_close(p);
	CHECK_INT("open", shmpub_publisher_open(&p, &o, &err), 0);
	CHECK_INT("publish", shmpub_publish_csv(p, "f", "k\n1\n", 4, NULL, NULL, &err), 0);
	CHECK_INT("hold", shmpub_acquire(&held, reader, "f", NULL, &err), 0);
	CHECK_INT("publish", shmpub_publish_csv(p, "f", "k\n2\n", 4, NULL, NULL, &err), 0);
	CHECK_INT("tick", shmpub_publisher_tick(p, &err), SHMPUB_OK);
	CHECK_INT("info", shmpub_instance(&info, reader, &err), 0);
	CHECK_INT("the promise", info.heartbeat_interval_ms, 500);
	CHECK("is kept", info.heartbeat_ns >= info.started_ns);
	CHECK("a reader holds one", info.held_bytes > 0);
	shmpub_release(held);
	CHECK_INT("tick", shmpub_publisher_tick(p, &err), SHMPUB_OK);
	CHECK_INT("info", shmpub_instance(&info, reader, &err), 0);
	CHECK_INT("given back without a publication", info.held_bytes, 0);
	shmpub_reader_close(reader);
	shmpub_publisher_close(p);
}

static bool is_refused(const void *arg)
{
	struct shmpub_publisher *p = (struct shmpub_publisher *)arg;
	struct shmpub_error err;

	CHECK_INT("publish", shmpub_publish_csv(p, "f", "k\n2\n", 4, NULL, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK("says why", strstr(err.message, "child") != NULL);
	CHECK_INT("a new feed", shmpub_publish_csv(p, "g", "k\n2\n", 4, NULL, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("remove", shmpub_remove(p, "f", &err), SHMPUB_ERR_INVALID);
	CHECK_INT("tick", shmpub_publisher_tick(p, &err), SHMPUB_ERR_INVALID);
	shmpub_publisher_close(p);
	return check_failed == 0 && mem_live() == 0;
}

/* The end of a child of fork(), where exit handlers close what the parent publishes. */
static void test_child(void)
{
	struct shmpub_reader_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_reader *reader;
	struct shmpub_mark mark;
	struct shmpub_error err;

	CHECK_INT("publish", shmpub_publish_csv(p, "f", "k\n1\n", 4, NULL, NULL, &err), 0);
	CHECK("refused in a child", in_child(is_refused, p, 0));
	CHECK_INT("reader", shmpub_reader_open(&reader, &o, &err), 0);
	CHECK_INT("there", shmpub_newest(&mark, reader, "f", &err), SHMPUB_OK);
	CHECK_INT("and on", shmpub_publish_csv(p, "f", "k\n3\n", 4, NULL, NULL, &err), 0);
	shmpub_reader_close(reader);
	shmpub_publisher_close(p);
}

int main(void)
{
	scratch_open(&scratch, "/dev/shm");
	test_child();
	test_tick();
	scratch_close(&scratch);
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
