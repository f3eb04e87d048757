// SPDX-License-Identifier: GPL-2.0
/* See fake_pci.h. A module of its own: every suite that needs a function uses it. */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "fake_pci.h"

#define DOMAIN		0x1dd0
/* No RAM, nothing else: nobody reads or writes what is mapped here. */
#define WINDOW		0x4000000000ULL
#define WINDOW_SIZE	SZ_1G

struct fake_pci {
	struct pci_sysdata sysdata;
	struct pci_host_bridge *bridge;
	struct device *parent;
	struct resource window;
	struct resource busn;
	struct fake_fn fn[FAKE_PCI_NR_FNS];
	bool present[FAKE_PCI_NR_FNS];
};

static struct fake_fn *find(struct pci_bus *bus, unsigned int devfn)
{
	struct fake_pci *fp = container_of(to_pci_sysdata(bus), struct fake_pci, sysdata);
	unsigned int i = PCI_SLOT(devfn);

	if (bus->number || PCI_FUNC(devfn) || i >= FAKE_PCI_NR_FNS || !fp->present[i])
		return NULL;
	return &fp->fn[i];
}

static void (*on_read)(struct fake_fn *fn, int where);

void fake_pci_before_read(void (*fn)(struct fake_fn *fn, int where))
{
	on_read = fn;
}
EXPORT_SYMBOL_GPL(fake_pci_before_read);

static int fake_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	struct fake_fn *fn = find(bus, devfn);

	*val = ~0u;
	if (!fn)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (fn->gone)
		return PCIBIOS_SUCCESSFUL;
	if (on_read)
		on_read(fn, where);
	*val = 0;
	memcpy(val, fn->config + where, size);
	return PCIBIOS_SUCCESSFUL;
}

/* BARs 0, 2 and 4 are 64 bits wide; the bits below their size are not there. */
static u32 bar_mask(const struct fake_fn *fn, int reg)
{
	int i = (reg - PCI_BASE_ADDRESS_0) / 4;
	u64 size = fn->desc.bar_size[i / 2];

	if (!size)
		return 0;
	return i % 2 ? upper_32_bits(~(size - 1)) : lower_32_bits(~(size - 1));
}

static void write_command(struct fake_fn *fn, u16 val)
{
	u16 old = get_unaligned_le16(fn->config + PCI_COMMAND);

	if (fn->nr_command < FAKE_PCI_NR_WRITES)
		fn->command[fn->nr_command] = val;
	fn->nr_command++;
	val = (old & fn->stuck) | (val & ~fn->stuck);
	put_unaligned_le16(val, fn->config + PCI_COMMAND);
}

static void fill_config(struct fake_fn *fn)
{
	const struct fake_desc *d = &fn->desc;
	u8 *c = fn->config;
	int i;

	memset(c, 0, sizeof(fn->config));
	put_unaligned_le16(d->vendor, c + PCI_VENDOR_ID);
	put_unaligned_le16(d->device, c + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_STATUS_CAP_LIST, c + PCI_STATUS);
	c[PCI_CLASS_DEVICE + 1] = 0xff;
	c[PCI_HEADER_TYPE] = d->header;
	for (i = 0; i < 3; i++)
		if (d->bar_size[i])
			c[PCI_BASE_ADDRESS_0 + 8 * i] = PCI_BASE_ADDRESS_MEM_TYPE_64;

	c[PCI_CAPABILITY_LIST] = FAKE_PCI_EXP;
	c[FAKE_PCI_EXP] = PCI_CAP_ID_EXP;
	put_unaligned_le16(2 | PCI_EXP_TYPE_RC_END << 4, c + FAKE_PCI_EXP + PCI_EXP_FLAGS);
	put_unaligned_le32(PCI_EXP_DEVCAP_RBER | (d->tee ? PCI_EXP_DEVCAP_TEE : 0) |
			   (d->full ? PCI_EXP_DEVCAP_FLR : 0), c + FAKE_PCI_EXP + PCI_EXP_DEVCAP);
	if (d->full) {
		c[FAKE_PCI_EXP + PCI_CAP_LIST_NEXT] = FAKE_PCI_PM;
		c[FAKE_PCI_PM] = PCI_CAP_ID_PM;
		put_unaligned_le16(3, c + FAKE_PCI_PM + PCI_PM_PMC);
		put_unaligned_le16(PCI_PM_CTRL_NO_SOFT_RESET, c + FAKE_PCI_PM + PCI_PM_CTRL);
		put_unaligned_le32(PCI_EXT_CAP_ID_ATS | 1 << 16, c + FAKE_PCI_ATS);
	}

	if (d->vsec_id) {
		put_unaligned_le32(PCI_EXT_CAP_ID_VNDR | 1 << 16, c + FAKE_PCI_VSEC);
		put_unaligned_le32(d->vsec_id | 1 << 16 | 0x10u << 20, c + FAKE_PCI_VSEC + 4);
		put_unaligned_le32(d->handle, c + FAKE_PCI_VSEC + 8);
	}
}

/* All that software had written is gone. */
static void reset(struct fake_fn *fn)
{
	fn->nr_resets++;
	fill_config(fn);
}

