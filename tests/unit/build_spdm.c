// SPDX-License-Identifier: GPL-2.0
/* See build_spdm.h. */
#include "build_spdm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void img_reset(struct image *img)
{
	img->len = 0;
}

void img_free(struct image *img)
{
	free(img->bytes);
	memset(img, 0, sizeof(*img));
}

void img_put(struct image *img, const void *bytes, size_t len)
{
	if (len > img->room - img->len) {
		img->room = 2 * (img->len + len) + 256;
		img->bytes = realloc(img->bytes, img->room);
		assert(img->bytes);
	}
	if (len)
		memcpy(img->bytes + img->len, bytes, len);
	img->len += len;
}

void img_fill(struct image *img, uint8_t byte, size_t len)
{
	while (len--)
		img_put(img, &byte, 1);
}

void img_le(struct image *img, uint64_t v, size_t size)
{
	img_fill(img, 0, size);
	img_set(img, img->len - size, v, size);
}

void img_set(struct image *img, size_t at, uint64_t v, size_t size)
{
	size_t i;

	assert(at + size <= img->len);
	for (i = 0; i < size; i++)
		img->bytes[at + i] = (uint8_t)(v >> (8 * i));
}

uint64_t img_get(const struct image *img, size_t at, size_t size)
{
	uint64_t v = 0;
	size_t i;

	assert(at + size <= img->len);
	for (i = 0; i < size; i++)
		v |= (uint64_t)img->bytes[at + i] << (8 * i);
	return v;
}

void img_cut(struct image *img, size_t at, size_t len)
{
	assert(at + len <= img->len);
	memmove(img->bytes + at, img->bytes + at + len, img->len - at - len);
	img->len -= len;
}

void img_insert(struct image *img, size_t at, size_t len)
{
	assert(at <= img->len);
	img_fill(img, 0, len);
	memmove(img->bytes + at + len, img->bytes + at, img->len - len - at);
	memset(img->bytes + at, 0, len);
}

void put_der_header(struct image *img, uint8_t tag, size_t len)
{
	uint8_t header[5] = { tag };
	size_t n = 1;

	if (len >= 0x10000) {
		header[n++] = 0x83;
		header[n++] = (uint8_t)(len >> 16);
		header[n++] = (uint8_t)(len >> 8);
	} else if (len >= 0x100) {
		header[n++] = 0x82;
		header[n++] = (uint8_t)(len >> 8);
	} else if (len >= 0x80) {
		header[n++] = 0x81;
	}
	header[n++] = (uint8_t)len;
	img_put(img, header, n);
}

void put_certificate(struct image *img, size_t content_len, uint8_t fill)
{
	put_der_header(img, 0x30, content_len);
	img_fill(img, fill, content_len);
}

void chain_begin(struct image *img, size_t hash_size)
{
	img_reset(img);
	img_le(img, 0, 4);
	img_fill(img, 0xa7, hash_size);
}

void chain_end(struct image *img)
{
	img_set(img, 0, img->len, 2);
}

void chain_valid(struct image *img, size_t hash_size)
{
	chain_begin(img, hash_size);
	put_certificate(img, 0x7f, 0x11);
	put_certificate(img, 0xff, 0x22);
	put_certificate(img, 0x100, 0x33);
	chain_end(img);
}

static void put_header(struct image *img, uint8_t version, uint8_t code, uint8_t param1,
		       uint8_t param2)
{
	const uint8_t header[] = { version, code, param1, param2 };

	img_put(img, header, sizeof(header));
}

static void put_table(struct image *img, uint8_t type, uint16_t alg)
{
	img_le(img, type, 1);
	img_le(img, 0x20, 1);
	img_le(img, alg, 2);
}

static void put_capabilities(struct image *img, uint8_t version, uint8_t code, uint32_t flags,
			     uint8_t param1)
{
	put_header(img, version, code, param1, 0);
	if (version < 0x11 && code == 0xe1)
		return;
	img_le(img, 0, 4);
	img_le(img, flags, 4);
	if (version < 0x12)
		return;
	img_le(img, 4608, 4);
	img_le(img, 0x28000, 4);
}

