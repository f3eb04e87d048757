// SPDX-License-Identifier: GPL-2.0
/*
 * The config guard: sits on the pci_ops of the buses of a TDI and of the ports above
 * it, and lets nothing through that would move a locked TDI to ERROR.
 *
 * guest/lib/guard.c says what that is. Here is how it gets in the way: pci_bus_set_ops(),
 * the seam that aer_inject uses. Config space is accessed in any context, and x86 does
 * not even take pci_lock for it, so everything below is under a raw spinlock of its own.
 */
#include <linux/ctype.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../include/tdisp/guard.h"
#include "internal.h"
#include "trace.h"

static bool guard_on = true;
module_param_named(guard, guard_on, bool, 0600);
MODULE_PARM_DESC(guard, "Guard config space of TDIs that are locked from now on (default: on)");

/* For who locks next. */
bool tdi_guard_is_on(void)
{
	return READ_ONCE(guard_on);
}

/* So many attempts are remembered one by one. */
#define LOG_LEN		64

/* Attempts at one register, with one effect. */
struct note {
	u32 count;
	u16 where;
	u32 value;
	char comm[TASK_COMM_LEN];
};

struct log_entry {
	u64 time;	/* ktime_get_boottime_ns() */
	u16 where;
	u8 size;
	u8 reg;
	u8 effect;
	u32 value;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct tdi_guard - a function whose config space is guarded
 * @node: in guards
 * @pdev: the function; the TDI below, or at it, keeps it here
 * @tdi: its TDI, or NULL for a port above some
 * @users: TDIs that it is for
 * @armed: how many of them are locked
 * @flags: PCI_DEV_FLAGS_* that arming set
 * @rules: while @armed
 * @note: what was tried since it is here, by register and effect
 * @log: the last of it
 * @nr_log: how many there were ever
 */
struct tdi_guard {
	struct list_head node;
	struct pci_dev *pdev;
	struct tdi *tdi;
	unsigned int users;
	unsigned int armed;
	pci_dev_flags_t flags;
	struct tdisp_guard rules;
	struct note note[TDISP_GUARD_NR_REGS][TDISP_GUARD_NR_EFFECTS];
	struct log_entry log[LOG_LEN];
	u32 nr_log;
};

/**
 * struct guarded_bus - a bus whose pci_ops are ours
 * @node: in buses
 * @bus: the bus, a reference held
 * @saved: what they were
 * @ops: what they are: a copy, since .read may use .map_bus of the bus' own ops
 * @users: functions on it
 * @buried: somebody's ops were put on top of ours, and call them
 */
struct guarded_bus {
	struct list_head node;
	struct pci_bus *bus;
	struct pci_ops *saved;
	struct pci_ops ops;
	unsigned int users;
	bool buried;
};

/* Who comes and goes. */
static DEFINE_MUTEX(guard_mutex);
/* Both lists, and what is in them; any context. Taken inside pci_lock, if that is. */
static DEFINE_RAW_SPINLOCK(guard_lock);
static LIST_HEAD(guards);
static LIST_HEAD(buses);

/* ---- the way of every access -------------------------------------------------- */

static struct guarded_bus *find_bus(const struct pci_bus *bus)
{
	struct guarded_bus *b;

	list_for_each_entry(b, &buses, node)
		if (b->bus == bus)
			return b;
	return NULL;
}

static struct tdi_guard *find_guard(const struct pci_bus *bus, unsigned int devfn)
{
	struct tdi_guard *g;

	list_for_each_entry(g, &guards, node)
		if (g->pdev->bus == bus && g->pdev->devfn == devfn)
			return g;
	return NULL;
}

/* A bus that was added below a guarded one has inherited its ops. */
static struct pci_ops *real_ops(const struct pci_bus *bus)
{
	struct guarded_bus *b = NULL;

