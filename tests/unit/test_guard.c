// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/guard.c. What is tracked is written down here once more, register by
 * register, from the standard's table and not from the code's rows; the function is
 * memory that takes every write, so that whatever should not have come through shows.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <tdisp/guard.h>

#define COMMAND		0x04
#define STATUS_CAP_LIST	0x00100000u
#define BAR(n)		(0x10 + 4 * (n))
#define ROM		0x30
#define CAP_PTR		0x34

/* --- a function --------------------------------------------------------------- */

static struct {
	u32 config[1024];
	u32 rw1c[1024];
	unsigned int reads[1024];
	u32 written[1024];	/* lanes that ever were */
} fn;

static struct tdisp_guard g;

/* Two 64-bit BARs, one that is 32 bits wide, one of ports, and a ROM. */
static const u32 bar_mask[TDISP_GUARD_NR_BARS] = {
	0xffff0000, 0xffffffff, 0xfffff000, 0xffffffe0, 0, 0xffffffc0, 0xffff0000,
};

static u32 read_config(void *arg, unsigned int reg)
{
	assert_ptr_equal(arg, &fn);
	assert_true(reg < 0x1000 && !(reg % 4));
	fn.reads[reg / 4]++;
	return fn.config[reg / 4];
}

static void put(unsigned int where, unsigned int size, u32 val)
{
	u32 mask = size == 4 ? ~0u : (1u << 8 * size) - 1;
	unsigned int shift = 8 * (where % 4);

	fn.config[where / 4] &= ~(mask << shift);
	fn.config[where / 4] |= (val & mask) << shift;
}

/* Memory on, bus mastering on, some status, and addresses in the BARs. */
static void fn_reset(void)
{
	memset(&fn, 0, sizeof(fn));
	memset(&g, 0xa5, sizeof(g));
	put(0x00, 4, 0x56781234);
	put(COMMAND, 4, STATUS_CAP_LIST | 0x0406);
	fn.rw1c[COMMAND / 4] = 0xf9000000;
	put(0x0c, 4, 0x00000010);
	put(BAR(0), 4, 0xfe0a0004);
	put(BAR(1), 4, 0x00000038);
	put(BAR(2), 4, 0xfebfd000);
	put(BAR(3), 4, 0x0000c041);
	put(BAR(4), 4, 0x0000000c);
	put(BAR(5), 4, 0x00000440);
	put(ROM, 4, 0xfeb00000);
	put(0x3c, 4, 0x0000010b);
}

static void fn_reset_port(void)
{
	fn_reset();
	memset(&fn.config[BAR(0) / 4], 0, 0x24);
	put(0x0c, 4, 0x00010010);
	put(0x18, 4, 0x00050201);
}

/* The newest capability is the first of its list. */
static void add_cap(unsigned int at, u8 id)
{
	put(at, 1, id);
	put(at + 1, 1, fn.config[CAP_PTR / 4]);
	put(CAP_PTR, 1, at);
}

/* The list of extended ones begins at 0x100: the newest follows it. */
static void add_ecap(unsigned int at, u16 id)
{
	u32 next = at == 0x100 ? 0 : fn.config[0x100 / 4] & 0xfff00000;

	put(at, 4, next | 0x10000 | id);
	if (at != 0x100)
		fn.config[0x100 / 4] = (fn.config[0x100 / 4] & 0x000fffff) | at << 20;
}

static int init(unsigned long flags)
{
	return tdisp_guard_init(&g, read_config, &fn, flags,
				flags & TDISP_GUARD_IS_PORT ? NULL : bar_mask, NULL);
}

