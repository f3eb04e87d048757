// SPDX-License-Identifier: GPL-2.0
/*
 * SNP guest messages: sealed for the PSP, carried by the host.
 *
 * A key seals each number once. What may have been sealed and not been answered must
 * not be followed by something else under the same number, and nobody but the host
 * says whether it arrived: so whatever goes wrong ends the use of the key, as in the
 * kernel's own driver (arch/x86/coco/sev/core.c, snp_disable_vmpck()). The exceptions
 * are two answers of the host upon which the same bytes are sent once more: busy, and
 * a buffer that is too small.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

#define DATA_FIRST_PAGES	(SEV_BLOB_FIRST_SIZE >> PAGE_SHIFT)

/* How often a host may change its mind about it: each time it may take its time, too. */
#define DATA_MAX_GROWTHS	4

/* The page of a message: header, payload; gcm.c works from the AAD on. */
#define PAGE_AAD(page)		((page) + SNP_AAD_OFFSET)
#define PAGE_PAYLOAD(page)	((page) + SNP_HDR_SIZE)

static_assert(SEV_PAGE_SIZE == PAGE_SIZE, "messages are pages");

/* From now on nothing is sealed any more; only another launch helps. */
static void wipe(struct sev_channel *ch, struct tdi *tdi, const char *why)
{
	lockdep_assert_held(&ch->lock);
	if (!ch->tfm)
		return;
	sev_gcm_free(ch->tfm);
	ch->tfm = NULL;
	memzero_explicit(ch->secrets->vmpck[ch->vmpck], SNP_VMPCK_LEN);
	ch->wiped = why;
	pci_err(tdi->pdev, "tdi: guest messages end, VMPCK%u is wiped: %s\n", ch->vmpck, why);
}

/* The key, and pages; memory is private, and the emulated platform entered. */
int sev_channel_open(struct sev_channel *ch, struct emu_platform *emu,
		     const struct sev_dialect *dialect, unsigned int vmpck)
{
	struct crypto_aead *tfm;
	int ret;

	mutex_init(&ch->lock);
	ch->emu = emu;
	ch->dialect = dialect;
	ch->vmpck = vmpck;
	ch->wiped = NULL;
	ch->page = (void *)__get_free_page(GFP_KERNEL);
	ch->msgs = emu_platform_alloc_shared(emu, 2);
	if (!ch->page || !ch->msgs) {
		sev_channel_close(ch);
		return -ENOMEM;
	}
	ret = sev_ghcb_secrets(emu, &ch->secrets);
	if (!ret && !memchr_inv(ch->secrets->vmpck[vmpck], 0, SNP_VMPCK_LEN)) {
		/* Whoever wiped it had used it for what must not be sealed again. */
		ch->wiped = "what an earlier user did";
		return 0;
	}
	if (!ret) {
		tfm = sev_gcm_new(ch->secrets->vmpck[vmpck]);
		ret = PTR_ERR_OR_ZERO(tfm);
	}
	if (ret) {
		sev_channel_close(ch);
		return ret;
	}
	ch->tfm = tfm;
	return 0;
}

/* The secrets page stays: a number that was used is used for whoever opens it next. */
void sev_channel_close(struct sev_channel *ch)
{
	if (ch->tfm)
		sev_gcm_free(ch->tfm);
	free_page((unsigned long)ch->page);
	emu_platform_free_shared(ch->emu, ch->msgs, 2);
	emu_platform_free_shared(ch->emu, ch->data, ch->data_pages);
	ch->tfm = NULL;
	ch->page = NULL;
	ch->msgs = NULL;
	ch->data = NULL;
	ch->data_pages = 0;
}

static u8 *request_page(const struct sev_channel *ch)
{
	return page_address(ch->msgs);
}

static u8 *response_page(const struct sev_channel *ch)
{
	return request_page(ch) + PAGE_SIZE;
}

/* A buffer of at least that many pages. */
static int grow_data(struct sev_channel *ch, struct tdi *tdi, unsigned int growths, u64 nr_pages)
{
	struct page *data;

	if (growths > DATA_MAX_GROWTHS) {
		tdi_reason(tdi, "host's buffer: expected at most %u sizes wanted, found another",
			   DATA_MAX_GROWTHS);
		return -EIO;
	}
	if (nr_pages > SEV_DATA_MAX_PAGES) {
		tdi_reason(tdi, "host's buffer: expected at most %u pages, found %llu wanted",
			   SEV_DATA_MAX_PAGES, nr_pages);
		return -EIO;
	}
	if (nr_pages <= ch->data_pages) {
		tdi_reason(tdi, "host's buffer: expected %zu pages to do, found %llu wanted",
			   ch->data_pages, nr_pages);
		return -EIO;
	}
	data = emu_platform_alloc_shared(ch->emu, nr_pages);
	if (!data)
		return -ENOMEM;
	emu_platform_free_shared(ch->emu, ch->data, ch->data_pages);
	ch->data = data;
	ch->data_pages = nr_pages;
	return 0;
}

