// SPDX-License-Identifier: GPL-2.0
/* Taking the driver off a PCI function and putting the same one back. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "block.h"
#include "driver.h"

#define POLL_MS		20

static void nap(void)
{
	struct timespec ts = { .tv_nsec = POLL_MS * 1000000L };

	nanosleep(&ts, NULL);
}

static void bound_driver(const struct sysfs *fs, const char *bdf, char ret[NAME_SIZE])
{
	if (sysfs_link(fs, ret, "bus/pci/devices/%s/driver", bdf))
		ret[0] = '\0';
}

int driver_unbind(const struct sysfs *fs, const char *bdf)
{
	char path[PATH_MAX], driver[NAME_SIZE];
	bool opened;
	int rc;

	rc = util_format(path, sizeof(path), "bus/pci/devices/%s/driver/unbind", bdf);
	if (rc)
		return rc;
	rc = sysfs_store(fs, path, bdf, &opened);
	/* -ENODEV: it lost its driver while we looked. */
	bound_driver(fs, bdf, driver);
	if (!driver[0])
		return 0;
	return rc ? rc : -EBUSY;
}

/*
 * The driver's own "bind" takes exactly this driver and gives its probe's error;
 * drivers_probe takes whichever matches first and reports nothing. So the latter is
 * for a driver that has no "bind" (any more).
 */
static int ask_to_bind(const struct sysfs *fs, const char *bdf, const char *driver)
{
	char path[PATH_MAX];
	bool opened;
	int rc;

	rc = util_format(path, sizeof(path), "bus/pci/drivers/%s/bind", driver);
	if (rc)
		return rc;
	rc = sysfs_store(fs, path, bdf, &opened);
	if (opened)
		return rc;
	return sysfs_store(fs, "bus/pci/drivers_probe", bdf, &opened);
}

int driver_rebind(const struct sysfs *fs, const char *bdf, const char *driver, size_t disks,
		  unsigned int wait_ms, char ret_driver[NAME_SIZE])
{
	int rc = ask_to_bind(fs, bdf, driver);
	unsigned int waited;

	/* A probe may go on in the background, but not after an error. */
	for (waited = 0;; waited += POLL_MS) {
		bound_driver(fs, bdf, ret_driver);
		if (ret_driver[0] || rc || waited >= wait_ms)
			break;
		nap();
	}
	if (strcmp(ret_driver, driver))
		return rc ? rc : ret_driver[0] ? -EBUSY : -ETIMEDOUT;

	/* Drivers find their disks in the background. */
	for (waited = 0; block_disks(fs, bdf) < disks; waited += POLL_MS) {
		if (waited >= wait_ms)
			return -ENXIO;
		nap();
	}
	return 0;
}
