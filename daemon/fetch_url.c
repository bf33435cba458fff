#include "fetch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "authorities.h"
#include "base/alloc.h"
#include "base/error.h"
#include "http_loop.h"
#include "secret_file.h"
#include "shmpub/shmpub.h"

/*
 * A URL as a source: a GET by libcurl. The validators of the last success go with it, so that a
 * server that knows them answers 304, and nothing is sent again.
 *
 * The answer counts when its status is 200 and it is as long as the server said. The body of any
 * other answer is thrown away: nobody wants to see a page of errors as a table. Where it leads to
 * other addresses, user, password and token go only to the host of the ini file, and never from
 * https to http.
 */

#define MAX_REDIRECTS 10L
#define CONNECT_MS 10000L
#define RETRY_MAX_MS ((uint64_t)3600 * 1000) /* no server keeps a feed waiting for longer */

struct url_run {
	struct fetch *fetch;
	struct http_loop *http;
	CURL *easy;
	struct curl_slist *headers;
	struct fetch_validators validators; /* of the answer under way */
	uint64_t retry_after_ms;
	int64_t began_ns, mtime_ns;
	long status;
	int result;
	struct shmpub_error why;
	char text[CURL_ERROR_SIZE];
	bool is_closing;
};

/* --- the end ------------------------------------------------------------------------------------- */

static void on_closed(void *arg)
{
	struct url_run *run = arg;
	struct fetch *f = run->fetch;
	struct shmpub_error why = run->why;
	int64_t mtime_ns = run->mtime_ns;
	int result = run->result;

	curl_slist_free_all(run->headers);
	mem_free(run);
	f->run = NULL;
	fetch_end(f, result, mtime_ns, &why);
}

static void close_run(struct url_run *run)
{
	if (run->is_closing)
		return;
	run->is_closing = true;
	http_loop_close(run->http);
}

static void cancel(struct fetch *f, bool at_once)
{
	struct url_run *run = f->run;

	(void)at_once; /* there is nobody who could end in order */
	if (run == NULL || run->is_closing)
		return;
	run->result = FETCH_CANCELLED;
	close_run(run);
}

/* --- the verdict --------------------------------------------------------------------------------- */

static int fail(struct url_run *run, int code, const char *text)
{
	return error_set(&run->why, code, "%s: %s", run->fetch->config->source_name, text);
}

static int judge_failure(struct url_run *run, CURLcode code)
{
	const struct config_feed *config = run->fetch->config;
	char text[80];

	if (run->result != SHMPUB_OK) /* it was our own doing, and `why` is set */
		return run->result;
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(text, sizeof(text), "not over after %g s, which is its timeout",
		         (double)config->timeout_ms / 1000);
		return fail(run, SHMPUB_ERR_SYS, text);
	case CURLE_FILESIZE_EXCEEDED:
		return fetch_tell_too_large(run->fetch, &run->why);
	case CURLE_TOO_MANY_REDIRECTS:
		snprintf(text, sizeof(text), "more than %ld redirections", MAX_REDIRECTS);
		return fail(run, SHMPUB_ERR_SYS, text);
	case CURLE_OUT_OF_MEMORY:
		return fail(run, SHMPUB_ERR_NOMEM, "out of memory");
	default:
		return fail(run, SHMPUB_ERR_SYS,
		            run->text[0] ? run->text : curl_easy_strerror(code));
	}
}

static int judge_status(struct url_run *run)
{
	char text[80];

	if (run->status == 304 && run->fetch->seen.etag[0] == '\0' &&
	    run->fetch->seen.last_modified[0] == '\0')
		return fail(run, SHMPUB_ERR_INVALID, "HTTP 304 without having been asked for it");
	if (run->status == 304)
		return FETCH_UNCHANGED;
	if (run->status == 200)
		return SHMPUB_OK;
	snprintf(text, sizeof(text), "HTTP %ld%s", run->status,
	         run->status == 401   ? ": it wants a user and a password, or a token"
	         : run->status == 403 ? ": not permitted"
	         : run->status == 404 ? ": not found"
	         : run->status == 429 ? ": too many requests"
	                              : "");
	run->fetch->retry_after_ms = run->retry_after_ms;
	return fail(run, SHMPUB_ERR_SYS, text);
}

