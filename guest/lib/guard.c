// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The register tracking table (PCIe r6.x 11.2.6) as a guest that wants to keep its
 * TDI has to read it: what the table calls ERROR does not reach the function.
 *
 * Drivers get the answer that lets them go on. What they do on every probe and
 * remove (Command, power states, BAR sizing) is coalesced; what would change the
 * TDI is refused. Where sources disagree (ATS), or devices do (any write to
 * Command), the stricter reading holds.
 */
#include "../include/tdisp/guard.h"

/* Type 0 and 1 headers */
#define CFG_COMMAND		0x04
#define CFG_BIST		0x0c
#define CFG_BAR(n)		(0x10 + 4 * (n))
#define CFG_BUSES		0x18
#define CFG_ROM			0x30
#define CFG_CAP_PTR		0x34
#define CFG_BRIDGE_CONTROL	0x3c
#define CFG_STD_END		0x100
#define CFG_END			0x1000
#define  STATUS_CAP_LIST	0x00100000u

#define ROM_ADDRESS		0xfffff800u
#define BAR_ADDRESS		0xfffffff0u
#define PM_STATE		0x00000003u

/* Where a row's registers are. */
enum where {
	HEADER,
	CAP,
	ECAP,
};

/* How a row is kept. */
enum kind {
	KEEP,		/* the bits stay as they are */
	NEVER_1,	/* they read 0, and must not be written as 1 */
	SHADOW_COMMAND,	/* nothing is written, ever: some devices object to any write */
	SHADOW_POWER,
	SIZING,		/* a BAR, which is sized now and then, or the ROM's */
};

#define ENDPOINT	1
#define PORT		2

/*
 * @cap: id of the capability; @offset and @len: of its registers in it, in bytes,
 * not beyond the next capability.
 */
static const struct row {
	enum tdisp_guard_reg reg;
	enum tdisp_guard_effect effect;
	u8 of;
	enum where where;
	enum kind kind;
	u16 cap;
	u16 offset;
	u16 len;
	u32 mask;
} rows[] = {
#define REFUSE TDISP_GUARD_REFUSE
#define UNBIND TDISP_GUARD_UNBIND_FIRST
#define SHADOW TDISP_GUARD_COALESCE
	/* reg, effect, of, where, kind, cap, offset, len, mask */
	{ TDISP_GUARD_COMMAND, SHADOW, ENDPOINT, HEADER, SHADOW_COMMAND, 0, CFG_COMMAND, 4,
	  0xffff },
	{ TDISP_GUARD_BIST, REFUSE, ENDPOINT, HEADER, KEEP, 0, CFG_BIST, 4, 0xff000000 },
	{ TDISP_GUARD_BAR, UNBIND, ENDPOINT, HEADER, SIZING, 0, CFG_BAR(0), 24, ~0u },
	{ TDISP_GUARD_ROM_BAR, UNBIND, ENDPOINT, HEADER, SIZING, 0, CFG_ROM, 4, ~0u },
	{ TDISP_GUARD_POWER, SHADOW, ENDPOINT, CAP, SHADOW_POWER, 0x01, 0x04, 4, PM_STATE },
	/* Extended Tag, Phantom Functions, No Snoop */
	{ TDISP_GUARD_DEVCTL, REFUSE, ENDPOINT, CAP, KEEP, 0x10, 0x08, 4, 0x0b00 },
	{ TDISP_GUARD_FLR, UNBIND, ENDPOINT, CAP, NEVER_1, 0x10, 0x08, 4, 0x8000 },
	/* 10-Bit Tag Requester Enable */
	{ TDISP_GUARD_DEVCTL2, REFUSE, ENDPOINT, CAP, KEEP, 0x10, 0x28, 4, 0x1000 },
	/* 14-Bit Tag Requester Enable, 7.7.9.3 */
	{ TDISP_GUARD_DEVCTL3, REFUSE, ENDPOINT, ECAP, KEEP, 0x2f, 0x08, 4, 0x0004 },
	/* Only with LOCK_MSIX, see add_cap() */
	{ TDISP_GUARD_MSIX, UNBIND, ENDPOINT, CAP, KEEP, 0x11, 0x00, 4, 0xffff0000 },
	{ TDISP_GUARD_EA, UNBIND, ENDPOINT, CAP, KEEP, 0x14, 0x04, 252, ~0u },
	{ TDISP_GUARD_REBAR, UNBIND, ENDPOINT, ECAP, KEEP, 0x15, 0x04, 48, ~0u },
	{ TDISP_GUARD_VF_REBAR, UNBIND, ENDPOINT, ECAP, KEEP, 0x24, 0x04, 48, ~0u },
	{ TDISP_GUARD_ARI, REFUSE, ENDPOINT, ECAP, KEEP, 0x0e, 0x04, 4, 0xffff0000 },
	{ TDISP_GUARD_ATS, REFUSE, ENDPOINT, ECAP, KEEP, 0x0f, 0x04, 4, 0xffff0000 },
	{ TDISP_GUARD_PASID, REFUSE, ENDPOINT, ECAP, KEEP, 0x1b, 0x04, 4, 0xffff0000 },
	/* Control, but not Status; capacity is read-only; allocation */
	{ TDISP_GUARD_PRI, REFUSE, ENDPOINT, ECAP, KEEP, 0x13, 0x04, 4, 0x0000ffff },
	{ TDISP_GUARD_PRI, REFUSE, ENDPOINT, ECAP, KEEP, 0x13, 0x0c, 4, ~0u },
	{ TDISP_GUARD_MULTICAST, REFUSE, ENDPOINT, ECAP, KEEP, 0x12, 0x04, 44, ~0u },
	/* Control, but not Status; the rest of it */
	{ TDISP_GUARD_SRIOV, UNBIND, ENDPOINT, ECAP, KEEP, 0x10, 0x08, 4, 0x0000ffff },
	{ TDISP_GUARD_SRIOV, UNBIND, ENDPOINT, ECAP, KEEP, 0x10, 0x0c, 52, ~0u },
	{ TDISP_GUARD_IDE, REFUSE, ENDPOINT, ECAP, KEEP, 0x30, 0x04, CFG_END, ~0u },
	/* Its control is part of the report, 11.3.11 */
	{ TDISP_GUARD_TPH, REFUSE, ENDPOINT, ECAP, KEEP, 0x17, 0x08, 4, ~0u },

	/* What ends the link, or changes requester ids, moves every TDI below to ERROR. */
	{ TDISP_GUARD_PORT_BUSES, UNBIND, PORT, HEADER, KEEP, 0, CFG_BUSES, 4, 0x00ffffff },
	{ TDISP_GUARD_PORT_RESET, UNBIND, PORT, HEADER, KEEP, 0, CFG_BRIDGE_CONTROL, 4,
	  0x00400000 },
	{ TDISP_GUARD_PORT_LINK, UNBIND, PORT, CAP, KEEP, 0x10, 0x10, 4, 0x0010 },
	{ TDISP_GUARD_PORT_POWER, UNBIND, PORT, CAP, KEEP, 0x01, 0x04, 4, PM_STATE },
#undef REFUSE
#undef UNBIND
#undef SHADOW
};

