// SPDX-License-Identifier: GPL-2.0
/*
 * recover.c and power.c, and what tdi.c does for them: a device that is lost comes back
 * only as the one that was accepted, its driver is told or released, and who takes the
 * device or the machine away meanwhile does not wait for ever.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

/* Far longer than anything takes, and shorter than the kernel's own patience. */
#define PATIENCE	(30 * HZ)

static struct fake_backend *fb;
static struct fake_fn *fn;
static struct pci_dev *pdev;
static struct tdi *tdi;
static u8 *buf;

/* A TDI in RUN whose user wants it back; it keeps its certificates over a lock. */
static void ready(struct kunit *test, enum tdi_order order)
{
	fb = fake_backend_ready(test, order);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fn = fake_fn(fb, FAKE_SLOT_TDI);
	pdev = fn->pdev;
	to_fake(tdi)->keep = true;
	tdi->recover = true;
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)), 0);
	fake_bring_to(test, tdi, TDI_RUN);
	buf = kunit_kzalloc(test, 64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	fake_forget(fb);
}

static void lose(void)
{
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
}

static void lose_and_settle(void)
{
	lose();
	fake_settle(tdi);
}

static bool can_map(void)
{
	dma_addr_t addr = dma_map_single(&pdev->dev, buf, 64, DMA_TO_DEVICE);

	if (dma_mapping_error(&pdev->dev, addr))
		return false;
	dma_unmap_single(&pdev->dev, addr, 64, DMA_TO_DEVICE);
	return true;
}

static void expect_stats(struct kunit *test, u32 losses, u32 recovered, u32 changed, u32 failed)
{
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, losses);
	KUNIT_EXPECT_EQ(test, tdi->losses.recovered, recovered);
	KUNIT_EXPECT_EQ(test, tdi->losses.changed, changed);
	KUNIT_EXPECT_EQ(test, tdi->losses.failed, failed);
}

static void expect_running(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->state, TDISP_RUN);
	KUNIT_EXPECT_TRUE(test, to_fake(tdi)->dma_enabled);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_DIRECT);
	KUNIT_EXPECT_TRUE(test, tdi->guarded);
	KUNIT_EXPECT_TRUE(test, can_map());
}

/* In ERROR, no DMA, nothing mapped. */
static void expect_cut_off(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_FALSE(test, tdi_is_accepted(tdi));
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
	KUNIT_EXPECT_NE(test, to_fake(tdi)->state, TDISP_RUN);
	KUNIT_EXPECT_FALSE(test, can_map());
}

/* Recovery gave up: its MMIO was given back, too. */
static void expect_down(struct kunit *test)
{
	expect_cut_off(test);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->mmio, 0);
}

static void expect_way_out(struct kunit *test)
{
	fake_truth(fb);
	fake_same_err = 0;
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_TRUE(test, can_map());
}

/* --- without a driver ------------------------------------------------------------------ */

static void back(struct kunit *test, enum tdi_order order)
{
	u32 bar;
	u16 cmd;

	ready(test, order);
	bar = get_unaligned_le32(fn->config + PCI_BASE_ADDRESS_0);
	lose_and_settle();
	expect_running(test);
	expect_stats(test, 1, 1, 0, 0);
	fake_expect_result(test, tdi, "recover: ok: identity verified");
	/* Reset, and again as it was. */
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(fn->config + PCI_BASE_ADDRESS_0), bar);
	cmd = get_unaligned_le16(fn->config + PCI_COMMAND);
	KUNIT_EXPECT_EQ(test, cmd & 6, 6);
}

static void the_same_device_is_accepted_again_accept_first(struct kunit *test)
{
	back(test, TDI_ACCEPT_FIRST);
}

static void the_same_device_is_accepted_again_start_first(struct kunit *test)
{
	back(test, TDI_START_FIRST);
}

