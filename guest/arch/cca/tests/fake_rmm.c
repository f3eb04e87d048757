// SPDX-License-Identifier: GPL-2.0
/* See fake_rmm.h. */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "fake_rmm.h"

struct fake_rmm fake_rmm;

void fake_rmm_reset(void)
{
	memset(&fake_rmm, 0, sizeof(fake_rmm));
	fake_rmm.arg = FAKE_RMM_ANY;
	fake_rmm.features = 0xff;
	fake_rmm.info.format_type = 1;
	fake_rmm.info.format_version = cpu_to_le64(0x10000);
	fake_rmm.cookie = 0xc00c1e;
}

static u64 fid_of(const struct fake_rmm_call *call)
{
	return call->r[call->host ? 1 : 0];
}

static bool matches(const struct fake_rmm_call *call, u64 fid, u64 arg)
{
	return fid_of(call) == fid &&
	       (arg == FAKE_RMM_ANY || (call->host && call->r[3] == arg));
}

const struct fake_rmm_call *fake_rmm_last(u64 fid, u64 arg)
{
	unsigned int i;

	for (i = min(fake_rmm.nr, FAKE_RMM_LOG); i; i--)
		if (matches(&fake_rmm.log[i - 1], fid, arg))
			return &fake_rmm.log[i - 1];
	return NULL;
}

unsigned int fake_rmm_count(u64 fid)
{
	unsigned int i, n = 0;

	for (i = 0; i < min(fake_rmm.nr, FAKE_RMM_LOG); i++)
		n += fid_of(&fake_rmm.log[i]) == fid;
	return n;
}

static void log_call(const struct emu_regs *regs, bool host, struct fake_rmm_call *call)
{
	int i;

	*call = (struct fake_rmm_call) { .host = host };
	for (i = 0; i < EMU_NR_REGS; i++)
		call->r[i] = le64_to_cpu(regs->r[i]);
	if (host && fid_of(call) == 0xc5000052)
		memcpy(call->nonce, phys_to_virt(call->r[3]) + 0x100, sizeof(call->nonce));
	if (fake_rmm.nr < FAKE_RMM_LOG)
		fake_rmm.log[fake_rmm.nr] = *call;
	fake_rmm.nr++;
}

/* ---- the RMM ------------------------------------------------------------------ */

static bool nonces_match(const u64 *x)
{
	return x[0] == le64_to_cpu(fake_rmm.info.lock_nonce) &&
	       x[1] == le64_to_cpu(fake_rmm.info.meas_nonce) &&
	       x[2] == le64_to_cpu(fake_rmm.info.report_nonce);
}

/* X1 is where it got to, from @base. */
static void in_parts(u64 *x, u64 base, u64 top)
{
	x[1] = fake_rmm.part_size ? min(top, base + fake_rmm.part_size) : top;
	x[2] = 0;
}

static u64 rsi_answer(u64 *x)
{
	switch (x[0]) {
	case 0xc400019d:
		if (x[2] & 511)
			return 1;
		memcpy(phys_to_virt(x[2]), &fake_rmm.info, sizeof(fake_rmm.info));
		return 0;
	case 0xc400019f:
		if (!nonces_match(&x[6]))
			return 5;
		in_parts(x, x[2], x[3]);
		return 0;
	case 0xc4000197:
		in_parts(x, x[1], x[2]);
		return 0;
	case 0xc400019c:
		return nonces_match(&x[4]) ? 0 : 5;
	case 0xc40001a4:
		return 0;
	default:
		return ~0ULL;
	}
}

static int rsi(struct emu_regs *regs)
{
	struct fake_rmm_call call;
	bool odd;
	int i;

	log_call(regs, false, &call);
	odd = fake_rmm.fid == call.r[0];
	if (odd && fake_rmm.how == FAKE_RMM_SILENT)
		return -ETIMEDOUT;
	if (odd && fake_rmm.how == FAKE_RMM_STATUS) {
		call.r[0] = fake_rmm.status;
	} else {
		call.r[0] = rsi_answer(call.r);
		if (odd && fake_rmm.how == FAKE_RMM_RESULTS)
			memcpy(&call.r[1], fake_rmm.result, sizeof(fake_rmm.result));
	}
	for (i = 0; i < EMU_NR_REGS; i++)
		regs->r[i] = cpu_to_le64(call.r[i]);
	return 0;
}

/* ---- the host ----------------------------------------------------------------- */

static u64 read_object(u64 *g)
{
	u64 offset = g[fake_rmm.old_read ? 3 : 5], buffer = g[fake_rmm.old_read ? 5 : 3];
	size_t n;

	if (offset >= fake_rmm.object_len)
		return 7;
	n = min_t(u64, fake_rmm.object_len - offset, g[4]);
	if (fake_rmm.chunk)
		n = min(n, fake_rmm.chunk);
	memcpy(phys_to_virt(buffer), fake_rmm.object + offset, n);
	g[1] = n;
	return 0;
}

static u64 in_time(u64 *g)
{
	if (!fake_rmm.parts_left)
		return 0;
	fake_rmm.was_busy = fake_rmm.busy_by_turns && !fake_rmm.was_busy;
	if (fake_rmm.was_busy)
		return 9;
	fake_rmm.parts_left--;
	g[1] = ++fake_rmm.cookie;
	return 1;
}

static u64 rhi_answer(u64 *g)
{
	switch (g[0]) {
	case 0xc500004b:
		return fake_rmm.features;
	case 0xc500004c:
		if (g[2] != fake_rmm.vca && (g[2] < 1 || g[2] > 3))
			return 4;
		g[1] = fake_rmm.claimed;
		return 0;
	case 0xc500004d:
		return read_object(g);
	case 0xc5000051:
		return g[2] == fake_rmm.cookie ? in_time(g) : 5;
	case 0xc5000052:
	case 0xc5000053:
	case 0xc5000054:
		fake_rmm.parts_left = fake_rmm.parts;
		return in_time(g);
	case 0xc5000056:
		return 0;
	default:
		return ~0ULL;
	}
}

static bool is_odd(const struct fake_rmm_call *call)
{
	if (fake_rmm.how == FAKE_RMM_ENDLESS && fid_of(call) == 0xc5000051)
		return true;
	return fake_rmm.fid && matches(call, fake_rmm.fid, fake_rmm.arg);
}

static int rhi(struct emu_regs *regs)
{
	struct fake_rmm_call call;
	u64 *g = &call.r[1];
	bool odd;
	int i;

	log_call(regs, true, &call);
	odd = is_odd(&call);
	if (odd && fake_rmm.how == FAKE_RMM_SILENT)
		return -ETIMEDOUT;
	if (odd && fake_rmm.how == FAKE_RMM_ENDLESS) {
		g[0] = 1;
		g[1] = ++fake_rmm.cookie;
	} else if (odd && fake_rmm.how == FAKE_RMM_STATUS) {
		g[0] = fake_rmm.status;
	} else {
		g[0] = rhi_answer(g);
		if (odd && fake_rmm.how == FAKE_RMM_RESULTS)
			memcpy(&g[1], fake_rmm.result, sizeof(fake_rmm.result));
	}
	for (i = 0; i < EMU_NR_REGS; i++)
		regs->r[i] = cpu_to_le64(call.r[i]);
	return 0;
}

const struct fake_platform fake_rmm_platform = {
	.tsm_regs	= rsi,
	.host_regs	= rhi,
};
