// SPDX-License-Identifier: GPL-2.0
/* See fake_psp.h. */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fake_psp.h"

struct fake_psp fake_psp;

/* The VCA of tdisp-emu's devices: SPDM 1.2, P-384, SHA-384. */
static const u8 vca[] = {
	0x10, 0x84, 0x00, 0x00, 0x10, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x12,
	0x12, 0xe1, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x02, 0x00, 0x00,
	0x00, 0x12, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00, 0x12, 0x61, 0x00, 0x00,
	0x00, 0x14, 0x00, 0x00, 0xf2, 0x02, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00,
	0x00, 0x12, 0x00, 0x00, 0x12, 0xe3, 0x04, 0x00, 0x30, 0x00, 0x01, 0x02,
	0x80, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x20, 0x10, 0x00, 0x03, 0x20, 0x02, 0x00, 0x04, 0x20, 0x80, 0x00,
	0x05, 0x20, 0x01, 0x00, 0x12, 0x63, 0x04, 0x00, 0x34, 0x00, 0x01, 0x02,
	0x04, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x02, 0x20, 0x10, 0x00, 0x03, 0x20, 0x02, 0x00,
	0x04, 0x20, 0x00, 0x00, 0x05, 0x20, 0x01, 0x00,
};

/* The transcript after it: nobody here reads that. */
static const u8 transcript[] = "GET_MEASUREMENTS, MEASUREMENTS";

void fake_psp_reset(void)
{
	int i;

	fake_psp = (struct fake_psp) {
		.at		= FAKE_NR_EXITS,
		.word		= TDISP_CONFIG_LOCKED,
		.meas_flags	= SEV_MEAS_DIGEST_VALID,
		.lock_flags	= TDISP_LOCK_NO_FW_UPDATE,
		.id		= 0x5e5e000000000000ULL,
		.spoil		= -1,
	};
	for (i = 0; i < SNP_VMPCK_LEN; i++)
		fake_psp.key[i] = 0x40 + i;
}

int fake_psp_secrets(struct emu_regs *regs)
{
	struct snp_secrets *page = phys_to_virt(le64_to_cpu(regs->r[1]));

	if (le64_to_cpu(regs->r[0]) != SEV_EMU_SECRETS)
		return -EIO;
	regs->r[0] = cpu_to_le64(SEV_EMU_OK);
	if (fake_psp.lasts)
		return 0;
	memcpy(page->vmpck[0], fake_psp.key, SNP_VMPCK_LEN);
	page->seqno[0] = cpu_to_le32(fake_psp.used);
	return 0;
}

const struct fake_log *fake_psp_last(enum fake_exit what)
{
	int i = fake_psp_when(what);

	return i < 0 ? NULL : &fake_psp.log[i];
}

int fake_psp_when(enum fake_exit what)
{
	int i;

	for (i = (int)min(fake_psp.nr, FAKE_LOG) - 1; i >= 0; i--)
		if (fake_psp.log[i].what == what)
			return i;
	return -1;
}

unsigned int fake_psp_count(enum fake_exit what)
{
	unsigned int i, n = 0;

	for (i = 0; i < min(fake_psp.nr, FAKE_LOG); i++)
		n += fake_psp.log[i].what == what;
	return n;
}

static enum fake_exit op_of(u64 info1)
{
	static const enum fake_exit ops[] = { FAKE_BIND, FAKE_UNBIND, FAKE_RUN, FAKE_STOP };

	return ops[(info1 >> 32) % ARRAY_SIZE(ops)];
}

static enum fake_exit message_of(const struct snp_msg_hdr *hdr, const u8 *payload,
				 const u64 *regs)
{
	switch (hdr->type) {
	case SEV_MSG_TDI_INFO:
	case SEV_MSG_2024_TDI_INFO:
		if (!regs[SEV_GHCB_RBX])
			return FAKE_INFO;
		return regs[SEV_GHCB_RDX] & SEV_INFO_SKIP_MEAS ? FAKE_OBJECTS : FAKE_MEASURE;
	case SEV_MSG_MMIO_VALIDATE:
	case SEV_MSG_2024_MMIO_VALIDATE:
		if (!(payload[0x20] & SEV_VALIDATE_VALIDATED))
			return FAKE_RELEASE;
		/* One page, at the start of what was taken: there is more than one of that. */
		return get_unaligned_le32(payload + 0x18) == 1 &&
		       get_unaligned_le64(payload + 0x10) == fake_psp.base ? FAKE_PROBE :
								     FAKE_VALIDATE;
	default:
		return payload[0x10] & SEV_SDTE_Q0_V ? FAKE_SDTE : FAKE_SDTE_NONE;
	}
}

