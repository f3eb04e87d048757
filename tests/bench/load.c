// SPDX-License-Identifier: GPL-2.0
/*
 * I/O on a disk from inside the VM, and what it costs.
 *
 *	tdi-load cost DEV read|write SIZE seq|rand COUNT
 *
 * One request at a time, past the page cache, from pages that are not adjacent, so that
 * each is a mapping of its own. Under QEMU's -icount shift=0 the clock counts the VM's
 * instructions, those of user space and of the kernel:
 *
 *	cost op=read size=4096 order=seq ios=64 min=6800 median=6800
 *
 * By io_uring with IORING_SETUP_IOPOLL, without interrupts: the device of a VM under
 * icount has answered when the doorbell's write returns, so nothing is waited for, and
 * nothing but the request is counted. (With interrupts the CPU would halt, and that
 * clock jump to the next timer.)
 *
 *	tdi-load jobs DEV JOBS COUNT
 *
 * JOBS processes, COUNT requests each, reads and writes of random size at random places
 * of a part of the disk for each; what is read must be what was written there.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/io_uring.h>

#define PAGE		4096ul
#define MAX_SIZE	(256ul << 10)
#define MAX_COUNT	4096
/* Requests before the first that counts: caches and pools fill. */
#define WARM_UP		16
#define SEED		88172645463325252ull

struct request {
	bool write;
	size_t size;
	off_t at;
	uint8_t *buf;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static ssize_t transfer(int fd, const struct request *q)
{
	return q->write ? pwrite(fd, q->buf, q->size, q->at) : pread(fd, q->buf, q->size, q->at);
}

/* Every second page first, then those between: no two neighbours are adjacent in memory. */
static uint8_t *scattered(size_t size)
{
	uint8_t *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buf == MAP_FAILED || madvise(buf, size, MADV_NOHUGEPAGE))
		err(1, "mmap");
	for (size_t first = 0; first < 2; first++)
		for (size_t at = first * PAGE; at < size; at += 2 * PAGE)
			buf[at] = 1;
	if (mlock(buf, size))
		err(1, "mlock");
	return buf;
}

