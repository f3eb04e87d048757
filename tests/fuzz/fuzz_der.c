// SPDX-License-Identifier: GPL-2.0
/* Bare DER certificates, and the SEQUENCE header at any offset. */
#include "fuzz.h"

#include <tdisp/spdm_certs.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tdisp_why why = { 0 };
	struct spdm_certs c;
	size_t at, n;
	uint32_t k;

	for (at = 0; at <= len && at < 64; at++) {
		n = 0;
		if (spdm_der_sequence(data, len, at, &n, NULL)) {
			must(!n);
			continue;
		}
		must(n >= 2 && n <= len - at && data[at] == 0x30);
		/* The sequence alone is one, too; less is not. */
		must(!spdm_der_sequence(data + at, n, 0, &n, NULL));
		must(spdm_der_sequence(data + at, n - 1, 0, &n, NULL));
	}

	fuzz_mark(&c, sizeof(c));
	if (spdm_certs_parse_der(data, len, &c, &why)) {
		must_be_marked(&c, sizeof(c));
		must_be_reason(&why, len);
		return 0;
	}
	must(!why.check && !c.root_hash_len);
	must(c.nr >= 1 && c.nr <= SPDM_CERTS_MAX);
	for (at = 0, k = 0; k < c.nr; k++) {
		must(c.cert[k].offset == at);
		at += c.cert[k].len;
	}
	must(at == len);
	return 0;
}
