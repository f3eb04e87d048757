/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * SEV-TIO as a guest meets it: GHCB exits, SNP guest messages and what is in
 * them. Layout and constants, nothing else, so that guest and emulator may share
 * this file without sharing a misreading of the rest.
 *
 * No single document has all of it. Each group names its sources, by these keys
 * (Documentation/platforms.rst lists where they disagree):
 *
 *   A1   RFC v1 "Secure VFIO, TDISP, SEV TIO", A. Kardashevskiy, 2024-08-23
 *   A2   RFC v2 of it, 2025-02-18
 *   A3   "coco/sev-guest: Implement SEV-TIO PCIe TDISP (phase2)", 2026-02-25
 *   A4   AMDESE/linux-kvm, drivers/virt/coco/sev-guest/tio.c, the newest seen,
 *        and arch/x86/include/uapi/asm/svm.h of aa6e277d (older: 07de4c2d)
 *   A5   microsoft/openvmm 1488a37b, support/sev_guest_device: AMD #58271 rev 0.91,
 *        tables 60 to 69
 *   K73  Linux 7.3-rc7, arch/x86/include/asm/sev.h and arch/x86/coco/sev/core.c
 *   OURS this project's, where there is no hardware
 *
 * "section N" is the section of the project's collected facts on guest ABIs.
 */
#ifndef TDISP_SEV_TIO_WIRE_H
#define TDISP_SEV_TIO_WIRE_H

#include "port.h"

#define SEV_PAGE_SIZE		4096	/* K73, section 1.2 */
#define SEV_PAGE_SHIFT		12	/* [51:12] of a word: section 1.1 */

/* --- GHCB exits: A1-A4, section 1.1 -------------------------------------------- */

/* Hypervisor feature of the GHCB protocol, GHCB_HV_FT_SNP_SEV_TIO: A3. */
#define SEV_HV_FT_SEV_TIO	BIT(7)

/* SW_EXITCODE. ..._GUEST_REQUEST in A1-A3, ..._GR in A4. */
#define SEV_EXIT_TIO_GUEST_REQUEST	0x80000020u
#define SEV_EXIT_TIO_OP			0x80000021u

/*
 * The fields of a GHCB that the exits use, as they stand in struct emu_regs where
 * the exits go to the emulated platform (OURS: a GHCB page has them elsewhere).
 */
enum sev_ghcb_reg {
	SEV_GHCB_EXITCODE	= 0,
	SEV_GHCB_EXITINFO1	= 1,
	SEV_GHCB_EXITINFO2	= 2,
	SEV_GHCB_RAX		= 3,
	SEV_GHCB_RBX		= 4,
	SEV_GHCB_RCX		= 5,
	SEV_GHCB_RDX		= 6,
	SEV_GHCB_NR_REGS	= 7,
};

/*
 * TIO_GUEST_REQUEST, section 1.1: EXITINFO1 = request GPA, EXITINFO2 = response GPA,
 * RAX = data buffer GPA, RBX = its pages, RCX = device id, RDX = parameter.
 * Back: EXITINFO2 = VMM's error << 32 | firmware's error; RBX = pages that are
 * needed, with SEV_VMM_ERR_INVALID_LEN; RDX = returned parameter.
 */
#define SEV_EXITINFO2_FW_ERR(x)		((u32)(x))
#define SEV_EXITINFO2_VMM_ERR(x)	((u32)((u64)(x) >> 32))

enum sev_vmm_err {
	SEV_VMM_ERR_OK		= 0,
	SEV_VMM_ERR_INVALID_LEN	= 1,
	SEV_VMM_ERR_BUSY	= 2,
};

/* TIO_OP, A3 and A4, section 1.1: EXITINFO1 = action << 32 | device id. */
enum sev_tio_op {
	SEV_TIO_OP_BIND		= 0,	/* RCX comes back as the new tdi_id: A4 */
	SEV_TIO_OP_UNBIND	= 1,
	SEV_TIO_OP_RUN		= 2,
	SEV_TIO_OP_STOP		= 3,
};

