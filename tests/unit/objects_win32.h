/*
 * What the tests of shm.h on Windows share: an instance of their own, its objects by their names, and
 * their access lists as text.
 */
#ifndef SHMPUB_TESTS_OBJECTS_WIN32_H
#define SHMPUB_TESTS_OBJECTS_WIN32_H

#include "shm/shm_win32.h"

#include "base/alloc.h"
#include "unit/check.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static struct shmpub_error err;
static char directory[64];
static const struct shm_access open_to_all = { .mode = 0644, .gid = -1 };

static inline struct shm_dir make_dir(void)
{
	struct shm_dir dir = SHM_DIR_NONE;

	CHECK_INT("make", shm_dir_make(&dir, directory, "unit", &err), 0);
	return dir;
}

static inline struct shm_dir open_dir(void)
{
	struct shm_dir dir = SHM_DIR_NONE;

	CHECK_INT("open", shm_dir_open(&dir, directory, "unit", &err), 0);
	return dir;
}

static inline struct shm_map make_map(const struct shm_dir *dir, const char *name, size_t size)
{
	struct shm_map map = SHM_MAP_NONE;

	if (shm_create(&map, dir, name, size, &open_to_all, &err) != 0)
		fprintf(stderr, "%s: %s\n", name, err.message);
	return map;
}

static inline void wide_name(wchar_t out[SHM_NAME_UNITS + 1], const char *leaf)
{
	_snwprintf(out, SHM_NAME_UNITS, L"%hs/shmpub.unit/%hs", directory, leaf);
}

static inline HANDLE open_leaf(const char *leaf, DWORD rights)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	HANDLE h;

	wide_name(name, leaf);
	h = OpenFileMappingW(rights, FALSE, name);
	return h != NULL ? h : OpenEventW(rights, FALSE, name);
}

/* The list of an object as text: (rights who), with the user of this process as ME. */
static inline const char *list_of(HANDLE h)
{
	static char text[600];
	uint8_t descriptor[2048];
	struct shm_user self;
	BOOL is_there, is_default;
	DWORD size;
	ACL *list;
	void *ace;

	text[0] = '\0';
	shm_user_self(&self);
	if (h == NULL ||
	    !GetKernelObjectSecurity(h, DACL_SECURITY_INFORMATION, descriptor, sizeof(descriptor),
	                             &size) ||
	    !GetSecurityDescriptorDacl(descriptor, &is_there, &list, &is_default) || !is_there)
		return text;
	for (DWORD i = 0; i < list->AceCount && GetAce(list, i, &ace); i++) {
		const ACCESS_ALLOWED_ACE *entry = ace;
		struct shm_user who;
		char number[SHM_USER_TEXT];
		size_t used = strlen(text);

		shm_user_of_sid(&who, (PSID)(uintptr_t)&entry->SidStart);
		shm_user_number(number, &who);
		snprintf(text + used, sizeof(text) - used, "(%lx %s)", entry->Mask,
		         shm_user_equal(&who, &self) ? "ME" : number);
	}
	return text;
}

#define SYSTEM "S-1-5-18"
#define EVERYBODY "S-1-1-0"
#define OWNER "(f001f ME)(f001f " SYSTEM ")"
#define READERS "20005"

/* Each in an instance of its own, with nothing of the heap left over. */
static inline int run_all(void (*const *tests)(void), size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(directory, sizeof(directory), "Local\\test.%lu.%d", GetCurrentProcessId(),
		         (int)i);
		tests[i]();
		CHECK_INT("memory given back", mem_live(), 0);
	}
	return check_report();
}

#endif
