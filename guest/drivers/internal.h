/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to guest/drivers: what its files know of each other.
 *
 *   main.c      module, registry, hot-add        tdi.c      verbs and transitions
 *   evidence.c  collect, digest, appraise        identity.c signature and chain
 *   accept.c    MMIO and DMA grants              iomem.c    /proc/iomem
 *   dma.c       modes, the switch, blocked       bounce.c   shared pool, bounce mode
 *   direct.c    direct mode                      split.c    split mode, shared mappings
 *   iommu.c     domains, iommu mode (or iommu_none.c)
 *   enable.c    pci_tdi_enable()                 guard.c    config guard
 *   watch.c     is it still there?               recover.c  the way back from ERROR
 *   gate.c      no driver before the accept      power.c    sleep, shutdown
 *   sysfs.c class*.c debugfs.c  surfaces
 */
#ifndef TDI_INTERNAL_H
#define TDI_INTERNAL_H

#include <linux/cleanup.h>
#include <linux/dma-map-ops.h>

#include "../include/tdisp/backend.h"
#include "../include/tdisp/tdi.h"

struct seq_file;

/* What bind asks for, and the TSM must confirm. */
#define TDI_LOCK_FLAGS		TDISP_LOCK_NO_FW_UPDATE

/**
 * struct tdi_blob - one evidence object, in private memory
 * @data: the bytes, kvmalloc()ed
 * @len: how many
 */
struct tdi_blob {
	void *data;
	size_t len;
};

/**
 * enum tdi_identity - who vouches for the one who signed the measurements
 * @TDI_IDENTITY_UNVERIFIED: nobody
 * @TDI_IDENTITY_VERIFIED: the kernel, by a chain to an anchor
 * @TDI_IDENTITY_APPROVED: a verifier in user space, for this generation
 */
enum tdi_identity {
	TDI_IDENTITY_UNVERIFIED,
	TDI_IDENTITY_VERIFIED,
	TDI_IDENTITY_APPROVED,
};

#define TDI_UNVERIFIED_LEN	256

/**
 * struct tdi_evidence - what was verified, and for what
 * @generation: never used twice
 * @nonces: the platform's tokens when it was verified; acceptance names them
 * @nonce: drawn for these measurements
 * @blob: the objects
 * @bars: BAR sizes that the report was matched against
 * @report: fixed part of the report, parsed
 * @identity: who vouches for the signer
 * @is_signed: the kernel found the leaf's signature good, whoever vouches for the leaf
 * @accepted: and this is what was accepted
 * @unverified: why the kernel does not, if it does not
 */
struct tdi_evidence {
	u64 generation;
	struct tdi_nonces nonces;
	u8 nonce[TDI_NONCE_SIZE];
	struct tdi_blob blob[TDI_NR_OBJECTS];
	struct tdisp_bars bars;
	struct tdisp_report report;
	enum tdi_identity identity;
	bool is_signed;
	bool accepted;
	char unverified[TDI_UNVERIFIED_LEN];
};

/* main.c */
extern bool tdi_allow_unverified;
void tdi_hold_present(void);
struct tdi *tdi_from_pdev(struct pci_dev *pdev);
void tdi_for_each(void (*fn)(struct tdi *tdi, void *arg), void *arg);

/* tdi.c: the verbs; the PCI device's lock is held by the caller */
int tdi_connect(struct tdi *tdi);
int tdi_lock(struct tdi *tdi);
int tdi_accept(struct tdi *tdi, u64 generation);
int tdi_approve(struct tdi *tdi, u64 generation);
int tdi_unlock(struct tdi *tdi, const char *verb);
int tdi_found(struct tdi *tdi);
void tdi_lost(struct tdi *tdi);
int tdi_read_state(struct tdi *tdi, enum tdisp_state *ret);
int tdi_look(struct tdi *tdi);
void tdi_driver_goes(struct tdi *tdi);
int tdi_recover(struct tdi *tdi);
void tdi_shutdown(struct tdi *tdi);
void tdi_may_sleep(struct tdi *tdi, void *ret);
int tdi_expect_state(struct tdi *tdi, struct tdi_tsm_info *info, enum tdisp_state expected);
bool tdi_is_accepted(const struct tdi *tdi);

