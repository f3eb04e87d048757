// SPDX-License-Identifier: GPL-2.0
/*
 * The PSP of the SEV-TIO personality. It opens what a guest sealed, does what that
 * says if the TDI's state allows it, and seals the answer. AES-GCM is OpenSSL's.
 *
 * Where the sources are silent:
 *  - a status has no number for "not in this state": it is "not bound";
 *  - MMIO_VALIDATE that sets Validated, and an sDTE that is valid, want RUN; what
 *    takes back wants a binding only;
 *  - tdi_id is new with each BIND, tdi_report_count with each LOCK;
 *  - the digest of measurements is of VCA and transcript, one after the other;
 *  - a range's offset is within the range of the report that the page lies in.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "sev.h"
#include "tsm.h"

struct sev *sev_of(struct emu *e)
{
	return e->personality_priv;
}

struct sev_func *sev_func(struct emu *e, const struct func *f)
{
	unsigned int i = 0;

	while (e->func[i] != f)
		i++;
	return &sev_of(e)->func[i];
}

/* ---- keys ------------------------------------------------------------------------ */

static void launch(struct sev *s)
{
	emu_random(s->key, sizeof(s->key));
	memset(s->seqno, 0, sizeof(s->seqno));
	s->launched = true;
	s->dead = false;
	s->has_last = false;
}

int sev_tsm_regs(struct emu *e, struct emu_regs *regs)
{
	uint64_t gpa = le64toh(regs->r[1]);
	struct sev *s = sev_of(e);
	struct snp_secrets *page;
	int i;

	if (le64toh(regs->r[0]) != SEV_EMU_SECRETS || gpa % SEV_PAGE_SIZE ||
	    tsm_page(e->tsm, gpa) != PAGE_PRIVATE) {
		regs->r[0] = htole64(SEV_EMU_REFUSED);
		return EMU_OK;
	}
	launch(s);
	page = ram_mem(gpa, SEV_PAGE_SIZE);
	memset(page, 0, SEV_PAGE_SIZE);
	page->version = htole32(3);
	memcpy(page->vmpck, s->key, sizeof(page->vmpck));
	for (i = 0; i < SNP_NR_VMPCK; i++)
		page->seqno[i] = htole32(s->seqno[i]);
	regs->r[0] = htole64(SEV_EMU_OK);
	return EMU_OK;
}

/* ---- the seal ---------------------------------------------------------------------- */

static bool gcm(bool seal, const uint8_t *key, uint64_t seqno, const uint8_t *aad,
		const uint8_t *in, size_t len, uint8_t *out, uint8_t tag[SNP_AUTHTAG_LEN])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[SNP_IV_LEN] = { 0 };
	__le64 le = htole64(seqno);
	int n;
	bool ok;

	memcpy(iv, &le, sizeof(le));
	ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv, seal) &&
	     EVP_CipherUpdate(ctx, NULL, &n, aad, SNP_AAD_LEN) &&
	     EVP_CipherUpdate(ctx, out, &n, in, len);
	if (ok && !seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SNP_AUTHTAG_LEN, tag);
	ok = ok && EVP_CipherFinal_ex(ctx, out + n, &n) > 0;
	if (ok && seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SNP_AUTHTAG_LEN, tag);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* ---- TDIs ---------------------------------------------------------------------------- */

/* One request, and what it is about. */
struct psp {
	struct emu *emu;
	bool v1, types_2024;
	const uint8_t *req;
	uint8_t rsp[SNP_MSG_MAX];
	struct func *func;		/* NULL: no such TDI */
	struct sev_func *sf;
	struct emu_tdi_info facts;
	bool bound;
};

