/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * A measurement transcript: GET_MEASUREMENTS requests and MEASUREMENTS
 * responses back to back, the last response signed (DSP0274 1.1 to 1.4, 10.11).
 * Where everything is, what the signature covers, and what the measurement
 * blocks say. Hashing and verifying are the caller's.
 *
 * All offsets are into the transcript without the VCA: where the VCA is in front
 * of it, spdm_vca_split() says how many bytes to skip.
 */
#ifndef TDISP_SPDM_MEAS_H
#define TDISP_SPDM_MEAS_H

#include "port.h"
#include "spdm_vca.h"
#include "spdm_wire.h"
#include "why.h"

/* A record alone may have 16 MiB - 1; offsets have to fit 32 bits. */
#define SPDM_MEAS_TRANSCRIPT_MAX	(64u << 20)

/**
 * struct spdm_meas_pair - a request and its response
 * @request: offset of the request
 * @response: offset of the response
 * @end: offset of what follows the response
 * @attr: request's attributes, SPDM_MEAS_REQ_*
 * @op: what is asked for: SPDM_MEAS_OP_COUNT, SPDM_MEAS_OP_ALL or an index
 * @has_signature: the response is signed; @req_nonce, @slot and @signature
 *	mean something
 * @slot: certificate slot of request and response, 0 to 7, or SPDM_SLOT_PUBLIC_KEY
 * @req_nonce: offset of the requester's nonce, SPDM_NONCE_SIZE bytes
 * @total: number of indices of the device, if @op is SPDM_MEAS_OP_COUNT
 * @changed: content-changed field (0 before 1.2): SPDM_MEAS_CHANGED,
 *	SPDM_MEAS_UNCHANGED, or 0: the responder does not say
 * @nr_blocks: number of measurement blocks in the response
 * @record: offset of the first of them
 * @record_len: bytes of all of them
 * @rsp_nonce: offset of the responder's nonce, SPDM_NONCE_SIZE bytes
 * @opaque: offset of the opaque data
 * @opaque_len: its length, at most SPDM_OPAQUE_MAX
 * @has_context: a requester context came (1.3); it is the same in both
 * @context: its offset in the response, SPDM_CONTEXT_SIZE bytes
 * @signature: offset of the signature
 */
struct spdm_meas_pair {
	size_t request;
	size_t response;
	size_t end;
	u8 attr;
	u8 op;
	bool has_signature;
	u8 slot;
	size_t req_nonce;
	u8 total;
	u8 changed;
	u8 nr_blocks;
	size_t record;
	u32 record_len;
	size_t rsp_nonce;
	size_t opaque;
	u16 opaque_len;
	bool has_context;
	size_t context;
	size_t signature;
};

/**
 * struct spdm_meas - a transcript
 * @version: SPDM version of its messages, SPDM_VERSION_1_1 to _1_4
 * @nr_pairs: number of pairs, at least 1
 * @nr_blocks: number of measurement blocks in all of them
 * @signed_len: the signature covers the transcript's first so many bytes (and,
 *	from 1.2 on, the VCA before them): spdm_meas_signed()
 * @signature_len: bytes of the signature, at @last.signature
 * @last: the last pair, the signed one: slot, nonces, opaque data
 */
struct spdm_meas {
	u8 version;
	u32 nr_pairs;
	u32 nr_blocks;
	size_t signed_len;
	size_t signature_len;
	struct spdm_meas_pair last;
};

/**
 * struct spdm_meas_value - one measurement block, decoded
 * @pair: which pair's response it is in, from 0
 * @offset: offset of the block, its header included
 * @index: 1 to 0xfe
 * @spec: measurement specification, one bit
 * @is_dmtf: @spec is DMTF's; if not, @type and @is_raw mean nothing and the
 *	value is the whole measurement
 * @type: enum spdm_meas_type
 * @is_raw: the value is a bit stream, and not a digest
 * @value: offset of the value
 * @len: its length in bytes
 */
struct spdm_meas_value {
	u32 pair;
	size_t offset;
	u8 index;
	u8 spec;
	bool is_dmtf;
	u8 type;
	bool is_raw;
	size_t value;
	size_t len;
};

/**
 * spdm_meas_parse() - take a measurement transcript apart
 * @buf: the transcript without VCA, in private memory
 * @len: its length in bytes
 * @signature_len: size of the responder's signatures in bytes, from the
 *	algorithms or the leaf's key; not 0
 * @ret: set on success, untouched on failure
 * @why: set on failure, may be NULL; its index is the pair, or, for a block's
 *	field, the block's number in its response
 *
 * One or more pairs of one version (1.1 to 1.4), all unsigned but the last, and
 * not one byte more. In each pair: lengths that add up, blocks that fill the
 * record and answer the request, the slot of the request in the signed response,
 * the same requester context (1.3). Over all responses: an index that comes
 * again comes with the same block. Reserved fields are ignored, as the standard
 * asks for: the signature covers them.
 *
 * Return: 0, or with the reason in @why
 * -EBADMSG: malformed;
 * -E2BIG: the first @why->offset bytes are a whole transcript, @why->found more
 *	bytes follow it (nothing else about the transcript is wrong);
 * -EOPNOTSUPP: a version that cannot be verified;
 * -EINVAL: @signature_len is 0.
 */
int spdm_meas_parse(const void *buf, size_t len, size_t signature_len, struct spdm_meas *ret,
		    struct tdisp_why *why);

