// SPDX-License-Identifier: GPL-2.0
/*
 * Backend of AMD SEV-TIO: the core's verbs in guest messages to the PSP, which are
 * authenticated, and in GHCB operations of the host, which are not.
 *
 * What is trusted of a TDI's state. The PSP says BOUND or not, and no more: the
 * TDISP state comes in RDX, from the host. It is believed when it is bad news, and
 * where what the guest does next needs the contrary from the PSP:
 *
 *   PSP: not bound		CONFIG_UNLOCKED, whatever the host says
 *   PSP: bound, host: UNLOCKED	ERROR: they contradict each other
 *   host: ERROR		ERROR
 *   host: none of the four	ERROR: an error of the look itself would be no news
 *   host: CONFIG_LOCKED	CONFIG_LOCKED: a lie delays. Nothing is granted by it; RUN
 *				and what follows still is the guest's to ask for
 *   host: RUN			RUN, if MMIO_VALIDATE of a page that is accepted (or the
 *				sDTE once more, if none is) succeeds and changes nothing:
 *				the PSP does either in RUN only. It is asked for if lock and
 *				report are what was granted to; else: ERROR. Before
 *				anything is granted there is nothing to ask for, and the
 *				grant itself is the proof: the core calls a TDI accepted
 *				after that alone
 *
 * What is weak: whether firmware refuses MMIO_VALIDATE in ERROR is inferred (module
 * parameter probe_run); between two looks a loss goes unnoticed; and in version 2 a
 * TDI that an earlier kernel left bound cannot be asked for, its id being lost.
 *
 * Freshness: a BIND makes a new tdi_id, by which all is asked, and each lock counts
 * tdi_report_count. Grants carry no nonce: they are asked for right after a TDI_INFO
 * that was compared. A lock between the two is refused by its tdi_id in version 2;
 * in version 1 the same guest_device_id would do, and the next look finds out.
 */
#include <linux/cc_platform.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

static unsigned int timeout_ms = 2000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "How long the host may be busy with a request, in ms (default: 2000)");

static unsigned int msg_version = SEV_MSG_V2;
module_param(msg_version, uint, 0444);
MODULE_PARM_DESC(msg_version, "Version of guest messages: 1 (guest_device_id) or 2 (tdi_id) (default: 2)");

static bool types_2024;
module_param(types_2024, bool, 0444);
MODULE_PARM_DESC(types_2024, "Message types and status codes of 2024; needs msg_version=1 (default: off)");

static bool base_is_gpa;
module_param(base_is_gpa, bool, 0444);
MODULE_PARM_DESC(base_is_gpa, "In version 2, MMIO_VALIDATE takes an address, not a frame number (default: off)");

static unsigned int vmpck;
module_param(vmpck, uint, 0444);
MODULE_PARM_DESC(vmpck, "Which key of the secrets page seals messages: 0 to 3 (default: 0)");

static bool probe_run = true;
module_param(probe_run, bool, 0644);
MODULE_PARM_DESC(probe_run, "Have the PSP confirm RUN, by validating an accepted page again (default: on)");

/* Where memory is shared in TDI_DMA_SPLIT: the default of the newest code, 2 TiB. */
#define SEV_VTOM	BIT_ULL(41)

static const char * const op_names[] = {
	[SEV_TIO_OP_BIND]	= "BIND",
	[SEV_TIO_OP_UNBIND]	= "UNBIND",
	[SEV_TIO_OP_RUN]	= "RUN",
	[SEV_TIO_OP_STOP]	= "STOP",
};

unsigned int sev_timeout_ms(void)
{
	return READ_ONCE(timeout_ms);
}

static const struct sev_dialect *dialect_of(const struct sev_tdi *t)
{
	return &to_sev_tsm(t->tdi.backend)->dialect;
}

/* --- the host ------------------------------------------------------------------- */

