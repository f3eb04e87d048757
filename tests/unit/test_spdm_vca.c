// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/spdm_vca.c and spdm_alg.c. A negative test starts from a VCA that
 * passes, which it proves, and breaks one thing; the reason must name that thing.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_vca.h>

#include "build_spdm.h"

static struct image img;
static struct vca_at at;

static const uint8_t versions[] = { 0x10, 0x11, 0x12, 0x13, 0x14 };

/* In a buffer of exactly that size, so that the sanitizer sees a read past it. */
static int parse(unsigned int flags, struct spdm_vca *ret, struct tdisp_why *why)
{
	uint8_t *copy = malloc(img.len ? img.len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, img.bytes, img.len);
	err = spdm_vca_parse(copy, img.len, flags, ret, why);
	free(copy);
	return err;
}

static void assert_parses(unsigned int flags, struct spdm_vca *ret)
{
	struct tdisp_why why, untouched;
	int err;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	err = parse(flags, ret, &why);
	if (err)
		fail_msg("refused: \"%s\" at %zu, message %u, expected %llx, found %llx",
			 why.check, why.offset, why.index, (unsigned long long)why.expected,
			 (unsigned long long)why.found);
	assert_memory_equal(&why, &untouched, sizeof(why));
}

/* Builds, proves it good, and leaves it to the test to break it. */
static void good(uint8_t version, unsigned int flags)
{
	struct spdm_vca vca;

	vca_valid(&img, version, flags, &at);
	assert_parses(0, &vca);
	assert_int_equal(vca.version, version);
}

static void assert_refuses(const char *desc, int err, size_t offset, u32 msg, u64 expected,
			   u64 found)
{
	struct spdm_vca ret, untouched;
	struct tdisp_why why = { 0 };

	memset(&ret, 0xa5, sizeof(ret));
	untouched = ret;
	if (parse(0, &ret, &why) != err)
		fail_msg("%s: not refused with %d", desc, err);
	check_row(desc, !memcmp(&ret, &untouched, sizeof(ret)));
	if (!why.check || why.offset != offset || why.index != msg ||
	    why.expected != expected || why.found != found)
		fail_msg("%s: reason is \"%s\" at %zu, message %u, expected %llx, found %llx", desc,
			 why.check ? why.check : "(none)", why.offset, why.index,
			 (unsigned long long)why.expected, (unsigned long long)why.found);
	assert_int_equal(parse(0, &ret, NULL), err);
}

/* What a good VCA gives */

static void every_message_is_found_in_every_version(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct spdm_vca v;
		size_t start[SPDM_VCA_NR_MSGS + 1];
		int m;

		vca_valid(&img, versions[i], 0, &at);
		assert_parses(0, &v);
		start[0] = at.get_version;
		start[1] = at.version;
		start[2] = at.get_capabilities;
		start[3] = at.capabilities;
		start[4] = at.negotiate;
		start[5] = at.algorithms;
		start[6] = img.len;
		for (m = 0; m < SPDM_VCA_NR_MSGS; m++) {
			assert_int_equal(v.msg[m].offset, start[m]);
			assert_int_equal(v.msg[m].len, start[m + 1] - start[m]);
		}
		assert_int_equal(v.len, img.len);
	}
}

static void every_field_is_read(void **state)
{
	struct spdm_vca v;

	(void)state;
	vca_valid(&img, 0x14, 0, &at);
	assert_parses(0, &v);
	assert_int_equal(v.version, 0x14);
	assert_int_equal(v.entry, 0x1420);
	assert_int_equal(v.best_version, 0x14);
	assert_int_equal(v.req_flags, 0x0002f7c6);
	assert_int_equal(v.rsp_flags, 0x001afbf7);
	assert_int_equal(v.asym_offered, 0x90);
	assert_int_equal(v.hash_offered, 0x03);
	assert_int_equal(v.meas_spec, 0x01);
	assert_int_equal(v.opaque_fmt, 0x02);
	assert_true(v.multi_key);
	assert_int_equal(v.mel_spec, 0x01);
	assert_int_equal(v.meas_hash, 0x04);
	assert_int_equal(v.base_asym, 0x80);
	assert_int_equal(v.base_hash, 0x02);
	assert_int_equal(v.pqc_asym, 0);
	assert_false(v.ext_asym);
	assert_false(v.ext_hash);
	assert_int_equal(v.dhe, 0x10);
	assert_int_equal(v.aead, 0x02);
	assert_int_equal(v.req_asym, 0x08);
	assert_int_equal(v.key_schedule, 0x01);
	assert_int_equal(v.req_pqc_asym, 0x04);
	assert_int_equal(v.kem, 0x02);
}

