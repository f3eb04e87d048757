// SPDX-License-Identifier: GPL-2.0
/*
 * SPDM evidence that this project did not make, with the answer known from
 * elsewhere. The environment's TDI_EVIDENCE names the folder; of it, this uses
 *
 *   spdm/CAPTURE/     a capture: info.json, and for each measurement N the pieces
 *                     N_vca.bin, N_transcript_with_sig.bin, N_l1l2.bin ...
 *   certs/KIND/       *.cert.der, one certificate; bundle_*.der, root first
 *   nvidia/           *.report.bin, SPDM 1.1, P-384; *.pem
 */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <tdisp/spdm_certs.h>
#include <tdisp/spdm_meas.h>
#include <tdisp/spdm_vca.h>

#define PATH_SIZE	4096

static char root[PATH_SIZE];

struct blob {
	uint8_t *bytes;	/* exactly len, so that the sanitizer sees a read past it */
	size_t len;
};

static void join(char path[PATH_SIZE], const char *a, const char *b)
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", a, b);

	assert_true(n > 0 && n < PATH_SIZE);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static struct blob read_blob(const char *path)
{
	struct blob b = { 0 };
	FILE *f = fopen(path, "rb");
	long size;

	if (!f)
		fail_msg("cannot open %s", path);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	b.len = (size_t)size;
	b.bytes = malloc(b.len ? b.len : 1);
	assert_non_null(b.bytes);
	assert_int_equal(fread(b.bytes, 1, b.len, f), b.len);
	fclose(f);
	return b;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* Calls @fn for each entry of @folder whose name ends with @end. */
static size_t each(const char *folder, const char *end, void (*fn)(const char *path))
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	size_t n = 0;

	if (!dir)
		return 0;
	while ((d = readdir(dir))) {
		char path[PATH_SIZE];

		if (d->d_name[0] == '.' || !ends_with(d->d_name, end))
			continue;
		join(path, folder, d->d_name);
		fn(path);
		n++;
	}
	closedir(dir);
	return n;
}

static void fail_why(const char *path, const struct tdisp_why *why)
{
	fail_msg("%s: \"%s\" at %zu, index %u, expected %llx, found %llx", path,
		 why->check ? why->check : "(none)", why->offset, why->index,
		 (unsigned long long)why->expected, (unsigned long long)why->found);
}

/* info.json, read by hand: in the Nth object of its only array, the key's value. */
static const char *info_value(const char *info, int n, const char *key)
{
	const char *p = strchr(info, '['), *end;
	char quoted[64];

	assert_non_null(p);
	while (n-- >= 0) {
		p = strchr(p + 1, '{');
		assert_non_null(p);
	}
	end = strchr(p, '}');
	assert_non_null(end);
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	p = strstr(p, quoted);
	if (!p || p > end)
		return NULL;
	p += strlen(quoted);
	return p + strspn(p, " \"");
}

static u64 info_number(const char *info, int n, const char *key)
{
	const char *v = info_value(info, n, key);

	if (!v)
		fail_msg("info.json has no %s", key);
	return strtoull(v, NULL, 0);
}

static bool info_is(const char *info, int n, const char *key, const char *what)
{
	const char *v = info_value(info, n, key);

	return v && !strncmp(v, what, strlen(what));
}

static const EVP_MD *md_of(size_t size)
{
	return size == 32 ? EVP_sha256() : size == 48 ? EVP_sha384() : EVP_sha512();
}

static void digest(size_t hash_size, const void *bytes, size_t len, uint8_t *ret)
{
	assert_int_equal(EVP_Digest(bytes, len, ret, NULL, md_of(hash_size), NULL), 1);
}

static struct blob piece(const char *folder, int n, const char *what)
{
	char path[PATH_SIZE], name[64];

	snprintf(name, sizeof(name), "%d_%s.bin", n, what);
	join(path, folder, name);
	return read_blob(path);
}

/* @bytes are those of the piece @what. */
static void is_piece(const char *folder, int n, const char *what, const void *bytes, size_t len)
{
	struct blob b = piece(folder, n, what);

	if (b.len != len || memcmp(b.bytes, bytes, len))
		fail_msg("%s: not the bytes of %d_%s.bin", folder, n, what);
	free(b.bytes);
}

