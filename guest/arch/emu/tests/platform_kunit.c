// SPDX-License-Identifier: GPL-2.0
/* platform.c: which backend gets the mailbox, and what it gets through it. */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/vmstat.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../internal.h"
#include "fake_tsm.h"

#include <kunit/test.h>

#define HANDLE	0x2a

static struct fake_pci *fake;

/* What a driver was called for, and how it answers. */
static struct {
	struct emu_platform *platform;
	struct device *parent;
	unsigned int probes;
	unsigned int removes;
	unsigned int shutdowns;
	int err;
} got;

static int probe(struct emu_platform *p, struct device *parent)
{
	got.probes++;
	if (got.err)
		return got.err;
	got.platform = p;
	got.parent = parent;
	emu_platform_set_drvdata(p, &got);
	return 0;
}

static void remove_platform(struct emu_platform *p)
{
	got.removes++;
	got.platform = NULL;
}

static void shutdown(struct emu_platform *p)
{
	got.shutdowns++;
}

static struct emu_platform_driver driver = {
	.name = "sev-tio", .probe = probe, .remove = remove_platform, .shutdown = shutdown,
};

static struct emu_platform_driver other_driver = {
	.name = "cca", .probe = probe, .remove = remove_platform, .shutdown = shutdown,
};

static const struct fake_desc descs[] = {
	{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
	  .bar_size = { EMU_MBOX_BAR_SIZE } },
	{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_DMATEST, .tee = true,
	  .vsec_id = EMU_VSEC_ID, .handle = HANDLE },
	{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true },
};

static void machine(struct kunit *test, const char *name)
{
	memset(&got, 0, sizeof(got));
	fake_core_err = 0;
	fake_tsm_reset();
	fake_tsm.name = name;
	fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
}

static void unregister(void *drv)
{
	emu_platform_unregister(drv);
}

/* A machine that is of the driver's platform, and its platform. */
static struct emu_platform *ready(struct kunit *test)
{
	machine(test, "sev-tio");
	KUNIT_ASSERT_EQ(test, emu_platform_register(&driver), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unregister, &driver), 0);
	KUNIT_ASSERT_NOT_NULL(test, got.platform);
	return got.platform;
}

/* --- whose it is --------------------------------------------------------------- */

static void the_emulated_backend_takes_its_own_platform_only(struct kunit *test)
{
	machine(test, "sev-tio");
	KUNIT_EXPECT_NULL(test, fake_core_backend);
	/* The mailbox is kept for who comes. */
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_fn(fake, 0)->pdev->dev.driver);
}

static void a_driver_that_comes_later_gets_it(struct kunit *test)
{
	struct emu_platform *p = ready(test);

	KUNIT_EXPECT_EQ(test, got.probes, 1);
	KUNIT_EXPECT_PTR_EQ(test, got.parent, &fake_pci_fn(fake, 0)->pdev->dev);
	KUNIT_EXPECT_PTR_EQ(test, emu_platform_get_drvdata(p), (void *)&got);
}

static void a_driver_that_was_there_before_gets_it_too(struct kunit *test)
{
	ready(test);
	fake_pci_unplug(fake, 0);
	KUNIT_EXPECT_EQ(test, got.removes, 1);
	KUNIT_EXPECT_NULL(test, got.platform);
	fake_pci_plug(fake, 0, &descs[0]);
	KUNIT_EXPECT_EQ(test, got.probes, 2);
	KUNIT_EXPECT_NOT_NULL(test, got.platform);
}

static void a_driver_of_another_platform_declines(struct kunit *test)
{
	machine(test, "sev-tio");
	KUNIT_EXPECT_EQ(test, emu_platform_register(&other_driver), -ENODEV);
	KUNIT_EXPECT_EQ(test, got.probes, 0);
	/* It left nothing behind. */
	fake_pci_unplug(fake, 0);
	fake_tsm.name = "cca";
	fake_pci_plug(fake, 0, &descs[0]);
	KUNIT_EXPECT_EQ(test, got.probes, 0);
}

static void without_a_mailbox_a_driver_declines(struct kunit *test)
{
	memset(&got, 0, sizeof(got));
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), -ENODEV);
	KUNIT_EXPECT_EQ(test, got.probes, 0);
}

static void an_emulated_machine_is_no_other_ones(struct kunit *test)
{
	machine(test, "emulated");
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), -ENODEV);
	KUNIT_EXPECT_EQ(test, got.probes, 0);
	KUNIT_EXPECT_STREQ(test, fake_core_backend->platform, "emulated");
}

