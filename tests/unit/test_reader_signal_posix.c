#include "shmpub/shmpub.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "unit/waiting.h"

/* A signal ends a wait, where there are signals. */

static void *run(void *arg)
{
	wait_for_news(arg);
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
}

static void test_interrupted_by_a_signal(void)
{
	struct bench b;
	struct waiter w = { .b = &b };
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;
	struct timespec pause = { 0, 1000000 };

	open_bench(&b);
	CHECK_INT("handler", sigaction(SIGUSR1, &action, NULL), 0);
	CHECK_INT("thread", pthread_create(&thread, NULL, run, &w), 0);
	while (!atomic_load(&w.is_waiting))
		give_way();
	/* The thread is about to sleep, or sleeps: one of these finds it asleep. */
	while (pthread_tryjoin_np(thread, NULL) != 0) {
		(void)pthread_kill(thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	CHECK_INT("interrupted", w.result, SHMPUB_INTERRUPTED);
	close_bench(&b);
}

int main(void)
{
	test_interrupted_by_a_signal();
	return check_report();
}
