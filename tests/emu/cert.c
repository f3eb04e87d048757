// SPDX-License-Identifier: GPL-2.0
/*
 * A device vendor's certificates: root, intermediate, and a leaf for each
 * function, all ECDSA P-384, new at each start (but the root, if it is kept). Leafs carry what CMA asks for
 * (PCIe r6.1 6.31.3): the function's ids, and its serial number, in the
 * subject alternative name, so that a chain can be held against config space.
 */
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <linux/pci_regs.h>
#include <fcntl.h>
#include <unistd.h>

#include "emu.h"
#include "cert.h"

#define CERT_DAYS		365
/* DMTF: EKU of an SPDM responder. */
#define OID_SPDM_RESPONDER_AUTH	"1.3.6.1.4.1.412.274.3"
/* PCI-SIG: otherName of a CMA identity. */
#define OID_CMA_SAN		"2.23.147"

struct cert_chain {
	EVP_PKEY *root_key, *inter_key;
	X509 *root, *inter;
};

struct cert_leaf {
	EVP_PKEY *key;
	uint8_t *chain;
	size_t chain_len;
};

static void log_openssl(const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	emu_log("cert: %s: %s", what, text);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets. Not for keys: emu_random(). */
static bool set_serial(X509 *x)
{
	uint8_t raw[16];
	BIGNUM *bn;
	bool ok;

	emu_random(raw, sizeof(raw));
	raw[0] = (raw[0] & 0x7f) | 0x40;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return ok;
}

static bool set_validity(X509 *x)
{
	/* A guest's clock may run behind the host's, so start yesterday. */
	return X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), CERT_DAYS, 0, NULL);
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

struct ext_spec {
	int nid;
	const char *value;
};

static const struct ext_spec ca_exts[] = {
	{ NID_basic_constraints, "critical,CA:TRUE" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

static const struct ext_spec leaf_exts[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, OID_SPDM_RESPONDER_AUTH },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

/* issuer NULL: self-signed. san: text of the CMA otherName, or NULL. */
static X509 *make_cert(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
		       const struct ext_spec *exts, const char *san)
{
	X509 *x = X509_new();
	X509_NAME *subject;
	char value[160];

	if (!x)
		goto fail;
	subject = X509_get_subject_name(x);
	if (!X509_set_version(x, X509_VERSION_3) || !set_serial(x) || !set_validity(x) ||
	    !X509_set_pubkey(x, key) ||
	    !X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
					(const uint8_t *)"tdisp-emu (emulated)", -1, -1, 0) ||
	    !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					(const uint8_t *)name, -1, -1, 0) ||
	    !X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject))
		goto fail;
	for (; exts->nid; exts++) {
		if (!add_extension(x, issuer ? issuer : x, exts->nid, exts->value))
			goto fail;
	}
	if (san) {
		snprintf(value, sizeof(value), "otherName:%s;UTF8:%s", OID_CMA_SAN, san);
		if (!add_extension(x, issuer, NID_subject_alt_name, value))
			goto fail;
	}
	if (!X509_sign(x, issuer_key, EVP_sha384()))
		goto fail;
	return x;
fail:
	log_openssl(name);
	X509_free(x);
	return NULL;
}

void cert_destroy_ca(struct cert_chain *c)
{
	if (!c)
		return;
	X509_free(c->inter);
	X509_free(c->root);
	EVP_PKEY_free(c->inter_key);
	EVP_PKEY_free(c->root_key);
	free(c);
}

/* Key and certificate of a root that was kept; false if there is none that is whole. */
static bool read_root(struct cert_chain *c, const char *path)
{
	FILE *in = fopen(path, "r");

	if (!in)
		return false;
	c->root_key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
	c->root = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	return c->root_key && c->root && X509_check_private_key(c->root, c->root_key) == 1;
}

static bool make_root(struct cert_chain *c)
{
	c->root_key = EVP_EC_gen("P-384");
	if (c->root_key)
		c->root = make_cert(c->root_key, "tdisp-emu root", NULL, c->root_key,
				    ca_exts, NULL);
	return c->root;
}

static bool keep_root(const struct cert_chain *c, const char *path)
{
	FILE *out = fopen(path, "wx");
	bool ok;

	if (!out)
		return false;
	ok = PEM_write_PrivateKey(out, c->root_key, NULL, NULL, 0, NULL, NULL) &&
	     PEM_write_X509(out, c->root);
	return !fclose(out) && ok;
}

static bool get_root(struct cert_chain *c, const char *keep)
{
	if (!keep || access(keep, F_OK))
		return make_root(c) && (!keep || keep_root(c, keep));
	return read_root(c, keep);
}

struct cert_chain *cert_create_ca(const char *keep)
{
	struct cert_chain *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->inter_key = EVP_EC_gen("P-384");
	if (c->inter_key && !get_root(c, keep)) {
		log_openssl(keep ? keep : "root");
		cert_destroy_ca(c);
		return NULL;
	}
	if (c->root)
		c->inter = make_cert(c->inter_key, "tdisp-emu intermediate", c->root,
				     c->root_key, ca_exts, NULL);
	if (!c->inter) {
		cert_destroy_ca(c);
		return NULL;
	}
	return c;
}

