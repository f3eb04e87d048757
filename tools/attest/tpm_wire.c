// SPDX-License-Identifier: GPL-2.0
/* Taking apart what TPMs say, by Tss2_MU. */
#include <string.h>
#include <tss2/tss2_mu.h>

#include "eventlog.h"
#include "tpm_wire.h"

static bool bad(const char **why, const char *text)
{
	*why = text;
	return false;
}

static bool known_hash(unsigned int alg, enum crypto_hash *ret)
{
	/* SHA-1 is good for no signature and no PCR that somebody relies on. */
	return eventlog_hash(alg, ret) && *ret != CRYPTO_SHA1;
}

static bool keep(uint8_t *to, size_t *ret_len, size_t room, const uint8_t *from, size_t len)
{
	if (len > room)
		return false;
	memcpy(to, from, len);
	*ret_len = len;
	return true;
}

/* ---- the attestation ---- */

static bool read_pcrs(const TPML_PCR_SELECTION *list, struct tpm_wire_quote *ret, const char **why)
{
	const TPMS_PCR_SELECTION *one = &list->pcrSelections[0];

	if (list->count != 1)
		return bad(why, "it is of PCRs of several banks, or of none");
	if (!known_hash(one->hash, &ret->bank))
		return bad(why, "it is of a bank that is not supported");
	if (one->sizeofSelect > 4)
		return bad(why, "its selection of PCRs is malformed");
	for (size_t i = 0; i < one->sizeofSelect; i++)
		ret->pcrs |= (uint32_t)one->pcrSelect[i] << (8 * i);
	if (!ret->pcrs || ret->pcrs >> EVENTLOG_PCRS)
		return bad(why, "its selection of PCRs is malformed");
	return true;
}

bool tpm_wire_quote(struct bytes in, struct tpm_wire_quote *ret, const char **why)
{
	struct tpm_wire_quote quote = { 0 };
	TPMS_ATTEST attest = { 0 };
	size_t at = 0;

	if (Tss2_MU_TPMS_ATTEST_Unmarshal(in.data, in.len, &at, &attest) || at != in.len)
		return bad(why, "it is no TPMS_ATTEST");
	/* A restricted key signs nothing with this that the TPM did not make. */
	if (attest.magic != TPM2_GENERATED_VALUE)
		return bad(why, "no TPM made it");
	if (attest.type != TPM2_ST_ATTEST_QUOTE)
		return bad(why, "it is no quote");
	if (!read_pcrs(&attest.attested.quote.pcrSelect, &quote, why))
		return false;
	if (!keep(quote.nonce, &quote.nonce_len, sizeof(quote.nonce), attest.extraData.buffer,
		  attest.extraData.size) ||
	    !keep(quote.signer, &quote.signer_len, sizeof(quote.signer),
		  attest.qualifiedSigner.name, attest.qualifiedSigner.size) ||
	    !keep(quote.digest, &quote.digest_len, sizeof(quote.digest),
		  attest.attested.quote.pcrDigest.buffer, attest.attested.quote.pcrDigest.size))
		return bad(why, "a part of it is too long");
	quote.clock = attest.clockInfo.clock;
	quote.resets = attest.clockInfo.resetCount;
	quote.restarts = attest.clockInfo.restartCount;
	quote.firmware = attest.firmwareVersion;
	*ret = quote;
	return true;
}

/* ---- the signature ---- */

static bool take_signature(const TPMT_SIGNATURE *sig, struct tpm_wire_signature *ret,
			   const char **why)
{
	const TPMS_SIGNATURE_ECDSA *ec = &sig->signature.ecdsa;
	const TPMS_SIGNATURE_RSASSA *rsa = &sig->signature.rsassa;
	unsigned int hash = sig->sigAlg == TPM2_ALG_ECDSA ? ec->hash : rsa->hash;

	switch (sig->sigAlg) {
	case TPM2_ALG_ECDSA:
		ret->scheme = CRYPTO_ECDSA;
		break;
	case TPM2_ALG_RSASSA:
		ret->scheme = CRYPTO_RSASSA;
		break;
	case TPM2_ALG_RSAPSS:
		ret->scheme = CRYPTO_RSAPSS;
		break;
	default:
		return bad(why, "its algorithm is not supported");
	}
	if (!known_hash(hash, &ret->hash))
		return bad(why, "its hash is not supported");
	if (ret->scheme == CRYPTO_ECDSA ?
	    !keep(ret->r, &ret->r_len, sizeof(ret->r), ec->signatureR.buffer,
		  ec->signatureR.size) ||
	    !keep(ret->s, &ret->s_len, sizeof(ret->s), ec->signatureS.buffer,
		  ec->signatureS.size) :
	    !keep(ret->r, &ret->r_len, sizeof(ret->r), rsa->sig.buffer, rsa->sig.size))
		return bad(why, "it is too long");
	return true;
}

bool tpm_wire_signature(struct bytes in, struct tpm_wire_signature *ret, const char **why)
{
	struct tpm_wire_signature signature = { 0 };
	TPMT_SIGNATURE sig = { 0 };
	size_t at = 0;

	if (Tss2_MU_TPMT_SIGNATURE_Unmarshal(in.data, in.len, &at, &sig) || at != in.len)
		return bad(why, "it is no TPMT_SIGNATURE");
	if (!take_signature(&sig, &signature, why))
		return false;
	*ret = signature;
	return true;
}

