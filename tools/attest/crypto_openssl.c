// SPDX-License-Identifier: GPL-2.0
/*
 * crypto.h by OpenSSL 3. The only file that includes it.
 *
 * A certificate is decoded once and verified once; what the library finds wrong
 * is collected, so that one run tells all of it.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <tdisp/ecdsa_der.h>

#include "crypto.h"
#include "exit.h"
#include "util.h"

/* A certificate or CRL beyond this is nobody's. */
#define DER_MAX		(1u << 20)

/* 112 bits: RSA from 2048 bits on, no SHA-1. */
#define SECURITY_LEVEL	2

struct crypto_cert {
	X509 *x509;
	struct bytes der;
	unsigned int refs;
};

struct crypto_trust {
	X509_STORE *store;
	struct crypto_cert **anchor;
	size_t nr;
	bool has_crl;
};

static void *have(void *p)
{
	if (!p) {
		util_complain("out of memory");
		exit(TDI_EXIT_USAGE);
	}
	return p;
}

/* ---- hashes ---- */

static const EVP_MD *md_of(enum crypto_hash hash)
{
	switch (hash) {
	case CRYPTO_SHA256:
		return EVP_sha256();
	case CRYPTO_SHA384:
		return EVP_sha384();
	case CRYPTO_SHA512:
		return EVP_sha512();
	case CRYPTO_SHA1:
		return EVP_sha1();
	}
	return NULL;
}

size_t crypto_hash_size(enum crypto_hash hash)
{
	return (size_t)EVP_MD_get_size(md_of(hash));
}

bool crypto_digest(enum crypto_hash hash, const struct bytes *part, size_t nr,
		   uint8_t ret[CRYPTO_HASH_MAX])
{
	EVP_MD_CTX *ctx = have(EVP_MD_CTX_new());
	bool ok = EVP_DigestInit_ex(ctx, md_of(hash), NULL) == 1;

	for (size_t i = 0; ok && i < nr; i++)
		ok = EVP_DigestUpdate(ctx, part[i].data, part[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool crypto_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !CRYPTO_memcmp(a.data, b.data, a.len));
}

/* ---- certificates ---- */

struct crypto_cert *crypto_cert_parse(struct bytes der)
{
	const unsigned char *p = der.data;
	struct crypto_cert *cert;
	X509 *x509;

	if (!der.len || der.len > DER_MAX)
		return NULL;
	x509 = d2i_X509(NULL, &p, (long)der.len);
	if (!x509 || p != der.data + der.len) {
		X509_free(x509);
		ERR_clear_error();
		return NULL;
	}
	cert = util_grow(NULL, 1, sizeof(*cert));
	*cert = (struct crypto_cert) { .x509 = x509, .der = der, .refs = 1 };
	return cert;
}

struct crypto_cert *crypto_cert_ref(struct crypto_cert *cert)
{
	cert->refs++;
	return cert;
}

void crypto_cert_free(struct crypto_cert *cert)
{
	if (!cert || --cert->refs)
		return;
	X509_free(cert->x509);
	free(cert);
}

struct bytes crypto_cert_der(const struct crypto_cert *cert)
{
	return cert->der;
}

static void name_text(const X509_NAME *name, char ret[CRYPTO_NAME_SIZE])
{
	char text[512];

	text[0] = '\0';
	if (X509_NAME_entry_count(name) && X509_NAME_oneline(name, text, sizeof(text)) &&
	    text[0] == '/')
		util_escape(ret, CRYPTO_NAME_SIZE, text + 1, strlen(text + 1));
	else
		ret[0] = '\0';
}

static void serial_text(const X509 *x509, char *ret, size_t size)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
	int len = ASN1_STRING_length(serial);
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	size_t used = 0;

	ret[0] = '\0';
	for (int i = 0; i < len && used + 3 <= size; i++, used += 2)
		util_format(ret + used, size - used, "%02x", p[i]);
}

static bool time_of(const ASN1_TIME *time, time_t *ret)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

