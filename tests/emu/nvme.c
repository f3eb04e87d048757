// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe: registers, queues, reset. Commands run inside the doorbell write that
 * submits them, in order.
 *
 * Every byte of guest memory goes through dma_read() and dma_write(). A queue
 * that cannot be reached is fatal (CSTS.CFS) until the driver resets us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nvme.h"

/* Registers, NVMe 1.4 section 3.1 */
#define REG_CAP			0x00
#define  CAP_TIMEOUT		(20ull << 24)		/* 10 s */
#define  CAP_CQR		(1ull << 16)		/* queues are contiguous */
#define  CAP_NVM		(1ull << 37)
#define REG_VS			0x08
#define  VS_1_4			0x00010400u
#define REG_INTMS		0x0c
#define REG_INTMC		0x10
#define REG_CC			0x14
#define  CC_EN			0x00000001u
#define  CC_CSS_MPS_AMS		0x00003ff0u		/* all 0: NVM, 4 KiB, round robin */
#define  CC_SHN			0x0000c000u
#define REG_CSTS		0x1c
#define  CSTS_RDY		0x1u
#define  CSTS_CFS		0x2u
#define  CSTS_SHST		0xcu
#define  CSTS_SHST_DONE		0x8u
#define REG_AQA			0x24
#define REG_ASQ			0x28
#define REG_ACQ			0x30
#define REG_END			0x38
#define REG_DOORBELLS		0x1000

#define MEMORY_DISK_SIZE	(64u << 20)

static void clear_queues(struct nvme *n)
{
	memset(n->sq, 0, sizeof(n->sq));
	memset(n->cq, 0, sizeof(n->cq));
	n->events_held = 0;
	memset(n->feature, 0, sizeof(n->feature));
	n->feature[0x06] = 1;		/* volatile write cache on */
}

static void fatal(struct nvme *n, const char *what)
{
	emu_log("%s: %s out of reach: fatal", n->f->name, what);
	n->csts |= CSTS_CFS;
}

static bool running(const struct nvme *n)
{
	return n->csts & CSTS_RDY && !(n->csts & CSTS_CFS);
}

/* ---- queues ------------------------------------------------------------------- */

static bool cq_full(const struct nvme_cq *cq)
{
	return (cq->tail + 1) % cq->size == cq->head;
}

static bool complete(struct nvme *n, uint16_t qid, __le16 cid, enum nvme_status status,
		     uint32_t result)
{
	struct nvme_sq *sq = &n->sq[qid];
	struct nvme_cq *cq = &n->cq[sq->cq];
	struct nvme_cqe cqe = {
		.result = htole32(result),
		.sq_head = htole16(sq->head),
		.sq_id = htole16(qid),
		.cid = cid,
		.status = htole16(status << 1 | cq->phase),
	};

	if (dma_write(n->f, cq->base + cq->tail * sizeof(cqe), &cqe, sizeof(cqe))) {
		fatal(n, "completion queue");
		return false;
	}
	if (++cq->tail == cq->size) {
		cq->tail = 0;
		cq->phase ^= 1;
	}
	return true;
}

/* Run what is in a submission queue while its completion queue has room. */
static void run_queue(struct nvme *n, uint16_t qid)
{
	struct nvme_sq *sq = &n->sq[qid];
	struct nvme_cq *cq = &n->cq[sq->cq];
	bool posted = false;

	while (running(n) && sq->live && sq->head != sq->tail && !cq_full(cq)) {
		enum nvme_status status;
		struct nvme_cmd cmd;
		uint32_t result = 0;

		if (dma_read(n->f, sq->base + sq->head * sizeof(cmd), &cmd, sizeof(cmd))) {
			fatal(n, "submission queue");
			break;
		}
		sq->head = (sq->head + 1) % sq->size;
		status = qid ? nvme_io(n, &cmd) : nvme_admin(n, &cmd, &result);
		if (status == NVME_NO_COMPLETION)
			continue;
		if (!complete(n, qid, cmd.cid, status, result))
			break;
		posted = true;
	}
	if (posted && cq->interrupts)
		vfu_irq(n->f, cq->vector);
}

static void doorbell(struct nvme *n, uint32_t off, uint32_t val)
{
	uint32_t which = (off - REG_DOORBELLS) / 4, qid = which / 2;

	/* A doorbell of no queue, or out of its range, is ignored. */
	if (!running(n) || qid >= NVME_NR_QUEUES)
		return;
	if (which & 1) {
		if (!n->cq[qid].live || val >= n->cq[qid].size)
			return;
		n->cq[qid].head = val;
		for (uint16_t i = 0; i < NVME_NR_QUEUES; i++)
			if (n->sq[i].live && n->sq[i].cq == qid)
				run_queue(n, i);
	} else if (n->sq[qid].live && val < n->sq[qid].size) {
		n->sq[qid].tail = val;
		run_queue(n, qid);
	}
}

