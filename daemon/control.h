/*
 * Requests of the instance's owner to the running daemon: "shmpub refresh", "shmpub down".
 *
 * They come over a stream that only the owner and the system's administrator may use: on Linux the
 * socket `control` in the instance's directory, on Windows a named pipe. A request is a line:
 *
 *     refresh FEED    asks for a refresh at once, and for a line when it has ended
 *     ask FEED        asks for a refresh, and for a line at once
 *     stop            stops the daemon; the answer is the end of the stream
 *
 * and an answer is a line, FEED and then one of
 *
 *     published SEQUENCE ROWS
 *     unchanged
 *     failed REASON
 *     asked
 *     unknown REASON  there is no such feed
 *
 * Answers come in the order in which the refreshes end. A line that is no request ends the
 * connection. Decision 22 says why it is a stream.
 *
 * Threads:  the loop thread.
 * Lifetime: from control_open to control_close, after which the loop must run once more.
 *           CONTROL_NONE may be closed.
 * Errors:   a failure to listen is told in `err`; the daemon works without a control.
 */
#ifndef SHMPUBD_CONTROL_H
#define SHMPUBD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

#define CONTROL_LINE_MAX 63           /* bytes of a request, without its newline */
#define CONTROL_PEERS_MAX 32          /* connections at one time */
#define CONTROL_WAITS_MAX 8192        /* refreshes that one connection waits for */
#define CONTROL_UNREAD_MAX (4u << 20) /* bytes of answers that a connection does not read */
#define CONTROL_IDLE_MS 5000          /* a connection that wants nothing is closed after this */

struct feed;
struct feed_end;
struct control_peer;

/* What the control asks of the daemon. */
struct control_host {
	uv_loop_t *loop;
	const char *instance_path; /* the path of the instance's directory */
	/*
	 * Finds the feed. NULL: there is none, and *why says so. The feed is not refreshed before
	 * `refresh` is called.
	 */
	struct feed *(*find)(void *arg, struct span name, struct shmpub_error *why);
	void (*stop)(void *arg);
	void *arg;
};

struct control {
	const struct control_host *host; /* NULL: not open */
	uv_pipe_t pipe;
	struct control_peer *peers;
	size_t n_peers;
	uint64_t place[2]; /* Linux: device and inode of the socket */
	bool is_listening;
};
#define CONTROL_NONE ((struct control){ .host = NULL })

int control_open(struct control *c, const struct control_host *host, struct shmpub_error *err);
/* An attempt of the feed has ended, or gives no answer for long: tells those that wait for it. */
void control_tell(struct control *c, const struct feed *feed, const struct feed_end *end);
/* The feed is removed: those that wait for it learn so. */
void control_forget(struct control *c, const struct feed *feed);
/*
 * To be called once a second: closes idle connections, and listens again when somebody has removed
 * the socket. SHMPUB_OK unless that fails; the failure is then tried again at each call.
 */
int control_tick(struct control *c, struct shmpub_error *err);
/* Closes all connections; answers that are not written yet are lost. */
void control_close(struct control *c);

/* --- control_posix.c, control_win32.c --------------------------------------------------------- */

/*
 * Makes the stream that others connect to, as `pipe`, which is initialised. place[]: for the two
 * below.
 */
int control_bind(uv_pipe_t *pipe, uint64_t place[2], const char *instance_path,
                 struct shmpub_error *err);
/* False: somebody removed the stream's name, or put another one there. */
bool control_is_in_place(const uint64_t place[2], const char *instance_path);
/* Removes the name, if it still means the stream of control_bind(). */
void control_remove(const uint64_t place[2], const char *instance_path);
/* True when the user at the other end may ask: the owner, or the administrator. */
bool control_may_ask(const uv_pipe_t *peer);

#endif