/* evidence.c */
struct tdi_evidence *tdi_evidence_collect(struct tdi *tdi);
void tdi_evidence_free(struct tdi_evidence *ev);
DEFINE_FREE(tdi_evidence, struct tdi_evidence *, if (!IS_ERR_OR_NULL(_T)) tdi_evidence_free(_T))
int tdi_bars_same(struct tdi *tdi, const struct tdi_tsm_info *info);
bool tdi_nonces_equal(const struct tdi_nonces *a, const struct tdi_nonces *b);
int tdi_evidence_same(struct tdi *tdi, const struct tdi_evidence *old, struct tdi_evidence *ev);

/* identity.c */
int tdi_identity_init(void);
void tdi_identity_exit(void);
int tdi_identity_check(struct tdi *tdi, struct tdi_evidence *ev);
int tdi_identity_same(struct tdi *tdi, const struct tdi_evidence *old,
		      const struct tdi_evidence *ev);

/* accept.c */
int tdi_grant(struct tdi *tdi);
int tdi_revoke(struct tdi *tdi);
bool tdi_tee_range(const struct tdi *tdi, const struct tdi_evidence *ev, u32 i,
		   struct tdi_mmio *ret);

/* iomem.c */
int tdi_iomem_add(struct tdi *tdi, const struct tdi_evidence *ev);
void tdi_iomem_remove(struct tdi *tdi);
void tdi_iomem_driver_comes(struct tdi *tdi);
ssize_t tdi_iomem_show(struct tdi *tdi, char *buf);

/* dma.c */
int tdi_dma_init(struct tdi *tdi);
void tdi_dma_exit(struct tdi *tdi);
void tdi_dma_bind(struct tdi *tdi);
bool tdi_dma_can(const struct tdi *tdi, enum tdi_dma_mode mode);
int tdi_dma_want(struct tdi *tdi, enum tdi_dma_mode mode);
int tdi_dma_grant(struct tdi *tdi);
int tdi_dma_set_mode(struct tdi *tdi, enum tdi_dma_mode mode);
enum tdi_dma_mode tdi_dma_shared_mode(const struct tdi *tdi);
int tdi_dma_live(const struct tdi *tdi);
void tdi_dma_cut(struct tdi *tdi);
void tdi_dma_mend(struct tdi *tdi);
const char *tdi_dma_mode_name(enum tdi_dma_mode mode);

/* Both are in every mapping's way: a call each would cost more than the kernel's own code. */

/* The TDI of a device whose current ops are those of @mode. */
static inline struct tdi_dma *tdi_dma_of(struct device *dev, enum tdi_dma_mode mode)
{
	return container_of(dev->dma_ops, struct tdi_dma, ops[mode]);
}

/* Can the device address all of it? The DMA API has seen to it that there is a mask. */
static inline bool tdi_dma_reaches(struct device *dev, phys_addr_t phys, size_t size)
{
	phys_addr_t last = phys + size - 1;

	/* It wraps, or it is nothing. */
	if (last < phys)
		return false;
	if (dev->bus_dma_limit && last > dev->bus_dma_limit)
		return false;
	return last <= *dev->dma_mask;
}

int tdi_dma_any_mask(struct device *dev, u64 mask);
u64 tdi_dma_any_memory(struct device *dev);
struct page *tdi_dma_op_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret,
				    enum dma_data_direction dir, gfp_t gfp);
void tdi_dma_op_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t addr,
			   enum dma_data_direction dir);
void *tdi_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp);
int tdi_dma_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr,
		 dma_addr_t addr, size_t size, unsigned long attrs);
int tdi_dma_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr,
			dma_addr_t addr, size_t size, unsigned long attrs);

/* bounce.c */
int tdi_bounce_check(struct tdi_backend *backend);
int tdi_bounce_share_pool(struct tdi_backend *backend);
void *tdi_bounce_alloc_shared(struct tdi_dma *dma, size_t size, phys_addr_t *ret, gfp_t gfp);
void tdi_bounce_free_shared(struct tdi_dma *dma, void *vaddr, size_t size);
extern const struct dma_map_ops tdi_bounce_ops;

