// SPDX-License-Identifier: GPL-2.0
/*
 * Is an accepted TDI still what the guest was told? The TSM is asked whenever the
 * platform says that something happened, whenever the device answers nothing but
 * ones, and now and then all the same: whoever holds events back is the host.
 */
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"

static unsigned int watch_ms = 1000;
module_param(watch_ms, uint, 0644);
MODULE_PARM_DESC(watch_ms,
		 "How often the TSM is asked for the state of an accepted TDI, in ms, 0: never (default: 1000)");

/* With the interval at 0, how soon another one is noticed. */
#define IDLE_MS		1000
/* Somebody else looks at the TDI at this moment, or changes it. */
#define BUSY_MS		50

/* Frozen while the machine goes to sleep. */
static struct workqueue_struct *wq;

static void watch_again(struct tdi *tdi, unsigned int ms)
{
	queue_delayed_work(wq, &tdi->watch, msecs_to_jiffies(ms));
}

static void watch(struct work_struct *work)
{
	struct tdi *tdi = container_of(to_delayed_work(work), struct tdi, watch);
	unsigned int ms = READ_ONCE(watch_ms);

	if (!xchg(&tdi->kicked, false) && !ms) {
		watch_again(tdi, IDLE_MS);
		return;
	}
	switch (tdi_look(tdi)) {
	case 0:
		watch_again(tdi, ms ?: IDLE_MS);
		break;
	case -EBUSY:
		WRITE_ONCE(tdi->kicked, true);
		watch_again(tdi, BUSY_MS);
		break;
	}
}

/* From a state on that is worth a look. */
void tdi_watch_start(struct tdi *tdi)
{
	watch_again(tdi, READ_ONCE(watch_ms) ?: IDLE_MS);
}

/* Something may have happened. Any context. */
void tdi_watch_kick(struct tdi *tdi)
{
	WRITE_ONCE(tdi->kicked, true);
	mod_delayed_work(wq, &tdi->watch, 0);
}

static void free_recovery(struct kref *ref)
{
	struct tdi_recovery *r = container_of(ref, struct tdi_recovery, ref);

	pci_dev_put(r->pdev);
	kfree(r);
}

static void recover(struct work_struct *work)
{
	struct tdi_recovery *r = container_of(work, struct tdi_recovery, work);

	tdi_recover_device(r->pdev);
	kref_put(&r->ref, free_recovery);
}

/* It was lost: what follows needs the device's lock. */
void tdi_watch_recover(struct tdi *tdi)
{
	struct tdi_recovery *r = tdi->recovery;

	kref_get(&r->ref);
	if (!queue_work(wq, &r->work))
		kref_put(&r->ref, free_recovery);
}

/**
 * tdi_watch_tell() - tell user space
 * @tdi: the TDI
 * @event: in a word
 *
 * A uevent with TDI_EVENT, TDI_STATE and TDI_REASON, and whoever polls "state" wakes up.
 *
 * Context: Process context; the TDI's lock is held.
 */
void tdi_watch_tell(struct tdi *tdi, const char *event)
{
	struct kobject *kobj = &tdi->pdev->dev.kobj;
	char what[32], state[32], reason[TDI_RESULT_LEN + 16];
	char *env[4] = { what, state, reason };

	lockdep_assert_held(&tdi->lock);
	scnprintf(what, sizeof(what), "TDI_EVENT=%s", event);
	scnprintf(state, sizeof(state), "TDI_STATE=%s", tdi_state_name(tdi->state));
	scnprintf(reason, sizeof(reason), "TDI_REASON=%s", tdi->reason);
	kobject_uevent_env(kobj, KOBJ_CHANGE, env);
	sysfs_notify(kobj, tdi_sysfs_group.name, "state");
}

int tdi_watch_add(struct tdi *tdi)
{
	struct tdi_recovery *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	INIT_WORK(&r->work, recover);
	r->pdev = pci_dev_get(tdi->pdev);
	kref_init(&r->ref);
	tdi->recovery = r;
	INIT_DELAYED_WORK(&tdi->watch, watch);
	return 0;
}

/*
 * Nobody watches when this returns, nor ever again. Recovery that runs finds no TDI any
 * more, or one that is going. The device's lock is not held.
 */
void tdi_watch_remove(struct tdi *tdi)
{
	disable_delayed_work_sync(&tdi->watch);
	if (cancel_work(&tdi->recovery->work))
		kref_put(&tdi->recovery->ref, free_recovery);
	kref_put(&tdi->recovery->ref, free_recovery);
}

int tdi_watch_init(void)
{
	wq = alloc_workqueue("tdi", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return wq ? 0 : -ENOMEM;
}

void tdi_watch_exit(void)
{
	destroy_workqueue(wq);
}
