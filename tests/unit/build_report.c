// SPDX-License-Identifier: GPL-2.0
/* See build_report.h. */
#include "build_report.h"

#include <assert.h>
#include <string.h>

static void poke(struct report_image *img, size_t at, uint64_t v, size_t n)
{
	size_t i;

	assert(at + n <= sizeof(img->bytes));
	for (i = 0; i < n; i++)
		img->bytes[at + i] = (uint8_t)(v >> (8 * i));
}

static uint64_t peek(const struct report_image *img, size_t at, size_t n)
{
	uint64_t v = 0;
	size_t i;

	assert(at + n <= sizeof(img->bytes));
	for (i = 0; i < n; i++)
		v |= (uint64_t)img->bytes[at + i] << (8 * i);
	return v;
}

void poke16(struct report_image *img, size_t at, uint16_t v)
{
	poke(img, at, v, 2);
}

void poke32(struct report_image *img, size_t at, uint32_t v)
{
	poke(img, at, v, 4);
}

void poke64(struct report_image *img, size_t at, uint64_t v)
{
	poke(img, at, v, 8);
}

uint32_t peek32(const struct report_image *img, size_t at)
{
	return (uint32_t)peek(img, at, 4);
}

uint64_t peek64(const struct report_image *img, size_t at)
{
	return peek(img, at, 8);
}

void report_begin(struct report_image *img, uint16_t info, uint16_t msix_control)
{
	memset(img, 0, sizeof(*img));
	poke16(img, AT_INFO, info);
	poke16(img, AT_MSIX, msix_control);
	img->len = 16;
}

void report_add_range(struct report_image *img, uint16_t id, uint64_t first_page,
		      uint32_t nr_pages, uint16_t attr)
{
	uint32_t i = peek32(img, AT_COUNT);

	poke64(img, AT_FIRST(i), first_page);
	poke32(img, AT_PAGES(i), nr_pages);
	poke32(img, AT_ATTR(i), (uint32_t)id << 16 | attr);
	poke32(img, AT_COUNT, i + 1);
	img->len += 16;
}

void report_end(struct report_image *img, const void *device_info, size_t len)
{
	poke32(img, img->len, (uint32_t)len);
	img->len += 4;
	assert(len <= sizeof(img->bytes) - img->len);
	if (len)
		memcpy(img->bytes + img->len, device_info, len);
	img->len += len;
}

void report_valid(struct report_image *img)
{
	report_begin(img, 0x0003, 0x801f);
	poke16(img, AT_LNR, 0x1234);
	poke32(img, AT_TPH, 0x89abcdef);
	report_add_range(img, 0, VALID_BAR0_PAGE, 4, 0);
	report_add_range(img, 0, VALID_BAR0_PAGE + 8, 8, 0x4);
	report_add_range(img, 2, VALID_BAR2_PAGE, 1, 0x1);
	report_add_range(img, 2, VALID_BAR2_PAGE + 16, 1, 0x2);
	report_add_range(img, 4, VALID_BAR4_PAGE, 1u << 26, 0x8);
	report_end(img, VALID_DEVICE_INFO, strlen(VALID_DEVICE_INFO));
}
