// SPDX-License-Identifier: GPL-2.0
/*
 * Identity: who signed the measurements, and does anybody vouch for him.
 *
 * The kernel's own keys do it. Anchors are certificates that root put into the
 * key ring ".tdi-anchors"; a device's chain is linked, root's side first, into a
 * throw-away ring that takes only what an anchor or an earlier certificate of
 * the chain signed. What stock kernels cannot do (validity dates, name
 * constraints, revocation lists, RSASSA-PSS) is a verifier's in user space, whose
 * approval names the generation (Documentation/evidence.rst).
 */
#include <crypto/hash.h>
#include <crypto/public_key.h>
#include <crypto/utils.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/key.h>
#include <linux/slab.h>

#include "../include/tdisp/compare.h"
#include "../include/tdisp/ecdsa_der.h"
#include "../include/tdisp/spdm_certs.h"
#include "../include/tdisp/spdm_meas.h"
#include "../include/tdisp/spdm_vca.h"
#include "internal.h"

/*
 * A leading dot keeps a ring from being joined as somebody's session key ring,
 * which would make it his. Chains are nobody's but ours.
 */
#define ANCHORS		".tdi-anchors"
#define CHAIN		".tdi-chain"
#define ANCHORS_PERM	(KEY_POS_SEARCH | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH | \
			 KEY_USR_WRITE)
#define CHAIN_PERM	KEY_POS_ALL

static struct key *anchors;

/* The algorithms of SPDM's lists in the words of the kernel's crypto. */
static const struct {
	u32 sel;
	const char *pkey;	/* struct public_key::pkey_algo */
	const char *encoding;
	size_t width;		/* ECDSA: bytes of one number */
} asyms[] = {
	{ SPDM_ASYM_ECDSA_P256, "ecdsa-nist-p256", "x962", 32 },
	{ SPDM_ASYM_ECDSA_P384, "ecdsa-nist-p384", "x962", 48 },
	{ SPDM_ASYM_ECDSA_P521, "ecdsa-nist-p521", "x962", 66 },
	{ SPDM_ASYM_RSASSA_2048, "rsa", "pkcs1", 0 },
	{ SPDM_ASYM_RSASSA_3072, "rsa", "pkcs1", 0 },
	{ SPDM_ASYM_RSASSA_4096, "rsa", "pkcs1", 0 },
};

static const struct {
	u32 sel;
	const char *name;
} hashes[] = {
	{ SPDM_HASH_SHA_256, "sha256" },
	{ SPDM_HASH_SHA_384, "sha384" },
	{ SPDM_HASH_SHA_512, "sha512" },
};

DEFINE_FREE(tdi_key, struct key *, if (!IS_ERR_OR_NULL(_T)) key_put(_T))
DEFINE_FREE(tdi_shash, struct crypto_shash *, if (!IS_ERR_OR_NULL(_T)) crypto_free_shash(_T))

/* Malformed: refuse. Unknown to this kernel: not verified, and say why. */
static int explain(struct tdi *tdi, const char *object, const struct tdisp_why *why, int err)
{
	tdi_reason(tdi, "%s: %s at byte %zu: expected %#llx, found %#llx", object, why->check,
		   why->offset, why->expected, why->found);
	return err == -EOPNOTSUPP ? -ENOPKG : -EBADMSG;
}

/* A ring that nobody else sees. */
static struct key *new_ring(void)
{
	return keyring_alloc(CHAIN, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
			     CHAIN_PERM, KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
}

/*
 * Makes a key of each certificate and links it into @ring, which may refuse.
 * Returns the last one, the leaf's, or ERR_PTR.
 */
static struct key *link_chain(struct key *ring, const u8 *buf, const struct spdm_certs *certs)
{
	key_ref_t ref = NULL;
	u32 i;

