// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM of the SEV-TIO personality: GHCB exits. It relays sealed messages to the PSP,
 * of which it sees the type alone, has devices locked, started and stopped by TIO_OP,
 * and hands over their objects in a buffer of the guest's. And lies: host_tells() marks
 * where one of sev_lies.c may be told.
 */
#include <stdlib.h>

#include "sev.h"

/* A GHCB exit being answered. */
struct exit {
	struct emu *emu;
	struct host *host;
	struct sev *sev;
	struct func *func;
	uint64_t info1, info2, rax, rbx, rcx, rdx;
	uint8_t type;			/* of the message */
};

static uint64_t vmm_err(enum sev_vmm_err err)
{
	return (uint64_t)err << 32;
}

static bool tells(struct exit *x, const char *lie)
{
	return host_tells(x->host, lie, x->func);
}

static struct func *tdi_at(struct emu *e, uint32_t device_id)
{
	struct func *f = emu_func_by_sbdf(e, device_id);
	unsigned int i;

	/* A guest of version 1 has bus and devfn only. */
	for (i = 0; !f && i < e->nr_funcs; i++) {
		if (e->func[i]->announced && (e->func[i]->sbdf & 0xffff) == device_id)
			f = e->func[i];
	}
	return f && f->tdi ? f : NULL;
}

/* ---- TIO_OP --------------------------------------------------------------------------- */

void sev_rebind(struct emu *e, struct func *f)
{
	host_relock(e->host, f);
	sev_psp_bind(e, f);
}

static uint32_t fw_error(enum emu_status status)
{
	return status ? SEV_FW_DEVICE : SEV_FW_OK;
}

static uint32_t op_bind(struct exit *x)
{
	/* No word of the guest's says with which flags. */
	const struct emu_lock_req req = { .lock_flags = htole16(TDISP_LOCK_NO_FW_UPDATE) };
	uint32_t err = fw_error(host_relay(x->host, EMU_HOST_LOCK, x->func, &req, NULL));
	struct sev_func *sf = sev_func(x->emu, x->func);
	unsigned int i;

	if (err)
		return err;
	x->rcx = sev_psp_bind(x->emu, x->func);
	if (sf->last_id && tells(x, "tio-stale-id"))
		x->rcx = sf->last_id;
	for (i = 0; i < x->emu->nr_funcs; i++) {
		uint64_t other = x->sev->func[i].id;

		if (x->emu->func[i] != x->func && other && tells(x, "tio-other-id"))
			x->rcx = other;
	}
	return SEV_FW_OK;
}

static uint32_t op_run(struct exit *x)
{
	if (tells(x, "tio-rebind-on-run"))
		sev_rebind(x->emu, x->func);
	/* The PSP asks no guest. */
	tsm_allow_start(x->func->tdi);
	return fw_error(host_relay(x->host, EMU_HOST_START, x->func, NULL, NULL));
}

static uint32_t op_stop(struct exit *x)
{
	uint32_t err = sev_psp_may_stop(x->emu, x->func);

	if (err)
		return err;
	return fw_error(host_relay(x->host, EMU_HOST_STOP, x->func, NULL, NULL));
}

static uint64_t tio_op(struct exit *x)
{
	uint64_t op = x->info1 >> 32;

	x->func = tdi_at(x->emu, x->info1);
	if (!x->func)
		return SEV_FW_INVALID_TDI;
	if (tells(x, "tio-busy"))
		return vmm_err(SEV_VMM_ERR_BUSY);
	if ((op == SEV_TIO_OP_STOP || op == SEV_TIO_OP_UNBIND) && tells(x, "tio-drop-stop"))
		return SEV_FW_OK;
	if (op == SEV_TIO_OP_RUN && tells(x, "tio-drop-run"))
		return SEV_FW_OK;
	if (op == SEV_TIO_OP_RUN && tells(x, "run-unstarted")) {
		sev_func(x->emu, x->func)->pretends = true;
		return SEV_FW_OK;
	}
	sev_func(x->emu, x->func)->pretends = false;
	switch (op) {
	case SEV_TIO_OP_BIND:
		return op_bind(x);
	case SEV_TIO_OP_UNBIND:
		return sev_psp_unbind(x->emu, x->func);
	case SEV_TIO_OP_RUN:
		return op_run(x);
	case SEV_TIO_OP_STOP:
		return op_stop(x);
	default:
		return SEV_FW_BAD_MESSAGE;
	}
}

