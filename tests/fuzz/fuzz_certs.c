// SPDX-License-Identifier: GPL-2.0
/* The SPDM certificate chain structure, by each hash size and by none. */
#include "fuzz.h"

#include <tdisp/spdm_certs.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t sizes[] = { 32, 48, 64 };
	size_t i, n = 0, found = 0, fits = 0;
	struct tdisp_why why;

	for (i = 0; i < 3; i++) {
		struct spdm_certs c;
		size_t at;
		uint32_t k;

		fuzz_mark(&c, sizeof(c));
		memset(&why, 0, sizeof(why));
		if (spdm_certs_parse(data, len, sizes[i], &c, &why)) {
			must_be_marked(&c, sizeof(c));
			must_be_reason(&why, len);
			continue;
		}
		n++;
		fits = sizes[i];
		must(!why.check);
		must(spdm_certs_form(data, len) == SPDM_CERTS_CHAIN);
		must(c.root_hash == 4 && c.root_hash_len == sizes[i]);
		must(c.nr >= 1 && c.nr <= SPDM_CERTS_MAX);
		for (at = 4 + sizes[i], k = 0; k < c.nr; k++) {
			must(c.cert[k].offset == at && c.cert[k].len >= 2);
			at += c.cert[k].len;
		}
		must(at == len);
		must(spdm_certs_parse(data, len - 1, sizes[i], &c, NULL));
	}

	memset(&why, 0, sizeof(why));
	if (spdm_certs_hash_size(data, len, &found, &why)) {
		must(n != 1 && !found);
		must_be_reason(&why, len);
	} else {
		must(n == 1 && found == fits);
	}
	return 0;
}
