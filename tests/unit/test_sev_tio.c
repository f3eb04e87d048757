// SPDX-License-Identifier: GPL-2.0
/*
 * SEV-TIO's messages, against bytes written by hand from the layouts that
 * guest/include/tdisp/sev_tio_wire.h names the sources of.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <tdisp/sev_tio.h>

static const struct sev_dialect v1 = { .version = 1 }, v2 = { .version = 2 };
static const struct sev_dialect old = { .version = 1, .types_2024 = true };
static const struct sev_dialect v2_gpa = { .version = 2, .base_is_gpa = true };

#define ID2	0x1122334455667788ULL
#define ID1	0x0203ULL

/* A copy that ends where the heap does, for ASan to see what is read past it. */
static void *heap(const void *from, size_t len)
{
	void *p = malloc(len ? len : 1);

	assert_non_null(p);
	memcpy(p, from, len);
	return p;
}

/* --- numbers ------------------------------------------------------------------- */

static void which_dialects_exist(void **state)
{
	struct sev_dialect d = { .version = 2, .types_2024 = true };

	(void)state;
	assert_true(sev_dialect_exists(&v1));
	assert_true(sev_dialect_exists(&v2));
	assert_true(sev_dialect_exists(&old));
	assert_false(sev_dialect_exists(&d));
	for (d.version = 0; d.version < 1; d.version++)
		assert_false(sev_dialect_exists(&d));
	d = (struct sev_dialect){ .version = 3 };
	assert_false(sev_dialect_exists(&d));
}

