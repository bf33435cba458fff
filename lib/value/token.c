#include "value/token.h"
#include "value/lexer.h"
#include "value/scan.h"

/*
 * Numbers, and the words of dates, which are dateutil's (`parserinfo`).
 */

#define WORD(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

const struct span token_month_names[12] = { WORD("january"), WORD("february"), WORD("march"),
	                                    WORD("april"),   WORD("may"),      WORD("june"),
	                                    WORD("july"),    WORD("august"),   WORD("september"),
	                                    WORD("october"), WORD("november"), WORD("december") };
const struct span token_weekday_names[7] = { WORD("monday"),   WORD("tuesday"), WORD("wednesday"),
	                                     WORD("thursday"), WORD("friday"),  WORD("saturday"),
	                                     WORD("sunday") };
static const struct span jumps[] = { WORD(" "),  WORD("."),  WORD(","),  WORD(";"),  WORD("-"),
	                             WORD("/"),  WORD("'"),  WORD("at"), WORD("on"), WORD("and"),
	                             WORD("ad"), WORD("m"),  WORD("t"),  WORD("of"), WORD("st"),
	                             WORD("nd"), WORD("rd"), WORD("th") };
static const struct span hms_words[] = { WORD("h"),     WORD("m"),       WORD("s"),
	                                 WORD("hour"),  WORD("minute"),  WORD("second"),
	                                 WORD("hours"), WORD("minutes"), WORD("seconds") };

static int32_t find_word(struct span token, const struct span *words, size_t n)
{
	/* Most tokens are numbers, and no word begins with a digit. */
	if (token.size == 0 || scan_is_digit(token.data[0]))
		return TOKEN_NONE;
	for (size_t i = 0; i < n; i++) {
		if (scan_is_word(token, words[i].data, words[i].size))
			return (int32_t)i;
	}
	return TOKEN_NONE;
}

/* As find_word(), for names that may be written with their first three letters only. */
static int32_t find_name(struct span token, const struct span *names, size_t n)
{
	for (size_t i = 0; token.size == 3 && i < n; i++) {
		if (scan_is_word(token, names[i].data, 3))
			return (int32_t)i;
	}
	return find_word(token, names, n);
}

#define FIND(find, token, words) find(token, words, ARRAY_LEN(words))

bool token_is_number(struct span token)
{
	size_t n = scan_count_digits(token);

	if (n == 0 || n == token.size)
		return n > 0;
	if (token.data[n] != '.' && token.data[n] != ',')
		return false;
	token = span_of(token.data + n + 1, token.size - n - 1);
	return token_is_whole(token);
}

bool token_is_whole(struct span token)
{
	return token.size > 0 && scan_count_digits(token) == token.size;
}

bool token_is_byte(struct span token, char c)
{
	return token.size == 1 && token.data[0] == c;
}

int32_t token_month(struct span token)
{
	int32_t i = FIND(find_name, token, token_month_names);

	if (i == TOKEN_NONE && scan_is_word(token, "sept", 4))
		i = 8;
	return i == TOKEN_NONE ? TOKEN_NONE : i + 1;
}

int32_t token_weekday(struct span token)
{
	return FIND(find_name, token, token_weekday_names);
}

int32_t token_ampm(struct span token)
{
	if (scan_is_word(token, "am", 2) || scan_is_word(token, "a", 1))
		return 0;
	if (scan_is_word(token, "pm", 2) || scan_is_word(token, "p", 1))
		return 1;
	return TOKEN_NONE;
}

int32_t token_hms(struct span token)
{
	int32_t i = FIND(find_word, token, hms_words);

	return i == TOKEN_NONE ? TOKEN_NONE : i % 3;
}

bool token_is_space(struct span token)
{
	return token.size > 0 && lexer_space(token.data, token.data + token.size) == token.size;
}

bool token_is_jump(struct span token)
{
	return FIND(find_word, token, jumps) != TOKEN_NONE || token_is_space(token);
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
