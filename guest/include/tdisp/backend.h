/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core and a platform's backend know of each other.
 *
 * A backend reports facts and relays requests; the core decides. It never sets
 * a TDI's state, never judges evidence, and the core never learns its name.
 */
#ifndef TDISP_BACKEND_H
#define TDISP_BACKEND_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "report.h"
#include "state.h"

struct dentry;
struct tdi;
struct tdi_backend;
struct tdi_evidence;
struct tdi_iomem;

/* Evidence objects of a TDI; the order is the one they are collected in. */
enum tdi_object {
	TDI_OBJ_CERTS,		/* SPDM certificate chain structure, slot 0 */
	TDI_OBJ_VCA,		/* version, capabilities, algorithms */
	TDI_OBJ_MEASUREMENTS,	/* transcript: request, response, signature */
	TDI_OBJ_REPORT,		/* TDISP interface report */
	TDI_NR_OBJECTS
};

enum tdi_hash {
	TDI_HASH_SHA256,
	TDI_HASH_SHA384,
	TDI_HASH_SHA512,
	TDI_NR_HASHES
};

#define TDI_DIGEST_MAX		64
#define TDI_NONCE_SIZE		32

/**
 * struct tdi_nonces - the platform's freshness tokens
 * @lock: changes with every LOCK; 0 while unlocked
 * @meas: changes with every measurement; 0 where the platform has none
 * @report: changes with every report; 0 where the platform has none
 */
struct tdi_nonces {
	u64 lock;
	u64 meas;
	u64 report;
};

/**
 * enum tdi_dma_mode - how a TDI's DMA works
 * @TDI_DMA_BLOCKED: not at all: nothing is known of the device, or it failed
 * @TDI_DMA_BOUNCE: shared memory only, through the kernel's swiotlb
 * @TDI_DMA_DIRECT: private memory, no copy; DMA address = physical address
 * @TDI_DMA_IOMMU: private memory, no copy; only what is mapped is reached, by IOVA
 * @TDI_DMA_SPLIT: private memory as in direct; shared memory above backend->vtom
 *
 * Those from TDI_DMA_DIRECT on are the private modes.
 */
enum tdi_dma_mode {
	TDI_DMA_BLOCKED,
	TDI_DMA_BOUNCE,
	TDI_DMA_DIRECT,
	TDI_DMA_IOMMU,
	TDI_DMA_SPLIT,
	/* private: */
	TDI_NR_DMA_MODES
};

/**
 * struct tdi_tsm_info - what the TSM says of a TDI, over its trusted channel
 * @state: TDISP state
 * @hash: algorithm of the digests
 * @digest_valid: bit per enum tdi_object
 * @lock_flags: TDISP_LOCK_* in force
 * @no_lock_flags: the platform tells nobody @lock_flags; the report has to do
 * @nonces: freshness tokens
 * @has_bars: @bar is meaningful on this platform
 * @has_dma: @dma_mode and @vtom are
 * @bar: guest physical address of each memory BAR at LOCK, 0 for none
 * @dma_mode: what the TSM enforces; TDI_DMA_BOUNCE is none of the private modes
 * @vtom: the split that is in force, 0 for none
 * @digest: digests of the evidence objects
 */
struct tdi_tsm_info {
	enum tdisp_state state;
	enum tdi_hash hash;
	u32 digest_valid;
	u16 lock_flags;
	bool no_lock_flags;
	struct tdi_nonces nonces;
	bool has_bars;
	bool has_dma;
	u64 bar[TDISP_NR_BARS];
	enum tdi_dma_mode dma_mode;
	u64 vtom;
	u8 digest[TDI_NR_OBJECTS][TDI_DIGEST_MAX];
};

/**
 * struct tdi_mmio - pages of one range to accept as private MMIO
 * @range: index of the range in the interface report
 * @bar: the BAR it lies in
 * @first: first page, within the range
 * @nr_pages: how many 4 KiB pages
 * @addr: guest physical address of the first one
 * @reported: address of it in the report
 */
struct tdi_mmio {
	u32 range;
	u8 bar;
	u64 first;
	u64 nr_pages;
	phys_addr_t addr;
	u64 reported;
};

/**
 * struct tdi_backend_ops - what a platform does for a TDI
 *
 * All per-TDI callbacks run in process context with the TDI's lock held. They
 * return 0 or a negative errno: -ETIMEDOUT no answer, -EIO the answer was
 * malformed, -EREMOTEIO the TSM, host or device refused, -ESTALE a nonce is not
 * the current one, -EBUSY try again. On failure they tell tdi_reason() why.
 */
