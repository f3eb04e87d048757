/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * SPDM wire formats (DMTF DSP0274 1.2, with what 1.1 and 1.3 change named
 * where it matters). Layout and constants, nothing else: no parser, no state,
 * so that both ends may share this file without sharing a misreading of the
 * rest. Only the messages that are evidence, or lead to it, are here.
 */
#ifndef TDISP_SPDM_WIRE_H
#define TDISP_SPDM_WIRE_H

#include "port.h"

/* SPDMVersion of a message: major in the high nibble, minor in the low. */
#define SPDM_VERSION_1_0	0x10
#define SPDM_VERSION_1_1	0x11
#define SPDM_VERSION_1_2	0x12
#define SPDM_VERSION_1_3	0x13
#define SPDM_VERSION_1_4	0x14

/* Message codes: requests have bit 7 set, responses have not. */
enum spdm_code {
	SPDM_GET_DIGESTS		= 0x81,
	SPDM_GET_CERTIFICATE		= 0x82,
	SPDM_CHALLENGE			= 0x83,
	SPDM_GET_VERSION		= 0x84,
	SPDM_GET_MEASUREMENTS		= 0xe0,
	SPDM_GET_CAPABILITIES		= 0xe1,
	SPDM_NEGOTIATE_ALGORITHMS	= 0xe3,
	SPDM_KEY_EXCHANGE		= 0xe4,
	SPDM_VENDOR_DEFINED_REQUEST	= 0xfe,
	SPDM_DIGESTS			= 0x01,
	SPDM_CERTIFICATE		= 0x02,
	SPDM_CHALLENGE_AUTH		= 0x03,
	SPDM_VERSION			= 0x04,
	SPDM_MEASUREMENTS		= 0x60,
	SPDM_CAPABILITIES		= 0x61,
	SPDM_ALGORITHMS			= 0x63,
	SPDM_VENDOR_DEFINED_RESPONSE	= 0x7e,
	SPDM_ERROR			= 0x7f,
};

/* Param1 of ERROR. */
enum spdm_error_code {
	SPDM_ERR_INVALID_REQUEST	= 0x01,
	SPDM_ERR_BUSY			= 0x03,
	SPDM_ERR_UNEXPECTED_REQUEST	= 0x04,
	SPDM_ERR_UNSPECIFIED		= 0x05,
	SPDM_ERR_UNSUPPORTED_REQUEST	= 0x07,	/* Param2: the request's code */
	SPDM_ERR_VERSION_MISMATCH	= 0x41,
};

struct spdm_msg_hdr {
	u8	version;
	u8	code;
	u8	param1;
	u8	param2;
} __packed;

/* VERSION; GET_VERSION is a header. Both carry version 1.0, always. */
struct spdm_version_rsp {
	struct spdm_msg_hdr hdr;
	u8	rsvd;
	u8	count;
	__le16	entry[];
} __packed;

/* A version entry: major, minor, update, alpha, a nibble each, major on top. */
#define SPDM_ENTRY_VERSION_SHIFT	8	/* leaves an SPDMVersion byte */
#define SPDM_ENTRY_ALPHA		0x000f	/* not 0: a draft */

/* GET_CAPABILITIES and CAPABILITIES from 1.2 on; 1.1 ends after flags. */
struct spdm_capabilities {
	struct spdm_msg_hdr hdr;
	u8	rsvd0;
	u8	ct_exponent;
	__le16	rsvd1;
	__le32	flags;
	__le32	data_transfer_size;
	__le32	max_msg_size;
} __packed;

/* Flags of a responder. */
#define SPDM_CAP_CACHE			BIT(0)
#define SPDM_CAP_CERT			BIT(1)
#define SPDM_CAP_CHAL			BIT(2)
#define SPDM_CAP_MEAS_NO_SIG		(1UL << 3)	/* MEAS_CAP, bits 4:3 */
#define SPDM_CAP_MEAS_SIG		(2UL << 3)
#define SPDM_CAP_MEAS_MASK		(3UL << 3)
#define SPDM_CAP_MEAS_FRESH		BIT(5)
#define SPDM_CAP_ENCRYPT		BIT(6)
#define SPDM_CAP_MAC			BIT(7)
#define SPDM_CAP_MUT_AUTH		BIT(8)
#define SPDM_CAP_KEY_EX			BIT(9)

/* Param1 of both, from 1.3: struct spdm_supported_algorithms is asked for, follows. */
#define SPDM_CAP_SUPPORTED_ALGORITHMS	BIT(0)

