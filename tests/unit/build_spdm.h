/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Builds SPDM evidence byte by byte, from the standard's layout and not from the
 * project's structures, so that a wrong structure shows: certificate chains, VCAs,
 * measurement transcripts.
 */
#ifndef BUILD_SPDM_H
#define BUILD_SPDM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero to start with; grows; img_reset() or img_free() to start over. */
struct image {
	uint8_t *bytes;
	size_t len;
	size_t room;
};

void img_reset(struct image *img);
void img_free(struct image *img);
void img_put(struct image *img, const void *bytes, size_t len);
void img_fill(struct image *img, uint8_t byte, size_t len);
/* Little endian, @size bytes. */
void img_le(struct image *img, uint64_t v, size_t size);
void img_set(struct image *img, size_t at, uint64_t v, size_t size);
uint64_t img_get(const struct image *img, size_t at, size_t size);
/* Takes @len bytes at @at out, or puts @len zero bytes there. */
void img_cut(struct image *img, size_t at, size_t len);
void img_insert(struct image *img, size_t at, size_t len);

/* Certificate chains. A certificate here is a SEQUENCE with anything in it. */

/* DER header for @len bytes, in the shortest form. */
void put_der_header(struct image *img, uint8_t tag, size_t len);
void put_certificate(struct image *img, size_t content_len, uint8_t fill);
/* Header and RootHash; chain_end() fills in the length. */
void chain_begin(struct image *img, size_t hash_size);
void chain_end(struct image *img);
/* Three certificates, of sizes with one, two and three bytes of header. */
#define VALID_NR_CERTS	3
void chain_valid(struct image *img, size_t hash_size);

/* VCA */

/* Where the messages of the last VCA built are. */
struct vca_at {
	size_t get_version, version, get_capabilities, capabilities, supported, negotiate,
	       algorithms;
};

#define VCA_SUPPORTED	1u	/* 1.3: with the supported algorithms block */
#define VCA_ALPHA	2u	/* the version in use is an alpha version only */

/*
 * ECDSA P-384, SHA-384, and a table of each type. VERSION lists 1.0 and the
 * version in use, which is @version.
 */
void vca_valid(struct image *img, uint8_t version, unsigned int flags, struct vca_at *at);

/* Measurement transcripts */

#define ATTR_SIGN	1u
#define ATTR_RAW	2u
#define OP_COUNT	0
#define OP_ALL		0xff
#define RAW		0x80
#define SIGNATURE_SIZE	96

/* Where the parts of the last pair built are. */
struct pair_at {
	size_t request, req_nonce, req_slot, req_context;
	size_t response, record, rsp_nonce, opaque_len, opaque, context, signature, end;
};

/* A request; nonce and context have bytes of their own. */
void put_request(struct image *img, uint8_t version, uint8_t attr, uint8_t op, uint8_t slot,
		 struct pair_at *at);
/* Response up to the record. */
void response_begin(struct image *img, uint8_t version, uint8_t param1, uint8_t param2,
		    struct pair_at *at);
/* A DMTF block; counts it, and adds to the record's length. */
void put_block(struct image *img, uint8_t index, uint8_t type, const void *value, size_t len,
	       struct pair_at *at);
/* The rest, with what the request asked for. */
void response_end(struct image *img, const void *opaque, size_t opaque_len, struct pair_at *at);

/* What transcript_valid() puts into its blocks. */
#define VALID_SVN	0x1122334455667788ull
#define VALID_FW	"fw 1.2.3"

/*
 * A count, then index 2 alone, then all blocks in falling order, signed, slot 2:
 * 1 firmware digest, 2 SVN, 3 firmware version, 0xfd manifest, 0xfe device mode.
 * @at has room for VALID_NR_PAIRS.
 */
#define VALID_NR_PAIRS	3
#define VALID_NR_BLOCKS	6
#define VALID_SLOT	2
void transcript_valid(struct image *img, uint8_t version, struct pair_at *at);

/* One signed pair with all blocks: what platforms hand out most. */
void transcript_short(struct image *img, uint8_t version, struct pair_at *at);

#endif /* BUILD_SPDM_H */
