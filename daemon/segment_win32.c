#include "segment.h"

#include <stdio.h>
#include <winternl.h>
#include "base/error.h"
#include "base/name.h"
#include "shm/shm_win32.h"

/*
 * A name leads to one section (a named mapping) for as long as anybody has a handle, and
 * readers of the plain layouts keep theirs. So a version is written over the last one, in a
 * section with room for larger versions: its memory is reserved (SEC_RESERVE), and committed as
 * the versions grow. A reader that looks during the write sees the length 0, or of an array a
 * part of each version. Readers that need whole versions read the snapshot.
 *
 * A reader that touches memory which is mapped but not committed crashes. So at least 100 KiB
 * are committed: that is what the reader in the article maps from which the layouts come.
 *
 * A second section NAME~ marks the claim, and only this user may open it: the process that
 * serves the name has made it, and writes there who it is. Windows removes it when the process
 * ends. No segment's name may contain '~', so NAME~ is no other segment.
 *
 * CPython asks for more rights than reading when it opens a mapping, whatever it does with it:
 * 0xF0005 for ACCESS_READ, 0xF0007 for SharedMemory. So whoever may read a segment gets these
 * rights and could write it, and nothing in it is ever read back.
 */

#define READERS_SIZE ((uint64_t)100 * 1024)
#define ROOM_LEAST ((uint64_t)64 << 20)
#define ROOM_TIMES 8
#define ROOM_MORE ((uint64_t)4 << 30) /* a bound, because page tables take some MiB */
#define CLAIM_SIZE 4096
#define OBJECT_SIZE (SEGMENT_NAME_SIZE + 16) /* with "Global\", "~" and NUL */

static const struct shm_rights rights = {
	.owner = SECTION_ALL_ACCESS,
	.readers = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE,
};

/* --- names ------------------------------------------------------------------------------------- */

#define LOCAL "Local\\"

static const char *const prefixes[] = { "Global\\", LOCAL };

static size_t prefix_size(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (name.size > n && memcmp(name.data, prefixes[i], n) == 0)
			return n;
	}
	return 0;
}

const char *segment_name_problem(struct span name)
{
	size_t n = prefix_size(name);

	if (name_is_feed(span_of(name.data + n, name.size - n)))
		return NULL;
	return "the name of a mapping wanted: 1 to 40 of A-Z a-z 0-9 _ . -, not beginning with '.' "
	       "or '-', where 'Global\\' or 'Local\\' may stand before it";
}

const char *segment_name_key(const char *name)
{
	size_t n = strlen(LOCAL);

	return name != NULL && strncmp(name, LOCAL, n) == 0 ? name + n : name;
}

/*
 * A service needs global names: its readers are in the sessions of users, where local names of
 * another session are not seen. Services run in session 0. Those of Wine do not, but like
 * Windows' services they have no visible screen.
 */
static bool is_service(void)
{
	USEROBJECTFLAGS flags = { .dwFlags = WSF_VISIBLE };
	DWORD session, size;

	if (ProcessIdToSessionId(GetCurrentProcessId(), &session) && session == 0)
		return true;
	(void)GetUserObjectInformationW(GetProcessWindowStation(), UOI_FLAGS, &flags, sizeof(flags),
	                                &size);
	return (flags.dwFlags & WSF_VISIBLE) == 0;
}

static void object_name(wchar_t out[OBJECT_SIZE], const char *name, const char *suffix)
{
	const char *parts[] = { "", name, suffix };
	size_t n = 0;

	if (prefix_size(span_str(name)) == 0 && is_service())
		parts[0] = prefixes[0];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *p = parts[i]; *p != '\0'; p++)
			out[n++] = (wchar_t)*p;
	}
	out[n] = L'\0';
}

/* Tells why a section could not be made or opened. */
static int refuse(const wchar_t *object, DWORD sys, struct shmpub_error *err)
{
	HANDLE h;

	if (sys == ERROR_INVALID_HANDLE)
		return error_set(err, SHMPUB_ERR_OWNER,
		                 "the name is that of another kind of object of some program, such "
		                 "as a mutex or an event");
	if (sys != ERROR_ACCESS_DENIED)
		return shm_error_win32(err, sys, "a mapping of that name");
	h = OpenFileMappingW(READ_CONTROL, FALSE, object);
	if (h != NULL)
		CloseHandle(h);
	else if (GetLastError() == ERROR_FILE_NOT_FOUND)
		return error_set(
		        err, SHMPUB_ERR_SYS,
		        "names in Global\\ can be made by services and administrators only "
		        "(SeCreateGlobalPrivilege): run shmpubd as a service, or leave "
		        "'Global\\' out");
	return error_set(err, SHMPUB_ERR_OWNER, "a mapping of that name belongs to another user");
}

