/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The one place where kernel and user space differ for guest/lib and the wire
 * headers: fixed-width types, unaligned little-endian loads and stores, errno values.
 *
 * Everything else in guest/lib is written against these names alone.
 */
#ifndef TDISP_PORT_H
#define TDISP_PORT_H

#ifdef __KERNEL__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#else /* user space */

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define BIT(n)			(1UL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#ifndef __packed
#define __packed		__attribute__((__packed__))
#endif
#ifndef __must_check
#define __must_check		__attribute__((__warn_unused_result__))
#endif

static inline u16 get_unaligned_le16(const void *p)
{
	__le16 v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline u32 get_unaligned_le24(const void *p)
{
	const u8 *b = p;

	return b[0] | (u32)b[1] << 8 | (u32)b[2] << 16;
}

static inline u32 get_unaligned_le32(const void *p)
{
	__le32 v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline u64 get_unaligned_le64(const void *p)
{
	__le64 v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void put_unaligned_le16(u16 val, void *p)
{
	__le16 v = htole16(val);

	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_le32(u32 val, void *p)
{
	__le32 v = htole32(val);

	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_le64(u64 val, void *p)
{
	__le64 v = htole64(val);

	memcpy(p, &v, sizeof(v));
}

#endif /* __KERNEL__ */

#endif /* TDISP_PORT_H */