static void it_comes_back_as_often_as_it_is_lost(struct kunit *test)
{
	int i;

	ready(test, TDI_ACCEPT_FIRST);
	for (i = 1; i <= 5; i++) {
		lose_and_settle();
		expect_running(test);
		expect_stats(test, i, i, 0, 0);
	}
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void evidence_is_measured_anew(struct kunit *test)
{
	u64 generation;
	u8 nonce[TDI_NONCE_SIZE];

	ready(test, TDI_ACCEPT_FIRST);
	generation = tdi->evidence->generation;
	memcpy(nonce, tdi->evidence->nonce, sizeof(nonce));
	lose_and_settle();
	KUNIT_ASSERT_NOT_NULL(test, tdi->evidence);
	KUNIT_EXPECT_GT(test, tdi->evidence->generation, generation);
	KUNIT_EXPECT_NE(test, memcmp(tdi->evidence->nonce, nonce, sizeof(nonce)), 0);
	KUNIT_EXPECT_TRUE(test, tdi_nonces_equal(&tdi->evidence->nonces, &to_fake(tdi)->nonces));
}

static void a_user_who_did_not_ask_for_it_finds_it_down(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	tdi->recover = false;
	lose_and_settle();
	expect_cut_off(test);
	expect_stats(test, 1, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 0);
	expect_way_out(test);
}

static void what_was_never_accepted_does_not_come_back(struct kunit *test)
{
	enum tdisp_state state;

	ready(test, TDI_ACCEPT_FIRST);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	lose_and_settle();
	/* Nobody watches it; who reads the state sees, and nothing follows. */
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ATTESTED);
	KUNIT_EXPECT_EQ(test, tdi_read_state(tdi, &state), 0);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	expect_stats(test, 0, 0, 0, 0);
}

/* Anew only if it was measured, approved or not, as before. */
static void what_user_space_approved_stays_approved(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
	KUNIT_ASSERT_EQ(test, fake_accept(tdi, 0), 0);
	lose_and_settle();
	expect_running(test);
	KUNIT_EXPECT_EQ(test, tdi->evidence->identity, TDI_IDENTITY_APPROVED);
}

static void an_identity_that_nobody_vouches_for_any_more_is_refused(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	fake_identity = TDI_IDENTITY_UNVERIFIED;
	lose_and_settle();
	expect_down(test);
	fake_expect_result(test, tdi, "recover: identity: expected verified, as before");
}

/* Once or twice: who waits for the watch does not wait for its interval. */
static void look_in_vain(void)
{
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
}

static void a_platform_that_never_answers_again_is_a_loss(struct kunit *test)
{
	int i;

	ready(test, TDI_ACCEPT_FIRST);
	tdi->recover = false;
	fake_fail(fb, FAKE_INFO, -ETIMEDOUT, 0);
	for (i = 0; i < 8; i++)
		look_in_vain();
	/* Often enough, but not for long. */
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	expect_stats(test, 0, 0, 0, 0);
	scoped_guard(mutex, &tdi->lock)
		tdi->silent_since -= 11 * HZ;
	look_in_vain();
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
	KUNIT_EXPECT_FALSE(test, can_map());
	expect_stats(test, 1, 0, 0, 0);
	fake_expect_result(test, tdi, "watch: fake: expected success, found -110");
	expect_way_out(test);
}

static void one_answer_in_between_is_enough(struct kunit *test)
{
	int i;

	ready(test, TDI_ACCEPT_FIRST);
	fake_fail(fb, FAKE_INFO, -EIO, 0);
	for (i = 0; i < 8; i++)
		look_in_vain();
	fake_truth(fb);
	look_in_vain();
	fake_fail(fb, FAKE_INFO, -EIO, 0);
	for (i = 0; i < 2; i++) {
		look_in_vain();
		/* For long, but not often: the machine may have been stopped meanwhile. */
		scoped_guard(mutex, &tdi->lock)
			tdi->silent_since -= 11 * HZ;
	}
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	expect_stats(test, 0, 0, 0, 0);
	for (i = 0; i < 5; i++)
		look_in_vain();
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
}

/* --- another device, or none ------------------------------------------------------------- */

static void change_report(void)
{
	u8 report[FAKE_REPORT_LEN];

	/* BAR 2 is NON_TEE no more: the kernel's own checks have nothing against that. */
	fake_report(report);
	put_unaligned_le32(2 << 16, report + 16 + 2 * 16 + 12);
	fake_set_object(to_fake(tdi), TDI_OBJ_REPORT, report, sizeof(report));
}

static void change_certificates(void)
{
	to_fake(tdi)->object[TDI_OBJ_CERTS][100] ^= 1;
	to_fake(tdi)->attested[TDI_OBJ_CERTS][100] ^= 1;
}

static void change_vca(void)
{
	to_fake(tdi)->object[TDI_OBJ_VCA][0] ^= 1;
	to_fake(tdi)->attested[TDI_OBJ_VCA][0] ^= 1;
}

static void (*change)(void);

static void change_before_measuring(struct fake_tdi *ft, enum fake_op op)
{
	if (op == FAKE_MEASURE)
		change();
}

