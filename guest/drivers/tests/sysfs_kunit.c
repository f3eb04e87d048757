// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c: which text is accepted by which attribute in which state, with which
 * errno if not, and what is read. The table is Documentation/ABI's.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct tdi *tdi;
static struct device *dev;
static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

static void ready(struct kunit *test, enum tdi_state state)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	dev = &tdi->pdev->dev;
	fake_bring_to(test, tdi, state);
}

static struct device_attribute *find(struct kunit *test, const char *name)
{
	struct attribute **a;

	for (a = tdi_sysfs_group.attrs; *a; a++)
		if (!strcmp((*a)->name, name))
			return container_of(*a, struct device_attribute, attr);
	KUNIT_FAIL_AND_ABORT(test, "no attribute %s", name);
	return NULL;
}

/* "TSM" stands for the TSM's name, "NOW" and "NEXT" for generations. */
static ssize_t store(struct kunit *test, const char *name, const char *text)
{
	struct device_attribute *a = find(test, name);
	u64 now = tdi->evidence ? tdi->evidence->generation : 1;
	char buf[64];

	if (!strcmp(text, "TSM"))
		strscpy(buf, dev_name(fb->backend.dev));
	else if (!strcmp(text, "TSM\n"))
		snprintf(buf, sizeof(buf), "%s\n", dev_name(fb->backend.dev));
	else if (!strcmp(text, "generation=NOW"))
		snprintf(buf, sizeof(buf), "generation=%llu", now);
	else if (!strcmp(text, "generation=NEXT"))
		snprintf(buf, sizeof(buf), "generation=%llu", now + 1);
	else
		strscpy(buf, text);
	return a->store(dev, a, buf, strlen(buf));
}

static const char *show(struct kunit *test, const char *name)
{
	struct device_attribute *a = find(test, name);
	ssize_t n;

	memset(page, 0, sizeof(page));
	n = a->show(dev, a, page);
	KUNIT_ASSERT_GT(test, n, 0);
	KUNIT_EXPECT_EQ(test, page[n - 1], '\n');
	page[n - 1] = '\0';
	return page;
}

