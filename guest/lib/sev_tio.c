// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SEV-TIO's messages. The wire header says which source each layout and number has;
 * what differs between them is decided here, by struct sev_dialect, and nowhere else.
 */
#include "../include/tdisp/cursor.h"
#include "../include/tdisp/sev_tio.h"

static const struct {
	const char *name;
	u8 type;
	u8 type_2024;
	size_t request;
	size_t response;
} msgs[] = {
	[SEV_TDI_INFO] = { "TDI_INFO", SEV_MSG_TDI_INFO, SEV_MSG_2024_TDI_INFO,
			   sizeof(struct sev_tdi_info_req), sizeof(struct sev_tdi_info_rsp) },
	[SEV_MMIO_VALIDATE] = { "MMIO_VALIDATE", SEV_MSG_MMIO_VALIDATE,
				SEV_MSG_2024_MMIO_VALIDATE, sizeof(struct sev_mmio_validate),
				sizeof(struct sev_mmio_validate) },
	[SEV_MMIO_CONFIG] = { "MMIO_CONFIG", SEV_MSG_MMIO_CONFIG, SEV_MSG_2024_MMIO_CONFIG,
			      sizeof(struct sev_mmio_config), sizeof(struct sev_mmio_config) },
	[SEV_SDTE_WRITE] = { "SDTE_WRITE", SEV_MSG_SDTE_WRITE, SEV_MSG_2024_SDTE_WRITE,
			     sizeof(struct sev_sdte_write_req), sizeof(struct sev_sdte_write_rsp) },
};

static_assert(ARRAY_SIZE(msgs) == SEV_NR_MSGS, "every message has its numbers");

/* Fields of structures, which may start at any address. */
static u16 get16(const void *p)
{
	return get_unaligned_le16(p);
}

static u32 get32(const void *p)
{
	return get_unaligned_le32(p);
}

static u64 get64(const void *p)
{
	return get_unaligned_le64(p);
}

static int refuse(struct tdisp_why *why, const char *check, size_t offset, u64 expected, u64 found)
{
	return tdisp_refuse(why, -EBADMSG, check, offset, TDISP_WHY_NO_INDEX, expected, found);
}

const char *sev_msg_name(enum sev_msg msg)
{
	return msgs[msg].name;
}

u8 sev_request_type(const struct sev_dialect *d, enum sev_msg msg)
{
	return d->types_2024 ? msgs[msg].type_2024 : msgs[msg].type;
}

u8 sev_response_type(const struct sev_dialect *d, enum sev_msg msg)
{
	return d->types_2024 ? msgs[msg].type_2024 - 0x80 : msgs[msg].type + 1;
}

size_t sev_request_size(enum sev_msg msg)
{
	return msgs[msg].request;
}

size_t sev_response_size(enum sev_msg msg)
{
	return msgs[msg].response;
}

/* --- envelope ------------------------------------------------------------------ */

int snp_next_seqno(u32 used, u32 *ret)
{
	if (used > 0xffffffffu - 2)
		return -EOVERFLOW;
	*ret = used + 1;
	return 0;
}

void snp_iv(u64 seqno, u8 iv[SNP_IV_LEN])
{
	memset(iv, 0, SNP_IV_LEN);
	put_unaligned_le64(seqno, iv);
}

void snp_hdr_init(struct snp_msg_hdr *hdr, u64 seqno, u8 type, u8 version, u16 size, u8 vmpck)
{
	*hdr = (struct snp_msg_hdr) {
		.algo		= SNP_AEAD_AES_256_GCM,
		.hdr_version	= SNP_HDR_VERSION,
		.type		= type,
		.version	= version,
		.vmpck		= vmpck,
	};
	put_unaligned_le64(seqno, &hdr->seqno);
	put_unaligned_le16(SNP_HDR_SIZE, &hdr->hdr_size);
	put_unaligned_le16(size, &hdr->size);
}

