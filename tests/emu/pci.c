// SPDX-License-Identifier: GPL-2.0
/*
 * Config space of a function, its BARs, and what a locked TDI must not let
 * happen to them. pci_tables.c says which registers there are.
 */
#include <stdlib.h>
#include <string.h>

#include "pci.h"

static uint16_t get16(const struct func *f, unsigned int reg)
{
	return get_unaligned_le16(f->cfg + reg);
}

static uint32_t get32(const struct func *f, unsigned int reg)
{
	return get_unaligned_le32(f->cfg + reg);
}

static void put16(struct func *f, unsigned int reg, uint16_t val)
{
	val = htole16(val);
	memcpy(f->cfg + reg, &val, sizeof(val));
}

static void put32(struct func *f, unsigned int reg, uint32_t val)
{
	val = htole32(val);
	memcpy(f->cfg + reg, &val, sizeof(val));
}

static bool is_tdi(const struct func *f)
{
	return f->handle != 0;
}

/* ---- what is in force --------------------------------------------------------- */

static bool in_d0(const struct func *f)
{
	return !f->cap_pm || !(get16(f, PM_CSR) & PM_STATE);
}

bool pci_bus_master(const struct func *f)
{
	return get16(f, CFG_COMMAND) & COMMAND_BME && in_d0(f);
}

bool pci_mem_enabled(const struct func *f)
{
	return get16(f, CFG_COMMAND) & COMMAND_MSE && in_d0(f);
}

enum func_irqs pci_irqs(const struct func *f)
{
	if (f->cap_msix && get16(f, MSIX_CTRL) & MSIX_ENABLE)
		return IRQS_MSIX;
	if (f->cap_msi && get16(f, MSI_CTRL) & MSI_ENABLE)
		return IRQS_MSI;
	return IRQS_OFF;
}

unsigned int pci_msi_vectors(const struct func *f)
{
	unsigned int nr = 1u << ((get16(f, MSI_CTRL) & MSI_MME) >> MSI_MME_SHIFT);

	return nr < f->vectors ? nr : f->vectors;
}

bool pci_msix_masked(const struct func *f)
{
	return f->cap_msix && get16(f, MSIX_CTRL) & MSIX_MASKALL;
}

uint16_t pci_interface_info(const struct func *f)
{
	uint16_t info = 0;

	if (f->emu->all_registers && get16(f, ATS_CTL) & ATS_ENABLE)
		info |= TDISP_INFO_ATS;
	if (f->emu->all_registers && get16(f, PRI_CTL) & PRI_ENABLE)
		info |= TDISP_INFO_PRS;
	return info;
}

uint32_t pci_tph_control(const struct func *f)
{
	return f->emu->all_registers ? get32(f, TPH_CTL) : 0;
}

uint64_t pci_bar_addr(const struct func *f, int bar)
{
	uint64_t addr;

	if (bar < 0 || bar >= FUNC_NR_BARS || !f->bar_size[bar])
		return 0;
	addr = get32(f, CFG_BAR(bar)) & ~0xfu;
	if (f->bar_64[bar])
		addr |= (uint64_t)get32(f, CFG_BAR(bar + 1)) << 32;
	return addr;
}

/* ---- reset values --------------------------------------------------------------- */

/* Links a capability in at the end of the chain. */
static void add_cap(struct func *f, unsigned int at, uint8_t id)
{
	unsigned int last = CFG_CAP_PTR;

	while (f->cfg[last])
		last = f->cfg[last] + 1;
	f->cfg[last] = at;
	f->cfg[at] = id;
}

static void add_ecap(struct func *f, unsigned int at, uint16_t id, unsigned int version)
{
	unsigned int last = 0x100;

	if (at != last) {
		while (get32(f, last) >> 20)
			last = get32(f, last) >> 20;
		put32(f, last, get32(f, last) | at << 20);
	}
	put32(f, at, id | version << 16);
}

static void fill_pcie(struct func *f)
{
	add_cap(f, CAP_PCIE, PCIE_ID);
	put16(f, CAP_PCIE + 2, PCIE_V2_ENDPOINT);
	put32(f, PCIE_DEVCAP, DEVCAP_BASE | (is_tdi(f) ? DEVCAP_FLR | DEVCAP_TEE_IO :
		    f->emu->tee_mailbox ? DEVCAP_TEE_IO : 0));
	put16(f, PCIE_DEVCTL, DEVCTL_RESET);
	put32(f, PCIE_LNKCAP, LINK_16GT_X4);
	put16(f, PCIE_LNKCTL + 2, LINK_16GT_X4);
	put32(f, PCIE_DEVCAP2, DEVCAP2_10BIT_TAG);
	put32(f, PCIE_LNKCAP2, LNKCAP2_TO_16GT);
	put16(f, PCIE_LNKCTL2, LINK_16GT_X4 & 0xf);
}

