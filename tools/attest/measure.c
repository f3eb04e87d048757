// SPDX-License-Identifier: GPL-2.0
/* PCR and event log, together. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"

/* Records of one event: the device's and the verdict's. */
#define RECORDS_MAX	2

static const char *log_path(const struct measure *measure)
{
	return measure->log ? measure->log : MEASURE_LOG_DEFAULT;
}

static unsigned int event_pcr(const struct measure *measure)
{
	return measure->pcr < 0 ? MEASURE_PCR_DEFAULT : (unsigned int)measure->pcr;
}

const char *measure_pcr_refused(unsigned int pcr)
{
	if (pcr <= 7)
		return "the firmware measures itself there";
	switch (pcr) {
	case 8:
	case 9:
		return "the boot loader and the kernel's EFI stub measure there";
	case 10:
		return "the kernel's IMA measures there";
	case 11:
	case 12:
	case 13:
		return "systemd's boot stub measures there";
	case 14:
	case 15:
	case 16:
	case 23:
		return NULL;
	default:
		return pcr < EVENTLOG_PCRS ? "it is for dynamic launch, and takes another locality" :
					     "there is no such PCR";
	}
}

const char *measure_pcr_note(unsigned int pcr)
{
	switch (pcr) {
	case 14:
		return "a shim measures its MOK state there: then take another one";
	case 15:
		return "systemd measures the machine's id there if it booted by its stub: then take another one";
	case 16:
	case 23:
		return "whoever is root in the guest can reset it, and measure what he likes";
	default:
		return NULL;
	}
}

/* ---- files ---- */

