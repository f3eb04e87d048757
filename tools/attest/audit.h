/* SPDX-License-Identifier: GPL-2.0 */
/* What was tried on the config space of a locked TDI and not let through (tsm/audit). */
#ifndef ATTEST_AUDIT_H
#define ATTEST_AUDIT_H

#include "dev.h"

/* What became of an attempt. */
enum audit_effect {
	AUDIT_COALESCE,		/* what would have ended the lock was left out */
	AUDIT_REFUSE,
	AUDIT_UNBIND_FIRST,	/* refused until the TDI is unlocked */
	AUDIT_NR_EFFECTS
};

/* A longer file is no audit. */
#define AUDIT_MAX	(64u << 10)

#define AUDIT_REGISTER_SIZE	32

/**
 * struct audit_entry - attempts of one kind at one register
 * @name: the register; "port-..." for one of a bridge above the TDI
 * @count: how many there were
 * @offset: of the last one, in config space
 * @value: of the last one, as it was to be written
 * @task: of the last one, escaped: a task names itself
 */
struct audit_entry {
	char name[AUDIT_REGISTER_SIZE];
	enum audit_effect effect;
	uint64_t count;
	unsigned int offset;
	uint32_t value;
	char task[128];
};

/**
 * struct audit - tsm/audit of a TDI
 * @err: positive errno; ENOENT when the module is older than the file, EPROTO when
 *	 it makes no sense
 * @why: of an EPROTO: which line, what was expected there and what was found
 * @nr: of entries; none after an error: half of an audit would look like all of it
 */
struct audit {
	int err;
	char why[256];
	size_t nr;
	struct audit_entry *entry;
};

/* Reads the file's text; release with audit_free(). */
void audit_parse(const void *text, size_t len, struct audit *ret);

/* The file of a TDI; release with audit_free(). */
void audit_read(const struct sysfs *fs, const char *bdf, struct audit *ret);
void audit_free(struct audit *audit);

/* "coalesce", ... as the file has it. */
const char *audit_effect_id(enum audit_effect effect);
/* What it means, for a person. */
const char *audit_effect_words(enum audit_effect effect);

/* Why an audit is not known, for a person; @audit has an error. */
const char *audit_error_words(const struct audit *audit);

#endif /* ATTEST_AUDIT_H */