/* Algorithms that are refused by name, also where the library is older than they are. */
static const struct {
	const char *oid;
	const char *name;
} names[] = {
	{ "1.3.101.112", "Ed25519" },
	{ "1.3.101.113", "Ed448" },
	{ "1.2.156.10197.1.301", "SM2" },
	{ "1.2.156.10197.1.501", "SM2 with SM3" },
	{ "2.16.840.1.101.3.4.3.17", "ML-DSA-44" },
	{ "2.16.840.1.101.3.4.3.18", "ML-DSA-65" },
	{ "2.16.840.1.101.3.4.3.19", "ML-DSA-87" },
	{ "2.16.840.1.101.3.4.3.20", "SLH-DSA-SHA2-128s" },
	{ "2.16.840.1.101.3.4.3.21", "SLH-DSA-SHA2-128f" },
	{ "2.16.840.1.101.3.4.3.22", "SLH-DSA-SHA2-192s" },
	{ "2.16.840.1.101.3.4.3.23", "SLH-DSA-SHA2-192f" },
	{ "2.16.840.1.101.3.4.3.24", "SLH-DSA-SHA2-256s" },
	{ "2.16.840.1.101.3.4.3.25", "SLH-DSA-SHA2-256f" },
	{ "2.16.840.1.101.3.4.3.26", "SLH-DSA-SHAKE-128s" },
	{ "2.16.840.1.101.3.4.3.27", "SLH-DSA-SHAKE-128f" },
	{ "2.16.840.1.101.3.4.3.28", "SLH-DSA-SHAKE-192s" },
	{ "2.16.840.1.101.3.4.3.29", "SLH-DSA-SHAKE-192f" },
	{ "2.16.840.1.101.3.4.3.30", "SLH-DSA-SHAKE-256s" },
	{ "2.16.840.1.101.3.4.3.31", "SLH-DSA-SHAKE-256f" },
	{ "2.16.840.1.101.3.4.3.13", "ECDSA with SHA3-256" },
	{ "2.16.840.1.101.3.4.3.10", "ECDSA with SHA3-256" },
	{ "2.16.840.1.101.3.4.3.11", "ECDSA with SHA3-384" },
	{ "2.16.840.1.101.3.4.3.12", "ECDSA with SHA3-512" },
};

/* A name for what is not supported. */
static void object_name(const ASN1_OBJECT *obj, char *ret, size_t size)
{
	char oid[64] = "";
	int nid = OBJ_obj2nid(obj);

	OBJ_obj2txt(oid, sizeof(oid), obj, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i].oid, oid)) {
			util_format(ret, size, "%s", names[i].name);
			return;
		}
	}
	util_format(ret, size, "%.40s", nid != NID_undef ? OBJ_nid2sn(nid) : oid);
}

static const struct {
	int nid;
	unsigned int bits;
} curves[] = {
	{ NID_X9_62_prime256v1, 256 },
	{ NID_secp384r1, 384 },
	{ NID_secp521r1, 521 },
};

static unsigned int curve_bits(const ASN1_OBJECT *curve)
{
	int nid = OBJ_obj2nid(curve);

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].nid == nid)
			return curves[i].bits;
	return 0;
}

static void ec_info(const X509_ALGOR *algor, struct crypto_cert_info *ret)
{
	const ASN1_OBJECT *curve = NULL;
	const void *param;
	int type;

	X509_ALGOR_get0(NULL, &type, &param, algor);
	if (type == V_ASN1_OBJECT)
		curve = param;
	ret->key_bits = curve ? curve_bits(curve) : 0;
	if (ret->key_bits) {
		ret->key = CRYPTO_KEY_EC;
		util_format(ret->key_name, sizeof(ret->key_name), "ECDSA P-%u", ret->key_bits);
	} else if (curve) {
		object_name(curve, ret->key_name, sizeof(ret->key_name));
	} else {
		util_format(ret->key_name, sizeof(ret->key_name), "EC, unnamed curve");
	}
}

