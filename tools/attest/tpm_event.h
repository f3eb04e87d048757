/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is measured into a TPM when a device is accepted (Documentation/tpm.rst):
 * the data of tagged events, as text in a canonical form. There is one way to
 * write an event, and only that one is read.
 */
#ifndef ATTEST_TPM_EVENT_H
#define ATTEST_TPM_EVENT_H

#include "bundle.h"
#include "crypto.h"

/* taggedEventID: "TDI", and which. */
#define TPM_TAG_DEVICE		0x54444901u
#define TPM_TAG_VERDICT		0x54444902u

#define TPM_EVENT_SIZE		1024
#define TPM_DIGEST_SIZE		32

enum tpm_event_kind {
	TPM_EVENT_ACCEPT,	/* the kernel is about to be told to accept the device */
	TPM_EVENT_MEASURE,	/* somebody asked: tdi measure */
	TPM_EVENT_VOID,		/* it was measured, and then not accepted */
	TPM_EVENT_NR
};

/* A SHA-256 digest of something, if there is something. */
struct tpm_digest {
	bool there;
	uint8_t value[TPM_DIGEST_SIZE];
};

/**
 * struct tpm_event - a device, what it showed, and what was thought of it
 * @device: its PCI address
 * @platform: how the platform calls itself, escaped
 * @nonce: not a digest: what the device signed
 * @bars: sizes of its BARs
 * @evidence: tpm_event_evidence()
 * @report: of the interface report
 * @policy: of the policy's file
 * @anchor: fingerprint of the certificate that the chain ended in
 * @word: "verified"
 * @verdict: of the verdict's JSON
 * @resets: resetCount of the TPM
 * @restarts: restartCount
 */
struct tpm_event {
	enum tpm_event_kind kind;
	char device[BDF_SIZE];
	char platform[64];
	char generation[32];
	struct tpm_digest nonce;
	bool has_bars;
	struct tdisp_bars bars;
	struct tpm_digest evidence;
	struct tpm_digest report;
	struct tpm_digest policy;
	struct tpm_digest anchor;
	char word[16];
	struct tpm_digest verdict;
	uint32_t resets;
	uint32_t restarts;
};

/* Everything that a bundle says of the device. */
void tpm_event_of_bundle(const struct bundle *bundle, struct tpm_event *ret);

/* SHA-256 of some bytes; not there if they are not. */
struct tpm_digest tpm_digest(struct bytes data);
bool tpm_digest_equal(const struct tpm_digest *a, const struct tpm_digest *b);

/**
 * tpm_event_text() - the data of a TPM_TAG_DEVICE event
 *
 * Return: its length; 0 if a text in it is not fit for that.
 */
size_t tpm_event_text(const struct tpm_event *event, char ret[TPM_EVENT_SIZE]);

/* The other way round; false if tpm_event_text() does not write it just so. */
bool tpm_event_parse(struct bytes data, struct tpm_event *ret);

/*
 * The data of a TPM_TAG_VERDICT event: what can be known before the device was ever
 * seen, so that a PCR with these alone can be predicted.
 */
size_t tpm_event_verdict_text(const struct tpm_event *event, char ret[TPM_EVENT_SIZE]);

#endif /* ATTEST_TPM_EVENT_H */
