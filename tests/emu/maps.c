// SPDX-License-Identifier: GPL-2.0
/*
 * What a function's addresses lead to: the mappings that its client made, and
 * which are the identity map as long as no IOMMU of the guest translates.
 *
 * A sorted array: a driver behind an IOMMU has some hundred mappings at a time,
 * and makes and takes thousands a second.
 */
#include <errno.h>
#include <stdlib.h>

#include "emu.h"

/* The first mapping that ends above addr. */
static size_t find(const struct maps *s, uint64_t addr)
{
	size_t lo = 0, hi = s->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->map[mid].addr + (s->map[mid].size - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Keeps the sums that maps_identity() and maps_usage() answer from. */
static void account(struct maps *s, const struct mapping *m, int sign)
{
	if (m->gpa == RAM_NONE)
		return;
	s->ram_maps += sign;
	s->ram_bytes += sign * m->size;
	if (m->gpa == m->addr)
		s->plain_bytes += sign * ram_plain(m->gpa, m->size);
	else
		s->moved += sign;
}

int maps_add(struct func *f, const struct mapping *m)
{
	struct maps *s = &f->maps;
	size_t at = find(s, m->addr);

	if (s->nr == MAPS_MAX)
		return -ENOSPC;
	if (at < s->nr && s->map[at].addr <= m->addr + (m->size - 1))
		return -EEXIST;
	if (s->nr == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct mapping *grown = realloc(s->map, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->map = grown;
		s->room = room;
	}
	memmove(&s->map[at + 1], &s->map[at], (s->nr - at) * sizeof(*m));
	s->map[at] = *m;
	s->nr++;
	account(s, m, 1);
	return 0;
}

/*
 * QEMU unmaps ranges that were never mapped whenever a guest IOMMU's domain
 * changes: that is a success. Cutting a mapping in two is not.
 */
int maps_remove(struct func *f, uint64_t addr, uint64_t size)
{
	struct maps *s = &f->maps;
	uint64_t last = addr + (size - 1);
	size_t first = find(s, addr), end;

	for (end = first; end < s->nr && s->map[end].addr <= last; end++)
		if (s->map[end].addr < addr ||
		    s->map[end].addr + (s->map[end].size - 1) > last)
			return -EINVAL;
	/* What was never mapped: nothing to do, and perhaps no array either. */
	if (first == end)
		return 0;
	for (size_t i = first; i < end; i++)
		account(s, &s->map[i], -1);
	memmove(&s->map[first], &s->map[end], (s->nr - end) * sizeof(*s->map));
	s->nr -= end - first;
	return 0;
}

void maps_clear(struct func *f)
{
	free(f->maps.map);
	f->maps = (struct maps){ 0 };
}

bool maps_translate(const struct func *f, uint64_t addr, bool write, uint64_t *gpa)
{
	const struct maps *s = &f->maps;
	size_t i = find(s, addr);
	const struct mapping *m;

	if (i == s->nr)
		return false;
	m = &s->map[i];
	if (m->addr > addr || m->gpa == RAM_NONE)
		return false;
	*gpa = m->gpa + (addr - m->addr);
	return write ? m->writable : m->readable;
}

/*
 * All RAM and nothing else: a domain that maps some pages where they are is
 * translation as well, and an empty one is.
 */
bool maps_identity(const struct func *f)
{
	return !f->maps.moved && f->maps.plain_bytes == ram_size();
}
