// SPDX-License-Identifier: GPL-2.0
/* The measurement transcript: who signed it, how fresh it is, and what it measures. */
#include <string.h>

#include "verify.h"

#define OBJECT	"measurements"

/* ---- slot and nonce ---- */

static void check_slot(const struct policy *policy, const struct parts *parts,
		       struct verdict *verdict)
{
	unsigned int slot = parts->meas.last.slot;
	bool ok = slot < 32 && policy->slots & BIT(slot);
	struct check *check = verdict_add(verdict, CHECK_MEAS_SLOT,
					  ok ? CHECK_PASSED : CHECK_REFUSED, "slot %u", slot);

	if (!ok)
		check_expected(check, "a slot that holds certificates, and that policy allows");
}

static struct bytes signed_nonce(const struct parts *parts)
{
	return (struct bytes) { parts->pairs.data + parts->meas.last.req_nonce, SPDM_NONCE_SIZE };
}

static void check_nonce(enum check_id id, const uint8_t *nonce, const struct parts *parts,
			struct verdict *verdict)
{
	struct bytes want = { nonce, SPDM_NONCE_SIZE };
	struct check *check;
	char text[2 * 8 + 1];

	if (crypto_equal(want, signed_nonce(parts))) {
		verdict_add(verdict, id, CHECK_PASSED, "it is");
		return;
	}
	for (int i = 0; i < 8; i++)
		util_format(text + 2 * i, 3, "%02x", signed_nonce(parts).data[i]);
	check = verdict_add(verdict, id, CHECK_FAILED, "%s...", text);
	for (int i = 0; i < 8; i++)
		util_format(text + 2 * i, 3, "%02x", nonce[i]);
	check_expected(check, "%s...", text);
	check->object = OBJECT;
	check->offset = parts->meas.last.req_nonce;
}

/* ---- the signature ---- */

static enum crypto_scheme scheme_of(const struct spdm_alg *asym)
{
	switch (asym->kind) {
	case SPDM_ALG_RSASSA:
		return CRYPTO_RSASSA;
	case SPDM_ALG_RSAPSS:
		return CRYPTO_RSAPSS;
	default:
		return CRYPTO_ECDSA;
	}
}

static enum crypto_hash hash_of(const struct spdm_alg *hash)
{
	return hash->size == 32 ? CRYPTO_SHA256 : hash->size == 48 ? CRYPTO_SHA384 : CRYPTO_SHA512;
}

/* 1.1 signs the log; later versions sign a prefix and the log's hash. */
static bool signature_ok(const struct parts *parts, const struct bytes *log, unsigned int nr)
{
	enum crypto_hash hash = hash_of(parts->hash);
	u8 prefix[SPDM_SIGN_PREFIX_SIZE], digest[CRYPTO_HASH_MAX];
	size_t prefix_len = spdm_meas_sign_prefix(parts->meas.version, prefix);
	struct bytes sig = { parts->pairs.data + parts->meas.last.signature,
			     parts->meas.signature_len };
	struct bytes message[2] = {
		{ prefix, prefix_len }, { digest, crypto_hash_size(hash) },
	};

	if (parts->meas.version == SPDM_VERSION_1_1)
		return crypto_verify(parts->certs.cert[0], scheme_of(parts->asym), hash, log, nr,
				     sig);
	if (!prefix_len || !crypto_digest(hash, log, nr, digest))
		return false;
	return crypto_verify(parts->certs.cert[0], scheme_of(parts->asym), hash, message, 2, sig);
}

