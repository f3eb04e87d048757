// SPDX-License-Identifier: GPL-2.0
/*
 * The TDX module, as far as a guest of TDX Connect sees it: TDCALL leaves in registers.
 * guest/include/tdisp/tdx_connect_wire.h names the sources; what a status means where they
 * give a name without a number is OPERAND_INVALID, with the operand to blame.
 *
 * It knows a TDI for as long as that is bound. Both accepts are taken in CONFIG_LOCKED
 * only, and end with the binding: there is no leaf that takes one back.
 */
#include "tdx.h"
#include "tsm.h"

struct func *tdx_func(struct emu *e, uint64_t function_id)
{
	struct func *f;

	/* Segment 0, named or not. */
	if (function_id & ~(uint64_t)(TDX_FUNC_ID_RID | TDX_FUNC_ID_SEGMENT_VALID))
		return NULL;
	f = emu_func_by_sbdf(e, function_id & TDX_FUNC_ID_RID);
	return f && f->tdi ? f : NULL;
}

static uint64_t get(const struct emu_regs *regs, enum tdx_reg reg)
{
	return le64toh(regs->r[reg]);
}

static void set(struct emu_regs *regs, enum tdx_reg reg, uint64_t val)
{
	regs->r[reg] = htole64(val);
}

/* The TDI that @reg names, and what is known of it; or why there is none. */
static uint64_t find_bound(struct emu *e, const struct emu_regs *regs, enum tdx_reg reg,
			   uint16_t call, struct tdi **tdi, struct emu_tdi_info *info)
{
	struct func *f = tdx_func(e, get(regs, reg));

	if (!f)
		return TDX_OPERAND_INVALID | reg;
	host_before(e->host, call, f);
	if (tsm_facts(f->tdi, info))
		return TDX_OPERAND_BUSY | reg;
	if (info->state == TDISP_CONFIG_UNLOCKED)
		return TDX_TDI_NOT_PRESENT | reg;
	*tdi = f->tdi;
	return TDX_SUCCESS;
}

/* As the VMM would hand it over if it were honest: the hash is of these bytes. */
static bool hash_dev_info(struct tdi *tdi, uint8_t hash[SHA384_SIZE])
{
	static const enum emu_object order[] = { EMU_OBJ_VCA, EMU_OBJ_CERTS, EMU_OBJ_MEASUREMENTS };
	struct blob all = { 0 };
	__le32 len[ARRAY_SIZE(order)];
	const void *data[ARRAY_SIZE(order)];
	size_t size[ARRAY_SIZE(order)] = { 0 }, i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		data[i] = tsm_object(tdi, order[i], &size[i]);
		len[i] = htole32(data[i] ? size[i] : 0);
	}
	ok = blob_append(&all, len, sizeof(len));
	for (i = 0; ok && i < ARRAY_SIZE(order); i++)
		ok = !data[i] || blob_append(&all, data[i], size[i]);
	if (ok)
		sha384(all.data, all.len, hash);
	blob_free(&all);
	return ok;
}

/* A hash goes to a private page of the guest's, its length to RCX. */
static uint64_t put_hash(struct emu *e, struct emu_regs *regs, const uint8_t *hash)
{
	uint64_t gpa = get(regs, TDX_R8);

	if (gpa & (EMU_PAGE_SIZE - 1))
		return TDX_OPERAND_INVALID | TDX_R8;
	switch (tsm_page(e->tsm, gpa)) {
	case PAGE_NONE:
		return TDX_OPERAND_ADDR_RANGE | TDX_R8;
	case PAGE_PRIVATE:
		break;
	default:
		return TDX_PAGE_METADATA | TDX_R8;
	}
	memcpy(ram_mem(gpa, EMU_PAGE_SIZE), hash, SHA384_SIZE);
	set(regs, TDX_RCX, SHA384_SIZE);
	return TDX_SUCCESS;
}

static uint64_t tdi_rd(struct emu *e, struct emu_regs *regs)
{
	uint64_t field = get(regs, TDX_RDX), status;
	uint8_t hash[SHA384_SIZE];
	struct emu_tdi_info info;
	struct tdi *tdi;

	status = find_bound(e, regs, TDX_RCX, EMU_TSM_TDI_INFO, &tdi, &info);
	if (status)
		return status;
	switch (field) {
	case TDX_TDI_STATE:
	case TDX_TDI_BIND_SESSION:
		if (get(regs, TDX_R8))
			return TDX_OPERAND_INVALID | TDX_R8;
		set(regs, TDX_RCX, field == TDX_TDI_STATE ? info.state : le64toh(info.lock_nonce));
		return TDX_SUCCESS;
	case TDX_TDI_REPORT_HASH:
		return put_hash(e, regs, info.digest[EMU_DIGEST_REPORT]);
	case TDX_TDI_DEV_INFO_HASH:
		if (!hash_dev_info(tdi, hash))
			return TDX_OPERAND_BUSY | TDX_RCX;
		return put_hash(e, regs, hash);
	default:
		return TDX_OPERAND_INVALID | TDX_RDX;
	}
}

