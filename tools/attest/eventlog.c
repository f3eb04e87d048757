// SPDX-License-Identifier: GPL-2.0
/* TCG event logs: writing, reading, replaying. */
#include <stdlib.h>
#include <string.h>

#include <tdisp/cursor.h>

#include "eventlog.h"
#include "util.h"

/* PC Client Platform Firmware Profile, "Event Types" */
#define EV_NO_ACTION	0x03u
#define EV_EVENT_TAG	0x06u

/* TCG_EfiSpecIDEvent */
#define SPEC_ID		"Spec ID Event03"	/* with its zero */
#define SPEC_MINOR	0
#define SPEC_MAJOR	2
#define SPEC_ERRATA	0
#define SPEC_UINTN	2			/* 64 bits */
#define SHA1_SIZE	20

static const struct {
	enum crypto_hash hash;
	unsigned int alg;
	const char *name;
} algs[] = {
	{ CRYPTO_SHA1, 0x04, "SHA-1" },
	{ CRYPTO_SHA256, 0x0b, "SHA-256" },
	{ CRYPTO_SHA384, 0x0c, "SHA-384" },
	{ CRYPTO_SHA512, 0x0d, "SHA-512" },
};

unsigned int eventlog_alg(enum crypto_hash hash)
{
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].hash == hash)
			return algs[i].alg;
	return 0;
}

bool eventlog_hash(unsigned int alg, enum crypto_hash *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		if (algs[i].alg != alg)
			continue;
		*ret = algs[i].hash;
		return true;
	}
	return false;
}

const char *eventlog_hash_name(enum crypto_hash hash)
{
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].hash == hash)
			return algs[i].name;
	return "";
}

/* ---- reading ---- */

struct reading {
	struct tdisp_cursor c;
	struct eventlog *log;
	char *why;
	size_t size;
};

static bool bad(struct reading *r, const char *fmt, ...) TDI_PRINTF(2, 3);

static bool bad(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	util_vformat(r->why, r->size, fmt, ap);
	va_end(ap);
	return false;
}

static bool read_banks(struct reading *r, struct tdisp_cursor *c)
{
	struct eventlog_banks *banks = &r->log->banks;
	u32 nr = tdisp_cursor_le32(c);

	if (!nr || nr > EVENTLOG_BANKS)
		return bad(r, "the Spec ID event lists %u banks", nr);
	for (u32 i = 0; i < nr; i++) {
		unsigned int alg = tdisp_cursor_le16(c), len = tdisp_cursor_le16(c);

		if (!eventlog_hash(alg, &banks->hash[i]) ||
		    len != crypto_hash_size(banks->hash[i]))
			return bad(r, "the Spec ID event lists algorithm 0x%04x, %u bytes", alg,
				   len);
		for (u32 j = 0; j < i; j++)
			if (banks->hash[j] == banks->hash[i])
				return bad(r, "the Spec ID event lists a bank twice");
	}
	banks->nr = nr;
	return true;
}

static bool read_header(struct reading *r)
{
	u32 pcr = tdisp_cursor_le32(&r->c), type = tdisp_cursor_le32(&r->c), len;
	const u8 *event;
	struct blob again = { 0 };
	struct tdisp_cursor c;
	bool same;

	tdisp_cursor_take(&r->c, SHA1_SIZE);
	len = tdisp_cursor_le32(&r->c);
	event = tdisp_cursor_take(&r->c, len);
	if (!tdisp_cursor_ok(&r->c) || pcr || type != EV_NO_ACTION)
		return bad(r, "it does not start with a Spec ID event");
	tdisp_cursor_init(&c, event, len);
	event = tdisp_cursor_take(&c, sizeof(SPEC_ID));
	if (!event || memcmp(event, SPEC_ID, sizeof(SPEC_ID)))
		return bad(r, "it does not start with a Spec ID event");
	/* platformClass, minor, major, errata, uintnSize */
	tdisp_cursor_take(&c, 8);
	if (!read_banks(r, &c))
		return false;
	/* vendorInfo */
	tdisp_cursor_take(&c, tdisp_cursor_u8(&c));
	if (!tdisp_cursor_ok(&c) || tdisp_cursor_left(&c))
		return bad(r, "the Spec ID event has another size than it says");
	/* There is one way to write it. */
	eventlog_start(&r->log->banks, &again);
	same = again.len == r->c.pos && !memcmp(again.data, r->c.buf, again.len);
	blob_free(&again);
	if (!same)
		return bad(r, "the Spec ID event is not as this program writes it");
	r->log->whole = r->c.pos;
	return true;
}

static bool digests_fit(const struct eventlog *log, const struct eventlog_record *record,
			struct bytes event)
{
	uint8_t digest[CRYPTO_HASH_MAX];

	for (size_t b = 0; b < log->banks.nr; b++) {
		enum crypto_hash hash = log->banks.hash[b];

		if (!crypto_digest(hash, &event, 1, digest) ||
		    memcmp(digest, record->digest[b], crypto_hash_size(hash)))
			return false;
	}
	return true;
}

static bool read_tagged(struct reading *r, struct eventlog_record *record, struct bytes event)
{
	struct tdisp_cursor c;
	u32 len;

	tdisp_cursor_init(&c, event.data, event.len);
	record->tag = tdisp_cursor_le32(&c);
	len = tdisp_cursor_le32(&c);
	record->data = (struct bytes) { tdisp_cursor_take(&c, len), len };
	if (!tdisp_cursor_ok(&c) || tdisp_cursor_left(&c))
		return bad(r, "record %zu: it is no tagged event", r->log->nr);
	return true;
}

