// SPDX-License-Identifier: GPL-2.0
/*
 * The boot gate's hold: no driver for a function that was not accepted, whoever asks.
 *
 * A function that is held is the consumer of a managed device link to "tdi-gate", a device
 * that never has a driver. Every way to a probe (hot-plug, a driver that comes, sysfs bind,
 * driver_override, deferred and asynchronous probes) leads past the driver core's check of
 * suppliers, with the device's lock held, and ends there with -EPROBE_DEFER.
 *
 * What asks for the link is the notifier, before the function can be probed, and what
 * drops it is the end of an accept: see Documentation/gate.rst.
 */
#define pr_fmt(fmt) "tdi: gate: " fmt

#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/sysfs.h>

#include "internal.h"

static char *gate = "none";
module_param(gate, charp, 0400);
MODULE_PARM_DESC(gate,
		 "Which functions get no driver until they are accepted: none, all (that are TEE-capable) or listed (default: none)");

static char *gate_devices = "";
module_param(gate_devices, charp, 0400);
MODULE_PARM_DESC(gate_devices,
		 "For gate=listed: VENDOR:DEVICE or DOMAIN:BUS:SLOT.FUNCTION in hex, with commas between");

enum gate_policy {
	GATE_NONE,
	GATE_ALL,
	GATE_LISTED,
};

static const char * const policy_words[] = {
	[GATE_NONE]	= "none",
	[GATE_ALL]	= "all",
	[GATE_LISTED]	= "listed",
};

/**
 * enum gate_state - does a function get a driver?
 * @GATE_OPEN: it was accepted, and does
 * @GATE_WANTED: it must not, but has one, and there was no memory for a link
 * @GATE_LINKED: it does not, for the link to the gate
 * @GATE_SEALED: it does not, for a resource of ours: there was no memory for a link
 */
enum gate_state {
	GATE_OPEN,
	GATE_WANTED,
	GATE_LINKED,
	GATE_SEALED,
};

/**
 * struct gate_fn - a function that the policy covers, until it is removed
 * @node: in table
 * @order: in in_order
 * @pdev: the function; no reference, for this goes first
 * @state: changes under the function's device_lock()
 * @going: it is being removed: no driver comes any more, and links are not added
 */
struct gate_fn {
	struct hlist_node node;
	struct list_head order;
	struct pci_dev *pdev;
	enum gate_state state;
	bool going;
};

/**
 * struct gate_exposed - a function that had a driver before it was held
 * @order: in exposed
 * @who: address and driver, as "exposed" shows them
 */
struct gate_exposed {
	struct list_head order;
	char who[];
};

/* Innermost but for the driver core's own: everything below. */
static DEFINE_MUTEX(gate_lock);
static DEFINE_HASHTABLE(table, 8);
static LIST_HEAD(in_order);
static LIST_HEAD(exposed);
static enum gate_policy policy;
static struct device *gate_dev;

/* --- the policy --------------------------------------------------------------- */

/* x: a hexadecimal digit, o: an octal one, anything else: itself. */
static bool looks_like(const char *s, size_t len, const char *pattern)
{
	size_t i;

	if (len != strlen(pattern))
		return false;
	for (i = 0; i < len; i++) {
		bool ok = pattern[i] == 'x' ? isxdigit(s[i]) :
			  pattern[i] == 'o' ? s[i] >= '0' && s[i] <= '7' : s[i] == pattern[i];

		if (!ok)
			return false;
	}
	return true;
}

static bool is_name(const char *s, size_t len)
{
	return looks_like(s, len, "xxxx:xxxx") || looks_like(s, len, "xxxx:xx:xx.o") ||
	       looks_like(s, len, "xxxxx:xx:xx.o");
}

