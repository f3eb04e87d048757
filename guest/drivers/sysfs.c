// SPDX-License-Identifier: GPL-2.0
/*
 * The tsm/ directory of a TDI. Documentation/ABI/testing/sysfs-bus-pci-devices-tsm
 * is what it promises.
 */
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

static struct tdi *to_tdi(struct device *dev)
{
	return tdi_from_pdev(to_pci_dev(dev));
}

static bool names_tsm(const struct tdi *tdi, const char *buf)
{
	return sysfs_streq(buf, dev_name(tdi->backend->dev));
}

static ssize_t emit_tsm_if(struct tdi *tdi, char *buf, bool cond)
{
	return sysfs_emit(buf, "%s\n", cond ? dev_name(tdi->backend->dev) : "");
}

/*
 * The device's lock keeps drivers away while a verb runs. It is taken by hand
 * because the interruptible form has no guard on every supported kernel.
 */
static ssize_t run_verb(struct tdi *tdi, int (*verb)(struct tdi *tdi, u64 arg), u64 arg,
			size_t len)
{
	struct device *dev = &tdi->pdev->dev;
	int ret;

	if (device_lock_interruptible(dev))
		return -EINTR;
	ret = tdi->going || tdi->down ? -ENODEV : verb(tdi, arg);
	device_unlock(dev);
	return ret ?: len;
}

static int verb_connect(struct tdi *tdi, u64 unused)
{
	return tdi_connect(tdi);
}

static int verb_disconnect(struct tdi *tdi, u64 unused)
{
	return tdi_unlock(tdi, "disconnect");
}

static int verb_lock(struct tdi *tdi, u64 unused)
{
	return tdi_lock(tdi);
}

static int verb_unlock(struct tdi *tdi, u64 unused)
{
	return tdi_unlock(tdi, "unlock");
}

static ssize_t connect_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t len)
{
	struct tdi *tdi = to_tdi(dev);

	if (!names_tsm(tdi, buf))
		return -ENXIO;
	return run_verb(tdi, verb_connect, 0, len);
}

static ssize_t connect_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return emit_tsm_if(tdi, buf, tdi_is_accepted(tdi));
	return -EINTR;
}
static DEVICE_ATTR_RW(connect);

static ssize_t disconnect_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t len)
{
	struct tdi *tdi = to_tdi(dev);

	if (!names_tsm(tdi, buf))
		return -EINVAL;
	return run_verb(tdi, verb_disconnect, 0, len);
}
static DEVICE_ATTR_WO(disconnect);

static ssize_t lock_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct tdi *tdi = to_tdi(dev);

	if (!names_tsm(tdi, buf))
		return -ENXIO;
	return run_verb(tdi, verb_lock, 0, len);
}

static ssize_t lock_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return emit_tsm_if(tdi, buf, tdi->state != TDI_UNLOCKED);
	return -EINTR;
}
static DEVICE_ATTR_RW(lock);

static ssize_t unlock_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	struct tdi *tdi = to_tdi(dev);

	if (!names_tsm(tdi, buf))
		return -EINVAL;
	return run_verb(tdi, verb_unlock, 0, len);
}
static DEVICE_ATTR_WO(unlock);

static bool parse_generation(const char *buf, u64 *ret)
{
	size_t prefix = str_has_prefix(buf, "generation=");

	return prefix && !kstrtou64(buf + prefix, 10, ret) && *ret;
}

static ssize_t approve_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t len)
{
	u64 generation;

	if (!parse_generation(buf, &generation))
		return -EINVAL;
	return run_verb(to_tdi(dev), tdi_approve, generation, len);
}
static DEVICE_ATTR_WO(approve);

static ssize_t accept_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	u64 generation;
	bool yes;

	if (!parse_generation(buf, &generation)) {
		if (kstrtobool(buf, &yes) || !yes)
			return -EINVAL;
		generation = 0;
	}
	return run_verb(to_tdi(dev), tdi_accept, generation, len);
}

