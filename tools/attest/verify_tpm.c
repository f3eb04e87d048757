// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of what tdi quote adds to evidence: a TPM signed the PCR, the PCR is
 * what the event log gives, and the log says what was accepted.
 */
#include <string.h>

#include "eventlog.h"
#include "verify.h"

static struct bytes part(const struct subject *subject, enum bundle_tpm what)
{
	return subject->bundle->tpm[what];
}

static void malformed(struct verdict *verdict, const char *what, const char *why)
{
	verdict_add(verdict, CHECK_TPM_FORM, CHECK_FAILED, "%s: %s", what, why);
}

/* ---- taking apart ---- */

static bool complete(const struct subject *subject, struct verdict *verdict)
{
	static const struct {
		enum bundle_tpm what;
		const char *name;
	} needed[] = {
		{ BUNDLE_EVENTLOG, "event log" }, { BUNDLE_QUOTE, "quote" },
		{ BUNDLE_SIGNATURE, "signature" }, { BUNDLE_AK, "key" },
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (part(subject, needed[i].what).data)
			continue;
		malformed(verdict, needed[i].name, "it is missing");
		ok = false;
	}
	return ok;
}

static bool take_log(const struct subject *subject, struct eventlog *ret, struct verdict *verdict)
{
	struct bytes log = part(subject, BUNDLE_EVENTLOG);
	char why[160];

	if (!eventlog_parse(log, ret, why, sizeof(why))) {
		malformed(verdict, "event log", why);
		return false;
	}
	if (ret->whole == log.len)
		return true;
	malformed(verdict, "event log", "its last record is torn");
	eventlog_free(ret);
	return false;
}

static bool take_apart(const struct subject *subject, struct tpm_parts *ret,
		       struct tpm_wire_signature *ret_sig, struct verdict *verdict)
{
	const char *why;

	ret->has_quote = tpm_wire_quote(part(subject, BUNDLE_QUOTE), &ret->quote, &why);
	if (!ret->has_quote)
		malformed(verdict, "quote", why);
	ret->has_key = tpm_wire_public(part(subject, BUNDLE_AK), &ret->key, &why);
	if (!ret->has_key)
		malformed(verdict, "key", why);
	if (ret->has_quote && ret->has_key &&
	    tpm_wire_signature(part(subject, BUNDLE_SIGNATURE), ret_sig, &why))
		return true;
	if (ret->has_quote && ret->has_key)
		malformed(verdict, "signature", why);
	return false;
}

/* ---- judging ---- */

/* The file is a TPM2B_PUBLIC, which says all of the key, or another form of it. */
static bool pinned(struct bytes file, const struct subject *subject, const struct tpm_parts *tpm,
		   const char **why)
{
	struct bytes pub = part(subject, BUNDLE_AK);
	struct crypto_key *key;
	bool same;

	if (file.len == pub.len && !memcmp(file.data, pub.data, pub.len))
		return true;
	key = crypto_key_parse(file);
	same = key && crypto_key_equal(key, tpm->key.key);
	*why = key ? "another key" : "a file that is neither this key's TPM2B_PUBLIC nor a public key or certificate";
	crypto_key_free(key);
	return same;
}

static void judge_key(const struct subject *subject, struct tpm_parts *tpm,
		      struct verdict *verdict)
{
	const char *why = "";

	tpm->hierarchy = tpm_wire_hierarchy(&tpm->key, &tpm->quote);
	if (!tpm->key.attestation) {
		verdict_add(verdict, CHECK_TPM_AK, CHECK_FAILED,
			    "a key that signs whatever it is given, or may leave the TPM");
		return;
	}
	if (!subject->ak.data) {
		verdict_add(verdict, CHECK_TPM_AK, CHECK_SKIPPED,
			    "unpinned: without --ak nobody says that the key is a TPM's");
		return;
	}
	tpm->pinned = pinned(subject->ak, subject, tpm, &why);
	if (tpm->pinned)
		verdict_add(verdict, CHECK_TPM_AK, CHECK_PASSED, "%s%s",
			    tpm->hierarchy ? "a primary key, hierarchy " : "not a primary key",
			    tpm->hierarchy ? tpm->hierarchy : "");
	else
		check_expected(verdict_add(verdict, CHECK_TPM_AK, CHECK_FAILED, "%s", why),
			       "the key that --ak names");
}