	for (; bus && !b; bus = bus->parent)
		b = find_bus(bus);
	return b ? b->saved : NULL;
}

static void remember(struct tdi_guard *g, const struct tdisp_guard_write *w, int where, int size,
		     u32 value)
{
	struct note *note = &g->note[w->row][w->effect];
	struct log_entry *entry = &g->log[g->nr_log++ % LOG_LEN];

	note->count++;
	note->where = where;
	note->value = value;
	strscpy(note->comm, in_task() ? current->comm : "(interrupt)");
	*entry = (struct log_entry) {
		.time = ktime_get_boottime_ns(), .where = where, .size = size, .reg = w->row,
		.effect = w->effect, .value = value, .pid = in_task() ? current->pid : 0,
	};
	memcpy(entry->comm, note->comm, sizeof(entry->comm));
	trace_tdi_guard(pci_name(g->pdev), w->row, w->effect, where, size, value);
}

/* Nobody is there: whether that is so the watch finds out. */
static void looks_gone(struct tdi_guard *g)
{
	if (g->tdi)
		tdi_watch_kick(g->tdi);
}

/*
 * That nobody is there is the host's word, perhaps for a moment only. A driver that goes
 * and believes it frees what its device still writes to. So until the loss is known, and
 * DMA is ended, somebody is there.
 */
static bool is_accepted(const struct tdi_guard *g)
{
	return g->tdi && READ_ONCE(g->tdi->state) == TDI_RUN;
}

static u32 size_mask(int size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

static int armed_read(struct tdi_guard *g, struct pci_ops *ops, int where, int size, u32 *val)
{
	int ret = ops->read(g->pdev->bus, g->pdev->devfn, where, size, val);
	unsigned int shift = 8 * (where & 3);

	if (ret || (*val & size_mask(size)) == size_mask(size)) {
		/* Plenty of bytes are 0xff, few dwords are all ones. */
		if (ret || size == 4 || where == PCI_VENDOR_ID)
			looks_gone(g);
		if (where > PCI_DEVICE_ID + 1 || !is_accepted(g))
			return ret;
		*val = (g->pdev->vendor | (u32)g->pdev->device << 16) >> shift & size_mask(size);
		return 0;
	}
	*val = tdisp_guard_read(&g->rules, where & ~3, *val << shift) >> shift & size_mask(size);
	return 0;
}

/* What is left of a write, in as few accesses as that takes. */
static int write_lanes(struct pci_bus *bus, unsigned int devfn, struct pci_ops *ops,
		       const struct tdisp_guard_write *w)
{
	int ret = 0, size, at;

	for (at = 0; at < 4 && !ret; at += size) {
		u32 lanes = w->lanes >> 8 * at;

		for (size = 4 - at; size > 1; size /= 2)
			if (at % size == 0 && (lanes & size_mask(size)) == size_mask(size))
				break;
		size = size ?: 1;
		if (lanes & 0xff)
			ret = ops->write(bus, devfn, w->reg + at, size,
					 w->value >> 8 * at & size_mask(size));
	}
	return ret;
}

static int armed_write(struct tdi_guard *g, struct pci_ops *ops, int where, int size, u32 val)
{
	struct pci_bus *bus = g->pdev->bus;
	unsigned int devfn = g->pdev->devfn;
	unsigned int shift = 8 * (where & 3);
	struct tdisp_guard_write w = {
		.reg = where & ~3, .lanes = size_mask(size) << shift, .value = val << shift,
	};
	u32 real;

	if (!tdisp_guard_tracks(&g->rules, w.reg, w.lanes))
		return ops->write(bus, devfn, where, size, val);
	if (ops->read(bus, devfn, w.reg, 4, &real) || real == ~0u) {
		/* A device that is gone takes no writes; one that comes back is another. */
		looks_gone(g);
		return PCIBIOS_SUCCESSFUL;
	}
	tdisp_guard_write(&g->rules, &w, real);
	if (w.effect != TDISP_GUARD_ALLOW)
		remember(g, &w, where, size, val);
	/* Whoever wrote that looks for the device somewhere else from now on. */
	if (w.effect == TDISP_GUARD_UNBIND_FIRST && w.row == TDISP_GUARD_BAR && g->tdi)
		tdi_watch_kick(g->tdi);
	return write_lanes(bus, devfn, ops, &w);
}

static int guard_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	struct pci_ops *ops;

	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		struct tdi_guard *g = find_guard(bus, devfn);

		ops = real_ops(bus);
		if (ops && g && g->armed)
			return armed_read(g, ops, where, size, val);
	}
	/* It was unhooked since the caller looked. */
	return (ops ?: bus->ops)->read(bus, devfn, where, size, val);
}

static int guard_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	struct pci_ops *ops;

	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		struct tdi_guard *g = find_guard(bus, devfn);

		ops = real_ops(bus);
		if (ops && g && g->armed)
			return armed_write(g, ops, where, size, val);
	}
	return (ops ?: bus->ops)->write(bus, devfn, where, size, val);
}

/**
 * tdi_guard_absent() - does the host say that nobody is there?
 * @tdi: the TDI
 *
 * Past what readers are told: config space as it is, and the PCI core's own mark.
 *
 * Context: Process context.
 * Return: true or false.
 */