static void on_ended(void *arg, CURLcode code)
{
	struct url_run *run = arg;
	curl_off_t seconds = -1;

	curl_easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &run->status);
	curl_easy_getinfo(run->easy, CURLINFO_FILETIME_T, &seconds);
	run->result = code == CURLE_OK ? judge_status(run) : judge_failure(run, code);
	run->mtime_ns = seconds > 0 && seconds < INT64_MAX / 1000000000 ? seconds * 1000000000
	                                                                : run->began_ns;
	if (run->result == SHMPUB_OK)
		run->fetch->validators = run->validators;
	close_run(run);
}

/* --- the answer ---------------------------------------------------------------------------------- */

static bool is_header(struct span *value, struct span line, const char *name)
{
	size_t n = strlen(name);

	if (line.size <= n || line.data[n] != ':' || !curl_strnequal(line.data, name, n))
		return false;
	*value = span_of(line.data + n + 1, line.size - n - 1);
	while (value->size && strchr(" \t", value->data[0]))
		*value = span_of(value->data + 1, value->size - 1);
	while (value->size && strchr(" \t\r\n", value->data[value->size - 1]))
		value->size--;
	return true;
}

/* A value that is too long, or that could not be sent back as it is, counts as none. */
static void copy_value(char *to, size_t room, struct span value)
{
	to[0] = '\0';
	if (value.size >= room)
		return;
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < ' ' || value.data[i] > '~')
			return;
	}
	memcpy(to, value.data, value.size);
	to[value.size] = '\0';
}

/* Retry-After: seconds, or a date (RFC 9110, 10.2.3). */
static uint64_t retry_after(struct span value, int64_t now_s)
{
	char text[64];
	int64_t seconds;
	char *end;

	copy_value(text, sizeof(text), value);
	if (text[0] == '\0')
		return 0;
	seconds = strtoll(text, &end, 10);
	if (*end != '\0')
		seconds = (int64_t)curl_getdate(text, NULL) - now_s;
	if (seconds <= 0)
		return 0;
	return (uint64_t)seconds < RETRY_MAX_MS / 1000 ? (uint64_t)seconds * 1000 : RETRY_MAX_MS;
}

/* The last answer counts: there are several where the server sends us elsewhere. */
static size_t on_header(char *data, size_t one, size_t n, void *arg)
{
	struct url_run *run = arg;
	struct span line = span_of(data, n), value;

	(void)one;
	if (n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		run->validators = (struct fetch_validators){ .etag = "" };
		run->retry_after_ms = 0;
	} else if (is_header(&value, line, "ETag")) {
		copy_value(run->validators.etag, sizeof(run->validators.etag), value);
	} else if (is_header(&value, line, "Last-Modified")) {
		copy_value(run->validators.last_modified, sizeof(run->validators.last_modified),
		           value);
	} else if (is_header(&value, line, "Retry-After")) {
		run->retry_after_ms = retry_after(value, shm_now_ns() / 1000000000);
	}
	return n;
}

static size_t on_body(char *data, size_t one, size_t n, void *arg)
{
	struct url_run *run = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return n;
	run->result = fetch_add(run->fetch, span_of(data, n), &run->why);
	return run->result == SHMPUB_OK ? n : 0;
}

/* --- the request --------------------------------------------------------------------------------- */

/* Sets whichever option it is, unless one before has failed. */
#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (code == CURLE_OK)                                                              \
			code = curl_easy_setopt(e, (option), (value));                             \
	} while (0)

static CURLcode set_transfer(struct url_run *run, CURL *e)
{
	const struct config_feed *c = run->fetch->config;
	bool is_tls = strncmp(c->source, "https:", 6) == 0;
	const char *authorities = c->ca_file != NULL ? c->ca_file : authorities_find();
	uint64_t most = run->fetch->max_size;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_URL, c->source);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, is_tls ? "https" : "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that it can undo */
	SET(CURLOPT_USERAGENT, "shmpubd/" SHMPUB_VERSION_STRING);
	SET(CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_MAXFILESIZE_LARGE, most < INT64_MAX ? (curl_off_t)most : INT64_MAX);
	SET(CURLOPT_FILETIME, 1L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a name server that hangs does not hold the loop */
	SET(CURLOPT_ERRORBUFFER, run->text);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, run);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, run);
	if (c->proxy != NULL) { /* it counts, whatever the environment says */
		SET(CURLOPT_PROXY, c->proxy);
		SET(CURLOPT_NOPROXY, "");
	}
	if (authorities != NULL)
		SET(CURLOPT_CAINFO, authorities);
	/* Windows asks whether a certificate was revoked; a private CA has nobody to answer. */
	SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
	return code;
}