int cert_write_root(const struct cert_chain *c, const char *dir)
{
	char path[4096], part[4096 + 8];
	FILE *out;
	int ok;

	if (snprintf(path, sizeof(path), "%s/root-ca.pem", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	snprintf(part, sizeof(part), "%s.part", path);
	out = fopen(part, "w");
	if (!out)
		return -errno;
	ok = PEM_write_X509(out, c->root);
	if (fclose(out) || !ok || rename(part, path)) {
		unlink(part);
		return -EIO;
	}
	return 0;
}

/* The device serial number extended capability's two dwords. */
static bool serial_number(const struct func *f, uint64_t *ret)
{
	unsigned int at = PCI_CFG_SPACE_SIZE, hops = 0;
	uint32_t hdr;

	while (at && hops++ < 64) {
		hdr = get_unaligned_le32(f->cfg + at);
		if (PCI_EXT_CAP_ID(hdr) == PCI_EXT_CAP_ID_DSN) {
			*ret = get_unaligned_le64(f->cfg + at + 4);
			return true;
		}
		at = PCI_EXT_CAP_NEXT(hdr);
	}
	return false;
}

/* The exact text of PCIe r6.1 6.31.3 for a type 0 header. */
static void cma_identity(const struct func *f, char *out, size_t size)
{
	const uint8_t *cfg = f->cfg;
	uint64_t dsn;
	int n;

	n = snprintf(out, size,
		     "Vendor=%04x:Device=%04x:CC=%06x:REV=%02x:SSVID=%04x:SSID=%04x",
		     get_unaligned_le16(cfg + PCI_VENDOR_ID),
		     get_unaligned_le16(cfg + PCI_DEVICE_ID),
		     get_unaligned_le32(cfg + PCI_CLASS_REVISION) >> 8,
		     cfg[PCI_REVISION_ID],
		     get_unaligned_le16(cfg + PCI_SUBSYSTEM_VENDOR_ID),
		     get_unaligned_le16(cfg + PCI_SUBSYSTEM_ID));
	if (serial_number(f, &dsn))
		snprintf(out + n, size - n, ":%016llx", (unsigned long long)dsn);
}

/* Header, hash of the root, root, intermediate, leaf. */
static bool build_chain(struct cert_leaf *l, X509 *certs[3])
{
	struct spdm_cert_chain *hdr;
	size_t len[3], total = sizeof(*hdr) + SHA384_SIZE;
	uint8_t *p;
	int i;

	for (i = 0; i < 3; i++) {
		int n = i2d_X509(certs[i], NULL);

		if (n <= 0)
			return false;
		len[i] = n;
		total += n;
	}
	if (total > UINT16_MAX)
		return false;
	l->chain = calloc(1, total);
	if (!l->chain)
		return false;
	l->chain_len = total;
	hdr = (struct spdm_cert_chain *)l->chain;
	hdr->length = htole16(total);
	p = hdr->root_hash + SHA384_SIZE;
	for (i = 0; i < 3; i++)
		i2d_X509(certs[i], &p);
	sha384(hdr->root_hash + SHA384_SIZE, len[0], hdr->root_hash);
	return true;
}

void cert_leaf_destroy(struct cert_leaf *l)
{
	if (!l)
		return;
	EVP_PKEY_free(l->key);
	free(l->chain);
	free(l);
}

struct cert_leaf *cert_leaf_create(struct cert_chain *c, const struct func *f)
{
	struct cert_leaf *l = calloc(1, sizeof(*l));
	X509 *certs[3] = { c->root, c->inter, NULL };
	char san[128], name[48];
	bool ok = false;

	if (!l)
		return NULL;
	cma_identity(f, san, sizeof(san));
	snprintf(name, sizeof(name), "tdisp-emu %s", f->name);
	l->key = EVP_EC_gen("P-384");
	if (l->key)
		certs[2] = make_cert(l->key, name, c->inter, c->inter_key, leaf_exts, san);
	if (certs[2])
		ok = build_chain(l, certs);
	X509_free(certs[2]);
	if (!ok) {
		cert_leaf_destroy(l);
		return NULL;
	}
	return l;
}

const uint8_t *cert_leaf_chain(const struct cert_leaf *l, size_t *ret_len)
{
	*ret_len = l->chain_len;
	return l->chain;
}

int cert_leaf_sign(const struct cert_leaf *l, const void *msg, size_t len,
		   uint8_t sig[ECDSA_P384_SIG_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const int half = ECDSA_P384_SIG_SIZE / 2;
	const uint8_t *p;
	ECDSA_SIG *rs = NULL;
	uint8_t der[160];
	size_t der_len = sizeof(der);
	int ret = -EIO;

	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, l->key) != 1 ||
	    EVP_DigestSign(ctx, der, &der_len, msg, len) != 1)
		goto out;
	p = der;
	rs = d2i_ECDSA_SIG(NULL, &p, der_len);
	if (rs && BN_bn2binpad(ECDSA_SIG_get0_r(rs), sig, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(rs), sig + half, half) == half)
		ret = 0;
out:
	if (ret)
		log_openssl("sign");
	ECDSA_SIG_free(rs);
	EVP_MD_CTX_free(ctx);
	return ret;
}

void sha384(const void *data, size_t len, uint8_t out[SHA384_SIZE])
{
	SHA384(data, len, out);
}