static void fields_that_a_version_has_not_are_not_read(void **state)
{
	struct spdm_vca v;

	(void)state;
	vca_valid(&img, 0x13, 0, &at);
	img_set(&img, at.algorithms + 20, 0x07, 4);
	assert_parses(0, &v);
	assert_int_equal(v.pqc_asym, 0);

	vca_valid(&img, 0x12, 0, &at);
	img.bytes[at.algorithms + 31] = 1;
	assert_parses(0, &v);
	assert_int_equal(v.opaque_fmt, 2);
	assert_false(v.multi_key);
	assert_int_equal(v.mel_spec, 0);

	vca_valid(&img, 0x11, 0, &at);
	img.bytes[at.algorithms + 7] = 0x1f;
	assert_parses(0, &v);
	assert_int_equal(v.opaque_fmt, 0);
	assert_int_equal(v.dhe, 0x10);
	assert_int_equal(v.req_flags, 0x0002f7c6);
	assert_int_equal(v.rsp_flags, 0x001afbf7);

	vca_valid(&img, 0x10, 0, &at);
	img.bytes[at.negotiate + 2] = 4;	/* Param1 is reserved there */
	img.bytes[at.algorithms + 2] = 4;
	assert_parses(0, &v);
	assert_int_equal(v.req_flags, 0);
	assert_int_equal(v.rsp_flags, 0x001afbf7);
	assert_int_equal(v.dhe, 0);
}

static void supported_algorithms_belong_to_capabilities(void **state)
{
	struct spdm_vca v;

	(void)state;
	vca_valid(&img, 0x13, VCA_SUPPORTED, &at);
	assert_parses(0, &v);
	assert_int_equal(v.msg[SPDM_VCA_CAPABILITIES].offset, at.capabilities);
	assert_int_equal(v.msg[SPDM_VCA_CAPABILITIES].len, at.negotiate - at.capabilities);
	assert_int_equal(v.base_asym, 0x80);
	vca_valid(&img, 0x14, VCA_SUPPORTED, &at);
	assert_parses(0, &v);
	assert_int_equal(v.len, img.len);
}

static void supported_algorithms_may_be_kept_back(void **state)
{
	struct spdm_vca v;

	(void)state;
	vca_valid(&img, 0x13, 0, &at);
	img.bytes[at.get_capabilities + 2] = 1;
	assert_parses(0, &v);
	assert_int_equal(v.msg[SPDM_VCA_CAPABILITIES].len, 20);
}

static void the_flag_for_supported_algorithms_means_nothing_before_1_3(void **state)
{
	struct spdm_vca v;

	(void)state;
	vca_valid(&img, 0x12, 0, &at);
	img.bytes[at.get_capabilities + 2] = 1;
	img.bytes[at.capabilities + 2] = 1;
	assert_parses(0, &v);
}

static void a_vca_splits_from_what_follows(void **state)
{
	struct tdisp_why why = { 0 };
	struct spdm_vca v;
	size_t len;

	(void)state;
	good(0x12, 0);
	len = img.len;
	img_fill(&img, 0xe0, 3);
	assert_int_equal(spdm_vca_split(img.bytes, img.len, 0, &v, &why), 0);
	assert_null(why.check);
	assert_int_equal(v.len, len);
	assert_refuses("trailing", -EBADMSG, len, TDISP_WHY_NO_INDEX, 0, 3);
}

static void a_leading_vca_is_told_by_its_first_message(void **state)
{
	struct pair_at pair;

	(void)state;
	good(0x12, 0);
	assert_true(spdm_vca_leads(img.bytes, img.len));
	assert_true(spdm_vca_leads(img.bytes, 4));
	assert_false(spdm_vca_leads(img.bytes, 3));
	transcript_short(&img, 0x12, &pair);
	assert_false(spdm_vca_leads(img.bytes, img.len));
}