static u32 size_mask(unsigned int size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

/* As the driver does it; what is left of the write reaches the function. */
static struct tdisp_guard_write wr(unsigned int where, unsigned int size, u32 val)
{
	unsigned int i = where / 4, shift = 8 * (where % 4);
	struct tdisp_guard_write w = {
		.reg = where & ~3u, .lanes = size_mask(size) << shift,
		.value = (val & size_mask(size)) << shift, .row = TDISP_GUARD_NR_REGS,
	};
	u32 lanes = w.lanes;

	if (tdisp_guard_tracks(&g, w.reg, w.lanes))
		tdisp_guard_write(&g, &w, fn.config[i]);
	assert_int_equal(w.lanes & ~lanes, 0);
	if (w.effect != TDISP_GUARD_ALLOW)
		assert_true(w.row < TDISP_GUARD_NR_REGS);
	fn.written[i] |= w.lanes;
	fn.config[i] = (fn.config[i] & ~(w.lanes & ~fn.rw1c[i])) | (w.value & w.lanes & ~fn.rw1c[i]);
	fn.config[i] &= ~(w.value & w.lanes & fn.rw1c[i]);
	return w;
}

static u32 rd(unsigned int where, unsigned int size)
{
	u32 val = tdisp_guard_read(&g, where & ~3u, fn.config[where / 4]);

	return val >> 8 * (where % 4) & size_mask(size);
}

static bool touched(unsigned int reg)
{
	return fn.written[reg / 4];
}

/* --- the table ----------------------------------------------------------------- */

enum where { HEADER, CAP, ECAP };

/* Where the tests put the capability that a row is of. */
#define CAP_AT		0x50
#define ECAP_AT		0x200

/*
 * Bits that stay as they are, of one dword; and bits beside them that are anybody's
 * to write. @offset is one in the capability.
 */
static const struct tracked {
	const char *desc;
	enum where where;
	u16 id;
	u16 offset;
	u32 kept;
	u32 free;
	enum tdisp_guard_effect effect;
	enum tdisp_guard_reg reg;
} table[] = {
#define R TDISP_GUARD_REFUSE
#define U TDISP_GUARD_UNBIND_FIRST
	{ "BIST", HEADER, 0, 0x0c, 0xff000000, 0x0000ffff, R, TDISP_GUARD_BIST },
	{ "Extended Tag Enable", CAP, 0x10, 0x08, 0x0100, 0x00ff70ff, R, TDISP_GUARD_DEVCTL },
	{ "Phantom Functions Enable", CAP, 0x10, 0x08, 0x0200, 0x00ff70ff, R, TDISP_GUARD_DEVCTL },
	{ "Enable No Snoop", CAP, 0x10, 0x08, 0x0800, 0x00ff70ff, R, TDISP_GUARD_DEVCTL },
	{ "10-Bit Tag Requester Enable", CAP, 0x10, 0x28, 0x1000, 0xffffefff, R,
	  TDISP_GUARD_DEVCTL2 },
	{ "14-Bit Tag Requester Enable", ECAP, 0x2f, 0x08, 0x0004, 0xfffffffb, R,
	  TDISP_GUARD_DEVCTL3 },
	{ "Enhanced Allocation entry", CAP, 0x14, 0x04, ~0u, 0, U, TDISP_GUARD_EA },
	{ "Enhanced Allocation base", CAP, 0x14, 0x08, ~0u, 0, U, TDISP_GUARD_EA },
	{ "Enhanced Allocation, last dword", CAP, 0x14, 0xfc - CAP_AT, ~0u, 0, U, TDISP_GUARD_EA },
	{ "Resizable BAR control of the first", ECAP, 0x15, 0x08, ~0u, 0, U, TDISP_GUARD_REBAR },
	{ "Resizable BAR control of the last", ECAP, 0x15, 0x30, ~0u, 0, U, TDISP_GUARD_REBAR },
	{ "VF Resizable BAR control of the first", ECAP, 0x24, 0x08, ~0u, 0, U,
	  TDISP_GUARD_VF_REBAR },
	{ "VF Resizable BAR control of the last", ECAP, 0x24, 0x30, ~0u, 0, U,
	  TDISP_GUARD_VF_REBAR },
	{ "ARI Control", ECAP, 0x0e, 0x04, 0xffff0000, 0, R, TDISP_GUARD_ARI },
	{ "ATS Control", ECAP, 0x0f, 0x04, 0xffff0000, 0, R, TDISP_GUARD_ATS },
	{ "PASID Control", ECAP, 0x1b, 0x04, 0xffff0000, 0, R, TDISP_GUARD_PASID },
	{ "Page Request Control", ECAP, 0x13, 0x04, 0x0000ffff, 0xffff0000, R, TDISP_GUARD_PRI },
	{ "Outstanding Page Request Allocation", ECAP, 0x13, 0x0c, ~0u, 0, R, TDISP_GUARD_PRI },
	{ "Multicast Control", ECAP, 0x12, 0x04, 0xffff0000, 0, R, TDISP_GUARD_MULTICAST },
	{ "MC_Base_Address", ECAP, 0x12, 0x08, ~0u, 0, R, TDISP_GUARD_MULTICAST },
	{ "MC_Receive", ECAP, 0x12, 0x10, ~0u, 0, R, TDISP_GUARD_MULTICAST },
	{ "MC_Overlay_BAR, upper half", ECAP, 0x12, 0x2c, ~0u, 0, R, TDISP_GUARD_MULTICAST },
	{ "SR-IOV Control", ECAP, 0x10, 0x08, 0x0000ffff, 0xffff0000, U, TDISP_GUARD_SRIOV },
	{ "NumVFs", ECAP, 0x10, 0x10, 0x0000ffff, 0, U, TDISP_GUARD_SRIOV },
	{ "System Page Size", ECAP, 0x10, 0x20, ~0u, 0, U, TDISP_GUARD_SRIOV },
	{ "VF BAR0", ECAP, 0x10, 0x24, ~0u, 0, U, TDISP_GUARD_SRIOV },
	{ "VF BAR5", ECAP, 0x10, 0x38, ~0u, 0, U, TDISP_GUARD_SRIOV },
	{ "IDE Control", ECAP, 0x30, 0x08, ~0u, 0, R, TDISP_GUARD_IDE },
	{ "a selective IDE stream's control", ECAP, 0x30, 0x14, ~0u, 0, R, TDISP_GUARD_IDE },
	{ "IDE address association, far behind", ECAP, 0x30, 0x400, ~0u, 0, R, TDISP_GUARD_IDE },
	{ "TPH Requester Control", ECAP, 0x17, 0x08, ~0u, 0, R, TDISP_GUARD_TPH },
};

static const struct tracked msix = {
	"MSI-X Message Control", CAP, 0x11, 0x00, 0xffff0000, 0, U, TDISP_GUARD_MSIX,
};

static const struct tracked port_table[] = {
	{ "primary bus number", HEADER, 0, 0x18, 0x000000ff, 0xff000000, U,
	  TDISP_GUARD_PORT_BUSES },
	{ "secondary bus number", HEADER, 0, 0x18, 0x0000ff00, 0xff000000, U,
	  TDISP_GUARD_PORT_BUSES },
	{ "subordinate bus number", HEADER, 0, 0x18, 0x00ff0000, 0xff000000, U,
	  TDISP_GUARD_PORT_BUSES },
	{ "secondary bus reset", HEADER, 0, 0x3c, 0x00400000, 0xffbfffff, U,
	  TDISP_GUARD_PORT_RESET },
	{ "Link Disable", CAP, 0x10, 0x10, 0x0010, 0xffffffef, U, TDISP_GUARD_PORT_LINK },
	{ "PowerState of a port", CAP, 0x01, 0x04, 0x0003, 0xfffffffc, U,
	  TDISP_GUARD_PORT_POWER },
};

static unsigned int reg_of(const struct tracked *t)
{
	return (t->where == HEADER ? 0 : t->where == CAP ? CAP_AT : ECAP_AT) + t->offset;
}

static void arm_for(const struct tracked *t, u32 content, unsigned long flags)
{
	unsigned int reg = reg_of(t);

	if (flags & TDISP_GUARD_IS_PORT)
		fn_reset_port();
	else
		fn_reset();
	add_ecap(0x100, 0x01);
	if (t->where == CAP)
		add_cap(CAP_AT, t->id);
	if (t->where == ECAP)
		add_ecap(ECAP_AT, t->id);
	/* A header's other half belongs to the list, and FLR reads 0. */
	if (t->offset)
		put(reg, 4, content);
	else
		fn.config[reg / 4] = (fn.config[reg / 4] & ~t->kept) | (content & t->kept);
	if (t->reg == TDISP_GUARD_DEVCTL)
		fn.config[reg / 4] &= ~0x8000u;
	if (init(flags))
		fail_msg("%s: not armed", t->desc);
}

/* Every bit, in every access that it is in. */
static void check_kept(const struct tracked *t, u32 content, unsigned long flags)
{
	unsigned int reg = reg_of(t), bit, size;

	for (bit = 0; bit < 32; bit++) {
		for (size = 1; size <= 4; size *= 2) {
			unsigned int where = reg + (bit / 8 & ~(size - 1));
			struct tdisp_guard_write w;
			u32 before, flipped;

			if (!(t->kept & 1u << bit))
				continue;
			arm_for(t, content, flags);
			before = fn.config[reg / 4];
			flipped = (before ^ 1u << bit) >> 8 * (where % 4);
			w = wr(where, size, flipped);
			if (w.effect != t->effect || w.row != t->reg)
				fail_msg("%s, bit %u in %u bytes: %s of %s, should be %s of %s",
					 t->desc, bit, size, tdisp_guard_effect_name(w.effect),
					 tdisp_guard_reg_name(w.row),
					 tdisp_guard_effect_name(t->effect),
					 tdisp_guard_reg_name(t->reg));
			check_row(t->desc, fn.config[reg / 4] == before);
			check_row(t->desc, rd(reg, 4) == before);
		}
	}
}

static void check_same_value(const struct tracked *t, u32 content, unsigned long flags)
{
	unsigned int reg = reg_of(t), size, at;

	for (size = 1; size <= 4; size *= 2) {
		for (at = 0; at < 4; at += size) {
			u32 before;

			arm_for(t, content, flags);
			before = fn.config[reg / 4];
			check_row(t->desc, wr(reg + at, size, before >> 8 * at).effect ==
				  TDISP_GUARD_ALLOW);
			check_row(t->desc, fn.config[reg / 4] == before);
		}
	}
}

/* Also when what is kept changes in the same write. */
static void check_free(const struct tracked *t, u32 content, unsigned long flags)
{
	unsigned int reg = reg_of(t), bit;

	for (bit = 0; bit < 32; bit++) {
		u32 one = 1u << bit, before;

		if (!(t->free & one))
			continue;
		arm_for(t, content, flags);
		before = fn.config[reg / 4];
		check_row(t->desc, wr(reg, 4, before ^ one).effect == TDISP_GUARD_ALLOW);
		check_row(t->desc, fn.config[reg / 4] == (before ^ one));
		arm_for(t, content, flags);
		check_row(t->desc, wr(reg + bit / 8, 1, (before ^ one) >> (bit & ~7u)).effect ==
			  TDISP_GUARD_ALLOW);
		check_row(t->desc, fn.config[reg / 4] == (before ^ one));
		arm_for(t, content, flags);
		check_row(t->desc, wr(reg, 4, before ^ one ^ t->kept).effect == t->effect);
		check_row(t->desc, fn.config[reg / 4] == (before ^ one));
	}
}

static const u32 contents[] = { 0, ~0u, 0x5aa5c33c };

static void check_table(void (*check)(const struct tracked *, u32, unsigned long))
{
	size_t i, c;

	for (c = 0; c < ARRAY_SIZE(contents); c++) {
		for (i = 0; i < ARRAY_SIZE(table); i++)
			check(&table[i], contents[c], 0);
		for (i = 0; i < ARRAY_SIZE(port_table); i++)
			check(&port_table[i], contents[c], TDISP_GUARD_IS_PORT);
		check(&msix, contents[c], TDISP_GUARD_LOCK_MSIX);
	}
}

static void a_tracked_bit_stays_in_every_access(void **state)
{
	(void)state;
	check_table(check_kept);
}

static void the_same_value_is_nothing_to_talk_about(void **state)
{
	(void)state;
	check_table(check_same_value);
}

static void bits_beside_it_are_anybodys(void **state)
{
	(void)state;
	check_table(check_free);
}

static void what_the_table_allows_is_not_even_looked_at(void **state)
{
	static const struct {
		const char *desc;
		enum where where;
		u16 id;
		u16 offset;
	} rows[] = {
		{ "cache line size", HEADER, 0, 0x0c },
		{ "interrupt line", HEADER, 0, 0x3c },
		{ "Link Control", CAP, 0x10, 0x10 },
		{ "Link Control 2", CAP, 0x10, 0x30 },
		{ "MSI Message Control", CAP, 0x05, 0x02 },
		{ "MSI Message Address", CAP, 0x05, 0x04 },
		{ "MSI-X without LOCK_MSIX", CAP, 0x11, 0x02 },
		{ "VPD", CAP, 0x03, 0x04 },
		{ "vendor-specific", CAP, 0x09, 0x08 },
		{ "AER", ECAP, 0x01, 0x08 },
		{ "ACS", ECAP, 0x0d, 0x06 },
		{ "LTR", ECAP, 0x18, 0x04 },
		{ "L1 PM substates", ECAP, 0x1e, 0x08 },
		{ "PTM", ECAP, 0x1f, 0x08 },
		{ "DOE", ECAP, 0x2e, 0x08 },
		{ "DVSEC", ECAP, 0x23, 0x0c },
		{ "VSEC", ECAP, 0x0b, 0x08 },
		{ "TPH Steering Tags", ECAP, 0x17, 0x0c },
		{ "PRI Capacity", ECAP, 0x13, 0x08 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct tracked t = { rows[i].desc, rows[i].where, rows[i].id, rows[i].offset };
		unsigned int where = reg_of(&t), size = where % 4 ? 2 : 1;

		fn_reset();
		add_ecap(0x100, 0x01);
		if (t.where == CAP)
			add_cap(CAP_AT, t.id);
		if (t.where == ECAP)
			add_ecap(ECAP_AT, t.id);
		assert_int_equal(init(0), 0);
		check_row(t.desc, !tdisp_guard_tracks(&g, where & ~3u,
						      size_mask(size) << 8 * (where % 4)));
		wr(where, size, 0xa5a5);
		check_row(t.desc, rd(where, size) == (0xa5a5 & size_mask(size)));
	}
}

/* Nothing is tracked of a port but what its own table says. */
static void an_endpoints_rules_are_not_a_ports(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct tracked *t = &table[i];
		unsigned int reg = reg_of(t);

		arm_for(t, 0, TDISP_GUARD_IS_PORT);
		check_row(t->desc, wr(reg, 4, t->kept).effect == TDISP_GUARD_ALLOW);
		check_row(t->desc, (fn.config[reg / 4] & t->kept) == t->kept);
	}
	fn_reset_port();
	assert_int_equal(init(TDISP_GUARD_IS_PORT), 0);
	assert_int_equal(wr(COMMAND, 2, 0).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(fn.config[COMMAND / 4] & 0xffff, 0);
	put(COMMAND, 2, 0x0107);
	assert_int_equal(rd(COMMAND, 2), 0x0107);
	wr(BAR(0), 4, ~0u);
	assert_int_equal(rd(BAR(0), 4), ~0u);
}

static void what_follows_a_register_is_not_tracked_with_it(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(port_table); i++) {
		arm_for(&port_table[i], 0, TDISP_GUARD_IS_PORT);
		check_row(port_table[i].desc,
			  !tdisp_guard_tracks(&g, reg_of(&port_table[i]) + 4, ~0u));
	}
	arm_for(&msix, 0, TDISP_GUARD_LOCK_MSIX);
	assert_false(tdisp_guard_tracks(&g, reg_of(&msix) + 4, ~0u));
}

static void a_ports_rules_are_not_an_endpoints(void **state)
{
	(void)state;
	fn_reset();
	add_cap(CAP_AT, 0x10);
	assert_int_equal(init(0), 0);
	assert_int_equal(wr(0x3e, 2, 0x0040).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(wr(CAP_AT + 0x10, 2, 0x0010).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(fn.config[(CAP_AT + 0x10) / 4] & 0x0010, 0x0010);
}

/* --- Command -------------------------------------------------------------------- */

static void armed(void)
{
	fn_reset();
	add_ecap(0x100, 0x01);
	add_cap(0x80, 0x10);
	add_cap(0x60, 0x01);
	assert_int_equal(init(0), 0);
}

static void command_is_never_written_and_reads_as_it_was_written(void **state)
{
	static const u16 values[] = { 0x0400, 0x0404, 0x0402, 0x0000, 0xffff, 0x0446, 0x0006 };
	size_t i;

	(void)state;
	armed();
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		struct tdisp_guard_write w = wr(COMMAND, 2, values[i]);

		assert_int_equal(w.effect, TDISP_GUARD_COALESCE);
		assert_int_equal(w.row, TDISP_GUARD_COMMAND);
		assert_int_equal(w.lanes, 0);
		assert_int_equal(rd(COMMAND, 2), values[i]);
		assert_int_equal(rd(COMMAND, 1), values[i] & 0xff);
		assert_int_equal(rd(COMMAND + 1, 1), values[i] >> 8);
		assert_int_equal(rd(COMMAND, 4), STATUS_CAP_LIST | values[i]);
		assert_int_equal(g.command, values[i]);
		assert_int_equal(fn.config[COMMAND / 4], STATUS_CAP_LIST | 0x0406);
	}
	assert_false(touched(COMMAND));
}

static void command_is_remembered_byte_by_byte(void **state)
{
	(void)state;
	armed();
	assert_int_equal(wr(COMMAND, 1, 0).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(rd(COMMAND, 2), 0x0400);
	assert_int_equal(wr(COMMAND + 1, 1, 0x01).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(rd(COMMAND, 2), 0x0100);
	assert_int_equal(wr(COMMAND, 1, 0x06).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(rd(COMMAND, 2), 0x0106);
	assert_false(touched(COMMAND));
}

static void command_as_it_is_is_nothing(void **state)
{
	(void)state;
	armed();
	assert_int_equal(wr(COMMAND, 2, 0x0406).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(wr(COMMAND, 1, 0x06).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(wr(COMMAND, 4, 0x0406).effect, TDISP_GUARD_ALLOW);
	/* Some devices object to any write of it. */
	assert_int_equal(fn.written[COMMAND / 4] & 0xffff, 0);
}

/* The way back to what is there is an attempt, too: the function does not see it. */
static void command_back_as_it_was_is_coalesced(void **state)
{
	(void)state;
	armed();
	wr(COMMAND, 2, 0);
	assert_int_equal(wr(COMMAND, 2, 0x0406).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(rd(COMMAND, 2), 0x0406);
	assert_int_equal(wr(COMMAND, 2, 0x0406).effect, TDISP_GUARD_ALLOW);
	/* Nor is what was not let through any more so the second time. */
	wr(COMMAND, 2, 0);
	assert_int_equal(wr(COMMAND, 2, 0).effect, TDISP_GUARD_COALESCE);
	assert_false(touched(COMMAND));
}

static void a_dword_over_command_and_status_reaches_status_alone(void **state)
{
	struct tdisp_guard_write w;

	(void)state;
	armed();
	fn.config[COMMAND / 4] |= 0xf9000000;
	w = wr(COMMAND, 4, 0x30100000);
	assert_int_equal(w.effect, TDISP_GUARD_COALESCE);
	assert_int_equal(w.lanes, 0xffff0000);
	assert_int_equal(w.value >> 16, 0x3010);
	assert_int_equal(fn.config[COMMAND / 4], 0xc9000000 | STATUS_CAP_LIST | 0x0406);
	assert_int_equal(rd(COMMAND, 4), 0xc9000000 | STATUS_CAP_LIST);
}

static void status_alone_is_not_tracked(void **state)
{
	(void)state;
	armed();
	fn.config[COMMAND / 4] |= 0xf9000000;
	assert_false(tdisp_guard_tracks(&g, COMMAND, 0xffff0000));
	wr(COMMAND + 2, 2, 0xf910);
	assert_int_equal(fn.config[COMMAND / 4], STATUS_CAP_LIST | 0x0406);
}

/* --- neighbours that are cleared by 1 -------------------------------------------- */

static void device_status_is_cleared_with_what_is_kept_beside_it(void **state)
{
	(void)state;
	armed();
	fn.rw1c[0x88 / 4] = 0x000f0000;
	put(0x88, 4, 0x000f2810);
	/* Extended Tag on, No Snoop off, MRRS another, two errors cleared. */
	assert_int_equal(wr(0x88, 4, 0x00035110).effect, TDISP_GUARD_REFUSE);
	assert_int_equal(fn.config[0x88 / 4], 0x000c5810);
}

static void device_control_alone_clears_no_status(void **state)
{
	(void)state;
	armed();
	fn.rw1c[0x88 / 4] = 0x000f0000;
	put(0x88, 4, 0x000f2810);
	assert_int_equal(wr(0x88, 2, 0x5810).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(fn.config[0x88 / 4], 0x000f5810);
	assert_int_equal(wr(0x89, 1, 0x00).effect, TDISP_GUARD_REFUSE);
	assert_int_equal(fn.config[0x88 / 4], 0x000f0810);
}

static void pme_status_is_cleared_with_the_power_state_beside_it(void **state)
{
	(void)state;
	armed();
	fn.rw1c[0x64 / 4] = 0x8000;
	put(0x64, 2, 0x8008);
	assert_int_equal(wr(0x64, 2, 0x810b).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(fn.config[0x64 / 4], 0x0108);
	assert_int_equal(rd(0x64, 2), 0x010b);
}

static void pri_status_is_cleared_with_its_control_beside_it(void **state)
{
	(void)state;
	fn_reset();
	add_ecap(0x100, 0x13);
	assert_int_equal(init(0), 0);
	fn.rw1c[0x104 / 4] = 0x00030000;
	put(0x104, 4, 0x01030000);
	assert_int_equal(wr(0x104, 4, 0x00020001).effect, TDISP_GUARD_REFUSE);
	assert_int_equal(fn.config[0x104 / 4] & 0x0003ffff, 0x00010000);
}

/* --- power ------------------------------------------------------------------------ */

static void the_power_state_is_remembered_and_not_changed(void **state)
{
	unsigned int size, ps;

	(void)state;
	for (size = 1; size <= 4; size *= 2) {
		armed();
		for (ps = 3; ps + 1; ps--) {
			struct tdisp_guard_write w = wr(0x64, size, ps);

			assert_int_equal(w.effect, TDISP_GUARD_COALESCE);
			assert_int_equal(w.row, TDISP_GUARD_POWER);
			assert_int_equal(rd(0x64, 1) & 3, ps);
			assert_int_equal(fn.config[0x64 / 4] & 3, 0);
		}
		assert_int_equal(wr(0x64, size, 0).effect, TDISP_GUARD_ALLOW);
	}
}

static void the_rest_of_power_management_is_written(void **state)
{
	(void)state;
	armed();
	assert_int_equal(wr(0x64, 2, 0x0100).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(fn.config[0x64 / 4], 0x0100);
	assert_int_equal(wr(0x64, 2, 0x0003).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(fn.config[0x64 / 4], 0x0000);
	assert_int_equal(rd(0x64, 2), 0x0003);
}

static void a_function_without_power_management_has_no_shadow_of_it(void **state)
{
	(void)state;
	fn_reset();
	assert_int_equal(init(0), 0);
	assert_int_equal(g.power_reg, 0);
	/* Offset 0 is a register, too. */
	assert_int_equal(rd(0, 4), 0x56781234);
}

/* --- FLR ---------------------------------------------------------------------------- */

static void flr_does_not_come_through_and_what_is_beside_it_does(void **state)
{
	struct tdisp_guard_write w;

	(void)state;
	armed();
	put(0x88, 2, 0x2810);
	w = wr(0x88, 2, 0xa810);
	assert_int_equal(w.effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(w.row, TDISP_GUARD_FLR);
	assert_int_equal(fn.config[0x88 / 4], 0x2810);
	w = wr(0x88, 2, 0xd81f);
	assert_int_equal(w.row, TDISP_GUARD_FLR);
	assert_int_equal(fn.config[0x88 / 4], 0x581f);
	w = wr(0x89, 1, 0x88);
	assert_int_equal(w.effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(fn.config[0x88 / 4], 0x081f);
	w = wr(0x88, 4, 0x0000881f);
	assert_int_equal(w.effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(fn.config[0x88 / 4], 0x081f);
	assert_int_equal(rd(0x88, 2), 0x081f);
}

/* The bit reads 0 (PCIe r6.x 7.5.3.4): a function whose bit reads 1 has it no better. */
static void flr_is_refused_where_it_reads_1(void **state)
{
	struct tdisp_guard_write w;

	(void)state;
	armed();
	put(0x88, 2, 0xa810);
	w = wr(0x88, 2, 0xa810);
	assert_int_equal(w.effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(w.value & 0x8000, 0);
}

static void the_first_objection_is_the_one_that_is_told(void **state)
{
	struct tdisp_guard_write w;

	(void)state;
	armed();
	put(0x88, 2, 0x2810);
	w = wr(0x88, 2, 0xa010);
	assert_int_equal(w.effect, TDISP_GUARD_REFUSE);
	assert_int_equal(w.row, TDISP_GUARD_DEVCTL);
	assert_int_equal(fn.config[0x88 / 4], 0x2810);
}

/* --- BARs ------------------------------------------------------------------------- */

static const struct bar {
	const char *desc;
	unsigned int reg;
	u32 ones;
	u32 sized;
	enum tdisp_guard_reg row;
} bars[] = {
	{ "BAR 0, 64 KiB, 64 bits", BAR(0), ~0u, 0xffff0004, TDISP_GUARD_BAR },
	{ "upper half of BAR 0", BAR(1), ~0u, 0xffffffff, TDISP_GUARD_BAR },
	{ "BAR 2, 4 KiB, 32 bits", BAR(2), ~0u, 0xfffff000, TDISP_GUARD_BAR },
	{ "BAR 2, flags left", BAR(2), 0xfffffff0, 0xfffff000, TDISP_GUARD_BAR },
	{ "BAR 3, 32 ports", BAR(3), ~0u, 0xffffffe1, TDISP_GUARD_BAR },
	{ "BAR 4, 256 GiB, prefetchable", BAR(4), ~0u, 0x0000000c, TDISP_GUARD_BAR },
	{ "upper half of BAR 4", BAR(5), ~0u, 0xffffffc0, TDISP_GUARD_BAR },
	{ "ROM, as Linux sizes it", ROM, 0xfffff800, 0xffff0000, TDISP_GUARD_ROM_BAR },
	{ "ROM, all ones", ROM, ~0u, 0xffff0000, TDISP_GUARD_ROM_BAR },
};

static void sizing_works_and_the_function_does_not_see_it(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		const struct bar *b = &bars[i];
		struct tdisp_guard_write w;
		u32 before;

		armed();
		before = rd(b->reg, 4);
		check_row(b->desc, before == fn.config[b->reg / 4]);
		w = wr(b->reg, 4, b->ones);
		check_row(b->desc, w.effect == TDISP_GUARD_COALESCE && w.row == b->row);
		check_row(b->desc, !w.lanes);
		if (rd(b->reg, 4) != b->sized)
			fail_msg("%s: %#x, should be %#x", b->desc, rd(b->reg, 4), b->sized);
		check_row(b->desc, rd(b->reg + 2, 2) == b->sized >> 16);
		w = wr(b->reg, 4, before);
		check_row(b->desc, w.effect == TDISP_GUARD_ALLOW && !w.lanes);
		check_row(b->desc, rd(b->reg, 4) == before);
		check_row(b->desc, !touched(b->reg));
	}
}

/* As the PCI core does: all of them to ones, then all of them read, then all put back. */
static void all_bars_are_sized_at_once(void **state)
{
	static const u32 sized[] = {
		0xffff0004, 0xffffffff, 0xfffff000, 0xffffffe1, 0x0000000c, 0xffffffc0,
	};
	u32 before[6];
	int i;

	(void)state;
	armed();
	for (i = 0; i < 6; i++) {
		before[i] = rd(BAR(i), 4);
		wr(BAR(i), 4, ~0u);
	}
	for (i = 0; i < 6; i++)
		assert_int_equal(rd(BAR(i), 4), sized[i]);
	assert_int_equal(rd(ROM, 4), 0xfeb00000);
	for (i = 0; i < 6; i++)
		wr(BAR(i), 4, before[i]);
	for (i = 0; i < 6; i++) {
		assert_int_equal(rd(BAR(i), 4), before[i]);
		assert_false(touched(BAR(i)));
	}
}

static void a_bar_that_is_not_there_has_no_size(void **state)
{
	u32 none[TDISP_GUARD_NR_BARS] = { 0 };
	size_t i;

	(void)state;
	fn_reset();
	memset(&fn.config[BAR(0) / 4], 0, 24);
	put(ROM, 4, 0);
	assert_int_equal(tdisp_guard_init(&g, read_config, &fn, 0, none, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		wr(bars[i].reg, 4, bars[i].ones);
		check_row(bars[i].desc, !rd(bars[i].reg, 4));
		check_row(bars[i].desc, !touched(bars[i].reg));
		wr(bars[i].reg, 4, 0);
		check_row(bars[i].desc, !rd(bars[i].reg, 4));
	}
}

static void a_bar_is_not_moved_and_reads_tell_the_truth(void **state)
{
	static const struct {
		const char *desc;
		unsigned int where, size;
		u32 val;
		enum tdisp_guard_reg row;
	} rows[] = {
		{ "another address", BAR(0), 4, 0xfe0b0004, TDISP_GUARD_BAR },
		{ "zero", BAR(0), 4, 0, TDISP_GUARD_BAR },
		{ "zero above", BAR(1), 4, 0, TDISP_GUARD_BAR },
		{ "almost ones", BAR(2), 4, 0xffffff00, TDISP_GUARD_BAR },
		{ "a byte of ones", BAR(2) + 3, 1, 0xff, TDISP_GUARD_BAR },
		{ "a word of ones", BAR(2) + 2, 2, 0xffff, TDISP_GUARD_BAR },
		{ "other ports", BAR(3), 4, 0xd001, TDISP_GUARD_BAR },
		{ "an address in 256 GiB", BAR(5), 4, 0x480, TDISP_GUARD_BAR },
		{ "the ROM is enabled", ROM, 4, 0xfeb00001, TDISP_GUARD_ROM_BAR },
		{ "the ROM is enabled by a byte", ROM, 1, 0x01, TDISP_GUARD_ROM_BAR },
		{ "the ROM is moved", ROM, 4, 0xfec00000, TDISP_GUARD_ROM_BAR },
	};
	size_t i;
	int sizing;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (sizing = 0; sizing < 2; sizing++) {
			unsigned int reg = rows[i].where & ~3u;
			struct tdisp_guard_write w;

			armed();
			if (sizing)
				wr(reg, 4, ~0u);
			w = wr(rows[i].where, rows[i].size, rows[i].val);
			check_row(rows[i].desc, w.effect == TDISP_GUARD_UNBIND_FIRST);
			check_row(rows[i].desc, w.row == rows[i].row && !w.lanes);
			check_row(rows[i].desc, rd(reg, 4) == fn.config[reg / 4]);
			check_row(rows[i].desc, !touched(reg));
		}
	}
}

static void a_part_of_a_bar_as_it_is_is_nothing(void **state)
{
	(void)state;
	armed();
	assert_int_equal(wr(BAR(2) + 2, 2, 0xfebf).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(wr(BAR(2) + 1, 1, 0xd0).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(wr(ROM, 2, 0).effect, TDISP_GUARD_ALLOW);
	assert_false(touched(BAR(2)) || touched(ROM));
}

/* --- MSI-X -------------------------------------------------------------------------- */

static void msix_is_kept_if_its_table_is_locked(void **state)
{
	struct tdisp_guard_write w;

	(void)state;
	fn_reset();
	add_cap(0x70, 0x11);
	put(0x72, 2, 0x801f);
	assert_int_equal(init(TDISP_GUARD_LOCK_MSIX), 0);
	w = wr(0x72, 2, 0x001f);
	assert_int_equal(w.effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(w.row, TDISP_GUARD_MSIX);
	assert_int_equal(rd(0x72, 2), 0x801f);
	assert_int_equal(wr(0x72, 2, 0xc01f).effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(wr(0x73, 1, 0x00).effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(wr(0x72, 2, 0x801f).effect, TDISP_GUARD_ALLOW);
	assert_false(touched(0x70));
}

static void msix_is_the_drivers_if_not(void **state)
{
	(void)state;
	fn_reset();
	add_cap(0x70, 0x11);
	put(0x72, 2, 0x001f);
	assert_int_equal(init(0), 0);
	assert_int_equal(wr(0x72, 2, 0xc01f).effect, TDISP_GUARD_ALLOW);
	assert_int_equal(rd(0x72, 2), 0xc01f);
}

/* --- lists that lie -------------------------------------------------------------------- */

/* Each dword a few times, however the list is knotted. */
static void check_reads(const char *desc)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fn.reads); i++)
		if (fn.reads[i] > 4)
			fail_msg("%s: %#zx was read %u times", desc, i * 4, fn.reads[i]);
}

static void check_tracks(const char *desc, unsigned int reg, u32 lanes, bool expected)
{
	if (tdisp_guard_tracks(&g, reg, lanes) != expected)
		fail_msg("%s: %#x is %stracked", desc, reg, expected ? "not " : "");
}

static void a_list_that_loops_ends(void **state)
{
	(void)state;
	fn_reset();
	put(CAP_PTR, 1, 0x40);
	put(0x40, 4, 0x5010);
	put(0x50, 4, 0x6001);
	put(0x60, 4, 0x4009);
	put(0x100, 4, 0x1401000f);
	put(0x140, 4, 0x1801001b);
	put(0x180, 4, 0x10010013);
	assert_int_equal(init(0), 0);
	check_reads("loops");
	check_tracks("PM", 0x54, 0x3, true);
	check_tracks("ATS", 0x104, 0xffff0000, true);
	check_tracks("PASID", 0x144, 0xffff0000, true);
	check_tracks("PRI", 0x184, 0x0000ffff, true);
}

static void a_capability_that_follows_itself_ends_the_list(void **state)
{
	(void)state;
	fn_reset();
	put(CAP_PTR, 1, 0x40);
	put(0x40, 4, 0x4010);
	put(0x100, 4, 0x1001000f);
	assert_int_equal(init(0), 0);
	check_reads("itself");
	check_tracks("DEVCTL", 0x48, 0xff00, true);
	check_tracks("ATS", 0x104, 0xffff0000, true);
}

static void all_ones_end_the_lists(void **state)
{
	(void)state;
	memset(&fn, 0, sizeof(fn));
	memset(fn.config, 0xff, sizeof(fn.config));
	assert_int_equal(init(0), 0);
	check_reads("all ones");
	check_tracks("Command", COMMAND, 0x6, true);
	check_tracks("beyond", 0x104, ~0u, false);
}

static void all_zeroes_are_a_function_without_capabilities(void **state)
{
	(void)state;
	memset(&fn, 0, sizeof(fn));
	assert_int_equal(init(0), 0);
	assert_int_equal(g.nr, 4);
	check_reads("all zeroes");
}

static void pointers_out_of_the_lists_end_them(void **state)
{
	unsigned int next;

	(void)state;
	for (next = 0; next < 0x40; next++) {
		fn_reset();
		put(CAP_PTR, 1, 0x40);
		put(0x40, 4, next << 8 | 0x10);
		/* What a wrong walker would find there. */
		put(0x04, 1, 0x01);
		assert_int_equal(init(0), 0);
		check_reads("into the header");
		assert_int_equal(g.nr, 4 + 3);
	}
	for (next = 0; next < 0x100; next++) {
		fn_reset();
		put(0x100, 4, next << 20 | 0x1000f);
		put(0x80, 4, 0x1001b);
		assert_int_equal(init(0), 0);
		check_reads("into the first 256 bytes");
		check_tracks("PASID", 0x84, 0xffff0000, false);
	}
}

/* The two lowest bits of a pointer are reserved (PCIe r6.x 7.5.1.1.11, 7.6.3). */
static void pointers_lie_on_dwords(void **state)
{
	unsigned int low;

	(void)state;
	for (low = 0; low < 4; low++) {
		fn_reset();
		put(CAP_PTR, 1, 0x60 | low);
		put(0x60, 4, (0x70 | low) << 8 | 0x09);
		put(0x70, 4, 0x01);
		put(0x100, 4, (0x140 | low) << 20 | 0x10001);
		put(0x140, 4, 0x1000f);
		assert_int_equal(init(0), 0);
		check_tracks("PM", 0x74, 0x3, true);
		check_tracks("ATS", 0x144, 0xffff0000, true);
	}
}

static void without_a_list_there_is_none(void **state)
{
	(void)state;
	fn_reset();
	add_cap(0x60, 0x01);
	put(COMMAND + 2, 2, 0);
	assert_int_equal(init(0), 0);
	check_tracks("PM", 0x64, 0x3, false);
	assert_int_equal(rd(0x64, 4), 0);
}

static void a_capability_at_the_last_dword_has_nothing_behind_it(void **state)
{
	static const u8 ids[] = { 0x01, 0x10, 0x11, 0x14 };
	static const u16 eids[] = {
		0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x17, 0x1b, 0x24, 0x2f, 0x30,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		fn_reset();
		add_ecap(0x100, 0x01);
		add_cap(0xfc, ids[i]);
		assert_int_equal(init(TDISP_GUARD_LOCK_MSIX), 0);
		assert_int_equal(g.nr, ids[i] == 0x11 ? 5 : 4);
		check_tracks("behind it", 0x100, ~0u, false);
		check_tracks("behind it", 0x104, ~0u, false);
	}
	for (i = 0; i < ARRAY_SIZE(eids); i++) {
		fn_reset();
		add_ecap(0x100, 0x01);
		add_ecap(0xffc, eids[i]);
		assert_int_equal(init(0), 0);
		assert_int_equal(g.nr, 4);
	}
}

/* What is beyond the next capability's beginning is that one's. */
static void a_capability_ends_where_the_next_begins(void **state)
{
	(void)state;
	fn_reset();
	add_ecap(0x100, 0x30);
	add_ecap(0x120, 0x01);
	add_cap(0x40, 0x14);
	add_cap(0x50, 0x09);
	assert_int_equal(init(0), 0);
	check_tracks("IDE", 0x11c, ~0u, true);
	check_tracks("AER", 0x120, ~0u, false);
	check_tracks("AER", 0x124, ~0u, false);
	check_tracks("EA", 0x4c, ~0u, true);
	check_tracks("vendor-specific", 0x50, ~0u, false);
}

static void one_that_runs_to_the_end_runs_no_further(void **state)
{
	(void)state;
	fn_reset();
	add_ecap(0x100, 0x01);
	add_ecap(0xf00, 0x30);
	assert_int_equal(init(0), 0);
	check_tracks("IDE", 0xf04, ~0u, true);
	check_tracks("IDE", 0xffc, ~0u, true);
	assert_int_equal(wr(0xffc, 4, 1).effect, TDISP_GUARD_REFUSE);
}

static void a_repeated_capability_is_kept_each_time(void **state)
{
	(void)state;
	fn_reset();
	add_ecap(0x100, 0x0f);
	add_ecap(0x200, 0x0f);
	add_cap(0x80, 0x10);
	add_cap(0x40, 0x10);
	add_cap(0xc0, 0x01);
	add_cap(0xd0, 0x01);
	assert_int_equal(init(0), 0);
	assert_int_equal(wr(0x106, 2, 0x8000).effect, TDISP_GUARD_REFUSE);
	assert_int_equal(wr(0x206, 2, 0x8000).effect, TDISP_GUARD_REFUSE);
	assert_int_equal(wr(0x48, 2, 0x8000).effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(wr(0x88, 2, 0x8000).effect, TDISP_GUARD_UNBIND_FIRST);
	assert_int_equal(wr(0xc4, 2, 3).effect, TDISP_GUARD_COALESCE);
	assert_int_equal(wr(0xd4, 2, 3).effect, TDISP_GUARD_COALESCE);
	assert_int_equal((fn.config[0xc4 / 4] | fn.config[0xd4 / 4]) & 3, 0);
	assert_int_equal(rd(0xc4, 2), 3);
}

static void more_than_fits_is_refused(void **state)
{
	struct tdisp_why why = { 0 };
	unsigned int n, at;
	int ret;

	(void)state;
	/* Four are of the header. */
	for (n = TDISP_GUARD_RULES_MAX - 4; n <= TDISP_GUARD_RULES_MAX - 3; n++) {
		fn_reset();
		for (at = 0x100 + 8 * (n - 1); at > 0x100; at -= 8)
			put(at, 4, (at == 0x100 + 8 * (n - 1) ? 0 : (at + 8) << 20) | 0x1000f);
		put(0x100, 4, 0x108 << 20 | 0x1000f);
		ret = tdisp_guard_init(&g, read_config, &fn, 0, bar_mask, &why);
		check_reads("many");
		if (n == TDISP_GUARD_RULES_MAX - 4) {
			assert_int_equal(ret, 0);
			assert_int_equal(g.nr, TDISP_GUARD_RULES_MAX);
			assert_null(why.check);
			continue;
		}
		assert_int_equal(ret, -E2BIG);
		assert_non_null(why.check);
		assert_int_equal(why.offset, 0x100 + 8 * (n - 1));
		assert_int_equal(why.expected, TDISP_GUARD_RULES_MAX);
		assert_int_equal(why.found, TDISP_GUARD_RULES_MAX + 1);
		/* Nobody need be told. */
		assert_int_equal(tdisp_guard_init(&g, read_config, &fn, 0, bar_mask, NULL), -E2BIG);
	}
}

static u32 noise;

/* xorshift32: the same on every machine. */
static u32 draw(void)
{
	noise ^= noise << 13;
	noise ^= noise >> 17;
	noise ^= noise << 5;
	return noise;
}

static u32 read_noise(void *arg, unsigned int reg)
{
	assert_true(reg < 0x1000 && !(reg % 4));
	assert_true(++*(unsigned int *)arg <= 4 * 1024);
	return draw();
}

/* Another answer to each read: the host may do that. */
static void a_config_space_that_changes_all_the_time_is_read_to_an_end(void **state)
{
	unsigned int round, i;

	(void)state;
	noise = 0x7d15;
	for (round = 0; round < 20000; round++) {
		unsigned int reads = 0;

		if (tdisp_guard_init(&g, read_noise, &reads, round & 3, bar_mask, NULL))
			continue;
		assert_true(g.nr <= TDISP_GUARD_RULES_MAX);
		for (i = 0; i < g.nr; i++) {
			assert_true(g.rule[i].first <= g.rule[i].last);
			assert_true(g.rule[i].last < 0x1000 && !(g.rule[i].last % 4));
		}
	}
}

/* --- whatever is written ------------------------------------------------------------ */

/* What is kept of each dword, and what may only be written as 0. */
static u32 kept[1024], never_1[1024];

static u32 anywhere(unsigned int n)
{
	return draw() % n;
}

/* Room for a capability, and what of it is kept. */
static void place(unsigned int at, unsigned int end, enum where where, u16 id)
{
	unsigned int reg;
	size_t i;

	if (where == CAP)
		put(at, 1, id);
	else
		put(at, 2, id);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		reg = at + table[i].offset;
		if (table[i].where == where && table[i].id == id && reg < end)
			kept[reg / 4] |= table[i].kept;
	}
	for (reg = at + 4; reg < end; reg += 4) {
		unsigned int offset = reg - at;
		bool all = (where == CAP && id == 0x14) ||
			(where == ECAP && (id == 0x30 ||
			 ((id == 0x15 || id == 0x24) && offset <= 0x30) ||
			 (id == 0x12 && offset <= 0x2c) ||
			 (id == 0x10 && offset >= 0x0c && offset <= 0x3c)));

		if (all)
			kept[reg / 4] = ~0u;
	}
	if (where == CAP && id == 0x10 && at + 8 < end) {
		never_1[(at + 8) / 4] |= 0x8000;
		fn.config[(at + 8) / 4] &= ~0x8000u;
	}
	if (where == CAP && id == 0x01 && at + 4 < end)
		kept[(at + 4) / 4] |= 3;
}

static void random_function(void)
{
	static const u8 ids[] = { 0x01, 0x05, 0x09, 0x10, 0x10, 0x11, 0x14, 0x03 };
	static const u16 eids[] = {
		0x01, 0x0b, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x17, 0x1b, 0x24, 0x2e, 0x2f, 0x30,
	};
	unsigned int at, next, i;

	memset(&fn, 0, sizeof(fn));
	memset(kept, 0, sizeof(kept));
	memset(never_1, 0, sizeof(never_1));
	for (i = 0; i < 1024; i++)
		fn.config[i] = draw();
	put(COMMAND, 4, draw() | STATUS_CAP_LIST);
	kept[COMMAND / 4] = 0xffff;
	kept[0x0c / 4] = 0xff000000;
	for (i = 0; i < 6; i++)
		kept[BAR(i) / 4] = ~0u;
	kept[ROM / 4] = ~0u;

	at = 0x40 + 4 * anywhere(8);
	put(CAP_PTR, 1, at | anywhere(4));
	for (; at; at = next) {
		next = at + 4 + 4 * anywhere(16);
		if (next > 0xfc)
			next = 0;
		put(at, 4, draw());
		place(at, next ?: 0x100, CAP, ids[anywhere(ARRAY_SIZE(ids))]);
		put(at + 1, 1, next | anywhere(4));
	}
	for (at = 0x100; at; at = next) {
		next = at + 4 + 4 * anywhere(80);
		if (next > 0xffc)
			next = 0;
		put(at, 4, draw());
		place(at, next ?: 0x1000, ECAP, eids[anywhere(ARRAY_SIZE(eids))]);
		put(at + 2, 2, next << 4 | 1);
	}
}

/* Mostly where something is kept, and mostly with a few bits changed. */
static void random_write(void)
{
	unsigned int size = 1u << anywhere(3), where = anywhere(0x1000) & ~(size - 1), i;
	u32 val, real, free;

	for (i = 0; i < 8 && !(kept[where / 4] | never_1[where / 4]); i++)
		where = anywhere(0x1000) & ~(size - 1);
	real = fn.config[where / 4];
	switch (anywhere(4)) {
	case 0:
		val = draw();
		break;
	case 1:
		val = ~0u;
		break;
	default:
		val = (real ^ 1u << anywhere(32)) >> 8 * (where % 4);
		break;
	}
	wr(where, size, val);

	i = where / 4;
	assert_int_equal((fn.config[i] ^ real) & kept[i], 0);
	assert_int_equal(fn.config[i] & never_1[i], 0);
	/* And nothing else is lost. */
	free = ~kept[i] & ~never_1[i] & size_mask(size) << 8 * (where % 4);
	assert_int_equal((fn.config[i] ^ val << 8 * (where % 4)) & free, 0);
	if (!kept[i] && !never_1[i])
		assert_int_equal(rd(where & ~3u, 4), fn.config[i]);
}

static void whatever_is_written_the_tracked_bits_stay(void **state)
{
	unsigned int round, i;

	(void)state;
	noise = 0x2024;
	for (round = 0; round < 400; round++) {
		u32 before[1024];

		do {
			random_function();
		} while (init(0));
		memcpy(before, fn.config, sizeof(before));
		for (i = 0; i < 1000; i++)
			random_write();
		for (i = 0; i < 1024; i++)
			assert_int_equal((before[i] ^ fn.config[i]) & kept[i], 0);
		assert_int_equal(fn.written[COMMAND / 4] & 0xffff, 0);
	}
}

/* --- names --------------------------------------------------------------------------- */

static void every_register_and_effect_has_a_name_of_its_own(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < TDISP_GUARD_NR_REGS; i++) {
		assert_string_not_equal(tdisp_guard_reg_name(i), "unknown");
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdisp_guard_reg_name(i), tdisp_guard_reg_name(j));
	}
	for (i = 0; i < TDISP_GUARD_NR_EFFECTS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdisp_guard_effect_name(i),
						tdisp_guard_effect_name(j));
	assert_string_equal(tdisp_guard_reg_name(TDISP_GUARD_COMMAND), "command");
	assert_string_equal(tdisp_guard_effect_name(TDISP_GUARD_UNBIND_FIRST), "unbind-first");
}

static void any_number_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(tdisp_guard_reg_name(TDISP_GUARD_NR_REGS), "unknown");
	assert_string_equal(tdisp_guard_reg_name(~0u), "unknown");
	assert_string_equal(tdisp_guard_effect_name(TDISP_GUARD_NR_EFFECTS), "unknown");
	assert_string_equal(tdisp_guard_effect_name(~0u), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tracked_bit_stays_in_every_access),
		cmocka_unit_test(the_same_value_is_nothing_to_talk_about),
		cmocka_unit_test(bits_beside_it_are_anybodys),
		cmocka_unit_test(what_the_table_allows_is_not_even_looked_at),
		cmocka_unit_test(an_endpoints_rules_are_not_a_ports),
		cmocka_unit_test(a_ports_rules_are_not_an_endpoints),
		cmocka_unit_test(what_follows_a_register_is_not_tracked_with_it),
		cmocka_unit_test(command_is_never_written_and_reads_as_it_was_written),
		cmocka_unit_test(command_is_remembered_byte_by_byte),
		cmocka_unit_test(command_as_it_is_is_nothing),
		cmocka_unit_test(command_back_as_it_was_is_coalesced),
		cmocka_unit_test(a_dword_over_command_and_status_reaches_status_alone),
		cmocka_unit_test(status_alone_is_not_tracked),
		cmocka_unit_test(device_status_is_cleared_with_what_is_kept_beside_it),
		cmocka_unit_test(device_control_alone_clears_no_status),
		cmocka_unit_test(pme_status_is_cleared_with_the_power_state_beside_it),
		cmocka_unit_test(pri_status_is_cleared_with_its_control_beside_it),
		cmocka_unit_test(the_power_state_is_remembered_and_not_changed),
		cmocka_unit_test(the_rest_of_power_management_is_written),
		cmocka_unit_test(a_function_without_power_management_has_no_shadow_of_it),
		cmocka_unit_test(flr_does_not_come_through_and_what_is_beside_it_does),
		cmocka_unit_test(flr_is_refused_where_it_reads_1),
		cmocka_unit_test(the_first_objection_is_the_one_that_is_told),
		cmocka_unit_test(sizing_works_and_the_function_does_not_see_it),
		cmocka_unit_test(all_bars_are_sized_at_once),
		cmocka_unit_test(a_bar_that_is_not_there_has_no_size),
		cmocka_unit_test(a_bar_is_not_moved_and_reads_tell_the_truth),
		cmocka_unit_test(a_part_of_a_bar_as_it_is_is_nothing),
		cmocka_unit_test(msix_is_kept_if_its_table_is_locked),
		cmocka_unit_test(msix_is_the_drivers_if_not),
		cmocka_unit_test(a_list_that_loops_ends),
		cmocka_unit_test(a_capability_that_follows_itself_ends_the_list),
		cmocka_unit_test(all_ones_end_the_lists),
		cmocka_unit_test(all_zeroes_are_a_function_without_capabilities),
		cmocka_unit_test(pointers_out_of_the_lists_end_them),
		cmocka_unit_test(pointers_lie_on_dwords),
		cmocka_unit_test(without_a_list_there_is_none),
		cmocka_unit_test(a_capability_at_the_last_dword_has_nothing_behind_it),
		cmocka_unit_test(a_capability_ends_where_the_next_begins),
		cmocka_unit_test(one_that_runs_to_the_end_runs_no_further),
		cmocka_unit_test(a_repeated_capability_is_kept_each_time),
		cmocka_unit_test(more_than_fits_is_refused),
		cmocka_unit_test(a_config_space_that_changes_all_the_time_is_read_to_an_end),
		cmocka_unit_test(whatever_is_written_the_tracked_bits_stay),
		cmocka_unit_test(every_register_and_effect_has_a_name_of_its_own),
		cmocka_unit_test(any_number_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
