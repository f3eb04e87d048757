// SPDX-License-Identifier: GPL-2.0
/*
 * The TPM's part of a bundle: event log, quote, signature and key from one input, to
 * their findings. Whoever made the bundle made all of them.
 *
 * A byte of flags, the lengths of log, quote and signature as 16 bits each, little
 * endian, then the four, the key last.
 */
#include "fuzz.h"
#include "../../tools/attest/eventlog.h"
#include "../../tools/attest/verify.h"

#define FLAG_NONCE	0x01
#define FLAG_PINNED	0x02

#define HEADER		7

/* An object of exactly its size, so that the sanitizer sees a byte too far. */
static struct blob take(const uint8_t **p, size_t *left, size_t len)
{
	struct blob blob;

	if (len > *left)
		len = *left;
	blob.data = malloc(len ? len : 1);
	blob.len = len;
	memcpy(blob.data, *p, len);
	*p += len;
	*left -= len;
	return blob;
}

/* What is read is written the same way again, and nothing else is read. */
static void check_log(struct bytes in)
{
	struct blob again = { 0 };
	struct eventlog log;
	char why[160];

	if (!eventlog_parse(in, &log, why, sizeof(why))) {
		must(strlen(why) > 0);
		return;
	}
	must(log.whole <= in.len);
	eventlog_start(&log.banks, &again);
	for (size_t i = 0; i < log.nr; i++) {
		const struct eventlog_record *record = &log.record[i];
		struct tpm_event event;
		char text[TPM_EVENT_SIZE];

		eventlog_add(&log.banks, record->pcr, record->tag, record->data, NULL, &again);
		must(again.len == record->end);
		if (!tpm_event_parse(record->data, &event))
			continue;
		must(tpm_event_text(&event, text) == record->data.len);
		must(!memcmp(text, record->data.data, record->data.len));
	}
	must(again.len == log.whole && !memcmp(again.data, in.data, again.len));
	blob_free(&again);
	eventlog_free(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct blob part[4];
	struct verdict verdict = { 0 };
	struct bundle bundle = { .bdf = "0000:01:00.0" };
	struct subject subject = { .bundle = &bundle };
	const uint8_t *p = data + HEADER;
	struct tpm_parts tpm;
	size_t left;

	if (len < HEADER)
		return 0;
	left = len - HEADER;
	part[0] = take(&p, &left, get_unaligned_le16(data + 1));
	part[1] = take(&p, &left, get_unaligned_le16(data + 3));
	part[2] = take(&p, &left, get_unaligned_le16(data + 5));
	part[3] = take(&p, &left, left);
	bundle.tpm[BUNDLE_EVENTLOG] = blob_bytes(&part[0]);
	bundle.tpm[BUNDLE_QUOTE] = blob_bytes(&part[1]);
	bundle.tpm[BUNDLE_SIGNATURE] = blob_bytes(&part[2]);
	bundle.tpm[BUNDLE_AK] = blob_bytes(&part[3]);
	subject.has_nonce = data[0] & FLAG_NONCE;
	if (data[0] & FLAG_PINNED)
		subject.ak = bundle.tpm[BUNDLE_AK];

	check_log(bundle.tpm[BUNDLE_EVENTLOG]);
	verify_tpm(&subject, &tpm, &verdict);
	must(!tpm.pinned || (subject.ak.data && tpm.key.attestation));
	must(!tpm.vouched || (tpm.has_quote && tpm.has_key && tpm.has_event &&
			      verdict_passed(&verdict, CHECK_TPM_SIGNATURE) &&
			      verdict_passed(&verdict, CHECK_TPM_PCR) &&
			      verdict_passed(&verdict, CHECK_TPM_EVENT)));
	must(!tpm.vouched || !subject.has_nonce || verdict_passed(&verdict, CHECK_TPM_NONCE));
	crypto_key_free(tpm.key.key);
	verdict_free(&verdict);
	for (int i = 0; i < 4; i++)
		free(part[i].data);
	return 0;
}
