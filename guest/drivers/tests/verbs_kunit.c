// SPDX-License-Identifier: GPL-2.0
/*
 * tdi.c: what each verb does to a TDI in each state, in both platforms' orders,
 * and what is left when a step of it fails.
 */
#include "fake_backend.h"

static const enum tdi_order orders[] = { TDI_ACCEPT_FIRST, TDI_START_FIRST };

static void order_desc(const enum tdi_order *order, char *desc)
{
	strscpy(desc, *order == TDI_ACCEPT_FIRST ? "accept first" : "start first",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static enum tdi_order order_of(struct kunit *test)
{
	return *(const enum tdi_order *)test->param_value;
}

static struct fake_backend *ready(struct kunit *test)
{
	return fake_backend_ready(test, test->param_value ? order_of(test) : TDI_ACCEPT_FIRST);
}

static struct tdi *first(struct fake_backend *fb)
{
	return fake_tdi_at(fb, FAKE_SLOT_TDI);
}

/* --- the way that works ------------------------------------------------------ */

static void connect_leads_to_run_with_private_dma(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	fake_expect_pristine(test, tdi);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->state, TDISP_RUN);
	KUNIT_EXPECT_TRUE(test, to_fake(tdi)->dma_enabled);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_DIRECT);
	KUNIT_EXPECT_TRUE(test, tdi_is_accepted(tdi));
	fake_expect_result(test, tdi, "connect: ok");
}

static void connect_asks_the_platform_in_its_order(struct kunit *test)
{
	static const u8 accept_first[] = {
		FAKE_MMIO_ACCEPT, FAKE_MMIO_ACCEPT, FAKE_DMA_ENABLE, FAKE_START,
	};
	static const u8 start_first[] = {
		FAKE_START, FAKE_MMIO_ACCEPT, FAKE_MMIO_ACCEPT, FAKE_DMA_ENABLE,
	};
	const u8 *want = order_of(test) == TDI_ACCEPT_FIRST ? accept_first : start_first;
	struct fake_backend *fb = ready(test);
	unsigned int i, n = 0;

	KUNIT_ASSERT_EQ(test, fake_connect(first(fb)), 0);
	KUNIT_ASSERT_LT(test, fb->nr_log, FAKE_NR_LOG);
	KUNIT_EXPECT_EQ(test, fb->log[0], FAKE_LOCK);
	for (i = 0; i < fb->nr_log; i++) {
		u8 op = fb->log[i];

		if (op != FAKE_MMIO_ACCEPT && op != FAKE_DMA_ENABLE && op != FAKE_START)
			continue;
		KUNIT_ASSERT_LT(test, n, 4);
		KUNIT_EXPECT_EQ(test, op, want[n++]);
	}
	KUNIT_EXPECT_EQ(test, n, 4);
}

static void the_state_is_read_back_after_every_step(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, fake_connect(first(fb)), 0);
	for (i = 0; i < fb->nr_log; i++)
		if (fb->log[i] == FAKE_LOCK || fb->log[i] == FAKE_MEASURE ||
		    fb->log[i] == FAKE_START || fb->log[i] == FAKE_DMA_ENABLE)
			KUNIT_EXPECT_EQ(test, fb->log[i + 1], FAKE_INFO);
	KUNIT_EXPECT_EQ(test, fb->log[fb->nr_log - 1], FAKE_INFO);
}

static void firmware_updates_are_forbidden_by_the_lock(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->lock_flags, TDISP_LOCK_NO_FW_UPDATE);
}

static void lock_stops_at_verified_evidence(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ATTESTED);
	KUNIT_EXPECT_NOT_NULL(test, tdi->evidence);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->mmio, 0);
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
}

static void lock_then_accept_is_connect(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_accept(tdi, 0), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_DIRECT);
}

static void unlock_makes_a_shared_device_of_a_running_one(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void unlock_undoes_lock(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void dma_stops_before_the_device_is_unlocked(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_forget(fb);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_ASSERT_GE(test, fb->nr_log, 3);
	KUNIT_EXPECT_EQ(test, fb->log[0], FAKE_DMA_DISABLE);
	KUNIT_EXPECT_EQ(test, fb->log[1], FAKE_MMIO_RELEASE);
	KUNIT_EXPECT_EQ(test, fb->log[2], FAKE_UNLOCK);
}

static void connect_works_again_and_again(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));
	int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
		KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	}
	fake_expect_pristine(test, tdi);
}