/* NEGOTIATE_ALGORITHMS, which starts at @at, from its length field on. */
static void put_offer(struct image *img, uint8_t version, size_t at)
{
	size_t length = img->len;

	img_le(img, 0, 2);
	img_le(img, 0x01, 1);
	img_le(img, version >= 0x12 ? 0x12 : 0, 1);
	img_le(img, 0x90, 4);
	img_le(img, 0x03, 4);
	img_le(img, version >= 0x14 ? 0x07 : 0, 4);
	img_fill(img, 0, 8);
	img_le(img, 2, 1);
	img_le(img, 1, 1);
	img_fill(img, 0, 2);
	img_fill(img, 0xee, 3 * 4);
	if (version >= 0x11) {
		put_table(img, 2, 0x1b);
		put_table(img, 3, 0x06);
		img->bytes[img->len - 3] = 0x21;	/* and an extended one */
		img_fill(img, 0xed, 4);
		put_table(img, 4, 0x0f);
		put_table(img, 5, 0x01);
	}
	if (version >= 0x14) {
		put_table(img, 6, 0x07);
		put_table(img, 7, 0x07);
	}
	img_set(img, length, img->len - at, 2);
}

void vca_valid(struct image *img, uint8_t version, unsigned int flags, struct vca_at *at)
{
	bool supported = flags & VCA_SUPPORTED;
	uint8_t nr_tables = version >= 0x14 ? 6 : version >= 0x11 ? 4 : 0;

	img_reset(img);
	memset(at, 0, sizeof(*at));
	at->get_version = img->len;
	put_header(img, 0x10, 0x84, 0, 0);

	at->version = img->len;
	put_header(img, 0x10, 0x04, 0, 0);
	img_le(img, 0, 1);
	img_le(img, 3, 1);
	img_le(img, 0x1000, 2);
	img_le(img, (uint64_t)version << 8 | 0x10 | 0x1, 2);	/* update 1, alpha 1 */
	img_le(img, (uint64_t)version << 8 | (flags & VCA_ALPHA ? 0x2 : 0x20), 2);

	at->get_capabilities = img->len;
	put_capabilities(img, version, 0xe1, 0x0002f7c6, supported);
	at->capabilities = img->len;
	put_capabilities(img, version, 0x61, 0x001afbf7, supported);
	if (supported) {
		at->supported = img->len;
		img_le(img, nr_tables, 2);
		put_offer(img, version, at->supported);
	}

	at->negotiate = img->len;
	put_header(img, version, 0xe3, nr_tables, 0);
	put_offer(img, version, at->negotiate);

	at->algorithms = img->len;
	put_header(img, version, 0x63, nr_tables, 0);
	img_le(img, 0, 2);
	img_le(img, 0x01, 1);
	img_le(img, version >= 0x12 ? 0x12 : 0, 1);
	img_le(img, 0x04, 4);
	img_le(img, 0x80, 4);
	img_le(img, 0x02, 4);
	img_fill(img, 0, 11);
	img_le(img, version >= 0x13 ? 0x01 : 0, 1);
	img_fill(img, 0, 4);
	if (version >= 0x11) {
		put_table(img, 2, 0x10);
		put_table(img, 3, 0x02);
		put_table(img, 4, 0x08);
		put_table(img, 5, 0x01);
	}
	if (version >= 0x14) {
		put_table(img, 6, 0x04);
		put_table(img, 7, 0x02);
	}
	img_set(img, at->algorithms + 4, img->len - at->algorithms, 2);
}

void put_request(struct image *img, uint8_t version, uint8_t attr, uint8_t op, uint8_t slot,
		 struct pair_at *at)
{
	memset(at, 0, sizeof(*at));
	at->request = img->len;
	put_header(img, version, 0xe0, attr, op);
	if (attr & ATTR_SIGN) {
		at->req_nonce = img->len;
		img_fill(img, 0x5e, 32);
		at->req_slot = img->len;
		img_le(img, slot, 1);
	}
	if (version >= 0x13) {
		at->req_context = img->len;
		img_le(img, 0xc0ffee00 + op, 8);
	}
}