static void key_info(X509 *x509, struct crypto_cert_info *ret)
{
	const EVP_PKEY *key = X509_get0_pubkey(x509);
	X509_ALGOR *algor = NULL;
	ASN1_OBJECT *alg = NULL;
	int nid;

	ret->key = CRYPTO_KEY_OTHER;
	X509_PUBKEY_get0_param(&alg, NULL, NULL, &algor, X509_get_X509_PUBKEY(x509));
	nid = OBJ_obj2nid(alg);
	if (nid == NID_X9_62_id_ecPublicKey) {
		ec_info(algor, ret);
	} else if (nid == NID_rsaEncryption || nid == NID_rsassaPss) {
		ret->key_bits = key ? (unsigned int)EVP_PKEY_get_bits(key) : 0;
		ret->key = nid == NID_rsassaPss ? CRYPTO_KEY_RSA_PSS : CRYPTO_KEY_RSA;
		util_format(ret->key_name, sizeof(ret->key_name), "%s %u",
			    nid == NID_rsassaPss ? "RSA-PSS" : "RSA", ret->key_bits);
		if (key && (ret->key_bits < 2048 || ret->key_bits > 4096))
			ret->key = CRYPTO_KEY_OTHER;
	} else {
		object_name(alg, ret->key_name, sizeof(ret->key_name));
	}
	/* Named well and encoded badly: the point is not on the curve, say. */
	ret->key_bad = !key && ret->key != CRYPTO_KEY_OTHER;
	if (!key)
		ret->key = CRYPTO_KEY_OTHER;
	ERR_clear_error();
}

static void signature_info(const X509 *x509, struct crypto_cert_info *ret)
{
	static const struct {
		int nid;
		const char *name;
	} known[] = {
		{ NID_ecdsa_with_SHA256, "ECDSA with SHA-256" },
		{ NID_ecdsa_with_SHA384, "ECDSA with SHA-384" },
		{ NID_ecdsa_with_SHA512, "ECDSA with SHA-512" },
		{ NID_sha256WithRSAEncryption, "RSASSA with SHA-256" },
		{ NID_sha384WithRSAEncryption, "RSASSA with SHA-384" },
		{ NID_sha512WithRSAEncryption, "RSASSA with SHA-512" },
		{ NID_rsassaPss, "RSAPSS" },
	};
	int nid = X509_get_signature_nid(x509);
	const X509_ALGOR *algor;
	const ASN1_OBJECT *alg;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].nid == nid) {
			ret->sig_supported = true;
			util_format(ret->sig_name, sizeof(ret->sig_name), "%s", known[i].name);
			return;
		}
	}
	X509_get0_signature(NULL, &algor, x509);
	X509_ALGOR_get0(&alg, NULL, NULL, algor);
	object_name(alg, ret->sig_name, sizeof(ret->sig_name));
}

/* The library has these decoded already, and numbers KeyUsage as we do. */
static void constraints_info(X509 *x509, struct crypto_cert_info *ret)
{
	uint32_t flags = X509_get_extension_flags(x509);

	ret->has_bc = flags & EXFLAG_BCONS;
	ret->is_ca = flags & EXFLAG_CA;
	ret->path_len = X509_get_pathlen(x509);
	ret->has_ku = flags & EXFLAG_KUSAGE;
	ret->ku = ret->has_ku ? X509_get_key_usage(x509) : 0;
	ret->bad_extension = flags & EXFLAG_INVALID;
}

void crypto_cert_info(const struct crypto_cert *cert, struct crypto_cert_info *ret)
{
	X509 *x509 = cert->x509;

	*ret = (struct crypto_cert_info) { 0 };
	ret->version = (int)X509_get_version(x509) + 1;
	name_text(X509_get_subject_name(x509), ret->subject);
	name_text(X509_get_issuer_name(x509), ret->issuer);
	serial_text(x509, ret->serial, sizeof(ret->serial));
	ret->self_issued = crypto_cert_names(cert, cert);
	ret->time_ok = time_of(X509_get0_notBefore(x509), &ret->not_before) &&
		       time_of(X509_get0_notAfter(x509), &ret->not_after);
	key_info(x509, ret);
	signature_info(x509, ret);
	constraints_info(x509, ret);
}

bool crypto_cert_names(const struct crypto_cert *issuer, const struct crypto_cert *cert)
{
	return !X509_NAME_cmp(X509_get_subject_name(issuer->x509),
			      X509_get_issuer_name(cert->x509));
}

static struct bytes object_bytes(const ASN1_OBJECT *obj)
{
	return (struct bytes) { OBJ_get0_data(obj), OBJ_length(obj) };
}

static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