static void two_devices_do_not_touch_each_other(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *a = first(fb), *b = fake_tdi_at(fb, FAKE_SLOT_TDI2);

	KUNIT_ASSERT_EQ(test, fake_connect(a), 0);
	fake_expect_pristine(test, b);
	KUNIT_ASSERT_EQ(test, fake_connect(b), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(a), 0);
	fake_expect_pristine(test, a);
	KUNIT_EXPECT_EQ(test, b->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, b->dma.mode, TDI_DMA_DIRECT);
}

/* --- verbs in states that do not allow them ---------------------------------- */

enum verb { CONNECT, LOCK, ACCEPT, APPROVE, UNLOCK };

static const struct refusal {
	const char *desc;
	enum tdi_state state;
	enum verb verb;
	int err;
} refusals[] = {
	{ "accept while unlocked", TDI_UNLOCKED, ACCEPT, -EINVAL },
	{ "approve while unlocked", TDI_UNLOCKED, APPROVE, -EINVAL },
	{ "unlock while unlocked", TDI_UNLOCKED, UNLOCK, -EINVAL },
	{ "connect while attested", TDI_ATTESTED, CONNECT, -EBUSY },
	{ "lock while attested", TDI_ATTESTED, LOCK, -EBUSY },
	{ "connect while in RUN", TDI_RUN, CONNECT, -EBUSY },
	{ "lock while in RUN", TDI_RUN, LOCK, -EBUSY },
	{ "connect in ERROR", TDI_ERROR, CONNECT, -EBUSY },
	{ "lock in ERROR", TDI_ERROR, LOCK, -EBUSY },
	{ "accept in ERROR", TDI_ERROR, ACCEPT, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

static int do_verb(struct tdi *tdi, enum verb verb)
{
	switch (verb) {
	case CONNECT:
		return fake_connect(tdi);
	case LOCK:
		return fake_lock(tdi);
	case ACCEPT:
		return fake_accept(tdi, 0);
	case APPROVE:
		return fake_approve(tdi, 1);
	case UNLOCK:
		return fake_unlock(tdi);
	}
	return 0;
}

static void a_verb_in_the_wrong_state_changes_nothing(struct kunit *test)
{
	const struct refusal *r = test->param_value;
	struct fake_backend *fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	struct tdi *tdi = first(fb);
	enum tdi_dma_mode mode;
	struct tdi_evidence *ev;

	fake_bring_to(test, tdi, r->state);
	mode = tdi->dma.mode;
	ev = tdi->evidence;
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, do_verb(tdi, r->verb), r->err);
	KUNIT_EXPECT_EQ(test, tdi->state, r->state);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, mode);
	KUNIT_EXPECT_PTR_EQ(test, tdi->evidence, ev);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	fake_expect_result(test, tdi, "expected");
}

static const struct bound {
	const char *desc;
	enum tdi_state state;
	enum verb verb;
} bounds[] = {
	{ "connect", TDI_UNLOCKED, CONNECT },
	{ "lock", TDI_UNLOCKED, LOCK },
	{ "accept", TDI_ATTESTED, ACCEPT },
	{ "unlock, attested", TDI_ATTESTED, UNLOCK },
	{ "unlock, in RUN", TDI_RUN, UNLOCK },
	{ "unlock, in ERROR", TDI_ERROR, UNLOCK },
};

KUNIT_ARRAY_PARAM_DESC(bound, bounds, desc);

static void a_verb_with_a_driver_bound_is_refused(struct kunit *test)
{
	const struct bound *b = test->param_value;
	struct fake_backend *fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	struct tdi *tdi = first(fb);

	fake_bring_to(test, tdi, b->state);
	fake_driver_bind(test);
	KUNIT_ASSERT_NOT_NULL(test, tdi->pdev->dev.driver);
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, do_verb(tdi, b->verb), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdi->state, b->state);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	fake_expect_result(test, tdi, "driver: expected none, found tdi-fake-driver");
	fake_driver_release(test);
}

static void accept_of_what_was_accepted_is_ok_and_grants_nothing_more(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, tdi->evidence->generation), 0);
	KUNIT_EXPECT_EQ(test, fb->nr_log, fb->calls[FAKE_INFO]);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
}

static void accept_of_what_is_not_accepted_any_more_is_refused(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	to_fake(tdi)->state = TDISP_CONFIG_UNLOCKED;
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
}

static void accept_of_another_generation_is_stale(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);
	u64 published;

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	published = tdi->evidence->generation;
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, published + 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, published - 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ATTESTED);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, published), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
}

