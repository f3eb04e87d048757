// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (PCIe r6.x 6.30): discovery and CMA-SPDM.
 *
 * An object is answered inside the write that sets GO, so Busy is never seen.
 * Objects of an unknown type are discarded without an answer (6.30.1).
 */
#include <stdlib.h>
#include <string.h>

#include "emu.h"

#define DOE_CAP			0x04
#define DOE_CONTROL		0x08
#define  CONTROL_ABORT		0x00000001u
#define  CONTROL_GO		0x80000000u
#define DOE_STATUS		0x0c
#define  STATUS_ERROR		0x00000004u
#define  STATUS_READY		0x80000000u
#define DOE_WRITE		0x10
#define DOE_READ		0x14

#define DOE_HEADER		8u
#define DOE_LENGTH		0x3ffffu	/* dwords, header included */
#define DOE_VENDOR_PCISIG	0x0001u
#define DOE_TYPE_DISCOVERY	0u
#define DOE_TYPE_CMA		1u
#define DOE_OBJECT(vendor, type) ((vendor) | (type) << 16)

/* SPDM answers in portions: 64 KiB holds every object there is. */
#define DOE_MAX_OBJECT		65536u

struct doe {
	struct dsm_conn *conn;		/* made when first needed */
	uint8_t in[DOE_MAX_OBJECT];
	size_t in_len;
	bool in_overflow;
	uint8_t out[DOE_MAX_OBJECT];
	size_t out_len, out_pos;	/* ready: out_pos < out_len */
	bool error;
};

static void put32(uint8_t *p, uint32_t val)
{
	val = htole32(val);
	memcpy(p, &val, sizeof(val));
}

void doe_init(struct func *f, uint16_t ecap)
{
	f->ecap_doe = ecap;
	f->doe = calloc(1, sizeof(*f->doe));
	if (!f->doe) {
		perror("doe_init");
		exit(1);
	}
}

/* Drop everything in flight; what the DSM remembers of the connection stays. */
static void doe_abort(struct doe *d)
{
	d->in_len = 0;
	d->in_overflow = false;
	d->out_len = 0;
	d->out_pos = 0;
	d->error = false;
}

static void drop_conn(struct doe *d)
{
	if (d->conn)
		dsm_conn_free(d->conn);
	d->conn = NULL;
}

void doe_reset(struct func *f)
{
	if (!f->doe)
		return;
	doe_abort(f->doe);
	drop_conn(f->doe);
}

void doe_destroy(struct func *f)
{
	if (!f->doe)
		return;
	drop_conn(f->doe);
	free(f->doe);
	f->doe = NULL;
}

/* The answer's payload is in d->out after the header: make it an object. */
static void ready(struct doe *d, uint32_t object, size_t payload)
{
	size_t len = DOE_HEADER + payload;

	while (len % 4)
		d->out[len++] = 0;
	put32(d->out, object);
	put32(d->out + 4, len / 4);
	d->out_len = len;
	d->out_pos = 0;
}

/* The objects that discovery lists, in order. */
static const uint32_t objects[] = {
	DOE_OBJECT(DOE_VENDOR_PCISIG, DOE_TYPE_DISCOVERY),
	DOE_OBJECT(DOE_VENDOR_PCISIG, DOE_TYPE_CMA),
};

static void discovery(struct doe *d)
{
	uint32_t index = d->in[DOE_HEADER], rsp = 0xffff;

	/* An index that is not there is answered by vendor FFFFh (6.30.1.1). */
	if (index < ARRAY_SIZE(objects))
		rsp = objects[index] | (index + 1) % ARRAY_SIZE(objects) << 24;
	put32(d->out + DOE_HEADER, rsp);
	ready(d, objects[0], 4);
}

static void spdm(struct func *f)
{
	struct doe *d = f->doe;
	ssize_t n;

	if (!d->conn)
		d->conn = dsm_conn_new(f->dsm);
	n = d->conn ? dsm_spdm(d->conn, d->in + DOE_HEADER, d->in_len - DOE_HEADER,
			       d->out + DOE_HEADER, sizeof(d->out) - DOE_HEADER - 3) : -1;
	if (n < 0)
		d->error = true;
	else
		ready(d, objects[1], n);
}

static void go(struct func *f)
{
	struct doe *d = f->doe;
	size_t len = d->in_len;

	d->in_len = 0;
	/* The last answer is still unread, or the length is not what it says. */
	if (d->error || d->out_pos < d->out_len || d->in_overflow || len < DOE_HEADER ||
	    (get_unaligned_le32(d->in + 4) & DOE_LENGTH) != len / 4) {
		d->error = true;
		return;
	}
	d->in_len = len;
	switch (get_unaligned_le32(d->in) & 0xffffff) {
	case DOE_OBJECT(DOE_VENDOR_PCISIG, DOE_TYPE_DISCOVERY):
		if (len == DOE_HEADER + 4)
			discovery(d);
		else
			d->error = true;
		break;
	case DOE_OBJECT(DOE_VENDOR_PCISIG, DOE_TYPE_CMA):
		spdm(f);
		break;
	}
	d->in_len = 0;
}

uint32_t doe_read(struct func *f, unsigned int reg)
{
	struct doe *d = f->doe;

	switch (reg) {
	case DOE_STATUS:
		return (d->error ? STATUS_ERROR : 0) |
		       (d->out_pos < d->out_len ? STATUS_READY : 0);
	case DOE_READ:
		return d->out_pos < d->out_len ? get_unaligned_le32(d->out + d->out_pos) : 0;
	default:
		return 0;	/* no interrupt; GO, Abort and the write mailbox read 0 */
	}
}

void doe_write(struct func *f, unsigned int reg, uint32_t val)
{
	struct doe *d = f->doe;

	switch (reg) {
	case DOE_CONTROL:
		if (val & CONTROL_ABORT)
			doe_abort(d);
		else if (val & CONTROL_GO)
			go(f);
		break;
	case DOE_WRITE:
		if (d->in_len == sizeof(d->in)) {
			d->in_overflow = true;
			break;
		}
		put32(d->in + d->in_len, val);
		d->in_len += 4;
		break;
	case DOE_READ:
		if (d->out_pos < d->out_len)
			d->out_pos += 4;
		break;
	}
}