struct spdm_negotiate_algorithms {
	struct spdm_msg_hdr hdr;	/* param1: tables at the end */
	__le16	length;			/* of the whole message */
	u8	meas_spec;
	u8	other_params;
	__le32	base_asym;
	__le32	base_hash;
	u8	rsvd0[12];
	u8	ext_asym_count;
	u8	ext_hash_count;
	u8	rsvd1;
	u8	mel_spec;		/* 1.3 */
} __packed;

struct spdm_algorithms {
	struct spdm_msg_hdr hdr;	/* param1: tables at the end */
	__le16	length;			/* of the whole message */
	u8	meas_spec_sel;
	u8	other_params_sel;
	__le32	meas_hash_algo;
	__le32	base_asym_sel;
	__le32	base_hash_sel;
	u8	rsvd0[11];
	u8	mel_spec_sel;		/* 1.3 */
	u8	ext_asym_sel_count;
	u8	ext_hash_sel_count;
	u8	rsvd1[2];
} __packed;

/* From 1.4, the first four bytes of rsvd0 in both are PqcAsymAlgo and PqcAsymSel. */
#define SPDM_NEGOTIATE_PQC_ASYM		offsetof(struct spdm_negotiate_algorithms, rsvd0)
#define SPDM_ALGORITHMS_PQC_ASYM_SEL	offsetof(struct spdm_algorithms, rsvd0)

/*
 * What may follow CAPABILITIES from 1.3: NEGOTIATE_ALGORITHMS without the first
 * two bytes of its header, filled in by the responder.
 */
struct spdm_supported_algorithms {
	u8	nr_tables;
	u8	rsvd0;
	__le16	length;			/* of this block */
	u8	meas_spec;
	u8	other_params;
	__le32	base_asym;
	__le32	base_hash;
	u8	rsvd1[12];
	u8	ext_asym_count;
	u8	ext_hash_count;
	u8	rsvd2;
	u8	mel_spec;
} __packed;

/* Extended algorithms (4 bytes each) come before the tables. */
#define SPDM_EXT_ALG_SIZE		4

struct spdm_alg_table {
	u8	type;
	u8	count;			/* 7:4 bytes that follow, 3:0 extended algorithms */
	__le16	alg;
} __packed;

#define SPDM_ALG_TABLE_COUNT		0x20	/* two bytes, no extended ones */

enum spdm_alg_type {
	SPDM_ALG_DHE		= 2,
	SPDM_ALG_AEAD		= 3,
	SPDM_ALG_REQ_ASYM	= 4,
	SPDM_ALG_KEY_SCHEDULE	= 5,
	SPDM_ALG_REQ_PQC_ASYM	= 6,	/* 1.4 */
	SPDM_ALG_KEM		= 7,	/* 1.4 */
};

#define SPDM_MEAS_SPEC_DMTF		BIT(0)

#define SPDM_OPAQUE_FMT_NONE		BIT(0)	/* other_params, bits 3:0 */
#define SPDM_OPAQUE_FMT_1		BIT(1)
#define SPDM_OPAQUE_FMT_MASK		0x0fu
#define SPDM_MULTI_KEY_CONN		BIT(4)	/* other_params, 1.3 */

#define SPDM_ASYM_RSASSA_2048		BIT(0)
#define SPDM_ASYM_RSAPSS_2048		BIT(1)
#define SPDM_ASYM_RSASSA_3072		BIT(2)
#define SPDM_ASYM_RSAPSS_3072		BIT(3)
#define SPDM_ASYM_ECDSA_P256		BIT(4)
#define SPDM_ASYM_RSASSA_4096		BIT(5)
#define SPDM_ASYM_RSAPSS_4096		BIT(6)
#define SPDM_ASYM_ECDSA_P384		BIT(7)
#define SPDM_ASYM_ECDSA_P521		BIT(8)
#define SPDM_ASYM_SM2_P256		BIT(9)
#define SPDM_ASYM_ED25519		BIT(10)
#define SPDM_ASYM_ED448			BIT(11)

#define SPDM_HASH_SHA_256		BIT(0)
#define SPDM_HASH_SHA_384		BIT(1)
#define SPDM_HASH_SHA_512		BIT(2)
#define SPDM_HASH_SHA3_256		BIT(3)
#define SPDM_HASH_SHA3_384		BIT(4)
#define SPDM_HASH_SHA3_512		BIT(5)
#define SPDM_HASH_SM3_256		BIT(6)

/* MeasurementHashAlgo numbers its bits otherwise than BaseHashSel does. */
#define SPDM_MEAS_HASH_RAW		BIT(0)
#define SPDM_MEAS_HASH_SHA_256		BIT(1)
#define SPDM_MEAS_HASH_SHA_384		BIT(2)
#define SPDM_MEAS_HASH_SHA_512		BIT(3)

