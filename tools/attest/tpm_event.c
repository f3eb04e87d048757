// SPDX-License-Identifier: GPL-2.0
/* The data of measured events. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "tpm_event.h"

/* Says what the digest is of: no object's digest, and no other version's. */
#define EVIDENCE_DOMAIN		"tdi-evidence 1\n"

static const char * const kinds[TPM_EVENT_NR] = {
	[TPM_EVENT_ACCEPT]	= "tdi-accept 1",
	[TPM_EVENT_MEASURE]	= "tdi-measure 1",
	[TPM_EVENT_VOID]	= "tdi-void 1",
};

struct tpm_digest tpm_digest(struct bytes data)
{
	struct tpm_digest ret = { .there = data.data };
	uint8_t digest[CRYPTO_HASH_MAX];

	if (ret.there && crypto_digest(CRYPTO_SHA256, &data, 1, digest))
		memcpy(ret.value, digest, sizeof(ret.value));
	else
		ret.there = false;
	return ret;
}

bool tpm_digest_equal(const struct tpm_digest *a, const struct tpm_digest *b)
{
	return a->there == b->there &&
	       (!a->there || !memcmp(a->value, b->value, sizeof(a->value)));
}

/* Domain; then, for each object in order, its digest or zeros: all of known length. */
static struct tpm_digest evidence_digest(const struct bundle *bundle)
{
	uint8_t all[sizeof(EVIDENCE_DOMAIN) - 1 + EVIDENCE_NR * TPM_DIGEST_SIZE] = EVIDENCE_DOMAIN;

	for (int o = 0; o < EVIDENCE_NR; o++) {
		struct tpm_digest one = tpm_digest(bundle->object[o]);

		memcpy(all + sizeof(EVIDENCE_DOMAIN) - 1 + o * TPM_DIGEST_SIZE, one.value,
		       TPM_DIGEST_SIZE);
	}
	return tpm_digest((struct bytes) { all, sizeof(all) });
}

void tpm_event_of_bundle(const struct bundle *bundle, struct tpm_event *ret)
{
	*ret = (struct tpm_event) {
		.nonce.there = bundle->has_nonce,
		.has_bars = bundle->has_bars,
		.evidence = evidence_digest(bundle),
		.report = tpm_digest(bundle->object[EVIDENCE_REPORT]),
	};
	util_format(ret->device, sizeof(ret->device), "%s", bundle->bdf);
	util_format(ret->platform, sizeof(ret->platform), "%s", bundle->platform);
	util_format(ret->generation, sizeof(ret->generation), "%s", bundle->generation);
	if (bundle->has_nonce)
		memcpy(ret->nonce.value, bundle->nonce, sizeof(ret->nonce.value));
	if (bundle->has_bars)
		ret->bars = bundle->bars;
}

/* ---- writing ---- */

static void hex(char *ret, const struct tpm_digest *digest)
{
	if (!digest->there)
		util_format(ret, 2, "-");
	for (size_t i = 0; digest->there && i < sizeof(digest->value); i++)
		util_format(ret + 2 * i, 3, "%02x", digest->value[i]);
}

static void bars_text(char *ret, size_t size, const struct tpm_event *event)
{
	size_t used = 0;

	util_format(ret, size, "-");
	for (int i = 0; event->has_bars && i < TDISP_NR_BARS; i++) {
		util_format(ret + used, size - used, "%s%llu", i ? "," : "",
			    (unsigned long long)event->bars.size[i]);
		used += strlen(ret + used);
	}
}

