/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The emulated platform's mailbox: the guest's hypercalls to the emulated TSM
 * and host. Documentation/emu-mailbox.rst is the specification; this file is
 * its layout and constants, shared by both ends.
 */
#ifndef TDISP_EMU_MBOX_H
#define TDISP_EMU_MBOX_H

#include "port.h"

#define EMU_PCI_VENDOR		0x1234
#define EMU_PCI_DEVICE_MBOX	0x7d50
#define EMU_PCI_DEVICE_DMATEST	0x7d51
#define EMU_PCI_DEVICE_NVME	0x7d52

/* Vendor-specific extended capability that carries a function's handle. */
#define EMU_VSEC_ID		0x7d15
#define EMU_VSEC_REV		1
#define EMU_VSEC_LEN		0x10
#define EMU_VSEC_HANDLE		0x08	/* u32, offset from the capability */

/* BAR 0 */
#define EMU_MBOX_BAR_SIZE	0x1000
#define EMU_MBOX_MAGIC		0x000	/* u32, reads EMU_MBOX_MAGIC_VALUE */
#define EMU_MBOX_ABI		0x004	/* u32, major << 16 | minor */
#define EMU_MBOX_NR_SLOTS	0x008	/* u32 */
#define EMU_MBOX_SLOT(n)	(0x100 + 0x40 * (n))
#define EMU_SLOT_REQUEST	0x00	/* u64, guest physical address */
#define EMU_SLOT_REPLY		0x08	/* u64, guest physical address */
#define EMU_SLOT_DOORBELL	0x10	/* u32, write: start the call */
#define EMU_SLOT_STATUS		0x14	/* u32, enum emu_slot_status */
#define EMU_SLOT_ABORT		0x18	/* u32, write: drop the call */
#define EMU_SLOT_FAULT		0x1c	/* u32, enum emu_slot_fault */

#define EMU_MBOX_MAGIC_VALUE	0x4d494454	/* "TDIM" */
#define EMU_MBOX_ABI_VALUE	0x00020002
#define EMU_ABI_MAJOR(abi)	((abi) >> 16)
#define EMU_MBOX_SLOTS		16

#define EMU_PAGE_SIZE		4096

enum emu_slot_status {
	EMU_SLOT_IDLE	= 0,
	EMU_SLOT_BUSY	= 1,
	EMU_SLOT_DONE	= 2,
	EMU_SLOT_FAULTED = 3,
};

enum emu_slot_fault {
	EMU_FAULT_NONE		= 0,
	EMU_FAULT_ADDRESS	= 1,	/* not RAM, or not page aligned */
	EMU_FAULT_REQUEST_PAGE	= 2,	/* wrong owner for this class of call */
	EMU_FAULT_REPLY_PAGE	= 3,
	EMU_FAULT_BUS_MASTER	= 4,
	EMU_FAULT_HEADER	= 5,
};

/* 0x01xx: answered by the TSM itself, trusted. 0x02xx: by the host, not. */
#define EMU_CALL_CLASS		0xff00
#define EMU_CALL_CLASS_TSM	0x0100
#define EMU_CALL_CLASS_HOST	0x0200

enum emu_call {
	EMU_TSM_INFO		= 0x0100,
	EMU_TSM_ENTER		= 0x0101,
	EMU_TSM_LEAVE		= 0x0102,
	EMU_TSM_PAGE_SHARE	= 0x0103,
	EMU_TSM_PAGE_PRIVATE	= 0x0104,
	EMU_TSM_TDI_INFO	= 0x0110,
	EMU_TSM_MMIO_ACCEPT	= 0x0111,
	EMU_TSM_MMIO_RELEASE	= 0x0112,
	EMU_TSM_DMA_ENABLE	= 0x0113,
	EMU_TSM_DMA_DISABLE	= 0x0114,
	EMU_TSM_START_ALLOW	= 0x0115,
	EMU_TSM_REGS		= 0x0120,
	EMU_HOST_LOCK		= 0x0201,
	EMU_HOST_START		= 0x0202,
	EMU_HOST_STOP		= 0x0203,
	EMU_HOST_MEASURE	= 0x0204,
	EMU_HOST_OBJECT_SIZE	= 0x0205,
	EMU_HOST_OBJECT_READ	= 0x0206,
	EMU_HOST_REGS		= 0x0220,
	EMU_HOST_SBDF		= 0x0221,
};