int snp_hdr_check(const struct snp_msg_hdr *hdr, const struct snp_msg_hdr *want,
		  struct tdisp_why *why)
{
	if (get64(&hdr->seqno) != get64(&want->seqno))
		return refuse(why, "response's sequence number", offsetof(typeof(*hdr), seqno),
			      get64(&want->seqno), get64(&hdr->seqno));
	if (hdr->type != want->type)
		return refuse(why, "response's type", offsetof(typeof(*hdr), type), want->type,
			      hdr->type);
	if (hdr->version != want->version)
		return refuse(why, "response's version", offsetof(typeof(*hdr), version),
			      want->version, hdr->version);
	if (hdr->algo != want->algo)
		return refuse(why, "response's algorithm", offsetof(typeof(*hdr), algo),
			      want->algo, hdr->algo);
	if (hdr->hdr_version != want->hdr_version)
		return refuse(why, "response's header version",
			      offsetof(typeof(*hdr), hdr_version), want->hdr_version,
			      hdr->hdr_version);
	if (get16(&hdr->hdr_size) != get16(&want->hdr_size))
		return refuse(why, "response's header size", offsetof(typeof(*hdr), hdr_size),
			      get16(&want->hdr_size), get16(&hdr->hdr_size));
	if (get16(&hdr->size) != get16(&want->size))
		return refuse(why, "response's size", offsetof(typeof(*hdr), size),
			      get16(&want->size), get16(&hdr->size));
	if (hdr->vmpck != want->vmpck)
		return refuse(why, "response's key", offsetof(typeof(*hdr), vmpck), want->vmpck,
			      hdr->vmpck);
	return 0;
}

/* --- identity ------------------------------------------------------------------ */

static void put_id(const struct sev_dialect *d, u64 id, union sev_id *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (d->version == SEV_MSG_V1)
		put_unaligned_le16(id, &ret->v1.guest_device_id);
	else
		put_unaligned_le64(id, &ret->v2.tdi_id);
}

/* Is the response about the TDI that was asked for? */
static int get_id(const struct sev_dialect *d, u64 id, const union sev_id *rsp, u16 *status,
		  struct tdisp_why *why)
{
	bool v1 = d->version == SEV_MSG_V1;
	u64 found = v1 ? get16(&rsp->v1.guest_device_id) : get64(&rsp->v2.tdi_id);

	if (v1)
		id = (u16)id;
	if (found != id)
		return refuse(why, v1 ? "response's guest_device_id" : "response's tdi_id", 0, id,
			      found);
	*status = get16(v1 ? &rsp->v1.status : &rsp->v2.status);
	return 0;
}

/* --- TDI_INFO ------------------------------------------------------------------ */

void sev_info_request(const struct sev_dialect *d, u64 id, struct sev_tdi_info_req *req)
{
	put_id(d, id, &req->id);
}

int sev_info_parse(const struct sev_dialect *d, u64 id, const struct sev_tdi_info_rsp *rsp,
		   struct sev_info *ret, struct tdisp_why *why)
{
	u32 meas = get32(&rsp->meas_flags), lock = get32(&rsp->lock_flags);
	u16 status;
	int err;

	err = get_id(d, id, &rsp->id, &status, why);
	if (err)
		return err;
	if (status > SEV_INFO_UNBOUND)
		return refuse(why, "TDI's status, at most", 0, SEV_INFO_UNBOUND, status);
	if (lock & ~SEV_LOCK_FLAGS)
		return refuse(why, "lock flags that are known",
			      offsetof(typeof(*rsp), lock_flags), SEV_LOCK_FLAGS, lock);
	*ret = (struct sev_info) {
		.status		= (enum sev_info_status)status,
		.meas_valid	= meas & SEV_MEAS_DIGEST_VALID,
		.lock_flags	= lock,
		.spdm_algos	= get64(&rsp->spdm_algos),
		.report_count	= get64(&rsp->tdi_report_count),
	};
	memcpy(ret->certs, rsp->certs_digest, sizeof(ret->certs));
	memcpy(ret->meas, rsp->meas_digest, sizeof(ret->meas));
	memcpy(ret->report, rsp->report_digest, sizeof(ret->report));
	return 0;
}

/* --- MMIO_VALIDATE -------------------------------------------------------------- */

/* The old word has an order, the new one a count. */
u32 sev_validate_chunk(const struct sev_dialect *d, u64 nr)
{
	u32 n = nr > 0x80000000u ? 0x80000000u : (u32)nr;
	u32 chunk = 1;

	if (d->version != SEV_MSG_V1)
		return n;
	while (chunk <= n / 2)
		chunk *= 2;
	return chunk;
}

static bool counts_frames(const struct sev_dialect *d)
{
	return d->version == SEV_MSG_V2 && !d->base_is_gpa;
}

void sev_validate_request(const struct sev_dialect *d, u64 id, const struct sev_pages *pages,
			  bool validated, struct sev_mmio_validate *req)
{
	u64 base = counts_frames(d) ? pages->addr >> SEV_PAGE_SHIFT : pages->addr;

	memset(req, 0, sizeof(*req));
	put_unaligned_le64(base, &req->base);
	put_unaligned_le32(pages->nr, &req->page_count);
	put_unaligned_le32(pages->first, &req->range_offset);
	put_unaligned_le16(validated ? SEV_VALIDATE_VALIDATED : 0, &req->flags);
	put_unaligned_le16(pages->range_id, &req->range_id);
	put_id(d, id, &req->id);
}

