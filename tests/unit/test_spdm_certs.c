// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/spdm_certs.c. A negative test starts from a chain that passes, which
 * it proves, and breaks one thing; the reason must name that thing.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_certs.h>

#include "build_spdm.h"

#define NO_INDEX	TDISP_WHY_NO_INDEX

static struct image img;

/* In a buffer of exactly that size, so that the sanitizer sees a read past it. */
static uint8_t *exact_copy(void)
{
	uint8_t *copy = malloc(img.len ? img.len : 1);

	assert_non_null(copy);
	if (img.len)
		memcpy(copy, img.bytes, img.len);
	return copy;
}

/* @hash_size 0: bare DER. */
static int parse(size_t hash_size, struct spdm_certs *ret, struct tdisp_why *why)
{
	uint8_t *copy = exact_copy();
	int err = hash_size ? spdm_certs_parse(copy, img.len, hash_size, ret, why) :
			      spdm_certs_parse_der(copy, img.len, ret, why);

	free(copy);
	return err;
}

static void assert_parses(size_t hash_size, struct spdm_certs *ret)
{
	struct tdisp_why why, untouched;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	assert_int_equal(parse(hash_size, ret, &why), 0);
	assert_memory_equal(&why, &untouched, sizeof(why));
}

static void assert_refuses(const char *desc, size_t hash_size, int err, size_t offset, u32 index,
			   u64 expected, u64 found)
{
	struct spdm_certs ret, untouched;
	struct tdisp_why why = { 0 };

	memset(&ret, 0xa5, sizeof(ret));
	untouched = ret;
	if (parse(hash_size, &ret, &why) != err)
		fail_msg("%s: not refused with %d", desc, err);
	check_row(desc, !memcmp(&ret, &untouched, sizeof(ret)));
	if (!why.check || why.offset != offset || why.index != index ||
	    why.expected != expected || why.found != found)
		fail_msg("%s: reason is \"%s\" at %zu, index %u, expected %llx, found %llx", desc,
			 why.check ? why.check : "(none)", why.offset, why.index,
			 (unsigned long long)why.expected, (unsigned long long)why.found);
	assert_int_equal(parse(hash_size, &ret, NULL), err);
}

static void assert_form(enum spdm_certs_form form)
{
	uint8_t *copy = exact_copy();

	/* One past the end of nothing: no bytes are no byte to read. */
	assert_int_equal(spdm_certs_form(img.len ? copy : copy + 1, img.len), form);
	free(copy);
}

static const size_t hash_sizes[] = { 32, 48, 64 };

static void every_certificate_of_a_chain_is_found(void **state)
{
	struct spdm_certs c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(hash_sizes); i++) {
		size_t at = 4 + hash_sizes[i];

		chain_valid(&img, hash_sizes[i]);
		assert_parses(hash_sizes[i], &c);
		assert_int_equal(c.root_hash, 4);
		assert_int_equal(c.root_hash_len, hash_sizes[i]);
		assert_int_equal(c.nr, VALID_NR_CERTS);
		assert_int_equal(c.cert[0].offset, at);
		assert_int_equal(c.cert[0].len, 2 + 0x7f);
		at += 2 + 0x7f;
		assert_int_equal(c.cert[1].offset, at);
		assert_int_equal(c.cert[1].len, 3 + 0xff);
		at += 3 + 0xff;
		assert_int_equal(c.cert[2].offset, at);
		assert_int_equal(c.cert[2].len, 4 + 0x100);
		assert_int_equal(at + c.cert[2].len, img.len);
	}
}

static void bare_certificates_are_found_and_have_no_root_hash(void **state)
{
	struct spdm_certs c;

	(void)state;
	img_reset(&img);
	put_certificate(&img, 0x80, 1);
	put_certificate(&img, 0xffff, 2);
	put_certificate(&img, 0x10000, 3);
	assert_parses(0, &c);
	assert_int_equal(c.root_hash_len, 0);
	assert_int_equal(c.nr, 3);
	assert_int_equal(c.cert[0].len, 3 + 0x80);
	assert_int_equal(c.cert[1].len, 4 + 0xffff);
	assert_int_equal(c.cert[2].len, 5 + 0x10000);
	assert_int_equal(c.cert[2].offset, c.cert[1].offset + c.cert[1].len);
}

