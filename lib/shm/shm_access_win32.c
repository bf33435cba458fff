#include "shm/shm_win32.h"

#include <string.h>

/*
 * shm.h on Windows: who may read.
 *
 * The owner of each object is set to the user of this process; by default Windows would make all
 * administrators the owner of an administrator's objects. Each object has an access list that
 * inherits nothing: it grants all rights to that user and to the system, and reading to the users
 * that the mode allows to read. The bits of the mode mean the same as on Linux; the bit of the
 * group has no effect without a group.
 */

const struct shm_rights shm_section_rights = {
	.owner = SECTION_ALL_ACCESS,
	.readers = SECTION_QUERY | SECTION_MAP_READ | READ_CONTROL,
};
const struct shm_rights shm_event_rights = {
	.owner = EVENT_ALL_ACCESS,
	.readers = SYNCHRONIZE | READ_CONTROL,
};

#define MODE_GROUP 040u
#define MODE_OTHERS 04u

static bool known(struct shm_user *out, WELL_KNOWN_SID_TYPE type)
{
	DWORD size = SHM_USER_SIZE;

	*out = (struct shm_user){ 0 };
	if (!CreateWellKnownSid(type, NULL, out->bytes, &size))
		return false;
	out->size = size;
	return true;
}

static bool grant(ACL *list, const struct shm_user *user, DWORD rights)
{
	return AddAccessAllowedAce(list, ACL_REVISION, rights, shm_sid(user));
}

static bool grant_owner(ACL *list, DWORD rights)
{
	struct shm_user me, system;

	shm_user_self(&me);
	return me.size > 0 && known(&system, WinLocalSystemSid) && grant(list, &me, rights) &&
	       grant(list, &system, rights);
}

static bool grant_readers(ACL *list, DWORD rights, const struct shm_access *access)
{
	struct shm_user everybody, group;

	if ((access->mode & MODE_OTHERS) != 0)
		return known(&everybody, WinWorldSid) && grant(list, &everybody, rights);
	if ((access->mode & MODE_GROUP) == 0 || access->gid < 0)
		return true;
	if (shm_group_sid(&group, access->gid))
		return grant(list, &group, rights);
	SetLastError(ERROR_NO_SUCH_GROUP);
	return false;
}

static bool fill(struct shm_list *out, const struct shm_rights *rights,
                 const struct shm_access *access)
{
	SECURITY_DESCRIPTOR *descriptor = &out->descriptor;

	shm_user_self(&out->owner);
	if (!InitializeAcl(&out->acl.list, sizeof(out->acl), ACL_REVISION) ||
	    !grant_owner(&out->acl.list, rights->owner))
		return false;
	if (access != NULL && !grant_readers(&out->acl.list, rights->readers, access))
		return false;
	if (!InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION) ||
	    !SetSecurityDescriptorOwner(descriptor, shm_sid(&out->owner), FALSE) ||
	    !SetSecurityDescriptorDacl(descriptor, TRUE, &out->acl.list, FALSE) ||
	    !SetSecurityDescriptorControl(descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED))
		return false;
	out->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof(out->attributes),
		                                 .lpSecurityDescriptor = descriptor };
	return true;
}

int shm_list_init(struct shm_list *out, const struct shm_rights *rights,
                  const struct shm_access *access, struct shmpub_error *err)
{
	return fill(out, rights, access)
	               ? SHMPUB_OK
	               : shm_error_win32(err, GetLastError(), "make an access list");
}

DWORD shm_list_set(HANDLE object, const struct shm_rights *rights, const struct shm_access *access)
{
	struct shm_list list;

	if (!fill(&list, rights, access) ||
	    !SetKernelObjectSecurity(object, DACL_SECURITY_INFORMATION, &list.descriptor))
		return GetLastError();
	return 0;
}

/* --- reading back ----------------------------------------------------------------------------- */

/*
 * Add to the mode what this entry of an access list grants. gid becomes -1 when shm_group_find()
 * was not asked for the group.
 */
static void take_entry(struct shm_stat *out, const ACCESS_ALLOWED_ACE *entry)
{
	struct shm_user user, self;
	int64_t gid;

	if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
	    (entry->Mask & SECTION_MAP_READ) == 0)
		return;
	shm_user_of_sid(&user, (PSID)(uintptr_t)&entry->SidStart);
	shm_user_self(&self);
	if (user.size == 0 || shm_user_equal(&user, &self) || shm_user_is_system(&user))
		return;
	gid = shm_group_known(&user);
	if (IsWellKnownSid(shm_sid(&user), WinWorldSid)) {
		out->mode |= MODE_GROUP | MODE_OTHERS;
	} else if (!shm_user_equal(&user, &out->owner)) {
		out->mode |= MODE_GROUP;
		out->gid = gid;
	}
}

static void take_list(struct shm_stat *out, PSECURITY_DESCRIPTOR descriptor)
{
	BOOL is_there, is_default;
	void *entry;
	ACL *list;

	out->mode = 0600;
	out->gid = -1;
	if (!GetSecurityDescriptorDacl(descriptor, &is_there, &list, &is_default))
		return;
	if (!is_there || list == NULL) { /* without a list everybody has access */
		out->mode = 0666;
		return;
	}
	for (DWORD i = 0; i < list->AceCount && GetAce(list, i, &entry); i++)
		take_entry(out, entry);
}

#define DESCRIPTOR_SIZE 2048u

DWORD shm_list_get(struct shm_stat *out, HANDLE object)
{
	union {
		SECURITY_DESCRIPTOR align;
		uint8_t room[DESCRIPTOR_SIZE];
	} descriptor;
	BOOL is_default;
	DWORD size;
	PSID owner;

	out->owner = (struct shm_user){ 0 };
	if (!GetKernelObjectSecurity(object, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
	                             &descriptor, sizeof(descriptor), &size) ||
	    !GetSecurityDescriptorOwner(&descriptor, &owner, &is_default))
		return GetLastError();
	if (owner != NULL)
		shm_user_of_sid(&out->owner, owner);
	take_list(out, &descriptor);
	return 0;
}

int shm_check_ours(HANDLE object, const char *what, struct shmpub_error *err)
{
	char owner[SHM_USER_TEXT], me[SHM_USER_TEXT];
	struct shm_user self;
	struct shm_stat stat;
	DWORD sys = shm_list_get(&stat, object);

	if (sys != 0)
		return shm_error_win32(err, sys, "%s: ask for its owner", what);
	shm_user_self(&self);
	if (shm_user_equal(&stat.owner, &self) || shm_user_is_system(&stat.owner))
		return SHMPUB_OK;
	shm_user_text(owner, &stat.owner);
	shm_user_text(me, &self);
	return error_set(err, SHMPUB_ERR_OWNER, "%s belongs to %s, not to %s", what, owner, me);
}
