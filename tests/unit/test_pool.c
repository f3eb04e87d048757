// SPDX-License-Identifier: GPL-2.0
/* tools/attest/pool.c: how large a bounce pool is still needed. */
#include "unit.h"

#include "../../tools/attest/pool.h"

static struct pool pool(uint64_t size, uint64_t used, uint64_t high_water)
{
	return (struct pool) {
		.status = POOL_MEASURED, .size = size, .used = used, .high_water = high_water,
	};
}

static const struct {
	const char *what;
	uint64_t used, high_water;
	size_t bouncers;
	unsigned int cpus;
	uint64_t want;
} rows[] = {
	{ "nobody, one CPU",		0,	9000,	0,	1,	512 },
	{ "nobody, four CPUs",		0,	9000,	0,	4,	512 },
	{ "nobody, five CPUs",		0,	9000,	0,	5,	1024 },
	{ "nobody, but in use",		1,	1,	0,	1,	1024 },
	{ "somebody who did not yet",	0,	0,	1,	1,	1024 },
	{ "2 MiB with its headroom",	0,	682,	1,	1,	1024 },
	{ "one slab more",		0,	683,	1,	1,	2048 },
	{ "a power of two",		0,	4096,	1,	1,	8192 },
	{ "many CPUs",			0,	1,	1,	64,	8192 },
};

static void the_size_is_the_smallest_that_kernel_and_use_allow(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pool p = pool(32768, rows[i].used, rows[i].high_water);
		struct pool_advice advice;

		pool_advise(&p, rows[i].bouncers, rows[i].cpus, &advice);
		check_row(rows[i].what, advice.slabs == rows[i].want);
		check_row(rows[i].what, advice.reason == (rows[i].bouncers || rows[i].used ?
							  POOL_HIGH_WATER : POOL_NOBODY));
		check_row(rows[i].what, advice.stray == (rows[i].used && !rows[i].bouncers));
	}
}

/* What the kernel's swiotlb=N makes of it must be what was said. */
static void the_kernel_does_not_round_it(void **state)
{
	(void)state;
	for (unsigned int cpus = 1; cpus < 300; cpus++) {
		for (uint64_t high = 0; high < 100000; high += 997) {
			struct pool p = pool(1 << 20, 1, high);
			struct pool_advice advice;
			uint64_t areas = 1;

			while (areas < cpus)
				areas <<= 1;
			pool_advise(&p, 1, cpus, &advice);
			assert_true(advice.slabs && !(advice.slabs & (advice.slabs - 1)));
			assert_true(advice.slabs >= areas * POOL_SEGMENT_SLABS);
			assert_true(advice.slabs >= high);
			assert_true(advice.slabs >= advice.floor);
		}
	}
}

static void a_full_pool_is_noticed(void **state)
{
	struct pool_advice advice;
	struct pool p;

	(void)state;
	p = pool(1000, 0, 899);
	pool_advise(&p, 1, 1, &advice);
	assert_false(advice.full);
	p = pool(1000, 0, 900);
	pool_advise(&p, 1, 1, &advice);
	assert_true(advice.full);
}

static void without_figures_there_is_no_advice(void **state)
{
	(void)state;
	for (int s = POOL_NONE; s < POOL_NR_STATUS; s++) {
		struct pool p = { .status = (enum pool_status)s };
		struct pool_advice advice;

		pool_advise(&p, 0, 1, &advice);
		assert_int_equal(advice.slabs, 0);
		assert_int_equal(advice.reason, POOL_UNTOLD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_size_is_the_smallest_that_kernel_and_use_allow),
		cmocka_unit_test(the_kernel_does_not_round_it),
		cmocka_unit_test(a_full_pool_is_noticed),
		cmocka_unit_test(without_figures_there_is_no_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