#define SPDM_DHE_SECP_384_R1		BIT(4)
#define SPDM_AEAD_AES_256_GCM		BIT(1)
#define SPDM_KEY_SCHEDULE_SPDM		BIT(0)

/* DIGESTS: a header, param2 the mask of slots, then a hash for each set bit. */

struct spdm_get_certificate {
	struct spdm_msg_hdr hdr;	/* param1 3:0: slot */
	__le16	offset;
	__le16	length;
} __packed;

struct spdm_certificate {
	struct spdm_msg_hdr hdr;	/* param1 3:0: slot */
	__le16	portion_len;
	__le16	remainder_len;
	u8	data[];
} __packed;

/*
 * The certificate chain of a slot: this header, the base hash of the root
 * certificate, then DER certificates, each signed by the one before it, leaf
 * last. A chain's digest covers all of it, header included.
 */
struct spdm_cert_chain {
	__le16	length;			/* of all of it */
	__le16	rsvd;
	u8	root_hash[];
} __packed;

#define SPDM_NONCE_SIZE			32
#define SPDM_CONTEXT_SIZE		8	/* of the requester, from 1.3, in both */

/* GET_MEASUREMENTS; nonce and slot follow only if a signature is asked for. */
struct spdm_get_measurements {
	struct spdm_msg_hdr hdr;	/* param1: SPDM_MEAS_REQ_*, param2: operation */
	u8	nonce[SPDM_NONCE_SIZE];
	u8	slot;			/* 3:0 */
} __packed;

#define SPDM_MEAS_REQ_SIGNATURE		BIT(0)
#define SPDM_MEAS_REQ_RAW		BIT(1)	/* 1.2 */
#define SPDM_MEAS_REQ_NEW		BIT(2)	/* 1.3 */
#define SPDM_MEAS_OP_COUNT		0x00
#define SPDM_MEAS_OP_ALL		0xff	/* between them: one index */

/*
 * MEASUREMENTS: this header, record_len bytes of blocks, a nonce (signed or
 * not), opaque length u16, opaque data, and, if asked for, the signature.
 */
struct spdm_measurements {
	struct spdm_msg_hdr hdr;	/* param1: count, for SPDM_MEAS_OP_COUNT */
	u8	nr_blocks;
	u8	record_len[3];		/* little endian */
} __packed;

#define SPDM_MEAS_SLOT_MASK		0x0f	/* param2 of MEASUREMENTS */
#define SPDM_MEAS_CHANGED_MASK		0x30
#define SPDM_MEAS_CHANGED		0x10
#define SPDM_MEAS_UNCHANGED		0x20

/* Slots are 0 to 7; this one stands for a key that came by another way. */
#define SPDM_NR_SLOTS			8
#define SPDM_SLOT_PUBLIC_KEY		0x0f

#define SPDM_OPAQUE_MAX			1024

/* A measurement block with its DMTF value's header. */
struct spdm_meas_block {
	u8	index;
	u8	spec;			/* SPDM_MEAS_SPEC_* */
	__le16	size;			/* of what follows */
	u8	type;			/* SPDM_MEAS_RAW | enum spdm_meas_type */
	__le16	value_size;
	u8	value[];
} __packed;

/* The bytes before type: what a block of an unknown specification has. */
#define SPDM_MEAS_BLOCK_HDR_SIZE	4
#define SPDM_MEAS_DMTF_HDR_SIZE		3

#define SPDM_MEAS_RAW			0x80	/* bit stream, else a digest */
#define SPDM_MEAS_TYPE_MASK		0x7f

enum spdm_meas_type {
	SPDM_MEAS_ROM			= 0,
	SPDM_MEAS_FIRMWARE		= 1,
	SPDM_MEAS_HW_CONFIG		= 2,
	SPDM_MEAS_FW_CONFIG		= 3,
	SPDM_MEAS_MANIFEST		= 4,
	SPDM_MEAS_DEVICE_MODE		= 5,
	SPDM_MEAS_FW_VERSION		= 6,
	SPDM_MEAS_FW_SVN		= 7,	/* u64 */
	SPDM_MEAS_HASH_EXTEND		= 8,	/* 1.3 */
	SPDM_MEAS_INFORMATIONAL		= 9,	/* 1.3 */
	SPDM_MEAS_MANIFEST_STRUCTURED	= 10,	/* 1.3, starts with struct spdm_svh */
};

#define SPDM_MEAS_INDEX_MAX		0xef	/* of those free to use, from 1 */
#define SPDM_MEAS_INDEX_MANIFEST	0xfd
#define SPDM_MEAS_INDEX_DEVICE_MODE	0xfe

