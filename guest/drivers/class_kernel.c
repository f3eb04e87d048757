// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own class "tsm", where it has CONFIG_TSM: our TSMs are numbered with
 * those of other drivers.
 *
 * No pci_tsm_ops are registered: of a guest's TSM the kernel would do no more than
 * count it (pci_tsm_register() in 7.2), and what it will call one day is not known.
 */
#include <linux/device.h>
#include <linux/tsm.h>

#include "internal.h"

int tdi_class_init(void)
{
	return 0;
}

void tdi_class_exit(void)
{
}

/* A tsmN below @parent, added; or an error pointer. */
struct device *tdi_class_new(struct device *parent)
{
	struct tsm_dev *tsm = tsm_register(parent, NULL);

	return IS_ERR(tsm) ? ERR_CAST(tsm) : &tsm->dev;
}

void tdi_class_free(struct device *dev)
{
	tsm_unregister(container_of(dev, struct tsm_dev, dev));
}
