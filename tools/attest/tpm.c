// SPDX-License-Identifier: GPL-2.0
/*
 * tpm.h by tpm2-tss (ESAPI). Everything is authorized by the empty password, which is
 * what PCRs, a fresh endorsement hierarchy and most attestation keys have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "tpm.h"

/* tpm2-tools' files with a context: big endian, and in another order than the TPM's */
#define CONTEXT_MAGIC	0xbadcc0deu
#define CONTEXT_VERSION	1

/* TCG EK Credential Profile, "Location of EK certificates": ECC P-256, RSA 2048 */
static const TPM2_HANDLE ek_cert_index[] = { 0x01c0000a, 0x01c00002 };

#define NV_CHUNK	512u
#define EK_CERT_MAX	4096u

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
};

static bool failed(struct tpm_error *err, TSS2_RC rc, const char *what)
{
	return tpm_fail(err, tpm_problem_of(rc), "%s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

struct tpm *tpm_open(const char *tcti, struct tpm_error *err)
{
	struct tpm *tpm = util_grow(NULL, 1, sizeof(*tpm));
	TSS2_RC rc;

	*tpm = (struct tpm) { 0 };
	/* What is wrong is said once, and by this program. */
	setenv("TSS2_LOG", "all+none", 0);
	rc = Tss2_TctiLdr_Initialize(tcti ? tcti : TPM_TCTI_DEFAULT, &tpm->tcti);
	if (!rc)
		rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	/* No TPM2_Startup: that is firmware's, and after a reset nobody's. */
	if (!rc)
		return tpm;
	tpm_fail(err, TPM_ABSENT, "no TPM answers at %s: %s", tcti ? tcti : TPM_TCTI_DEFAULT,
		 Tss2_RC_Decode(rc));
	tpm_close(tpm);
	return NULL;
}

void tpm_close(struct tpm *tpm)
{
	if (!tpm)
		return;
	Esys_Finalize(&tpm->esys);
	Tss2_TctiLdr_Finalize(&tpm->tcti);
	free(tpm);
}

static bool any_pcr(const TPMS_PCR_SELECTION *select)
{
	for (size_t i = 0; i < select->sizeofSelect; i++)
		if (select->pcrSelect[i])
			return true;
	return false;
}

static bool take_banks(const TPML_PCR_SELECTION *list, struct eventlog_banks *ret,
		       struct tpm_error *err)
{
	*ret = (struct eventlog_banks) { 0 };
	for (size_t i = 0; i < list->count; i++) {
		const TPMS_PCR_SELECTION *one = &list->pcrSelections[i];

		if (!any_pcr(one))
			continue;
		/* A bank that is left out is one that somebody else may fill. */
		if (ret->nr == EVENTLOG_BANKS || !eventlog_hash(one->hash, &ret->hash[ret->nr]))
			return tpm_fail(err, TPM_UNFIT,
					"the TPM has a PCR bank of algorithm 0x%04x, which this program cannot extend",
					one->hash);
		ret->nr++;
	}
	return ret->nr || tpm_fail(err, TPM_UNFIT, "the TPM has no PCR bank");
}

bool tpm_banks(struct tpm *tpm, struct eventlog_banks *ret, struct tpm_error *err)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc;
	bool ok;

	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS,
				0, 1, &more, &data);
	if (rc)
		return failed(err, rc, "cannot ask the TPM for its PCR banks");
	ok = take_banks(&data->data.assignedPCR, ret, err);
	Esys_Free(data);
	return ok;
}

static TPML_PCR_SELECTION selection(enum crypto_hash bank, uint32_t pcrs)
{
	return (TPML_PCR_SELECTION) {
		.count = 1,
		.pcrSelections[0] = {
			.hash = (TPMI_ALG_HASH)eventlog_alg(bank), .sizeofSelect = 3,
			.pcrSelect = { (BYTE)pcrs, (BYTE)(pcrs >> 8), (BYTE)(pcrs >> 16) },
		},
	};
}

bool tpm_pcr_read(struct tpm *tpm, unsigned int pcr, enum crypto_hash bank,
		  uint8_t ret[CRYPTO_HASH_MAX], struct tpm_error *err)
{
	const TPML_PCR_SELECTION in = selection(bank, 1u << pcr);
	TPML_PCR_SELECTION *out = NULL;
	TPML_DIGEST *values = NULL;
	bool ok = true;
	TSS2_RC rc;

	rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &in, NULL, &out,
			   &values);
	if (rc)
		return failed(err, rc, "cannot read the PCR");
	if (values->count == 1 && values->digests[0].size == crypto_hash_size(bank))
		memcpy(ret, values->digests[0].buffer, values->digests[0].size);
	else
		ok = tpm_fail(err, TPM_UNFIT, "the TPM's bank of %s lacks PCR %u",
			      eventlog_hash_name(bank), pcr);
	Esys_Free(out);
	Esys_Free(values);
	return ok;
}