/* TIO_OP: the host does it, or says so. */
static int tio_op(struct sev_tdi *t, enum sev_tio_op op, u64 *rcx)
{
	struct emu_platform *emu = to_sev_tsm(t->tdi.backend)->emu;
	unsigned long deadline = jiffies + msecs_to_jiffies(sev_timeout_ms());
	u64 regs[SEV_GHCB_NR_REGS];
	u64 info2;
	int ret;

	for (;;) {
		memset(regs, 0, sizeof(regs));
		regs[SEV_GHCB_EXITCODE] = SEV_EXIT_TIO_OP;
		regs[SEV_GHCB_EXITINFO1] = SEV_TIO_OP_INFO1(op, t->device_id);
		ret = sev_ghcb_exit(emu, regs);
		if (ret) {
			tdi_reason(&t->tdi, "%s: expected an answer within %u ms, found %s",
				   op_names[op], sev_timeout_ms(),
				   ret == -ETIMEDOUT ? "none" : "a failed exit");
			return ret;
		}
		info2 = regs[SEV_GHCB_EXITINFO2];
		if (SEV_EXITINFO2_VMM_ERR(info2) != SEV_VMM_ERR_BUSY)
			break;
		if (time_after_eq(jiffies, deadline)) {
			tdi_reason(&t->tdi, "%s: expected an answer in %u ms, found the host busy",
				   op_names[op], sev_timeout_ms());
			return -EBUSY;
		}
		fsleep(2000);
	}
	if (info2) {
		tdi_reason(&t->tdi, "%s: expected success, found error %#x (VMM: %u)",
			   op_names[op], SEV_EXITINFO2_FW_ERR(info2),
			   SEV_EXITINFO2_VMM_ERR(info2));
		return -EREMOTEIO;
	}
	if (rcx)
		*rcx = regs[SEV_GHCB_RCX];
	return 0;
}

/* --- the PSP --------------------------------------------------------------------- */

static int exchange(struct sev_tdi *t, struct sev_exchange *x)
{
	return sev_channel_exchange(&to_sev_tsm(t->tdi.backend)->channel, &t->tdi, x);
}

static bool has_key(const struct sev_tdi *t)
{
	return sev_channel_alive(&to_sev_tsm(t->tdi.backend)->channel);
}

/* An answer that is about something else than what was asked. */
static int explain(struct sev_tdi *t, enum sev_msg msg, const struct tdisp_why *why)
{
	tdi_reason(&t->tdi, "%s: %s: expected %#llx, found %#llx", sev_msg_name(msg), why->check,
		   why->expected, why->found);
	return -EIO;
}

/* The PSP's verdict on a request. */
static int judge(struct sev_tdi *t, enum sev_msg msg, u16 status)
{
	const struct sev_dialect *d = dialect_of(t);
	int err = sev_status_errno(d, msg, status);

	if (err)
		tdi_reason(&t->tdi, "%s: status: expected 0 (success), found %u (%s)",
			   sev_msg_name(msg), status, sev_status_name(d, msg, status));
	return err == -EBADMSG ? -EIO : err;
}

/* TDI_INFO, with the host's word in *word; @x says what of the host's is wanted. */
static int ask_info(struct sev_tdi *t, struct sev_exchange *x, struct sev_info *ret, u64 *word)
{
	struct sev_tdi_info_req req;
	struct sev_tdi_info_rsp rsp;
	struct tdisp_why why = { };
	int err;

	sev_info_request(dialect_of(t), t->id, &req);
	x->msg = SEV_TDI_INFO;
	x->req = &req;
	x->rsp = &rsp;
	x->rcx = t->device_id;
	err = exchange(t, x);
	if (err)
		return err;
	if (sev_info_parse(dialect_of(t), t->id, &rsp, ret, &why))
		return explain(t, SEV_TDI_INFO, &why);
	*word = x->rdx;
	return 0;
}

/* With the objects, but for those in @skip; they are kept. */
static int fetch(struct sev_tdi *t, const u8 *nonce, u64 skip)
{
	struct sev_info info;
	u8 *data = NULL;
	size_t len = 0;
	struct sev_exchange x = { .rdx = skip, .nonce = nonce, .data = &data, .data_len = &len };
	u64 word;
	int ret;

	ret = ask_info(t, &x, &info, &word);
	if (!ret)
		ret = judge(t, SEV_TDI_INFO, info.status);
	if (ret) {
		kvfree(data);
		return ret;
	}
	return sev_objects_take(t, &info, data, len);
}