/* What has a line of its own is printable and not empty. */
static bool is_line(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return text[0];
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

#define HEX_SIZE	(2 * TPM_DIGEST_SIZE + 1)

size_t tpm_event_text(const struct tpm_event *event, char ret[TPM_EVENT_SIZE])
{
	char nonce[HEX_SIZE], evidence[HEX_SIZE], report[HEX_SIZE], policy[HEX_SIZE];
	char anchor[HEX_SIZE], verdict[HEX_SIZE], bars[6 * 21];

	hex(nonce, &event->nonce);
	hex(evidence, &event->evidence);
	hex(report, &event->report);
	hex(policy, &event->policy);
	hex(anchor, &event->anchor);
	hex(verdict, &event->verdict);
	bars_text(bars, sizeof(bars), event);
	if (!is_line(or_dash(event->device)) || !is_line(or_dash(event->platform)) ||
	    !is_line(or_dash(event->generation)) || !is_line(event->word) ||
	    util_format(ret, TPM_EVENT_SIZE,
			"%s\ndevice %s\nplatform %s\ngeneration %s\nnonce %s\nbars %s\n"
			"evidence %s\nreport %s\npolicy %s\nanchor %s\nverdict %s\n"
			"verdict-digest %s\nresets %lu\nrestarts %lu\n",
			kinds[event->kind], or_dash(event->device), or_dash(event->platform),
			or_dash(event->generation), nonce, bars, evidence, report, policy, anchor,
			event->word, verdict, (unsigned long)event->resets,
			(unsigned long)event->restarts))
		return 0;
	return strlen(ret);
}

size_t tpm_event_verdict_text(const struct tpm_event *event, char ret[TPM_EVENT_SIZE])
{
	bool is_void = event->kind == TPM_EVENT_VOID;
	char policy[HEX_SIZE], anchor[HEX_SIZE];

	hex(policy, &event->policy);
	hex(anchor, &event->anchor);
	if (util_format(ret, TPM_EVENT_SIZE, "tdi-verdict 1\npolicy %s\nanchor %s\nverdict %s\n",
			policy, anchor, is_void ? "void" : event->word))
		return 0;
	return strlen(ret);
}

/* ---- reading ---- */

/* The value of "KEY VALUE\n" at @at, which moves on; "-" is "". */
static bool take(const char **at, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);
	const char *end = strchr(*at, '\n');

	if (!end || strncmp(*at, key, len) || (*at)[len] != ' ')
		return false;
	*at += len + 1;
	if (end < *at || (size_t)(end - *at) >= size)
		return false;
	len = (size_t)(end - *at);
	if (len == 1 && **at == '-')
		len = 0;
	memcpy(ret, *at, len);
	ret[len] = '\0';
	*at = end + 1;
	return true;
}

static bool take_digest(const char **at, const char *key, struct tpm_digest *ret)
{
	char text[HEX_SIZE];

	if (!take(at, key, text, sizeof(text)))
		return false;
	ret->there = text[0];
	if (text[0] && strspn(text, "0123456789abcdef") != HEX_SIZE - 1)
		return false;
	for (size_t i = 0; text[0] && i < sizeof(ret->value); i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		ret->value[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static bool take_number(const char **at, const char *key, uint32_t *ret)
{
	uint64_t number;
	char text[16];

	if (!take(at, key, text, sizeof(text)) || util_u64_parse(text, &number) ||
	    number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool take_bars(const char **at, struct tpm_event *ret)
{
	char text[6 * 21], *p = text;

	if (!take(at, "bars", text, sizeof(text)))
		return false;
	ret->has_bars = text[0];
	for (int i = 0; text[0] && i < TDISP_NR_BARS; i++) {
		char *word = strsep(&p, ",");
		uint64_t size;

		if (!word || util_u64_parse(word, &size))
			return false;
		ret->bars.size[i] = size;
	}
	return true;
}

static bool take_all(const char *at, struct tpm_event *ret)
{
	size_t kind = 0;

	while (kind < TPM_EVENT_NR && strncmp(at, kinds[kind], strlen(kinds[kind])))
		kind++;
	if (kind == TPM_EVENT_NR || at[strlen(kinds[kind])] != '\n')
		return false;
	at += strlen(kinds[kind]) + 1;
	*ret = (struct tpm_event) { .kind = (enum tpm_event_kind)kind };
	return take(&at, "device", ret->device, sizeof(ret->device)) &&
	       take(&at, "platform", ret->platform, sizeof(ret->platform)) &&
	       take(&at, "generation", ret->generation, sizeof(ret->generation)) &&
	       take_digest(&at, "nonce", &ret->nonce) && take_bars(&at, ret) &&
	       take_digest(&at, "evidence", &ret->evidence) &&
	       take_digest(&at, "report", &ret->report) &&
	       take_digest(&at, "policy", &ret->policy) &&
	       take_digest(&at, "anchor", &ret->anchor) &&
	       take(&at, "verdict", ret->word, sizeof(ret->word)) &&
	       take_digest(&at, "verdict-digest", &ret->verdict) &&
	       take_number(&at, "resets", &ret->resets) &&
	       take_number(&at, "restarts", &ret->restarts) && !*at;
}

bool tpm_event_parse(struct bytes data, struct tpm_event *ret)
{
	char text[TPM_EVENT_SIZE], again[TPM_EVENT_SIZE];
	struct tpm_event event;

	if (!data.len || data.len >= sizeof(text) || memchr(data.data, '\0', data.len))
		return false;
	memcpy(text, data.data, data.len);
	text[data.len] = '\0';
	if (!take_all(text, &event) || tpm_event_text(&event, again) != data.len ||
	    strcmp(text, again))
		return false;
	*ret = event;
	return true;
}
