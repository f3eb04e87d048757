// SPDX-License-Identifier: GPL-2.0
/* The only writes to /sys, apart so that tests can put a model kernel here. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

int sysfs_store(const struct sysfs *fs, const char *path, const char *text, bool *ret_opened)
{
	char full[PATH_MAX];
	ssize_t n;
	int fd, rc;

	*ret_opened = false;
	rc = sysfs_path(fs, full, "%s", path);
	if (rc)
		return rc;
	/* Neither O_CREAT nor O_TRUNC: a missing attribute must stay missing. */
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_opened = true;
	/* No retry on EINTR: the kernel has undone its work and means it. */
	n = write(fd, text, strlen(text));
	rc = n < 0 ? -errno : (size_t)n == strlen(text) ? 0 : -EIO;
	close(fd);
	return rc;
}
