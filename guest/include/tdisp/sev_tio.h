/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * SEV-TIO's messages: building requests, checking responses, and the table of the
 * buffer that the host fills. Pure functions; sealing, sending and what follows
 * from an answer are guest/arch/sev-tio's.
 */
#ifndef TDISP_SEV_TIO_H
#define TDISP_SEV_TIO_H

#include "sev_tio_wire.h"
#include "why.h"

/* The messages, whatever their number. */
enum sev_msg {
	SEV_TDI_INFO,
	SEV_MMIO_VALIDATE,
	SEV_MMIO_CONFIG,
	SEV_SDTE_WRITE,
	SEV_NR_MSGS
};

/**
 * struct sev_dialect - which of the published forms is spoken
 * @version: SEV_MSG_V1 or SEV_MSG_V2
 * @types_2024: the message types and status codes of A1 and A2; version 1 only
 * @base_is_gpa: MMIO_VALIDATE counts bytes where the newest code counts frames;
 *	version 1 always does
 */
struct sev_dialect {
	u8 version;
	bool types_2024;
	bool base_is_gpa;
};

/* One the sources know? Version 2 never had the types of 2024. */
static inline bool sev_dialect_exists(const struct sev_dialect *d)
{
	return d->version == SEV_MSG_V2 ? !d->types_2024 : d->version == SEV_MSG_V1;
}

const char *sev_msg_name(enum sev_msg msg);
u8 sev_request_type(const struct sev_dialect *d, enum sev_msg msg);
u8 sev_response_type(const struct sev_dialect *d, enum sev_msg msg);
size_t sev_request_size(enum sev_msg msg);
size_t sev_response_size(enum sev_msg msg);

/* --- envelope ------------------------------------------------------------------ */

/**
 * snp_next_seqno() - the number of the next request
 * @used: how many messages the key has sealed, requests and responses
 * @ret: set on success
 *
 * Return: 0, or -EOVERFLOW when request and response would not both have a number
 *	of 32 bits, which is never 0.
 */
int snp_next_seqno(u32 used, u32 *ret);

void snp_iv(u64 seqno, u8 iv[SNP_IV_LEN]);
void snp_hdr_init(struct snp_msg_hdr *hdr, u64 seqno, u8 type, u8 version, u16 size, u8 vmpck);

/**
 * snp_hdr_check() - is this the header of the response that was waited for?
 * @hdr: in private memory, and not yet authenticated
 * @want: what it has to say; its tag is not looked at
 * @why: set on failure, may be NULL
 *
 * Return: 0 or -EBADMSG.
 */
int snp_hdr_check(const struct snp_msg_hdr *hdr, const struct snp_msg_hdr *want,
		  struct tdisp_why *why);

/* --- TDI_INFO ------------------------------------------------------------------ */

/**
 * struct sev_info - what the PSP says of a TDI
 * @status: enum sev_info_status; nothing else means anything unless it is bound
 * @meas_valid: there is a digest of measurements
 * @lock_flags: TDISP_LOCK_*
 * @spdm_algos: SEV_ALGOS_*
 * @certs: digest of the certificates
 * @meas: of the measurements
 * @report: of the interface report
 * @report_count: changes when it is locked again
 */
struct sev_info {
	enum sev_info_status status;
	bool meas_valid;
	u16 lock_flags;
	u64 spdm_algos;
	u8 certs[SEV_DIGEST_LEN];
	u8 meas[SEV_DIGEST_LEN];
	u8 report[SEV_DIGEST_LEN];
	u64 report_count;
};

void sev_info_request(const struct sev_dialect *d, u64 id, struct sev_tdi_info_req *req);

/**
 * sev_info_parse() - read a response to TDI_INFO
 * @d: the dialect
 * @id: whom it has to be about
 * @rsp: the authenticated payload
 * @ret: set on success
 * @why: set on failure, may be NULL
 *
 * Return: 0; -EBADMSG for another TDI, or a status or lock flag that does not exist.
 */
int sev_info_parse(const struct sev_dialect *d, u64 id, const struct sev_tdi_info_rsp *rsp,
		   struct sev_info *ret, struct tdisp_why *why);

/* --- MMIO_VALIDATE, MMIO_CONFIG ------------------------------------------------- */

