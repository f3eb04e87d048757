// SPDX-License-Identifier: GPL-2.0
/*
 * The config guard. The input is a byte of flags, a length (le16) and that many bytes
 * of config space, from its beginning, 0 behind that; then accesses of 8 bytes each:
 * where (le16), size, unused, value. Functions are memory that takes every write.
 */
#include "fuzz.h"

#include <tdisp/guard.h>

#define NR	1024

struct fn {
	uint32_t config[NR];
	uint32_t reads;
};

static uint32_t read_config(void *arg, unsigned int reg)
{
	struct fn *fn = arg;

	must(reg < 4 * NR && !(reg % 4));
	/* Each dword a few times at most. */
	must(++fn->reads <= 4 * NR);
	return fn->config[reg / 4];
}

/* What is kept of each dword, and what may be written as 0 only: FLR. */
static uint32_t kept[NR], never_1[NR];

static void find_kept(const struct tdisp_guard *g)
{
	unsigned int i, reg;

	memset(kept, 0, sizeof(kept));
	memset(never_1, 0, sizeof(never_1));
	for (i = 0; i < g->nr; i++) {
		const struct tdisp_guard_rule *rule = &g->rule[i];

		must(rule->mask && rule->first <= rule->last && rule->last < 4 * NR);
		must(!(rule->first % 4) && !(rule->last % 4));
		for (reg = rule->first; reg <= rule->last; reg += 4) {
			if (rule->mask == 0x8000)
				never_1[reg / 4] |= rule->mask;
			else
				kept[reg / 4] |= rule->mask;
		}
	}
}

static void access_config(struct tdisp_guard *g, struct fn *fn, const uint8_t *data)
{
	static const unsigned int sizes[] = { 1, 2, 4, 4 };
	unsigned int size = sizes[data[2] % 4];
	unsigned int where = (data[0] | data[1] << 8) % (4 * NR) & ~(size - 1);
	unsigned int i = where / 4, shift = 8 * (where % 4);
	uint32_t size_mask = size == 4 ? ~0u : (1u << 8 * size) - 1;
	struct tdisp_guard_write w = {
		.reg = 4 * i, .lanes = size_mask << shift, .row = TDISP_GUARD_NR_REGS,
		.value = (data[4] | data[5] << 8 | data[6] << 16 | (uint32_t)data[7] << 24) << shift,
	};
	const struct tdisp_guard_write asked = w;
	uint32_t real = fn->config[i], free = ~kept[i] & ~never_1[i], shown;
	bool tracked = tdisp_guard_tracks(g, w.reg, w.lanes);

	must(tracked == !!((kept[i] | never_1[i]) & w.lanes));
	/* Whether it is asked about or not makes no difference then. */
	tdisp_guard_write(g, &w, real);
	must(w.reg == asked.reg && !(w.lanes & ~asked.lanes));
	must(w.effect < TDISP_GUARD_NR_EFFECTS);
	must(w.effect == TDISP_GUARD_ALLOW || (tracked && w.row < TDISP_GUARD_NR_REGS));
	if (!tracked)
		must(w.lanes == asked.lanes && w.value == asked.value);
	must(tdisp_guard_reg_name(w.row) && tdisp_guard_effect_name(w.effect));

	fn->config[i] = (real & ~w.lanes) | (w.value & w.lanes);
	must(!((fn->config[i] ^ real) & kept[i]));
	must(!(fn->config[i] & w.lanes & never_1[i]));
	must(!((fn->config[i] ^ asked.value) & free & asked.lanes));

	shown = tdisp_guard_read(g, w.reg, fn->config[i]);
	/* A BAR's low bits are no rule's alone. */
	must(!((shown ^ fn->config[i]) & free) || (w.reg >= 0x10 && w.reg < 0x34));
	if (g->is_port)
		must(shown == fn->config[i]);
	if (w.effect == TDISP_GUARD_REFUSE || w.effect == TDISP_GUARD_UNBIND_FIRST)
		must(shown == fn->config[i]);
	/* Writers of Command read what they wrote. */
	if (w.reg == 4 && !g->is_port)
		must(!((shown ^ asked.value) & asked.lanes & 0xffff));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint32_t bar_mask[TDISP_GUARD_NR_BARS] = {
		0xffff0000, 0xffffffff, 0xfffff000, 0xffffffe0, 0, 0xffffffc0, 0xffff0000,
	};
	struct tdisp_why why = { 0 };
	struct tdisp_guard g;
	struct fn fn = { 0 };
	size_t n;

	if (len < 3)
		return -1;
	n = data[1] | data[2] << 8;
	if (n > len - 3)
		n = len - 3;
	if (n > sizeof(fn.config))
		n = sizeof(fn.config);
	memcpy(fn.config, data + 3, n);

	fuzz_mark(&g, sizeof(g));
	if (tdisp_guard_init(&g, read_config, &fn, data[0] & 3,
			     data[0] & TDISP_GUARD_IS_PORT ? NULL : bar_mask, &why)) {
		must_be_reason(&why, 4 * NR);
		return 0;
	}
	must(!why.check);
	must(g.nr <= TDISP_GUARD_RULES_MAX);
	must(g.is_port == !!(data[0] & TDISP_GUARD_IS_PORT));
	find_kept(&g);
	for (data += 3 + n, len -= 3 + n; len >= 8; data += 8, len -= 8)
		access_config(&g, &fn, data);
	return 0;
}
