/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Arm CCA device assignment as a realm sees it: RSI calls to the RMM (trusted), and
 * RHI calls to the host (not), which travel inside RSI_HOST_CALL.
 *
 * Sources, by the keys of the project's fact sheet, guest-abis.md:
 *   C1   Linux RFC v3 "Arm CCA guest TDISP lock/accept flow", 2026-03-12
 *   C2   TF-RMM 9a7f8ef4, lib/smc/include/smc-rsi.h and runtime/rsi/vdev.c
 *   C3   Arm ACS, val_rhi.h, 2026
 *   C4   NVIDIA/NV-Kernels, drivers/virt/coco/arm-cca-guest/rhi-da.c
 *   OURS this project's own, Documentation/emu-mailbox.rst
 *   K72  Linux 7.2, arch/arm64/include/asm/rsi_smc.h and rsi_cmds.h
 * and the section of that sheet: 3.2 is RSI, 3.3 is RHI.
 */
#ifndef TDISP_CCA_WIRE_H
#define TDISP_CCA_WIRE_H

#include "port.h"

/* ---- RSI: X0 is the function, arguments from X1; X0 is the status, results from X1 ---- */

#define RSI_ABI_VERSION_FID		0xc4000190UL	/* K72: X1 wanted; X1 lowest, X2 highest */
#define RSI_FEATURES_FID		0xc4000191UL	/* K72: X1 register; X1 value */
#define RSI_IPA_STATE_SET_FID		0xc4000197UL	/* K72: X1 base .. X4 flags; X1 top, X2 */
#define RSI_HOST_CALL_FID		0xc4000199UL	/* K72: X1 rsi_host_call_regs */
#define RSI_VDEV_DMA_ENABLE_FID		0xc400019cUL	/* C2, 3.2; below alp16 another call */
#define RSI_VDEV_GET_INFO_FID		0xc400019dUL	/* C2, 3.2 */
#define RSI_VDEV_VALIDATE_MAPPING_FID	0xc400019fUL	/* C2, 3.2 */
#define RSI_VDEV_DMA_DISABLE_FID	0xc40001a4UL	/* C2, 3.2 */

/* K72: major << 16 | minor. C2, 3.1: device assignment of this form is 1.1's. */
#define RSI_VERSION(major, minor)	((u64)(major) << 16 | (minor))

/* C2, 3.2: feature register 0 */
#define RSI_FEATURE_REGISTER_0		0
#define RSI_FEATURE_0_DA		BIT(0)
#define RSI_FEATURE_0_MRO		BIT(1)
#define RSI_FEATURE_0_ATS		BIT(2)

/* C2, 3.2 */
enum rsi_status {
	RSI_STATUS_SUCCESS	= 0,
	RSI_STATUS_INPUT	= 1,
	RSI_STATUS_STATE	= 2,
	RSI_STATUS_INCOMPLETE	= 3,
	RSI_STATUS_UNKNOWN	= 4,
	RSI_STATUS_DEVICE	= 5,	/* a nonce, or the state of the device */
};

/* SMCCC: there is no such function; in X0, and in gprs[0] of a host call (C4). */
#define RSI_NOT_SUPPORTED		(~0ULL)

/* K72: what the host said in X2 of an incremental call */
#define RSI_HOST_ACCEPT			0
#define RSI_HOST_REJECT			1

/* K72, rsi_cmds.h; X3 of RSI_IPA_STATE_SET, and its X4 */
#define RSI_RIPAS_IS_EMPTY		0
#define RSI_MAY_CHANGE_DESTROYED	1

/* C2, 3.2: X1 vdev, X2 IPA base, X3 top, X4 PA base, X5 flags, X6 .. X8 nonces */
#define RSI_VALIDATE_SHARED		BIT(0)	/* X5 */
#define RSI_VALIDATE_COHERENT		BIT(1)

/* C2, 3.2: X1 vdev, X2 flags, X3 plane that has no ATS, X4 .. X6 nonces */
#define RSI_DMA_ENABLE_ATS		BIT(0)	/* X2 */

/* K72, rsi_cmds.h: what RSI calls in whole numbers of */
#define RSI_GRANULE			4096

/* C2, 3.2: where a struct rsi_vdev_info may be */
#define RSI_VDEV_INFO_ALIGN		512