static void check_chain(const char *folder, int n, const char *info, size_t hash_size)
{
	struct blob b = piece(folder, n, "certchain_slot0.spdm");
	struct tdisp_why why = { 0 };
	struct spdm_certs certs;
	uint8_t hash[64];
	size_t size = 0;
	u32 i;

	assert_int_equal(spdm_certs_form(b.bytes, b.len), SPDM_CERTS_CHAIN);
	if (spdm_certs_hash_size(b.bytes, b.len, &size, &why))
		fail_why(folder, &why);
	assert_int_equal(size, hash_size);
	if (spdm_certs_parse(b.bytes, b.len, hash_size, &certs, &why))
		fail_why(folder, &why);
	assert_int_equal(b.len, info_number(info, n, "chain_len"));
	assert_int_equal(certs.nr, info_number(info, n, "ncerts"));
	digest(hash_size, b.bytes + certs.cert[0].offset, certs.cert[0].len, hash);
	if (info_is(info, n, "roothash_ok", "true"))
		assert_memory_equal(b.bytes + certs.root_hash, hash, hash_size);
	for (i = 0; i < certs.nr; i++)
		assert_int_equal(spdm_certs_form(b.bytes + certs.cert[i].offset,
						 certs.cert[i].len), SPDM_CERTS_DER);
	free(b.bytes);
}

static void check_measurement(const char *folder, int n, const char *info)
{
	struct blob vca_blob = piece(folder, n, "vca");
	struct blob all = piece(folder, n, "transcript_with_sig");
	const struct spdm_alg *asym, *hash;
	struct spdm_meas_extent ext[SPDM_MEAS_EXTENTS];
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;
	struct tdisp_why why = { 0 };
	struct spdm_vca vca, split;
	struct spdm_meas meas;
	uint8_t *pairs, *l1l2, tbs[SPDM_SIGN_PREFIX_SIZE + 64];
	size_t pairs_len, len = 0, i;
	u32 blocks = 0;
	unsigned int nr;
	char hex[129];

	if (spdm_vca_parse(vca_blob.bytes, vca_blob.len, 0, &vca, &why))
		fail_why(folder, &why);
	assert_int_equal(vca.version, info_number(info, n, "ver"));
	assert_int_equal(vca.base_asym, info_number(info, n, "asym"));
	assert_int_equal(vca.meas_hash, info_number(info, n, "meas_hash"));
	if (spdm_vca_algorithms(&vca, &asym, &hash, &why))
		fail_why(folder, &why);
	snprintf(hex, sizeof(hex), "sha%d", hash->size * 8);
	assert_true(info_is(info, n, "hash", hex));
	check_chain(folder, n, info, hash->size);

	/* With the VCA in front from 1.2 on, without it before. */
	pairs = all.bytes;
	pairs_len = all.len;
	if (spdm_vca_leads(all.bytes, all.len)) {
		if (spdm_vca_split(all.bytes, all.len, 0, &split, &why))
			fail_why(folder, &why);
		assert_int_equal(split.len, vca_blob.len);
		assert_memory_equal(all.bytes, vca_blob.bytes, vca_blob.len);
		pairs += split.len;
		pairs_len -= split.len;
	}
	if (spdm_meas_parse(pairs, pairs_len, asym->size, &meas, &why) ||
	    spdm_meas_match(pairs, &meas, &vca, &why))
		fail_why(folder, &why);
	assert_int_equal(meas.last.op, info_number(info, n, "op"));
	assert_int_equal(meas.last.nr_blocks, info_number(info, n, "blocks"));
	assert_int_equal(meas.last.record_len, info_number(info, n, "record_len"));
	assert_int_equal(meas.last.attr, info_number(info, n, "req_attr"));
	is_piece(folder, n, "get_measurements_req", pairs + meas.last.request,
		 meas.last.response - meas.last.request);
	is_piece(folder, n, "measurements_rsp", pairs + meas.last.response,
		 meas.last.end - meas.last.response);
	is_piece(folder, n, "signature", pairs + meas.last.signature, meas.signature_len);

	while (spdm_meas_next_value(pairs, &meas, &it, &value)) {
		struct spdm_meas_mode mode;
		u64 svn;
		int err;

		assert_true(value.is_dmtf);
		if (!value.is_raw)
			assert_int_equal(value.len, spdm_meas_hash(vca.meas_hash)->size);
		err = spdm_meas_device_mode(pairs, &value, &mode, &why);
		assert_true(!err || err == -ENOENT);
		err = spdm_meas_svn(pairs, &value, &svn, &why);
		assert_true(!err || err == -ENOENT);
		blocks++;
	}
	assert_int_equal(blocks, meas.nr_blocks);

	/* What is signed. */
	if (spdm_meas_signed(&meas, &vca, ext, &nr, &why))
		fail_why(folder, &why);
	l1l2 = malloc(all.len + vca_blob.len);
	assert_non_null(l1l2);
	for (i = 0; i < nr; i++) {
		memcpy(l1l2 + len, (ext[i].in_vca ? vca_blob.bytes : pairs) + ext[i].offset,
		       ext[i].len);
		len += ext[i].len;
	}
	assert_int_equal(len, info_number(info, n, "l1l2_len"));
	is_piece(folder, n, "l1l2", l1l2, len);
	is_piece(folder, n, "message_m", pairs, meas.signed_len);
	i = spdm_meas_sign_prefix(meas.version, tbs);
	digest(hash->size, l1l2, len, tbs + i);
	for (nr = 0; nr < hash->size; nr++)
		sprintf(hex + 2 * nr, "%02x", tbs[i + nr]);
	assert_true(info_is(info, n, "l1l2_hash", hex));
	if (i)
		is_piece(folder, n, "tbs", tbs, i + hash->size);
	else
		is_piece(folder, n, "tbs", l1l2, len);

	free(l1l2);
	free(all.bytes);
	free(vca_blob.bytes);
}

