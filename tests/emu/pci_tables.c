// SPDX-License-Identifier: GPL-2.0
/*
 * Two tables say nearly everything of config space: which bits a write changes
 * (pci_writable[]), and which changes are a TDISP violation while locked
 * (pci_tracked[]; PCIe r6.x 11.2.6, the register tracking table).
 */
#include "pci.h"

/*
 * What else the tracking table names, where functions WITH_ALL have it: an image of
 * each register's bits, with nothing behind them.
 */
#define CAP_EA			0xc0
#define ECAP_ARI		0x200
#define ECAP_PASID		0x210
#define ECAP_MCAST		0x230
#define ECAP_SRIOV		0x260
#define ECAP_ACS		0x2b0
#define ECAP_LTR		0x2c0
#define ECAP_L1PM		0x2d0
#define ECAP_AER		0x300
#define ECAP_VC			0x340
#define ECAP_MFVC		0x360
#define ECAP_DPA		0x380
#define ECAP_PTM		0x3a0
#define ECAP_HIERARCHY		0x3b0
#define ECAP_NPEM		0x3d0
#define ECAP_ALTERNATE		0x3e0
#define ECAP_PMUX		0x400
#define ECAP_DVSEC		0x430
#define  DVSEC_LEN		0x10u
#define ECAP_DEV3		0x450
#define  DEVCTL3_14BIT_TAG	0x0004u
#define ECAP_REBAR		0x470
#define ECAP_VF_REBAR		0x480

const struct pci_cap pci_all_caps[] = {
	{ CAP_VPD, 0x03, 0 },
	{ CAP_EA, 0x14, 0 },
	{ ECAP_ARI, 0x0e, 1 },
	{ ECAP_PASID, 0x1b, 1 },
	{ ECAP_PRI, 0x13, 1 },
	{ ECAP_MCAST, 0x12, 1 },
	{ ECAP_SRIOV, 0x10, 1 },
	{ ECAP_ATS, 0x0f, 1 },
	{ ECAP_ACS, 0x0d, 1 },
	{ ECAP_LTR, 0x18, 1 },
	{ ECAP_L1PM, 0x1e, 1 },
	{ ECAP_AER, 0x01, 2 },
	{ ECAP_VC, 0x02, 1 },
	{ ECAP_MFVC, 0x08, 1 },
	{ ECAP_DPA, 0x16, 1 },
	{ ECAP_PTM, 0x1f, 1 },
	{ ECAP_HIERARCHY, 0x28, 1 },
	{ ECAP_NPEM, 0x29, 1 },
	{ ECAP_ALTERNATE, 0x2b, 1 },
	{ ECAP_PMUX, 0x1a, 1 },
	{ ECAP_TPH, 0x17, 1 },
	{ ECAP_DVSEC, 0x23, 1 },
	{ ECAP_DEV3, 0x2f, 1 },
	{ ECAP_REBAR, 0x15, 1 },
	{ ECAP_VF_REBAR, 0x24, 1 },
};

const size_t pci_nr_all_caps = ARRAY_SIZE(pci_all_caps);