static void fill_msix(struct func *f)
{
	add_cap(f, CAP_MSIX, MSIX_ID);
	put16(f, MSIX_CTRL, f->vectors - 1);
	put32(f, CAP_MSIX + 4, MSIX_BAR);
	put32(f, CAP_MSIX + 8, MSIX_PBA_OFFSET | MSIX_BAR);
}

/* Addresses of 64 bits, no mask of single vectors (QEMU has none to give away). */
static void fill_msi(struct func *f)
{
	unsigned int mmc = 0;

	while (1u << mmc < f->vectors)
		mmc++;
	add_cap(f, CAP_MSI, MSI_ID);
	put16(f, MSI_CTRL, MSI_64BIT | mmc << MSI_MMC_SHIFT);
}

/*
 * The platform has set the stream up before the guest sees the function: it is
 * enabled, it is the default one, it covers every requester.
 */
static void fill_ide(struct func *f)
{
	add_ecap(f, ECAP_IDE, IDE_ID, 1);
	put32(f, ECAP_IDE + 4, IDE_CAP_SELECTIVE);
	put32(f, STREAM_CAP, 1);			/* one address association */
	put32(f, STREAM_CTL, STREAM_ENABLE | STREAM_DEFAULT | STREAM_ID_1);
	put32(f, STREAM_STATUS, STREAM_SECURE);
	put32(f, STREAM_RID1, 0x00ffff00);
	put32(f, STREAM_RID2, 0x00000001);
}

static void fill_vsec(struct func *f)
{
	add_ecap(f, ECAP_VSEC, VSEC_ID, 1);
	put32(f, ECAP_VSEC + 4, EMU_VSEC_ID | EMU_VSEC_REV << 16 | EMU_VSEC_LEN << 20);
	put32(f, ECAP_VSEC + EMU_VSEC_HANDLE, f->handle);
}

static void fill_dsn(struct func *f)
{
	add_ecap(f, ECAP_DSN, DSN_ID, 1);
	/* 7.9.3: the same in all functions of a device. */
	put32(f, ECAP_DSN + 4, func_pf(f)->handle);
	put32(f, ECAP_DSN + 8, EMU_PCI_VENDOR << 16 | 0x7d15);
}

static void fill_all(struct func *f)
{
	for (size_t i = 0; i < pci_nr_all_caps; i++) {
		const struct pci_cap *c = &pci_all_caps[i];

		if (c->at < 0x100)
			add_cap(f, c->at, c->id);
		else
			add_ecap(f, c->at, c->id, c->version);
	}
	for (size_t i = 0; i < pci_nr_all_presets; i++) {
		const struct pci_preset *p = &pci_all_presets[i];

		put32(f, p->reg, get32(f, p->reg) | p->val);
	}
}

/* Everything that a reset restores; identity is kept from what is there. */
static void fill(struct func *f)
{
	uint32_t id = get32(f, CFG_VENDOR), class_rev = get32(f, CFG_CLASS_REV);

	memset(f->cfg, 0, sizeof(f->cfg));
	put32(f, CFG_VENDOR, id);
	put32(f, CFG_CLASS_REV, class_rev);
	put32(f, CFG_SUBSYSTEM, id);
	put16(f, CFG_COMMAND + 2, STATUS_CAP_LIST);
	for (int i = 0; i < FUNC_NR_BARS; i++)
		if (f->bar_64[i])
			put32(f, CFG_BAR(i), BAR_64BIT);
	if (f->cap_pm) {
		add_cap(f, CAP_PM, PM_ID);
		put16(f, CAP_PM + 2, PM_VERSION);
	}
	fill_pcie(f);
	if (f->cap_msix)
		fill_msix(f);
	if (f->cap_msi)
		fill_msi(f);
	if (!is_tdi(f)) {
		if (f->emu->tee_mailbox)
			fill_vsec(f);
		return;
	}
	add_ecap(f, ECAP_DOE, DOE_ID, 1);
	fill_ide(f);
	fill_vsec(f);
	fill_dsn(f);
	if (f->emu->all_registers)
		fill_all(f);
}