int crypto_cert_extension(const struct crypto_cert *cert, struct bytes oid, struct bytes *ret)
{
	int nr = X509_get_ext_count(cert->x509), found = 0;

	for (int i = 0; i < nr; i++) {
		X509_EXTENSION *ext = X509_get_ext(cert->x509, i);
		const ASN1_OCTET_STRING *data;

		if (!same(object_bytes(X509_EXTENSION_get_object(ext)), oid))
			continue;
		data = X509_EXTENSION_get_data(ext);
		*ret = (struct bytes) { ASN1_STRING_get0_data(data),
					(size_t)ASN1_STRING_length(data) };
		found++;
	}
	return found;
}

/* ---- signatures ---- */

#define ECDSA_RAW_MAX	132	/* P-521 */

static bool key_fits(const EVP_PKEY *key, enum crypto_scheme scheme, struct bytes sig)
{
	size_t bytes;

	if (!key)
		return false;
	bytes = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	switch (scheme) {
	case CRYPTO_ECDSA:
		return EVP_PKEY_is_a(key, "EC") && sig.len == 2 * bytes &&
		       sig.len <= ECDSA_RAW_MAX;
	case CRYPTO_RSASSA:
		return EVP_PKEY_is_a(key, "RSA") && sig.len == bytes;
	case CRYPTO_RSAPSS:
		return (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) &&
		       sig.len == bytes;
	}
	return false;
}

static bool verify_init(EVP_MD_CTX *ctx, EVP_PKEY *key, enum crypto_scheme scheme,
			enum crypto_hash hash)
{
	EVP_PKEY_CTX *pctx;

	if (EVP_DigestVerifyInit(ctx, &pctx, md_of(hash), NULL, key) != 1)
		return false;
	if (scheme == CRYPTO_RSASSA)
		return EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PADDING) == 1;
	if (scheme == CRYPTO_RSAPSS)
		return EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, md_of(hash)) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	return true;
}

static bool verify_by(EVP_PKEY *key, enum crypto_scheme scheme, enum crypto_hash hash,
		      const struct bytes *part, size_t nr, struct bytes sig)
{
	uint8_t der[ECDSA_DER_MAX];
	EVP_MD_CTX *ctx;
	int len = 0;
	bool ok;

	if (!key_fits(key, scheme, sig)) {
		ERR_clear_error();
		return false;
	}
	if (scheme == CRYPTO_ECDSA) {
		len = ecdsa_der_encode(sig.data, sig.len / 2, der);
		if (len < 0)
			return false;
		sig = (struct bytes) { der, (size_t)len };
	}
	ctx = have(EVP_MD_CTX_new());
	ok = verify_init(ctx, key, scheme, hash);
	for (size_t i = 0; ok && i < nr; i++)
		ok = EVP_DigestVerifyUpdate(ctx, part[i].data, part[i].len) == 1;
	ok = ok && EVP_DigestVerifyFinal(ctx, sig.data, sig.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

bool crypto_verify(const struct crypto_cert *cert, enum crypto_scheme scheme,
		   enum crypto_hash hash, const struct bytes *part, size_t nr, struct bytes sig)
{
	return verify_by(X509_get0_pubkey(cert->x509), scheme, hash, part, nr, sig);
}

/* ---- keys without a certificate ---- */

struct crypto_key {
	EVP_PKEY *pkey;
};

/* Takes over @pkey. */
static struct crypto_key *new_key(EVP_PKEY *pkey)
{
	struct crypto_key *key;

	ERR_clear_error();
	if (!pkey)
		return NULL;
	key = util_grow(NULL, 1, sizeof(*key));
	key->pkey = pkey;
	return key;
}

/* Takes over @build; the library refuses a point that is not on the curve. */
static struct crypto_key *key_from(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = have(OSSL_PARAM_BLD_to_param(build));
	EVP_PKEY_CTX *ctx = have(EVP_PKEY_CTX_new_from_name(NULL, type, NULL));
	EVP_PKEY *pkey = NULL;

	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return new_key(pkey);
}

struct crypto_key *crypto_key_ec(unsigned int bits, struct bytes x, struct bytes y)
{
	static const char * const names[] = { "prime256v1", "secp384r1", "secp521r1" };
	uint8_t point[1 + ECDSA_RAW_MAX] = { 4 };
	size_t width = (bits + 7) / 8, c = 0;
	OSSL_PARAM_BLD *build;

	while (c < sizeof(curves) / sizeof(curves[0]) && curves[c].bits != bits)
		c++;
	if (c == sizeof(curves) / sizeof(curves[0]) || x.len > width || y.len > width)
		return NULL;
	if (x.len)
		memcpy(point + 1 + width - x.len, x.data, x.len);
	if (y.len)
		memcpy(point + 1 + 2 * width - y.len, y.data, y.len);
	build = have(OSSL_PARAM_BLD_new());
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, names[c], 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * width);
	return key_from("EC", build);
}

struct crypto_key *crypto_key_rsa(struct bytes modulus, uint32_t exponent)
{
	struct crypto_key *key;
	OSSL_PARAM_BLD *build;
	BIGNUM *n;

	if (modulus.len < 256 || modulus.len > 512)
		return NULL;
	n = have(BN_bin2bn(modulus.data, (int)modulus.len, NULL));
	build = have(OSSL_PARAM_BLD_new());
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, exponent);
	key = key_from("RSA", build);
	BN_free(n);
	return key;
}

