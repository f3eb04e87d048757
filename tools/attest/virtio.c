// SPDX-License-Identifier: GPL-2.0
/* struct virtio from /sys/bus/virtio. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio.h"

#define VIRTIO_F_ACCESS_PLATFORM	33

static void features_read(const struct sysfs *fs, struct virtio *virtio)
{
	struct attr attr;

	/* A digit for each bit, bit 0 first. */
	sysfs_text(fs, &attr, "bus/virtio/devices/%s/features", virtio->name);
	virtio->err = attr.err;
	if (attr.err)
		return;
	if (strspn(attr.text, "01") <= VIRTIO_F_ACCESS_PLATFORM)
		virtio->err = EPROTO;
	else
		virtio->access_platform = attr.text[VIRTIO_F_ACCESS_PLATFORM] == '1';
}

int virtio_list_read(const struct sysfs *fs, const struct dev_list *devs, struct virtio_list *ret)
{
	struct virtio_list list = { 0 };
	struct names names;
	int rc = sysfs_names(fs, &names, "bus/virtio/devices");

	if (rc)
		return rc;
	for (size_t i = 0; i < names.nr; i++) {
		struct virtio virtio = { 0 };

		/* Features are negotiated when a driver binds; before that, no DMA. */
		if (sysfs_link(fs, virtio.driver, "bus/virtio/devices/%s/driver", names.name[i]))
			continue;
		util_format(virtio.name, sizeof(virtio.name), "%s", names.name[i]);
		features_read(fs, &virtio);
		for (size_t d = 0; d < devs->nr && !virtio.bdf[0]; d++)
			if (sysfs_exists(fs, "bus/pci/devices/%s/%s", devs->dev[d].bdf, virtio.name))
				util_format(virtio.bdf, sizeof(virtio.bdf), "%s", devs->dev[d].bdf);
		list.virtio = util_grow(list.virtio, list.nr + 1, sizeof(*list.virtio));
		list.virtio[list.nr++] = virtio;
	}
	sysfs_names_free(&names);
	*ret = list;
	return 0;
}

void virtio_list_free(struct virtio_list *list)
{
	free(list->virtio);
	*list = (struct virtio_list) { 0 };
}

bool virtio_bypasses(const struct virtio *virtio)
{
	return !virtio->err && !virtio->access_platform;
}

bool virtio_bypasses_at(const struct virtio_list *list, const char *bdf)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->virtio[i].bdf, bdf) && virtio_bypasses(&list->virtio[i]))
			return true;
	return false;
}

void virtio_name(const struct virtio *virtio, char ret[VIRTIO_NAME_SIZE])
{
	util_format(ret, VIRTIO_NAME_SIZE, "%s%s%s (%s)", virtio->name, virtio->bdf[0] ? " at " : "",
		    virtio->bdf, virtio->driver);
}
