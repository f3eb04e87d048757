// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of the emulator's DMA test function: moves bytes both ways through the
 * DMA API, as any driver does, and compares them.
 *
 * Writing a size in bytes to /sys/kernel/debug/tdi-dmatest/BDF/{streaming,coherent}
 * runs one round; the write succeeds if every byte arrived and fails with EIO if
 * the device was refused, EBADMSG if bytes differ, ENOMEM if mapping failed. Writing
 * one to .../leak maps that many bytes and forgets them, as a buggy driver does.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../../guest/include/tdisp/emu_mbox.h"

struct dmatest {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dentry *debugfs;
	struct mutex lock;
};

static struct dentry *root;

static int command(struct dmatest *dt, u32 cmd, dma_addr_t addr, u32 len)
{
	lo_hi_writeq(addr, dt->regs + EMU_DT_ADDRESS);
	writel(len, dt->regs + EMU_DT_LENGTH);
	writel(cmd, dt->regs + EMU_DT_COMMAND);
	/* The function has done it before it answers the next read. */
	return readl(dt->regs + EMU_DT_STATUS) == EMU_DT_OK ? 0 : -EIO;
}

static void fill(u8 *buf, size_t len, u8 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = seed + i;
}

static bool filled(const u8 *buf, size_t len, u8 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] != (u8)(seed + i))
			return false;
	return true;
}

static u32 sum(const u8 *buf, size_t len)
{
	u32 s = 0;

	while (len--)
		s += *buf++;
	return s;
}

/* The device writes a pattern; the guest must see it. */
static int device_writes(struct dmatest *dt, dma_addr_t addr, u32 len, u8 seed)
{
	writel(seed, dt->regs + EMU_DT_SEED);
	return command(dt, EMU_DT_FILL, 0, len) ?: command(dt, EMU_DT_WRITE, addr, len);
}

/* The device reads what the guest wrote; its sum must agree. */
static int device_reads(struct dmatest *dt, dma_addr_t addr, u32 len, u32 expected)
{
	int ret = command(dt, EMU_DT_READ, addr, len);

	if (!ret && readl(dt->regs + EMU_DT_SUM) != expected)
		ret = -EBADMSG;
	return ret;
}

static int streaming(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	dma_addr_t addr;
	int ret;

	u8 *buf __free(kfree) = kmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	fill(buf, len, 0x40);
	addr = dma_map_single(dev, buf, len, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = device_reads(dt, addr, len, sum(buf, len));
	dma_unmap_single(dev, addr, len, DMA_TO_DEVICE);
	if (ret)
		return ret;

	memset(buf, 0, len);
	addr = dma_map_single(dev, buf, len, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = device_writes(dt, addr, len, 0x80);
	dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
	if (!ret && !filled(buf, len, 0x80))
		ret = -EBADMSG;
	return ret;
}

static int coherent(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	dma_addr_t addr;
	u8 *buf;
	int ret;

	buf = dma_alloc_coherent(dev, len, &addr, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	fill(buf, len, 0x11);
	ret = device_reads(dt, addr, len, sum(buf, len));
	if (!ret)
		ret = device_writes(dt, addr, len, 0x22);
	if (!ret && !filled(buf, len, 0x22))
		ret = -EBADMSG;
	dma_free_coherent(dev, len, buf, addr);
	return ret;
}

static ssize_t run(struct file *file, const char __user *ubuf, size_t len,
		   int (*test)(struct dmatest *dt, u32 len))
{
	struct dmatest *dt = file->private_data;
	u32 size;
	int ret;

	ret = kstrtou32_from_user(ubuf, len, 0, &size);
	if (ret)
		return ret;
	if (!size || size > EMU_DT_BUFFER_SIZE)
		return -EINVAL;
	guard(mutex)(&dt->lock);
	return test(dt, size) ?: len;
}

static ssize_t streaming_write(struct file *file, const char __user *ubuf, size_t len,
			       loff_t *off)
{
	return run(file, ubuf, len, streaming);
}

static ssize_t coherent_write(struct file *file, const char __user *ubuf, size_t len,
			      loff_t *off)
{
	return run(file, ubuf, len, coherent);
}

static int leak(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	u8 *buf = kmalloc(len, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	return dma_mapping_error(dev, dma_map_single(dev, buf, len, DMA_TO_DEVICE));
}

static ssize_t leak_write(struct file *file, const char __user *ubuf, size_t len, loff_t *off)
{
	return run(file, ubuf, len, leak);
}

static const struct file_operations leak_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= leak_write,
};

static const struct file_operations streaming_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= streaming_write,
};

static const struct file_operations coherent_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= coherent_write,
};

static int dmatest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dmatest *dt;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dt = devm_kzalloc(&pdev->dev, sizeof(*dt), GFP_KERNEL);
	if (!dt)
		return -ENOMEM;
	dt->pdev = pdev;
	dt->regs = pcim_iomap(pdev, 0, 0);
	if (!dt->regs || readl(dt->regs + EMU_DT_MAGIC) != EMU_DT_MAGIC_VALUE)
		return -ENODEV;
	pci_set_master(pdev);
	mutex_init(&dt->lock);

	dt->debugfs = debugfs_create_dir(pci_name(pdev), root);
	debugfs_create_file("streaming", 0200, dt->debugfs, dt, &streaming_fops);
	debugfs_create_file("coherent", 0200, dt->debugfs, dt, &coherent_fops);
	debugfs_create_file("leak", 0200, dt->debugfs, dt, &leak_fops);
	pci_set_drvdata(pdev, dt);
	return 0;
}

static void dmatest_remove(struct pci_dev *pdev)
{
	struct dmatest *dt = pci_get_drvdata(pdev);

	debugfs_remove(dt->debugfs);
}

static const struct pci_device_id dmatest_ids[] = {
	{ PCI_DEVICE(EMU_PCI_VENDOR, EMU_PCI_DEVICE_DMATEST) },
	{ }
};
MODULE_DEVICE_TABLE(pci, dmatest_ids);

static struct pci_driver dmatest_driver = {
	.name		= "tdi-dmatest",
	.id_table	= dmatest_ids,
	.probe		= dmatest_probe,
	.remove		= dmatest_remove,
};

static int __init dmatest_init(void)
{
	int ret;

	root = debugfs_create_dir("tdi-dmatest", NULL);
	ret = pci_register_driver(&dmatest_driver);
	if (ret)
		debugfs_remove(root);
	return ret;
}
module_init(dmatest_init);

static void __exit dmatest_exit(void)
{
	pci_unregister_driver(&dmatest_driver);
	debugfs_remove(root);
}
module_exit(dmatest_exit);

MODULE_DESCRIPTION("Driver of the emulated DMA test function (tests only)");
MODULE_LICENSE("GPL");
