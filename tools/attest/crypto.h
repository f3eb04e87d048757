/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hashes, signatures and X.509, whoever implements them. Nothing of the library
 * behind it shows here, and nothing else of the tool includes that library.
 */
#ifndef ATTEST_CRYPTO_H
#define ATTEST_CRYPTO_H

#include <stdbool.h>
#include <time.h>

#include "blob.h"

/* SHA-1 is there for a TPM's banks alone: nothing is verified by it. */
enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512, CRYPTO_SHA1 };

#define CRYPTO_HASH_MAX		64

size_t crypto_hash_size(enum crypto_hash hash);

/**
 * crypto_digest() - hash pieces, one after the other
 *
 * Return: true; false only if the library fails.
 */
bool crypto_digest(enum crypto_hash hash, const struct bytes *part, size_t nr,
		   uint8_t ret[CRYPTO_HASH_MAX]);

/* Constant time; false for different lengths. */
bool crypto_equal(struct bytes a, struct bytes b);

/* ---- certificates ---- */

struct crypto_cert;

enum crypto_key_kind {
	CRYPTO_KEY_OTHER,	/* known by name at most */
	CRYPTO_KEY_RSA,
	CRYPTO_KEY_RSA_PSS,	/* RSA that may sign in PSS only */
	CRYPTO_KEY_EC,
};

/* KeyUsage, as the bits of X.509 are numbered from the top. */
#define CRYPTO_KU_DIGITAL_SIGNATURE	0x80u
#define CRYPTO_KU_KEY_CERT_SIGN		0x04u

#define CRYPTO_NAME_SIZE	160

/**
 * struct crypto_cert_info - what a certificate says of itself
 * @version: 1 to 3
 * @subject: distinguished name, escaped
 * @issuer: distinguished name, escaped
 * @serial: hexadecimal
 * @self_issued: subject and issuer are one name
 * @time_ok: @not_before and @not_after could be read
 * @key: kind of its key
 * @key_bad: the key is of a supported kind, and malformed
 * @key_bits: RSA modulus or curve
 * @key_name: "ECDSA P-384", "RSA 3072", "Ed25519", ...
 * @sig_name: how its issuer signed it
 * @sig_supported: in a way that this tool verifies
 * @has_bc: basicConstraints are there
 * @is_ca: and say CA
 * @path_len: pathLenConstraint, -1 for none
 * @has_ku: keyUsage is there
 * @ku: CRYPTO_KU_*
 * @bad_extension: an extension of the standard's is malformed or there twice
 */
struct crypto_cert_info {
	int version;
	char subject[CRYPTO_NAME_SIZE];
	char issuer[CRYPTO_NAME_SIZE];
	char serial[64];
	bool self_issued;
	bool time_ok;
	time_t not_before;
	time_t not_after;
	enum crypto_key_kind key;
	bool key_bad;
	unsigned int key_bits;
	char key_name[48];
	char sig_name[48];
	bool sig_supported;
	bool has_bc;
	bool is_ca;
	long path_len;
	bool has_ku;
	unsigned int ku;
	bool bad_extension;
};

/**
 * crypto_cert_parse() - take a DER certificate
 * @der: the certificate and nothing else; kept by reference, must outlive it
 *
 * Return: the certificate, or NULL if it is malformed. Release with
 * crypto_cert_free().
 */
struct crypto_cert *crypto_cert_parse(struct bytes der);
void crypto_cert_free(struct crypto_cert *cert);
struct crypto_cert *crypto_cert_ref(struct crypto_cert *cert);
struct bytes crypto_cert_der(const struct crypto_cert *cert);

void crypto_cert_info(const struct crypto_cert *cert, struct crypto_cert_info *ret);

/* Is @issuer's subject name @cert's issuer name? Names only. */
bool crypto_cert_names(const struct crypto_cert *issuer, const struct crypto_cert *cert);

/**
 * crypto_cert_extension() - the value of an extension
 * @oid: its object identifier's DER contents
 * @ret: set if it is there: what is inside the OCTET STRING
 *
 * Return: how often it is there.
 */
int crypto_cert_extension(const struct crypto_cert *cert, struct bytes oid, struct bytes *ret);

/* ---- signatures ---- */

enum crypto_scheme { CRYPTO_ECDSA, CRYPTO_RSASSA, CRYPTO_RSAPSS };

/**
 * crypto_verify() - check a signature
 * @cert: whose key
 * @scheme: how it signs
 * @hash: what it hashes with
 * @part: what is signed, in pieces
 * @nr: number of pieces
 * @sig: the signature; ECDSA: r and s, big endian, each as wide as the curve
 *
 * Return: true if it verifies; false if it does not, or if the key is of another
 * kind.
 */
bool crypto_verify(const struct crypto_cert *cert, enum crypto_scheme scheme,
		   enum crypto_hash hash, const struct bytes *part, size_t nr, struct bytes sig);

/* ---- keys without a certificate ---- */

struct crypto_key;

/**
 * crypto_key_ec() - a public key from its point
 * @bits: 256, 384 or 521
 * @x: big endian, not wider than the curve
 * @y: the same
 *
 * Return: the key, or NULL if there is no such one. Release with crypto_key_free().
 */
struct crypto_key *crypto_key_ec(unsigned int bits, struct bytes x, struct bytes y);