const struct pci_preset pci_all_presets[] = {
	{ CFG_CACHE_LINE, 0x80000000 },		/* capable of BIST */
	{ PCIE_DEVCAP, 0x00000008 },		/* a phantom function */
	{ PCIE_DEVCAP2, 0x00000800 },		/* LTR */
	/* One entry of two dwords more, for a resource that is not there (7.8.5.3). */
	{ CAP_EA, 0x00010000 },
	{ CAP_EA + 0x04, 0x00ffff72 },
	{ ECAP_ARI + 0x04, 0x00000003 },
	{ ECAP_PASID + 0x04, 0x00001406 },	/* 20 bits, execute and privileged */
	{ ECAP_PRI + 0x04, 0x01000000 },	/* stopped */
	{ ECAP_PRI + 0x08, 0x00000010 },
	{ ECAP_MCAST + 0x04, 0x0000003f },	/* 64 groups */
	{ ECAP_SRIOV + 0x0c, 0x00020002 },	/* two VFs */
	{ ECAP_SRIOV + 0x14, 0x00010001 },
	{ ECAP_SRIOV + 0x1c, 0x00000553 },	/* page sizes */
	{ ECAP_SRIOV + 0x20, 0x00000001 },
	{ ECAP_ATS + 0x04, 0x00000020 },	/* page aligned */
	{ ECAP_ACS + 0x04, 0x0000007f },
	{ ECAP_L1PM + 0x04, 0x0000001f },
	{ ECAP_AER + 0x0c, 0x00462030 },
	{ ECAP_AER + 0x14, 0x0000e000 },
	{ ECAP_AER + 0x18, 0x000000a0 },
	{ ECAP_VC + 0x14, 0x800000ff },
	{ ECAP_MFVC + 0x14, 0x800000ff },
	{ ECAP_DPA + 0x04, 0x00000001 },	/* two substates */
	{ ECAP_DPA + 0x0c, 0x00000100 },	/* .. that may be changed */
	{ ECAP_PTM + 0x04, 0x00000001 },
	{ ECAP_NPEM + 0x04, 0x00000fff },
	{ ECAP_ALTERNATE + 0x04, 0x00000001 },
	{ ECAP_PMUX + 0x04, 0x00000001 },
	{ ECAP_TPH + 0x04, 0x00000107 },
	{ ECAP_DVSEC + 0x04, EMU_PCI_VENDOR | 1 << 16 | DVSEC_LEN << 20 },
	{ ECAP_DVSEC + 0x08, EMU_VSEC_ID },
	{ ECAP_DEV3 + 0x04, 0x00000007 },
	{ ECAP_REBAR + 0x04, 0x00000030 },	/* 1 and 2 MiB */
	{ ECAP_REBAR + 0x08, 0x00000022 },	/* one BAR: BAR 2 */
	{ ECAP_VF_REBAR + 0x04, 0x00000030 },
	{ ECAP_VF_REBAR + 0x08, 0x00000020 },
};

const size_t pci_nr_all_presets = ARRAY_SIZE(pci_all_presets);