u64 sev_validate_rdx(const struct sev_dialect *d, const struct sev_pages *pages, bool validated)
{
	u64 word = pages->addr & SEV_MMIO_GPA;
	unsigned int order = 0;

	if (d->version == SEV_MSG_V2)
		return word | (validated ? SEV_MMIO_NEW_PRIVATE : 0);
	while (1ULL << order < pages->nr)
		order++;
	return word | SEV_MMIO_OLD_ORDER(order) | (validated ? SEV_MMIO_OLD_PRIVATE : 0) |
	       (pages->range_id & SEV_MMIO_OLD_RANGE);
}

u64 sev_validate_rcx(const struct sev_dialect *d, const struct sev_pages *pages, u32 device_id)
{
	return d->version == SEV_MSG_V2 ? SEV_MMIO_NEW_RCX(pages->nr, device_id) : device_id;
}

int sev_validate_parse(const struct sev_dialect *d, const struct sev_mmio_validate *req,
		       const struct sev_mmio_validate *rsp, u16 *status, bool *changed,
		       struct tdisp_why *why)
{
	bool v1 = d->version == SEV_MSG_V1;
	u64 id = v1 ? get16(&req->id.v1.guest_device_id) : get64(&req->id.v2.tdi_id);
	int err = get_id(d, id, &rsp->id, status, why);

	if (err)
		return err;
	if (get64(&rsp->base) != get64(&req->base))
		return refuse(why, "response's base", offsetof(typeof(*rsp), base),
			      get64(&req->base), get64(&rsp->base));
	if (get32(&rsp->page_count) != get32(&req->page_count))
		return refuse(why, "response's page count", offsetof(typeof(*rsp), page_count),
			      get32(&req->page_count), get32(&rsp->page_count));
	if (get32(&rsp->range_offset) != get32(&req->range_offset))
		return refuse(why, "response's offset in the range",
			      offsetof(typeof(*rsp), range_offset), get32(&req->range_offset),
			      get32(&rsp->range_offset));
	if (get16(&rsp->range_id) != get16(&req->range_id))
		return refuse(why, "response's range id", offsetof(typeof(*rsp), range_id),
			      get16(&req->range_id), get16(&rsp->range_id));
	*changed = get16(&rsp->flags) & SEV_VALIDATE_CHANGED;
	return 0;
}

/* --- MMIO_CONFIG ------------------------------------------------------------------ */

void sev_config_request(u64 id, u16 range_id, struct sev_mmio_config *req)
{
	memset(req, 0, sizeof(*req));
	put_unaligned_le16(id, &req->guest_device_id);
	put_unaligned_le16(range_id, &req->range_id);
}

int sev_config_parse(const struct sev_mmio_config *req, const struct sev_mmio_config *rsp,
		     u16 *status, u16 *flags, struct tdisp_why *why)
{
	if (get16(&rsp->guest_device_id) != get16(&req->guest_device_id))
		return refuse(why, "response's guest_device_id", 0, get16(&req->guest_device_id),
			      get16(&rsp->guest_device_id));
	if (get16(&rsp->range_id) != get16(&req->range_id))
		return refuse(why, "response's range id", offsetof(typeof(*rsp), range_id),
			      get16(&req->range_id), get16(&rsp->range_id));
	*status = get16(&rsp->status);
	*flags = get16(&rsp->flags);
	return 0;
}

/* --- SDTE_WRITE ------------------------------------------------------------------- */

void sev_sdte(u64 vtom, u8 vmpl, u8 sdte[SEV_SDTE_SIZE])
{
	u64 top = vtom ? vtom >> SEV_SDTE_VTOM_UNIT : SEV_SDTE_Q5_VTOM_MAX;

	memset(sdte, 0, SEV_SDTE_SIZE);
	put_unaligned_le64(SEV_SDTE_Q0_V | SEV_SDTE_Q0_IR | SEV_SDTE_Q0_IW, sdte);
	put_unaligned_le64(((u64)vmpl << SEV_SDTE_Q3_VMPL_SHIFT) & SEV_SDTE_Q3_VMPL, sdte + 24);
	put_unaligned_le64(SEV_SDTE_Q5_VTOM_EN |
			   (top & SEV_SDTE_Q5_VTOM_MAX) << SEV_SDTE_Q5_VTOM_SHIFT, sdte + 40);
}