/* direct.c, split.c */
extern const struct dma_map_ops tdi_direct_ops;
extern const struct dma_map_ops tdi_split_ops;

/* iommu.c or iommu_none.c */
int tdi_iommu_init(struct tdi *tdi);
void tdi_iommu_exit(struct tdi *tdi);
void tdi_iommu_detach(struct tdi *tdi);
const char *tdi_iommu_check(struct tdi *tdi);
int tdi_iommu_switch(struct tdi *tdi, enum tdi_dma_mode mode);
int tdi_iommu_map_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size, gfp_t gfp);
void tdi_iommu_unmap_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size);
bool tdi_iommu_bypass(struct device *dev, bool bypass);
extern const struct dma_map_ops tdi_iommu_ops;

/* enable.c */
int tdi_enable_once(struct pci_dev *pdev, unsigned int flags, u16 *old);

/* guard.c */
bool tdi_guard_is_on(void);
int tdi_guard_add(struct tdi *tdi);
void tdi_guard_remove(struct tdi *tdi);
int tdi_guard_arm(struct tdi *tdi);
void tdi_guard_disarm(struct tdi *tdi);
bool tdi_guard_absent(struct tdi *tdi);
ssize_t tdi_guard_show(struct tdi *tdi, char *buf);
void tdi_guard_show_log(struct tdi *tdi, struct seq_file *s);
void tdi_guard_sweep(void);
void tdi_guard_exit(void);

/**
 * struct tdi_recovery - work that outlives its TDI
 * @work: recovers what is a TDI then
 * @pdev: the function, a reference held
 * @ref: the TDI's, and one while @work is queued or runs
 *
 * Whoever removes a TDI may hold the rwsem of the bus's notifier chain, and must not
 * wait for drivers that come and go: see Documentation/locking.rst.
 */
struct tdi_recovery {
	struct work_struct work;
	struct pci_dev *pdev;
	struct kref ref;
};

/* watch.c */
int tdi_watch_init(void);
void tdi_watch_exit(void);
int tdi_watch_add(struct tdi *tdi);
void tdi_watch_remove(struct tdi *tdi);
void tdi_watch_start(struct tdi *tdi);
void tdi_watch_kick(struct tdi *tdi);
void tdi_watch_recover(struct tdi *tdi);
void tdi_watch_tell(struct tdi *tdi, const char *event);

/* recover.c */
void tdi_recover_device(struct pci_dev *pdev);
bool tdi_recover_default(void);

/* gate.c */
int tdi_gate_init(void);
void tdi_gate_exit(void);
bool tdi_gate_lists(const struct pci_dev *pdev);
void tdi_gate_comes(struct pci_dev *pdev, bool tee);
void tdi_gate_expel(struct pci_dev *pdev);
void tdi_gate_hold(struct pci_dev *pdev);
void tdi_gate_release(struct pci_dev *pdev);
void tdi_gate_driver_gone(struct pci_dev *pdev);
void tdi_gate_goes(struct pci_dev *pdev);
void tdi_gate_gone(struct pci_dev *pdev);
bool tdi_gate_holds(struct pci_dev *pdev);

/* power.c */
int tdi_power_init(void);
void tdi_power_exit(void);

/* sysfs.c */
extern const struct attribute_group tdi_sysfs_group;

/* class_own.c or class_kernel.c */
int tdi_class_init(void);
void tdi_class_exit(void);
struct device *tdi_class_new(struct device *parent);
void tdi_class_free(struct device *dev);

/* class.c */
int tdi_class_add(struct tdi_backend *backend);
void tdi_class_ready(struct tdi_backend *backend);
void tdi_class_remove(struct tdi_backend *backend);

/* debugfs.c */
void tdi_debugfs_init(void);
void tdi_debugfs_exit(void);
void tdi_debugfs_add(struct tdi *tdi);
void tdi_debugfs_remove(struct tdi *tdi);

#endif /* TDI_INTERNAL_H */