/* What the TSM knows, and what became of what was kept here. */
static void refresh(struct psp *p)
{
	uint64_t nonce;

	p->bound = false;
	if (!p->func || tsm_facts(p->func->tdi, &p->facts))
		return;
	nonce = le64toh(p->facts.lock_nonce);
	if (p->facts.state == TDISP_CONFIG_UNLOCKED || !nonce)
		nonce = 0;
	if (nonce && nonce != p->sf->lock_nonce)
		p->sf->report_count++;
	p->sf->lock_nonce = nonce;
	/* The TSM ends DMA with the state it was allowed for. */
	p->sf->sdte = p->facts.dma_mode != EMU_DMA_NONE;
	p->bound = nonce && p->sf->id;
}

/* Whose message it is: by what the guest sealed, not by what the VMM says. */
static void find_tdi(struct psp *p)
{
	const union sev_id *id = (const void *)p->req;
	struct emu *e = p->emu;
	unsigned int i;

	for (i = 0; i < e->nr_funcs; i++) {
		struct func *f = e->func[i];
		struct sev_func *sf = &sev_of(e)->func[i];
		bool is;

		if (!f->tdi)
			continue;
		if (p->v1)
			is = f->announced && (f->sbdf & 0xffff) == le16toh(id->v1.guest_device_id);
		else
			is = sf->id && sf->id == le64toh(id->v2.tdi_id);
		if (is) {
			p->func = f;
			p->sf = sf;
		}
	}
	refresh(p);
}

static void put_id(struct psp *p, uint16_t status)
{
	const union sev_id *from = (const void *)p->req;
	union sev_id *id = (void *)p->rsp;

	memset(id, 0, sizeof(*id));
	if (p->v1) {
		id->v1.guest_device_id = from->v1.guest_device_id;
		id->v1.status = htole16(status);
	} else {
		id->v2.tdi_id = from->v2.tdi_id;
		id->v2.status = htole16(status);
	}
}

static void digest_meas(struct func *f, uint8_t out[SEV_DIGEST_LEN])
{
	const void *vca, *log;
	size_t vca_len = 0, log_len = 0;
	uint8_t *both;

	vca = tsm_object(f->tdi, EMU_OBJ_VCA, &vca_len);
	log = tsm_object(f->tdi, EMU_OBJ_MEASUREMENTS, &log_len);
	both = malloc(vca_len + log_len);
	if (!both)
		abort();
	if (vca_len)
		memcpy(both, vca, vca_len);
	memcpy(both + vca_len, log, log_len);
	sha384(both, vca_len + log_len, out);
	free(both);
}

static void tdi_info(struct psp *p)
{
	struct sev_tdi_info_rsp *rsp = (void *)p->rsp;
	uint32_t valid = le32toh(p->facts.digest_valid);

	if (!p->bound) {
		put_id(p, p->func ? SEV_INFO_UNBOUND : SEV_INFO_INVALID);
		return;
	}
	put_id(p, SEV_INFO_BOUND);
	rsp->lock_flags = htole32(le16toh(p->facts.lock_flags));
	rsp->spdm_algos = htole64(SEV_ALGOS_DHE_P384 | SEV_ALGOS_AEAD_AES256 |
				  SEV_ALGOS_ASYM_P384 | SEV_ALGOS_HASH_SHA384);
	if (valid & 1u << EMU_DIGEST_CERTS)
		memcpy(rsp->certs_digest, p->facts.digest[EMU_DIGEST_CERTS], SEV_DIGEST_LEN);
	if (valid & 1u << EMU_DIGEST_REPORT)
		memcpy(rsp->report_digest, p->facts.digest[EMU_DIGEST_REPORT], SEV_DIGEST_LEN);
	if (valid & 1u << EMU_DIGEST_MEASUREMENTS) {
		digest_meas(p->func, rsp->meas_digest);
		rsp->meas_flags = htole32(SEV_MEAS_DIGEST_VALID |
					  (p->sf->fresh ? SEV_MEAS_DIGEST_FRESH : 0));
	}
	p->sf->fresh = false;
	/* Reserved in A1. */
	if (!p->types_2024)
		rsp->tdi_report_count = htole64(p->sf->report_count);
}