struct crypto_key *crypto_key_parse(struct bytes file)
{
	const unsigned char *p = file.data;
	EVP_PKEY *pkey = NULL;
	X509 *x509 = NULL;
	BIO *bio;

	if (!file.len || file.len > DER_MAX)
		return NULL;
	bio = have(BIO_new_mem_buf(file.data, (int)file.len));
	if (file.data[0] == '-') {
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
		if (!pkey && BIO_reset(bio) >= 0)
			x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	} else {
		pkey = d2i_PUBKEY(NULL, &p, (long)file.len);
		p = file.data;
		if (!pkey)
			x509 = d2i_X509(NULL, &p, (long)file.len);
	}
	if (x509)
		pkey = X509_get_pubkey(x509);
	X509_free(x509);
	BIO_free(bio);
	return new_key(pkey);
}

void crypto_key_free(struct crypto_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

bool crypto_key_equal(const struct crypto_key *a, const struct crypto_key *b)
{
	bool equal = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

	ERR_clear_error();
	return equal;
}

bool crypto_key_sha256(const struct crypto_key *key, uint8_t ret[32])
{
	uint8_t digest[CRYPTO_HASH_MAX];
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);
	struct bytes part = { der, len > 0 ? (size_t)len : 0 };
	bool ok = len > 0 && crypto_digest(CRYPTO_SHA256, &part, 1, digest);

	if (ok)
		memcpy(ret, digest, 32);
	OPENSSL_free(der);
	ERR_clear_error();
	return ok;
}

bool crypto_key_verify(const struct crypto_key *key, enum crypto_scheme scheme,
		       enum crypto_hash hash, struct bytes signed_bytes, struct bytes sig)
{
	return verify_by(key->pkey, scheme, hash, &signed_bytes, 1, sig);
}

/* ---- detached signatures ---- */

/* Nothing from the message helps to find its signer; whether it is trusted is asked before. */
#define CMS_FLAGS	(CMS_BINARY | CMS_NOINTERN | CMS_NOCRL | CMS_NO_SIGNER_CERT_VERIFY)

/* One signer, of data: how else could it be said who signed, and what? */
static CMS_SignerInfo *only_signer(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

	return sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
}

static enum crypto_cms cms_form(struct bytes der, CMS_ContentInfo **ret, char *found, size_t size)
{
	const unsigned char *p = der.data;
	ASN1_OCTET_STRING **content;
	CMS_ContentInfo *cms;

	util_format(found, size, "no DER of a CMS structure and nothing else (%zu bytes)", der.len);
	if (!der.len || der.len > DER_MAX)
		return CRYPTO_CMS_MALFORMED;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
	*ret = cms;
	if (!cms || p != der.data + der.len)
		return CRYPTO_CMS_MALFORMED;
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		util_format(found, size, "CMS, but no SignedData");
		return CRYPTO_CMS_MALFORMED;
	}
	content = CMS_get0_content(cms);
	if (!content || OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
		util_format(found, size, "a signature of something that is no data");
		return CRYPTO_CMS_MALFORMED;
	}
	if (*content) {
		util_format(found, size, "a signature with %d bytes of content in it",
			    ASN1_STRING_length(*content));
		return CRYPTO_CMS_ATTACHED;
	}
	if (!only_signer(cms)) {
		util_format(found, size, "%d signers",
			    sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)));
		return CRYPTO_CMS_MALFORMED;
	}
	return CRYPTO_CMS_GOOD;
}

