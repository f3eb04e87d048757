/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verification of evidence: first it is taken apart, then each part is judged.
 * All that is found goes to a verdict; the parts stay for whoever shows them.
 */
#ifndef ATTEST_VERIFY_H
#define ATTEST_VERIFY_H

#include <tdisp/report.h>
#include <tdisp/spdm_meas.h>
#include <tdisp/spdm_vca.h>

#include "bundle.h"
#include "tpm_event.h"
#include "tpm_wire.h"
#include "certs.h"
#include "policy.h"

/**
 * struct subject - what is to be verified; data NULL for what is not there
 * @certs: certificate chain
 * @vca: VCA, if it is apart from the measurements
 * @measurements: transcript, perhaps with the VCA in front
 * @report: interface report
 * @has_bars: @bars is known
 * @has_nonce: @nonce is known
 * @bundle: where the above come from, or NULL
 * @roots: anchors from the command line
 * @crls: PEM or DER texts of CRLs
 * @at: the time that counts
 * @ak: what --ak names: the TPM's key; data NULL for nothing
 * @local: this is the guest itself, before anything is measured
 */
struct subject {
	struct bytes certs;
	struct bytes vca;
	struct bytes measurements;
	struct bytes report;
	bool has_bars;
	struct tdisp_bars bars;
	bool has_nonce;
	uint8_t nonce[SPDM_NONCE_SIZE];
	const struct bundle *bundle;
	const struct anchors *roots;
	size_t nr_crls;
	const struct blob *crls;
	time_t at;
	struct bytes ak;
	bool local;
};

/**
 * struct tpm_parts - what a TPM vouches for, taken apart
 * @present: there is a TPM's part
 * @has_quote: @quote could be taken apart
 * @has_key: @key could
 * @pinned: it is the one that --ak names
 * @hierarchy: whose primary key it is, NULL for no primary key's
 * @events: how many records the log has
 * @has_event: @event is the last about this device
 * @vouched: every check passed but, perhaps, the nonce's and the key's
 */
struct tpm_parts {
	bool present;
	bool has_quote;
	struct tpm_wire_quote quote;
	bool has_key;
	struct tpm_wire_public key;
	bool pinned;
	const char *hierarchy;
	size_t events;
	bool has_event;
	struct tpm_event event;
	bool vouched;
};

/**
 * struct parts - evidence, taken apart
 * @has_certs: @certs could be taken apart
 * @has_vca: @vca could; its bytes are @vca_bytes
 * @pairs: the transcript without VCA
 * @has_meas: @meas could be taken apart
 * @has_report: @report could; its bytes, perhaps without the reserved bits that
 *	were set, are @report_bytes
 * @asym: signature algorithm, NULL if it is not known
 * @hash: base hash, NULL if it is not known
 * @usable: they are supported
 * @emulated: the platform says that it is, or the certificates do
 * @anchor: what the chain ends in, "" for nothing
 */
struct parts {
	bool has_certs;
	struct certs certs;
	bool has_vca;
	struct bytes vca_bytes;
	struct spdm_vca vca;
	struct bytes pairs;
	bool has_meas;
	struct spdm_meas meas;
	bool has_report;
	struct tdisp_report report;
	struct blob report_copy;	/* behind them, if so */
	struct bytes report_bytes;
	const struct spdm_alg *asym;
	const struct spdm_alg *hash;
	bool usable;
	bool emulated;
	char anchor[CRYPTO_NAME_SIZE];
	uint8_t anchor_sha256[FINGERPRINT_SIZE];
	struct tpm_parts tpm;
};

/* Takes everything apart; findings about forms go to @verdict. */
void parts_read(const struct subject *subject, const struct policy *policy, struct parts *ret,
		struct verdict *verdict);
void parts_free(struct parts *parts);

/**
 * verify() - take apart and judge
 * @ret: set in any case; release with parts_free()
 * @verdict: empty; finished afterwards
 */
void verify(const struct subject *subject, const struct policy *policy, struct parts *ret,
	    struct verdict *verdict);

/* Is a file what --crl takes: CRLs in PEM, or one in DER? */
bool verify_is_crl(struct bytes file);

/* The judges, a file each. */
void verify_tpm(const struct subject *subject, struct tpm_parts *ret, struct verdict *verdict);
void verify_certs(const struct subject *subject, const struct policy *policy, struct parts *parts,
		  struct verdict *verdict);
void verify_leaf(const struct subject *subject, const struct policy *policy,
		 const struct parts *parts, struct verdict *verdict);
void verify_transcript(const struct subject *subject, const struct policy *policy,
		       const struct parts *parts, struct verdict *verdict);
void verify_measurements(const struct policy *policy, const struct parts *parts,
			 struct verdict *verdict);
void verify_report(const struct subject *subject, const struct policy *policy,
		   const struct parts *parts, struct verdict *verdict);

#endif /* ATTEST_VERIFY_H */
