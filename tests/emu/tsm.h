/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the TSM share; nobody else includes this. */
#ifndef EMU_TSM_H
#define EMU_TSM_H

#include "emu.h"
#include "cert.h"

struct tsm {
	struct emu *emu;
	bool entered;
	/* Bit per page, 1: shared. Grows to the highest page ever shared. */
	uint8_t *shared;
	uint64_t nr_pages;
	struct tsm_stats stats;
};

/* The bytes of an evidence object, as the DSM sent them. */
struct blob {
	uint8_t *data;
	size_t len;
};

void blob_free(struct blob *b);
bool blob_append(struct blob *b, const void *data, size_t len);

/* A range of the report, as the TSM reads it. */
struct tdi_range {
	unsigned int bar;
	uint64_t bar_page;		/* where it starts in the BAR */
	uint32_t npages;
	bool tee;
	bool *accepted;			/* for each page */
};

#define TDI_MAX_RANGES	8

struct tdi {
	struct tsm *tsm;
	struct func *func;

	/* Connection to the DSM: made at the first LOCK of a VM. */
	struct dsm_conn *conn;
	struct blob vca, certs;

	/* One LOCK */
	uint16_t lock_flags;
	uint64_t lock_nonce;		/* 0: not locked */
	uint64_t bar[FUNC_NR_BARS];
	uint8_t start_nonce[TDISP_START_NONCE_SIZE];
	struct blob report;
	uint64_t report_nonce;
	struct tdi_range range[TDI_MAX_RANGES];
	unsigned int nr_ranges;

	struct blob meas;
	uint64_t meas_nonce;		/* 0: none of this LOCK */

	/* What the guest allowed */
	bool start_allowed;
	enum emu_dma_mode dma_mode;
	uint64_t vtom;			/* 0 but in EMU_DMA_SPLIT */
};

/* ---- tsm.c ---- */

/*
 * The state, asked of the DSM, and the consequences of what it became by
 * itself: ERROR ends acceptance, and CONFIG_UNLOCKED (the device lost its VM)
 * ends the lock.
 */
enum emu_status tdi_refresh(struct tdi *tdi, enum tdisp_state *state);
/* By EMU_DIGEST_*; empty if there is none. */
const struct blob *tdi_object(const struct tdi *tdi, unsigned int digest);

/* ---- tsm_pages.c ---- */

/* All or nothing: judges every page, then changes every page. */
enum emu_status pages_convert(struct tsm *t, const struct emu_page_req *req, bool share);
void pages_forget(struct tsm *t);

/* ---- tsm_link.c: the TSM's conversation with the DSM, in bytes ---- */

/* VCA and certificates into the TDI; the chain's digest is checked. */
enum emu_status link_connect(struct tdi *tdi);
void link_disconnect(struct tdi *tdi);
/* All measurements, signed; request || response into *transcript. */
enum emu_status link_measure(struct tdi *tdi, const uint8_t nonce[SPDM_NONCE_SIZE],
			     struct blob *transcript);
/* LOCK_INTERFACE, then the whole report. */
enum emu_status link_lock(struct tdi *tdi, uint16_t flags, uint64_t mmio_offset);
enum emu_status link_report(struct tdi *tdi, struct blob *report);
enum emu_status link_state(struct tdi *tdi, enum tdisp_state *ret);
enum emu_status link_start(struct tdi *tdi);
enum emu_status link_stop(struct tdi *tdi);

#endif /* EMU_TSM_H */