	for (i = 0; i < certs->nr; i++) {
		if (ref)
			key_ref_put(ref);
		ref = key_create_or_update(make_key_ref(ring, true), "asymmetric", NULL,
					   buf + certs->cert[i].offset, certs->cert[i].len,
					   CHAIN_PERM, KEY_ALLOC_NOT_IN_QUOTA);
		if (IS_ERR(ref))
			return ERR_CAST(ref);
	}
	return key_ref_to_ptr(ref);
}

/* An algorithm that is missing is this kernel's fault, all else the certificate's. */
static int unreadable(struct tdi *tdi, u32 i, long err)
{
	tdi_reason(tdi, "certificate %u: expected one that this kernel reads, found error %ld",
		   i, err);
	return err == -ENOPKG || err == -ENOMEM ? err : -EBADMSG;
}

/*
 * A certificate may sign others only if it says so, and the leaf may sign
 * messages only if it says so (DSP0274 1.2, 10.6.1). The ring does not look.
 */
static bool usage_fits(const struct public_key *pk, bool leaf)
{
	unsigned long issuer = BIT(KEY_EFLAG_CA) | BIT(KEY_EFLAG_KEYCERTSIGN);

	if (!leaf)
		return (pk->key_eflags & issuer) == issuer;
	return (pk->key_eflags & BIT(KEY_EFLAG_DIGITALSIG)) &&
	       !(pk->key_eflags & BIT(KEY_EFLAG_CA));
}

static int check_usage(struct tdi *tdi, const u8 *buf, const struct spdm_certs *certs)
{
	u32 i;

	for (i = 0; i < certs->nr; i++) {
		bool leaf = i == certs->nr - 1;
		const struct public_key *pk;
		struct spdm_certs one = { .nr = 1, .cert[0] = certs->cert[i] };

		struct key *ring __free(tdi_key) = new_ring();
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		struct key *key __free(tdi_key) = link_chain(ring, buf, &one);
		if (IS_ERR(key))
			return unreadable(tdi, i, PTR_ERR(key));
		pk = key->payload.data[asym_crypto];
		if (usage_fits(pk, leaf))
			continue;
		tdi_reason(tdi, "certificate %u: key usage: expected %s, found flags %#lx",
			   i, leaf ? "digitalSignature and no CA" : "CA and keyCertSign",
			   pk->key_eflags);
		return -EKEYREJECTED;
	}
	return 0;
}

/* hash(@first || @second), either may be empty */
static int hash_two(struct crypto_shash *tfm, const void *first, size_t first_len,
		    const void *second, size_t second_len, u8 *ret)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	if (!err && first_len)
		err = crypto_shash_update(desc, first, first_len);
	if (!err)
		err = crypto_shash_finup(desc, second, second_len, ret);
	shash_desc_zero(desc);
	return err;
}

/* What was signed, DSP0274 1.2 section 15: from 1.2 on prefix || hash(log). */
static int hash_signed(struct crypto_shash *tfm, const struct tdi_evidence *ev,
		       const struct spdm_meas *meas, const struct spdm_vca *vca, u8 *ret)
{
	const void *log = ev->blob[TDI_OBJ_MEASUREMENTS].data;
	const void *vca_bytes = ev->blob[TDI_OBJ_VCA].data;
	u8 prefix[SPDM_SIGN_PREFIX_SIZE];
	size_t prefix_len = spdm_meas_sign_prefix(meas->version, prefix);
	u8 inner[TDI_DIGEST_MAX];
	int err;

	if (!prefix_len)
		return hash_two(tfm, NULL, 0, log, meas->signed_len, ret);
	err = hash_two(tfm, vca_bytes, vca->len, log, meas->signed_len, inner);
	if (err)
		return err;
	return hash_two(tfm, prefix, prefix_len, inner, crypto_shash_digestsize(tfm), ret);
}

static int verify_measurements(struct tdi *tdi, const struct tdi_evidence *ev,
			       const struct spdm_meas *meas, const struct spdm_vca *vca,
			       const struct key *leaf)
{
	const struct public_key *pk = leaf->payload.data[asym_crypto];
	const u8 *raw = ev->blob[TDI_OBJ_MEASUREMENTS].data + meas->last.signature;
	u8 der[ECDSA_DER_MAX], digest[TDI_DIGEST_MAX];
	int a, h, ret;

	for (a = 0; a < ARRAY_SIZE(asyms) && asyms[a].sel != vca->base_asym; a++)
		;
	for (h = 0; h < ARRAY_SIZE(hashes) && hashes[h].sel != vca->base_hash; h++)
		;
	if (a == ARRAY_SIZE(asyms) || h == ARRAY_SIZE(hashes)) {
		tdi_reason(tdi, "signature algorithm: expected one that this kernel has, found %s",
			   spdm_asym(vca->base_asym)->name);
		return -ENOPKG;
	}
	if (strcmp(pk->pkey_algo, asyms[a].pkey)) {
		tdi_reason(tdi, "leaf's key: expected %s (VCA), found %s", asyms[a].pkey,
			   pk->pkey_algo);
		return -EKEYREJECTED;
	}

	struct crypto_shash *tfm __free(tdi_shash) = crypto_alloc_shash(hashes[h].name, 0, 0);
	if (IS_ERR(tfm))
		return -ENOPKG;
	ret = hash_signed(tfm, ev, meas, vca, digest);
	if (ret)
		return ret;

	struct public_key_signature sig = {
		.s		= (u8 *)raw,
		.s_size		= meas->signature_len,
		TDI_SIG_OF(digest, crypto_shash_digestsize(tfm)),
		.pkey_algo	= pk->pkey_algo,
		.hash_algo	= hashes[h].name,
		.encoding	= asyms[a].encoding,
	};
	if (asyms[a].width) {
		sig.s = der;
		sig.s_size = ecdsa_der_encode(raw, asyms[a].width, der);
	}
	ret = public_key_verify_signature(pk, &sig);
	if (ret == -ENOPKG || ret == -ENOENT) {
		tdi_reason(tdi, "signature algorithm: expected %s in this kernel, found none",
			   asyms[a].pkey);
		return -ENOPKG;
	}
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		tdi_reason(tdi, "measurement signature: expected the leaf's, found another");
		return -EKEYREJECTED;
	}
	return 0;
}