static const struct row {
	const char *desc;
	enum tdi_state state;
	const char *attr;
	const char *text;
	int err;
} rows[] = {
	{ "connect: the TSM's name", TDI_UNLOCKED, "connect", "TSM", 0 },
	{ "connect: with a newline", TDI_UNLOCKED, "connect", "TSM\n", 0 },
	{ "connect: another name", TDI_UNLOCKED, "connect", "tsm99", -ENXIO },
	{ "connect: a longer name", TDI_UNLOCKED, "connect", "tsm00", -ENXIO },
	{ "connect: nothing", TDI_UNLOCKED, "connect", "", -ENXIO },
	{ "connect: attested", TDI_ATTESTED, "connect", "TSM", -EBUSY },
	{ "connect: in RUN", TDI_RUN, "connect", "TSM", -EBUSY },
	{ "connect: in ERROR", TDI_ERROR, "connect", "TSM", -EBUSY },
	{ "disconnect: unlocked", TDI_UNLOCKED, "disconnect", "TSM", -EINVAL },
	{ "disconnect: attested", TDI_ATTESTED, "disconnect", "TSM", 0 },
	{ "disconnect: in RUN", TDI_RUN, "disconnect", "TSM", 0 },
	{ "disconnect: in ERROR", TDI_ERROR, "disconnect", "TSM", 0 },
	{ "disconnect: another name", TDI_RUN, "disconnect", "tsm99", -EINVAL },
	{ "lock: the TSM's name", TDI_UNLOCKED, "lock", "TSM", 0 },
	{ "lock: another name", TDI_UNLOCKED, "lock", "tsm99", -ENXIO },
	{ "lock: attested", TDI_ATTESTED, "lock", "TSM", -EBUSY },
	{ "lock: in RUN", TDI_RUN, "lock", "TSM", -EBUSY },
	{ "lock: in ERROR", TDI_ERROR, "lock", "TSM", -EBUSY },
	{ "unlock: unlocked", TDI_UNLOCKED, "unlock", "TSM", -EINVAL },
	{ "unlock: attested", TDI_ATTESTED, "unlock", "TSM", 0 },
	{ "unlock: in RUN", TDI_RUN, "unlock", "TSM", 0 },
	{ "unlock: in ERROR", TDI_ERROR, "unlock", "TSM", 0 },
	{ "unlock: another name", TDI_RUN, "unlock", "tsm99", -EINVAL },
	{ "accept: unlocked", TDI_UNLOCKED, "accept", "1", -EINVAL },
	{ "accept: 1", TDI_ATTESTED, "accept", "1", 0 },
	{ "accept: y", TDI_ATTESTED, "accept", "y", 0 },
	{ "accept: 0", TDI_ATTESTED, "accept", "0", -EINVAL },
	{ "accept: a word", TDI_ATTESTED, "accept", "please", -EINVAL },
	{ "accept: nothing", TDI_ATTESTED, "accept", "", -EINVAL },
	{ "accept: the generation", TDI_ATTESTED, "accept", "generation=NOW", 0 },
	{ "accept: another generation", TDI_ATTESTED, "accept", "generation=NEXT", -ESTALE },
	{ "accept: generation 0", TDI_ATTESTED, "accept", "generation=0", -EINVAL },
	{ "accept: no generation", TDI_ATTESTED, "accept", "generation=", -EINVAL },
	{ "accept: a negative one", TDI_ATTESTED, "accept", "generation=-1", -EINVAL },
	{ "accept: more than 64 bits", TDI_ATTESTED, "accept",
	  "generation=18446744073709551616", -EINVAL },
	{ "accept: again", TDI_RUN, "accept", "1", 0 },
	{ "accept: in ERROR", TDI_ERROR, "accept", "1", -EINVAL },
	{ "approve: unlocked", TDI_UNLOCKED, "approve", "generation=1", -EINVAL },
	{ "approve: the generation", TDI_ATTESTED, "approve", "generation=NOW", 0 },
	{ "approve: another generation", TDI_ATTESTED, "approve", "generation=NEXT", -ESTALE },
	{ "approve: without a generation", TDI_ATTESTED, "approve", "1", -EINVAL },
	{ "dma_mode: the default", TDI_UNLOCKED, "dma_mode", "direct", 0 },
	{ "dma_mode: another, with a newline", TDI_UNLOCKED, "dma_mode", "split\n", 0 },
	{ "dma_mode: attested", TDI_ATTESTED, "dma_mode", "split", 0 },
	{ "dma_mode: in ERROR", TDI_ERROR, "dma_mode", "split", 0 },
	{ "dma_mode: in RUN", TDI_RUN, "dma_mode", "split", -EBUSY },
	{ "dma_mode: in RUN, the same", TDI_RUN, "dma_mode", "direct", -EBUSY },
	{ "dma_mode: not possible here", TDI_UNLOCKED, "dma_mode", "iommu", -EOPNOTSUPP },
	{ "dma_mode: not a private mode", TDI_UNLOCKED, "dma_mode", "bounce", -EINVAL },
	{ "dma_mode: no mode", TDI_UNLOCKED, "dma_mode", "sideways", -EINVAL },
	{ "dma_mode: nothing", TDI_UNLOCKED, "dma_mode", "", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(row, rows, desc);

static void what_is_written_has_the_result_that_is_documented(struct kunit *test)
{
	const struct row *r = test->param_value;
	ssize_t ret;

	ready(test, r->state);
	ret = store(test, r->attr, r->text);
	if (r->err)
		KUNIT_EXPECT_EQ(test, ret, r->err);
	else
		KUNIT_EXPECT_GT(test, ret, 0);
	if (r->err)
		KUNIT_EXPECT_EQ(test, tdi->state, r->state);
}

static const struct view {
	const char *desc;
	enum tdi_state state;
	const char *tdisp, *dma, *accept, *identity;
	bool lock, connect;
} views[] = {
	{ "unlocked", TDI_UNLOCKED, "CONFIG_UNLOCKED", "bounce", "0", "none", false, false },
	{ "attested", TDI_ATTESTED, "CONFIG_LOCKED", "bounce", "0", "verified", true, false },
	{ "in RUN", TDI_RUN, "RUN", "direct", "1", "verified", true, true },
	{ "in ERROR", TDI_ERROR, "ERROR", NULL, "0", "verified", true, false },
};

KUNIT_ARRAY_PARAM_DESC(view, views, desc);

static void what_is_read_is_the_state(struct kunit *test)
{
	const struct view *v = test->param_value;
	const char *tsm;

	ready(test, v->state);
	tsm = dev_name(fb->backend.dev);
	KUNIT_EXPECT_STREQ(test, show(test, "state"), v->tdisp);
	if (v->dma)
		KUNIT_EXPECT_STREQ(test, show(test, "dma"), v->dma);
	KUNIT_EXPECT_STREQ(test, show(test, "accept"), v->accept);
	KUNIT_EXPECT_STREQ(test, show(test, "identity"), v->identity);
	KUNIT_EXPECT_STREQ(test, show(test, "lock"), v->lock ? tsm : "");
	KUNIT_EXPECT_STREQ(test, show(test, "connect"), v->connect ? tsm : "");
}

static void the_state_is_read_anew_every_time(struct kunit *test)
{
	ready(test, TDI_RUN);
	fake_forget(fb);
	show(test, "state");
	show(test, "state");
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_INFO], 2);
}

