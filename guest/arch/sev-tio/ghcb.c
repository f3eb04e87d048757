// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction: VMGEXIT with SVM_VMGEXIT_SEV_TIO_GUEST_REQUEST or .._TIO_OP in
 * the GHCB. Everything else of this backend is the same wherever the registers go.
 *
 * On an SEV-SNP guest a module cannot issue it. A CPU has one registered GHCB, the
 * kernel's, which each #VC handler uses, also one that interrupts whoever fills it
 * in; sev_es_ghcb_hv_call() and __sev_get_ghcb(), which see to that, are not
 * exported, and neither is the hypervisor's feature word (GHCB_HV_FT_SNP_SEV_TIO,
 * bit 7). A page of our own would have to be registered in the kernel's place. What
 * is exported falls short:
 *
 *   6.12	snp_issue_guest_request(), RAX and RBX only: no device id in RCX, no
 *		parameter in RDX; and nothing of TIO_OP. No secrets page.
 *   7.2	snp_send_guest_request() on top of the same, with its own sealing
 *		and sequence numbers; no RCX, RDX or TIO_OP either.
 *
 * A kernel that carries the unmerged guest patches has sev_tio_op() and RCX and RDX
 * in struct snp_req_data, for its own sev-guest driver, unexported. With those two
 * exported, sev_ghcb_exit() and sev_ghcb_secrets() below are what has to be filled
 * in, and nothing else.
 */
#include <linux/cc_platform.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

/**
 * sev_ghcb_check() - can this guest issue the exits by itself?
 *
 * Context: Any.
 * Return: -EOPNOTSUPP in an SEV-SNP guest, whose kernel does not let a module, and
 *	it is said why; -ENODEV anywhere else.
 */
int sev_ghcb_check(void)
{
	if (!cc_platform_has(CC_ATTR_GUEST_SEV_SNP))
		return -ENODEV;
	pr_notice("this SEV-SNP guest's devices stay shared: expected a kernel that exports TIO exits (VMGEXIT %#x and %#x with RCX and RDX), found none\n",
		  SEV_EXIT_TIO_GUEST_REQUEST, SEV_EXIT_TIO_OP);
	return -EOPNOTSUPP;
}

/**
 * sev_ghcb_exit() - one VMGEXIT
 * @emu: where it goes instead
 * @regs: the GHCB's fields before and, if that went well, after: the host's word
 *
 * Context: Process context, sleeps.
 * Return: 0; -ETIMEDOUT, -EIO, -ENOMEM.
 */
int sev_ghcb_exit(struct emu_platform *emu, u64 regs[SEV_GHCB_NR_REGS])
{
	struct emu_regs wire = { };
	int i, ret;

	for (i = 0; i < SEV_GHCB_NR_REGS; i++)
		wire.r[i] = cpu_to_le64(regs[i]);
	ret = emu_platform_host_regs(emu, &wire);
	for (i = 0; !ret && i < SEV_GHCB_NR_REGS; i++)
		regs[i] = le64_to_cpu(wire.r[i]);
	return ret;
}

/**
 * sev_ghcb_secrets() - the secrets page: keys, and how far they are used
 * @emu: who has one made up
 * @ret: set to it; what was set before, if anything was
 *
 * A real one is in the guest's memory from its launch on, and so is the count of what
 * each key has sealed: this is to be that page itself, mapped, and no copy of it. What
 * is written here is what the next module, or the next kernel, goes on from.
 *
 * Behind the emulator it is a page of ours, and each call fills it with new keys: a
 * launch of its own.
 *
 * Context: Process context, sleeps.
 * Return: 0; -EREMOTEIO refused; -ETIMEDOUT, -EIO, -ENOMEM.
 */
int sev_ghcb_secrets(struct emu_platform *emu, struct snp_secrets **ret)
{
	struct snp_secrets *page = *ret ?: (void *)get_zeroed_page(GFP_KERNEL);
	struct emu_regs wire = {
		.r[0] = cpu_to_le64(SEV_EMU_SECRETS),
		.r[1] = cpu_to_le64(virt_to_phys(page)),
	};
	int err;

	if (!page)
		return -ENOMEM;
	*ret = page;
	err = emu_platform_tsm_regs(emu, &wire);
	if (err)
		return err;
	return le64_to_cpu(wire.r[0]) == SEV_EMU_OK ? 0 : -EREMOTEIO;
}

/**
 * sev_ghcb_put_secrets() - the secrets page is not used any more
 * @page: what sev_ghcb_secrets() gave, or NULL
 *
 * A real one stays, as it is: it is unmapped, and not wiped.
 *
 * Context: Process context.
 */
void sev_ghcb_put_secrets(struct snp_secrets *page)
{
	if (page)
		memzero_explicit(page, SEV_PAGE_SIZE);
	free_page((unsigned long)page);
}
