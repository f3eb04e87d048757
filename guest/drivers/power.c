// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep is refused while a TDI is locked; a shutdown, a reboot and kexec unlock first.
 */
#include <linux/suspend.h>

#include "internal.h"

static int power_event(struct notifier_block *nb, unsigned long event, void *unused)
{
	int ret = 0;

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		tdi_for_each(tdi_may_sleep, &ret);
		return notifier_from_errno(ret);
	}
	return NOTIFY_DONE;
}

static struct notifier_block power_nb = { .notifier_call = power_event };

int tdi_power_init(void)
{
	return register_pm_notifier(&power_nb);
}

void tdi_power_exit(void)
{
	unregister_pm_notifier(&power_nb);
}
