// SPDX-License-Identifier: GPL-2.0
/* NVMe 1.4 section 5: admin commands. */
#include <string.h>

#include "nvme.h"

enum {
	ADMIN_DELETE_SQ		= 0x00,
	ADMIN_CREATE_SQ		= 0x01,
	ADMIN_GET_LOG		= 0x02,
	ADMIN_DELETE_CQ		= 0x04,
	ADMIN_CREATE_CQ		= 0x05,
	ADMIN_IDENTIFY		= 0x06,
	ADMIN_ABORT		= 0x08,
	ADMIN_SET_FEATURES	= 0x09,
	ADMIN_GET_FEATURES	= 0x0a,
	ADMIN_ASYNC_EVENT	= 0x0c,
};

enum {
	CNS_NAMESPACE		= 0x00,
	CNS_CONTROLLER		= 0x01,
	CNS_ACTIVE_LIST		= 0x02,
	CNS_DESCRIPTORS		= 0x03,
};

enum {
	LOG_ERROR		= 0x01,
	LOG_SMART		= 0x02,
	LOG_FIRMWARE		= 0x03,
};

#define FEATURE_NR_QUEUES	0x07
#define FEATURE_SAVE		0x80000000u

#define NR_NAMESPACES		1
#define FIRMWARE		"1.0     "

static void put16(uint8_t *p, uint16_t val)
{
	val = htole16(val);
	memcpy(p, &val, sizeof(val));
}

static void put32(uint8_t *p, uint32_t val)
{
	val = htole32(val);
	memcpy(p, &val, sizeof(val));
}

static void put64(uint8_t *p, uint64_t val)
{
	val = htole64(val);
	memcpy(p, &val, sizeof(val));
}

/* ASCII fields are padded with spaces and have no end. */
static void put_text(uint8_t *p, size_t size, const char *text)
{
	memset(p, ' ', size);
	memcpy(p, text, strnlen(text, size));
}

/* Unique by function: vendor, then what the function's serial number says. */
static void put_nguid(const struct nvme *n, uint8_t *p)
{
	static const uint8_t prefix[12] = "TDISP-EMU/ns";

	memcpy(p, prefix, sizeof(prefix));
	put32(p + 12, n->f->handle);
}

static void identify_controller(struct nvme *n, uint8_t *d)
{
	char serial[21];

	put16(d + 0, EMU_PCI_VENDOR);
	put16(d + 2, EMU_PCI_VENDOR);
	snprintf(serial, sizeof(serial), "TDISPEMU%04u", n->index);
	put_text(d + 4, 20, serial);
	put_text(d + 24, 40, "tdisp-emu NVMe");
	put_text(d + 64, 8, FIRMWARE);
	d[77] = NVME_MDTS;
	put16(d + 78, 1);		/* controller id */
	put32(d + 80, 0x00010400);	/* version */
	d[111] = 1;			/* an IO controller */
	d[258] = 3;			/* abort limit, less one */
	d[259] = NVME_AER_LIMIT - 1;
	d[260] = 0x03;			/* one firmware slot, read only */
	put16(d + 266, 343);		/* warning, critical temperature, K */
	put16(d + 268, 353);
	d[512] = 0x66;			/* queue entries: 64 and 16 bytes */
	d[513] = 0x44;
	put32(d + 516, NR_NAMESPACES);
	put16(d + 520, 0x000c);		/* DSM and Write Zeroes */
	d[525] = 1;			/* a volatile write cache */
	snprintf((char *)d + 768, 256, "nqn.2014-08.org.nvmexpress:uuid:"
		 "7d155450-0000-4000-8000-%012x", n->f->handle);
	put16(d + 2048, 500);		/* power state 0: 5 W */
}

static void identify_namespace(struct nvme *n, uint8_t *d)
{
	put64(d + 0, n->blocks);
	put64(d + 8, n->blocks);
	put64(d + 16, n->blocks);
	d[33] = 0x09;			/* deallocated blocks read 0, also by Write Zeroes */
	put_nguid(n, d + 104);
	d[128 + 2] = NVME_LBA_SHIFT;
}

static enum nvme_status identify(struct nvme *n, const struct nvme_cmd *c)
{
	uint32_t nsid = le32toh(c->nsid);
	uint8_t *d = n->data;

	memset(d, 0, EMU_PAGE_SIZE);
	switch (le32toh(c->cdw10) & 0xff) {
	case CNS_NAMESPACE:
		if (!nsid || nsid > NR_NAMESPACES)
			return NVME_INVALID_NS;
		identify_namespace(n, d);
		break;
	case CNS_CONTROLLER:
		identify_controller(n, d);
		break;
	case CNS_ACTIVE_LIST:
		if (nsid >= 0xfffffffe)
			return NVME_INVALID_NS;
		if (nsid < 1)
			put32(d, 1);
		break;
	case CNS_DESCRIPTORS:
		if (!nsid || nsid > NR_NAMESPACES)
			return NVME_INVALID_NS;
		d[0] = 2;		/* NGUID */
		d[1] = 16;
		put_nguid(n, d + 4);
		break;
	default:
		return NVME_INVALID_FIELD;
	}
	return nvme_put(n, c, EMU_PAGE_SIZE);
}

