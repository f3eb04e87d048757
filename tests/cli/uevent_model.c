// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for tools/attest/uevent_socket.c: messages come from the test over a
 * UNIX socket, each behind a byte that is 0, or an errno to fail with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "uevent.h"
#include "uevent_socket.h"

int uevent_open(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *where = getenv("TDI_TEST_UEVENTS");
	int fd;

	if (!where || util_format(addr.sun_path, sizeof(addr.sun_path), "%s", where))
		return -EPROTONOSUPPORT;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : fd;
}

int uevent_receive(int fd, void *buf, size_t size, size_t *ret_len)
{
	unsigned char msg[UEVENT_MAX + 1];
	ssize_t n = recv(fd, msg, sizeof(msg), 0);

	if (n < 1)
		return -EIO;
	if (msg[0])
		return -msg[0];
	if ((size_t)n - 1 > size)
		return -EMSGSIZE;
	*ret_len = (size_t)n - 1;
	memcpy(buf, msg + 1, *ret_len);
	return 0;
}
