/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NVMe controller model (NVM Express 1.4), shared by its parts:
 *
 *   nvme.c        registers, queues, reset    nvme_admin.c  admin commands
 *   nvme_io.c     data transfer, IO commands
 */
#ifndef EMU_NVME_H
#define EMU_NVME_H

#include "emu.h"

#define NVME_NR_QUEUES		8	/* admin and 7 IO: one MSI-X vector each */
#define NVME_QUEUE_ENTRIES	1024
#define NVME_LBA_SHIFT		9
#define NVME_MDTS		6	/* 2^6 pages of 4 KiB */
#define NVME_MAX_DATA		(EMU_PAGE_SIZE << NVME_MDTS)
#define NVME_AER_LIMIT		4

struct nvme_cmd {
	uint8_t opcode;
	uint8_t flags;		/* fused, SGL: both not supported, must be 0 */
	__le16 cid;
	__le32 nsid;
	__le64 rsvd;
	__le64 mptr;
	__le64 prp1;
	__le64 prp2;
	__le32 cdw10;
	__le32 cdw11;
	__le32 cdw12;
	__le32 cdw13;
	__le32 cdw14;
	__le32 cdw15;
} __packed;

struct nvme_cqe {
	__le32 result;
	__le32 rsvd;
	__le16 sq_head;
	__le16 sq_id;
	__le16 cid;
	__le16 status;		/* bit 0: phase */
} __packed;

static_assert(sizeof(struct nvme_cmd) == 64, "submission entry");
static_assert(sizeof(struct nvme_cqe) == 16, "completion entry");

/* Status: code in 7:0, code type in 10:8, do not retry in 14 (without the phase). */
enum nvme_status {
	NVME_OK			= 0x0000,
	NVME_INVALID_OPCODE	= 0x4001,
	NVME_INVALID_FIELD	= 0x4002,
	NVME_DATA_TRANSFER	= 0x4004,
	NVME_INTERNAL		= 0x0006,
	NVME_INVALID_NS		= 0x400b,
	NVME_PRP_OFFSET		= 0x4013,
	NVME_LBA_RANGE		= 0x4080,
	NVME_CQ_INVALID		= 0x4100,
	NVME_QID_INVALID	= 0x4101,
	NVME_QUEUE_SIZE		= 0x4102,
	NVME_AER_EXCEEDED	= 0x4105,
	NVME_VECTOR_INVALID	= 0x4108,
	NVME_LOG_PAGE		= 0x4109,
	NVME_QUEUE_DELETION	= 0x410c,
	NVME_NOT_SAVEABLE	= 0x410d,
	NVME_NO_COMPLETION	= 0xffff,	/* ours: the command is held */
};

struct nvme_sq {
	bool live;
	uint64_t base;
	uint32_t size;		/* entries */
	uint32_t head, tail;
	uint16_t cq;
};

struct nvme_cq {
	bool live;
	uint64_t base;
	uint32_t size;
	uint32_t head, tail;
	uint16_t phase;
	bool interrupts;
	uint16_t vector;
};

#define NVME_NR_FEATURES	0x0c

struct nvme {
	struct func *f;
	int fd;			/* the medium */
	uint64_t blocks;
	unsigned int index;

	uint32_t cc, csts, aqa;
	uint64_t asq, acq;
	struct nvme_sq sq[NVME_NR_QUEUES];
	struct nvme_cq cq[NVME_NR_QUEUES];
	uint32_t feature[NVME_NR_FEATURES];
	unsigned int events_held;

	uint64_t reads, writes;	/* SMART: commands */
	uint64_t blocks_read, blocks_written;

	uint8_t data[NVME_MAX_DATA];
};

/* nvme.c */
enum nvme_status nvme_create_sq(struct nvme *n, const struct nvme_cmd *c);
enum nvme_status nvme_create_cq(struct nvme *n, const struct nvme_cmd *c);
enum nvme_status nvme_delete_sq(struct nvme *n, const struct nvme_cmd *c);
enum nvme_status nvme_delete_cq(struct nvme *n, const struct nvme_cmd *c);

/* nvme_admin.c, nvme_io.c: run a command; NVME_NO_COMPLETION holds it back. */
enum nvme_status nvme_admin(struct nvme *n, const struct nvme_cmd *c, uint32_t *result);
enum nvme_status nvme_io(struct nvme *n, const struct nvme_cmd *c);
/*
 * Move len bytes between n->data and the guest memory that the command's PRPs
 * describe; nvme_get() reads guest memory, nvme_put() writes it.
 */
enum nvme_status nvme_get(struct nvme *n, const struct nvme_cmd *c, size_t len);
enum nvme_status nvme_put(struct nvme *n, const struct nvme_cmd *c, size_t len);

#endif /* EMU_NVME_H */
