// SPDX-License-Identifier: GPL-2.0
/* DER elements, one after the other. */
#include <string.h>

#include "der.h"

bool der_next(struct bytes *in, unsigned int *tag, struct bytes *ret)
{
	const uint8_t *p = in->data;
	size_t hdr = 2, len;

	if (in->len < hdr || (p[0] & 0x1f) == 0x1f)
		return false;
	len = p[1];
	if (len & 0x80) {
		size_t octets = len & 0x7f;

		/* Indefinite lengths are not DER, and 4 GiB no certificate's. */
		if (!octets || octets > 3 || octets > in->len - hdr || !p[2])
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | p[hdr + i];
		if (len < 0x80)
			return false;
		hdr += octets;
	}
	if (len > in->len - hdr)
		return false;
	*tag = p[0];
	*ret = (struct bytes) { p + hdr, len };
	in->data += hdr + len;
	in->len -= hdr + len;
	return true;
}

bool der_take(struct bytes *in, unsigned int tag, struct bytes *ret)
{
	struct bytes left = *in, content;
	unsigned int found;

	if (!der_next(&left, &found, &content) || found != tag)
		return false;
	*in = left;
	*ret = content;
	return true;
}

bool der_equal(struct bytes a, const uint8_t *data, size_t len)
{
	return a.len == len && !memcmp(a.data, data, len);
}

bool der_number(struct bytes integer, uint64_t *ret)
{
	uint64_t value = 0;

	if (!integer.len || integer.data[0] & 0x80 || integer.len > 9 ||
	    (integer.len == 9 && integer.data[0]))
		return false;
	for (size_t i = 0; i < integer.len; i++)
		value = value << 8 | integer.data[i];
	*ret = value;
	return true;
}
