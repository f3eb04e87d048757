/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Appraisal of an interface report: what it says the device may do, against
 * what is wanted of it.
 *
 * A hypervisor can show a capability in config space that the function does not
 * have. Config space is a claim, the report is the evidence (PCIe r6.x 11.3.11).
 */
#ifndef TDISP_APPRAISE_H
#define TDISP_APPRAISE_H

#include "report.h"

/**
 * struct tdisp_policy - what is wanted of a TDI
 * @info_set: TDISP_INFO_* bits that must be set
 * @info_clear: TDISP_INFO_* bits that must be clear
 * @allow_msix_locked: the MSI-X table may be locked and reported
 * @allow_tph: TLP processing hints may be on
 * @allow_lnr: lightweight notification may be on (deprecated since PCIe 6.0)
 * @allow_updatable: a range may turn non-TEE, or back, while in RUN
 * @covered: BARs that the ranges must cover to the last page, NULL for none; the
 *	report must have passed tdisp_report_match() for them
 */
struct tdisp_policy {
	u16 info_set;
	u16 info_clear;
	bool allow_msix_locked;
	bool allow_tph;
	bool allow_lnr;
	bool allow_updatable;
	const struct tdisp_bars *covered;
};

/* For a guest that asked for NO_FW_UPDATE and uses neither PASID, ATS nor PRI. */
#define TDISP_POLICY_STRICT ((struct tdisp_policy) {				\
	.info_set = TDISP_INFO_NO_FW_UPDATE | TDISP_INFO_DMA_NO_PASID,		\
	.info_clear = TDISP_INFO_DMA_PASID | TDISP_INFO_ATS | TDISP_INFO_PRS,	\
})

/**
 * tdisp_report_appraise() - compare a report with a policy
 * @buf: the bytes that tdisp_report_parse() accepted, unchanged
 * @report: what it returned
 * @policy: what is wanted
 * @why: set on failure, may be NULL
 *
 * Return: 0, or -EPERM with the first reason in @why.
 */
int tdisp_report_appraise(const void *buf, const struct tdisp_report *report,
			  const struct tdisp_policy *policy, struct tdisp_why *why);

#endif /* TDISP_APPRAISE_H */