void pci_init(struct func *f, uint16_t device, uint32_t class_rev)
{
	put16(f, CFG_VENDOR, EMU_PCI_VENDOR);
	put16(f, CFG_VENDOR + 2, device);
	put32(f, CFG_CLASS_REV, class_rev);
	f->cap_pcie = CAP_PCIE;
	if (is_tdi(f)) {
		f->bar_size[0] = 16384;
		f->bar_64[0] = true;
		f->bar_size[2] = f->kind == FUNC_DMATEST ? f->emu->bar2_size : SCRATCH_SIZE;
		f->bar_64[2] = true;
		f->vectors = FUNC_VECTORS;
		if (f->emu->all_registers)
			f->rom_size = ROM_SIZE;
		if (f->emu->msi || f->emu->all_registers)
			f->cap_msi = CAP_MSI;
		if (!f->emu->msi) {
			f->cap_msix = CAP_MSIX;
			f->bar_size[MSIX_BAR] = 2 * MSIX_PBA_OFFSET;
		}
		f->cap_pm = CAP_PM;
		f->ecap_doe = ECAP_DOE;
		f->ecap_ide = ECAP_IDE;
		f->ecap_vsec = ECAP_VSEC;
		doe_init(f, ECAP_DOE);
	} else {
		f->bar_size[0] = EMU_MBOX_BAR_SIZE;
		if (!f->emu->no_event) {
			f->cap_msi = CAP_MSI;
			f->vectors = EMU_EVENT_VECTOR + 1;
		}
	}
	fill(f);
}

void pci_destroy(struct func *f)
{
	doe_destroy(f);
	pci_clear_scratch(f);
}

uint64_t pci_largest_bar(const struct func *f)
{
	uint64_t largest = 0;

	for (int i = 0; i < FUNC_NR_BARS; i++)
		if (f->bar_size[i] > largest)
			largest = f->bar_size[i];
	return largest;
}

/* ---- reset ----------------------------------------------------------------------- */

static void reset_quietly(struct func *f)
{
	f->stats.resets++;
	fill(f);
	pci_clear_scratch(f);
	vfu_irq_update(f);
	doe_reset(f);
	if (f->ops->reset)
		f->ops->reset(f);
}

/* 11.2.6: a PF's reset is one of its VFs, too. */
static void reset_vfs(struct func *pf)
{
	struct emu *e = pf->emu;

	for (unsigned int i = 0; i < e->nr_funcs; i++)
		if (is_tdi(e->func[i]) && e->func[i] != pf && func_pf(e->func[i]) == pf)
			pci_reset(e->func[i], "pf-reset");
}

void pci_reset(struct func *f, const char *why)
{
	if (f->gone)
		return;
	if (f->dsm)
		dsm_violation(f->dsm, why);
	reset_quietly(f);
	if (is_tdi(f))
		reset_vfs(f);
	if (f->kind == FUNC_MBOX)
		tsm_vm_reset(f->emu->tsm);
}

/*
 * Without power a device forgets everything. The link that went down takes the IDE
 * stream with it, and that is what the TSM sees of it (11.2.6): ERROR, until STOP.
 */
void pci_gone(struct func *f)
{
	if (f->gone)
		return;
	dsm_violation(f->dsm, "gone");
	reset_quietly(f);
	f->gone = true;
}

void pci_back(struct func *f)
{
	f->gone = false;
}

/* The VM has other functions still, so this one was unplugged. */
static bool is_unplugged(const struct func *f)
{
	for (unsigned int i = 0; i < f->emu->nr_funcs; i++)
		if (f->emu->func[i]->kind == FUNC_MBOX && vfu_connected(f->emu->func[i]))
			return f->dsm;
	return false;
}

void pci_vm_gone(struct func *f)
{
	/* STOP is for the guest to say, as if it was gone: the TSM takes it without a card. */
	if (is_unplugged(f))
		dsm_violation(f->dsm, "unplugged");
	else if (f->dsm)
		dsm_vm_reset(f->dsm);
	reset_quietly(f);
	if (f->kind == FUNC_MBOX)
		tsm_vm_reset(f->emu->tsm);
}

/* ---- config accesses ----------------------------------------------------------------- */

