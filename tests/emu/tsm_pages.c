// SPDX-License-Identifier: GPL-2.0
/*
 * The TSM's idea of who owns which page: all private from ENTER on, shared by
 * the guest's word, open before and after.
 */
#include <stdlib.h>

#include "tsm.h"

static bool is_ram(uint64_t gpa)
{
	return ram_mem(gpa & ~(EMU_PAGE_SIZE - 1ull), EMU_PAGE_SIZE);
}

static bool is_shared(const struct tsm *t, uint64_t page)
{
	return page < t->nr_pages && t->shared[page / 8] & 1u << page % 8;
}

static bool grow(struct tsm *t, uint64_t nr_pages)
{
	size_t had = t->nr_pages / 8;
	uint8_t *p;

	if (nr_pages <= t->nr_pages)
		return true;
	nr_pages = (nr_pages + 0x7fff) & ~0x7fffull;
	p = realloc(t->shared, nr_pages / 8);
	if (!p)
		return false;
	memset(p + had, 0, nr_pages / 8 - had);
	t->shared = p;
	t->nr_pages = nr_pages;
	return true;
}

void pages_forget(struct tsm *t)
{
	free(t->shared);
	t->shared = NULL;
	t->nr_pages = 0;
	t->stats.pages_shared = 0;
}

enum page_owner tsm_page(struct tsm *t, uint64_t gpa)
{
	if (!is_ram(gpa))
		return PAGE_NONE;
	if (!t->entered)
		return PAGE_OPEN;
	return is_shared(t, gpa / EMU_PAGE_SIZE) ? PAGE_SHARED : PAGE_PRIVATE;
}

bool tsm_entered(const struct tsm *t)
{
	return t->entered;
}

struct tsm_stats tsm_stats(struct tsm *t)
{
	return t->stats;
}

void tsm_stats_reset(struct tsm *t)
{
	t->stats.conversions = 0;
}

enum emu_status pages_convert(struct tsm *t, const struct emu_page_req *req, bool share)
{
	uint64_t gpa = le64toh(req->gpa), n = le64toh(req->npages);
	uint64_t first = gpa / EMU_PAGE_SIZE, i;

	if (gpa % EMU_PAGE_SIZE || !n || n > UINT64_MAX / EMU_PAGE_SIZE - first)
		return EMU_E_PARAM;
	for (i = 0; i < n; i++) {
		/* Ends at the first page that is not RAM, whatever n claims. */
		if (!is_ram(gpa + i * EMU_PAGE_SIZE) || is_shared(t, first + i) == share)
			return EMU_E_PAGE;
	}
	if (!grow(t, first + n))
		return EMU_E_BUSY;
	for (i = first; i < first + n; i++)
		t->shared[i / 8] ^= 1u << i % 8;
	t->stats.conversions += n;
	t->stats.pages_shared += share ? n : -n;
	return EMU_OK;
}
