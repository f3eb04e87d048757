// SPDX-License-Identifier: GPL-2.0
/* mailbox.c: what goes through the doorbell, and what is made of what comes back. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../mailbox.h"
#include "fake_tsm.h"

#include <kunit/test.h>

static struct emu_mbox *mbox;
static struct emu_answer reply;
static struct pci_dev *pdev;
static u8 rsp[EMU_PAGE_SIZE];

/* fake_tsm.c looks at the offset in the page only. */
#define REGS	((void __iomem *)0x1000UL)

static void exit_mbox(void *unused)
{
	emu_mbox_exit(mbox, true);
}

static void prepare(struct kunit *test)
{
	const struct fake_desc desc = { .vendor = 0x1d15, .device = 0x99 };

	fake_tsm_reset();
	pdev = fake_pci_fn(fake_pci_new(test, &desc, 1), 0)->pdev;
	mbox = kunit_kzalloc(test, sizeof(*mbox), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mbox);
	mbox->timeout_ms = 20;
}

static void ready(struct kunit *test)
{
	prepare(test);
	KUNIT_ASSERT_EQ(test, emu_mbox_init(mbox, pdev, REGS), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_mbox, NULL), 0);
}

/* A call whose reply is 8 bytes, honest unless scripted. */
static int call(u16 nr, size_t *ret_len)
{
	fake_tsm.claimed = 0x1122334455667788ULL;
	return emu_mbox_call(mbox, nr, 7, "request", 8, rsp, 8, 8, ret_len, &reply);
}

static int ask(size_t *ret_len)
{
	return call(EMU_HOST_OBJECT_SIZE, ret_len);
}

/* --- the function -------------------------------------------------------------- */

static const struct function {
	const char *desc;
	u32 magic, abi, nr_slots;
	int err;
	unsigned int used;
} functions[] = {
	{ "version 2.0", 0x4d494454, 0x00020000, 16, 0, 16 },
	{ "a newer minor version", 0x4d494454, 0x00020007, 16, 0, 16 },
	{ "two slots", 0x4d494454, 0x00020000, 2, 0, 2 },
	{ "more slots than we use", 0x4d494454, 0x00020000, 60, 0, 16 },
	{ "2^32 - 1 slots", 0x4d494454, 0x00020000, U32_MAX, 0, 16 },
	{ "another major version", 0x4d494454, 0x00010000, 16, -ENODEV, 0 },
	{ "major version 0", 0x4d494454, 0x00000009, 16, -ENODEV, 0 },
	{ "another magic", 0x4d494455, 0x00020000, 16, -ENODEV, 0 },
	{ "a device that is gone", U32_MAX, U32_MAX, U32_MAX, -ENODEV, 0 },
	{ "one slot", 0x4d494454, 0x00020000, 1, -ENODEV, 0 },
	{ "no slots", 0x4d494454, 0x00020000, 0, -ENODEV, 0 },
};

KUNIT_ARRAY_PARAM_DESC(function, functions, desc);

static void only_a_mailbox_of_our_major_version_is_used(struct kunit *test)
{
	const struct function *f = test->param_value;

	prepare(test);
	fake_tsm.magic = f->magic;
	fake_tsm.abi = f->abi;
	fake_tsm.nr_slots = f->nr_slots;
	KUNIT_ASSERT_EQ(test, emu_mbox_init(mbox, pdev, REGS), f->err);
	if (f->err)
		return;
	KUNIT_EXPECT_EQ(test, mbox->nr_slots, f->used);
	emu_mbox_exit(mbox, true);
}

/* --- requests ------------------------------------------------------------------ */

