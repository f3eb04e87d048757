// SPDX-License-Identifier: GPL-2.0
/*
 * Arm CCA's RMM: the RSI calls of device assignment, after TF-RMM (guest-abis.md 3.2),
 * on top of what any TSM does. It has no word of the host's in it, but for which device
 * an id means, which it checks, and whether a mapping is made.
 */
#include <stdlib.h>
#include <openssl/sha.h>

#include "cca.h"
#include "tsm.h"

/* What is done of an incremental call before it returns. */
#define VALIDATE_PAGES	512
#define RELEASE_PAGES	4096

static bool aligned(uint64_t addr)
{
	return !(addr & (RSI_GRANULE - 1));
}

static uint64_t fresh_nonce(void)
{
	uint64_t n;

	do
		emu_random(&n, sizeof(n));
	while (!n);
	return n;
}

void cca_rmm_forget(struct emu *e, struct func *f)
{
	cca_vdev(e, f)->reported = false;
	cca_vdev(e, f)->validated = false;
}

enum emu_status cca_rmm_report(struct emu *e, struct func *f)
{
	struct tdi *tdi = f->tdi;
	struct blob again = { 0 };
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);

	if (status)
		return status;
	if (state != TDISP_CONFIG_LOCKED && state != TDISP_RUN)
		return EMU_E_STATE;
	status = link_report(tdi, &again);
	/* It is locked: nothing in it can change. */
	if (!status && (again.len != tdi->report.len ||
			memcmp(again.data, tdi->report.data, again.len)))
		status = EMU_E_DEVICE;
	blob_free(&again);
	if (status)
		return status;
	tdi->report_nonce = fresh_nonce();
	cca_vdev(e, f)->reported = true;
	return EMU_OK;
}

/* The host maps an id to a device; the RMM knows by which id it was made. */
static struct func *find_vdev(struct emu *e, uint64_t vdev_id)
{
	struct func *f = cca_host_vdev(e, vdev_id);

	return f && f->tdi && f->announced && f->sbdf == vdev_id ? f : NULL;
}

static uint64_t nonce_of(struct emu *e, const struct func *f, int which)
{
	const struct tdi *tdi = f->tdi;

	switch (which) {
	case 0:
		return tdi->lock_nonce;
	case 1:
		return tdi->meas_nonce;
	default:
		return cca_vdev(e, f)->reported ? tdi->report_nonce : 0;
	}
}

/* All three, as the last LOCK, GET_MEASUREMENTS and GET_INTERFACE_REPORT made them. */
static bool nonces_match(struct emu *e, const struct func *f, const uint64_t *x)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (!nonce_of(e, f, i) || x[i] != nonce_of(e, f, i))
			return false;
	}
	return true;
}

static uint64_t version(struct emu *e, uint64_t *x)
{
	uint64_t wanted = x[1];

	(void)e;
	x[1] = RSI_VERSION(1, 1);
	x[2] = RSI_VERSION(1, 1);
	return wanted == RSI_VERSION(1, 1) ? RSI_STATUS_SUCCESS : RSI_STATUS_INPUT;
}

static uint64_t features(struct emu *e, uint64_t *x)
{
	(void)e;
	x[1] = x[1] == RSI_FEATURE_REGISTER_0 ? RSI_FEATURE_0_DA : 0;
	return RSI_STATUS_SUCCESS;
}

static void digest(uint8_t algorithm, const struct blob *b, uint8_t *out)
{
	if (!b->data)
		return;
	if (algorithm == RSI_HASH_IS_SHA256)
		SHA256(b->data, b->len, out);
	else if (algorithm == RSI_HASH_IS_SHA512)
		SHA512(b->data, b->len, out);
	else
		SHA384(b->data, b->len, out);
}

static void fill_info(struct emu *e, struct func *f, enum tdisp_state state,
		      struct rsi_vdev_info *info)
{
	struct cca_vdev *v = cca_vdev(e, f);
	struct tdi *tdi = f->tdi;
	int i;