/* Each name of the list, at least one, is one. */
static bool is_list(const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		if (!is_name(list, len))
			return false;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

static bool is_listed(const struct pci_dev *pdev, const char *list)
{
	char id[sizeof("xxxx:xxxx")];

	snprintf(id, sizeof(id), "%04x:%04x", pdev->vendor, pdev->device);
	while (*list) {
		size_t len = strcspn(list, ",");

		if ((len == strlen(id) && !strncasecmp(list, id, len)) ||
		    (len == strlen(pci_name(pdev)) && !strncasecmp(list, pci_name(pdev), len)))
			return true;
		list += len;
		list += *list == ',';
	}
	return false;
}

/* Who asked for a gate in words that nobody understands did not ask for none. */
static enum gate_policy chosen_policy(void)
{
	if (!strcmp(gate, policy_words[GATE_NONE]))
		return GATE_NONE;
	if (!strcmp(gate, policy_words[GATE_ALL]))
		return GATE_ALL;
	if (!strcmp(gate, policy_words[GATE_LISTED]) && is_list(gate_devices))
		return GATE_LISTED;
	pr_err("expected none, all, or listed with gate_devices=xxxx:xxxx or xxxx:xx:xx.x, found \"%s\" with \"%s\": taken as all\n",
	       gate, gate_devices);
	return GATE_ALL;
}

/**
 * tdi_gate_lists() - is this function held even if it does not claim to be TEE-capable?
 * @pdev: the function
 *
 * Context: Any.
 */
bool tdi_gate_lists(const struct pci_dev *pdev)
{
	return policy == GATE_LISTED && is_listed(pdev, gate_devices);
}

/* --- one function ------------------------------------------------------------- */

static struct gate_fn *find(const struct pci_dev *pdev)
{
	struct gate_fn *f;

	lockdep_assert_held(&gate_lock);
	hash_for_each_possible(table, f, node, (unsigned long)pdev)
		if (f->pdev == pdev)
			return f;
	return NULL;
}

/*
 * A managed link is the driver core's, and only a link that is stateless besides can be
 * dropped by others. With both, two references are held, and two are dropped. The
 * second call finds the link of the first, and has nothing that could fail.
 */
static bool add_link(struct pci_dev *pdev)
{
	if (!device_link_add(&pdev->dev, gate_dev, 0))
		return false;
	return device_link_add(&pdev->dev, gate_dev, DL_FLAG_STATELESS);
}

/* By its ends: the driver core may have deleted it, with its device. */
static void drop_link(struct pci_dev *pdev)
{
	device_link_remove(&pdev->dev, gate_dev);
	device_link_remove(&pdev->dev, gate_dev);
}

static void seal_released(struct device *dev, void *unused)
{
}

/*
 * The second best: the driver core does not probe a device on which somebody has left a
 * resource (-EBUSY). It is lost with a driver, so none may be bound.
 */
static void add_seal(struct pci_dev *pdev)
{
	devres_add(&pdev->dev, devres_alloc(seal_released, 1, GFP_KERNEL | __GFP_NOFAIL));
}

/* -ENOENT: the driver core has deleted it, with its device. */
static void drop_seal(struct pci_dev *pdev)
{
	devres_destroy(&pdev->dev, seal_released, NULL, NULL);
}

/* It must get no driver; one that it has stays until somebody releases it. */
static void hold(struct gate_fn *f)
{
	lockdep_assert_held(&gate_lock);
	device_lock_assert(&f->pdev->dev);
	if (add_link(f->pdev)) {
		f->state = GATE_LINKED;
		return;
	}
	f->state = GATE_WANTED;
	if (f->pdev->dev.driver)
		return;
	add_seal(f->pdev);
	f->state = GATE_SEALED;
	pci_err(f->pdev, "tdi: gate: no device link, held by a resource: probes fail with EBUSY\n");
}

static void open(struct gate_fn *f)
{
	lockdep_assert_held(&gate_lock);
	if (f->state == GATE_LINKED)
		drop_link(f->pdev);
	else if (f->state == GATE_SEALED)
		drop_seal(f->pdev);
	f->state = GATE_OPEN;
}

static void forget(struct gate_fn *f)
{
	hash_del(&f->node);
	list_del(&f->order);
	kfree(f);
}

static void tell(struct pci_dev *pdev, char *what)
{
	char *env[2] = { what };

	kobject_uevent_env(&pdev->dev.kobj, KOBJ_CHANGE, env);
}

static void note_exposed(const struct pci_dev *pdev)
{
	const char *driver = pdev->dev.driver->name;
	size_t len = strlen(pci_name(pdev)) + strlen(driver) + 2;
	struct gate_exposed *e, *known;

	/* Nobody would know: so this one, too, has its memory. */
	e = kmalloc(struct_size(e, who, len), GFP_KERNEL | __GFP_NOFAIL);
	snprintf(e->who, len, "%s %s", pci_name(pdev), driver);
	pci_warn(pdev, "tdi: gate: exposed: %s had it before the gate was there\n", driver);
	list_for_each_entry(known, &exposed, order) {
		if (!strcmp(known->who, e->who)) {
			kfree(e);
			return;
		}
	}
	list_add_tail(&e->order, &exposed);
}

/**
 * tdi_gate_comes() - a function is there: is it held?
 * @pdev: the function
 * @tee: it claims to be TEE-capable
 *
 * Once it is covered it is until it is removed, whatever it claims later. With a driver
 * bound it was exposed: no other one comes, and this one is for the caller to release.
 *
 * Context: Process context; the device's lock is held.
 */
void tdi_gate_comes(struct pci_dev *pdev, bool tee)
{
	struct gate_fn *f;

	device_lock_assert(&pdev->dev);
	if (policy == GATE_ALL ? !tee : !tdi_gate_lists(pdev))
		return;
	guard(mutex)(&gate_lock);
	if (find(pdev))
		return;
	/* Some tens of bytes, without which there is no gate. */
	f = kzalloc(sizeof(*f), GFP_KERNEL | __GFP_NOFAIL);
	f->pdev = pdev;
	hash_add(table, &f->node, (unsigned long)pdev);
	list_add_tail(&f->order, &in_order);
	if (pdev->dev.driver)
		note_exposed(pdev);
	hold(f);
}

/**
 * tdi_gate_expel() - release the driver of a function that must not have one
 * @pdev: the function
 *
 * What its users had not written is, first. Afterwards it waits for its driver as one
 * that comes later does.
 *
 * Context: Process context; takes the device's lock.
 */
void tdi_gate_expel(struct pci_dev *pdev)
{
	scoped_guard(mutex, &gate_lock) {
		struct gate_fn *f = find(pdev);

		if (!f || f->state == GATE_OPEN)
			return;
	}
	if (pdev->dev.driver) {
		ksys_sync_helper();
		device_release_driver(&pdev->dev);
	}
	/* Is refused, and so known to be deferred. */
	if (device_attach(&pdev->dev) > 0)
		pci_err(pdev, "tdi: gate: not held: a driver is bound\n");
	else
		tell(pdev, "TDI_GATE=held");
}

/**
 * tdi_gate_hold() - a TDI is not accepted any more: no driver from here on
 * @pdev: its function; a driver that is bound stays until it is released
 *
 * Context: Process context; the device's lock is held.
 */
void tdi_gate_hold(struct pci_dev *pdev)
{
	scoped_guard(mutex, &gate_lock) {
		struct gate_fn *f = find(pdev);

		if (!f || f->state != GATE_OPEN || f->going)
			return;
		hold(f);
	}
	tell(pdev, "TDI_GATE=held");
}

/**
 * tdi_gate_release() - a TDI was accepted: it may have a driver
 * @pdev: its function
 *
 * None is bound here. The driver core may do so as soon as it tries again what was
 * deferred; whoever wants to be sure writes to drivers_probe.
 *
 * Context: Process context; the device's lock is held.
 */
void tdi_gate_release(struct pci_dev *pdev)
{
	device_lock_assert(&pdev->dev);
	scoped_guard(mutex, &gate_lock) {
		struct gate_fn *f = find(pdev);

		if (!f || f->state == GATE_OPEN || f->going)
			return;
		open(f);
	}
	tell(pdev, "TDI_GATE=released");
}

/**
 * tdi_gate_driver_gone() - a driver was released, and its resources with it
 * @pdev: the function
 *
 * Context: Process context; the device's lock is held.
 */
void tdi_gate_driver_gone(struct pci_dev *pdev)
{
	struct gate_fn *f;

	guard(mutex)(&gate_lock);
	f = find(pdev);
	if (f && f->state == GATE_WANTED && !f->going)
		hold(f);
}

/**
 * tdi_gate_goes() - a function is about to be removed
 * @pdev: the function, for which no driver is probed any more
 *
 * The driver core deletes its link. One that came after that would stay for ever.
 *
 * Context: Process context.
 */
void tdi_gate_goes(struct pci_dev *pdev)
{
	struct gate_fn *f;

	guard(mutex)(&gate_lock);
	f = find(pdev);
	if (f)
		f->going = true;
}

/**
 * tdi_gate_gone() - a function was removed
 * @pdev: the function
 *
 * Context: Process context.
 */
void tdi_gate_gone(struct pci_dev *pdev)
{
	struct gate_fn *f;

	guard(mutex)(&gate_lock);
	f = find(pdev);
	if (!f)
		return;
	if (f->state == GATE_SEALED)
		drop_seal(pdev);
	forget(f);
}

static bool is_held(const struct gate_fn *f)
{
	return f->state == GATE_LINKED || f->state == GATE_SEALED;
}

/**
 * tdi_gate_holds() - does this function get no driver now?
 * @pdev: the function
 *
 * Context: Process context.
 */
bool tdi_gate_holds(struct pci_dev *pdev)
{
	struct gate_fn *f;

	guard(mutex)(&gate_lock);
	f = find(pdev);
	return f && is_held(f);
}

/* --- /sys/devices/tdi-gate ---------------------------------------------------- */

/* A line more, unless what follows might not fit; then it is counted. */
static int emit_line(char *buf, int len, const char *line, unsigned int *more)
{
	if (*more || len + strlen(line) + sizeof("+4294967295\n") + 1 > PAGE_SIZE) {
		++*more;
		return len;
	}
	return len + sysfs_emit_at(buf, len, "%s\n", line);
}

static int emit_more(char *buf, int len, unsigned int more)
{
	return more ? len + sysfs_emit_at(buf, len, "+%u\n", more) : len;
}

static ssize_t policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", policy_words[policy]);
}
static DEVICE_ATTR_RO(policy);