static int validate(struct sev_tdi *t, const struct sev_pages *pages, bool validated,
		    bool *changed)
{
	const struct sev_dialect *d = dialect_of(t);
	struct sev_mmio_validate req, rsp;
	struct sev_exchange x = {
		.msg = SEV_MMIO_VALIDATE, .req = &req, .rsp = &rsp,
		.rcx = sev_validate_rcx(d, pages, t->device_id),
		.rdx = sev_validate_rdx(d, pages, validated),
	};
	struct tdisp_why why = { };
	u16 status;
	int ret;

	sev_validate_request(d, t->id, pages, validated, &req);
	ret = exchange(t, &x);
	if (ret)
		return ret;
	if (sev_validate_parse(d, &req, &rsp, &status, changed, &why))
		return explain(t, SEV_MMIO_VALIDATE, &why);
	return judge(t, SEV_MMIO_VALIDATE, status);
}

static int write_sdte(struct sev_tdi *t, const u8 sdte[SEV_SDTE_SIZE])
{
	const struct sev_dialect *d = dialect_of(t);
	struct sev_sdte_write_req req;
	struct sev_sdte_write_rsp rsp;
	struct sev_exchange x = {
		.msg = SEV_SDTE_WRITE, .req = &req, .rsp = &rsp,
		.rcx = t->device_id, .rdx = sev_sdte_rdx(sdte),
	};
	struct tdisp_why why = { };
	u16 status;
	int ret;

	sev_sdte_request(d, t->id, sdte, &req);
	ret = exchange(t, &x);
	if (ret)
		return ret;
	if (sev_sdte_parse(d, t->id, &rsp, &status, &why))
		return explain(t, SEV_SDTE_WRITE, &why);
	return judge(t, SEV_SDTE_WRITE, status);
}

/* --- state ------------------------------------------------------------------------ */

/* The PSP does not have it as bound by that id: with the binding went all it carried. */
static void not_bound(struct sev_tdi *t)
{
	scoped_guard(mutex, &to_sev_tsm(t->tdi.backend)->list_lock)
		t->bound = false;
	memset(t->sdte, 0, sizeof(t->sdte));
	t->may_have_sdte = false;
	t->nr_pages = 0;
}

/* Does the PSP do what it does in RUN only? Nothing changes by it. */
static bool is_in_run(struct sev_tdi *t)
{
	bool changed = false;
	int ret;

	if (!READ_ONCE(probe_run))
		return true;
	if (t->nr_pages) {
		struct sev_pages one = t->pages[0];

		one.nr = 1;
		/* The host has it mapped, and is told of nothing new. */
		ret = validate(t, &one, true, &changed);
		return !ret && !changed;
	}
	/* One that was to be cleared is not written again, whatever became of that. */
	return !(t->sdte[0] & SEV_SDTE_Q0_V) || !write_sdte(t, t->sdte);
}

/* See the head of this file. */
static enum tdisp_state state_of(struct sev_tdi *t, u64 word)
{
	switch (word) {
	case TDISP_CONFIG_LOCKED:
		return TDISP_CONFIG_LOCKED;
	case TDISP_RUN:
		return is_in_run(t) ? TDISP_RUN : TDISP_ERROR;
	case TDISP_CONFIG_UNLOCKED:
	case TDISP_ERROR:
		return TDISP_ERROR;
	default:
		tdi_reason(&t->tdi, "TDI_INFO: state (host): expected 0 to 3, found %llu", word);
		return TDISP_ERROR;
	}
}

/* Digests of what the core reads, and what became of those of the measurements. */
static void put_digests(const struct sev_tdi *t, const struct sev_info *info,
			struct tdi_tsm_info *ret)
{
	const struct sev_objects *o = &t->objects;

	if (memchr_inv(info->certs, 0, sizeof(info->certs))) {
		ret->digest_valid |= BIT(TDI_OBJ_CERTS);
		memcpy(ret->digest[TDI_OBJ_CERTS], info->certs, sizeof(info->certs));
	}
	if (memchr_inv(info->report, 0, sizeof(info->report))) {
		ret->digest_valid |= BIT(TDI_OBJ_REPORT);
		memcpy(ret->digest[TDI_OBJ_REPORT], info->report, sizeof(info->report));
	}
	/* Parts of what the PSP still says it was. */
	if (info->meas_valid && o->vca_len && !memcmp(o->meas, info->meas, sizeof(o->meas))) {
		ret->digest_valid |= BIT(TDI_OBJ_VCA) | BIT(TDI_OBJ_MEASUREMENTS);
		memcpy(ret->digest[TDI_OBJ_VCA], o->vca_digest, sizeof(o->vca_digest));
		memcpy(ret->digest[TDI_OBJ_MEASUREMENTS], o->log_digest, sizeof(o->log_digest));
	}
}

