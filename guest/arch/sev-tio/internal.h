/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this backend know of each other. */
#ifndef TDI_SEV_TIO_INTERNAL_H
#define TDI_SEV_TIO_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "../../include/tdisp/backend.h"
#include "../../include/tdisp/sev_tio.h"

struct crypto_aead;
struct emu_platform;
struct page;

/* --- ghcb.c: the instruction ----------------------------------------------------- */

/* Can this guest issue the exits by itself? 0, or why not; see ghcb.c. */
int sev_ghcb_check(void);
int sev_ghcb_exit(struct emu_platform *emu, u64 regs[SEV_GHCB_NR_REGS]);
int sev_ghcb_secrets(struct emu_platform *emu, struct snp_secrets **ret);
void sev_ghcb_put_secrets(struct snp_secrets *page);

/* --- gcm.c: AES-256-GCM ---------------------------------------------------------- */

struct crypto_aead *sev_gcm_new(const u8 key[SNP_VMPCK_LEN]);
void sev_gcm_free(struct crypto_aead *tfm);
int sev_gcm_seal(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len);
int sev_gcm_open(struct crypto_aead *tfm, const u8 iv[SNP_IV_LEN], void *buf, size_t len);

/* --- message.c: guest messages --------------------------------------------------- */

/*
 * The largest buffer that a host is given: certificates, measurements and report, each
 * as large as the core takes them (evidence.c), and as much again.
 */
#define SEV_DATA_MAX_PAGES	576

/**
 * struct sev_channel - guest messages under one VMPCK
 * @lock: one message at a time; inside TDIs' locks
 * @emu: whom the exits go to
 * @dialect: what is spoken
 * @tfm: the key, NULL while there is none
 * @secrets: the secrets page itself, or its emulation; private, and not the channel's:
 *	key and count in it outlast it
 * @vmpck: which of its keys is ours
 * @wiped: why the key was wiped, or NULL
 * @msgs: two shared pages: request and response
 * @data: shared pages for what the host hands over
 * @data_pages: how many
 * @page: private copy of a message
 */
struct sev_channel {
	struct mutex lock;	/* all below, and the order of messages */
	struct emu_platform *emu;
	const struct sev_dialect *dialect;
	struct crypto_aead *tfm;
	struct snp_secrets *secrets;
	unsigned int vmpck;
	const char *wiped;
	struct page *msgs;
	struct page *data;
	size_t data_pages;
	u8 *page;
};

/**
 * struct sev_exchange - a request and its response
 * @msg: which
 * @req: payload, sev_request_size() bytes
 * @rsp: payload, sev_response_size() bytes; untouched on failure
 * @rcx: for the host: device id, and what goes with it
 * @rdx: for the host, in and out; worth nothing, on the way back
 * @nonce: what the host's buffer starts with, or NULL
 * @data: set to a private copy of the host's buffer, to be freed by kvfree(); NULL:
 *	there is no buffer
 * @data_len: its length
 */
struct sev_exchange {
	enum sev_msg msg;
	const void *req;
	void *rsp;
	u64 rcx;
	u64 rdx;
	const u8 *nonce;
	u8 **data;
	size_t *data_len;
};

int sev_channel_open(struct sev_channel *ch, struct emu_platform *emu,
		     const struct sev_dialect *dialect, unsigned int vmpck);
void sev_channel_close(struct sev_channel *ch);
bool sev_channel_alive(struct sev_channel *ch);
int sev_channel_exchange(struct sev_channel *ch, struct tdi *tdi, struct sev_exchange *x);

unsigned int sev_timeout_ms(void);

/* --- glue.c ----------------------------------------------------------------------- */

/**
 * struct sev_objects - what the host handed over, in private memory
 * @buf: its buffer
 * @len: its length
 * @at: where the objects are
 * @vca_len: the measurements start with that much VCA; 0: they were not taken
 * @meas: digest of the measurements, VCA and all, as the PSP had it then
 * @vca_digest: of the VCA alone
 * @log_digest: of the transcript alone
 */
struct sev_objects {
	u8 *buf;
	size_t len;
	struct sev_blobs at;
	size_t vca_len;
	u8 meas[SEV_DIGEST_LEN];
	u8 vca_digest[SEV_DIGEST_LEN];
	u8 log_digest[SEV_DIGEST_LEN];
};

struct sev_tsm {
	struct tdi_backend backend;
	struct emu_platform *emu;
	struct sev_dialect dialect;
	struct sev_channel channel;
	struct mutex list_lock;	/* both lists, and the ids in them; inside TDIs' locks */
	struct list_head tdis;
	struct list_head left;	/* functions that went, and may not have been given back */
};

/**
 * struct sev_tdi - a TDI
 * @tdi: the core's part
 * @node: of the list of them
 * @device_id: SBDF, how the host knows it
 * @id: tdi_id, or guest_device_id: how the PSP knows it
 * @asked: BIND was asked for, and the host has not said since that it undid it
 * @bound: @id is one that the host gave for our BIND, and the PSP has not yet said
 *	that it is not bound any more
 * @may_have_sdte: an sDTE was written, or it is not known that none was
 * @sdte: the last one that was written
 * @granted: what was compared before the last grant
 * @pages: what was accepted, an array
 * @nr_pages: of how many
 * @objects: what the host handed over
 */
struct sev_tdi {
	struct tdi tdi;
	struct list_head node;
	u32 device_id;
	u64 id;
	bool asked;
	bool bound;
	bool may_have_sdte;
	u8 sdte[SEV_SDTE_SIZE];
	struct tdi_nonces granted;
	struct sev_pages *pages;
	unsigned int nr_pages;
	struct sev_objects objects;
};

static inline struct sev_tsm *to_sev_tsm(struct tdi_backend *backend)
{
	return container_of(backend, struct sev_tsm, backend);
}

static inline struct sev_tdi *to_sev_tdi(struct tdi *tdi)
{
	return container_of(tdi, struct sev_tdi, tdi);
}

/* objects.c */
int sev_objects_take(struct sev_tdi *t, const struct sev_info *info, u8 *buf, size_t len);
void sev_objects_forget(struct sev_tdi *t);
const u8 *sev_object(const struct sev_tdi *t, enum tdi_object obj, size_t *ret_len);

#endif /* TDI_SEV_TIO_INTERNAL_H */