static void a_tsm_that_does_not_answer_is_an_error_not_a_state(struct kunit *test)
{
	struct device_attribute *a;

	ready(test, TDI_RUN);
	a = find(test, "state");
	fake_fail(fb, FAKE_INFO, -ETIMEDOUT, 0);
	KUNIT_EXPECT_EQ(test, a->show(dev, a, page), -ETIMEDOUT);
}

static void identity_has_a_word_per_kind(struct kunit *test)
{
	ready(test, TDI_ATTESTED);
	tdi->evidence->identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_EXPECT_STREQ(test, show(test, "identity"), "unverified");
	tdi->evidence->identity = TDI_IDENTITY_APPROVED;
	KUNIT_EXPECT_STREQ(test, show(test, "identity"), "approved");
}

static void the_generation_is_zero_without_evidence(struct kunit *test)
{
	char want[24];

	ready(test, TDI_UNLOCKED);
	KUNIT_EXPECT_STREQ(test, show(test, "generation"), "0");
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	snprintf(want, sizeof(want), "%llu", tdi->evidence->generation);
	KUNIT_EXPECT_STREQ(test, show(test, "generation"), want);
}

static void the_result_is_the_last_verbs(struct kunit *test)
{
	ready(test, TDI_RUN);
	KUNIT_EXPECT_TRUE(test, strstarts(show(test, "result"), "connect: ok: "));
	store(test, "lock", "TSM");
	KUNIT_EXPECT_TRUE(test, strstarts(show(test, "result"), "lock: state: expected "));
	store(test, "disconnect", "TSM");
	KUNIT_EXPECT_TRUE(test, strstarts(show(test, "result"), "disconnect: ok: "));
}

/* --- evidence ---------------------------------------------------------------- */

static ssize_t read_bin(struct kunit *test, const char *name, void *buf, loff_t off, size_t len)
{
	int i;

	for (i = 0; tdi_sysfs_group.bin_attrs[i]; i++) {
		tdi_bin_attr_t *a = tdi_sysfs_group.bin_attrs[i];

		if (!strcmp(a->attr.name, name))
			return a->read(NULL, &dev->kobj, a, buf, off, len);
	}
	KUNIT_FAIL_AND_ABORT(test, "no attribute %s", name);
	return 0;
}