static size_t nr_measurements;

static void check_capture(const char *folder)
{
	char path[PATH_SIZE], name[32], *text;
	struct blob info;
	int n;

	if (!is_dir(folder))
		return;
	join(path, folder, "info.json");
	info = read_blob(path);
	text = calloc(1, info.len + 1);
	assert_non_null(text);
	memcpy(text, info.bytes, info.len);
	free(info.bytes);
	for (n = 0;; n++) {
		snprintf(name, sizeof(name), "%d_vca.bin", n);
		join(path, folder, name);
		if (access(path, R_OK))
			break;
		check_measurement(folder, n, text);
		nr_measurements++;
	}
	check_row(folder, n > 0);
	free(text);
}

static void captures_are_taken_apart_as_others_do(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	join(path, root, "spdm");
	assert_true(each(path, "", check_capture) > 0);
	print_message("# %s: %zu measurements\n", path, nr_measurements);
}

/* Certificates */

static void check_certificate(const char *path)
{
	struct blob b = read_blob(path);
	struct tdisp_why why = { 0 };
	struct spdm_certs certs;

	assert_int_equal(spdm_certs_form(b.bytes, b.len), SPDM_CERTS_DER);
	if (spdm_certs_parse_der(b.bytes, b.len, &certs, &why))
		fail_why(path, &why);
	assert_int_equal(certs.nr, 1);
	assert_int_equal(certs.cert[0].len, b.len);
	free(b.bytes);
}

static void check_bundle(const char *path)
{
	struct blob b = read_blob(path);
	struct tdisp_why why = { 0 };
	struct spdm_certs certs;

	if (!strstr(path, "/bundle_")) {
		free(b.bytes);
		return;
	}
	assert_int_equal(spdm_certs_form(b.bytes, b.len), SPDM_CERTS_DER);
	if (spdm_certs_parse_der(b.bytes, b.len, &certs, &why))
		fail_why(path, &why);
	assert_int_equal(certs.nr, strstr(path, "alias") ? 4 : 3);
	assert_int_equal(certs.cert[certs.nr - 1].offset + certs.cert[certs.nr - 1].len, b.len);
	free(b.bytes);
}

static void check_kind(const char *folder)
{
	if (!is_dir(folder))
		return;
	check_row(folder, each(folder, ".cert.der", check_certificate) > 0);
	each(folder, ".der", check_bundle);
}

static void certificates_are_delimited(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	join(path, root, "certs");
	assert_true(each(path, "", check_kind) > 0);
}

/* NVIDIA */