static_assert(ARRAY_SIZE(rows) < 256, "a row's index fits a rule");

static const char *const reg_names[] = {
	[TDISP_GUARD_COMMAND]	= "command",
	[TDISP_GUARD_BIST]	= "bist",
	[TDISP_GUARD_BAR]	= "bar",
	[TDISP_GUARD_ROM_BAR]	= "rom-bar",
	[TDISP_GUARD_POWER]	= "power-state",
	[TDISP_GUARD_DEVCTL]	= "device-control",
	[TDISP_GUARD_FLR]	= "flr",
	[TDISP_GUARD_DEVCTL2]	= "device-control-2",
	[TDISP_GUARD_DEVCTL3]	= "device-control-3",
	[TDISP_GUARD_MSIX]	= "msi-x",
	[TDISP_GUARD_EA]	= "enhanced-allocation",
	[TDISP_GUARD_REBAR]	= "resizable-bar",
	[TDISP_GUARD_VF_REBAR]	= "vf-resizable-bar",
	[TDISP_GUARD_ARI]	= "ari",
	[TDISP_GUARD_ATS]	= "ats",
	[TDISP_GUARD_PASID]	= "pasid",
	[TDISP_GUARD_PRI]	= "pri",
	[TDISP_GUARD_MULTICAST]	= "multicast",
	[TDISP_GUARD_SRIOV]	= "sr-iov",
	[TDISP_GUARD_IDE]	= "ide",
	[TDISP_GUARD_TPH]	= "tph",
	[TDISP_GUARD_PORT_RESET] = "port-reset",
	[TDISP_GUARD_PORT_BUSES] = "port-bus-numbers",
	[TDISP_GUARD_PORT_LINK]	= "port-link",
	[TDISP_GUARD_PORT_POWER] = "port-power-state",
};

static const char *const effect_names[] = {
	[TDISP_GUARD_ALLOW]		= "allow",
	[TDISP_GUARD_COALESCE]		= "coalesce",
	[TDISP_GUARD_REFUSE]		= "refuse",
	[TDISP_GUARD_UNBIND_FIRST]	= "unbind-first",
};

static_assert(ARRAY_SIZE(reg_names) == TDISP_GUARD_NR_REGS, "every register has a name");
static_assert(ARRAY_SIZE(effect_names) == TDISP_GUARD_NR_EFFECTS, "every effect has a name");

