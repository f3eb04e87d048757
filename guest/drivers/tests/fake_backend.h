/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A platform made of facts: an honest TSM, device and host behind struct
 * tdi_backend_ops, until a test says otherwise. Each call is counted and logged,
 * and any of them can be made to fail, or to be preceded by something.
 */
#ifndef TDI_FAKE_BACKEND_H
#define TDI_FAKE_BACKEND_H

#include <linux/xarray.h>

#include "../internal.h"
#include "fake_pci.h"

#define FAKE_VENDOR		0x1d15
#define FAKE_DEVICE_TDI		0x0001	/* slots 0 and 1 */
#define FAKE_DEVICE_PROXY	0x0002	/* slot 2: not TEE-capable */
#define FAKE_DEVICE_OTHER	0x0003	/* slot 3: TEE-capable, another platform's */

#define FAKE_SLOT_TDI		0
#define FAKE_SLOT_TDI2		1
#define FAKE_SLOT_PROXY		2
#define FAKE_SLOT_OTHER		3
#define FAKE_SLOT_LATE		4	/* a TDI that is plugged in by the test */

#define FAKE_BAR0_SIZE		SZ_64K
#define FAKE_BAR2_SIZE		SZ_16K
#define FAKE_NR_LOG		128
#define FAKE_VTOM		BIT_ULL(46)

enum fake_op {
	FAKE_INFO,
	FAKE_LOCK,
	FAKE_MEASURE,
	FAKE_OBJECT_SIZE,
	FAKE_OBJECT_READ,
	FAKE_MMIO_ACCEPT,
	FAKE_MMIO_RELEASE,
	FAKE_DMA_ENABLE,
	FAKE_DMA_DISABLE,
	FAKE_START,
	FAKE_UNLOCK,
	FAKE_SHARE,
	FAKE_UNSHARE,
	FAKE_ENTER,
	FAKE_LEAVE,
	FAKE_ADD,
	FAKE_REMOVE,
	FAKE_NR_OPS
};

/**
 * struct fake_tdi - one TDI, as its TSM and device know it
 * @tdi: the core's
 * @state: TDISP state
 * @hash: algorithm of the digests
 * @nonces: current ones
 * @digest_valid: objects that have a digest
 * @lock_flags: of the last LOCK
 * @no_lock_flags: the platform tells nobody
 * @bar: where the BARs were at LOCK
 * @object: evidence that the host hands over; the digests are made of @attested
 * @object_len: its length
 * @attested: what the TSM saw of it
 * @claimed_size: the host's word for each object's size, 0 for the truth
 * @chunk: bytes in an answer to a read, 0 for all
 * @overshoot: more bytes than were asked for, in the host's count
 * @empty: objects that have no bytes, in the host's words
 * @hide_lock_nonce: the TSM says that there is none
 * @nonce: of the last measurement
 * @mmio: ranges that were accepted, by index in the report
 * @mmio_addr: where
 * @mmio_pages: how many pages
 * @dma_enabled: private DMA
 * @dma_mode: in which mode, in the TSM's words
 * @vtom: split at which address, in the TSM's words
 * @keep: certificates and algorithms are the same after the next lock
 */
struct fake_tdi {
	struct tdi tdi;
	enum tdisp_state state;
	enum tdi_hash hash;
	struct tdi_nonces nonces;
	u32 digest_valid;
	u16 lock_flags;
	bool no_lock_flags;
	u64 bar[TDISP_NR_BARS];
	u8 *object[TDI_NR_OBJECTS];
	size_t object_len[TDI_NR_OBJECTS];
	u8 *attested[TDI_NR_OBJECTS];
	u64 claimed_size[TDI_NR_OBJECTS];
	size_t chunk;
	size_t overshoot;
	u32 empty;
	bool hide_lock_nonce;
	u8 nonce[TDI_NONCE_SIZE];
	u32 mmio;
	u64 mmio_addr[32];
	u64 mmio_pages[32];
	bool dma_enabled;
	enum tdi_dma_mode dma_mode;
	u64 vtom;
	bool keep;
};

/**
 * struct fake_backend - the platform
 * @backend: the core's; @ops is a copy that a test may change before it registers
 * @ops: see there
 * @pci: the functions
 * @err: what a call of that kind fails with, once @fail_after more succeeded
 * @fail_after: see there
 * @once: and only one call does
 * @mute: and gives no reason
 * @before: called before anything else of each call, NULL for nothing
 * @calls: how many of each kind
 * @log: the kinds, first to last
 * @nr_log: how many
 * @pages: shared pages by number
 * @entered: memory is private by default
 * @registered: the core knows it
 */