enum emu_status {
	EMU_OK		= 0,
	EMU_E_CALL	= 1,	/* no such call */
	EMU_E_PARAM	= 2,	/* malformed or out of range */
	EMU_E_STATE	= 3,	/* not legal in this TDI state */
	EMU_E_TDI	= 4,	/* no such TDI */
	EMU_E_NONCE	= 5,	/* a nonce is not the current one */
	EMU_E_RANGE	= 6,	/* the range is not what was reported and locked */
	EMU_E_PAGE	= 7,	/* not RAM, or not in the expected ownership */
	EMU_E_BUSY	= 8,
	EMU_E_DEVICE	= 9,	/* the device's DSM refused or failed */
	EMU_E_OBJECT	= 10,	/* no such evidence object (yet) */
	EMU_E_DENIED	= 11,	/* the host refuses */
	EMU_E_NOT_ENTERED = 12,	/* protection is not on (or is on already) */
};

#define EMU_MSG_VERSION		1

struct emu_req_hdr {
	__le16	call;
	__le16	version;
	__le32	seq;
	__le32	len;		/* payload bytes that follow, <= EMU_MSG_MAX */
	__le32	handle;		/* TDI, 0 where the call names none */
} __packed;

struct emu_rsp_hdr {
	__le16	call;
	__le16	version;
	__le32	seq;		/* of the request */
	__le32	len;		/* 0 unless status is EMU_OK */
	__le32	status;
} __packed;

#define EMU_MSG_MAX		(EMU_PAGE_SIZE - sizeof(struct emu_req_hdr))

#define EMU_TSM_F_ENTERED	BIT(0)
#define EMU_TSM_F_START_FIRST	BIT(1)	/* MMIO and DMA are accepted in RUN only */
#define EMU_TSM_F_EVENT		BIT(2)	/* interrupts when a TDI's state changes by itself */

/* MSI vector of the mailbox function, if it has EMU_TSM_F_EVENT. */
#define EMU_EVENT_VECTOR	0

#define EMU_NAME_SIZE		16

struct emu_tsm_info {
	__le32	abi;
	__le32	flags;
	__le32	nr_tdis;
	__le32	rsvd;
	u8	name[EMU_NAME_SIZE];	/* whose calls it takes: "emulated" .., NUL padded */
} __packed;

/*
 * TSM_REGS and HOST_REGS, both ways: the registers of another platform's instruction.
 * Which is which is for that platform's header to say.
 */
#define EMU_NR_REGS	32

struct emu_regs {
	__le64	r[EMU_NR_REGS];
} __packed;

struct emu_sbdf_req {
	__le32	sbdf;		/* segment << 16 | bus << 8 | device << 3 | function */
} __packed;

struct emu_page_req {
	__le64	gpa;
	__le64	npages;
} __packed;

enum emu_hash {
	EMU_HASH_SHA256	= 1,
	EMU_HASH_SHA384	= 2,
	EMU_HASH_SHA512	= 3,
};

/* Evidence objects: the numbers of the evidence UAPI proposed upstream. */
enum emu_object {
	EMU_OBJ_CERTS		= 0,	/* slot 0 */
	EMU_OBJ_VCA		= 8,
	EMU_OBJ_MEASUREMENTS	= 9,
	EMU_OBJ_REPORT		= 10,
};

#define EMU_DIGEST_CERTS	0	/* index in digest[], bit in digest_valid */
#define EMU_DIGEST_VCA		1
#define EMU_DIGEST_MEASUREMENTS	2
#define EMU_DIGEST_REPORT	3
#define EMU_NR_DIGESTS		4
#define EMU_DIGEST_SIZE		64

#define EMU_NR_BARS		6

struct emu_tdi_info {
	u8	state;		/* enum tdisp_state, as the DSM told the TSM */
	u8	hash;		/* enum emu_hash */
	u8	dma_mode;	/* enum emu_dma_mode */
	u8	rsvd0;
	__le16	lock_flags;
	__le16	rsvd1;
	__le32	digest_valid;
	__le32	mmio_accepted;	/* pages accepted as private MMIO */
	__le64	lock_nonce;	/* 0 while unlocked */
	__le64	meas_nonce;
	__le64	report_nonce;
	__le64	bar[EMU_NR_BARS];	/* guest physical address at LOCK, 0: none */
	u8	digest[EMU_NR_DIGESTS][EMU_DIGEST_SIZE];
	__le64	vtom;		/* in force, 0 but in EMU_DMA_SPLIT */
} __packed;