u64 sev_sdte_rdx(const u8 sdte[SEV_SDTE_SIZE])
{
	u64 q0 = get_unaligned_le64(sdte), q5 = get_unaligned_le64(sdte + 5 * 8);
	u64 top = (q5 >> SEV_SDTE_Q5_VTOM_SHIFT) & SEV_SDTE_Q5_VTOM_MAX;

	if (!(q0 & SEV_SDTE_Q0_V))
		return 0;
	return SEV_SDTE_VALIDATE | ((top << SEV_SDTE_VTOM_UNIT) & SEV_SDTE_VTOM);
}

void sev_sdte_request(const struct sev_dialect *d, u64 id, const u8 sdte[SEV_SDTE_SIZE],
		      struct sev_sdte_write_req *req)
{
	put_id(d, id, &req->id);
	memcpy(req->sdte, sdte, SEV_SDTE_SIZE);
}

int sev_sdte_parse(const struct sev_dialect *d, u64 id, const struct sev_sdte_write_rsp *rsp,
		   u16 *status, struct tdisp_why *why)
{
	return get_id(d, id, &rsp->id, status, why);
}

/* --- status codes ------------------------------------------------------------------ */

struct status {
	const char *name;
	int err;
};

static const struct status info_status[] = {
	[SEV_INFO_BOUND]		= { "bound", 0 },
	[SEV_INFO_INVALID]		= { "invalid TDI", -ESTALE },
	[SEV_INFO_UNBOUND]		= { "not bound", -ESTALE },
};

static const struct status validate_status[] = {
	[SEV_VALIDATE_SUCCESS]		= { "success", 0 },
	[SEV_VALIDATE_INVALID_TDI]	= { "invalid TDI", -ESTALE },
	[SEV_VALIDATE_TDI_UNBOUND]	= { "TDI not bound", -ESTALE },
	[SEV_VALIDATE_NOT_ASSIGNED]	= { "page not assigned to the guest", -EREMOTEIO },
	[SEV_VALIDATE_NOT_IO]		= { "page not of I/O", -EREMOTEIO },
	[SEV_VALIDATE_NOT_UNIFORM]	= { "pages not uniform", -EREMOTEIO },
	[SEV_VALIDATE_NOT_IMMUTABLE]	= { "page not immutable", -EREMOTEIO },
	[SEV_VALIDATE_NOT_MAPPED]	= { "page not mapped there", -EREMOTEIO },
	[SEV_VALIDATE_NOT_REPORTED]	= { "range not in the report", -EREMOTEIO },
	[SEV_VALIDATE_OUT_OF_RANGE]	= { "pages beyond the range", -EREMOTEIO },
	[SEV_VALIDATE_NOT_4K]		= { "page not of 4 KiB", -EREMOTEIO },
};

static const struct status validate_status_2024[] = {
	[SEV_VALIDATE_SUCCESS]		= { "success", 0 },
	[SEV_VALIDATE_INVALID_TDI]	= { "invalid TDI", -ESTALE },
	[SEV_VALIDATE_TDI_UNBOUND]	= { "TDI not bound", -ESTALE },
	[SEV_VALIDATE_NOT_ASSIGNED]	= { "page not assigned to the guest", -EREMOTEIO },
	[SEV_VALIDATE_2024_NOT_UNIFORM]	= { "pages not uniform", -EREMOTEIO },
	[SEV_VALIDATE_2024_NOT_IMMUTABLE] = { "page not immutable", -EREMOTEIO },
	[SEV_VALIDATE_2024_NOT_MAPPED]	= { "page not mapped there", -EREMOTEIO },
	[SEV_VALIDATE_2024_NOT_REPORTED] = { "range not in the report", -EREMOTEIO },
	[SEV_VALIDATE_2024_OUT_OF_RANGE] = { "pages beyond the range", -EREMOTEIO },
};

static const struct status config_status[] = {
	[SEV_CONFIG_SUCCESS]		= { "success", 0 },
	[SEV_CONFIG_INVALID_TDI]	= { "invalid TDI", -ESTALE },
	[SEV_CONFIG_TDI_UNBOUND]	= { "TDI not bound", -ESTALE },
	[SEV_CONFIG_NOT_REPORTED]	= { "range not in the report", -EREMOTEIO },
	[SEV_CONFIG_NOT_CHANGED]	= { "could not be changed", -EREMOTEIO },
};

static const struct status sdte_status[] = {
	[SEV_SDTE_SUCCESS]		= { "success", 0 },
	[SEV_SDTE_INVALID_TDI]		= { "invalid TDI", -ESTALE },
	[SEV_SDTE_TDI_NOT_BOUND]	= { "TDI not bound", -ESTALE },
	[SEV_SDTE_RESERVED]		= { "reserved bit set", -EREMOTEIO },
};