/* --- claims ------------------------------------------------------------------------------------ */

static int write_claim(HANDLE h, const char *place, struct shmpub_error *err)
{
	char *text = MapViewOfFile(h, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, CLAIM_SIZE);

	if (text == NULL)
		return shm_error_win32(err, GetLastError(), "map the section of the claim");
	snprintf(text, CLAIM_SIZE, "%llu\n%s", (unsigned long long)shm_pid(), place);
	UnmapViewOfFile(text);
	return SHMPUB_OK;
}

/* Only processes of this user may write the text, but it is still checked before it is used. */
static int refuse_for_holder(HANDLE h, struct shmpub_error *err)
{
	const char *shared = MapViewOfFile(h, FILE_MAP_READ, 0, 0, CLAIM_SIZE);
	char text[CLAIM_SIZE];
	unsigned long long pid = 0;
	char *place = text;

	text[0] = '\0';
	if (shared != NULL && shm_committed(shared) >= CLAIM_SIZE) {
		memcpy(text, shared, CLAIM_SIZE);
		text[CLAIM_SIZE - 1] = '\0';
		pid = strtoull(text, &place, 10);
	}
	if (shared != NULL)
		UnmapViewOfFile(shared);
	if (pid == 0 || *place != '\n')
		return error_set(err, SHMPUB_ERR_BUSY, "another process serves this name");
	return error_set(err, SHMPUB_ERR_BUSY, "process %llu serves this name for %s", pid,
	                 place + 1);
}

static int take_claim(HANDLE *out, const char *name, const char *place, struct shmpub_error *err)
{
	wchar_t object[OBJECT_SIZE];
	struct shm_list list;
	HANDLE h;
	int r = shm_list_init(&list, &rights, NULL, err);

	if (r)
		return r;
	object_name(object, name, "~");
	h = CreateFileMappingW(INVALID_HANDLE_VALUE, &list.attributes, PAGE_READWRITE, 0,
	                       CLAIM_SIZE, object);
	if (h == NULL)
		return refuse(object, GetLastError(), err);
	if (GetLastError() == ERROR_ALREADY_EXISTS)
		r = refuse_for_holder(h, err);
	else
		r = write_claim(h, place, err);
	if (r)
		CloseHandle(h);
	else
		*out = h;
	return r;
}

/* --- the section under a name ------------------------------------------------------------------ */

static uint64_t round_to_pages(uint64_t size)
{
	return (size + shm_page_size() - 1) & ~((uint64_t)shm_page_size() - 1);
}

/* The size of the whole view, committed and reserved memory together. */
static size_t view_size(const char *view)
{
	MEMORY_BASIC_INFORMATION info;
	size_t size = 0;

	while (VirtualQuery(view + size, &info, sizeof(info)) != 0 &&
	       info.AllocationBase == (const void *)view && info.RegionSize > 0)
		size += info.RegionSize;
	return size;
}

static int refuse_too_small(struct shmpub_error *err, uint64_t has, uint64_t wants)
{
	return error_set(err, SHMPUB_ERR_LIMIT,
	                 "a process keeps the mapping open, which has %llu bytes, and %llu are "
	                 "wanted: end that process, and ask for more from the beginning by "
	                 "segment_room",
	                 (unsigned long long)has, (unsigned long long)wants);
}

/* True when anybody else has a handle of the section, or when that cannot be known. */
static bool has_other_users(HANDLE h)
{
	PUBLIC_OBJECT_BASIC_INFORMATION info;

	return NtQueryObject(h, ObjectBasicInformation, &info, sizeof(info), NULL) != 0 ||
	       info.HandleCount > 1;
}

static void close_section(struct segment_live *live)
{
	if (live->view != NULL)
		UnmapViewOfFile(live->view);
	if (live->memory != 0)
		CloseHandle((HANDLE)live->memory);
	live->view = NULL;
	live->memory = 0;
	live->used = live->view_size = 0;
}