/* 1, 0 if it is torn, -1 if it is wrong. */
static int read_record(struct reading *r, struct eventlog_record *record)
{
	u32 pcr = tdisp_cursor_le32(&r->c), type = tdisp_cursor_le32(&r->c);
	u32 nr = tdisp_cursor_le32(&r->c), len;
	struct eventlog *log = r->log;
	struct bytes event;

	if (!tdisp_cursor_ok(&r->c))
		return 0;
	if (pcr >= EVENTLOG_PCRS || type != EV_EVENT_TAG || nr != log->banks.nr) {
		bad(r, "record %zu: PCR %u, type 0x%x, %u digests", log->nr, pcr, type, nr);
		return -1;
	}
	record->pcr = pcr;
	for (size_t b = 0; b < nr; b++) {
		unsigned int alg = tdisp_cursor_le16(&r->c);

		record->digest[b] = tdisp_cursor_take(&r->c, crypto_hash_size(log->banks.hash[b]));
		if (!tdisp_cursor_ok(&r->c))
			return 0;
		if (alg != eventlog_alg(log->banks.hash[b])) {
			bad(r, "record %zu: its digests are not those of the Spec ID event",
			    log->nr);
			return -1;
		}
	}
	len = tdisp_cursor_le32(&r->c);
	event = (struct bytes) { tdisp_cursor_take(&r->c, len), len };
	if (!tdisp_cursor_ok(&r->c))
		return 0;
	if (!read_tagged(r, record, event))
		return -1;
	if (!digests_fit(log, record, event)) {
		bad(r, "record %zu: a digest is not its event's", log->nr);
		return -1;
	}
	record->end = r->c.pos;
	return 1;
}

static bool read_all(struct reading *r)
{
	struct eventlog *log = r->log;
	int rc = 1;

	if (!read_header(r))
		return false;
	while (rc > 0 && tdisp_cursor_left(&r->c)) {
		struct eventlog_record record = { 0 };

		rc = read_record(r, &record);
		if (rc <= 0)
			break;
		log->record = util_grow(log->record, log->nr + 1, sizeof(record));
		log->record[log->nr++] = record;
		log->whole = record.end;
		log->pcrs |= 1u << record.pcr;
	}
	return rc >= 0;
}

bool eventlog_parse(struct bytes log, struct eventlog *ret, char *why, size_t size)
{
	struct reading r = { .log = ret, .why = why, .size = size };

	*ret = (struct eventlog) { 0 };
	tdisp_cursor_init(&r.c, log.data, log.len);
	if (log.len > EVENTLOG_MAX ? bad(&r, "it is too long") : read_all(&r))
		return true;
	eventlog_free(ret);
	return false;
}

void eventlog_free(struct eventlog *log)
{
	free(log->record);
	*log = (struct eventlog) { 0 };
}

void eventlog_replay(const struct eventlog *log, size_t nr, unsigned int pcr, size_t bank,
		     uint8_t ret[CRYPTO_HASH_MAX])
{
	enum crypto_hash hash = log->banks.hash[bank];
	size_t len = crypto_hash_size(hash);

	memset(ret, 0, CRYPTO_HASH_MAX);
	for (size_t i = 0; i < nr; i++) {
		struct bytes part[] = { { ret, len }, { log->record[i].digest[bank], len } };

		if (log->record[i].pcr == pcr)
			crypto_digest(hash, part, 2, ret);
	}
}

/* ---- writing ---- */

static void put16(struct blob *ret, unsigned int value)
{
	const u8 p[] = { (u8)value, (u8)(value >> 8) };

	blob_append(ret, p, sizeof(p));
}

static void put32(struct blob *ret, uint32_t value)
{
	put16(ret, value & 0xffff);
	put16(ret, value >> 16);
}

void eventlog_start(const struct eventlog_banks *banks, struct blob *ret)
{
	static const uint8_t zeros[SHA1_SIZE];
	static const uint8_t version[] = { SPEC_MINOR, SPEC_MAJOR, SPEC_ERRATA, SPEC_UINTN };

	put32(ret, 0);
	put32(ret, EV_NO_ACTION);
	blob_append(ret, zeros, sizeof(zeros));
	put32(ret, (uint32_t)(sizeof(SPEC_ID) + 4 + sizeof(version) + 4 + 4 * banks->nr + 1));
	blob_append(ret, SPEC_ID, sizeof(SPEC_ID));
	put32(ret, 0);			/* platformClass: client */
	blob_append(ret, version, sizeof(version));
	put32(ret, (uint32_t)banks->nr);
	for (size_t b = 0; b < banks->nr; b++) {
		put16(ret, eventlog_alg(banks->hash[b]));
		put16(ret, (unsigned int)crypto_hash_size(banks->hash[b]));
	}
	blob_append(ret, zeros, 1);	/* no vendorInfo */
}

void eventlog_add(const struct eventlog_banks *banks, unsigned int pcr, uint32_t tag,
		  struct bytes data, uint8_t (*digest)[CRYPTO_HASH_MAX], struct blob *ret)
{
	uint8_t one[CRYPTO_HASH_MAX];
	struct blob event = { 0 };
	struct bytes bytes;

	put32(&event, tag);
	put32(&event, (uint32_t)data.len);
	blob_append(&event, data.data, data.len);
	bytes = blob_bytes(&event);
	put32(ret, pcr);
	put32(ret, EV_EVENT_TAG);
	put32(ret, (uint32_t)banks->nr);
	for (size_t b = 0; b < banks->nr; b++) {
		uint8_t *to = digest ? digest[b] : one;

		crypto_digest(banks->hash[b], &bytes, 1, to);
		put16(ret, eventlog_alg(banks->hash[b]));
		blob_append(ret, to, crypto_hash_size(banks->hash[b]));
	}
	put32(ret, (uint32_t)event.len);
	blob_append(ret, event.data, event.len);
	blob_free(&event);
}
