// SPDX-License-Identifier: GPL-2.0
/*
 * Runs in the guest: makes the first, the second, .. allocation of one write to
 * tsm/VERB fail, until a write has no such allocation any more, and sees that the
 * TDI is none the worse each time; with a gate, that it is held unless it is accepted.
 *
 *   fail-nth TSMDIR TSM connect|disconnect
 *
 * Prints "point N ERRNO STATE" for each, then "end POINTS". Status 1 and a line
 * "bad ..." if something is not as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *dir, *tsm;

static void bad(const char *what, unsigned int n, int err)
{
	printf("bad point %u: %s: %s\n", n, what, strerror(err));
	exit(1);
}

static int open_attr(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags);
	if (fd < 0)
		bad(path, 0, errno);
	return fd;
}

/* 0 or an errno */
static int put(const char *name)
{
	int fd = open_attr(name, O_WRONLY);
	int err = write(fd, tsm, strlen(tsm)) < 0 ? errno : 0;

	close(fd);
	return err;
}

static void get(const char *name, char *buf, size_t len)
{
	int fd = open_attr(name, O_RDONLY);
	ssize_t n = read(fd, buf, len - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	close(fd);
}

/* The write with its @n-th allocation failing; @left is not 0 if it had fewer. */
static int put_failing(const char *name, unsigned int n, int *left)
{
	int fd = open_attr(name, O_WRONLY);
	int nth = open("/proc/thread-self/fail-nth", O_RDWR);
	char buf[16] = "";
	int err;

	if (nth < 0)
		bad("no fail-nth in this kernel", n, errno);
	snprintf(buf, sizeof(buf), "%u", n);
	if (write(nth, buf, strlen(buf)) < 0)
		bad("fail-nth", n, errno);
	err = write(fd, tsm, strlen(tsm)) < 0 ? errno : 0;
	memset(buf, 0, sizeof(buf));
	if (pread(nth, buf, sizeof(buf) - 1, 0) < 0)
		bad("fail-nth", n, errno);
	*left = atoi(buf);
	if (*left && write(nth, "0", 1) < 0)
		bad("fail-nth", n, errno);
	close(nth);
	close(fd);
	return err;
}

/* Its address is the directory's parent. */
static int is_held(void)
{
	char held[4096], bdf[16];
	FILE *f = fopen("/sys/devices/tdi-gate/held", "r");
	const char *end = strrchr(dir, '/');
	size_t len;

	if (!f || !end || end - dir < 12)
		bad("held", 0, errno);
	snprintf(bdf, sizeof(bdf), "%.12s", end - 12);
	len = fread(held, 1, sizeof(held) - 1, f);
	held[len] = '\0';
	fclose(f);
	return !!strstr(held, bdf);
}

static int has_gate(void)
{
	FILE *f = fopen("/sys/devices/tdi-gate/policy", "r");
	char policy[16] = "";

	if (!f || !fgets(policy, sizeof(policy), f))
		bad("policy", 0, errno);
	fclose(f);
	return strcmp(policy, "none\n");
}

int main(int argc, char **argv)
{
	unsigned int n, points = 0;
	int disconnects, gate, err, left = 0;
	char state[32], dma[16], result[400];

	if (argc != 4)
		return 2;
	dir = argv[1];
	tsm = argv[2];
	disconnects = !strcmp(argv[3], "disconnect");
	gate = has_gate();
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (n = 1;; n++) {
		if (disconnects) {
			err = put("connect");
			if (err)
				bad("connect, nothing failing", n, err);
		}
		err = put_failing(argv[3], n, &left);
		get("state", state, sizeof(state));
		get("dma", dma, sizeof(dma));
		if (left)
			break;
		points++;
		get("result", result, sizeof(result));
		printf("point %u %d %s %s\n", n, err, state, dma);
		if (strstr(result, "no reason given"))
			bad(result, n, err);
		/* A call that could not be made is one that the device did not obey. */
		if (err && err != ENOMEM && !(disconnects && err == EREMOTEIO))
			bad(result, n, err);
		if (!err && strcmp(state, disconnects ? "CONFIG_UNLOCKED" : "RUN"))
			bad("it succeeded, and the state says otherwise", n, 0);
		if (err && !disconnects && strcmp(state, "CONFIG_UNLOCKED"))
			bad("it failed, and the state says otherwise", n, err);
		/* The TSM's RUN is not enough: an unlock may have failed half way. */
		if (gate && is_held() == !strcmp(dma, "direct"))
			bad("held if accepted, or not held if not", n, 0);
		if (strcmp(state, "RUN") && !strcmp(dma, "direct"))
			bad("private DMA without RUN", n, err);
		/* After a failure only unlock leads on, even if the TSM is there already. */
		if (strcmp(state, "CONFIG_UNLOCKED") || (disconnects && err)) {
			err = put("unlock");
			if (err)
				bad("unlock, nothing failing", n, err);
		}
		get("dma", dma, sizeof(dma));
		if (strcmp(dma, "bounce"))
			bad("unlocked, and DMA is not bounced", n, 0);
	}
	if (err)
		bad("with nothing failing", n, err);
	if (!strcmp(state, "RUN"))
		put("unlock");
	printf("end %u\n", points);
	return 0;
}
