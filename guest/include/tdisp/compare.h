/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Is a device that comes back the one that was accepted? Two reports, or two
 * measurement transcripts, but for what differs from lock to lock.
 */
#ifndef TDISP_COMPARE_H
#define TDISP_COMPARE_H

#include "port.h"
#include "report.h"
#include "spdm_meas.h"
#include "why.h"

/**
 * struct tdisp_report_in - a report that tdisp_report_match() accepted
 * @buf: its bytes, in private memory
 * @report: its fixed part
 * @bars: the BARs it was matched against
 */
struct tdisp_report_in {
	const void *buf;
	const struct tdisp_report *report;
	const struct tdisp_bars *bars;
};

/**
 * tdisp_report_same() - do two reports describe the same interface?
 * @old: what was accepted
 * @new: what came
 * @why: set on failure, may be NULL
 *
 * Addresses are compared as offsets in their BARs: MMIO_REPORTING_OFFSET is another
 * with each lock (PCIe r6.x 11.3.8).
 *
 * Return: 0, or -EKEYREJECTED with the reason in @why.
 */
int tdisp_report_same(const struct tdisp_report_in *old, const struct tdisp_report_in *new,
		      struct tdisp_why *why);

/**
 * struct spdm_meas_in - a transcript that spdm_meas_parse() accepted
 * @buf: its bytes, in private memory
 * @meas: what is where
 */
struct spdm_meas_in {
	const void *buf;
	const struct spdm_meas *meas;
};

/**
 * spdm_meas_same() - do two transcripts measure the same?
 * @old: what was accepted
 * @new: what came
 * @why: set on failure, may be NULL
 *
 * Every block, in order: nonces and opaque data are of one measurement.
 *
 * Return: 0, or -EKEYREJECTED with the reason in @why.
 */
int spdm_meas_same(const struct spdm_meas_in *old, const struct spdm_meas_in *new,
		   struct tdisp_why *why);

#endif /* TDISP_COMPARE_H */
