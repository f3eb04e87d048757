/* SPDX-License-Identifier: GPL-2.0 */
/* TDX Connect, the platform: between its module (tdx_tsm.c) and its VMM (tdx_host.c). */
#ifndef EMU_TDX_H
#define EMU_TDX_H

#include "personality.h"
#include "../../guest/include/tdisp/tdx_connect_wire.h"

/* The bit of a guest physical address that means shared. */
#define TDX_SHARED	(1ull << (TDX_EMU_GPAW - 1))

/* tdx_tsm.c: all leaves but TDG.VP.VMCALL. */
int tdx_tsm_regs(struct emu *e, struct emu_regs *regs);
/* The function that the guest calls by this id; NULL: there is none, or it is no TDI. */
struct func *tdx_func(struct emu *e, uint64_t function_id);

/* tdx_host.c: TDG.VP.VMCALL. */
int tdx_host_regs(struct emu *e, struct emu_regs *regs);
bool tdx_host_init(struct emu *e);
void tdx_host_reset(struct emu *e);
void tdx_host_destroy(struct emu *e);

#endif /* EMU_TDX_H */
