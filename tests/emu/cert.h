/* SPDX-License-Identifier: GPL-2.0 */
/* Certificates, digests and signatures: all that needs OpenSSL. */
#ifndef EMU_CERT_H
#define EMU_CERT_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE		48
#define ECDSA_P384_SIG_SIZE	96	/* r || s, big endian, DSP0274's form */

struct cert_chain;
struct func;

/* A function's key, and the chain structure of slot 0 that ends in it. */
struct cert_leaf;

struct cert_leaf *cert_leaf_create(struct cert_chain *c, const struct func *f);
void cert_leaf_destroy(struct cert_leaf *l);
const uint8_t *cert_leaf_chain(const struct cert_leaf *l, size_t *ret_len);
/* ECDSA with SHA-384 over msg; 0, or -EIO. */
int cert_leaf_sign(const struct cert_leaf *l, const void *msg, size_t len,
		   uint8_t sig[ECDSA_P384_SIG_SIZE]);

void sha384(const void *data, size_t len, uint8_t out[SHA384_SIZE]);

#endif /* EMU_CERT_H */