/* Header and payload, sealed, into the request page; *want: what has to come back. */
static int seal(struct sev_channel *ch, struct tdi *tdi, const struct sev_exchange *x,
		struct snp_msg_hdr *want)
{
	const struct sev_dialect *d = ch->dialect;
	size_t size = sev_request_size(x->msg);
	struct snp_msg_hdr *hdr = (void *)ch->page;
	u8 iv[SNP_IV_LEN];
	u32 seqno;
	int ret;

	ret = snp_next_seqno(le32_to_cpu(ch->secrets->seqno[ch->vmpck]), &seqno);
	if (ret) {
		tdi_reason(tdi, "sequence number: expected room for two below 2^32, found %u used",
			   le32_to_cpu(ch->secrets->seqno[ch->vmpck]));
		wipe(ch, tdi, "its sequence numbers are used up");
		return -EIO;
	}
	snp_hdr_init(hdr, seqno, sev_request_type(d, x->msg), d->version, size, ch->vmpck);
	snp_hdr_init(want, seqno + 1ULL, sev_response_type(d, x->msg), d->version,
		     sev_response_size(x->msg), ch->vmpck);
	memcpy(PAGE_PAYLOAD(ch->page), x->req, size);
	snp_iv(seqno, iv);
	ret = sev_gcm_seal(ch->tfm, iv, PAGE_AAD(ch->page), size);
	if (ret) {
		/* It may have been half done. */
		wipe(ch, tdi, "sealing failed");
		return ret;
	}
	memcpy(hdr->authtag, PAGE_PAYLOAD(ch->page) + size, SNP_AUTHTAG_LEN);
	memset(request_page(ch), 0, PAGE_SIZE);
	memcpy(request_page(ch), ch->page, SNP_HDR_SIZE + size);
	return 0;
}

/* One exit with the request as it is. */
static int send_once(struct sev_channel *ch, const struct sev_exchange *x, bool data,
		     u64 regs[SEV_GHCB_NR_REGS])
{
	phys_addr_t msgs = page_to_phys(ch->msgs);

	/* That it is done is the host's word: an old answer must not pass for a new one. */
	memset(response_page(ch), 0, PAGE_SIZE);
	if (data) {
		memset(page_address(ch->data), 0, ch->data_pages << PAGE_SHIFT);
		if (x->nonce)
			memcpy(page_address(ch->data), x->nonce, SEV_BLOB_NONCE_LEN);
	}
	memset(regs, 0, SEV_GHCB_NR_REGS * sizeof(*regs));
	regs[SEV_GHCB_EXITCODE] = SEV_EXIT_TIO_GUEST_REQUEST;
	regs[SEV_GHCB_EXITINFO1] = msgs;
	regs[SEV_GHCB_EXITINFO2] = msgs + PAGE_SIZE;
	if (data) {
		regs[SEV_GHCB_RAX] = page_to_phys(ch->data);
		regs[SEV_GHCB_RBX] = ch->data_pages;
	}
	regs[SEV_GHCB_RCX] = x->rcx;
	regs[SEV_GHCB_RDX] = x->rdx;
	if (x->msg == SEV_TDI_INFO && !data)
		regs[SEV_GHCB_RDX] |= SEV_INFO_SKIP_ALL & ~SEV_INFO_SKIP_STATE;
	return sev_ghcb_exit(ch->emu, regs);
}

/*
 * The same request until the host took it. Without the buffer, if it will not have any
 * that is given to it: the number is used, and the next message has another; then the
 * exchange fails all the same, *refused.
 */
