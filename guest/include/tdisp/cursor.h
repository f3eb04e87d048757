/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * A bounded cursor over bytes that came from outside. Every read checks the
 * room by subtraction; a read that does not fit poisons the cursor, and every
 * later read fails too, so that one check at the end is enough.
 */
#ifndef TDISP_CURSOR_H
#define TDISP_CURSOR_H

#include "port.h"

struct tdisp_cursor {
	const u8 *buf;
	size_t len;
	size_t pos;
	bool bad;
};

static inline void tdisp_cursor_init(struct tdisp_cursor *c, const void *buf, size_t len)
{
	*c = (struct tdisp_cursor) { .buf = buf, .len = len };
}

static inline size_t tdisp_cursor_left(const struct tdisp_cursor *c)
{
	return c->bad ? 0 : c->len - c->pos;
}

/* The next @n bytes, or NULL (and poison) if there are fewer. */
static inline const u8 *tdisp_cursor_take(struct tdisp_cursor *c, size_t n)
{
	const u8 *p;

	if (c->bad || n > c->len - c->pos) {
		c->bad = true;
		return NULL;
	}
	p = c->buf + c->pos;
	c->pos += n;
	return p;
}

static inline u8 tdisp_cursor_u8(struct tdisp_cursor *c)
{
	const u8 *p = tdisp_cursor_take(c, 1);

	return p ? *p : 0;
}

static inline u16 tdisp_cursor_le16(struct tdisp_cursor *c)
{
	const u8 *p = tdisp_cursor_take(c, 2);

	return p ? get_unaligned_le16(p) : 0;
}

static inline u32 tdisp_cursor_le32(struct tdisp_cursor *c)
{
	const u8 *p = tdisp_cursor_take(c, 4);

	return p ? get_unaligned_le32(p) : 0;
}

static inline u64 tdisp_cursor_le64(struct tdisp_cursor *c)
{
	const u8 *p = tdisp_cursor_take(c, 8);

	return p ? get_unaligned_le64(p) : 0;
}

/* Did every read fit? Nothing read through a bad cursor may be used. */
static inline bool __must_check tdisp_cursor_ok(const struct tdisp_cursor *c)
{
	return !c->bad;
}

#endif /* TDISP_CURSOR_H */
