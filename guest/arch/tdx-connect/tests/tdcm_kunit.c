// SPDX-License-Identifier: GPL-2.0
/*
 * TDCM: what goes into the shared buffer, to the byte, and what may come out of it. A
 * section number is the fact sheet's, and T1 its source for all of this.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../../tests/fake_platform.h"
#include "../internal.h"
#include "fake_tdx.h"

static struct tdi *tdi;
static const struct tdi_backend_ops *ops;
static u8 answer[200];

static void remove_tdi(void *unused)
{
	ops->remove(tdi);
}

static void ready_with(struct kunit *test, bool events)
{
	static const struct fake_desc descs[] = {
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		  .bar_size = { EMU_MBOX_BAR_SIZE } },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true },
	};
	const struct fake_platform how = {
		.tsm_regs = fake_tdx_tsm_regs, .host_regs = fake_tdx_host_regs,
		.no_events = !events,
	};
	struct fake_pci *fake;
	unsigned int i;

	fake_tdx_reset();
	fake_core_err = 0;
	fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
	KUNIT_ASSERT_EQ(test, fake_platform_new(test, &fake_pci_fn(fake, 0)->pdev->dev, &how), 0);
	ops = fake_core_backend->ops;
	KUNIT_ASSERT_EQ(test, ops->enter(fake_core_backend), 0);
	tdi = ops->add(fake_core_backend, fake_pci_fn(fake, 1)->pdev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdi);
	tdi->pdev = fake_pci_fn(fake, 1)->pdev;
	tdi->backend = fake_core_backend;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_tdi, NULL), 0);
	for (i = 0; i < sizeof(answer); i++)
		answer[i] = i;
	fake_tdx.report = answer;
	fake_tdx.report_len = sizeof(answer);
	fake_tdx.nr = 0;
}

static void ready(struct kunit *test)
{
	ready_with(test, false);
}

/* One command whose answer has data, read to the end. */
static int ask(struct tdxc_copy *copy)
{
	*copy = (struct tdxc_copy) { };
	tdi->reason[0] = '\0';
	return tdxc_tdcm(tdi, TDX_TDCM_GET_TDI_REPORT, NULL, 0, 1, sizeof(answer), copy);
}

static void refused(struct kunit *test, int err, const char *reason)
{
	struct tdxc_copy copy;

	KUNIT_EXPECT_EQ(test, ask(&copy), err);
	KUNIT_EXPECT_NULL(test, copy.data);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(tdi->reason, reason), "%s", tdi->reason);
}

static void answered(struct kunit *test)
{
	struct tdxc_copy copy;

	KUNIT_ASSERT_EQ_MSG(test, ask(&copy), 0, "%s", tdi->reason);
	KUNIT_EXPECT_EQ(test, copy.len, sizeof(answer));
	KUNIT_EXPECT_MEMEQ(test, copy.data, answer, sizeof(answer));
	tdxc_copy_free(&copy);
}

/* --- to the byte --------------------------------------------------------------------- */