bool tpm_pcr_extend(struct tpm *tpm, unsigned int pcr, const struct eventlog_banks *banks,
		    uint8_t (*digest)[CRYPTO_HASH_MAX], struct tpm_error *err)
{
	TPML_DIGEST_VALUES values = { .count = (UINT32)banks->nr };
	TSS2_RC rc;

	for (size_t b = 0; b < banks->nr; b++) {
		values.digests[b].hashAlg = (TPMI_ALG_HASH)eventlog_alg(banks->hash[b]);
		memcpy(&values.digests[b].digest, digest[b], crypto_hash_size(banks->hash[b]));
	}
	rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			     ESYS_TR_NONE, &values);
	return !rc || failed(err, rc, "cannot extend the PCR");
}

bool tpm_clock(struct tpm *tpm, struct tpm_clock *ret, struct tpm_error *err)
{
	TPMS_TIME_INFO *time = NULL;
	TSS2_RC rc;

	rc = Esys_ReadClock(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &time);
	if (rc)
		return failed(err, rc, "cannot read the TPM's clock");
	ret->resets = time->clockInfo.resetCount;
	ret->restarts = time->clockInfo.restartCount;
	Esys_Free(time);
	return true;
}

/* ---- the attestation key ---- */

static bool create_ak(struct tpm *tpm, ESYS_TR *ret, struct tpm_error *err)
{
	static const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	static const TPML_PCR_SELECTION no_pcrs = { 0 };
	static const TPM2B_DATA no_data = { 0 };
	/* The template is ABI: another one makes another key. */
	static const TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |
				TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				TPMA_OBJECT_NODA,
			.parameters.eccDetail = {
				.symmetric.algorithm = TPM2_ALG_NULL,
				.scheme = {
					.scheme = TPM2_ALG_ECDSA,
					.details.ecdsa.hashAlg = TPM2_ALG_SHA256,
				},
				.curveID = TPM2_ECC_NIST_P256,
				.kdf.scheme = TPM2_ALG_NULL,
			},
		},
	};
	TSS2_RC rc;

	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				ESYS_TR_NONE, &sensitive, &template, &no_data, &no_pcrs, ret, NULL,
				NULL, NULL, NULL);
	return !rc || failed(err, rc, "cannot make an attestation key in the TPM");
}

static bool persistent_ak(struct tpm *tpm, const char *text, ESYS_TR *ret, struct tpm_error *err)
{
	char *end;
	unsigned long handle = strtoul(text, &end, 16);
	TSS2_RC rc;

	if (*end || handle < TPM2_PERSISTENT_FIRST || handle > TPM2_PERSISTENT_LAST)
		return tpm_fail(err, TPM_UNFIT, "%.32s: not a persistent handle", text);
	rc = Esys_TR_FromTPMPublic(tpm->esys, (TPM2_HANDLE)handle, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, ret);
	return !rc || failed(err, rc, "cannot use the attestation key");
}

static bool parse_context(const struct blob *file, TPMS_CONTEXT *ret)
{
	UINT32 magic = 0, version = 0;
	UINT16 size = 0;
	size_t at = 0;

	if (Tss2_MU_UINT32_Unmarshal(file->data, file->len, &at, &magic) ||
	    Tss2_MU_UINT32_Unmarshal(file->data, file->len, &at, &version) ||
	    magic != CONTEXT_MAGIC || version != CONTEXT_VERSION ||
	    Tss2_MU_UINT32_Unmarshal(file->data, file->len, &at, &ret->hierarchy) ||
	    Tss2_MU_UINT32_Unmarshal(file->data, file->len, &at, &ret->savedHandle) ||
	    Tss2_MU_UINT64_Unmarshal(file->data, file->len, &at, &ret->sequence) ||
	    Tss2_MU_UINT16_Unmarshal(file->data, file->len, &at, &size) ||
	    size != file->len - at || size > sizeof(ret->contextBlob.buffer))
		return false;
	ret->contextBlob.size = size;
	memcpy(ret->contextBlob.buffer, file->data + at, size);
	return true;
}

static bool saved_ak(struct tpm *tpm, const char *path, ESYS_TR *ret, struct tpm_error *err)
{
	TPMS_CONTEXT context = { 0 };
	struct blob file;
	TSS2_RC rc;
	int err_rc;
	bool ok;

	err_rc = blob_read(AT_FDCWD, path, &file);
	if (err_rc)
		return tpm_fail(err, TPM_UNFIT, "cannot read the attestation key's file: %s",
				strerror(-err_rc));
	ok = parse_context(&file, &context);
	blob_free(&file);
	if (!ok)
		return tpm_fail(err, TPM_UNFIT,
				"the attestation key's file holds no context as tpm2-tools save it");
	rc = Esys_ContextLoad(tpm->esys, &context, ret);
	return !rc || failed(err, rc, "cannot load the attestation key");
}

