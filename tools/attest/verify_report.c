// SPDX-License-Identifier: GPL-2.0
/* The interface report: what the device may do, against what policy wants. */
#include <string.h>

#include <tdisp/appraise.h>

#include "verify.h"

#define OBJECT	"report"

/* Lets everything pass; each check takes one thing of it back. */
static const struct tdisp_policy lenient = {
	.allow_msix_locked = true, .allow_tph = true, .allow_lnr = true, .allow_updatable = true,
};

static void appraise(const struct parts *parts, const struct tdisp_policy *want,
		     enum check_id id, const char *passed, struct verdict *verdict)
{
	struct tdisp_why why = { 0 };

	if (tdisp_report_appraise(parts->report_bytes.data, &parts->report, want, &why))
		verdict_add_why(verdict, id, CHECK_REFUSED, OBJECT, &why);
	else
		verdict_add(verdict, id, CHECK_PASSED, "%s", passed);
}

static void any(enum check_id id, struct verdict *verdict)
{
	verdict_add(verdict, id, CHECK_SKIPPED, "policy has no opinion");
}

static void check_bit(const struct parts *parts, enum policy_bit want, u16 bit,
		      enum check_id id, struct verdict *verdict)
{
	struct tdisp_policy policy = lenient;

	if (want == BIT_ANY) {
		any(id, verdict);
		return;
	}
	policy.info_set = want == BIT_SET ? bit : 0;
	policy.info_clear = want == BIT_CLEAR ? bit : 0;
	appraise(parts, &policy, id, parts->report.info & bit ? "yes" : "no", verdict);
}

/* A register that is 0 unless the feature is on; the library knows "off" only. */
static void check_register(const struct parts *parts, enum policy_bit want, u32 found,
			   const struct tdisp_policy *off, size_t offset, enum check_id id,
			   struct verdict *verdict)
{
	struct check *check;

	if (want == BIT_ANY) {
		any(id, verdict);
	} else if (want == BIT_CLEAR) {
		appraise(parts, off, id, "no", verdict);
	} else if (found) {
		verdict_add(verdict, id, CHECK_PASSED, "yes");
	} else {
		check = verdict_add(verdict, id, CHECK_REFUSED, "0");
		check_expected(check, "not 0");
		check->object = OBJECT;
		check->offset = offset;
	}
}

static void check_registers(const struct policy_report *want, const struct parts *parts,
			    struct verdict *verdict)
{
	struct tdisp_policy msix = lenient, lnr = lenient, tph = lenient;

	msix.allow_msix_locked = false;
	lnr.allow_lnr = false;
	tph.allow_tph = false;
	check_register(parts, want->msix, parts->report.msix_control, &msix,
		       offsetof(struct tdisp_report_hdr, msix_message_control),
		       CHECK_REPORT_MSIX, verdict);
	check_register(parts, want->lnr, parts->report.lnr_control, &lnr,
		       offsetof(struct tdisp_report_hdr, lnr_control), CHECK_REPORT_LNR, verdict);
	check_register(parts, want->tph, parts->report.tph_control, &tph,
		       offsetof(struct tdisp_report_hdr, tph_control), CHECK_REPORT_TPH, verdict);
}

static void range_refused(struct verdict *verdict, enum check_id id, u32 i, const char *expected,
			  const char *found)
{
	struct check *check = verdict_add(verdict, id, CHECK_REFUSED, "%s", found);

	check_expected(check, "%s", expected);
	check->index = i;
	check->object = OBJECT;
	check->offset = sizeof(struct tdisp_report_hdr) + i * sizeof(struct tdisp_report_range) +
			offsetof(struct tdisp_report_range, attr);
}

static void check_ranges(const struct policy_report *want, const struct parts *parts,
			 struct verdict *verdict)
{
	char found[24];