static ssize_t accept_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return sysfs_emit(buf, "%d\n", tdi_is_accepted(tdi));
	return -EINTR;
}
static DEVICE_ATTR_RW(accept);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	enum tdisp_state state;
	int ret = tdi_read_state(to_tdi(dev), &state);

	return ret ?: sysfs_emit(buf, "%s\n", tdisp_state_name(state));
}

/* Each read is a call of the platform: not for everybody to make. */
static DEVICE_ATTR_ADMIN_RO(state);

static ssize_t dma_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		enum tdi_dma_mode mode = tdi->dma.mode;

		/* With a driver bound the ops stay; the TSM refuses what they map. */
		if (tdi->state == TDI_ERROR)
			mode = TDI_DMA_BLOCKED;
		return sysfs_emit(buf, "%s\n", tdi_dma_mode_name(mode));
	}
	return -EINTR;
}
static DEVICE_ATTR_RO(dma);

static ssize_t mmio_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return tdi_iomem_show(tdi, buf);
	return -EINTR;
}
static DEVICE_ATTR_RO(mmio);

/* The mode that is wanted in brackets, as block devices show their schedulers. */
static ssize_t dma_mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		enum tdi_dma_mode mode;
		int len = 0;

		for (mode = TDI_DMA_DIRECT; mode < TDI_NR_DMA_MODES; mode++) {
			const char *fmt = mode == tdi->dma.wanted ? "%s[%s]" : "%s%s";

			if (tdi_dma_can(tdi, mode))
				len += sysfs_emit_at(buf, len, fmt, len ? " " : "",
						     tdi_dma_mode_name(mode));
		}
		len += sysfs_emit_at(buf, len, "\n");
		return len;
	}
	return -EINTR;
}

static ssize_t dma_mode_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t len)
{
	struct tdi *tdi = to_tdi(dev);
	enum tdi_dma_mode mode;

	for (mode = TDI_DMA_DIRECT; mode < TDI_NR_DMA_MODES; mode++)
		if (sysfs_streq(buf, tdi_dma_mode_name(mode)))
			break;
	if (mode == TDI_NR_DMA_MODES)
		return -EINVAL;
	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return tdi_dma_want(tdi, mode) ?: len;
	return -EINTR;
}
static DEVICE_ATTR_RW(dma_mode);

/* Counters, each by itself: nothing stops while they are read. */
static ssize_t dma_stats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi_dma *dma = &to_tdi(dev)->dma;

	return sysfs_emit(buf,
			  "live %d\n"
			  "bounced_bytes %llu\n"
			  "bounced_mappings %llu\n"
			  "shared_pages %d\n"
			  "leaked_pages %d\n",
			  atomic_read(&dma->live),
			  (u64)atomic64_read(&dma->bounced_bytes),
			  (u64)atomic64_read(&dma->bounced_mappings),
			  atomic_read(&dma->shared), atomic_read(&dma->leaked));
}
static DEVICE_ATTR_RO(dma_stats);

/* Who tried what tells about more than the device: not for everybody to see. */
static ssize_t audit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return tdi_guard_show(to_tdi(dev), buf);
}
static DEVICE_ATTR_ADMIN_RO(audit);

static ssize_t recovery_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(to_tdi(dev)->recover) ?
			  "stay-down [recover]" : "[stay-down] recover");
}

static ssize_t recovery_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t len)
{
	bool recover = sysfs_streq(buf, "recover");

	if (!recover && !sysfs_streq(buf, "stay-down"))
		return -EINVAL;
	WRITE_ONCE(to_tdi(dev)->recover, recover);
	return len;
}
static DEVICE_ATTR_RW(recovery);

static ssize_t recovery_stats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		const struct tdi_losses *l = &tdi->losses;

		return sysfs_emit(buf, "losses %u\nrecovered %u\nchanged %u\nfailed %u\n",
				  l->losses, l->recovered, l->changed, l->failed);
	}
	return -EINTR;
}
static DEVICE_ATTR_RO(recovery_stats);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return sysfs_emit(buf, "%llu\n", tdi->evidence ? tdi->evidence->generation : 0);
	return -EINTR;
}
static DEVICE_ATTR_RO(generation);

