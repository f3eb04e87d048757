// SPDX-License-Identifier: GPL-2.0
/* Reading PEM. */
#define _GNU_SOURCE
#include <string.h>

#include "pem.h"
#include "util.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

/* Of base64. */
#define BLOCK_MAX	(4u << 20)

static bool take(struct bytes *text, const char *literal, size_t len)
{
	if (text->len < len || memcmp(text->data, literal, len))
		return false;
	text->data += len;
	text->len -= len;
	return true;
}

#define TAKE(text, literal) take(text, literal, sizeof(literal) - 1)

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool end_of_line(struct bytes *text)
{
	while (text->len && text->data[0] != '\n') {
		if (!is_space(text->data[0]))
			return false;
		text->data++;
		text->len--;
	}
	return !text->len || TAKE(text, "\n");
}

static bool take_label(struct bytes *text, char ret[PEM_LABEL_SIZE])
{
	const uint8_t *dashes = memmem(text->data, text->len, DASHES, sizeof(DASHES) - 1);
	size_t len = dashes ? (size_t)(dashes - text->data) : PEM_LABEL_SIZE;

	if (len >= PEM_LABEL_SIZE || memchr(text->data, '\n', len))
		return false;
	memcpy(ret, text->data, len);
	ret[len] = '\0';
	text->data += len;
	text->len -= len;
	return TAKE(text, DASHES) && end_of_line(text);
}

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Groups of four, the last one padded, and the bits that padding drops 0. */
static bool decode(struct bytes text, struct blob *ret)
{
	unsigned int bits = 0, nr = 0, pad = 0;

	*ret = (struct blob) { util_grow(NULL, text.len / 4 * 3 + 3, 1), 0 };
	for (size_t i = 0; i < text.len; i++) {
		int value = digit(text.data[i]);

		if (is_space(text.data[i]))
			continue;
		if (text.data[i] == '=')
			pad++;
		else if (value < 0 || pad)
			return false;
		bits = bits << 6 | (pad ? 0 : (unsigned int)value);
		if (++nr % 4)
			continue;
		if (pad > 2 || (pad && bits & ((1u << 8 * pad) - 1)))
			return false;
		ret->data[ret->len++] = (uint8_t)(bits >> 16);
		if (pad < 2)
			ret->data[ret->len++] = (uint8_t)(bits >> 8);
		if (!pad)
			ret->data[ret->len++] = (uint8_t)bits;
		bits = 0;
	}
	return nr && nr % 4 == 0;
}

static bool read_block(struct bytes *text, char label[PEM_LABEL_SIZE], struct blob *ret)
{
	char end_label[PEM_LABEL_SIZE];
	struct bytes body = *text;
	const uint8_t *end;

	end = memmem(text->data, text->len, END, sizeof(END) - 1);
	if (!end || (size_t)(end - text->data) > BLOCK_MAX)
		return false;
	body.len = (size_t)(end - text->data);
	text->data += body.len + sizeof(END) - 1;
	text->len -= body.len + sizeof(END) - 1;
	return take_label(text, end_label) && !strcmp(label, end_label) && decode(body, ret);
}

int pem_next(struct bytes *text, char label[PEM_LABEL_SIZE], struct blob *ret)
{
	const uint8_t *begin = text->len ? memmem(text->data, text->len, BEGIN,
						  sizeof(BEGIN) - 1) : NULL;

	*ret = (struct blob) { 0 };
	if (!begin)
		return 0;
	text->len -= (size_t)(begin - text->data) + sizeof(BEGIN) - 1;
	text->data = begin + sizeof(BEGIN) - 1;
	if (take_label(text, label) && read_block(text, label, ret))
		return 1;
	blob_free(ret);
	return -1;
}
