// SPDX-License-Identifier: GPL-2.0
/*
 * The emulated platform's hypercall: the only file that rings the doorbell.
 * Documentation/emu-mailbox.rst is the ABI.
 *
 * A reply is copied once, as a whole, before a byte of it is looked at: host
 * calls are answered in shared memory.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "mailbox.h"

/* A conversion may run with interrupts off: it has less patience. */
#define CONVERT_TIMEOUT_US	500000

static const char * const status_names[] = {
	[EMU_OK]		= "OK",
	[EMU_E_CALL]		= "no such call",
	[EMU_E_PARAM]		= "bad parameter",
	[EMU_E_STATE]		= "not in this state",
	[EMU_E_TDI]		= "no such TDI",
	[EMU_E_NONCE]		= "stale nonce",
	[EMU_E_RANGE]		= "not the range that was reported",
	[EMU_E_PAGE]		= "wrong page ownership",
	[EMU_E_BUSY]		= "busy",
	[EMU_E_DEVICE]		= "device refused",
	[EMU_E_OBJECT]		= "no such object",
	[EMU_E_DENIED]		= "denied by the host",
	[EMU_E_NOT_ENTERED]	= "not entered",
};

const char *emu_status_name(u32 status)
{
	return status < ARRAY_SIZE(status_names) ? status_names[status] : "unknown status";
}

static int status_errno(u32 status)
{
	switch (status) {
	case EMU_OK:
		return 0;
	case EMU_E_NONCE:
		return -ESTALE;
	case EMU_E_BUSY:
		return -EBUSY;
	case EMU_E_CALL:
	case EMU_E_PARAM:
	case EMU_E_STATE:
	case EMU_E_TDI:
	case EMU_E_RANGE:
	case EMU_E_PAGE:
	case EMU_E_DEVICE:
	case EMU_E_OBJECT:
	case EMU_E_DENIED:
	case EMU_E_NOT_ENTERED:
		return -EREMOTEIO;
	default:
		return -EIO;
	}
}

static int refuse(struct emu_answer *answer, int err, const char *what, u64 expected, u64 found)
{
	answer->what = what;
	answer->expected = expected;
	answer->found = found;
	return err;
}

/* Pages whose writer could be the host, or could not. */
static bool is_host_call(u16 call)
{
	return (call & EMU_CALL_CLASS) == EMU_CALL_CLASS_HOST;
}

static void __iomem *slot_reg(struct emu_mbox *mbox, unsigned int n, unsigned int reg)
{
	return mbox->regs + EMU_MBOX_SLOT(n) + reg;
}

static void ring(struct emu_mbox *mbox, unsigned int n, u16 call, u32 handle, u32 seq,
		 const void *req, size_t len)
{
	struct emu_slot *slot = &mbox->slot[n];
	bool host = is_host_call(call);
	struct emu_req_hdr *hdr = page_address(slot->request[host]);

	/* DONE is the host's word: an old reply must not pass for a new one. */
	memset(page_address(slot->reply[host]), 0, EMU_PAGE_SIZE);

	*hdr = (struct emu_req_hdr) {
		.call		= cpu_to_le16(call),
		.version	= cpu_to_le16(EMU_MSG_VERSION),
		.seq		= cpu_to_le32(seq),
		.len		= cpu_to_le32(len),
		.handle		= cpu_to_le32(handle),
	};
	if (len)
		memcpy(hdr + 1, req, len);

	lo_hi_writeq(page_to_phys(slot->request[host]), slot_reg(mbox, n, EMU_SLOT_REQUEST));
	lo_hi_writeq(page_to_phys(slot->reply[host]), slot_reg(mbox, n, EMU_SLOT_REPLY));
	/* writel() orders the page's content before the doorbell. */
	writel(1, slot_reg(mbox, n, EMU_SLOT_DOORBELL));
}

/*
 * Gives up on a slot. If the mailbox does not acknowledge, its pages may be
 * written at any later time: the slot is never used again.
 */
static void give_up(struct emu_mbox *mbox, unsigned int n)
{
	writel(1, slot_reg(mbox, n, EMU_SLOT_ABORT));
	if (readl(slot_reg(mbox, n, EMU_SLOT_STATUS)) != EMU_SLOT_IDLE)
		mbox->slot[n].dead = true;
}

/* Checks a reply's header, in its private copy. */
static int check_reply(const struct emu_rsp_hdr *hdr, u16 call, u32 seq, size_t min, size_t max,
		       size_t *ret_len, struct emu_answer *answer)
{
	u32 len = le32_to_cpu(hdr->len);
	u32 status = le32_to_cpu(hdr->status);

	if (le16_to_cpu(hdr->call) != call)
		return refuse(answer, -EIO, "reply's call", call, le16_to_cpu(hdr->call));
	if (le16_to_cpu(hdr->version) != EMU_MSG_VERSION)
		return refuse(answer, -EIO, "reply's version", EMU_MSG_VERSION,
			      le16_to_cpu(hdr->version));
	if (le32_to_cpu(hdr->seq) != seq)
		return refuse(answer, -EIO, "reply's sequence number", seq,
			      le32_to_cpu(hdr->seq));
	answer->status = status;
	if (status)
		return status_errno(status);
	if (len < min)
		return refuse(answer, -EIO, "reply's length, at least", min, len);
	if (len > max)
		return refuse(answer, -EIO, "reply's length, at most", max, len);
	*ret_len = len;
	return 0;
}

