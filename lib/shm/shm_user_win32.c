#include "shm/shm_win32.h"

#include <sddl.h>
#include <stdio.h>
#include <string.h>

/*
 * shm_user.h on Windows: a user is a SID, and so is a group.
 *
 * struct shm_access has a number for a group. So the groups that this process has looked up are in
 * a table, and the number is the index in it.
 */

#define SERVICE_RID 80 /* S-1-5-80-...: the accounts "NT SERVICE\name" */
#define SERVICE_PARTS 6
#define GROUPS_MAX 256

void shm_user_of_sid(struct shm_user *out, PSID sid)
{
	DWORD size = IsValidSid(sid) ? GetLengthSid(sid) : 0;

	*out = (struct shm_user){ 0 };
	if (size == 0 || size > SHM_USER_SIZE)
		return;
	out->size = size;
	memcpy(out->bytes, sid, size);
}

bool shm_user_equal(const struct shm_user *a, const struct shm_user *b)
{
	return a->size > 0 && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* --- this process ----------------------------------------------------------------------------- */

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static struct shm_user self; /* written once, under `once` */

static BOOL CALLBACK ask_self(PINIT_ONCE unused, PVOID arg, PVOID *context)
{
	union {
		TOKEN_USER user;
		uint8_t room[sizeof(TOKEN_USER) + SHM_USER_SIZE];
	} answer;
	HANDLE token;
	DWORD size;

	(void)unused, (void)arg, (void)context;
	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return TRUE; /* self stays nobody: no object will count as ours */
	if (GetTokenInformation(token, TokenUser, &answer, sizeof(answer), &size))
		shm_user_of_sid(&self, answer.user.User.Sid);
	CloseHandle(token);
	return TRUE;
}

void shm_user_self(struct shm_user *out)
{
	(void)InitOnceExecuteOnce(&once, ask_self, NULL, NULL);
	*out = self;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool find_number(struct shm_user *out, const wchar_t *name)
{
	PSID sid;

	if (_wcsnicmp(name, L"S-1-", 4) != 0 || !ConvertStringSidToSidW(name, &sid))
		return false;
	shm_user_of_sid(out, sid);
	LocalFree(sid);
	return out->size > 0;
}

static bool find_account(struct shm_user *out, const char *name)
{
	wchar_t text[SHM_USER_TEXT * 2], domain[256];
	struct shm_user sid;
	DWORD sid_size = sizeof(sid.bytes), domain_size = 256;
	SID_NAME_USE use;

	if (shm_wide(text, SHM_USER_TEXT * 2, name) == 0)
		return false;
	if (find_number(out, text))
		return true;
	if (!LookupAccountNameW(NULL, text, sid.bytes, &sid_size, domain, &domain_size, &use))
		return false;
	if (use == SidTypeDomain || use == SidTypeInvalid || use == SidTypeUnknown)
		return false;
	shm_user_of_sid(out, sid.bytes);
	return out->size > 0;
}

bool shm_user_find(struct shm_user *out, const char *name)
{
	return find_account(out, name);
}

void shm_user_number(char out[SHM_USER_TEXT], const struct shm_user *user)
{
	wchar_t *text;

	snprintf(out, SHM_USER_TEXT, "nobody");
	if (user->size == 0 || !ConvertSidToStringSidW(shm_sid(user), &text))
		return;
	(void)shm_narrow(out, SHM_USER_TEXT, text);
	LocalFree(text);
}

void shm_user_text(char out[SHM_USER_TEXT], const struct shm_user *user)
{
	wchar_t name[128], domain[128];
	DWORD name_size = 128, domain_size = 128;
	char number[SHM_USER_TEXT], account[SHM_USER_TEXT], place[SHM_USER_TEXT];
	SID_NAME_USE use;
	int n;

	shm_user_number(number, user);
	snprintf(out, SHM_USER_TEXT, "%s", number);
	if (user->size == 0 ||
	    !LookupAccountSidW(NULL, shm_sid(user), name, &name_size, domain, &domain_size, &use))
		return;
	if (!shm_narrow(account, sizeof(account), name) ||
	    !shm_narrow(place, sizeof(place), domain))
		return;
	n = snprintf(out, SHM_USER_TEXT, "%s%s%s (%s)", place, place[0] != '\0' ? "\\" : "",
	             account, number);
	if (n < 0 || n >= SHM_USER_TEXT)
		snprintf(out, SHM_USER_TEXT, "%s", number);
}

/* --- the system and services ------------------------------------------------------------------ */

static bool is_known(const struct shm_user *user, WELL_KNOWN_SID_TYPE type)
{
	return user->size > 0 && IsWellKnownSid(shm_sid(user), type);
}

/* An object that an administrator makes belongs to the group of administrators by default. */
bool shm_user_is_system(const struct shm_user *user)
{
	return is_known(user, WinLocalSystemSid) || is_known(user, WinBuiltinAdministratorsSid);
}

static bool is_service_account(const struct shm_user *user)
{
	static const SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
	PSID sid = shm_sid(user);

	return user->size > 0 && memcmp(GetSidIdentifierAuthority(sid), &nt, sizeof(nt)) == 0 &&
	       *GetSidSubAuthorityCount(sid) == SERVICE_PARTS &&
	       *GetSidSubAuthority(sid, 0) == SERVICE_RID;
}

bool shm_user_is_service(const struct shm_user *user)
{
	return is_known(user, WinLocalServiceSid) || is_known(user, WinNetworkServiceSid) ||
	       is_service_account(user);
}

/* --- groups ----------------------------------------------------------------------------------- */

static SRWLOCK lock = SRWLOCK_INIT; /* protects the table of groups */
static struct shm_user groups[GROUPS_MAX];
static int64_t n_groups;

static int64_t find_group(const struct shm_user *group)
{
	for (int64_t i = 0; i < n_groups; i++) {
		if (shm_user_equal(&groups[i], group))
			return i;
	}
	return -1;
}

int shm_group_find(int64_t *gid, const char *name, struct shmpub_error *err)
{
	struct shm_user group;

	if (!find_account(&group, name))
		return SHM_ABSENT;
	AcquireSRWLockExclusive(&lock);
	*gid = find_group(&group);
	if (*gid < 0 && n_groups < GROUPS_MAX) {
		groups[n_groups] = group;
		*gid = n_groups++;
	}
	ReleaseSRWLockExclusive(&lock);
	return *gid >= 0 ? SHMPUB_OK
	                 : error_set(err, SHMPUB_ERR_LIMIT, "more than %d groups", GROUPS_MAX);
}

bool shm_group_sid(struct shm_user *out, int64_t gid)
{
	bool is_there;

	AcquireSRWLockShared(&lock);
	is_there = gid >= 0 && gid < n_groups;
	if (is_there)
		*out = groups[gid];
	ReleaseSRWLockShared(&lock);
	return is_there;
}

int64_t shm_group_known(const struct shm_user *group)
{
	int64_t gid;

	AcquireSRWLockShared(&lock);
	gid = find_group(group);
	ReleaseSRWLockShared(&lock);
	return gid;
}
