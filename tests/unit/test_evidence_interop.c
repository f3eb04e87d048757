// SPDX-License-Identifier: GPL-2.0
/*
 * Reports that this project did not make, with the answer known from elsewhere.
 * The environment's TDI_EVIDENCE names the folder; its tdisp/ holds folders of
 * reports (*.bin). A folder with an index.json lists a verdict for each of them:
 *
 *   ok      parses, and matches some set of BARs
 *   reject  does not parse
 *   policy  well formed perhaps, and refused sooner or later: by the parser, by
 *           the match for any BARs, or by a policy that looks at what it says
 *
 * In a folder without an index every report parses.
 */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tdisp/report.h>

#define PATH_SIZE	4096

static char root[PATH_SIZE];

struct blob {
	uint8_t *bytes;	/* exactly len, so that the sanitizer sees a read past it */
	size_t len;
};

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

static void join(char path[PATH_SIZE], const char *a, const char *b)
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", a, b);

	assert_true(n > 0 && n < PATH_SIZE);
}

/*
 * The index, read by hand: an array of flat objects, in which only the strings
 * "file" and "verdict" matter. Names and verdicts hold no escapes.
 */
struct entry {
	char file[256];
	char verdict[16];
};

/* The string that starts at *@p, a quote, into @out; *@p goes past its end. */
static void json_string(const char **p, char *out, size_t size)
{
	size_t n = 0;

	for (++*p; **p && **p != '"'; ++*p) {
		if (**p == '\\')
			++*p;
		assert_true(**p != '\0');
		if (n + 1 < size)
			out[n++] = **p;
	}
	out[n] = '\0';
	assert_true(**p == '"');
	++*p;
}

/* The next object of the array at *@p, or false at the end of the array. */
static bool json_entry(const char **p, struct entry *e)
{
	memset(e, 0, sizeof(*e));
	*p += strcspn(*p, "{]");
	if (**p != '{')
		return false;
	++*p;
	for (;;) {
		char key[32], value[256];

		*p += strcspn(*p, "\"}");
		if (**p != '"')
			break;
		json_string(p, key, sizeof(key));
		*p += strspn(*p, ": \t\r\n");
		if (**p != '"')
			continue;	/* a number */
		json_string(p, value, sizeof(value));
		if (!strcmp(key, "file"))
			snprintf(e->file, sizeof(e->file), "%s", value);
		if (!strcmp(key, "verdict"))
			snprintf(e->verdict, sizeof(e->verdict), "%.*s",
				 (int)sizeof(e->verdict) - 1, value);
	}
	assert_true(**p == '}');
	++*p;
	return true;
}

/*
 * Is there a set of BARs that this report matches? BARs are independent of each
 * other, and each takes the smallest power of two that holds what is reported: if
 * a larger one matches (a report may leave out a BAR's end), so does that.
 */
static bool matches_some_bars(const struct blob *b, const struct tdisp_report *r)
{
	u64 first[TDISP_NR_BARS], end[TDISP_NR_BARS] = { 0 };
	struct tdisp_bars bars = { { 0 } };
	u32 i;

	for (i = 0; i < r->nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(b->bytes, r, i);

		if (range.id >= TDISP_NR_BARS)
			return false;
		if (!end[range.id])
			first[range.id] = range.first_page;
		end[range.id] = range.first_page + range.nr_pages;
	}
	for (i = 0; i < TDISP_NR_BARS; i++) {
		u64 pages = 1;

		if (!end[i])
			continue;
		while (pages < end[i] - first[i])
			pages *= 2;
		bars.size[i] = pages << 12;
	}
	return tdisp_report_match(b->bytes, r, &bars, NULL) == 0;
}

/* What a careful policy refuses: see struct tdisp_report for the fields. */
static bool careful_policy_accepts(const struct tdisp_report *r)
{
	return (r->info & 0x0001) && !(r->info & 0x001c) && !r->lnr_control;
}

static void check_verdict(const char *folder, const struct entry *e)
{
	struct tdisp_report r, untouched;
	struct tdisp_why why = { 0 };
	char path[PATH_SIZE];
	struct blob b;
	int err;

	join(path, folder, e->file);
	b = read_blob(path);
	memset(&r, 0xa5, sizeof(r));
	untouched = r;
	err = tdisp_report_parse(b.bytes, b.len, &r, &why);
	if (err) {
		check_row(e->file, err == -EBADMSG);
		check_row(e->file, why.check);
		check_row(e->file, !memcmp(&r, &untouched, sizeof(r)));
	}

	if (!strcmp(e->verdict, "ok")) {
		if (err)
			fail_msg("%s is refused: %s", e->file, why.check);
		check_row(e->file, matches_some_bars(&b, &r));
	} else if (!strcmp(e->verdict, "reject")) {
		check_row(e->file, err);
	} else if (!strcmp(e->verdict, "policy")) {
		check_row(e->file, err || !matches_some_bars(&b, &r) ||
			  !careful_policy_accepts(&r));
	} else {
		fail_msg("%s: verdict \"%s\"?", e->file, e->verdict);
	}
	free(b.bytes);
}