static void a_request_says_who_asks_what(struct kunit *test)
{
	const struct fake_tsm_call *c;
	size_t len;

	ready(test);
	KUNIT_ASSERT_EQ(test, ask(&len), 0);
	KUNIT_EXPECT_EQ(test, len, 8);
	c = fake_tsm_last(EMU_HOST_OBJECT_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_EQ(test, c->handle, 7);
	KUNIT_EXPECT_EQ(test, c->len, 8);
	KUNIT_EXPECT_MEMEQ(test, c->payload, "request", 8);
}

static void what_is_answered_is_copied(struct kunit *test)
{
	static const u8 want[] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };

	ready(test);
	memset(rsp, 0, sizeof(rsp));
	KUNIT_ASSERT_EQ(test, ask(NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, rsp, want, sizeof(want));
	KUNIT_EXPECT_EQ(test, rsp[8], 0);
}

static void every_call_has_a_number_of_its_own(struct kunit *test)
{
	int i;

	ready(test);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, ask(NULL), 0);
	for (i = 1; i < 8; i++)
		KUNIT_EXPECT_NE(test, fake_tsm.log[i].seq, fake_tsm.log[i - 1].seq);
}

static void tsm_and_host_have_pages_of_their_own(struct kunit *test)
{
	const struct fake_tsm_call *host, *tsm;

	ready(test);
	KUNIT_ASSERT_EQ(test, ask(NULL), 0);
	KUNIT_ASSERT_EQ(test, emu_mbox_call(mbox, EMU_TSM_INFO, 0, NULL, 0, rsp, 32, 32, NULL,
					    &reply), 0);
	host = &fake_tsm.log[0];
	tsm = &fake_tsm.log[1];
	KUNIT_EXPECT_EQ(test, host->slot, tsm->slot);
	KUNIT_EXPECT_NE(test, host->request, tsm->request);
	KUNIT_EXPECT_NE(test, host->reply, tsm->reply);
	KUNIT_EXPECT_NE(test, host->request, host->reply);
}

static void conversions_have_a_slot_of_their_own(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, ask(NULL), 0);
	KUNIT_ASSERT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), 0);
	KUNIT_EXPECT_NE(test, fake_tsm.log[0].slot, 0);
	KUNIT_EXPECT_EQ(test, fake_tsm.log[1].slot, 0);
}

static void a_request_that_does_not_fit_is_not_sent(struct kunit *test)
{
	ready(test);
	KUNIT_EXPECT_EQ(test, emu_mbox_call(mbox, EMU_HOST_MEASURE, 0, rsp, EMU_MSG_MAX + 1, rsp,
					    0, 0, NULL, &reply), -EINVAL);
	KUNIT_EXPECT_EQ(test, emu_mbox_call(mbox, EMU_HOST_MEASURE, 0, rsp, 0, rsp, 0,
					    EMU_MSG_MAX + 1, NULL, &reply), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_tsm.nr, 0);
	KUNIT_EXPECT_EQ(test, emu_mbox_call(mbox, EMU_HOST_MEASURE, 0, rsp, EMU_MSG_MAX, rsp, 0,
					    0, NULL, &reply), 0);
}

/* --- answers ------------------------------------------------------------------- */

static const struct bad_answer {
	const char *desc;
	enum fake_answer how;
	const char *what;
} bad_answers[] = {
	{ "of another call", FAKE_OTHER_CALL, "reply's call" },
	{ "of another version", FAKE_OTHER_VERSION, "reply's version" },
	{ "of an earlier call", FAKE_OTHER_SEQ, "reply's sequence number" },
	{ "a byte too short", FAKE_SHORT, "reply's length, at least" },
	{ "a byte too long", FAKE_LONG, "reply's length, at most" },
	{ "2^32 - 1 bytes long", FAKE_HUGE, "reply's length, at most" },
	{ "none, but a fault", FAKE_FAULT, "mailbox status (fault)" },
};

KUNIT_ARRAY_PARAM_DESC(bad_answer, bad_answers, desc);