/* --- a step that fails ------------------------------------------------------- */

/* The calls of a connect, one by one: the kind, and how many of it come before. */
static const struct step {
	const char *desc;
	enum fake_op op;
	unsigned int after;
} steps[] = {
	{ "LOCK", FAKE_LOCK, 0 },
	{ "reading the state after LOCK", FAKE_INFO, 0 },
	{ "measuring", FAKE_MEASURE, 0 },
	{ "reading the state after measuring", FAKE_INFO, 1 },
	{ "the size of the first object", FAKE_OBJECT_SIZE, 0 },
	{ "the size of the last object", FAKE_OBJECT_SIZE, TDI_NR_OBJECTS - 1 },
	{ "reading the first object", FAKE_OBJECT_READ, 0 },
	{ "reading the last object", FAKE_OBJECT_READ, TDI_NR_OBJECTS - 1 },
	{ "reading the state after collecting", FAKE_INFO, 2 },
	{ "reading the state before accepting", FAKE_INFO, 3 },
	{ "accepting the first range", FAKE_MMIO_ACCEPT, 0 },
	{ "accepting the last range", FAKE_MMIO_ACCEPT, 1 },
	{ "enabling DMA", FAKE_DMA_ENABLE, 0 },
	/* The order of these depends on the platform's. */
	{ "START", FAKE_START, 0 },
	{ "reading the DMA mode, or the state after START", FAKE_INFO, 4 },
	{ "reading the state after START, or the DMA mode", FAKE_INFO, 5 },
	{ "reading the state at the end", FAKE_INFO, 6 },
};

KUNIT_ARRAY_PARAM_DESC(step, steps, desc);

static void undone(struct kunit *test, enum tdi_order order)
{
	const struct step *step = test->param_value;
	struct fake_backend *fb = fake_backend_ready(test, order);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);

	fb->once = true;
	fake_fail(fb, step->op, -EREMOTEIO, step->after);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fb->err[step->op], 0);
	fake_expect_pristine(test, tdi);
	fake_expect_result(test, tdi, "connect: fake: expected success");

	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
}

static void a_step_that_fails_undoes_connect_accept_first(struct kunit *test)
{
	undone(test, TDI_ACCEPT_FIRST);
}

static void a_step_that_fails_undoes_connect_start_first(struct kunit *test)
{
	undone(test, TDI_START_FIRST);
}

static void not_undone(struct kunit *test, enum tdi_order order)
{
	const struct step *step = test->param_value;
	struct fake_backend *fb = fake_backend_ready(test, order);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);

	fake_fail(fb, step->op, -EREMOTEIO, step->after);
	fake_fail(fb, FAKE_UNLOCK, -ETIMEDOUT, 0);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	/* A LOCK that was refused left nothing to undo: the TSM says so. */
	if (step->op != FAKE_LOCK) {
		KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
		KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	}
	KUNIT_EXPECT_FALSE(test, tdi_is_accepted(tdi));
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);

	fake_truth(fb);
	if (tdi->state == TDI_ERROR)
		KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void an_undo_that_fails_leaves_error_and_no_dma_accept_first(struct kunit *test)
{
	not_undone(test, TDI_ACCEPT_FIRST);
}

static void an_undo_that_fails_leaves_error_and_no_dma_start_first(struct kunit *test)
{
	not_undone(test, TDI_START_FIRST);
}

static void a_failed_accept_unlocks(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	fb->once = true;
	fake_fail(fb, FAKE_DMA_ENABLE, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -EREMOTEIO);
	fake_expect_pristine(test, tdi);
}

static void the_first_reason_counts(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	fake_fail(fb, FAKE_LOCK, -EBUSY, 0);
	fake_fail(fb, FAKE_UNLOCK, -ETIMEDOUT, 0);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EBUSY);
	fake_expect_result(test, tdi, "found -16");
}

static void a_step_without_a_reason_says_so(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	fb->mute = true;
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	fake_expect_result(test, tdi, "no reason given");
}

/* --- a host whose word is worth nothing -------------------------------------- */

static enum fake_op skipped;
static enum tdisp_state skipped_state;

/* The call succeeds, and afterwards the TSM says something else. */
static void pretend(struct fake_tdi *ft, enum fake_op op)
{
	struct fake_backend *fb = to_fake_backend(ft->tdi.backend);

	if (op == FAKE_INFO && fb->nr_log && fb->log[fb->nr_log - 1] == skipped)
		ft->state = skipped_state;
}