/*
 * What changes with each lock, measurement and report, of what the PSP says: its
 * count, which may start at 0, and the digests, whose first bytes will do.
 */
static struct tdi_nonces nonces_of(const struct sev_info *info)
{
	struct tdi_nonces nonces = {
		.lock	= info->report_count + 1,
		.report	= get_unaligned_le64(info->report),
	};

	if (info->meas_valid)
		nonces.meas = get_unaligned_le64(info->meas);
	return nonces;
}

/*
 * Was it locked anew since something was granted? What confirms RUN is a grant of its
 * own, and must not be made to a TDI that nobody has verified.
 */
static bool is_another(struct sev_tdi *t, const struct tdi_nonces *found)
{
	const struct tdi_nonces *want = &t->granted;

	if (!t->nr_pages && !t->may_have_sdte)
		return false;
	/* Of an earlier kernel's doing; the count begins with 1. */
	if (!want->lock)
		return false;
	if (found->lock == want->lock && found->report == want->report)
		return false;
	tdi_reason(&t->tdi, "lock/report nonce: expected %#llx/%#llx, found %#llx/%#llx",
		   want->lock, want->report, found->lock, found->report);
	return true;
}

static int sev_info(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	struct sev_exchange x = { };
	struct sev_info info;
	u64 word;
	int err;

	*ret = (struct tdi_tsm_info) {
		.state	= TDISP_CONFIG_UNLOCKED,
		.hash	= TDI_HASH_SHA384,
	};
	/*
	 * There is no id to ask by, or no key; and nothing that was granted. But the
	 * host may have it locked, for a BIND that failed.
	 */
	if (!t->bound && (dialect_of(t)->version == SEV_MSG_V2 || !has_key(t))) {
		if (t->asked)
			ret->state = TDISP_ERROR;
		return 0;
	}
	err = ask_info(t, &x, &info, &word);
	if (err)
		return err;
	if (info.status != SEV_INFO_BOUND) {
		not_bound(t);
		return 0;
	}
	ret->lock_flags = info.lock_flags;
	ret->nonces = nonces_of(&info);
	ret->state = is_another(t, &ret->nonces) ? TDISP_ERROR : state_of(t, word);
	put_digests(t, &info, ret);
	return 0;
}

/* Is it still what these nonces are of? Asked right before a grant, which cannot say. */
static int check_nonces(struct sev_tdi *t, const struct tdi_nonces *want)
{
	struct sev_exchange x = { };
	struct tdi_nonces found;
	struct sev_info info;
	u64 word;
	int ret;

	ret = ask_info(t, &x, &info, &word);
	if (!ret)
		ret = judge(t, SEV_TDI_INFO, info.status);
	if (ret)
		return ret;
	found = nonces_of(&info);
	if (found.lock == want->lock && found.meas == want->meas && found.report == want->report)
		return 0;
	tdi_reason(&t->tdi, "lock/measurement nonce: expected %#llx/%#llx, found %#llx/%#llx",
		   want->lock, want->meas, found.lock, found.meas);
	return -ESTALE;
}

/* --- the verbs ---------------------------------------------------------------------- */

/* Two functions of ours may not be one TDI of the PSP's, nor one what another left. */
static int take_id(struct sev_tdi *t, u64 id)
{
	struct sev_tsm *tsm = to_sev_tsm(t->tdi.backend);
	struct sev_tdi *other;

	guard(mutex)(&tsm->list_lock);
	list_for_each_entry(other, &tsm->left, node) {
		if (other->id != id)
			continue;
		tdi_reason(&t->tdi, "tdi_id: expected a new one, found %#llx, which %#x left",
			   id, other->device_id);
		return -EIO;
	}
	list_for_each_entry(other, &tsm->tdis, node) {
		if (other == t || !other->bound || other->id != id)
			continue;
		tdi_reason(&t->tdi, "tdi_id: expected one of its own, found %#llx, which is %s's",
			   id, pci_name(other->tdi.pdev));
		return -EIO;
	}
	t->id = id;
	t->bound = true;
	return 0;
}

/* The flags of the lock are the host's to choose, and the core's to judge. */
static int sev_lock(struct tdi *tdi, u16 lock_flags)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	u64 id = 0;
	int ret;

	sev_objects_forget(t);
	not_bound(t);
	t->asked = true;
	ret = tio_op(t, SEV_TIO_OP_BIND, &id);
	if (ret)
		return ret;
	if (dialect_of(t)->version == SEV_MSG_V1)
		id = (u16)t->device_id;
	return take_id(t, id);
}