/* What a finished slot holds. @page is private and EMU_PAGE_SIZE long. */
static int collect(struct emu_mbox *mbox, unsigned int n, u32 status, u16 call, u32 seq,
		   void *page, size_t min, size_t max, size_t *ret_len,
		   struct emu_answer *answer)
{
	if (status != EMU_SLOT_DONE)
		return refuse(answer, -EIO, "mailbox status (fault)", EMU_SLOT_DONE,
			      readl(slot_reg(mbox, n, EMU_SLOT_FAULT)));
	memcpy(page, page_address(mbox->slot[n].reply[is_host_call(call)]), EMU_PAGE_SIZE);
	return check_reply(page, call, seq, min, max, ret_len, answer);
}

static unsigned int take_slot(struct emu_mbox *mbox)
{
	unsigned int n;

	spin_lock(&mbox->pick);
	n = find_next_zero_bit(mbox->busy, mbox->nr_slots, 1);
	__set_bit(n, mbox->busy);
	spin_unlock(&mbox->pick);
	return n;
}

/* A dead slot stays taken, and one caller fewer fits from then on. */
static void put_slot(struct emu_mbox *mbox, unsigned int n)
{
	if (mbox->slot[n].dead)
		return;
	spin_lock(&mbox->pick);
	__clear_bit(n, mbox->busy);
	spin_unlock(&mbox->pick);
	up(&mbox->free);
}

/**
 * emu_mbox_call() - one hypercall
 * @mbox: the mailbox
 * @call: enum emu_call
 * @handle: the TDI, or 0
 * @req: payload
 * @len: its length, at most EMU_MSG_MAX
 * @rsp: where the reply's payload goes; untouched on failure
 * @min: shortest reply that is accepted
 * @max: longest; the size of @rsp
 * @ret_len: length of the reply's payload; may be NULL
 * @answer: details of a failure
 *
 * Context: Process context, sleeps. Calls of different callers do not wait for
 *	each other as long as there are slots.
 * Return: 0; -ETIMEDOUT no answer in time; -EIO a malformed one; -EREMOTEIO,
 *	-ESTALE, -EBUSY a refusal, @answer->status says which; -ENOMEM; -EINVAL.
 */
int emu_mbox_call(struct emu_mbox *mbox, u16 call, u32 handle, const void *req, size_t len,
		  void *rsp, size_t min, size_t max, size_t *ret_len,
		  struct emu_answer *answer)
{
	unsigned long patience = msecs_to_jiffies(mbox->timeout_ms);
	u32 seq = atomic_inc_return(&mbox->seq);
	unsigned int n, tries = 0;
	ktime_t deadline;
	size_t got = 0;
	u32 status;
	int ret;

	*answer = (struct emu_answer) { .status = ~0u };
	if (len > EMU_MSG_MAX || max > EMU_MSG_MAX)
		return -EINVAL;