/* The same of RSA, 2048 to 4096 bits. */
struct crypto_key *crypto_key_rsa(struct bytes modulus, uint32_t exponent);

/* A file's: a public key or a certificate, PEM or DER; NULL if it is neither. */
struct crypto_key *crypto_key_parse(struct bytes file);
void crypto_key_free(struct crypto_key *key);

bool crypto_key_equal(const struct crypto_key *a, const struct crypto_key *b);

/* Digest of the key's DER (SubjectPublicKeyInfo); false only if the library fails. */
bool crypto_key_sha256(const struct crypto_key *key, uint8_t ret[32]);

/* crypto_verify() by such a key. */
bool crypto_key_verify(const struct crypto_key *key, enum crypto_scheme scheme,
		       enum crypto_hash hash, struct bytes signed_bytes, struct bytes sig);

/* ---- detached signatures (CMS, RFC 5652) ---- */

/**
 * enum crypto_cms - how verifying one ended
 * @CRYPTO_CMS_GOOD: one of the pinned signed exactly these bytes
 * @CRYPTO_CMS_MALFORMED: it is no CMS SignedData in DER, alone, with one signer
 * @CRYPTO_CMS_ATTACHED: it carries content of its own
 * @CRYPTO_CMS_SIGNER: none of the pinned signed it, whoever else did
 * @CRYPTO_CMS_CERT: a pinned one did, and its certificate is not for that
 * @CRYPTO_CMS_TIME: the same, and its certificate is not valid now
 * @CRYPTO_CMS_ALGORITHM: too weak, or not supported
 * @CRYPTO_CMS_SIGNATURE: the signature is not one of these bytes
 */
enum crypto_cms {
	CRYPTO_CMS_GOOD,
	CRYPTO_CMS_MALFORMED,
	CRYPTO_CMS_ATTACHED,
	CRYPTO_CMS_SIGNER,
	CRYPTO_CMS_CERT,
	CRYPTO_CMS_TIME,
	CRYPTO_CMS_ALGORITHM,
	CRYPTO_CMS_SIGNATURE,
};

/**
 * crypto_cms_verify() - verify a detached signature by pinned certificates
 * @der: the SignedData
 * @content: what is signed
 * @pinned: the signers themselves; what the message carries is not looked at
 * @nr: how many
 * @at: the time that counts for the signer's certificate
 * @ret_signer: set from CRYPTO_CMS_CERT on: one of @pinned
 * @found: set to what was found instead, for a person; not for CRYPTO_CMS_GOOD
 * @size: its size
 */
enum crypto_cms crypto_cms_verify(struct bytes der, struct bytes content,
				  struct crypto_cert *const *pinned, size_t nr, time_t at,
				  const struct crypto_cert **ret_signer,
				  char *found, size_t size);

/* ---- chains ---- */

struct crypto_trust;

/* What a chain is to end in, and what is revoked. */
struct crypto_trust *crypto_trust_new(void);
void crypto_trust_free(struct crypto_trust *trust);
void crypto_trust_anchor(struct crypto_trust *trust, const struct crypto_cert *cert);

/* Return: false if it is no CRL. */
bool crypto_trust_crl(struct crypto_trust *trust, struct bytes der);

enum crypto_problem {
	CRYPTO_BAD_PATH,	/* anything else */
	CRYPTO_BAD_ANCHOR,	/* does not end in an anchor */
	CRYPTO_BAD_SIGNATURE,
	CRYPTO_BAD_KEY,		/* an issuer's, that cannot be decoded */
	CRYPTO_BAD_TIME,
	CRYPTO_BAD_CA,		/* an issuer may not issue, or the path is too long */
	CRYPTO_BAD_EXTENSION,
	CRYPTO_BAD_ALGORITHM,	/* too weak */
	CRYPTO_REVOKED,
	CRYPTO_BAD_CRL,		/* the CRL itself: too old, not signed by the issuer, ... */
	CRYPTO_NO_CRL,		/* none for this certificate's issuer */
};

/**
 * struct crypto_path - the path that was found
 * @nr: certificates in it, anchor included
 * @anchor: the anchor, NULL if there is none; part of the trust
 * @follows: it is the sent chain, as far as it goes: leaf first, none left out
 */
struct crypto_path {
	size_t nr;
	const struct crypto_cert *anchor;
	bool follows;
};

/**
 * crypto_chain_verify() - from a leaf to an anchor
 * @trust: the anchors: nothing else is trusted, the system's least of all
 * @chain: what was sent, leaf first
 * @nr: how many
 * @at: the time that counts
 * @handled: does the caller look after this critical extension? (@oid: contents)
 * @problem: called for everything that is wrong; @depth counts from the leaf
 * @ctx: for @problem
 * @ret: set in any case
 *
 * Return: true if a path was found and @problem was never called with anything
 * but CRYPTO_NO_CRL.
 */
bool crypto_chain_verify(struct crypto_trust *trust, struct crypto_cert *const *chain, size_t nr,
			 time_t at, bool (*handled)(struct bytes oid),
			 void (*problem)(void *ctx, enum crypto_problem kind, size_t depth,
					 const char *text),
			 void *ctx, struct crypto_path *ret);

#endif /* ATTEST_CRYPTO_H */