static void check_report(const char *path)
{
	struct blob b = read_blob(path);
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;
	struct tdisp_why why = { 0 };
	struct spdm_meas meas;
	int err;
	u32 n;

	err = spdm_meas_parse(b.bytes, b.len, 96, &meas, &why);
	/* One report is known with a stray zero byte at its end. */
	if (err == -E2BIG && why.found == 1 && !b.bytes[why.offset])
		err = spdm_meas_parse(b.bytes, why.offset, 96, &meas, &why);
	if (err)
		fail_why(path, &why);
	assert_int_equal(meas.version, 0x11);
	assert_int_equal(meas.nr_pairs, 1);
	assert_int_equal(meas.last.op, 0xff);
	assert_true(meas.last.nr_blocks == 64 || meas.last.nr_blocks == 31);
	for (n = 0; spdm_meas_next_value(b.bytes, &meas, &it, &value); n++) {
		assert_int_equal(value.index, n + 1);
		assert_int_equal(value.len, 48);
		assert_false(value.is_raw);
	}
	assert_int_equal(n, meas.nr_blocks);
	free(b.bytes);
}

static void check_pem(const char *path)
{
	struct blob b = read_blob(path);

	check_row(path, spdm_certs_form(b.bytes, b.len) == SPDM_CERTS_PEM);
	free(b.bytes);
}

static void gpu_reports_are_taken_apart(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	join(path, root, "nvidia");
	assert_true(each(path, ".report.bin", check_report) > 0);
	assert_true(each(path, ".pem", check_pem) > 0);
}

/* Damage */

/* Whatever is accepted is read to its end. */
static void read_all(const uint8_t *bytes, size_t len)
{
	static const size_t sizes[] = { 64, 96, 384 };
	uint8_t *copy = malloc(len ? len : 1);
	struct spdm_certs certs;
	struct spdm_vca vca;
	size_t i, skip = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	spdm_certs_form(copy, len);
	spdm_certs_hash_size(copy, len, &i, NULL);
	spdm_certs_parse_der(copy, len, &certs, NULL);
	if (!spdm_vca_split(copy, len, 0, &vca, NULL))
		skip = vca.len;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct spdm_meas_iter it = { 0 };
		struct spdm_meas_value value;
		struct spdm_meas meas;
		size_t n = 0;

		if (spdm_meas_parse(copy + skip, len - skip, sizes[i], &meas, NULL))
			continue;
		while (spdm_meas_next_value(copy + skip, &meas, &it, &value)) {
			assert_true(value.len <= len - skip && value.value <= len - skip - value.len);
			n++;
		}
		assert_int_equal(n, meas.nr_blocks);
	}
	free(copy);
}

static void check_damaged(const char *path)
{
	struct blob b = read_blob(path);
	size_t i;

	/* A bit a byte, another one in the next: all of them would take minutes. */
	for (i = 0; i < b.len; i++) {
		read_all(b.bytes, i);
		b.bytes[i] ^= 1u << (i % 8);
		read_all(b.bytes, b.len);
		b.bytes[i] ^= 1u << (i % 8);
	}
	free(b.bytes);
}

static void check_damaged_capture(const char *folder)
{
	if (!is_dir(folder))
		return;
	each(folder, "vca.bin", check_damaged);
	each(folder, "transcript_with_sig.bin", check_damaged);
	each(folder, "spdm.bin", check_damaged);
}

static void no_damage_makes_the_parsers_read_astray(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	join(path, root, "spdm");
	each(path, "", check_damaged_capture);
	join(path, root, "nvidia");
	each(path, ".report.bin", check_damaged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_are_taken_apart_as_others_do),
		cmocka_unit_test(certificates_are_delimited),
		cmocka_unit_test(gpu_reports_are_taken_apart),
		cmocka_unit_test(no_damage_makes_the_parsers_read_astray),
	};
	const char *evidence = getenv("TDI_EVIDENCE");

	/* The whole program at once: cmocka's skip() has no room for the reason. */
	if (!evidence || !*evidence) {
		puts("1..1\nok 1 - spdm_of_others # SKIP TDI_EVIDENCE is not set");
		return 0;
	}
	join(root, evidence, "spdm");
	if (!is_dir(root)) {
		puts("1..1\nok 1 - spdm_of_others # SKIP TDI_EVIDENCE has no folder spdm");
		return 0;
	}
	snprintf(root, sizeof(root), "%s", evidence);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
