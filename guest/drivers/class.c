// SPDX-License-Identifier: GPL-2.0
/*
 * Class "tsm": one tsmN for each registered guest TSM, named as upstream does.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "internal.h"

static DEFINE_IDA(tsm_ida);

static ssize_t pci_mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "devsec\n");
}
static DEVICE_ATTR_RO(pci_mode);

static ssize_t platform_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi_backend *backend = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", backend->platform);
}
static DEVICE_ATTR_RO(platform);

static struct attribute *tsm_attrs[] = {
	&dev_attr_pci_mode.attr,
	&dev_attr_platform.attr,
	NULL
};
ATTRIBUTE_GROUPS(tsm);

static void tsm_release(struct device *dev)
{
	ida_free(&tsm_ida, dev->id);
	kfree(dev);
}

static const struct class tsm_class = {
	.name		= "tsm",
	.dev_groups	= tsm_groups,
	.dev_release	= tsm_release,
};

int tdi_class_init(void)
{
	return class_register(&tsm_class);
}

void tdi_class_exit(void)
{
	class_unregister(&tsm_class);
}

int tdi_class_add(struct tdi_backend *backend)
{
	struct device *dev;
	int id, ret;

	id = ida_alloc(&tsm_ida, GFP_KERNEL);
	if (id < 0)
		return id;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev) {
		ida_free(&tsm_ida, id);
		return -ENOMEM;
	}
	device_initialize(dev);
	dev->id = id;
	dev->class = &tsm_class;
	dev->parent = backend->parent;
	dev_set_drvdata(dev, backend);
	ret = dev_set_name(dev, "tsm%d", id);
	if (!ret)
		ret = device_add(dev);
	if (ret) {
		put_device(dev);
		return ret;
	}
	backend->dev = dev;
	return 0;
}

/* The TSM's devices have their tsm/ directories now. */
void tdi_class_ready(struct tdi_backend *backend)
{
	kobject_uevent(&backend->dev->kobj, KOBJ_CHANGE);
}

void tdi_class_remove(struct tdi_backend *backend)
{
	device_unregister(backend->dev);
	backend->dev = NULL;
}
