#include "value/decimal.h"
#include "value/scan.h"
#include <assert.h>
#include <string.h>

/*
 * Numbers with more than 19 digits whose first 19 digits do not decide which double is nearest.
 *
 * A double is the nearest one if the number lies between the double's two midpoints: the numbers
 * halfway to the next smaller and to the next larger double. The first candidate is
 * decimal_nearest() of the first 19 digits. The number is compared with the candidate's
 * midpoints, in integers of any size, and the next double in the right direction is tried until
 * both comparisons fit. One or two comparisons usually suffice, but any candidate would do.
 *
 * No double and no midpoint has more than 767 significant digits. So of the digits after the
 * first DIGITS_MAX it only matters whether one of them is not zero. This bounds the integers
 * (see LIMBS) and makes the time linear in the size of the text.
 */

#define DIGITS_MAX 780

/*
 * The largest integers are 781 digits times 2^1138 (compared with 5^k of a subnormal number),
 * and a 54-bit midpoint times 10^(324 + 781). Both are below 2^4096.
 */
#define LIMBS 128

struct big {
	uint32_t limbs[LIMBS]; /* least significant first */
	int n;
};

static void multiply_add(struct big *b, uint32_t factor, uint32_t carry)
{
	uint64_t rest = carry;

	for (int i = 0; i < b->n; i++) {
		rest += (uint64_t)b->limbs[i] * factor;
		b->limbs[i] = (uint32_t)rest;
		rest >>= 32;
	}
	assert(!rest || b->n < LIMBS);
	if (rest)
		b->limbs[b->n++] = (uint32_t)rest;
}

static void multiply_power(struct big *b, uint32_t base, int64_t n)
{
	for (; n >= 9 && base == 5; n -= 9)
		multiply_add(b, 1953125, 0);
	for (; n > 0; n--)
		multiply_add(b, base, 0);
}

static void shift_left(struct big *b, int64_t bits)
{
	int whole = (int)(bits / 32);

	multiply_add(b, UINT32_C(1) << (bits % 32), 0);
	assert(b->n + whole <= LIMBS);
	memmove(b->limbs + whole, b->limbs, (size_t)b->n * sizeof(b->limbs[0]));
	memset(b->limbs, 0, (size_t)whole * sizeof(b->limbs[0]));
	b->n += whole;
}

static int compare(const struct big *a, const struct big *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (int i = a->n - 1; i >= 0; i--) {
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	}
	return 0;
}

struct number { /* digits * 10^exponent */
	struct big digits;
	int64_t exponent;
	uint64_t head;         /* the first digits, at most 19 */
	int64_t head_exponent; /* the number is about head * 10^head_exponent */
};

static void read_digits(struct number *out, struct span text, int64_t exponent)
{
	int64_t n_digits = 0; /* after leading zeros */
	int64_t n_kept = 0;   /* of these, the digits in out->digits */
	int64_t n_head = 0;   /* of these, the digits in out->head */
	bool more = false;    /* a digit that is not kept is not zero */

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < text.size; i++) {
		uint32_t digit = (uint32_t)(text.data[i] - '0');

		if (!scan_is_digit(text.data[i]) || (n_digits == 0 && digit == 0))
			continue;
		n_digits++;
		if (n_digits <= 19) {
			out->head = out->head * 10 + digit;
			n_head++;
		}
		if (n_digits <= DIGITS_MAX) {
			multiply_add(&out->digits, 10, digit);
			n_kept++;
		} else {
			more = more || digit != 0;
		}
	}
	out->head_exponent = exponent + n_digits - n_head;
	out->exponent = exponent + n_digits - n_kept;
	if (more) {
		multiply_add(&out->digits, 10, 1);
		out->exponent--;
	}
}

/* Compares the number with significand * 2^exponent, as memcmp() compares. */
static int compare_with(const struct number *number, uint64_t significand, int64_t exponent)
{
	struct big left = number->digits;
	struct big right = { { (uint32_t)significand, (uint32_t)(significand >> 32) },
		             significand >> 32 ? 2 : 1 };
	int64_t twos = number->exponent - exponent; /* 10^e / 2^f = 5^e * 2^(e - f) */

	if (number->exponent >= 0)
		multiply_power(&left, 5, number->exponent);
	else
		multiply_power(&right, 5, -number->exponent);
	if (twos >= 0)
		shift_left(&left, twos);
	else
		shift_left(&right, -twos);
	return compare(&left, &right);
}

/*
 * Compares the number with the midpoint above the double that has these bits. If that double is
 * m * 2^e, the midpoint is (2m + 1) * 2^(e - 1).
 */
static int compare_with_midpoint(const struct number *number, uint64_t bits)
{
	uint64_t significand = bits & ((UINT64_C(1) << 52) - 1);
	int64_t exponent = (int64_t)(bits >> 52);

	if (exponent > 0)
		significand |= UINT64_C(1) << 52;
	else
		exponent = 1;
	return compare_with(number, 2 * significand + 1, exponent - 1075 - 1);
}

#define BITS_INFINITE (UINT64_C(2047) << 52)

double decimal_exact(struct span digits, int64_t exponent)
{
	struct number number;
	uint64_t bits;
	double d;
	int order;

	read_digits(&number, digits, exponent);
	d = decimal_nearest(number.head, number.head_exponent);
	/* With such exponents the first digits decide, and the integers would get too large. */
	if (number.head == 0 || number.head_exponent < -343 - 19 || number.head_exponent > 308)
		return d;
	memcpy(&bits, &d, sizeof(bits));
	if (bits == BITS_INFINITE)
		bits--;
	while (bits < BITS_INFINITE) {
		order = compare_with_midpoint(&number, bits);
		if (order < 0 || (order == 0 && (bits & 1) == 0))
			break;
		bits++;
	}
	while (bits > 0) {
		order = compare_with_midpoint(&number, bits - 1);
		if (order > 0 || (order == 0 && (bits & 1) == 0))
			break;
		bits--;
	}
	memcpy(&d, &bits, sizeof(d));
	return d;
}
