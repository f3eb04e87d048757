// SPDX-License-Identifier: GPL-2.0
/*
 * What the DMA API costs a driver, counted in instructions.
 *
 * Binds to the function that driver_override sends here, and touches nothing of it
 * but its struct device: it measures any function, in any mode. Reading a file of
 * /sys/kernel/debug/tdi-bench/BDF/ measures, a line a measurement:
 *
 *	map dir=from size=4096 insns=208 again=208
 *	map dir=from size=1048576 error=-12
 *
 * map is dma_map_single() and its unmap, alloc a coherent allocation and its end, sg
 * a scatterlist of pages mapped and unmapped, sync for the CPU and back for the
 * device, clock nothing at all: it is in all the others. The clock counts instructions
 * if QEMU runs with -icount shift=0. Each number is the least of many, for interrupts
 * and background work land in some; "again" is that of as many more, and should be
 * the same.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static unsigned int reps = 256;
module_param(reps, uint, 0644);
MODULE_PARM_DESC(reps, "repetitions of each measurement; fewer of what is larger than a page");

#define SG_MAX		128

/* One measurement: of what, and what came of it. */
struct bench {
	struct device *dev;
	void *buf;
	size_t size;
	enum dma_data_direction dir;
	dma_addr_t addr;
	struct scatterlist *sgl;
	int nents;
	int error;
};

static struct dentry *root;

static void nothing(struct bench *b)
{
}

static void map(struct bench *b)
{
	dma_addr_t addr = dma_map_single(b->dev, b->buf, b->size, b->dir);

	if (dma_mapping_error(b->dev, addr))
		b->error = -ENOMEM;
	else
		dma_unmap_single(b->dev, addr, b->size, b->dir);
}

static void alloc(struct bench *b)
{
	dma_addr_t addr;
	void *vaddr = dma_alloc_coherent(b->dev, b->size, &addr, GFP_KERNEL);

	if (!vaddr)
		b->error = -ENOMEM;
	else
		dma_free_coherent(b->dev, b->size, vaddr, addr);
}

static void sg(struct bench *b)
{
	if (!dma_map_sg(b->dev, b->sgl, b->nents, b->dir))
		b->error = -EIO;
	else
		dma_unmap_sg(b->dev, b->sgl, b->nents, b->dir);
}

static void sync(struct bench *b)
{
	dma_sync_single_for_cpu(b->dev, b->addr, b->size, b->dir);
	dma_sync_single_for_device(b->dev, b->addr, b->size, b->dir);
}

/*
 * The least of half of the repetitions. Inlined, so that what is measured is, too.
 * What swiotlb takes for one slot goes round in circles of 128: all are tried.
 */
static __always_inline u64 least(struct bench *b, void (*what)(struct bench *b), bool atomic)
{
	unsigned int i, n = max(reps * PAGE_SIZE / max(b->size, PAGE_SIZE) / 2, 8u);
	u64 best = U64_MAX;

	for (i = 0; i < n && !b->error; i++) {
		unsigned long flags = 0;
		ktime_t start, end;

		if (atomic)
			local_irq_save(flags);
		start = ktime_get();
		what(b);
		end = ktime_get();
		if (atomic)
			local_irq_restore(flags);
		best = min_t(u64, best, ktime_to_ns(ktime_sub(end, start)));
		cond_resched();
	}
	return best;
}

static __always_inline void measure(struct seq_file *s, struct bench *b,
				    void (*what)(struct bench *b), bool atomic)
{
	u64 insns, again;

	b->error = 0;
	/* Once for nothing: what is done the first time only. */
	what(b);
	insns = least(b, what, atomic);
	again = least(b, what, atomic);
	if (b->error)
		seq_printf(s, " error=%d\n", b->error);
	else
		seq_printf(s, " insns=%llu again=%llu\n", insns, again);
}

static const char *dir_name(enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE ? "to" : "from";
}

/*
 * All that a file has to say is less than a page, what seq_file starts with: it
 * never starts anew.
 */
