#include "shm/shm.h"

#include "unit/objects_win32.h"

/*
 * shm.h on Windows, in one process: names of instances and names in them, users, and who may read.
 */

/* --- names of instances -------------------------------------------------------------------------- */

static const struct {
	const char *label, *directory, *instance;
	int want;
	const char *path;
} places[] = {
	{ "Local", "Local", "a", 0, "Local\\shmpub.a" },
	{ "a folder of Local", "Local\\t\\u", "a", 0, "Local\\t/u/shmpub.a" },
	{ "Global", "Global", "t9", 0, "Global\\shmpub.t9" },
	{ "a folder of Global", "Global\\t", "a", 0, "Global\\t/shmpub.a" },
	{ "any text", "C:\\Users\\\xc3\xa4", "a", 0, "Local\\C:/Users/\xc3\xa4/shmpub.a" },
	{ "a path of Linux", "/dev/shm", "a", 0, "Local\\/dev/shm/shmpub.a" },
	{ "no UTF-8", "\xff", "a", SHMPUB_ERR_INVALID, "" },
	{ "a bad instance", "Local", "a/b", SHMPUB_ERR_INVALID, "" },
	{ "too long",
	  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
	  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
	  "01234567890123456789012345678901234567890",
	  "a", SHMPUB_ERR_INVALID, "" },
};

static void test_places(void)
{
	struct shm_dir dir, reader;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CHECK_INT(places[i].label,
		          shm_dir_make(&dir, places[i].directory, places[i].instance, &err),
		          places[i].want);
		CHECK_STR(places[i].label, dir.path, places[i].path);
		if (places[i].want != 0)
			continue;
		CHECK_INT(places[i].label,
		          shm_dir_open(&reader, places[i].directory, places[i].instance, &err), 0);
		CHECK_STR(places[i].label, reader.path, places[i].path);
		shm_dir_close(&reader);
		shm_dir_close(&dir);
		CHECK_INT(places[i].label,
		          shm_dir_open(&reader, places[i].directory, places[i].instance, &err),
		          SHM_ABSENT);
	}
}

static void test_auto(void)
{
	struct shm_dir dir, reader, local;
	struct shm_map map;
	bool exchanged;

	CHECK_INT("Local", shm_dir_make(&local, "Local", "unit-auto", &err), 0);
	CHECK_INT("a reader finds it", shm_dir_open(&reader, "auto", "unit-auto", &err), 0);
	CHECK_STR("there", reader.path, "Local\\shmpub.unit-auto");
	CHECK_INT("auto", shm_dir_make(&dir, "auto", "unit-auto", &err), 0);
	shm_dir_close(&reader);
	CHECK_INT("a reader", shm_dir_open(&reader, "auto", "unit-auto", &err), 0);
	CHECK_STR("goes by what leads to a catalog", reader.path, local.path);
	shm_dir_close(&reader);
	CHECK_INT("a catalog", shm_create(&map, &dir, ".catalog", 4096, &open_to_all, &err), 0);
	CHECK_INT("in place", shm_place(&dir, ".catalog", "catalog", &exchanged, &err), 0);
	CHECK_INT("a reader", shm_dir_open(&reader, "auto", "unit-auto", &err), 0);
	CHECK_STR("finds the same", reader.path, dir.path);
	shm_discard(&map);
	shm_dir_close(&reader);
	shm_dir_close(&dir);
	shm_dir_close(&local);
}

/* --- the table of names -------------------------------------------------------------------------- */

static void remove_each(void *arg, const char *name)
{
	(void)shm_remove(arg, name, NULL);
}

static void count_each(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
}

static int count(const struct shm_dir *dir)
{
	int n = 0;

	CHECK_INT("each", shm_dir_each(dir, count_each, &n, &err), 0);
	return n;
}