static uint64_t tdi_start(struct emu *e, struct emu_regs *regs)
{
	struct emu_tdi_info info;
	struct tdi *tdi;
	uint64_t status;

	status = find_bound(e, regs, TDX_RCX, EMU_TSM_START_ALLOW, &tdi, &info);
	if (status)
		return status;
	if (get(regs, TDX_RDX) != le64toh(info.lock_nonce))
		return TDX_OPERAND_INVALID | TDX_RDX;
	if (info.state != TDISP_CONFIG_LOCKED)
		return TDX_OPERAND_INVALID | TDX_RCX;
	tsm_allow_start(tdi);
	return TDX_SUCCESS;
}

/* Private memory by its address, shared memory by its address and the shared bit. */
static uint64_t dmar_accept(struct emu *e, struct emu_regs *regs)
{
	struct emu_tdi_info info;
	struct tdi *tdi;
	uint64_t status;

	status = find_bound(e, regs, TDX_RCX, EMU_TSM_DMA_ENABLE, &tdi, &info);
	if (status)
		return status;
	if (get(regs, TDX_RDX) != TDX_DMAR_TARGET_TD)
		return TDX_OPERAND_INVALID | TDX_RDX;
	if (info.state != TDISP_CONFIG_LOCKED || info.dma_mode != EMU_DMA_NONE)
		return TDX_OPERAND_INVALID | TDX_RCX;
	if (tsm_enable_dma(tdi, EMU_DMA_SPLIT, TDX_SHARED))
		return TDX_OPERAND_INVALID | TDX_RCX;
	return TDX_SUCCESS;
}

static bool is_accepted(const struct tdi *tdi, uint32_t range, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first; i < first + n; i++) {
		if (tsm_is_accepted(tdi, range, i))
			return true;
	}
	return false;
}

/* As many pages as it likes; then it is interrupted, and says in RCX and R9 what is left. */
static uint64_t mmio_accept(struct emu *e, struct emu_regs *regs)
{
	uint64_t gpa = get(regs, TDX_RCX) & ~(EMU_PAGE_SIZE - 1ull);
	uint64_t first = get(regs, TDX_R9) >> TDX_MMIO_FIRST_SHIFT;
	uint64_t left = get(regs, TDX_R9) & TDX_MMIO_COUNT, n;
	uint64_t range = get(regs, TDX_RDX), status;
	struct emu_tdi_info info;
	struct tdi *tdi;

	status = find_bound(e, regs, TDX_R8, EMU_TSM_MMIO_ACCEPT, &tdi, &info);
	if (status)
		return status;
	if (gpa != get(regs, TDX_RCX) - TDX_MMIO_SIZE_4K || gpa & TDX_SHARED)
		return TDX_OPERAND_INVALID | TDX_RCX;
	if (range >= tdi->nr_ranges)
		return TDX_OPERAND_INVALID | TDX_RDX;
	if (!left)
		return TDX_OPERAND_INVALID | TDX_R9;
	if (info.state != TDISP_CONFIG_LOCKED)
		return TDX_OPERAND_INVALID | TDX_R8;
	n = left < EMU_MMIO_ACCEPT_MAX ? left : EMU_MMIO_ACCEPT_MAX;
	if (is_accepted(tdi, range, first, n))
		return TDX_PAGE_ALREADY_ACCEPTED | TDX_RCX;
	if (tsm_accept(tdi, range, first, n, gpa))
		return TDX_OPERAND_INVALID | TDX_RCX;
	set(regs, TDX_RCX, gpa + n * EMU_PAGE_SIZE);
	set(regs, TDX_R9, (first + n) << TDX_MMIO_FIRST_SHIFT | (left - n));
	return left > n ? TDX_INTERRUPTED : TDX_SUCCESS;
}

static uint64_t vp_info(struct emu *e, struct emu_regs *regs)
{
	(void)e;
	set(regs, TDX_RCX, TDX_EMU_GPAW);
	return TDX_SUCCESS;
}

static uint64_t vm_rd(struct emu *e, struct emu_regs *regs)
{
	(void)e;
	if (get(regs, TDX_RDX) != TDX_CONFIG_FLAGS)
		return TDX_OPERAND_INVALID | TDX_RDX;
	set(regs, TDX_R8, TDX_CONFIG_TDX_CONNECT);
	return TDX_SUCCESS;
}

static const struct {
	uint64_t nr;
	uint64_t (*answer)(struct emu *e, struct emu_regs *regs);
} leaves[] = {
	{ TDX_TDG_VP_INFO, vp_info },
	{ TDX_TDG_VM_RD, vm_rd },
	{ TDX_TDG_TDI_RD, tdi_rd },
	{ TDX_TDG_TDI_START, tdi_start },
	{ TDX_TDG_DMAR_ACCEPT, dmar_accept },
	{ TDX_TDG_MMIO_ACCEPT, mmio_accept },
};

/* What came of it is in RAX; VMCALLs are none of the module's to answer. */
int tdx_tsm_regs(struct emu *e, struct emu_regs *regs)
{
	uint64_t status = TDX_OPERAND_INVALID | TDX_RAX;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].nr == get(regs, TDX_RAX))
			status = leaves[i].answer(e, regs);
	}
	set(regs, TDX_RAX, status);
	return EMU_OK;
}
