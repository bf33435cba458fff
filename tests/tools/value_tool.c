/*
 * What lib/value makes of texts, for tests that compare it with pandas.
 *
 * Reads lines "QUESTION ARGUMENT TEXT", ARGUMENT and TEXT in hexadecimal ("-": empty),
 * and answers each with one line. Questions: int, uint, float (argument: decimal and
 * thousands byte, or empty), bool, na, pyint, iso, guess, strptime (argument: the
 * format), infer (argument: the first value). repr (TEXT: a double's
 * bits). A guess is answered in hexadecimal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "strptime.h"
#include "value/format.h"
#include "value/value.h"

static struct span unhex(char *hex)
{
	size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		sscanf(hex + 2 * i, "%2x", &byte);
		hex[i] = (char)byte;
	}
	return span_of(hex, n);
}

static struct value_rules rules_of(struct span argument)
{
	struct value_rules rules = VALUE_RULES_NONE;

	if (argument.size > 0)
		rules.decimal = argument.data[0];
	if (argument.size > 1)
		rules.thousands = argument.data[1];
	return rules;
}

static void say_integer(struct span argument, struct span text, bool is_unsigned)
{
	const struct value_rules rules = rules_of(argument);
	int64_t value = 0;
	uint64_t bits = 0;

	if (is_unsigned) {
		int answer = (int)value_uint_rules(&bits, text, &rules);

		printf("%d %" PRIu64 "\n", answer, answer == UINT_VALUE ? bits : 0);
	} else {
		int answer = (int)value_int_rules(&value, text, &rules);

		if (answer == INT_UNSIGNED)
			printf("%d %" PRIu64 "\n", answer, (uint64_t)value);
		else
			printf("%d %" PRId64 "\n", answer, answer == INT_SIGNED ? value : 0);
	}
}

static void say_float(struct span argument, struct span text)
{
	const struct value_rules rules = rules_of(argument);
	double value = 0;
	uint64_t bits;
	bool ok = argument.size ? value_float_rules(&value, text, &rules)
	                        : value_float(&value, text);

	memcpy(&bits, &value, sizeof(bits));
	if (ok)
		printf("%016" PRIx64 "\n", bits);
	else
		puts("none");
}

static void say_timestamp(bool ok, const struct timestamp *t)
{
	int64_t value = 0;

	if (!ok || !timestamp_to_unit(&value, t, timestamp_unit(t))) {
		puts("none");
		return;
	}
	printf("%s %" PRId64 " ", timestamp_unit(t) == SHMPUB_NANOSECOND ? "ns" : "us", value);
	if (t->has_zone)
		printf("%d\n", (int)t->offset_s);
	else
		puts("naive");
}

/* TEXT: the double's bits, most significant byte first. */
static void say_repr(struct span text)
{
	char out[FORMAT_MAX];
	uint64_t bits = 0;
	double value;

	for (size_t i = 0; i < text.size; i++)
		bits = bits << 8 | (unsigned char)text.data[i];
	memcpy(&value, &bits, sizeof(value));
	printf("%.*s\n", (int)format_float64(out, value), out);
}

static void answer(const char *question, struct span argument, struct span text)
{
	struct timestamp t = { 0 };
	struct date_format format;
	bool flag = false;

	if (strcmp(question, "int") == 0) {
		say_integer(argument, text, false);
	} else if (strcmp(question, "uint") == 0) {
		say_integer(argument, text, true);
	} else if (strcmp(question, "float") == 0) {
		say_float(argument, text);
	} else if (strcmp(question, "bool") == 0) {
		puts(!value_bool(&flag, text) ? "none" : flag ? "true" : "false");
	} else if (strcmp(question, "na") == 0) {
		puts(value_is_na(text) ? "na" : "none");
	} else if (strcmp(question, "pyint") == 0) {
		char *out = malloc(text.size + 1);
		size_t n = value_python_int(out, text);

		printf("%.*s\n", n ? (int)n : 4, n ? out : "none");
		free(out);
	} else if (strcmp(question, "iso") == 0) {
		say_timestamp(value_iso8601(&t, text), &t);
	} else if (strcmp(question, "guess") == 0) {
		char out[128];
		size_t n = date_format_guess(out, sizeof(out), text);

		for (size_t i = 0; i < n; i++)
			printf("%02x", (unsigned char)out[i]);
		puts(n ? "" : "none");
	} else if (strcmp(question, "strptime") == 0) {
		say_timestamp(value_strptime(&t, text, argument), &t);
	} else if (strcmp(question, "infer") == 0) {
		say_timestamp(date_format_infer(&format, argument) &&
		                      date_parse(&t, &format, NULL, text),
		              &t);
	} else if (strcmp(question, "repr") == 0) {
		say_repr(text);
	} else {
		puts("?");
	}
}

int main(void)
{
	static char line[1 << 20]; /* those of tests/differential are far shorter */

	stdio_is_binary();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *question = strtok(line, " \n");
		char *argument = strtok(NULL, " \n");
		char *text = strtok(NULL, " \n");

		if (!question || !argument || !text)
			return 2;
		answer(question, unhex(argument), unhex(text));
	}
	return 0;
}
