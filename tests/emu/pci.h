/* SPDX-License-Identifier: GPL-2.0 */
/* What pci.c and its tables share; nobody else includes this. */
#ifndef EMU_PCI_H
#define EMU_PCI_H

#include "emu.h"

/* Type 0 header */
#define CFG_VENDOR		0x00
#define CFG_COMMAND		0x04
#define  COMMAND_MSE		0x0002u
#define  COMMAND_BME		0x0004u
#define  COMMAND_WRITABLE	0x0546u		/* MSE, BME, PERR, SERR, INTx disable */
#define  STATUS_CAP_LIST	0x0010u
#define CFG_CLASS_REV		0x08
#define CFG_CACHE_LINE		0x0c
#define CFG_BAR(n)		(0x10u + 4 * (n))
#define CFG_BARS_END		0x28u
#define  BAR_64BIT		0x4u
#define CFG_SUBSYSTEM		0x2c
#define CFG_ROM			0x30
#define CFG_CAP_PTR		0x34
#define CFG_INTERRUPT		0x3c

/* Where the capabilities are, in every function that has them. */
#define CAP_PM			0x40
#define  PM_ID			0x01u
#define  PM_VERSION		0x0003u
#define  PM_CSR			(CAP_PM + 4)
#define  PM_STATE		0x0003u
#define CAP_PCIE		0x50
#define  PCIE_ID		0x10u
#define  PCIE_V2_ENDPOINT	0x0002u
#define  PCIE_DEVCAP		(CAP_PCIE + 0x04)
#define   DEVCAP_BASE		0x00008021u	/* role-based errors, ext. tag, MPS 256 */
#define   DEVCAP_FLR		0x10000000u
#define   DEVCAP_TEE_IO		0x40000000u
#define  PCIE_DEVCTL		(CAP_PCIE + 0x08)
#define   DEVCTL_EXT_TAG	0x0100u
#define   DEVCTL_PHANTOM	0x0200u
#define   DEVCTL_NO_SNOOP	0x0800u
#define   DEVCTL_FLR		0x8000u
#define   DEVCTL_WRITABLE	0x79ffu		/* no phantom functions, no aux power */
#define   DEVCTL_RESET		0x2810u		/* MRRS 512, no snoop, relaxed ordering */
#define  PCIE_LNKCAP		(CAP_PCIE + 0x0c)
#define  PCIE_LNKCTL		(CAP_PCIE + 0x10)
#define   LINK_16GT_X4		0x0044u
#define  PCIE_DEVCAP2		(CAP_PCIE + 0x24)
#define   DEVCAP2_10BIT_TAG	0x00030000u	/* completer, requester */
#define  PCIE_DEVCTL2		(CAP_PCIE + 0x28)
#define   DEVCTL2_10BIT_TAG	0x1000u
#define   DEVCTL2_WRITABLE	0x101fu		/* completion timeout, 10-bit tag enable */
#define  PCIE_LNKCAP2		(CAP_PCIE + 0x2c)
#define   LNKCAP2_TO_16GT	0x1eu
#define  PCIE_LNKCTL2		(CAP_PCIE + 0x30)
#define CAP_MSIX		0x90
#define  MSIX_ID		0x11u
#define  MSIX_CTRL		(CAP_MSIX + 2)
#define   MSIX_MASKALL		0x4000u
#define   MSIX_ENABLE		0x8000u
#define  MSIX_BAR		4
#define  MSIX_PBA_OFFSET	0x1000u
#define CAP_MSI			0xa0
#define  MSI_ID			0x05u
#define  MSI_CTRL		(CAP_MSI + 2)
#define   MSI_ENABLE		0x0001u
#define   MSI_MMC_SHIFT		1
#define   MSI_MME		0x0070u
#define   MSI_MME_SHIFT		4
#define   MSI_64BIT		0x0080u
#define  MSI_ADDRESS		(CAP_MSI + 0x04)
#define  MSI_DATA		(CAP_MSI + 0x0c)

#define ECAP_DOE		0x100
#define  DOE_ID			0x2eu
#define  DOE_LEN		0x18u
#define ECAP_IDE		0x120
#define  IDE_ID			0x30u
#define  IDE_CAP_SELECTIVE	0x42u		/* selective stream, IDE_KM; one stream */
#define  IDE_STREAM		(ECAP_IDE + 0x0c)
#define   STREAM_CAP		(IDE_STREAM + 0x00)
#define   STREAM_CTL		(IDE_STREAM + 0x04)
#define    STREAM_ENABLE	0x00000001u
#define    STREAM_DEFAULT	0x00400000u
#define    STREAM_ID_1		0x01000000u
#define    STREAM_CTL_WRITABLE	0xff7803ffu
#define   STREAM_STATUS		(IDE_STREAM + 0x08)
#define    STREAM_SECURE	2u
#define   STREAM_RID1		(IDE_STREAM + 0x0c)
#define   STREAM_RID2		(IDE_STREAM + 0x10)
#define   STREAM_ADDR1		(IDE_STREAM + 0x14)
#define   STREAM_ADDR2		(IDE_STREAM + 0x18)
#define   STREAM_ADDR3		(IDE_STREAM + 0x1c)
#define ECAP_VSEC		0x150
#define  VSEC_ID		0x0bu
#define ECAP_DSN		0x160
#define  DSN_ID			0x03u

/* Of --registers all, those that the interface report tells of. */
#define ECAP_ATS		0x2a0
#define  ATS_CTL		(ECAP_ATS + 0x06)
#define   ATS_ENABLE		0x8000u
#define ECAP_PRI		0x220
#define  PRI_CTL		(ECAP_PRI + 0x04)
#define   PRI_ENABLE		0x0001u
#define ECAP_TPH		0x420
#define  TPH_CTL		(ECAP_TPH + 0x08)
#define CAP_VPD			0xb0
#define  VPD_FLAG		0x80000000u
#define ROM_SIZE		4096u

/* Which functions have a register. */
enum who {
	EACH,
	TDIS,
	WITH_MSI,
	WITH_MSIX,
	WITH_ALL,	/* TDIs with every register that the tracking table names */
};

/* One dword of config space: the bits that a write changes. */
struct pci_writable {
	uint16_t reg;
	uint32_t mask;
	enum who who;
};

extern const struct pci_writable pci_writable[];
extern const size_t pci_nr_writable;

/* When does a write to these bits count? */
enum effect {
	CHANGE,		/* any of them changes */
	CLEARED,	/* any of them goes from 1 to 0 */
	SET,		/* any of them goes from 0 to 1 */
	WRITE_1,	/* any of them is written as 1, though it never reads so */
	WRITTEN,	/* any of them is written, whatever with */
	CHANGE_IF_LOCK_MSIX,
};

/* What is a TDISP violation while locked. */
struct pci_tracked {
	uint16_t reg;
	uint32_t mask;
	enum effect effect;
	const char *reason;
	enum strict strict;	/* of devices that are that strict only */
	enum who who;
};

extern const struct pci_tracked pci_tracked[];
extern const size_t pci_nr_tracked;

/* Capabilities of WITH_ALL, beyond what every TDI has, and bits they reset to. */
struct pci_cap {
	uint16_t at;		/* from 100h on an extended one */
	uint16_t id;
	uint8_t version;
};

struct pci_preset {
	uint16_t reg;
	uint32_t val;
};

extern const struct pci_cap pci_all_caps[];
extern const size_t pci_nr_all_caps;
extern const struct pci_preset pci_all_presets[];
extern const size_t pci_nr_all_presets;

#endif /* EMU_PCI_H */