static void judge_signature(const struct subject *subject, const struct tpm_parts *tpm,
			    const struct tpm_wire_signature *sig, struct verdict *verdict)
{
	uint8_t raw[TPM_WIRE_KEY_MAX];
	struct bytes bytes = { raw, 0 };
	bool ok = sig->scheme == tpm->key.scheme && sig->hash == tpm->key.hash;

	if (ok)
		bytes.len = tpm_wire_raw(sig, &tpm->key, raw);
	ok = ok && bytes.len && crypto_key_verify(tpm->key.key, sig->scheme, sig->hash,
						  part(subject, BUNDLE_QUOTE), bytes);
	verdict_add(verdict, CHECK_TPM_SIGNATURE, ok ? CHECK_PASSED : CHECK_FAILED,
		    ok ? "it verifies" : "the signature does not verify");
}

static void judge_nonce(const struct subject *subject, const struct tpm_parts *tpm,
			struct verdict *verdict)
{
	bool same;

	if (!subject->has_nonce) {
		verdict_add(verdict, CHECK_TPM_NONCE, CHECK_SKIPPED, "no nonce was given");
		return;
	}
	same = tpm->quote.nonce_len == sizeof(subject->nonce) &&
	       !memcmp(tpm->quote.nonce, subject->nonce, sizeof(subject->nonce));
	verdict_add(verdict, CHECK_TPM_NONCE, same ? CHECK_PASSED : CHECK_FAILED,
		    same ? "it is in the quote" : "another nonce: this is no answer to the question, or an old one");
}

/* Digest of the quoted PCRs, by the key's hash; each as the log gives it. */
static bool replay(const struct eventlog *log, const struct tpm_parts *tpm,
		   uint8_t ret[CRYPTO_HASH_MAX])
{
	uint8_t value[EVENTLOG_PCRS][CRYPTO_HASH_MAX];
	struct bytes parts[EVENTLOG_PCRS];
	size_t bank = 0, nr = 0;

	while (bank < log->banks.nr && log->banks.hash[bank] != tpm->quote.bank)
		bank++;
	if (bank == log->banks.nr)
		return false;
	for (unsigned int pcr = 0; pcr < EVENTLOG_PCRS; pcr++) {
		if (!(tpm->quote.pcrs >> pcr & 1))
			continue;
		eventlog_replay(log, log->nr, pcr, bank, value[nr]);
		parts[nr] = (struct bytes) { value[nr], crypto_hash_size(tpm->quote.bank) };
		nr++;
	}
	return crypto_digest(tpm->key.hash, parts, nr, ret);
}

static bool judge_pcr(const struct eventlog *log, const struct tpm_parts *tpm,
		      struct verdict *verdict)
{
	uint8_t digest[CRYPTO_HASH_MAX];
	const char *why = NULL;

	if (tpm->quote.pcrs != log->pcrs)
		why = "the quote is not of the PCRs that the log is of";
	else if (!replay(log, tpm, digest))
		why = "the log has no digests of the quoted bank";
	else if (tpm->quote.digest_len != crypto_hash_size(tpm->key.hash) ||
		 memcmp(digest, tpm->quote.digest, tpm->quote.digest_len))
		why = "the PCR has another value than the log gives: the log lacks something, or has too much";
	if (why)
		verdict_add(verdict, CHECK_TPM_PCR, CHECK_FAILED, "%s", why);
	else
		verdict_add(verdict, CHECK_TPM_PCR, CHECK_PASSED, "%zu records, %s", log->nr,
			    eventlog_hash_name(tpm->quote.bank));
	return !why;
}

static const struct tpm_event *last_event(const struct eventlog *log, const char *bdf,
					  struct tpm_event *ret, size_t *ret_bad)
{
	const struct tpm_event *found = NULL;

