// SPDX-License-Identifier: GPL-2.0
/*
 * Class "tsm": one tsmN for each registered guest TSM, named as upstream does.
 * Whose class it is, ours or the kernel's, is class_own.c's or class_kernel.c's.
 */
#include <linux/device.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

static ssize_t pci_mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "devsec\n");
}
static DEVICE_ATTR_RO(pci_mode);

static ssize_t platform_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi_backend *backend = dev_get_drvdata(dev);
	/* Whose calls they are does not say who answers them. */
	bool only_calls = backend->flags & TDI_BACKEND_EMULATED &&
			  strcmp(backend->platform, "emulated");

	return sysfs_emit(buf, "%s%s\n", only_calls ? "emulated:" : "", backend->platform);
}
static DEVICE_ATTR_RO(platform);

static struct attribute *tsm_attrs[] = {
	&dev_attr_pci_mode.attr,
	&dev_attr_platform.attr,
	NULL
};

static const struct attribute_group tsm_group = { .attrs = tsm_attrs };

int tdi_class_add(struct tdi_backend *backend)
{
	struct device *dev = tdi_class_new(backend->parent);
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	dev_set_drvdata(dev, backend);
	ret = device_add_group(dev, &tsm_group);
	if (ret) {
		tdi_class_free(dev);
		return ret;
	}
	backend->dev = dev;
	return 0;
}

/* The TSM's devices have their tsm/ directories now, and it has its attributes. */
void tdi_class_ready(struct tdi_backend *backend)
{
	kobject_uevent(&backend->dev->kobj, KOBJ_CHANGE);
}

void tdi_class_remove(struct tdi_backend *backend)
{
	device_remove_group(backend->dev, &tsm_group);
	tdi_class_free(backend->dev);
	backend->dev = NULL;
}