static ssize_t identity_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = {
		[TDI_IDENTITY_UNVERIFIED]	= "unverified",
		[TDI_IDENTITY_VERIFIED]		= "verified",
		[TDI_IDENTITY_APPROVED]		= "approved",
	};
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		const char *word = "none";

		if (tdi->evidence)
			word = words[tdi->evidence->identity];
		return sysfs_emit(buf, "%s\n", word);
	}
	return -EINTR;
}
static DEVICE_ATTR_RO(identity);

static ssize_t result_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdi *tdi = to_tdi(dev);

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock)
		return sysfs_emit(buf, "%s\n", tdi->result);
	return -EINTR;
}
static DEVICE_ATTR_RO(result);

static struct attribute *attrs[] = {
	&dev_attr_connect.attr,
	&dev_attr_disconnect.attr,
	&dev_attr_lock.attr,
	&dev_attr_approve.attr,
	&dev_attr_accept.attr,
	&dev_attr_unlock.attr,
	&dev_attr_state.attr,
	&dev_attr_dma.attr,
	&dev_attr_dma_mode.attr,
	&dev_attr_dma_stats.attr,
	&dev_attr_mmio.attr,
	&dev_attr_audit.attr,
	&dev_attr_recovery.attr,
	&dev_attr_recovery_stats.attr,
	&dev_attr_generation.attr,
	&dev_attr_identity.attr,
	&dev_attr_result.attr,
	NULL
};

/*
 * A reader that takes several reads may see two generations; it compares
 * "generation" before and after, as with every generation counter.
 */
static ssize_t read_blob(struct kobject *kobj, enum tdi_object obj, char *buf, loff_t off,
			 size_t len)
{
	struct tdi *tdi = to_tdi(kobj_to_dev(kobj));

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		struct tdi_evidence *ev = tdi->evidence;

		if (!ev)
			return 0;
		return memory_read_from_buffer(buf, len, &off, ev->blob[obj].data,
					       ev->blob[obj].len);
	}
	return -EINTR;
}

#define EVIDENCE_ATTR(_name, _obj)							\
static ssize_t _name##_read(struct file *file, struct kobject *kobj,			\
			    tdi_bin_attr_t *attr, char *buf, loff_t off, size_t len)	\
{											\
	return read_blob(kobj, _obj, buf, off, len);					\
}											\
static tdi_bin_attr_t bin_attr_##_name = {						\
	.attr = { .name = #_name, .mode = 0400 },					\
	.read = _name##_read,								\
}

EVIDENCE_ATTR(certificates, TDI_OBJ_CERTS);
EVIDENCE_ATTR(vca, TDI_OBJ_VCA);
EVIDENCE_ATTR(measurements, TDI_OBJ_MEASUREMENTS);
EVIDENCE_ATTR(report, TDI_OBJ_REPORT);

static ssize_t nonce_read(struct file *file, struct kobject *kobj, tdi_bin_attr_t *attr,
			  char *buf, loff_t off, size_t len)
{
	struct tdi *tdi = to_tdi(kobj_to_dev(kobj));

	scoped_cond_guard(mutex_intr, return -EINTR, &tdi->lock) {
		struct tdi_evidence *ev = tdi->evidence;

		if (!ev)
			return 0;
		return memory_read_from_buffer(buf, len, &off, ev->nonce, sizeof(ev->nonce));
	}
	return -EINTR;
}

static tdi_bin_attr_t bin_attr_nonce = {
	.attr = { .name = "nonce", .mode = 0444 },
	.read = nonce_read,
};

static tdi_bin_attr_t *bin_attrs[] = {
	&bin_attr_certificates,
	&bin_attr_vca,
	&bin_attr_measurements,
	&bin_attr_report,
	&bin_attr_nonce,
	NULL
};

const struct attribute_group tdi_sysfs_group = {
	.name		= "tsm",
	.attrs		= attrs,
	.bin_attrs	= bin_attrs,
};