static void every_truncation_is_refused(void **state)
{
	struct spdm_certs c;
	size_t full;

	(void)state;
	chain_valid(&img, 48);
	for (full = img.len; img.len;) {
		img.len--;
		assert_int_equal(parse(48, &c, NULL), -EBADMSG);
		if (img.len >= 4)
			chain_end(&img);
		/* A chain that ends between certificates is a chain. */
		if (img.len == 4 + 48 + 2 + 0x7f || img.len == 4 + 48 + 2 + 0x7f + 3 + 0xff)
			assert_int_equal(parse(48, &c, NULL), 0);
		else
			assert_int_equal(parse(48, &c, NULL), -EBADMSG);
	}
	assert_true(full > 0);
}

static void a_header_that_is_not_all_there_is_refused(void **state)
{
	(void)state;
	chain_valid(&img, 48);
	img.len = 3;
	assert_refuses("3 bytes", 48, -EBADMSG, 0, NO_INDEX, 4, 3);
}

static void length_must_be_that_of_the_buffer(void **state)
{
	struct spdm_certs c;

	(void)state;
	chain_valid(&img, 48);
	assert_parses(48, &c);
	img_set(&img, 0, img.len - 1, 2);
	assert_refuses("shorter", 48, -EBADMSG, 0, NO_INDEX, img.len, img.len - 1);
	img_set(&img, 0, img.len + 1, 2);
	assert_refuses("longer", 48, -EBADMSG, 0, NO_INDEX, img.len, img.len + 1);
	chain_end(&img);
	assert_parses(48, &c);
	img_fill(&img, 0, 1);
	assert_refuses("one byte more", 48, -EBADMSG, 0, NO_INDEX, img.len, img.len - 1);
}

static void reserved_field_must_be_0(void **state)
{
	struct spdm_certs c;

	(void)state;
	chain_valid(&img, 48);
	assert_parses(48, &c);
	img_set(&img, 2, 0x8001, 2);
	assert_refuses("reserved", 48, -EBADMSG, 2, NO_INDEX, 0, 0x8001);
}

static void another_hash_size_is_a_callers_mistake(void **state)
{
	static const size_t sizes[] = { 1, 31, 33, 47, 49, 63, 65, 96 };
	size_t i;

	(void)state;
	chain_valid(&img, 48);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_refuses("hash size", sizes[i], -EINVAL, 0, NO_INDEX, 32, sizes[i]);
}

static void root_hash_must_be_all_there(void **state)
{
	(void)state;
	chain_begin(&img, 63);
	chain_end(&img);
	assert_refuses("RootHash", 64, -EBADMSG, 4, NO_INDEX, 68, 67);
}

static void a_chain_without_a_certificate_is_refused(void **state)
{
	(void)state;
	chain_begin(&img, 32);
	chain_end(&img);
	assert_refuses("no certificate", 32, -EBADMSG, 36, NO_INDEX, 1, 0);
	img_reset(&img);
	assert_refuses("nothing", 0, -EBADMSG, 0, NO_INDEX, 1, 0);
}

static void sixteen_certificates_are_a_chain_and_seventeen_are_not(void **state)
{
	struct spdm_certs c;
	int i;

	(void)state;
	img_reset(&img);
	for (i = 0; i < 16; i++)
		put_certificate(&img, 1, 5);
	assert_parses(0, &c);
	assert_int_equal(c.nr, SPDM_CERTS_MAX);
	assert_int_equal(c.cert[15].offset, 45);
	put_certificate(&img, 1, 5);
	assert_refuses("17", 0, -EBADMSG, 48, 16, 16, 17);
}

static void a_certificate_must_be_a_sequence(void **state)
{
	struct spdm_certs c;

	(void)state;
	chain_valid(&img, 48);
	assert_parses(48, &c);
	img.bytes[c.cert[1].offset] = 0x31;
	assert_refuses("SET", 48, -EBADMSG, c.cert[1].offset, 1, 0x30, 0x31);
}

static void indefinite_and_too_long_lengths_are_refused(void **state)
{
	struct spdm_certs c;

	(void)state;
	chain_valid(&img, 48);
	assert_parses(48, &c);
	img.bytes[c.cert[2].offset + 1] = 0x80;
	assert_refuses("indefinite", 48, -EBADMSG, c.cert[2].offset + 1, 2, 0x83, 0x80);
	img.bytes[c.cert[2].offset + 1] = 0x84;
	assert_refuses("4 bytes", 48, -EBADMSG, c.cert[2].offset + 1, 2, 0x83, 0x84);
	img.bytes[c.cert[2].offset + 1] = 0xff;
	assert_refuses("127 bytes", 48, -EBADMSG, c.cert[2].offset + 1, 2, 0x83, 0xff);
}

