/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A platform that the emulator can be instead of its own: what its instruction's
 * registers mean, in the TSM and in the host, on top of what a TSM and a host do
 * anyway (emu.h: "tsm.c", "tsm_allow.c", "host.c").
 */
#ifndef EMU_PERSONALITY_H
#define EMU_PERSONALITY_H

#include "emu.h"

struct lie;

struct personality {
	const char *name;		/* as --platform and TSM_INFO have it */
	bool start_first;
	/* What only this platform's host can say; host.h has the type. */
	const struct lie *lies;
	size_t nr_lies;
	/* All may be NULL. init: at start; false: it cannot. reset: another VM comes. */
	bool (*init)(struct emu *e);
	void (*reset)(struct emu *e);
	void (*destroy)(struct emu *e);
	/*
	 * The instruction, its registers in and out. Returns an enum emu_status; what the
	 * platform itself says is in the registers, so that is EMU_OK unless they
	 * were not even looked at. NULL: the platform has no such instruction.
	 */
	int (*tsm_regs)(struct emu *e, struct emu_regs *regs);
	int (*host_regs)(struct emu *e, struct emu_regs *regs);
};

/* NULL: there is no such platform. */
const struct personality *personality_by_name(const char *name);
/* Does it have this emulator's own calls for TDIs? */
bool personality_is_native(const struct emu *e);
void personality_reset(struct emu *e);

#endif /* EMU_PERSONALITY_H */