static int clock_show(struct seq_file *s, void *unused)
{
	struct bench b = { .dev = s->private };

	seq_puts(s, "clock");
	measure(s, &b, nothing, true);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(clock);

static int map_show(struct seq_file *s, void *unused)
{
	void *buf __free(kfree) = kzalloc(SZ_1M, GFP_KERNEL);
	struct bench b = { .dev = s->private, .buf = buf };

	if (!buf)
		return -ENOMEM;
	for (b.dir = DMA_TO_DEVICE; b.dir <= DMA_FROM_DEVICE; b.dir++) {
		for (b.size = 64; b.size <= SZ_1M; b.size *= 2) {
			seq_printf(s, "map dir=%s size=%zu", dir_name(b.dir), b.size);
			measure(s, &b, map, true);
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(map);

static int alloc_show(struct seq_file *s, void *unused)
{
	struct bench b = { .dev = s->private };

	for (b.size = PAGE_SIZE; b.size <= SZ_1M; b.size *= 2) {
		seq_printf(s, "alloc size=%zu", b.size);
		measure(s, &b, alloc, false);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(alloc);

static void free_sg_pages(struct sg_table *table)
{
	struct scatterlist *entry;
	int i;

	for_each_sgtable_sg(table, entry, i)
		if (sg_page(entry))
			__free_page(sg_page(entry));
	sg_free_table(table);
}

static int alloc_sg_pages(struct sg_table *table)
{
	struct scatterlist *entry;
	int i;

	if (sg_alloc_table(table, SG_MAX, GFP_KERNEL))
		return -ENOMEM;
	for_each_sgtable_sg(table, entry, i) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page) {
			free_sg_pages(table);
			return -ENOMEM;
		}
		sg_set_page(entry, page, PAGE_SIZE, 0);
	}
	return 0;
}

static int sg_show(struct seq_file *s, void *unused)
{
	struct bench b = { .dev = s->private, .dir = DMA_FROM_DEVICE };
	struct sg_table table;

	if (alloc_sg_pages(&table))
		return -ENOMEM;
	b.sgl = table.sgl;
	for (b.nents = 1; b.nents <= SG_MAX; b.nents *= 2) {
		b.size = b.nents * PAGE_SIZE;
		seq_printf(s, "sg entries=%d", b.nents);
		measure(s, &b, sg, true);
	}
	free_sg_pages(&table);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sg);

static int sync_show(struct seq_file *s, void *unused)
{
	void *buf __free(kfree) = kzalloc(SZ_1M, GFP_KERNEL);
	struct bench b = { .dev = s->private, .buf = buf, .dir = DMA_FROM_DEVICE };

	if (!buf)
		return -ENOMEM;
	for (b.size = 64; b.size <= SZ_1M; b.size *= 2) {
		seq_printf(s, "sync size=%zu", b.size);
		b.addr = dma_map_single(b.dev, buf, b.size, b.dir);
		if (dma_mapping_error(b.dev, b.addr)) {
			seq_printf(s, " error=%d\n", -ENOMEM);
			continue;
		}
		measure(s, &b, sync, true);
		dma_unmap_single(b.dev, b.addr, b.size, b.dir);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sync);

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct dentry *dir;
	int ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	/* A driver says so; the default, 64 KiB, is for those that do not. */
	dma_set_max_seg_size(dev, SZ_1M);
	dir = debugfs_create_dir(pci_name(pdev), root);
	debugfs_create_file("clock", 0400, dir, dev, &clock_fops);
	debugfs_create_file("map", 0400, dir, dev, &map_fops);
	debugfs_create_file("alloc", 0400, dir, dev, &alloc_fops);
	debugfs_create_file("sg", 0400, dir, dev, &sg_fops);
	debugfs_create_file("sync", 0400, dir, dev, &sync_fops);
	pci_set_drvdata(pdev, dir);
	return 0;
}

static void bench_remove(struct pci_dev *pdev)
{
	debugfs_remove(pci_get_drvdata(pdev));
}

static struct pci_driver bench_driver = {
	.name		= "tdi-bench",
	.probe		= bench_probe,
	.remove		= bench_remove,
};

static int __init bench_init(void)
{
	int ret;

	root = debugfs_create_dir("tdi-bench", NULL);
	ret = pci_register_driver(&bench_driver);
	if (ret)
		debugfs_remove(root);
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	pci_unregister_driver(&bench_driver);
	debugfs_remove(root);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("What the DMA API costs, in instructions (benchmarks only)");
MODULE_LICENSE("GPL");
