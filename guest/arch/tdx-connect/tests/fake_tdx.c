// SPDX-License-Identifier: GPL-2.0
/* See fake_tdx.h. */
#include <crypto/hash.h>
#include <linux/bug.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "fake_domain.h"
#include "fake_tdx.h"

struct fake_tdx fake_tdx;
int fake_tdx_domain;

void fake_tdx_sha384(const void *data, size_t len, u8 *digest)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha384", 0, 0);

	if (WARN_ON(IS_ERR(tfm)))
		return;
	crypto_shash_tfm_digest(tfm, data, len, digest);
	crypto_free_shash(tfm);
}

void fake_tdx_reset(void)
{
	fake_tdx_domain = 0;
	fake_tdx = (struct fake_tdx) {
		.gpaw		= 48,
		.config		= BIT(5),
		.bound		= true,
		.state		= 1,
		.session	= 0x5e5510,
		.hash_len	= 48,
		.attest		= true,
		.teeio		= 1,
		.pages		= 1,
	};
}

static bool is_tdcm(const struct fake_tdx_call *call, u16 operation)
{
	return !call->r[TDX_RAX] && get_unaligned_le16(call->cmd) == operation;
}

const struct fake_tdx_call *fake_tdx_last(u64 leaf)
{
	unsigned int i;

	for (i = min(fake_tdx.nr, FAKE_TDX_LOG); i; i--)
		if (fake_tdx.log[i - 1].r[TDX_RAX] == leaf)
			return &fake_tdx.log[i - 1];
	return NULL;
}

const struct fake_tdx_call *fake_tdx_last_tdcm(u16 operation)
{
	unsigned int i;

	for (i = min(fake_tdx.nr, FAKE_TDX_LOG); i; i--)
		if (is_tdcm(&fake_tdx.log[i - 1], operation))
			return &fake_tdx.log[i - 1];
	return NULL;
}

unsigned int fake_tdx_count(u64 leaf)
{
	unsigned int i, n = 0;

	for (i = 0; i < min(fake_tdx.nr, FAKE_TDX_LOG); i++)
		n += fake_tdx.log[i].r[TDX_RAX] == leaf;
	return n;
}

unsigned int fake_tdx_count_tdcm(u16 operation)
{
	unsigned int i, n = 0;

	for (i = 0; i < min(fake_tdx.nr, FAKE_TDX_LOG); i++)
		n += is_tdcm(&fake_tdx.log[i], operation);
	return n;
}

static struct fake_tdx_call *record(const struct emu_regs *regs)
{
	static struct fake_tdx_call spare;
	struct fake_tdx_call *call = fake_tdx.nr < FAKE_TDX_LOG ? &fake_tdx.log[fake_tdx.nr] :
								  &spare;
	int i;

	fake_tdx.nr++;
	*call = (struct fake_tdx_call) { };
	for (i = 0; i < TDX_NR_REGS; i++)
		call->r[i] = le64_to_cpu(regs->r[i]);
	return call;
}

/* Is this one answered wrong? Counts. */
static enum fake_tdx_how how(bool applies)
{
	if (!applies || fake_tdx.how == FAKE_TDX_HONEST)
		return FAKE_TDX_HONEST;
	if (fake_tdx.after) {
		fake_tdx.after--;
		return FAKE_TDX_HONEST;
	}
	if (fake_tdx.times && !--fake_tdx.times) {
		enum fake_tdx_how last = fake_tdx.how;

		fake_tdx.how = FAKE_TDX_HONEST;
		return last;
	}
	return fake_tdx.how;
}

/* --- the module ------------------------------------------------------------------------ */

static u64 put_hash(u64 gpa, const u8 *hash, u64 *ret)
{
	/* A page, private, and no more of it than the hash has. */
	if (!gpa || gpa & (PAGE_SIZE - 1) || gpa & FAKE_TDX_SHARED)
		return 0xc000010000000008ULL;
	memcpy(phys_to_virt(gpa), hash, min_t(u64, fake_tdx.hash_len, 64));
	*ret = fake_tdx.hash_len;
	return 0;
}

static u64 tdi_rd(const struct fake_tdx_call *call, u64 *ret)
{
	u64 field = call->r[TDX_RDX], status = 0;

	switch (field) {
	case 2:
		*ret = fake_tdx.state;
		break;
	case 3:
		status = put_hash(call->r[TDX_R8], fake_tdx.report_hash, ret);
		fake_tdx.told[3] = get_unaligned_le64(fake_tdx.report_hash);
		return status;
	case 4:
		status = put_hash(call->r[TDX_R8], fake_tdx.info_hash, ret);
		fake_tdx.told[4] = get_unaligned_le64(fake_tdx.info_hash);
		return status;
	case 5:
		*ret = fake_tdx.session;
		break;
	default:
		return 0xc000010000000002ULL;
	}
	fake_tdx.told[field] = *ret;
	return call->r[TDX_R8] ? 0xc000010000000008ULL : 0;
}

