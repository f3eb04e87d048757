// SPDX-License-Identifier: GPL-2.0
/* Collecting trust anchors. */
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_certs.h>

#include "anchors.h"
#include "pem.h"
#include "util.h"

/* A bundle of all public authorities has some hundred. */
#define ANCHORS_MAX	1024

/* Takes @der. */
static bool add_cert(struct anchors *anchors, struct blob *der)
{
	struct crypto_cert *cert;

	if (anchors->nr >= ANCHORS_MAX)
		return false;
	cert = crypto_cert_parse(blob_bytes(der));
	if (!cert)
		return false;
	anchors->cert = util_grow(anchors->cert, anchors->nr + 1, sizeof(*anchors->cert));
	anchors->cert[anchors->nr++] = cert;
	anchors->der = util_grow(anchors->der, anchors->nr_ders + 1, sizeof(*anchors->der));
	anchors->der[anchors->nr_ders++] = *der;
	*der = (struct blob) { 0 };
	return true;
}

static int add_pem(struct anchors *anchors, struct bytes text)
{
	struct blob der;
	char kind[PEM_LABEL_SIZE];
	int nr = 0, rc;

	while ((rc = pem_next(&text, kind, &der)) > 0) {
		bool ok = !strcmp(kind, "CERTIFICATE") && add_cert(anchors, &der);

		blob_free(&der);
		if (!ok)
			return -1;
		nr++;
	}
	return rc < 0 ? rc : nr;
}

static int add_der(struct anchors *anchors, struct bytes file)
{
	size_t pos = 0, len;
	int nr = 0;

	while (pos < file.len) {
		struct blob der;
		bool ok;

		if (spdm_der_sequence(file.data, file.len, pos, &len, NULL))
			return -1;
		der = (struct blob) { util_grow(NULL, len, 1), len };
		memcpy(der.data, file.data + pos, len);
		ok = add_cert(anchors, &der);
		blob_free(&der);
		if (!ok)
			return -1;
		pos += len;
		nr++;
	}
	return nr;
}

int anchors_add(struct anchors *anchors, struct bytes file)
{
	switch (spdm_certs_form(file.data, file.len)) {
	case SPDM_CERTS_PEM:
		return add_pem(anchors, file);
	case SPDM_CERTS_DER:
		return add_der(anchors, file);
	default:
		return file.len ? -1 : 0;
	}
}

void anchors_add_fingerprint(struct anchors *anchors, const uint8_t fp[FINGERPRINT_SIZE])
{
	anchors->fingerprint = util_grow(anchors->fingerprint, anchors->nr_fingerprints + 1,
					 sizeof(*anchors->fingerprint));
	memcpy(anchors->fingerprint[anchors->nr_fingerprints++], fp, FINGERPRINT_SIZE);
}

bool anchors_any(const struct anchors *anchors)
{
	return anchors->nr || anchors->nr_fingerprints;
}

void fingerprint(const struct crypto_cert *cert, uint8_t ret[FINGERPRINT_SIZE])
{
	uint8_t digest[CRYPTO_HASH_MAX] = { 0 };
	struct bytes der = crypto_cert_der(cert);

	/* A library that cannot hash leaves a fingerprint that nothing has. */
	if (!crypto_digest(CRYPTO_SHA256, &der, 1, digest))
		memset(digest, 0, sizeof(digest));
	memcpy(ret, digest, FINGERPRINT_SIZE);
}

bool anchors_has(const struct anchors *anchors, const struct crypto_cert *cert)
{
	struct bytes der = crypto_cert_der(cert);
	uint8_t fp[FINGERPRINT_SIZE];

	for (size_t i = 0; i < anchors->nr; i++)
		if (crypto_equal(crypto_cert_der(anchors->cert[i]), der))
			return true;
	if (!anchors->nr_fingerprints)
		return false;
	fingerprint(cert, fp);
	for (size_t i = 0; i < anchors->nr_fingerprints; i++)
		if (!memcmp(anchors->fingerprint[i], fp, sizeof(fp)))
			return true;
	return false;
}

void anchors_free(struct anchors *anchors)
{
	for (size_t i = 0; i < anchors->nr; i++)
		crypto_cert_free(anchors->cert[i]);
	for (size_t i = 0; i < anchors->nr_ders; i++)
		blob_free(&anchors->der[i]);
	free(anchors->cert);
	free(anchors->der);
	free(anchors->fingerprint);
	*anchors = (struct anchors) { 0 };
}
