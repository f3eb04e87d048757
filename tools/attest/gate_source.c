// SPDX-License-Identifier: GPL-2.0
/* Reading and verifying what the gate decides by. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gate_source.h"

#define GATE_FILE	"gate.json"
#define SIGNATURE_FILE	"gate.json.p7s"
#define SIGNER_FILE	"gate-signer.pem"
#define GATE_CREDENTIAL	"tdi.gate"
#define SIGNATURE_CREDENTIAL "tdi.gate.p7s"
#define POLICY_CREDENTIAL "tdi.policy."

static const char sign_advice[] =
	"Sign it: openssl cms -sign -binary -in gate.json -outform DER -out gate.json.p7s -signer CERT -inkey KEY";

void gate_fail(struct gate_failure *why, enum tdi_exit status, const char *advice,
	       const char *fmt, ...)
{
	va_list ap;

	why->status = status;
	util_format(why->advice, sizeof(why->advice), "%s", advice ? advice : "");
	va_start(ap, fmt);
	util_vformat(why->reason, sizeof(why->reason), fmt, ap);
	va_end(ap);
}

void gate_time_text(time_t time, char ret[32])
{
	struct tm tm;

	ret[0] = '\0';
	if (gmtime_r(&time, &tm))
		strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* ---- files ---- */

static const char *read_words(int rc)
{
	return rc == -ENOENT ? "none" :
	       rc == -EINVAL ? "something that is no regular file" :
	       rc == -EFBIG ? "a file that is too long to be one" : strerror(-rc);
}

static int read_in(const char *dir, const char *name, struct blob *ret)
{
	char path[PATH_MAX];
	int rc = util_format(path, sizeof(path), "%s/%s", dir, name);

	return rc ? rc : blob_read_regular(AT_FDCWD, path, GATE_FILE_MAX, ret);
}

static bool read_or_fail(const char *what, const char *dir, const char *name, struct blob *ret,
			 const char *advice, struct gate_failure *why)
{
	int rc = read_in(dir, name, ret);

	if (rc)
		gate_fail(why, TDI_EXIT_POLICY, advice, "%s: expected the file %s/%s, found %s",
			  what, dir, name, read_words(rc));
	return !rc;
}

static bool digest_of(struct bytes text, uint8_t ret[GATE_SHA256_SIZE])
{
	uint8_t digest[CRYPTO_HASH_MAX];

	if (!crypto_digest(CRYPTO_SHA256, &text, 1, digest))
		return false;
	memcpy(ret, digest, GATE_SHA256_SIZE);
	return true;
}

