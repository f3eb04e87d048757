/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trust anchors: certificates from --roots or a policy, and SHA-256
 * fingerprints that say which certificate is meant without holding it.
 */
#ifndef ATTEST_ANCHORS_H
#define ATTEST_ANCHORS_H

#include "crypto.h"

#define FINGERPRINT_SIZE	32

struct anchors {
	size_t nr;
	struct crypto_cert **cert;
	size_t nr_ders;
	struct blob *der;	/* behind the certificates that own their bytes */
	size_t nr_fingerprints;
	uint8_t (*fingerprint)[FINGERPRINT_SIZE];
};

/**
 * anchors_add() - take all certificates of a file
 * @file: PEM or DER, one or several; bytes are copied as far as they are kept
 *
 * Return: how many there are; 0 if there is none, -1 if one is malformed.
 */
int anchors_add(struct anchors *anchors, struct bytes file);
void anchors_add_fingerprint(struct anchors *anchors, const uint8_t fp[FINGERPRINT_SIZE]);

/* Is there anything to trust in? */
bool anchors_any(const struct anchors *anchors);

/* Is this certificate one of the anchors, or one that a fingerprint names? */
bool anchors_has(const struct anchors *anchors, const struct crypto_cert *cert);

void anchors_free(struct anchors *anchors);

void fingerprint(const struct crypto_cert *cert, uint8_t ret[FINGERPRINT_SIZE]);

#endif /* ATTEST_ANCHORS_H */