/* One answer for everything: what is digested is what came with it. */
static int sev_measure(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE])
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	int ret = fetch(t, nonce, 0);

	if (!ret && !t->objects.vca_len) {
		tdi_reason(tdi, "measurements: expected in the host's buffer, found none");
		return -EIO;
	}
	return ret;
}

/* Measurements come by being taken; the rest for the asking, too. */
static int need_objects(struct sev_tdi *t, enum tdi_object obj)
{
	if (t->objects.buf)
		return 0;
	if (obj == TDI_OBJ_CERTS || obj == TDI_OBJ_REPORT)
		return fetch(t, NULL, SEV_INFO_SKIP_MEAS);
	tdi_reason(&t->tdi, "measurements: expected to be taken, found that they were not");
	return -ENODATA;
}

static int sev_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	size_t len;
	int err = need_objects(t, obj);

	if (err)
		return err;
	sev_object(t, obj, &len);
	*ret = len;
	return 0;
}

static ssize_t sev_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf,
			       size_t len)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	const u8 *data;
	size_t size;
	int err = need_objects(t, obj);

	if (err)
		return err;
	data = sev_object(t, obj, &size);
	if (!data || offset >= size) {
		tdi_reason(tdi, "object: expected more than %llu bytes, found %zu", offset, size);
		return -EIO;
	}
	len = min_t(u64, len, size - offset);
	memcpy(buf, data + offset, len);
	return len;
}

/* Remembered before it is asked for: what may have been done is to be undone. */
static int remember(struct sev_tdi *t, const struct sev_pages *pages)
{
	size_t size = array_size(t->nr_pages + 1, sizeof(*pages));
	struct sev_pages *all = krealloc(t->pages, size, GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	all[t->nr_pages] = *pages;
	t->pages = all;
	t->nr_pages++;
	return 0;
}

/* What the PSP refused, it has not done. */
static bool was_judged(int ret)
{
	return ret == -EREMOTEIO || ret == -ESTALE;
}

static int sev_mmio_accept(struct tdi *tdi, const struct tdi_nonces *nonces,
			   const struct tdi_mmio *mmio)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	struct sev_pages pages = {
		.addr		= mmio->addr,
		.first		= mmio->first,
		.range_id	= mmio->bar,
	};
	u64 left = mmio->nr_pages;
	bool changed = false;
	int ret;

	if (mmio->first > U32_MAX || left > U32_MAX - mmio->first) {
		tdi_reason(tdi, "range: expected pages below 2^32, found %llu at %llu", left,
			   mmio->first);
		return -EREMOTEIO;
	}
	ret = check_nonces(t, nonces);
	if (!ret)
		t->granted = *nonces;
	while (!ret && left) {
		pages.nr = sev_validate_chunk(dialect_of(t), left);
		ret = remember(t, &pages);
		if (ret)
			break;
		ret = validate(t, &pages, true, &changed);
		if (was_judged(ret) && has_key(t))
			t->nr_pages--;
		left -= pages.nr;
		pages.first += pages.nr;
		pages.addr += (u64)pages.nr << SEV_PAGE_SHIFT;
	}
	return ret;
}

static int sev_mmio_release(struct tdi *tdi)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	unsigned int i, kept = 0;
	bool changed;
	int ret, err = 0;

	for (i = 0; i < t->nr_pages; i++) {
		ret = validate(t, &t->pages[i], false, &changed);
		if (!ret || ret == -ESTALE)
			continue;
		t->pages[kept++] = t->pages[i];
		err = err ?: ret;
	}
	t->nr_pages = kept;
	return err;
}

static int sev_dma_enable(struct tdi *tdi, const struct tdi_nonces *nonces,
			  enum tdi_dma_mode mode)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	int ret;

	if (mode != TDI_DMA_DIRECT && mode != TDI_DMA_SPLIT) {
		tdi_reason(tdi, "DMA mode: expected direct or split, found another");
		return -EOPNOTSUPP;
	}
	ret = check_nonces(t, nonces);
	if (ret)
		return ret;
	t->granted = *nonces;
	sev_sdte(mode == TDI_DMA_SPLIT ? tdi->backend->vtom : 0, 0, t->sdte);
	t->may_have_sdte = true;
	return write_sdte(t, t->sdte);
}

