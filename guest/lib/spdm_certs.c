// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Delimiting the certificates of a chain, DSP0274 1.3, 10.7; DER, X.690.
 *
 * The lengths come from the device by way of the host. Where one certificate ends
 * decides what is hashed and verified, so there is one reading or none: lengths in
 * DER's only form, no gap, no byte left over.
 */
#include "../include/tdisp/cursor.h"
#include "../include/tdisp/spdm_certs.h"

#define DER_SEQUENCE		0x30
#define DER_LONG_FORM		0x80	/* the other bits: bytes of length that follow */
#define DER_LENGTH_BYTES_MAX	3

static const char pem_begin[] = "-----BEGIN ";

/* The sizes of the base hashes that SPDM knows. */
static const u8 hash_sizes[] = { 32, 48, 64 };

int spdm_der_sequence(const void *buf, size_t len, size_t offset, size_t *ret,
		      struct tdisp_why *why)
{
	struct tdisp_cursor c;
	unsigned int nr_bytes, i;
	size_t size, shortest, at;
	u8 tag, first;

	tdisp_cursor_init(&c, (const u8 *)buf + offset, len - offset);
	tag = tdisp_cursor_u8(&c);
	first = tdisp_cursor_u8(&c);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "a certificate has a DER header", offset,
				    TDISP_WHY_NO_INDEX, 2, len - offset);
	if (tag != DER_SEQUENCE)
		return tdisp_refuse(why, -EBADMSG, "a certificate is a DER SEQUENCE", offset,
				    TDISP_WHY_NO_INDEX, DER_SEQUENCE, tag);

	size = first;
	at = offset + 1;
	if (first & DER_LONG_FORM) {
		nr_bytes = first & ~DER_LONG_FORM;
		/* None would mean an end that only a parser of the contents can find. */
		if (!nr_bytes || nr_bytes > DER_LENGTH_BYTES_MAX)
			return tdisp_refuse(why, -EBADMSG,
					    "a certificate's length is definite and has at most 3 bytes",
					    at, TDISP_WHY_NO_INDEX,
					    DER_LONG_FORM | DER_LENGTH_BYTES_MAX, first);
		for (size = 0, i = 0; i < nr_bytes; i++)
			size = size << 8 | tdisp_cursor_u8(&c);
		if (!tdisp_cursor_ok(&c))
			return tdisp_refuse(why, -EBADMSG, "a certificate has a DER header",
					    offset, TDISP_WHY_NO_INDEX, 2 + nr_bytes,
					    len - offset);
		/* Below that, the form with one byte less would have done. */
		shortest = nr_bytes > 1 ? 1UL << (8 * (nr_bytes - 1)) : DER_LONG_FORM;
		if (size < shortest)
			return tdisp_refuse(why, -EBADMSG,
					    "a certificate's length is in DER's shortest form", at,
					    TDISP_WHY_NO_INDEX, shortest, size);
	}

	if (size > tdisp_cursor_left(&c))
		return tdisp_refuse(why, -EBADMSG, "a certificate ends within the buffer",
				    at, TDISP_WHY_NO_INDEX, tdisp_cursor_left(&c), size);

	*ret = c.pos + size;
	return 0;
}

/* Certificates and nothing else, from @offset to the end. */
static int walk(const void *buf, size_t len, size_t offset, struct spdm_certs *certs,
		struct tdisp_why *why)
{
	int err;

	if (offset == len)
		return tdisp_refuse(why, -EBADMSG, "there is a certificate", offset,
				    TDISP_WHY_NO_INDEX, 1, 0);

	for (certs->nr = 0; offset < len; certs->nr++) {
		struct spdm_cert *cert = &certs->cert[certs->nr];

		if (certs->nr == SPDM_CERTS_MAX)
			return tdisp_refuse(why, -EBADMSG, "a chain has at most 16 certificates",
					    offset, certs->nr, SPDM_CERTS_MAX, certs->nr + 1);
		cert->offset = offset;
		err = spdm_der_sequence(buf, len, offset, &cert->len, why);
		if (err) {
			if (why)
				why->index = certs->nr;
			return err;
		}
		offset += cert->len;
	}

	return 0;
}

