/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Where the certificates of a chain are: the SPDM certificate chain structure
 * (DSP0274 1.3, 10.7) and the bare concatenation of DER certificates. Each is
 * delimited by its outermost SEQUENCE header, and not looked into any further:
 * X.509 is the business of whoever verifies signatures.
 */
#ifndef TDISP_SPDM_CERTS_H
#define TDISP_SPDM_CERTS_H

#include "port.h"
#include "spdm_wire.h"
#include "why.h"

/* More certificates than any device's chain has; a bound on the caller's work. */
#define SPDM_CERTS_MAX		16

/**
 * enum spdm_certs_form - how a file or object stores certificates
 * @SPDM_CERTS_UNKNOWN: none of the others
 * @SPDM_CERTS_CHAIN: SPDM certificate chain structure
 * @SPDM_CERTS_DER: DER certificates, one after the other
 * @SPDM_CERTS_PEM: PEM text
 */
enum spdm_certs_form {
	SPDM_CERTS_UNKNOWN,
	SPDM_CERTS_CHAIN,
	SPDM_CERTS_DER,
	SPDM_CERTS_PEM,
};

/**
 * struct spdm_cert - one DER certificate
 * @offset: of its first byte in the buffer
 * @len: its length in bytes, header included
 */
struct spdm_cert {
	size_t offset;
	size_t len;
};

/**
 * struct spdm_certs - a chain, taken apart
 * @root_hash: offset of RootHash
 * @root_hash_len: its length in bytes; 0 if the form has none
 * @nr: number of certificates, 1 to SPDM_CERTS_MAX
 * @cert: where they are, in the order of the buffer (root's side first, by the
 *	standard; that is not checked here)
 */
struct spdm_certs {
	size_t root_hash;
	size_t root_hash_len;
	u32 nr;
	struct spdm_cert cert[SPDM_CERTS_MAX];
};

/**
 * spdm_certs_form() - tell the forms apart
 * @buf: the bytes
 * @len: their number
 *
 * A guess from the first bytes (PEM: from the first line that begins a PEM
 * object, so that text may precede it) which decides whose rules apply, and so
 * whose refusal is reported. The chain structure has two zero bytes, its reserved
 * field, where a DER certificate has the rest of its length or its first element,
 * neither of them zero.
 *
 * Return: the form.
 */
enum spdm_certs_form spdm_certs_form(const void *buf, size_t len);

/**
 * spdm_der_sequence() - length of the DER SEQUENCE at an offset
 * @buf: the bytes
 * @len: their number
 * @offset: where the SEQUENCE starts, at most @len
 * @ret: set to its length, header included, on success; untouched on failure
 * @why: set on failure, may be NULL
 *
 * The tag is 0x30, the length definite, in the shortest form, below 16 MiB, and
 * not beyond the buffer's end. Walks files of any number of certificates.
 *
 * Return: 0, or -EBADMSG with the reason in @why.
 */
int spdm_der_sequence(const void *buf, size_t len, size_t offset, size_t *ret,
		      struct tdisp_why *why);

/**
 * spdm_certs_hash_size() - size of RootHash in a chain structure
 * @buf: the chain structure
 * @len: its length in bytes
 * @ret: set to 32, 48 or 64 on success; untouched on failure
 * @why: set on failure, may be NULL
 *
 * For a chain that comes without the ALGORITHMS that would say so: the one size
 * after which the rest of the structure is DER certificates and nothing else. It
 * proves nothing; RootHash itself is still to be compared with the root's hash.
 *
 * Return: 0, or -EBADMSG if no size or more than one fits.
 */
int spdm_certs_hash_size(const void *buf, size_t len, size_t *ret, struct tdisp_why *why);

/**
 * spdm_certs_parse() - take a certificate chain structure apart
 * @buf: the structure, in private memory
 * @len: its length in bytes
 * @hash_size: size of the base hash: 32, 48 or 64
 * @ret: set on success, untouched on failure
 * @why: set on failure, may be NULL
 *
 * The structure's Length is @len, its reserved field 0 (SPDM 1.4 reads the two as
 * one number; where they would disagree, neither reading is taken), and what
 * follows RootHash is 1 to SPDM_CERTS_MAX DER certificates and no other byte.
 *
 * Return: 0, or -EBADMSG with the reason in @why; -EINVAL for another @hash_size.
 */
int spdm_certs_parse(const void *buf, size_t len, size_t hash_size, struct spdm_certs *ret,
		     struct tdisp_why *why);

/**
 * spdm_certs_parse_der() - take a concatenation of DER certificates apart
 * @buf: the bytes
 * @len: their number
 * @ret: set on success, with no RootHash; untouched on failure
 * @why: set on failure, may be NULL
 *
 * Return: 0, or -EBADMSG with the reason in @why.
 */
int spdm_certs_parse_der(const void *buf, size_t len, struct spdm_certs *ret,
			 struct tdisp_why *why);

#endif /* TDISP_SPDM_CERTS_H */