static const struct crypto_cert *cms_signer(CMS_SignerInfo *info,
					    struct crypto_cert *const *pinned, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!CMS_SignerInfo_cert_cmp(info, pinned[i]->x509))
			return pinned[i];
	return NULL;
}

static void cms_signer_name(CMS_SignerInfo *info, char *found, size_t size)
{
	char issuer[CRYPTO_NAME_SIZE] = "";
	X509_NAME *name = NULL;

	if (CMS_SignerInfo_get0_signer_id(info, NULL, &name, NULL) == 1 && name)
		name_text(name, issuer);
	util_format(found, size, "a signer whose certificate %s%s", issuer[0] ? "was issued by " :
		    "is named by its key identifier", issuer);
}

static enum crypto_cms cms_cert(const struct crypto_cert *signer, time_t at, char *found,
				size_t size)
{
	struct crypto_cert_info info;

	crypto_cert_info(signer, &info);
	if (info.has_ku && !(info.ku & CRYPTO_KU_DIGITAL_SIGNATURE)) {
		util_format(found, size, "a key that may not sign, by its certificate");
		return CRYPTO_CMS_CERT;
	}
	if (info.bad_extension) {
		util_format(found, size, "a malformed extension in its certificate");
		return CRYPTO_CMS_CERT;
	}
	if (!info.time_ok || at < info.not_before || at > info.not_after) {
		util_format(found, size, "a certificate that %s",
			    !info.time_ok ? "has no readable validity" :
			    at < info.not_before ? "is not valid yet" : "has expired");
		return CRYPTO_CMS_TIME;
	}
	if (info.key == CRYPTO_KEY_OTHER) {
		util_format(found, size, "a key of kind %s", info.key_name);
		return CRYPTO_CMS_ALGORITHM;
	}
	return CRYPTO_CMS_GOOD;
}

static enum crypto_cms cms_algorithms(CMS_SignerInfo *info, char *found, size_t size)
{
	static const int digests[] = { NID_sha256, NID_sha384, NID_sha512 };
	X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *alg;
	char name[64];

	CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&alg, NULL, NULL, digest);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (OBJ_obj2nid(alg) == digests[i])
			return CRYPTO_CMS_GOOD;
	object_name(alg, name, sizeof(name));
	util_format(found, size, "a digest by %s", name);
	return CRYPTO_CMS_ALGORITHM;
}

/*
 * The signer is trusted for being pinned, whoever issued its certificate; and nothing
 * that the message brings along has a part in that.
 */
static enum crypto_cms cms_trusted(const struct crypto_cert *signer, time_t at, char *found,
				   size_t size)
{
	X509_STORE *store = have(X509_STORE_new());
	X509_STORE_CTX *ctx = have(X509_STORE_CTX_new());
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	int err = X509_V_ERR_UNSPECIFIED;

	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(param, at);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_STORE_add_cert(store, signer->x509) == 1 &&
	    X509_STORE_CTX_init(ctx, store, signer->x509, NULL) == 1)
		err = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	if (err == X509_V_OK)
		return CRYPTO_CMS_GOOD;
	util_format(found, size, "%s", X509_verify_cert_error_string(err));
	return CRYPTO_CMS_CERT;
}

static enum crypto_cms cms_signature(CMS_ContentInfo *cms, struct bytes content,
				     const struct crypto_cert *signer, char *found, size_t size)
{
	STACK_OF(X509) *certs = have(sk_X509_new_null());
	BIO *bio = have(BIO_new_mem_buf(content.data, (int)content.len));
	const char *why;
	bool ok;

	have(sk_X509_push(certs, signer->x509) ? certs : NULL);
	ok = CMS_verify(cms, certs, NULL, bio, NULL, CMS_FLAGS) == 1;
	why = ERR_reason_error_string(ERR_peek_last_error());
	if (!ok)
		util_format(found, size, "%s", why ? why : "none");
	BIO_free(bio);
	sk_X509_free(certs);
	return ok ? CRYPTO_CMS_GOOD : CRYPTO_CMS_SIGNATURE;
}

