#include "info_holders.h"

#include <stdio.h>
#include "human.h"

static void what_row(struct align *t, const struct holder *h)
{
	if (h->n_older == 0)
		align_str(t, "the newest");
	else
		align_printf(t, "%s%u older", h->has_newest ? "the newest, " : "", h->n_older);
}

void info_holder_rows(struct align *t, const struct holders *h)
{
	char size[HUMAN_SIZE];

	t->layout = "rllrl";
	align_str(t, "PID");
	align_str(t, "USER");
	align_str(t, "COMMAND");
	align_str(t, "HOLDS");
	align_str(t, "SNAPSHOTS");
	for (size_t i = 0; i < h->n; i++) {
		const struct holder *one = &h->list[i];

		align_printf(t, "%llu", (unsigned long long)one->pid);
		align_cell(t, span_str(one->user));
		align_cell(t, span_str(one->command));
		human_size(size, one->bytes);
		align_str(t, size);
		what_row(t, one);
	}
}

void info_holder_members(struct json *j, const struct holders *h)
{
	json_key(j, span_str("holders"));
	json_open(j, '[');
	for (size_t i = 0; i < h->n; i++) {
		json_open(j, '{');
		json_member_uint(j, "pid", h->list[i].pid);
		json_member_string(j, "user", span_str(h->list[i].user));
		json_member_string(j, "command", span_str(h->list[i].command));
		json_member_uint(j, "bytes", h->list[i].bytes);
		json_member_uint(j, "newest", h->list[i].has_newest);
		json_member_uint(j, "older", h->list[i].n_older);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_member_uint(j, "holders_hidden", h->n_hidden);
}
