#include "app.h"

#include "base/error.h"

/*
 * --until-eof: whoever starts the daemon keeps the other end of its standard input, and the system
 * closes that end when its owner ends, however it ends. So the daemon lives as long as the owner.
 */

static void give_input(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct app *app = handle->data;

	(void)suggested;
	*out = uv_buf_init(app->lifeline.input, sizeof(app->lifeline.input));
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct app *app = stream->data;

	(void)bytes;
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (app->is_stopping)
		return;
	log_line(&app->log, LOG_LEVEL_INFO, "standard input has ended: stopping");
	app_stop(app);
}

int app_lifeline_open(struct app *app, struct shmpub_error *err)
{
	struct app_lifeline *l = &app->lifeline;
	int r;

	if (!app->options.is_until_eof)
		return SHMPUB_OK;
	if (uv_guess_handle(0) != UV_NAMED_PIPE)
		return error_set(err, SHMPUB_ERR_INVALID, "--until-eof: standard input is no pipe");
	r = uv_pipe_init(&app->loop, &l->pipe, 0);
	if (r == 0) {
		l->pipe.data = app;
		l->is_open = true;
		r = uv_pipe_open(&l->pipe, 0);
	}
	if (r == 0)
		r = uv_read_start((uv_stream_t *)&l->pipe, give_input, on_input);
	return r == 0 ? SHMPUB_OK
	              : error_set(err, SHMPUB_ERR_SYS, "--until-eof: standard input: %s",
	                          uv_strerror(r));
}

void app_lifeline_close(struct app *app)
{
	if (app->lifeline.is_open)
		uv_close((uv_handle_t *)&app->lifeline.pipe, NULL);
	app->lifeline.is_open = false;
}