const struct pci_writable pci_writable[] = {
	{ CFG_COMMAND,		COMMAND_WRITABLE,		EACH },
	{ CFG_CACHE_LINE,	0x000000ff,			EACH },
	{ CFG_INTERRUPT,	0x000000ff,			EACH }, /* line; no pin */
	/* BARs: by their size, see bar_mask() */
	{ PM_CSR,		PM_STATE,			TDIS },
	{ PCIE_DEVCTL,		DEVCTL_WRITABLE,		EACH },
	{ PCIE_LNKCTL,		0x000000c0,			EACH },
	{ PCIE_DEVCTL2,		DEVCTL2_WRITABLE,		EACH },
	{ CAP_MSIX,		(MSIX_ENABLE | MSIX_MASKALL) << 16, WITH_MSIX },
	{ CAP_MSI,		(MSI_ENABLE | MSI_MME) << 16,	WITH_MSI },
	{ MSI_ADDRESS,		0xfffffffc,			WITH_MSI },
	{ MSI_ADDRESS + 4,	0xffffffff,			WITH_MSI },
	{ MSI_DATA,		0x0000ffff,			WITH_MSI },
	{ STREAM_CTL,		STREAM_CTL_WRITABLE,		TDIS },
	{ STREAM_RID1,		0x00ffff00,			TDIS },
	{ STREAM_RID2,		0xffffff01,			TDIS },
	{ STREAM_ADDR1,		0xffffff01,			TDIS },
	{ STREAM_ADDR2,		0xffffffff,			TDIS },
	{ STREAM_ADDR3,		0xffffffff,			TDIS },

	/* Bits that functions with everything add to registers above */
	{ CFG_ROM,		~(ROM_SIZE - 1) | 1,		WITH_ALL },
	{ PM_CSR,		0x00000100,			WITH_ALL }, /* PME_En */
	{ PCIE_DEVCTL,		DEVCTL_PHANTOM,			WITH_ALL },
	{ PCIE_DEVCTL2,		0x00000760,			WITH_ALL }, /* IDO, LTR, .. */
	{ CAP_VPD,		0xffff0000,			WITH_ALL },
	{ CAP_VPD + 0x04,	0xffffffff,			WITH_ALL },
	{ CAP_EA + 0x04,	0x80000000,			WITH_ALL }, /* Enable */
	{ ECAP_ARI + 0x04,	0x00730000,			WITH_ALL },
	{ ECAP_PASID + 0x04,	0x00070000,			WITH_ALL },
	{ ECAP_PRI + 0x04,	0x00000001,			WITH_ALL },
	{ ECAP_PRI + 0x0c,	0x0000ffff,			WITH_ALL },
	{ ECAP_MCAST + 0x04,	0x803f0000,			WITH_ALL },
	{ ECAP_MCAST + 0x08,	0xfffff03f,			WITH_ALL },
	{ ECAP_MCAST + 0x0c,	0xffffffff,			WITH_ALL },
	{ ECAP_MCAST + 0x10,	0xffffffff,			WITH_ALL },
	{ ECAP_MCAST + 0x18,	0xffffffff,			WITH_ALL },
	{ ECAP_MCAST + 0x20,	0xffffffff,			WITH_ALL },
	{ ECAP_SRIOV + 0x08,	0x0000001f,			WITH_ALL },
	{ ECAP_SRIOV + 0x10,	0x0000ffff,			WITH_ALL }, /* NumVFs */
	{ ECAP_SRIOV + 0x20,	0xffffffff,			WITH_ALL },
	{ ECAP_SRIOV + 0x24,	0xffffc000,			WITH_ALL }, /* VF BAR 0 */
	{ ECAP_ATS + 0x04,	0x801f0000,			WITH_ALL },
	{ ECAP_ACS + 0x04,	0x007f0000,			WITH_ALL },
	{ ECAP_LTR + 0x04,	0x1fff1fff,			WITH_ALL },
	{ ECAP_L1PM + 0x08,	0xe3ffff0f,			WITH_ALL },
	{ ECAP_L1PM + 0x0c,	0x000000fb,			WITH_ALL },
	{ ECAP_AER + 0x08,	0x07fff030,			WITH_ALL },
	{ ECAP_AER + 0x0c,	0x07fff030,			WITH_ALL },
	{ ECAP_AER + 0x14,	0x0000f1c1,			WITH_ALL },
	{ ECAP_AER + 0x18,	0x00000140,			WITH_ALL },
	{ ECAP_VC + 0x14,	0x000000fe,			WITH_ALL }, /* TC/VC map */
	{ ECAP_MFVC + 0x14,	0x000000fe,			WITH_ALL },
	{ ECAP_DPA + 0x0c,	0x001f0000,			WITH_ALL },
	{ ECAP_PTM + 0x08,	0x0000ff01,			WITH_ALL },
	{ ECAP_HIERARCHY + 0x08, 0xffffffff,			WITH_ALL },
	{ ECAP_NPEM + 0x08,	0x00000ffd,			WITH_ALL },
	{ ECAP_ALTERNATE + 0x08, 0x000001ff,			WITH_ALL },
	{ ECAP_PMUX + 0x08,	0x3f3f3f3f,			WITH_ALL },
	{ TPH_CTL,		0x00000307,			WITH_ALL },
	{ ECAP_DVSEC + 0x0c,	0x0000ffff,			WITH_ALL },
	{ ECAP_DEV3 + 0x08,	0x0000000f,			WITH_ALL },
	{ ECAP_REBAR + 0x08,	0x00003f00,			WITH_ALL }, /* BAR Size */
	{ ECAP_VF_REBAR + 0x08,	0x00003f00,			WITH_ALL },
};

const size_t pci_nr_writable = ARRAY_SIZE(pci_writable);

/*
 * Everything that is not here is allowed; of a register that a function does not
 * have no bit can change. Phantom functions, BIST and the ROM BAR are read-only
 * zeros but WITH_ALL. Link, requester id and session events are no register writes.
 *
 * TPH and DVSEC the table leaves to the vendor: the report tells of TPH control, so
 * a change would make it wrong; of our DVSEC the lowest bit is one that counts.
 */