/* Under Wine a section that was made without an access list, as Python makes it, has no owner. */
static int check_owner(HANDLE h, struct shmpub_error *err)
{
	struct shm_stat stat;

	if (shm_list_get(&stat, h) == 0 && stat.owner.size == 0)
		return SHMPUB_OK;
	return shm_check_ours(h, "a mapping of that name", err);
}

/* Checks a section that exists already: an earlier daemon made it, or a reader that came first. */
static int check_existing(struct segment_live *live, uint64_t wants, struct shmpub_error *err)
{
	int r = check_owner((HANDLE)live->memory, err);

	if (r)
		return r;
	live->used = shm_committed(live->view); /* others may have written anything there */
	return live->view_size < wants ? refuse_too_small(err, live->view_size, wants) : SHMPUB_OK;
}

static int open_section(struct segment_live *live, const struct segment_draft *d, uint64_t room,
                        uint64_t wants, struct shmpub_error *err)
{
	wchar_t object[OBJECT_SIZE];
	struct shm_list list;
	bool is_found;
	HANDLE h;
	int r = shm_list_init(&list, &rights, &d->access, err);

	if (r)
		return r;
	object_name(object, live->name, "");
	h = CreateFileMappingW(INVALID_HANDLE_VALUE, &list.attributes, PAGE_READWRITE | SEC_RESERVE,
	                       (DWORD)(room >> 32), (DWORD)room, object);
	is_found = h != NULL && GetLastError() == ERROR_ALREADY_EXISTS;
	if (h == NULL)
		return refuse(object, GetLastError(), err);
	live->memory = (intptr_t)h;
	live->view = MapViewOfFile(h, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
	if (live->view == NULL)
		r = shm_error_win32(err, GetLastError(), "map %llu bytes",
		                    (unsigned long long)room);
	else
		live->view_size = view_size(live->view);
	if (!r && is_found)
		r = check_existing(live, wants, err);
	if (r)
		close_section(live);
	return r;
}

/*
 * Makes sure that the section has room. One that is too small is replaced, unless others keep
 * it open.
 */
static int ensure_section(struct segment_live *live, const struct segment_draft *d, uint64_t wants,
                          struct shmpub_error *err)
{
	uint64_t room = d->room;

	if (room < wants) { /* no room was given, or it does not suffice */
		room = wants > ROOM_LEAST / ROOM_TIMES ? ROOM_TIMES * wants : ROOM_LEAST;
		if (room - wants > ROOM_MORE)
			room = wants + ROOM_MORE;
	}
	if (room < READERS_SIZE)
		room = READERS_SIZE;
	if (live->memory != 0 && live->view_size >= wants)
		return SHMPUB_OK;
	if (live->memory != 0 && has_other_users((HANDLE)live->memory))
		return refuse_too_small(err, live->view_size, wants);
	close_section(live);
	return open_section(live, d, room, wants, err);
}

/*
 * Commits at least READERS_SIZE bytes, even if a version is smaller: a reader that touches
 * memory which is not committed crashes.
 */
static int commit(struct segment_live *live, uint64_t wants, struct shmpub_error *err)
{
	if (wants < READERS_SIZE)
		wants = live->view_size < READERS_SIZE ? live->view_size : READERS_SIZE;
	if (shm_committed(live->view) >= wants)
		return SHMPUB_OK;
	if (VirtualAlloc(live->view, (size_t)wants, MEM_COMMIT, PAGE_READWRITE) == NULL)
		return shm_error_win32(err, GetLastError(), "commit %llu bytes",
		                       (unsigned long long)wants);
	return SHMPUB_OK;
}

/*
 * The barriers keep other processors from seeing the text of one version with the length of
 * another.
 */
static void overwrite(struct segment_live *live, const struct segment_draft *d)
{
	size_t word = d->word_size, size = d->bytes.size;

	memset(live->view, 0, word);
	MemoryBarrier();
	if (size > word) /* an array may be empty */
		memcpy(live->view + word, d->bytes.data + word, size - word);
	if (live->used > size)
		memset(live->view + size, 0, live->used - size);
	MemoryBarrier();
	if (word > 0)
		memcpy(live->view, d->bytes.data, word);
	live->used = size;
	live->word_size = word;
}

/* --- drafts ------------------------------------------------------------------------------------ */

int segment_begin(struct segment_draft *out, const struct segment_form *form,
                  struct shmpub_error *err)
{
	(void)err;
	*out = SEGMENT_DRAFT_NONE;
	snprintf(out->name, sizeof(out->name), "%s", form->name);
	out->access = form->access;
	out->word_size = form->word_size;
	out->room = form->room;
	return SHMPUB_OK;
}

int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err)
{
	return buffer_append(&d->bytes, bytes, err);
}

