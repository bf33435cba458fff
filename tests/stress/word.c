/*
 * The word that selects a state of a snapshot that grows is changed without pause, between two values whose
 * bytes all differ, while it is read in every way: an atomic load and a copy of a mapping, pread() of the
 * word alone and in the middle of more. No reader may ever see a third value. The word lies as docs/FORMAT.md
 * says: at a multiple of 64, ten bytes before the end of the file.
 *
 * Then the word is put across two cache lines, and the run must see a third value: a test that cannot fail
 * proves nothing. `stress_word [READS]`: of each kind; by default 2,000,000.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"

#define PAGES 4096u
#define ONE 0x01234567u
#define OTHER 0xfedcba98u
#define AROUND 2048u /* bytes that are read together with the word */

/* One load or store wherever it lies, across two lines as well. */
typedef volatile uint32_t __attribute__((aligned(1))) word_anywhere;

struct place {
	char *file; /* a mapping of its own, as a reader has one */
	char *writers;
	int fd;
	size_t word_at;
	long reads;
	atomic_bool stop;
	atomic_ulong writes;
};

static void *writer(void *arg)
{
	struct place *p = arg;
	word_anywhere *word = (word_anywhere *)(void *)(p->writers + p->word_at);
	unsigned long n = 0;

	while (!atomic_load_explicit(&p->stop, memory_order_relaxed)) {
		for (int i = 0; i < 100; i++, n++)
			*word = n % 2 ? ONE : OTHER;
	}
	atomic_store(&p->writes, n);
	return NULL;
}

static uint32_t read_mapping(const struct place *p)
{
	return *(const word_anywhere *)(const void *)(p->file + p->word_at);
}

/* As a program copies the end of the file: memcpy() of a size that the compiler does not know. */
static uint32_t read_copy(const struct place *p)
{
	static volatile size_t size = 256;
	char bytes[256];
	uint32_t v;

	memcpy(bytes, p->file + p->word_at - 128, size);
	memcpy(&v, bytes + 128, sizeof(v));
	return v;
}

static uint32_t read_alone(const struct place *p)
{
	uint32_t v = 0;

	return pread(p->fd, &v, sizeof(v), (off_t)p->word_at) == sizeof(v) ? v : 0;
}

static uint32_t read_with_more(const struct place *p)
{
	char bytes[AROUND];
	uint32_t v;

	if (pread(p->fd, bytes, AROUND, (off_t)(p->word_at + 10 - AROUND)) != (ssize_t)AROUND)
		return 0;
	memcpy(&v, bytes + AROUND - 10, sizeof(v));
	return v;
}

static const struct {
	const char *label;
	uint32_t (*read)(const struct place *p);
} ways[] = {
	{ "a load of a mapping", read_mapping },
	{ "a copy of a mapping", read_copy },
	{ "pread of the word", read_alone },
	{ "pread of 2,048 bytes", read_with_more },
};

static long third_values(struct place *p, size_t way)
{
	long bad = 0;

	for (long i = 0; i < p->reads; i++) {
		uint32_t v = ways[way].read(p);

		bad += v != ONE && v != OTHER;
	}
	return bad;
}

/* True when no way to read has seen a third value. */
static bool run(int fd, size_t word_at, long reads, const char *label)
{
	struct place p = { .fd = fd, .word_at = word_at, .reads = reads };
	uint32_t first = ONE;
	pthread_t thread;
	long all = 0;

	p.file = mmap(NULL, 2 * PAGES, PROT_READ, MAP_SHARED, fd, 0);
	p.writers = mmap(NULL, 2 * PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p.file == MAP_FAILED || p.writers == MAP_FAILED)
		exit(2);
	memcpy(p.writers + word_at, &first, sizeof(first));
	if (pthread_create(&thread, NULL, writer, &p) != 0)
		exit(2);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		long bad = third_values(&p, i);

		printf("%s: %s: %ld reads, %ld third values\n", label, ways[i].label, reads, bad);
		all += bad;
	}
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	printf("%s: %lu writes\n", label, atomic_load(&p.writes));
	munmap(p.file, 2 * PAGES);
	munmap(p.writers, 2 * PAGES);
	return all == 0;
}

int main(int argc, char **argv)
{
	char name[] = "/dev/shm/shmpub-word.XXXXXX";
	long reads = argc > 1 ? atol(argv[1]) : 2000000;
	bool is_whole, is_torn = false;
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) != 0 || ftruncate(fd, PAGES + 64 + 10) != 0)
		return 2;
	is_whole = run(fd, PAGES + 64, reads, "as it is");
#if defined(__x86_64__)
	/* across two lines of the cache, which a store of four bytes fills one after the other */
	is_torn = !run(fd, PAGES - 2, reads, "across two lines");
	if (!is_torn)
		printf("the test saw no third value where there must be some\n");
#else
	is_torn = true;
#endif
	close(fd);
	return is_whole && is_torn ? 0 : 1;
}