/* The directories that a path needs. */
static int make_parents(const char *path)
{
	char dir[PATH_MAX];

	if (util_format(dir, sizeof(dir), "%s", path))
		return -ENAMETOOLONG;
	for (char *p = strchr(dir + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

static bool open_log(const struct measure *measure, struct measured *ret, struct tpm_error *err)
{
	const char *path = log_path(measure);
	int rc = make_parents(path);

	if (!rc) {
		ret->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
		rc = ret->fd < 0 || flock(ret->fd, LOCK_EX) ? -errno : 0;
	}
	/* By the descriptor: what is locked is what is read. */
	if (!rc) {
		char self[32];

		util_format(self, sizeof(self), "/proc/self/fd/%d", ret->fd);
		rc = blob_read(AT_FDCWD, self, &ret->file);
	}
	return !rc || tpm_fail(err, TPM_FAILED, "cannot open the event log: %s", strerror(-rc));
}

static int object_path(const struct measure *measure, const struct tpm_digest *digest,
		       char ret[PATH_MAX])
{
	char hex[2 * TPM_DIGEST_SIZE + 1];

	for (size_t i = 0; i < sizeof(digest->value); i++)
		util_format(hex + 2 * i, 3, "%02x", digest->value[i]);
	return util_format(ret, PATH_MAX, "%s.objects/%s", log_path(measure), hex);
}

/* Under a name of its own until it is whole. */
static int keep_object(const struct measure *measure, struct bytes data)
{
	struct tpm_digest digest = tpm_digest(data);
	char path[PATH_MAX], part[PATH_MAX];
	int fd, rc;

	if (!digest.there)
		return 0;
	rc = object_path(measure, &digest, path);
	if (!rc)
		rc = util_format(part, sizeof(part), "%s.%d", path, (int)getpid());
	if (!rc)
		rc = make_parents(path);
	if (rc)
		return rc;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	rc = write(fd, data.data, data.len) != (ssize_t)data.len ? -EIO : 0;
	if (fdatasync(fd) || close(fd) || rc || rename(part, path)) {
		rc = rc ? rc : -errno;
		unlink(part);
	}
	return rc;
}

bool measure_object(const struct measure *measure, const struct tpm_digest *digest,
		    struct blob *ret)
{
	struct tpm_digest found;
	char path[PATH_MAX];

	if (object_path(measure, digest, path) || blob_read(AT_FDCWD, path, ret))
		return false;
	found = tpm_digest(blob_bytes(ret));
	if (tpm_digest_equal(&found, digest))
		return true;
	blob_free(ret);
	return false;
}

/* ---- the log and the TPM ---- */

/* Does every PCR have the value that these records give? 1, 0, or -1 after an error. */
static int agrees(struct measured *m, size_t nr, uint32_t pcrs, struct tpm_error *err)
{
	uint8_t want[CRYPTO_HASH_MAX], have[CRYPTO_HASH_MAX];

	for (unsigned int pcr = 0; pcr < EVENTLOG_PCRS; pcr++) {
		if (!(pcrs >> pcr & 1))
			continue;
		for (size_t b = 0; b < m->banks.nr; b++) {
			enum crypto_hash bank = m->banks.hash[b];

			if (!tpm_pcr_read(m->tpm, pcr, bank, have, err))
				return -1;
			eventlog_replay(&m->log, nr, pcr, b, want);
			if (memcmp(want, have, crypto_hash_size(bank)))
				return 0;
		}
	}
	return 1;
}

/* A reset TPM's PCRs are as if nothing had been measured. */
static bool explain(struct measured *m, uint32_t pcrs, struct tpm_error *err)
{
	int rc = m->log.nr ? agrees(m, 0, pcrs, err) : 0;

	if (rc < 0)
		return false;
	if (rc)
		return tpm_fail(err, TPM_RESET,
				"the TPM was reset since the event log was written: the PCR is empty, the log is not");
	if (m->log.nr)
		return tpm_fail(err, TPM_DISAGREES,
				"the PCR is not what the event log gives: somebody else extended it, or changed the log");
	return tpm_fail(err, TPM_DISAGREES,
			"somebody else extended the PCR already: there is no event log for it");
}

static bool cut(struct measured *m, size_t nr, struct tpm_error *err)
{
	/* Without a record the header goes, too: the next one may be another. */
	size_t len = nr ? m->log.record[nr - 1].end : 0;

	if (ftruncate(m->fd, (off_t)len) || fdatasync(m->fd))
		return tpm_fail(err, TPM_FAILED, "cannot mend the event log: %s", strerror(errno));
	m->removed = m->file.len - len;
	m->file.len = len;
	m->log.nr = nr;
	m->log.whole = len;
	return true;
}

/* Is the TPM as it was when the last record was written, never reset or restarted? */
static bool same_boot(const struct measured *m)
{
	struct tpm_event event;

	return !measure_last(&m->log, NULL, &event) ||
	       (event.resets == m->clock.resets && event.restarts == m->clock.restarts);
}

/*
 * What a crash may have left is taken off: a torn record, and up to one event's
 * records that the PCRs do not know.
 */
static bool reconcile(struct measured *m, uint32_t pcrs, struct tpm_error *err)
{
	size_t nr = m->log.nr, least = nr > RECORDS_MAX ? nr - RECORDS_MAX : 0;
	int rc;

	pcrs |= m->log.pcrs;
	if (!same_boot(m))
		least = nr;
	for (;;) {
		rc = agrees(m, nr, pcrs, err);
		if (rc || nr == least)
			break;
		nr--;
	}
	if (rc < 0)
		return false;
	if (!rc)
		return explain(m, pcrs, err);
	if (nr == m->log.nr && m->log.whole == m->file.len)
		return true;
	return cut(m, nr, err);
}

/* Less than a header, as far as it goes. */
static bool is_torn_header(const struct measured *m)
{
	struct blob header = { 0 };
	bool torn;

	eventlog_start(&m->banks, &header);
	torn = m->file.len < header.len && !memcmp(m->file.data, header.data, m->file.len);
	blob_free(&header);
	return torn;
}

static bool parse_log(struct measured *m, struct tpm_error *err)
{
	char why[160];

	eventlog_free(&m->log);
	if (is_torn_header(m)) {
		m->log = (struct eventlog) { .banks = m->banks };
		return true;
	}
	if (!eventlog_parse(blob_bytes(&m->file), &m->log, why, sizeof(why)))
		return tpm_fail(err, TPM_DISAGREES, "the event log cannot be read: %s", why);
	if (m->log.banks.nr != m->banks.nr ||
	    memcmp(m->log.banks.hash, m->banks.hash, m->banks.nr * sizeof(m->banks.hash[0])))
		return tpm_fail(err, TPM_DISAGREES,
				"the event log is of other banks than the TPM has");
	return true;
}

bool measure_open(const struct measure *measure, uint32_t pcrs, struct measured *ret,
		  struct tpm_error *err)
{
	*ret = (struct measured) { .fd = -1 };
	*err = (struct tpm_error) { 0 };
	ret->tpm = tpm_open(measure->tcti, err);
	if (ret->tpm && tpm_banks(ret->tpm, &ret->banks, err) &&
	    tpm_clock(ret->tpm, &ret->clock, err) && open_log(measure, ret, err) &&
	    parse_log(ret, err) && reconcile(ret, pcrs, err)) {
		if (ret->removed)
			util_complain("the event log ended in %zu bytes that were never measured: removed",
				      ret->removed);
		return true;
	}
	measure_close(ret);
	return false;
}

void measure_close(struct measured *measured)
{
	eventlog_free(&measured->log);
	blob_free(&measured->file);
	if (measured->fd >= 0)
		close(measured->fd);
	tpm_close(measured->tpm);
	*measured = (struct measured) { .fd = -1 };
}

bool measure_steady(struct measured *measured, struct tpm_error *err)
{
	struct tpm_clock now;

	if (!tpm_clock(measured->tpm, &now, err))
		return false;
	if (now.resets == measured->clock.resets && now.restarts == measured->clock.restarts)
		return true;
	return tpm_fail(err, TPM_RESET,
			"the TPM was reset or restarted meanwhile (resets %lu, then %lu; restarts %lu, then %lu)",
			(unsigned long)measured->clock.resets, (unsigned long)now.resets,
			(unsigned long)measured->clock.restarts, (unsigned long)now.restarts);
}

/* ---- measuring ---- */

/**
 * struct batch - the records of one event
 * @bytes: what is appended to the log
 */
struct batch {
	struct blob bytes;
	size_t nr;
	unsigned int pcr[RECORDS_MAX];
	uint8_t digest[RECORDS_MAX][EVENTLOG_BANKS][CRYPTO_HASH_MAX];
};

static void batch_add(struct batch *batch, const struct eventlog_banks *banks, unsigned int pcr,
		      uint32_t tag, const char *text, size_t len)
{
	const struct bytes data = { (const uint8_t *)text, len };

	eventlog_add(banks, pcr, tag, data, batch->digest[batch->nr], &batch->bytes);
	batch->pcr[batch->nr++] = pcr;
}

static bool make_batch(const struct measure *measure, const struct measured *m,
		       const struct tpm_event *event, struct batch *ret, struct tpm_error *err)
{
	char text[TPM_EVENT_SIZE];
	size_t len = tpm_event_text(event, text);

	if (!len)
		return tpm_fail(err, TPM_FAILED, "the device's names are not fit to be measured");
	if (!m->file.len)
		eventlog_start(&m->banks, &ret->bytes);
	batch_add(ret, &m->banks, event_pcr(measure), TPM_TAG_DEVICE, text, len);
	if (measure->verdict_pcr >= 0) {
		len = tpm_event_verdict_text(event, text);
		batch_add(ret, &m->banks, (unsigned int)measure->verdict_pcr, TPM_TAG_VERDICT,
			  text, len);
	}
	return true;
}

/* In one write, so that a crash tears no more than its end. */
static bool append(const struct measured *m, const struct batch *batch, struct tpm_error *err)
{
	ssize_t n;

	if (m->file.len + batch->bytes.len > EVENTLOG_MAX)
		return tpm_fail(err, TPM_FAILED, "the event log is full");
	n = write(m->fd, batch->bytes.data, batch->bytes.len);
	if (n == (ssize_t)batch->bytes.len && !fdatasync(m->fd))
		return true;
	tpm_fail(err, TPM_FAILED, "cannot write the event log: %s", strerror(n < 0 ? errno : EIO));
	if (ftruncate(m->fd, (off_t)m->file.len))
		tpm_fail(err, TPM_FAILED, "cannot write the event log, nor mend it: %s",
			 strerror(errno));
	return false;
}

/* Takes back what the PCRs do not know; if nobody can tell, the next run will. */
static void take_back(struct measured *m, uint32_t pcrs)
{
	struct tpm_error ignored;

	if (parse_log(m, &ignored))
		reconcile(m, pcrs, &ignored);
}

static bool extend(struct measured *m, const struct batch *batch, uint32_t pcrs,
		   struct tpm_error *err)
{
	/* The log as it is on the disk. */
	blob_append(&m->file, batch->bytes.data, batch->bytes.len);
	for (size_t i = 0; i < batch->nr; i++) {
		if (tpm_pcr_extend(m->tpm, batch->pcr[i], &m->banks,
				   (uint8_t (*)[CRYPTO_HASH_MAX])batch->digest[i], err))
			continue;
		take_back(m, pcrs);
		return false;
	}
	return true;
}

/* The PCRs are what the log gives: believe that, not the TPM's "done". */
static bool read_back(struct measured *m, uint32_t pcrs, struct tpm_error *err)
{
	int rc;

	if (!parse_log(m, err))
		return false;
	rc = agrees(m, m->log.nr, pcrs, err);
	/* A reset tells more than its consequence. */
	if (rc < 0 || !measure_steady(m, err))
		return false;
	return rc || tpm_fail(err, TPM_DISAGREES,
			      "the PCR has another value than it should after it was extended");
}

static uint32_t measure_pcrs(const struct measure *measure)
{
	return 1u << event_pcr(measure) |
	       (measure->verdict_pcr >= 0 ? 1u << measure->verdict_pcr : 0);
}

static bool add_event(const struct measure *measure, struct measured *m, struct tpm_event *event,
		      struct tpm_error *err)
{
	uint32_t pcrs = measure_pcrs(measure);
	struct batch batch = { 0 };
	bool ok;

	event->resets = m->clock.resets;
	event->restarts = m->clock.restarts;
	ok = make_batch(measure, m, event, &batch, err) && append(m, &batch, err) &&
	     extend(m, &batch, pcrs, err) && read_back(m, pcrs, err);
	blob_free(&batch.bytes);
	return ok;
}

bool measure_event(const struct measure *measure, struct tpm_event *event,
		   const struct measure_objects *objects, struct tpm_error *err)
{
	struct measured m;
	bool ok;
	int rc;

	if (!measure_open(measure, measure_pcrs(measure), &m, err))
		return false;
	rc = keep_object(measure, objects->policy);
	if (!rc)
		rc = keep_object(measure, objects->verdict);
	ok = rc ? tpm_fail(err, TPM_FAILED, "cannot keep policy and verdict: %s", strerror(-rc)) :
		  add_event(measure, &m, event, err);
	measure_close(&m);
	return ok;
}

static bool stands(const struct eventlog *log, const char *bdf, struct tpm_event *ret)
{
	return measure_last(log, bdf, ret) && ret->kind == TPM_EVENT_ACCEPT;
}

bool measure_stands(const struct measure *measure, const char *bdf)
{
	struct tpm_event event;
	struct eventlog log;
	struct blob file;
	char why[160];
	bool ret;

	if (blob_read_regular(AT_FDCWD, log_path(measure), EVENTLOG_MAX, &file))
		return false;
	ret = eventlog_parse(blob_bytes(&file), &log, why, sizeof(why));
	if (ret) {
		ret = stands(&log, bdf, &event);
		eventlog_free(&log);
	}
	blob_free(&file);
	return ret;
}

bool measure_void(const struct measure *measure, const char *bdf, struct tpm_error *err)
{
	struct tpm_event event;
	struct measured m;
	bool ok = true;

	if (!measure_open(measure, measure_pcrs(measure), &m, err))
		return false;
	/* Under the log's lock: what is voided is what is last. */
	if (stands(&m.log, bdf, &event)) {
		event.kind = TPM_EVENT_VOID;
		ok = add_event(measure, &m, &event, err);
	}
	measure_close(&m);
	return ok;
}

bool measure_last(const struct eventlog *log, const char *bdf, struct tpm_event *ret)
{
	struct tpm_event event;

	for (size_t i = log->nr; i--;) {
		if (log->record[i].tag != TPM_TAG_DEVICE ||
		    !tpm_event_parse(log->record[i].data, &event) ||
		    (bdf && strcmp(event.device, bdf)))
			continue;
		*ret = event;
		return true;
	}
	return false;
}
