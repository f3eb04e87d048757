/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The VCA: version, capabilities and algorithms as an SPDM requester and
 * responder agreed on them, six messages back to back (DSP0274 1.3, 10.2 to
 * 10.5). From SPDM 1.2 on it is part of what the responder signs, so it says
 * with which algorithms the rest is to be verified.
 */
#ifndef TDISP_SPDM_VCA_H
#define TDISP_SPDM_VCA_H

#include "port.h"
#include "spdm_wire.h"
#include "why.h"

/* The messages of a VCA, in order. */
enum spdm_vca_msg {
	SPDM_VCA_GET_VERSION,
	SPDM_VCA_VERSION,
	SPDM_VCA_GET_CAPABILITIES,
	SPDM_VCA_CAPABILITIES,
	SPDM_VCA_NEGOTIATE_ALGORITHMS,
	SPDM_VCA_ALGORITHMS,
	SPDM_VCA_NR_MSGS
};

/* Accept a negotiated version that the responder lists as alpha (a draft) only. */
#define SPDM_VCA_ALLOW_ALPHA	BIT(0)

/**
 * struct spdm_vca_extent - where a message is
 * @offset: of its first byte in the buffer
 * @len: its length in bytes
 */
struct spdm_vca_extent {
	size_t offset;
	size_t len;
};

/**
 * struct spdm_vca - what was agreed on
 * @len: bytes of the six messages together; they start at offset 0
 * @msg: where each message is, by enum spdm_vca_msg
 * @version: the version in use, SPDM_VERSION_*, 1.0 to 1.4
 * @entry: its entry in VERSION: update number in bits 7:4, alpha in bits 3:0
 * @best_version: the highest version in VERSION that is not alpha, 0 if all are:
 *	above @version means that the requester chose an older one
 * @req_flags: capabilities of the requester (0 in 1.0)
 * @rsp_flags: capabilities of the responder, SPDM_CAP_*
 * @asym_offered: BaseAsymAlgo that the requester offered
 * @hash_offered: BaseHashAlgo that the requester offered
 * @meas_spec: MeasurementSpecificationSel, SPDM_MEAS_SPEC_DMTF or 0
 * @opaque_fmt: OpaqueDataFmt selected, SPDM_OPAQUE_FMT_*; 0 before 1.2
 * @multi_key: MultiKeyConn selected (1.3)
 * @mel_spec: measurement extension log specification selected (1.3)
 * @meas_hash: MeasurementHashAlgo, SPDM_MEAS_HASH_*
 * @base_asym: BaseAsymSel, SPDM_ASYM_*
 * @base_hash: BaseHashSel, SPDM_HASH_*
 * @pqc_asym: PqcAsymSel (1.4)
 * @ext_asym: an algorithm outside the standard's list signs
 * @ext_hash: an algorithm outside the standard's list hashes
 * @dhe: DHE group selected
 * @aead: AEAD cipher suite selected
 * @req_asym: the requester's algorithm selected
 * @key_schedule: key schedule selected
 * @req_pqc_asym: the requester's post-quantum algorithm selected (1.4)
 * @kem: key encapsulation selected (1.4)
 *
 * A selection has one bit set, or none.
 */
struct spdm_vca {
	size_t len;
	struct spdm_vca_extent msg[SPDM_VCA_NR_MSGS];
	u8 version;
	u16 entry;
	u8 best_version;
	u32 req_flags;
	u32 rsp_flags;
	u32 asym_offered;
	u32 hash_offered;
	u8 meas_spec;
	u8 opaque_fmt;
	bool multi_key;
	u8 mel_spec;
	u32 meas_hash;
	u32 base_asym;
	u32 base_hash;
	u32 pqc_asym;
	bool ext_asym;
	bool ext_hash;
	u16 dhe;
	u16 aead;
	u16 req_asym;
	u16 key_schedule;
	u16 req_pqc_asym;
	u16 kem;
};

/**
 * spdm_vca_leads() - do these bytes start with a VCA?
 * @buf: the bytes
 * @len: their number
 *
 * By the code of the first message: GET_VERSION, and not GET_MEASUREMENTS. Some
 * platforms hand out a transcript with its VCA in front, others apart.
 *
 * Return: whether they do.
 */
bool spdm_vca_leads(const void *buf, size_t len);

