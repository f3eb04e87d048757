// SPDX-License-Identifier: GPL-2.0
/* r || s to DER: what comes out is DER, and the same two numbers. */
#include "fuzz.h"

#include <tdisp/ecdsa_der.h>
#include <tdisp/spdm_certs.h>

/* The INTEGER at *@at is positive, in the shortest form, and @raw. */
static void must_be_number(const uint8_t *der, size_t len, size_t *at, const uint8_t *raw,
			   size_t width)
{
	size_t n;

	must(len - *at >= 3 && der[*at] == 0x02);
	n = der[*at + 1];
	must(n >= 1 && n <= len - *at - 2);
	der += *at + 2;
	*at += 2 + n;
	must(!(der[0] & 0x80));
	must(n == 1 || der[0] || der[1] & 0x80);
	if (n > width) {
		must(n == width + 1 && !der[0]);
		der++;
		n--;
	}
	for (; width > n; width--, raw++)
		must(!*raw);
	must(!memcmp(der, raw, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t widths[] = { 32, 48, 66 };
	size_t i;

	for (i = 0; i < 3; i++) {
		uint8_t der[ECDSA_DER_MAX];
		size_t n = 0, at;
		int size;

		if (len < 2 * widths[i])
			break;
		size = ecdsa_der_encode(data, widths[i], der);
		must(size > 0 && size <= (int)sizeof(der));
		must(!spdm_der_sequence(der, size, 0, &n, NULL) && n == (size_t)size);
		at = der[1] & 0x80 ? 3 : 2;
		must_be_number(der, size, &at, data, widths[i]);
		must_be_number(der, size, &at, data + widths[i], widths[i]);
		must(at == (size_t)size);
	}
	must(ecdsa_der_encode(data, len > 66 ? 33 : len == 32 || len == 48 || len == 66 ? 1 : len,
			      (uint8_t[ECDSA_DER_MAX]) { 0 }) == -EINVAL);
	return 0;
}
