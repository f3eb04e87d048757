// SPDX-License-Identifier: GPL-2.0
/* ecdsa_der.c in the kernel: each width, each shape of number, taken apart by hand. */
#include <kunit/test.h>

#include "../../include/tdisp/ecdsa_der.h"

static u8 raw[2 * 66], der[ECDSA_DER_MAX];

/* One INTEGER at @p: its value's bytes and how many; returns what follows. */
static const u8 *integer(struct kunit *test, const u8 *p, const u8 **val, size_t *len)
{
	KUNIT_ASSERT_EQ(test, p[0], 0x02);
	KUNIT_ASSERT_LT(test, p[1], 0x80);
	*val = p + 2;
	*len = p[1];
	return p + 2 + p[1];
}

static const struct width {
	const char *desc;
	size_t width;
	u8 r, s;		/* first byte of each number; the rest is 0x11, 0x22 */
	size_t r_len, s_len;	/* of the INTEGERs */
} widths[] = {
	{ "P-256", 32, 0x01, 0x7f, 32, 32 },
	{ "P-256, r looks negative", 32, 0x80, 0x01, 33, 32 },
	{ "P-256, s looks negative", 32, 0x01, 0xff, 32, 33 },
	{ "P-256, r has a leading zero", 32, 0x00, 0x01, 31, 32 },
	{ "P-384", 48, 0x01, 0x7f, 48, 48 },
	{ "P-384, both look negative", 48, 0xff, 0xff, 49, 49 },
	{ "P-521", 66, 0x01, 0x01, 66, 66 },
	{ "P-521, both look negative", 66, 0x80, 0x80, 67, 67 },
};

KUNIT_ARRAY_PARAM_DESC(width, widths, desc);

static void two_numbers_become_a_sequence_of_integers(struct kunit *test)
{
	const struct width *w = test->param_value;
	const u8 *p, *r, *s;
	size_t r_len, s_len, body;
	int len;

	memset(raw, 0x11, w->width);
	memset(raw + w->width, 0x22, w->width);
	raw[0] = w->r;
	raw[w->width] = w->s;
	len = ecdsa_der_encode(raw, w->width, der);
	body = 4 + w->r_len + w->s_len;
	KUNIT_ASSERT_EQ(test, len, body + (body < 0x80 ? 2 : 3));
	KUNIT_EXPECT_EQ(test, der[0], 0x30);
	if (body < 0x80) {
		KUNIT_EXPECT_EQ(test, der[1], body);
		p = der + 2;
	} else {
		KUNIT_EXPECT_EQ(test, der[1], 0x81);
		KUNIT_EXPECT_EQ(test, der[2], body);
		p = der + 3;
	}
	p = integer(test, p, &r, &r_len);
	p = integer(test, p, &s, &s_len);
	KUNIT_EXPECT_PTR_EQ(test, p, der + len);
	KUNIT_EXPECT_EQ(test, r_len, w->r_len);
	KUNIT_EXPECT_EQ(test, s_len, w->s_len);
	/* The value's bytes, without a sign byte or from after the leading zero. */
	KUNIT_EXPECT_MEMEQ(test, r + r_len - min(r_len, w->width),
			   raw + w->width - min(r_len, w->width), min(r_len, w->width));
	KUNIT_EXPECT_MEMEQ(test, s + s_len - min(s_len, w->width),
			   raw + 2 * w->width - min(s_len, w->width), min(s_len, w->width));
	if (r_len > w->width)
		KUNIT_EXPECT_EQ(test, r[0], 0);
	if (s_len > w->width)
		KUNIT_EXPECT_EQ(test, s[0], 0);
}

static void zero_is_one_byte(struct kunit *test)
{
	static const u8 want[] = { 0x30, 6, 2, 1, 0, 2, 1, 0 };

	memset(raw, 0, sizeof(raw));
	KUNIT_ASSERT_EQ(test, ecdsa_der_encode(raw, 32, der), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, der, want, sizeof(want));
}

static const struct no_width {
	const char *desc;
	size_t width;
} no_widths[] = {
	{ "0", 0 }, { "31", 31 }, { "33", 33 }, { "47", 47 }, { "65", 65 }, { "67", 67 },
	{ "largest", SIZE_MAX },
};

KUNIT_ARRAY_PARAM_DESC(no_width, no_widths, desc);

static void other_widths_are_refused_untouched(struct kunit *test)
{
	const struct no_width *w = test->param_value;
	u8 before[ECDSA_DER_MAX];

	memset(der, 0x5a, sizeof(der));
	memcpy(before, der, sizeof(der));
	KUNIT_EXPECT_EQ(test, ecdsa_der_encode(raw, w->width, der), -EINVAL);
	KUNIT_EXPECT_MEMEQ(test, der, before, sizeof(der));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(two_numbers_become_a_sequence_of_integers, width_gen_params),
	KUNIT_CASE(zero_is_one_byte),
	KUNIT_CASE_PARAM(other_widths_are_refused_untouched, no_width_gen_params),
	{}
};

static struct kunit_suite suite = { .name = "tdi-ecdsa-der", .test_cases = cases };
kunit_test_suite(suite);