bool tdi_guard_absent(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;
	u32 id = 0;
	int ret;

	if (pdev->error_state == pci_channel_io_perm_failure)
		return true;
	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		struct pci_ops *ops = real_ops(pdev->bus);

		if (!ops)
			break;
		ret = ops->read(pdev->bus, pdev->devfn, PCI_VENDOR_ID, 4, &id);
		return ret || PCI_POSSIBLE_ERROR(id);
	}
	return pci_read_config_dword(pdev, PCI_VENDOR_ID, &id) || PCI_POSSIBLE_ERROR(id);
}

/* ---- coming and going ----------------------------------------------------------- */

static int hook(struct pci_bus *bus)
{
	struct guarded_bus *b;

	lockdep_assert_held(&guard_mutex);
	scoped_guard(raw_spinlock_irqsave, &guard_lock)
		b = find_bus(bus);
	if (b && b->users++)
		return 0;
	if (!b) {
		b = kzalloc(sizeof(*b), GFP_KERNEL);
		if (!b)
			return -ENOMEM;
		b->bus = bus;
		b->users = 1;
		b->saved = bus->ops;
		get_device(&bus->dev);
		scoped_guard(raw_spinlock_irqsave, &guard_lock)
			list_add(&b->node, &buses);
	}
	/* Who is still on top of ours must not get beneath them, too: that would be a circle. */
	if (b->buried && bus->ops != &b->ops && bus->ops != b->saved)
		return 0;
	b->buried = false;
	/* Below a guarded bus it has its parent's copy; ours has the same beneath. */
	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		struct pci_ops *inherited = bus->parent ? real_ops(bus->parent) : NULL;

		if (bus->ops != &b->ops)
			b->saved = bus->ops->read == guard_read && inherited ? inherited : bus->ops;
		b->ops = *b->saved;
		b->ops.read = guard_read;
		b->ops.write = guard_write;
	}
	pci_bus_set_ops(bus, &b->ops);
	return 0;
}

static int unhook_child(struct pci_dev *pdev, void *data)
{
	struct guarded_bus *b = data;

	if (pdev->subordinate && pdev->subordinate->ops == &b->ops)
		pci_bus_set_ops(pdev->subordinate, b->saved);
	return 0;
}

/*
 * The bus has its own ops again. Who loaded ours a moment ago may still be on the way
 * in, so @b stays until the module goes.
 */
static void unhook(struct pci_bus *bus)
{
	struct guarded_bus *b;

	lockdep_assert_held(&guard_mutex);
	scoped_guard(raw_spinlock_irqsave, &guard_lock)
		b = find_bus(bus);
	if (WARN_ON(!b) || --b->users)
		return;
	if (bus->ops != &b->ops) {
		/* Somebody came after us, and calls us: neither can go before it does. */
		if (!b->buried)
			__module_get(THIS_MODULE);
		b->buried = true;
		return;
	}
	pci_bus_set_ops(bus, b->saved);
	pci_walk_bus(bus, unhook_child, b);
}

static struct tdi_guard *find(const struct pci_dev *pdev)
{
	struct tdi_guard *g = NULL;

	scoped_guard(raw_spinlock_irqsave, &guard_lock)
		g = find_guard(pdev->bus, pdev->devfn);
	return g;
}

static int put_guard_on(struct pci_dev *pdev, struct tdi *tdi)
{
	struct tdi_guard *g = find(pdev);
	int ret;

	if (g) {
		g->users++;
		return 0;
	}
	g = kzalloc(sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	g->pdev = pdev;
	g->tdi = tdi;
	g->users = 1;
	ret = hook(pdev->bus);
	if (ret) {
		kfree(g);
		return ret;
	}
	scoped_guard(raw_spinlock_irqsave, &guard_lock)
		list_add(&g->node, &guards);
	return 0;
}

static void take_guard_off(struct pci_dev *pdev)
{
	struct tdi_guard *g = find(pdev);

	if (!g || --g->users)
		return;
	scoped_guard(raw_spinlock_irqsave, &guard_lock)
		list_del(&g->node);
	unhook(pdev->bus);
	kfree(g);
}

/**
 * tdi_guard_add() - stand by at a TDI and at the ports above it
 * @tdi: a new TDI
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM, with nothing changed.
 */
int tdi_guard_add(struct tdi *tdi)
{
	struct pci_dev *pdev, *undo;
	int ret;

	guard(mutex)(&guard_mutex);
	for (pdev = tdi->pdev; pdev; pdev = pci_upstream_bridge(pdev)) {
		ret = put_guard_on(pdev, pdev == tdi->pdev ? tdi : NULL);
		if (!ret)
			continue;
		for (undo = tdi->pdev; undo != pdev; undo = pci_upstream_bridge(undo))
			take_guard_off(undo);
		return ret;
	}
	return 0;
}

/**
 * tdi_guard_remove() - nothing of a TDI is guarded any more
 * @tdi: the TDI, disarmed or lost
 *
 * Context: Process context.
 */
void tdi_guard_remove(struct tdi *tdi)
{
	struct pci_dev *pdev;

	tdi_guard_disarm(tdi);
	guard(mutex)(&guard_mutex);
	for (pdev = tdi->pdev; pdev; pdev = pci_upstream_bridge(pdev))
		take_guard_off(pdev);
}

/* ---- armed and disarmed ------------------------------------------------------------ */

static u32 read_dword(void *arg, unsigned int reg)
{
	u32 val = 0;

	pci_read_config_dword(arg, reg, &val);
	return val;
}

/* What sizing gives is what the PCI core found out when it sized. */
static void bar_masks(struct pci_dev *pdev, u32 *mask)
{
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		u64 size = pci_resource_len(pdev, i);

		if (!size)
			continue;
		mask[i] = lower_32_bits(~(size - 1));
		if (pci_resource_flags(pdev, i) & IORESOURCE_MEM_64 && i + 1 < PCI_STD_NUM_BARS)
			mask[++i] = upper_32_bits(~(size - 1));
	}
	if (pci_resource_len(pdev, PCI_ROM_RESOURCE))
		mask[TDISP_GUARD_ROM] = ~(pci_resource_len(pdev, PCI_ROM_RESOURCE) - 1);
}

