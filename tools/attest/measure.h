/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measuring: PCR and event log together.
 *
 * A record is on its way to the disk before the PCR is extended, and the PCR is read
 * back afterwards. What a crash leaves in between are records at the log's end that
 * the PCR does not know; the next run sees that the PCR is what the log without them
 * gives, and takes them off. Whatever else differs is nobody's accident, and an error.
 */
#ifndef ATTEST_MEASURE_H
#define ATTEST_MEASURE_H

#include "tpm.h"
#include "tpm_event.h"

#define MEASURE_LOG_DEFAULT	"/run/log/tdi/tpm-eventlog"
#define MEASURE_PCR_DEFAULT	14

/**
 * struct measure - where to measure
 * @tcti: NULL for the default
 * @log: path of the event log; NULL for the default
 * @pcr: for events about devices; -1 for the default
 * @verdict_pcr: for verdicts alone; -1 for none
 */
struct measure {
	const char *tcti;
	const char *log;
	int pcr;
	int verdict_pcr;
};

/* Why that PCR is not for this, or NULL. */
const char *measure_pcr_refused(unsigned int pcr);
/* What to know about one that is, or NULL. */
const char *measure_pcr_note(unsigned int pcr);

/* What to measure besides the event: texts that only their digests go into the log. */
struct measure_objects {
	struct bytes policy;
	struct bytes verdict;
};

/**
 * measure_event() - extend the PCR by an event
 * @event: its resets and restarts are set here
 * @objects: kept beside the log, by their digests, for tdi quote
 *
 * Return: true, or false after setting @err: then the PCR was not extended, or, if
 * @err is TPM_RESET or TPM_ABSENT, nobody can tell.
 */
bool measure_event(const struct measure *measure, struct tpm_event *event,
		   const struct measure_objects *objects, struct tpm_error *err);

/* Is the log's last event about a device its acceptance? Waits neither for a lock nor a TPM. */
bool measure_stands(const struct measure *measure, const char *bdf);

/**
 * measure_void() - take a device's acceptance back, if it is the last event about it
 *
 * Return: true if none stands any longer, or false after setting @err.
 */
bool measure_void(const struct measure *measure, const char *bdf, struct tpm_error *err);

/**
 * struct measured - the log and the TPM, in agreement
 * @tpm: open
 * @log: parsed; refers to @file
 * @fd: holds the log's lock
 * @removed: bytes that a crash had left at the log's end
 */
struct measured {
	struct tpm *tpm;
	struct tpm_clock clock;
	struct eventlog_banks banks;
	int fd;
	struct blob file;
	struct eventlog log;
	size_t removed;
};

/**
 * measure_open() - open TPM and log, and see that they agree
 * @pcrs: bit n: PCR n is about to be extended
 * @ret: set on success; release with measure_close()
 */
bool measure_open(const struct measure *measure, uint32_t pcrs, struct measured *ret,
		  struct tpm_error *err);
void measure_close(struct measured *measured);

/* The clock again: false if the TPM was reset since it was opened. */
bool measure_steady(struct measured *measured, struct tpm_error *err);

/**
 * measure_object() - read what was kept beside the log
 * @ret: set on success
 *
 * Return: true if it is there and has that digest.
 */
bool measure_object(const struct measure *measure, const struct tpm_digest *digest,
		    struct blob *ret);

/* The last event about a device; NULL: about any. False if there is none. */
bool measure_last(const struct eventlog *log, const char *bdf, struct tpm_event *ret);

#endif /* ATTEST_MEASURE_H */
