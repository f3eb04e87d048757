/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "The kernel's own IOMMU code maps for this device" was a bit-field before 7.2 and
 * is behind accessors since.
 */
#ifndef TDI_COMPAT_DEVICE_H
#define TDI_COMPAT_DEVICE_H

#include_next <linux/device.h>
#include <linux/version.h>

#ifdef CONFIG_IOMMU_DMA
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
#define tdi_dev_dma_iommu(dev)			((dev)->dma_iommu)
#define tdi_dev_set_dma_iommu(dev, on)		((dev)->dma_iommu = (on))
#else
#define tdi_dev_dma_iommu(dev)			dev_dma_iommu(dev)
#define tdi_dev_set_dma_iommu(dev, on)		dev_assign_dma_iommu(dev, on)
#endif
#endif

#endif /* TDI_COMPAT_DEVICE_H */