/* Calls @fn for each folder of reports, and fails if there is none. */
static void each_folder(void (*fn)(const char *folder))
{
	DIR *dir;
	struct dirent *d;
	size_t n = 0;

	dir = opendir(root);
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char folder[PATH_SIZE];

		join(folder, root, d->d_name);
		if (d->d_name[0] == '.' || !is_dir(folder))
			continue;
		fn(folder);
		n++;
	}
	closedir(dir);
	assert_true(n > 0);
}

static bool has_index(const char *folder, char path[PATH_SIZE])
{
	join(path, folder, "index.json");
	return !access(path, R_OK);
}

static void check_indexed(const char *folder)
{
	char path[PATH_SIZE];
	const char *p;
	struct entry e;
	struct blob b;
	char *text;
	size_t n = 0;

	if (!has_index(folder, path))
		return;
	b = read_blob(path);
	text = calloc(1, b.len + 1);
	assert_non_null(text);
	memcpy(text, b.bytes, b.len);
	free(b.bytes);
	for (p = text; json_entry(&p, &e); n++)
		check_verdict(folder, &e);
	free(text);
	check_row(path, n > 0);
	print_message("# %s: %zu reports\n", path, n);
}

static void each_bin(const char *folder, void (*fn)(const char *path))
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char path[PATH_SIZE];

		if (!ends_with(d->d_name, ".bin"))
			continue;
		join(path, folder, d->d_name);
		fn(path);
	}
	closedir(dir);
}

static void check_parses(const char *path)
{
	struct blob b = read_blob(path);
	struct tdisp_why why = { 0 };
	struct tdisp_report r;

	if (tdisp_report_parse(b.bytes, b.len, &r, &why))
		fail_msg("%s is refused: %s", path, why.check);
	check_row(path, matches_some_bars(&b, &r));
	free(b.bytes);
}

static void check_unindexed(const char *folder)
{
	char path[PATH_SIZE];

	if (!has_index(folder, path))
		each_bin(folder, check_parses);
}

/* Parses, and if that is accepted, reads all that the report then promises. */
static void read_all(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct tdisp_report r;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	if (!tdisp_report_parse(copy, len, &r, NULL)) {
		struct blob b = { copy, len };

		assert_int_equal(20 + 16 * (u64)r.nr_ranges + r.device_info_len, len);
		matches_some_bars(&b, &r);
	}
	free(copy);
}

static void check_damaged(const char *path)
{
	struct blob b = read_blob(path);
	size_t i;
	int bit;

	for (i = 0; i < b.len; i++) {
		read_all(b.bytes, i);
		for (bit = 0; bit < 8; bit++) {
			b.bytes[i] ^= 1u << bit;
			read_all(b.bytes, b.len);
			b.bytes[i] ^= 1u << bit;
		}
	}
	free(b.bytes);
}

static void check_damaged_folder(const char *folder)
{
	each_bin(folder, check_damaged);
}

static void indexed_reports_get_their_verdict(void **state)
{
	(void)state;
	each_folder(check_indexed);
}

static void other_reports_parse(void **state)
{
	(void)state;
	each_folder(check_unindexed);
}

static void no_damage_makes_the_parser_read_astray(void **state)
{
	(void)state;
	each_folder(check_damaged_folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indexed_reports_get_their_verdict),
		cmocka_unit_test(other_reports_parse),
		cmocka_unit_test(no_damage_makes_the_parser_read_astray),
	};
	const char *evidence = getenv("TDI_EVIDENCE");

	/* The whole program at once: cmocka's skip() has no room for the reason. */
	if (!evidence || !*evidence) {
		puts("1..1\nok 1 - reports_of_others # SKIP TDI_EVIDENCE is not set");
		return 0;
	}
	join(root, evidence, "tdisp");
	if (!is_dir(root)) {
		puts("1..1\nok 1 - reports_of_others # SKIP TDI_EVIDENCE has no folder tdisp");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