/* Section 1.3: A3, A4, A5, and A1, A2. */
static void messages_have_their_numbers(void **state)
{
	static const struct {
		enum sev_msg msg;
		const char *name;
		u8 req, rsp, old_req, old_rsp;
		size_t req_size, rsp_size;
	} rows[] = {
		{ SEV_TDI_INFO, "TDI_INFO", 19, 20, 0x81, 0x01, 16, 192 },
		{ SEV_MMIO_VALIDATE, "MMIO_VALIDATE", 21, 22, 0x82, 0x02, 48, 48 },
		{ SEV_MMIO_CONFIG, "MMIO_CONFIG", 23, 24, 0x83, 0x03, 16, 16 },
		{ SEV_SDTE_WRITE, "SDTE_WRITE", 25, 26, 0x84, 0x04, 80, 16 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(rows[i].name, !strcmp(sev_msg_name(rows[i].msg), rows[i].name));
		check_row(rows[i].name, sev_request_type(&v1, rows[i].msg) == rows[i].req);
		check_row(rows[i].name, sev_request_type(&v2, rows[i].msg) == rows[i].req);
		check_row(rows[i].name, sev_response_type(&v2, rows[i].msg) == rows[i].rsp);
		check_row(rows[i].name, sev_request_type(&old, rows[i].msg) == rows[i].old_req);
		check_row(rows[i].name, sev_response_type(&old, rows[i].msg) == rows[i].old_rsp);
		check_row(rows[i].name, sev_request_size(rows[i].msg) == rows[i].req_size);
		check_row(rows[i].name, sev_response_size(rows[i].msg) == rows[i].rsp_size);
	}
}

/* Section 1.4, the two columns of MMIO_VALIDATE, and the lists of the others. */
static void statuses_mean_what_their_time_says(void **state)
{
	static const struct {
		const struct sev_dialect *d;
		enum sev_msg msg;
		u16 status;
		const char *name;
		int err;
	} rows[] = {
		{ &v2, SEV_TDI_INFO, 0, "bound", 0 },
		{ &v2, SEV_TDI_INFO, 1, "invalid TDI", -ESTALE },
		{ &v2, SEV_TDI_INFO, 2, "not bound", -ESTALE },
		{ &v2, SEV_TDI_INFO, 3, "unknown status", -EBADMSG },
		{ &v2, SEV_MMIO_VALIDATE, 0, "success", 0 },
		{ &v2, SEV_MMIO_VALIDATE, 1, "invalid TDI", -ESTALE },
		{ &v1, SEV_MMIO_VALIDATE, 2, "TDI not bound", -ESTALE },
		{ &v1, SEV_MMIO_VALIDATE, 3, "page not assigned to the guest", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 4, "page not of I/O", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 4, "pages not uniform", -EREMOTEIO },
		{ &v1, SEV_MMIO_VALIDATE, 5, "pages not uniform", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 5, "page not immutable", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 6, "page not immutable", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 6, "page not mapped there", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 7, "page not mapped there", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 7, "range not in the report", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 8, "range not in the report", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 8, "pages beyond the range", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 9, "pages beyond the range", -EREMOTEIO },
		{ &old, SEV_MMIO_VALIDATE, 9, "unknown status", -EBADMSG },
		{ &v2, SEV_MMIO_VALIDATE, 10, "page not of 4 KiB", -EREMOTEIO },
		{ &v2, SEV_MMIO_VALIDATE, 11, "unknown status", -EBADMSG },
		{ &v1, SEV_MMIO_CONFIG, 0, "success", 0 },
		{ &v1, SEV_MMIO_CONFIG, 2, "TDI not bound", -ESTALE },
		{ &v1, SEV_MMIO_CONFIG, 3, "range not in the report", -EREMOTEIO },
		{ &v1, SEV_MMIO_CONFIG, 4, "could not be changed", -EREMOTEIO },
		{ &v1, SEV_MMIO_CONFIG, 5, "unknown status", -EBADMSG },
		{ &v2, SEV_SDTE_WRITE, 0, "success", 0 },
		{ &v2, SEV_SDTE_WRITE, 1, "invalid TDI", -ESTALE },
		{ &v2, SEV_SDTE_WRITE, 2, "TDI not bound", -ESTALE },
		{ &v2, SEV_SDTE_WRITE, 3, "reserved bit set", -EREMOTEIO },
		{ &v2, SEV_SDTE_WRITE, 4, "unknown status", -EBADMSG },
		{ &v2, SEV_SDTE_WRITE, 0xffff, "unknown status", -EBADMSG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(rows[i].name, !strcmp(sev_status_name(rows[i].d, rows[i].msg,
								rows[i].status), rows[i].name));
		check_row(rows[i].name, sev_status_errno(rows[i].d, rows[i].msg,
							 rows[i].status) == rows[i].err);
	}
}

/* --- envelope ------------------------------------------------------------------ */

/* K73, section 1.2. */
static void a_header_has_its_bytes(void **state)
{
	static const u8 golden[96] = {
		[0x20] = 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		[0x30] = 1, 1, 0x60, 0, 19, 2, 16, 0,
		[0x3c] = 3,
	};
	static const u8 iv_golden[12] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
	struct snp_msg_hdr hdr;
	u8 iv[12];

	(void)state;
	memset(&hdr, 0xff, sizeof(hdr));
	snp_hdr_init(&hdr, ID2, 19, 2, 16, 3);
	assert_memory_equal(&hdr, golden, sizeof(golden));
	memset(iv, 0xff, sizeof(iv));
	snp_iv(ID2, iv);
	assert_memory_equal(iv, iv_golden, sizeof(iv));
}

static void sequence_numbers_end_before_they_overflow(void **state)
{
	u32 seqno = 0;

	(void)state;
	assert_int_equal(snp_next_seqno(0, &seqno), 0);
	assert_int_equal(seqno, 1);
	assert_int_equal(snp_next_seqno(0xfffffffd, &seqno), 0);
	assert_true(seqno == 0xfffffffe);
	assert_int_equal(snp_next_seqno(0xfffffffe, &seqno), -EOVERFLOW);
	assert_int_equal(snp_next_seqno(0xffffffff, &seqno), -EOVERFLOW);
	assert_true(seqno == 0xfffffffe);
}

static void another_header_is_refused(void **state)
{
	static const struct {
		const char *check;
		size_t offset;
	} rows[] = {
		{ "response's sequence number", 0x20 },
		{ "response's sequence number", 0x27 },
		{ "response's type", 0x34 },
		{ "response's version", 0x35 },
		{ "response's algorithm", 0x30 },
		{ "response's header version", 0x31 },
		{ "response's header size", 0x32 },
		{ "response's header size", 0x33 },
		{ "response's size", 0x36 },
		{ "response's size", 0x37 },
		{ "response's key", 0x3c },
	};
	struct snp_msg_hdr want, got;
	struct tdisp_why why;
	size_t i;
	int bit;

	(void)state;
	snp_hdr_init(&want, 8, 20, 2, 192, 0);
	assert_int_equal(snp_hdr_check(&want, &want, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (bit = 0; bit < 8; bit++) {
			got = want;
			((u8 *)&got)[rows[i].offset] ^= 1 << bit;
			check_row(rows[i].check, snp_hdr_check(&got, &want, &why) == -EBADMSG);
			check_row(rows[i].check, !strcmp(why.check, rows[i].check));
			check_row(rows[i].check, why.expected != why.found);
		}
	}
}

/* --- TDI_INFO ------------------------------------------------------------------ */

static void an_info_request_has_its_bytes(void **state)
{
	static const u8 golden2[16] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
	static const u8 golden1[16] = { 0x03, 0x02 };
	struct sev_tdi_info_req req;

	(void)state;
	memset(&req, 0xff, sizeof(req));
	sev_info_request(&v2, ID2, &req);
	assert_memory_equal(&req, golden2, sizeof(golden2));
	memset(&req, 0xff, sizeof(req));
	/* 16 bits of it. */
	sev_info_request(&v1, 0xabcd0203, &req);
	assert_memory_equal(&req, golden1, sizeof(golden1));
}

static const u8 info2[192] = {
	[0x00] = 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	[0x10] = 3, 0, 0, 0,
	[0x14] = 0x15, 0, 0, 0,
	[0x18] = 1, 1, 2, 1, 0, 0, 0, 0,
	[0x20 ... 0x4f] = 0xc1,
	[0x50 ... 0x7f] = 0xa2,
	[0x80 ... 0xaf] = 0xe3,
	[0xb0] = 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
};

static void an_info_response_is_read(void **state)
{
	u8 bytes[192], want[48];
	struct sev_info info;

	(void)state;
	memcpy(bytes, info2, sizeof(bytes));
	assert_int_equal(sev_info_parse(&v2, ID2, (void *)bytes, &info, NULL), 0);
	assert_int_equal(info.status, SEV_INFO_BOUND);
	assert_true(info.meas_valid);
	assert_int_equal(info.lock_flags, 0x15);
	assert_true(info.spdm_algos == (SEV_ALGOS_DHE_P384 | SEV_ALGOS_AEAD_AES256 |
					SEV_ALGOS_ASYM_P384 | SEV_ALGOS_HASH_SHA384));
	assert_memory_equal(info.certs, memset(want, 0xc1, 48), 48);
	assert_memory_equal(info.meas, memset(want, 0xa2, 48), 48);
	assert_memory_equal(info.report, memset(want, 0xe3, 48), 48);
	assert_true(info.report_count == 0xf8f7f6f5f4f3f2f1ULL);

	/* Version 1 has its id and status elsewhere, and the rest where it was. */
	memset(bytes, 0, 16);
	memcpy(bytes, "\x03\x02\x02", 3);
	bytes[0x10] = 2;
	assert_int_equal(sev_info_parse(&v1, ID1, (void *)bytes, &info, NULL), 0);
	assert_int_equal(info.status, SEV_INFO_UNBOUND);
	assert_false(info.meas_valid);
	assert_int_equal(info.lock_flags, 0x15);
}

static void an_info_response_about_something_else_is_refused(void **state)
{
	static const struct {
		size_t offset;
		u8 value;
		const char *check;
	} rows[] = {
		{ 0, 0x89, "response's tdi_id" },
		{ 7, 0x91, "response's tdi_id" },
		{ 8, 3, "TDI's status, at most" },
		{ 9, 1, "TDI's status, at most" },
		{ 0x14, 0x35, "lock flags that are known" },
		{ 0x17, 0x80, "lock flags that are known" },
	};
	struct sev_info info = { .report_count = 77 };
	struct tdisp_why why;
	u8 bytes[192];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(bytes, info2, sizeof(bytes));
		bytes[rows[i].offset] = rows[i].value;
		check_row(rows[i].check,
			  sev_info_parse(&v2, ID2, (void *)bytes, &info, &why) == -EBADMSG);
		check_row(rows[i].check, !strcmp(why.check, rows[i].check));
	}
	memcpy(bytes, info2, sizeof(bytes));
	assert_int_equal(sev_info_parse(&v1, ID1, (void *)bytes, &info, &why), -EBADMSG);
	assert_string_equal(why.check, "response's guest_device_id");
	assert_true(info.report_count == 77);
}

/* --- MMIO_VALIDATE -------------------------------------------------------------- */

static const struct sev_pages pages = {
	.addr = 0x12345678000ULL, .nr = 5, .first = 0x0a0b0c0d, .range_id = 2,
};

static void a_validate_request_has_its_bytes(void **state)
{
	/* The newest A4: a frame number. */
	static const u8 golden2[48] = {
		[0x00] = 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		[0x10] = 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0,
		[0x18] = 5, 0, 0, 0, 0x0d, 0x0c, 0x0b, 0x0a,
		[0x20] = 1, 0, 2, 0,
	};
	/* A1 to A3, A5: an address. */
	static const u8 golden1[48] = {
		[0x00] = 0x03, 0x02,
		[0x10] = 0x00, 0x80, 0x67, 0x45, 0x23, 0x01, 0, 0,
		[0x18] = 5, 0, 0, 0, 0x0d, 0x0c, 0x0b, 0x0a,
		[0x20] = 0, 0, 2, 0,
	};
	struct sev_mmio_validate req;

	(void)state;
	sev_validate_request(&v2, ID2, &pages, true, &req);
	assert_memory_equal(&req, golden2, sizeof(golden2));
	sev_validate_request(&v1, ID1, &pages, false, &req);
	assert_memory_equal(&req, golden1, sizeof(golden1));
	sev_validate_request(&v2_gpa, ID2, &pages, true, &req);
	assert_memory_equal((u8 *)&req + 0x10, golden1 + 0x10, 8);
}

/* svm.h of 07de4c2d, and of aa6e277d. */
static void the_hosts_words_have_their_bits(void **state)
{
	(void)state;
	assert_true(sev_validate_rdx(&v1, &pages, true) == (0x12345678000ULL | 3 << 4 | 8 | 2));
	assert_true(sev_validate_rdx(&v1, &pages, false) == (0x12345678000ULL | 3 << 4 | 2));
	assert_true(sev_validate_rcx(&v1, &pages, 0x203) == 0x203);
	assert_true(sev_validate_rdx(&v2, &pages, true) == (0x12345678000ULL | 1ULL << 63));
	assert_true(sev_validate_rdx(&v2, &pages, false) == 0x12345678000ULL);
	assert_true(sev_validate_rcx(&v2, &pages, 0x10203) == 0x500010203ULL);
}

static void the_old_word_takes_powers_of_two(void **state)
{
	static const struct {
		u64 nr;
		u32 v1, v2;
	} rows[] = {
		{ 1, 1, 1 }, { 2, 2, 2 }, { 3, 2, 3 }, { 4, 4, 4 }, { 5, 4, 5 }, { 1023, 512, 1023 },
		{ 0x7fffffff, 0x40000000, 0x7fffffff }, { 0x80000000, 0x80000000, 0x80000000 },
		{ 0xffffffffffULL, 0x80000000, 0x80000000 },
	};
	struct sev_pages p = { .addr = 0x1000 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sev_validate_chunk(&v1, rows[i].nr), rows[i].v1);
		assert_int_equal(sev_validate_chunk(&v2, rows[i].nr), rows[i].v2);
		/* What the order says is what the message says. */
		p.nr = rows[i].v1;
		assert_true(1ULL << (sev_validate_rdx(&v1, &p, false) >> 4 & 0xff) == p.nr);
	}
}

static void a_validate_response_is_read(void **state)
{
	struct sev_mmio_validate req, rsp;
	bool changed = false;
	u16 status = 77;

	(void)state;
	sev_validate_request(&v2, ID2, &pages, true, &req);
	rsp = req;
	((u8 *)&rsp)[8] = 7;
	assert_int_equal(sev_validate_parse(&v2, &req, &rsp, &status, &changed, NULL), 0);
	assert_int_equal(status, 7);
	assert_true(changed);
	((u8 *)&rsp)[0x20] = 0;
	assert_int_equal(sev_validate_parse(&v2, &req, &rsp, &status, &changed, NULL), 0);
	assert_false(changed);

	sev_validate_request(&v1, ID1, &pages, true, &req);
	rsp = req;
	((u8 *)&rsp)[2] = 9;
	assert_int_equal(sev_validate_parse(&v1, &req, &rsp, &status, &changed, NULL), 0);
	assert_int_equal(status, 9);
}

static void a_validate_response_about_other_pages_is_refused(void **state)
{
	static const struct {
		size_t offset;
		const char *check;
	} rows[] = {
		{ 0x00, "response's tdi_id" },
		{ 0x07, "response's tdi_id" },
		{ 0x10, "response's base" },
		{ 0x17, "response's base" },
		{ 0x18, "response's page count" },
		{ 0x1b, "response's page count" },
		{ 0x1c, "response's offset in the range" },
		{ 0x1f, "response's offset in the range" },
		{ 0x22, "response's range id" },
		{ 0x23, "response's range id" },
	};
	struct sev_mmio_validate req, rsp;
	struct tdisp_why why;
	bool changed;
	u16 status;
	size_t i;

	(void)state;
	sev_validate_request(&v2, ID2, &pages, true, &req);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		rsp = req;
		((u8 *)&rsp)[rows[i].offset] ^= 0x40;
		check_row(rows[i].check, sev_validate_parse(&v2, &req, &rsp, &status, &changed,
							    &why) == -EBADMSG);
		check_row(rows[i].check, !strcmp(why.check, rows[i].check));
	}
}

