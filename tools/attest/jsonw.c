// SPDX-License-Identifier: GPL-2.0
/* A JSON writer that keeps nothing but the nesting depth. */
#include "jsonw.h"

static void indent(struct jsonw *w)
{
	putc('\n', w->f);
	for (int i = 0; i < w->depth; i++)
		fputs("  ", w->f);
}

static void quoted(struct jsonw *w, const char *text)
{
	putc('"', w->f);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(w->f, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", w->f);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(w->f, "\\u%04x", c);
		else
			putc(c, w->f);
	}
	putc('"', w->f);
}

static void begin(struct jsonw *w, const char *key)
{
	if (!w->empty)
		putc(',', w->f);
	if (w->depth)
		indent(w);
	w->empty = false;
	if (key) {
		quoted(w, key);
		fputs(": ", w->f);
	}
}

static void open_bracket(struct jsonw *w, const char *key, char c)
{
	begin(w, key);
	putc(c, w->f);
	w->depth++;
	w->empty = true;
}

static void close_bracket(struct jsonw *w, char c)
{
	w->depth--;
	if (!w->empty)
		indent(w);
	putc(c, w->f);
	w->empty = false;
	if (!w->depth)
		putc('\n', w->f);
}

void jsonw_start(struct jsonw *w, FILE *f)
{
	*w = (struct jsonw) { .f = f, .empty = true };
}

void jsonw_object(struct jsonw *w, const char *key)
{
	open_bracket(w, key, '{');
}

void jsonw_array(struct jsonw *w, const char *key)
{
	open_bracket(w, key, '[');
}

void jsonw_end_object(struct jsonw *w)
{
	close_bracket(w, '}');
}

void jsonw_end_array(struct jsonw *w)
{
	close_bracket(w, ']');
}

void jsonw_string(struct jsonw *w, const char *key, const char *text)
{
	begin(w, key);
	if (text)
		quoted(w, text);
	else
		fputs("null", w->f);
}

void jsonw_format(struct jsonw *w, const char *key, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	util_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	jsonw_string(w, key, text);
}

void jsonw_number(struct jsonw *w, const char *key, uint64_t value)
{
	begin(w, key);
	fprintf(w->f, "%llu", (unsigned long long)value);
}

void jsonw_millis(struct jsonw *w, const char *key, uint64_t millis)
{
	begin(w, key);
	fprintf(w->f, "%llu.%03u", (unsigned long long)(millis / 1000),
		(unsigned int)(millis % 1000));
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	begin(w, key);
	fputs(value ? "true" : "false", w->f);
}

void jsonw_null(struct jsonw *w, const char *key)
{
	jsonw_string(w, key, NULL);
}

void jsonw_hex(struct jsonw *w, const char *key, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	begin(w, key);
	putc('"', w->f);
	for (size_t i = 0; i < len; i++) {
		putc(digits[p[i] >> 4], w->f);
		putc(digits[p[i] & 15], w->f);
	}
	putc('"', w->f);
}