int segment_set_word(struct segment_draft *d, struct span word, struct shmpub_error *err)
{
	(void)err;
	memcpy(d->bytes.data, word.data, word.size);
	return SHMPUB_OK;
}

int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err)
{
	uint64_t wants = round_to_pages(d->bytes.size);
	int r = ensure_section(live, d, wants, err);

	if (!r)
		r = commit(live, wants, err);
	if (!r)
		r = segment_set_access(live, &d->access, err);
	live->lacks = r ? (size_t)wants : 0;
	if (!r)
		overwrite(live, d);
	segment_discard(d);
	return r;
}

void segment_discard(struct segment_draft *d)
{
	buffer_free(&d->bytes);
	*d = SEGMENT_DRAFT_NONE;
}

/* --- the life of a name ------------------------------------------------------------------------ */

/* Checks that the name may be ours, and that a version that did not fit would fit now. */
static int check_name(const struct segment_live *live, const char *name, struct shmpub_error *err)
{
	struct segment_live found = { .name = "" };
	wchar_t object[OBJECT_SIZE];
	HANDLE h;
	int r;

	if (live->memory != 0)
		return live->lacks > live->view_size && has_other_users((HANDLE)live->memory)
		               ? refuse_too_small(err, live->view_size, live->lacks)
		               : SHMPUB_OK;
	object_name(object, name, "");
	h = OpenFileMappingW(READ_CONTROL | SECTION_MAP_READ, FALSE, object);
	if (h == NULL)
		return GetLastError() == ERROR_FILE_NOT_FOUND ? SHMPUB_OK
		                                              : refuse(object, GetLastError(), err);
	found.memory = (intptr_t)h;
	found.view = MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0);
	found.view_size = found.view != NULL ? view_size(found.view) : 0;
	r = check_existing(&found, live->lacks, err);
	close_section(&found);
	return r;
}

int segment_claim(struct segment_live *live, const char *name, const char *place,
                  struct shmpub_error *err)
{
	const struct segment_live none = { .name = "" };
	bool is_ours = strcmp(live->name, name) == 0;
	HANDLE lock = NULL;
	int r = check_name(is_ours ? live : &none, name, err);

	if (r || is_ours)
		return r;
	r = take_claim(&lock, name, place, err);
	if (r)
		return r;
	segment_remove(live);
	snprintf(live->name, sizeof(live->name), "%s", name);
	live->lock = (intptr_t)lock;
	return SHMPUB_OK;
}

/*
 * The bytes are not compared: whoever may read them may change them, and spoils only other
 * readers of the segment.
 */
bool segment_stands(const struct segment_live *live)
{
	return live->memory != 0 && live->lacks == 0;
}

int segment_set_access(const struct segment_live *live, const struct shm_access *access,
                       struct shmpub_error *err)
{
	DWORD sys = live->memory != 0 ? shm_list_set((HANDLE)live->memory, &rights, access) : 0;

	return sys == 0 ? SHMPUB_OK : shm_error_win32(err, sys, "give the mapping its access list");
}

static void give_up_claim(struct segment_live *live)
{
	close_section(live);
	if (live->name[0] != '\0')
		CloseHandle((HANDLE)live->lock);
	*live = (struct segment_live){ .name = "" };
}

/* A reader that keeps the section finds the length 0, as if no version had been there. */
void segment_remove(struct segment_live *live)
{
	if (live->memory != 0)
		memset(live->view, 0, live->word_size);
	give_up_claim(live);
}

void segment_release(struct segment_live *live)
{
	give_up_claim(live);
}

/* Nothing to do: Windows removes the sections of a process that ends. */
void segment_sweep(const char *place, const char *instance,
                   bool (*wanted)(void *arg, const char *name), void *arg)
{
	(void)place;
	(void)instance;
	(void)wanted;
	(void)arg;
}