static const struct other {
	const char *desc;
	void (*change)(void);
	int same_err;
	const char *result;
} others[] = {
	{ "report", change_report, 0, "range's attributes" },
	{ "certificates", change_certificates, 0,
	  "recover: certificate chain: expected the 1500 bytes" },
	{ "algorithms", change_vca, 0, "recover: VCA: expected the 130 bytes" },
	{ "measurements", NULL, -EKEYREJECTED, "expected the same measurements, found others" },
};

KUNIT_ARRAY_PARAM_DESC(other, others, desc);

static void another_device_is_not_accepted(struct kunit *test)
{
	const struct other *o = test->param_value;

	ready(test, TDI_ACCEPT_FIRST);
	change = o->change;
	fb->before = change ? change_before_measuring : NULL;
	fake_same_err = o->same_err;
	lose_and_settle();
	expect_down(test);
	expect_stats(test, 1, 0, 1, 0);
	fake_expect_result(test, tdi, o->result);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_DMA_ENABLE], 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_START], 0);
	expect_way_out(test);
}

static const struct step {
	const char *desc;
	enum fake_op op;
	unsigned int after;
} steps[] = {
	{ "unlock", FAKE_UNLOCK, 0 },
	{ "lock", FAKE_LOCK, 0 },
	{ "measuring", FAKE_MEASURE, 0 },
	{ "reading the first object", FAKE_OBJECT_READ, 0 },
	{ "reading the last object", FAKE_OBJECT_READ, TDI_NR_OBJECTS - 1 },
	{ "accepting the first range", FAKE_MMIO_ACCEPT, 0 },
	{ "accepting the last range", FAKE_MMIO_ACCEPT, 1 },
	{ "enabling DMA", FAKE_DMA_ENABLE, 0 },
	{ "START", FAKE_START, 0 },
};

KUNIT_ARRAY_PARAM_DESC(step, steps, desc);

static void a_step_that_fails_leaves_it_down(struct kunit *test)
{
	const struct step *step = test->param_value;

	ready(test, TDI_ACCEPT_FIRST);
	fake_fail(fb, step->op, -EREMOTEIO, step->after);
	fb->once = true;
	lose_and_settle();
	expect_down(test);
	expect_stats(test, 1, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, fb->err[step->op], 0);
	expect_way_out(test);
}

static void what_cannot_be_reset_stays_down(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	pdev->devcap &= ~PCI_EXP_DEVCAP_FLR;
	lose_and_settle();
	expect_down(test);
	expect_stats(test, 1, 0, 0, 1);
	fake_expect_result(test, tdi, "recover: reset: expected a function level reset, found -25");
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], 0);
	expect_way_out(test);
}

static void it_is_tried_once_and_not_again(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	lose_and_settle();
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], 1);
	expect_stats(test, 1, 0, 0, 1);
}

/* --- with a driver ----------------------------------------------------------------------- */

static void bind_driver(struct kunit *test, bool handles)
{
	fake_driver_handles = handles;
	fake_driver_bind(test);
	KUNIT_ASSERT_NOT_NULL(test, pdev->dev.driver);
}

static void a_driver_that_handles_errors_stays_bound(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	addr = dma_map_single(&pdev->dev, buf, 64, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(&pdev->dev, addr), 0);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFSR");
	KUNIT_EXPECT_TRUE(test, pdev->error_state == pci_channel_io_normal);
	expect_running(test);
	expect_stats(test, 1, 1, 0, 0);
	/* And with it what it has mapped. */
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 1);
	dma_unmap_single(&pdev->dev, addr, 64, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 0);
	fake_driver_release(test);
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFSRM");
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static bool mapped[128];

static void try_to_map(struct pci_dev *dev, char call)
{
	mapped[(unsigned char)call] = can_map();
}

static void it_maps_nothing_until_the_device_is_accepted_again(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	fake_driver_before = try_to_map;
	lose_and_settle();
	fake_driver_before = NULL;
	KUNIT_EXPECT_FALSE(test, mapped['F']);
	KUNIT_EXPECT_TRUE(test, mapped['S']);
	KUNIT_EXPECT_TRUE(test, mapped['R']);
	fake_driver_release(test);
}

static void a_driver_without_handlers_is_released_and_comes_back(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	fake_driver_enable = true;
	bind_driver(test, false);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PMP");
	KUNIT_EXPECT_NOT_NULL(test, pdev->dev.driver);
	expect_running(test);
	expect_stats(test, 1, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(fn->config + PCI_COMMAND) & 6, 6);
	fake_driver_release(test);
	fake_driver_enable = false;
}