/**
 * struct sev_pages - pages of one range
 * @addr: guest physical address of the first
 * @nr: how many, of 4 KiB
 * @first: which of the range it is
 * @range_id: the BAR's number
 */
struct sev_pages {
	u64 addr;
	u32 nr;
	u32 first;
	u16 range_id;
};

/* The most pages from @nr on that the host's word of @d can say in one request. */
u32 sev_validate_chunk(const struct sev_dialect *d, u64 nr);

void sev_validate_request(const struct sev_dialect *d, u64 id, const struct sev_pages *pages,
			  bool validated, struct sev_mmio_validate *req);

/* The host's part: RDX and RCX. It maps them before the PSP looks. */
u64 sev_validate_rdx(const struct sev_dialect *d, const struct sev_pages *pages, bool validated);
u64 sev_validate_rcx(const struct sev_dialect *d, const struct sev_pages *pages, u32 device_id);

/**
 * sev_validate_parse() - read a response to MMIO_VALIDATE
 * @d: the dialect
 * @req: what was asked
 * @rsp: the authenticated payload
 * @status: set on success, a number of the dialect's
 * @changed: set on success: something was not so before
 * @why: set on failure, may be NULL
 *
 * Return: 0; -EBADMSG when it is about another TDI or other pages.
 */
int sev_validate_parse(const struct sev_dialect *d, const struct sev_mmio_validate *req,
		       const struct sev_mmio_validate *rsp, u16 *status, bool *changed,
		       struct tdisp_why *why);

void sev_config_request(u64 id, u16 range_id, struct sev_mmio_config *req);
int sev_config_parse(const struct sev_mmio_config *req, const struct sev_mmio_config *rsp,
		     u16 *status, u16 *flags, struct tdisp_why *why);

/* --- SDTE_WRITE ----------------------------------------------------------------- */

/**
 * sev_sdte() - the secure device table entry that lets a TDI reach private memory
 * @vtom: where shared memory begins, a multiple of 2 MiB; 0: nowhere
 * @vmpl: the guest's privilege level that it acts for
 * @sdte: the entry
 *
 * An entry of zeros lets it reach nothing.
 */
void sev_sdte(u64 vtom, u8 vmpl, u8 sdte[SEV_SDTE_SIZE]);
u64 sev_sdte_rdx(const u8 sdte[SEV_SDTE_SIZE]);
void sev_sdte_request(const struct sev_dialect *d, u64 id, const u8 sdte[SEV_SDTE_SIZE],
		      struct sev_sdte_write_req *req);
int sev_sdte_parse(const struct sev_dialect *d, u64 id, const struct sev_sdte_write_rsp *rsp,
		   u16 *status, struct tdisp_why *why);

/**
 * sev_status_name() - a status in words
 * @d: the dialect
 * @msg: of which message's response
 * @status: the number
 *
 * Return: the words, "unknown status" for a number that has no meaning.
 */
const char *sev_status_name(const struct sev_dialect *d, enum sev_msg msg, u16 status);

/**
 * sev_status_errno() - what follows from a status
 * @d: the dialect
 * @msg: of which message's response
 * @status: the number
 *
 * Return: 0; -ESTALE the PSP does not know the TDI by that id, or not as bound;
 *	-EREMOTEIO another refusal; -EBADMSG a number that has no meaning.
 */
int sev_status_errno(const struct sev_dialect *d, enum sev_msg msg, u16 status);

/* --- the host's buffer ----------------------------------------------------------- */

/* Where an object is in the buffer; absent: @len is 0. */
struct sev_blob {
	u32 offset;
	u32 len;
};

struct sev_blobs {
	struct sev_blob certs;
	struct sev_blob meas;
	struct sev_blob report;
};

/**
 * sev_blobs_parse() - read the table of the buffer that the host filled
 * @buf: a private copy of it
 * @len: its length
 * @ret: set on success
 * @why: set on failure, may be NULL; its index is the entry
 *
 * Entries are known objects, once each; what they say lies in the buffer, behind the
 * table, and apart.
 *
 * Return: 0 or -EBADMSG.
 */
int sev_blobs_parse(const void *buf, size_t len, struct sev_blobs *ret, struct tdisp_why *why);

#endif /* TDISP_SEV_TIO_H */
