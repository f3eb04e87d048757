// SPDX-License-Identifier: GPL-2.0
/*
 * Arm CCA's instruction: the only file that issues it, in one function.
 *
 * It was never run in a realm: there is no such machine with devices yet. Behind the
 * emulated mailbox the same registers go there instead.
 */
#include <linux/arm-smccc.h>
#include <linux/io.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

#ifdef CONFIG_ARM64

static_assert(sizeof(struct arm_smccc_1_2_regs) <= sizeof(struct cca_regs), "X0 to X17");

/* RMM 1.0, 13.1: SMCCC 1.2; none of the calls here takes or returns more than X17. */
static int issue(struct cca_regs *regs)
{
	struct arm_smccc_1_2_regs args;

	memcpy(&args, regs, sizeof(args));
	arm_smccc_1_2_smc(&args, &args);
	memcpy(regs, &args, sizeof(args));
	return 0;
}

#else

static int issue(struct cca_regs *regs)
{
	return -ENODEV;
}

#endif

/* A host call's registers are in memory: the RMM would fetch them, and put them back. */
static int emulate_host_call(struct cca *cca, struct cca_regs *regs)
{
	struct rsi_host_call_regs *call = cca->call;
	struct emu_regs wire = { };
	int i, ret;

	if (WARN_ON_ONCE(regs->x[1] != virt_to_phys(call)))
		return -EIO;
	wire.r[CCA_EMU_IMM] = cpu_to_le64(le16_to_cpu(call->imm));
	for (i = 0; i < RSI_HOST_CALL_GPRS; i++)
		wire.r[CCA_EMU_GPR(i)] = call->gprs[i];
	ret = emu_platform_host_regs(cca->emu, &wire);
	if (ret)
		return ret;
	for (i = 0; i < RSI_HOST_CALL_GPRS; i++)
		call->gprs[i] = wire.r[CCA_EMU_GPR(i)];
	regs->x[0] = RSI_STATUS_SUCCESS;
	return 0;
}

static int emulate(struct cca *cca, struct cca_regs *regs)
{
	struct emu_regs wire = { };
	int i, ret;

	if (regs->x[0] == RSI_HOST_CALL_FID)
		return emulate_host_call(cca, regs);
	for (i = 0; i < CCA_NR_X; i++)
		wire.r[i] = cpu_to_le64(regs->x[i]);
	ret = emu_platform_tsm_regs(cca->emu, &wire);
	for (i = 0; !ret && i < CCA_NR_X; i++)
		regs->x[i] = le64_to_cpu(wire.r[i]);
	return ret;
}

/**
 * cca_smc() - issue the instruction
 * @cca: the realm
 * @regs: registers before and after
 *
 * Context: Process context; behind the mailbox it sleeps.
 * Return: 0, and X0 has the RMM's status; else it did not get there: -ETIMEDOUT, -EIO,
 *	-ENOMEM behind the mailbox; -ENODEV no such instruction.
 */
int cca_smc(struct cca *cca, struct cca_regs *regs)
{
	return cca->emu ? emulate(cca, regs) : issue(regs);
}