static enum crypto_cms cms_by(CMS_ContentInfo *cms, struct bytes content,
			      struct crypto_cert *const *pinned, size_t nr, time_t at,
			      const struct crypto_cert **ret_signer, char *found, size_t size)
{
	CMS_SignerInfo *info = only_signer(cms);
	const struct crypto_cert *signer = cms_signer(info, pinned, nr);
	enum crypto_cms end;

	if (!signer) {
		cms_signer_name(info, found, size);
		return CRYPTO_CMS_SIGNER;
	}
	*ret_signer = signer;
	end = cms_cert(signer, at, found, size);
	if (end == CRYPTO_CMS_GOOD)
		end = cms_algorithms(info, found, size);
	if (end == CRYPTO_CMS_GOOD)
		end = cms_trusted(signer, at, found, size);
	if (end == CRYPTO_CMS_GOOD)
		end = cms_signature(cms, content, signer, found, size);
	return end;
}

enum crypto_cms crypto_cms_verify(struct bytes der, struct bytes content,
				  struct crypto_cert *const *pinned, size_t nr, time_t at,
				  const struct crypto_cert **ret_signer,
				  char *found, size_t size)
{
	CMS_ContentInfo *cms = NULL;
	enum crypto_cms end;

	*ret_signer = NULL;
	if (content.len > INT_MAX) {
		util_format(found, size, "too much content");
		return CRYPTO_CMS_MALFORMED;
	}
	end = cms_form(der, &cms, found, size);
	if (end == CRYPTO_CMS_GOOD)
		end = cms_by(cms, content, pinned, nr, at, ret_signer, found, size);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return end;
}

/* ---- chains ---- */

struct crypto_trust *crypto_trust_new(void)
{
	struct crypto_trust *trust = util_grow(NULL, 1, sizeof(*trust));

	*trust = (struct crypto_trust) { .store = have(X509_STORE_new()) };
	return trust;
}

void crypto_trust_free(struct crypto_trust *trust)
{
	if (!trust)
		return;
	for (size_t i = 0; i < trust->nr; i++)
		crypto_cert_free(trust->anchor[i]);
	free(trust->anchor);
	X509_STORE_free(trust->store);
	free(trust);
}

void crypto_trust_anchor(struct crypto_trust *trust, const struct crypto_cert *cert)
{
	struct crypto_cert *anchor = crypto_cert_ref((struct crypto_cert *)cert);

	trust->anchor = util_grow(trust->anchor, trust->nr + 1, sizeof(*trust->anchor));
	trust->anchor[trust->nr++] = anchor;
	/* The same one twice is no error. */
	if (X509_STORE_add_cert(trust->store, anchor->x509) != 1)
		have(NULL);
}

bool crypto_trust_crl(struct crypto_trust *trust, struct bytes der)
{
	const unsigned char *p = der.data;
	X509_CRL *crl = NULL;
	bool ok;

	if (der.len && der.len <= BLOB_MAX)
		crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	ok = crl && p == der.data + der.len && X509_STORE_add_crl(trust->store, crl) == 1;
	X509_CRL_free(crl);
	ERR_clear_error();
	trust->has_crl |= ok;
	return ok;
}

/* What the callback needs; it gets at it through the context's application data. */
struct walk {
	bool (*handled)(struct bytes oid);
	void (*problem)(void *ctx, enum crypto_problem kind, size_t depth, const char *text);
	void *ctx;
	bool bad;
};

static enum crypto_problem problem_of(int err)
{
	switch (err) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CRYPTO_BAD_ANCHOR;
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
		return CRYPTO_BAD_KEY;
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
		return CRYPTO_BAD_SIGNATURE;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return CRYPTO_BAD_TIME;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		return CRYPTO_BAD_CA;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
	case X509_V_ERR_INVALID_EXTENSION:
		return CRYPTO_BAD_EXTENSION;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return CRYPTO_BAD_ALGORITHM;
	case X509_V_ERR_CERT_REVOKED:
		return CRYPTO_REVOKED;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return CRYPTO_NO_CRL;
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
	case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
	case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		return CRYPTO_BAD_CRL;
	default:
		return CRYPTO_BAD_PATH;
	}
}

/* The first critical extension that is neither the library's nor the caller's business. */
static bool unhandled(X509 *x509, bool (*handled)(struct bytes oid), char *ret, size_t size)
{
	int nr = X509_get_ext_count(x509);

	for (int i = 0; i < nr; i++) {
		X509_EXTENSION *ext = X509_get_ext(x509, i);
		const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);

		if (!X509_EXTENSION_get_critical(ext) || X509_supported_extension(ext) ||
		    handled(object_bytes(oid)))
			continue;
		OBJ_obj2txt(ret, (int)size, oid, 1);
		return true;
	}
	return false;
}