static bool in_doe(const struct func *f, unsigned int reg)
{
	return f->ecap_doe && reg >= f->ecap_doe + 4u && reg < f->ecap_doe + DOE_LEN;
}

void pci_cfg_read(struct func *f, uint64_t off, void *buf, size_t len)
{
	uint8_t *out = buf;

	if (f->gone) {
		memset(buf, 0xff, len);
		return;
	}
	memcpy(out, f->cfg + off, len);
	for (size_t i = 0; i < len; i++) {
		unsigned int reg = off + i;

		if (in_doe(f, reg))
			out[i] = doe_read(f, (reg & ~3u) - f->ecap_doe) >> 8 * (reg & 3);
	}
}

static uint32_t bar_mask(const struct func *f, int bar)
{
	if (bar && f->bar_64[bar - 1])
		return ~(f->bar_size[bar - 1] - 1) >> 32;
	return f->bar_size[bar] ? ~(f->bar_size[bar] - 1) : 0;
}

static bool has(const struct func *f, enum who who)
{
	switch (who) {
	case TDIS:
		return is_tdi(f);
	case WITH_MSI:
		return f->cap_msi;
	case WITH_MSIX:
		return f->cap_msix;
	case WITH_ALL:
		return is_tdi(f) && f->emu->all_registers;
	default:
		return true;
	}
}

static uint32_t writable_mask(const struct func *f, unsigned int reg)
{
	uint32_t mask = 0;

	if (reg >= CFG_BAR(0) && reg < CFG_BARS_END)
		return bar_mask(f, (reg - CFG_BAR(0)) / 4);
	for (size_t i = 0; i < pci_nr_writable; i++)
		if (pci_writable[i].reg == reg && has(f, pci_writable[i].who))
			mask |= pci_writable[i].mask;
	return mask;
}

/* Tell the DSM before the change is made: from then on it vouches for nothing. */
static void track(struct func *f, unsigned int reg, uint32_t old, uint32_t new,
		  uint32_t written, uint32_t lanes)
{
	for (size_t i = 0; i < pci_nr_tracked; i++) {
		const struct pci_tracked *t = &pci_tracked[i];
		bool hit = false;

		if (t->reg != reg || !has(f, t->who) ||
		    (t->strict && !(f->emu->strict & 1u << t->strict)))
			continue;
		switch (t->effect) {
		case CHANGE:
			hit = (old ^ new) & t->mask;
			break;
		case CLEARED:
			hit = old & ~new & t->mask;
			break;
		case SET:
			hit = ~old & new & t->mask;
			break;
		case WRITE_1:
			hit = written & t->mask;
			break;
		case WRITTEN:
			hit = lanes & t->mask;
			break;
		case CHANGE_IF_LOCK_MSIX:
			hit = (old ^ new) & t->mask &&
			      dsm_lock_flags(f->dsm) & TDISP_LOCK_MSIX;
			break;
		}
		if (hit)
			dsm_violation(f->dsm, t->reason);
	}
}

/*
 * D3hot to D0 without No_Soft_Reset: the function starts anew, but for its BARs. QEMU
 * answers for those with a copy of its own, which this leaves alone: a guest that
 * wants to restore them (Linux 7.2) finds nothing to do, and never writes them.
 */
static void soft_reset(struct func *f)
{
	uint8_t bars[CFG_BARS_END - CFG_BAR(0)];

	memcpy(bars, f->cfg + CFG_BAR(0), sizeof(bars));
	pci_reset(f, "power-state");
	memcpy(f->cfg + CFG_BAR(0), bars, sizeof(bars));
}

/* What a register does beyond holding its bits. */
static void side_effects(struct func *f, unsigned int reg, uint32_t old, uint32_t new,
			 uint32_t written, uint32_t lanes)
{
	switch (reg) {
	case CAP_MSIX:
	case CAP_MSI:
		vfu_irq_update(f);
		break;
	case CAP_VPD:
		/* 7.9.19: the flag turns over when the transfer is done, which it is. */
		if (f->emu->all_registers && lanes & VPD_FLAG)
			put32(f, reg, new ^ VPD_FLAG);
		break;
	case STREAM_CTL:
		put32(f, STREAM_STATUS, new & STREAM_ENABLE ? STREAM_SECURE : 0);
		break;
	case PM_CSR:
		if ((old & PM_STATE) == 3 && !(new & PM_STATE))
			soft_reset(f);
		break;
	case PCIE_DEVCTL:
		if (written & DEVCTL_FLR && get32(f, PCIE_DEVCAP) & DEVCAP_FLR)
			pci_reset(f, "flr");
		break;
	}
}

