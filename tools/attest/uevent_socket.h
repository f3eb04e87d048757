/* SPDX-License-Identifier: GPL-2.0 */
/* Where the kernel's messages come in; tests put a socket of theirs in its place. */
#ifndef ATTEST_UEVENT_SOCKET_H
#define ATTEST_UEVENT_SOCKET_H

#include <stddef.h>

/* Starts to listen: a file descriptor to poll(), or a negative errno. */
int uevent_open(void);

/**
 * uevent_receive() - the next message, if the kernel sent it
 * @fd: of uevent_open()
 * @buf: where to
 * @size: its size
 * @ret_len: set on success
 *
 * Return: 0; -EAGAIN there is none, or it was somebody else's and is gone; -ENOBUFS
 * messages were lost, more may follow; -EMSGSIZE one was longer than @buf, more may
 * follow; another negative errno when nothing will come any more.
 */
int uevent_receive(int fd, void *buf, size_t size, size_t *ret_len);

#endif /* ATTEST_UEVENT_SOCKET_H */