/* Only what the tests need is writable; the rest of config space stays as it is. */
static int fake_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	struct fake_fn *fn = find(bus, devfn);

	if (!fn)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (fn->gone)
		return PCIBIOS_SUCCESSFUL;
	if (where == PCI_COMMAND) {
		write_command(fn, val);
	} else if (where >= PCI_BASE_ADDRESS_0 && where <= PCI_BASE_ADDRESS_5 && size == 4) {
		u32 low = where % 8 ? 0 : PCI_BASE_ADDRESS_MEM_TYPE_64;

		val &= bar_mask(fn, where);
		put_unaligned_le32(bar_mask(fn, where) ? val | low : 0, fn->config + where);
	} else if (where == FAKE_PCI_EXP + PCI_EXP_DEVCTL && size == 2) {
		put_unaligned_le16(val & ~PCI_EXP_DEVCTL_BCR_FLR, fn->config + where);
		if (fn->desc.full && val & PCI_EXP_DEVCTL_BCR_FLR)
			reset(fn);
	} else if (fn->desc.full && where == FAKE_PCI_PM + PCI_PM_CTRL && size == 2) {
		put_unaligned_le16((val & PCI_PM_CTRL_STATE_MASK) | PCI_PM_CTRL_NO_SOFT_RESET,
				   fn->config + where);
	} else if (fn->desc.full && where == FAKE_PCI_ATS + PCI_ATS_CTRL && size == 2) {
		put_unaligned_le16(val, fn->config + where);
	}
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops fake_ops = { .read = fake_read, .write = fake_write };

static void find_pdevs(struct fake_pci *fp)
{
	unsigned int i;

	for (i = 0; i < FAKE_PCI_NR_FNS; i++)
		if (fp->present[i] && !fp->fn[i].pdev)
			fp->fn[i].pdev = pci_get_domain_bus_and_slot(DOMAIN, 0, PCI_DEVFN(i, 0));
}

static void remove_bus(void *data)
{
	struct fake_pci *fp = data;
	unsigned int i;

	for (i = 0; i < FAKE_PCI_NR_FNS; i++)
		pci_dev_put(fp->fn[i].pdev);
	pci_lock_rescan_remove();
	pci_stop_root_bus(fp->bridge->bus);
	pci_remove_root_bus(fp->bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(fp->bridge);
	root_device_unregister(fp->parent);
	kfree(fp);
}

/* Not from kunit_kzalloc(): it must outlive the PCI core's last reference. */
struct fake_pci *fake_pci_new(struct kunit *test, const struct fake_desc *descs, unsigned int nr)
{
	struct fake_pci *fp = kzalloc(sizeof(*fp), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fp);
	KUNIT_ASSERT_LE(test, nr, FAKE_PCI_NR_FNS);
	fp->sysdata.domain = DOMAIN;
	fp->sysdata.node = NUMA_NO_NODE;
	for (i = 0; i < nr; i++) {
		fp->fn[i].desc = descs[i];
		fp->present[i] = descs[i].vendor;
		fill_config(&fp->fn[i]);
	}
	fp->window = DEFINE_RES_MEM_NAMED(WINDOW, WINDOW_SIZE, "fake-pci");
	fp->busn = (struct resource) { .name = "fake-pci", .flags = IORESOURCE_BUS };

	fp->parent = root_device_register("fake-pci");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fp->parent);
	fp->bridge = pci_alloc_host_bridge(0);
	KUNIT_ASSERT_NOT_NULL(test, fp->bridge);
	fp->bridge->dev.parent = fp->parent;
	fp->bridge->sysdata = &fp->sysdata;
	fp->bridge->ops = &fake_ops;
	pci_add_resource(&fp->bridge->windows, &fp->window);
	pci_add_resource(&fp->bridge->windows, &fp->busn);

	pci_lock_rescan_remove();
	KUNIT_ASSERT_EQ(test, pci_scan_root_bus_bridge(fp->bridge), 0);
	pci_bus_assign_resources(fp->bridge->bus);
	pci_bus_add_devices(fp->bridge->bus);
	pci_unlock_rescan_remove();
	find_pdevs(fp);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_bus, fp), 0);
	for (i = 0; i < nr; i++)
		fake_pci_forget(&fp->fn[i]);
	return fp;
}
EXPORT_SYMBOL_GPL(fake_pci_new);

struct fake_fn *fake_pci_fn(struct fake_pci *fp, unsigned int i)
{
	return &fp->fn[i];
}
EXPORT_SYMBOL_GPL(fake_pci_fn);

void fake_pci_plug(struct fake_pci *fp, unsigned int i, const struct fake_desc *desc)
{
	struct pci_bus *bus = fp->bridge->bus;

	fp->fn[i].desc = *desc;
	fp->fn[i].gone = false;
	fp->fn[i].nr_resets = 0;
	fill_config(&fp->fn[i]);
	fp->present[i] = true;
	pci_lock_rescan_remove();
	pci_scan_slot(bus, PCI_DEVFN(i, 0));
	pci_bus_assign_resources(bus);
	pci_bus_add_devices(bus);
	pci_unlock_rescan_remove();
	find_pdevs(fp);
}
EXPORT_SYMBOL_GPL(fake_pci_plug);

void fake_pci_unplug(struct fake_pci *fp, unsigned int i)
{
	struct fake_fn *fn = &fp->fn[i];

	pci_stop_and_remove_bus_device_locked(fn->pdev);
	pci_dev_put(fn->pdev);
	fn->pdev = NULL;
	fp->present[i] = false;
}
EXPORT_SYMBOL_GPL(fake_pci_unplug);

void fake_pci_forget(struct fake_fn *fn)
{
	fn->nr_command = 0;
}
EXPORT_SYMBOL_GPL(fake_pci_forget);

MODULE_DESCRIPTION("PCI functions made of bytes, for tests");
MODULE_LICENSE("GPL");
