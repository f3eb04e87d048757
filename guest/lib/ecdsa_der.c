// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * ECDSA signatures: from SPDM's form to DER.
 */
#include "../include/tdisp/ecdsa_der.h"

#define DER_INTEGER	0x02
#define DER_SEQUENCE	0x30
#define DER_LENGTH_1	0x81	/* one length byte follows */

/* Bytes of the INTEGER: no leading zeros, but one if the top bit is set. */
static size_t integer_len(const u8 *num, size_t width, size_t *ret_skip)
{
	size_t skip = 0;

	while (skip < width - 1 && !num[skip])
		skip++;
	*ret_skip = skip;
	return width - skip + (num[skip] >> 7);
}

static u8 *put_integer(u8 *out, const u8 *num, size_t width)
{
	size_t skip;
	size_t len = integer_len(num, width, &skip);

	*out++ = DER_INTEGER;
	*out++ = len;
	if (num[skip] >> 7)
		*out++ = 0;
	memcpy(out, num + skip, width - skip);
	return out + width - skip;
}

int ecdsa_der_encode(const u8 *raw, size_t width, u8 ret[ECDSA_DER_MAX])
{
	u8 *out = ret;
	size_t skip, len;

	if (width != 32 && width != 48 && width != 66)
		return -EINVAL;
	len = 2 + integer_len(raw, width, &skip) + 2 + integer_len(raw + width, width, &skip);

	*out++ = DER_SEQUENCE;
	if (len > 0x7f)
		*out++ = DER_LENGTH_1;
	*out++ = len;
	out = put_integer(out, raw, width);
	out = put_integer(out, raw + width, width);
	return out - ret;
}
