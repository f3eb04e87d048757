// SPDX-License-Identifier: GPL-2.0
/* Telling the forms of certificates apart: whatever parses is told as what it is. */
#include "fuzz.h"

#include <tdisp/spdm_certs.h>
#include <tdisp/spdm_vca.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum spdm_certs_form form = spdm_certs_form(data, len);
	struct spdm_certs c;
	size_t size;

	if (!spdm_certs_hash_size(data, len, &size, NULL))
		must(form == SPDM_CERTS_CHAIN);
	/* What starts with a certificate's worth of DER and has no text in it. */
	if (form == SPDM_CERTS_UNKNOWN)
		must(spdm_certs_parse_der(data, len, &c, NULL));
	if (form == SPDM_CERTS_PEM)
		must(len >= 11);
	if (spdm_vca_leads(data, len))
		must(len >= 4 && data[1] == 0x84);
	return 0;
}