	/* What was the last word of an earlier lock stays there. */
	for (i = 0; state != TDISP_CONFIG_UNLOCKED && i < 3; i++)
		v->nonce[i] = nonce_of(e, f, i);
	*info = (struct rsi_vdev_info){
		.hash_algo	= RSI_HASH_IS_SHA384,
		.lock_nonce	= htole64(v->nonce[0]),
		.meas_nonce	= htole64(v->nonce[1]),
		.report_nonce	= htole64(v->nonce[2]),
		.format_type	= RSI_FORMAT_TDISP,
		.format_version	= htole64(RSI_FORMAT_TDISP_1_0),
		.state		= state,
	};
	if (host_tells(e->host, "rmm-sha256", f))
		info->hash_algo = RSI_HASH_IS_SHA256;
	if (host_tells(e->host, "rmm-sha512", f))
		info->hash_algo = RSI_HASH_IS_SHA512;
	digest(info->hash_algo, &tdi->vca, info->vca_digest);
	digest(info->hash_algo, &tdi->certs, info->cert_digest);
	digest(info->hash_algo, &tdi->meas, info->meas_digest);
	if (v->reported)
		digest(info->hash_algo, &tdi->report, info->report_digest);
	if (host_tells(e->host, "rmm-no-hash", f))
		info->hash_algo = 7;
	if (host_tells(e->host, "rmm-other-hash", f))
		info->hash_algo = RSI_HASH_IS_SHA512;
	if (host_tells(e->host, "rmm-no-state", f))
		info->state = 9;
	if (host_tells(e->host, "rmm-no-tdisp", f))
		info->format_type = 0;
}

static uint64_t get_info(struct emu *e, uint64_t *x)
{
	struct rsi_vdev_info info;
	enum tdisp_state state;
	struct func *f;

	/* Protected memory: the host must not be able to write there. */
	if (x[2] & (RSI_VDEV_INFO_ALIGN - 1) ||
	    tsm_page(e->tsm, x[2] & ~(EMU_PAGE_SIZE - 1ull)) != PAGE_PRIVATE)
		return RSI_STATUS_INPUT;
	f = find_vdev(e, x[1]);
	if (!f)
		return RSI_STATUS_INPUT;
	/* An RMM that gets no answer from the device takes it for lost. */
	if (tdi_refresh(f->tdi, &state))
		state = TDISP_ERROR;
	fill_info(e, f, state, &info);
	memcpy(ram_mem(x[2], sizeof(info)), &info, sizeof(info));
	return RSI_STATUS_SUCCESS;
}

/* What the report says of where a page of a range is. */
static uint64_t reported(const struct tdi *tdi, uint32_t index, uint64_t page)
{
	const struct tdisp_report_hdr *hdr = (void *)tdi->report.data;
	const struct tdisp_report_range *r = (void *)(hdr + 1);

	return (le64toh(r[index].first_page) + page) << TDISP_PAGE_SHIFT;
}

/*
 * The host makes the mapping, and the RMM has it only for the pages of the device that
 * the realm named, which are where the report says.
 */
static uint64_t map(struct emu *e, struct func *f, const uint64_t *x)
{
	uint64_t n = (x[3] - x[2]) >> TDISP_PAGE_SHIFT, first;
	const struct tdi *tdi = f->tdi;
	uint32_t index;

	if (host_tells(e->host, "reject-mapping", f) || host_tells(e->host, "stuck-mapping", f))
		return 0;
	if (!tsm_find_range(tdi, x[2], &index, &first) || reported(tdi, index, first) != x[4])
		return 0;
	if (n > tdi->range[index].npages - first)
		n = tdi->range[index].npages - first;
	if (n > VALIDATE_PAGES)
		n = VALIDATE_PAGES;
	if (host_tells(e->host, "slow-mapping", f))
		n = 1;
	if (tsm_accept(f->tdi, index, first, n, x[2]))
		return 0;
	if (host_tells(e->host, "half-mapping", f) && cca_vdev(e, f)->validated)
		return 0;
	cca_vdev(e, f)->validated = true;
	return n << TDISP_PAGE_SHIFT;
}

