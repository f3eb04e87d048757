/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernels up to 6.17 map pages, later ones map physical addresses. The driver
 * is written for the later form; TDI_DMA_MAP_OPS() makes the members of either.
 */
#ifndef TDI_COMPAT_DMA_MAP_OPS_H
#define TDI_COMPAT_DMA_MAP_OPS_H

#include_next <linux/dma-map-ops.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)

#define TDI_DEFINE_DMA_MAP(map)							\
static dma_addr_t map##_page(struct device *dev, struct page *page,		\
			     unsigned long offset, size_t size,			\
			     enum dma_data_direction dir, unsigned long attrs)	\
{										\
	return map(dev, page_to_phys(page) + offset, size, dir, attrs);		\
}

#define TDI_DMA_MAP_OPS(map, unmap)	.map_page = map##_page, .unmap_page = unmap

/* Maps as @from does from now on, while somebody may be mapping. */
static inline void tdi_dma_take_map(struct dma_map_ops *ops, const struct dma_map_ops *from)
{
	WRITE_ONCE(ops->map_page, from->map_page);
	WRITE_ONCE(ops->map_resource, from->map_resource);
}

/* Does this mapping name MMIO? Older kernels have map_resource for that. */
#define tdi_dma_attr_is_mmio(attrs)	false

#else

#define TDI_DEFINE_DMA_MAP(map)
#define TDI_DMA_MAP_OPS(map, unmap)	.map_phys = map, .unmap_phys = unmap

static inline void tdi_dma_take_map(struct dma_map_ops *ops, const struct dma_map_ops *from)
{
	WRITE_ONCE(ops->map_phys, from->map_phys);
}

#define tdi_dma_attr_is_mmio(attrs)	((attrs) & DMA_ATTR_MMIO)

#endif

/* "This memory is shared with the host": a caller can say so since 7.3. */
#ifdef DMA_ATTR_CC_SHARED
#define tdi_dma_attr_is_shared(attrs)	((attrs) & DMA_ATTR_CC_SHARED)
#else
#define tdi_dma_attr_is_shared(attrs)	false
#endif

#endif /* TDI_COMPAT_DMA_MAP_OPS_H */
