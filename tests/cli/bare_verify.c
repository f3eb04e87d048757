// SPDX-License-Identifier: GPL-2.0
/*
 * What verification costs without a tool around it: the certificates of a chain
 * and one measurement signature, by OpenSSL alone. tdi verify is measured against
 * this, side by side, in instructions (t_cost.py).
 *
 *   bare_verify ROOT.der CHAIN.der TRANSCRIPT
 *
 * CHAIN is DER after DER, root's side first, ECDSA P-384 throughout; TRANSCRIPT
 * is VCA, requests and responses of SPDM 1.2 with the signature at the end. No
 * form is checked: whatever is wrong with them shows as "not verified".
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#define SIGNATURE	96
#define HALF		48
#define HASH		48
#define PREFIX		100

static unsigned char buf[3][1 << 20];
static size_t len[3];

static int load(int i, const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return 0;
	len[i] = fread(buf[i], 1, sizeof(buf[i]), f);
	fclose(f);
	return len[i] > 0;
}

static size_t integer(unsigned char *out, const unsigned char *num)
{
	size_t n = HALF, pad;

	while (n > 1 && !*num) {
		num++;
		n--;
	}
	pad = *num >> 7;
	out[0] = 2;
	out[1] = (unsigned char)(n + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, num, n);
	return 2 + pad + n;
}

static size_t to_der(unsigned char *out, const unsigned char *raw)
{
	unsigned char body[128];
	size_t n = integer(body, raw);

	n += integer(body + n, raw + HALF);
	out[0] = 0x30;
	out[1] = (unsigned char)n;
	memcpy(out + 2, body, n);
	return n + 2;
}

static int chain_ok(X509 **leaf)
{
	const unsigned char *p = buf[0], *end = buf[1] + len[1];
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *certs = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *root = d2i_X509(NULL, &p, (long)len[0]);

	if (!root || !X509_STORE_add_cert(store, root))
		return 0;
	for (p = buf[1]; p < end; sk_X509_push(certs, *leaf)) {
		*leaf = d2i_X509(NULL, &p, (long)(end - p));
		if (!*leaf)
			return 0;
	}
	return X509_STORE_CTX_init(ctx, store, *leaf, certs) == 1 && X509_verify_cert(ctx) == 1;
}

static int signature_ok(X509 *leaf)
{
	unsigned char message[PREFIX + HASH] = { 0 }, der[128];
	size_t signed_len = len[2] - SIGNATURE;
	const char *context = "responder-measurements signing";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	for (int i = 0; i < 4; i++)
		memcpy(message + 16 * i, "dmtf-spdm-v1.2.*", 16);
	memcpy(message + PREFIX - strlen(context), context, strlen(context));
	if (EVP_Digest(buf[2], signed_len, message + PREFIX, NULL, EVP_sha384(), NULL) != 1)
		return 0;
	return EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, X509_get0_pubkey(leaf)) == 1 &&
	       EVP_DigestVerify(ctx, der, to_der(der, buf[2] + signed_len), message,
				sizeof(message)) == 1;
}

int main(int argc, char **argv)
{
	X509 *leaf = NULL;

	if (argc != 4 || !load(0, argv[1]) || !load(1, argv[2]) || !load(2, argv[3]) ||
	    len[2] <= SIGNATURE)
		return 1;
	if (!chain_ok(&leaf) || !signature_ok(leaf)) {
		puts("not verified");
		return 2;
	}
	puts("verified");
	return 0;
}