static bool is_mapped(const struct sev_func *sf, uint64_t gpa, uint64_t n)
{
	unsigned int i;

	for (i = 0; i < sf->nr_mapped; i++) {
		uint64_t first = sf->mapped[i].gpa;

		if (gpa >= first && (gpa - first) / SEV_PAGE_SIZE + n <= sf->mapped[i].n)
			return true;
	}
	return false;
}

static uint16_t validate_status(const struct psp *p, uint16_t status)
{
	static const uint16_t old[] = {
		[SEV_VALIDATE_NOT_IO]		= SEV_VALIDATE_NOT_ASSIGNED,
		[SEV_VALIDATE_NOT_UNIFORM]	= SEV_VALIDATE_2024_NOT_UNIFORM,
		[SEV_VALIDATE_NOT_IMMUTABLE]	= SEV_VALIDATE_2024_NOT_IMMUTABLE,
		[SEV_VALIDATE_NOT_MAPPED]	= SEV_VALIDATE_2024_NOT_MAPPED,
		[SEV_VALIDATE_NOT_REPORTED]	= SEV_VALIDATE_2024_NOT_REPORTED,
		[SEV_VALIDATE_OUT_OF_RANGE]	= SEV_VALIDATE_2024_OUT_OF_RANGE,
	};

	return p->types_2024 && status >= SEV_VALIDATE_NOT_IO ? old[status] : status;
}

/* All or nothing: judges every page, then changes every page. */
static uint16_t validate(struct psp *p, bool *changed)
{
	const struct sev_mmio_validate *req = (const void *)p->req;
	bool wanted = le16toh(req->flags) & SEV_VALIDATE_VALIDATED;
	bool force = le16toh(req->flags) & SEV_VALIDATE_FORCE;
	uint64_t gpa = le64toh(req->base), n = le32toh(req->page_count), first, i;
	const struct tdi_range *r;
	struct tdi *tdi;
	uint32_t index;

	if (!p->func)
		return SEV_VALIDATE_INVALID_TDI;
	if (!p->bound || (wanted && p->facts.state != TDISP_RUN))
		return SEV_VALIDATE_TDI_UNBOUND;
	if (!p->v1) {
		if (gpa >> (64 - SEV_PAGE_SHIFT))
			return SEV_VALIDATE_NOT_ASSIGNED;
		gpa <<= SEV_PAGE_SHIFT;
	}
	if (gpa % SEV_PAGE_SIZE)
		return SEV_VALIDATE_NOT_ASSIGNED;
	if (ram_mem(gpa, SEV_PAGE_SIZE))
		return SEV_VALIDATE_NOT_IO;
	tdi = p->func->tdi;
	if (!tsm_find_range(tdi, gpa, &index, &first))
		return SEV_VALIDATE_NOT_MAPPED;
	r = &tdi->range[index];
	if (r->bar != le16toh(req->range_id))
		return SEV_VALIDATE_NOT_REPORTED;
	if (!r->tee)
		return SEV_VALIDATE_NOT_IMMUTABLE;
	if (first != le32toh(req->range_offset))
		return SEV_VALIDATE_NOT_MAPPED;
	if (!n || n > r->npages - first)
		return SEV_VALIDATE_OUT_OF_RANGE;
	if (wanted && !is_mapped(p->sf, gpa, n))
		return SEV_VALIDATE_NOT_MAPPED;
	for (i = 1; i < n && !force; i++) {
		if (tsm_is_accepted(tdi, index, first + i) != tsm_is_accepted(tdi, index, first))
			return SEV_VALIDATE_NOT_UNIFORM;
	}
	for (i = 0; i < n; i++) {
		if (tsm_is_accepted(tdi, index, first + i) == wanted)
			continue;
		*changed = true;
		r->accepted[first + i] = wanted;
	}
	if (wanted && *changed)
		p->func->stats.mmio_accepts++;
	return SEV_VALIDATE_SUCCESS;
}

