// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe 1.4: data transfer by PRPs (4.3), and the NVM command set (6).
 *
 * A command's data is collected before the medium is touched, so a write whose
 * memory is refused changes no block. A read may have filled some pages when a
 * later one is refused: that is one refused access among several, as in silicon.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "nvme.h"

enum {
	IO_FLUSH		= 0x00,
	IO_WRITE		= 0x01,
	IO_READ			= 0x02,
	IO_WRITE_ZEROES		= 0x08,
	IO_DATASET_MANAGEMENT	= 0x09,
};

#define NSID_ALL		0xffffffffu
#define PRPS_PER_PAGE		(EMU_PAGE_SIZE / 8)
#define DSM_DEALLOCATE		0x4u
#define DSM_RANGE_SIZE		16u

/* ---- PRPs ------------------------------------------------------------------------ */

static enum nvme_status move(struct nvme *n, uint64_t gpa, size_t at, size_t len, bool put)
{
	int err = put ? dma_write(n->f, gpa, n->data + at, len) :
			dma_read(n->f, gpa, n->data + at, len);

	return err ? NVME_DATA_TRANSFER : NVME_OK;
}

/* The rest of a transfer, from a list of pages whose first entry is at `list`. */
static enum nvme_status move_list(struct nvme *n, uint64_t list, size_t at, size_t len,
				  bool put)
{
	uint64_t prp[PRPS_PER_PAGE];
	enum nvme_status status;

	if (list % 8)
		return NVME_PRP_OFFSET;
	while (len) {
		size_t room = (EMU_PAGE_SIZE - list % EMU_PAGE_SIZE) / 8;
		size_t need = (len + EMU_PAGE_SIZE - 1) / EMU_PAGE_SIZE;
		size_t here = need < room ? need : room;

		if (dma_read(n->f, list, prp, here * 8))
			return NVME_DATA_TRANSFER;
		/* The last entry of a page that is not enough names the next list. */
		if (need > room)
			here--;
		for (size_t i = 0; i < here; i++) {
			size_t part = len < EMU_PAGE_SIZE ? len : EMU_PAGE_SIZE;
			uint64_t gpa = le64toh(prp[i]);

			if (gpa % EMU_PAGE_SIZE)
				return NVME_PRP_OFFSET;
			status = move(n, gpa, at, part, put);
			if (status)
				return status;
			at += part;
			len -= part;
		}
		if (!len)
			break;
		list = le64toh(prp[here]);
		if (list % EMU_PAGE_SIZE)
			return NVME_PRP_OFFSET;
	}
	return NVME_OK;
}

static enum nvme_status transfer(struct nvme *n, const struct nvme_cmd *c, size_t len, bool put)
{
	uint64_t prp1 = le64toh(c->prp1), prp2 = le64toh(c->prp2);
	size_t first = EMU_PAGE_SIZE - prp1 % EMU_PAGE_SIZE;
	enum nvme_status status;

	if (!len)
		return NVME_OK;
	if (prp1 % 4)
		return NVME_PRP_OFFSET;
	if (first > len)
		first = len;
	status = move(n, prp1, 0, first, put);
	if (status || first == len)
		return status;
	if (len - first > EMU_PAGE_SIZE)
		return move_list(n, prp2, first, len - first, put);
	if (prp2 % EMU_PAGE_SIZE)
		return NVME_PRP_OFFSET;
	return move(n, prp2, first, len - first, put);
}

enum nvme_status nvme_get(struct nvme *n, const struct nvme_cmd *c, size_t len)
{
	return transfer(n, c, len, false);
}

enum nvme_status nvme_put(struct nvme *n, const struct nvme_cmd *c, size_t len)
{
	return transfer(n, c, len, true);
}

/* ---- the medium -------------------------------------------------------------------- */