#define SEV_TIO_OP_INFO1(op, id)	((u64)(op) << 32 | (u32)(id))

/* Device id: A1-A3 bus/devfn, A4 SBDF. Section 1.1. */
#define SEV_DEVICE_ID(domain, bdf)	((u32)(domain) << 16 | (bdf))

/* RDX of TDI_INFO: what the host may leave out of the buffer. A3 has 0 and 3, A4 all. */
#define SEV_INFO_SKIP_STATE	BIT(0)
#define SEV_INFO_SKIP_CERTS	BIT(1)
#define SEV_INFO_SKIP_MEAS	BIT(2)
#define SEV_INFO_SKIP_REPORT	BIT(3)
#define SEV_INFO_SKIP_ALL	0xfu

/* RDX of MMIO_VALIDATE and MMIO_CONFIG. Old: A1-A3, svm.h 07de4c2d, section 1.1. */
#define SEV_MMIO_GPA		GENMASK(51, 12)
#define SEV_MMIO_OLD_ORDER(x)	((u64)(x) << 4)		/* of 4 KiB pages, [11:4] */
#define SEV_MMIO_OLD_PRIVATE	BIT(3)
#define SEV_MMIO_OLD_RANGE	0x7u			/* [2:0] */
/* New: A4, svm.h aa6e277d. The number of pages is in RCX[63:32]. */
#define SEV_MMIO_NEW_PRIVATE	(1ULL << 63)
#define SEV_MMIO_NEW_RCX(n, id)	((u64)(n) << 32 | (u32)(id))

/* RDX of SDTE_WRITE: A1-A4; vTOM in A4 only, in the sDTE's unit and up from bit 21. */
#define SEV_SDTE_VALIDATE	BIT(0)
#define SEV_SDTE_VTOM		GENMASK(51, 21)

/* --- the envelope: K73, section 1.2 --------------------------------------------- */

#define SNP_AUTHTAG_LEN		16	/* used of the header's 32 */
#define SNP_AEAD_AES_256_GCM	1
#define SNP_HDR_VERSION		1
#define SNP_HDR_SIZE		0x60
#define SNP_VMPCK_LEN		32
#define SNP_NR_VMPCK		4
#define SNP_IV_LEN		12	/* the sequence number, LE, then zeros */
#define SNP_AAD_OFFSET		0x30	/* from algo to the end of the header */
#define SNP_AAD_LEN		48
#define SNP_MSG_MAX		(SEV_PAGE_SIZE - SNP_HDR_SIZE)

struct snp_msg_hdr {
	u8	authtag[32];
	__le64	seqno;
	u8	rsvd1[8];
	u8	algo;
	u8	hdr_version;
	__le16	hdr_size;
	u8	type;
	u8	version;
	__le16	size;		/* of the payload, plain */
	__le32	rsvd2;
	u8	vmpck;
	u8	rsvd3[35];
} __packed;

/* The secrets page, as much as is needed of it: K73, struct snp_secrets_page. */
struct snp_secrets {
	__le32	version;
	__le32	flags;
	__le32	fms;
	__le32	rsvd;
	u8	gosvw[16];
	u8	vmpck[SNP_NR_VMPCK][SNP_VMPCK_LEN];
	__le32	seqno[SNP_NR_VMPCK];	/* os_area: how many each key has sealed */
} __packed;

/* --- message types: section 1.3 -------------------------------------------------- */

/* A3, A4, A5; a response is the request's type plus one. */
enum sev_msg_type {
	SEV_MSG_TDI_INFO	= 19,
	SEV_MSG_MMIO_VALIDATE	= 21,
	SEV_MSG_MMIO_CONFIG	= 23,
	SEV_MSG_SDTE_WRITE	= 25,
};