/* C2, 3.2: each of the digests */
#define RSI_DIGEST_SIZE			64

/* C2, 3.2: hash_algo */
enum rsi_hash {
	RSI_HASH_IS_SHA256	= 0,
	RSI_HASH_IS_SHA512	= 1,
	RSI_HASH_IS_SHA384	= 2,
};

/* C2, 3.2: format_type; format_version is major << 16 | minor */
#define RSI_FORMAT_TDISP		1
#define RSI_FORMAT_TDISP_1_0		RSI_VERSION(1, 0)

/* C2, 3.2: state; the numbers of TDISP */
enum rsi_vdev_state {
	RSI_VDEV_IS_UNLOCKED	= 0,
	RSI_VDEV_IS_LOCKED	= 1,
	RSI_VDEV_IS_STARTED	= 2,
	RSI_VDEV_IS_ERROR	= 3,
};

/* C2, 3.2: RsiVdevInfo, written by RSI_VDEV_GET_INFO */
struct rsi_vdev_info {
	__le64	flags;			/* 0x000, bit 0: behind a virtual SMMU */
	__le64	cert_id;		/* 0x008, slot of the certificate chain */
	u8	hash_algo;		/* 0x010, enum rsi_hash */
	u8	rsvd0[7];
	__le64	lock_nonce;		/* 0x018 */
	__le64	meas_nonce;		/* 0x020 */
	__le64	report_nonce;		/* 0x028 */
	u8	format_type;		/* 0x030, RSI_FORMAT_* */
	u8	rsvd1[7];
	__le64	format_version;		/* 0x038 */
	u8	state;			/* 0x040, enum rsi_vdev_state */
	u8	rsvd2[63];
	u8	vca_digest[RSI_DIGEST_SIZE];	/* 0x080 */
	u8	cert_digest[RSI_DIGEST_SIZE];	/* 0x0c0 */
	u8	pubkey_digest[RSI_DIGEST_SIZE];	/* 0x100, TF-RMM leaves it zero */
	u8	meas_digest[RSI_DIGEST_SIZE];	/* 0x140 */
	u8	report_digest[RSI_DIGEST_SIZE];	/* 0x180 */
	__le64	vsmmu_ipa;		/* 0x1c0 */
	__le64	vsmmu_vsid;		/* 0x1c8 */
	u8	rsvd3[48];
} __packed;

static_assert(sizeof(struct rsi_vdev_info) == 0x200, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, hash_algo) == 0x10, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, lock_nonce) == 0x18, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, format_type) == 0x30, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, state) == 0x40, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, vca_digest) == 0x80, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, meas_digest) == 0x140, "RsiVdevInfo");
static_assert(offsetof(struct rsi_vdev_info, vsmmu_ipa) == 0x1c0, "RsiVdevInfo");

/* ---- RHI: gprs[0] is the function, then the status; arguments and results from [1] ---- */

/* C3, C4, 3.3: struct {u16 imm; u64 gprs[31]}; the RMM reads and writes it, private. */
#define RSI_HOST_CALL_GPRS		31
#define RSI_HOST_CALL_ALIGN		256

struct rsi_host_call_regs {
	__le16	imm;			/* 0x00 */
	u8	rsvd[6];
	__le64	gprs[RSI_HOST_CALL_GPRS];	/* 0x08 */
} __packed;

static_assert(sizeof(struct rsi_host_call_regs) == 0x100, "RsiHostCall");

/* C3, 3.3; C1 has the same */
#define RHI_DA_VERSION_FID		0xc500004aUL
#define RHI_DA_FEATURES_FID		0xc500004bUL	/* gprs[0] is the answer */
#define RHI_DA_OBJECT_SIZE_FID		0xc500004cUL	/* vdev, object; [1] size */
#define RHI_DA_OBJECT_READ_FID		0xc500004dUL	/* vdev, object, ..; [1] bytes */
#define RHI_DA_VDEV_CONTINUE_FID	0xc5000051UL	/* vdev, cookie; [1] cookie */
#define RHI_DA_VDEV_GET_MEASUREMENTS_FID 0xc5000052UL	/* vdev, IPA of parameters */
#define RHI_DA_VDEV_GET_REPORT_FID	0xc5000053UL	/* vdev */
#define RHI_DA_VDEV_SET_TDI_STATE_FID	0xc5000054UL	/* vdev, enum rhi_tdi_state */
#define RHI_DA_VDEV_P2P_UNBIND_FID	0xc5000055UL
#define RHI_DA_VDEV_ABORT_FID		0xc5000056UL	/* vdev */

