// SPDX-License-Identifier: GPL-2.0
/*
 * In gcm.c's place, for kernels without AES-GCM: no cipher, but what the suites look
 * at depends on key, IV, header and text as it would with one. What is sealed by the
 * real one is compared in tests/unit/test_sev_seal.c and opened by the emulator's PSP.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../internal.h"
#include "fake_psp.h"

/* What stands behind the pointer that nobody looks behind. */
struct fake_key {
	u8 key[SNP_VMPCK_LEN];
};

struct crypto_aead *sev_gcm_new(const u8 key[SNP_VMPCK_LEN])
{
	struct fake_key *k;

	if (fake_psp.no_cipher)
		return ERR_PTR(-ENOENT);
	k = kmemdup(key, SNP_VMPCK_LEN, GFP_KERNEL);
	return k ? (struct crypto_aead *)k : ERR_PTR(-ENOMEM);
}

void sev_gcm_free(struct crypto_aead *tfm)
{
	kfree(tfm);
}

/* Every byte of the input moves some bytes of the tag. */
static void tag_of(const u8 *key, const u8 *iv, const u8 *text, size_t len, u8 *tag)
{
	size_t i;

	memset(tag, 0, SNP_AUTHTAG_LEN);
	for (i = 0; i < SNP_VMPCK_LEN; i++)
		tag[i % SNP_AUTHTAG_LEN] += key[i];
	for (i = 0; i < SNP_IV_LEN; i++)
		tag[i] = tag[i] * 3 + iv[i] + 1;
	for (i = 0; i < len; i++)
		tag[i % SNP_AUTHTAG_LEN] = tag[i % SNP_AUTHTAG_LEN] * 5 + text[i] + 1;
}

static void cipher(const u8 *key, const u8 *iv, u8 *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		text[i] ^= key[i % SNP_VMPCK_LEN] + iv[i % 8] + 0x35;
}

void fake_gcm_seal(const u8 *key, const u8 *iv, u8 *buf, size_t len)
{
	cipher(key, iv, buf + SNP_AAD_LEN, len);
	tag_of(key, iv, buf, SNP_AAD_LEN + len, buf + SNP_AAD_LEN + len);
}

bool fake_gcm_open(const u8 *key, const u8 *iv, u8 *buf, size_t len)
{
	u8 tag[SNP_AUTHTAG_LEN];

	tag_of(key, iv, buf, SNP_AAD_LEN + len, tag);
	if (memcmp(tag, buf + SNP_AAD_LEN + len, sizeof(tag)))
		return false;
	cipher(key, iv, buf + SNP_AAD_LEN, len);
	return true;
}

int sev_gcm_seal(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len)
{
	if (fake_psp.seal_err)
		return fake_psp.seal_err;
	fake_gcm_seal(((struct fake_key *)tfm)->key, iv, buf, len);
	return 0;
}

int sev_gcm_open(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len)
{
	return fake_gcm_open(((struct fake_key *)tfm)->key, iv, buf, len) ? 0 : -EBADMSG;
}
