/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What a write to config space of a locked TDI, or of a port above it, may do:
 * the register tracking table (PCIe r6.x 11.2.6) as rules.
 *
 * Nothing here touches hardware. The caller reads registers, asks, and writes what
 * is left of the write.
 */
#ifndef TDISP_GUARD_H
#define TDISP_GUARD_H

#include "port.h"
#include "why.h"

/* More than any function in the field has; one that has more is not locked. */
#define TDISP_GUARD_RULES_MAX	64

/* BARs 0 to 5 and the expansion ROM. */
#define TDISP_GUARD_ROM		6
#define TDISP_GUARD_NR_BARS	7

/**
 * enum tdisp_guard_effect - what becomes of a write
 * @TDISP_GUARD_ALLOW: it reaches the function
 * @TDISP_GUARD_COALESCE: it does not, and reads answer as if it had
 * @TDISP_GUARD_REFUSE: it does not, and reads tell the truth
 * @TDISP_GUARD_UNBIND_FIRST: the same, and after the TDI is unlocked it would
 */
enum tdisp_guard_effect {
	TDISP_GUARD_ALLOW,
	TDISP_GUARD_COALESCE,
	TDISP_GUARD_REFUSE,
	TDISP_GUARD_UNBIND_FIRST,
	/* private: */
	TDISP_GUARD_NR_EFFECTS
};

/* Rows of the table, and what a port must not do to what is below it. */
enum tdisp_guard_reg {
	TDISP_GUARD_COMMAND,
	TDISP_GUARD_BIST,
	TDISP_GUARD_BAR,
	TDISP_GUARD_ROM_BAR,
	TDISP_GUARD_POWER,
	TDISP_GUARD_DEVCTL,
	TDISP_GUARD_FLR,
	TDISP_GUARD_DEVCTL2,
	TDISP_GUARD_DEVCTL3,
	TDISP_GUARD_MSIX,
	TDISP_GUARD_EA,
	TDISP_GUARD_REBAR,
	TDISP_GUARD_VF_REBAR,
	TDISP_GUARD_ARI,
	TDISP_GUARD_ATS,
	TDISP_GUARD_PASID,
	TDISP_GUARD_PRI,
	TDISP_GUARD_MULTICAST,
	TDISP_GUARD_SRIOV,
	TDISP_GUARD_IDE,
	TDISP_GUARD_TPH,
	TDISP_GUARD_PORT_RESET,
	TDISP_GUARD_PORT_BUSES,
	TDISP_GUARD_PORT_LINK,
	TDISP_GUARD_PORT_POWER,
	TDISP_GUARD_NR_REGS
};

/**
 * struct tdisp_guard_rule - a run of dwords with one rule
 * @first: offset of the first dword
 * @last: of the last one
 * @mask: bits of each that it is about
 * @row: index in the table of rows
 */
struct tdisp_guard_rule {
	u16 first;
	u16 last;
	u32 mask;
	u8 row;
};

/**
 * struct tdisp_guard - one function, and what its writers believe
 * @is_port: a bridge above a TDI, of which nothing is coalesced
 * @nr: number of rules
 * @rule: by rising @first within a capability
 * @command: Command register as written last
 * @power: PowerState as written last
 * @power_reg: where that is, 0: nowhere
 * @sizing: BARs that are being sized: they read as @bar_mask
 * @bar_mask: what sizing a BAR gives, without the bits below its size
 */
struct tdisp_guard {
	bool is_port;
	unsigned int nr;
	struct tdisp_guard_rule rule[TDISP_GUARD_RULES_MAX];
	u16 command;
	u8 power;
	u16 power_reg;
	u8 sizing;
	u32 bar_mask[TDISP_GUARD_NR_BARS];
};

/**
 * struct tdisp_guard_write - a write, in place within its dword
 * @reg: offset of the dword
 * @lanes: bytes that are written, 0xff each
 * @value: what is written; on return, what is left of it
 * @effect: what becomes of it
 * @row: the register that it is about, unless it is allowed
 */
struct tdisp_guard_write {
	u16 reg;
	u32 lanes;
	u32 value;
	enum tdisp_guard_effect effect;
	enum tdisp_guard_reg row;
};

/* Reads the dword at @reg of the function's config space. */
typedef u32 (*tdisp_guard_reader)(void *arg, unsigned int reg);

/* What tdisp_guard_init() is told of a function. */
#define TDISP_GUARD_IS_PORT	BIT(0)	/* a bridge above a TDI */
#define TDISP_GUARD_LOCK_MSIX	BIT(1)	/* the MSI-X table is locked, too */

/**
 * tdisp_guard_init() - find a function's registers
 * @g: filled; no write was made yet
 * @read: reads its config space
 * @arg: passed to @read
 * @flags: TDISP_GUARD_IS_PORT, TDISP_GUARD_LOCK_MSIX
 * @bar_mask: what sizing each BAR and the ROM gives; NULL for a port
 * @why: set on failure, may be NULL
 *
 * Config space is the host's: its lists of capabilities may loop, repeat and lie.
 * Each dword is read a few times at most.
 *
 * Return: 0; or -E2BIG, more registers than TDISP_GUARD_RULES_MAX, with @g unusable.
 */
int tdisp_guard_init(struct tdisp_guard *g, tdisp_guard_reader read, void *arg,
		     unsigned long flags, const u32 bar_mask[TDISP_GUARD_NR_BARS],
		     struct tdisp_why *why);

/**
 * tdisp_guard_tracks() - is there a rule for that write?
 * @g: the function
 * @reg: offset of a dword
 * @lanes: bytes of it
 *
 * If not, it is to be passed on, without a look at what is there: a read may have
 * effects of its own.
 *
 * Return: true or false.
 */
bool tdisp_guard_tracks(const struct tdisp_guard *g, unsigned int reg, u32 lanes);

/**
 * tdisp_guard_write() - what is left of a write?
 * @g: the function
 * @w: the write; on return @lanes and @value are what may be written, none if
 *	@lanes is 0
 * @real: what the function has there now
 *
 * Reserved bits and those that nobody tracks are passed on as they come.
 */
void tdisp_guard_write(struct tdisp_guard *g, struct tdisp_guard_write *w, u32 real);

/**
 * tdisp_guard_read() - what does a reader see?
 * @g: the function
 * @reg: offset of a dword
 * @real: what the function has there
 *
 * Return: @real, but for what was coalesced.
 */
u32 tdisp_guard_read(const struct tdisp_guard *g, unsigned int reg, u32 real);

/* Names for people: "command", "bar", ..; "coalesce", ... Any value is in bounds. */
const char *tdisp_guard_reg_name(unsigned int reg);
const char *tdisp_guard_effect_name(unsigned int effect);

#endif /* TDISP_GUARD_H */
