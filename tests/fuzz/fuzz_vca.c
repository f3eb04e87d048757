// SPDX-License-Identifier: GPL-2.0
/* The VCA: its messages fill what was taken, one after the other. */
#include "fuzz.h"

#include <tdisp/spdm_vca.h>

static int one_bit_at_most(uint32_t v)
{
	return !(v & (v - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct spdm_alg *asym = NULL, *hash = NULL;
	struct tdisp_why why = { 0 };
	struct spdm_vca v, exact;
	size_t at = 0;
	int m;

	fuzz_mark(&v, sizeof(v));
	if (spdm_vca_split(data, len, SPDM_VCA_ALLOW_ALPHA, &v, &why)) {
		must_be_marked(&v, sizeof(v));
		must_be_reason(&why, len);
		must(spdm_vca_parse(data, len, 0, &exact, NULL));
		return 0;
	}
	must(!why.check && v.len <= len && spdm_vca_leads(data, len));
	for (m = 0; m < SPDM_VCA_NR_MSGS; m++) {
		must(v.msg[m].offset == at && v.msg[m].len >= 4);
		at += v.msg[m].len;
	}
	must(at == v.len);
	must(v.version >= 0x10 && v.version <= 0x14 && v.entry >> 8 == v.version);
	must(one_bit_at_most(v.meas_spec) && one_bit_at_most(v.opaque_fmt) &&
	     one_bit_at_most(v.meas_hash) && one_bit_at_most(v.base_asym) &&
	     one_bit_at_most(v.base_hash) && one_bit_at_most(v.pqc_asym) &&
	     one_bit_at_most(v.dhe) && one_bit_at_most(v.aead) && one_bit_at_most(v.req_asym) &&
	     one_bit_at_most(v.key_schedule) && one_bit_at_most(v.req_pqc_asym) &&
	     one_bit_at_most(v.kem));
	must(!(v.base_asym & ~v.asym_offered) && !(v.base_hash & ~v.hash_offered));

	must(!spdm_vca_parse(data, v.len, SPDM_VCA_ALLOW_ALPHA, &exact, NULL));
	must(exact.len == v.len && exact.version == v.version && exact.base_asym == v.base_asym);
	must(spdm_vca_parse(data, v.len - 1, SPDM_VCA_ALLOW_ALPHA, &exact, NULL));
	if (v.entry & 0xf)
		must(spdm_vca_parse(data, v.len, 0, &exact, NULL) == -EPERM);

	if (!spdm_vca_algorithms(&v, &asym, &hash, &why))
		must(asym->kind != SPDM_ALG_OTHER && hash->kind == SPDM_ALG_SHA2 && asym->size &&
		     hash->size);
	else
		must(!asym && !hash && why.check);
	must(spdm_dhe_name(v.dhe) && spdm_aead_name(v.aead) && spdm_version_name(v.version));
	return 0;
}