/* A1, A2 (2024); a response is the request's type less 80h. */
enum sev_msg_type_2024 {
	SEV_MSG_2024_TDI_INFO		= 0x81,
	SEV_MSG_2024_MMIO_VALIDATE	= 0x82,
	SEV_MSG_2024_MMIO_CONFIG	= 0x83,
	SEV_MSG_2024_SDTE_WRITE		= 0x84,
};

/* Version 1: A1-A3, A5: a 16-bit guest_device_id. Version 2: A4: a 64-bit tdi_id. */
#define SEV_MSG_V1		1
#define SEV_MSG_V2		2

/* --- payloads: section 1.4 -------------------------------------------------------- */

/*
 * How each of them starts. Requests of version 1 have no status, and zeros there;
 * those of version 2 have it in their responses only, too.
 */
struct sev_id_v1 {
	__le16	guest_device_id;
	__le16	status;
	u8	rsvd[12];
} __packed;

struct sev_id_v2 {
	__le64	tdi_id;
	__le16	status;
	u8	rsvd[6];
} __packed;

union sev_id {
	struct sev_id_v1 v1;
	struct sev_id_v2 v2;
};

struct sev_tdi_info_req {
	union sev_id id;
} __packed;

#define SEV_DIGEST_LEN		48	/* SHA-384 */

#define SEV_MEAS_DIGEST_VALID	BIT(0)
#define SEV_MEAS_DIGEST_FRESH	BIT(1)

/* The lock flags are those of TDISP, bit for bit: TDISP_LOCK_*. */
#define SEV_LOCK_FLAGS		0x1fu

struct sev_tdi_info_rsp {
	union sev_id id;
	__le32	meas_flags;
	__le32	lock_flags;
	__le64	spdm_algos;
	u8	certs_digest[SEV_DIGEST_LEN];
	u8	meas_digest[SEV_DIGEST_LEN];
	u8	report_digest[SEV_DIGEST_LEN];
	__le64	tdi_report_count;	/* reserved in A1 */
	__le64	rsvd;
} __packed;

enum sev_info_status {
	SEV_INFO_BOUND		= 0,
	SEV_INFO_INVALID	= 1,
	SEV_INFO_UNBOUND	= 2,
};

/* spdm_algos, a byte each: section 1.4. */
#define SEV_ALGOS_DHE_P384	(1ULL << 0)	/* 0: secp256r1 */
#define SEV_ALGOS_AEAD_AES256	(1ULL << 8)	/* 0: AES-128-GCM */
#define SEV_ALGOS_ASYM_P384	(2ULL << 16)	/* 0: RSASSA-3072, 1: P-256 */
#define SEV_ALGOS_HASH_SHA384	(1ULL << 24)	/* 0: SHA-256 */

/*
 * MMIO_VALIDATE, request and response. The base is a guest physical address in A1-A3
 * and A5, a guest frame number in the newest A4: section 1.4.
 */
struct sev_mmio_validate {
	union sev_id id;
	__le64	base;
	__le32	page_count;
	__le32	range_offset;	/* first page, within the range */
	__le16	flags;
	__le16	range_id;	/* the BAR's number */
	u8	rsvd[12];
} __packed;

#define SEV_VALIDATE_VALIDATED	BIT(0)	/* request: the wanted RMP.Validated */
#define SEV_VALIDATE_FORCE	BIT(1)	/* request: even if they are not all alike */
#define SEV_VALIDATE_CHANGED	BIT(0)	/* response */

/* A3, A4 and A5. */
enum sev_validate_status {
	SEV_VALIDATE_SUCCESS		= 0,
	SEV_VALIDATE_INVALID_TDI	= 1,
	SEV_VALIDATE_TDI_UNBOUND	= 2,
	SEV_VALIDATE_NOT_ASSIGNED	= 3,
	SEV_VALIDATE_NOT_IO		= 4,
	SEV_VALIDATE_NOT_UNIFORM	= 5,
	SEV_VALIDATE_NOT_IMMUTABLE	= 6,
	SEV_VALIDATE_NOT_MAPPED		= 7,
	SEV_VALIDATE_NOT_REPORTED	= 8,
	SEV_VALIDATE_OUT_OF_RANGE	= 9,
	SEV_VALIDATE_NOT_4K		= 10,
};

