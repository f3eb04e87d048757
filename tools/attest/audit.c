// SPDX-License-Identifier: GPL-2.0
/* struct audit from its lines: REGISTER EFFECT COUNT OFFSET VALUE TASK. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"

static const struct {
	const char *id;
	const char *words;
} effects[AUDIT_NR_EFFECTS] = {
	[AUDIT_COALESCE]	= { "coalesce", "not done; whoever reads is answered as if" },
	[AUDIT_REFUSE]		= { "refuse", "not done; the TDI stays as it is" },
	[AUDIT_UNBIND_FIRST]	= { "unbind-first", "not done; possible once the TDI is unlocked" },
};

const char *audit_effect_id(enum audit_effect effect)
{
	return effects[effect].id;
}

const char *audit_effect_words(enum audit_effect effect)
{
	return effects[effect].words;
}

const char *audit_error_words(const struct audit *audit)
{
	switch (audit->err) {
	case ENOENT:
		return "not known: the module tdi that is loaded keeps no audit (it has no tsm/audit)";
	case EPROTO:
		return audit->why;
	case EACCES:
		return "not known: tsm/audit can be read by root only";
	default:
		return strerror(audit->err);
	}
}

/* ---- a line ---- */

/* What is left of a line; its words have one space between them. */
struct line {
	const char *p;
	const char *end;
};

/* The next word, empty where there is none. */
static struct line word(struct line *left)
{
	const char *space = memchr(left->p, ' ', (size_t)(left->end - left->p));
	struct line ret = { left->p, space ? space : left->end };

	left->p = space ? space + 1 : left->end;
	return ret;
}

static bool copy(struct line from, char *ret, size_t size)
{
	size_t len = (size_t)(from.end - from.p);

	if (!len || len >= size)
		return false;
	memcpy(ret, from.p, len);
	ret[len] = '\0';
	return strlen(ret) == len;
}

static bool register_of(struct line from, struct audit_entry *ret)
{
	if (!copy(from, ret->name, sizeof(ret->name)))
		return false;
	for (const char *c = ret->name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.+", *c))
			return false;
	return true;
}

static bool effect_of(struct line from, struct audit_entry *ret)
{
	char text[16];

	if (!copy(from, text, sizeof(text)))
		return false;
	for (int e = 0; e < AUDIT_NR_EFFECTS; e++) {
		if (strcmp(effects[e].id, text))
			continue;
		ret->effect = (enum audit_effect)e;
		return true;
	}
	return false;
}

static bool count_of(struct line from, struct audit_entry *ret)
{
	char text[24];

	return copy(from, text, sizeof(text)) && !util_u64_parse(text, &ret->count);
}

/* "0x" and one to @max digits. */
static bool hex_of(struct line from, unsigned int max, uint32_t *ret)
{
	char text[16];
	size_t digits;

	if (!copy(from, text, sizeof(text)) || strncmp(text, "0x", 2))
		return false;
	digits = strspn(text + 2, "0123456789abcdefABCDEF");
	if (!digits || digits > max || text[2 + digits])
		return false;
	*ret = (uint32_t)strtoul(text + 2, NULL, 16);
	return true;
}

static bool offset_of(struct line from, struct audit_entry *ret)
{
	return hex_of(from, 3, &ret->offset);
}

static bool value_of(struct line from, struct audit_entry *ret)
{
	return hex_of(from, 8, &ret->value);
}

static const struct {
	bool (*read)(struct line from, struct audit_entry *ret);
	const char *expected;
} fields[] = {
	{ register_of,	"the name of a register" },
	{ effect_of,	"one of coalesce, refuse, unbind-first" },
	{ count_of,	"a decimal count" },
	{ offset_of,	"an offset from 0x0 to 0xfff" },
	{ value_of,	"a value of up to 8 digits after 0x" },
};

static void wrong(struct audit *audit, size_t nr, const char *expected, struct line found)
{
	char shown[64];

	util_escape(shown, sizeof(shown), found.p, (size_t)(found.end - found.p));
	util_format(audit->why, sizeof(audit->why), "line %zu of tsm/audit: expected %s, found %s%s%s",
		    nr, expected, shown[0] ? "\"" : "", shown[0] ? shown : "nothing",
		    shown[0] ? "\"" : "");
	audit->err = EPROTO;
}

static bool entry_of(struct line line, size_t nr, struct audit *audit)
{
	struct audit_entry entry = { 0 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct line found = word(&line);

		if (fields[i].read(found, &entry))
			continue;
		wrong(audit, nr, fields[i].expected, found);
		return false;
	}
	util_escape(entry.task, sizeof(entry.task), line.p, (size_t)(line.end - line.p));
	audit->entry = util_grow(audit->entry, audit->nr + 1, sizeof(entry));
	audit->entry[audit->nr++] = entry;
	return true;
}

/* ---- all of them ---- */

void audit_parse(const void *text, size_t len, struct audit *ret)
{
	const char *p = text, *end = p + len;

	*ret = (struct audit) { 0 };
	for (size_t nr = 1; p < end; nr++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		struct line line = { p, newline ? newline : end };

		/* What is cut off may be cut in the middle of a number. */
		if (!newline)
			wrong(ret, nr, "a newline at its end", line);
		else
			entry_of(line, nr, ret);
		if (ret->err)
			break;
		p = newline + 1;
	}
	if (!ret->err)
		return;
	free(ret->entry);
	ret->entry = NULL;
	ret->nr = 0;
}

void audit_read(const struct sysfs *fs, const char *bdf, struct audit *ret)
{
	char *text = util_grow(NULL, AUDIT_MAX, 1);
	size_t len;
	int rc = sysfs_read(fs, text, AUDIT_MAX, &len, "bus/pci/devices/%s/tsm/audit", bdf);

	if (rc)
		*ret = (struct audit) { .err = -rc };
	else
		audit_parse(text, len, ret);
	free(text);
}

void audit_free(struct audit *audit)
{
	free(audit->entry);
	*audit = (struct audit) { 0 };
}