/* ---- the buffer of objects --------------------------------------------------------------- */

/* The objects, in the order of the table. */
enum { BLOB_CERTS, BLOB_MEAS, BLOB_REPORT, NR_BLOBS };

struct blobs {
	uint8_t *data[NR_BLOBS];
	size_t len[NR_BLOBS];
};

static void free_blobs(struct blobs *b)
{
	int i;

	for (i = 0; i < NR_BLOBS; i++)
		free(b->data[i]);
}

/* VCA and transcript, as the PSP has digested them. */
static void get_measurements(struct exit *x, struct blobs *b)
{
	size_t vca_len = 0, log_len = 0;
	uint8_t *vca = host_object(x->host, x->func, EMU_OBJ_VCA, &vca_len);
	uint8_t *log = host_object(x->host, x->func, EMU_OBJ_MEASUREMENTS, &log_len);

	if (vca && log) {
		b->data[BLOB_MEAS] = malloc(vca_len + log_len);
		if (!b->data[BLOB_MEAS])
			abort();
		memcpy(b->data[BLOB_MEAS], vca, vca_len);
		memcpy(b->data[BLOB_MEAS] + vca_len, log, log_len);
		b->len[BLOB_MEAS] = vca_len + log_len;
	}
	free(vca);
	free(log);
}

static void get_blobs(struct exit *x, struct blobs *b)
{
	if (!(x->rdx & SEV_INFO_SKIP_CERTS))
		b->data[BLOB_CERTS] = host_object(x->host, x->func, EMU_OBJ_CERTS,
						  &b->len[BLOB_CERTS]);
	if (!(x->rdx & SEV_INFO_SKIP_MEAS))
		get_measurements(x, b);
	if (!(x->rdx & SEV_INFO_SKIP_REPORT))
		b->data[BLOB_REPORT] = host_object(x->host, x->func, EMU_OBJ_REPORT,
						   &b->len[BLOB_REPORT]);
}

/* The guest's buffer, NULL if it has none, or shares it not. */
static uint8_t *data_buffer(struct exit *x)
{
	uint64_t i;

	if (!x->rbx || x->rax % SEV_PAGE_SIZE || x->rbx > 1u << 20)
		return NULL;
	for (i = 0; i < x->rbx; i++) {
		if (tsm_page(x->emu->tsm, x->rax + i * SEV_PAGE_SIZE) != PAGE_SHARED)
			return NULL;
	}
	return ram_mem(x->rax, x->rbx * SEV_PAGE_SIZE);
}

static uint64_t pages_needed(const struct blobs *b)
{
	uint64_t bytes = (NR_BLOBS + 1) * sizeof(struct sev_blob_entry);
	int i;

	for (i = 0; i < NR_BLOBS; i++)
		bytes += b->len[i];
	return (bytes + SEV_PAGE_SIZE - 1) / SEV_PAGE_SIZE;
}

