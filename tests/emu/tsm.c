// SPDX-License-Identifier: GPL-2.0
/*
 * The trusted module of the emulated platform: what the DSM of each TDI said,
 * what the guest allowed, and what follows for DMA and MMIO. It implements
 * Documentation/emu-mailbox.rst; the state of a TDI is the DSM's, and asked for,
 * not kept.
 */
#include <stdlib.h>

#include "personality.h"
#include "tsm.h"

/*
 * The MMIO_REPORTING_OFFSET is random (PCIe r6.x 11.3.8: it hides where the
 * host has the BARs), and aligned to this and to the largest BAR, so that an offset
 * in a BAR can be had from a report either way: relative to the BAR's first
 * page, or from the low bits.
 */
#define MMIO_OFFSET_ALIGN	(2ull << 20)

struct tsm *tsm_create(struct emu *e)
{
	struct tsm *t = calloc(1, sizeof(*t));

	if (t)
		t->emu = e;
	return t;
}

struct tdi *tdi_create(struct tsm *t, struct func *f)
{
	struct tdi *tdi = calloc(1, sizeof(*tdi));

	if (tdi) {
		tdi->tsm = t;
		tdi->func = f;
	}
	return tdi;
}

uint64_t tsm_mmio_accepted(const struct tdi *tdi)
{
	uint64_t nr = 0;
	unsigned int i;
	uint32_t p;

	for (i = 0; i < tdi->nr_ranges; i++) {
		for (p = 0; p < tdi->range[i].npages; p++)
			nr += tdi->range[i].accepted[p];
	}
	return nr;
}

/* What the guest allowed ends with the state it allowed it for. */
static void withdraw(struct tdi *tdi)
{
	tsm_release_mmio(tdi);
	tsm_disable_dma(tdi);
	tdi->start_allowed = false;
}

/* Everything that one LOCK brought. */
static void forget_lock(struct tdi *tdi)
{
	unsigned int i;

	withdraw(tdi);
	for (i = 0; i < tdi->nr_ranges; i++)
		free(tdi->range[i].accepted);
	tdi->nr_ranges = 0;
	tdi->lock_flags = 0;
	tdi->lock_nonce = 0;
	tdi->report_nonce = 0;
	tdi->meas_nonce = 0;
	memset(tdi->bar, 0, sizeof(tdi->bar));
	memset(tdi->start_nonce, 0, sizeof(tdi->start_nonce));
	blob_free(&tdi->report);
	blob_free(&tdi->meas);
}

static void tdi_destroy(struct tdi *tdi)
{
	forget_lock(tdi);
	link_disconnect(tdi);
	free(tdi);
}

void tsm_destroy(struct tsm *t)
{
	unsigned int i;

	if (!t)
		return;
	for (i = 0; i < t->emu->nr_funcs; i++) {
		struct func *f = t->emu->func[i];

		if (f->tdi)
			tdi_destroy(f->tdi);
		f->tdi = NULL;
	}
	pages_forget(t);
	free(t);
}

void tsm_vm_reset(struct tsm *t)
{
	unsigned int i;

	for (i = 0; i < t->emu->nr_funcs; i++) {
		struct tdi *tdi = t->emu->func[i]->tdi;

		if (!tdi)
			continue;
		tsm_host_stop(tdi);
		link_disconnect(tdi);
	}
	t->entered = false;
	pages_forget(t);
	for (i = 0; i < t->emu->nr_funcs; i++)
		t->emu->func[i]->announced = false;
	personality_reset(t->emu);
}

enum emu_status tdi_refresh(struct tdi *tdi, enum tdisp_state *state)
{
	enum emu_status status = link_state(tdi, state);

	if (status)
		return status;
	if (*state == TDISP_ERROR)
		withdraw(tdi);
	else if (*state == TDISP_CONFIG_UNLOCKED)
		forget_lock(tdi);
	return EMU_OK;
}

enum tdisp_state tsm_state(struct tdi *tdi)
{
	enum tdisp_state state;

	return tdi_refresh(tdi, &state) ? TDISP_ERROR : state;
}

/* Random, never 0; 2^64 makes "never reused" true enough. */
static uint64_t fresh_nonce(void)
{
	uint64_t n;

	do
		emu_random(&n, sizeof(n));
	while (!n);
	return n;
}