/* Lengths */

static void every_truncation_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct tdisp_why why;
		struct spdm_vca v;

		good(versions[i], versions[i] >= 0x13 ? VCA_SUPPORTED : 0);
		while (img.len) {
			img.len--;
			why.offset = SIZE_MAX;
			assert_int_equal(parse(0, &v, &why), -EBADMSG);
			assert_true(why.offset <= img.len);
		}
	}
}

static void truncation_names_the_message_and_its_size(void **state)
{
	(void)state;
	good(0x12, 0);
	img.len = 3;
	assert_refuses("GET_VERSION", -EBADMSG, 0, SPDM_VCA_GET_VERSION, 4, 3);
	good(0x12, 0);
	img.len = at.version + 2;
	assert_refuses("VERSION", -EBADMSG, at.version, SPDM_VCA_VERSION, 4, 2);
	good(0x12, 0);
	img.len = at.version + 11;
	assert_refuses("entries", -EBADMSG, at.version, SPDM_VCA_VERSION, 12, 11);
	good(0x12, 0);
	img.len = at.get_capabilities;
	assert_refuses("no GET_CAPABILITIES", -EBADMSG, at.get_capabilities,
		       SPDM_VCA_GET_CAPABILITIES, 4, 0);
	good(0x12, 0);
	img.len = at.get_capabilities + 19;
	assert_refuses("GET_CAPABILITIES 1.2", -EBADMSG, at.get_capabilities,
		       SPDM_VCA_GET_CAPABILITIES, 20, 19);
	good(0x11, 0);
	img.len = at.get_capabilities + 11;
	assert_refuses("GET_CAPABILITIES 1.1", -EBADMSG, at.get_capabilities,
		       SPDM_VCA_GET_CAPABILITIES, 12, 11);
	good(0x10, 0);
	img.len = at.capabilities + 11;
	assert_refuses("CAPABILITIES 1.0", -EBADMSG, at.capabilities, SPDM_VCA_CAPABILITIES, 12,
		       11);
	good(0x12, 0);
	img.len = at.negotiate + 31;
	assert_refuses("NEGOTIATE_ALGORITHMS", -EBADMSG, at.negotiate,
		       SPDM_VCA_NEGOTIATE_ALGORITHMS, 32, 31);
	good(0x12, 0);
	img.len = at.negotiate + 32 + 11;
	assert_refuses("extended algorithms", -EBADMSG, at.negotiate + 28,
		       SPDM_VCA_NEGOTIATE_ALGORITHMS, 11, 12);
	good(0x12, 0);
	img.len = at.algorithms + 36 + 7;
	assert_refuses("second table", -EBADMSG, at.algorithms + 40, SPDM_VCA_ALGORITHMS, 4, 3);
	good(0x13, VCA_SUPPORTED);
	img.len = at.supported + 29;
	assert_refuses("supported algorithms", -EBADMSG, at.supported, SPDM_VCA_CAPABILITIES, 30,
		       29);
}

static void length_of_algorithms_must_be_theirs(void **state)
{
	size_t where;
	int more;

	(void)state;
	for (more = -1; more <= 1; more += 2) {
		good(0x13, VCA_SUPPORTED);
		where = at.negotiate + 4;
		img_set(&img, where, 32 + 12 + 20 + more, 2);
		assert_refuses("NEGOTIATE_ALGORITHMS", -EBADMSG, where,
			       SPDM_VCA_NEGOTIATE_ALGORITHMS, 64, 64 + more);
		good(0x13, VCA_SUPPORTED);
		where = at.algorithms + 4;
		img_set(&img, where, 36 + 16 + more, 2);
		assert_refuses("ALGORITHMS", -EBADMSG, where, SPDM_VCA_ALGORITHMS, 52, 52 + more);
		good(0x13, VCA_SUPPORTED);
		where = at.supported + 2;
		img_set(&img, where, 30 + 12 + 20 + more, 2);
		assert_refuses("supported", -EBADMSG, where, SPDM_VCA_CAPABILITIES, 62, 62 + more);
	}
}

static void a_table_cut_off_by_its_extended_algorithms_is_refused(void **state)
{
	(void)state;
	good(0x12, 0);
	img.bytes[img.len - 3] = 0x21;
	assert_refuses("last table", -EBADMSG, img.len - 4, SPDM_VCA_ALGORITHMS, 4, 4);
}

