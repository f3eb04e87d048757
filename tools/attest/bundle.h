/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Saved evidence: the objects as the kernel gave them, byte for byte, and what
 * was known about them, as a directory or as a tar archive of one
 * (schema/evidence.schema.json).
 *
 * Nobody signed the metadata. It is a claim: it may make a verdict worse, and
 * never better.
 */
#ifndef ATTEST_BUNDLE_H
#define ATTEST_BUNDLE_H

#include <time.h>

#include "blob.h"
#include "dev.h"

#define BUNDLE_SCHEMA_VERSION	1

#define BUNDLE_METADATA		"metadata.json"

/* What tdi quote adds: a TPM's word, and what it is about. */
enum bundle_tpm {
	BUNDLE_EVENTLOG,	/* TCG event log */
	BUNDLE_QUOTE,		/* TPMS_ATTEST */
	BUNDLE_SIGNATURE,	/* TPMT_SIGNATURE */
	BUNDLE_AK,		/* TPM2B_PUBLIC */
	BUNDLE_POLICY,		/* that the device was accepted by */
	BUNDLE_VERDICT,		/* of then, JSON */
	BUNDLE_EK_CERT,		/* X.509, from the TPM: for others, nothing looks at it */
	BUNDLE_TPM_NR
};

/**
 * struct bundle - saved evidence
 * @object: by enum evidence_object; data NULL for none
 * @tpm: by enum bundle_tpm; data NULL for none
 * @has_nonce: @nonce is the one that the guest drew
 * @has_bars: @bars is known
 * @bdf: where the device was, or ""
 * @vendor: and what it was, as config space claimed; 0 for unknown
 * @tsm: name of the TSM
 * @platform: how the platform calls itself, "emulated", or ""
 * @state: the TDI's state, in the TSM's words
 * @generation: of the evidence
 * @created: when it was saved, in text
 */
struct bundle {
	struct bytes object[EVIDENCE_NR];
	struct bytes tpm[BUNDLE_TPM_NR];
	bool has_nonce;
	uint8_t nonce[EVIDENCE_NONCE_SIZE];
	bool has_bars;
	struct tdisp_bars bars;
	char bdf[BDF_SIZE];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	char tsm[NAME_SIZE];
	char platform[64];
	char state[32];
	char generation[32];
	char created[32];
	/* behind @object and @tpm */
	struct blob archive;
	struct blob file[EVIDENCE_NR];
	struct blob tpm_file[BUNDLE_TPM_NR];
};

/* "certificates.bin", ... */
const char *bundle_file_name(enum evidence_object object);

/* Did tdi quote make it? True if any of what it adds is there. */
bool bundle_is_quoted(const struct bundle *bundle);

bool bundle_is_emulated(const struct bundle *bundle);

/**
 * bundle_open() - read saved evidence
 * @path: directory or archive
 * @ret: set on success; release with bundle_free()
 * @why: set to the reason of -EBADMSG
 * @size: its size
 *
 * Return: 0; -EBADMSG if it is no bundle, or not a whole one; or another negative
 * errno.
 */
int bundle_open(const char *path, struct bundle *ret, char *why, size_t size);
void bundle_free(struct bundle *bundle);

/* "emulated", "verified against"... @time as RFC 3339 in UTC. */
void bundle_time_text(time_t time, char ret[32]);

/**
 * bundle_write() - save evidence
 * @path: a directory that does not exist yet, or is empty; or an archive, if its name
 *	ends like one's (".tar") and it is no directory
 *
 * Nothing that exists is overwritten.
 *
 * Return: 0 or a negative errno.
 */
int bundle_write(const char *path, const struct bundle *bundle, time_t now);

#endif /* ATTEST_BUNDLE_H */
