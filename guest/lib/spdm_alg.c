// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SPDM's algorithms by the bit that selects them, DSP0274 1.3, 10.4 (1.4 for
 * the post-quantum ones). Also those that nothing here supports: a refusal names
 * what it refuses.
 */
#include "../include/tdisp/spdm_vca.h"

#define NAMED(n, k, s, b)	{ .name = (n), .kind = (k), .size = (s), .bits = (b) }
#define OTHER(n, s)		{ .name = (n), .kind = SPDM_ALG_OTHER, .size = (s), \
				  .unsupported = n " is not supported" }

/* Each table is indexed by the number of the bit. */

static const struct spdm_alg asym_algs[] = {
	NAMED("RSASSA 2048", SPDM_ALG_RSASSA, 256, 2048),
	NAMED("RSAPSS 2048", SPDM_ALG_RSAPSS, 256, 2048),
	NAMED("RSASSA 3072", SPDM_ALG_RSASSA, 384, 3072),
	NAMED("RSAPSS 3072", SPDM_ALG_RSAPSS, 384, 3072),
	NAMED("ECDSA P-256", SPDM_ALG_ECDSA, 64, 256),
	NAMED("RSASSA 4096", SPDM_ALG_RSASSA, 512, 4096),
	NAMED("RSAPSS 4096", SPDM_ALG_RSAPSS, 512, 4096),
	NAMED("ECDSA P-384", SPDM_ALG_ECDSA, 96, 384),
	NAMED("ECDSA P-521", SPDM_ALG_ECDSA, 132, 521),
	OTHER("SM2 P-256", 64),
	OTHER("Ed25519", 64),
	OTHER("Ed448", 114),
};

static const struct spdm_alg pqc_asym_algs[] = {
	OTHER("ML-DSA-44", 2420),
	OTHER("ML-DSA-65", 3309),
	OTHER("ML-DSA-87", 4627),
	OTHER("SLH-DSA-SHA2-128s", 7856),
	OTHER("SLH-DSA-SHAKE-128s", 7856),
	OTHER("SLH-DSA-SHA2-128f", 17088),
	OTHER("SLH-DSA-SHAKE-128f", 17088),
	OTHER("SLH-DSA-SHA2-192s", 16224),
	OTHER("SLH-DSA-SHAKE-192s", 16224),
	OTHER("SLH-DSA-SHA2-192f", 35664),
	OTHER("SLH-DSA-SHAKE-192f", 35664),
	OTHER("SLH-DSA-SHA2-256s", 29792),
	OTHER("SLH-DSA-SHAKE-256s", 29792),
	OTHER("SLH-DSA-SHA2-256f", 49856),
	OTHER("SLH-DSA-SHAKE-256f", 49856),
};

static const struct spdm_alg hash_algs[] = {
	NAMED("SHA-256", SPDM_ALG_SHA2, 32, 0),
	NAMED("SHA-384", SPDM_ALG_SHA2, 48, 0),
	NAMED("SHA-512", SPDM_ALG_SHA2, 64, 0),
	OTHER("SHA3-256", 32),
	OTHER("SHA3-384", 48),
	OTHER("SHA3-512", 64),
	OTHER("SM3", 32),
};

/* One bit up from hash_algs: the first says that nothing is hashed. */
static const struct spdm_alg no_hash = NAMED("none", SPDM_ALG_RAW, 0, 0);

static const char *const dhe_names[] = {
	"ffdhe2048", "ffdhe3072", "ffdhe4096", "secp256r1", "secp384r1", "secp521r1", "SM2 P-256",
};

static const char *const aead_names[] = {
	"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "SM4-GCM",
};

/* The only bit of @sel, or -1. */
static int bit_number(u32 sel)
{
	int n = 0;

	if (!sel || (sel & (sel - 1)))
		return -1;
	while (sel >>= 1)
		n++;
	return n;
}

static const struct spdm_alg *look_up(const struct spdm_alg *algs, size_t nr, u32 sel)
{
	int n = bit_number(sel);

	return n >= 0 && (size_t)n < nr ? &algs[n] : NULL;
}

