// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for tools/attest/sysfs_store.c: every write goes to the model kernel
 * (model.py) over a UNIX socket, which changes the fake tree and answers the
 * errno. Names and errors of the rest are the product's own code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sysfs.h"

int sysfs_store(const struct sysfs *fs, const char *path, const char *text, bool *ret_opened)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *where = getenv("TDI_TEST_KERNEL");
	int fd, opened, err, rc = -EIO;
	char buf[2048];
	ssize_t n;

	(void)fs;
	*ret_opened = false;
	if (!where || util_format(addr.sun_path, sizeof(addr.sun_path), "%s", where))
		return -EIO;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -EIO;
	if (util_format(buf, sizeof(buf), "%s\n%s", path, text) ||
	    send(fd, buf, strlen(buf), MSG_NOSIGNAL) < 0)
		goto out;
	/* A signal makes the kernel undo and fail: the model is told by the hang-up. */
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	/* Or it heeds none but the one that nobody survives. */
	if (n == 8 && !memcmp(buf, "killable", 8)) {
		do {
			n = recv(fd, buf, sizeof(buf) - 1, 0);
		} while (n < 0 && errno == EINTR);
	}
	if (n < 0 && errno == EINTR) {
		*ret_opened = true;
		rc = -EINTR;
	} else if (n > 0) {
		buf[n] = '\0';
		if (sscanf(buf, "%d %d", &opened, &err) == 2) {
			*ret_opened = opened;
			rc = -err;
		}
	}
out:
	close(fd);
	return rc;
}