static void lengths_not_in_the_shortest_form_are_refused(void **state)
{
	static const struct {
		const char *desc;
		uint8_t der[8];
		size_t len;
		u64 shortest, found;
	} rows[] = {
		{ "0x7f in two bytes", { 0x30, 0x81, 0x7f }, 3, 0x80, 0x7f },
		{ "0xff in three bytes", { 0x30, 0x82, 0x00, 0xff }, 4, 0x100, 0xff },
		{ "0xffff in four bytes", { 0x30, 0x83, 0x00, 0xff, 0xff }, 5, 0x10000, 0xffff },
	};
	struct spdm_certs c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		img_reset(&img);
		put_certificate(&img, rows[i].found, 9);
		assert_parses(0, &c);
		img_reset(&img);
		img_put(&img, rows[i].der, rows[i].len);
		img_fill(&img, 9, rows[i].found);
		assert_refuses(rows[i].desc, 0, -EBADMSG, 1, 0, rows[i].shortest, rows[i].found);
	}
}

static void a_header_cut_short_is_refused(void **state)
{
	static const uint8_t der[] = { 0x30, 0x83, 0x01, 0x00 };
	struct spdm_certs c;

	(void)state;
	img_reset(&img);
	put_certificate(&img, 1, 0);
	assert_parses(0, &c);
	img_put(&img, der, 1);
	assert_refuses("tag only", 0, -EBADMSG, 3, 1, 2, 1);
	img.len--;
	img_put(&img, der, sizeof(der));
	assert_refuses("two of three bytes of length", 0, -EBADMSG, 3, 1, 5, 4);
}

static void a_certificate_must_not_reach_beyond_the_buffer(void **state)
{
	struct spdm_certs c;

	(void)state;
	img_reset(&img);
	put_certificate(&img, 0x1234, 0);
	assert_parses(0, &c);
	img.len--;
	assert_refuses("one byte less", 0, -EBADMSG, 1, 0, 0x1233, 0x1234);
	img_reset(&img);
	put_der_header(&img, 0x30, 0xffffff);
	assert_refuses("16 MiB of nothing", 0, -EBADMSG, 1, 0, 0, 0xffffff);
}

static void a_sequence_is_measured_at_any_offset(void **state)
{
	struct tdisp_why why = { 0 };
	size_t len = 77;

	(void)state;
	img_reset(&img);
	img_fill(&img, 0xff, 3);
	put_certificate(&img, 0x100, 0);
	img_fill(&img, 0xff, 3);
	assert_int_equal(spdm_der_sequence(img.bytes, img.len, 3, &len, NULL), 0);
	assert_int_equal(len, 0x104);
	len = 77;
	assert_int_equal(spdm_der_sequence(img.bytes, img.len, img.len, &len, &why), -EBADMSG);
	assert_int_equal(len, 77);
	assert_int_equal(why.offset, img.len);
	assert_int_equal(why.found, 0);
}

/* Finding the size of RootHash */

static int find_size(size_t *ret, struct tdisp_why *why)
{
	uint8_t *copy = exact_copy();
	int err = spdm_certs_hash_size(copy, img.len, ret, why);

	free(copy);
	return err;
}

static void size_of_root_hash_is_found(void **state)
{
	size_t i, size;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(hash_sizes); i++) {
		chain_valid(&img, hash_sizes[i]);
		size = 0;
		assert_int_equal(find_size(&size, NULL), 0);
		assert_int_equal(size, hash_sizes[i]);
	}
}

static void a_root_hash_of_two_possible_sizes_is_refused(void **state)
{
	struct tdisp_why why = { 0 };
	size_t size = 77;

	(void)state;
	/* 16 bytes that are a certificate may as well be the end of RootHash. */
	chain_begin(&img, 32);
	put_certificate(&img, 14, 0);
	put_certificate(&img, 0x200, 0);
	chain_end(&img);
	assert_int_equal(find_size(&size, &why), -EBADMSG);
	assert_int_equal(size, 77);
	assert_int_equal(why.offset, 4);
	assert_int_equal(why.expected, 32);
	assert_int_equal(why.found, 48);
}

static void a_root_hash_of_no_possible_size_gives_the_best_reason(void **state)
{
	struct tdisp_why why = { 0 };
	size_t size = 77;

	(void)state;
	chain_valid(&img, 48);
	img.bytes[4 + 48 + 2 + 0x7f] = 0x31;
	assert_int_equal(find_size(&size, &why), -EBADMSG);
	assert_int_equal(size, 77);
	assert_int_equal(why.offset, 4 + 48 + 2 + 0x7f);
	assert_int_equal(why.index, 1);
	assert_int_equal(why.expected, 0x30);
	assert_int_equal(why.found, 0x31);
}

