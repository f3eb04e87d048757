// SPDX-License-Identifier: GPL-2.0
/*
 * The VM's RAM by guest physical address, whatever an IOMMU of the guest does to
 * the functions: regions of files (QEMU's memfds), mapped here once.
 *
 * They are learned from the mappings themselves. QEMU maps all RAM for a function
 * as it connects, at the addresses where the guest has it, and before the guest
 * can have turned an IOMMU on. So the first address at which a part of a file is
 * mapped is its guest physical address, and every other one is translated. What
 * was learned outlives the unmapping that an IOMMU causes; it goes when all
 * functions that it was ever mapped for are disconnected. From TSM_ENTER on nothing
 * is learned: the host adds no page to a VM whose pages have owners.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "emu.h"

/* QEMU has two or three; more is nonsense of a test. */
#define MAX_REGIONS	128
/* Above what any CPU can address: no RAM, and sums cannot wrap. */
#define GPA_LIMIT	(1ull << 52)
/* Chipsets hide RAM here behind ROM and video memory, and firmware decides which. */
#define LEGACY_START	0xa0000ull
#define LEGACY_END	0x100000ull

struct region {
	uint64_t gpa;
	uint64_t size;
	dev_t dev;
	ino_t ino;
	uint64_t offset;
	uint8_t *mem;
	uint32_t users;		/* a bit for each function it was mapped for */
};

static struct region table[MAX_REGIONS];	/* sorted by gpa, disjoint in both ways */
static unsigned int nr_regions;

static_assert(EMU_MAX_FUNCS <= 32, "a bit for each function");

/*
 * A client can cut its memory short after it was mapped. What was cut off is
 * zeros from then on; a bus error anywhere else is our own fault and stays one.
 */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uint8_t *at = info->si_addr;

	(void)context;
	for (unsigned int i = 0; i < nr_regions; i++) {
		struct region *r = &table[i];

		if (at < r->mem || at >= r->mem + r->size)
			continue;
		at -= (uintptr_t)at % EMU_PAGE_SIZE;
		if (mmap(at, EMU_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at)
			return;
	}
	signal(sig, SIG_DFL);
}

void ram_init(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &sa, NULL);
}

static uint32_t user_bit(const struct func *f)
{
	unsigned int i;

	for (i = 0; f->emu->func[i] != f; i++)
		;
	return 1u << i;
}

/* The last region that starts at or below gpa, and holds it; NULL: none. */
static struct region *find(uint64_t gpa)
{
	unsigned int lo = 0, hi = nr_regions;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (table[mid].gpa + table[mid].size <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < nr_regions && table[lo].gpa <= gpa ? &table[lo] : NULL;
}

void *ram_mem(uint64_t gpa, size_t len)
{
	struct region *r = find(gpa);

	if (!r || len > r->size - (gpa - r->gpa))
		return NULL;
	return r->mem + (gpa - r->gpa);
}

uint64_t ram_end(void)
{
	const struct region *last = nr_regions ? &table[nr_regions - 1] : NULL;

	return last ? last->gpa + last->size : 0;
}

uint64_t ram_plain(uint64_t gpa, uint64_t size)
{
	uint64_t start = gpa > LEGACY_START ? gpa : LEGACY_START;
	uint64_t end = gpa + size < LEGACY_END ? gpa + size : LEGACY_END;

	return start < end ? size - (end - start) : size;
}

uint64_t ram_size(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr_regions; i++)
		sum += ram_plain(table[i].gpa, table[i].size);
	return sum;
}

/* ---- learning and forgetting ------------------------------------------------- */

static bool same_file(const struct region *a, const struct region *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/*
 * Grow `new` by the regions that continue it, in the file and in the guest. False
 * if a part of it is known otherwise: then it is no map of RAM where RAM is.
 */
static bool join(struct region *new)
{
	uint64_t delta = new->gpa - new->offset, start = new->gpa, end = start + new->size;

	for (unsigned int i = 0; i < nr_regions; i++) {
		const struct region *r = &table[i];

		if (same_file(r, new) && r->gpa - r->offset == delta) {
			if (r->gpa > end || r->gpa + r->size < start)
				continue;
			start = r->gpa < start ? r->gpa : start;
			end = r->gpa + r->size > end ? r->gpa + r->size : end;
			new->users |= r->users;
		} else if (overlap(r->gpa, r->size, new->gpa, new->size) ||
			   (same_file(r, new) &&
			    overlap(r->offset, r->size, new->offset, new->size))) {
			return false;
		}
	}
	new->gpa = start;
	new->offset = start - delta;
	new->size = end - start;
	return true;
}

static void drop(unsigned int i)
{
	munmap(table[i].mem, table[i].size);
	memmove(&table[i], &table[i + 1], (--nr_regions - i) * sizeof(*table));
}

static struct region *learn(struct region new, int fd)
{
	unsigned int i;

	if (new.gpa >= GPA_LIMIT || new.size > GPA_LIMIT - new.gpa ||
	    nr_regions == MAX_REGIONS || !join(&new))
		return NULL;
	new.mem = mmap(NULL, new.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, new.offset);
	if (new.mem == MAP_FAILED)
		return NULL;
	for (i = nr_regions; i-- > 0; )
		if (overlap(table[i].gpa, table[i].size, new.gpa, new.size))
			drop(i);
	for (i = 0; i < nr_regions && table[i].gpa < new.gpa; i++)
		;
	memmove(&table[i + 1], &table[i], (nr_regions++ - i) * sizeof(*table));
	table[i] = new;
	return &table[i];
}

static struct region *find_file(const struct region *part)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		struct region *r = &table[i];

		if (same_file(r, part) && part->offset >= r->offset &&
		    part->offset + part->size <= r->offset + r->size)
			return r;
	}
	return NULL;
}

int ram_identify(struct func *f, int fd, uint64_t offset, uint64_t size, uint64_t addr,
		 bool teach, uint64_t *gpa)
{
	struct region part = { .gpa = addr, .size = size, .offset = offset };
	struct region *r;
	struct stat st;

	*gpa = RAM_NONE;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || offset > (uint64_t)st.st_size ||
	    size > (uint64_t)st.st_size - offset)
		return -EINVAL;
	part.dev = st.st_dev;
	part.ino = st.st_ino;
	r = find_file(&part);
	if (!r && teach && !tsm_entered(f->emu->tsm))
		r = learn(part, fd);
	if (!r)
		return 0;
	r->users |= user_bit(f);
	*gpa = r->gpa + (offset - r->offset);
	return 0;
}

void ram_forget(struct func *f)
{
	uint32_t bit = user_bit(f);

	for (unsigned int i = nr_regions; i-- > 0; ) {
		table[i].users &= ~bit;
		if (!table[i].users)
			drop(i);
	}
}
