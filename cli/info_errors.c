#include "info_errors.h"

#include "base/error.h"
#include "human.h"

static void ago_cell(struct align *t, int64_t since_ns, int64_t now_ns)
{
	char age[HUMAN_SIZE];

	human_age(age, now_ns - since_ns);
	align_printf(t, "%s ago", age);
}

void info_error_rows(struct align *t, const struct info_errors *e, int64_t now_ns)
{
	t->layout = "rlll";
	align_str(t, "TIMES");
	align_str(t, "FIRST");
	align_str(t, "LAST");
	align_str(t, "ERROR");
	for (size_t i = 0; i < e->n; i++) {
		align_printf(t, "%llu", (unsigned long long)e->list[i].count);
		ago_cell(t, e->list[i].first_ns, now_ns);
		ago_cell(t, e->list[i].last_ns, now_ns);
		align_str(t, e->list[i].text);
	}
}

void info_error_members(struct json *j, const struct info_errors *e)
{
	json_key(j, span_str("errors"));
	json_open(j, '[');
	for (size_t i = 0; i < e->n; i++) {
		json_open(j, '{');
		json_member_string(j, "text", span_str(e->list[i].text));
		json_member_string(j, "code", span_str(error_code_name(e->list[i].code)));
		json_member_uint(j, "line", e->list[i].line);
		json_member_uint(j, "count", e->list[i].count);
		json_member_int(j, "first_ns", e->list[i].first_ns);
		json_member_int(j, "last_ns", e->list[i].last_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
}