static void mmio_validate(struct psp *p)
{
	struct sev_mmio_validate *rsp = (void *)p->rsp;
	bool changed = false;

	memcpy(rsp, p->req, sizeof(*rsp));
	put_id(p, validate_status(p, validate(p, &changed)));
	rsp->flags = htole16(changed ? SEV_VALIDATE_CHANGED : 0);
	memset(rsp->rsvd, 0, sizeof(rsp->rsvd));
}

/* What the report says of a BAR's ranges; nothing can be changed here. */
static void mmio_config(struct psp *p)
{
	const struct sev_mmio_config *req = (const void *)p->req;
	struct sev_mmio_config *rsp = (void *)p->rsp;
	uint16_t status = SEV_CONFIG_NOT_REPORTED, flags = 0;
	unsigned int i;

	memcpy(rsp, req, sizeof(*rsp));
	for (i = 0; p->bound && i < p->func->tdi->nr_ranges; i++) {
		const struct tdi_range *r = &p->func->tdi->range[i];

		if (r->bar != le16toh(req->range_id))
			continue;
		status = SEV_CONFIG_SUCCESS;
		if (!r->tee)
			flags |= SEV_CONFIG_NON_TEE;
	}
	if (status == SEV_CONFIG_SUCCESS && le32toh(req->write) & SEV_CONFIG_WRITE)
		status = SEV_CONFIG_NOT_CHANGED;
	if (!p->func)
		status = SEV_CONFIG_INVALID_TDI;
	else if (!p->bound)
		status = SEV_CONFIG_TDI_UNBOUND;
	rsp->status = htole16(status);
	rsp->flags = htole16(flags);
}

/* The bits of an sDTE that are a guest's to set. */
static const uint64_t sdte_bits[8] = {
	[0] = SEV_SDTE_Q0_V | SEV_SDTE_Q0_IR | SEV_SDTE_Q0_IW,
	[3] = SEV_SDTE_Q3_VMPL,
	[5] = SEV_SDTE_Q5_VTOM_EN | SEV_SDTE_Q5_VTOM_MAX << SEV_SDTE_Q5_VTOM_SHIFT,
};

static uint16_t write_sdte(struct psp *p)
{
	const struct sev_sdte_write_req *req = (const void *)p->req;
	uint64_t q[8], vtom;
	struct tdi *tdi;
	int i;

	for (i = 0; i < 8; i++) {
		q[i] = get_unaligned_le64(req->sdte + 8 * i);
		if (q[i] & ~sdte_bits[i])
			return SEV_SDTE_RESERVED;
	}
	if (!p->func)
		return SEV_SDTE_INVALID_TDI;
	if (!p->bound)
		return SEV_SDTE_TDI_NOT_BOUND;
	tdi = p->func->tdi;
	if (!(q[0] & SEV_SDTE_Q0_V)) {
		tsm_disable_dma(tdi);
		p->sf->sdte = false;
		return SEV_SDTE_SUCCESS;
	}
	if (p->facts.state != TDISP_RUN)
		return SEV_SDTE_TDI_NOT_BOUND;
	/* The gate of the emulated IOMMU is open or shut, and has a vTOM or none. */
	if (~q[0] & (SEV_SDTE_Q0_IR | SEV_SDTE_Q0_IW) || !(q[5] & SEV_SDTE_Q5_VTOM_EN))
		return SEV_SDTE_RESERVED;
	vtom = q[5] >> SEV_SDTE_Q5_VTOM_SHIFT & SEV_SDTE_Q5_VTOM_MAX;
	tsm_disable_dma(tdi);
	if (tsm_enable_dma(tdi, vtom == SEV_SDTE_Q5_VTOM_MAX ? EMU_DMA_DIRECT : EMU_DMA_SPLIT,
			   vtom == SEV_SDTE_Q5_VTOM_MAX ? 0 : vtom << SEV_SDTE_VTOM_UNIT))
		return SEV_SDTE_RESERVED;
	p->sf->sdte = true;
	return SEV_SDTE_SUCCESS;
}