/* A1, A2: 0 to 3 as above. */
enum sev_validate_status_2024 {
	SEV_VALIDATE_2024_NOT_UNIFORM	= 4,
	SEV_VALIDATE_2024_NOT_IMMUTABLE	= 5,
	SEV_VALIDATE_2024_NOT_MAPPED	= 6,
	SEV_VALIDATE_2024_NOT_REPORTED	= 7,
	SEV_VALIDATE_2024_OUT_OF_RANGE	= 8,
};

/* MMIO_CONFIG of version 1, request and response: A2, A5 table 65. */
struct sev_mmio_config {
	__le16	guest_device_id;
	__le16	status;		/* reserved in the request */
	__le16	flags;
	__le16	range_id;
	__le32	write;		/* bit 0 */
	u8	rsvd[4];
} __packed;

#define SEV_CONFIG_MSIX_TABLE	BIT(0)
#define SEV_CONFIG_MSIX_PBA	BIT(1)
#define SEV_CONFIG_NON_TEE	BIT(2)
#define SEV_CONFIG_UPDATABLE	BIT(3)
#define SEV_CONFIG_WRITE	BIT(0)

enum sev_config_status {
	SEV_CONFIG_SUCCESS	= 0,
	SEV_CONFIG_INVALID_TDI	= 1,
	SEV_CONFIG_TDI_UNBOUND	= 2,
	SEV_CONFIG_NOT_REPORTED	= 3,
	SEV_CONFIG_NOT_CHANGED	= 4,
};

#define SEV_SDTE_SIZE		64

struct sev_sdte_write_req {
	union sev_id id;
	u8	sdte[SEV_SDTE_SIZE];
} __packed;

struct sev_sdte_write_rsp {
	union sev_id id;
} __packed;

enum sev_sdte_status {
	SEV_SDTE_SUCCESS	= 0,
	SEV_SDTE_INVALID_TDI	= 1,
	SEV_SDTE_TDI_NOT_BOUND	= 2,
	SEV_SDTE_RESERVED	= 3,
};

/* --- the secure device table entry: section 1.5; bits of each 64-bit word ---------- */

#define SEV_SDTE_Q0_V		BIT(0)
#define SEV_SDTE_Q0_IR		(1ULL << 61)
#define SEV_SDTE_Q0_IW		(1ULL << 62)
#define SEV_SDTE_Q3_VMPL_SHIFT	(241 - 192)
#define SEV_SDTE_Q3_VMPL	GENMASK(242 - 192, 241 - 192)
#define SEV_SDTE_Q5_VTOM_EN	BIT(0)		/* bit 320 */
#define SEV_SDTE_Q5_VTOM_SHIFT	1		/* bits 351:321 */
#define SEV_SDTE_Q5_VTOM_MAX	0x7fffffffULL	/* A1-A3: all memory is below it */
#define SEV_SDTE_VTOM_UNIT	21		/* vTOM counts 2 MiB: section 1.6 */

/* --- the data buffer: A4, section 1.7 ------------------------------------------------ */

#define SEV_BLOB_FIRST_SIZE	(32u << 10)
#define SEV_BLOB_MAX_ENTRIES	3
#define SEV_BLOB_NONCE_LEN	32	/* first bytes, when measurements are asked for */

struct sev_blob_entry {
	u8	guid[16];	/* all zeros: the end */
	__le32	offset;		/* from the start of the buffer */
	__le32	len;
} __packed;

/* As Linux' guid_t has them: the first three groups little endian. */
#define SEV_GUID_MEASUREMENTS	{ 0xc6, 0x80, 0xaa, 0x5c, 0xef, 0x12, 0x1a, 0x40, \
				  0xb3, 0x64, 0xec, 0x59, 0xa9, 0x3a, 0xbe, 0x3f }