static void sha384(const void *buf, size_t len, u8 *ret)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha384", 0, 0);

	if (IS_ERR(tfm))
		return;
	crypto_shash_tfm_digest(tfm, buf, len, ret);
	crypto_free_shash(tfm);
}

/* Objects into the host's buffer; the digest of measurements is theirs. */
static void hand_over(const u64 *regs, bool meas, u8 *meas_digest)
{
	static const u8 guids[3][16] = { SEV_GUID_REPORT, SEV_GUID_CERTS, SEV_GUID_MEASUREMENTS };
	u8 *buf = phys_to_virt(regs[SEV_GHCB_RAX]);
	struct sev_blob_entry *entry = (void *)buf;
	size_t at = 128, len, vca_len = fake_psp.no_vca ? 0 : sizeof(vca);
	int i;

	memset(buf, 0, at);
	for (i = 0; i < (meas ? 3 : 2); i++) {
		len = i == 2 ? vca_len + sizeof(transcript) : fake_psp.object_len;
		if (i < 2) {
			memcpy(buf + at, fake_psp.object, len);
		} else {
			memcpy(buf + at, vca, vca_len);
			memcpy(buf + at + vca_len, transcript, sizeof(transcript));
			sha384(buf + at, len, meas_digest);
		}
		memcpy(entry[i].guid, guids[i], 16);
		entry[i].offset = cpu_to_le32(at);
		entry[i].len = cpu_to_le32(len);
		at += len;
	}
}

static size_t answer_info(const struct fake_log *log, u8 *rsp)
{
	struct sev_tdi_info_rsp *info = (void *)rsp;

	info->meas_flags = cpu_to_le32(fake_psp.meas_flags);
	info->lock_flags = cpu_to_le32(fake_psp.lock_flags);
	info->tdi_report_count = cpu_to_le64(fake_psp.count);
	memcpy(info->certs_digest, fake_psp.certs, SEV_DIGEST_LEN);
	memcpy(info->meas_digest, fake_psp.meas, SEV_DIGEST_LEN);
	memcpy(info->report_digest, fake_psp.report, SEV_DIGEST_LEN);
	if (log->what != FAKE_INFO)
		hand_over(log->regs, log->what == FAKE_MEASURE, info->meas_digest);
	return sizeof(*info);
}

static size_t answer_payload(const struct fake_log *log, bool v1, u16 status, u8 *rsp)
{
	size_t size;

	switch (log->what) {
	case FAKE_INFO:
	case FAKE_MEASURE:
	case FAKE_OBJECTS:
		size = answer_info(log, rsp);
		if (!status)
			status = fake_psp.info_status;
		break;
	case FAKE_VALIDATE:
	case FAKE_RELEASE:
	case FAKE_PROBE:
		size = sizeof(struct sev_mmio_validate);
		memcpy(rsp, log->payload, size);
		rsp[0x20] = log->what != FAKE_PROBE || fake_psp.changed;
		if (log->what == FAKE_VALIDATE && !status && get_unaligned_le32(rsp + 0x18) > 1)
			fake_psp.base = get_unaligned_le64(rsp + 0x10);
		break;
	default:
		size = sizeof(struct sev_sdte_write_rsp);
		break;
	}
	memset(rsp, 0, 16);
	memcpy(rsp, log->payload, v1 ? 2 : 8);
	rsp[v1 ? 2 : 8] = status;
	rsp[v1 ? 3 : 9] = status >> 8;
	return size;
}

static void answer_message(struct fake_log *log, enum fake_how how)
{
	u8 *page = phys_to_virt(log->regs[SEV_GHCB_EXITINFO2]);
	struct snp_msg_hdr *hdr = (void *)page;
	bool old = log->hdr.type & 0x80;
	u8 iv[SNP_IV_LEN];
	size_t size;

	memset(page, 0, SEV_PAGE_SIZE);
	size = answer_payload(log, log->hdr.version == 1, how == FAKE_STATUS ? fake_psp.status : 0,
			      page + SNP_HDR_SIZE);
	snp_hdr_init(hdr, le64_to_cpu(log->hdr.seqno) + 1,
		     old ? log->hdr.type - 0x80 : log->hdr.type + 1, log->hdr.version, size, 0);
	if (how == FAKE_WRONG_TYPE)
		hdr->type += 2;
	snp_iv(le64_to_cpu(hdr->seqno), iv);
	fake_gcm_seal(fake_psp.key, iv, page + SNP_AAD_OFFSET, size);
	memcpy(hdr->authtag, page + SNP_HDR_SIZE + size, SNP_AUTHTAG_LEN);
	if (fake_psp.spoil >= 0)
		page[fake_psp.spoil] ^= fake_psp.spoil_with;
}