const struct pci_tracked pci_tracked[] = {
	{ CFG_COMMAND,	COMMAND_MSE,		CLEARED,	"mse-cleared" },
	{ CFG_COMMAND,	COMMAND_BME,		CLEARED,	"bme-cleared" },
	/* Stricter than the table, which allows whatever clears neither bit. */
	{ CFG_COMMAND,	COMMAND_BME,		SET,		"bme-set", STRICT_BME },
	{ CFG_COMMAND,	0x0000ffff,		WRITTEN,	"command-write", STRICT_COMMAND },
	{ CFG_CACHE_LINE, 0xff000000,		CHANGE,		"bist" },
	{ CFG_BAR(0),	~0u,			CHANGE,		"bar-write" },
	{ CFG_BAR(1),	~0u,			CHANGE,		"bar-write" },
	{ CFG_BAR(2),	~0u,			CHANGE,		"bar-write" },
	{ CFG_BAR(3),	~0u,			CHANGE,		"bar-write" },
	{ CFG_BAR(4),	~0u,			CHANGE,		"bar-write" },
	{ CFG_BAR(5),	~0u,			CHANGE,		"bar-write" },
	{ CFG_ROM,	~0u,			CHANGE,		"rom-write" },
	/* No_Soft_Reset is 0: any state but D0 loses the function's state. */
	{ PM_CSR,	PM_STATE,		CHANGE,		"power-state" },
	{ PCIE_DEVCTL,	DEVCTL_EXT_TAG,		CHANGE,		"extended-tag" },
	{ PCIE_DEVCTL,	DEVCTL_PHANTOM,		CHANGE,		"phantom-functions" },
	{ PCIE_DEVCTL,	DEVCTL_NO_SNOOP,	CHANGE,		"no-snoop" },
	{ PCIE_DEVCTL,	DEVCTL_FLR,		WRITE_1,	"flr" },
	{ PCIE_DEVCTL2,	DEVCTL2_10BIT_TAG,	CHANGE,		"10-bit-tag" },
	{ CAP_MSIX,	0xffff0000,		CHANGE_IF_LOCK_MSIX, "msix" },
	{ STREAM_CTL,	~0u,			CHANGE,		"ide-stream" },
	{ STREAM_RID1,	~0u,			CHANGE,		"ide-rid" },
	{ STREAM_RID2,	~0u,			CHANGE,		"ide-rid" },
	{ STREAM_ADDR1,	~0u,			CHANGE,		"ide-address" },
	{ STREAM_ADDR2,	~0u,			CHANGE,		"ide-address" },
	{ STREAM_ADDR3,	~0u,			CHANGE,		"ide-address" },
	{ CFG_CACHE_LINE, 0x40000000,		WRITE_1,	"bist", .who = WITH_ALL },
	{ CAP_EA + 0x04, ~0u,			CHANGE,		"enhanced-allocation" },
	{ ECAP_REBAR + 0x08, ~0u,		CHANGE,		"rebar" },
	{ ECAP_VF_REBAR + 0x08, ~0u,		CHANGE,		"vf-rebar" },
	{ ECAP_ARI + 0x04, ~0u,			CHANGE,		"ari" },
	{ ECAP_PASID + 0x04, ~0u,		CHANGE,		"pasid" },
	{ ECAP_PRI + 0x04, ~0u,			CHANGE,		"pri" },
	{ ECAP_PRI + 0x0c, ~0u,			CHANGE,		"pri" },
	{ ECAP_MCAST + 0x04, ~0u,		CHANGE,		"multicast" },
	{ ECAP_MCAST + 0x08, ~0u,		CHANGE,		"multicast" },
	{ ECAP_MCAST + 0x0c, ~0u,		CHANGE,		"multicast" },
	{ ECAP_MCAST + 0x10, ~0u,		CHANGE,		"multicast" },
	{ ECAP_MCAST + 0x18, ~0u,		CHANGE,		"multicast" },
	{ ECAP_MCAST + 0x20, ~0u,		CHANGE,		"multicast" },
	{ ECAP_SRIOV + 0x08, ~0u,		CHANGE,		"sr-iov" },
	{ ECAP_SRIOV + 0x10, ~0u,		CHANGE,		"sr-iov" },
	{ ECAP_SRIOV + 0x20, ~0u,		CHANGE,		"sr-iov" },
	{ ECAP_SRIOV + 0x24, ~0u,		CHANGE,		"sr-iov" },
	/* Sources disagree; the table allows it. */
	{ ECAP_ATS + 0x04, ~0u,			CHANGE,		"ats", STRICT_ATS },
	{ ECAP_DEV3 + 0x08, DEVCTL3_14BIT_TAG,	CHANGE,		"14-bit-tag" },
	{ TPH_CTL,	~0u,			CHANGE,		"tph" },
	{ ECAP_DVSEC + 0x0c, 0x00000001,	CHANGE,		"dvsec" },
};

const size_t pci_nr_tracked = ARRAY_SIZE(pci_tracked);