static const struct blob {
	const char *desc;
	enum tdi_object obj;
} blobs[] = {
	{ "certificates", TDI_OBJ_CERTS },
	{ "vca", TDI_OBJ_VCA },
	{ "measurements", TDI_OBJ_MEASUREMENTS },
	{ "report", TDI_OBJ_REPORT },
};

KUNIT_ARRAY_PARAM_DESC(blob, blobs, desc);

static void evidence_is_read_as_it_was_verified(struct kunit *test)
{
	const struct blob *b = test->param_value;
	u8 *data;
	size_t len;

	ready(test, TDI_ATTESTED);
	data = tdi->evidence->blob[b->obj].data;
	len = tdi->evidence->blob[b->obj].len;
	KUNIT_ASSERT_EQ(test, read_bin(test, b->desc, page, 0, sizeof(page)), len);
	KUNIT_EXPECT_MEMEQ(test, page, data, len);
	KUNIT_EXPECT_EQ(test, read_bin(test, b->desc, page, 10, 20), 20);
	KUNIT_EXPECT_MEMEQ(test, page, data + 10, 20);
	KUNIT_EXPECT_EQ(test, read_bin(test, b->desc, page, len - 1, 20), 1);
	KUNIT_EXPECT_EQ(test, read_bin(test, b->desc, page, len, 20), 0);
	KUNIT_EXPECT_EQ(test, read_bin(test, b->desc, page, len + 1000, 20), 0);
}

static void evidence_is_empty_while_unlocked(struct kunit *test)
{
	const struct blob *b = test->param_value;

	ready(test, TDI_RUN);
	KUNIT_ASSERT_GT(test, read_bin(test, b->desc, page, 0, sizeof(page)), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, read_bin(test, b->desc, page, 0, sizeof(page)), 0);
}

static void the_nonce_is_32_bytes_or_none(struct kunit *test)
{
	ready(test, TDI_ATTESTED);
	KUNIT_ASSERT_EQ(test, read_bin(test, "nonce", page, 0, sizeof(page)), TDI_NONCE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, page, to_fake(tdi)->nonce, TDI_NONCE_SIZE);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, read_bin(test, "nonce", page, 0, sizeof(page)), 0);
}

static void only_root_reads_evidence(struct kunit *test)
{
	int i;

	ready(test, TDI_UNLOCKED);
	for (i = 0; tdi_sysfs_group.bin_attrs[i]; i++) {
		const char *name = tdi_sysfs_group.bin_attrs[i]->attr.name;

		KUNIT_EXPECT_EQ(test, tdi_sysfs_group.bin_attrs[i]->attr.mode,
				strcmp(name, "nonce") ? 0400 : 0444);
	}
}

static void only_root_writes(struct kunit *test)
{
	struct attribute **a;

	ready(test, TDI_UNLOCKED);
	for (a = tdi_sysfs_group.attrs; *a; a++)
		KUNIT_EXPECT_EQ_MSG(test, (*a)->mode & 0022, 0, "%s", (*a)->name);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(what_is_written_has_the_result_that_is_documented, row_gen_params),
	KUNIT_CASE_PARAM(what_is_read_is_the_state, view_gen_params),
	KUNIT_CASE(the_state_is_read_anew_every_time),
	KUNIT_CASE(a_tsm_that_does_not_answer_is_an_error_not_a_state),
	KUNIT_CASE(identity_has_a_word_per_kind),
	KUNIT_CASE(the_generation_is_zero_without_evidence),
	KUNIT_CASE(the_result_is_the_last_verbs),
	KUNIT_CASE_PARAM(evidence_is_read_as_it_was_verified, blob_gen_params),
	KUNIT_CASE_PARAM(evidence_is_empty_while_unlocked, blob_gen_params),
	KUNIT_CASE(the_nonce_is_32_bytes_or_none),
	KUNIT_CASE(only_root_reads_evidence),
	KUNIT_CASE(only_root_writes),
	{}
};

static struct kunit_suite suite = { .name = "tdi-sysfs", .test_cases = cases };
kunit_test_suite(suite);
