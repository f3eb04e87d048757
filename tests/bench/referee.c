// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own dma_map_benchmark, for the device that is bound to it.
 *
 *	referee PAGES to|from SECONDS
 *
 * prints its averages, in its unit of 100 ns (integers, rounded down):
 *
 *	referee dir=from pages=1 map=12 unmap=9
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* include/linux/map_benchmark.h is no user header before 7.0; its size never changed. */
struct map_benchmark {
	uint64_t avg_map_100ns;
	uint64_t map_stddev;
	uint64_t avg_unmap_100ns;
	uint64_t unmap_stddev;
	uint32_t threads;
	uint32_t seconds;
	int32_t node;
	uint32_t dma_bits;
	uint32_t dma_dir;
	uint32_t dma_trans_ns;
	uint32_t granule;
	uint8_t expansion[76];
};

#define DMA_MAP_BENCHMARK	_IOWR('d', 1, struct map_benchmark)

int main(int argc, char **argv)
{
	struct map_benchmark b = { .threads = 1, .node = -1, .dma_bits = 64 };
	int fd;

	if (argc != 4)
		errx(2, "usage: referee PAGES to|from SECONDS");
	b.granule = atoi(argv[1]);
	b.dma_dir = strcmp(argv[2], "to") ? 2 : 1;
	b.seconds = atoi(argv[3]);
	fd = open("/sys/kernel/debug/dma_map_benchmark", O_RDWR);
	if (fd < 0)
		err(1, "dma_map_benchmark");
	if (ioctl(fd, DMA_MAP_BENCHMARK, &b))
		err(1, "%u pages", b.granule);
	printf("referee dir=%s pages=%u map=%ju unmap=%ju\n", argv[2], b.granule,
	       (uintmax_t)b.avg_map_100ns, (uintmax_t)b.avg_unmap_100ns);
	return 0;
}