static struct fake_log *read_exit(const u64 *regs, struct fake_log *log)
{
	const u8 *page = phys_to_virt(regs[SEV_GHCB_EXITINFO1]);
	u8 copy[SNP_AAD_LEN + 128 + SNP_AUTHTAG_LEN], iv[SNP_IV_LEN];
	size_t size;

	*log = (struct fake_log) { };
	memcpy(log->regs, regs, sizeof(log->regs));
	if (regs[SEV_GHCB_EXITCODE] == SEV_EXIT_TIO_OP) {
		log->what = op_of(regs[SEV_GHCB_EXITINFO1]);
		return log;
	}
	memcpy(&log->hdr, page, sizeof(log->hdr));
	size = le16_to_cpu(log->hdr.size);
	if (size > sizeof(log->payload))
		return NULL;
	memcpy(log->sealed, page + SNP_HDR_SIZE, size);
	memcpy(copy, page + SNP_AAD_OFFSET, SNP_AAD_LEN + size);
	memcpy(copy + SNP_AAD_LEN + size, log->hdr.authtag, SNP_AUTHTAG_LEN);
	snp_iv(le64_to_cpu(log->hdr.seqno), iv);
	if (!fake_gcm_open(fake_psp.key, iv, copy, size))
		return NULL;
	memcpy(log->payload, copy + SNP_AAD_LEN, size);
	log->what = message_of(&log->hdr, log->payload, regs);
	if (log->what == FAKE_MEASURE)
		memcpy(log->nonce, phys_to_virt(regs[SEV_GHCB_RAX]), sizeof(log->nonce));
	return log;
}

static enum fake_how how_now(enum fake_exit what)
{
	enum fake_how how = fake_psp.how;

	if (fake_psp.at != what)
		return FAKE_HONEST;
	if (fake_psp.times && !--fake_psp.times)
		fake_psp.at = FAKE_NR_EXITS;
	return how;
}

int fake_psp_exit(struct emu_regs *wire)
{
	static struct fake_log one;
	u64 regs[SEV_GHCB_NR_REGS], info2 = 0;
	enum fake_how how;
	int i;

	for (i = 0; i < SEV_GHCB_NR_REGS; i++)
		regs[i] = le64_to_cpu(wire->r[i]);
	if (!read_exit(regs, &one))
		return -EIO;
	one.count = fake_psp.count;
	memcpy(&one.meas, fake_psp.meas, 8);
	memcpy(&one.report, fake_psp.report, 8);
	if (fake_psp.nr < FAKE_LOG)
		fake_psp.log[fake_psp.nr] = one;
	fake_psp.nr++;

	how = how_now(one.what);
	switch (how) {
	case FAKE_SILENT:
		return -ETIMEDOUT;
	case FAKE_FAILED:
		return -EIO;
	case FAKE_BUSY:
		info2 = (u64)SEV_VMM_ERR_BUSY << 32;
		break;
	case FAKE_FW_ERROR:
		info2 = 0x77;
		break;
	case FAKE_TOO_SMALL:
		info2 = (u64)SEV_VMM_ERR_INVALID_LEN << 32;
		wire->r[SEV_GHCB_RBX] = cpu_to_le64(fake_psp.want_pages);
		fake_psp.want_pages += fake_psp.want_more;
		break;
	default:
		if (one.what == FAKE_BIND)
			wire->r[SEV_GHCB_RCX] = cpu_to_le64(fake_psp.same_id ? fake_psp.id :
							    ++fake_psp.id);
		else if (one.what < FAKE_BIND)
			answer_message(&one, how);
		wire->r[SEV_GHCB_RDX] = cpu_to_le64(fake_psp.word);
		break;
	}
	wire->r[SEV_GHCB_EXITINFO2] = cpu_to_le64(info2);
	return 0;
}
