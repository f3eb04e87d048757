// SPDX-License-Identifier: GPL-2.0
/*
 * ECDSA signatures from SPDM's form to DER.
 */
#include "unit.h"

#include <tdisp/ecdsa_der.h>

static void small_numbers_lose_their_leading_zeros(void **state)
{
	static const u8 expected[] = { 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x7f };
	u8 raw[64] = { [31] = 0x01, [63] = 0x7f };
	u8 der[ECDSA_DER_MAX];

	(void)state;
	assert_int_equal(ecdsa_der_encode(raw, 32, der), sizeof(expected));
	assert_memory_equal(der, expected, sizeof(expected));
}

static void a_set_top_bit_gets_a_zero_byte(void **state)
{
	static const u8 expected[] = { 0x30, 0x08, 0x02, 0x02, 0x00, 0x80, 0x02, 0x02, 0x00, 0xff };
	u8 raw[96] = { [47] = 0x80, [95] = 0xff };
	u8 der[ECDSA_DER_MAX];

	(void)state;
	assert_int_equal(ecdsa_der_encode(raw, 48, der), sizeof(expected));
	assert_memory_equal(der, expected, sizeof(expected));
}

static void zero_is_one_zero_byte(void **state)
{
	static const u8 expected[] = { 0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00 };
	u8 raw[64] = { 0 };
	u8 der[ECDSA_DER_MAX];

	(void)state;
	assert_int_equal(ecdsa_der_encode(raw, 32, der), sizeof(expected));
	assert_memory_equal(der, expected, sizeof(expected));
}

static void a_full_p521_signature_has_two_66_byte_numbers(void **state)
{
	u8 raw[132], der[ECDSA_DER_MAX];
	int i;

	(void)state;
	for (i = 0; i < 132; i++)
		raw[i] = 0x11;
	/* 66 bytes of a P-521 number never have the top bit set. */
	assert_int_equal(ecdsa_der_encode(raw, 66, der), 3 + 2 * (2 + 66));
	assert_int_equal(der[0], 0x30);
	assert_int_equal(der[1], 0x81);
	assert_int_equal(der[2], 2 * (2 + 66));
	assert_int_equal(der[4], 66);
	assert_memory_equal(der + 5, raw, 66);
	assert_memory_equal(der + 5 + 66 + 2, raw + 66, 66);
}

static void the_longest_fits(void **state)
{
	u8 raw[132], der[ECDSA_DER_MAX];

	(void)state;
	/* Nobody's signature, but anybody may send it. */
	memset(raw, 0xff, sizeof(raw));
	assert_int_equal(ecdsa_der_encode(raw, 66, der), ECDSA_DER_MAX);
	assert_int_equal(der[2], ECDSA_DER_MAX - 3);
	assert_int_equal(der[4], 67);
	assert_int_equal(der[5], 0);
	assert_memory_equal(der + 6, raw, 66);
}

static void a_full_p384_signature_has_two_49_byte_numbers(void **state)
{
	u8 raw[96], der[ECDSA_DER_MAX];
	int i;

	(void)state;
	for (i = 0; i < 96; i++)
		raw[i] = 0xee;
	assert_int_equal(ecdsa_der_encode(raw, 48, der), 2 + 2 * (2 + 49));
	assert_int_equal(der[1], 2 * (2 + 49));
	assert_int_equal(der[3], 49);
	assert_int_equal(der[4], 0);
}

static void other_widths_are_refused(void **state)
{
	static const size_t widths[] = { 0, 1, 31, 33, 47, 49, 64, 65, 67, 1000 };
	u8 raw[2000] = { 0 }, der[ECDSA_DER_MAX];
	size_t i;

	(void)state;
	assert_true(ecdsa_der_encode(raw, 32, der) > 0);
	for (i = 0; i < ARRAY_SIZE(widths); i++)
		assert_int_equal(ecdsa_der_encode(raw, widths[i], der), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_numbers_lose_their_leading_zeros),
		cmocka_unit_test(a_set_top_bit_gets_a_zero_byte),
		cmocka_unit_test(zero_is_one_zero_byte),
		cmocka_unit_test(a_full_p521_signature_has_two_66_byte_numbers),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(a_full_p384_signature_has_two_49_byte_numbers),
		cmocka_unit_test(other_widths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