/* 5.14.1.2; units of 1000 blocks, rounded up. */
static void smart_log(const struct nvme *n, uint8_t *d)
{
	put16(d + 1, 310);		/* K */
	d[3] = 100;			/* spare, % */
	d[4] = 10;
	put64(d + 32, (n->blocks_read + 999) / 1000);
	put64(d + 48, (n->blocks_written + 999) / 1000);
	put64(d + 64, n->reads);
	put64(d + 80, n->writes);
}

static enum nvme_status get_log(struct nvme *n, const struct nvme_cmd *c)
{
	uint64_t dwords = (le32toh(c->cdw10) >> 16 | (le32toh(c->cdw11) & 0xffffu) << 16) + 1ull;
	uint64_t offset = le32toh(c->cdw12) | (uint64_t)le32toh(c->cdw13) << 32;
	size_t len = dwords * 4;

	/* Offsets are not announced (LPA), and no page here is larger than 512 bytes. */
	if (offset || dwords * 4 > EMU_PAGE_SIZE)
		return NVME_INVALID_FIELD;
	memset(n->data, 0, len > 512 ? len : 512);
	switch (le32toh(c->cdw10) & 0xff) {
	case LOG_ERROR:
		break;
	case LOG_SMART:
		smart_log(n, n->data);
		break;
	case LOG_FIRMWARE:
		n->data[0] = 1;
		put_text(n->data + 8, 8, FIRMWARE);
		break;
	default:
		return NVME_LOG_PAGE;
	}
	return nvme_put(n, c, len);
}

static bool feature_known(uint32_t id)
{
	/* 03h is LBA ranges; 08h to 0bh are interrupts, atomicity, events. */
	return id >= 0x01 && id <= 0x0b && id != 0x03;
}

static uint32_t nr_queues(void)
{
	return (NVME_NR_QUEUES - 2) << 16 | (NVME_NR_QUEUES - 2);
}

static enum nvme_status set_features(struct nvme *n, const struct nvme_cmd *c,
				     uint32_t *result)
{
	uint32_t id = le32toh(c->cdw10) & 0xff, val = le32toh(c->cdw11);

	if (le32toh(c->cdw10) & FEATURE_SAVE)
		return NVME_NOT_SAVEABLE;
	if (!feature_known(id))
		return NVME_INVALID_FIELD;
	if (id == FEATURE_NR_QUEUES) {
		if ((val & 0xffff) == 0xffff || val >> 16 == 0xffff)
			return NVME_INVALID_FIELD;
		*result = nr_queues();
		return NVME_OK;
	}
	n->feature[id] = val;
	return NVME_OK;
}

static enum nvme_status get_features(struct nvme *n, const struct nvme_cmd *c,
				     uint32_t *result)
{
	uint32_t id = le32toh(c->cdw10) & 0xff;

	if (!feature_known(id))
		return NVME_INVALID_FIELD;
	/* Select 3 asks what can be done with it: changed, and nothing else. */
	if ((le32toh(c->cdw10) >> 8 & 7) == 3)
		*result = 4;
	else
		*result = id == FEATURE_NR_QUEUES ? nr_queues() : n->feature[id];
	return NVME_OK;
}

enum nvme_status nvme_admin(struct nvme *n, const struct nvme_cmd *c, uint32_t *result)
{
	if (c->flags)
		return NVME_INVALID_FIELD;
	switch (c->opcode) {
	case ADMIN_DELETE_SQ:
		return nvme_delete_sq(n, c);
	case ADMIN_CREATE_SQ:
		return nvme_create_sq(n, c);
	case ADMIN_DELETE_CQ:
		return nvme_delete_cq(n, c);
	case ADMIN_CREATE_CQ:
		return nvme_create_cq(n, c);
	case ADMIN_IDENTIFY:
		return identify(n, c);
	case ADMIN_GET_LOG:
		return get_log(n, c);
	case ADMIN_SET_FEATURES:
		return set_features(n, c, result);
	case ADMIN_GET_FEATURES:
		return get_features(n, c, result);
	case ADMIN_ABORT:
		*result = 1;		/* not aborted: it has been completed already */
		return NVME_OK;
	case ADMIN_ASYNC_EVENT:
		if (n->events_held >= NVME_AER_LIMIT)
			return NVME_AER_EXCEEDED;
		n->events_held++;	/* and nothing ever happens */
		return NVME_NO_COMPLETION;
	default:
		return NVME_INVALID_OPCODE;
	}
}
