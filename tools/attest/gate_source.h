/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate's policy and the policies that it names, as they may be used: signed by a
 * pinned signer, valid now, and of the digests that the signed one names.
 *
 * Where they come from may be the host (systemd's credentials). Each file is read
 * once, into memory, with a bound; what is verified is then what is parsed and used.
 * The signer's certificate comes from this machine's own directory alone.
 */
#ifndef ATTEST_GATE_SOURCE_H
#define ATTEST_GATE_SOURCE_H

#include "anchors.h"
#include "exit.h"
#include "gate_policy.h"
#include "policy.h"

#define GATE_DIR_DEFAULT	"/etc/tdi"

/**
 * struct gate_failure - why something is no
 * @reason: check, expected, found
 * @advice: what to do about it, "" for nothing
 */
struct gate_failure {
	enum tdi_exit status;
	char reason[512];
	char advice[256];
};

void gate_fail(struct gate_failure *why, enum tdi_exit status, const char *advice,
	       const char *fmt, ...) TDI_PRINTF(4, 5);

/**
 * struct gate_source - all of it
 * @credentials: the policy came from there, else from the directory
 * @has_gate: @gate and @sha256 are what was signed
 * @has_signer: the pinned one that signed it, in @signer and @signer_sha256
 * @policy: one for each entry of @gate
 */
struct gate_source {
	bool credentials;
	bool has_gate;
	struct gate gate;
	uint8_t sha256[GATE_SHA256_SIZE];
	bool has_signer;
	struct crypto_cert_info signer;
	uint8_t signer_sha256[FINGERPRINT_SIZE];
	struct policy *policy;
	size_t nr_policies;
};

/**
 * gate_source_load() - read and verify
 * @dir: where gate.json, gate.json.p7s, gate-signer.pem and policies are
 * @credentials: systemd's directory, or NULL: if there is a tdi.gate, it and
 *	tdi.gate.p7s are taken, and tdi.policy.NAME where there is one
 * @at: the time that counts
 * @ret: set as far as it went; release with gate_source_free() in any case
 * @why: set on failure
 */
bool gate_source_load(const char *dir, const char *credentials, time_t at,
		      struct gate_source *ret, struct gate_failure *why);
void gate_source_free(struct gate_source *source);

/* What a named policy has to be: the bytes that are meant, and a policy that names no files. */
bool gate_policy_digest_ok(const struct gate_entry *entry, struct bytes text,
			   struct gate_failure *why);
/* @ret is to be released in any case. */
bool gate_policy_parse(const struct gate_entry *entry, struct bytes text, struct policy *ret,
		       struct gate_failure *why);

/* "2026-11-20T10:00:00Z" */
void gate_time_text(time_t time, char ret[32]);

#endif /* ATTEST_GATE_SOURCE_H */