static bool add_range(struct tdi *tdi, const struct tdisp_report_range *r)
{
	uint32_t attr = le32toh(r->attr), npages = le32toh(r->num_pages);
	struct tdi_range *range = &tdi->range[tdi->nr_ranges];
	unsigned int bar = attr >> TDISP_RANGE_ID_SHIFT;
	uint64_t bar_pages, at;

	if (bar >= FUNC_NR_BARS)
		return false;
	bar_pages = tdi->func->bar_size[bar] >> TDISP_PAGE_SHIFT;
	if (!bar_pages)
		return false;
	/* The offset is aligned, see MMIO_OFFSET_ALIGN. */
	at = le64toh(r->first_page) & (bar_pages - 1);
	if (!npages || npages > bar_pages - at)
		return false;
	range->accepted = calloc(npages, sizeof(*range->accepted));
	if (!range->accepted)
		return false;
	range->bar = bar;
	range->bar_page = at;
	range->npages = npages;
	range->tee = !(attr & TDISP_RANGE_NON_TEE);
	tdi->nr_ranges++;
	return true;
}

static bool read_report(struct tdi *tdi)
{
	const struct tdisp_report_hdr *hdr = (void *)tdi->report.data;
	const struct tdisp_report_range *r = (void *)(hdr + 1);
	const struct tdisp_report_tail *tail;
	size_t len = tdi->report.len;
	uint32_t n, i;

	if (len < sizeof(*hdr) + sizeof(*tail))
		return false;
	n = le32toh(hdr->mmio_range_count);
	if (n > TDI_MAX_RANGES || len < sizeof(*hdr) + n * sizeof(*r) + sizeof(*tail))
		return false;
	tail = (void *)(r + n);
	if (len != sizeof(*hdr) + n * sizeof(*r) + sizeof(*tail) + le32toh(tail->device_info_len))
		return false;
	for (i = 0; i < n; i++) {
		if (!add_range(tdi, &r[i]))
			return false;
	}
	return true;
}

/* Positive or negative, up to 2^43: BARs of the DSM start at 2^45. */
static uint64_t pick_mmio_offset(const struct func *f)
{
	uint64_t align = pci_largest_bar(f), r;

	if (align < MMIO_OFFSET_ALIGN)
		align = MMIO_OFFSET_ALIGN;
	emu_random(&r, sizeof(r));
	return ((r & ((1ull << 44) - 1)) - (1ull << 43)) & ~(align - 1);
}

enum emu_status tsm_host_lock(struct tdi *tdi, uint16_t flags)
{
	enum tdisp_state state;
	enum emu_status status;
	int bar;

	if (!tdi->tsm->entered)
		return EMU_E_NOT_ENTERED;
	status = tdi_refresh(tdi, &state);
	if (status)
		return status;
	if (state != TDISP_CONFIG_UNLOCKED)
		return EMU_E_STATE;
	status = link_connect(tdi);
	if (status)
		return status;
	status = link_lock(tdi, flags, pick_mmio_offset(tdi->func));
	if (status)
		return status;
	status = link_report(tdi, &tdi->report);
	if (!status && !read_report(tdi))
		status = EMU_E_DEVICE;
	if (status) {
		tsm_host_stop(tdi);
		return status;
	}
	for (bar = 0; bar < FUNC_NR_BARS; bar++)
		tdi->bar[bar] = host_bar_addr(tdi->func->emu->host, tdi->func, bar);
	tdi->lock_flags = flags;
	tdi->lock_nonce = fresh_nonce();
	tdi->report_nonce = fresh_nonce();
	return EMU_OK;
}

enum emu_status tsm_host_start(struct tdi *tdi)
{
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);

	if (status)
		return status;
	if (state != TDISP_CONFIG_LOCKED || !tdi->start_allowed)
		return EMU_E_STATE;
	tdi->start_allowed = false;
	return link_start(tdi);
}

enum emu_status tsm_host_stop(struct tdi *tdi)
{
	/* Ours first: if the DSM failed to stop, it still reaches nothing private. */
	forget_lock(tdi);
	return link_stop(tdi);
}