static void a_driver_that_gives_up_is_released_and_comes_back(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	fake_detected = PCI_ERS_RESULT_DISCONNECT;
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFMP");
	KUNIT_EXPECT_NOT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_TRUE(test, pdev->error_state == pci_channel_io_normal);
	expect_running(test);
	fake_driver_release(test);
}

/* As any driver does that goes; and pci_restore_state() would look for a table. */
static void disable_msix(struct pci_dev *dev, char call)
{
	if (call == 'M')
		dev->msix_enabled = 0;
}

static void a_driver_whose_msix_table_would_be_out_of_reach_is_released(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	fb->backend.flags |= TDI_BACKEND_PRIVATE_MMIO;
	bind_driver(test, true);
	pdev->msix_enabled = 1;
	fake_driver_before = disable_msix;
	lose_and_settle();
	fake_driver_before = NULL;
	/* Released before the first lock ends, and back after the second. */
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PMP");
	KUNIT_EXPECT_NOT_NULL(test, pdev->dev.driver);
	expect_running(test);
	expect_stats(test, 1, 1, 0, 0);
	fake_driver_release(test);
}

static void a_driver_without_msix_stays_bound_there_too(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	fb->backend.flags |= TDI_BACKEND_PRIVATE_MMIO;
	bind_driver(test, true);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFSR");
	expect_running(test);
	fake_driver_release(test);
}

static void a_driver_that_does_not_resume_is_released(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	fake_slot_reset = PCI_ERS_RESULT_DISCONNECT;
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFSM");
	KUNIT_EXPECT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_TRUE(test, pdev->error_state == pci_channel_io_normal);
	/* The device itself is as it should be. */
	expect_running(test);
	fake_driver_release(test);
}

static void a_driver_of_a_device_that_stays_away_is_released(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	addr = dma_map_single(&pdev->dev, buf, 64, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(&pdev->dev, addr), 0);
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFXM");
	KUNIT_EXPECT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_TRUE(test, pdev->error_state == pci_channel_io_normal);
	expect_down(test);
	expect_stats(test, 1, 0, 0, 1);
	/* As its remove should have done. */
	dma_unmap_single(&pdev->dev, addr, 64, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 0);
	fake_driver_release(test);
	expect_way_out(test);
}

static void a_driver_of_another_device_is_released(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	fake_same_err = -EKEYREJECTED;
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PFXM");
	expect_down(test);
	expect_stats(test, 1, 0, 1, 0);
	fake_driver_release(test);
	expect_way_out(test);
}

static void a_driver_without_handlers_does_not_come_back_to_nothing(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, false);
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PM");
	KUNIT_EXPECT_NULL(test, pdev->dev.driver);
	expect_down(test);
	fake_driver_release(test);
	expect_way_out(test);
}

static const struct kind {
	const char *desc;
	bool handles, little;
	const char *told;
} kinds[] = {
	{ "that handles errors", true, false, "PXM" },
	{ "that handles some", false, true, "PM" },
	{ "that handles none", false, false, "PM" },
};

KUNIT_ARRAY_PARAM_DESC(kind, kinds, desc);

static void a_driver_whose_device_stays_down_is_released(struct kunit *test)
{
	const struct kind *kind = test->param_value;

	ready(test, TDI_ACCEPT_FIRST);
	tdi->recover = false;
	fake_driver_handles_little = kind->little;
	bind_driver(test, kind->handles);
	lose_and_settle();
	KUNIT_EXPECT_STREQ(test, fake_driver_log, kind->told);
	KUNIT_EXPECT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_TRUE(test, pdev->error_state == pci_channel_io_normal);
	expect_cut_off(test);
	expect_stats(test, 1, 0, 0, 0);
	fake_driver_release(test);
	expect_way_out(test);
}

/* --- somebody takes it away meanwhile ---------------------------------------------------- */

static struct completion inside, leave, gone;

/* Recovery waits in the middle of its lock. */
static void wait_in_lock(struct fake_tdi *ft, enum fake_op op)
{
	if (op != FAKE_LOCK)
		return;
	complete(&inside);
	wait_for_completion_timeout(&leave, PATIENCE);
}

static int unplug(void *unused)
{
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	complete(&gone);
	return 0;
}