static int sev_dma_disable(struct tdi *tdi)
{
	static const u8 none[SEV_SDTE_SIZE];
	struct sev_tdi *t = to_sev_tdi(tdi);
	int ret;

	memset(t->sdte, 0, sizeof(t->sdte));
	if (!t->may_have_sdte)
		return 0;
	ret = write_sdte(t, none);
	/* Nobody's DMA goes by the entry of a TDI that is not bound. */
	if (ret && ret != -ESTALE)
		return ret;
	t->may_have_sdte = false;
	return 0;
}

static int sev_start(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	int ret = check_nonces(t, nonces);

	return ret ?: tio_op(t, SEV_TIO_OP_RUN, NULL);
}

/*
 * STOP with an sDTE in place makes the firmware fail, and nothing is answered any
 * more (the trap that the middle file of the sources names). So it does not come
 * first, unless there is no key to clear it with, and nothing to lose.
 *
 * Without a key nobody says what became of it, and nobody can grant anything any
 * more. If nothing was, it is a shared device, whatever state the host leaves it in.
 */
static int sev_unlock(struct tdi *tdi)
{
	struct sev_tdi *t = to_sev_tdi(tdi);
	int ret, stop, unbind;

	sev_objects_forget(t);
	ret = sev_dma_disable(tdi);
	if (ret && has_key(t))
		return ret;
	stop = tio_op(t, SEV_TIO_OP_STOP, NULL);
	unbind = tio_op(t, SEV_TIO_OP_UNBIND, NULL);
	if (!unbind)
		t->asked = false;
	if (!has_key(t) && !t->may_have_sdte && !t->nr_pages)
		not_bound(t);
	return unbind ?: stop ?: ret;
}

/* --- the platform ------------------------------------------------------------------- */

/*
 * What was at the function before, and is not known to be given back, is its business:
 * it is asked for by the old id, and is shared again once the PSP has it as not bound.
 */
static void take_over(struct sev_tsm *tsm, struct sev_tdi *t)
{
	struct sev_tdi *old, *next;

	lockdep_assert_held(&tsm->list_lock);
	list_for_each_entry_safe(old, next, &tsm->left, node) {
		if (old->device_id != t->device_id)
			continue;
		t->id = old->id;
		t->asked = true;
		t->bound = true;
		t->may_have_sdte |= old->may_have_sdte;
		list_del(&old->node);
		kfree(old);
	}
}

static struct tdi *sev_add(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct sev_tsm *tsm = to_sev_tsm(backend);
	struct sev_tdi *t;
	int ret;

	ret = emu_platform_announce(tsm->emu, pdev);
	if (ret)
		return ERR_PTR(ret);
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->device_id = SEV_DEVICE_ID(pci_domain_nr(pdev->bus), pci_dev_id(pdev));
	if (tsm->dialect.version == SEV_MSG_V1) {
		/* Bus and devfn are all that it has, and that an earlier kernel had. */
		t->device_id = pci_dev_id(pdev);
		t->id = t->device_id;
		t->may_have_sdte = true;
	}
	guard(mutex)(&tsm->list_lock);
	take_over(tsm, t);
	list_add_tail(&t->node, &tsm->tdis);
	return &t->tdi;
}

static void sev_remove(struct tdi *tdi)
{
	struct sev_tsm *tsm = to_sev_tsm(tdi->backend);
	struct sev_tdi *t = to_sev_tdi(tdi);

	bool left = t->bound || t->may_have_sdte || t->nr_pages;

	sev_objects_forget(t);
	kfree(t->pages);
	t->pages = NULL;
	t->nr_pages = 0;
	scoped_guard(mutex, &tsm->list_lock) {
		list_del(&t->node);
		if (left)
			list_add_tail(&t->node, &tsm->left);
	}
	if (!left)
		kfree(t);
}

static int sev_enter(struct tdi_backend *backend)
{
	struct sev_tsm *tsm = to_sev_tsm(backend);
	int ret;

	ret = emu_platform_enter(tsm->emu);
	if (ret)
		return ret;
	ret = sev_channel_open(&tsm->channel, tsm->emu, &tsm->dialect, vmpck);
	if (ret)
		dev_err(backend->parent, "guest messages: expected a key and AES-256-GCM, found %pe\n",
			ERR_PTR(ret));
	return ret;
}

