// SPDX-License-Identifier: GPL-2.0
/*
 * The emulated platform's part of the conformance suite: glue.c and mailbox.c as
 * they are, over a mailbox function on a fake bus whose registers are fake_tsm.c.
 */
#include <linux/pci.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "fake_tsm.h"

#define CONF_SUITE	"tdi-emu-conformance"
#include "../../tests/conformance.h"

#define HANDLE		0x2a
#define OTHER_HANDLE	0x1234567

static void remove_tdi(void *tdi)
{
	if (fake_core_backend)
		fake_core_backend->ops->remove(tdi);
}

static struct fake_pci *fake;

/* What the core does with what add returns, as far as callbacks look at it. */
static struct tdi *add(struct kunit *test, unsigned int slot)
{
	struct pci_dev *pdev = fake_pci_fn(fake, slot)->pdev;
	struct tdi *tdi = fake_core_backend->ops->add(fake_core_backend, pdev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdi);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_tdi, tdi), 0);
	tdi->pdev = pdev;
	tdi->backend = fake_core_backend;
	return tdi;
}

static struct tdi *conf_tdi(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		  .bar_size = { EMU_MBOX_BAR_SIZE } },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_DMATEST, .tee = true,
		  .vsec_id = EMU_VSEC_ID, .handle = HANDLE },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true,
		  .vsec_id = EMU_VSEC_ID, .handle = OTHER_HANDLE },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true },
	};

	fake_tsm_reset();
	fake_core_err = 0;
	conf_object(conf_data, sizeof(conf_data), sizeof(conf_data));
	/* The driver's probe registers the backend. */
	fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
	return add(test, 1);
}

static struct tdi *conf_other_tdi(struct kunit *test)
{
	return add(test, 2);
}

/* START is two calls: the TSM's leave, then the host's part. */
static const u16 calls[CONF_NR_OPS] = {
	[CONF_INFO]	= EMU_TSM_TDI_INFO,
	[CONF_LOCK]	= EMU_HOST_LOCK,
	[CONF_MEASURE]	= EMU_HOST_MEASURE,
	[CONF_SIZE]	= EMU_HOST_OBJECT_SIZE,
	[CONF_READ]	= EMU_HOST_OBJECT_READ,
	[CONF_ACCEPT]	= EMU_TSM_MMIO_ACCEPT,
	[CONF_RELEASE]	= EMU_TSM_MMIO_RELEASE,
	[CONF_ENABLE]	= EMU_TSM_DMA_ENABLE,
	[CONF_DISABLE]	= EMU_TSM_DMA_DISABLE,
	[CONF_START]	= EMU_TSM_START_ALLOW,
	[CONF_UNLOCK]	= EMU_HOST_STOP,
};

static void conf_break(enum conf_op op, enum conf_break how)
{
	static const enum fake_answer answers[CONF_NR_BREAKS] = {
		[CONF_SILENT]		= FAKE_SILENT,
		[CONF_MALFORMED]	= FAKE_LONG,
		[CONF_REFUSED]		= FAKE_REFUSE,
		[CONF_STALE]		= FAKE_REFUSE,
		[CONF_BUSY]		= FAKE_REFUSE,
	};

	fake_tsm.at = calls[op];
	fake_tsm.how = answers[how];
	fake_tsm.status = how == CONF_STALE ? EMU_E_NONCE :
			  how == CONF_BUSY ? EMU_E_BUSY : EMU_E_DENIED;
}

static bool conf_facts(const struct tdi_tsm_info *facts)
{
	static const u8 hashes[] = { EMU_HASH_SHA256, EMU_HASH_SHA384, EMU_HASH_SHA512 };
	struct emu_tdi_info *w = &fake_tsm.info;
	int i;

	*w = (struct emu_tdi_info) {
		.state		= facts->state,
		.hash		= hashes[facts->hash],
		.lock_flags	= cpu_to_le16(facts->lock_flags),
		/* Objects are in the core's order here, too. */
		.digest_valid	= cpu_to_le32(facts->digest_valid),
		.lock_nonce	= cpu_to_le64(facts->nonces.lock),
		.meas_nonce	= cpu_to_le64(facts->nonces.meas),
		.report_nonce	= cpu_to_le64(facts->nonces.report),
	};
	for (i = 0; i < EMU_NR_BARS; i++)
		w->bar[i] = cpu_to_le64(facts->bar[i]);
	memcpy(w->digest, facts->digest, sizeof(w->digest));
	return true;
}

static void conf_raw_state(u32 state)
{
	fake_tsm.info.state = state;
}

static bool conf_raw_hash(u32 hash)
{
	fake_tsm.info.hash = hash;
	return true;
}

static void conf_object(const void *data, size_t len, u64 claimed)
{
	fake_tsm.object = data;
	fake_tsm.object_len = len;
	fake_tsm.claimed = claimed;
}

static void conf_chunk(size_t chunk, int count_off)
{
	fake_tsm.chunk = chunk;
	fake_tsm.count_off = count_off;
}

static unsigned int conf_calls(void)
{
	return fake_tsm.nr;
}

static bool conf_carried(enum conf_op op, const void *bytes, size_t len)
{
	const struct fake_tsm_call *call = fake_tsm_last(calls[op]);
	size_t i;

	for (i = 0; call && i + len <= min_t(size_t, call->len, FAKE_TSM_PAYLOAD); i++)
		if (!memcmp(call->payload + i, bytes, len))
			return true;
	return false;
}

