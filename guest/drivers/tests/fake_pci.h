/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI root bus whose functions are bytes: config space with the Command
 * register's writes kept, BARs that get addresses and lead nowhere. What the PCI
 * core does to a function in a test, it does for real.
 */
#ifndef TDI_FAKE_PCI_H
#define TDI_FAKE_PCI_H

#include <kunit/test.h>
#include <linux/pci.h>

#define FAKE_PCI_NR_FNS		8
#define FAKE_PCI_NR_WRITES	16

/* Where a function's capabilities are. */
#define FAKE_PCI_EXP		0x40
#define FAKE_PCI_PM		0x80
#define FAKE_PCI_VSEC		0x100
#define FAKE_PCI_ATS		0x100	/* unless VSEC is there */

/**
 * struct fake_desc - what a function is
 * @vendor: vendor id, 0 for no function
 * @device: device id
 * @tee: TEE-IO bit of Device Capabilities
 * @vsec_id: id of a vendor-specific extended capability, 0 for none
 * @handle: the dword at offset 8 of it
 * @bar_size: sizes of the 64-bit BARs 0, 2 and 4
 * @header: header type, PCI_HEADER_TYPE_*
 * @full: it has function level reset, power states that lose nothing, and ATS, too
 */
struct fake_desc {
	u16 vendor;
	u16 device;
	bool tee;
	bool full;
	u16 vsec_id;
	u32 handle;
	u8 header;
	u64 bar_size[3];
};

/**
 * struct fake_fn - one function
 * @desc: what it is
 * @stuck: bits of the Command register that ignore writes
 * @gone: it reads as ones, and takes no writes
 * @nr_resets: function level resets since it is plugged in
 * @config: config space
 * @command: what was written to the Command register, first to last
 * @nr_command: how often it was written
 * @pdev: the PCI core's view of it, NULL while unplugged
 */
struct fake_fn {
	struct fake_desc desc;
	u16 stuck;
	bool gone;
	unsigned int nr_resets;
	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	u16 command[FAKE_PCI_NR_WRITES];
	unsigned int nr_command;
	struct pci_dev *pdev;
};

struct fake_pci;

/* A bus with these functions plugged in, by slot; gone after the test. */
struct fake_pci *fake_pci_new(struct kunit *test, const struct fake_desc *descs, unsigned int nr);
struct fake_fn *fake_pci_fn(struct fake_pci *fp, unsigned int i);
void fake_pci_plug(struct fake_pci *fp, unsigned int i, const struct fake_desc *desc);
void fake_pci_unplug(struct fake_pci *fp, unsigned int i);

/* What is called before config space is read; a test puts back NULL. */
void fake_pci_before_read(void (*fn)(struct fake_fn *fn, int where));

/* Forget the writes so far. */
void fake_pci_forget(struct fake_fn *fn);

#endif /* TDI_FAKE_PCI_H */