size_t tpm_wire_raw(const struct tpm_wire_signature *sig, const struct tpm_wire_public *key,
		    uint8_t ret[TPM_WIRE_KEY_MAX])
{
	size_t width = (key->bits + 7) / 8;

	if (sig->scheme != CRYPTO_ECDSA) {
		memcpy(ret, sig->r, sig->r_len);
		return sig->r_len;
	}
	if (2 * width > TPM_WIRE_KEY_MAX || sig->r_len > width || sig->s_len > width)
		return 0;
	memset(ret, 0, 2 * width);
	memcpy(ret + width - sig->r_len, sig->r, sig->r_len);
	memcpy(ret + 2 * width - sig->s_len, sig->s, sig->s_len);
	return 2 * width;
}

/* ---- the key ---- */

static unsigned int curve_bits(TPMI_ECC_CURVE curve)
{
	switch (curve) {
	case TPM2_ECC_NIST_P256:
		return 256;
	case TPM2_ECC_NIST_P384:
		return 384;
	case TPM2_ECC_NIST_P521:
		return 521;
	default:
		return 0;
	}
}

static bool take_ec(const TPMT_PUBLIC *pub, struct tpm_wire_public *ret, const char **why)
{
	const TPMS_ECC_PARMS *parms = &pub->parameters.eccDetail;
	const TPMS_ECC_POINT *point = &pub->unique.ecc;

	ret->bits = curve_bits(parms->curveID);
	if (parms->scheme.scheme != TPM2_ALG_ECDSA ||
	    !known_hash(parms->scheme.details.ecdsa.hashAlg, &ret->hash))
		return bad(why, "it signs in a way that is not supported");
	ret->scheme = CRYPTO_ECDSA;
	ret->key = crypto_key_ec(ret->bits, (struct bytes) { point->x.buffer, point->x.size },
				 (struct bytes) { point->y.buffer, point->y.size });
	return ret->key || bad(why, "its curve is not supported, or it is not on it");
}

static bool take_rsa(const TPMT_PUBLIC *pub, struct tpm_wire_public *ret, const char **why)
{
	const TPMS_RSA_PARMS *parms = &pub->parameters.rsaDetail;
	const TPM2B_PUBLIC_KEY_RSA *n = &pub->unique.rsa;

	if ((parms->scheme.scheme != TPM2_ALG_RSASSA && parms->scheme.scheme != TPM2_ALG_RSAPSS) ||
	    !known_hash(parms->scheme.details.rsassa.hashAlg, &ret->hash))
		return bad(why, "it signs in a way that is not supported");
	ret->scheme = parms->scheme.scheme == TPM2_ALG_RSASSA ? CRYPTO_RSASSA : CRYPTO_RSAPSS;
	ret->bits = parms->keyBits;
	ret->key = crypto_key_rsa((struct bytes) { n->buffer, n->size },
				  parms->exponent ? parms->exponent : 65537);
	return ret->key || bad(why, "it is of a size that is not supported");
}

/* TPM 2.0 Library, part 1, "Names": nameAlg || H(public area) */
static bool name_of(unsigned int alg, const struct bytes *part, size_t nr,
		    uint8_t ret[TPM_WIRE_NAME_MAX], size_t *ret_len)
{
	enum crypto_hash hash;

	if (!known_hash(alg, &hash) || !crypto_digest(hash, part, nr, ret + 2))
		return false;
	ret[0] = (uint8_t)(alg >> 8);
	ret[1] = (uint8_t)alg;
	*ret_len = 2 + crypto_hash_size(hash);
	return true;
}

bool tpm_wire_public(struct bytes in, struct tpm_wire_public *ret, const char **why)
{
	const TPMA_OBJECT all = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |
				TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				TPMA_OBJECT_SENSITIVEDATAORIGIN;
	const TPMA_OBJECT mask = all | TPMA_OBJECT_DECRYPT;
	struct tpm_wire_public key = { 0 };
	TPM2B_PUBLIC pub = { 0 };
	struct bytes area;
	size_t at = 0;

	if (in.len < 2 || Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.data, in.len, &at, &pub) ||
	    at != in.len)
		return bad(why, "it is no TPM2B_PUBLIC");
	area = (struct bytes) { in.data + 2, in.len - 2 };
	if (!name_of(pub.publicArea.nameAlg, &area, 1, key.name, &key.name_len))
		return bad(why, "its name's hash is not supported");
	key.attestation = (pub.publicArea.objectAttributes & mask) == all;
	if (pub.publicArea.type == TPM2_ALG_ECC ? !take_ec(&pub.publicArea, &key, why) :
	    pub.publicArea.type == TPM2_ALG_RSA ? !take_rsa(&pub.publicArea, &key, why) :
	    !bad(why, "it is of a kind that is not supported"))
		return false;
	*ret = key;
	return true;
}

/* Part 1, "Qualified names": of a primary key, H(handle of the hierarchy || name) */
const char *tpm_wire_hierarchy(const struct tpm_wire_public *key,
			       const struct tpm_wire_quote *quote)
{
	static const struct {
		uint8_t handle[4];
		const char *name;
	} hierarchies[] = {
		{ { 0x40, 0, 0, 0x0b }, "endorsement" },
		{ { 0x40, 0, 0, 0x01 }, "owner" },
		{ { 0x40, 0, 0, 0x0c }, "platform" },
		{ { 0x40, 0, 0, 0x07 }, "null" },
	};

	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		struct bytes part[] = {
			{ hierarchies[i].handle, 4 }, { key->name, key->name_len },
		};
		uint8_t name[TPM_WIRE_NAME_MAX];
		size_t len;

		if (name_of((unsigned int)key->name[0] << 8 | key->name[1], part, 2, name, &len) &&
		    len == quote->signer_len && !memcmp(name, quote->signer, len))
			return hierarchies[i].name;
	}
	return NULL;
}