static void size_of_root_hash_needs_a_good_header(void **state)
{
	struct tdisp_why why = { 0 };
	size_t size = 77;

	(void)state;
	chain_valid(&img, 48);
	img.bytes[2] = 1;
	assert_int_equal(find_size(&size, &why), -EBADMSG);
	assert_int_equal(size, 77);
	assert_int_equal(why.offset, 2);
}

/* Forms */

static void forms_are_told_apart(void **state)
{
	(void)state;
	chain_valid(&img, 48);
	assert_form(SPDM_CERTS_CHAIN);
	img_reset(&img);
	put_certificate(&img, 0x200, 0);
	assert_form(SPDM_CERTS_DER);
	img_reset(&img);
	img_put(&img, "-----BEGIN CERTIFICATE-----\n", 28);
	assert_form(SPDM_CERTS_PEM);
	img_reset(&img);
	img_put(&img, "not a certificate\n", 18);
	assert_form(SPDM_CERTS_UNKNOWN);
}

static void pem_may_follow_other_lines(void **state)
{
	static const char text[] = "0 s:CN = leaf\nsubject\n-----BEGIN CERTIFICATE-----\n";

	(void)state;
	img_reset(&img);
	img_put(&img, text, strlen(text));
	assert_form(SPDM_CERTS_PEM);
}

static void pem_starts_a_line(void **state)
{
	static const char text[] = "see -----BEGIN CERTIFICATE-----\n";

	(void)state;
	img_reset(&img);
	img_put(&img, text, strlen(text));
	assert_form(SPDM_CERTS_UNKNOWN);
}

static void every_length_of_pem_mark_is_looked_at_within_its_bounds(void **state)
{
	static const char mark[] = "-----BEGIN ";
	size_t n;

	(void)state;
	for (n = 0; n <= strlen(mark); n++) {
		img_reset(&img);
		img_put(&img, mark, n);
		assert_form(n == strlen(mark) ? SPDM_CERTS_PEM : SPDM_CERTS_UNKNOWN);
	}
}

static void a_broken_chain_structure_is_still_one(void **state)
{
	(void)state;
	chain_valid(&img, 48);
	img_fill(&img, 0, 1);
	assert_form(SPDM_CERTS_CHAIN);
	img.len = 4;
	assert_form(SPDM_CERTS_CHAIN);
}

static void a_few_bytes_have_a_form(void **state)
{
	(void)state;
	img_reset(&img);
	img_put(&img, "\x30\x02\0", 3);
	assert_form(SPDM_CERTS_DER);
	img.len = 1;
	assert_form(SPDM_CERTS_DER);
	img.len = 0;
	assert_form(SPDM_CERTS_UNKNOWN);
}

static int free_image(void **state)
{
	(void)state;
	img_free(&img);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_certificate_of_a_chain_is_found),
		cmocka_unit_test(bare_certificates_are_found_and_have_no_root_hash),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_header_that_is_not_all_there_is_refused),
		cmocka_unit_test(length_must_be_that_of_the_buffer),
		cmocka_unit_test(reserved_field_must_be_0),
		cmocka_unit_test(another_hash_size_is_a_callers_mistake),
		cmocka_unit_test(root_hash_must_be_all_there),
		cmocka_unit_test(a_chain_without_a_certificate_is_refused),
		cmocka_unit_test(sixteen_certificates_are_a_chain_and_seventeen_are_not),
		cmocka_unit_test(a_certificate_must_be_a_sequence),
		cmocka_unit_test(indefinite_and_too_long_lengths_are_refused),
		cmocka_unit_test(lengths_not_in_the_shortest_form_are_refused),
		cmocka_unit_test(a_header_cut_short_is_refused),
		cmocka_unit_test(a_certificate_must_not_reach_beyond_the_buffer),
		cmocka_unit_test(a_sequence_is_measured_at_any_offset),
		cmocka_unit_test(size_of_root_hash_is_found),
		cmocka_unit_test(a_root_hash_of_two_possible_sizes_is_refused),
		cmocka_unit_test(a_root_hash_of_no_possible_size_gives_the_best_reason),
		cmocka_unit_test(size_of_root_hash_needs_a_good_header),
		cmocka_unit_test(forms_are_told_apart),
		cmocka_unit_test(pem_may_follow_other_lines),
		cmocka_unit_test(pem_starts_a_line),
		cmocka_unit_test(every_length_of_pem_mark_is_looked_at_within_its_bounds),
		cmocka_unit_test(a_broken_chain_structure_is_still_one),
		cmocka_unit_test(a_few_bytes_have_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, free_image);
}