const struct spdm_alg *spdm_asym(u32 sel)
{
	return look_up(asym_algs, ARRAY_SIZE(asym_algs), sel);
}

const struct spdm_alg *spdm_pqc_asym(u32 sel)
{
	return look_up(pqc_asym_algs, ARRAY_SIZE(pqc_asym_algs), sel);
}

const struct spdm_alg *spdm_hash(u32 sel)
{
	return look_up(hash_algs, ARRAY_SIZE(hash_algs), sel);
}

const struct spdm_alg *spdm_meas_hash(u32 sel)
{
	/* Only one bit may be set, so none is lost below. */
	if (sel == SPDM_MEAS_HASH_RAW)
		return &no_hash;
	return sel & SPDM_MEAS_HASH_RAW ? NULL : spdm_hash(sel >> 1);
}

static const char *name(const char *const *names, size_t nr, u32 sel)
{
	int n = bit_number(sel);

	if (!sel)
		return "none";
	return n >= 0 && (size_t)n < nr ? names[n] : "unknown";
}

const char *spdm_dhe_name(u16 sel)
{
	return name(dhe_names, ARRAY_SIZE(dhe_names), sel);
}

const char *spdm_aead_name(u16 sel)
{
	return name(aead_names, ARRAY_SIZE(aead_names), sel);
}

const char *spdm_version_name(u8 version)
{
	switch (version) {
	case SPDM_VERSION_1_0:
		return "1.0";
	case SPDM_VERSION_1_1:
		return "1.1";
	case SPDM_VERSION_1_2:
		return "1.2";
	case SPDM_VERSION_1_3:
		return "1.3";
	case SPDM_VERSION_1_4:
		return "1.4";
	}
	return "unknown";
}

int spdm_vca_algorithms(const struct spdm_vca *vca, const struct spdm_alg **asym,
			const struct spdm_alg **hash, struct tdisp_why *why)
{
	size_t asym_at = vca->msg[SPDM_VCA_ALGORITHMS].offset +
			 offsetof(struct spdm_algorithms, base_asym_sel);
	size_t hash_at = vca->msg[SPDM_VCA_ALGORITHMS].offset +
			 offsetof(struct spdm_algorithms, base_hash_sel);
	const struct spdm_alg *a = spdm_asym(vca->base_asym);
	const struct spdm_alg *h = spdm_hash(vca->base_hash);

	if (vca->base_asym && vca->pqc_asym)
		return tdisp_refuse(why, -EBADMSG, "one signature algorithm is selected", asym_at,
				    SPDM_VCA_ALGORITHMS, vca->base_asym, vca->pqc_asym);
	if (vca->pqc_asym) {
		a = spdm_pqc_asym(vca->pqc_asym);
		asym_at = vca->msg[SPDM_VCA_ALGORITHMS].offset + SPDM_ALGORITHMS_PQC_ASYM_SEL;
	} else if (!vca->base_asym) {
		return tdisp_refuse(why, vca->ext_asym ? -EOPNOTSUPP : -EBADMSG,
				    vca->ext_asym ? "extended algorithms are not supported" :
						    "a signature algorithm is selected",
				    asym_at, SPDM_VCA_ALGORITHMS, 1, 0);
	}
	if (!a || a->unsupported)
		return tdisp_refuse(why, -EOPNOTSUPP,
				    a ? a->unsupported : "the signature algorithm is a known one",
				    asym_at, SPDM_VCA_ALGORITHMS, 0,
				    vca->base_asym | vca->pqc_asym);

	if (!vca->base_hash)
		return tdisp_refuse(why, vca->ext_hash ? -EOPNOTSUPP : -EBADMSG,
				    vca->ext_hash ? "extended hash algorithms are not supported" :
						    "a hash algorithm is selected",
				    hash_at, SPDM_VCA_ALGORITHMS, 1, 0);
	if (!h || h->unsupported)
		return tdisp_refuse(why, -EOPNOTSUPP,
				    h ? h->unsupported : "the hash algorithm is a known one",
				    hash_at, SPDM_VCA_ALGORITHMS, 0, vca->base_hash);

	*asym = a;
	*hash = h;
	return 0;
}