/* One dword; the bytes of val that `lanes` does not cover were not written. */
static void write_dword(struct func *f, unsigned int reg, uint32_t val, uint32_t lanes)
{
	uint32_t mask = writable_mask(f, reg) & lanes;
	uint32_t old = get32(f, reg);
	uint32_t new = (old & ~mask) | (val & mask);

	/* There are no D1 and D2: a write that asks for them changes nothing. */
	if (reg == PM_CSR && (new & PM_STATE) % 3)
		new = old;
	if (reg == CFG_COMMAND && lanes & 0xffff)
		f->stats.command_writes++;
	if (in_doe(f, reg)) {
		/* DOE registers take whole dwords (PCIe r6.x 7.9.24). */
		if (lanes == ~0u)
			doe_write(f, reg - f->ecap_doe, val);
		return;
	}
	if (f->dsm)
		track(f, reg, old, new, val & lanes, lanes);
	put32(f, reg, new);
	side_effects(f, reg, old, new, val & lanes, lanes);
}

void pci_cfg_write(struct func *f, uint64_t off, const void *buf, size_t len)
{
	const uint8_t *in = buf;
	size_t i = 0;

	while (i < len && !f->gone) {
		unsigned int reg = (off + i) & ~3u;
		uint32_t val = 0, lanes = 0;

		for (; i < len && ((off + i) & ~3u) == reg; i++) {
			unsigned int shift = 8 * ((off + i) & 3);

			val |= (uint32_t)in[i] << shift;
			lanes |= 0xffu << shift;
		}
		write_dword(f, reg, val, lanes);
	}
}

/* ---- BAR accesses -------------------------------------------------------------------- */

/* Every page that the access touches has to be open to the guest. */
static bool mmio_allowed(struct func *f, int bar, uint64_t off, size_t len)
{
	if (!is_tdi(f))
		return true;
	for (uint64_t at = off; at < off + len; at = (at | (EMU_PAGE_SIZE - 1)) + 1) {
		if (!tsm_mmio_allowed(f->emu->tsm, f, bar, at)) {
			f->stats.mmio_refused++;
			return false;
		}
	}
	return true;
}

void pci_clear_scratch(struct func *f)
{
	free(f->scratch);
	f->scratch = NULL;
}

/* A large BAR that nobody writes to costs nothing. */
static void scratch_read(const struct func *f, uint64_t off, void *buf, size_t len)
{
	if (f->scratch)
		memcpy(buf, f->scratch + off, len);
	else
		memset(buf, 0, len);
}

static void scratch_write(struct func *f, uint64_t off, const void *buf, size_t len)
{
	if (!f->scratch)
		f->scratch = calloc(1, f->bar_size[2]);
	if (f->scratch)
		memcpy(f->scratch + off, buf, len);
}

/*
 * The MSI-X table is kept by the client (QEMU) and never comes here; the
 * pending bits do, since only the function knows them.
 */
static void msix_bar_read(struct func *f, uint64_t off, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = off + i - MSIX_PBA_OFFSET;

		buf[i] = off + i >= MSIX_PBA_OFFSET && at < 8 ?
			 vfu_irq_pending(f) >> 8 * at : 0;
	}
}

void pci_bar_read(struct func *f, int bar, uint64_t off, void *buf, size_t len)
{
	memset(buf, 0xff, len);
	if (!pci_mem_enabled(f) || !mmio_allowed(f, bar, off, len))
		return;
	if (is_tdi(f) && bar == 2)
		scratch_read(f, off, buf, len);
	else if (is_tdi(f) && bar == MSIX_BAR)
		msix_bar_read(f, off, buf, len);
	else
		f->ops->bar_read(f, bar, off, buf, len);
}

void pci_bar_write(struct func *f, int bar, uint64_t off, const void *buf, size_t len)
{
	if (!pci_mem_enabled(f) || !mmio_allowed(f, bar, off, len))
		return;
	if (is_tdi(f) && bar == 2)
		scratch_write(f, off, buf, len);
	else if (!is_tdi(f) || bar != MSIX_BAR)
		f->ops->bar_write(f, bar, off, buf, len);
}