/* Codes and versions */

static void each_message_must_be_in_its_place(void **state)
{
	static const uint8_t codes[] = { 0x84, 0x04, 0xe1, 0x61, 0xe3, 0x63 };
	const size_t *start[] = { &at.get_version, &at.version, &at.get_capabilities,
				  &at.capabilities, &at.negotiate, &at.algorithms };
	int m;

	(void)state;
	for (m = 0; m < 6; m++) {
		good(0x12, 0);
		img.bytes[*start[m] + 1] = 0x7f;
		assert_refuses("code", -EBADMSG, *start[m] + 1, m, codes[m], 0x7f);
	}
}

static void each_message_must_be_of_the_version_in_use(void **state)
{
	const size_t *start[] = { &at.get_version, &at.version, &at.get_capabilities,
				  &at.capabilities, &at.negotiate, &at.algorithms };
	int m;

	(void)state;
	for (m = 0; m < 6; m++) {
		if (m == SPDM_VCA_GET_CAPABILITIES)
			continue;
		good(0x12, 0);
		img.bytes[*start[m]] = 0x13;
		assert_refuses("version", -EBADMSG, *start[m], m, m < 2 ? 0x10 : 0x12, 0x13);
	}
}

static void the_version_in_use_must_be_listed(void **state)
{
	(void)state;
	good(0x12, 0);
	img.bytes[at.get_capabilities] = 0x13;
	assert_refuses("not listed", -EBADMSG, at.get_capabilities, SPDM_VCA_GET_CAPABILITIES,
		       0x12, 0x13);
	good(0x12, 0);
	img.bytes[at.version + 5] = 0;
	img_cut(&img, at.version + 6, 6);
	assert_refuses("no version at all", -EBADMSG, at.get_capabilities - 6,
		       SPDM_VCA_GET_CAPABILITIES, 0, 0x12);
}

static void versions_that_nobody_knows_are_unsupported(void **state)
{
	static const uint8_t unknown[] = { 0x00, 0x0f, 0x15, 0x20 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		good(0x12, 0);
		img_set(&img, at.version + 10, unknown[i] << 8, 2);
		img.bytes[at.get_capabilities] = unknown[i];
		assert_refuses("unknown", -EOPNOTSUPP, at.get_capabilities,
			       SPDM_VCA_GET_CAPABILITIES, 0x14, unknown[i]);
	}
}

static void an_alpha_version_is_refused_unless_asked_for(void **state)
{
	struct spdm_vca v;

	(void)state;
	good(0x12, 0);
	vca_valid(&img, 0x12, VCA_ALPHA, &at);
	assert_refuses("alpha", -EPERM, at.version + 6, SPDM_VCA_VERSION, 0, 1);
	assert_parses(SPDM_VCA_ALLOW_ALPHA, &v);
	assert_int_equal(v.entry, 0x1211);
	assert_int_equal(v.best_version, 0x10);
}

static void a_final_entry_outweighs_an_alpha_one_in_any_order(void **state)
{
	struct spdm_vca v;
	u64 first, second;

	(void)state;
	good(0x12, 0);
	first = img_get(&img, at.version + 8, 2);
	second = img_get(&img, at.version + 10, 2);
	assert_int_equal(first, 0x1211);
	img_set(&img, at.version + 8, second, 2);
	img_set(&img, at.version + 10, first, 2);
	assert_parses(0, &v);
	assert_int_equal(v.entry, 0x1220);
}

static void an_older_version_than_possible_shows(void **state)
{
	struct spdm_vca v;

	(void)state;
	good(0x11, 0);
	img_set(&img, at.version + 6, 0x1300, 2);
	assert_parses(0, &v);
	assert_int_equal(v.version, 0x11);
	assert_int_equal(v.best_version, 0x13);
	img_set(&img, at.version + 6, 0x1301, 2);
	assert_parses(0, &v);
	assert_int_equal(v.best_version, 0x11);
}

/* Algorithms */

static void supported_algorithms_come_only_if_asked_for(void **state)
{
	(void)state;
	good(0x13, VCA_SUPPORTED);
	img.bytes[at.get_capabilities + 2] = 0;
	assert_refuses("unasked", -EBADMSG, at.capabilities + 2, SPDM_VCA_CAPABILITIES, 0, 1);
}