/* --- MMIO_CONFIG ------------------------------------------------------------------ */

static void config_is_asked_and_read(void **state)
{
	static const u8 golden[16] = { 0x03, 0x02, 0, 0, 0, 0, 4, 0 };
	static const u8 answer[16] = { 0x03, 0x02, 0, 0, 0x0c, 0, 4, 0 };
	struct sev_mmio_config req, rsp;
	struct tdisp_why why;
	u16 status, flags;

	(void)state;
	memset(&req, 0xff, sizeof(req));
	sev_config_request(ID1, 4, &req);
	assert_memory_equal(&req, golden, sizeof(golden));
	memcpy(&rsp, answer, sizeof(rsp));
	assert_int_equal(sev_config_parse(&req, &rsp, &status, &flags, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_equal(flags, SEV_CONFIG_NON_TEE | SEV_CONFIG_UPDATABLE);
	((u8 *)&rsp)[0] ^= 1;
	assert_int_equal(sev_config_parse(&req, &rsp, &status, &flags, &why), -EBADMSG);
	assert_string_equal(why.check, "response's guest_device_id");
	memcpy(&rsp, answer, sizeof(rsp));
	((u8 *)&rsp)[7] ^= 1;
	assert_int_equal(sev_config_parse(&req, &rsp, &status, &flags, &why), -EBADMSG);
	assert_string_equal(why.check, "response's range id");
}

/* --- SDTE_WRITE ------------------------------------------------------------------- */

/* Section 1.5: V 0, IR 61, IW 62, VMPL 242:241, vTOM_EN 320, vTOM 351:321. */
static void an_sdte_has_its_bits(void **state)
{
	static const u8 top[64] = {
		[0] = 1, [7] = 0x60, [40] = 0xff, 0xff, 0xff, 0xff,
	};
	/* vTOM 2 TiB = 2^20 units; VMPL 2. */
	static const u8 split[64] = {
		[0] = 1, [7] = 0x60, [30] = 0x04, [40] = 0x01, 0x00, 0x20, 0x00,
	};
	static const u8 none[64];
	u8 sdte[64];

	(void)state;
	memset(sdte, 0xee, sizeof(sdte));
	sev_sdte(0, 0, sdte);
	assert_memory_equal(sdte, top, sizeof(top));
	/* RDX: VALIDATE, and vTOM in 51:21. */
	assert_true(sev_sdte_rdx(sdte) == (0xfffffffe00000ULL | 1));
	memset(sdte, 0xee, sizeof(sdte));
	sev_sdte(2ULL << 40, 2, sdte);
	assert_memory_equal(sdte, split, sizeof(split));
	assert_true(sev_sdte_rdx(sdte) == (2ULL << 40 | 1));
	assert_true(sev_sdte_rdx(none) == 0);
}

static void an_sdte_request_has_its_bytes(void **state)
{
	static const u8 id2[16] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
	struct sev_sdte_write_req req;
	u8 sdte[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sdte); i++)
		sdte[i] = i;
	sev_sdte_request(&v2, ID2, sdte, &req);
	assert_int_equal(sizeof(req), 80);
	assert_memory_equal(&req, id2, 16);
	assert_memory_equal((u8 *)&req + 0x10, sdte, 64);
}

static void an_sdte_response_is_read(void **state)
{
	struct sev_sdte_write_rsp rsp;
	struct tdisp_why why;
	u16 status;

	(void)state;
	memcpy(&rsp, "\x88\x77\x66\x55\x44\x33\x22\x11\x03\0\0\0\0\0\0\0", 16);
	assert_int_equal(sev_sdte_parse(&v2, ID2, &rsp, &status, NULL), 0);
	assert_int_equal(status, 3);
	assert_int_equal(sev_sdte_parse(&v2, ID2 + 1, &rsp, &status, &why), -EBADMSG);
	memcpy(&rsp, "\x03\x02\x02\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(sev_sdte_parse(&v1, ID1, &rsp, &status, NULL), 0);
	assert_int_equal(status, 2);
}

/* --- the host's buffer --------------------------------------------------------------- */

/* The GUIDs as text has them (section 1.7), and as guid_t has them in memory. */
static const u8 certs_guid[16] = "\x75\xcb\x8c\x07\x44\x26\xe8\x49\xaf\xe7\x56\x86\xc5\xcf\x72\xf1";
static const u8 meas_guid[16] = "\xc6\x80\xaa\x5c\xef\x12\x1a\x40\xb3\x64\xec\x59\xa9\x3a\xbe\x3f";
static const u8 report_guid[16] = "\x0e\x5b\xdc\x70\xc0\x0c\xd5\x4c\x97\xbb\xff\x0b\xa2\x5b\xf3\x20";

static void put_entry(u8 *buf, size_t i, const u8 *guid, u32 offset, u32 len)
{
	struct sev_blob_entry *e = (void *)(buf + i * 24);

	memcpy(e->guid, guid, 16);
	e->offset = htole32(offset);
	e->len = htole32(len);
}

static int parse(const u8 *buf, size_t len, struct sev_blobs *blobs, struct tdisp_why *why)
{
	void *copy = heap(buf, len);
	int ret = sev_blobs_parse(copy, len, blobs, why);

	free(copy);
	return ret;
}

static void a_table_is_read(void **state)
{
	struct sev_blobs blobs;
	u8 buf[4096] = { 0 };

	(void)state;
	put_entry(buf, 0, meas_guid, 3000, 1096);
	put_entry(buf, 1, report_guid, 72, 28);
	put_entry(buf, 2, certs_guid, 100, 2900);
	/* What follows three entries is none. */
	memset(buf + 72, 0xff, 24);
	assert_int_equal(parse(buf, sizeof(buf), &blobs, NULL), 0);
	assert_int_equal(blobs.meas.offset, 3000);
	assert_int_equal(blobs.meas.len, 1096);
	assert_int_equal(blobs.report.offset, 72);
	assert_int_equal(blobs.report.len, 28);
	assert_int_equal(blobs.certs.offset, 100);
	assert_int_equal(blobs.certs.len, 2900);
}

static void a_table_may_be_short(void **state)
{
	struct sev_blobs blobs;
	u8 buf[128] = { 0 };

	(void)state;
	assert_int_equal(parse(buf, 24, &blobs, NULL), 0);
	assert_int_equal(blobs.certs.len + blobs.meas.len + blobs.report.len, 0);
	put_entry(buf, 0, report_guid, 48, 80);
	assert_int_equal(parse(buf, sizeof(buf), &blobs, NULL), 0);
	assert_int_equal(blobs.report.len, 80);
	assert_int_equal(blobs.certs.len, 0);
	/* Of no bytes: not there. */
	put_entry(buf, 0, report_guid, 48, 0);
	assert_int_equal(parse(buf, sizeof(buf), &blobs, NULL), 0);
	assert_int_equal(blobs.report.len, 0);
}

static void a_table_without_an_end_is_refused(void **state)
{
	struct sev_blobs blobs;
	struct tdisp_why why;
	u8 buf[72] = { 0 };
	size_t len;

	(void)state;
	put_entry(buf, 0, report_guid, 24, 0);
	put_entry(buf, 1, certs_guid, 24, 0);
	for (len = 0; len < 72; len++) {
		assert_int_equal(parse(buf, len, &blobs, &why), -EBADMSG);
		assert_string_equal(why.check, "blob table's size, at least");
	}
	assert_int_equal(parse(buf, 72, &blobs, &why), 0);
}

static void a_table_that_lies_is_refused(void **state)
{
	static const struct {
		const char *check;
		size_t at;
		const u8 *guid;
		u32 offset, len;
	} rows[] = {
		{ "blob's end, at most", 1, certs_guid, 4096, 1 },
		{ "blob's end, at most", 1, certs_guid, 4000, 97 },
		{ "blob's end, at most", 1, certs_guid, 0xfffff000, 0x2000 },
		{ "blob's end, at most", 1, certs_guid, 100, 0xffffffff },
		{ "blob's end, at most", 1, certs_guid, 4097, 0 },
		{ "blob's offset, behind the table", 1, certs_guid, 0, 10 },
		{ "blob's offset, behind the table", 1, certs_guid, 8, 10 },
		{ "blob's offset, behind the table", 1, certs_guid, 71, 10 },
		{ "blobs are apart, from byte", 1, certs_guid, 200, 10 },
		{ "blobs are apart, from byte", 1, certs_guid, 190, 11 },
		{ "blobs are apart, from byte", 1, certs_guid, 299, 1 },
		{ "blobs are apart, from byte", 1, certs_guid, 100, 1000 },
		{ "blob of a kind, number", 1, report_guid, 1000, 10 },
		{ "blob's GUID is one of three, first bytes", 1, (const u8 *)"not a GUID that I", 1000,
		  10 },
	};
	struct sev_blobs blobs = { .certs.len = 77 };
	struct tdisp_why why;
	u8 buf[4096] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(buf, 0, sizeof(buf));
		put_entry(buf, 0, report_guid, 200, 100);
		put_entry(buf, rows[i].at, rows[i].guid, rows[i].offset, rows[i].len);
		check_row(rows[i].check, parse(buf, sizeof(buf), &blobs, &why) == -EBADMSG);
		check_row(rows[i].check, !strcmp(why.check, rows[i].check));
	}
	assert_int_equal(blobs.certs.len, 77);
}

static void blobs_may_touch(void **state)
{
	struct sev_blobs blobs;
	u8 buf[4096] = { 0 };

	(void)state;
	put_entry(buf, 0, report_guid, 200, 100);
	put_entry(buf, 1, certs_guid, 300, 100);
	put_entry(buf, 2, meas_guid, 100, 100);
	assert_int_equal(parse(buf, sizeof(buf), &blobs, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_dialects_exist),
		cmocka_unit_test(messages_have_their_numbers),
		cmocka_unit_test(statuses_mean_what_their_time_says),
		cmocka_unit_test(a_header_has_its_bytes),
		cmocka_unit_test(sequence_numbers_end_before_they_overflow),
		cmocka_unit_test(another_header_is_refused),
		cmocka_unit_test(an_info_request_has_its_bytes),
		cmocka_unit_test(an_info_response_is_read),
		cmocka_unit_test(an_info_response_about_something_else_is_refused),
		cmocka_unit_test(a_validate_request_has_its_bytes),
		cmocka_unit_test(the_hosts_words_have_their_bits),
		cmocka_unit_test(the_old_word_takes_powers_of_two),
		cmocka_unit_test(a_validate_response_is_read),
		cmocka_unit_test(a_validate_response_about_other_pages_is_refused),
		cmocka_unit_test(config_is_asked_and_read),
		cmocka_unit_test(an_sdte_has_its_bits),
		cmocka_unit_test(an_sdte_request_has_its_bytes),
		cmocka_unit_test(an_sdte_response_is_read),
		cmocka_unit_test(a_table_is_read),
		cmocka_unit_test(a_table_may_be_short),
		cmocka_unit_test(a_table_without_an_end_is_refused),
		cmocka_unit_test(a_table_that_lies_is_refused),
		cmocka_unit_test(blobs_may_touch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