/* Is every certificate signed by an anchor, or by one before it that was? */
static int check_chain(struct tdi *tdi, const u8 *buf, const struct spdm_certs *certs)
{
	char restriction[48];
	int ret;

	struct key *ring __free(tdi_key) = new_ring();
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	scnprintf(restriction, sizeof(restriction), "key_or_keyring:%d:chain",
		  key_serial(anchors));
	ret = keyring_restrict(make_key_ref(ring, true), "asymmetric", restriction);
	if (ret)
		return ret;

	struct key *leaf __free(tdi_key) = link_chain(ring, buf, certs);
	if (IS_ERR(leaf)) {
		ret = PTR_ERR(leaf);
		tdi_reason(tdi, "certificate chain: expected an anchor in " ANCHORS ", found %pe",
			   leaf);
		/* Nobody vouches, or this kernel cannot tell; all else is wrong. */
		return ret == -ENOKEY || ret == -ENOPKG || ret == -ENOMEM ? ret : -EKEYREJECTED;
	}
	return 0;
}

/* The transcript answers our request, for the slot whose chain we have. */
static int check_request(struct tdi *tdi, const struct tdi_evidence *ev,
			 const struct spdm_meas *meas)
{
	const u8 *log = ev->blob[TDI_OBJ_MEASUREMENTS].data;

	if (crypto_memneq(log + meas->last.req_nonce, ev->nonce, TDI_NONCE_SIZE)) {
		tdi_reason(tdi, "measurement nonce: expected %*phN.., found %*phN..",
			   8, ev->nonce, 8, log + meas->last.req_nonce);
		return -ESTALE;
	}
	if (meas->last.slot) {
		tdi_reason(tdi, "measurement slot: expected 0, found %u", meas->last.slot);
		return -EBADMSG;
	}
	return 0;
}

/* The leaf's key, by itself: what it signed can be checked whoever vouches for it. */
static int check_leaf(struct tdi *tdi, const struct tdi_evidence *ev,
		      const struct spdm_certs *certs, const struct spdm_meas *meas,
		      const struct spdm_vca *vca)
{
	const struct spdm_certs last = { .nr = 1, .cert[0] = certs->cert[certs->nr - 1] };

	struct key *ring __free(tdi_key) = new_ring();
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	struct key *leaf __free(tdi_key) = link_chain(ring, ev->blob[TDI_OBJ_CERTS].data, &last);
	if (IS_ERR(leaf))
		return unreadable(tdi, certs->nr - 1, PTR_ERR(leaf));
	return verify_measurements(tdi, ev, meas, vca, leaf);
}

/* Parses the three objects; nothing of them is used before all three are sound. */
static int parse(struct tdi *tdi, const struct tdi_evidence *ev, struct spdm_certs *certs,
		 struct spdm_meas *meas, struct spdm_vca *vca)
{
	const struct tdi_blob *blob = ev->blob;
	const struct spdm_alg *asym, *hash;
	struct tdisp_why why = { };
	int ret;

	ret = spdm_vca_parse(blob[TDI_OBJ_VCA].data, blob[TDI_OBJ_VCA].len, 0, vca, &why);
	if (!ret)
		ret = spdm_vca_algorithms(vca, &asym, &hash, &why);
	if (ret)
		return explain(tdi, "VCA", &why, ret);
	ret = spdm_certs_parse(blob[TDI_OBJ_CERTS].data, blob[TDI_OBJ_CERTS].len, hash->size,
			       certs, &why);
	if (ret)
		return explain(tdi, "certificate chain", &why, ret);
	ret = spdm_meas_parse(blob[TDI_OBJ_MEASUREMENTS].data, blob[TDI_OBJ_MEASUREMENTS].len,
			      asym->size, meas, &why);
	if (!ret)
		ret = spdm_meas_match(blob[TDI_OBJ_MEASUREMENTS].data, meas, vca, &why);
	if (ret)
		return explain(tdi, "measurements", &why, ret);
	return 0;
}

