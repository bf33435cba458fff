#include "feed_rejects.h"

#include "base/alloc.h"

/* --- its place in the catalog -------------------------------------------------------------------- */

static int open_rejects(struct feed *f, struct shmpub_error *err)
{
	char *name;
	int r = config_rejects_name(&name, f->config->name, err);

	if (r)
		return r;
	r = publisher_feed_open(&f->rejects, f->host->publisher, span_str(name),
	                        f->config->interval_ms, &f->access, err);
	mem_free(name);
	return r;
}

int feed_rejects_follow(struct feed *f, struct shmpub_error *err)
{
	if (!f->config->csv->keeps_rejects) {
		feed_rejects_remove(f);
		return SHMPUB_OK;
	}
	if (f->rejects == NULL)
		return open_rejects(f, err);
	publisher_feed_set_interval(f->rejects, f->config->interval_ms);
	return SHMPUB_OK;
}

void feed_rejects_remove(struct feed *f)
{
	if (f->rejects != NULL)
		publisher_feed_remove(f->rejects);
	f->rejects = NULL;
	f->has_rejects = false;
}

int feed_rejects_put_back(struct feed *f, struct shmpub_error *err)
{
	return f->rejects != NULL ? publisher_put_back(f->rejects, err) : SHMPUB_OK;
}

/* --- an attempt ---------------------------------------------------------------------------------- */

int feed_rejects_begin(struct feed *f, struct shmpub_error *err)
{
	struct prepare_rejects *rejects = &f->refresh.rejects;

	*rejects = (struct prepare_rejects){
		.max_rows = f->refresh.config->max_rejects.rows,
		.max_millionths = f->refresh.config->max_rejects.millionths,
	};
	if (f->rejects == NULL)
		return SHMPUB_OK;
	rejects->feed = publisher_feed_name(f->rejects);
	return publication_begin(&rejects->pub, f->rejects, err);
}

int feed_rejects_commit(struct feed *f, struct shmpub_error *err)
{
	struct prepare_rejects *rejects = &f->refresh.rejects;
	struct publication *pub = rejects->pub;
	int r;

	f->has_rejects = false;
	if (pub == NULL || !rejects->is_ready)
		return SHMPUB_OK;
	rejects->pub = NULL; /* publication_commit() consumes it, also on failure */
	r = publication_commit(pub, &rejects->descriptor, err);
	f->has_rejects = r == SHMPUB_OK;
	return r;
}

void feed_rejects_commit_alone(struct feed *f)
{
	(void)feed_rejects_commit(f, NULL);
}

void feed_rejects_discard(struct feed *f)
{
	publication_discard(f->refresh.rejects.pub);
	f->refresh.rejects.pub = NULL;
}

/* --- its state ----------------------------------------------------------------------------------- */

void feed_rejects_report(struct feed *f, enum refresh_result result, const struct shmpub_error *err)
{
	if (f->rejects == NULL)
		return;
	/* The feed failed because of its rejects, which are the newest there are. */
	if (result == REFRESH_FAILED && f->has_rejects)
		publisher_feed_report(f->rejects, REFRESH_UNCHANGED, NULL);
	else
		publisher_feed_report(f->rejects, result, result == REFRESH_FAILED ? err : NULL);
}

void feed_set_access(struct feed *f, const struct shm_access *access)
{
	publisher_feed_set_access(f->out, access);
	if (f->rejects != NULL)
		publisher_feed_set_access(f->rejects, access);
}

int feed_rejects_follow_access(struct feed *f, struct shmpub_error *err)
{
	return f->rejects != NULL ? publisher_feed_follow_access(f->rejects, err) : SHMPUB_OK;
}

bool feed_rejects_stand(const struct feed *f)
{
	return f->rejects == NULL || publisher_feed_stands(f->rejects);
}

void feed_rejects_rest(struct feed *f)
{
	if (f->rejects != NULL)
		publisher_feed_rests(f->rejects);
}