static void tables_must_have_two_bytes(void **state)
{
	static const uint8_t counts[] = { 0x00, 0x10, 0x40, 0x60 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		good(0x12, 0);
		img.bytes[at.algorithms + 36 + 1] = counts[i];
		assert_refuses("count", -EBADMSG, at.algorithms + 37, SPDM_VCA_ALGORITHMS, 0x20,
			       counts[i]);
		good(0x12, 0);
		img.bytes[at.negotiate + 32 + 12 + 1] = counts[i];
		assert_refuses("count", -EBADMSG, at.negotiate + 45,
			       SPDM_VCA_NEGOTIATE_ALGORITHMS, 0x20, counts[i]);
	}
}

static void tables_must_rise(void **state)
{
	(void)state;
	good(0x12, 0);
	img.bytes[at.algorithms + 40] = 2;
	assert_refuses("twice", -EBADMSG, at.algorithms + 40, SPDM_VCA_ALGORITHMS, 3, 2);
	good(0x12, 0);
	img.bytes[at.algorithms + 36] = 4;
	assert_refuses("falling", -EBADMSG, at.algorithms + 40, SPDM_VCA_ALGORITHMS, 5, 3);
}

static void tables_of_unknown_types_are_skipped(void **state)
{
	struct spdm_vca v;

	(void)state;
	good(0x12, 0);
	img.bytes[at.algorithms + 36] = 0;
	img.bytes[at.algorithms + 48] = 0xff;
	assert_parses(0, &v);
	assert_int_equal(v.dhe, 0);
	assert_int_equal(v.aead, 2);
	assert_int_equal(v.key_schedule, 0);
}

static void a_table_must_select_one_algorithm_at_most(void **state)
{
	struct spdm_vca v;

	(void)state;
	good(0x12, 0);
	img_set(&img, at.algorithms + 42, 0x8001, 2);
	assert_refuses("two", -EBADMSG, at.algorithms + 42, SPDM_VCA_ALGORITHMS, 1, 0x8001);
	img_set(&img, at.algorithms + 42, 0, 2);
	assert_parses(0, &v);
	assert_int_equal(v.aead, 0);
}

static void each_selection_must_have_one_bit_at_most(void **state)
{
	static const struct {
		const char *desc;
		size_t field, size;
		u32 two;
	} rows[] = {
		{ "MeasurementSpecificationSel", 6, 1, 0x03 },
		{ "MeasurementHashAlgo", 8, 4, 0x06 },
		{ "BaseAsymSel", 12, 4, 0x90 },
		{ "BaseHashSel", 16, 4, 0x03 },
		{ "PqcAsymSel", 20, 4, 0x03 },
	};
	struct spdm_vca v;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		good(0x14, 0);
		img_set(&img, at.algorithms + rows[i].field, rows[i].two, rows[i].size);
		assert_refuses(rows[i].desc, -EBADMSG, at.algorithms + rows[i].field,
			       SPDM_VCA_ALGORITHMS, 1, rows[i].two);
		img_set(&img, at.algorithms + rows[i].field, 0, rows[i].size);
		assert_parses(0, &v);
	}
	good(0x12, 0);
	img.bytes[at.algorithms + 7] = 0x03;
	assert_refuses("OpaqueDataFmt", -EBADMSG, at.algorithms + 7, SPDM_VCA_ALGORITHMS, 1, 3);
}

static void what_signs_and_hashes_must_have_been_offered(void **state)
{
	(void)state;
	good(0x12, 0);
	img_set(&img, at.algorithms + 12, 0x04, 4);
	assert_refuses("BaseAsymSel", -EBADMSG, at.algorithms + 12, SPDM_VCA_ALGORITHMS, 0x90, 4);
	good(0x12, 0);
	img_set(&img, at.algorithms + 16, 0x04, 4);
	assert_refuses("BaseHashSel", -EBADMSG, at.algorithms + 16, SPDM_VCA_ALGORITHMS, 0x03, 4);
	good(0x14, 0);
	img_set(&img, at.algorithms + 20, 0x08, 4);
	assert_refuses("PqcAsymSel", -EBADMSG, at.algorithms + 20, SPDM_VCA_ALGORITHMS, 0x07, 8);
}