/**
 * spdm_vca_split() - check the VCA at the start of a buffer
 * @buf: the bytes, in private memory
 * @len: their number
 * @flags: SPDM_VCA_ALLOW_*
 * @ret: set on success, untouched on failure; what follows the VCA starts at
 *	offset @ret->len
 * @why: set on failure, may be NULL; its index is the enum spdm_vca_msg
 *
 * Codes, lengths and version of each message; that the version in use is one that
 * VERSION lists; that each selection of ALGORITHMS has at most one bit set, and
 * that what hashes and signs was offered. Reserved fields are ignored, as the
 * standard asks for: the signature covers them.
 *
 * Return: 0, -EBADMSG if it is malformed, -EOPNOTSUPP for a version that is not
 * known, -EPERM for an alpha version that @flags does not allow; the reason is in
 * @why.
 */
int spdm_vca_split(const void *buf, size_t len, unsigned int flags, struct spdm_vca *ret,
		   struct tdisp_why *why);

/**
 * spdm_vca_parse() - check a VCA that fills its buffer
 * @buf: the VCA, in private memory
 * @len: its length in bytes
 * @flags: SPDM_VCA_ALLOW_*
 * @ret: set on success, untouched on failure
 * @why: set on failure, may be NULL
 *
 * Return: as spdm_vca_split(); -EBADMSG, too, if any byte follows the VCA.
 */
int spdm_vca_parse(const void *buf, size_t len, unsigned int flags, struct spdm_vca *ret,
		   struct tdisp_why *why);

/**
 * enum spdm_alg_kind - what it takes to use an algorithm
 * @SPDM_ALG_OTHER: known by name only: unsupported
 * @SPDM_ALG_RSASSA: RSASSA-PKCS1-v1_5
 * @SPDM_ALG_RSAPSS: RSASSA-PSS, MGF1 and hash as the base hash, salt as long
 * @SPDM_ALG_ECDSA: ECDSA, the signature r and s as big-endian numbers
 * @SPDM_ALG_SHA2: SHA-256, SHA-384, SHA-512
 * @SPDM_ALG_RAW: no hash: measurements are bit streams only
 */
enum spdm_alg_kind {
	SPDM_ALG_OTHER,
	SPDM_ALG_RSASSA,
	SPDM_ALG_RSAPSS,
	SPDM_ALG_ECDSA,
	SPDM_ALG_SHA2,
	SPDM_ALG_RAW,
};

/**
 * struct spdm_alg - an algorithm of the standard's lists
 * @name: as people write it, e.g. "ECDSA P-384", "SM2 P-256", "ML-DSA-65"
 * @kind: SPDM_ALG_OTHER if no verifier of this project supports it
 * @size: bytes of a signature or digest; of an unsupported one too, where fixed
 * @bits: of the key (RSA modulus, curve); 0 for hashes
 * @unsupported: "<name> is not supported" for SPDM_ALG_OTHER, else NULL
 */
struct spdm_alg {
	const char *name;
	enum spdm_alg_kind kind;
	u16 size;
	u16 bits;
	const char *unsupported;
};

/*
 * spdm_asym(), spdm_pqc_asym(), spdm_hash(), spdm_meas_hash() - look up what a
 * field selects. @sel has one bit set: the algorithm, or NULL if the standard
 * (up to 1.4) gives the bit no meaning; any other @sel: NULL. The tables live
 * as long as the program.
 */
const struct spdm_alg *spdm_asym(u32 sel);
const struct spdm_alg *spdm_pqc_asym(u32 sel);
const struct spdm_alg *spdm_hash(u32 sel);
const struct spdm_alg *spdm_meas_hash(u32 sel);

/*
 * The same for what matters to a session only; "unknown" or "none" if so.
 * spdm_version_name(): "1.2", or "unknown".
 */
const char *spdm_dhe_name(u16 sel);
const char *spdm_aead_name(u16 sel);
const char *spdm_version_name(u8 version);

/**
 * spdm_vca_algorithms() - the algorithms that verify signatures made under a VCA
 * @vca: what spdm_vca_parse() or spdm_vca_split() returned
 * @asym: set to the responder's signature algorithm on success
 * @hash: set to the base hash on success
 * @why: set on failure, may be NULL; the check names the algorithm at fault
 *
 * Return: 0, -EBADMSG if none, or more than one (base and post-quantum), is
 * selected, or -EOPNOTSUPP for one that is not supported.
 */
int spdm_vca_algorithms(const struct spdm_vca *vca, const struct spdm_alg **asym,
			const struct spdm_alg **hash, struct tdisp_why *why);

#endif /* TDISP_SPDM_VCA_H */
