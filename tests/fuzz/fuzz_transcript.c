// SPDX-License-Identifier: GPL-2.0
/* A transcript with its VCA in front: split, parsed, matched, and what is signed. */
#include "check_meas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct spdm_meas_extent ext[SPDM_MEAS_EXTENTS];
	uint8_t prefix[SPDM_SIGN_PREFIX_SIZE];
	const struct spdm_alg *asym, *hash;
	struct tdisp_why why = { 0 };
	unsigned int nr = 0, i;
	struct spdm_meas m;
	struct spdm_vca v;
	size_t sum = 0;

	if (spdm_vca_split(data, len, 0, &v, NULL))
		return 0;
	if (spdm_vca_algorithms(&v, &asym, &hash, NULL))
		return 0;
	data += v.len;
	len -= v.len;
	must(!spdm_vca_leads(data, len) || spdm_meas_parse(data, len, asym->size, &m, NULL));
	if (spdm_meas_parse(data, len, asym->size, &m, NULL))
		return 0;
	check_meas(data, len, &m);

	if (spdm_meas_match(data, &m, &v, &why)) {
		must_be_reason(&why, len);
		return 0;
	}
	must(m.version == v.version);
	must(!spdm_meas_signed(&m, &v, ext, &nr, &why));
	must(nr == (m.version >= 0x12 ? 2 : 1));
	for (i = 0; i < nr; i++) {
		must(ext[i].len <= (ext[i].in_vca ? v.len : len) - ext[i].offset);
		sum += ext[i].len;
	}
	must(sum == (nr == 2 ? v.len : 0) + len - asym->size);
	must(spdm_meas_sign_prefix(m.version, prefix) == (nr == 2 ? 100 : 0));
	return 0;
}
