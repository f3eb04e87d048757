// SPDX-License-Identifier: GPL-2.0
/*
 * AES-256-GCM by the kernel's crypto API: lib/crypto has it (aesgcm_encrypt()) in
 * 7.2 and does not in 6.12's cloud kernels, "gcm(aes)" is a module in both.
 */
#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/scatterlist.h>

#include "internal.h"

/* Synchronous: the caller has nothing else to do. */
struct crypto_aead *sev_gcm_new(const u8 key[SNP_VMPCK_LEN])
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);
	int ret;

	if (IS_ERR(tfm))
		return tfm;
	ret = crypto_aead_setkey(tfm, key, SNP_VMPCK_LEN) ?:
	      crypto_aead_setauthsize(tfm, SNP_AUTHTAG_LEN);
	if (ret) {
		crypto_free_aead(tfm);
		return ERR_PTR(ret);
	}
	return tfm;
}

void sev_gcm_free(struct crypto_aead *tfm)
{
	/* And the key with it. */
	crypto_free_aead(tfm);
}

static int crypt(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len,
		 bool seal)
{
	struct aead_request *req = aead_request_alloc(tfm, GFP_KERNEL);
	size_t text = seal ? len : len + SNP_AUTHTAG_LEN;
	u8 copy[SNP_IV_LEN];
	struct scatterlist sg;
	int ret;

	if (!req)
		return -ENOMEM;
	memcpy(copy, iv, sizeof(copy));
	sg_init_one(&sg, buf, SNP_AAD_LEN + len + SNP_AUTHTAG_LEN);
	aead_request_set_callback(req, 0, NULL, NULL);
	aead_request_set_ad(req, SNP_AAD_LEN);
	aead_request_set_crypt(req, &sg, &sg, text, copy);
	ret = seal ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
	aead_request_free(req);
	return ret;
}

/**
 * sev_gcm_seal() - encrypt in place
 * @tfm: the key
 * @iv: never used with it before
 * @buf: SNP_AAD_LEN bytes of header, @len of text, room for the tag; no stack
 * @len: of the text
 *
 * Context: Process context, sleeps.
 * Return: 0 or a negative errno.
 */
int sev_gcm_seal(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len)
{
	return crypt(tfm, iv, buf, len, true);
}

/**
 * sev_gcm_open() - decrypt in place
 * @tfm: the key
 * @iv: what it was sealed with
 * @buf: SNP_AAD_LEN bytes of header, @len of text, the tag; no stack
 * @len: of the text
 *
 * Context: Process context, sleeps.
 * Return: 0; -EBADMSG the tag does not fit; or another negative errno.
 */
int sev_gcm_open(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len)
{
	return crypt(tfm, iv, buf, len, false);
}
