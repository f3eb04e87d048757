// SPDX-License-Identifier: GPL-2.0
/* struct uevent from the kernel's message. */
#include <string.h>

#include "uevent.h"

/* Part of a message, without the zero byte behind it. */
struct part {
	const char *p;
	size_t len;
};

/* The keys that count; the kernel writes each of them once. */
enum key { KEY_ACTION, KEY_DEVPATH, KEY_SUBSYSTEM, KEY_EVENT, KEY_STATE, KEY_REASON, KEY_NR };

static const char * const keys[KEY_NR] = {
	[KEY_ACTION]	= "ACTION",
	[KEY_DEVPATH]	= "DEVPATH",
	[KEY_SUBSYSTEM]	= "SUBSYSTEM",
	[KEY_EVENT]	= "TDI_EVENT",
	[KEY_STATE]	= "TDI_STATE",
	[KEY_REASON]	= "TDI_REASON",
};

/* False at the end; the last one may lack its zero byte. */
static bool next(struct part *left, struct part *ret)
{
	const char *end;

	if (!left->len)
		return false;
	end = memchr(left->p, '\0', left->len);
	*ret = (struct part) { left->p, end ? (size_t)(end - left->p) : left->len };
	left->p += ret->len + !!end;
	left->len -= ret->len + !!end;
	return true;
}

static bool is(struct part part, const char *text)
{
	return part.len == strlen(text) && !memcmp(part.p, text, part.len);
}

/* Splits KEY=VALUE. */
static bool split(struct part line, struct part *ret_key, struct part *ret_value)
{
	const char *eq = memchr(line.p, '=', line.len);

	if (!eq)
		return false;
	*ret_key = (struct part) { line.p, (size_t)(eq - line.p) };
	*ret_value = (struct part) { eq + 1, line.len - ret_key->len - 1 };
	return true;
}

/* The first value of a key. */
static bool find(struct part msg, const char *name, struct part *ret)
{
	struct part line, key;

	while (next(&msg, &line))
		if (split(line, &key, ret) && is(key, name))
			return true;
	return false;
}

static enum uevent_kind wrong(char why[UEVENT_WHY_SIZE], const char *what, const char *expected,
			      struct part found)
{
	char shown[64];

	util_escape(shown, sizeof(shown), found.p, found.len);
	util_format(why, UEVENT_WHY_SIZE, "%s: expected %s, found \"%s\"", what, expected, shown);
	return UEVENT_MALFORMED;
}

static bool copy_word(struct part from, const char *letters, char *ret, size_t size)
{
	if (!from.len || from.len >= size)
		return false;
	for (size_t i = 0; i < from.len; i++)
		if (!from.p[i] || !strchr(letters, from.p[i]))
			return false;
	memcpy(ret, from.p, from.len);
	ret[from.len] = '\0';
	return true;
}

/* The last name of a path, if it is a PCI function's. */
static bool copy_bdf(struct part path, char ret[BDF_SIZE])
{
	char text[BDF_SIZE];
	size_t at = path.len;

	while (at && path.p[at - 1] != '/')
		at--;
	return at && copy_word((struct part) { path.p + at, path.len - at },
			       "0123456789abcdef:.", text, sizeof(text)) &&
	       !util_bdf_parse(text, ret) && !strcmp(text, ret);
}

/* The header says again what ACTION and DEVPATH do. */
static bool is_header(struct part line, const struct part *value)
{
	size_t action = value[KEY_ACTION].len, path = value[KEY_DEVPATH].len;

	return line.len == action + 1 + path && line.p[action] == '@' &&
	       !memcmp(line.p, value[KEY_ACTION].p, action) &&
	       !memcmp(line.p + action + 1, value[KEY_DEVPATH].p, path);
}

/* Every line of a message that is ours; @value is empty where a key is not there. */
static enum uevent_kind collect(struct part msg, struct part *value, char why[UEVENT_WHY_SIZE])
{
	struct part line, key, found;

	next(&msg, &line);
	while (next(&msg, &line)) {
		if (!split(line, &key, &found))
			return wrong(why, "a line", "KEY=VALUE", line);
		for (int k = 0; k < KEY_NR; k++) {
			if (!is(key, keys[k]))
				continue;
			if (value[k].p)
				return wrong(why, keys[k], "it once", found);
			value[k] = found;
		}
	}
	for (int k = 0; k < KEY_NR; k++)
		if (!value[k].p && k != KEY_REASON)
			return wrong(why, keys[k], "a value", (struct part) { "", 0 });
	return UEVENT_TDI;
}

enum uevent_kind uevent_parse(const void *msg, size_t len, struct uevent *ret,
			      char why[UEVENT_WHY_SIZE])
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz-";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	const struct part all = { msg, len };
	struct part value[KEY_NR] = { 0 }, left = all, header, subsystem;
	struct uevent event = { 0 };

	/* Other drivers may send what they like: it is none of our business. */
	if (!find(all, keys[KEY_EVENT], &header) ||
	    (find(all, keys[KEY_SUBSYSTEM], &subsystem) && !is(subsystem, "pci")))
		return UEVENT_OTHER;
	if (len > UEVENT_MAX)
		return wrong(why, "message", "at most 8192 bytes", (struct part) { msg, 64 });
	if (all.p[len - 1])
		return wrong(why, "message", "a zero byte at its end",
			     (struct part) { all.p + len - 1, 1 });
	if (collect(all, value, why) != UEVENT_TDI)
		return UEVENT_MALFORMED;
	next(&left, &header);
	if (!is(value[KEY_ACTION], "change"))
		return wrong(why, keys[KEY_ACTION], "change", value[KEY_ACTION]);
	if (!is_header(header, value))
		return wrong(why, "first line", "ACTION@DEVPATH", header);
	if (!copy_bdf(value[KEY_DEVPATH], event.bdf))
		return wrong(why, keys[KEY_DEVPATH], "the path of a PCI function",
			     value[KEY_DEVPATH]);
	if (!copy_word(value[KEY_EVENT], lower, event.event, sizeof(event.event)))
		return wrong(why, keys[KEY_EVENT], "a word", value[KEY_EVENT]);
	if (!copy_word(value[KEY_STATE], letters, event.state, sizeof(event.state)))
		return wrong(why, keys[KEY_STATE], "a word", value[KEY_STATE]);
	util_escape(event.reason, sizeof(event.reason), value[KEY_REASON].p, value[KEY_REASON].len);
	*ret = event;
	return UEVENT_TDI;
}
