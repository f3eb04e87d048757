// SPDX-License-Identifier: GPL-2.0
/* See fake_platform.h. */
#include <linux/mm.h>
#include <linux/pci.h>

#include "fake_platform.h"

/* Opaque to backends, as the real one is. */
struct emu_platform {
	void *drvdata;
	bool probed;
};

struct fake_platform fake_platform;
static struct emu_platform the_platform;
static struct emu_platform_driver *the_driver;

int emu_platform_register(struct emu_platform_driver *drv)
{
	the_driver = drv;
	return 0;
}

void emu_platform_unregister(struct emu_platform_driver *drv)
{
	the_driver = NULL;
}

struct emu_platform_driver *fake_platform_driver(void)
{
	return the_driver;
}

static void remove_platform(void *unused)
{
	if (the_platform.probed && the_driver)
		the_driver->remove(&the_platform);
	the_platform.probed = false;
}

int fake_platform_new(struct kunit *test, struct device *parent, const struct fake_platform *how)
{
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, the_driver);
	fake_platform = *how;
	the_platform = (struct emu_platform) { };
	ret = the_driver->probe(&the_platform, parent);
	the_platform.probed = !ret;
	if (!ret)
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_platform, NULL), 0);
	return ret;
}

void emu_platform_set_drvdata(struct emu_platform *p, void *data)
{
	p->drvdata = data;
}

void *emu_platform_get_drvdata(struct emu_platform *p)
{
	return p->drvdata;
}

int emu_platform_tsm_regs(struct emu_platform *p, struct emu_regs *regs)
{
	fake_platform.nr_tsm++;
	return fake_platform.tsm_regs ? fake_platform.tsm_regs(regs) : -EIO;
}

int emu_platform_host_regs(struct emu_platform *p, struct emu_regs *regs)
{
	fake_platform.nr_host++;
	return fake_platform.host_regs ? fake_platform.host_regs(regs) : -EIO;
}

int emu_platform_announce(struct emu_platform *p, struct pci_dev *pdev)
{
	fake_platform.nr_announced++;
	fake_platform.announced = pdev;
	return fake_platform.announce_err;
}

int emu_platform_enter(struct emu_platform *p)
{
	fake_platform.entered = true;
	return 0;
}

void emu_platform_leave(struct emu_platform *p)
{
	fake_platform.entered = false;
}

int emu_platform_share_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages)
{
	if (!fake_platform.share_err)
		fake_platform.nr_shared += nr_pages;
	return fake_platform.share_err;
}

int emu_platform_unshare_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages)
{
	fake_platform.nr_shared -= nr_pages;
	return 0;
}

struct page *emu_platform_alloc_shared(struct emu_platform *p, size_t nr_pages)
{
	void *mem;

	if (fake_platform.share_err)
		return NULL;
	mem = alloc_pages_exact(nr_pages << PAGE_SHIFT, GFP_KERNEL | __GFP_ZERO);
	if (!mem)
		return NULL;
	fake_platform.nr_shared += nr_pages;
	return virt_to_page(mem);
}

void emu_platform_free_shared(struct emu_platform *p, struct page *page, size_t nr_pages)
{
	if (!page)
		return;
	fake_platform.nr_shared -= nr_pages;
	free_pages_exact(page_address(page), nr_pages << PAGE_SHIFT);
}

int emu_platform_listen(struct emu_platform *p, void (*event)(void *data), void *data)
{
	if (event && fake_platform.no_events)
		return -EOPNOTSUPP;
	fake_platform.event = event;
	fake_platform.event_data = data;
	return 0;
}