static int on_problem(int ok, X509_STORE_CTX *ctx)
{
	struct walk *walk = X509_STORE_CTX_get_app_data(ctx);
	int err = X509_STORE_CTX_get_error(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	enum crypto_problem kind;
	char oid[64] = "";

	if (ok)
		return 1;
	kind = problem_of(err);
	if (err == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION) {
		X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);

		if (x509 && !unhandled(x509, walk->handled, oid, sizeof(oid)))
			return 1;
	}
	if (kind != CRYPTO_NO_CRL)
		walk->bad = true;
	walk->problem(walk->ctx, kind, depth < 0 ? 0 : (size_t)depth,
		      oid[0] ? oid : X509_verify_cert_error_string(err));
	/* Go on, to collect what else is wrong; what was found stays found. */
	return 1;
}

static bool in_trust(const struct crypto_trust *trust, X509 *x509, const struct crypto_cert **ret)
{
	for (size_t i = 0; i < trust->nr; i++) {
		if (!X509_cmp(trust->anchor[i]->x509, x509)) {
			*ret = trust->anchor[i];
			return true;
		}
	}
	return false;
}

static void path_of(const struct crypto_trust *trust, STACK_OF(X509) *path,
		    struct crypto_cert *const *chain, size_t nr, struct crypto_path *ret)
{
	size_t len = path ? (size_t)sk_X509_num(path) : 0;

	*ret = (struct crypto_path) { .nr = len, .follows = len > 0 };
	if (!len)
		return;
	in_trust(trust, sk_X509_value(path, (int)len - 1), &ret->anchor);
	for (size_t i = 0; i < len && i < nr; i++) {
		/* A root may be there twice, once signed by itself and once by another. */
		if (i && i == len - 1 && ret->anchor)
			break;
		if (X509_cmp(sk_X509_value(path, (int)i), chain[i]->x509))
			ret->follows = false;
	}
	/* Without an anchor there is nothing that may stand for what is left out. */
	if (len < nr && !ret->anchor)
		ret->follows = false;
}

static void set_params(X509_VERIFY_PARAM *param, const struct crypto_trust *trust, time_t at)
{
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	if (trust->has_crl)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_time(param, at);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
}

bool crypto_chain_verify(struct crypto_trust *trust, struct crypto_cert *const *chain, size_t nr,
			 time_t at, bool (*handled)(struct bytes oid),
			 void (*problem)(void *ctx, enum crypto_problem kind, size_t depth,
					 const char *text),
			 void *ctx, struct crypto_path *ret)
{
	struct walk walk = { handled, problem, ctx, false };
	X509_STORE_CTX *store_ctx = have(X509_STORE_CTX_new());
	STACK_OF(X509) *sent = have(sk_X509_new_null());
	bool ok;

	for (size_t i = 1; i < nr; i++)
		if (!sk_X509_push(sent, chain[i]->x509))
			have(NULL);
	if (X509_STORE_CTX_init(store_ctx, trust->store, chain[0]->x509, sent) != 1)
		have(NULL);
	set_params(X509_STORE_CTX_get0_param(store_ctx), trust, at);
	X509_STORE_CTX_set_app_data(store_ctx, &walk);
	X509_STORE_CTX_set_verify_cb(store_ctx, on_problem);
	ok = X509_verify_cert(store_ctx) == 1;
	path_of(trust, X509_STORE_CTX_get0_chain(store_ctx), chain, nr, ret);
	/* The callback lets everything pass; a refusal came from further down. */
	if (!ok && !walk.bad)
		problem(ctx, CRYPTO_BAD_PATH, 0,
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(store_ctx)));
	if (ok && !walk.bad && !ret->anchor) {
		problem(ctx, CRYPTO_BAD_ANCHOR, ret->nr ? ret->nr - 1 : 0, "no trust anchor");
		ok = false;
	}
	sk_X509_free(sent);
	X509_STORE_CTX_free(store_ctx);
	ERR_clear_error();
	return ok && !walk.bad;
}
