// SPDX-License-Identifier: GPL-2.0
/* Reading DICE extensions, in the forms that devices have been seen with. */
#include "der.h"
#include "dice.h"
#include "util.h"

const char *dice_flag_name(unsigned int bit)
{
	static const char * const names[DICE_FLAGS_NR] = {
		"not_configured", "not_secure", "recovery", "debug",
	};

	return names[bit];
}

const char *dice_form_name(enum dice_form form)
{
	static const char * const names[] = {
		[DICE_NONE]		= "none",
		[DICE_UNKNOWN]		= "unknown form",
		[DICE_TCB_INFO]		= "TcbInfo",
		[DICE_MULTI_TCB_INFO]	= "MultiTcbInfo",
		[DICE_COMPOSITE_ID]	= "composite device id",
	};

	return names[form];
}

/* FWID: SEQUENCE { hash algorithm OID, digest } */
static bool read_fwid(struct bytes in, struct dice *ret)
{
	struct bytes oid, digest;

	if (!der_take(&in, DER_OID, &oid) || !der_take(&in, DER_OCTET_STRING, &digest) || in.len)
		return false;
	if (!ret->fwid.len)
		ret->fwid = digest;
	return true;
}

static bool read_fwids(struct bytes in, struct dice *ret)
{
	struct bytes fwid;

	while (in.len)
		if (!der_take(&in, DER_SEQUENCE, &fwid) || !read_fwid(fwid, ret))
			return false;
	return true;
}

/* Bit 0 is the first byte's highest. */
static bool read_flags(struct bytes in, struct dice *ret)
{
	if (!in.len || in.data[0] > 7 || (in.len == 1 && in.data[0]))
		return false;
	ret->has_flags = true;
	for (unsigned int bit = 0; bit < DICE_FLAGS_NR; bit++)
		if (in.len > 1 && in.data[1] & (0x80u >> bit))
			ret->flags |= 1u << bit;
	return true;
}

/* DiceTcbInfo: members with implicit tags, rising, all of them optional. */
static bool read_tcb_info(struct bytes in, struct dice *ret)
{
	struct bytes value;
	unsigned int tag;

	while (in.len) {
		if (!der_next(&in, &tag, &value))
			return false;
		switch (tag) {
		case DER_CONTEXT(0):
			util_escape(ret->vendor, sizeof(ret->vendor), value.data, value.len);
			break;
		case DER_CONTEXT(1):
			util_escape(ret->model, sizeof(ret->model), value.data, value.len);
			break;
		case DER_CONTEXT(3):
			ret->has_svn = der_number(value, &ret->svn);
			if (!ret->has_svn)
				return false;
			break;
		case DER_CONTEXT_IN(6):
			if (!read_fwids(value, ret))
				return false;
			break;
		case DER_CONTEXT(7):
			if (!read_flags(value, ret))
				return false;
			break;
		default:
			if ((tag & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

/* { version INTEGER, deviceID SubjectPublicKeyInfo, fwid FWID } */
static bool read_composite(struct bytes in, struct dice *ret)
{
	struct bytes version, key, fwid;

	return der_take(&in, DER_INTEGER, &version) && der_take(&in, DER_SEQUENCE, &key) &&
	       der_take(&in, DER_SEQUENCE, &fwid) && !in.len && read_fwid(fwid, ret);
}

static enum dice_form read_one(struct bytes value, struct dice *ret)
{
	struct bytes body;

	if (!der_take(&value, DER_SEQUENCE, &body) || value.len || !body.len)
		return DICE_UNKNOWN;
	if (body.data[0] == DER_INTEGER)
		return read_composite(body, ret) ? DICE_COMPOSITE_ID : DICE_UNKNOWN;
	return read_tcb_info(body, ret) ? DICE_TCB_INFO : DICE_UNKNOWN;
}

/* The flags of all layers count: one layer under debug is enough. */
static enum dice_form read_multi(struct bytes value, struct dice *ret)
{
	struct bytes list, body;
	unsigned int flags = 0;
	bool has_flags = false;

	if (!der_take(&value, DER_SEQUENCE, &list) || value.len || !list.len)
		return DICE_UNKNOWN;
	while (list.len) {
		*ret = (struct dice) { 0 };
		if (!der_take(&list, DER_SEQUENCE, &body) || !read_tcb_info(body, ret))
			return DICE_UNKNOWN;
		flags |= ret->flags;
		has_flags |= ret->has_flags;
	}
	ret->flags = flags;
	ret->has_flags = has_flags;
	return DICE_MULTI_TCB_INFO;
}

void dice_read(const struct crypto_cert *cert, struct dice *ret)
{
	enum dice_form form = DICE_NONE;
	struct bytes value;
	int nr, nr1, multi;

	*ret = (struct dice) { 0 };
	nr = crypto_cert_extension(cert, DER_BYTES(OID_TCG_TCB_INFO), &value);
	nr1 = nr ? 0 : crypto_cert_extension(cert, DER_BYTES(OID_TCG_TCB_INFO_1), &value);
	if (nr + nr1 == 1) {
		form = read_one(value, ret);
	} else if (nr + nr1 > 1) {
		form = DICE_UNKNOWN;
	} else {
		multi = crypto_cert_extension(cert, DER_BYTES(OID_TCG_MULTI_TCB_INFO), &value);
		if (multi)
			form = multi == 1 ? read_multi(value, ret) : DICE_UNKNOWN;
	}
	if (form == DICE_UNKNOWN)
		*ret = (struct dice) { 0 };
	ret->form = form;
}
