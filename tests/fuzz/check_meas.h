/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold of an accepted transcript; two targets ask. */
#ifndef CHECK_MEAS_H
#define CHECK_MEAS_H

#include "fuzz.h"

#include <tdisp/spdm_meas.h>

static inline void check_meas(const uint8_t *data, size_t len, const struct spdm_meas *m)
{
	struct spdm_meas_iter pairs = { 0 }, values = { 0 };
	size_t seen_at[256] = { 0 }, seen_len[256] = { 0 }, at = 0;
	struct spdm_meas_value v;
	struct spdm_meas_pair p;
	uint32_t nr_values = 0;
	struct spdm_meas again;

	must(m->version >= 0x11 && m->version <= 0x14);
	must(m->last.end == len && m->signed_len == m->last.signature);
	must(m->signed_len + m->signature_len == len);

	while (spdm_meas_next_pair(data, m, &pairs, &p)) {
		uint32_t i;

		must(p.request == at && p.response > p.request && p.end > p.response);
		must(p.end <= len && p.record + p.record_len == p.rsp_nonce);
		must(p.rsp_nonce + 34 == p.opaque && p.opaque_len <= 1024);
		must(p.opaque + p.opaque_len + (p.has_context ? 8 : 0) +
		     (p.has_signature ? m->signature_len : 0) == p.end);
		must(p.has_signature == (pairs.pair == m->nr_pairs));
		must(data[p.request] == m->version && data[p.response] == m->version);
		at = p.end;

		/* This response's blocks fill its record. */
		for (i = 0; i < p.nr_blocks; i++) {
			size_t end, block = i ? values.block : p.record;

			must(spdm_meas_next_value(data, m, &values, &v));
			end = v.value + v.len;
			must(v.pair == pairs.pair - 1 && v.offset == block);
			must(v.value > v.offset && end <= p.record + p.record_len);
			must(v.index && v.index != 0xff);
			must(p.op == 0xff || v.index == p.op);
			if (seen_len[v.index])
				must(seen_len[v.index] == end - v.offset &&
				     !memcmp(data + seen_at[v.index], data + v.offset,
					     end - v.offset));
			seen_at[v.index] = v.offset;
			seen_len[v.index] = end - v.offset;
			nr_values++;
		}
		must(p.nr_blocks ? values.block == p.rsp_nonce : !p.record_len);
	}
	must(at == len && pairs.pair == m->nr_pairs && nr_values == m->nr_blocks);
	must(!spdm_meas_next_value(data, m, &values, &v));

	must(!spdm_meas_parse(data, len, m->signature_len, &again, NULL));
	must(again.nr_pairs == m->nr_pairs && again.signed_len == m->signed_len &&
	     again.last.request == m->last.request);
	must(spdm_meas_parse(data, len - 1, m->signature_len, &again, NULL) == -EBADMSG);
}

#endif /* CHECK_MEAS_H */
