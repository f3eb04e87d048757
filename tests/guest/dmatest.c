// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of the emulator's DMA test function: moves bytes both ways through the
 * DMA API, as any driver does, and compares them.
 *
 * Writing a size in bytes to /sys/kernel/debug/tdi-dmatest/BDF/TEST runs one round of a
 * test; the write succeeds if every byte arrived and fails with EIO if the device was
 * refused, EBADMSG if bytes differ, ENOMEM if mapping failed. The tests are in tests[].
 *
 * Not tests: "leak" maps that many bytes and forgets them, as a buggy driver does;
 * "mapped" keeps a mapping until 0 is written, and reads as the device's address.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../guest/include/tdisp/emu_mbox.h"
#include "../../guest/include/tdisp/tdi.h"

#define NR_TESTS	10

struct dmatest;

/* A file of a test. */
struct dmatest_file {
	struct dmatest *dt;
	int (*run)(struct dmatest *dt, u32 len);
};

struct dmatest {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dentry *debugfs;
	struct mutex lock;	/* one test at a time, and all below */
	struct dmatest_file file[NR_TESTS];
	/* "mapped" */
	u8 *mapped;
	dma_addr_t mapped_addr;
	u32 mapped_len;
	/* "mmap", while it runs */
	struct file *mmap_file;
	u8 *mmap_buf;
	dma_addr_t mmap_addr;
	u32 mmap_len;
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

/* Coherent memory by any of its names: the device reads what we wrote, and we what it did. */
static int both_ways(struct dmatest *dt, u8 *buf, dma_addr_t addr, u32 len)
{
	int ret;

	fill(buf, len, 0x11);
	ret = device_reads(dt, addr, len, sum(buf, len));
	if (!ret)
		ret = device_writes(dt, addr, len, 0x22);
	if (!ret && !filled(buf, len, 0x22))
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
	ret = both_ways(dt, buf, addr, len);
	dma_free_coherent(dev, len, buf, addr);
	return ret;
}

#define SG_PIECES	7

/* Pieces of odd sizes at odd offsets, each in memory of its own. */
static int scatterlist(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	struct scatterlist sgl[SG_PIECES], *sg;
	u8 *buf[SG_PIECES] = { };
	int i, nents, ret = -ENOMEM;
	u32 n = len / SG_PIECES + 1;

	sg_init_table(sgl, SG_PIECES);
	for (i = 0; i < SG_PIECES; i++) {
		buf[i] = kmalloc(n + 512 * i, GFP_KERNEL);
		if (!buf[i])
			goto out;
		fill(buf[i] + 511 * i, n, 0x30 + i);
		sg_set_buf(&sgl[i], buf[i] + 511 * i, n);
	}
	nents = dma_map_sg(dev, sgl, SG_PIECES, DMA_BIDIRECTIONAL);
	if (!nents)
		goto out;
	ret = 0;
	for_each_sg(sgl, sg, nents, i) {
		ret = ret ?: device_reads(dt, sg_dma_address(sg), sg_dma_len(sg),
					  sum(buf[i] + 511 * i, n));
		ret = ret ?: device_writes(dt, sg_dma_address(sg), sg_dma_len(sg), 0x90 + i);
	}
	dma_sync_sg_for_cpu(dev, sgl, SG_PIECES, DMA_BIDIRECTIONAL);
	for (i = 0; i < SG_PIECES; i++)
		if (!ret && !filled(buf[i] + 511 * i, n, 0x90 + i))
			ret = -EBADMSG;
	dma_unmap_sg(dev, sgl, SG_PIECES, DMA_BIDIRECTIONAL);
out:
	for (i = 0; i < SG_PIECES; i++)
		kfree(buf[i]);
	return ret;
}

static int noncontiguous(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i, ret = -ENOMEM;
	u8 *buf, *p;

	sgt = dma_alloc_noncontiguous(dev, len, DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	if (!sgt)
		return -ENOMEM;
	buf = dma_vmap_noncontiguous(dev, len, sgt);
	if (buf) {
		ret = 0;
		p = buf;
		fill(buf, len, 0x55);
		dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
		for_each_sgtable_dma_sg(sgt, sg, i) {
			u32 n = min(sg_dma_len(sg), len - (u32)(p - buf));

			ret = ret ?: device_reads(dt, sg_dma_address(sg), n, sum(p, n));
			ret = ret ?: device_writes(dt, sg_dma_address(sg), n, 0x66);
			dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
			if (!ret && !filled(p, n, 0x66))
				ret = -EBADMSG;
			p += n;
		}
		dma_vunmap_noncontiguous(dev, buf);
	}
	dma_free_noncontiguous(dev, len, sgt, DMA_BIDIRECTIONAL);
	return ret;
}

static int pages(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	struct page *page;
	dma_addr_t addr;
	int ret;

	page = dma_alloc_pages(dev, len, &addr, DMA_BIDIRECTIONAL, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	ret = both_ways(dt, page_address(page), addr, len);
	dma_free_pages(dev, len, page, addr, DMA_BIDIRECTIONAL);
	return ret;
}

#define POOL_BLOCKS	16

static int pool(struct dmatest *dt, u32 len)
{
	dma_addr_t addr[POOL_BLOCKS];
	u8 *buf[POOL_BLOCKS] = { };
	struct dma_pool *pool;
	int i, ret = 0;

	pool = dma_pool_create("tdi-dmatest", &dt->pdev->dev, len, 16, 0);
	if (!pool)
		return -ENOMEM;
	for (i = 0; i < POOL_BLOCKS && !ret; i++) {
		buf[i] = dma_pool_alloc(pool, GFP_KERNEL, &addr[i]);
		ret = buf[i] ? both_ways(dt, buf[i], addr[i], len) : -ENOMEM;
	}
	for (i = 0; i < POOL_BLOCKS; i++)
		if (buf[i])
			dma_pool_free(pool, buf[i], addr[i]);
	dma_pool_destroy(pool);
	return ret;
}

/* With interrupts off: allocate, map and unmap, as drivers do in their handlers. */
static int atomically(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	dma_addr_t addr, mapped;
	unsigned long flags;
	int ret = -ENOMEM;
	u8 *buf;

	u8 *memory __free(kfree) = kmalloc(len, GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	local_irq_save(flags);
	buf = dma_alloc_coherent(dev, len, &addr, GFP_ATOMIC);
	if (buf) {
		ret = both_ways(dt, buf, addr, len);
		mapped = dma_map_single(dev, memory, len, DMA_FROM_DEVICE);
		if (dma_mapping_error(dev, mapped)) {
			ret = -ENOMEM;
		} else {
			ret = ret ?: device_writes(dt, mapped, len, 0x77);
			dma_unmap_single(dev, mapped, len, DMA_FROM_DEVICE);
			if (!ret && !filled(memory, len, 0x77))
				ret = -EBADMSG;
		}
	}
	local_irq_restore(flags);
	if (buf)
		dma_free_coherent(dev, len, buf, addr);
	return ret;
}

/* The middle third changes hands twice while all of it is mapped. */
static int partial(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	u32 at = len / 3, n = len / 3 + 1;
	dma_addr_t addr;
	int ret;

	u8 *buf __free(kfree) = kzalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	addr = dma_map_single(dev, buf, len, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = device_writes(dt, addr + at, n, 0xa0);
	dma_sync_single_range_for_cpu(dev, addr, at, n, DMA_BIDIRECTIONAL);
	if (!ret && !filled(buf + at, n, 0xa0))
		ret = -EBADMSG;
	fill(buf + at, n, 0xb0);
	dma_sync_single_range_for_device(dev, addr, at, n, DMA_BIDIRECTIONAL);
	ret = ret ?: device_reads(dt, addr + at, n, sum(buf + at, n));
	dma_unmap_single(dev, addr, len, DMA_BIDIRECTIONAL);
	if (!ret && !filled(buf + at, n, 0xb0))
		ret = -EBADMSG;
	return ret;
}

/* What the process that wrote the file sees of the memory, and what the device sees of it. */
static int through_a_process(struct dmatest *dt, unsigned long user)
{
	u32 len = dt->mmap_len;
	int ret;

	u8 *seen __free(kfree) = kmalloc(len, GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	ret = device_writes(dt, dt->mmap_addr, len, 0xc0);
	if (ret)
		return ret;
	if (copy_from_user(seen, (void __user *)user, len))
		return -EFAULT;
	if (!filled(seen, len, 0xc0))
		return -EBADMSG;
	fill(seen, len, 0xd0);
	if (copy_to_user((void __user *)user, seen, len))
		return -EFAULT;
	return device_reads(dt, dt->mmap_addr, len, sum(seen, len));
}

static int map_to_process(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	unsigned long user;
	int ret;

	dt->mmap_len = len;
	dt->mmap_buf = dma_alloc_coherent(dev, len, &dt->mmap_addr, GFP_KERNEL);
	if (!dt->mmap_buf)
		return -ENOMEM;
	user = vm_mmap(dt->mmap_file, 0, len, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(user)) {
		ret = (long)user;
	} else {
		ret = through_a_process(dt, user);
		vm_munmap(user, len);
	}
	dma_free_coherent(dev, len, dt->mmap_buf, dt->mmap_addr);
	dt->mmap_buf = NULL;
	return ret;
}

/*
 * Split mode. The one device reaches shared memory by the one address and private
 * memory by the other; -EILSEQ: it reached either by the wrong one.
 */
static int reach_both(struct dmatest *dt, u8 *shared, dma_addr_t shared_addr, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	u64 vtom = shared_addr - virt_to_phys(shared);
	dma_addr_t addr;
	u8 *buf;
	int ret;

	ret = both_ways(dt, shared, shared_addr, len);
	buf = dma_alloc_coherent(dev, len, &addr, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = ret ?: both_ways(dt, buf, addr, len);
	if (!ret && (!command(dt, EMU_DT_READ, shared_addr - vtom, len) ||
		     !command(dt, EMU_DT_WRITE, shared_addr - vtom, len) ||
		     !command(dt, EMU_DT_READ, addr + vtom, len) ||
		     !command(dt, EMU_DT_WRITE, addr + vtom, len)))
		ret = -EILSEQ;
	dma_free_coherent(dev, len, buf, addr);
	return ret;
}

static int shared(struct dmatest *dt, u32 len)
{
	typeof(&tdi_alloc_shared) alloc = symbol_get(tdi_alloc_shared);
	typeof(&tdi_free_shared) free = symbol_get(tdi_free_shared);
	typeof(&tdi_map_shared) map = symbol_get(tdi_map_shared);
	typeof(&tdi_unmap_shared) unmap = symbol_get(tdi_unmap_shared);
	struct device *dev = &dt->pdev->dev;
	dma_addr_t addr, again;
	int ret = -ENOMEM;
	u8 *buf = NULL;

	/* Not linked: this module must not keep the other from being unloaded. */
	if (alloc && free && map && unmap)
		buf = alloc(dev, len, &addr, GFP_KERNEL);
	if (buf) {
		ret = reach_both(dt, buf, addr, len);
		again = map(dev, virt_to_phys(buf), len);
		if (again == DMA_MAPPING_ERROR) {
			ret = -ENOMEM;
		} else {
			ret = ret ?: both_ways(dt, buf, again, len);
			unmap(dev, again, len);
		}
		free(dev, len, buf, addr);
	}
	if (alloc)
		symbol_put(tdi_alloc_shared);
	if (free)
		symbol_put(tdi_free_shared);
	if (map)
		symbol_put(tdi_map_shared);
	if (unmap)
		symbol_put(tdi_unmap_shared);
	return ret;
}

static int leak(struct dmatest *dt, u32 len)
{
	struct device *dev = &dt->pdev->dev;
	u8 *buf = kmalloc(len, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	return dma_mapping_error(dev, dma_map_single(dev, buf, len, DMA_TO_DEVICE));
}

static const struct {
	const char *name;
	int (*run)(struct dmatest *dt, u32 len);
} tests[NR_TESTS] = {
	{ "streaming",		streaming },
	{ "coherent",		coherent },
	{ "sg",			scatterlist },
	{ "noncontiguous",	noncontiguous },
	{ "pages",		pages },
	{ "pool",		pool },
	{ "atomic",		atomically },
	{ "partial",		partial },
	{ "shared",		shared },
	{ "leak",		leak },
};

static ssize_t run(struct dmatest *dt, int (*test)(struct dmatest *dt, u32 len),
		   struct file *file, const char __user *ubuf, size_t len)
{
	u32 size;
	int ret;

	ret = kstrtou32_from_user(ubuf, len, 0, &size);
	if (ret)
		return ret;
	if (!size || size > EMU_DT_BUFFER_SIZE)
		return -EINVAL;
	guard(mutex)(&dt->lock);
	dt->mmap_file = file;
	return test(dt, size) ?: len;
}

static ssize_t test_write(struct file *file, const char __user *ubuf, size_t len, loff_t *off)
{
	struct dmatest_file *f = file->private_data;

	return run(f->dt, f->run, file, ubuf, len);
}

static const struct file_operations test_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= test_write,
};

static ssize_t mmap_write(struct file *file, const char __user *ubuf, size_t len, loff_t *off)
{
	return run(file->private_data, map_to_process, file, ubuf, len);
}

/* Only from map_to_process(), which holds the lock. */
static int mmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dmatest *dt = file->private_data;

	if (!dt->mmap_buf)
		return -EBUSY;
	return dma_mmap_coherent(&dt->pdev->dev, vma, dt->mmap_buf, dt->mmap_addr, dt->mmap_len);
}

static const struct file_operations mmap_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= mmap_write,
	.mmap	= mmap_mmap,
};

static void drop_mapped(struct dmatest *dt)
{
	if (!dt->mapped)
		return;
	dma_unmap_single(&dt->pdev->dev, dt->mapped_addr, dt->mapped_len, DMA_BIDIRECTIONAL);
	kfree(dt->mapped);
	dt->mapped = NULL;
}

static ssize_t mapped_write(struct file *file, const char __user *ubuf, size_t len, loff_t *off)
{
	struct dmatest *dt = file->private_data;
	u32 size;
	int ret;

	ret = kstrtou32_from_user(ubuf, len, 0, &size);
	if (ret)
		return ret;
	if (size > EMU_DT_BUFFER_SIZE)
		return -EINVAL;
	guard(mutex)(&dt->lock);
	drop_mapped(dt);
	if (!size)
		return len;
	dt->mapped = kzalloc(size, GFP_KERNEL);
	if (!dt->mapped)
		return -ENOMEM;
	dt->mapped_len = size;
	dt->mapped_addr = dma_map_single(&dt->pdev->dev, dt->mapped, size, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(&dt->pdev->dev, dt->mapped_addr))
		return len;
	kfree(dt->mapped);
	dt->mapped = NULL;
	return -ENOMEM;
}

/* The device's address, and the physical one. */
static ssize_t mapped_read(struct file *file, char __user *ubuf, size_t len, loff_t *off)
{
	struct dmatest *dt = file->private_data;
	char text[64] = "";

	guard(mutex)(&dt->lock);
	if (dt->mapped)
		scnprintf(text, sizeof(text), "%#llx %#llx\n", (u64)dt->mapped_addr,
			  (u64)virt_to_phys(dt->mapped));
	return simple_read_from_buffer(ubuf, len, off, text, strlen(text));
}

static const struct file_operations mapped_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= mapped_read,
	.write	= mapped_write,
};

static void add_files(struct dmatest *dt)
{
	unsigned int i;

	dt->debugfs = debugfs_create_dir(pci_name(dt->pdev), root);
	for (i = 0; i < NR_TESTS; i++) {
		dt->file[i] = (struct dmatest_file) { dt, tests[i].run };
		debugfs_create_file(tests[i].name, 0200, dt->debugfs, &dt->file[i], &test_fops);
	}
	debugfs_create_file("mapped", 0600, dt->debugfs, dt, &mapped_fops);
	/* The proxy that protects files from their removal knows no mmap. */
	debugfs_create_file_unsafe("mmap", 0600, dt->debugfs, dt, &mmap_fops);
}

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

	add_files(dt);
	pci_set_drvdata(pdev, dt);
	return 0;
}

static void dmatest_remove(struct pci_dev *pdev)
{
	struct dmatest *dt = pci_get_drvdata(pdev);

	debugfs_remove(dt->debugfs);
	drop_mapped(dt);
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
