/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * TDX Connect as a guest sees it: TDCALL leaves that the TDX module answers, and
 * TDG.VP.VMCALL<TDCM>, which the VMM does. Layout and numbers, nothing else: both
 * ends of the tests share this file.
 *
 * Each number has its source, by key; Documentation/platforms.rst says what stands
 * behind the keys, and section numbers are of the same fact sheet:
 *   T1   the guest driver in Intel's development tree, 2026 (2.1, 2.2, 2.3)
 *   M1   OpenVMM's TDX Connect validator, 2026: field codes, function id, statuses
 *   K73  Linux 7.3-rc7, arch/x86/include/asm/shared/tdx.h and arch/x86/coco/tdx
 *   MOD  the TDX module's published table of status codes
 *   OURS nobody published it; what stands here is what the emulator does
 * None of it was ever seen on hardware by us.
 */
#ifndef TDISP_TDX_CONNECT_WIRE_H
#define TDISP_TDX_CONNECT_WIRE_H

#include "port.h"

#define TDX_PLATFORM_NAME	"tdx-connect"

/*
 * Registers by the number that x86 encodes them with, which is also the number that
 * a status names an operand by (MOD). RSP (4) is never passed.
 */
enum tdx_reg {
	TDX_RAX	= 0,
	TDX_RCX	= 1,
	TDX_RDX	= 2,
	TDX_RBX	= 3,
	TDX_RBP	= 5,
	TDX_RSI	= 6,
	TDX_RDI	= 7,
	TDX_R8	= 8,
	TDX_R9	= 9,
	TDX_R10	= 10,
	TDX_R11	= 11,
	TDX_R12	= 12,
	TDX_R13	= 13,
	TDX_R14	= 14,
	TDX_R15	= 15,
	TDX_NR_REGS
};

/* Leaf numbers, in RAX. */
#define TDX_TDG_VP_VMCALL	0	/* K73 */
#define TDX_TDG_VP_INFO		1	/* K73; RCX 5:0 comes back as GPAW */
#define TDX_TDG_VM_RD		7	/* K73; RDX field, R8 comes back as value */
#define TDX_TDG_TDI_RD		67	/* T1, 2.1 */
#define TDX_TDG_TDI_START	68	/* T1, 2.1 */
#define TDX_TDG_DMAR_ACCEPT	70	/* T1, 2.1 */
#define TDX_TDG_MMIO_ACCEPT	71	/* T1, 2.1 */

#define TDX_VP_INFO_GPAW	0x3full	/* K73: width; the highest bit means shared */

/* TDG.VM.RD: TD-scope configuration flags, T1, 2.1 "Enumeration". */
#define TDX_CONFIG_FLAGS	0x1110000300000016ull
#define TDX_CONFIG_TDX_CONNECT	BIT(5)

/*
 * Function id. A driver passes a 16-bit pci_dev_id() and nothing else; another one has the
 * requester id in 15:0, the segment in 23:16 and its valid bit in 24, which is TDISP's
 * own FUNCTION_ID. They agree on segment 0, the only one that TDCM's R12 can name.
 */
#define TDX_FUNC_ID_RID		0xffffu		/* T1, 2.1 */
#define TDX_FUNC_ID_SEGMENT	0xff0000u	/* M1 */
#define TDX_FUNC_ID_SEGMENT_VALID BIT(24)	/* M1 */

/*
 * TDG.TDI.RD: RCX function id, RDX field, R8 where a hash goes; RCX comes back as the
 * value, or as the hash's length in bytes. State and session: T1, 2.1. Hashes: M1,
 * which says that R8 is the address of a private page, 0 for the other fields.
 */
#define TDX_TDI_STATE		2	/* enum tdisp_state, as the module last saw it */
#define TDX_TDI_REPORT_HASH	3
#define TDX_TDI_DEV_INFO_HASH	4	/* of "device attestation information" */
#define TDX_TDI_BIND_SESSION	5

/* TDG.DMAR.ACCEPT: RCX function id, RDX whose DMA: T1, 2.1. */
#define TDX_DMAR_TARGET_TD	0	/* an unpartitioned TD, or L1; 1 to 3 are L2 VMs */

/*
 * TDG.MMIO.ACCEPT: RCX address and page size, RDX index of the range in the report,
 * R8 function id, R9 first page << 32 | pages: T1, 2.1. M1: it may be interrupted,
 * and then RCX and R9 say what is left.
 */
#define TDX_MMIO_SIZE_4K	0
#define TDX_MMIO_FIRST_SHIFT	32
#define TDX_MMIO_COUNT		0xffffffffull

/*
 * Status in RAX. 63 error, 62 not recoverable, 61 fatal (MOD); 63:32 say what, the
 * rest which operand, by enum tdx_reg. A status without bit 63 is no error.
 */
#define TDX_STATUS_ERROR	(1ull << 63)
#define TDX_STATUS_CODE		0xffffffff00000000ull
#define TDX_STATUS_OPERAND	0xffull