struct tdi_backend_ops {
	/**
	 * @add: claim a PCI function, return its TDI (embedding struct tdi) or
	 * ERR_PTR(-ENODEV) when it is none of this platform's.
	 */
	struct tdi *(*add)(struct tdi_backend *backend, struct pci_dev *pdev);
	/** @remove: free what @add returned; the TDI is unlocked or lost. */
	void (*remove)(struct tdi *tdi);
	/**
	 * @enter: make memory private by default (emulated platforms; others are
	 * born so). No driver is bound to a claimed function. May be NULL.
	 */
	int (*enter)(struct tdi_backend *backend);
	/** @leave: the opposite; every TDI is gone. May be NULL. */
	void (*leave)(struct tdi_backend *backend);
	/**
	 * @share_pages: make pages shared. Any context. NULL where the kernel's own
	 * DMA code does that, as on real confidential guests. -ENXIO: nothing was
	 * changed, and the pages are private; any other error: nobody knows.
	 */
	int (*share_pages)(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages);
	/** @unshare_pages: make pages private again. Any context. */
	int (*unshare_pages)(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages);

	/** @info: ask the TSM, over the trusted channel, each time anew. */
	int (*info)(struct tdi *tdi, struct tdi_tsm_info *ret);
	/** @lock: have the TDI locked. Success proves nothing; @info does. */
	int (*lock)(struct tdi *tdi, u16 lock_flags);
	/** @measure: have it measured with this nonce. */
	int (*measure)(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE]);
	/** @object_size: what the host claims an object's size to be, in bytes. */
	int (*object_size)(struct tdi *tdi, enum tdi_object obj, u64 *ret);
	/**
	 * @object_read: copy up to @len bytes at @offset to @buf, private memory.
	 * Returns how many, at least 1.
	 */
	ssize_t (*object_read)(struct tdi *tdi, enum tdi_object obj, u64 offset,
			       void *buf, size_t len);
	/**
	 * @mmio_accept: validate pages of one range, for exactly these nonces; all of
	 * them at once, or at most backend->mmio_chunk, in rising order.
	 */
	int (*mmio_accept)(struct tdi *tdi, const struct tdi_nonces *nonces,
			   const struct tdi_mmio *mmio);
	/** @mmio_release: give all of it back. */
	int (*mmio_release)(struct tdi *tdi);
	/**
	 * @dma_enable: let the TDI reach private memory, for these nonces and in this
	 * private mode; TDI_DMA_SPLIT comes only where backend->vtom is set.
	 */
	int (*dma_enable)(struct tdi *tdi, const struct tdi_nonces *nonces,
			  enum tdi_dma_mode mode);
	/** @dma_disable: no private memory from here on. */
	int (*dma_disable)(struct tdi *tdi);
	/** @start: authorise and ask for RUN, for these nonces. */
	int (*start)(struct tdi *tdi, const struct tdi_nonces *nonces);
	/** @unlock: stop it, from any state. Success proves nothing; @info does. */
	int (*unlock)(struct tdi *tdi);
};

#define TDI_BACKEND_EMULATED	BIT(0)	/* protects nothing; policy must opt in */
/*
 * A mapping of accepted MMIO is of no use while its TDI is unlocked: an access does not
 * come back with ones, it does not come back.
 */
#define TDI_BACKEND_PRIVATE_MMIO BIT(1)

/**
 * struct tdi_backend - a platform's TSM, as seen by its guest
 * @platform: one word for people and for class/tsm/tsmN/platform
 * @parent: the device behind it; also the proxy through which bounced DMA
 *	reaches the kernel's own swiotlb, so it has no dma_ops of its own
 * @ops: callbacks, all of them set unless marked optional
 * @order: which of accept and start comes first
 * @flags: TDI_BACKEND_*
 * @vtom: where shared memory begins in TDI_DMA_SPLIT; memory that does not lie below is
 *	not mapped, nor allocated, in that mode. 0: cannot split
 * @mmio_chunk: pages that one @mmio_accept takes, 0: any number
 * @dev: the class device, the core's
 * @proxy_had_iommu: the core's, what to restore on @parent
 */
struct tdi_backend {
	const char *platform;
	struct device *parent;
	const struct tdi_backend_ops *ops;
	enum tdi_order order;
	unsigned long flags;
	u64 vtom;
	u64 mmio_chunk;
	struct device *dev;
	bool proxy_had_iommu;
};

struct tdi_iommu;
struct tdi_recovery;

