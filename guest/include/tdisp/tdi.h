/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For drivers that know about TDISP.
 */
#ifndef TDISP_TDI_H
#define TDISP_TDI_H

#include <linux/bits.h>
#include <linux/gfp_types.h>
#include <linux/pci.h>
#include <linux/types.h>

#define PCI_ENABLE_TARGET	BIT(0)	/* Memory Space Enable */
#define PCI_ENABLE_INITIATOR	BIT(1)	/* Bus Master Enable */

int pci_tdi_enable(struct pci_dev *pdev, unsigned int flags);
void pci_tdi_disable(struct pci_dev *pdev, unsigned int flags);

/* Memory shared with the host, for a device in split mode; refused in the others. */
dma_addr_t tdi_map_shared(struct device *dev, phys_addr_t phys, size_t size);
void tdi_unmap_shared(struct device *dev, dma_addr_t addr, size_t size);
void *tdi_alloc_shared(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp);
void tdi_free_shared(struct device *dev, size_t size, void *vaddr, dma_addr_t addr);

#endif /* TDISP_TDI_H */
