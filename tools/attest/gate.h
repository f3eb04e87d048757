/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot gate's decision: which of the held devices are accepted.
 *
 * Whatever goes wrong leaves a device held, which is the kernel's doing and not ours:
 * here nothing is ever opened by default. What may wait for the host waits in a child
 * with a deadline.
 */
#ifndef ATTEST_GATE_H
#define ATTEST_GATE_H

#include <limits.h>
#include <stdio.h>

#include "gate_hold.h"
#include "gate_source.h"
#include "tool.h"

#define GATE_RESULT_DEFAULT	"/run/tdi/gate.json"

/**
 * enum gate_verdict - what became of one device
 * @GATE_ACCEPTED: it runs as part of the trust boundary
 * @GATE_REFUSED: its evidence or a policy speaks against it
 * @GATE_FAILED: host, device, TPM or this machine did not do their part
 * @GATE_HELD: nobody asked for it, or it came to no look at it
 * @GATE_ABSENT: it is required, and not there
 */
enum gate_verdict {
	GATE_ACCEPTED, GATE_REFUSED, GATE_FAILED, GATE_HELD, GATE_ABSENT, GATE_VERDICTS
};

const char *gate_verdict_name(enum gate_verdict verdict);

/**
 * struct gate_device - one device, or one that an entry lacks
 * @bdf: "" for GATE_ABSENT
 * @entry: the entry's name, "" for none
 * @required: by that entry, or it was exposed: its fate is that of the decision
 * @measured: into the TPM, now
 * @driver: that it has now, "" for none
 * @exposed: the driver that it had before it was held, "" for none
 * @status: what its fate makes of the exit status
 * @millis: how long it took
 */
struct gate_device {
	char bdf[BDF_SIZE];
	char entry[GATE_NAME_SIZE];
	bool required;
	bool measured;
	char driver[NAME_SIZE];
	char exposed[NAME_SIZE];
	enum gate_verdict verdict;
	enum tdi_exit status;
	char reason[512];
	char advice[256];
	uint64_t millis;
};

/**
 * struct gate_decision - all of it, as it is written down
 * @only: the device that it is about, "" for all at boot
 * @boot_id: of the boot that it was made in
 * @time: the wall clock's, for people
 * @boottime: CLOCK_BOOTTIME at the end, in milliseconds
 * @millis: how long it took
 * @hold: the kernel's policy, "" if there is none
 * @why: status 0 for yes
 * @has_policy: the signed policy could be read; @description to @not_after are its
 * @signer: subject of the pinned certificate that signed it, "" for none
 */
struct gate_decision {
	char only[BDF_SIZE];
	char boot_id[40];
	char time[32];
	uint64_t boottime;
	uint64_t millis;
	char hold[32];
	struct gate_failure why;
	bool has_policy;
	bool credentials;
	char description[256];
	char policy_sha256[2 * GATE_SHA256_SIZE + 1];
	char not_before[32];
	char not_after[32];
	char signer[CRYPTO_NAME_SIZE];
	char signer_sha256[2 * FINGERPRINT_SIZE + 1];
	size_t nr;
	struct gate_device *device;
};

struct gate_device *gate_decision_add(struct gate_decision *decision);
void gate_decision_free(struct gate_decision *decision);

/**
 * struct gate_job - what is asked for
 * @only: a device that came later; NULL: all
 * @result: beside which the lock is
 * @dir: of policy and signer
 * @credentials: systemd's directory of them, NULL for none
 * @timeout: seconds, 0: the policy's
 * @no_hold: go on without the kernel's hold
 * @tcti: NULL for the default
 * @tpm_log: the same
 */
struct gate_job {
	const struct sysfs *fs;
	const char *only;
	const char *result;
	const char *dir;
	const char *credentials;
	unsigned int timeout;
	bool no_hold;
	const char *tcti;
	const char *tpm_log;
};

/* Decides; @ret is to be released with gate_decision_free(). */
void gate_decide(const struct gate_job *job, struct gate_decision *ret);

/* This boot, "" if the kernel does not say. */
void gate_boot_id(const struct sysfs *fs, char ret[40]);

/* Milliseconds since boot, suspended time included. */
uint64_t gate_millis(void);

/* ---- in a child ---- */

/**
 * gate_connect() - connect and verify one device, and have a driver bound
 * @tsms: who is there
 * @policy: by this; the child has a copy
 * @until: gate_millis() at which it is too late
 * @ret: its bdf is set; the rest is set here
 */
void gate_connect(const struct gate_job *job, const struct tsm_list *tsms, struct policy *policy,
		  const struct gate_entry *entry, uint64_t until, struct gate_device *ret);

/* ---- the result file ---- */

/* For people and for tdi status; a person may read it, only root may have written it. */
void gate_result_json(FILE *f, const struct gate_decision *decision);

/* 0 or a negative errno; a reader sees the old file or the new one. */
int gate_result_write(const char *path, const struct gate_decision *decision);

/**
 * gate_result_read() - read it back
 * @why: set to a reason on failure
 *
 * Return: 0; -ENOENT if there is none; another negative errno for one that is not to
 * be believed: not root's (or the caller's), or not what gate_result_write() writes.
 */
int gate_result_read(const char *path, struct gate_decision *ret, char *why, size_t size);

/* Where the decision about one device is written: beside the other. */
int gate_result_path(const char *path, const char *only, char ret[PATH_MAX]);

/**
 * gate_result_lock() - be the only one that decides
 * @path: of a result: the lock is in its directory
 * @until: gate_millis() at which nobody waits for another any longer
 *
 * Return: what to give to gate_result_unlock(), or a negative errno, -EWOULDBLOCK if
 * somebody else has it still.
 */
int gate_result_lock(const char *path, uint64_t until);
void gate_result_unlock(int lock);

/* ---- for a person ---- */

/* A line for each device and one for all, on stderr; with levels if that is the journal. */
void gate_tell(const struct gate_decision *decision, bool again);

#endif /* ATTEST_GATE_H */
