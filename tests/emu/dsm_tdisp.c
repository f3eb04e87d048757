// SPDX-License-Identifier: GPL-2.0
/*
 * TDISP 1.0 responder (PCIe r6.x 11.3). What arrives here came through the
 * secure session of TSM and DSM, so it is authentic; it may still be wrong.
 *
 * FUNCTION_ID is the function's handle: behind vfio-user nobody knows bus
 * numbers. It fits the requester id's 16 bits.
 */
#include "dsm.h"
#include "tdisp_msg.h"

#define LOCK_FLAGS_SUPPORTED	(TDISP_LOCK_NO_FW_UPDATE | TDISP_LOCK_CACHE_LINE_128 | \
				 TDISP_LOCK_MSIX)
#define DEV_ADDR_WIDTH		52

/* BAR 4 holds the MSI-X table and PBA and is reached without the T bit. */
#define BAR_NON_TEE		4

static ssize_t fail(struct tdisp_error_rsp *rsp, enum tdisp_error code, uint32_t data)
{
	rsp->hdr.type = TDISP_MSG_ERROR;
	rsp->code = htole32(code);
	rsp->data = htole32(data);
	return sizeof(*rsp);
}

static ssize_t get_version(struct dsm *d, const void *req, void *out)
{
	struct tdisp_version_rsp *rsp = out;

	(void)d; (void)req;
	rsp->hdr.type = TDISP_MSG_VERSION;
	rsp->count = 1;
	rsp->version = TDISP_VERSION_1_0;
	return sizeof(*rsp);
}

static ssize_t get_capabilities(struct dsm *d, const void *req, void *out)
{
	struct tdisp_capabilities_rsp *rsp = out;

	(void)d; (void)req;
	rsp->hdr.type = TDISP_MSG_CAPABILITIES;
	rsp->req_msgs_supported[0] = 0xfe;	/* 81h .. 87h, bit 0 would be 80h */
	rsp->lock_flags_supported = htole16(LOCK_FLAGS_SUPPORTED);
	rsp->dev_addr_width = DEV_ADDR_WIDTH;
	rsp->num_req_this = 1;
	rsp->num_req_all = 1;
	return sizeof(*rsp);
}

/* Selective IDE Stream Control of the one stream, from the IDE capability. */
#define IDE_STREAM_CTL		0x10
#define  STREAM_ENABLE		BIT(0)
#define  STREAM_TC		(7UL << 19)
#define  STREAM_DEFAULT		BIT(22)
#define  STREAM_ID_SHIFT	24

/* 11.3.8: LOCK fails unless it names the default stream, on, on TC 0. */
static bool stream_fits(const struct func *f, uint8_t id)
{
	uint32_t ctl = get_unaligned_le32(f->cfg + f->ecap_ide + IDE_STREAM_CTL);

	return ctl & STREAM_ENABLE && ctl & STREAM_DEFAULT && !(ctl & STREAM_TC) &&
	       ctl >> STREAM_ID_SHIFT == id;
}

/* As above, if BARs overlap. */
static bool bars_overlap(const struct func *f)
{
	int i, j;

	for (i = 0; i < FUNC_NR_BARS; i++) {
		uint64_t a = pci_bar_addr(f, i);

		for (j = i + 1; a && f->bar_size[i] && j < FUNC_NR_BARS; j++) {
			uint64_t b = pci_bar_addr(f, j);

			if (b && f->bar_size[j] && a < b + f->bar_size[j] &&
			    b < a + f->bar_size[i])
				return true;
		}
	}
	return false;
}

static void put(struct dsm *d, const void *data, size_t len)
{
	assert(d->report_len + len <= sizeof(d->report));
	memcpy(d->report + d->report_len, data, len);
	d->report_len += len;
}

static void put_range(struct dsm *d, int bar, uint64_t page, uint64_t nr, uint32_t attr,
		      uint64_t mmio_offset)
{
	struct tdisp_report_range range = {
		.first_page = htole64(((d->bar_hpa[bar] + mmio_offset) >> TDISP_PAGE_SHIFT) + page),
		.num_pages = htole32(nr),
		.attr = htole32(attr | (uint32_t)bar << TDISP_RANGE_ID_SHIFT),
	};
	struct tdisp_report_hdr *hdr = (void *)d->report;

	put(d, &range, sizeof(range));
	hdr->mmio_range_count = htole32(le32toh(hdr->mmio_range_count) + 1);
}

/* BAR 2 as a device has it that mixes trusted and untrusted registers. */
static void put_bar2(struct dsm *d, uint64_t mmio_offset)
{
	uint64_t pages = d->func->bar_size[2] >> TDISP_PAGE_SHIFT, quarter = pages / 4;

	switch (d->func->emu->bar2_report) {
	case BAR2_WHOLE:
		put_range(d, 2, 0, pages, 0, mmio_offset);
		return;
	case BAR2_MIXED:
		put_range(d, 2, 0, quarter, 0, mmio_offset);
		put_range(d, 2, quarter, 2 * quarter, TDISP_RANGE_NON_TEE, mmio_offset);
		break;
	case BAR2_HOLES:
		put_range(d, 2, 0, quarter, 0, mmio_offset);
		put_range(d, 2, 2 * quarter, quarter, TDISP_RANGE_NON_TEE, mmio_offset);
		break;
	}
	put_range(d, 2, 3 * quarter, quarter, 0, mmio_offset);
}

