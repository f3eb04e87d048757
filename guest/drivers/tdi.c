// SPDX-License-Identifier: GPL-2.0
/*
 * The verbs: bind, attest, accept, start, unbind, and the only writer of a
 * TDI's state.
 *
 * Each step ends by asking the TSM for the state. A surprise means TDI_ERROR,
 * and only unbind leads out of that. What connect did before it failed is
 * undone, by unbind.
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/pm_runtime.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static bool allow_no_snoop;
module_param(allow_no_snoop, bool, 0600);
MODULE_PARM_DESC(allow_no_snoop, "Leave Enable No Snoop as it is before a lock (default: off)");

/*
 * No news is no loss, for a while: so many looks in vain, and for so long. After that there
 * may never be any again (one bad message ends SEV-TIO's key).
 */
#define SILENT_LOOKS		5
#define SILENT_SECONDS		10
/* A driver that goes waits for the end of DMA: how often that is asked for. */
#define ASK_MS			50

#define TDI_ENABLE	(PCI_ENABLE_TARGET | PCI_ENABLE_INITIATOR)

/**
 * tdi_reason() - say why the running verb fails
 * @tdi: the TDI, its lock held
 * @fmt: "CHECK: expected X, found Y"
 *
 * The first reason counts: what comes after it is a consequence.
 */
