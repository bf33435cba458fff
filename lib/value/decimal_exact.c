#include "value/decimal.h"
#include "value/scan.h"
#include <assert.h>
#include <string.h>

/*
 * Decimals with more digits than 64 bits hold, when those first digits don't decide.
 *
 * A candidate is refined by comparing the number, as an integer of any size, with the
 * midpoint between two neighbouring doubles, until it lies on the right sides of both
 * of its midpoints. Candidates come from decimal_nearest on the first 19 digits, so this
 * takes one or two comparisons; nothing depends on that.
 *
 * No double and no midpoint needs more than 767 significant digits, so after DIGITS_MAX
 * of them only one thing counts: whether anything but zeros follows. That bounds the
 * integers (below) and makes the time linear in the text.
 */

#define DIGITS_MAX 780

/*
 * Largest integer: 781 digits times 2^1138 (against 5^k of a subnormal), or a 54-bit
 * midpoint times 10^(324 + 781): below 2^4096 both.
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
	uint64_t head; /* the first digits, at most 19, and what they are times */
	int64_t head_exponent;
};

static void collect(struct number *out, struct span text, int64_t exponent)
{
	int64_t n_digits = 0; /* significant ones, all of them */
	int64_t n_kept = 0;
	int64_t n_head = 0;
	bool more = false;

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
			/* The first digit makes the first limb. */
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

/* The number against significand * 2^exponent: below 0, 0, above 0. */
static int against(const struct number *number, uint64_t significand, int64_t exponent)
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

/* The double with these bits lies halfway above it at (2m + 1) * 2^(e - 1). */
static int against_midpoint(const struct number *number, uint64_t bits)
{
	uint64_t significand = bits & ((UINT64_C(1) << 52) - 1);
	int64_t exponent = (int64_t)(bits >> 52);

	if (exponent > 0)
		significand |= UINT64_C(1) << 52;
	else
		exponent = 1;
	return against(number, 2 * significand + 1, exponent - 1075 - 1);
}

#define BITS_INFINITE (UINT64_C(2047) << 52)

double decimal_exact(struct span digits, int64_t exponent)
{
	struct number number;
	uint64_t bits;
	double d;
	int order;

	collect(&number, digits, exponent);
	d = decimal_nearest(number.head, number.head_exponent);
	/* Outside these even the first digits leave no doubt, and integers would grow. */
	if (number.head == 0 || number.head_exponent < -343 - 19 || number.head_exponent > 308)
		return d;
	memcpy(&bits, &d, sizeof(bits));
	if (bits == BITS_INFINITE)
		bits--;
	while (bits < BITS_INFINITE) {
		order = against_midpoint(&number, bits);
		if (order < 0 || (order == 0 && (bits & 1) == 0))
			break;
		bits++;
	}
	while (bits > 0) {
		order = against_midpoint(&number, bits - 1);
		if (order > 0 || (order == 0 && (bits & 1) == 0))
			break;
		bits--;
	}
	memcpy(&d, &bits, sizeof(d));
	return d;
}
