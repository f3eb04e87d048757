/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A certificate chain in whatever form it came: SPDM structure, DER after DER,
 * or PEM, the latter two in either order.
 */
#ifndef ATTEST_CERTS_H
#define ATTEST_CERTS_H

#include <tdisp/spdm_certs.h>

#include "anchors.h"
#include "identity.h"
#include "verdict.h"

/**
 * struct certs - a chain, leaf first
 * @form: how it was stored
 * @nr: number of certificates
 * @cert: them
 * @info: what each says of itself
 * @pem: bytes of those that were decoded from PEM
 * @root_first: the order in which they were stored
 * @ordered: each was issued by the next, by name
 * @root_hash: RootHash; empty but for the SPDM structure
 * @identity: the leaf's
 * @alias: of the alias certificate model
 */
struct certs {
	enum spdm_certs_form form;
	size_t nr;
	struct crypto_cert *cert[SPDM_CERTS_MAX];
	struct crypto_cert_info info[SPDM_CERTS_MAX];
	struct blob pem[SPDM_CERTS_MAX];
	bool root_first;
	bool ordered;
	struct bytes root_hash;
	struct identity identity;
	bool alias;
};

/**
 * certs_read() - take a chain apart
 * @buf: the chain; must outlive @ret
 * @hash_size: size of RootHash if it is known, else 0
 * @known: certificates that need not be decoded again; may be NULL
 * @ret: set in any case; release with certs_free()
 * @verdict: gets certs.form and certs.order
 *
 * Return: whether it could be taken apart.
 */
bool certs_read(struct bytes buf, size_t hash_size, const struct anchors *known,
		struct certs *ret, struct verdict *verdict);
void certs_free(struct certs *certs);

const char *certs_form_name(enum spdm_certs_form form);

#endif /* ATTEST_CERTS_H */