static void a_lock_that_did_not_happen_is_noticed(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	skipped = FAKE_LOCK;
	skipped_state = TDISP_CONFIG_UNLOCKED;
	fb->before = pretend;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	fake_expect_result(test, tdi, "expected CONFIG_LOCKED, found CONFIG_UNLOCKED (TSM)");
	fake_expect_pristine(test, tdi);
}

static void a_start_that_did_not_happen_is_noticed(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	skipped = FAKE_START;
	skipped_state = TDISP_CONFIG_LOCKED;
	fb->before = pretend;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	fake_expect_result(test, tdi, "expected RUN, found CONFIG_LOCKED (TSM)");
	fake_expect_pristine(test, tdi);
}

static void an_unlock_that_did_not_happen_is_an_error(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	skipped = FAKE_UNLOCK;
	skipped_state = TDISP_RUN;
	fb->before = pretend;
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	fb->before = NULL;
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void an_unlock_that_the_host_denies_counts_if_the_tsm_confirms_it(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	to_fake(tdi)->state = TDISP_CONFIG_UNLOCKED;
	fake_fail(fb, FAKE_UNLOCK, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
}

static const struct surprise {
	const char *desc;
	enum tdi_state state;
	enum tdisp_state found;
	bool error;
} surprises[] = {
	{ "unlocked, found CONFIG_LOCKED", TDI_UNLOCKED, TDISP_CONFIG_LOCKED, true },
	{ "unlocked, found RUN", TDI_UNLOCKED, TDISP_RUN, true },
	{ "attested, found CONFIG_LOCKED", TDI_ATTESTED, TDISP_CONFIG_LOCKED, false },
	{ "attested, found CONFIG_UNLOCKED", TDI_ATTESTED, TDISP_CONFIG_UNLOCKED, true },
	{ "attested, found RUN", TDI_ATTESTED, TDISP_RUN, true },
	{ "attested, found ERROR", TDI_ATTESTED, TDISP_ERROR, true },
	{ "in RUN, found RUN", TDI_RUN, TDISP_RUN, false },
	{ "in RUN, found CONFIG_LOCKED", TDI_RUN, TDISP_CONFIG_LOCKED, true },
	{ "in RUN, found CONFIG_UNLOCKED", TDI_RUN, TDISP_CONFIG_UNLOCKED, true },
	{ "in RUN, found ERROR", TDI_RUN, TDISP_ERROR, true },
};

KUNIT_ARRAY_PARAM_DESC(surprise, surprises, desc);

static void a_state_that_surprises_is_an_error_when_it_is_read(struct kunit *test)
{
	const struct surprise *s = test->param_value;
	struct fake_backend *fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	struct tdi *tdi = first(fb);
	enum tdisp_state found;

	fake_bring_to(test, tdi, s->state);
	to_fake(tdi)->state = s->found;
	KUNIT_EXPECT_EQ(test, tdi_read_state(tdi, &found), 0);
	KUNIT_EXPECT_EQ(test, found, s->found);
	KUNIT_EXPECT_EQ(test, tdi->state, s->error ? TDI_ERROR : s->state);
	if (s->error)
		KUNIT_EXPECT_FALSE(test, tdi_is_accepted(tdi));
}

static void a_state_that_cannot_be_read_is_no_surprise(struct kunit *test)
{
	struct fake_backend *fb = ready(test);
	struct tdi *tdi = first(fb);
	enum tdisp_state found = 77;

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_fail(fb, FAKE_INFO, -ETIMEDOUT, 0);
	KUNIT_EXPECT_EQ(test, tdi_read_state(tdi, &found), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, found, 77);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
}

/* --- who vouches ------------------------------------------------------------- */

static void an_unverified_identity_is_not_connected(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -ENOKEY);
	fake_expect_result(test, tdi, "fake: nobody vouches");
	fake_expect_pristine(test, tdi);
}

static void an_unverified_identity_stays_locked_for_a_verifier(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -ENOKEY);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ATTESTED);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->mmio, 0);
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
}

static void an_approved_identity_is_accepted(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
	KUNIT_EXPECT_EQ(test, tdi->evidence->identity, TDI_IDENTITY_APPROVED);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), 0);
	fake_expect_result(test, tdi, "approved by user space");
}

