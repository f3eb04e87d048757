// SPDX-License-Identifier: GPL-2.0
/* Uevents by netlink, from the kernel and from nobody else. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "uevent_socket.h"

/* The kernel's group; udev's own messages are in another. */
#define GROUP_KERNEL	1
/* A burst of a whole machine's devices: they all come this way. */
#define RECEIVE_BUFFER	(1 << 20)

int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
	int size = RECEIVE_BUFFER, on = 1, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	/* Root may have more than the limit; others take what they get. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (!setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) &&
	    !bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/*
 * Root may send to this socket, too. The kernel's messages have no port, no process,
 * and come to the group.
 */
static int from_kernel(struct msghdr *msg, const struct sockaddr_nl *from)
{
	struct cmsghdr *cmsg;
	struct ucred cred;

	if (msg->msg_namelen != sizeof(*from) || from->nl_family != AF_NETLINK || from->nl_pid ||
	    from->nl_groups != GROUP_KERNEL)
		return 0;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_CREDENTIALS ||
		    cmsg->cmsg_len != CMSG_LEN(sizeof(cred)))
			continue;
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		return !cred.pid && !cred.uid;
	}
	return 0;
}

int uevent_receive(int fd, void *buf, size_t size, size_t *ret_len)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct sockaddr_nl from = { 0 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (!from_kernel(&msg, &from))
		return -EAGAIN;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*ret_len = (size_t)n;
	return 0;
}
