/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtio devices, and whether their DMA is the DMA API's. Without the feature
 * ACCESS_PLATFORM they name guest physical addresses: nobody bounces, maps or
 * counts for them.
 */
#ifndef ATTEST_VIRTIO_H
#define ATTEST_VIRTIO_H

#include "dev.h"

/**
 * struct virtio - a virtio device with a driver
 * @bdf: the PCI function that it is, "" for another transport
 * @err: positive errno if its features cannot be read
 * @access_platform: negotiated; valid without @err
 */
struct virtio {
	char name[NAME_SIZE];
	char driver[NAME_SIZE];
	char bdf[BDF_SIZE];
	int err;
	bool access_platform;
};

struct virtio_list {
	size_t nr;
	struct virtio *virtio;
};

/* 0 or a negative errno; release with virtio_list_free(). */
int virtio_list_read(const struct sysfs *fs, const struct dev_list *devs, struct virtio_list *ret);
void virtio_list_free(struct virtio_list *list);

/* Does it go past the DMA API? */
bool virtio_bypasses(const struct virtio *virtio);

/* The same of a PCI function. */
bool virtio_bypasses_at(const struct virtio_list *list, const char *bdf);

/* "virtio0 at 0000:00:04.0 (virtio_net)" */
#define VIRTIO_NAME_SIZE	(2 * NAME_SIZE + BDF_SIZE + 8)
void virtio_name(const struct virtio *virtio, char ret[VIRTIO_NAME_SIZE]);

#endif /* ATTEST_VIRTIO_H */