	for (u32 i = 0; i < parts->report.nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(parts->report_bytes.data,
							      &parts->report, i);

		if (range.id >= TDISP_NR_BARS && !want->any_range_id) {
			util_format(found, sizeof(found), "%u", range.id);
			range_refused(verdict, CHECK_REPORT_RANGE_ID, i, "0 to 5", found);
		}
		if (range.attr & TDISP_RANGE_NON_TEE && want->refuse_non_tee)
			range_refused(verdict, CHECK_REPORT_NON_TEE, i, "TEE memory",
				      "non-TEE memory");
		if (range.attr & TDISP_RANGE_ATTR_UPDATABLE && want->refuse_updatable)
			range_refused(verdict, CHECK_REPORT_UPDATABLE, i, "fixed attributes",
				      "updatable attributes");
	}
}

static void sum_up(enum check_id id, bool asked, struct verdict *verdict)
{
	if (verdict_bad(verdict, id))
		return;
	if (asked)
		verdict_add(verdict, id, CHECK_PASSED, "all of them");
	else
		any(id, verdict);
}

static void check_bars(const struct subject *subject, const struct parts *parts,
		       struct verdict *verdict)
{
	struct tdisp_why why = { 0 };

	if (!subject->has_bars) {
		verdict_add(verdict, CHECK_REPORT_BARS, CHECK_SKIPPED,
			    "the BARs' sizes are not known: give --bars");
		return;
	}
	if (!tdisp_report_match(parts->report_bytes.data, &parts->report, &subject->bars, &why)) {
		verdict_add(verdict, CHECK_REPORT_BARS, CHECK_PASSED, "%u range%s",
			    parts->report.nr_ranges, parts->report.nr_ranges == 1 ? "" : "s");
		return;
	}
	/* That such a range is there is judged apart; where it lies nobody can tell. */
	if (why.index < parts->report.nr_ranges &&
	    tdisp_report_range(parts->report_bytes.data, &parts->report, why.index).id >=
	    TDISP_NR_BARS)
		verdict_add(verdict, CHECK_REPORT_BARS, CHECK_SKIPPED,
			    "range %u belongs to no BAR", why.index);
	else
		verdict_add_why(verdict, CHECK_REPORT_BARS, CHECK_FAILED, OBJECT, &why);
}

static void check_device_info(const struct policy_report *want, const struct parts *parts,
			      struct verdict *verdict)
{
	struct bytes found = { parts->report_bytes.data + parts->report.device_info,
			       parts->report.device_info_len };
	struct check *check;

	if (!want->device_info.nr) {
		any(CHECK_REPORT_DEVICE_INFO, verdict);
		return;
	}
	for (size_t i = 0; i < want->device_info.nr; i++) {
		if (crypto_equal(blob_bytes(&want->device_info.value[i]), found)) {
			verdict_add(verdict, CHECK_REPORT_DEVICE_INFO, CHECK_PASSED, "it does");
			return;
		}
	}
	check = verdict_add(verdict, CHECK_REPORT_DEVICE_INFO, CHECK_REFUSED, "%zu other bytes",
			    found.len);
	check_expected(check, "what policy names");
	check->object = OBJECT;
	check->offset = parts->report.device_info;
}

void verify_report(const struct subject *subject, const struct policy *policy,
		   const struct parts *parts, struct verdict *verdict)
{
	const struct policy_report *want = &policy->report;
	const struct {
		enum policy_bit want;
		u16 bit;
		enum check_id id;
	} infos[] = {
		{ want->no_fw_update, TDISP_INFO_NO_FW_UPDATE, CHECK_REPORT_FW_UPDATE },
		{ want->dma, TDISP_INFO_DMA_NO_PASID, CHECK_REPORT_DMA },
		{ want->pasid, TDISP_INFO_DMA_PASID, CHECK_REPORT_PASID },
		{ want->ats, TDISP_INFO_ATS, CHECK_REPORT_ATS },
		{ want->prs, TDISP_INFO_PRS, CHECK_REPORT_PRS },
	};

	check_bars(subject, parts, verdict);
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		check_bit(parts, infos[i].want, infos[i].bit, infos[i].id, verdict);
	check_registers(want, parts, verdict);
	check_ranges(want, parts, verdict);
	sum_up(CHECK_REPORT_RANGE_ID, !want->any_range_id, verdict);
	sum_up(CHECK_REPORT_NON_TEE, want->refuse_non_tee, verdict);
	sum_up(CHECK_REPORT_UPDATABLE, want->refuse_updatable, verdict);
	check_device_info(want, parts, verdict);
}