static void a_name_without_an_end_is_nobodys(struct kunit *test)
{
	machine(test, "sev-tiosev-tiosev-tio");
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), -ENODEV);
	KUNIT_EXPECT_NULL(test, fake_core_backend);
}

static void a_driver_that_fails_does_not_have_it(struct kunit *test)
{
	machine(test, "sev-tio");
	got.err = -EBUSY;
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), -EBUSY);
	got.err = 0;
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), 0);
	KUNIT_EXPECT_EQ(test, got.probes, 2);
	emu_platform_unregister(&driver);
	KUNIT_EXPECT_EQ(test, got.removes, 1);
}

static void a_driver_that_goes_gives_it_back(struct kunit *test)
{
	machine(test, "sev-tio");
	KUNIT_ASSERT_EQ(test, emu_platform_register(&driver), 0);
	emu_platform_unregister(&driver);
	KUNIT_EXPECT_EQ(test, got.removes, 1);
	KUNIT_EXPECT_EQ(test, emu_platform_register(&driver), 0);
	KUNIT_EXPECT_EQ(test, got.probes, 2);
	emu_platform_unregister(&driver);
}

/* --- registers ----------------------------------------------------------------- */

static const struct instruction {
	const char *desc;
	u16 call;
	int (*regs)(struct emu_platform *p, struct emu_regs *regs);
} instructions[] = {
	{ "tsm", EMU_TSM_REGS, emu_platform_tsm_regs },
	{ "host", EMU_HOST_REGS, emu_platform_host_regs },
};

KUNIT_ARRAY_PARAM_DESC(instruction, instructions, desc);

static void registers_go_in_and_come_out(struct kunit *test)
{
	const struct instruction *in = test->param_value;
	struct emu_platform *p = ready(test);
	const struct fake_tsm_call *call;
	struct emu_regs regs;
	int i;

	for (i = 0; i < EMU_NR_REGS; i++)
		regs.r[i] = cpu_to_le64(0x1111111111111111ULL * (i % 15) + i);
	KUNIT_ASSERT_EQ(test, in->regs(p, &regs), 0);
	for (i = 0; i < EMU_NR_REGS; i++)
		KUNIT_EXPECT_EQ(test, le64_to_cpu(regs.r[i]),
				0x1111111111111111ULL * (i % 15) + i + 1);
	call = fake_tsm_last(in->call);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->len, 256);
	KUNIT_EXPECT_EQ(test, call->handle, 0);
}

static const struct failure {
	const char *desc;
	enum fake_answer how;
	u32 status;
	int err;
} failures[] = {
	{ "silent", FAKE_SILENT, 0, -ETIMEDOUT },
	{ "fault", FAKE_FAULT, 0, -EIO },
	{ "no such call", FAKE_REFUSE, EMU_E_CALL, -EIO },
	{ "busy", FAKE_REFUSE, EMU_E_BUSY, -EIO },
	{ "stale", FAKE_REFUSE, EMU_E_NONCE, -EIO },
	{ "other sequence number", FAKE_OTHER_SEQ, 0, -EIO },
	{ "short", FAKE_SHORT, 0, -EIO },
	{ "long", FAKE_LONG, 0, -EIO },
	{ "huge", FAKE_HUGE, 0, -EIO },
};

KUNIT_ARRAY_PARAM_DESC(failure, failures, desc);

static void a_failed_instruction_leaves_the_registers(struct kunit *test)
{
	const struct failure *f = test->param_value;
	struct emu_platform *p = ready(test);
	struct emu_regs regs, before;
	int i;

	memset(&before, 0x5a, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		regs = before;
		fake_tsm.at = instructions[i].call;
		fake_tsm.how = f->how;
		fake_tsm.status = f->status;
		KUNIT_EXPECT_EQ(test, instructions[i].regs(p, &regs), f->err);
		KUNIT_EXPECT_MEMEQ(test, &regs, &before, sizeof(regs));
	}
}

