// SPDX-License-Identifier: GPL-2.0
/*
 * In place of iommu.c where the kernel cannot map by IOMMU: a function behind one that
 * translates all the same is not taken over.
 */
#include <linux/pci.h>

#include "internal.h"

int tdi_iommu_init(struct tdi *tdi)
{
	if (!device_iommu_mapped(&tdi->pdev->dev))
		return 0;
	pci_err(tdi->pdev, "tdi: IOMMU: expected none, found one (no CONFIG_IOMMU_DMA)\n");
	return -EOPNOTSUPP;
}

void tdi_iommu_exit(struct tdi *tdi)
{
}

void tdi_iommu_detach(struct tdi *tdi)
{
}

const char *tdi_iommu_check(struct tdi *tdi)
{
	return NULL;
}

int tdi_iommu_switch(struct tdi *tdi, enum tdi_dma_mode mode)
{
	return 0;
}

int tdi_iommu_map_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size, gfp_t gfp)
{
	return 0;
}

void tdi_iommu_unmap_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size)
{
}

bool tdi_iommu_bypass(struct device *dev, bool bypass)
{
	return false;
}

/* Nobody can choose this mode here. */
const struct dma_map_ops tdi_iommu_ops;