int fake_tdx_tsm_regs(struct emu_regs *regs)
{
	const struct fake_tdx_call *call = record(regs);
	u64 leaf = call->r[TDX_RAX], out = 0, status = 0;
	bool applies;

	if (fake_tdx.before)
		fake_tdx.before(call);
	applies = leaf && leaf == fake_tdx.at_leaf &&
		  (!fake_tdx.at_field || fake_tdx.at_field == call->r[TDX_RDX]);
	switch (how(applies)) {
	case FAKE_TDX_SILENT:
		return -ETIMEDOUT;
	case FAKE_TDX_STATUS:
		regs->r[TDX_RAX] = cpu_to_le64(fake_tdx.status);
		/* Interrupted: a page was done. A module that is busy leaves nothing as it was. */
		if (fake_tdx.status >> 32 == 0x80000003) {
			regs->r[TDX_RCX] = cpu_to_le64(call->r[TDX_RCX] + fake_tdx.pages * 4096);
			regs->r[TDX_R9] = cpu_to_le64(call->r[TDX_R9] +
						      fake_tdx.pages * ((1ULL << 32) - 1));
		} else {
			memset(&regs->r[TDX_RCX], 0xbb, sizeof(regs->r[0]) * TDX_R15);
		}
		return 0;
	default:
		break;
	}
	switch (leaf) {
	case 1:
		regs->r[TDX_RCX] = cpu_to_le64(fake_tdx.gpaw);
		break;
	case 7:
		regs->r[TDX_R8] = cpu_to_le64(fake_tdx.config);
		break;
	case 67:
		status = fake_tdx.bound ? tdi_rd(call, &out) : 0xc0000f4000000001ULL;
		if (!status)
			regs->r[TDX_RCX] = cpu_to_le64(out);
		break;
	case 68:
		if (!fake_tdx.bound)
			status = 0xc0000f4000000001ULL;
		else if (call->r[TDX_RDX] != fake_tdx.session)
			status = 0xc000010000000002ULL;
		break;
	case 70:
	case 71:
		status = fake_tdx.bound ? 0 : 0xc0000f4000000001ULL;
		break;
	default:
		status = 0xc000010000000000ULL;
	}
	regs->r[TDX_RAX] = cpu_to_le64(status);
	return 0;
}

/* --- the VMM --------------------------------------------------------------------------- */

static const void *answer_of(u16 operation, u32 *len)
{
	switch (operation) {
	case 1:
		*len = 1;
		return &fake_tdx.teeio;
	case 3:
		*len = fake_tdx.info_len;
		return fake_tdx.info;
	case 4:
		*len = fake_tdx.report_len;
		return fake_tdx.report;
	default:
		*len = 0;
		return NULL;
	}
}

static void answer(const struct fake_tdx_call *call, enum fake_tdx_how wrong)
{
	struct tdx_tdcm_hdr *hdr = phys_to_virt(call->gpa);
	u16 operation = get_unaligned_le16(call->cmd);
	const void *data;
	u32 len;

	data = answer_of(operation, &len);
	if (len)
		memcpy(hdr + 1, data, min_t(u32, len, 32 * PAGE_SIZE - sizeof(*hdr)));
	hdr->data_length = cpu_to_le32(len);
	if (operation == 2)
		fake_tdx.bound = true;
	if (operation == 5)
		fake_tdx.state = 2;
	if (operation == 7)
		fake_tdx.bound = false;
	if (operation == 3 && fake_tdx.attest)
		fake_tdx_sha384(fake_tdx.info, fake_tdx.info_len, fake_tdx.info_hash);
	switch (wrong) {
	case FAKE_TDX_ERROR:
		hdr->error = 14;
		WRITE_ONCE(hdr->status, 2);
		break;
	case FAKE_TDX_HEADER:
		*hdr = fake_tdx.header;
		break;
	case FAKE_TDX_LENGTH:
		hdr->data_length = cpu_to_le32(fake_tdx.length);
		fallthrough;
	default:
		WRITE_ONCE(hdr->status, 1);
	}
}

void fake_tdx_answer(const struct fake_tdx_call *call)
{
	answer(call, FAKE_TDX_HONEST);
}

int fake_tdx_host_regs(struct emu_regs *regs)
{
	struct fake_tdx_call *call = record(regs);
	enum fake_tdx_how wrong;
	u16 operation;

	call->gpa = call->r[TDX_R13] & ~FAKE_TDX_SHARED;
	memcpy(call->cmd, phys_to_virt(call->gpa), FAKE_TDX_CMD);
	operation = get_unaligned_le16(call->cmd);
	if (fake_tdx.before)
		fake_tdx.before(call);
	wrong = how(operation < 32 && fake_tdx.at_ops & BIT(operation));
	regs->r[TDX_RAX] = 0;
	regs->r[TDX_R10] = 0;
	switch (wrong) {
	case FAKE_TDX_SILENT:
	case FAKE_TDX_LATER:
		return 0;
	case FAKE_TDX_VMCALL:
		regs->r[TDX_R10] = cpu_to_le64(fake_tdx.status);
		return 0;
	case FAKE_TDX_RAX:
		regs->r[TDX_RAX] = cpu_to_le64(fake_tdx.status);
		return 0;
	default:
		answer(call, wrong);
		return 0;
	}
}
