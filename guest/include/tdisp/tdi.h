/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For drivers that know about TDISP.
 */
#ifndef TDISP_TDI_H
#define TDISP_TDI_H

#include <linux/bits.h>
#include <linux/pci.h>

#define PCI_ENABLE_TARGET	BIT(0)	/* Memory Space Enable */
#define PCI_ENABLE_INITIATOR	BIT(1)	/* Bus Master Enable */

int pci_tdi_enable(struct pci_dev *pdev, unsigned int flags);
void pci_tdi_disable(struct pci_dev *pdev, unsigned int flags);

#endif /* TDISP_TDI_H */
