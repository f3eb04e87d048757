/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accepting a device on the word of this program: lock it, verify the evidence,
 * approve and accept exactly that generation; or unlock it again.
 */
#ifndef ATTEST_APPROVE_H
#define ATTEST_APPROVE_H

#include "inputs.h"

/**
 * enum approve_end - how it ended
 * @APPROVE_DONE: accepted
 * @APPROVE_KERNEL: the kernel refused a step: @file and @err say which
 * @APPROVE_VERDICT: the evidence was not verified: @status and @reason
 * @APPROVE_IO: something could not be read or written: @reason and @err
 * @APPROVE_TPM: it was to be measured, and was not: @tpm
 */
enum approve_end {
	APPROVE_DONE,
	APPROVE_KERNEL,
	APPROVE_VERDICT,
	APPROVE_IO,
	APPROVE_TPM,
};

/**
 * struct approve_result - how it ended
 * @measured: into the TPM
 * @tpm: why not, if it was wanted
 */
struct approve_result {
	enum approve_end end;
	const char *file;	/* below tsm/, a literal */
	int err;		/* positive */
	enum tdi_exit status;
	char reason[512];
	bool measured;
	struct tpm_error tpm;
};

/**
 * struct approved - a verdict, to be measured
 * @event: all of it
 * @verdict: as JSON
 */
struct approved {
	struct tpm_event event;
	struct blob verdict;
};

/* The steps that measuring alone needs, too. Each: false after setting @ret. */
bool approve_collect(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
		     struct inputs *in, struct approve_result *ret);
bool approve_verify(struct inputs *in, struct approved *approved, struct approve_result *ret);

/* Measures what was verified; false after setting @err. */
bool approve_measure(struct inputs *in, struct approved *approved, enum tpm_event_kind kind,
		     struct tpm_error *err);

/**
 * approve() - lock, verify, approve, accept
 * @bdf: an unlocked device without a driver
 * @in: policy and anchors; its evidence is set here
 * @ret: how it ended; when not APPROVE_DONE the device was unlocked again, as far
 *	as the kernel did so
 */
void approve(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
	     struct inputs *in, struct approve_result *ret);

#endif /* ATTEST_APPROVE_H */