	void *page __free(kfree) = kmalloc(EMU_PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	if (down_timeout(&mbox->free, patience))
		return refuse(answer, -ETIMEDOUT, "free mailbox slots, at least", 1, 0);
	n = take_slot(mbox);
	ring(mbox, n, call, handle, seq, req, len);

	deadline = ktime_add_ms(ktime_get(), mbox->timeout_ms);
	for (;;) {
		status = readl(slot_reg(mbox, n, EMU_SLOT_STATUS));
		if (status != EMU_SLOT_BUSY)
			break;
		if (ktime_after(ktime_get(), deadline)) {
			give_up(mbox, n);
			put_slot(mbox, n);
			return refuse(answer, -ETIMEDOUT, "answer within, ms", mbox->timeout_ms,
				      mbox->timeout_ms);
		}
		/* Most answers are there at the first look; then ever less often. */
		if (tries < 8)
			tries++;
		fsleep(10 << tries);
	}
	ret = collect(mbox, n, status, call, seq, page, min, max, &got, answer);
	put_slot(mbox, n);
	if (ret)
		return ret;
	if (got)
		memcpy(rsp, page + sizeof(struct emu_rsp_hdr), got);
	if (ret_len)
		*ret_len = got;
	return 0;
}

static int convert_locked(struct emu_mbox *mbox, u16 call, u64 gpa, u64 nr_pages)
{
	struct emu_page_req req = {
		.gpa	= cpu_to_le64(gpa),
		.npages	= cpu_to_le64(nr_pages),
	};
	u32 seq = atomic_inc_return(&mbox->seq);
	struct emu_answer answer = { };
	struct emu_rsp_hdr hdr;
	size_t unused;
	u32 status;

	lockdep_assert_held(&mbox->convert);
	if (mbox->slot[0].dead)
		return -ENXIO;
	ring(mbox, 0, call, 0, seq, &req, sizeof(req));
	if (readl_poll_timeout_atomic(slot_reg(mbox, 0, EMU_SLOT_STATUS), status,
				      status != EMU_SLOT_BUSY, 20, CONVERT_TIMEOUT_US)) {
		give_up(mbox, 0);
		/* Once is enough: interrupts may be off, and others wait for the lock. */
		mbox->slot[0].dead = true;
		return -ETIMEDOUT;
	}
	if (status != EMU_SLOT_DONE)
		return -EIO;
	memcpy(&hdr, page_address(mbox->slot[0].reply[0]), sizeof(hdr));
	return check_reply(&hdr, call, seq, 0, 0, &unused, &answer);
}

/**
 * emu_mbox_convert() - change the owner of pages
 * @mbox: the mailbox
 * @call: EMU_TSM_PAGE_SHARE or EMU_TSM_PAGE_PRIVATE
 * @gpa: guest physical address of the first page
 * @nr_pages: how many
 *
 * Context: Any: coherent memory is allocated and freed with locks held. Polls.
 * Return: as emu_mbox_call(); -ENXIO when an earlier conversion was never
 *	answered, and this one was not even asked for: the pages are as they were.
 */
int emu_mbox_convert(struct emu_mbox *mbox, u16 call, u64 gpa, u64 nr_pages)
{
	unsigned long flags;
	int ret;

	/* By hand: sparse does not see a guard's end where the poll loops. */
	spin_lock_irqsave(&mbox->convert, flags);
	ret = convert_locked(mbox, call, gpa, nr_pages);
	spin_unlock_irqrestore(&mbox->convert, flags);
	return ret;
}

/**
 * emu_mbox_share_pages() - share the pages of host calls
 * @mbox: the mailbox, just after EMU_TSM_ENTER
 *
 * Return: 0 or the error of the first conversion that failed.
 */
int emu_mbox_share_pages(struct emu_mbox *mbox)
{
	unsigned int n;
	int ret;

	for (n = 0; n < mbox->nr_slots; n++) {
		ret = emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE,
				       page_to_phys(mbox->slot[n].request[1]), 1);
		if (!ret)
			ret = emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE,
					       page_to_phys(mbox->slot[n].reply[1]), 1);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * emu_mbox_init() - look at the registers, make the pages
 * @mbox: zeroed
 * @pdev: the mailbox function
 * @regs: its BAR 0
 *
 * Return: 0, -ENODEV for something else or another major version, -ENOMEM.
 */
int emu_mbox_init(struct emu_mbox *mbox, struct pci_dev *pdev, void __iomem *regs)
{
	u32 magic = readl(regs + EMU_MBOX_MAGIC);
	u32 abi = readl(regs + EMU_MBOX_ABI);
	u32 nr_slots = readl(regs + EMU_MBOX_NR_SLOTS);
	unsigned int n, i;

	if (magic != EMU_MBOX_MAGIC_VALUE ||
	    EMU_ABI_MAJOR(abi) != EMU_ABI_MAJOR(EMU_MBOX_ABI_VALUE)) {
		pci_err(pdev, "mailbox: expected magic %#x, ABI %u.x, found %#x, %u.%u\n",
			EMU_MBOX_MAGIC_VALUE, EMU_ABI_MAJOR(EMU_MBOX_ABI_VALUE), magic,
			abi >> 16, abi & 0xffff);
		return -ENODEV;
	}
	/* One for conversions, one for the rest. */
	if (nr_slots < 2) {
		pci_err(pdev, "mailbox: expected 2 slots or more, found %u\n", nr_slots);
		return -ENODEV;
	}

	mbox->regs = regs;
	mbox->nr_slots = min(nr_slots, EMU_MBOX_SLOTS);
	spin_lock_init(&mbox->pick);
	spin_lock_init(&mbox->convert);
	sema_init(&mbox->free, mbox->nr_slots - 1);

	for (n = 0; n < mbox->nr_slots; n++) {
		for (i = 0; i < 2; i++) {
			mbox->slot[n].request[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
			mbox->slot[n].reply[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
			if (!mbox->slot[n].request[i] || !mbox->slot[n].reply[i]) {
				emu_mbox_exit(mbox, true);
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/**
 * emu_mbox_exit() - free the pages
 * @mbox: the mailbox, no call in flight
 * @pages_are_safe: memory is open again; else shared pages are leaked, since
 *	nobody can make them private any more
 */
void emu_mbox_exit(struct emu_mbox *mbox, bool pages_are_safe)
{
	unsigned int n, i;

	for (n = 0; n < mbox->nr_slots; n++) {
		if (mbox->slot[n].dead || !pages_are_safe)
			continue;
		for (i = 0; i < 2; i++) {
			if (mbox->slot[n].request[i])
				__free_page(mbox->slot[n].request[i]);
			if (mbox->slot[n].reply[i])
				__free_page(mbox->slot[n].reply[i]);
		}
	}
}