static void one_extended_algorithm_of_a_kind_may_be_selected(void **state)
{
	struct spdm_vca v;
	int kind;

	(void)state;
	for (kind = 0; kind < 2; kind++) {
		good(0x12, 0);
		img.bytes[at.algorithms + 32 + kind] = 1;
		img_insert(&img, at.algorithms + 36, 4);
		img_set(&img, at.algorithms + 4, 56, 2);
		assert_parses(0, &v);
		assert_int_equal(v.ext_asym, !kind);
		assert_int_equal(v.ext_hash, kind);
		assert_int_equal(v.dhe, 0x10);
		img.bytes[at.algorithms + 32 + kind] = 2;
		img_insert(&img, at.algorithms + 36, 4);
		img_set(&img, at.algorithms + 4, 60, 2);
		assert_refuses("two", -EBADMSG, at.algorithms + 32 + kind, SPDM_VCA_ALGORITHMS, 1,
			       2);
	}
}

static void many_extended_algorithms_do_not_wrap(void **state)
{
	(void)state;
	good(0x12, 0);
	img.bytes[at.negotiate + 28] = 0xff;
	img.bytes[at.negotiate + 29] = 0xff;
	assert_refuses("510", -EBADMSG, at.negotiate + 28, SPDM_VCA_NEGOTIATE_ALGORITHMS,
		       img.len - (at.negotiate + 32), 510 * 4);
}

/* Names and sizes */