	*ret_bad = 0;
	for (size_t i = 0; i < log->nr; i++) {
		struct tpm_event event;

		if (log->record[i].tag == TPM_TAG_VERDICT)
			continue;
		if (log->record[i].tag != TPM_TAG_DEVICE ||
		    !tpm_event_parse(log->record[i].data, &event)) {
			(*ret_bad)++;
		} else if (!strcmp(event.device, bdf)) {
			*ret = event;
			found = ret;
		}
	}
	return found;
}

static bool same_bars(const struct tpm_event *a, const struct tpm_event *b)
{
	return a->has_bars == b->has_bars &&
	       (!a->has_bars || !memcmp(&a->bars, &b->bars, sizeof(a->bars)));
}

/* What of the bundle is not what was measured, or NULL. */
static const char *difference(const struct subject *subject, const struct tpm_event *event)
{
	struct tpm_digest policy = tpm_digest(part(subject, BUNDLE_POLICY));
	struct tpm_digest verdict = tpm_digest(part(subject, BUNDLE_VERDICT));
	struct tpm_event own;

	tpm_event_of_bundle(subject->bundle, &own);
	if (!tpm_digest_equal(&own.evidence, &event->evidence))
		return "the evidence";
	if (!tpm_digest_equal(&own.report, &event->report))
		return "the interface report";
	if (!tpm_digest_equal(&own.nonce, &event->nonce))
		return "the device's nonce";
	if (!same_bars(&own, event))
		return "the sizes of the BARs";
	if (strcmp(own.platform, event->platform))
		return "the platform's name";
	if (strcmp(own.generation, event->generation))
		return "the evidence's generation";
	if (!tpm_digest_equal(&policy, &event->policy))
		return "the policy";
	if (!tpm_digest_equal(&verdict, &event->verdict))
		return "the verdict";
	return NULL;
}

static bool judge_event(const struct subject *subject, const struct eventlog *log,
			struct tpm_parts *tpm, struct verdict *verdict)
{
	const struct tpm_event *event;
	const char *what = NULL;
	size_t bad;

	event = last_event(log, subject->bundle->bdf, &tpm->event, &bad);
	tpm->has_event = event;
	if (bad) {
		verdict_add(verdict, CHECK_TPM_EVENT, CHECK_FAILED,
			    "%zu records of the log are not understood", bad);
		return false;
	}
	if (!event) {
		verdict_add(verdict, CHECK_TPM_EVENT, CHECK_FAILED,
			    "the log has no event about the device");
		return false;
	}
	what = difference(subject, event);
	if (what) {
		verdict_add(verdict, CHECK_TPM_EVENT, CHECK_FAILED,
			    "%s in the bundle: it was not that which was measured", what);
		return false;
	}
	if (event->kind == TPM_EVENT_VOID || strcmp(event->word, "verified")) {
		verdict_add(verdict, CHECK_TPM_EVENT, CHECK_REFUSED,
			    event->kind == TPM_EVENT_VOID ?
			    "the device was measured, and then not accepted" :
			    "the guest itself did not verify the device");
		return false;
	}
	verdict_add(verdict, CHECK_TPM_EVENT, CHECK_PASSED, "%s, generation %s",
		    event->kind == TPM_EVENT_ACCEPT ? "accepted" : "measured", event->generation);
	return true;
}

void verify_tpm(const struct subject *subject, struct tpm_parts *ret, struct verdict *verdict)
{
	struct tpm_wire_signature sig;
	struct eventlog log;
	bool ok;

	*ret = (struct tpm_parts) { .present = true };
	if (!complete(subject, verdict))
		return;
	if (!take_apart(subject, ret, &sig, verdict) || !take_log(subject, &log, verdict))
		return;
	ret->events = log.nr;
	verdict_add(verdict, CHECK_TPM_FORM, CHECK_PASSED, "%zu records", log.nr);
	judge_key(subject, ret, verdict);
	judge_signature(subject, ret, &sig, verdict);
	judge_nonce(subject, ret, verdict);
	ok = judge_pcr(&log, ret, verdict);
	ok &= judge_event(subject, &log, ret, verdict);
	ret->vouched = ok && verdict_passed(verdict, CHECK_TPM_SIGNATURE) &&
		       !verdict_bad(verdict, CHECK_TPM_NONCE) &&
		       !verdict_bad(verdict, CHECK_TPM_AK);
	eventlog_free(&log);
}