enum emu_status tsm_host_measure(struct tdi *tdi, const uint8_t nonce[EMU_NONCE_SIZE])
{
	struct blob transcript = { 0 };
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);

	if (status)
		return status;
	if (state != TDISP_CONFIG_LOCKED && state != TDISP_RUN)
		return EMU_E_STATE;
	status = link_measure(tdi, nonce, &transcript);
	if (status) {
		blob_free(&transcript);
		return status;
	}
	blob_free(&tdi->meas);
	tdi->meas = transcript;
	tdi->meas_nonce = fresh_nonce();
	/* The guest authorised a START on other evidence than this. */
	tdi->start_allowed = false;
	return EMU_OK;
}

const struct blob *tdi_object(const struct tdi *tdi, unsigned int digest)
{
	switch (digest) {
	case EMU_DIGEST_CERTS:
		return &tdi->certs;
	case EMU_DIGEST_VCA:
		return &tdi->vca;
	case EMU_DIGEST_MEASUREMENTS:
		return &tdi->meas;
	default:
		return &tdi->report;
	}
}

const void *tsm_object(struct tdi *tdi, enum emu_object obj, size_t *ret_len)
{
	const struct blob *b;

	switch (obj) {
	case EMU_OBJ_CERTS:
		b = &tdi->certs;
		break;
	case EMU_OBJ_VCA:
		b = &tdi->vca;
		break;
	case EMU_OBJ_MEASUREMENTS:
		b = &tdi->meas;
		break;
	case EMU_OBJ_REPORT:
		b = &tdi->report;
		break;
	default:
		return NULL;
	}
	*ret_len = b->len;
	return b->data;
}

/* ---- enforcement ---------------------------------------------------------- */

/* In RUN: what the mode that the guest enabled lets the device reach. */
static struct dma_grant grant_of_mode(const struct tdi *tdi)
{
	struct dma_grant g = { .reach = PAGE_PRIVATE };

	switch (tdi->dma_mode) {
	case EMU_DMA_DIRECT:
		break;
	case EMU_DMA_IOMMU:
		g.iommu_only = true;
		break;
	case EMU_DMA_SPLIT:
		g.vtom = tdi->vtom;
		break;
	default:
		g.stopped = "dma-not-enabled";
		break;
	}
	return g;
}

struct dma_grant tsm_dma_grant(const struct tsm *t, const struct func *f)
{
	if (!t->entered)
		return (struct dma_grant){ .reach = PAGE_OPEN };
	/*
	 * The gate is IOMMU and device in one, and a device knows its own state
	 * without asking: no message here.
	 */
	switch (f->dsm ? dsm_state(f->dsm) : TDISP_CONFIG_UNLOCKED) {
	case TDISP_CONFIG_UNLOCKED:
	case TDISP_CONFIG_LOCKED:
		return (struct dma_grant){ .reach = PAGE_SHARED };
	case TDISP_RUN:
		return grant_of_mode(f->tdi);
	default:
		return (struct dma_grant){ .stopped = "error-state" };
	}
}

const char *tsm_dma_refusal(struct tsm *t, const struct dma_grant *g, bool above, uint64_t gpa)
{
	enum page_owner owner = tsm_page(t, gpa);

	if (g->reach == PAGE_OPEN)
		return NULL;
	if (above)
		return owner == PAGE_SHARED ? NULL : "above-vtom-private";
	if (owner == g->reach)
		return NULL;
	if (g->reach == PAGE_SHARED)
		return "private-page";
	return g->vtom ? "below-vtom-shared" : "shared-page";
}

bool tsm_mmio_allowed(struct tsm *t, const struct func *f, int bar, uint64_t off)
{
	uint64_t page = off >> TDISP_PAGE_SHIFT;
	enum tdisp_state state;
	unsigned int i;

	if (!t->entered || !f->tdi)
		return true;
	state = dsm_state(f->dsm);
	if (state != TDISP_RUN && state != TDISP_ERROR)
		return true;
	for (i = 0; i < f->tdi->nr_ranges; i++) {
		const struct tdi_range *r = &f->tdi->range[i];

		if (r->bar != (unsigned int)bar || page < r->bar_page ||
		    page - r->bar_page >= r->npages)
			continue;
		return !r->tee || (state == TDISP_RUN && r->accepted[page - r->bar_page]);
	}
	return true;
}