static void a_function_is_announced_by_its_handle(struct kunit *test)
{
	struct emu_platform *p = ready(test);
	struct pci_dev *pdev = fake_pci_fn(fake, 1)->pdev;
	const struct fake_tsm_call *call;
	u32 sbdf;

	KUNIT_ASSERT_EQ(test, emu_platform_announce(p, pdev), 0);
	call = fake_tsm_last(EMU_HOST_SBDF);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->handle, HANDLE);
	KUNIT_EXPECT_EQ(test, call->len, 4);
	sbdf = pci_domain_nr(pdev->bus) << 16 | pdev->bus->number << 8 | pdev->devfn;
	KUNIT_EXPECT_EQ(test, le32_to_cpup((const __le32 *)call->payload), sbdf);
	KUNIT_EXPECT_EQ(test, emu_platform_announce(p, fake_pci_fn(fake, 2)->pdev), -ENODEV);
	fake_tsm.at = EMU_HOST_SBDF;
	fake_tsm.how = FAKE_REFUSE;
	fake_tsm.status = EMU_E_TDI;
	KUNIT_EXPECT_EQ(test, emu_platform_announce(p, pdev), -EIO);
}

/* --- memory -------------------------------------------------------------------- */

static void shared_pages_are_zeroed_and_come_back_private(struct kunit *test)
{
	struct emu_platform *p = ready(test);
	const struct emu_page_req *req;
	struct page *page;

	KUNIT_EXPECT_NULL(test, emu_platform_alloc_shared(p, 3));
	KUNIT_ASSERT_EQ(test, emu_platform_enter(p), 0);
	page = emu_platform_alloc_shared(p, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);
	req = (const struct emu_page_req *)fake_tsm_last(EMU_TSM_PAGE_SHARE)->payload;
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->gpa), page_to_phys(page));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->npages), 3);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, 3 * PAGE_SIZE));
	emu_platform_free_shared(p, page, 3);
	req = (const struct emu_page_req *)fake_tsm_last(EMU_TSM_PAGE_PRIVATE)->payload;
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->npages), 3);
	emu_platform_free_shared(p, NULL, 3);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_PAGE_PRIVATE), 1);
	emu_platform_leave(p);
}

/* Once a conversion was not answered nobody is asked for another: that costs no memory. */
static void pages_that_nobody_was_asked_to_share_are_freed(struct kunit *test)
{
	struct emu_platform *p = ready(test);
	unsigned long before, after;
	int i;

	KUNIT_ASSERT_EQ(test, emu_platform_enter(p), 0);
	fake_tsm.at = EMU_TSM_PAGE_SHARE;
	fake_tsm.how = FAKE_DEAF;
	KUNIT_EXPECT_NULL(test, emu_platform_alloc_shared(p, 1));
	fake_tsm.how = FAKE_HONEST;
	KUNIT_ASSERT_EQ(test, emu_platform_share_pages(p, 0, 1), -ENXIO);

	before = global_zone_page_state(NR_FREE_PAGES);
	/* One page each: that is taken from where the last one was given back to. */
	for (i = 0; i < 8192; i++)
		KUNIT_ASSERT_NULL(test, emu_platform_alloc_shared(p, 1));
	after = global_zone_page_state(NR_FREE_PAGES);
	/* Others allocate, too, but not half of that. */
	KUNIT_EXPECT_GT(test, after + 4096, before);
}

static void events_need_a_platform_that_has_them(struct kunit *test)
{
	struct emu_platform *p = ready(test);

	KUNIT_EXPECT_EQ(test, emu_platform_listen(p, unregister, NULL), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, emu_platform_listen(p, NULL, NULL), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_emulated_backend_takes_its_own_platform_only),
	KUNIT_CASE(a_driver_that_comes_later_gets_it),
	KUNIT_CASE(a_driver_that_was_there_before_gets_it_too),
	KUNIT_CASE(a_driver_of_another_platform_declines),
	KUNIT_CASE(without_a_mailbox_a_driver_declines),
	KUNIT_CASE(an_emulated_machine_is_no_other_ones),
	KUNIT_CASE(a_name_without_an_end_is_nobodys),
	KUNIT_CASE(a_driver_that_fails_does_not_have_it),
	KUNIT_CASE(a_driver_that_goes_gives_it_back),
	KUNIT_CASE_PARAM(registers_go_in_and_come_out, instruction_gen_params),
	KUNIT_CASE_PARAM(a_failed_instruction_leaves_the_registers, failure_gen_params),
	KUNIT_CASE(a_function_is_announced_by_its_handle),
	KUNIT_CASE(shared_pages_are_zeroed_and_come_back_private),
	KUNIT_CASE_SLOW(pages_that_nobody_was_asked_to_share_are_freed),
	KUNIT_CASE(events_need_a_platform_that_has_them),
	{}
};

static struct kunit_suite suite = { .name = "tdi-emu-platform", .test_cases = cases };
kunit_test_suite(suite);