static bool conf_was_for(enum conf_op op, struct tdi *tdi)
{
	const struct fake_tsm_call *call = fake_tsm_last(calls[op]);
	u32 handle = tdi->pdev == fake_pci_fn(fake, 1)->pdev ? HANDLE : OTHER_HANDLE;

	return call && call->handle == handle;
}

/* --- what only this platform has ----------------------------------------------- */

static void start_asks_the_host_only_with_the_tsms_leave(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_START), 0);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_START_ALLOW), 1);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_HOST_START), 1);
	conf_break(CONF_START, CONF_STALE);
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_START), -ESTALE);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_HOST_START), 1);
}

static void a_host_that_does_not_start_is_told(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_tsm.at = EMU_HOST_START;
	fake_tsm.how = FAKE_REFUSE;
	fake_tsm.status = EMU_E_DENIED;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_START), -EREMOTEIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "denied by the host"));
}

static void the_order_is_the_tsms(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, conf_tdi(test)->backend->order, TDI_ACCEPT_FIRST);
	fake_pci_unplug(fake, 0);
	KUNIT_ASSERT_NULL(test, fake_core_backend);
}

static void a_start_first_platform_says_so(struct kunit *test)
{
	const struct fake_desc desc = {
		.vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		.bar_size = { EMU_MBOX_BAR_SIZE },
	};

	fake_tsm_reset();
	fake_tsm.flags = EMU_TSM_F_START_FIRST;
	fake_pci_new(test, &desc, 1);
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
	KUNIT_EXPECT_EQ(test, fake_core_backend->order, TDI_START_FIRST);
}

static void it_never_hides_that_it_protects_nothing(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;

	KUNIT_EXPECT_TRUE(test, backend->flags & TDI_BACKEND_EMULATED);
	KUNIT_EXPECT_STREQ(test, backend->platform, "emulated");
}

static void a_function_without_a_handle_is_not_its(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;
	struct tdi *tdi = backend->ops->add(backend, fake_pci_fn(fake, 3)->pdev);

	KUNIT_EXPECT_PTR_EQ(test, tdi, ERR_PTR(-ENODEV));
}

static void entering_shares_the_pages_of_host_calls(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;

	KUNIT_ASSERT_EQ(test, backend->ops->enter(backend), 0);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_ENTER), 1);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_PAGE_SHARE), 2 * fake_tsm.nr_slots);
	backend->ops->leave(backend);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_LEAVE), 1);
	/* And once is enough. */
	backend->ops->leave(backend);
	KUNIT_EXPECT_EQ(test, fake_tsm_count(EMU_TSM_LEAVE), 1);
}

static void pages_are_converted_as_they_are_named(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;
	const struct fake_tsm_call *call;
	const struct emu_page_req *req;

	KUNIT_ASSERT_EQ(test, backend->ops->share_pages(backend, 0x123000, 5), 0);
	call = fake_tsm_last(EMU_TSM_PAGE_SHARE);
	KUNIT_ASSERT_NOT_NULL(test, call);
	req = (const struct emu_page_req *)call->payload;
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->gpa), 0x123000);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->npages), 5);
	KUNIT_ASSERT_EQ(test, backend->ops->unshare_pages(backend, 0x456000, 1), 0);
	call = fake_tsm_last(EMU_TSM_PAGE_PRIVATE);
	KUNIT_ASSERT_NOT_NULL(test, call);
	req = (const struct emu_page_req *)call->payload;
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->gpa), 0x456000);
	fake_tsm.at = EMU_TSM_PAGE_SHARE;
	fake_tsm.how = FAKE_REFUSE;
	fake_tsm.status = EMU_E_PAGE;
	KUNIT_EXPECT_EQ(test, backend->ops->share_pages(backend, 0x123000, 5), -EREMOTEIO);
}

static void a_core_that_refuses_leaves_no_driver_bound(struct kunit *test)
{
	const struct fake_desc desc = {
		.vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		.bar_size = { EMU_MBOX_BAR_SIZE },
	};

	fake_tsm_reset();
	fake_core_err = -EBUSY;
	fake = fake_pci_new(test, &desc, 1);
	fake_core_err = 0;
	KUNIT_EXPECT_NULL(test, fake_core_backend);
	KUNIT_EXPECT_NULL(test, fake_pci_fn(fake, 0)->pdev->dev.driver);
}

static struct kunit_case own_cases[] = {
	KUNIT_CASE(start_asks_the_host_only_with_the_tsms_leave),
	KUNIT_CASE(a_host_that_does_not_start_is_told),
	KUNIT_CASE(the_order_is_the_tsms),
	KUNIT_CASE(a_start_first_platform_says_so),
	KUNIT_CASE(it_never_hides_that_it_protects_nothing),
	KUNIT_CASE(a_function_without_a_handle_is_not_its),
	KUNIT_CASE(entering_shares_the_pages_of_host_calls),
	KUNIT_CASE(pages_are_converted_as_they_are_named),
	KUNIT_CASE(a_core_that_refuses_leaves_no_driver_bound),
	{}
};

static struct kunit_suite own_suite = { .name = "tdi-emu-glue", .test_cases = own_cases };
kunit_test_suite(own_suite);