static void check_signature(const struct parts *parts, struct verdict *verdict)
{
	struct spdm_meas_extent extent[SPDM_MEAS_EXTENTS];
	struct bytes log[SPDM_MEAS_EXTENTS];
	struct tdisp_why why = { 0 };
	struct check *check;
	unsigned int nr;

	if (spdm_meas_signed(&parts->meas, parts->has_vca ? &parts->vca : NULL, extent, &nr,
			     &why)) {
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_SKIPPED,
			    "the VCA is missing, and part of what is signed");
		return;
	}
	for (unsigned int i = 0; i < nr; i++)
		log[i] = (struct bytes) {
			(extent[i].in_vca ? parts->vca_bytes.data : parts->pairs.data) +
			extent[i].offset, extent[i].len
		};
	if (signature_ok(parts, log, nr)) {
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_PASSED, "%s with %s",
			    parts->asym->name, parts->hash->name);
		return;
	}
	check = verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_FAILED,
			    "a signature that does not verify");
	check_expected(check, "%s with %s, by the leaf's key", parts->asym->name,
		       parts->hash->name);
	check->object = OBJECT;
	check->offset = parts->meas.last.signature;
}

void verify_transcript(const struct subject *subject, const struct policy *policy,
		       const struct parts *parts, struct verdict *verdict)
{
	if (!parts->has_meas) {
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_SKIPPED,
			    "the transcript could not be taken apart");
		return;
	}
	check_slot(policy, parts, verdict);
	if (subject->has_nonce)
		check_nonce(CHECK_MEAS_NONCE, subject->nonce, parts, verdict);
	else
		verdict_add(verdict, CHECK_MEAS_NONCE, CHECK_SKIPPED,
			    "no --nonce was given, so nothing shows that the evidence is fresh");
	if (subject->bundle && subject->bundle->has_nonce)
		check_nonce(CHECK_BUNDLE_NONCE, subject->bundle->nonce, parts, verdict);
	if (!parts->has_certs)
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_SKIPPED,
			    "there are no certificates to verify it with");
	else if (!parts->usable)
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_SKIPPED,
			    "its algorithms are not known, not supported or not allowed");
	else if (verdict_bad(verdict, CHECK_LEAF_KEY))
		verdict_add(verdict, CHECK_MEAS_SIGNATURE, CHECK_SKIPPED,
			    "the leaf's key is of another kind");
	else
		check_signature(parts, verdict);
}

/* ---- what is measured ---- */

/* Counts over all blocks, for the lines that say that all is well. */
struct appraisal {
	const struct policy *policy;
	const struct parts *parts;
	struct verdict *verdict;
	bool seen[256];
	bool mode_seen;
	size_t values;
	size_t floors;
	size_t kinds;
	size_t unjudged;
};

static struct check *refuse(struct appraisal *a, enum check_id id,
			    const struct spdm_meas_value *value, const char *found)
{
	struct check *check = verdict_add(a->verdict, id, CHECK_REFUSED, "%s", found);

	check->index = value->index;
	check->object = OBJECT;
	check->offset = value->offset;
	return check;
}

static struct bytes value_bytes(const struct appraisal *a, const struct spdm_meas_value *value)
{
	return (struct bytes) { a->parts->pairs.data + value->value, value->len };
}

/* The first bytes are enough to tell values apart. */
static void short_hex(struct bytes bytes, char ret[48])
{
	size_t n = bytes.len < 16 ? bytes.len : 16;

	ret[0] = '\0';
	for (size_t i = 0; i < n; i++)
		util_format(ret + 2 * i, 3, "%02x", bytes.data[i]);
	if (n < bytes.len)
		util_format(ret + 2 * n, 4, "...");
}

static bool masked_equal(struct bytes found, const struct blob *want, const struct blob *mask)
{
	if (found.len != want->len)
		return false;
	for (size_t i = 0; i < found.len; i++) {
		uint8_t bits = mask->len ? mask->data[i] : 0xff;

		if ((found.data[i] ^ want->data[i]) & bits)
			return false;
	}
	return true;
}

static void check_value(struct appraisal *a, const struct policy_block *rule,
			const struct spdm_meas_value *value)
{
	char found[48], want[48];
	struct check *check;

	if (!rule->values.nr)
		return;
	for (size_t i = 0; i < rule->values.nr; i++) {
		if (masked_equal(value_bytes(a, value), &rule->values.value[i], &rule->mask)) {
			a->values++;
			return;
		}
	}
	short_hex(value_bytes(a, value), found);
	short_hex(blob_bytes(&rule->values.value[0]), want);
	check = refuse(a, CHECK_MEAS_VALUE, value, found);
	check_expected(check, "%s%s%s", want, rule->mask.len ? " under its mask" : "",
		       rule->values.nr > 1 ? " or another that policy names" : "");
}