struct fake_backend {
	struct tdi_backend backend;
	struct tdi_backend_ops ops;
	struct fake_pci *pci;
	int err[FAKE_NR_OPS];
	unsigned int fail_after[FAKE_NR_OPS];
	bool once;
	bool mute;
	void (*before)(struct fake_tdi *ft, enum fake_op op);
	unsigned int calls[FAKE_NR_OPS];
	u8 log[FAKE_NR_LOG];
	unsigned int nr_log;
	struct xarray pages;
	bool entered;
	bool registered;
};

/* Functions plugged in, nothing registered yet. Everything is gone after the test. */
struct fake_backend *fake_backend_new(struct kunit *test, enum tdi_order order);
/* On functions of the test's own; the proxy is the one at FAKE_SLOT_PROXY. */
struct fake_backend *fake_backend_on(struct kunit *test, enum tdi_order order,
				     const struct fake_desc *descs, unsigned int nr);
/* The same as the first, registered; a TDI that is ready for verbs is at slot 0. */
struct fake_backend *fake_backend_ready(struct kunit *test, enum tdi_order order);
int fake_register(struct fake_backend *fb);
void fake_unregister(struct fake_backend *fb);

/* A third TDI comes, at FAKE_SLOT_LATE. */
void fake_plug_late(struct fake_backend *fb);

struct fake_fn *fake_fn(struct fake_backend *fb, unsigned int slot);
/* The core's TDI at that slot, or NULL. */
struct tdi *fake_tdi_at(struct fake_backend *fb, unsigned int slot);
struct fake_tdi *to_fake(struct tdi *tdi);
struct fake_backend *to_fake_backend(struct tdi_backend *backend);

/* From now on calls of that kind fail, after so many that succeed. */
void fake_fail(struct fake_backend *fb, enum fake_op op, int err, unsigned int after);
void fake_truth(struct fake_backend *fb);
void fake_forget(struct fake_backend *fb);

/* What the platform or a hostile host does by itself. */
void fake_relock(struct fake_tdi *ft);
void fake_remeasure(struct fake_tdi *ft);
/* The host's copy of an object and what the TSM saw of it, both. */
void fake_set_object(struct fake_tdi *ft, enum tdi_object obj, const void *data, size_t len);

/* The verbs as sysfs calls them: with the device's lock. */
int fake_connect(struct tdi *tdi);
int fake_lock(struct tdi *tdi);
int fake_accept(struct tdi *tdi, u64 generation);
int fake_approve(struct tdi *tdi, u64 generation);
int fake_unlock(struct tdi *tdi);
int fake_set_mode(struct tdi *tdi, enum tdi_dma_mode mode);

/* Brings a TDI into each state that verbs lead to. */
void fake_bring_to(struct kunit *test, struct tdi *tdi, enum tdi_state state);

/* A driver for FAKE_DEVICE_TDI, bound until the test ends or it is released. */
void fake_driver_bind(struct kunit *test);
/* It enables its device, as drivers do. */
extern bool fake_driver_enable;
/* It has pci_error_handlers, all of them, which answer that; or some, of no use here. */
extern bool fake_driver_handles;
extern bool fake_driver_handles_little;
extern pci_ers_result_t fake_detected, fake_slot_reset;
/*
 * What was called for FAKE_SLOT_TDI, a letter each: (P)robe, re(M)ove; error_detected
 * with (F)rozen or (X) for permanent failure, (S)lot_reset, (R)esume.
 */
extern char fake_driver_log[32];
/* Of any kind, called before anything else of each call above, NULL for nothing. */
extern void (*fake_driver_before)(struct pci_dev *pdev, char call);
void fake_driver_release(struct kunit *test);

/* A parameter of the core's, by its name; a test puts back what it changes. */
int fake_set_param(const char *name, const char *value);

/* Whatever the watch, and after it recovery, has to do now is done. */
void fake_settle(struct tdi *tdi);

/* identity.c's stand-in: what it finds, and whether it fails. */
extern enum tdi_identity fake_identity;
extern bool fake_signed;
extern int fake_identity_err;
/* Whether measurements are said to be the same: 0 or an errno. */
extern int fake_same_err;

/* A report for BAR 0 and BAR 2 of these functions: 3 ranges, the last NON_TEE. */
#define FAKE_REPORT_LEN		(16 + 3 * 16 + 4)
void fake_report(u8 *buf);

/* Unlocked, shared, nothing granted, nothing held. */
void fake_expect_pristine(struct kunit *test, struct tdi *tdi);
/* The reason of the last verb has that in it. */
void fake_expect_result(struct kunit *test, struct tdi *tdi, const char *part);

#endif /* TDI_FAKE_BACKEND_H */