static int unregister(void *unused)
{
	fake_unregister(fb);
	complete(&gone);
	return 0;
}

static const struct taker {
	const char *desc;
	int (*take)(void *unused);
	bool driver;
	bool handles;
} takers[] = {
	{ "unplugged", unplug },
	{ "unplugged, with a driver that handles errors", unplug, true, true },
	{ "unplugged, with a driver that does not", unplug, true, false },
	{ "the backend goes", unregister },
	{ "the backend goes, with a driver that handles errors", unregister, true, true },
	{ "the backend goes, with a driver that does not", unregister, true, false },
};

KUNIT_ARRAY_PARAM_DESC(taker, takers, desc);

static void expect_taken(struct kunit *test, const struct taker *t)
{
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&gone, PATIENCE));
	if (t->take == unregister)
		KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	else
		KUNIT_EXPECT_NULL(test, fn->pdev);
	KUNIT_EXPECT_GT(test, fb->calls[FAKE_REMOVE], 0);
	if (t->driver)
		fake_driver_release(test);
}

static void it_goes_while_recovery_runs(struct kunit *test)
{
	const struct taker *t = test->param_value;

	ready(test, TDI_ACCEPT_FIRST);
	if (t->driver)
		bind_driver(test, t->handles);
	init_completion(&inside);
	init_completion(&leave);
	init_completion(&gone);
	fb->before = wait_in_lock;
	lose();
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&inside, PATIENCE));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(t->take, NULL, "tdi-taker"));
	msleep(50);
	KUNIT_EXPECT_FALSE(test, completion_done(&gone));
	complete(&leave);
	expect_taken(test, t);
}

static void it_goes_while_recovery_is_queued(struct kunit *test)
{
	const struct taker *t = test->param_value;

	ready(test, TDI_ACCEPT_FIRST);
	if (t->driver)
		bind_driver(test, t->handles);
	init_completion(&gone);
	/* Recovery and who takes it away want the same lock. */
	device_lock(&pdev->dev);
	lose();
	flush_delayed_work(&tdi->watch);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	if (IS_ERR(kthread_run(t->take, NULL, "tdi-taker")))
		KUNIT_FAIL(test, "no thread");
	msleep(50);
	device_unlock(&pdev->dev);
	expect_taken(test, t);
}

static void unlock_comes_before_recovery(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	device_lock(&pdev->dev);
	lose();
	flush_delayed_work(&tdi->watch);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi_unlock(tdi, "unlock"), 0);
	device_unlock(&pdev->dev);
	fake_settle(tdi);
	fake_expect_pristine(test, tdi);
	expect_stats(test, 1, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], 0);
}

/* --- sleep and shutdown ------------------------------------------------------------------ */

static int may_sleep(void)
{
	int ret = 0;

	tdi_for_each(tdi_may_sleep, &ret);
	return ret;
}

static void nobody_sleeps_while_a_device_is_locked(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	KUNIT_EXPECT_EQ(test, may_sleep(), -EBUSY);
	fake_expect_result(test, tdi, "suspend: state: expected unlocked, found run");
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, may_sleep(), 0);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, may_sleep(), -EBUSY);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi->recover = false;
	lose_and_settle();
	KUNIT_EXPECT_EQ(test, may_sleep(), -EBUSY);
}

static struct device_attribute *attribute(const char *name)
{
	struct attribute **a;

	for (a = tdi_sysfs_group.attrs; *a && strcmp((*a)->name, name); a++)
		;
	return container_of(*a, struct device_attribute, attr);
}

static ssize_t store(const char *name, const char *text)
{
	struct device_attribute *a = attribute(name);

	return a->store(&pdev->dev, a, text, strlen(text));
}

static void a_shutdown_unlocks_with_the_driver_bound(struct kunit *test)
{
	const char *tsm;

	ready(test, TDI_ACCEPT_FIRST);
	bind_driver(test, true);
	tdi_backend_shutdown(&fb->backend);
	KUNIT_EXPECT_NOT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->state, TDISP_CONFIG_UNLOCKED);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->mmio, 0);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	KUNIT_EXPECT_FALSE(test, can_map());
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LEAVE], 1);

	fake_forget(fb);
	tsm = dev_name(fb->backend.dev);
	KUNIT_EXPECT_EQ(test, store("connect", tsm), -ENODEV);
	KUNIT_EXPECT_EQ(test, store("lock", tsm), -ENODEV);
	KUNIT_EXPECT_EQ(test, store("unlock", tsm), -ENODEV);
	KUNIT_EXPECT_EQ(test, store("accept", "1"), -ENODEV);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	fake_driver_release(test);
}