static void check_kind(struct appraisal *a, const struct policy_block *rule,
		       const struct spdm_meas_value *value)
{
	bool want_raw = rule->kind == KIND_RAW;
	bool ok = true;

	if (rule->type < 0 && rule->kind == KIND_ANY)
		return;
	if (!value->is_dmtf) {
		check_expected(refuse(a, CHECK_MEAS_KIND, value, "another specification's"),
			       "a measurement as DMTF specifies it");
		return;
	}
	if (rule->type >= 0 && value->type != rule->type) {
		check_expected(refuse(a, CHECK_MEAS_KIND, value, spdm_meas_type_name(value->type)),
			       "%s", spdm_meas_type_name((u8)rule->type));
		ok = false;
	}
	if (rule->kind != KIND_ANY && value->is_raw != want_raw) {
		check_expected(refuse(a, CHECK_MEAS_KIND, value,
				      value->is_raw ? "a bit stream" : "a digest"),
			       "%s", want_raw ? "a bit stream" : "a digest");
		ok = false;
	}
	a->kinds += ok;
}

static void check_floor(struct appraisal *a, uint64_t floor, const struct spdm_meas_value *value)
{
	char found[24];
	u64 svn;

	if (!value->is_dmtf || spdm_meas_svn(a->parts->pairs.data, value, &svn, NULL)) {
		check_expected(refuse(a, CHECK_MEAS_SVN, value, "something else"),
			       "a security version number, as 8 bytes");
		return;
	}
	if (svn >= floor) {
		a->floors++;
		return;
	}
	util_format(found, sizeof(found), "%llu", (unsigned long long)svn);
	check_expected(refuse(a, CHECK_MEAS_SVN, value, found), "at least %llu",
		       (unsigned long long)floor);
}

/* Modes that a policy speaks of, with what it says. */
static void check_mode(struct appraisal *a, const struct spdm_meas_value *value,
		       const struct spdm_meas_mode *mode)
{
	const struct policy_mode *want = &a->policy->mode;
	const struct {
		u32 bits;
		bool allowed;
		const char *text;
	} debug[] = {
		{ SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_INVASIVE, want->allow_debug,
		  "debug is active" },
		{ SPDM_DEV_MODE_WAS_DEBUG | SPDM_DEV_MODE_WAS_INVASIVE, want->allow_past_debug,
		  "debug was active since the last reset" },
		{ SPDM_DEV_MODE_EVER_INVASIVE, want->allow_invasive_history,
		  "invasive debug was active since manufacturing" },
	};
	char found[32];

	for (size_t i = 0; i < ARRAY_SIZE(debug); i++)
		if (mode->dev_state & debug[i].bits && !debug[i].allowed)
			check_expected(refuse(a, CHECK_MEAS_MODE, value, debug[i].text),
				       "modes that policy allows");
	if (mode->dev_state & ~0x1fu) {
		util_format(found, sizeof(found), "0x%08x", mode->dev_state);
		check_expected(refuse(a, CHECK_MEAS_MODE, value, found), "modes that are known");
	}
	if (!mode->op_state || mode->op_state & ~want->operational) {
		util_format(found, sizeof(found), "operational modes 0x%x", mode->op_state);
		check_expected(refuse(a, CHECK_MEAS_MODE, value, found), "some of 0x%x",
			       want->operational);
	}
}

static void judge_mode(struct appraisal *a, const struct spdm_meas_value *value)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas_mode mode;
	int rc = spdm_meas_device_mode(a->parts->pairs.data, value, &mode, &why);

	if (rc == -ENOENT) {
		/* A digest of the mode says nothing of it. */
		if (value->is_dmtf && value->type == SPDM_MEAS_DEVICE_MODE) {
			a->mode_seen = true;
			check_expected(refuse(a, CHECK_MEAS_MODE, value, "a digest"),
				       "the device mode in plain");
		}
		return;
	}
	a->mode_seen = true;
	if (rc)
		verdict_add_why(a->verdict, CHECK_MEAS_MODE, CHECK_FAILED, OBJECT, &why);
	else
		check_mode(a, value, &mode);
}