const char *tdisp_guard_reg_name(unsigned int reg)
{
	return reg < ARRAY_SIZE(reg_names) ? reg_names[reg] : "unknown";
}

const char *tdisp_guard_effect_name(unsigned int effect)
{
	return effect < ARRAY_SIZE(effect_names) ? effect_names[effect] : "unknown";
}

/* ---- where everything is ---------------------------------------------------- */

/* Which dwords of config space begin a capability. */
struct caps {
	u32 at[CFG_END / 4 / 32];
};

static bool has(const struct caps *c, unsigned int reg)
{
	return c->at[reg / 128] >> (reg / 4 % 32) & 1;
}

static void set(struct caps *c, unsigned int reg)
{
	c->at[reg / 128] |= 1u << (reg / 4 % 32);
}

/* Follows both lists, each to its end or to where it has been before. */
static void find_caps(struct caps *c, tdisp_guard_reader read, void *arg)
{
	unsigned int at;
	u32 header;

	memset(c, 0, sizeof(*c));
	if (read(arg, CFG_COMMAND) & STATUS_CAP_LIST) {
		at = read(arg, CFG_CAP_PTR) & 0xfc;
		while (at >= 0x40 && !has(c, at)) {
			set(c, at);
			at = read(arg, at) >> 8 & 0xfc;
		}
	}
	at = CFG_STD_END;
	while (at >= CFG_STD_END && !has(c, at)) {
		header = read(arg, at);
		/* Neither a capability, nor a function that has extended space. */
		if (!header || header == ~0u)
			break;
		set(c, at);
		at = header >> 20 & 0xffc;
	}
}

/* The first dword that is not @at's own: of the next capability, or of nobody. */
static unsigned int end_of(const struct caps *c, unsigned int at)
{
	unsigned int end = at < CFG_STD_END ? CFG_STD_END : CFG_END;

	for (at += 4; at < end && !has(c, at); at += 4)
		;
	return at;
}

static int add_rule(struct tdisp_guard *g, size_t row, unsigned int base, unsigned int end,
		    struct tdisp_why *why)
{
	const struct row *r = &rows[row];
	unsigned int first = base + r->offset, last;

	if (first >= end)
		return 0;
	last = r->len > end - first ? end - 4 : first + r->len - 4;
	if (g->nr == TDISP_GUARD_RULES_MAX)
		return tdisp_refuse(why, -E2BIG, "guarded registers of the function, at most", base,
				    TDISP_WHY_NO_INDEX, TDISP_GUARD_RULES_MAX, g->nr + 1);
	g->rule[g->nr++] = (struct tdisp_guard_rule) {
		.first = first, .last = last, .mask = r->mask, .row = row,
	};
	return 0;
}

/* The rules of the capability at @at. */
static int add_cap(struct tdisp_guard *g, const struct caps *c, unsigned int at, u32 header,
		   unsigned long flags, struct tdisp_why *why)
{
	enum where where = at < CFG_STD_END ? CAP : ECAP;
	u16 id = where == CAP ? header & 0xff : header & 0xffff;
	u8 of = flags & TDISP_GUARD_IS_PORT ? PORT : ENDPOINT;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].where != where || rows[i].cap != id || rows[i].of != of)
			continue;
		if (rows[i].reg == TDISP_GUARD_MSIX && !(flags & TDISP_GUARD_LOCK_MSIX))
			continue;
		ret = add_rule(g, i, at, end_of(c, at), why);
		if (ret)
			return ret;
	}
	return 0;
}

int tdisp_guard_init(struct tdisp_guard *g, tdisp_guard_reader read, void *arg,
		     unsigned long flags, const u32 bar_mask[TDISP_GUARD_NR_BARS],
		     struct tdisp_why *why)
{
	u8 of = flags & TDISP_GUARD_IS_PORT ? PORT : ENDPOINT;
	struct caps caps;
	unsigned int at;
	size_t i;
	int ret;

	memset(g, 0, sizeof(*g));
	g->is_port = of == PORT;
	if (bar_mask)
		memcpy(g->bar_mask, bar_mask, sizeof(g->bar_mask));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].where != HEADER || rows[i].of != of)
			continue;
		ret = add_rule(g, i, 0, 0x40, why);
		if (ret)
			return ret;
	}
	find_caps(&caps, read, arg);
	for (at = 0; at < CFG_END; at += 4) {
		if (!has(&caps, at))
			continue;
		ret = add_cap(g, &caps, at, read(arg, at), flags, why);
		if (ret)
			return ret;
	}

	g->command = read(arg, CFG_COMMAND);
	for (i = 0; i < g->nr; i++) {
		if (rows[g->rule[i].row].kind != SHADOW_POWER)
			continue;
		/* There is one; of several, the first. */
		g->power_reg = g->rule[i].first;
		g->power = read(arg, g->power_reg) & PM_STATE;
		break;
	}
	return 0;
}