/**
 * spdm_meas_match() - is a transcript one that was made under this VCA?
 * @buf: the bytes that spdm_meas_parse() accepted, unchanged
 * @meas: what it returned
 * @vca: what spdm_vca_parse() or spdm_vca_split() returned
 * @why: set on failure, may be NULL
 *
 * Same version; the responder claims the capability to sign measurements; the
 * blocks follow the measurement specification that was selected; no opaque data
 * where the selected format is "none" (1.2). Sizes of digests are not compared.
 *
 * Return: 0, or -EBADMSG with the reason in @why.
 */
int spdm_meas_match(const void *buf, const struct spdm_meas *meas, const struct spdm_vca *vca,
		    struct tdisp_why *why);

/**
 * struct spdm_meas_iter - position among the pairs or blocks of a transcript
 * @pos: next pair
 * @block: next block
 * @blocks_left: blocks left in the current response
 * @pair: pairs begun
 *
 * All zero to start with; use one for pairs or for values, not for both.
 */
struct spdm_meas_iter {
	size_t pos;
	size_t block;
	u32 blocks_left;
	u32 pair;
};

/**
 * spdm_meas_next_pair() - the next pair of a transcript
 * @buf: the bytes that spdm_meas_parse() accepted, unchanged
 * @meas: what it returned
 * @it: position, all zero to start with
 * @ret: set if there is one
 *
 * Return: whether there was one.
 */
bool spdm_meas_next_pair(const void *buf, const struct spdm_meas *meas,
			 struct spdm_meas_iter *it, struct spdm_meas_pair *ret);

/**
 * spdm_meas_next_value() - the next measurement block of all responses
 * @buf: the bytes that spdm_meas_parse() accepted, unchanged
 * @meas: what it returned
 * @it: position, all zero to start with
 * @ret: set if there is one
 *
 * A block that was asked for twice comes twice, and is the same both times.
 *
 * Return: whether there was one.
 */
bool spdm_meas_next_value(const void *buf, const struct spdm_meas *meas,
			  struct spdm_meas_iter *it, struct spdm_meas_value *ret);

/**
 * struct spdm_meas_extent - a piece of what is signed
 * @in_vca: of the VCA's buffer; else of the transcript's
 * @offset: of its first byte there
 * @len: its length in bytes
 */
struct spdm_meas_extent {
	bool in_vca;
	size_t offset;
	size_t len;
};

#define SPDM_MEAS_EXTENTS	2

/**
 * spdm_meas_signed() - the log L1/L2: what is hashed, in order
 * @meas: what spdm_meas_parse() returned
 * @vca: the VCA, NULL if there is none
 * @ret: set to the pieces
 * @nr: set to their number, 1 or 2
 * @why: set on failure, may be NULL
 *
 * SPDM 1.1: the pairs; the base hash of them is what the signature is of.
 * SPDM 1.2 and later: the VCA, then the pairs. The signature is of the base hash
 * of the prefix (spdm_meas_sign_prefix()) followed by the base hash of the log.
 *
 * Return: 0, or -ENODATA if a VCA is needed and there is none.
 */
int spdm_meas_signed(const struct spdm_meas *meas, const struct spdm_vca *vca,
		     struct spdm_meas_extent ret[SPDM_MEAS_EXTENTS], unsigned int *nr,
		     struct tdisp_why *why);

/**
 * spdm_meas_sign_prefix() - the combined prefix of a measurement signature
 * @version: SPDM version of the transcript
 * @ret: set to the prefix where there is one
 *
 * Return: its length: SPDM_SIGN_PREFIX_SIZE for 1.2 to 1.4, 0 for any other.
 */
size_t spdm_meas_sign_prefix(u8 version, u8 ret[SPDM_SIGN_PREFIX_SIZE]);

/**
 * struct spdm_meas_mode - a device mode measurement
 * @op_caps: operational modes that the device has, SPDM_OP_MODE_*
 * @op_state: the ones it is in
 * @dev_caps: device modes that it reports, SPDM_DEV_MODE_*
 * @dev_state: the ones that hold
 */
struct spdm_meas_mode {
	u32 op_caps;
	u32 op_state;
	u32 dev_caps;
	u32 dev_state;
};

/**
 * struct spdm_meas_manifest - a measurement manifest
 * @structured: it has a standard body's header (1.3), else it is freeform
 * @registry: who defined the format, SPDM_REGISTRY_*; structured only
 * @vendor_id: offset of the vendor id; structured only
 * @vendor_id_len: its length in bytes; structured only
 * @body: offset of the manifest proper
 * @body_len: its length in bytes
 */
struct spdm_meas_manifest {
	bool structured;
	u8 registry;
	size_t vendor_id;
	u8 vendor_id_len;
	size_t body;
	size_t body_len;
};

/*
 * Decoders for the values of a type. Each returns 0, -ENOENT if the value is of
 * another type or a digest (nothing is wrong with it), or -EBADMSG with the
 * reason in @why. @ret is untouched on failure. @buf is what spdm_meas_parse()
 * accepted. The firmware version (SPDM_MEAS_FW_VERSION) has no format: its bytes
 * are the value.
 */
int spdm_meas_device_mode(const void *buf, const struct spdm_meas_value *value,
			  struct spdm_meas_mode *ret, struct tdisp_why *why);
int spdm_meas_svn(const void *buf, const struct spdm_meas_value *value, u64 *ret,
		  struct tdisp_why *why);
int spdm_meas_manifest(const void *buf, const struct spdm_meas_value *value,
		       struct spdm_meas_manifest *ret, struct tdisp_why *why);

/* The name of an enum spdm_meas_type, "unknown" for others. */
const char *spdm_meas_type_name(u8 type);

#endif /* TDISP_SPDM_MEAS_H */