/* The PCI core does not even try what would be refused, and says so to who asked. */
#define NO_RESET (PCI_DEV_FLAGS_NO_FLR_RESET | PCI_DEV_FLAGS_NO_PM_RESET | \
		  PCI_DEV_FLAGS_NO_BUS_RESET)

static int arm(struct tdi *tdi, struct pci_dev *pdev, unsigned long flags)
{
	u32 mask[TDISP_GUARD_NR_BARS] = { };
	struct tdi_guard *g = find(pdev);
	struct tdisp_why why = { };
	int ret;

	if (WARN_ON(!g))
		return -ENODEV;
	if (g->armed) {
		scoped_guard(raw_spinlock_irqsave, &guard_lock)
			g->armed++;
		return 0;
	}

	struct tdisp_guard *rules __free(kfree) = kzalloc(sizeof(*rules), GFP_KERNEL);
	if (!rules)
		return -ENOMEM;
	bar_masks(pdev, mask);
	ret = tdisp_guard_init(rules, read_dword, pdev, flags, mask, &why);
	if (ret) {
		tdi_reason(tdi, "%s: expected %llu, found %llu", why.check, why.expected,
			   why.found);
		return ret;
	}
	if (!(flags & TDISP_GUARD_IS_PORT)) {
		g->flags = NO_RESET & ~pdev->dev_flags;
		pdev->dev_flags |= NO_RESET;
	}
	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		g->rules = *rules;
		g->armed = 1;
	}
	return 0;
}

static void disarm(struct pci_dev *pdev)
{
	struct tdi_guard *g = find(pdev);
	u16 wanted, cmd;

	if (!g || !g->armed)
		return;
	scoped_guard(raw_spinlock_irqsave, &guard_lock) {
		wanted = g->rules.command;
		g->armed--;
	}
	if (g->armed || g->rules.is_port)
		return;
	pdev->dev_flags &= ~g->flags;
	/* What writers believe of Command comes true now, at once. */
	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	if (cmd != wanted && cmd != 0xffff)
		pci_write_config_word(pdev, PCI_COMMAND, wanted);
}

/**
 * tdi_guard_arm() - the TDI is about to be locked
 * @tdi: an unlocked TDI, enabled as it is to stay
 *
 * What the registers are now is what they are kept at.
 *
 * Context: Process context; the device's lock and the TDI's lock are held.
 * Return: 0; -E2BIG config space has more to guard than there is room for; -ENOMEM.
 */
int tdi_guard_arm(struct tdi *tdi)
{
	unsigned long flags = TDI_LOCK_FLAGS & TDISP_LOCK_MSIX ? TDISP_GUARD_LOCK_MSIX : 0;
	struct pci_dev *pdev;
	int ret;

	if (tdi->guarded)
		return 0;
	guard(mutex)(&guard_mutex);
	for (pdev = tdi->pdev; pdev; pdev = pci_upstream_bridge(pdev)) {
		struct pci_dev *undo;

		ret = arm(tdi, pdev, pdev == tdi->pdev ? flags : TDISP_GUARD_IS_PORT);
		if (!ret)
			continue;
		for (undo = tdi->pdev; undo != pdev; undo = pci_upstream_bridge(undo))
			disarm(undo);
		return ret;
	}
	tdi->guarded = true;
	return 0;
}