/* Queue management, 5.3 to 5.6: id in CDW10 15:0, entries less one in 31:16. */
static enum nvme_status queue_args(const struct nvme_cmd *c, uint32_t *qid, uint32_t *size)
{
	*qid = le32toh(c->cdw10) & 0xffff;
	*size = (le32toh(c->cdw10) >> 16) + 1;
	if (!*qid || *qid >= NVME_NR_QUEUES)
		return NVME_QID_INVALID;
	if (*size < 2 || *size > NVME_QUEUE_ENTRIES)
		return NVME_QUEUE_SIZE;
	if (!(le32toh(c->cdw11) & 1))
		return NVME_INVALID_FIELD;	/* not contiguous */
	if (le64toh(c->prp1) % EMU_PAGE_SIZE)
		return NVME_PRP_OFFSET;
	return NVME_OK;
}

enum nvme_status nvme_create_cq(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t qid, size, vector = le32toh(c->cdw11) >> 16;
	enum nvme_status status = queue_args(c, &qid, &size);

	if (status)
		return status;
	if (n->cq[qid].live)
		return NVME_QID_INVALID;
	if (vector >= FUNC_VECTORS)
		return NVME_VECTOR_INVALID;
	n->cq[qid] = (struct nvme_cq){
		.live = true,
		.base = le64toh(c->prp1),
		.size = size,
		.phase = 1,
		.interrupts = le32toh(c->cdw11) & 2,
		.vector = vector,
	};
	return NVME_OK;
}

enum nvme_status nvme_create_sq(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t qid, size, cq = le32toh(c->cdw11) >> 16;
	enum nvme_status status = queue_args(c, &qid, &size);

	if (status)
		return status;
	if (n->sq[qid].live)
		return NVME_QID_INVALID;
	if (!cq || cq >= NVME_NR_QUEUES || !n->cq[cq].live)
		return NVME_CQ_INVALID;
	n->sq[qid] = (struct nvme_sq){
		.live = true,
		.base = le64toh(c->prp1),
		.size = size,
		.cq = cq,
	};
	return NVME_OK;
}

enum nvme_status nvme_delete_sq(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t qid = le32toh(c->cdw10) & 0xffff;

	if (!qid || qid >= NVME_NR_QUEUES || !n->sq[qid].live)
		return NVME_QID_INVALID;
	memset(&n->sq[qid], 0, sizeof(n->sq[qid]));
	return NVME_OK;
}

enum nvme_status nvme_delete_cq(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t qid = le32toh(c->cdw10) & 0xffff;

	if (!qid || qid >= NVME_NR_QUEUES || !n->cq[qid].live)
		return NVME_QID_INVALID;
	for (int i = 1; i < NVME_NR_QUEUES; i++)
		if (n->sq[i].live && n->sq[i].cq == qid)
			return NVME_QUEUE_DELETION;
	memset(&n->cq[qid], 0, sizeof(n->cq[qid]));
	return NVME_OK;
}

/* ---- registers ------------------------------------------------------------------- */

static void enable(struct nvme *n)
{
	uint32_t sq = (n->aqa & 0xfff) + 1, cq = (n->aqa >> 16 & 0xfff) + 1;

	n->csts = 0;
	clear_queues(n);
	if (n->cc & CC_CSS_MPS_AMS || sq < 2 || cq < 2 ||
	    (n->asq | n->acq) % EMU_PAGE_SIZE) {
		n->csts = CSTS_CFS;
		return;
	}
	n->sq[0] = (struct nvme_sq){ .live = true, .base = n->asq, .size = sq };
	n->cq[0] = (struct nvme_cq){ .live = true, .base = n->acq, .size = cq, .phase = 1,
				     .interrupts = true };
	n->csts = CSTS_RDY;
}

/* 3.1.5: what was configured (AQA, ASQ, ACQ) survives a controller reset. */
static void disable(struct nvme *n)
{
	n->csts = 0;
	clear_queues(n);
}

static void write_cc(struct nvme *n, uint32_t val)
{
	uint32_t old = n->cc;

	n->cc = val & 0x00fffff1u;
	if (!(old & CC_EN) && val & CC_EN)
		enable(n);
	else if (old & CC_EN && !(val & CC_EN))
		disable(n);
	/* Nothing is cached here: a shutdown is done when it is asked for. */
	if (val & CC_SHN && !(old & CC_SHN))
		n->csts = (n->csts & ~CSTS_SHST) | CSTS_SHST_DONE;
}