static void sdte_write(struct psp *p)
{
	put_id(p, write_sdte(p));
}

/* ---- BIND, UNBIND, STOP: asked by the VMM ------------------------------------------------ */

uint64_t sev_psp_bind(struct emu *e, struct func *f)
{
	struct sev_func *sf = sev_func(e, f);

	sf->last_id = sf->id ? sf->id : sf->last_id;
	sf->id = ++sev_of(e)->next_id;
	return sf->id;
}

uint32_t sev_psp_unbind(struct emu *e, struct func *f)
{
	struct sev_func *sf = sev_func(e, f);

	/* What is not stopped stays bound. */
	if (tsm_state(f->tdi) != TDISP_CONFIG_UNLOCKED)
		return SEV_FW_TDI_STATE;
	if (sf->id)
		sf->last_id = sf->id;
	sf->id = 0;
	sf->nr_mapped = 0;
	return SEV_FW_OK;
}

/* The trap of section 1.9: the firmware fails, and takes the guest's channel along. */
uint32_t sev_psp_may_stop(struct emu *e, struct func *f)
{
	struct psp p = { .emu = e, .func = f, .sf = sev_func(e, f) };

	refresh(&p);
	if (!p.sf->sdte)
		return SEV_FW_OK;
	sev_of(e)->dead = true;
	return SEV_FW_DEAD;
}

/* ---- messages ------------------------------------------------------------------------------ */

static const struct {
	uint8_t type, type_2024;
	size_t req, rsp;
	void (*answer)(struct psp *p);
} msgs[] = {
	{ SEV_MSG_TDI_INFO, SEV_MSG_2024_TDI_INFO, sizeof(struct sev_tdi_info_req),
	  sizeof(struct sev_tdi_info_rsp), tdi_info },
	{ SEV_MSG_MMIO_VALIDATE, SEV_MSG_2024_MMIO_VALIDATE, sizeof(struct sev_mmio_validate),
	  sizeof(struct sev_mmio_validate), mmio_validate },
	{ SEV_MSG_MMIO_CONFIG, SEV_MSG_2024_MMIO_CONFIG, sizeof(struct sev_mmio_config),
	  sizeof(struct sev_mmio_config), mmio_config },
	{ SEV_MSG_SDTE_WRITE, SEV_MSG_2024_SDTE_WRITE, sizeof(struct sev_sdte_write_req),
	  sizeof(struct sev_sdte_write_rsp), sdte_write },
};

/* Messages are in pages that the guest shares. */
static void *shared_page(struct emu *e, uint64_t gpa)
{
	if (gpa % SEV_PAGE_SIZE || tsm_page(e->tsm, gpa) != PAGE_SHARED)
		return NULL;
	return ram_mem(gpa, SEV_PAGE_SIZE);
}

uint8_t sev_msg_type_at(struct emu *e, uint64_t req_gpa)
{
	const struct snp_msg_hdr *hdr = shared_page(e, req_gpa);

	return hdr ? hdr->type : 0;
}

static bool header_fits(const struct sev *s, const struct snp_msg_hdr *hdr)
{
	return hdr->algo == SNP_AEAD_AES_256_GCM && hdr->hdr_version == SNP_HDR_VERSION &&
	       le16toh(hdr->hdr_size) == SNP_HDR_SIZE && hdr->vmpck < SNP_NR_VMPCK &&
	       le16toh(hdr->size) <= SNP_MSG_MAX &&
	       le64toh(hdr->seqno) == s->seqno[hdr->vmpck] + 1;
}

static bool version_fits(const struct snp_msg_hdr *hdr, bool types_2024, size_t i)
{
	if (hdr->version == SEV_MSG_V1)
		return true;
	/* No source has MMIO_CONFIG, nor the types of 2024, in version 2. */
	return hdr->version == SEV_MSG_V2 && !types_2024 && msgs[i].type != SEV_MSG_MMIO_CONFIG;
}

