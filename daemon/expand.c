#include "expand.h"

#include <string.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * What is the same for every format: which one it is, where the bytes come from, one archive after
 * the other, and how much text there may be.
 */

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: archives over every seam */
#define RAW_SIZE ((size_t)16)
#else
#define RAW_SIZE ((size_t)64 << 10)
#endif
#define ROOM_MAX ((size_t)1 << 30) /* libraries count in 32 bits */

#ifdef SHMPUBD_GZIP
#define GZIP (&expand_kind_gzip)
#else
#define GZIP NULL
#endif
#ifdef SHMPUBD_ZSTD
#define ZSTD (&expand_kind_zstd)
#else
#define ZSTD NULL
#endif
#ifdef SHMPUBD_XZ
#define XZ (&expand_kind_xz)
#else
#define XZ NULL
#endif

static const struct expand_format formats[] = {
	{ "gzip", "\x1F\x8B", 2, GZIP },
	{ "zstd", "\x28\xB5\x2F\xFD", 4, ZSTD },
	{ "zstd", "\x50\x2A\x4D\x18", 4, ZSTD }, /* a frame to be skipped, as pzstd begins */
	{ "xz", "\xFD\x37\x7A\x58\x5A\x00", 6, XZ },
};

const struct expand_format *expand_format_of(struct span head)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (head.size >= formats[i].magic_size &&
		    memcmp(head.data, formats[i].magic, formats[i].magic_size) == 0)
			return &formats[i];
	}
	return NULL;
}

int expand_damaged(struct shmpub_error *err, const char *name, const char *why)
{
	return error_set(err, SHMPUB_ERR_INVALID, "damaged %s: %s", name, why);
}

/* --- bytes in ------------------------------------------------------------------------------------- */

static int read_raw(struct expansion *e, struct shmpub_error *err)
{
	const struct byte_source *s = e->from;
	size_t n = 0;
	int r;

	if (e->buffer == NULL)
		e->buffer = mem_alloc(RAW_SIZE);
	if (e->buffer == NULL)
		return error_nomem(err, RAW_SIZE);
	r = s->read(s->self, e->buffer, RAW_SIZE, &n, err);
	if (r)
		return r;
	e->raw = span_of(e->buffer, n);
	e->is_raw_end = n == 0;
	return SHMPUB_OK;
}

static void skip_zeros(struct expansion *e)
{
	while (e->raw.size > 0 && e->raw.data[0] == '\0')
		e->raw = span_of(e->raw.data + 1, e->raw.size - 1);
}

/* --- one archive after the other ------------------------------------------------------------------ */

static int begin_archive(struct expansion *e, struct shmpub_error *err)
{
	int r;

	if (e->n_archives > 0 && e->format->kind->pads)
		skip_zeros(e);
	if (e->raw.size == 0) {
		e->is_end = e->is_raw_end;
		return SHMPUB_OK;
	}
	r = e->format->kind->begin(&e->state, err);
	e->is_in_archive = r == SHMPUB_OK;
	return r;
}

static int count_text(struct expansion *e, size_t n, struct shmpub_error *err)
{
	e->n_text += n;
	if (e->n_text <= e->limit.most)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID, "%s: more than %llu bytes of text, which is %s",
	                 e->format->name, (unsigned long long)e->limit.most, e->limit.key);
}

static int expand_on(struct expansion *e, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	struct expand_step s = { e->raw, e->is_raw_end, to, size < ROOM_MAX ? size : ROOM_MAX };
	int r = e->format->kind->step(e->state, &s, err);
	bool is_stuck = s.out == to && s.in.size == e->raw.size;

	if (r < 0)
		return r;
	*n = (size_t)(s.out - to);
	e->raw = s.in;
	if (r == EXPAND_END) {
		e->is_in_archive = false;
		e->n_archives++;
	} else if (is_stuck && (e->raw.size > 0 || e->is_raw_end)) {
		return expand_damaged(err, e->format->name, "it ends too early");
	}
	return count_text(e, *n, err);
}

static int read_expanded(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct expansion *e = self;
	int r = SHMPUB_OK;

	*n = 0;
	if (e->format->kind == NULL)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "compressed by %s, which this shmpubd was built without",
		                 e->format->name);
	while (!r && *n == 0 && !e->is_end) {
		if (e->raw.size == 0 && !e->is_raw_end)
			r = read_raw(e, err);
		if (!r && !e->is_in_archive)
			r = begin_archive(e, err);
		if (!r && e->is_in_archive)
			r = expand_on(e, to, size, n, err);
	}
	return r;
}

/* --- from the start ------------------------------------------------------------------------------- */

static void begin(struct expansion *e)
{
	e->raw = e->from->whole;
	e->is_raw_end = e->from->whole.data != NULL;
	e->is_in_archive = e->is_end = false;
	e->n_archives = e->n_text = 0;
}

static int rewind_expanded(void *self, struct shmpub_error *err)
{
	struct expansion *e = self;

	begin(e);
	return e->is_raw_end ? SHMPUB_OK : e->from->rewind(e->from->self, err);
}

void expansion_init(struct expansion *e, const struct byte_source *from,
                    const struct expand_format *format, struct expand_limit limit)
{
	*e = (struct expansion){ .from = from, .format = format, .limit = limit };
	e->source = (struct byte_source){
		.self = e,
		.read = read_expanded,
		.rewind = rewind_expanded,
	};
	begin(e);
}

void expansion_free(struct expansion *e)
{
	if (e->state != NULL)
		e->format->kind->free(e->state);
	mem_free(e->buffer);
	e->state = NULL;
	e->buffer = NULL;
}
