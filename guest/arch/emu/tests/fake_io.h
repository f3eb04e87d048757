/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before mailbox.c by its rule in Kbuild.kunit: the registers' accesses,
 * which are this platform's hypercall, go to fake_tsm.c. Nothing else changes.
 */
#ifndef TDI_EMU_FAKE_IO_H
#define TDI_EMU_FAKE_IO_H

#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/io-64-nonatomic-lo-hi.h>

u32 fake_readl(const void __iomem *addr);
void fake_writel(u32 val, void __iomem *addr);
void fake_writeq(u64 val, void __iomem *addr);

#undef readl
#undef writel
#define readl(addr)		fake_readl(addr)
#define writel(val, addr)	fake_writel(val, addr)
#define lo_hi_writeq(val, addr)	fake_writeq(val, addr)

#endif /* TDI_EMU_FAKE_IO_H */
