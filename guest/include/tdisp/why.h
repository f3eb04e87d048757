/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Why something was refused: one reason that a person can act on. Filled by
 * the first check that fails and by no other.
 */
#ifndef TDISP_WHY_H
#define TDISP_WHY_H

#include "port.h"

/**
 * struct tdisp_why - the check that failed
 * @check: what was checked, in the standard's words; a string literal
 * @offset: byte offset in the object that was looked at
 * @index: which element (range, BAR, block), or TDISP_WHY_NO_INDEX
 * @expected: what the check wanted
 * @found: what came
 *
 * @expected and @found are numbers; the check's text says of what.
 */
struct tdisp_why {
	const char *check;
	size_t offset;
	u32 index;
	u64 expected;
	u64 found;
};

#define TDISP_WHY_NO_INDEX	((u32)~0u)

/* Records the reason (@why may be NULL) and returns @err, for "return ..." use. */
static inline int tdisp_refuse(struct tdisp_why *why, int err, const char *check,
			       size_t offset, u32 index, u64 expected, u64 found)
{
	if (why)
		*why = (struct tdisp_why) { check, offset, index, expected, found };
	return err;
}

#endif /* TDISP_WHY_H */