/* C1, 3.3: answer to RHI_DA_FEATURES */
#define RHI_DA_F_OBJECT_SIZE		BIT(0)
#define RHI_DA_F_OBJECT_READ		BIT(1)
#define RHI_DA_F_CONTINUE		BIT(2)
#define RHI_DA_F_MEASUREMENTS		BIT(3)
#define RHI_DA_F_REPORT			BIT(4)
#define RHI_DA_F_TDI_STATE		BIT(5)
#define RHI_DA_F_P2P_UNBIND		BIT(6)
#define RHI_DA_F_ABORT			BIT(7)
/* C1, 3.3: what Linux cannot do without */
#define RHI_DA_F_BASE			(RHI_DA_F_OBJECT_SIZE | RHI_DA_F_OBJECT_READ | \
					 RHI_DA_F_MEASUREMENTS | RHI_DA_F_REPORT | \
					 RHI_DA_F_TDI_STATE)

/* C3, 3.3 */
enum rhi_status {
	RHI_DA_OK		= 0,
	RHI_DA_INCOMPLETE	= 1,	/* [1] is the cookie for CONTINUE */
	RHI_DA_NO_DATA		= 2,
	RHI_DA_BAD_VDEV		= 3,
	RHI_DA_BAD_OBJECT	= 4,
	RHI_DA_BAD_INPUT	= 5,
	RHI_DA_DEVICE		= 6,
	RHI_DA_BAD_OFFSET	= 7,
	RHI_DA_NO_ACCESS	= 8,
	RHI_DA_BUSY		= 9,
	RHI_DA_HAD_COMPLETED	= 10,	/* of ABORT */
	RHI_DA_NO_SUCH_OBJECT	= 11,
};

/* C1, 3.3 */
enum rhi_tdi_state {
	RHI_TDI_UNLOCKED	= 0,
	RHI_TDI_LOCKED		= 1,
	RHI_TDI_RUN		= 2,
};

/* 3.3: C1 and C3 agree on three objects, and not on where the VCA is. */
#define RHI_OBJECT_CERTS		1
#define RHI_OBJECT_MEASUREMENTS		2
#define RHI_OBJECT_REPORT		3
#define RHI_OBJECT_VCA_LINUX		4	/* C1; EXTENSION_EVIDENCE to C3 */
#define RHI_OBJECT_VCA_ACS		0	/* C3 */

/*
 * 3.3: arguments of OBJECT_READ after vdev and object: (buffer, length, offset) by C1
 * and C3, (offset, length, buffer) by C4.
 */
#define RHI_OBJECT_MAX			(16u << 20)	/* C1, 3.3 */

/* C1, 3.3: the page that GET_MEASUREMENTS names, shared */
#define RHI_MEASURE_RAW			BIT(0)	/* flags; 0: digests */
#define RHI_MEASURE_NONCE_SIZE		32

struct rhi_measure_params {
	__le64	flags;			/* 0x000 */
	u8	rsvd0[0xf8];
	u8	nonce[RHI_MEASURE_NONCE_SIZE];	/* 0x100 */
	u8	rsvd1[0xee0];
} __packed;

static_assert(sizeof(struct rhi_measure_params) == 0x1000, "GET_MEASUREMENTS parameters");
static_assert(offsetof(struct rhi_measure_params, nonce) == 0x100, "GET_MEASUREMENTS nonce");

/*
 * Linux, C4: (segment << 16) | requester id is what the realm calls a device.
 */
#define CCA_VDEV_ID(segment, rid)	((u64)(segment) << 16 | (rid))

/*
 * OURS: behind the emulated mailbox, struct emu_regs: RSI calls have Xn at r[n], host calls
 * imm at r[0] and gprs[n] at r[1 + n].
 */
#define CCA_EMU_NR_X			31
#define CCA_EMU_IMM			0
#define CCA_EMU_GPR(n)			(1 + (n))

#endif /* TDISP_CCA_WIRE_H */
