/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TPM says, as bytes: attestations, signatures, public areas. They come from
 * whoever made the bundle. Taken apart by tpm2-tss, which does not show here.
 */
#ifndef ATTEST_TPM_WIRE_H
#define ATTEST_TPM_WIRE_H

#include "crypto.h"

#define TPM_WIRE_NAME_MAX	(2 + CRYPTO_HASH_MAX)
#define TPM_WIRE_KEY_MAX	512

/**
 * struct tpm_wire_quote - a TPMS_ATTEST of a quote
 * @nonce: extraData
 * @signer: qualified name of the key
 * @clock: in milliseconds
 * @bank: whose PCRs
 * @pcrs: which
 * @digest: of them
 */
struct tpm_wire_quote {
	uint8_t nonce[TPM_WIRE_NAME_MAX];
	size_t nonce_len;
	uint8_t signer[TPM_WIRE_NAME_MAX];
	size_t signer_len;
	uint64_t clock;
	uint32_t resets;
	uint32_t restarts;
	uint64_t firmware;
	enum crypto_hash bank;
	uint32_t pcrs;
	uint8_t digest[CRYPTO_HASH_MAX];
	size_t digest_len;
};

/* A TPMT_SIGNATURE; ECDSA as crypto_verify() takes it. */
struct tpm_wire_signature {
	enum crypto_scheme scheme;
	enum crypto_hash hash;
	uint8_t r[TPM_WIRE_KEY_MAX];
	size_t r_len;
	uint8_t s[TPM_WIRE_KEY_MAX];
	size_t s_len;
};

/**
 * struct tpm_wire_public - a TPM2B_PUBLIC
 * @key: release with crypto_key_free()
 * @bits: of curve or modulus
 * @scheme: what it signs by; @hash: with
 * @attestation: it signs nothing but what the TPM itself made, and never leaves it
 * @name: its name
 */
struct tpm_wire_public {
	struct crypto_key *key;
	unsigned int bits;
	enum crypto_scheme scheme;
	enum crypto_hash hash;
	bool attestation;
	uint8_t name[TPM_WIRE_NAME_MAX];
	size_t name_len;
};

/* Each: false, and @why, if the bytes are not just that. */
bool tpm_wire_quote(struct bytes in, struct tpm_wire_quote *ret, const char **why);
bool tpm_wire_signature(struct bytes in, struct tpm_wire_signature *ret, const char **why);
bool tpm_wire_public(struct bytes in, struct tpm_wire_public *ret, const char **why);

/* The signature as wide as the key's curve asks; 0 if it does not fit. */
size_t tpm_wire_raw(const struct tpm_wire_signature *sig, const struct tpm_wire_public *key,
		    uint8_t ret[TPM_WIRE_KEY_MAX]);

/*
 * The hierarchy whose primary key made the quote: "endorsement", "owner", "platform" or
 * "null"; NULL if it is no primary key, or the quote is of another key.
 */
const char *tpm_wire_hierarchy(const struct tpm_wire_public *key,
			       const struct tpm_wire_quote *quote);

#endif /* ATTEST_TPM_WIRE_H */
