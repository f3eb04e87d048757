// SPDX-License-Identifier: GPL-2.0
/*
 * Loss and recovery, with a host that would like another device to be resumed, or this
 * one to go on reaching memory. Each test tries one way; none may lead there.
 */
#include <linux/delay.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct fake_tdi *ft;
static struct fake_fn *fn;
static struct pci_dev *pdev;
static struct tdi *tdi;

static void ready(struct kunit *test)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	ft = to_fake(tdi);
	fn = fake_fn(fb, FAKE_SLOT_TDI);
	pdev = fn->pdev;
	tdi->recover = false;
}

static void look(struct kunit *test)
{
	enum tdisp_state unused;

	KUNIT_ASSERT_EQ(test, tdi_read_state(tdi, &unused), 0);
}

static int recover(void)
{
	guard(device)(&pdev->dev);
	return tdi_recover(tdi);
}

/* --- what is resumed ---------------------------------------------------------------- */

/* Fake functions have no reset, which is as far as a recovery that is begun gets here. */
static void what_was_never_accepted_is_not_recovered(struct kunit *test)
{
	unsigned int locks;

	ready(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, tdi->state, TDI_ATTESTED);
	ft->state = TDISP_ERROR;
	look(test);
	KUNIT_ASSERT_EQ(test, tdi->state, TDI_ERROR);
	locks = fb->calls[FAKE_UNLOCK];
	/* As the work of an earlier loss would that comes late. */
	KUNIT_EXPECT_EQ(test, recover(), -EINVAL);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], locks);
	KUNIT_EXPECT_EQ(test, tdi->losses.failed, 0);
}

static void what_was_accepted_is(struct kunit *test)
{
	ready(test);
	fake_bring_to(test, tdi, TDI_ERROR);
	KUNIT_EXPECT_NE(test, recover(), -EINVAL);
	/* And what came of that, if anything, was not. */
	KUNIT_EXPECT_EQ(test, recover(), -EINVAL);
}

/* Accepted as generation one; what does the next one get? */
static int compared(struct kunit *test, enum tdi_identity *ret)
{
	struct tdi_evidence *old;
	int err;

	guard(device)(&pdev->dev);
	guard(mutex)(&tdi->lock);
	old = tdi->evidence;
	tdi->evidence = tdi_evidence_collect(tdi);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tdi->evidence));
	tdi->reason[0] = '\0';
	err = tdi_evidence_same(tdi, old, tdi->evidence);
	*ret = tdi->evidence->identity;
	tdi_evidence_free(old);
	return err;
}

static void approved(struct kunit *test)
{
	ready(test);
	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
}

static void approval_outlives_a_loss_if_the_same_signed(struct kunit *test)
{
	enum tdi_identity identity;

	approved(test);
	KUNIT_EXPECT_EQ(test, compared(test, &identity), 0);
	KUNIT_EXPECT_EQ(test, identity, TDI_IDENTITY_APPROVED);
}

/*
 * An algorithm that the kernel does not have: user space verified the signature, of the
 * generation that it approved. Certificates and values of another are repeated easily.
 */
static void approval_is_not_for_a_signature_that_nobody_verified(struct kunit *test)
{
	enum tdi_identity identity;

	fake_signed = false;
	approved(test);
	fake_signed = false;
	KUNIT_EXPECT_EQ(test, compared(test, &identity), -ENOKEY);
	KUNIT_EXPECT_EQ(test, identity, TDI_IDENTITY_UNVERIFIED);
	KUNIT_EXPECT_TRUE_MSG(test, !!strstr(tdi->reason, "signature"), "%s", tdi->reason);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(what_was_never_accepted_is_not_recovered),
	KUNIT_CASE(what_was_accepted_is),
	KUNIT_CASE(approval_outlives_a_loss_if_the_same_signed),
	KUNIT_CASE(approval_is_not_for_a_signature_that_nobody_verified),
	{}
};

static struct kunit_suite suite = { .name = "tdi-hostile-guard", .test_cases = cases };
kunit_test_suite(suite);