#define SEV_GUID_CERTS		{ 0x75, 0xcb, 0x8c, 0x07, 0x44, 0x26, 0xe8, 0x49, \
				  0xaf, 0xe7, 0x56, 0x86, 0xc5, 0xcf, 0x72, 0xf1 }
#define SEV_GUID_REPORT		{ 0x0e, 0x5b, 0xdc, 0x70, 0xc0, 0x0c, 0xd5, 0x4c, \
				  0x97, 0xbb, 0xff, 0x0b, 0xa2, 0x5b, 0xf3, 0x20 }

/* --- the emulated platform only: OURS --------------------------------------------------- */

/*
 * Where a real guest finds the secrets page in its memory, placed there by the PSP
 * at launch, an emulated one asks for it, by a call of the trusted class: r[0] =
 * SEV_EMU_SECRETS, r[1] = GPA of a private page. r[0] comes back as 0, or as 1 for a
 * call or page that will not do. Each call is a launch: new keys, and the sequence
 * starts anew.
 */
#define SEV_EMU_SECRETS		1
#define SEV_EMU_OK		0
#define SEV_EMU_REFUSED		1

static_assert(sizeof(struct snp_msg_hdr) == SNP_HDR_SIZE, "envelope header");
static_assert(offsetof(struct snp_msg_hdr, seqno) == 0x20, "envelope: sequence number");
static_assert(offsetof(struct snp_msg_hdr, algo) == SNP_AAD_OFFSET, "envelope: AAD");
static_assert(offsetof(struct snp_msg_hdr, type) == 0x34, "envelope: type");
static_assert(offsetof(struct snp_msg_hdr, size) == 0x36, "envelope: size");
static_assert(offsetof(struct snp_msg_hdr, vmpck) == 0x3c, "envelope: key");
static_assert(SNP_AAD_OFFSET + SNP_AAD_LEN == SNP_HDR_SIZE, "AAD is the header's end");
static_assert(offsetof(struct snp_secrets, vmpck) == 0x20, "secrets page: keys");
static_assert(offsetof(struct snp_secrets, seqno) == 0xa0, "secrets page: os_area");
static_assert(sizeof(struct sev_id_v1) == 16, "identity, version 1");
static_assert(sizeof(struct sev_id_v2) == 16, "identity, version 2");
static_assert(sizeof(struct sev_tdi_info_req) == 16, "TDI_INFO_REQ");
static_assert(sizeof(struct sev_tdi_info_rsp) == 192, "TDI_INFO_RSP");
static_assert(offsetof(struct sev_tdi_info_rsp, spdm_algos) == 0x18, "TDI_INFO_RSP: algorithms");
static_assert(offsetof(struct sev_tdi_info_rsp, certs_digest) == 0x20, "TDI_INFO_RSP: certs");
static_assert(offsetof(struct sev_tdi_info_rsp, meas_digest) == 0x50, "TDI_INFO_RSP: meas");
static_assert(offsetof(struct sev_tdi_info_rsp, report_digest) == 0x80, "TDI_INFO_RSP: report");
static_assert(offsetof(struct sev_tdi_info_rsp, tdi_report_count) == 0xb0, "TDI_INFO_RSP: count");
static_assert(sizeof(struct sev_mmio_validate) == 48, "MMIO_VALIDATE");
static_assert(offsetof(struct sev_mmio_validate, base) == 0x10, "MMIO_VALIDATE: base");
static_assert(offsetof(struct sev_mmio_validate, flags) == 0x20, "MMIO_VALIDATE: flags");
static_assert(sizeof(struct sev_mmio_config) == 16, "MMIO_CONFIG");
static_assert(sizeof(struct sev_sdte_write_req) == 80, "SDTE_WRITE_REQ");
static_assert(sizeof(struct sev_sdte_write_rsp) == 16, "SDTE_WRITE_RSP");
static_assert(sizeof(struct sev_blob_entry) == 24, "entry of the blob table");

#endif /* TDISP_SEV_TIO_WIRE_H */