/* What precedes RootHash. */
static int check_header(const void *buf, size_t len, struct tdisp_why *why)
{
	struct tdisp_cursor c;
	u16 length, rsvd;

	tdisp_cursor_init(&c, buf, len);
	length = tdisp_cursor_le16(&c);
	rsvd = tdisp_cursor_le16(&c);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "a certificate chain holds its header", 0,
				    TDISP_WHY_NO_INDEX, sizeof(struct spdm_cert_chain), len);
	/*
	 * SPDM 1.4 made one 32-bit Length of both. A chain that the two readings
	 * disagree on would be another chain to another verifier.
	 */
	if (rsvd)
		return tdisp_refuse(why, -EBADMSG,
				    "the reserved field of a certificate chain is 0",
				    offsetof(struct spdm_cert_chain, rsvd), TDISP_WHY_NO_INDEX,
				    0, rsvd);
	if (length != len)
		return tdisp_refuse(why, -EBADMSG, "a certificate chain has the length it claims",
				    offsetof(struct spdm_cert_chain, length), TDISP_WHY_NO_INDEX,
				    len, length);
	return 0;
}

/* As spdm_certs_parse(), after check_header(). */
static int parse_chain(const void *buf, size_t len, size_t hash_size, struct spdm_certs *certs,
		       struct tdisp_why *why)
{
	struct tdisp_cursor c;

	tdisp_cursor_init(&c, buf, len);
	tdisp_cursor_take(&c, sizeof(struct spdm_cert_chain));
	certs->root_hash = c.pos;
	certs->root_hash_len = hash_size;
	tdisp_cursor_take(&c, hash_size);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "a certificate chain holds RootHash",
				    sizeof(struct spdm_cert_chain), TDISP_WHY_NO_INDEX,
				    sizeof(struct spdm_cert_chain) + hash_size, len);
	return walk(buf, len, c.pos, certs, why);
}

int spdm_certs_parse(const void *buf, size_t len, size_t hash_size, struct spdm_certs *ret,
		     struct tdisp_why *why)
{
	struct spdm_certs certs = { 0 };
	bool known = false;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(hash_sizes); i++)
		known |= hash_size == hash_sizes[i];
	if (!known)
		return tdisp_refuse(why, -EINVAL, "the base hash has 32, 48 or 64 bytes", 0,
				    TDISP_WHY_NO_INDEX, 32, hash_size);

	err = check_header(buf, len, why);
	if (err)
		return err;
	err = parse_chain(buf, len, hash_size, &certs, why);
	if (err)
		return err;

	*ret = certs;
	return 0;
}

int spdm_certs_hash_size(const void *buf, size_t len, size_t *ret, struct tdisp_why *why)
{
	struct tdisp_why best = { 0 };
	size_t found = 0;
	unsigned int i;
	int err;

	err = check_header(buf, len, why);
	if (err)
		return err;

	for (i = 0; i < ARRAY_SIZE(hash_sizes); i++) {
		struct spdm_certs certs;
		struct tdisp_why w;

		err = parse_chain(buf, len, hash_sizes[i], &certs, &w);
		if (err) {
			/* The size that got farthest is the one that was meant. */
			if (w.offset > best.offset)
				best = w;
			continue;
		}
		if (found)
			return tdisp_refuse(why, -EBADMSG,
					    "RootHash can have one size only",
					    sizeof(struct spdm_cert_chain), TDISP_WHY_NO_INDEX,
					    found, hash_sizes[i]);
		found = hash_sizes[i];
	}
	if (!found)
		return tdisp_refuse(why, -EBADMSG, best.check, best.offset, best.index,
				    best.expected, best.found);

	*ret = found;
	return 0;
}

int spdm_certs_parse_der(const void *buf, size_t len, struct spdm_certs *ret,
			 struct tdisp_why *why)
{
	struct spdm_certs certs = { 0 };
	int err;

	err = walk(buf, len, 0, &certs, why);
	if (err)
		return err;

	*ret = certs;
	return 0;
}

static bool has_pem(const u8 *buf, size_t len)
{
	const size_t n = sizeof(pem_begin) - 1;
	size_t i;

	for (i = 0; len - i >= n; i++)
		if ((!i || buf[i - 1] == '\n') && !memcmp(buf + i, pem_begin, n))
			return true;
	return false;
}

enum spdm_certs_form spdm_certs_form(const void *buf, size_t len)
{
	const u8 *p = buf;

	if (len >= sizeof(struct spdm_cert_chain) &&
	    !get_unaligned_le16(p + offsetof(struct spdm_cert_chain, rsvd)))
		return SPDM_CERTS_CHAIN;
	/* Before DER: text may start with a '0', which is a SEQUENCE's tag. */
	if (has_pem(p, len))
		return SPDM_CERTS_PEM;
	if (len && p[0] == DER_SEQUENCE)
		return SPDM_CERTS_DER;
	return SPDM_CERTS_UNKNOWN;
}
