// SPDX-License-Identifier: GPL-2.0
/* What response codes of a TPM mean for scripts and for people. */
#include <errno.h>
#include <stdarg.h>
#include <tss2/tss2_tpm2_types.h>

#include "tpm.h"

static const struct {
	const char *name;
	int err;
	const char *advice;
} problems[] = {
	[TPM_FINE] = { "none", 0, NULL },
	[TPM_ABSENT] = { "absent", ENODEV,
		"Give the machine a TPM 2.0 (a vTPM that its owner trusts), or name one by --tcti." },
	[TPM_LOCKED] = { "locked", EACCES,
		"Somebody set an authorization on it, or it is in lockout: tpm2_getcap properties-variable tells, tpm2_dictionarylockout --clear-lockout ends the latter." },
	[TPM_FULL] = { "full", ENOSPC,
		"Somebody left keys or sessions in it: tpm2_flushcontext --transient-object frees them; /dev/tpmrm0 avoids that." },
	[TPM_RESET] = { "reset", ESTALE,
		"What was measured is gone from it: disconnect the devices, remove the event log, and connect them again. On a guest that did not reboot, ask whose TPM this is." },
	[TPM_DISAGREES] = { "disagrees", EBADMSG,
		"Somebody else extended the PCR, or changed the log: no quote will verify until the machine is rebooted. Another PCR (--pcr, \"tpm\": {\"pcr\": N}) takes a log of its own (--tpm-log)." },
	[TPM_UNFIT] = { "unfit", EOPNOTSUPP, NULL },
	[TPM_FAILED] = { "failed", EIO, NULL },
};

const char *tpm_problem_name(enum tpm_problem problem)
{
	return problems[problem].name;
}

int tpm_problem_errno(enum tpm_problem problem)
{
	return problems[problem].err;
}

const char *tpm_problem_advice(enum tpm_problem problem)
{
	return problems[problem].advice;
}

bool tpm_fail(struct tpm_error *err, enum tpm_problem problem, const char *fmt, ...)
{
	va_list ap;

	err->problem = problem;
	va_start(ap, fmt);
	util_vformat(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return false;
}

enum tpm_problem tpm_problem_of(uint32_t rc)
{
	uint32_t layer = rc & TSS2_RC_LAYER_MASK;

	/* Not the TPM's and not its resource manager's: it could not be reached. */
	if (layer && layer != TSS2_RESMGR_TPM_RC_LAYER && layer != TSS2_RESMGR_RC_LAYER)
		return layer == TSS2_TCTI_RC_LAYER ? TPM_ABSENT : TPM_FAILED;
	rc &= ~TSS2_RC_LAYER_MASK;
	/* Format one: without what it is about (parameter, handle or session, number). */
	if (rc & TPM2_RC_FMT1)
		rc &= TPM2_RC_FMT1 | 0x3f;
	switch (rc) {
	case TPM2_RC_INITIALIZE:
		return TPM_ABSENT;
	case TPM2_RC_LOCKOUT:
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
	case TPM2_RC_AUTH_MISSING:
	case TPM2_RC_AUTH_TYPE:
	case TPM2_RC_AUTH_UNAVAILABLE:
	case TPM2_RC_POLICY_FAIL:
	case TPM2_RC_HIERARCHY:
	case TPM2_RC_DISABLED:
	case TPM2_RC_LOCALITY:
	case TPM2_RC_PCR:
		return TPM_LOCKED;
	case TPM2_RC_MEMORY:
	case TPM2_RC_OBJECT_MEMORY:
	case TPM2_RC_SESSION_MEMORY:
	case TPM2_RC_OBJECT_HANDLES:
	case TPM2_RC_SESSION_HANDLES:
	case TPM2_RC_CONTEXT_GAP:
		return TPM_FULL;
	default:
		return TPM_FAILED;
	}
}