static ssize_t held_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int more = 0;
	struct gate_fn *f;
	int len = 0;

	scoped_cond_guard(mutex_intr, return -EINTR, &gate_lock) {
		list_for_each_entry(f, &in_order, order)
			if (is_held(f))
				len = emit_line(buf, len, pci_name(f->pdev), &more);
	}
	return emit_more(buf, len, more);
}
static DEVICE_ATTR_RO(held);

static ssize_t exposed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gate_exposed *e;
	unsigned int more = 0;
	int len = 0;

	scoped_cond_guard(mutex_intr, return -EINTR, &gate_lock) {
		list_for_each_entry(e, &exposed, order)
			len = emit_line(buf, len, e->who, &more);
	}
	return emit_more(buf, len, more);
}
static DEVICE_ATTR_RO(exposed);

static struct attribute *attrs[] = {
	&dev_attr_policy.attr,
	&dev_attr_held.attr,
	&dev_attr_exposed.attr,
	NULL
};

static const struct attribute_group group = { .attrs = attrs };

/**
 * tdi_gate_init() - take the policy from the module's parameters
 *
 * With a gate the module stays: without it nobody would hold what comes.
 *
 * Context: Process context; before the bus's notifier is registered.
 * Return: 0 or an errno.
 */
int tdi_gate_init(void)
{
	int ret;

	gate_dev = root_device_register("tdi-gate");
	if (IS_ERR(gate_dev))
		return PTR_ERR(gate_dev);
	ret = device_add_group(gate_dev, &group);
	if (ret) {
		root_device_unregister(gate_dev);
		return ret;
	}
	policy = chosen_policy();
	if (policy == GATE_NONE)
		return 0;
	__module_get(THIS_MODULE);
	pr_notice("%s\n", policy_words[policy]);
	return 0;
}

/* With a gate this is the way out of a module that did not come to be, and no other. */
void tdi_gate_exit(void)
{
	struct gate_exposed *e, *next_e;
	struct gate_fn *f, *next_f;

	scoped_guard(mutex, &gate_lock) {
		list_for_each_entry_safe(f, next_f, &in_order, order) {
			open(f);
			forget(f);
		}
		list_for_each_entry_safe(e, next_e, &exposed, order) {
			list_del(&e->order);
			kfree(e);
		}
	}
	if (policy != GATE_NONE)
		module_put(THIS_MODULE);
	policy = GATE_NONE;
	device_remove_group(gate_dev, &group);
	root_device_unregister(gate_dev);
}
