// SPDX-License-Identifier: GPL-2.0
/* guest/lib/appraise.c: what a careful guest wants of a device, bit by bit. */
#include "unit.h"

#include <string.h>

#include <tdisp/appraise.h>

#include "build_report.h"

#define CAREFUL		0x3	/* updates locked out, DMA without PASID */

static void plain(struct report_image *img)
{
	report_begin(img, CAREFUL, 0);
	report_add_range(img, 0, 0x1000, 4, 0);
	report_add_range(img, 2, 0x2000, 4, 0);
	report_end(img, NULL, 0);
}

static int appraise(const struct report_image *img, const struct tdisp_policy *policy,
		    struct tdisp_why *why)
{
	struct tdisp_report report;

	assert_int_equal(tdisp_report_parse(img->bytes, img->len, &report, NULL), 0);
	return tdisp_report_appraise(img->bytes, &report, policy, why);
}

/* One thing broken a row: a 16- or 32-bit value at an offset. */
static const struct {
	const char *desc;
	size_t at, width;
	uint32_t value;
	const char *check;
	uint64_t expected, found;
} refused[] = {
	{ "updates permitted", AT_INFO, 2, 0x2, "firmware updates are locked out", 1, 0 },
	{ "no DMA without PASID", AT_INFO, 2, 0x1, "DMA without PASID may be generated", 1, 0 },
	{ "PASID on", AT_INFO, 2, 0x7, "no DMA with PASID is generated", 0, 1 },
	{ "ATS on", AT_INFO, 2, 0xb, "ATS is not enabled", 0, 1 },
	{ "PRS on", AT_INFO, 2, 0x13, "PRS is not enabled", 0, 1 },
	{ "MSI-X locked", AT_MSIX, 2, 0x8007, "MSI-X table is not locked", 0, 0x8007 },
	{ "LNR on", AT_LNR, 2, 0x1, "LNR is off", 0, 1 },
	{ "TPH on", AT_TPH, 4, 0x100, "TPH is off", 0, 0x100 },
	{ "second range updatable", AT_ATTR(1), 4, 0x20008, "range's attributes are not updatable",
	  0, 8 },
};

static void the_strict_policy_refuses_each_bit_by_name(void **state)
{
	struct tdisp_policy strict = TDISP_POLICY_STRICT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct tdisp_why why = { 0 };
		struct report_image img;

		plain(&img);
		check_row(refused[i].desc, appraise(&img, &strict, NULL) == 0);
		if (refused[i].width == 2)
			poke16(&img, refused[i].at, refused[i].value);
		else
			poke32(&img, refused[i].at, refused[i].value);
		check_row(refused[i].desc, appraise(&img, &strict, NULL) == -EPERM);
		check_row(refused[i].desc, appraise(&img, &strict, &why) == -EPERM);
		check_row(refused[i].desc, !strcmp(why.check, refused[i].check));
		check_row(refused[i].desc, why.offset == refused[i].at);
		check_row(refused[i].desc, why.expected == refused[i].expected);
		check_row(refused[i].desc, why.found == refused[i].found);
	}
}

static void a_policy_that_wants_nothing_refuses_nothing_it_allows(void **state)
{
	struct tdisp_policy lax = {
		.allow_msix_locked = true, .allow_tph = true, .allow_lnr = true,
		.allow_updatable = true,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct report_image img;

		plain(&img);
		if (refused[i].width == 2)
			poke16(&img, refused[i].at, refused[i].value);
		else
			poke32(&img, refused[i].at, refused[i].value);
		check_row(refused[i].desc, appraise(&img, &lax, NULL) == 0);
	}
}

static void each_allowance_is_needed_by_itself(void **state)
{
	struct tdisp_policy lax = {
		.allow_msix_locked = true, .allow_tph = true, .allow_lnr = true,
		.allow_updatable = true,
	};
	struct tdisp_policy policy;
	struct report_image img;

	(void)state;
	report_begin(&img, CAREFUL, 0x8000);
	report_add_range(&img, 0, 0x1000, 4, 8);
	report_end(&img, NULL, 0);
	poke16(&img, AT_LNR, 1);
	poke32(&img, AT_TPH, 1);
	assert_int_equal(appraise(&img, &lax, NULL), 0);
	policy = lax;
	policy.allow_msix_locked = false;
	assert_int_equal(appraise(&img, &policy, NULL), -EPERM);
	policy = lax;
	policy.allow_tph = false;
	assert_int_equal(appraise(&img, &policy, NULL), -EPERM);
	policy = lax;
	policy.allow_lnr = false;
	assert_int_equal(appraise(&img, &policy, NULL), -EPERM);
	policy = lax;
	policy.allow_updatable = false;
	assert_int_equal(appraise(&img, &policy, NULL), -EPERM);
}

static void a_policy_may_want_updates_permitted(void **state)
{
	struct tdisp_policy policy = { .info_clear = TDISP_INFO_NO_FW_UPDATE };
	struct tdisp_why why = { 0 };
	struct report_image img;

	(void)state;
	plain(&img);
	poke16(&img, AT_INFO, 0x2);
	assert_int_equal(appraise(&img, &policy, NULL), 0);
	poke16(&img, AT_INFO, 0x3);
	assert_int_equal(appraise(&img, &policy, &why), -EPERM);
	assert_string_equal(why.check, "firmware may be updated");
}

static void a_bar_must_be_covered_to_the_last_page(void **state)
{
	struct tdisp_bars bars = { .size = { 0x4000, 0, 0x4000 } };
	struct tdisp_policy policy = TDISP_POLICY_STRICT;
	struct tdisp_why why = { 0 };
	struct report_image img;

	(void)state;
	policy.covered = &bars;
	plain(&img);
	assert_int_equal(appraise(&img, &policy, NULL), 0);

	/* A host that shows a larger BAR than the device has. */
	bars.size[2] *= 2;
	assert_int_equal(appraise(&img, &policy, &why), -EPERM);
	assert_int_equal(why.index, 2);
	assert_int_equal(why.expected, 8);
	assert_int_equal(why.found, 4);
	policy.covered = NULL;
	assert_int_equal(appraise(&img, &policy, NULL), 0);

	/* A BAR of which the report is silent. */
	bars.size[2] /= 2;
	bars.size[4] = 0x2000;
	policy.covered = &bars;
	assert_int_equal(appraise(&img, &policy, &why), -EPERM);
	assert_int_equal(why.index, 4);

	/* Ranges of what is no BAR do not count. */
	bars.size[4] = 0;
	report_begin(&img, CAREFUL, 0);
	report_add_range(&img, 0, 0x1000, 4, 0);
	report_add_range(&img, 2, 0x2000, 4, 0);
	report_add_range(&img, 9, 0x3000, 1, 0);
	report_end(&img, NULL, 0);
	assert_int_equal(appraise(&img, &policy, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_strict_policy_refuses_each_bit_by_name),
		cmocka_unit_test(a_policy_that_wants_nothing_refuses_nothing_it_allows),
		cmocka_unit_test(each_allowance_is_needed_by_itself),
		cmocka_unit_test(a_policy_may_want_updates_permitted),
		cmocka_unit_test(a_bar_must_be_covered_to_the_last_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
