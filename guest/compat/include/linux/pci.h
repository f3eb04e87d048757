/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TDI_COMPAT_PCI_H
#define TDI_COMPAT_PCI_H

#include_next <linux/pci.h>

/* PCIe r6.x 7.5.3.3; in the kernel since 6.19. */
#ifndef PCI_EXP_DEVCAP_TEE
#define PCI_EXP_DEVCAP_TEE	0x40000000
#endif

#endif /* TDI_COMPAT_PCI_H */