static void lie_in_table(struct exit *x, struct sev_blob_entry *entry, unsigned int nr)
{
	if (nr < 2)
		return;
	if (tells(x, "blob-swap")) {
		struct sev_blob_entry first = entry[0];

		entry[0].offset = entry[nr - 1].offset;
		entry[0].len = entry[nr - 1].len;
		entry[nr - 1].offset = first.offset;
		entry[nr - 1].len = first.len;
	}
	if (tells(x, "blob-past-end"))
		entry[nr - 1].len = htole32(x->rbx * SEV_PAGE_SIZE);
	if (tells(x, "blob-overflow")) {
		entry[0].offset = htole32(0xfffff000);
		entry[0].len = htole32(0x2000);
	}
	if (tells(x, "blob-in-table"))
		entry[0].offset = htole32(8);
	if (tells(x, "blob-overlap"))
		entry[1].offset = entry[0].offset;
	if (tells(x, "blob-twice"))
		memcpy(entry[1].guid, entry[0].guid, sizeof(entry[1].guid));
	if (tells(x, "blob-unknown"))
		memset(entry[0].guid, 0x5a, sizeof(entry[0].guid));
	if (tells(x, "blob-none"))
		memset(entry, 0, sizeof(*entry));
	if (tells(x, "blob-empty"))
		entry[nr - 1].len = 0;
}

static void put_blobs(struct exit *x, const struct blobs *b, uint8_t *buf)
{
	static const uint8_t guid[NR_BLOBS][16] = {
		SEV_GUID_CERTS, SEV_GUID_MEASUREMENTS, SEV_GUID_REPORT,
	};
	struct sev_blob_entry *entry = (void *)buf;
	size_t at = (NR_BLOBS + 1) * sizeof(*entry);
	unsigned int i, nr = 0;

	memset(buf, 0, at);
	for (i = 0; i < NR_BLOBS; i++) {
		if (!b->data[i])
			continue;
		memcpy(entry[nr].guid, guid[i], sizeof(guid[i]));
		entry[nr].offset = htole32(at);
		entry[nr].len = htole32(b->len[i]);
		memcpy(buf + at, b->data[i], b->len[i]);
		at += b->len[i];
		nr++;
	}
	lie_in_table(x, entry, nr);
}

/* ---- TIO_GUEST_REQUEST ---------------------------------------------------------------------- */

static bool is_type(const struct exit *x, uint8_t type, uint8_t type_2024)
{
	return x->type == type || x->type == type_2024;
}

/* Has the device measured, with the nonce of the buffer. */
static uint64_t measure(struct exit *x, const uint8_t *buf)
{
	uint8_t nonce[EMU_NONCE_SIZE];
	enum tdisp_state state = tsm_state(x->func->tdi);

	if (x->rdx & SEV_INFO_SKIP_MEAS ||
	    (state != TDISP_CONFIG_LOCKED && state != TDISP_RUN))
		return SEV_FW_OK;
	memcpy(nonce, buf, sizeof(nonce));
	if (host_relay(x->host, EMU_HOST_MEASURE, x->func, nonce, NULL))
		return SEV_FW_DEVICE;
	sev_func(x->emu, x->func)->fresh = true;
	return SEV_FW_OK;
}

static enum tdisp_state state_word(struct exit *x)
{
	if (tells(x, "state-unlocked"))
		return TDISP_CONFIG_UNLOCKED;
	if (tells(x, "state-locked"))
		return TDISP_CONFIG_LOCKED;
	if (tells(x, "state-always-run"))
		return TDISP_RUN;
	if (tells(x, "state-error"))
		return TDISP_ERROR;
	if (tells(x, "state-unknown"))
		return TDISP_ERROR + 4;
	if (sev_func(x->emu, x->func)->pretends)
		return TDISP_RUN;
	return tsm_state(x->func->tdi);
}

static bool wants_more(struct exit *x, const struct blobs *b, uint64_t *pages)
{
	*pages = pages_needed(b);
	if (tells(x, "buffer-never-enough"))
		*pages = x->rbx + 1;
	if (tells(x, "buffer-huge"))
		*pages = 1ull << 40;
	if (tells(x, "buffer-same"))
		*pages = x->rbx;
	else if (*pages <= x->rbx)
		return false;
	return true;
}