static void test_names(void)
{
	struct shm_dir dir = make_dir();
	struct shm_map a = make_map(&dir, ".a", 10), b = make_map(&dir, ".b", 20), c;
	struct shm_stat stat;
	bool exchanged;

	CHECK_INT("taken", shm_create(&c, &dir, ".a", 1, &open_to_all, &err), SHMPUB_ERR_SYS);
	CHECK("numbers grow", b.number > a.number);
	CHECK_INT("place", shm_place(&dir, ".a", "x", &exchanged, &err), 0);
	CHECK("nothing was there", !exchanged);
	CHECK_INT("hidden no more", shm_stat_name(&stat, &dir, ".a", &err), SHM_ABSENT);
	CHECK("stands", shm_map_is_in_place(&a, &dir, "x"));
	CHECK_INT("place", shm_place(&dir, ".b", "x", &exchanged, &err), 0);
	CHECK("exchanged", exchanged && shm_map_is_in_place(&b, &dir, "x"));
	CHECK("the old one is hidden", shm_map_is_in_place(&a, &dir, ".b"));
	CHECK_INT("size", shm_stat_name(&stat, &dir, "x", &err), 0);
	CHECK_INT("is b's", stat.size, 20);
	CHECK_INT("none", shm_place(&dir, ".c", "x", &exchanged, &err), SHMPUB_ERR_SYS);
	for (int i = 0; i < 3000; i++) {
		char name[16];

		snprintf(name, sizeof(name), ".%d", i);
		c = make_map(&dir, name, 1);
		shm_discard(&c);
	}
	CHECK_INT("many", count(&dir), 3002);
	CHECK_INT("each may go", shm_dir_each(&dir, remove_each, &dir, &err), 0);
	CHECK_INT("none left", count(&dir), 0);
	CHECK_INT("once more", shm_remove(&dir, "x", &err), 0);
	shm_discard(&a);
	shm_discard(&b);
	shm_dir_close(&dir);
}

static void test_catalog_name(void)
{
	struct shm_dir dir = make_dir(), reader = open_dir();
	struct shm_map map, seen, next;
	struct shm_stat stat;
	bool exchanged;

	CHECK_INT("none yet", shm_map_read(&seen, &stat, &reader, "catalog", &err), SHM_ABSENT);
	CHECK_INT("none yet", shm_stat_name(&stat, &reader, "catalog", &err), SHM_ABSENT);
	CHECK_INT("catalog",
	          shm_create_sparse(&map, &dir, ".new", 100 * KIB, 1, &open_to_all, &err), 0);
	memset(map.addr, 'c', 100 * KIB);
	CHECK_INT("open it", shm_access_set(&map, &open_to_all, &err), 0);
	CHECK_INT("place", shm_place(&dir, ".new", "catalog", &exchanged, &err), 0);
	CHECK_INT("read", shm_map_read(&seen, &stat, &reader, "catalog", &err), 0);
	CHECK_INT("whole", seen.size, 100 * KIB);
	CHECK_INT("it", stat.id.number, map.number);
	CHECK_INT("mode", stat.mode, 0644);
	CHECK_INT("told", shm_stat_name(&stat, &reader, "catalog", &err), 0);
	CHECK_INT("it", stat.id.number, map.number);
	CHECK_INT("other names are not for readers",
	          shm_map_read(&next, &stat, &reader, ".new", &err), SHM_ABSENT);
	next = make_map(&dir, ".next", KIB);
	CHECK_INT("replace", shm_place(&dir, ".next", "catalog", &exchanged, &err), 0);
	CHECK_INT("told", shm_stat_name(&stat, &reader, "catalog", &err), 0);
	CHECK_INT("the next", stat.id.number, next.number);
	CHECK_INT("remove", shm_remove(&dir, "catalog", &err), 0);
	CHECK_INT("away", shm_stat_name(&stat, &reader, "catalog", &err), SHM_ABSENT);
	CHECK("what is mapped stays", ((char *)seen.addr)[100 * KIB - 1] == 'c');
	shm_discard(&seen);
	shm_discard(&next);
	shm_discard(&map);
	shm_dir_close(&reader);
	shm_dir_close(&dir);
}

/* --- who may read -------------------------------------------------------------------------------- */