void tdi_reason(struct tdi *tdi, const char *fmt, ...)
{
	va_list args;

	lockdep_assert_held(&tdi->lock);
	if (tdi->reason[0])
		return;
	va_start(args, fmt);
	vscnprintf(tdi->reason, sizeof(tdi->reason), fmt, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(tdi_reason);

static void verb_begin(struct tdi *tdi, const char *verb)
{
	tdi->verb = verb;
	tdi->reason[0] = '\0';
}

/* Whoever runs out of memory says no more than that. */
static const char *reason_for(const struct tdi *tdi, int ret)
{
	if (tdi->reason[0])
		return tdi->reason;
	return ret == -ENOMEM ? "memory: expected enough, found none" : "no reason given";
}

/* Leaves the verdict in tdi->result, logs it once, returns @ret. */
static int verb_end(struct tdi *tdi, int ret, const char *ok)
{
	if (ret) {
		scnprintf(tdi->result, sizeof(tdi->result), "%s: %s", tdi->verb,
			  reason_for(tdi, ret));
		pci_warn(tdi->pdev, "tdi: %s failed: %pe\n", tdi->verb, ERR_PTR(ret));
	} else {
		scnprintf(tdi->result, sizeof(tdi->result), "%s: ok: %s", tdi->verb, ok);
		pci_info(tdi->pdev, "tdi: %s\n", tdi->result);
	}
	return ret;
}

/* Refuses what the table does not list, before anything is done. */
static int may(struct tdi *tdi, enum tdi_event event)
{
	enum tdi_state next;
	int ret = tdi_state_next(tdi->backend->order, tdi->state, event, &next);

	if (ret)
		tdi_reason(tdi, "state: expected one that allows %s, found %s",
			   tdi_event_name(event), tdi_state_name(tdi->state));
	return ret;
}

bool tdi_is_accepted(const struct tdi *tdi)
{
	return tdi->state == TDI_RUN;
}

static void transition(struct tdi *tdi, enum tdi_event event)
{
	enum tdi_state old = tdi->state;

	lockdep_assert_held(&tdi->lock);
	/* may() said yes before the work was done; FAULT is always legal. */
	if (WARN_ON_ONCE(tdi_state_next(tdi->backend->order, old, event, &tdi->state)))
		tdi->state = TDI_ERROR;
	/* The TSM has taken it back, whoever still holds a mapping of it. */
	if (tdi->state == TDI_ERROR) {
		tdi_iomem_remove(tdi);
	} else {
		tdi->reaches = false;
		tdi->lost = false;
	}
	if (tdi->state == TDI_UNLOCKED)
		tdi->granted = false;
	tdi->silent = 0;
	if (tdi_is_accepted(tdi))
		tdi_watch_start(tdi);
	trace_tdi_transition(pci_name(tdi->pdev), old, event, tdi->state);
}

/*
 * It is not accepted any more. A machine that goes down probes nothing, and must not have
 * its order of shutdown changed under its feet.
 */
static void close_gate(struct tdi *tdi)
{
	if (!tdi->down)
		tdi_gate_hold(tdi->pdev);
}

/*
 * What was mapped for a lost device is freed by its driver, and then nobody must reach it:
 * that it is gone is the host's word, and the guard keeps Bus Master Enable as it is. So
 * what follows a loss waits until the TSM has taken DMA away, or says that it is unlocked.
 * ERROR is not enough: a TSM may go there by itself, with the device in RUN.
 */
static void end_dma(struct tdi *tdi)
{
	const struct tdi_backend_ops *ops = tdi->backend->ops;
	struct tdi_tsm_info info;

	tdi->reaches = ops->dma_disable(tdi) &&
		       (ops->info(tdi, &info) || info.state != TDISP_CONFIG_UNLOCKED);
	if (!tdi->reaches && tdi->lost)
		tdi_watch_recover(tdi);
}

/*
 * It was accepted, and is not any more, though nobody asked for that. Its MMIO is given
 * back with the driver gone: until then the driver's writes are nobody's to see.
 */
static void note_loss(struct tdi *tdi)
{
	tdi->losses.losses++;
	tdi->lost = true;
	end_dma(tdi);
	pci_warn(tdi->pdev, "tdi: lost: %s\n", tdi->reason);
	tdi_watch_tell(tdi, "lost");
	if (!tdi->reaches)
		return;
	pci_err(tdi->pdev, "tdi: lost, and it may still reach memory: asking again\n");
	tdi_watch_kick(tdi);
}

/* It could not be taken back, and is in force until it is. No verb asks for that again. */
static void ask_again(struct tdi *tdi)
{
	tdi->reaches = true;
	pci_err(tdi->pdev, "tdi: it may still reach memory: asking again\n");
	tdi_watch_kick(tdi);
}

/* Whoever does not hold the device's lock cannot switch, but cut off. */
static void fault_in(struct tdi *tdi, bool device_locked)
{
	bool was_accepted = tdi_is_accepted(tdi);

	transition(tdi, TDI_EV_FAULT);
	tdi_dma_cut(tdi);
	if (device_locked && !tdi->pdev->dev.driver)
		tdi_dma_set_mode(tdi, TDI_DMA_BLOCKED);
	if (was_accepted) {
		note_loss(tdi);
		/* While it is probed the driver core expects no link more: the work adds it. */
		if (device_locked)
			close_gate(tdi);
		else
			tdi_watch_recover(tdi);
	}
}

static void fault(struct tdi *tdi)
{
	fault_in(tdi, true);
}

/**
 * tdi_expect_state() - ask the TSM, and refuse a surprise
 * @tdi: the TDI
 * @info: filled on success
 * @expected: the state that must be
 *
 * Return: 0; -EREMOTEIO for another state; or the backend's error.
 */
int tdi_expect_state(struct tdi *tdi, struct tdi_tsm_info *info, enum tdisp_state expected)
{
	int ret = tdi->backend->ops->info(tdi, info);

	if (ret)
		return ret;
	if (info->state != expected) {
		tdi_reason(tdi, "TDI state: expected %s, found %s (TSM)",
			   tdisp_state_name(expected), tdisp_state_name(info->state));
		return -EREMOTEIO;
	}
	return 0;
}

/*
 * Memory Space and Bus Master Enable, in one write. Where the guard keeps them so, no
 * count is taken: drivers read one as their own (nvme does when its device is dead).
 */
static int hold(struct tdi *tdi, bool count)
{
	u16 unused;
	int ret;

	if (tdi->enabled)
		return 0;
	ret = pm_runtime_resume_and_get(&tdi->pdev->dev);
	if (ret < 0)
		return ret;
	ret = count ? pci_tdi_enable(tdi->pdev, TDI_ENABLE) :
		      tdi_enable_once(tdi->pdev, TDI_ENABLE, &unused);
	if (ret) {
		pm_runtime_put(&tdi->pdev->dev);
		tdi_reason(tdi, "enable: expected Memory Space and Bus Master Enable set, found %d",
			   ret);
		return ret;
	}
	tdi->enabled = true;
	tdi->counted = count;
	return 0;
}

/* Clears Bus Master Enable: never while the TDI may be locked. */
static void release(struct tdi *tdi)
{
	if (!tdi->enabled)
		return;
	if (!pci_is_enabled(tdi->pdev))
		pci_clear_master(tdi->pdev);
	else if (tdi->counted)
		pci_tdi_disable(tdi->pdev, TDI_ENABLE);
	pm_runtime_put(&tdi->pdev->dev);
	tdi->enabled = false;
}

/*
 * Stop DMA, return MMIO, unlock, and see that it is so. What is unlocked has
 * neither private DMA nor private MMIO, and the TSM does not take the host's word
 * for it: a step that failed is not the end if the TSM says CONFIG_UNLOCKED.
 */
static int stop(struct tdi *tdi)
{
	struct tdi_tsm_info info;
	bool reaches;
	int ret;

	ret = may(tdi, TDI_EV_UNBIND);
	if (ret)
		return ret;

	/* Whatever the host answers to these, the TSM has the last word. */
	reaches = tdi_revoke(tdi) && tdi->granted;
	tdi->backend->ops->unlock(tdi);
	ret = tdi_expect_state(tdi, &info, TDISP_CONFIG_UNLOCKED);
	if (!ret)
		transition(tdi, TDI_EV_UNBIND);
	else if (tdi->state != TDI_ERROR)
		transition(tdi, TDI_EV_FAULT);
	close_gate(tdi);
	if (!ret)
		tdi_guard_disarm(tdi);
	else if (reaches)
		ask_again(tdi);
	return ret;
}

/* What a lock left behind; the TDI is unlocked, or it is gone. */
static void forget(struct tdi *tdi)
{
	tdi_evidence_free(tdi->evidence);
	tdi->evidence = NULL;
	kfree(tdi->saved);
	tdi->saved = NULL;
	release(tdi);
}

/* Config space as it was before the lock. */
static int restore(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;
	int ret = pci_load_saved_state(pdev, tdi->saved);
	int reg;
	u32 bar;

	if (ret)
		return ret;
	pci_restore_state(pdev);
	/* BARs that a VMM keeps read as if the device had them, and are not restored. */
	for (reg = PCI_BASE_ADDRESS_0; reg <= PCI_BASE_ADDRESS_5; reg += 4) {
		pci_read_config_dword(pdev, reg, &bar);
		pci_write_config_dword(pdev, reg, bar);
	}
	return 0;
}

static int unbind(struct tdi *tdi)
{
	bool was_lost = tdi->state == TDI_ERROR && tdi->saved;
	int ret = may(tdi, TDI_EV_UNBIND);

	/* Whoever unbinds it does not want it back. */
	tdi->lost = false;
	if (!ret)
		ret = tdi_dma_set_mode(tdi, TDI_DMA_BLOCKED);
	if (!ret)
		ret = stop(tdi);
	if (ret)
		return ret;
	/* The host may have reset it, which is one of the ways to ERROR. */
	if (was_lost)
		restore(tdi);
	forget(tdi);
	tdi_dma_mend(tdi);
	tdi_watch_tell(tdi, "unlocked");
	return tdi_dma_set_mode(tdi, tdi_dma_shared_mode(tdi));
}

/* Undo for a verb that fails: keeps the first reason and the verb's error. */
static int undo(struct tdi *tdi, int ret)
{
	if (tdi->state != TDI_UNLOCKED)
		unbind(tdi);
	return ret;
}

/*
 * No-snoop writes go past the caches, and the maintenance that they ask for is
 * not a confidential guest's to do. Enable No Snoop must not change while locked
 * (PCIe r6.x table 11-5), so off it goes before.
 */
static int forbid_no_snoop(struct tdi *tdi)
{
	u16 ctl;

	if (allow_no_snoop)
		return 0;
	pcie_capability_clear_word(tdi->pdev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_NOSNOOP_EN);
	pcie_capability_read_word(tdi->pdev, PCI_EXP_DEVCTL, &ctl);
	if (!(ctl & PCI_EXP_DEVCTL_NOSNOOP_EN))
		return 0;
	tdi_reason(tdi, "Enable No Snoop: expected 0, found 1");
	return -EPERM;
}

/* A reset, ours or the host's, takes all of config space along. */
static int save(struct tdi *tdi)
{
	int ret;

	if (tdi->saved)
		return 0;
	ret = pci_save_state(tdi->pdev);
	if (ret)
		return ret;
	tdi->saved = pci_store_saved_state(tdi->pdev);
	return tdi->saved ? 0 : -ENOMEM;
}

static int bind(struct tdi *tdi)
{
	bool guarded = tdi_guard_is_on();
	struct tdi_tsm_info info;
	int ret;

	ret = forbid_no_snoop(tdi) ?: hold(tdi, !guarded);
	if (ret)
		return ret;
	ret = save(tdi);
	if (!ret && guarded)
		ret = tdi_guard_arm(tdi);
	if (ret) {
		forget(tdi);
		return ret;
	}

	ret = tdi->backend->ops->lock(tdi, TDI_LOCK_FLAGS);
	if (!ret)
		ret = tdi_expect_state(tdi, &info, TDISP_CONFIG_LOCKED);
	if (ret) {
		/* Locked or not is anybody's guess now: unbind finds out. */
		fault(tdi);
		return ret;
	}
	transition(tdi, TDI_EV_BIND);
	return 0;
}

static int attest(struct tdi *tdi)
{
	struct tdi_evidence *ev;
	int ret;

	ret = may(tdi, TDI_EV_ATTEST);
	if (ret)
		return ret;
	ev = tdi_evidence_collect(tdi);
	if (IS_ERR(ev))
		return PTR_ERR(ev);
	tdi_evidence_free(tdi->evidence);
	tdi->evidence = ev;
	transition(tdi, TDI_EV_ATTEST);
	return 0;
}

/* Is what was verified still what is there? */
static int still_fresh(struct tdi *tdi, enum tdisp_state expected)
{
	struct tdi_tsm_info info;
	int ret = tdi_expect_state(tdi, &info, expected);

	if (ret)
		return ret;
	if (!tdi_nonces_equal(&info.nonces, &tdi->evidence->nonces)) {
		tdi_reason(tdi, "lock/measurement nonce: expected %#llx/%#llx, found %#llx/%#llx",
			   tdi->evidence->nonces.lock, tdi->evidence->nonces.meas,
			   info.nonces.lock, info.nonces.meas);
		return -ESTALE;
	}
	return 0;
}

static int grant(struct tdi *tdi)
{
	int ret = may(tdi, TDI_EV_ACCEPT);

	if (!ret)
		ret = tdi_grant(tdi);
	if (!ret)
		transition(tdi, TDI_EV_ACCEPT);
	return ret;
}

static int start(struct tdi *tdi)
{
	int ret = may(tdi, TDI_EV_START);

	if (!ret)
		ret = tdi->backend->ops->start(tdi, &tdi->evidence->nonces);
	if (!ret)
		ret = still_fresh(tdi, TDISP_RUN);
	if (!ret)
		transition(tdi, TDI_EV_START);
	return ret;
}

/* Accept and start, in the platform's order, for the published evidence. */
static int run(struct tdi *tdi)
{
	int ret;

	if (tdi->evidence->identity == TDI_IDENTITY_UNVERIFIED && !tdi_allow_unverified) {
		tdi_reason(tdi, "identity: expected verified or approved, found unverified: %s",
			   tdi->evidence->unverified);
		return -ENOKEY;
	}
	ret = still_fresh(tdi, TDISP_CONFIG_LOCKED);
	if (ret)
		return ret;

	if (tdi->backend->order == TDI_ACCEPT_FIRST)
		ret = grant(tdi) ?: start(tdi);
	else
		ret = start(tdi) ?: grant(tdi);
	if (!ret)
		ret = still_fresh(tdi, TDISP_RUN);
	if (!ret)
		ret = tdi_dma_set_mode(tdi, tdi->dma.wanted);
	if (ret)
		return ret;
	tdi_dma_mend(tdi);
	tdi->evidence->accepted = true;
	tdi_gate_release(tdi->pdev);
	return 0;
}

static const char *ok_text(struct tdi *tdi)
{
	if (tdi->state == TDI_UNLOCKED)
		return "unlocked, shared";
	switch (tdi->evidence->identity) {
	case TDI_IDENTITY_VERIFIED:
		return "identity verified";
	case TDI_IDENTITY_APPROVED:
		return "identity approved by user space";
	default:
		return "identity NOT verified: nobody vouches for who signed";
	}
}

static int no_driver(struct tdi *tdi)
{
	device_lock_assert(&tdi->pdev->dev);
	if (!tdi->pdev->dev.driver)
		return 0;
	tdi_reason(tdi, "driver: expected none, found %s", tdi->pdev->dev.driver->name);
	return -EBUSY;
}

/* May bind be tried at all? A refusal here leaves the TDI as it is. */
static int may_bind(struct tdi *tdi)
{
	int live = tdi_dma_live(tdi);

	if (no_driver(tdi) || may(tdi, TDI_EV_BIND))
		return -EBUSY;
	/* Nothing may be granted that could not be switched to, or taken back. */
	if (live) {
		tdi_reason(tdi, "DMA: expected 0 live mappings, found %d", live);
		return -EBUSY;
	}
	return 0;
}

/**
 * tdi_lock() - bind and attest
 * @tdi: an unlocked TDI
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0, or an errno as in Documentation/ABI; then the TDI is unlocked, or
 *	in TDI_ERROR if it would not unlock.
 */
int tdi_lock(struct tdi *tdi)
{
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "lock");
	ret = may_bind(tdi);
	if (ret)
		return verb_end(tdi, ret, NULL);
	ret = bind(tdi) ?: attest(tdi);
	if (ret)
		ret = undo(tdi, ret);
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

/* Is this the evidence that is published? 0 stands for whichever is. */
static int is_published(struct tdi *tdi, u64 generation)
{
	if (!tdi->evidence) {
		tdi_reason(tdi, "evidence: expected a generation, found none");
		return -EINVAL;
	}
	if (generation && generation != tdi->evidence->generation) {
		tdi_reason(tdi, "generation: expected %llu, found %llu",
			   tdi->evidence->generation, generation);
		return -ESTALE;
	}
	return 0;
}

/**
 * tdi_accept() - accept and start what was verified
 * @tdi: an attested TDI
 * @generation: the evidence that is accepted, 0 for the published one
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0, also when it was accepted before; or an errno as in
 *	Documentation/ABI. -EINVAL, -ENOKEY and -EBUSY, and -ESTALE for a number that
 *	is not the published one, leave the TDI as it is; anything else unlocks it.
 */
int tdi_accept(struct tdi *tdi, u64 generation)
{
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "accept");
	ret = no_driver(tdi);
	if (ret)
		return verb_end(tdi, ret, NULL);
	ret = is_published(tdi, generation);
	if (ret)
		return verb_end(tdi, ret, NULL);
	if (tdi->state == TDI_RUN) {
		ret = still_fresh(tdi, TDISP_RUN);
		if (ret)
			fault(tdi);
		return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
	}
	if (tdi->state != TDI_ATTESTED) {
		tdi_reason(tdi, "state: expected %s, found %s", tdi_state_name(TDI_ATTESTED),
			   tdi_state_name(tdi->state));
		return verb_end(tdi, -EINVAL, NULL);
	}
	ret = run(tdi);
	if (!ret)
		tdi_watch_tell(tdi, "accepted");
	else if (ret != -ENOKEY)
		ret = undo(tdi, ret);
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

/**
 * tdi_approve() - a verifier in user space vouches for the signer
 * @tdi: an attested TDI
 * @generation: the evidence that it verified
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0; -EINVAL no evidence; -ESTALE another generation is published.
 */
int tdi_approve(struct tdi *tdi, u64 generation)
{
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "approve");
	ret = is_published(tdi, generation);
	if (!ret && tdi->evidence->identity == TDI_IDENTITY_UNVERIFIED)
		tdi->evidence->identity = TDI_IDENTITY_APPROVED;
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

/**
 * tdi_connect() - bind, attest, accept and start in one go
 * @tdi: an unlocked TDI
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0, or an errno as in Documentation/ABI; then all is undone.
 */
int tdi_connect(struct tdi *tdi)
{
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "connect");
	ret = may_bind(tdi);
	if (ret)
		return verb_end(tdi, ret, NULL);
	ret = bind(tdi) ?: attest(tdi) ?: run(tdi);
	if (!ret)
		tdi_watch_tell(tdi, "accepted");
	else
		ret = undo(tdi, ret);
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

/**
 * tdi_unlock() - unbind, from every locked state and from TDI_ERROR
 * @tdi: the TDI
 * @verb: what the user called it
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0, or an errno as in Documentation/ABI; then the TDI is in TDI_ERROR,
 *	or as it was (-EBUSY, -EINVAL).
 */
int tdi_unlock(struct tdi *tdi, const char *verb)
{
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, verb);
	ret = no_driver(tdi) ?: unbind(tdi);
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

/**
 * tdi_found() - a TDI is there: may it be used, as a shared device?
 * @tdi: a new TDI, its DMA blocked
 *
 * The TSM is asked: the function may have been left locked, by another kernel or
 * by a removal that failed. Then it is in TDI_ERROR, DMA stays blocked, and unlock
 * leads out.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0, or -EBUSY when a driver came in between.
 */
int tdi_found(struct tdi *tdi)
{
	struct tdi_tsm_info info;
	int ret;

	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "add");
	ret = no_driver(tdi);
	if (ret)
		return ret;
	if (tdi_expect_state(tdi, &info, TDISP_CONFIG_UNLOCKED)) {
		transition(tdi, TDI_EV_FAULT);
		scnprintf(tdi->result, sizeof(tdi->result),
			  "add: %s; in ERROR until it is unlocked", reason_for(tdi, 0));
		pci_warn(tdi->pdev, "tdi: %s\n", tdi->result);
		return 0;
	}
	return tdi_dma_set_mode(tdi, tdi_dma_shared_mode(tdi));
}

/**
 * tdi_lost() - the device or its TSM is going away
 * @tdi: the TDI
 *
 * Unbinds as far as that works. Afterwards the enable count is returned in any
 * case, so that nothing of ours stays behind on the PCI device.
 *
 * Context: Process context; the device's lock is held, no driver is bound.
 */
void tdi_lost(struct tdi *tdi)
{
	device_lock_assert(&tdi->pdev->dev);
	guard(mutex)(&tdi->lock);
	verb_begin(tdi, "remove");
	if (tdi->state != TDI_UNLOCKED && unbind(tdi)) {
		/* Even so, as much is taken back as the platform gives. */
		tdi_revoke(tdi);
		tdi->backend->ops->unlock(tdi);
		pci_warn(tdi->pdev, "tdi: gone while locked: %s\n", tdi->reason);
	}
	forget(tdi);
}

/**
 * tdi_shutdown() - the machine goes down, or another kernel takes over
 * @tdi: the TDI; its driver was shut down, and may still be bound
 *
 * Whatever comes next finds a device that is not locked and does no DMA.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 */
void tdi_shutdown(struct tdi *tdi)
{
	guard(mutex)(&tdi->lock);
	tdi->down = true;
	verb_begin(tdi, "shutdown");
	tdi_dma_cut(tdi);
	if (tdi->state != TDI_UNLOCKED && stop(tdi))
		pci_warn(tdi->pdev, "tdi: goes down while locked: %s\n", tdi->reason);
}

/**
 * tdi_may_sleep() - can the machine go to sleep with this TDI?
 * @tdi: the TDI
 * @ret: pointer to int, set to -EBUSY if it cannot
 *
 * What sleep does to a device ends its lock, and nobody is awake to see what happens
 * to it meanwhile.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 */
void tdi_may_sleep(struct tdi *tdi, void *ret)
{
	guard(mutex)(&tdi->lock);
	if (tdi->state == TDI_UNLOCKED)
		return;
	verb_begin(tdi, "suspend");
	tdi_reason(tdi, "state: expected %s, found %s (unlock it first)",
		   tdi_state_name(TDI_UNLOCKED), tdi_state_name(tdi->state));
	*(int *)ret = verb_end(tdi, -EBUSY, NULL);
}

/* Out of ERROR, out of CONFIG_UNLOCKED's bad company, and as it was before the lock. */
static int start_anew(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;
	int ret = __pci_reset_function_locked(pdev);

	if (ret) {
		tdi_reason(tdi, "reset: expected a function level reset, found %d", ret);
		return ret;
	}
	ret = restore(tdi);
	if (ret)
		return ret;
	/* A driver that is told of the reset may restore the state itself. */
	return pci_save_state(pdev);
}

/* Locked anew, measured anew: is it the one that was accepted? */
static int come_back(struct tdi *tdi, const struct tdi_evidence *old)
{
	int ret = stop(tdi) ?: start_anew(tdi) ?: bind(tdi) ?: attest(tdi);

	if (ret) {
		tdi->losses.failed++;
		return ret;
	}
	ret = tdi_evidence_same(tdi, old, tdi->evidence);
	if (ret) {
		tdi->losses.changed++;
		return ret;
	}
	ret = run(tdi);
	if (ret)
		tdi->losses.failed++;
	return ret;
}

/**
 * tdi_recover() - lock, attest and accept a lost TDI again, if it is the same
 * @tdi: the TDI; no driver is bound, or one that is quiesced and keeps its mappings
 *
 * Identity, measurements and report have to be those that were accepted.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 * Return: 0; -EINVAL it is not in ERROR, or was never accepted; or an errno as of
 *	connect, and then it stays in ERROR until it is unlocked.
 */
int tdi_recover(struct tdi *tdi)
{
	int ret;

	guard(mutex)(&tdi->lock);
	if (tdi->state != TDI_ERROR || !tdi->saved || tdi->down)
		return -EINVAL;
	/* The work of an earlier loss may be late, and find what somebody has only looked at. */
	if (!tdi->evidence || !tdi->evidence->accepted)
		return -EINVAL;
	verb_begin(tdi, "recover");

	struct tdi_evidence *old __free(tdi_evidence) = tdi->evidence;
	tdi->evidence = NULL;
	/* Its mappings are of that mode. */
	if (tdi->pdev->dev.driver)
		tdi->dma.wanted = tdi->dma.mode;

	ret = come_back(tdi, old);
	if (ret) {
		if (tdi->state != TDI_UNLOCKED)
			stop(tdi);
		if (tdi->state != TDI_ERROR)
			transition(tdi, TDI_EV_FAULT);
		/* If there is a driver still, it has to go. */
		tdi->lost = true;
	} else {
		tdi->losses.recovered++;
	}
	tdi_watch_tell(tdi, ret ? "not-recovered" : "recovered");
	return verb_end(tdi, ret, ret ? NULL : ok_text(tdi));
}

static enum tdisp_state expected_state(const struct tdi *tdi)
{
	enum tdisp_state state = TDISP_CONFIG_UNLOCKED;

	while (state < TDISP_ERROR && !tdi_state_agrees(tdi->state, state))
		state++;
	return state;
}

/* Is what the guest was told still so? If not, says why. */
static bool is_as_it_was(struct tdi *tdi, const struct tdi_tsm_info *info)
{
	if (!tdi_state_agrees(tdi->state, info->state)) {
		tdi_reason(tdi, "TDI state: expected %s, found %s (TSM)",
			   tdisp_state_name(expected_state(tdi)), tdisp_state_name(info->state));
		return false;
	}
	if (!tdi_is_accepted(tdi))
		return true;
	/* The guard lets nobody move a BAR, but the PCI core believes that it did. */
	if (tdi_bars_same(tdi, info))
		return false;
	/* Somebody who locks it again cannot know the guest's nonces. */
	if (tdi->evidence->nonces.lock != info->nonces.lock) {
		tdi_reason(tdi, "lock nonce: expected %#llx, found %#llx",
			   tdi->evidence->nonces.lock, info->nonces.lock);
		return false;
	}
	return true;
}

/* Has nobody told anything of what was accepted for too long? If so, says why. */
static bool is_silent(struct tdi *tdi, int err)
{
	/* Neither is the platform's doing. */
	if (!tdi_is_accepted(tdi) || err == -EINTR || err == -ENOMEM)
		return false;
	if (!tdi->silent++)
		tdi->silent_since = jiffies;
	if (tdi->silent < SILENT_LOOKS ||
	    time_before(jiffies, tdi->silent_since + SILENT_SECONDS * HZ))
		return false;
	tdi_reason(tdi, "TDI state: expected one within %u s, found %pe each of %u times",
		   SILENT_SECONDS, ERR_PTR(err), tdi->silent);
	return true;
}

/*
 * The state as the TSM tells it. A surprise is a fault, noticed here as anywhere, and so is
 * to be told nothing any more.
 */
static int look(struct tdi *tdi, struct tdi_tsm_info *info, bool device_locked)
{
	int ret;

	lockdep_assert_held(&tdi->lock);
	tdi->reason[0] = '\0';
	ret = tdi->backend->ops->info(tdi, info);
	if (ret && !is_silent(tdi, ret))
		return ret;
	if (!ret)
		tdi->silent = 0;
	if (!ret && is_as_it_was(tdi, info))
		return 0;
	tdi->verb = "watch";
	fault_in(tdi, device_locked);
	verb_end(tdi, ret ?: -EREMOTEIO, NULL);
	return ret;
}

/* A device that is not there any more: whatever the TSM believes, nobody answers. */
static void look_gone(struct tdi *tdi, bool device_locked)
{
	if (!tdi_guard_absent(tdi))
		return;
	verb_begin(tdi, "watch");
	tdi_reason(tdi, "device: expected vendor %#06x, found nobody", tdi->pdev->vendor);
	fault_in(tdi, device_locked);
	verb_end(tdi, -ENODEV, NULL);
}

/**
 * tdi_look() - is it still there, and in the state that it should be in?
 * @tdi: the TDI
 *
 * Only where something was granted: what happens before that, the verbs find out.
 *
 * Context: Process context; both locks are tried, and not waited for.
 * Return: 0; -EBUSY the TDI's lock was taken, or it was lost and may still reach memory;
 *	-EINVAL the TDI is not accepted, and need not be looked at.
 */
int tdi_look(struct tdi *tdi)
{
	bool device_locked = device_trylock(&tdi->pdev->dev);
	struct tdi_tsm_info info;
	int ret = -EBUSY;

	scoped_cond_guard(mutex_try, break, &tdi->lock) {
		bool own = device_locked && !tdi->going;

		if (tdi->reaches)
			end_dma(tdi);
		if (tdi->reaches)
			break;
		ret = -EINVAL;
		if (!tdi_is_accepted(tdi))
			break;
		ret = 0;
		look_gone(tdi, own);
		if (tdi->state != TDI_ERROR)
			look(tdi, &info, own);
	}
	if (device_locked)
		device_unlock(&tdi->pdev->dev);
	return ret;
}

/**
 * tdi_driver_goes() - a driver is about to be released: is its device there to be stopped?
 * @tdi: the TDI
 *
 * If not, the driver frees at once what it has mapped: it stays until nobody reaches that,
 * as long as the host pleases. To wait is no harm to memory.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 */
void tdi_driver_goes(struct tdi *tdi)
{
	bool told = false;

	mutex_lock(&tdi->lock);
	if (tdi_is_accepted(tdi))
		look_gone(tdi, true);
	while (tdi->reaches) {
		if (!told)
			pci_err(tdi->pdev, "tdi: it may reach what its driver frees: waiting\n");
		told = true;
		mutex_unlock(&tdi->lock);
		msleep(ASK_MS);
		mutex_lock(&tdi->lock);
		if (tdi->reaches)
			end_dma(tdi);
	}
	mutex_unlock(&tdi->lock);
}

/**
 * tdi_read_state() - the state as the TSM tells it now
 * @tdi: the TDI
 * @ret: set on success
 *
 * Context: Process context; the TDI's lock is taken, interruptibly, and before it
 *	the device's, if nobody has it: DMA is switched only with that in hand.
 * Return: 0, -EINTR, or the backend's error.
 */
int tdi_read_state(struct tdi *tdi, enum tdisp_state *ret)
{
	bool device_locked = device_trylock(&tdi->pdev->dev);
	struct tdi_tsm_info info;
	int err = -EINTR;

	/* A TDI that is being removed has no DMA of its own any more to be blocked. */
	scoped_cond_guard(mutex_intr, break, &tdi->lock)
		err = look(tdi, &info, device_locked && !tdi->going);
	if (!err)
		*ret = info.state;
	if (device_locked)
		device_unlock(&tdi->pdev->dev);
	return err;
}
