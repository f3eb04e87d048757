// SPDX-License-Identifier: GPL-2.0
/* guest/include/tdisp/cursor.h: it reads what is there, in order, and no more. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <tdisp/cursor.h>

static const u8 bytes[15] = { 0x01, 0x12, 0x23, 0x34, 0x45, 0x56, 0x67, 0x78,
			      0x89, 0x9a, 0xab, 0xbc, 0xcd, 0xde, 0xef };

/* One reader a row: its width, and what it gives for the first bytes. */
static u64 read_width(struct tdisp_cursor *c, size_t width)
{
	switch (width) {
	case 1:
		return tdisp_cursor_u8(c);
	case 2:
		return tdisp_cursor_le16(c);
	case 4:
		return tdisp_cursor_le32(c);
	default:
		return tdisp_cursor_le64(c);
	}
}

static const struct {
	const char *desc;
	size_t width;
	u64 value;
} readers[] = {
	{ "u8", 1, 0x01 },
	{ "le16", 2, 0x1201 },
	{ "le32", 4, 0x34231201 },
	{ "le64", 8, 0x7867564534231201 },
};

static void fields_are_read_in_order_and_little_endian(void **state)
{
	struct tdisp_cursor c;

	(void)state;
	tdisp_cursor_init(&c, bytes, sizeof(bytes));
	assert_int_equal(tdisp_cursor_u8(&c), 0x01);
	assert_int_equal(tdisp_cursor_le16(&c), 0x2312);
	assert_int_equal(tdisp_cursor_le32(&c), 0x67564534);
	assert_int_equal(tdisp_cursor_left(&c), 8);
	assert_int_equal(tdisp_cursor_le64(&c), 0xefdecdbcab9a8978);
	assert_int_equal(tdisp_cursor_left(&c), 0);
	assert_true(tdisp_cursor_ok(&c));
}

static void a_read_of_just_what_is_left_fits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		struct tdisp_cursor c;

		tdisp_cursor_init(&c, bytes, readers[i].width);
		check_row(readers[i].desc, read_width(&c, readers[i].width) == readers[i].value);
		check_row(readers[i].desc, tdisp_cursor_ok(&c));
		check_row(readers[i].desc, tdisp_cursor_left(&c) == 0);
	}
}

static void a_read_of_one_byte_too_many_poisons(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		/* Of exactly that size, so that the sanitizer sees a read past it. */
		size_t len = readers[i].width - 1;
		u8 *copy = malloc(len + 1);
		struct tdisp_cursor c;

		assert_non_null(copy);
		memcpy(copy + 1, bytes, len);
		tdisp_cursor_init(&c, copy + 1, len);
		check_row(readers[i].desc, read_width(&c, readers[i].width) == 0);
		check_row(readers[i].desc, !tdisp_cursor_ok(&c));
		free(copy);
	}
}

static void a_poisoned_cursor_stays_poisoned(void **state)
{
	struct tdisp_cursor c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		tdisp_cursor_init(&c, bytes, sizeof(bytes));
		assert_int_equal(read_width(&c, readers[i].width), readers[i].value);
		assert_null(tdisp_cursor_take(&c, sizeof(bytes)));
		/* These would fit. */
		check_row(readers[i].desc, read_width(&c, readers[i].width) == 0);
		assert_null(tdisp_cursor_take(&c, 1));
		assert_null(tdisp_cursor_take(&c, 0));
		assert_int_equal(tdisp_cursor_left(&c), 0);
		assert_false(tdisp_cursor_ok(&c));
	}
}

static void a_failed_read_does_not_advance(void **state)
{
	struct tdisp_cursor c;

	(void)state;
	tdisp_cursor_init(&c, bytes, sizeof(bytes));
	assert_int_equal(tdisp_cursor_u8(&c), 0x01);
	assert_null(tdisp_cursor_take(&c, sizeof(bytes)));
	assert_int_equal(c.pos, 1);
}

static void a_length_that_wraps_is_refused(void **state)
{
	static const struct {
		const char *desc;
		size_t n;
	} rows[] = {
		{ "all ones", SIZE_MAX },
		{ "to the byte before the start", SIZE_MAX - 4 },
		{ "to the start", SIZE_MAX - 3 },
		{ "into the buffer", SIZE_MAX - 1 },
		{ "negative", (size_t)1 << (8 * sizeof(size_t) - 1) },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_cursor c;

		tdisp_cursor_init(&c, bytes, sizeof(bytes));
		assert_non_null(tdisp_cursor_take(&c, 4));
		check_row(rows[i].desc, !tdisp_cursor_take(&c, rows[i].n));
		check_row(rows[i].desc, !tdisp_cursor_ok(&c));
	}
}

static void take_gives_the_bytes_themselves(void **state)
{
	struct tdisp_cursor c;

	(void)state;
	tdisp_cursor_init(&c, bytes, sizeof(bytes));
	assert_ptr_equal(tdisp_cursor_take(&c, 3), bytes);
	assert_ptr_equal(tdisp_cursor_take(&c, 0), bytes + 3);
	assert_ptr_equal(tdisp_cursor_take(&c, 12), bytes + 3);
	assert_ptr_equal(tdisp_cursor_take(&c, 0), bytes + 15);
	assert_true(tdisp_cursor_ok(&c));
}

static void nothing_can_be_read_from_nothing(void **state)
{
	struct tdisp_cursor c;

	(void)state;
	tdisp_cursor_init(&c, bytes, 0);
	assert_int_equal(tdisp_cursor_left(&c), 0);
	assert_true(tdisp_cursor_ok(&c));
	assert_int_equal(tdisp_cursor_u8(&c), 0);
	assert_false(tdisp_cursor_ok(&c));
}

static void init_forgets_the_past(void **state)
{
	struct tdisp_cursor c;

	(void)state;
	tdisp_cursor_init(&c, bytes, 0);
	assert_null(tdisp_cursor_take(&c, 1));
	tdisp_cursor_init(&c, bytes, sizeof(bytes));
	assert_true(tdisp_cursor_ok(&c));
	assert_int_equal(tdisp_cursor_left(&c), sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_order_and_little_endian),
		cmocka_unit_test(a_read_of_just_what_is_left_fits),
		cmocka_unit_test(a_read_of_one_byte_too_many_poisons),
		cmocka_unit_test(a_poisoned_cursor_stays_poisoned),
		cmocka_unit_test(a_failed_read_does_not_advance),
		cmocka_unit_test(a_length_that_wraps_is_refused),
		cmocka_unit_test(take_gives_the_bytes_themselves),
		cmocka_unit_test(nothing_can_be_read_from_nothing),
		cmocka_unit_test(init_forgets_the_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
