// SPDX-License-Identifier: GPL-2.0
/*
 * The platform's instruction: the only file that issues it, or brings its registers
 * to who stands in for the TDX module and the VMM.
 *
 * The kernel exports no wrapper of TDCALL to modules (facts: __tdcall and
 * __tdx_hypercall are not), but it is one instruction, of ring 0. This path never ran
 * on silicon.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

/*
 * TDCALL, 66 0f 01 cc. RAX is leaf and status; of the others, what the leaf or the
 * VMM may change is an output, and that is all of them. RBP is never passed: the
 * compiler may need it, and no leaf here has a use for it.
 */
static void tdcall(struct tdxc_regs *regs)
{
	register u64 r8 asm("r8") = regs->r[TDX_R8];
	register u64 r9 asm("r9") = regs->r[TDX_R9];
	register u64 r10 asm("r10") = regs->r[TDX_R10];
	register u64 r11 asm("r11") = regs->r[TDX_R11];
	register u64 r12 asm("r12") = regs->r[TDX_R12];
	register u64 r13 asm("r13") = regs->r[TDX_R13];
	register u64 r14 asm("r14") = regs->r[TDX_R14];
	register u64 r15 asm("r15") = regs->r[TDX_R15];

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (regs->r[TDX_RAX]), "+b" (regs->r[TDX_RBX]),
		       "+c" (regs->r[TDX_RCX]), "+d" (regs->r[TDX_RDX]),
		       "+S" (regs->r[TDX_RSI]), "+D" (regs->r[TDX_RDI]),
		       "+r" (r8), "+r" (r9), "+r" (r10), "+r" (r11),
		       "+r" (r12), "+r" (r13), "+r" (r14), "+r" (r15)
		     :: "memory", "cc");

	regs->r[TDX_R8] = r8;
	regs->r[TDX_R9] = r9;
	regs->r[TDX_R10] = r10;
	regs->r[TDX_R11] = r11;
	regs->r[TDX_R12] = r12;
	regs->r[TDX_R13] = r13;
	regs->r[TDX_R14] = r14;
	regs->r[TDX_R15] = r15;
}

/* VMCALLs are the VMM's, and go by pages that it can write; all else is the module's. */
static int emulated_tdcall(struct emu_platform *emu, struct tdxc_regs *regs)
{
	bool vmcall = regs->r[TDX_RAX] == TDX_TDG_VP_VMCALL;
	struct emu_regs wire = { };
	int i, ret;

	for (i = 0; i < TDX_NR_REGS; i++)
		wire.r[i] = cpu_to_le64(regs->r[i]);
	ret = vmcall ? emu_platform_host_regs(emu, &wire) : emu_platform_tsm_regs(emu, &wire);
	if (ret)
		return ret;
	for (i = 0; i < TDX_NR_REGS; i++)
		regs->r[i] = le64_to_cpu(wire.r[i]);
	return 0;
}

static int once(struct tdxc *tdxc, struct tdxc_regs *regs)
{
	if (tdxc->emu)
		return emulated_tdcall(tdxc->emu, regs);
	tdcall(regs);
	return 0;
}

/**
 * tdxc_tdcall() - one TDCALL
 * @tdxc: the platform
 * @regs: its registers, in and out: RAX is the leaf, then the status
 *
 * MMIO.ACCEPT may be interrupted: RIP stays at the TDCALL, which is executed again with
 * what is left in RCX and R9 (M1). The emulated transport has no RIP, and a module might
 * leave it to the guest; so that is done here, for as long as less is left each time. Of
 * a leaf that is busy, the registers are those to ask again with, but for RAX.
 *
 * Context: Process context; sleeps where it is emulated.
 * Return: 0, and what came of it is in @regs; or, of the emulated transport alone, an
 *	errno of emu_platform_tsm_regs().
 */
int tdxc_tdcall(struct tdxc *tdxc, struct tdxc_regs *regs)
{
	struct tdxc_regs rest = *regs;
	u64 status;
	int ret;

	for (;;) {
		ret = once(tdxc, regs);
		if (ret)
			return ret;
		status = regs->r[TDX_RAX];
		if ((status & TDX_STATUS_CODE) == TDX_OPERAND_BUSY)
			*regs = rest;
		regs->r[TDX_RAX] = status;
		if ((status & TDX_STATUS_CODE) != TDX_INTERRUPTED ||
		    rest.r[TDX_RAX] != TDX_TDG_MMIO_ACCEPT ||
		    (regs->r[TDX_R9] & TDX_MMIO_COUNT) >= (rest.r[TDX_R9] & TDX_MMIO_COUNT))
			return 0;
		regs->r[TDX_RAX] = TDX_TDG_MMIO_ACCEPT;
		rest = *regs;
	}
}