/**
 * tdi_guard_disarm() - the TDI is unlocked, or nothing can be done for it any more
 * @tdi: the TDI
 *
 * Context: Process context.
 */
void tdi_guard_disarm(struct tdi *tdi)
{
	struct pci_dev *pdev;

	if (!tdi->guarded)
		return;
	guard(mutex)(&guard_mutex);
	for (pdev = tdi->pdev; pdev; pdev = pci_upstream_bridge(pdev))
		disarm(pdev);
	tdi->guarded = false;
}

/* ---- what was tried ------------------------------------------------------------------- */

static void printable(char *comm)
{
	for (; *comm; comm++)
		if (!isprint(*comm))
			*comm = '?';
}

static int show_notes(const struct pci_dev *pdev, char *buf, int len)
{
	unsigned int reg, effect;

	for (reg = 0; reg < TDISP_GUARD_NR_REGS; reg++) {
		for (effect = 0; effect < TDISP_GUARD_NR_EFFECTS; effect++) {
			struct note note = { };

			scoped_guard(raw_spinlock_irqsave, &guard_lock) {
				struct tdi_guard *g = find_guard(pdev->bus, pdev->devfn);

				if (g)
					note = g->note[reg][effect];
			}
			/* Whole lines, or none. */
			if (!note.count || len > PAGE_SIZE - 128)
				continue;
			printable(note.comm);
			len += sysfs_emit_at(buf, len, "%s %s %u %#05x %#010x %s\n",
					     tdisp_guard_reg_name(reg),
					     tdisp_guard_effect_name(effect), note.count,
					     note.where, note.value, note.comm);
		}
	}
	return len;
}

/**
 * tdi_guard_show() - what was tried and not let through
 * @tdi: the TDI
 * @buf: a page, of sysfs
 *
 * Return: the length of the text.
 */
ssize_t tdi_guard_show(struct tdi *tdi, char *buf)
{
	struct pci_dev *pdev;
	int len = 0;

	for (pdev = tdi->pdev; pdev; pdev = pci_upstream_bridge(pdev))
		len = show_notes(pdev, buf, len);
	return len;
}

/* The last attempts one by one, the oldest first. */
void tdi_guard_show_log(struct tdi *tdi, struct seq_file *s)
{
	u32 i, nr = 0;

	for (i = 0; i < LOG_LEN; i++) {
		struct log_entry entry = { };

		scoped_guard(raw_spinlock_irqsave, &guard_lock) {
			struct tdi_guard *g = find_guard(tdi->pdev->bus, tdi->pdev->devfn);

			nr = g ? g->nr_log : 0;
			if (g && nr > LOG_LEN)
				entry = g->log[(nr + i) % LOG_LEN];
			else if (g && i < nr)
				entry = g->log[i];
		}
		if (!entry.time)
			break;
		printable(entry.comm);
		seq_printf(s, "%llu.%06llu %s[%d] %s %s %#05x/%u %#x\n",
			   entry.time / NSEC_PER_SEC, entry.time % NSEC_PER_SEC / NSEC_PER_USEC,
			   entry.comm, entry.pid, tdisp_guard_reg_name(entry.reg),
			   tdisp_guard_effect_name(entry.effect), entry.where, entry.size,
			   entry.value);
	}
}

static void unhook_below(const struct pci_bus *bus)
{
	struct pci_bus *child;

	list_for_each_entry(child, &bus->children, node) {
		if (child->ops->read == guard_read)
			pci_bus_set_ops(child, real_ops(child));
		unhook_below(child);
	}
}

/**
 * tdi_guard_sweep() - no bus has our ops any more, when none is guarded any more
 *
 * A bus that was added below a guarded one inherited them. Those that a bridge leads to
 * have their own back; SR-IOV's have no bridge, and one may have come that very moment.
 *
 * Context: Process context; takes the PCI core's rescan lock.
 */
void tdi_guard_sweep(void)
{
	struct guarded_bus *b;

	pci_lock_rescan_remove();
	list_for_each_entry(b, &buses, node)
		unhook_below(b->bus);
	pci_unlock_rescan_remove();
}

/* Nobody is guarded any more; and then nobody is on the way in. */
void tdi_guard_exit(void)
{
	struct guarded_bus *b, *next;

	tdi_guard_sweep();
	/* An access may have been preempted between loading our ops and our first lock. */
	synchronize_rcu_tasks();
	synchronize_rcu();
	list_for_each_entry_safe(b, next, &buses, node) {
		put_device(&b->bus->dev);
		kfree(b);
	}
}