struct emu_nonces {
	__le64	lock;
	__le64	meas;
	__le64	report;
} __packed;

struct emu_mmio_accept {
	struct emu_nonces nonces;
	__le32	range;		/* index into the report */
	__le32	rsvd;
	__le64	page_offset;	/* first page within the range */
	__le64	npages;
	__le64	gpa;		/* where the guest finds that page */
} __packed;

#define EMU_MMIO_ACCEPT_MAX	4096	/* pages a call */

enum emu_dma_mode {
	EMU_DMA_NONE	= 0,
	EMU_DMA_DIRECT	= 1,
	EMU_DMA_IOMMU	= 2,
	EMU_DMA_SPLIT	= 3,
};

#define EMU_VTOM_ALIGN		(2u << 20)

struct emu_dma_enable {
	struct emu_nonces nonces;
	__le32	mode;		/* enum emu_dma_mode */
	__le32	rsvd;
	__le64	vtom;		/* 0 but for EMU_DMA_SPLIT */
} __packed;

struct emu_start_allow {
	struct emu_nonces nonces;
} __packed;

struct emu_lock_req {
	__le16	lock_flags;	/* TDISP_LOCK_* */
	u8	rsvd[6];
} __packed;

/* Reply of LOCK, START and STOP. The host's word: worth nothing by itself. */
struct emu_host_state {
	u8	state;
	u8	rsvd[7];
} __packed;

#define EMU_NONCE_SIZE		32

struct emu_measure_req {
	u8	nonce[EMU_NONCE_SIZE];
} __packed;

struct emu_object_size_req {
	__le32	object;
	__le32	rsvd;
} __packed;

struct emu_object_size_rsp {
	__le64	size;
} __packed;

struct emu_object_read_req {
	__le32	object;
	__le32	len;		/* <= EMU_OBJECT_CHUNK */
	__le64	offset;
} __packed;

struct emu_object_read_rsp {
	__le32	len;
	__le32	rsvd;
	u8	data[];
} __packed;

#define EMU_OBJECT_CHUNK	(EMU_MSG_MAX - sizeof(struct emu_object_read_rsp))

/* The DMA test function, BAR 0. */
#define EMU_DT_MAGIC		0x00	/* u32, reads EMU_DT_MAGIC_VALUE */
#define EMU_DT_COMMAND		0x04	/* u32, enum emu_dt_command */
#define EMU_DT_ADDRESS		0x08	/* u64 */
#define EMU_DT_LENGTH		0x10	/* u32, <= EMU_DT_BUFFER_SIZE */
#define EMU_DT_STATUS		0x14	/* u32, enum emu_dt_status, of the last command */
#define EMU_DT_SEED		0x18	/* u32, first byte of EMU_DT_FILL's pattern */
#define EMU_DT_SUM		0x1c	/* u32, sum of the buffer's first LENGTH bytes */
#define EMU_DT_MAGIC_VALUE	0x4d444454	/* "TDDM" */
#define EMU_DT_BUFFER_SIZE	(1u << 20)

enum emu_dt_command {
	EMU_DT_READ	= 1,	/* memory -> the function's buffer */
	EMU_DT_WRITE	= 2,	/* the function's buffer -> memory */
	EMU_DT_FILL	= 3,	/* byte i of the buffer = (u8)(SEED + i) */
	EMU_DT_IRQ	= 4,	/* fire vector 0 */
};

enum emu_dt_status {
	EMU_DT_IDLE	= 0,
	EMU_DT_OK	= 1,
	EMU_DT_REFUSED	= 2,
	EMU_DT_BAD	= 3,	/* length or command out of range */
};

static_assert(sizeof(struct emu_req_hdr) == 16, "request header");
static_assert(sizeof(struct emu_rsp_hdr) == 16, "reply header");
static_assert(sizeof(struct emu_tsm_info) == 32, "TSM_INFO reply");
static_assert(sizeof(struct emu_regs) == 256, "REGS request and reply");
static_assert(sizeof(struct emu_sbdf_req) == 4, "SBDF request");
static_assert(sizeof(struct emu_tdi_info) == 352, "TDI_INFO reply");
static_assert(sizeof(struct emu_mmio_accept) == 56, "MMIO_ACCEPT request");
static_assert(sizeof(struct emu_dma_enable) == 40, "DMA_ENABLE request");

#endif /* TDISP_EMU_MBOX_H */
