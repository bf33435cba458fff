#include "source_readers_win32.h"

#include <aclapi.h>

static bool is_everybody(PSID sid)
{
	return IsWellKnownSid(sid, WinWorldSid) || IsWellKnownSid(sid, WinAuthenticatedUserSid) ||
	       IsWellKnownSid(sid, WinBuiltinUsersSid);
}

static bool lets_read(DWORD rights)
{
	return (rights & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL)) != 0;
}

/* False also for a list that shuts somebody out, or has an entry of an unknown kind. */
static bool is_open_list(PACL list)
{
	bool is_open = false;
	void *at;

	for (DWORD i = 0; i < list->AceCount; i++) {
		const ACE_HEADER *head;

		if (!GetAce(list, i, &at))
			return false;
		head = at;
		if (head->AceFlags & INHERIT_ONLY_ACE)
			continue;
		if (head->AceType == ACCESS_ALLOWED_ACE_TYPE) {
			ACCESS_ALLOWED_ACE *allowed = at;

			is_open |= lets_read(allowed->Mask) && is_everybody(&allowed->SidStart);
		} else if (head->AceType != ACCESS_DENIED_ACE_TYPE ||
		           lets_read(((ACCESS_DENIED_ACE *)at)->Mask)) {
			return false;
		}
	}
	return is_open;
}

/* The room is for later versions of Windows, which may ask for a longer structure. */
static bool is_remote(HANDLE h)
{
	union {
		FILE_REMOTE_PROTOCOL_INFO info;
		uint64_t room[64];
	} answer;

	return GetFileInformationByHandleEx(h, FileRemoteProtocolInfo, &answer, sizeof(answer));
}

/*
 * The mode is 0644 if everybody, or every user of the machine or domain, may read the file. A file
 * has no group of its own here, so in all other cases only the daemon's user may read; `group =`
 * in the configuration names a group.
 *
 * The list of a file on a share does not tell enough: its "Users" are the users of the server, and
 * the share has a list of its own. Such a file counts as readable by the daemon's user only.
 */
void source_set_readers(struct source_mark *m, HANDLE h)
{
	PSECURITY_DESCRIPTOR whole = NULL;
	PACL list = NULL;
	bool is_open = false;

	if (GetSecurityInfo(h, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL,
	                    &whole) == ERROR_SUCCESS)
		is_open = list == NULL ||
		          is_open_list(list); /* without a list everybody may read */
	is_open = is_open && !is_remote(h);
	LocalFree(whole);
	m->mode = is_open ? 0644 : 0600;
	m->readers = (struct shm_access){ .mode = m->mode, .gid = -1 };
}