/* From the lowest BAR up, all of each but for BAR 2's holes (11.3.11). */
static void build_report(struct dsm *d, uint64_t mmio_offset)
{
	static const char info[] = "tdisp-emu device";
	const struct func *f = d->func;
	bool msix_locked = d->lock_flags & TDISP_LOCK_MSIX;
	uint16_t interface_info = TDISP_INFO_DMA_NO_PASID | pci_interface_info(f);
	struct tdisp_report_hdr hdr = { 0 };
	struct tdisp_report_tail tail = { htole32(sizeof(info) - 1) };
	int bar;

	if (d->lock_flags & TDISP_LOCK_NO_FW_UPDATE)
		interface_info |= TDISP_INFO_NO_FW_UPDATE;
	hdr.interface_info = htole16(interface_info);
	hdr.tph_control = htole32(pci_tph_control(f));
	/* Without MSI-X there is nothing to lock, and nothing to report. */
	if (msix_locked && f->cap_msix)
		memcpy(&hdr.msix_message_control, f->cfg + f->cap_msix + 2, 2);

	d->report_len = 0;
	put(d, &hdr, sizeof(hdr));
	for (bar = 0; bar < FUNC_NR_BARS; bar++) {
		uint32_t attr = 0;

		if (!f->bar_size[bar])
			continue;
		if (bar == 2) {
			put_bar2(d, mmio_offset);
			continue;
		}
		if (bar == BAR_NON_TEE) {
			attr |= TDISP_RANGE_NON_TEE;
			if (msix_locked)
				attr |= TDISP_RANGE_MSIX_TABLE | TDISP_RANGE_MSIX_PBA;
		}
		put_range(d, bar, 0, f->bar_size[bar] >> TDISP_PAGE_SHIFT, attr, mmio_offset);
	}
	put(d, &tail, sizeof(tail));
	put(d, info, sizeof(info) - 1);
	dsm_spoil_report(d, d->report);
}

/* The shifted addresses neither wrap nor leave the range that a page number has. */
static bool offset_fits(const struct dsm *d, uint64_t offset)
{
	int bar;

	if (offset & ((1u << TDISP_PAGE_SHIFT) - 1))
		return false;
	for (bar = 0; bar < FUNC_NR_BARS; bar++) {
		uint64_t at = d->bar_hpa[bar] + offset;

		if ((int64_t)offset >= 0 ? at < offset : at > d->bar_hpa[bar])
			return false;
		if (at >> DEV_ADDR_WIDTH)
			return false;
	}
	return true;
}

static ssize_t lock(struct dsm *d, const void *in, void *out)
{
	const struct tdisp_lock_req *req = in;
	struct tdisp_lock_rsp *rsp = out;
	uint16_t flags = le16toh(req->flags);
	uint64_t offset = le64toh(req->mmio_reporting_offset);

	if (flags & ~LOCK_FLAGS_SUPPORTED || req->bind_p2p_mask)
		return fail(out, TDISP_ERR_INVALID_REQUEST, 0);
	if (!offset_fits(d, offset))
		return fail(out, TDISP_ERR_INVALID_REQUEST, 0);
	if (!stream_fits(d->func, req->default_stream) || bars_overlap(d->func))
		return fail(out, TDISP_ERR_INVALID_DEVICE_CONFIGURATION, 0);

	d->lock_flags = flags;
	build_report(d, offset);
	emu_random(d->start_nonce, sizeof(d->start_nonce));
	d->start_nonce_valid = true;
	d->func->stats.locks++;
	dsm_set_state(d, TDISP_CONFIG_LOCKED);

	rsp->hdr.type = TDISP_MSG_LOCK_RESPONSE;
	memcpy(rsp->nonce, d->start_nonce, sizeof(rsp->nonce));
	return sizeof(*rsp);
}

static ssize_t get_report(struct dsm *d, const void *in, void *out)
{
	const struct tdisp_get_report *req = in;
	struct tdisp_report_rsp *rsp = out;
	size_t at = le16toh(req->offset), n = le16toh(req->length);

	if (at >= d->report_len || !n)
		return fail(out, TDISP_ERR_INVALID_REQUEST, 0);
	if (n > DSM_REPORT_PORTION)
		n = DSM_REPORT_PORTION;
	if (n > d->report_len - at)
		n = d->report_len - at;
	rsp->hdr.type = TDISP_MSG_INTERFACE_REPORT;
	rsp->portion_len = htole16(n);
	rsp->remainder_len = htole16(d->report_len - at - n);
	memcpy(rsp->data, d->report + at, n);
	return sizeof(*rsp) + n;
}