/* ---- reads and writes -------------------------------------------------------- */

static unsigned int bar_of(unsigned int reg)
{
	return reg == CFG_ROM ? TDISP_GUARD_ROM : (reg - CFG_BAR(0)) / 4;
}

/* The first rule that has something against a write is the one that is told. */
static void object(struct tdisp_guard_write *w, const struct row *row,
		   enum tdisp_guard_effect effect)
{
	if (w->effect != TDISP_GUARD_ALLOW)
		return;
	w->effect = effect;
	w->row = row->reg;
}

/* Bits in @mask are written as they are; a byte that has no others, not at all. */
static void keep(struct tdisp_guard_write *w, u32 mask, u32 real)
{
	u32 byte;

	w->value = (w->value & ~mask) | (real & mask);
	for (byte = 0xff; byte; byte <<= 8)
		if ((mask & byte) == byte)
			w->lanes &= ~byte;
}

/*
 * Sizing writes ones wherever an address can be, looks, and writes back what was
 * there (PCI 3.0 6.2.5.1). The function need not know, and must not.
 */
static void size_bar(struct tdisp_guard *g, const struct row *row, struct tdisp_guard_write *w,
		     u32 real)
{
	unsigned int bar = bar_of(w->reg);
	u32 address = row->reg == TDISP_GUARD_ROM_BAR ? ROM_ADDRESS : BAR_ADDRESS;
	u8 bit = 1u << bar;

	if (!((w->value ^ real) & w->lanes)) {
		g->sizing &= ~bit;
	} else if (w->lanes == ~0u && (w->value & address) == address) {
		g->sizing |= bit;
		object(w, row, TDISP_GUARD_COALESCE);
	} else {
		g->sizing &= ~bit;
		object(w, row, row->effect);
	}
	w->lanes = 0;
}

static void apply(struct tdisp_guard *g, const struct tdisp_guard_rule *rule,
		  struct tdisp_guard_write *w, u32 real)
{
	const struct row *row = &rows[rule->row];
	u32 mask = rule->mask & w->lanes;

	switch (row->kind) {
	case KEEP:
		if ((w->value ^ real) & mask)
			object(w, row, row->effect);
		keep(w, rule->mask, real);
		return;
	case NEVER_1:
		if (w->value & mask)
			object(w, row, row->effect);
		w->value &= ~rule->mask;
		return;
	case SHADOW_COMMAND:
		if ((w->value ^ real) & mask || (w->value ^ g->command) & mask)
			object(w, row, row->effect);
		g->command = (g->command & ~mask) | (w->value & mask);
		keep(w, rule->mask, real);
		return;
	case SHADOW_POWER:
		if ((w->value ^ real) & mask || (w->value ^ g->power) & mask)
			object(w, row, row->effect);
		g->power = (g->power & ~mask) | (w->value & mask);
		keep(w, rule->mask, real);
		return;
	case SIZING:
		size_bar(g, row, w, real);
		return;
	}
}

static bool is_about(const struct tdisp_guard_rule *rule, unsigned int reg, u32 lanes)
{
	return reg >= rule->first && reg <= rule->last && rule->mask & lanes;
}

bool tdisp_guard_tracks(const struct tdisp_guard *g, unsigned int reg, u32 lanes)
{
	unsigned int i;

	for (i = 0; i < g->nr; i++)
		if (is_about(&g->rule[i], reg, lanes))
			return true;
	return false;
}

void tdisp_guard_write(struct tdisp_guard *g, struct tdisp_guard_write *w, u32 real)
{
	unsigned int i;

	w->effect = TDISP_GUARD_ALLOW;
	for (i = 0; i < g->nr; i++)
		if (is_about(&g->rule[i], w->reg, w->lanes))
			apply(g, &g->rule[i], w, real);
}

u32 tdisp_guard_read(const struct tdisp_guard *g, unsigned int reg, u32 real)
{
	u32 flags;

	if (g->is_port)
		return real;
	if (reg == CFG_COMMAND)
		return (real & 0xffff0000) | g->command;
	if (g->power_reg && reg == g->power_reg)
		return (real & ~PM_STATE) | g->power;
	if (reg != CFG_ROM && (reg < CFG_BAR(0) || reg >= CFG_BAR(6)))
		return real;
	if (!(g->sizing >> bar_of(reg) & 1))
		return real;
	/* The low bits of a BAR say what it is; an upper half has none. */
	flags = real & ~g->bar_mask[bar_of(reg)] & ~BAR_ADDRESS;
	if (reg == CFG_ROM)
		flags = 0;
	return g->bar_mask[bar_of(reg)] | flags;
}