/**
 * struct tdi_dma - the DMA side of a TDI
 * @mode: in force; changes under the PCI device's lock, with no driver bound
 * @wanted: the private mode that the next accept switches to; under the TDI's lock
 * @tdi: whose
 * @saved: the device's ops before we came
 * @ops: a table per mode, so that a callback finds its TDI by container_of()
 * @iommu: the domain of its own, or NULL where no guest-visible IOMMU translates
 * @live: mappings and allocations that exist
 * @shared: coherent pages that are shared now
 * @leaked: pages that could not be made private again
 * @cut: nothing new is mapped in a private mode
 * @bounced_bytes: copied through swiotlb since the TDI was found
 * @bounced_mappings: mapped through swiotlb since then
 */
struct tdi_dma {
	enum tdi_dma_mode mode;
	enum tdi_dma_mode wanted;
	struct tdi *tdi;
	const struct dma_map_ops *saved;
	struct dma_map_ops ops[TDI_NR_DMA_MODES];
	struct tdi_iommu *iommu;
	atomic_t live;
	atomic_t shared;
	atomic_t leaked;
	bool cut;
	atomic64_t bounced_bytes;
	atomic64_t bounced_mappings;
};

#define TDI_RESULT_LEN		384

/**
 * struct tdi_losses - how an accepted TDI was lost, and what came of it
 * @losses: left RUN without being asked to
 * @recovered: of these, accepted again by itself
 * @changed: came back different, and were not resumed
 * @failed: did not come back for another reason
 */
struct tdi_losses {
	u32 losses;
	u32 recovered;
	u32 changed;
	u32 failed;
};

/**
 * struct tdi - one TEE device interface of this guest
 * @pdev: the PCI function
 * @backend: who talks for it
 * @lock: serialises verbs and guards everything below; taken inside the PCI
 *	device's own lock (Documentation/locking.rst)
 * @state: moved by tdi_transition() alone
 * @enabled: bind holds a runtime PM reference
 * @counted: and an enable count, for nobody guards the Command register
 * @open: tsm/ is there; the registry's, under the PCI device's lock
 * @going: being removed, its DMA the kernel's again; the same
 * @down: the machine goes down; no verb does anything; the same
 * @guarded: its config space is, since it was locked
 * @granted: it got MMIO or DMA, or part of it, and was not unlocked since
 * @lost: it was accepted, and is to come back, or its driver to go
 * @reaches: it was lost or stopped, and the TSM has not yet said that its DMA ended
 * @recover: a TDI that is lost is to be recovered
 * @losses: and how that went so far
 * @silent: looks at what is accepted since the TSM last told anything, each in vain
 * @silent_since: the first of them, in jiffies
 * @saved: config space as it was before the lock
 * @evidence: the published generation, or NULL
 * @iomem: what was accepted, as /proc/iomem has it, or NULL
 * @dma: DMA mode and ops
 * @verb: the verb that is running, or ran last
 * @result: how it ended, in words
 * @reason: the first failure of the verb that is running
 * @debugfs: directory
 * @link: it goes down, and to sleep, before its TSM does; or NULL
 * @watch: asks the TSM now and then
 * @kicked: and is to ask it now
 * @recovery: what a loss leads to, if @recover
 *
 * Embedded first in the backend's own structure.
 */
struct tdi {
	struct pci_dev *pdev;
	struct tdi_backend *backend;
	struct mutex lock;	/* verbs, and all below */
	enum tdi_state state;
	bool enabled;
	bool counted;
	bool open;
	bool going;
	bool down;
	bool guarded;
	bool granted;
	bool lost;
	bool reaches;
	bool recover;
	struct tdi_losses losses;
	unsigned int silent;
	unsigned long silent_since;
	struct pci_saved_state *saved;
	struct tdi_evidence *evidence;
	struct tdi_iomem *iomem;
	struct tdi_dma dma;
	const char *verb;
	char result[TDI_RESULT_LEN];
	char reason[TDI_RESULT_LEN];
	struct dentry *debugfs;
	struct device_link *link;
	struct delayed_work watch;
	bool kicked;
	struct tdi_recovery *recovery;
};

int tdi_backend_register(struct tdi_backend *backend);
void tdi_backend_unregister(struct tdi_backend *backend);
void tdi_backend_event(struct tdi_backend *backend);
void tdi_backend_shutdown(struct tdi_backend *backend);

void tdi_reason(struct tdi *tdi, const char *fmt, ...) __printf(2, 3);

#endif /* TDISP_BACKEND_H */
