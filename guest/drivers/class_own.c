// SPDX-License-Identifier: GPL-2.0
/*
 * A class "tsm" of our own, for kernels without CONFIG_TSM.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/slab.h>

#include "internal.h"

static DEFINE_IDA(tsm_ida);

static void tsm_release(struct device *dev)
{
	ida_free(&tsm_ida, dev->id);
	kfree(dev);
}

static const struct class tsm_class = {
	.name		= "tsm",
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

/* A tsmN below @parent, added; or an error pointer. */
struct device *tdi_class_new(struct device *parent)
{
	struct device *dev;
	int id, ret;

	id = ida_alloc(&tsm_ida, GFP_KERNEL);
	if (id < 0)
		return ERR_PTR(id);
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev) {
		ida_free(&tsm_ida, id);
		return ERR_PTR(-ENOMEM);
	}
	device_initialize(dev);
	dev->id = id;
	dev->class = &tsm_class;
	dev->parent = parent;
	ret = dev_set_name(dev, "tsm%d", id);
	if (!ret)
		ret = device_add(dev);
	if (ret) {
		put_device(dev);
		return ERR_PTR(ret);
	}
	return dev;
}

void tdi_class_free(struct device *dev)
{
	device_unregister(dev);
}
