#include "value/token.h"
#include "value/lexer.h"
#include "value/scan.h"

/*
 * The words of dates, and numbers. The words are dateutil's (`parserinfo`).
 */

#define WORD(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct span months[] = { WORD("jan"), WORD("feb"), WORD("mar"), WORD("apr"),
	                              WORD("may"), WORD("jun"), WORD("jul"), WORD("aug"),
	                              WORD("sep"), WORD("oct"), WORD("nov"), WORD("dec") };
static const struct span long_months[] = { WORD("january"), WORD("february"), WORD("march"),
	                                   WORD("april"),   WORD("may"),      WORD("june"),
	                                   WORD("july"),    WORD("august"),   WORD("september"),
	                                   WORD("october"), WORD("november"), WORD("december") };
static const struct span weekdays[] = { WORD("mon"), WORD("tue"), WORD("wed"), WORD("thu"),
	                                WORD("fri"), WORD("sat"), WORD("sun") };
static const struct span long_weekdays[] = { WORD("monday"),   WORD("tuesday"), WORD("wednesday"),
	                                     WORD("thursday"), WORD("friday"),  WORD("saturday"),
	                                     WORD("sunday") };
static const struct span jumps[] = { WORD(" "),  WORD("."),  WORD(","),  WORD(";"),  WORD("-"),
	                             WORD("/"),  WORD("'"),  WORD("at"), WORD("on"), WORD("and"),
	                             WORD("ad"), WORD("m"),  WORD("t"),  WORD("of"), WORD("st"),
	                             WORD("nd"), WORD("rd"), WORD("th") };
static const struct span hms_words[] = { WORD("h"),     WORD("m"),       WORD("s"),
	                                 WORD("hour"),  WORD("minute"),  WORD("second"),
	                                 WORD("hours"), WORD("minutes"), WORD("seconds") };

static int32_t find(struct span token, const struct span *words, size_t n)
{
	/* Most questions are about numbers. */
	if (token.size == 0 || scan_is_digit(token.data[0]))
		return TOKEN_NONE;
	for (size_t i = 0; i < n; i++) {
		if (scan_is_word(token, words[i].data, words[i].size))
			return (int32_t)i;
	}
	return TOKEN_NONE;
}

#define FIND(token, words) find(token, words, ARRAY_LEN(words))

static size_t n_digits(struct span text)
{
	size_t n = 0;

	while (n < text.size && scan_is_digit(text.data[n]))
		n++;
	return n;
}

bool token_is_number(struct span token)
{
	size_t n = n_digits(token);

	if (n == 0 || n == token.size)
		return n > 0;
	if (token.data[n] != '.' && token.data[n] != ',')
		return false;
	token = span_of(token.data + n + 1, token.size - n - 1);
	return token.size > 0 && n_digits(token) == token.size;
}

bool token_is_whole(struct span token)
{
	return token.size > 0 && n_digits(token) == token.size;
}

bool token_is_byte(struct span token, char c)
{
	return token.size == 1 && token.data[0] == c;
}

int32_t token_month(struct span token)
{
	int32_t i = FIND(token, months);

	if (i == TOKEN_NONE)
		i = FIND(token, long_months);
	if (i == TOKEN_NONE && scan_is_word(token, "sept", 4))
		i = 8;
	return i == TOKEN_NONE ? TOKEN_NONE : i + 1;
}

int32_t token_weekday(struct span token)
{
	int32_t i = FIND(token, weekdays);

	return i == TOKEN_NONE ? FIND(token, long_weekdays) : i;
}

int32_t token_ampm(struct span token)
{
	if (scan_is_word(token, "am", 2) || scan_is_word(token, "a", 1))
		return 0;
	if (scan_is_word(token, "pm", 2) || scan_is_word(token, "p", 1))
		return 1;
	return TOKEN_NONE;
}

/* 0: hours, 1: minutes, 2: seconds. */
int32_t token_hms(struct span token)
{
	int32_t i = FIND(token, hms_words);

	return i == TOKEN_NONE ? TOKEN_NONE : i % 3;
}

bool token_is_space(struct span token)
{
	return token.size > 0 && lexer_space(token.data, token.data + token.size) == token.size;
}

/* "m" and "t" are jumps too; so is every white space. */
bool token_is_jump(struct span token)
{
	return FIND(token, jumps) != TOKEN_NONE || token_is_space(token);
}

bool token_is_not_finite(struct span token)
{
	return scan_is_word(token, "nan", 3) || scan_is_word(token, "inf", 3) ||
	       scan_is_word(token, "infinity", 8);
}

bool token_whole(int32_t *out, struct span digits)
{
	int64_t value = 0;

	if (!token_is_whole(digits))
		return false;
	for (size_t i = 0; i < digits.size && value < TOKEN_HUGE; i++)
		value = value * 10 + (digits.data[i] - '0');
	*out = value < TOKEN_HUGE ? (int32_t)value : TOKEN_HUGE;
	return true;
}
