/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This machine's TPM. The only file that talks to it, by tpm2-tss's ESAPI; the TCTI
 * says where it is, and is where tests put another one.
 */
#ifndef ATTEST_TPM_H
#define ATTEST_TPM_H

#include "eventlog.h"
#include "util.h"

#define TPM_TCTI_DEFAULT	"device:/dev/tpmrm0"

/**
 * enum tpm_problem - what is the matter
 * @TPM_ABSENT: there is none, or it does not answer
 * @TPM_LOCKED: it wants an authorization that this program does not have, or is in
 *	dictionary attack lockout, or a hierarchy is disabled
 * @TPM_FULL: no room for a key or a session
 * @TPM_RESET: it was reset or restarted in between
 * @TPM_DISAGREES: its PCRs are not what the event log says
 * @TPM_UNFIT: it lacks what is needed
 * @TPM_FAILED: anything else
 */
enum tpm_problem {
	TPM_FINE,
	TPM_ABSENT,
	TPM_LOCKED,
	TPM_FULL,
	TPM_RESET,
	TPM_DISAGREES,
	TPM_UNFIT,
	TPM_FAILED,
};

struct tpm_error {
	enum tpm_problem problem;
	char text[256];
};

/* "absent", "locked", ...: for scripts. */
const char *tpm_problem_name(enum tpm_problem problem);

/* The errno that is nearest, for "error" in JSON. */
int tpm_problem_errno(enum tpm_problem problem);

/* What a person can do about it. */
const char *tpm_problem_advice(enum tpm_problem problem);

/* Says what is the matter; returns false. */
bool tpm_fail(struct tpm_error *err, enum tpm_problem problem, const char *fmt, ...)
	TDI_PRINTF(3, 4);

/* Which problem a response code of the TPM or its software stack is. */
enum tpm_problem tpm_problem_of(uint32_t rc);

struct tpm;

/**
 * tpm_open() - reach the TPM
 * @tcti: as tpm2-tools take it ("device:/dev/tpmrm0", "swtpm:path=/x"); NULL for
 *	TPM_TCTI_DEFAULT
 *
 * Return: the TPM, to be released with tpm_close(), or NULL after setting @err.
 */
struct tpm *tpm_open(const char *tcti, struct tpm_error *err);
void tpm_close(struct tpm *tpm);

/* Each of these: true, or false after setting @err. */

/* Which banks it has. One that this program cannot extend is an error. */
bool tpm_banks(struct tpm *tpm, struct eventlog_banks *ret, struct tpm_error *err);
bool tpm_pcr_read(struct tpm *tpm, unsigned int pcr, enum crypto_hash bank,
		  uint8_t ret[CRYPTO_HASH_MAX], struct tpm_error *err);

/* All banks in one command. */
bool tpm_pcr_extend(struct tpm *tpm, unsigned int pcr, const struct eventlog_banks *banks,
		    uint8_t (*digest)[CRYPTO_HASH_MAX], struct tpm_error *err);

struct tpm_clock {
	uint32_t resets;
	uint32_t restarts;
};

bool tpm_clock(struct tpm *tpm, struct tpm_clock *ret, struct tpm_error *err);

/**
 * struct tpm_quoted - a quote, as the TPM gave it
 * @attest: TPMS_ATTEST
 * @signature: TPMT_SIGNATURE
 * @public: TPM2B_PUBLIC of the key
 * @ek_cert: certificate of the endorsement key from the TPM's NV memory, if any
 */
struct tpm_quoted {
	struct blob attest;
	struct blob signature;
	struct blob public;
	struct blob ek_cert;
};

/**
 * tpm_quote() - have PCRs signed
 * @ak: the key: a persistent handle ("0x81010002"), a file that tpm2-tools saved
 *	a loaded key's context in, or NULL for a primary key of the endorsement hierarchy,
 *	which the TPM makes anew each time, and which is always the same
 * @pcrs: bit n: PCR n
 * @nonce: not longer than 32 bytes
 * @ret: set on success; release with tpm_quoted_free()
 */
bool tpm_quote(struct tpm *tpm, const char *ak, enum crypto_hash bank, uint32_t pcrs,
	       struct bytes nonce, struct tpm_quoted *ret, struct tpm_error *err);
void tpm_quoted_free(struct tpm_quoted *quoted);

#endif /* ATTEST_TPM_H */