static const struct status *find_status(const struct sev_dialect *d, enum sev_msg msg, u16 status)
{
	static const struct status unknown = { "unknown status", -EBADMSG };
	const struct status *table = sdte_status;
	size_t n = ARRAY_SIZE(sdte_status);

	switch (msg) {
	case SEV_TDI_INFO:
		table = info_status;
		n = ARRAY_SIZE(info_status);
		break;
	case SEV_MMIO_VALIDATE:
		table = d->types_2024 ? validate_status_2024 : validate_status;
		n = d->types_2024 ? ARRAY_SIZE(validate_status_2024) : ARRAY_SIZE(validate_status);
		break;
	case SEV_MMIO_CONFIG:
		table = config_status;
		n = ARRAY_SIZE(config_status);
		break;
	default:
		break;
	}
	return status < n ? &table[status] : &unknown;
}

const char *sev_status_name(const struct sev_dialect *d, enum sev_msg msg, u16 status)
{
	return find_status(d, msg, status)->name;
}

int sev_status_errno(const struct sev_dialect *d, enum sev_msg msg, u16 status)
{
	return find_status(d, msg, status)->err;
}

/* --- the host's buffer --------------------------------------------------------------- */

static const u8 guid_none[16];

static struct sev_blob *blob_of(struct sev_blobs *blobs, const u8 guid[16])
{
	static const u8 certs[16] = SEV_GUID_CERTS, meas[16] = SEV_GUID_MEASUREMENTS;
	static const u8 report[16] = SEV_GUID_REPORT;

	if (!memcmp(guid, certs, 16))
		return &blobs->certs;
	if (!memcmp(guid, meas, 16))
		return &blobs->meas;
	return memcmp(guid, report, 16) ? NULL : &blobs->report;
}

static bool apart(const struct sev_blob *a, const struct sev_blob *b)
{
	/* Both fit the buffer: no sum overflows. */
	return !a->len || !b->len || a->offset + a->len <= b->offset ||
	       b->offset + b->len <= a->offset;
}

/* One entry, by the cursor; *end: it was the last. */
static int parse_entry(struct tdisp_cursor *c, u32 i, struct sev_blobs *ret, bool *end,
		       struct tdisp_why *why)
{
	size_t at = c->pos;
	const u8 *guid = tdisp_cursor_take(c, 16);
	struct sev_blob blob = { tdisp_cursor_le32(c), tdisp_cursor_le32(c) };
	struct sev_blob *to;

	if (!tdisp_cursor_ok(c))
		return tdisp_refuse(why, -EBADMSG, "blob table's size, at least", at, i,
				    (i + 1) * sizeof(struct sev_blob_entry), c->len);
	*end = !memcmp(guid, guid_none, sizeof(guid_none));
	if (*end)
		return 0;
	to = blob_of(ret, guid);
	if (!to)
		return tdisp_refuse(why, -EBADMSG, "blob's GUID is one of three, first bytes", at,
				    i, 0, get_unaligned_le32(guid));
	if (to->offset)
		return tdisp_refuse(why, -EBADMSG, "blob of a kind, number", at, i, 1, 2);
	if (blob.offset > c->len || blob.len > c->len - blob.offset)
		return tdisp_refuse(why, -EBADMSG, "blob's end, at most", at + 16, i, c->len,
				    (u64)blob.offset + blob.len);
	/* Of an absent one, too: where it is not is told apart from what was not said. */
	if (!blob.offset)
		return tdisp_refuse(why, -EBADMSG, "blob's offset, behind the table", at + 16, i,
				    c->pos, 0);
	*to = blob;
	return 0;
}

int sev_blobs_parse(const void *buf, size_t len, struct sev_blobs *ret, struct tdisp_why *why)
{
	struct sev_blobs blobs = { };
	const struct sev_blob *all[] = { &blobs.certs, &blobs.meas, &blobs.report };
	struct tdisp_cursor c;
	bool end = false;
	size_t i, j;
	u32 nr;
	int err;

	tdisp_cursor_init(&c, buf, len);
	for (nr = 0; nr < SEV_BLOB_MAX_ENTRIES && !end; nr++) {
		err = parse_entry(&c, nr, &blobs, &end, why);
		if (err)
			return err;
	}
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i]->len && all[i]->offset < c.pos)
			return refuse(why, "blob's offset, behind the table", 0, c.pos,
				      all[i]->offset);
		for (j = 0; j < i; j++) {
			if (!apart(all[i], all[j]))
				return refuse(why, "blobs are apart, from byte", 0,
					      (u64)all[j]->offset + all[j]->len, all[i]->offset);
		}
	}
	*ret = blobs;
	return 0;
}