static uint64_t tdi_info(struct exit *x)
{
	uint8_t *buf = data_buffer(x);
	struct blobs b = { 0 };
	uint64_t err, pages;

	if (x->rbx && !buf)
		return SEV_FW_INVALID_PAGE;
	err = buf ? measure(x, buf) : 0;
	if (err)
		return err;
	if (buf) {
		get_blobs(x, &b);
		if (wants_more(x, &b, &pages)) {
			free_blobs(&b);
			x->rbx = pages;
			return vmm_err(SEV_VMM_ERR_INVALID_LEN);
		}
	}
	err = sev_psp_request(x->emu, x->info1, x->info2);
	if (!err && buf)
		put_blobs(x, &b, buf);
	free_blobs(&b);
	x->rdx = state_word(x);
	return err;
}

/* Maps what the guest is about to have validated; RDX and RCX say what. */
static void map(struct exit *x, bool v1)
{
	struct sev_func *sf = sev_func(x->emu, x->func);
	uint64_t gpa = x->rdx & SEV_MMIO_GPA, n;
	bool private = x->rdx & (v1 ? SEV_MMIO_OLD_PRIVATE : SEV_MMIO_NEW_PRIVATE);
	unsigned int i;

	n = v1 ? 1ull << (x->rdx >> 4 & 0xff & 63) : x->rcx >> 32;
	if (!gpa || !n || tells(x, "map-nothing"))
		return;
	for (i = 0; i < sf->nr_mapped; i++) {
		uint64_t first = sf->mapped[i].gpa;

		if (first == gpa && sf->mapped[i].n == n)
			break;
		/* A page of what is mapped already. */
		if (private && gpa >= first && (gpa - first) / SEV_PAGE_SIZE + n <= sf->mapped[i].n)
			break;
	}
	if (private && i == sf->nr_mapped && i < SEV_MAX_MAPPED) {
		sf->mapped[i].gpa = gpa;
		sf->mapped[i].n = n;
		sf->nr_mapped++;
	} else if (!private && i < sf->nr_mapped) {
		sf->mapped[i] = sf->mapped[--sf->nr_mapped];
	}
}

static uint64_t mmio_validate(struct exit *x)
{
	const struct snp_msg_hdr *hdr = ram_mem(x->info1, SEV_PAGE_SIZE);
	bool v1 = hdr && hdr->version == SEV_MSG_V1;
	bool private = x->rdx & (v1 ? SEV_MMIO_OLD_PRIVATE : SEV_MMIO_NEW_PRIVATE);

	if (private) {
		host_before(x->host, EMU_TSM_MMIO_ACCEPT, x->func);
		if (tells(x, "tio-rebind-on-validate"))
			sev_rebind(x->emu, x->func);
	}
	map(x, v1);
	return sev_psp_request(x->emu, x->info1, x->info2);
}

static uint64_t sdte_write(struct exit *x)
{
	if (tells(x, "sdte-drop"))
		return SEV_FW_DEVICE;
	if (x->rdx & SEV_SDTE_VALIDATE) {
		host_before(x->host, EMU_TSM_DMA_ENABLE, x->func);
		if (tells(x, "tio-rebind-on-sdte"))
			sev_rebind(x->emu, x->func);
	}
	return sev_psp_request(x->emu, x->info1, x->info2);
}