static bool medium_read(struct nvme *n, uint64_t off, size_t len)
{
	for (size_t at = 0; at < len; ) {
		ssize_t got = pread(n->fd, n->data + at, len - at, off + at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
	}
	return true;
}

static bool medium_write(struct nvme *n, uint64_t off, size_t len)
{
	for (size_t at = 0; at < len; ) {
		ssize_t got = pwrite(n->fd, n->data + at, len - at, off + at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
	}
	return true;
}

/* A hole reads as zeros; where the file system makes none, zeros are written. */
static bool medium_zero(struct nvme *n, uint64_t off, uint64_t len)
{
	if (!fallocate(n->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len))
		return true;
	memset(n->data, 0, sizeof(n->data));
	while (len) {
		size_t part = len < sizeof(n->data) ? len : sizeof(n->data);

		if (!medium_write(n, off, part))
			return false;
		off += part;
		len -= part;
	}
	return true;
}

/* ---- commands ------------------------------------------------------------------------ */

static bool in_range(const struct nvme *n, uint64_t lba, uint64_t blocks)
{
	return lba <= n->blocks && blocks <= n->blocks - lba;
}

static enum nvme_status read_write(struct nvme *n, const struct nvme_cmd *c)
{
	uint64_t lba = le32toh(c->cdw10) | (uint64_t)le32toh(c->cdw11) << 32;
	uint32_t blocks = (le32toh(c->cdw12) & 0xffff) + 1;
	size_t len = (size_t)blocks << NVME_LBA_SHIFT;
	enum nvme_status status;

	if (!in_range(n, lba, blocks))
		return NVME_LBA_RANGE;
	if (c->opcode == IO_WRITE_ZEROES)
		return medium_zero(n, lba << NVME_LBA_SHIFT, len) ? NVME_OK : NVME_INTERNAL;
	if (len > NVME_MAX_DATA)
		return NVME_INVALID_FIELD;
	if (c->opcode == IO_WRITE) {
		status = nvme_get(n, c, len);
		if (status)
			return status;
		n->writes++;
		n->blocks_written += blocks;
		return medium_write(n, lba << NVME_LBA_SHIFT, len) ? NVME_OK : NVME_INTERNAL;
	}
	if (!medium_read(n, lba << NVME_LBA_SHIFT, len))
		return NVME_INTERNAL;
	n->reads++;
	n->blocks_read += blocks;
	return nvme_put(n, c, len);
}

static enum nvme_status dataset_management(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t ranges = (le32toh(c->cdw10) & 0xff) + 1;
	uint8_t list[256 * DSM_RANGE_SIZE];
	enum nvme_status status = nvme_get(n, c, ranges * DSM_RANGE_SIZE);

	if (status || !(le32toh(c->cdw11) & DSM_DEALLOCATE))
		return status;
	/* medium_zero() may need n->data */
	memcpy(list, n->data, ranges * DSM_RANGE_SIZE);
	for (uint32_t i = 0; i < ranges; i++) {
		uint32_t blocks = get_unaligned_le32(list + i * DSM_RANGE_SIZE + 4);
		uint64_t lba = get_unaligned_le64(list + i * DSM_RANGE_SIZE + 8);

		if (!in_range(n, lba, blocks))
			return NVME_LBA_RANGE;
	}
	for (uint32_t i = 0; i < ranges; i++) {
		uint32_t blocks = get_unaligned_le32(list + i * DSM_RANGE_SIZE + 4);
		uint64_t lba = get_unaligned_le64(list + i * DSM_RANGE_SIZE + 8);

		if (blocks && !medium_zero(n, lba << NVME_LBA_SHIFT,
					   (uint64_t)blocks << NVME_LBA_SHIFT))
			return NVME_INTERNAL;
	}
	return NVME_OK;
}

enum nvme_status nvme_io(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t nsid = le32toh(c->nsid);

	if (c->flags)
		return NVME_INVALID_FIELD;
	if (nsid != 1 && !(c->opcode == IO_FLUSH && nsid == NSID_ALL))
		return NVME_INVALID_NS;
	switch (c->opcode) {
	case IO_FLUSH:
		/* What was written is the host's page cache: it outlives every guest. */
		return NVME_OK;
	case IO_WRITE:
	case IO_READ:
	case IO_WRITE_ZEROES:
		return read_write(n, c);
	case IO_DATASET_MANAGEMENT:
		return dataset_management(n, c);
	default:
		return NVME_INVALID_OPCODE;
	}
}