/**
 * tdi_identity_check() - verify signature and chain of fresh evidence
 * @tdi: the TDI
 * @ev: evidence whose digests the TSM attested
 *
 * Sets @ev->identity. What is wrong is refused; what this kernel cannot judge,
 * or nobody vouches for, leaves the identity unverified, with the reason in
 * @ev->unverified.
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0; -EBADMSG malformed; -EKEYREJECTED a signature or a key's use is
 *	wrong; -ESTALE another nonce; -ENOMEM.
 */
int tdi_identity_check(struct tdi *tdi, struct tdi_evidence *ev)
{
	struct spdm_certs certs;
	struct spdm_meas meas;
	struct spdm_vca vca;
	int ret;

	ret = parse(tdi, ev, &certs, &meas, &vca);
	if (!ret)
		ret = check_request(tdi, ev, &meas);
	if (!ret)
		ret = check_leaf(tdi, ev, &certs, &meas, &vca);
	ev->is_signed = !ret;
	if (!ret)
		ret = check_usage(tdi, ev->blob[TDI_OBJ_CERTS].data, &certs);
	if (!ret)
		ret = check_chain(tdi, ev->blob[TDI_OBJ_CERTS].data, &certs);

	if (ret == -ENOPKG || ret == -ENOKEY) {
		ev->identity = TDI_IDENTITY_UNVERIFIED;
		strscpy(ev->unverified, tdi->reason);
		tdi->reason[0] = '\0';
		return 0;
	}
	if (!ret)
		ev->identity = TDI_IDENTITY_VERIFIED;
	return ret;
}

/**
 * tdi_identity_same() - do two generations measure the same?
 * @tdi: the TDI
 * @old: what was accepted
 * @ev: what came; both were verified
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0; -EKEYREJECTED a measurement differs.
 */
int tdi_identity_same(struct tdi *tdi, const struct tdi_evidence *old,
		      const struct tdi_evidence *ev)
{
	struct spdm_meas old_meas, new_meas;
	const struct spdm_meas_in a = { old->blob[TDI_OBJ_MEASUREMENTS].data, &old_meas };
	const struct spdm_meas_in b = { ev->blob[TDI_OBJ_MEASUREMENTS].data, &new_meas };
	struct spdm_certs certs;
	struct tdisp_why why = { };
	struct spdm_vca vca;
	int ret;

	ret = parse(tdi, old, &certs, &old_meas, &vca) ?: parse(tdi, ev, &certs, &new_meas, &vca);
	if (ret)
		return -EKEYREJECTED;
	ret = spdm_meas_same(&a, &b, &why);
	if (ret)
		tdi_reason(tdi, "%s %u, byte %zu: expected %#llx, as before, found %#llx",
			   why.check, why.index, why.offset, why.expected, why.found);
	return ret;
}

/*
 * Who may add an anchor, and which: the ring's permissions only ask for a uid,
 * which root of a container has, too.
 */
static int restrict_anchor(struct key *ring, const struct key_type *type,
			   const union key_payload *payload, struct key *unused)
{
	const struct public_key *pk;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (type != &key_type_asymmetric)
		return -EOPNOTSUPP;
	pk = payload->data[asym_crypto];
	/* A device's own certificate vouches for nobody. */
	return pk && usage_fits(pk, false) ? 0 : -EKEYREJECTED;
}

/**
 * tdi_identity_init() - make the key ring of trust anchors
 *
 * Whoever has CAP_SYS_ADMIN may add CA certificates to it:
 * keyctl padd asymmetric "" %keyring:.tdi-anchors < CA.der
 *
 * Return: 0, -ENOMEM or the error of keyring_alloc().
 */
int tdi_identity_init(void)
{
	struct key_restriction *restriction = kzalloc(sizeof(*restriction), GFP_KERNEL);

	if (!restriction)
		return -ENOMEM;
	restriction->check = restrict_anchor;
	anchors = keyring_alloc(ANCHORS, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
				ANCHORS_PERM, KEY_ALLOC_NOT_IN_QUOTA, restriction, NULL);
	if (IS_ERR(anchors))
		kfree(restriction);
	return PTR_ERR_OR_ZERO(anchors);
}

void tdi_identity_exit(void)
{
	key_revoke(anchors);
	key_put(anchors);
}