static void seal_response(struct sev *s, const struct snp_msg_hdr *req, uint8_t type,
			  const uint8_t *payload, size_t size, uint8_t *page)
{
	struct snp_msg_hdr *hdr = (void *)page;

	*hdr = (struct snp_msg_hdr){
		.seqno = htole64(le64toh(req->seqno) + 1),
		.algo = SNP_AEAD_AES_256_GCM,
		.hdr_version = SNP_HDR_VERSION,
		.hdr_size = htole16(SNP_HDR_SIZE),
		.type = type,
		.version = req->version,
		.size = htole16(size),
		.vmpck = req->vmpck,
	};
	if (!gcm(true, s->key[hdr->vmpck], le64toh(hdr->seqno), page + SNP_AAD_OFFSET, payload,
		 size, page + SNP_HDR_SIZE, hdr->authtag))
		abort();
	s->seqno[hdr->vmpck] += 2;
}

uint32_t sev_psp_request(struct emu *e, uint64_t req_gpa, uint64_t rsp_gpa)
{
	uint8_t page[SEV_PAGE_SIZE], out[SEV_PAGE_SIZE] = { 0 }, plain[SNP_MSG_MAX];
	struct snp_msg_hdr *hdr = (void *)page;
	struct psp p = { .emu = e, .req = plain };
	struct sev *s = sev_of(e);
	size_t i;

	if (s->dead)
		return SEV_FW_DEAD;
	if (!s->launched || !shared_page(e, req_gpa) || !shared_page(e, rsp_gpa))
		return SEV_FW_INVALID_PAGE;
	memcpy(page, shared_page(e, req_gpa), sizeof(page));
	if (!header_fits(s, hdr))
		return SEV_FW_AEAD;
	if (!gcm(false, s->key[hdr->vmpck], le64toh(hdr->seqno), page + SNP_AAD_OFFSET,
		 page + SNP_HDR_SIZE, le16toh(hdr->size), plain, hdr->authtag))
		return SEV_FW_AEAD;

	for (i = 0; i < ARRAY_SIZE(msgs); i++) {
		p.types_2024 = hdr->type == msgs[i].type_2024;
		if (p.types_2024 || hdr->type == msgs[i].type)
			break;
	}
	if (i == ARRAY_SIZE(msgs) || le16toh(hdr->size) != msgs[i].req ||
	    !version_fits(hdr, p.types_2024, i))
		return SEV_FW_BAD_MESSAGE;
	p.v1 = hdr->version == SEV_MSG_V1;
	find_tdi(&p);
	msgs[i].answer(&p);
	seal_response(s, hdr, p.types_2024 ? hdr->type - 0x80 : hdr->type + 1, p.rsp, msgs[i].rsp,
		      out);
	memcpy(shared_page(e, rsp_gpa), out, sizeof(out));
	return SEV_FW_OK;
}

/* ---- the personality ------------------------------------------------------------------------ */

static bool sev_init(struct emu *e)
{
	struct sev *s = calloc(1, sizeof(*s));

	if (s)
		s->emu = e;
	e->personality_priv = s;
	return s;
}

static void sev_reset(struct emu *e)
{
	struct sev *s = sev_of(e);

	*s = (struct sev){ .emu = e, .next_id = s->next_id };
}

static void sev_destroy(struct emu *e)
{
	free(e->personality_priv);
	e->personality_priv = NULL;
}

extern const struct personality sev_tio_personality;

const struct personality sev_tio_personality = {
	.name		= "sev-tio",
	.start_first	= true,
	.lies		= sev_lies,
	.nr_lies	= SEV_NR_LIES,
	.init		= sev_init,
	.reset		= sev_reset,
	.destroy	= sev_destroy,
	.tsm_regs	= sev_tsm_regs,
	.host_regs	= sev_host_regs,
};