/* A response on its way to the guest, sealed as it is. */
static void lie_in_response(struct exit *x)
{
	uint8_t page[SEV_PAGE_SIZE], *at = ram_mem(x->info2, SEV_PAGE_SIZE);
	struct snp_msg_hdr *hdr = (void *)page;

	if (!at || tsm_page(x->emu->tsm, x->info2) != PAGE_SHARED)
		return;
	memcpy(page, at, sizeof(page));
	if (tells(x, "msg-wrong-type"))
		hdr->type++;
	if (tells(x, "msg-wrong-version"))
		hdr->version ^= 3;
	if (tells(x, "msg-skew-seqno"))
		hdr->seqno = htole64(le64toh(hdr->seqno) + 2);
	if (tells(x, "msg-long"))
		hdr->size = htole16(0xffff);
	if (tells(x, "msg-other-key"))
		hdr->vmpck ^= 1;
	if (is_type(x, SEV_MSG_MMIO_VALIDATE, SEV_MSG_2024_MMIO_VALIDATE) && tells(x, "grant-flip"))
		page[SNP_HDR_SIZE] ^= 1;
	if (is_type(x, SEV_MSG_SDTE_WRITE, SEV_MSG_2024_SDTE_WRITE) && tells(x, "sdte-flip"))
		page[SNP_HDR_SIZE] ^= 1;
	if (tells(x, "msg-flip-text"))
		page[SNP_HDR_SIZE + 8] ^= 1;
	if (tells(x, "msg-flip-tag"))
		hdr->authtag[0] ^= 0x80;
	/* Looked at by nobody but the seal. */
	if (tells(x, "msg-flip-header"))
		hdr->rsvd3[7] ^= 4;
	if (tells(x, "msg-none"))
		memset(page, 0, sizeof(page));
	if (x->sev->has_last && tells(x, "msg-replay"))
		memcpy(page, x->sev->last_response, sizeof(page));
	memcpy(x->sev->last_response, at, sizeof(page));
	x->sev->has_last = true;
	memcpy(at, page, sizeof(page));
}

static uint64_t guest_request(struct exit *x)
{
	uint64_t err;

	x->type = sev_msg_type_at(x->emu, x->info1);
	x->func = tdi_at(x->emu, x->rcx);
	if (!x->func)
		return SEV_FW_INVALID_TDI;
	if (tells(x, "msg-busy"))
		return vmm_err(SEV_VMM_ERR_BUSY);
	if (tells(x, "msg-fw-error"))
		return SEV_FW_DEVICE;
	if (is_type(x, SEV_MSG_TDI_INFO, SEV_MSG_2024_TDI_INFO))
		err = tdi_info(x);
	else if (is_type(x, SEV_MSG_MMIO_VALIDATE, SEV_MSG_2024_MMIO_VALIDATE))
		err = mmio_validate(x);
	else if (is_type(x, SEV_MSG_SDTE_WRITE, SEV_MSG_2024_SDTE_WRITE))
		err = sdte_write(x);
	else
		err = sev_psp_request(x->emu, x->info1, x->info2);
	if (!err)
		lie_in_response(x);
	return err;
}

/* ---- exits -------------------------------------------------------------------------------- */

int sev_host_regs(struct emu *e, struct emu_regs *regs)
{
	struct exit x = {
		.emu = e,
		.host = e->host,
		.sev = sev_of(e),
		.info1 = le64toh(regs->r[SEV_GHCB_EXITINFO1]),
		.info2 = le64toh(regs->r[SEV_GHCB_EXITINFO2]),
		.rax = le64toh(regs->r[SEV_GHCB_RAX]),
		.rbx = le64toh(regs->r[SEV_GHCB_RBX]),
		.rcx = le64toh(regs->r[SEV_GHCB_RCX]),
		.rdx = le64toh(regs->r[SEV_GHCB_RDX]),
	};
	uint64_t err;

	switch (le64toh(regs->r[SEV_GHCB_EXITCODE])) {
	case SEV_EXIT_TIO_GUEST_REQUEST:
		err = guest_request(&x);
		break;
	case SEV_EXIT_TIO_OP:
		err = tio_op(&x);
		break;
	default:
		/* As KVM answers an exit it does not know: malformed input. */
		return EMU_E_CALL;
	}
	regs->r[SEV_GHCB_EXITINFO2] = htole64(err);
	regs->r[SEV_GHCB_RBX] = htole64(x.rbx);
	regs->r[SEV_GHCB_RCX] = htole64(x.rcx);
	regs->r[SEV_GHCB_RDX] = htole64(x.rdx);
	return EMU_OK;
}
