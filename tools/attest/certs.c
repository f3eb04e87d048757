// SPDX-License-Identifier: GPL-2.0
/* Certificate chains: forms and order. */
#include <string.h>

#include "certs.h"
#include "pem.h"

#define OBJECT	"certificates"

const char *certs_form_name(enum spdm_certs_form form)
{
	static const char * const names[] = {
		[SPDM_CERTS_UNKNOWN]	= "unknown",
		[SPDM_CERTS_CHAIN]	= "SPDM certificate chain",
		[SPDM_CERTS_DER]	= "DER",
		[SPDM_CERTS_PEM]	= "PEM",
	};

	return names[form];
}

/* A pinned root that was sent along is decoded already. */
static struct crypto_cert *parse(struct bytes der, const struct anchors *known)
{
	for (size_t i = 0; known && i < known->nr; i++) {
		struct bytes anchor = crypto_cert_der(known->cert[i]);

		if (anchor.len == der.len && !memcmp(anchor.data, der.data, der.len))
			return crypto_cert_ref(known->cert[i]);
	}
	return crypto_cert_parse(der);
}

static bool add(struct certs *certs, struct bytes der, size_t offset, const struct anchors *known,
		struct verdict *verdict)
{
	struct crypto_cert *cert = parse(der, known);
	struct check *check;

	if (cert) {
		certs->cert[certs->nr++] = cert;
		return true;
	}
	check = verdict_add(verdict, CHECK_CERTS_FORM, CHECK_FAILED, "malformed");
	check_expected(check, "an X.509 certificate in DER");
	check->index = (long)certs->nr;
	check->object = OBJECT;
	check->offset = offset;
	return false;
}

static bool read_der(struct bytes buf, size_t hash_size, const struct anchors *known,
		     struct certs *ret, struct verdict *verdict)
{
	struct tdisp_why why = { 0 };
	struct spdm_certs found;
	int rc;

	if (ret->form == SPDM_CERTS_DER) {
		rc = spdm_certs_parse_der(buf.data, buf.len, &found, &why);
	} else {
		rc = hash_size ? 0 : spdm_certs_hash_size(buf.data, buf.len, &hash_size, &why);
		if (!rc)
			rc = spdm_certs_parse(buf.data, buf.len, hash_size, &found, &why);
	}
	if (rc) {
		verdict_add_why(verdict, CHECK_CERTS_FORM, CHECK_FAILED, OBJECT, &why);
		return false;
	}
	ret->root_hash = (struct bytes) { buf.data + found.root_hash, found.root_hash_len };
	for (u32 i = 0; i < found.nr; i++)
		if (!add(ret, (struct bytes) { buf.data + found.cert[i].offset, found.cert[i].len },
			 found.cert[i].offset, known, verdict))
			return false;
	return true;
}

static bool read_pem(struct bytes buf, const struct anchors *known, struct certs *ret,
		     struct verdict *verdict)
{
	struct bytes text = buf;
	struct check *check;
	struct blob der;
	char kind[PEM_LABEL_SIZE], shown[64];
	int rc;

	while ((rc = pem_next(&text, kind, &der)) > 0) {
		size_t offset = buf.len - text.len;

		if (strcmp(kind, "CERTIFICATE") || ret->nr == SPDM_CERTS_MAX) {
			util_escape(shown, sizeof(shown), kind, strlen(kind));
			check = verdict_add(verdict, CHECK_CERTS_FORM, CHECK_FAILED, "%s",
					    strcmp(kind, "CERTIFICATE") ? shown : "more");
			check_expected(check, "at most %d blocks of kind CERTIFICATE",
				       SPDM_CERTS_MAX);
			blob_free(&der);
			return false;
		}
		ret->pem[ret->nr] = der;
		if (!add(ret, blob_bytes(&der), offset, known, verdict))
			return false;
	}
	if (!rc && ret->nr)
		return true;
	check = verdict_add(verdict, CHECK_CERTS_FORM, CHECK_FAILED, "%s",
			    rc ? "a malformed block" : "no certificate");
	check_expected(check, "certificates in PEM");
	check->object = OBJECT;
	check->offset = buf.len - text.len;
	return false;
}