static void test_lists(void)
{
	struct shm_dir dir = make_dir();
	struct shm_access access = open_to_all;
	struct shm_map map = make_map(&dir, ".a", KIB);
	struct shm_stat stat;
	HANDLE h = open_leaf("catalog", READ_CONTROL);

	CHECK_STR("root page", list_of(h), OWNER "(" READERS " " EVERYBODY ")");
	CloseHandle(h);
	CHECK_STR("not sealed", list_of(shm_handle(map.fd)), OWNER);
	CHECK_INT("seal", shm_seal(&map, KIB, &access, &err), 0);
	CHECK_STR("for all", list_of(shm_handle(map.fd)), OWNER "(" READERS " " EVERYBODY ")");
	CHECK_INT("by handle", shm_list_get(&stat, shm_handle(map.fd)), 0);
	CHECK_INT("mode", stat.mode, 0644);
	access.mode = 0600;
	CHECK_INT("narrow", shm_access_set_name(&dir, ".a", &(struct shm_id){ 0 }, &access, &err),
	          SHM_ABSENT);
	CHECK_INT("stat", shm_stat_name(&stat, &dir, ".a", &err), 0);
	CHECK_INT("narrow", shm_access_set_name(&dir, ".a", &stat.id, &access, &err), 0);
	CHECK_STR("for me", list_of(shm_handle(map.fd)), OWNER);
	CHECK_INT("group", shm_group_find(&access.gid, "S-1-5-11", &err), 0);
	access.mode = 0640;
	CHECK_INT("for a group", shm_access_set(&map, &access, &err), 0);
	CHECK_STR("for a group", list_of(shm_handle(map.fd)), OWNER "(" READERS " S-1-5-11)");
	CHECK_INT("by handle", shm_list_get(&stat, shm_handle(map.fd)), 0);
	CHECK_INT("mode", stat.mode, 0640);
	CHECK_INT("group", stat.gid, access.gid);
	access.gid = 77;
	CHECK("unknown group", shm_access_set(&map, &access, &err) != 0);
	shm_discard(&map);
	shm_dir_close(&dir);
}

static void test_users(void)
{
	struct shm_user user, self;
	char text[SHM_USER_TEXT];
	int64_t a, b;

	shm_user_self(&self);
	CHECK("aligned, as the kernel wants it", (uintptr_t)shm_sid(&self) % 4 == 0);
	CHECK("self", self.size > 0 && !shm_user_is_service(&self));
	shm_user_number(text, &self);
	CHECK("by number", shm_user_find(&user, text) && shm_user_equal(&user, &self));
	shm_user_text(text, &self);
	CHECK("as text", strstr(text, " (S-1-5-") != NULL);
	CHECK("system", shm_user_find(&user, "S-1-5-18") && shm_user_is_system(&user));
	CHECK("administrators", shm_user_find(&user, "S-1-5-32-544") && shm_user_is_system(&user));
	CHECK("service", shm_user_find(&user, "S-1-5-19") && shm_user_is_service(&user));
	CHECK("network service", shm_user_find(&user, "S-1-5-20") && shm_user_is_service(&user));
	CHECK("a service's own",
	      shm_user_find(&user, "S-1-5-80-1-2-3-4-5") && shm_user_is_service(&user));
	CHECK("everybody is none", shm_user_find(&user, "S-1-1-0") && !shm_user_is_service(&user) &&
	                                   !shm_user_is_system(&user));
	CHECK("nobody", !shm_user_find(&user, "no such user here"));
	CHECK("empty", !shm_user_find(&user, ""));
	CHECK("no number", !shm_user_find(&user, "S-1-"));
	CHECK_INT("group", shm_group_find(&a, "S-1-5-32-545", &err), 0);
	CHECK_INT("group", shm_group_find(&b, "S-1-5-32-545", &err), 0);
	CHECK_INT("the same", a, b);
	CHECK_INT("none", shm_group_find(&b, "no such group here", &err), SHM_ABSENT);
}

static void (*const tests[])(void) = {
	test_places, test_auto, test_names, test_catalog_name, test_lists, test_users,
};

int main(void)
{
	return run_all(tests, sizeof(tests) / sizeof(tests[0]));
}