static const struct golden {
	const char *desc;
	enum tdx_tdcm_operation op;
	u8 bytes[20];
} goldens[] = {
	/* operation u16, version u8, 5 reserved, status 0 WAIT, error, 6 reserved, length u32 */
	{ "CHECK_TEEIO_SUPP", 1,
	  { 1, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
	{ "BIND", 2,
	  { 2, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
	{ "GET_DEV_INFO", 3,
	  { 3, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
	{ "GET_TDI_REPORT", 4,
	  { 4, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
	{ "START_TDI", 5,
	  { 5, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
	{ "UNBIND", 7,
	  { 7, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0 } },
};

KUNIT_ARRAY_PARAM_DESC(golden, goldens, desc);

static void a_command_is_these_bytes(struct kunit *test)
{
	const struct golden *g = test->param_value;
	const struct fake_tdx_call *call;
	struct tdxc_copy copy = { };

	ready(test);
	fake_tdx.info = answer;
	fake_tdx.info_len = sizeof(answer);
	KUNIT_ASSERT_EQ(test, tdxc_tdcm(tdi, g->op, NULL, 0, 0, sizeof(answer), &copy), 0);
	tdxc_copy_free(&copy);
	call = fake_tdx_last_tdcm(g->op);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_MEMEQ(test, call->cmd, g->bytes, 20);
}

static void a_nonce_comes_after_the_header(struct kunit *test)
{
	static const u8 header[20] = { 3, [16] = 32 };
	const struct fake_tdx_call *call;
	u8 nonce[TDI_NONCE_SIZE];

	ready(test);
	memset(nonce, 0xa7, sizeof(nonce));
	fake_tdx.info = answer;
	fake_tdx.info_len = sizeof(answer);
	ops->measure(tdi, nonce);
	call = fake_tdx_last_tdcm(3);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_MEMEQ(test, call->cmd, header, 20);
	KUNIT_EXPECT_MEMEQ(test, call->cmd + 20, nonce, 32);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(call->cmd + 52), 0);
}

/* 2.2: R10 0, R11 0x10007, R12 device, R13 buffer with the shared bit, R14 size, R15 vector. */
static void a_vmcall_is_these_registers(struct kunit *test)
{
	const u64 *r;

	ready(test);
	answered(test);
	r = fake_tdx.log[0].r;
	KUNIT_EXPECT_EQ(test, r[0], 0);
	/* The host sees R10 to R15, and nothing else of ours. */
	KUNIT_EXPECT_EQ(test, r[1], 0xfc00);
	KUNIT_EXPECT_EQ(test, r[2] | r[3] | r[5] | r[6] | r[7] | r[8] | r[9], 0);
	KUNIT_EXPECT_EQ(test, r[10], 0);
	KUNIT_EXPECT_EQ(test, r[11], 0x10007);
	KUNIT_EXPECT_EQ(test, r[12], pci_dev_id(tdi->pdev));
	KUNIT_EXPECT_EQ(test, r[13] >> 47, 1);
	KUNIT_EXPECT_EQ(test, r[13] & 4095, 0);
	KUNIT_EXPECT_EQ(test, r[14], 32 * 4096);
	KUNIT_EXPECT_EQ(test, r[15], 0);
}

static void a_vector_is_named_where_there_is_one(struct kunit *test)
{
	ready_with(test, true);
	answered(test);
	KUNIT_EXPECT_NE(test, fake_tdx.log[0].r[15], 0);
	KUNIT_EXPECT_LT(test, fake_tdx.log[0].r[15], 256);
}

static u8 seen[TDXC_TDCM_SIZE];

static void look(const struct fake_tdx_call *call)
{
	memcpy(seen, phys_to_virt(call->gpa), sizeof(seen));
}

static void nothing_of_an_old_answer_is_in_a_new_command(struct kunit *test)
{
	ready(test);
	answered(test);
	fake_tdx.before = look;
	KUNIT_ASSERT_EQ(test, tdxc_tdcm(tdi, TDX_TDCM_UNBIND, NULL, 0, 0, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, seen[0], 7);
	KUNIT_EXPECT_NULL(test, memchr_inv(seen + 1, 0, sizeof(seen) - 1));
}

/* --- what comes out ------------------------------------------------------------------ */

static const struct bad_header {
	const char *desc;
	struct tdx_tdcm_hdr hdr;
	int err;
	const char *reason;
} bad_headers[] = {
	{ "another operation", { .operation = cpu_to_le16(5), .status = 1,
	  .data_length = cpu_to_le32(8) }, -EIO, "operation: expected 4, found 5" },
	{ "operation's high byte", { .operation = cpu_to_le16(0x104), .status = 1,
	  .data_length = cpu_to_le32(8) }, -EIO, "found 260" },
	{ "another version", { .operation = cpu_to_le16(4), .version = 1, .status = 1,
	  .data_length = cpu_to_le32(8) }, -EIO, "version: expected 0, found 1" },
	{ "status 3", { .operation = cpu_to_le16(4), .status = 3,
	  .data_length = cpu_to_le32(8) }, -EIO, "expected 1, 0, found 3, 0" },
	{ "status 0xff", { .operation = cpu_to_le16(4), .status = 0xff,
	  .data_length = cpu_to_le32(8) }, -EIO, "found 255, 0" },
	{ "completed, and an error", { .operation = cpu_to_le16(4), .status = 1, .error = 10,
	  .data_length = cpu_to_le32(8) }, -EIO, "found 1, 10" },
	{ "error 10", { .operation = cpu_to_le16(4), .status = 2, .error = 10 },
	  -EREMOTEIO, "error 10 (TDX module)" },
	{ "error 11", { .operation = cpu_to_le16(4), .status = 2, .error = 11 },
	  -EREMOTEIO, "error 11 (TEE-IO device)" },
	{ "error 12", { .operation = cpu_to_le16(4), .status = 2, .error = 12 },
	  -EREMOTEIO, "error 12 (SPDM message)" },
	{ "error 13", { .operation = cpu_to_le16(4), .status = 2, .error = 13 },
	  -EREMOTEIO, "error 13 (IDE_KM message)" },
	{ "error 14", { .operation = cpu_to_le16(4), .status = 2, .error = 14 },
	  -EREMOTEIO, "error 14 (TDISP message)" },
	{ "error 15", { .operation = cpu_to_le16(4), .status = 2, .error = 15 },
	  -EREMOTEIO, "error 15 (invalid state)" },
	{ "an error that does not exist", { .operation = cpu_to_le16(4), .status = 2,
	  .error = 77 }, -EREMOTEIO, "error 77 (unknown error)" },
	{ "an error with data", { .operation = cpu_to_le16(4), .status = 2, .error = 14,
	  .data_length = cpu_to_le32(8) }, -EREMOTEIO, "error 14" },
};

KUNIT_ARRAY_PARAM_DESC(bad_header, bad_headers, desc);

static void a_header_that_is_not_the_commands_is_refused(struct kunit *test)
{
	const struct bad_header *bad = test->param_value;

	ready(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_HEADER;
	fake_tdx.header = bad->hdr;
	refused(test, bad->err, bad->reason);
	fake_tdx.how = FAKE_TDX_HONEST;
	answered(test);
}

static void a_length_out_of_bounds_is_refused(struct kunit *test)
{
	static const u32 lens[] = { 0, 201, 131052, 131053, 0x7fffffff, 0x80000000, U32_MAX };
	int i;

	ready(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_LENGTH;
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		fake_tdx.length = lens[i];
		refused(test, -EIO, "length: expected 1 to 200 bytes");
	}
	fake_tdx.how = FAKE_TDX_HONEST;
	answered(test);
}

static void a_command_that_has_no_answer_gets_none(struct kunit *test)
{
	ready(test);
	fake_tdx.at_ops = BIT(2);
	fake_tdx.how = FAKE_TDX_LENGTH;
	fake_tdx.length = 1;
	KUNIT_EXPECT_EQ(test, tdxc_tdcm(tdi, TDX_TDCM_BIND, NULL, 0, 0, 0, NULL), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "expected 0 to 0 bytes, found 1"));
}

static void more_than_a_buffer_holds_is_not_asked_for(struct kunit *test)
{
	struct tdxc_copy copy;

	ready(test);
	KUNIT_EXPECT_EQ(test, tdxc_tdcm(tdi, TDX_TDCM_BIND, answer, TDXC_TDCM_DATA_MAX + 1, 0, 0,
					NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, tdxc_tdcm(tdi, TDX_TDCM_GET_TDI_REPORT, NULL, 0, 1,
					TDXC_TDCM_DATA_MAX + 1, &copy), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 0);
}

static const struct bad_vmcall {
	const char *desc;
	enum fake_tdx_how how;
	u64 status;
	int err;
	unsigned int calls;
} bad_vmcalls[] = {
	{ "retry", FAKE_TDX_VMCALL, 1, -EBUSY, 8 },
	{ "invalid operand", FAKE_TDX_VMCALL, 0x8000000000000000ULL, -EREMOTEIO, 1 },
	{ "no such status", FAKE_TDX_VMCALL, 2, -EIO, 1 },
	{ "all ones", FAKE_TDX_VMCALL, ~0ULL, -EIO, 1 },
	{ "the module refuses", FAKE_TDX_RAX, 0xc000010000000001ULL, -EIO, 1 },
};

KUNIT_ARRAY_PARAM_DESC(bad_vmcall, bad_vmcalls, desc);

static void a_vmcall_that_fails_says_so(struct kunit *test)
{
	const struct bad_vmcall *bad = test->param_value;

	ready(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = bad->how;
	fake_tdx.status = bad->status;
	refused(test, bad->err, "status: expected 0, found");
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, bad->calls);
	fake_tdx.how = FAKE_TDX_HONEST;
	answered(test);
}

static void a_vmcall_may_be_tried_again_a_few_times(struct kunit *test)
{
	ready(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_VMCALL;
	fake_tdx.status = 1;
	fake_tdx.times = 5;
	answered(test);
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 6);
}

/* --- when ---------------------------------------------------------------------------- */

static void a_host_that_never_answers_is_not_waited_for_for_ever(struct kunit *test)
{
	ready(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_SILENT;
	refused(test, -ETIMEDOUT, "GET_TDI_REPORT: expected an answer within 200 ms, found none");
}

static void a_buffer_that_was_not_answered_in_is_never_used_again(struct kunit *test)
{
	const struct fake_tdx_call *silent;
	u64 dead;

	ready(test);
	answered(test);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_LATER;
	refused(test, -ETIMEDOUT, "found none");
	silent = &fake_tdx.log[1];
	dead = silent->gpa;
	KUNIT_EXPECT_EQ(test, dead, fake_tdx.log[0].gpa);
	fake_tdx.how = FAKE_TDX_HONEST;
	answered(test);
	answered(test);
	KUNIT_EXPECT_NE(test, fake_tdx.log[2].gpa, dead);
	KUNIT_EXPECT_EQ(test, fake_tdx.log[2].gpa, fake_tdx.log[3].gpa);
	/* The answer comes at last, and changes nothing of anybody's. */
	fake_tdx_answer(silent);
	answered(test);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 64);
}

static void a_host_cannot_have_all_memory_that_way(struct kunit *test)
{
	unsigned int i;

	ready_with(test, false);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_SILENT;
	for (i = 0; i < TDXC_TDCM_LEAKS_MAX; i++)
		refused(test, -ETIMEDOUT, "found none");
	fake_tdx.how = FAKE_TDX_HONEST;
	refused(test, -ETIMEDOUT, "expected fewer than 16, found 16");
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, TDXC_TDCM_LEAKS_MAX);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 16 * 32);
	/* But who waits has another try, for the host may be honest by now. */
	to_tdxc_tdi(tdi)->tdcm.last -= 61 * HZ;
	answered(test);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 17 * 32);
}

/* MapGPA is the host's, too: what it refuses may have been converted in part. */
static void nor_by_refusing_to_share_it(struct kunit *test)
{
	unsigned int i;

	ready(test);
	fake_platform.share_err = -EIO;
	for (i = 1; i <= TDXC_TDCM_LEAKS_MAX; i++) {
		refused(test, -EIO, "GET_TDI_REPORT: buffer: expected 131072 bytes to be shared");
		KUNIT_EXPECT_EQ(test, to_tdxc_tdi(tdi)->tdcm.leaked, i);
	}
	fake_platform.share_err = 0;
	refused(test, -ETIMEDOUT, "expected fewer than 16, found 16");
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 0);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
	to_tdxc_tdi(tdi)->tdcm.last -= 61 * HZ;
	answered(test);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 32);
}

static void what_nobody_was_asked_to_share_is_not_given_up(struct kunit *test)
{
	ready(test);
	fake_platform.share_err = -ENXIO;
	refused(test, -ENXIO, "buffer: expected 131072 bytes to be shared");
	KUNIT_EXPECT_EQ(test, to_tdxc_tdi(tdi)->tdcm.leaked, 0);
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 0);
	fake_platform.share_err = 0;
	answered(test);
}

/* Somebody who answers, and may say so. */
static struct late {
	struct delayed_work work;
	bool tell;
} late;

static void answer_late(struct work_struct *work)
{
	fake_tdx_answer(&fake_tdx.log[0]);
	if (late.tell)
		fake_platform.event(fake_platform.event_data);
}

static void late_answer(struct kunit *test, bool events, bool tell)
{
	struct tdxc_copy copy;
	ktime_t begin;
	int err;

	ready_with(test, events);
	late.tell = tell;
	INIT_DELAYED_WORK_ONSTACK(&late.work, answer_late);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_LATER;
	begin = ktime_get();
	schedule_delayed_work(&late.work, msecs_to_jiffies(50));
	err = ask(&copy);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), begin), 40);
	cancel_delayed_work_sync(&late.work);
	destroy_delayed_work_on_stack(&late.work);
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "%s", tdi->reason);
	KUNIT_EXPECT_MEMEQ(test, copy.data, answer, sizeof(answer));
	tdxc_copy_free(&copy);
}

static void an_answer_that_takes_its_time_is_polled_for(struct kunit *test)
{
	late_answer(test, false, false);
}

static void an_answer_with_an_event_is_taken(struct kunit *test)
{
	late_answer(test, true, true);
}

static void an_answer_whose_event_is_withheld_is_found(struct kunit *test)
{
	late_answer(test, true, false);
}

static int storm(void *unused)
{
	while (!kthread_should_stop()) {
		fake_platform.event(fake_platform.event_data);
		usleep_range(50, 100);
	}
	return 0;
}

static void events_for_nothing_neither_hurt_nor_delay(struct kunit *test)
{
	struct task_struct *task;

	ready_with(test, true);
	task = kthread_run(storm, NULL, "tdx-storm");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	fake_tdx.at_ops = BIT(4);
	fake_tdx.how = FAKE_TDX_SILENT;
	refused(test, -ETIMEDOUT, "within 200 ms");
	fake_tdx.how = FAKE_TDX_HONEST;
	answered(test);
	kthread_stop(task);
}

/* The host rewrites length and data while they are looked at. */
static int flip(void *unused)
{
	unsigned int n = 0;

	while (!kthread_should_stop()) {
		struct tdx_tdcm_hdr *hdr = to_tdxc_tdi(tdi)->tdcm.buf;

		if (hdr && READ_ONCE(hdr->status) == TDX_TDCM_COMPLETED)
			WRITE_ONCE(*(u32 *)&hdr->data_length,
				   ++n & 1 ? 0x7fffffff : sizeof(answer));
		cpu_relax();
		if (!(n & 0xff))
			cond_resched();
	}
	return 0;
}

static void a_length_that_changes_is_read_once(struct kunit *test)
{
	unsigned int i, good = 0, bad = 0;
	struct task_struct *task;
	struct tdxc_copy copy;

	ready(test);
	answered(test);
	task = kthread_run(flip, NULL, "tdx-flip");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	/* One of two lengths, never a mixture of the one checked and the one used. */
	for (i = 0; i < 300; i++) {
		switch (ask(&copy)) {
		case 0:
			good += copy.len == sizeof(answer);
			tdxc_copy_free(&copy);
			break;
		case -EIO:
			bad += !!strstr(tdi->reason, "found 2147483647");
			break;
		}
		fake_tdx.nr = 0;
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, good + bad, 300);
}

static struct kunit_case tdcm_cases[] = {
	KUNIT_CASE_PARAM(a_command_is_these_bytes, golden_gen_params),
	KUNIT_CASE(a_nonce_comes_after_the_header),
	KUNIT_CASE(a_vmcall_is_these_registers),
	KUNIT_CASE(a_vector_is_named_where_there_is_one),
	KUNIT_CASE(nothing_of_an_old_answer_is_in_a_new_command),
	KUNIT_CASE_PARAM(a_header_that_is_not_the_commands_is_refused, bad_header_gen_params),
	KUNIT_CASE(a_length_out_of_bounds_is_refused),
	KUNIT_CASE(a_command_that_has_no_answer_gets_none),
	KUNIT_CASE(more_than_a_buffer_holds_is_not_asked_for),
	KUNIT_CASE_PARAM(a_vmcall_that_fails_says_so, bad_vmcall_gen_params),
	KUNIT_CASE(a_vmcall_may_be_tried_again_a_few_times),
	KUNIT_CASE(a_host_that_never_answers_is_not_waited_for_for_ever),
	KUNIT_CASE(a_buffer_that_was_not_answered_in_is_never_used_again),
	KUNIT_CASE(a_host_cannot_have_all_memory_that_way),
	KUNIT_CASE(nor_by_refusing_to_share_it),
	KUNIT_CASE(what_nobody_was_asked_to_share_is_not_given_up),
	KUNIT_CASE(an_answer_that_takes_its_time_is_polled_for),
	KUNIT_CASE(an_answer_with_an_event_is_taken),
	KUNIT_CASE(an_answer_whose_event_is_withheld_is_found),
	KUNIT_CASE(events_for_nothing_neither_hurt_nor_delay),
	KUNIT_CASE(a_length_that_changes_is_read_once),
	{}
};

static struct kunit_suite tdcm_suite = { .name = "tdi-tdx-connect-tdcm", .test_cases = tdcm_cases };
kunit_test_suite(tdcm_suite);