static int add_header(struct curl_slist **headers, const char *name, const char *value)
{
	char line[sizeof("If-Modified-Since: ") + FETCH_TAG_SIZE];
	struct curl_slist *more;

	if (value[0] == '\0')
		return SHMPUB_OK;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	more = curl_slist_append(*headers, line);
	if (more == NULL)
		return SHMPUB_ERR_NOMEM;
	*headers = more;
	return SHMPUB_OK;
}

static CURLcode set_conditions(struct url_run *run, CURL *e)
{
	const struct fetch_validators *seen = &run->fetch->seen;
	CURLcode code = CURLE_OK;

	if (add_header(&run->headers, "If-None-Match", seen->etag) ||
	    add_header(&run->headers, "If-Modified-Since", seen->last_modified))
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HTTPHEADER, run->headers);
	return code;
}

static CURLcode set_secret(CURL *e, const struct config_feed *c, const char *secret)
{
	CURLcode code = CURLE_OK;

	if (c->token_file != NULL) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, secret);
	} else if (c->password_file != NULL) {
		SET(CURLOPT_PASSWORD, secret);
	}
	return code;
}

/* libcurl copies the secret. */
static int set_credentials(CURL *e, const struct config_feed *c, struct shmpub_error *err)
{
	const char *path = c->token_file != NULL ? c->token_file : c->password_file;
	CURLcode code = CURLE_OK;
	char secret[SECRET_SIZE];
	int r;

	if (c->username != NULL) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, c->username);
	}
	if (path == NULL)
		return code == CURLE_OK ? SHMPUB_OK : error_nomem(err, SECRET_SIZE);
	r = secret_read(secret, path, err);
	if (r) {
		error_prefix(err, 0, "%s: ", c->source_name);
		return r;
	}
	if (code == CURLE_OK)
		code = set_secret(e, c, secret);
	secret_forget(secret);
	return code == CURLE_OK ? SHMPUB_OK : error_nomem(err, SECRET_SIZE);
}

static int prepare(struct url_run *run, struct shmpub_error *err)
{
	const struct config_feed *c = run->fetch->config;
	CURLcode code;

	run->easy = curl_easy_init();
	if (run->easy == NULL)
		return error_set(err, SHMPUB_ERR_NOMEM, "%s: libcurl lacks memory", c->source_name);
	code = set_transfer(run, run->easy);
	if (code == CURLE_OK)
		code = set_conditions(run, run->easy);
	if (code != CURLE_OK)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", c->source_name,
		                 curl_easy_strerror(code));
	return set_credentials(run->easy, c, err);
}

static int begin(struct fetch *f, struct shmpub_error *err)
{
	struct url_run *run = mem_zalloc(1, sizeof(*run));
	int r;

	if (run == NULL)
		return error_nomem(err, sizeof(*run));
	run->fetch = f;
	run->began_ns = shm_now_ns();
	r = prepare(run, err);
	if (r == SHMPUB_OK)
		r = http_loop_open(&run->http, f->loop, run->easy,
		                   (struct http_loop_events){ on_ended, on_closed, run }, err);
	if (r == SHMPUB_OK) {
		f->run = run;
		return SHMPUB_OK;
	}
	curl_easy_cleanup(run->easy);
	curl_slist_free_all(run->headers);
	mem_free(run);
	return r;
}

static int check_address(const struct config_feed *c, struct shmpub_error *err)
{
	CURLU *url = curl_url();
	CURLUcode code = url != NULL ? curl_url_set(url, CURLUPART_URL, c->source, 0)
	                             : CURLUE_OUT_OF_MEMORY;

	curl_url_cleanup(url);
	if (code == CURLUE_OK)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", c->source_name,
	                 curl_url_strerror(code));
}

static int check_file(const struct config_feed *c, const char *path, struct shmpub_error *err)
{
	char secret[SECRET_SIZE];
	int r = path != NULL ? secret_read(secret, path, err) : SHMPUB_OK;

	if (path != NULL)
		secret_forget(secret);
	if (r)
		error_prefix(err, 0, "%s: ", c->source_name);
	return r;
}

static int usable(const struct config_feed *c, struct shmpub_error *err)
{
	int r = check_address(c, err);

	if (!r)
		r = check_file(c, c->password_file, err);
	return r ? r : check_file(c, c->token_file, err);
}

const struct fetch_kind fetch_kind_url = { begin, cancel, usable };