static ssize_t get_state(struct dsm *d, const void *req, void *out)
{
	struct tdisp_state_rsp *rsp = out;

	(void)req;
	rsp->hdr.type = TDISP_MSG_INTERFACE_STATE;
	rsp->state = d->state;
	return sizeof(*rsp);
}

static ssize_t start(struct dsm *d, const void *in, void *out)
{
	const struct tdisp_start_req *req = in;
	struct tdisp_msg_hdr *rsp = out;

	if (!d->start_nonce_valid || memcmp(req->nonce, d->start_nonce, sizeof(req->nonce)))
		return fail(out, TDISP_ERR_INVALID_NONCE, 0);
	d->start_nonce_valid = false;
	d->func->stats.starts++;
	dsm_set_state(d, TDISP_RUN);
	rsp->type = TDISP_MSG_START_RESPONSE;
	return sizeof(*rsp);
}

static ssize_t stop(struct dsm *d, const void *req, void *out)
{
	struct tdisp_msg_hdr *rsp = out;

	(void)req;
	/*
	 * 11.2: what a TVM left in the interface must not be there when it is
	 * CONFIG_UNLOCKED. Nothing of the kind, if it was unlocked before.
	 */
	if (d->state != TDISP_CONFIG_UNLOCKED) {
		pci_clear_scratch(d->func);
		if (d->func->ops && d->func->ops->reset)
			d->func->ops->reset(d->func);
		d->func->stats.stops++;
	}
	dsm_vm_reset(d);
	rsp->type = TDISP_MSG_STOP_RESPONSE;
	return sizeof(*rsp);
}

#define IN(state)	(1u << TDISP_##state)
#define IN_ANY		(IN(CONFIG_UNLOCKED) | IN(CONFIG_LOCKED) | IN(RUN) | IN(ERROR))

static const struct {
	uint8_t type;
	uint8_t states;		/* where it is legal, 11.3 */
	size_t len;
	ssize_t (*answer)(struct dsm *d, const void *req, void *rsp);
} requests[] = {
	{ TDISP_MSG_GET_VERSION, IN_ANY, sizeof(struct tdisp_msg_hdr), get_version },
	{ TDISP_MSG_GET_CAPABILITIES, IN_ANY, sizeof(struct tdisp_get_capabilities),
	  get_capabilities },
	{ TDISP_MSG_LOCK_INTERFACE, IN(CONFIG_UNLOCKED), sizeof(struct tdisp_lock_req), lock },
	{ TDISP_MSG_GET_INTERFACE_REPORT, IN(CONFIG_LOCKED) | IN(RUN),
	  sizeof(struct tdisp_get_report), get_report },
	{ TDISP_MSG_GET_INTERFACE_STATE, IN_ANY, sizeof(struct tdisp_msg_hdr), get_state },
	{ TDISP_MSG_START_INTERFACE, IN(CONFIG_LOCKED), sizeof(struct tdisp_start_req), start },
	{ TDISP_MSG_STOP_INTERFACE, IN_ANY, sizeof(struct tdisp_msg_hdr), stop },
};

static ssize_t answer(struct dsm *d, const void *req, size_t len, void *rsp)
{
	const struct tdisp_msg_hdr *hdr = req;
	size_t i;

	if (len < sizeof(*hdr))
		return fail(rsp, TDISP_ERR_INVALID_REQUEST, 0);
	if (hdr->version != TDISP_VERSION_1_0)
		return fail(rsp, TDISP_ERR_VERSION_MISMATCH, 0);
	if (le32toh(hdr->function_id) != d->func->handle)
		return fail(rsp, TDISP_ERR_INVALID_INTERFACE, 0);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if (requests[i].type != hdr->type)
			continue;
		if (len != requests[i].len)
			return fail(rsp, TDISP_ERR_INVALID_REQUEST, 0);
		if (!(requests[i].states & 1u << d->state))
			return fail(rsp, TDISP_ERR_INVALID_INTERFACE_STATE, 0);
		return requests[i].answer(d, req, rsp);
	}
	return fail(rsp, TDISP_ERR_UNSUPPORTED_REQUEST, hdr->type);
}

ssize_t dsm_tdisp(struct dsm *d, const void *req, size_t len, void *rsp, size_t size)
{
	uint8_t buf[sizeof(struct tdisp_report_rsp) + DSM_REPORT_PORTION] = { 0 };
	struct tdisp_msg_hdr *hdr = (void *)buf;
	ssize_t n;

	static_assert(sizeof(buf) >= sizeof(struct tdisp_lock_rsp), "room for each response");
	static_assert(sizeof(buf) >= sizeof(struct tdisp_capabilities_rsp), "as above");
	hdr->version = TDISP_VERSION_1_0;
	hdr->function_id = htole32(d->func->handle);
	n = answer(d, req, len, buf);
	if ((size_t)n > size)
		return -EMSGSIZE;
	memcpy(rsp, buf, n);
	return n;
}
