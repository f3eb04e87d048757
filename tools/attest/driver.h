/* SPDX-License-Identifier: GPL-2.0 */
/* Taking the driver off a PCI function and putting the same one back. */
#ifndef ATTEST_DRIVER_H
#define ATTEST_DRIVER_H

#include "sysfs.h"

/**
 * driver_unbind() - unbind whatever driver the function has
 *
 * Return: 0 once no driver is bound, or a negative errno.
 */
int driver_unbind(const struct sysfs *fs, const char *bdf);

/**
 * driver_rebind() - bind a driver again and wait for it and its disks
 * @driver: the one to bind
 * @disks: how many disks the function had before
 * @wait_ms: how long to wait for each
 * @ret_driver: what is bound in the end, "" for none
 *
 * Return: 0; a negative errno when another driver or none is bound: -ETIMEDOUT if
 * no error came but no driver either; -ENXIO when the driver is bound but fewer
 * disks came back.
 */
int driver_rebind(const struct sysfs *fs, const char *bdf, const char *driver, size_t disks,
		  unsigned int wait_ms, char ret_driver[NAME_SIZE]);

#endif /* ATTEST_DRIVER_H */