static void a_shutdown_ends_recovery(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	tdi_backend_shutdown(&fb->backend);
	fake_forget(fb);
	tdi_watch_recover(tdi);
	lose_and_settle();
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], 0);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 0);
	to_fake(tdi)->state = TDISP_CONFIG_UNLOCKED;
}

static void recovery_stats_are_four_numbers(struct kunit *test)
{
	struct device_attribute *a = attribute("recovery_stats");
	char *page = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	page = PTR_ALIGN(page, PAGE_SIZE);
	ready(test, TDI_ACCEPT_FIRST);
	lose_and_settle();
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	lose_and_settle();
	KUNIT_ASSERT_GT(test, a->show(&pdev->dev, a, page), 0);
	KUNIT_EXPECT_STREQ(test, page, "losses 2\nrecovered 1\nchanged 0\nfailed 1\n");
}

static void recovery_is_chosen_by_its_words(struct kunit *test)
{
	ready(test, TDI_ACCEPT_FIRST);
	KUNIT_EXPECT_EQ(test, store("recovery", "stay-down\n"), 10);
	KUNIT_EXPECT_FALSE(test, tdi->recover);
	KUNIT_EXPECT_EQ(test, store("recovery", "recover"), 7);
	KUNIT_EXPECT_TRUE(test, tdi->recover);
	KUNIT_EXPECT_EQ(test, store("recovery", "1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, store("recovery", "recovery"), -EINVAL);
	KUNIT_EXPECT_TRUE(test, tdi->recover);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_same_device_is_accepted_again_accept_first),
	KUNIT_CASE(the_same_device_is_accepted_again_start_first),
	KUNIT_CASE(it_comes_back_as_often_as_it_is_lost),
	KUNIT_CASE(evidence_is_measured_anew),
	KUNIT_CASE(a_user_who_did_not_ask_for_it_finds_it_down),
	KUNIT_CASE(what_was_never_accepted_does_not_come_back),
	KUNIT_CASE(a_platform_that_never_answers_again_is_a_loss),
	KUNIT_CASE(one_answer_in_between_is_enough),
	KUNIT_CASE(what_user_space_approved_stays_approved),
	KUNIT_CASE(an_identity_that_nobody_vouches_for_any_more_is_refused),
	KUNIT_CASE_PARAM(another_device_is_not_accepted, other_gen_params),
	KUNIT_CASE_PARAM(a_step_that_fails_leaves_it_down, step_gen_params),
	KUNIT_CASE(what_cannot_be_reset_stays_down),
	KUNIT_CASE(it_is_tried_once_and_not_again),
	KUNIT_CASE(a_driver_that_handles_errors_stays_bound),
	KUNIT_CASE(it_maps_nothing_until_the_device_is_accepted_again),
	KUNIT_CASE(a_driver_without_handlers_is_released_and_comes_back),
	KUNIT_CASE(a_driver_that_gives_up_is_released_and_comes_back),
	KUNIT_CASE(a_driver_whose_msix_table_would_be_out_of_reach_is_released),
	KUNIT_CASE(a_driver_without_msix_stays_bound_there_too),
	KUNIT_CASE(a_driver_that_does_not_resume_is_released),
	KUNIT_CASE(a_driver_of_a_device_that_stays_away_is_released),
	KUNIT_CASE(a_driver_of_another_device_is_released),
	KUNIT_CASE(a_driver_without_handlers_does_not_come_back_to_nothing),
	KUNIT_CASE_PARAM(a_driver_whose_device_stays_down_is_released, kind_gen_params),
	KUNIT_CASE_PARAM(it_goes_while_recovery_runs, taker_gen_params),
	KUNIT_CASE_PARAM(it_goes_while_recovery_is_queued, taker_gen_params),
	KUNIT_CASE(unlock_comes_before_recovery),
	KUNIT_CASE(nobody_sleeps_while_a_device_is_locked),
	KUNIT_CASE(a_shutdown_unlocks_with_the_driver_bound),
	KUNIT_CASE(a_shutdown_ends_recovery),
	KUNIT_CASE(recovery_stats_are_four_numbers),
	KUNIT_CASE(recovery_is_chosen_by_its_words),
	{}
};

static struct kunit_suite suite = { .name = "tdi-recover", .test_cases = cases };
kunit_test_suite(suite);
