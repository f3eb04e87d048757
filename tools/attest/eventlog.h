/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event logs of a TPM in the TCG's crypto-agile form (PC Client Platform Firmware
 * Profile, "Event Logging"): a Spec ID event, then TCG_PCR_EVENT2 records.
 *
 * These are this program's own logs: each record is an EV_EVENT_TAG whose digests
 * are those of its event, in every bank that the Spec ID event lists and in its
 * order. Everything else is refused. Bytes in, bytes out: no file, no TPM.
 */
#ifndef ATTEST_EVENTLOG_H
#define ATTEST_EVENTLOG_H

#include "crypto.h"

/* SHA-1, SHA-256, SHA-384, SHA-512 */
#define EVENTLOG_BANKS		4
#define EVENTLOG_PCRS		24

/* A log beyond this is nobody's. */
#define EVENTLOG_MAX		(4u << 20)

struct eventlog_banks {
	size_t nr;
	enum crypto_hash hash[EVENTLOG_BANKS];
};

/**
 * struct eventlog_record - one measurement
 * @digest: by bank, as in &struct eventlog_banks
 * @tag: says what @data is
 * @end: where the record ends in the log
 */
struct eventlog_record {
	unsigned int pcr;
	const uint8_t *digest[EVENTLOG_BANKS];
	uint32_t tag;
	struct bytes data;
	size_t end;
};

/**
 * struct eventlog - a log, taken apart
 * @whole: its length without what is torn at its end
 * @pcrs: bit n: there is a record for PCR n
 */
struct eventlog {
	struct eventlog_banks banks;
	size_t nr;
	struct eventlog_record *record;
	size_t whole;
	uint32_t pcrs;
};

/* TPM_ALG_ID of a hash, and back; false if it is none that is known. */
unsigned int eventlog_alg(enum crypto_hash hash);
bool eventlog_hash(unsigned int alg, enum crypto_hash *ret);
/* "SHA-256" */
const char *eventlog_hash_name(enum crypto_hash hash);

/**
 * eventlog_parse() - take a log apart
 * @log: kept by reference
 * @ret: set on success; release with eventlog_free()
 * @why: set to the reason of a failure
 * @size: its size
 *
 * An end in the middle of a record is no error here: what a crash left behind is
 * behind @whole.
 *
 * Return: true if it is a log of this program's.
 */
bool eventlog_parse(struct bytes log, struct eventlog *ret, char *why, size_t size);
void eventlog_free(struct eventlog *log);

/**
 * eventlog_replay() - what a PCR would be that was extended by these alone
 * @nr: how many records count
 * @bank: index into the log's banks
 */
void eventlog_replay(const struct eventlog *log, size_t nr, unsigned int pcr, size_t bank,
		     uint8_t ret[CRYPTO_HASH_MAX]);

/* The Spec ID event. */
void eventlog_start(const struct eventlog_banks *banks, struct blob *ret);

/**
 * eventlog_add() - append a record
 * @digest: set to the event's digests, by bank; NULL if nobody wants them
 */
void eventlog_add(const struct eventlog_banks *banks, unsigned int pcr, uint32_t tag,
		  struct bytes data, uint8_t (*digest)[CRYPTO_HASH_MAX], struct blob *ret);

#endif /* ATTEST_EVENTLOG_H */
