// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the fuzz targets' first inputs, from the unit tests' builders:
 *
 *   seeds DIR	fills DIR/NAME/ for each target fuzz_NAME.c
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit/build_report.h"
#include "../unit/build_spdm.h"

static const char *dir;

/* @first bytes of @head, then the image. */
static void write_seed(const char *target, const char *name, const void *head, size_t head_len,
		       const void *bytes, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, target);
	if (mkdir(path, 0777) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/%s/%s", dir, target, name);
	f = fopen(path, "wb");
	if (!f || (head_len && fwrite(head, head_len, 1, f) != 1) ||
	    (len && fwrite(bytes, len, 1, f) != 1) || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void write_image(const char *target, const char *name, const struct image *img)
{
	write_seed(target, name, NULL, 0, img->bytes, img->len);
}

static void reports(void)
{
	static const uint8_t bars[6] = { 16, 0, 17, 0, 38, 0 };
	static struct report_image img;

	report_valid(&img);
	write_seed("report", "valid", NULL, 0, img.bytes, img.len);
	write_seed("report_match", "valid", bars, sizeof(bars), img.bytes, img.len);
	report_begin(&img, 1, 0);
	report_end(&img, NULL, 0);
	write_seed("report", "empty", NULL, 0, img.bytes, img.len);
	write_seed("report_match", "empty", bars, sizeof(bars), img.bytes, img.len);
}

static void certificates(void)
{
	static const char pem[] = "subject\n-----BEGIN CERTIFICATE-----\nMAA=\n"
				  "-----END CERTIFICATE-----\n";
	static const size_t sizes[] = { 32, 48, 64 };
	struct image img = { 0 };
	char name[32];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "chain%zu", sizes[i]);
		chain_valid(&img, sizes[i]);
		write_image("certs", name, &img);
		write_image("form", name, &img);
		img_cut(&img, 0, 4 + sizes[i]);
		snprintf(name, sizeof(name), "der%zu", sizes[i]);
		write_image("der", name, &img);
		write_image("form", name, &img);
		/* Small ones: a fuzzer sees more in them. */
		chain_begin(&img, sizes[i]);
		put_certificate(&img, 3, 0x30);
		put_certificate(&img, 0x80, 0);
		chain_end(&img);
		snprintf(name, sizeof(name), "small%zu", sizes[i]);
		write_image("certs", name, &img);
	}
	img_reset(&img);
	for (i = 0; i < 16; i++)
		put_certificate(&img, i, 0x30);
	write_image("der", "sixteen", &img);
	write_seed("form", "pem", NULL, 0, pem, sizeof(pem) - 1);
	img_free(&img);
}

static void measurements(void)
{
	static const uint8_t versions[] = { 0x10, 0x11, 0x12, 0x13, 0x14 };
	static const uint8_t signature_size = SIGNATURE_SIZE, small = 1;
	struct image img = { 0 }, all = { 0 };
	struct pair_at at[VALID_NR_PAIRS];
	struct vca_at vca;
	size_t i;
	char name[32];

	for (i = 0; i < sizeof(versions); i++) {
		if (versions[i] >= 0x13) {
			vca_valid(&img, versions[i], VCA_SUPPORTED, &vca);
			snprintf(name, sizeof(name), "supported%02x", versions[i]);
			write_image("vca", name, &img);
		}
		vca_valid(&img, versions[i], VCA_ALPHA, &vca);
		snprintf(name, sizeof(name), "alpha%02x", versions[i]);
		write_image("vca", name, &img);
		snprintf(name, sizeof(name), "v%02x", versions[i]);
		vca_valid(&img, versions[i], 0, &vca);
		write_image("vca", name, &img);
		write_image("form", name, &img);
		if (versions[i] == 0x10)
			continue;

		img_reset(&all);
		img_put(&all, img.bytes, img.len);
		transcript_valid(&img, versions[i], at);
		write_seed("meas", name, &signature_size, 1, img.bytes, img.len);
		img_put(&all, img.bytes, img.len);
		write_image("transcript", name, &all);

		transcript_short(&img, versions[i], at);
		snprintf(name, sizeof(name), "trailing%02x", versions[i]);
		write_seed("meas", name, &small, 1, img.bytes, img.len);
		img.len -= SIGNATURE_SIZE - 1;
		snprintf(name, sizeof(name), "short%02x", versions[i]);
		write_seed("meas", name, &small, 1, img.bytes, img.len);
	}
	img_free(&img);
	img_free(&all);
}

static void values(void)
{
	static const uint8_t bytes[] = { 0x0a, 0x04, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };
	static const struct {
		const char *name;
		uint8_t type;
		size_t len;
	} rows[] = {
		{ "mode", RAW | 5, 16 }, { "svn", RAW | 7, 8 }, { "freeform", RAW | 4, 5 },
		{ "structured", RAW | 10, 9 }, { "digest", 1, 16 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		write_seed("values", rows[i].name, &rows[i].type, 1, bytes, rows[i].len);
}

/* A capability's header, in a config space of fuzz_guard.c; its first three bytes are flags. */
static void put_cap(struct image *img, size_t at, uint32_t header)
{
	img_set(img, 3 + at, header, 4);
}

static void put_access(struct image *img, uint16_t where, uint8_t size, uint32_t val)
{
	img_le(img, where, 2);
	img_le(img, size, 2);
	img_le(img, val, 4);
}

static void guarded_functions(void)
{
	static const uint16_t extended[] = {
		0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x17, 0x1b, 0x24, 0x2f, 0x30,
	};
	static const char *const names[] = { "endpoint", "port", "msix" };
	struct image img = { 0 };
	uint8_t flags;
	size_t i;

	for (flags = 0; flags < 3; flags++) {
		img_reset(&img);
		img_le(&img, flags, 1);
		img_le(&img, 0x800, 2);
		img_fill(&img, 0, 0x800);
		put_cap(&img, 0x04, 0x00100406);
		put_cap(&img, 0x34, 0x40);
		put_cap(&img, 0x40, 0x8010);
		put_cap(&img, 0x80, 0x9001);
		put_cap(&img, 0x90, 0xa011);
		put_cap(&img, 0xa0, 0x0014);
		for (i = 0; i < sizeof(extended) / sizeof(extended[0]); i++)
			put_cap(&img, 0x100 + 0x40 * i, (0x140 + 0x40 * i) << 20 | 0x10000 |
				extended[i]);
		put_access(&img, 0x04, 1, 0);
		put_access(&img, 0x10, 2, 0xffffffff);
		put_access(&img, 0x48, 1, 0x8000);
		put_access(&img, 0x84, 1, 3);
		put_access(&img, 0x92, 1, 0x8000);
		for (i = 0; i < sizeof(extended) / sizeof(extended[0]); i++)
			put_access(&img, 0x104 + 0x40 * i, 2, 0x8001ffff);
		write_image("guard", names[flags], &img);
	}
	img_free(&img);
}

static void signatures(void)
{
	uint8_t raw[132];
	size_t i;

	for (i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 37);
	write_seed("ecdsa_der", "p521", NULL, 0, raw, sizeof(raw));
	memset(raw, 0, 40);
	write_seed("ecdsa_der", "zero", NULL, 0, raw, sizeof(raw));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 2;
	}
	dir = argv[1];
	reports();
	certificates();
	measurements();
	values();
	signatures();
	guarded_functions();
	return 0;
}