static void an_approval_names_the_generation(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));
	u64 first_generation;

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	first_generation = tdi->evidence->generation;
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_approve(tdi, first_generation), -ESTALE);
	KUNIT_EXPECT_EQ(test, tdi->evidence->identity, TDI_IDENTITY_UNVERIFIED);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -ENOKEY);
}

static void an_approval_ends_with_the_lock(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -ENOKEY);
}

static void an_approval_does_not_lower_a_verified_identity(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
	KUNIT_EXPECT_EQ(test, tdi->evidence->identity, TDI_IDENTITY_VERIFIED);
}

static void policy_can_leave_identity_out(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity = TDI_IDENTITY_UNVERIFIED;
	tdi_allow_unverified = true;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
	fake_expect_result(test, tdi, "NOT verified");
}

static void a_wrong_signature_is_never_accepted(struct kunit *test)
{
	struct tdi *tdi = first(ready(test));

	fake_identity_err = -EKEYREJECTED;
	tdi_allow_unverified = true;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EKEYREJECTED);
	fake_expect_pristine(test, tdi);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(connect_leads_to_run_with_private_dma, order_gen_params),
	KUNIT_CASE_PARAM(connect_asks_the_platform_in_its_order, order_gen_params),
	KUNIT_CASE_PARAM(the_state_is_read_back_after_every_step, order_gen_params),
	KUNIT_CASE(firmware_updates_are_forbidden_by_the_lock),
	KUNIT_CASE_PARAM(lock_stops_at_verified_evidence, order_gen_params),
	KUNIT_CASE_PARAM(lock_then_accept_is_connect, order_gen_params),
	KUNIT_CASE_PARAM(unlock_makes_a_shared_device_of_a_running_one, order_gen_params),
	KUNIT_CASE(unlock_undoes_lock),
	KUNIT_CASE(dma_stops_before_the_device_is_unlocked),
	KUNIT_CASE_PARAM(connect_works_again_and_again, order_gen_params),
	KUNIT_CASE(two_devices_do_not_touch_each_other),
	KUNIT_CASE_PARAM(a_verb_in_the_wrong_state_changes_nothing, refusal_gen_params),
	KUNIT_CASE_PARAM(a_verb_with_a_driver_bound_is_refused, bound_gen_params),
	KUNIT_CASE(accept_of_what_was_accepted_is_ok_and_grants_nothing_more),
	KUNIT_CASE(accept_of_what_is_not_accepted_any_more_is_refused),
	KUNIT_CASE(accept_of_another_generation_is_stale),
	KUNIT_CASE_PARAM(a_step_that_fails_undoes_connect_accept_first, step_gen_params),
	KUNIT_CASE_PARAM(a_step_that_fails_undoes_connect_start_first, step_gen_params),
	KUNIT_CASE_PARAM(an_undo_that_fails_leaves_error_and_no_dma_accept_first,
			 step_gen_params),
	KUNIT_CASE_PARAM(an_undo_that_fails_leaves_error_and_no_dma_start_first, step_gen_params),
	KUNIT_CASE_PARAM(a_failed_accept_unlocks, order_gen_params),
	KUNIT_CASE(the_first_reason_counts),
	KUNIT_CASE(a_step_without_a_reason_says_so),
	KUNIT_CASE(a_lock_that_did_not_happen_is_noticed),
	KUNIT_CASE_PARAM(a_start_that_did_not_happen_is_noticed, order_gen_params),
	KUNIT_CASE(an_unlock_that_did_not_happen_is_an_error),
	KUNIT_CASE(an_unlock_that_the_host_denies_counts_if_the_tsm_confirms_it),
	KUNIT_CASE_PARAM(a_state_that_surprises_is_an_error_when_it_is_read, surprise_gen_params),
	KUNIT_CASE(a_state_that_cannot_be_read_is_no_surprise),
	KUNIT_CASE_PARAM(an_unverified_identity_is_not_connected, order_gen_params),
	KUNIT_CASE(an_unverified_identity_stays_locked_for_a_verifier),
	KUNIT_CASE(an_approved_identity_is_accepted),
	KUNIT_CASE(an_approval_names_the_generation),
	KUNIT_CASE(an_approval_ends_with_the_lock),
	KUNIT_CASE(an_approval_does_not_lower_a_verified_identity),
	KUNIT_CASE(policy_can_leave_identity_out),
	KUNIT_CASE(a_wrong_signature_is_never_accepted),
	{}
};

static struct kunit_suite suite = { .name = "tdi-verbs", .test_cases = cases };
kunit_test_suite(suite);