void response_begin(struct image *img, uint8_t version, uint8_t param1, uint8_t param2,
		    struct pair_at *at)
{
	at->response = img->len;
	put_header(img, version, 0x60, param1, param2);
	img_le(img, 0, 4);
	at->record = img->len;
}

void put_block(struct image *img, uint8_t index, uint8_t type, const void *value, size_t len,
	       struct pair_at *at)
{
	img_le(img, index, 1);
	img_le(img, 0x01, 1);
	img_le(img, len + 3, 2);
	img_le(img, type, 1);
	img_le(img, len, 2);
	img_put(img, value, len);
	img->bytes[at->response + 4]++;
	img_set(img, at->response + 5, img->len - at->record, 3);
}

void response_end(struct image *img, const void *opaque, size_t opaque_len, struct pair_at *at)
{
	at->rsp_nonce = img->len;
	img_fill(img, 0x9c, 32);
	at->opaque_len = img->len;
	img_le(img, opaque_len, 2);
	at->opaque = img->len;
	img_put(img, opaque, opaque_len);
	if (at->req_context) {
		at->context = img->len;
		img_le(img, img_get(img, at->req_context, 8), 8);
	}
	if (at->req_nonce) {
		at->signature = img->len;
		img_fill(img, 0x51, SIGNATURE_SIZE);
	}
	at->end = img->len;
}

static void put_svn(struct image *img, struct pair_at *at)
{
	uint8_t svn[8];
	int i;

	for (i = 0; i < 8; i++)
		svn[i] = (uint8_t)(VALID_SVN >> (8 * i));
	put_block(img, 2, RAW | 7, svn, sizeof(svn), at);
}

static void put_all(struct image *img, uint8_t version, struct pair_at *at)
{
	static const uint8_t mode[16] = {
		0x3f, 0, 0, 0, 0x04, 0, 0, 0, 0x1f, 0, 0, 0, 0x11, 0, 0, 0,
	};
	static const uint8_t freeform[] = { 0xd9, 0x02, 0x3a, 0x80 };
	static const uint8_t structured[] = { 0x0a, 0x01, 0x77, 0xd9, 0x02, 0x3a, 0x80 };
	uint8_t digest[48];

	memset(digest, 0xd1, sizeof(digest));
	put_request(img, version, ATTR_SIGN, OP_ALL, VALID_SLOT, at);
	response_begin(img, version, 0, VALID_SLOT | (version >= 0x12 ? 0x20 : 0), at);
	put_block(img, 0xfe, RAW | 5, mode, sizeof(mode), at);
	if (version >= 0x13)
		put_block(img, 0xfd, RAW | 0xa, structured, sizeof(structured), at);
	else
		put_block(img, 0xfd, RAW | 4, freeform, sizeof(freeform), at);
	put_block(img, 3, RAW | 6, VALID_FW, strlen(VALID_FW), at);
	put_svn(img, at);
	put_block(img, 1, 1, digest, sizeof(digest), at);
	response_end(img, "opaque", 6, at);
}

void transcript_valid(struct image *img, uint8_t version, struct pair_at *at)
{
	img_reset(img);
	put_request(img, version, 0, OP_COUNT, 0, &at[0]);
	response_begin(img, version, 5, 0, &at[0]);
	response_end(img, NULL, 0, &at[0]);

	put_request(img, version, ATTR_RAW, 2, 0, &at[1]);
	response_begin(img, version, 0, 0, &at[1]);
	put_svn(img, &at[1]);
	response_end(img, "abc", 3, &at[1]);

	put_all(img, version, &at[2]);
}

void transcript_short(struct image *img, uint8_t version, struct pair_at *at)
{
	img_reset(img);
	put_all(img, version, at);
}