/* ---- the quote ---- */

static bool keep_public(struct tpm *tpm, ESYS_TR key, struct tpm_quoted *ret, struct tpm_error *err)
{
	uint8_t buf[sizeof(TPM2B_PUBLIC)];
	TPM2B_PUBLIC *pub = NULL;
	size_t len = 0;
	TSS2_RC rc;

	rc = Esys_ReadPublic(tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL,
			     NULL);
	if (!rc)
		rc = Tss2_MU_TPM2B_PUBLIC_Marshal(pub, buf, sizeof(buf), &len);
	Esys_Free(pub);
	if (rc)
		return failed(err, rc, "cannot read the attestation key");
	blob_append(&ret->public, buf, len);
	return true;
}

static bool make_quote(struct tpm *tpm, ESYS_TR key, enum crypto_hash bank, uint32_t pcrs,
		       struct bytes nonce, struct tpm_quoted *ret, struct tpm_error *err)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };	/* the key's own */
	const TPML_PCR_SELECTION select = selection(bank, pcrs);
	TPM2B_DATA data = { .size = (UINT16)nonce.len };
	uint8_t buf[sizeof(TPMT_SIGNATURE)];
	TPMT_SIGNATURE *signature = NULL;
	TPM2B_ATTEST *attest = NULL;
	size_t len = 0;
	TSS2_RC rc;

	memcpy(data.buffer, nonce.data, nonce.len);
	rc = Esys_Quote(tpm->esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
			&scheme, &select, &attest, &signature);
	if (!rc)
		rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, buf, sizeof(buf), &len);
	if (!rc) {
		blob_append(&ret->attest, attest->attestationData, attest->size);
		blob_append(&ret->signature, buf, len);
	}
	Esys_Free(attest);
	Esys_Free(signature);
	return !rc || failed(err, rc, "the TPM does not quote");
}

/* There may be none, and none is needed: nothing here fails. */
static void keep_ek_cert(struct tpm *tpm, TPM2_HANDLE index, struct tpm_quoted *ret)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	ESYS_TR nv = ESYS_TR_NONE;
	size_t size = 0;

	if (Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv))
		return;
	if (!Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub,
				NULL)) {
		size = pub->nvPublic.dataSize;
		Esys_Free(pub);
	}
	while (size <= EK_CERT_MAX && ret->ek_cert.len < size) {
		size_t len = size - ret->ek_cert.len;
		TPM2B_MAX_NV_BUFFER *data = NULL;

		if (len > NV_CHUNK)
			len = NV_CHUNK;
		if (Esys_NV_Read(tpm->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
				 (UINT16)len, (UINT16)ret->ek_cert.len, &data)) {
			blob_free(&ret->ek_cert);
			break;
		}
		blob_append(&ret->ek_cert, data->buffer, data->size);
		len = data->size;
		Esys_Free(data);
		if (!len)
			break;
	}
	Esys_TR_Close(tpm->esys, &nv);
}

bool tpm_quote(struct tpm *tpm, const char *ak, enum crypto_hash bank, uint32_t pcrs,
	       struct bytes nonce, struct tpm_quoted *ret, struct tpm_error *err)
{
	bool persistent = ak && !strncmp(ak, "0x", 2), ok;
	struct tpm_quoted quoted = { 0 };
	ESYS_TR key = ESYS_TR_NONE;

	ok = !ak ? create_ak(tpm, &key, err) :
	     persistent ? persistent_ak(tpm, ak, &key, err) : saved_ak(tpm, ak, &key, err);
	ok = ok && keep_public(tpm, key, &quoted, err) &&
	     make_quote(tpm, key, bank, pcrs, nonce, &quoted, err);
	if (persistent && key != ESYS_TR_NONE)
		Esys_TR_Close(tpm->esys, &key);
	else if (key != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, key);
	for (size_t i = 0; ok && !quoted.ek_cert.len && i < 2; i++)
		keep_ek_cert(tpm, ek_cert_index[i], &quoted);
	if (ok)
		*ret = quoted;
	else
		tpm_quoted_free(&quoted);
	return ok;
}

void tpm_quoted_free(struct tpm_quoted *quoted)
{
	blob_free(&quoted->attest);
	blob_free(&quoted->signature);
	blob_free(&quoted->public);
	blob_free(&quoted->ek_cert);
}