static void sev_leave(struct tdi_backend *backend)
{
	struct sev_tsm *tsm = to_sev_tsm(backend);

	sev_channel_close(&tsm->channel);
	emu_platform_leave(tsm->emu);
}

static int sev_share_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_share_pages(to_sev_tsm(backend)->emu, addr, nr_pages);
}

static int sev_unshare_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_unshare_pages(to_sev_tsm(backend)->emu, addr, nr_pages);
}

static const struct tdi_backend_ops sev_ops = {
	.add		= sev_add,
	.remove		= sev_remove,
	.enter		= sev_enter,
	.leave		= sev_leave,
	.share_pages	= sev_share_pages,
	.unshare_pages	= sev_unshare_pages,
	.info		= sev_info,
	.lock		= sev_lock,
	.measure	= sev_measure,
	.object_size	= sev_object_size,
	.object_read	= sev_object_read,
	.mmio_accept	= sev_mmio_accept,
	.mmio_release	= sev_mmio_release,
	.dma_enable	= sev_dma_enable,
	.dma_disable	= sev_dma_disable,
	.start		= sev_start,
	.unlock		= sev_unlock,
};

static void sev_event(void *data)
{
	struct sev_tsm *tsm = data;

	tdi_backend_event(&tsm->backend);
}

static int sev_probe(struct emu_platform *emu, struct device *parent)
{
	struct sev_tsm *tsm;
	int ret;

	tsm = kzalloc(sizeof(*tsm), GFP_KERNEL);
	if (!tsm)
		return -ENOMEM;
	mutex_init(&tsm->list_lock);
	mutex_init(&tsm->channel.lock);
	INIT_LIST_HEAD(&tsm->tdis);
	INIT_LIST_HEAD(&tsm->left);
	tsm->emu = emu;
	tsm->dialect = (struct sev_dialect) {
		.version	= msg_version,
		.types_2024	= types_2024,
		.base_is_gpa	= base_is_gpa,
	};
	tsm->backend = (struct tdi_backend) {
		.platform	= "sev-tio",
		.parent		= parent,
		.ops		= &sev_ops,
		.order		= TDI_START_FIRST,
		.flags		= TDI_BACKEND_EMULATED,
		.vtom		= SEV_VTOM,
	};
	emu_platform_set_drvdata(emu, tsm);
	ret = tdi_backend_register(&tsm->backend);
	if (ret) {
		sev_ghcb_put_secrets(tsm->channel.secrets);
		kfree(tsm);
		return ret;
	}
	/* Without events the watch finds out, later. */
	emu_platform_listen(emu, sev_event, tsm);
	return 0;
}

static void sev_platform_remove(struct emu_platform *emu)
{
	struct sev_tsm *tsm = emu_platform_get_drvdata(emu);
	struct sev_tdi *t, *next;

	emu_platform_listen(emu, NULL, NULL);
	tdi_backend_unregister(&tsm->backend);
	list_for_each_entry_safe(t, next, &tsm->left, node)
		kfree(t);
	sev_ghcb_put_secrets(tsm->channel.secrets);
	kfree(tsm);
}

static void sev_shutdown(struct emu_platform *emu)
{
	struct sev_tsm *tsm = emu_platform_get_drvdata(emu);

	emu_platform_listen(emu, NULL, NULL);
	tdi_backend_shutdown(&tsm->backend);
}

static struct emu_platform_driver sev_driver = {
	.name		= "sev-tio",
	.probe		= sev_probe,
	.remove		= sev_platform_remove,
	.shutdown	= sev_shutdown,
};

static int __init sev_init(void)
{
	const struct sev_dialect dialect = { .version = msg_version, .types_2024 = types_2024 };
	int ret;

	if (msg_version > U8_MAX || !sev_dialect_exists(&dialect) || vmpck >= SNP_NR_VMPCK) {
		pr_err("expected msg_version 2, or 1 with or without types_2024, and vmpck 0 to 3; found %u, %d, %u\n",
		       msg_version, types_2024, vmpck);
		return -EINVAL;
	}
	ret = sev_ghcb_check();
	return ret == -ENODEV ? emu_platform_register(&sev_driver) : ret;
}
module_init(sev_init);

static void __exit sev_exit(void)
{
	emu_platform_unregister(&sev_driver);
}
module_exit(sev_exit);

MODULE_DESCRIPTION("TDISP for confidential guests: AMD SEV-TIO");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: gcm");