static uint64_t validate_mapping(struct emu *e, uint64_t *x)
{
	enum tdisp_state state;
	struct func *f;
	uint64_t done;

	if (!aligned(x[2]) || !aligned(x[3]) || !aligned(x[4]) || x[3] <= x[2] || x[5])
		return RSI_STATUS_INPUT;
	f = find_vdev(e, x[1]);
	if (!f)
		return RSI_STATUS_INPUT;
	cca_host_before(e, RSI_VDEV_VALIDATE_MAPPING_FID, f);
	if (tdi_refresh(f->tdi, &state) ||
	    (state != TDISP_CONFIG_LOCKED && state != TDISP_RUN) || !nonces_match(e, f, &x[6]))
		return RSI_STATUS_DEVICE;
	done = map(e, f, x);
	x[1] = x[2] + done;
	x[2] = done || host_tells(e->host, "stuck-mapping", f) ? RSI_HOST_ACCEPT :
								   RSI_HOST_REJECT;
	return RSI_STATUS_SUCCESS;
}

/* Device memory only: a realm's RAM is shared by calls of its own here. */
static uint64_t ipa_state_set(struct emu *e, uint64_t *x)
{
	uint64_t at = x[1], top = x[2], first;
	unsigned int i, parts = 0;
	uint32_t index;

	if (!aligned(at) || !aligned(top) || top <= at || x[3] != RSI_RIPAS_IS_EMPTY)
		return RSI_STATUS_INPUT;
	for (i = 0; i < e->nr_funcs; i++) {
		struct func *f = e->func[i];

		if (f->tdi && tsm_find_range(f->tdi, at, &index, &first) &&
		    host_tells(e->host, "reject-release", f)) {
			x[2] = RSI_HOST_REJECT;
			return RSI_STATUS_SUCCESS;
		}
	}
	for (; at < top && parts < RELEASE_PAGES; at += RSI_GRANULE, parts++) {
		if (tsm_page(e->tsm, at) != PAGE_NONE)
			return RSI_STATUS_INPUT;
		for (i = 0; i < e->nr_funcs; i++) {
			struct tdi *tdi = e->func[i]->tdi;

			if (tdi && tsm_find_range(tdi, at, &index, &first))
				tsm_unaccept(tdi, index, first, 1);
		}
	}
	x[1] = at;
	x[2] = RSI_HOST_ACCEPT;
	return RSI_STATUS_SUCCESS;
}

/* In RUN only, and for the nonces of what was verified. */
static uint64_t dma_enable(struct emu *e, uint64_t *x)
{
	enum tdisp_state state;
	struct func *f;

	/* No ATS here, and no planes. */
	if (x[2] || x[3])
		return RSI_STATUS_INPUT;
	f = find_vdev(e, x[1]);
	if (!f)
		return RSI_STATUS_INPUT;
	cca_host_before(e, RSI_VDEV_DMA_ENABLE_FID, f);
	if (tdi_refresh(f->tdi, &state) || state != TDISP_RUN || !nonces_match(e, f, &x[4]))
		return RSI_STATUS_DEVICE;
	return tsm_enable_dma(f->tdi, EMU_DMA_DIRECT, 0) ? RSI_STATUS_DEVICE :
							   RSI_STATUS_SUCCESS;
}

static uint64_t dma_disable(struct emu *e, uint64_t *x)
{
	struct func *f = find_vdev(e, x[1]);

	if (!f)
		return RSI_STATUS_INPUT;
	tsm_disable_dma(f->tdi);
	return RSI_STATUS_SUCCESS;
}

static const struct {
	uint64_t fid;
	uint64_t (*answer)(struct emu *e, uint64_t *x);
} calls[] = {
	{ RSI_ABI_VERSION_FID, version },
	{ RSI_FEATURES_FID, features },
	{ RSI_IPA_STATE_SET_FID, ipa_state_set },
	{ RSI_VDEV_DMA_ENABLE_FID, dma_enable },
	{ RSI_VDEV_GET_INFO_FID, get_info },
	{ RSI_VDEV_VALIDATE_MAPPING_FID, validate_mapping },
	{ RSI_VDEV_DMA_DISABLE_FID, dma_disable },
};

int cca_rmm(struct emu *e, struct emu_regs *regs)
{
	uint64_t x[CCA_EMU_NR_X];
	size_t i;

	for (i = 0; i < CCA_EMU_NR_X; i++)
		x[i] = le64toh(regs->r[i]);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].fid == x[0])
			break;
	}
	x[0] = i < ARRAY_SIZE(calls) ? calls[i].answer(e, x) : RSI_NOT_SUPPORTED;
	for (i = 0; i < CCA_EMU_NR_X; i++)
		regs->r[i] = htole64(x[i]);
	return EMU_OK;
}
