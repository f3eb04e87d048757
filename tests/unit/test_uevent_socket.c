// SPDX-License-Identifier: GPL-2.0
/*
 * tools/attest/uevent_socket.c: the kernel is heard, and nobody else. In a network
 * namespace of its own, where renaming an interface makes the kernel say so.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "../../tools/attest/uevent.h"
#include "../../tools/attest/uevent_socket.h"

#define FAKE	"change@/x\0TDI_EVENT=lost\0"

static int listen_apart(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		skip();
	fd = uevent_open();
	if (fd < 0)
		skip();
	return fd;
}

static void rename_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_newname = "lo2" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	if (ioctl(fd, SIOCSIFNAME, &ifr)) {
		close(fd);
		skip();
	}
	close(fd);
}

/* What uevent_receive() makes of what comes within a second; -ETIMEDOUT of nothing. */
static int receive(int fd, char *msg, size_t size, size_t *len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 1000) > 0 ? uevent_receive(fd, msg, size, len) : -ETIMEDOUT;
}

static void the_kernel_is_heard(void **state)
{
	int fd = listen_apart();
	char msg[UEVENT_MAX];
	size_t len = 0;

	(void)state;
	rename_loopback();
	assert_int_equal(receive(fd, msg, sizeof(msg), &len), 0);
	assert_true(len > 5 && !msg[len - 1]);
	assert_memory_equal(msg, "move@", 5);
	close(fd);
}

static void a_message_that_does_not_fit_is_told(void **state)
{
	int fd = listen_apart();
	char msg[8];
	size_t len = 0;

	(void)state;
	rename_loopback();
	assert_int_equal(receive(fd, msg, sizeof(msg), &len), -EMSGSIZE);
	assert_int_equal(len, 0);
	assert_int_equal(uevent_receive(fd, msg, sizeof(msg), &len), -EAGAIN);
	close(fd);
}

/* Root can send to the group, and to the socket alone; with a port and without. */
static void others_are_not(void **state)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK }, self = { 0 };
	socklen_t size = sizeof(self);
	int fd = listen_apart(), other;
	char msg[UEVENT_MAX];
	size_t len = 0;

	(void)state;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &size), 0);
	other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	assert_true(other >= 0);
	for (int group = 0; group < 2; group++) {
		to.nl_pid = group ? 0 : self.nl_pid;
		to.nl_groups = group ? 1 : 0;
		assert_true(sendto(other, FAKE, sizeof(FAKE), 0, (struct sockaddr *)&to,
				   sizeof(to)) > 0);
		assert_int_equal(receive(fd, msg, sizeof(msg), &len), -EAGAIN);
		assert_int_equal(len, 0);
	}
	close(other);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_is_heard),
		cmocka_unit_test(a_message_that_does_not_fit_is_told),
		cmocka_unit_test(others_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