static void a_malformed_answer_leaves_no_trace(struct kunit *test)
{
	const struct bad_answer *b = test->param_value;
	size_t len = 77;

	ready(test);
	KUNIT_ASSERT_EQ(test, ask(NULL), 0);
	memset(rsp, 0x5a, sizeof(rsp));
	fake_tsm.at = 0xffff;
	fake_tsm.how = b->how;
	fake_tsm.fault = EMU_FAULT_REPLY_PAGE;
	KUNIT_EXPECT_EQ(test, ask(&len), -EIO);
	KUNIT_ASSERT_NOT_NULL(test, reply.what);
	KUNIT_EXPECT_STREQ(test, reply.what, b->what);
	KUNIT_EXPECT_NE(test, reply.expected, reply.found);
	KUNIT_EXPECT_EQ(test, len, 77);
	KUNIT_EXPECT_EQ(test, rsp[0], 0x5a);
	fake_tsm.how = FAKE_HONEST;
	KUNIT_EXPECT_EQ(test, ask(NULL), 0);
}

static const struct refusal {
	const char *desc;
	u32 status;
	int err;
} refusals[] = {
	{ "no such call", EMU_E_CALL, -EREMOTEIO },
	{ "bad parameter", EMU_E_PARAM, -EREMOTEIO },
	{ "not in this state", EMU_E_STATE, -EREMOTEIO },
	{ "no such TDI", EMU_E_TDI, -EREMOTEIO },
	{ "stale nonce", EMU_E_NONCE, -ESTALE },
	{ "not the range that was reported", EMU_E_RANGE, -EREMOTEIO },
	{ "wrong page ownership", EMU_E_PAGE, -EREMOTEIO },
	{ "busy", EMU_E_BUSY, -EBUSY },
	{ "device refused", EMU_E_DEVICE, -EREMOTEIO },
	{ "no such object", EMU_E_OBJECT, -EREMOTEIO },
	{ "denied by the host", EMU_E_DENIED, -EREMOTEIO },
	{ "not entered", EMU_E_NOT_ENTERED, -EREMOTEIO },
	{ "unknown status", 13, -EIO },
	{ "unknown status", U32_MAX - 1, -EIO },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

static void each_status_has_an_errno_and_a_name(struct kunit *test)
{
	const struct refusal *r = test->param_value;

	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_REFUSE;
	fake_tsm.status = r->status;
	KUNIT_EXPECT_EQ(test, ask(NULL), r->err);
	KUNIT_EXPECT_EQ(test, reply.status, r->status);
	KUNIT_EXPECT_STREQ(test, emu_status_name(reply.status), r->desc);
}

static void an_answer_within_bounds_has_its_length(struct kunit *test)
{
	size_t len = 0;

	ready(test);
	KUNIT_EXPECT_EQ(test, emu_mbox_call(mbox, EMU_HOST_OBJECT_SIZE, 0, rsp, 8, rsp, 0, 100,
					    &len, &reply), 0);
	KUNIT_EXPECT_EQ(test, len, 8);
}

/* --- no answers ---------------------------------------------------------------- */

static void no_answer_is_given_up_in_time(struct kunit *test)
{
	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	KUNIT_EXPECT_STREQ(test, reply.what, "answer within, ms");
	KUNIT_EXPECT_EQ(test, reply.expected, 20);
}

static void a_slot_that_was_aborted_is_used_again(struct kunit *test)
{
	int i;

	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_SILENT;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	fake_tsm.how = FAKE_HONEST;
	KUNIT_EXPECT_EQ(test, ask(NULL), 0);
	KUNIT_EXPECT_EQ(test, fake_tsm.log[3].slot, fake_tsm.log[0].slot);
}

static void a_slot_that_cannot_be_aborted_is_never_used_again(struct kunit *test)
{
	u32 dead;

	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_DEAF;
	KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	dead = fake_tsm.log[0].slot;
	fake_tsm.how = FAKE_HONEST;
	KUNIT_EXPECT_EQ(test, ask(NULL), 0);
	KUNIT_EXPECT_NE(test, fake_tsm.log[1].slot, dead);
	KUNIT_EXPECT_TRUE(test, mbox->slot[dead].dead);
	KUNIT_EXPECT_TRUE(test, test_bit(dead, mbox->busy));
}

static void without_slots_a_call_gives_up_too(struct kunit *test)
{
	unsigned int i, n;

	ready(test);
	mbox->timeout_ms = 1;
	n = mbox->nr_slots - 1;
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_DEAF;
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fake_tsm.nr, n);
	KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	KUNIT_EXPECT_STREQ(test, reply.what, "free mailbox slots, at least");
	KUNIT_EXPECT_EQ(test, fake_tsm.nr, n);
	/* Pages are converted all the same. */
	fake_tsm.how = FAKE_HONEST;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), 0);
}