static void hex_text(const uint8_t digest[GATE_SHA256_SIZE], char ret[2 * GATE_SHA256_SIZE + 1])
{
	for (int i = 0; i < GATE_SHA256_SIZE; i++)
		util_format(ret + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the signature ---- */

static bool fail_cms(enum crypto_cms end, const char *found, struct gate_failure *why)
{
	static const struct {
		const char *expected;
		const char *advice;
	} words[] = {
		[CRYPTO_CMS_MALFORMED]	= { "a CMS signature in DER by one signer", sign_advice },
		[CRYPTO_CMS_ATTACHED]	= { "a detached signature", sign_advice },
		[CRYPTO_CMS_SIGNER]	= { "a signature by a certificate of " SIGNER_FILE,
			"If the signer is right, put its certificate into " SIGNER_FILE " of the image; else somebody else's policy was put here." },
		[CRYPTO_CMS_CERT]	= { "a signer's certificate that is for signing", NULL },
		[CRYPTO_CMS_TIME]	= { "a signer's certificate that is valid now",
			"Check the clock, which is the host's; or sign with a new certificate and pin it." },
		[CRYPTO_CMS_ALGORITHM]	= { "RSA or ECDSA with SHA-2",
			"Sign with -md sha256, by an RSA key of 2048 to 4096 bits or on P-256, P-384 or P-521." },
		[CRYPTO_CMS_SIGNATURE]	= { "a signature of exactly these bytes",
			"The policy or its signature was changed after it was signed: sign it again, if it was you." },
	};

	gate_fail(why, TDI_EXIT_POLICY, words[end].advice, "signature: expected %s, found %s",
		  words[end].expected, found);
	return false;
}

static bool read_signers(const char *dir, struct anchors *ret, struct gate_failure *why)
{
	struct blob blob = { 0 };
	int nr;

	if (!read_or_fail("signer", dir, SIGNER_FILE, &blob,
			  "Nobody's signature counts until the signer's certificate is there.", why))
		return false;
	nr = anchors_add(ret, blob_bytes(&blob));
	blob_free(&blob);
	if (nr <= 0)
		gate_fail(why, TDI_EXIT_POLICY, NULL,
			  "signer: expected certificates, PEM or DER, in %s/%s, found %s", dir,
			  SIGNER_FILE, nr ? "a malformed one" : "none");
	return nr > 0;
}

static bool verify_by(struct gate_source *source, struct bytes text, struct bytes signature,
		      const struct anchors *signers, time_t at, struct gate_failure *why)
{
	const struct crypto_cert *signer;
	enum crypto_cms end;
	char found[256] = "";

	end = crypto_cms_verify(signature, text, signers->cert, signers->nr, at, &signer, found,
				sizeof(found));
	if (signer) {
		source->has_signer = true;
		crypto_cert_info(signer, &source->signer);
		fingerprint(signer, source->signer_sha256);
	}
	return end == CRYPTO_CMS_GOOD || fail_cms(end, found, why);
}

static bool verify_signature(const char *dir, const char *from, const char *name,
			     struct bytes text, time_t at, struct gate_source *source,
			     struct gate_failure *why)
{
	struct anchors signers = { 0 };
	struct blob signature = { 0 };
	bool ok;

	ok = read_signers(dir, &signers, why) &&
	     read_or_fail("signature", from, name, &signature, sign_advice, why) &&
	     verify_by(source, text, blob_bytes(&signature), &signers, at, why);
	blob_free(&signature);
	anchors_free(&signers);
	return ok;
}

/* ---- what was signed ---- */

static bool fail_problems(const char *what, const struct policy_problems *errors,
			  struct gate_failure *why)
{
	const struct policy_problem *p = &errors->problem[0];

	gate_fail(why, TDI_EXIT_POLICY, "\"tdi policy check FILE\" tells all that is wrong.",
		  "%s: %s%s%s%s", what, p->path, p->path[0] ? ": " : "", p->text,
		  errors->nr > 1 ? ", and more" : "");
	return false;
}

static bool parse_gate(struct bytes text, struct gate_source *source, struct gate_failure *why)
{
	struct policy_problems errors;
	bool ok = gate_parse(text, &source->gate, &errors);

	if (!ok)
		fail_problems("policy", &errors, why);
	policy_problems_free(&errors);
	source->has_gate = ok;
	return ok;
}

static bool valid_now(const struct gate *gate, time_t at, struct gate_failure *why)
{
	bool early = gate->has_not_before && at < gate->not_before;
	char bound[32], now[32];

	if (!early && at <= gate->not_after)
		return true;
	gate_time_text(early ? gate->not_before : gate->not_after, bound);
	gate_time_text(at, now);
	gate_fail(why, TDI_EXIT_POLICY,
		  early ? "Check the clock, which is the host's." :
			  "Sign a policy with a later not_after. Check the clock, which is the host's.",
		  "validity: expected a policy that is valid now, found %s %s; it is %s",
		  early ? "not_before" : "not_after", bound, now);
	return false;
}

bool gate_policy_digest_ok(const struct gate_entry *entry, struct bytes text,
			   struct gate_failure *why)
{
	char expected[2 * GATE_SHA256_SIZE + 1], found[2 * GATE_SHA256_SIZE + 1];
	uint8_t digest[GATE_SHA256_SIZE];

	if (!digest_of(text, digest)) {
		gate_fail(why, TDI_EXIT_USAGE, NULL, "no SHA-256");
		return false;
	}
	if (crypto_equal((struct bytes) { digest, sizeof(digest) },
			 (struct bytes) { entry->sha256, sizeof(entry->sha256) }))
		return true;
	hex_text(entry->sha256, expected);
	hex_text(digest, found);
	gate_fail(why, TDI_EXIT_POLICY,
		  "The file is another one than was meant when the gate's policy was signed.",
		  "policy %s: expected SHA-256 %s, found %s", entry->policy, expected, found);
	return false;
}

bool gate_policy_parse(const struct gate_entry *entry, struct bytes text, struct policy *ret,
		       struct gate_failure *why)
{
	struct policy_problems errors;
	char what[GATE_NAME_SIZE + 16];
	bool ok;

	/* No directory: a file that it names would not be bound by any digest. */
	ok = policy_parse(text, NULL, ret, &errors);
	util_format(what, sizeof(what), "policy %s", entry->policy);
	if (!ok)
		fail_problems(what, &errors, why);
	policy_problems_free(&errors);
	return ok;
}

static int read_policy(const char *dir, const char *credentials, const char *name,
		       struct blob *ret)
{
	char credential[sizeof(POLICY_CREDENTIAL) + GATE_NAME_SIZE];
	int rc = -ENOENT;

	/* Either will do: the digest says which bytes are meant. */
	util_format(credential, sizeof(credential), POLICY_CREDENTIAL "%s", name);
	if (credentials)
		rc = read_in(credentials, credential, ret);
	return rc == -ENOENT ? read_in(dir, name, ret) : rc;
}

static bool load_policy(const char *dir, const char *credentials, const struct gate_entry *entry,
			struct policy *ret, struct gate_failure *why)
{
	struct blob blob = { 0 };
	int rc = read_policy(dir, credentials, entry->policy, &blob);
	bool ok;

	policy_default(ret);
	if (rc) {
		gate_fail(why, TDI_EXIT_POLICY, NULL,
			  "policy %s: expected the file in %s%s, found %s", entry->policy, dir,
			  credentials ? " or the credentials" : "", read_words(rc));
		return false;
	}
	ok = gate_policy_digest_ok(entry, blob_bytes(&blob), why) &&
	     gate_policy_parse(entry, blob_bytes(&blob), ret, why);
	if (ok)
		ret->text = blob;
	else
		blob_free(&blob);
	return ok;
}

static bool load_policies(const char *dir, const char *credentials, struct gate_source *source,
			  struct gate_failure *why)
{
	const struct gate *gate = &source->gate;

	source->policy = util_grow(NULL, gate->nr + 1, sizeof(*source->policy));
	for (size_t i = 0; i < gate->nr; i++) {
		source->nr_policies = i + 1;
		if (!load_policy(dir, credentials, &gate->entry[i], &source->policy[i], why))
			return false;
	}
	return true;
}

/* Whose policy: the credentials' if they have one, whatever it is worth. */
static bool read_gate(const char *dir, const char *credentials, struct gate_source *source,
		      struct blob *ret, struct gate_failure *why)
{
	int rc = credentials ? read_in(credentials, GATE_CREDENTIAL, ret) : -ENOENT;

	source->credentials = rc != -ENOENT;
	if (!rc)
		return true;
	if (rc == -ENOENT)
		return read_or_fail("policy", dir, GATE_FILE, ret,
				    "Write one (tdi-gate(5)) and sign it.", why);
	gate_fail(why, TDI_EXIT_POLICY, NULL, "policy: expected the credential %s, found %s",
		  GATE_CREDENTIAL, read_words(rc));
	return false;
}

bool gate_source_load(const char *dir, const char *credentials, time_t at,
		      struct gate_source *ret, struct gate_failure *why)
{
	struct blob text = { 0 };
	bool ok;

	*ret = (struct gate_source) { 0 };
	ok = read_gate(dir, credentials, ret, &text, why);
	if (ok && !ret->credentials)
		credentials = NULL;
	ok = ok &&
	     verify_signature(dir, ret->credentials ? credentials : dir,
			      ret->credentials ? SIGNATURE_CREDENTIAL : SIGNATURE_FILE,
			      blob_bytes(&text), at, ret, why) &&
	     digest_of(blob_bytes(&text), ret->sha256) &&
	     parse_gate(blob_bytes(&text), ret, why) &&
	     valid_now(&ret->gate, at, why) &&
	     load_policies(dir, credentials, ret, why);
	blob_free(&text);
	return ok;
}

void gate_source_free(struct gate_source *source)
{
	for (size_t i = 0; i < source->nr_policies; i++)
		policy_free(&source->policy[i]);
	free(source->policy);
	gate_free(&source->gate);
	*source = (struct gate_source) { 0 };
}
