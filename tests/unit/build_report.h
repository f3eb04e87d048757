/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Builds TDISP interface reports byte by byte, from the standard's layout and
 * not from the project's structures, so that a wrong structure shows.
 */
#ifndef BUILD_REPORT_H
#define BUILD_REPORT_H

#include <stddef.h>
#include <stdint.h>

/* Offsets of the fields of a report, PCIe r6.x 11.3.11. */
#define AT_INFO		0
#define AT_RSVD		2
#define AT_MSIX		4
#define AT_LNR		6
#define AT_TPH		8
#define AT_COUNT	12
#define AT_RANGE(i)	(16 + 16 * (size_t)(i))
#define AT_FIRST(i)	AT_RANGE(i)
#define AT_PAGES(i)	(AT_RANGE(i) + 8)
#define AT_ATTR(i)	(AT_RANGE(i) + 12)
#define AT_INFO_LEN(n)	AT_RANGE(n)

struct report_image {
	size_t len;
	uint8_t bytes[70000];
};

void poke16(struct report_image *img, size_t at, uint16_t v);
void poke32(struct report_image *img, size_t at, uint32_t v);
void poke64(struct report_image *img, size_t at, uint64_t v);
uint32_t peek32(const struct report_image *img, size_t at);
uint64_t peek64(const struct report_image *img, size_t at);

/* The three steps of a report: the fixed part, its ranges, the end. */
void report_begin(struct report_image *img, uint16_t info, uint16_t msix_control);
void report_add_range(struct report_image *img, uint16_t id, uint64_t first_page,
		      uint32_t nr_pages, uint16_t attr);
void report_end(struct report_image *img, const void *device_info, size_t len);

/*
 * A report with everything in it: BAR 0 (64 KiB) in two ranges with a gap, the
 * second shared; BAR 2 (128 KiB) with locked MSI-X table and PBA; BAR 4
 * (256 GiB) whole; six bytes of device-specific information.
 */
#define VALID_NR_RANGES		5
#define VALID_BAR0_PAGE		0xd0000ull
#define VALID_BAR2_PAGE		0xd0100ull
#define VALID_BAR4_PAGE		0x380000000ull
#define VALID_DEVICE_INFO	"vendor"
#define VALID_BAR_SIZES		{ 0x10000, 0, 0x20000, 0, 1ull << 38, 0 }
void report_valid(struct report_image *img);

#endif /* BUILD_REPORT_H */
