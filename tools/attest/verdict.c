// SPDX-License-Identifier: GPL-2.0
/* Findings, and what they come to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

static const struct {
	const char *name;
	const char *text;
} checks[CHECK_NR] = {
#define VERDICT_ENTRY(id, name, text) [CHECK_##id] = { name, text },
	VERDICT_CHECKS(VERDICT_ENTRY)
#undef VERDICT_ENTRY
};

const char *check_name(enum check_id id)
{
	return checks[id].name;
}

const char *check_text(enum check_id id)
{
	return checks[id].text;
}

const char *check_status_name(enum check_status status)
{
	static const char * const names[] = {
		[CHECK_PASSED]	= "passed",
		[CHECK_SKIPPED]	= "skipped",
		[CHECK_REFUSED]	= "refused",
		[CHECK_FAILED]	= "failed",
	};

	return names[status];
}

enum check_id check_by_name(const char *name)
{
	int id = 0;

	while (id < CHECK_NR && strcmp(checks[id].name, name))
		id++;
	return (enum check_id)id;
}

void verdict_free(struct verdict *verdict)
{
	free(verdict->check);
	*verdict = (struct verdict) { 0 };
}

/* What does not fit is cut: a finding's text is for people. */
static void cut(char *buf, size_t size, const char *fmt, va_list ap)
{
	if (util_vformat(buf, size, fmt, ap))
		memcpy(buf + size - 4, "...", 4);
}

void check_expected(struct check *check, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cut(check->expected, sizeof(check->expected), fmt, ap);
	va_end(ap);
}

static struct check *new_check(struct verdict *verdict, enum check_id id,
			       enum check_status status)
{
	struct check *check = &verdict->spare;

	if (!verdict->counted[id] || status > verdict->worst[id])
		verdict->worst[id] = status;
	if (verdict->counted[id]++ < VERDICT_FINDINGS) {
		verdict->check = util_grow(verdict->check, verdict->nr + 1, sizeof(*check));
		check = &verdict->check[verdict->nr++];
	} else {
		verdict->unlisted[id]++;
	}
	*check = (struct check) { .id = id, .status = status, .index = -1 };
	return check;
}

struct check *verdict_add(struct verdict *verdict, enum check_id id, enum check_status status,
			  const char *fmt, ...)
{
	struct check *check = new_check(verdict, id, status);
	va_list ap;

	va_start(ap, fmt);
	cut(check->found, sizeof(check->found), fmt, ap);
	va_end(ap);
	return check;
}

/* Small numbers are counts and codes, large ones are addresses and masks. */
static void number(char *buf, size_t size, u64 value)
{
	util_format(buf, size, value < 4096 ? "%llu" : "0x%llx", (unsigned long long)value);
}

struct check *verdict_add_why(struct verdict *verdict, enum check_id id,
			      enum check_status status, const char *object,
			      const struct tdisp_why *why)
{
	char expected[24], found[24];
	struct check *check;

	number(expected, sizeof(expected), why->expected);
	number(found, sizeof(found), why->found);
	check = verdict_add(verdict, id, status, "%s", found);
	check_expected(check, "%s: %s", why->check, expected);
	check->object = object;
	check->offset = why->offset;
	if (why->index != TDISP_WHY_NO_INDEX)
		check->index = (long)why->index;
	return check;
}

bool verdict_passed(const struct verdict *verdict, enum check_id id)
{
	return verdict->counted[id] && verdict->worst[id] == CHECK_PASSED;
}

bool verdict_bad(const struct verdict *verdict, enum check_id id)
{
	return verdict->counted[id] && verdict->worst[id] >= CHECK_REFUSED;
}

bool verdict_missing(const struct verdict *verdict, enum check_id id)
{
	return verdict->required[id] && !verdict_passed(verdict, id);
}

void verdict_finish(struct verdict *verdict)
{
	for (int id = 0; id < CHECK_NR; id++)
		if (verdict->required[id] && !verdict->counted[id])
			verdict_add(verdict, (enum check_id)id, CHECK_SKIPPED,
				    "there was nothing to look at");
}

enum tdi_exit verdict_exit(const struct verdict *verdict)
{
	enum tdi_exit status = TDI_EXIT_DONE;

	/* Nothing that was looked at is nothing that was verified. */
	if (!verdict->nr)
		return TDI_EXIT_POLICY;
	for (int id = 0; id < CHECK_NR; id++) {
		if (verdict->counted[id] && verdict->worst[id] == CHECK_FAILED)
			return TDI_EXIT_EVIDENCE;
		if (verdict_bad(verdict, (enum check_id)id) ||
		    verdict_missing(verdict, (enum check_id)id))
			status = TDI_EXIT_POLICY;
	}
	return status;
}