static void signature_algorithms_have_names_and_sizes(void **state)
{
	static const struct {
		u32 sel;
		const char *name;
		enum spdm_alg_kind kind;
		u16 size, bits;
	} rows[] = {
		{ 0x001, "RSASSA 2048", SPDM_ALG_RSASSA, 256, 2048 },
		{ 0x002, "RSAPSS 2048", SPDM_ALG_RSAPSS, 256, 2048 },
		{ 0x004, "RSASSA 3072", SPDM_ALG_RSASSA, 384, 3072 },
		{ 0x008, "RSAPSS 3072", SPDM_ALG_RSAPSS, 384, 3072 },
		{ 0x010, "ECDSA P-256", SPDM_ALG_ECDSA, 64, 256 },
		{ 0x020, "RSASSA 4096", SPDM_ALG_RSASSA, 512, 4096 },
		{ 0x040, "RSAPSS 4096", SPDM_ALG_RSAPSS, 512, 4096 },
		{ 0x080, "ECDSA P-384", SPDM_ALG_ECDSA, 96, 384 },
		{ 0x100, "ECDSA P-521", SPDM_ALG_ECDSA, 132, 521 },
		{ 0x200, "SM2 P-256", SPDM_ALG_OTHER, 64, 0 },
		{ 0x400, "Ed25519", SPDM_ALG_OTHER, 64, 0 },
		{ 0x800, "Ed448", SPDM_ALG_OTHER, 114, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spdm_alg *a = spdm_asym(rows[i].sel);

		check_row(rows[i].name, a);
		check_row(rows[i].name, !strcmp(a->name, rows[i].name));
		check_row(rows[i].name, a->kind == rows[i].kind);
		check_row(rows[i].name, a->size == rows[i].size);
		check_row(rows[i].name, a->bits == rows[i].bits);
		check_row(rows[i].name, !a->unsupported == (a->kind != SPDM_ALG_OTHER));
	}
	assert_null(spdm_asym(0x1000));
	assert_null(spdm_asym(0x80000000));
	assert_null(spdm_asym(0));
	assert_null(spdm_asym(0x3));
}

static void post_quantum_algorithms_have_names_and_no_support(void **state)
{
	u32 sel;

	(void)state;
	assert_string_equal(spdm_pqc_asym(0x01)->name, "ML-DSA-44");
	assert_string_equal(spdm_pqc_asym(0x02)->name, "ML-DSA-65");
	assert_string_equal(spdm_pqc_asym(0x04)->name, "ML-DSA-87");
	assert_int_equal(spdm_pqc_asym(0x02)->size, 3309);
	assert_string_equal(spdm_pqc_asym(0x4000)->name, "SLH-DSA-SHAKE-256f");
	for (sel = 1; sel <= 0x4000; sel <<= 1)
		assert_non_null(spdm_pqc_asym(sel)->unsupported);
	assert_null(spdm_pqc_asym(0x8000));
}

static void hash_algorithms_have_names_and_sizes(void **state)
{
	static const struct {
		u32 sel;
		const char *name;
		u16 size;
		bool supported;
	} rows[] = {
		{ 0x01, "SHA-256", 32, true }, { 0x02, "SHA-384", 48, true },
		{ 0x04, "SHA-512", 64, true }, { 0x08, "SHA3-256", 32, false },
		{ 0x10, "SHA3-384", 48, false }, { 0x20, "SHA3-512", 64, false },
		{ 0x40, "SM3", 32, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spdm_alg *h = spdm_hash(rows[i].sel);

		check_row(rows[i].name, h && !strcmp(h->name, rows[i].name));
		check_row(rows[i].name, h->size == rows[i].size);
		check_row(rows[i].name, !h->unsupported == rows[i].supported);
		/* The same, a bit further up. */
		check_row(rows[i].name, spdm_meas_hash(rows[i].sel << 1) == h);
	}
	assert_null(spdm_hash(0x80));
	assert_null(spdm_meas_hash(0x100));
	assert_int_equal(spdm_meas_hash(1)->kind, SPDM_ALG_RAW);
	assert_int_equal(spdm_meas_hash(1)->size, 0);
	assert_null(spdm_meas_hash(0));
	assert_null(spdm_meas_hash(3));
}

static void other_things_have_names(void **state)
{
	(void)state;
	assert_string_equal(spdm_dhe_name(0x10), "secp384r1");
	assert_string_equal(spdm_dhe_name(0x40), "SM2 P-256");
	assert_string_equal(spdm_dhe_name(0x80), "unknown");
	assert_string_equal(spdm_dhe_name(0x30), "unknown");
	assert_string_equal(spdm_dhe_name(0), "none");
	assert_string_equal(spdm_aead_name(0x02), "AES-256-GCM");
	assert_string_equal(spdm_aead_name(0x10), "unknown");
	assert_string_equal(spdm_version_name(0x10), "1.0");
	assert_string_equal(spdm_version_name(0x11), "1.1");
	assert_string_equal(spdm_version_name(0x12), "1.2");
	assert_string_equal(spdm_version_name(0x13), "1.3");
	assert_string_equal(spdm_version_name(0x14), "1.4");
	assert_string_equal(spdm_version_name(0x15), "unknown");
}

/* Which of them verify */

static struct spdm_vca selected(u32 base_asym, u32 pqc_asym, u32 base_hash)
{
	return (struct spdm_vca) {
		.base_asym = base_asym, .pqc_asym = pqc_asym, .base_hash = base_hash,
		.msg[SPDM_VCA_ALGORITHMS] = { .offset = 100, .len = 52 },
	};
}

static void assert_no_algorithms(const struct spdm_vca *v, int err, const char *says, size_t offset)
{
	const struct spdm_alg *asym = NULL, *hash = NULL;
	struct tdisp_why why = { 0 };

	assert_int_equal(spdm_vca_algorithms(v, &asym, &hash, &why), err);
	assert_null(asym);
	assert_null(hash);
	assert_string_equal(why.check, says);
	assert_int_equal(why.offset, offset);
	assert_int_equal(why.index, SPDM_VCA_ALGORITHMS);
}

static void supported_algorithms_are_given(void **state)
{
	struct spdm_vca v = selected(0x80, 0, 0x02);
	const struct spdm_alg *asym = NULL, *hash = NULL;

	(void)state;
	assert_int_equal(spdm_vca_algorithms(&v, &asym, &hash, NULL), 0);
	assert_ptr_equal(asym, spdm_asym(0x80));
	assert_ptr_equal(hash, spdm_hash(0x02));
}

static void unsupported_algorithms_are_refused_by_name(void **state)
{
	static const struct {
		u32 base_asym, pqc_asym, base_hash;
		const char *says;
		size_t offset;
	} rows[] = {
		{ 0x200, 0, 2, "SM2 P-256 is not supported", 112 },
		{ 0x400, 0, 2, "Ed25519 is not supported", 112 },
		{ 0x800, 0, 2, "Ed448 is not supported", 112 },
		{ 0x1000, 0, 2, "the signature algorithm is a known one", 112 },
		{ 0, 0x02, 2, "ML-DSA-65 is not supported", 120 },
		{ 0, 0x8000, 2, "the signature algorithm is a known one", 120 },
		{ 0x80, 0, 0x10, "SHA3-384 is not supported", 116 },
		{ 0x80, 0, 0x40, "SM3 is not supported", 116 },
		{ 0x80, 0, 0x80, "the hash algorithm is a known one", 116 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spdm_vca v = selected(rows[i].base_asym, rows[i].pqc_asym,
					     rows[i].base_hash);

		assert_no_algorithms(&v, -EOPNOTSUPP, rows[i].says, rows[i].offset);
	}
}

static void no_algorithm_or_two_are_malformed(void **state)
{
	struct spdm_vca v;

	(void)state;
	v = selected(0, 0, 2);
	assert_no_algorithms(&v, -EBADMSG, "a signature algorithm is selected", 112);
	v = selected(0x80, 0, 0);
	assert_no_algorithms(&v, -EBADMSG, "a hash algorithm is selected", 116);
	v = selected(0x80, 1, 2);
	assert_no_algorithms(&v, -EBADMSG, "one signature algorithm is selected", 112);
}

static void extended_algorithms_are_unsupported(void **state)
{
	struct spdm_vca v;

	(void)state;
	v = selected(0, 0, 2);
	v.ext_asym = true;
	assert_no_algorithms(&v, -EOPNOTSUPP, "extended algorithms are not supported",
			     112);
	v = selected(0x80, 0, 0);
	v.ext_hash = true;
	assert_no_algorithms(&v, -EOPNOTSUPP, "extended hash algorithms are not supported", 116);
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
		cmocka_unit_test(every_message_is_found_in_every_version),
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(fields_that_a_version_has_not_are_not_read),
		cmocka_unit_test(supported_algorithms_belong_to_capabilities),
		cmocka_unit_test(supported_algorithms_may_be_kept_back),
		cmocka_unit_test(the_flag_for_supported_algorithms_means_nothing_before_1_3),
		cmocka_unit_test(a_vca_splits_from_what_follows),
		cmocka_unit_test(a_leading_vca_is_told_by_its_first_message),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(truncation_names_the_message_and_its_size),
		cmocka_unit_test(length_of_algorithms_must_be_theirs),
		cmocka_unit_test(a_table_cut_off_by_its_extended_algorithms_is_refused),
		cmocka_unit_test(each_message_must_be_in_its_place),
		cmocka_unit_test(each_message_must_be_of_the_version_in_use),
		cmocka_unit_test(the_version_in_use_must_be_listed),
		cmocka_unit_test(versions_that_nobody_knows_are_unsupported),
		cmocka_unit_test(an_alpha_version_is_refused_unless_asked_for),
		cmocka_unit_test(a_final_entry_outweighs_an_alpha_one_in_any_order),
		cmocka_unit_test(an_older_version_than_possible_shows),
		cmocka_unit_test(supported_algorithms_come_only_if_asked_for),
		cmocka_unit_test(tables_must_have_two_bytes),
		cmocka_unit_test(tables_must_rise),
		cmocka_unit_test(tables_of_unknown_types_are_skipped),
		cmocka_unit_test(a_table_must_select_one_algorithm_at_most),
		cmocka_unit_test(each_selection_must_have_one_bit_at_most),
		cmocka_unit_test(what_signs_and_hashes_must_have_been_offered),
		cmocka_unit_test(one_extended_algorithm_of_a_kind_may_be_selected),
		cmocka_unit_test(many_extended_algorithms_do_not_wrap),
		cmocka_unit_test(signature_algorithms_have_names_and_sizes),
		cmocka_unit_test(post_quantum_algorithms_have_names_and_no_support),
		cmocka_unit_test(hash_algorithms_have_names_and_sizes),
		cmocka_unit_test(other_things_have_names),
		cmocka_unit_test(supported_algorithms_are_given),
		cmocka_unit_test(unsupported_algorithms_are_refused_by_name),
		cmocka_unit_test(no_algorithm_or_two_are_malformed),
		cmocka_unit_test(extended_algorithms_are_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, free_image);
}