static uint64_t random_of(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* ---- the ring: one request, submitted and reaped in one call ---- */

struct ring {
	int fd;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	uint32_t *sq_tail, *sq_array, *cq_head, *cq_tail, cq_mask, sq_mask;
};

static void ring_open(struct ring *r)
{
	struct io_uring_params p = { .flags = IORING_SETUP_IOPOLL };
	uint8_t *rings;

	r->fd = syscall(SYS_io_uring_setup, 4, &p);
	if (r->fd < 0)
		err(1, "io_uring_setup");
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		errx(1, "io_uring: too old");
	rings = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	r->sqe = mmap(NULL, p.sq_entries * sizeof(*r->sqe), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || r->sqe == MAP_FAILED)
		err(1, "mmap of the ring");
	r->sq_tail = (uint32_t *)(rings + p.sq_off.tail);
	r->sq_mask = *(uint32_t *)(rings + p.sq_off.ring_mask);
	r->sq_array = (uint32_t *)(rings + p.sq_off.array);
	r->cq_head = (uint32_t *)(rings + p.cq_off.head);
	r->cq_tail = (uint32_t *)(rings + p.cq_off.tail);
	r->cq_mask = *(uint32_t *)(rings + p.cq_off.ring_mask);
	r->cqe = (struct io_uring_cqe *)(rings + p.cq_off.cqes);
}

static ssize_t ring_do(struct ring *r, int fd, const struct request *q)
{
	uint32_t tail = *r->sq_tail, head = *r->cq_head;

	r->sqe[0] = (struct io_uring_sqe){
		.opcode = q->write ? IORING_OP_WRITE : IORING_OP_READ,
		.fd = fd, .addr = (uintptr_t)q->buf, .len = q->size, .off = q->at,
	};
	r->sq_array[tail & r->sq_mask] = 0;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		err(1, "io_uring_enter");
	while (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == head)
		if (syscall(SYS_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			err(1, "io_uring_enter");
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	errno = -r->cqe[head & r->cq_mask].res;
	return r->cqe[head & r->cq_mask].res;
}

/* ---- what a request costs ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t disk_size(int fd)
{
	uint64_t size;

	if (ioctl(fd, BLKGETSIZE64, &size))
		err(1, "BLKGETSIZE64");
	return size;
}

static void costs(char **arg)
{
	static uint64_t took[MAX_COUNT];
	int fd = open(arg[0], O_RDWR | O_DIRECT), count = atoi(arg[4]);
	struct request q = { .write = !strcmp(arg[1], "write"), .size = strtoul(arg[2], NULL, 0) };
	bool in_order = !strcmp(arg[3], "seq");
	uint64_t places, seed = SEED;
	struct ring ring;

	if (fd < 0)
		err(1, "%s", arg[0]);
	if (!q.size || q.size > MAX_SIZE || count < 1 || count > MAX_COUNT)
		errx(1, "out of range");
	q.buf = scattered(q.size);
	places = disk_size(fd) / q.size;
	ring_open(&ring);
	for (int i = -WARM_UP; i < count; i++) {
		uint64_t start;
		ssize_t done;

		q.at = (in_order ? (uint64_t)(i + WARM_UP) : random_of(&seed)) % places * q.size;
		start = now();
		done = ring_do(&ring, fd, &q);
		start = now() - start;
		if (done != (ssize_t)q.size)
			err(1, "%s at %jd: %zd", arg[1], (intmax_t)q.at, done);
		if (i >= 0)
			took[i] = start;
	}
	qsort(took, count, sizeof(*took), by_value);
	printf("cost op=%s size=%zu order=%s ios=%d min=%ju median=%ju\n",
	       arg[1], q.size, arg[3], count,
	       (uintmax_t)took[0], (uintmax_t)took[count / 2]);
}

/* ---- many jobs ---- */

#define JOB_BLOCKS	1024	/* of a page each: 4 MiB a job */
#define JOB_MOST	32	/* blocks a request */

struct job {
	int fd;
	off_t base;
	uint8_t *buf;
	uint64_t seed;
	uint64_t stamp[JOB_BLOCKS];	/* what each block begins with, 0: not known */
	uint64_t next;
};

static void fill(uint8_t *block, uint64_t stamp)
{
	for (size_t i = 0; i < PAGE / 8; i++)
		((uint64_t *)block)[i] = stamp + i;
}

static bool filled(const uint8_t *block, uint64_t stamp)
{
	for (size_t i = 0; i < PAGE / 8; i++)
		if (((const uint64_t *)block)[i] != stamp + i)
			return false;
	return true;
}

static bool job_step(struct job *j)
{
	size_t blocks = 1 + random_of(&j->seed) % JOB_MOST;
	uint64_t *stamp = j->stamp + random_of(&j->seed) % (JOB_BLOCKS - blocks);
	struct request q = {
		.write = random_of(&j->seed) & 1,
		.size = blocks * PAGE,
		.at = j->base + (stamp - j->stamp) * PAGE,
		.buf = j->buf,
	};

	for (size_t i = 0; q.write && i < blocks; i++) {
		stamp[i] = j->next += PAGE;
		fill(j->buf + i * PAGE, stamp[i]);
	}
	if (transfer(j->fd, &q) != (ssize_t)q.size) {
		warn("%s at %jd", q.write ? "write" : "read", (intmax_t)q.at);
		return false;
	}
	for (size_t i = 0; !q.write && i < blocks; i++) {
		if (stamp[i] && !filled(j->buf + i * PAGE, stamp[i])) {
			warnx("block %zu at %jd is not what was written", i, (intmax_t)q.at);
			return false;
		}
	}
	return true;
}

static int job(const char *disk, int number, int count)
{
	static struct job j;

	j.fd = open(disk, O_RDWR | O_DIRECT);
	if (j.fd < 0 || disk_size(j.fd) < (number + 1) * JOB_BLOCKS * PAGE)
		err(1, "%s", disk);
	j.base = number * JOB_BLOCKS * PAGE;
	j.buf = scattered(JOB_MOST * PAGE);
	j.seed = SEED + number;
	j.next = (uint64_t)(number + 1) << 40;
	while (count--)
		if (!job_step(&j))
			return 1;
	return 0;
}

static void run_jobs(char **arg)
{
	int nr = atoi(arg[1]), count = atoi(arg[2]), failed = 0;

	for (int n = 0; n < nr; n++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			exit(job(arg[0], n, count));
	}
	for (int n = 0; n < nr; n++) {
		int status;

		if (wait(&status) < 0 || status)
			failed++;
	}
	printf("jobs jobs=%d ios=%d failed=%d\n", nr, nr * count, failed);
	exit(failed ? 1 : 0);
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "cost"))
		costs(argv + 2);
	else if (argc == 5 && !strcmp(argv[1], "jobs"))
		run_jobs(argv + 2);
	else
		errx(2, "usage: cost DEV read|write SIZE seq|rand COUNT | jobs DEV JOBS COUNT");
	return 0;
}