/* Value of SPDM_MEAS_DEVICE_MODE. */
struct spdm_device_mode {
	__le32	op_mode_caps;
	__le32	op_mode_state;
	__le32	device_mode_caps;
	__le32	device_mode_state;
} __packed;

#define SPDM_OP_MODE_MANUFACTURING	BIT(0)
#define SPDM_OP_MODE_VALIDATION		BIT(1)
#define SPDM_OP_MODE_NORMAL		BIT(2)
#define SPDM_OP_MODE_RECOVERY		BIT(3)
#define SPDM_OP_MODE_RMA		BIT(4)
#define SPDM_OP_MODE_DECOMMISSIONED	BIT(5)

#define SPDM_DEV_MODE_DEBUG		BIT(0)	/* non-invasive, now */
#define SPDM_DEV_MODE_INVASIVE		BIT(1)
#define SPDM_DEV_MODE_WAS_DEBUG		BIT(2)	/* since reset */
#define SPDM_DEV_MODE_WAS_INVASIVE	BIT(3)
#define SPDM_DEV_MODE_EVER_INVASIVE	BIT(4)	/* since manufacturing */

/* Standard body's or vendor's header: who says what follows. */
struct spdm_svh {
	u8	registry;		/* enum spdm_registry */
	u8	vendor_id_len;
	u8	vendor_id[];
} __packed;

enum spdm_registry {
	SPDM_REGISTRY_DMTF	= 0,
	SPDM_REGISTRY_TCG	= 1,
	SPDM_REGISTRY_USB	= 2,
	SPDM_REGISTRY_PCISIG	= 3,
	SPDM_REGISTRY_IANA	= 4,
	SPDM_REGISTRY_HDBASET	= 5,
	SPDM_REGISTRY_MIPI	= 6,
	SPDM_REGISTRY_CXL	= 7,
	SPDM_REGISTRY_JEDEC	= 8,
	SPDM_REGISTRY_VESA	= 9,
	SPDM_REGISTRY_IANA_CBOR	= 10,
	SPDM_REGISTRY_DMTF_DSP	= 11,
};

/*
 * What a signature of 1.2 and later covers: a prefix of 100 bytes and the
 * base hash of the transcript. The prefix is the version's text four times,
 * then the context's, with zeros before it to fill up.
 */
#define SPDM_SIGN_PREFIX_SIZE		100
#define SPDM_SIGN_VERSION_TEXT_1_2	"dmtf-spdm-v1.2.*"
#define SPDM_SIGN_VERSION_TEXT_1_3	"dmtf-spdm-v1.3.*"
#define SPDM_SIGN_VERSION_TEXT_1_4	"dmtf-spdm-v1.4.*"
#define SPDM_SIGN_VERSION_TEXT_SIZE	16
#define SPDM_SIGN_VERSION_REPEAT	4
#define SPDM_SIGN_CTX_MEASUREMENTS	"responder-measurements signing"

static_assert(sizeof(struct spdm_msg_hdr) == 4, "SPDM header");
static_assert(sizeof(struct spdm_version_rsp) == 6, "VERSION");
static_assert(sizeof(struct spdm_capabilities) == 20, "CAPABILITIES 1.2");
static_assert(sizeof(struct spdm_negotiate_algorithms) == 32, "NEGOTIATE_ALGORITHMS");
static_assert(sizeof(struct spdm_algorithms) == 36, "ALGORITHMS");
static_assert(sizeof(struct spdm_alg_table) == 4, "algorithm table");
static_assert(sizeof(struct spdm_supported_algorithms) == 30, "supported algorithms");
static_assert(sizeof(struct spdm_svh) == 2, "standard body's header");
static_assert(sizeof(struct spdm_get_certificate) == 8, "GET_CERTIFICATE");
static_assert(sizeof(struct spdm_certificate) == 8, "CERTIFICATE");
static_assert(sizeof(struct spdm_cert_chain) == 4, "certificate chain");
static_assert(sizeof(struct spdm_get_measurements) == 37, "signed GET_MEASUREMENTS");
static_assert(sizeof(struct spdm_measurements) == 8, "MEASUREMENTS");
static_assert(sizeof(struct spdm_meas_block) == 7, "DMTF measurement block");
static_assert(sizeof(struct spdm_device_mode) == 16, "device mode");
static_assert(sizeof(SPDM_SIGN_VERSION_TEXT_1_2) - 1 == SPDM_SIGN_VERSION_TEXT_SIZE,
	      "version text of the signing prefix");

#endif /* TDISP_SPDM_WIRE_H */