static void reverse(struct certs *certs)
{
	for (size_t i = 0, j = certs->nr - 1; i < j; i++, j--) {
		struct crypto_cert *cert = certs->cert[i];
		struct blob pem = certs->pem[i];

		certs->cert[i] = certs->cert[j];
		certs->cert[j] = cert;
		certs->pem[i] = certs->pem[j];
		certs->pem[j] = pem;
	}
}

/*
 * Which end is the leaf's? The structure says so by definition; else names do:
 * the first two certificates name each other one way or the other.
 */
static bool find_order(struct certs *certs)
{
	bool down, up;

	certs->root_first = certs->form != SPDM_CERTS_PEM;
	if (certs->nr < 2 || certs->form == SPDM_CERTS_CHAIN)
		return true;
	down = crypto_cert_names(certs->cert[0], certs->cert[1]);
	up = crypto_cert_names(certs->cert[1], certs->cert[0]);
	if (down == up)
		return false;
	certs->root_first = down;
	return true;
}

static void check_order(struct certs *certs, struct verdict *verdict)
{
	struct check *check;

	if (!find_order(certs)) {
		check = verdict_add(verdict, CHECK_CERTS_ORDER, CHECK_FAILED,
				    "names do not tell which end is the leaf's");
		check_expected(check, "root first or leaf first");
		return;
	}
	if (certs->root_first)
		reverse(certs);
	certs->ordered = true;
	for (size_t i = 0; i + 1 < certs->nr; i++) {
		if (crypto_cert_names(certs->cert[i + 1], certs->cert[i]))
			continue;
		certs->ordered = false;
		check = verdict_add(verdict, CHECK_CERTS_ORDER, CHECK_FAILED,
				    "it was issued by another");
		check_expected(check, "issued by the certificate beside it");
		check->index = (long)i;
	}
}

bool certs_read(struct bytes buf, size_t hash_size, const struct anchors *known,
		struct certs *ret, struct verdict *verdict)
{
	struct identity issuer;
	bool ok;

	*ret = (struct certs) { .form = spdm_certs_form(buf.data, buf.len) };
	if (ret->form == SPDM_CERTS_PEM) {
		ok = read_pem(buf, known, ret, verdict);
	} else if (ret->form != SPDM_CERTS_UNKNOWN) {
		ok = read_der(buf, hash_size, known, ret, verdict);
	} else {
		struct check *check = verdict_add(verdict, CHECK_CERTS_FORM, CHECK_FAILED,
						  "something else");

		check_expected(check, "an SPDM certificate chain, DER or PEM");
		ok = false;
	}
	if (!ok)
		return false;
	check_order(ret, verdict);
	verdict_add(verdict, CHECK_CERTS_FORM, CHECK_PASSED, "%s, %zu certificate%s%s",
		    certs_form_name(ret->form), ret->nr, ret->nr == 1 ? "" : "s",
		    ret->nr == 1 ? "" : ret->root_first ? ", root first" : ", leaf first");
	for (size_t i = 0; i < ret->nr; i++)
		crypto_cert_info(ret->cert[i], &ret->info[i]);
	identity_read(ret->cert[0], &ret->identity);
	ret->alias = ret->identity.alias;
	if (ret->nr > 1 && !ret->alias) {
		identity_read(ret->cert[1], &issuer);
		ret->alias = issuer.hardware;
	}
	return true;
}

void certs_free(struct certs *certs)
{
	for (size_t i = 0; i < SPDM_CERTS_MAX; i++) {
		crypto_cert_free(certs->cert[i]);
		blob_free(&certs->pem[i]);
	}
	*certs = (struct certs) { 0 };
}