/* --- conversions --------------------------------------------------------------- */

static void a_conversion_that_is_refused_says_so(struct kunit *test)
{
	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_REFUSE;
	fake_tsm.status = EMU_E_PAGE;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), -EREMOTEIO);
	fake_tsm.how = FAKE_FAULT;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), -EIO);
	fake_tsm.how = FAKE_OTHER_SEQ;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), -EIO);
	fake_tsm.how = FAKE_HONEST;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), 0);
}

static void a_silent_platform_costs_one_wait_in_any_context(struct kunit *test)
{
	unsigned int nr;

	ready(test);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), -ETIMEDOUT);
	nr = fake_tsm.nr;
	KUNIT_EXPECT_EQ(test, emu_mbox_convert(mbox, EMU_TSM_PAGE_SHARE, 0x1000, 1), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_tsm.nr, nr);
}

static void pages_that_may_still_be_written_are_not_freed(struct kunit *test)
{
	struct page *page;

	prepare(test);
	KUNIT_ASSERT_EQ(test, emu_mbox_init(mbox, pdev, REGS), 0);
	fake_tsm.at = 0xffff;
	fake_tsm.how = FAKE_DEAF;
	KUNIT_EXPECT_EQ(test, ask(NULL), -ETIMEDOUT);
	page = mbox->slot[fake_tsm.log[0].slot].reply[1];
	get_page(page);
	emu_mbox_exit(mbox, true);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	put_page(page);
	/* By the test, who knows that nobody writes. */
	__free_page(page);
	__free_page(mbox->slot[fake_tsm.log[0].slot].reply[0]);
	__free_page(mbox->slot[fake_tsm.log[0].slot].request[0]);
	__free_page(mbox->slot[fake_tsm.log[0].slot].request[1]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(only_a_mailbox_of_our_major_version_is_used, function_gen_params),
	KUNIT_CASE(a_request_says_who_asks_what),
	KUNIT_CASE(what_is_answered_is_copied),
	KUNIT_CASE(every_call_has_a_number_of_its_own),
	KUNIT_CASE(tsm_and_host_have_pages_of_their_own),
	KUNIT_CASE(conversions_have_a_slot_of_their_own),
	KUNIT_CASE(a_request_that_does_not_fit_is_not_sent),
	KUNIT_CASE_PARAM(a_malformed_answer_leaves_no_trace, bad_answer_gen_params),
	KUNIT_CASE_PARAM(each_status_has_an_errno_and_a_name, refusal_gen_params),
	KUNIT_CASE(an_answer_within_bounds_has_its_length),
	KUNIT_CASE(no_answer_is_given_up_in_time),
	KUNIT_CASE(a_slot_that_was_aborted_is_used_again),
	KUNIT_CASE(a_slot_that_cannot_be_aborted_is_never_used_again),
	KUNIT_CASE(without_slots_a_call_gives_up_too),
	KUNIT_CASE(a_conversion_that_is_refused_says_so),
	KUNIT_CASE(a_silent_platform_costs_one_wait_in_any_context),
	KUNIT_CASE(pages_that_may_still_be_written_are_not_freed),
	{}
};

static struct kunit_suite suite = { .name = "tdi-emu-mailbox", .test_cases = cases };
kunit_test_suite(suite);