static int send_sealed(struct sev_channel *ch, struct tdi *tdi, struct sev_exchange *x,
		       int *refused)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(sev_timeout_ms());
	u64 regs[SEV_GHCB_NR_REGS];
	unsigned int growths = 0;
	bool data = x->data;
	u32 fw, vmm;
	int ret;

	*refused = 0;
	for (;;) {
		ret = send_once(ch, x, data, regs);
		if (ret) {
			tdi_reason(tdi, "%s: expected an answer within %u ms, found %s",
				   sev_msg_name(x->msg), sev_timeout_ms(),
				   ret == -ETIMEDOUT ? "none" : "a failed exit");
			wipe(ch, tdi, "a request was not answered");
			return ret;
		}
		vmm = SEV_EXITINFO2_VMM_ERR(regs[SEV_GHCB_EXITINFO2]);
		fw = SEV_EXITINFO2_FW_ERR(regs[SEV_GHCB_EXITINFO2]);
		if (vmm == SEV_VMM_ERR_BUSY) {
			if (time_before(jiffies, deadline)) {
				fsleep(2000);
				continue;
			}
			tdi_reason(tdi, "%s: expected an answer within %u ms, found the host busy",
				   sev_msg_name(x->msg), sev_timeout_ms());
			wipe(ch, tdi, "the host was busy for too long");
			return -EBUSY;
		}
		if (vmm == SEV_VMM_ERR_INVALID_LEN && data) {
			*refused = grow_data(ch, tdi, ++growths, regs[SEV_GHCB_RBX]);
			data = !*refused;
			continue;
		}
		if (vmm || fw) {
			tdi_reason(tdi, "%s: expected success, found error %#x (VMM: %u)",
				   sev_msg_name(x->msg), fw, vmm);
			wipe(ch, tdi, "a request failed");
			return -EREMOTEIO;
		}
		x->rdx = regs[SEV_GHCB_RDX];
		return 0;
	}
}

/* The response: copied once, its header compared, its seal broken. */
static int receive(struct sev_channel *ch, struct tdi *tdi, const struct sev_exchange *x,
		   const struct snp_msg_hdr *want)
{
	size_t size = sev_response_size(x->msg);
	struct snp_msg_hdr *hdr = (void *)ch->page;
	struct tdisp_why why = { };
	u8 iv[SNP_IV_LEN];
	int ret;

	memcpy(ch->page, response_page(ch), PAGE_SIZE);
	if (snp_hdr_check(hdr, want, &why)) {
		tdi_reason(tdi, "%s: %s: expected %#llx, found %#llx", sev_msg_name(x->msg),
			   why.check, why.expected, why.found);
		wipe(ch, tdi, "another message came than the answer");
		return -EIO;
	}
	memcpy(PAGE_PAYLOAD(ch->page) + size, hdr->authtag, SNP_AUTHTAG_LEN);
	snp_iv(le64_to_cpu(want->seqno), iv);
	ret = sev_gcm_open(ch->tfm, iv, PAGE_AAD(ch->page), size);
	if (ret) {
		if (ret == -EBADMSG)
			tdi_reason(tdi, "%s: response's seal: expected the PSP's, found another",
				   sev_msg_name(x->msg));
		wipe(ch, tdi, "a response's seal was broken");
		return ret == -EBADMSG ? -EIO : ret;
	}
	memcpy(x->rsp, PAGE_PAYLOAD(ch->page), size);
	return 0;
}

/* Has it a key to seal with? */
bool sev_channel_alive(struct sev_channel *ch)
{
	guard(mutex)(&ch->lock);
	return ch->tfm;
}

/* What the host put into its buffer, copied once. */
static int copy_data(struct sev_channel *ch, struct sev_exchange *x)
{
	size_t len = ch->data_pages << PAGE_SHIFT;

	*x->data = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!*x->data)
		return -ENOMEM;
	memcpy(*x->data, page_address(ch->data), len);
	*x->data_len = len;
	return 0;
}

/**
 * sev_channel_exchange() - one request to the PSP, and its response
 * @ch: the channel
 * @tdi: for whom, to give it the reason of a failure
 * @x: request and response
 *
 * On success @x->rsp is what the PSP said, in answer to just this request.
 *
 * Context: Process context, sleeps. Waits for other exchanges to end.
 * Return: 0; -ETIMEDOUT no answer; -EBUSY the host was busy; -EIO what came is not
 *	the PSP's answer; -EREMOTEIO host or firmware refused; -ENOMEM.
 */
int sev_channel_exchange(struct sev_channel *ch, struct tdi *tdi, struct sev_exchange *x)
{
	struct snp_msg_hdr want;
	int ret, refused;

	guard(mutex)(&ch->lock);
	if (!ch->tfm) {
		tdi_reason(tdi, "%s: expected VMPCK%u, found it wiped, for %s",
			   sev_msg_name(x->msg), ch->vmpck, ch->wiped ?: "it was never read");
		return -EIO;
	}
	if (x->data && !ch->data_pages) {
		ret = grow_data(ch, tdi, 0, DATA_FIRST_PAGES);
		if (ret)
			return ret;
	}
	ret = seal(ch, tdi, x, &want) ?: send_sealed(ch, tdi, x, &refused) ?:
	      receive(ch, tdi, x, &want);
	if (ret)
		return ret;
	/* Request and response each have taken one. */
	le32_add_cpu(&ch->secrets->seqno[ch->vmpck], 2);
	if (refused)
		return refused;
	return x->data ? copy_data(ch, x) : 0;
}