static void judge(struct appraisal *a, const struct spdm_meas_value *value)
{
	const struct policy_block *rule = &a->policy->block[value->index];
	bool is_mode = value->is_dmtf && value->type == SPDM_MEAS_DEVICE_MODE;

	a->seen[value->index] = true;
	judge_mode(a, value);
	if (rule->used) {
		check_kind(a, rule, value);
		check_value(a, rule, value);
	}
	if (rule->used && rule->has_floor)
		check_floor(a, rule->floor, value);
	else if (a->policy->has_meas_floor && value->is_dmtf && value->type == SPDM_MEAS_FW_SVN)
		check_floor(a, a->policy->meas_floor, value);
	if (!rule->used && !is_mode) {
		a->unjudged++;
		if (a->policy->refuse_other)
			check_expected(refuse(a, CHECK_MEAS_OTHER, value, "one that it does not"),
				       "measurements that policy names");
	}
}

static void note(struct appraisal *a, enum check_id id, size_t nr, const char *what)
{
	if (nr && !verdict_bad(a->verdict, id))
		verdict_add(a->verdict, id, CHECK_PASSED, "%zu %s%s", nr, what, nr == 1 ? "" : "s");
}

static void judge_absent(struct appraisal *a)
{
	size_t present = 0;

	for (int i = 0; i < 256; i++) {
		struct check *check;

		if (!a->policy->block[i].used || !a->policy->block[i].required)
			continue;
		if (a->seen[i]) {
			present++;
			continue;
		}
		check = verdict_add(a->verdict, CHECK_MEAS_REQUIRED, CHECK_REFUSED, "none");
		check_expected(check, "a measurement of this index");
		check->index = i;
	}
	note(a, CHECK_MEAS_REQUIRED, present, "measurement");
	if (a->policy->mode.required && !a->mode_seen)
		check_expected(verdict_add(a->verdict, CHECK_MEAS_MODE, CHECK_REFUSED, "none"),
			       "a device mode");
}

/* Nobody said what to expect: say so, and what a person should know. */
static void unappraised(const struct parts *parts, struct verdict *verdict)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;
	struct spdm_meas_mode mode;

	verdict_add(verdict, CHECK_MEAS_VALUE, CHECK_SKIPPED,
		    "no --policy was given, so nobody said what they should be");
	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value)) {
		if (spdm_meas_device_mode(parts->pairs.data, &value, &mode, NULL))
			continue;
		verdict_add(verdict, CHECK_MEAS_MODE, CHECK_SKIPPED, "no --policy was given%s",
			    mode.dev_state & (SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_INVASIVE) ?
			    "; debug is active" : "");
		return;
	}
}

void verify_measurements(const struct policy *policy, const struct parts *parts,
			 struct verdict *verdict)
{
	struct appraisal a = { .policy = policy, .parts = parts, .verdict = verdict };
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;

	if (!policy->from_file) {
		unappraised(parts, verdict);
		return;
	}
	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value))
		judge(&a, &value);
	judge_absent(&a);
	note(&a, CHECK_MEAS_VALUE, a.values, "value");
	note(&a, CHECK_MEAS_KIND, a.kinds, "measurement");
	note(&a, CHECK_MEAS_SVN, a.floors, "security version");
	note(&a, CHECK_MEAS_MODE, a.mode_seen, "device mode");
	if (!policy->refuse_other)
		verdict_add(verdict, CHECK_MEAS_OTHER, CHECK_SKIPPED,
			    "policy has no opinion on %zu of %u", a.unjudged,
			    parts->meas.nr_blocks);
	else if (!verdict_bad(verdict, CHECK_MEAS_OTHER))
		verdict_add(verdict, CHECK_MEAS_OTHER, CHECK_PASSED, "all of them");
}