#define TDX_SUCCESS		0ull			/* K73 */
#define TDX_INTERRUPTED		0x8000000300000000ull	/* MOD: resumable */
#define TDX_OPERAND_INVALID	0xc000010000000000ull	/* T1, 2.1 */
#define TDX_OPERAND_ADDR_RANGE	0xc000010100000000ull	/* MOD; M1 for a hash's page */
#define TDX_OPERAND_BUSY	0x8000020000000000ull	/* T1, 2.1 */
#define TDX_PAGE_METADATA	0xc000030000000000ull	/* MOD; M1 for a hash's page */
#define TDX_PAGE_ALREADY_ACCEPTED 0x00000b0a00000000ull	/* MOD; M1 for MMIO.ACCEPT */
#define TDX_TDI_NOT_PRESENT	0xc0000f4000000000ull	/* T1, 2.1 */
#define TDX_TDI_INVALID_METADATA 0xc0000f4100000000ull	/* T1, 2.1 */
/*
 * M1 has names for more (TDI_INVALID_STATE, MMIO_PAGE_NOT_IN_ASSOC_RANGE,
 * MMIO_TDI_OWNER_MISMATCH, MMIO_INVALID_HPA_OFFSET, DMAR_INVALID_MAPPING_STATE); their
 * numbers are not public. The emulator says OPERAND_INVALID for them, and the guest
 * takes any error that it does not know for the refusal that it is.
 */

/*
 * TDG.VP.VMCALL (K73): RCX is the mask of registers that the VMM sees, by number; R10
 * 0 says that R11 is one of the GHCI's functions, and comes back as the VMM's status.
 */
#define TDX_VMCALL_MASK		0xfc00ull		/* R10 to R15 */
#define TDX_VMCALL_SUCCESS	0ull
#define TDX_VMCALL_RETRY	1ull
#define TDX_VMCALL_INVALID	0x8000000000000000ull

/*
 * TDCM: R12 device id (bus, device, function), R13 shared buffer with the shared bit
 * set, R14 its size in whole pages, R15 event vector, 0: the answer is polled for.
 * T1, 2.2.
 */
#define TDX_VMCALL_TDCM		0x10007ull

/* What a TDCM buffer begins with, T1, 2.2. */
struct tdx_tdcm_hdr {
	__le16	operation;
	u8	version;
	u8	rsvd0;
	__le32	rsvd1;
	u8	status;		/* TDX_TDCM_WAIT when sent, and until it is answered */
	u8	error;
	__le16	rsvd2;
	__le32	rsvd3;
	__le32	data_length;	/* of the command when sent, then of the answer */
} __packed;

/* T1 sends 0 and looks at nothing. */
#define TDX_TDCM_VERSION	0

enum tdx_tdcm_operation {			/* T1, 2.2 */
	TDX_TDCM_CHECK_TEEIO	= 1,	/* answer: u8, is it a TEE-IO device? */
	TDX_TDCM_BIND		= 2,
	TDX_TDCM_GET_DEV_INFO	= 3,
	TDX_TDCM_GET_TDI_REPORT	= 4,
	TDX_TDCM_START_TDI	= 5,
	TDX_TDCM_GET_TDI_STATE	= 6,	/* the VMM's word; nobody here asks */
	TDX_TDCM_UNBIND		= 7,
};

enum tdx_tdcm_status {				/* T1, 2.2 */
	TDX_TDCM_WAIT		= 0,
	TDX_TDCM_COMPLETED	= 1,
	TDX_TDCM_ERROR		= 2,
};

enum tdx_tdcm_error {				/* T1, 2.2 */
	TDX_TDCM_E_MODULE	= 10,	/* TDX module */
	TDX_TDCM_E_DEVICE	= 11,	/* TDX IO device */
	TDX_TDCM_E_SPDM		= 12,	/* SPDM message */
	TDX_TDCM_E_IDE_KM	= 13,	/* IDE_KM message */
	TDX_TDCM_E_TDISP	= 14,	/* TDISP message */
	TDX_TDCM_E_STATE	= 15,	/* invalid state */
};

#define TDX_TDCM_REPORT_MAX	65536	/* T1, 2.2: "driver max 64 KiB" */

/*
 * GET_DEV_INFO. OURS, all of it: the operation's number is public, its data is not.
 * Command: nothing, for the information as it is, or a nonce, for what the module
 * calls DEV_INFO_RECOLLECTION: measured again, with this nonce in the request. Answer:
 * this, then the three objects, back to back. TDX_TDI_DEV_INFO_HASH is the hash of the
 * whole answer.
 */
#define TDX_DEV_INFO_NONCE_SIZE	32

struct tdx_dev_info {
	__le32	vca_len;
	__le32	certs_len;	/* SPDM certificate chain structure, slot 0 */
	__le32	meas_len;	/* request, response, signature */
	u8	data[];
} __packed;

/*
 * OURS. Behind the emulated transport (emu_mbox.h): struct emu_regs holds the registers by
 * enum tdx_reg; EMU_HOST_REGS takes TDG.VP.VMCALL, EMU_TSM_REGS all other leaves.
 * Guest physical addresses have 48 bits, and any vector but 0 is the mailbox's event
 * interrupt.
 */
#define TDX_EMU_GPAW		48
#define TDX_EMU_VECTOR		0x40

static_assert(sizeof(struct tdx_tdcm_hdr) == 20, "TDCM header");
static_assert(offsetof(struct tdx_tdcm_hdr, version) == 2, "TDCM version");
static_assert(offsetof(struct tdx_tdcm_hdr, status) == 8, "TDCM status");
static_assert(offsetof(struct tdx_tdcm_hdr, error) == 9, "TDCM error");
static_assert(offsetof(struct tdx_tdcm_hdr, data_length) == 16, "TDCM length");
static_assert(sizeof(struct tdx_dev_info) == 12, "device information");

#endif /* TDISP_TDX_CONNECT_WIRE_H */