static void write32(struct nvme *n, uint32_t off, uint32_t val)
{
	bool off_line = !(n->cc & CC_EN);

	if (off >= REG_DOORBELLS) {
		doorbell(n, off, val);
		return;
	}
	if (off == REG_CC) {
		write_cc(n, val);
		return;
	}
	/* The admin queues are set while the controller is disabled (3.1.7). */
	if (!off_line)
		return;
	switch (off) {
	case REG_AQA:
		n->aqa = val & 0x0fff0fff;
		break;
	case REG_ASQ:
		n->asq = (n->asq & ~0xffffffffull) | val;
		break;
	case REG_ASQ + 4:
		n->asq = (n->asq & 0xffffffff) | (uint64_t)val << 32;
		break;
	case REG_ACQ:
		n->acq = (n->acq & ~0xffffffffull) | val;
		break;
	case REG_ACQ + 4:
		n->acq = (n->acq & 0xffffffff) | (uint64_t)val << 32;
		break;
	}
}

static void put(uint8_t *regs, uint32_t off, uint64_t val, size_t len)
{
	val = htole64(val);
	memcpy(regs + off, &val, len);
}

static void nvme_bar_read(struct func *f, int bar, uint64_t off, void *buf, size_t len)
{
	struct nvme *n = f->priv;
	uint8_t regs[REG_END] = { 0 };

	(void)bar;
	put(regs, REG_CAP, CAP_NVM | CAP_TIMEOUT | CAP_CQR | (NVME_QUEUE_ENTRIES - 1), 8);
	put(regs, REG_VS, VS_1_4, 4);
	put(regs, REG_CC, n->cc, 4);
	put(regs, REG_CSTS, n->csts, 4);
	put(regs, REG_AQA, n->aqa, 4);
	put(regs, REG_ASQ, n->asq, 8);
	put(regs, REG_ACQ, n->acq, 8);
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = off + i < REG_END ? regs[off + i] : 0;
}

/* Registers take aligned dwords and pairs of them; other writes are dropped. */
static void nvme_bar_write(struct func *f, int bar, uint64_t off, const void *buf, size_t len)
{
	(void)bar;
	if (off % 4 || (len != 4 && len != 8))
		return;
	for (size_t i = 0; i < len; i += 4)
		write32(f->priv, off + i, get_unaligned_le32((const uint8_t *)buf + i));
}

static void nvme_reset(struct func *f)
{
	struct nvme *n = f->priv;

	disable(n);
	n->cc = 0;
	n->aqa = 0;
	n->asq = 0;
	n->acq = 0;
	memset(n->data, 0, sizeof(n->data));
}

static void nvme_destroy(struct func *f)
{
	struct nvme *n = f->priv;

	close(n->fd);
	free(n);
}

static const struct func_ops nvme_ops = {
	.bar_read = nvme_bar_read,
	.bar_write = nvme_bar_write,
	.reset = nvme_reset,
	.destroy = nvme_destroy,
};

/* A file, or nameless memory that is used as one. Returns NULL and says why. */
static int open_disk(const char *disk, uint64_t *blocks)
{
	struct stat st;
	int fd;

	if (disk) {
		fd = open(disk, O_RDWR | O_CLOEXEC);
	} else {
		fd = memfd_create("disk", MFD_CLOEXEC);
		if (fd >= 0 && ftruncate(fd, MEMORY_DISK_SIZE)) {
			close(fd);
			return -1;
		}
	}
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || st.st_size < EMU_PAGE_SIZE) {
		errno = EINVAL;
		close(fd);
		return -1;
	}
	*blocks = (uint64_t)st.st_size >> NVME_LBA_SHIFT;
	return fd;
}

struct func *nvme_create(struct emu *e, unsigned int index, const char *disk)
{
	struct nvme *n = calloc(1, sizeof(*n));
	struct func *f;
	char name[sizeof(f->name)];

	snprintf(name, sizeof(name), "nvme%u", index);
	if (!n)
		return NULL;
	n->fd = open_disk(disk, &n->blocks);
	if (n->fd < 0) {
		fprintf(stderr, "tdisp-emu: %s: %s\n", disk ? disk : name, strerror(errno));
		free(n);
		return NULL;
	}
	n->index = index;
	clear_queues(n);
	f = func_new(e, FUNC_NVME, name, 1 + index);
	n->f = f;
	f->ops = &nvme_ops;
	f->priv = n;
	pci_init(f, EMU_PCI_DEVICE_NVME, 0x01080201);
	return f;
}
