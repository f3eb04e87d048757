// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Parsing of measurement transcripts, DSP0274 1.1 to 1.4, 10.11.
 *
 * Where the signature is, and so what it covers, follows from the lengths in the
 * very bytes that it is to vouch for. They are read before it is verified, so as
 * if an attacker chose them. One pass; a block is looked at twice at most, when
 * its index was seen before.
 */
#include "../include/tdisp/cursor.h"
#include "../include/tdisp/spdm_meas.h"

/* Where in a message or block a field is, for the reason of a refusal. */
#define FIELD(at, type, field)	((at) + offsetof(struct type, field))

#define NR_INDICES	256

/* A response without record, opaque data, context and signature. */
#define RESPONSE_MIN	(sizeof(struct spdm_measurements) + SPDM_NONCE_SIZE + sizeof(__le16))

static bool version_is_known(u8 version)
{
	return version >= SPDM_VERSION_1_1 && version <= SPDM_VERSION_1_4;
}

/* A message's header, of version @version unless that is 0. */
static int read_header(struct tdisp_cursor *c, u8 code, u8 version, u32 nr, const u8 **ret,
		       struct tdisp_why *why)
{
	size_t at = c->pos;
	const u8 *p = tdisp_cursor_take(c, sizeof(struct spdm_msg_hdr));
	u8 found;

	if (!p)
		return tdisp_refuse(why, -EBADMSG, "a message of the transcript is whole", at, nr,
				    sizeof(struct spdm_msg_hdr), c->len - at);

	found = p[offsetof(struct spdm_msg_hdr, code)];
	if (found != code)
		return tdisp_refuse(why, -EBADMSG,
				    "GET_MEASUREMENTS and MEASUREMENTS take turns",
				    FIELD(at, spdm_msg_hdr, code), nr, code, found);

	found = p[offsetof(struct spdm_msg_hdr, version)];
	if (!version && found == SPDM_VERSION_1_0)
		return tdisp_refuse(why, -EOPNOTSUPP,
				    "SPDM 1.0 measurements are not supported",
				    FIELD(at, spdm_msg_hdr, version), nr, SPDM_VERSION_1_1, found);
	if (!version && !version_is_known(found))
		return tdisp_refuse(why, -EOPNOTSUPP, "the SPDM version is 1.1 to 1.4",
				    FIELD(at, spdm_msg_hdr, version), nr, SPDM_VERSION_1_4, found);
	if (version && found != version)
		return tdisp_refuse(why, -EBADMSG, "a transcript is of one SPDM version",
				    FIELD(at, spdm_msg_hdr, version), nr, version, found);

	*ret = p;
	return 0;
}

/*
 * Reads the request at the cursor. What is asked for decides what the request,
 * and then the response, consist of.
 */
static int read_request(struct tdisp_cursor *c, u8 *version, u32 nr, struct spdm_meas_pair *pair,
			size_t *context, struct tdisp_why *why)
{
	size_t size = sizeof(struct spdm_msg_hdr);
	const u8 *p;
	int err;

	pair->request = c->pos;
	err = read_header(c, SPDM_GET_MEASUREMENTS, *version, nr, &p, why);
	if (err)
		return err;
	*version = p[offsetof(struct spdm_msg_hdr, version)];
	pair->attr = p[offsetof(struct spdm_msg_hdr, param1)];
	pair->op = p[offsetof(struct spdm_msg_hdr, param2)];
	pair->has_signature = pair->attr & SPDM_MEAS_REQ_SIGNATURE;
	pair->has_context = *version >= SPDM_VERSION_1_3;

	if (pair->has_signature)
		size = sizeof(struct spdm_get_measurements);
	*context = pair->request + size;
	if (pair->has_context)
		size += SPDM_CONTEXT_SIZE;
	if (!tdisp_cursor_take(c, size - sizeof(struct spdm_msg_hdr)))
		return tdisp_refuse(why, -EBADMSG, "a message of the transcript is whole",
				    pair->request, nr, size, c->len - pair->request);
	if (!pair->has_signature)
		return 0;

	pair->req_nonce = FIELD(pair->request, spdm_get_measurements, nonce);
	pair->slot = p[offsetof(struct spdm_get_measurements, slot)] & SPDM_MEAS_SLOT_MASK;
	if (pair->slot >= SPDM_NR_SLOTS && pair->slot != SPDM_SLOT_PUBLIC_KEY)
		return tdisp_refuse(why, -EBADMSG, "the slot is 0 to 7, or 15 for a public key",
				    FIELD(pair->request, spdm_get_measurements, slot), nr,
				    SPDM_NR_SLOTS - 1, pair->slot);
	return 0;
}

/* Reads the response at the cursor, to the request that is in @pair already. */
static int read_response(struct tdisp_cursor *c, u8 version, u32 nr, size_t context,
			 size_t signature_len, struct spdm_meas_pair *pair, struct tdisp_why *why)
{
	const u8 *p;
	u8 slot;
	int err;

	pair->response = c->pos;
	err = read_header(c, SPDM_MEASUREMENTS, version, nr, &p, why);
	if (err)
		return err;
	if (!tdisp_cursor_take(c, sizeof(struct spdm_measurements) - sizeof(struct spdm_msg_hdr)))
		return tdisp_refuse(why, -EBADMSG, "a message of the transcript is whole",
				    pair->response, nr, RESPONSE_MIN, c->len - pair->response);

	/* In an unsigned response the slot means nothing. */
	slot = p[offsetof(struct spdm_msg_hdr, param2)] & SPDM_MEAS_SLOT_MASK;
	if (pair->has_signature && slot != pair->slot)
		return tdisp_refuse(why, -EBADMSG, "the response is of the slot that was asked for",
				    FIELD(pair->response, spdm_measurements, hdr.param2), nr,
				    pair->slot, slot);
	if (pair->op == SPDM_MEAS_OP_COUNT)
		pair->total = p[offsetof(struct spdm_msg_hdr, param1)];
	if (version >= SPDM_VERSION_1_2)
		pair->changed = p[offsetof(struct spdm_msg_hdr, param2)] & SPDM_MEAS_CHANGED_MASK;
	if (pair->changed == SPDM_MEAS_CHANGED_MASK)
		return tdisp_refuse(why, -EBADMSG, "the content-changed field has a known value",
				    FIELD(pair->response, spdm_measurements, hdr.param2), nr,
				    SPDM_MEAS_UNCHANGED, pair->changed);

	pair->nr_blocks = p[offsetof(struct spdm_measurements, nr_blocks)];
	pair->record = c->pos;
	pair->record_len = get_unaligned_le24(p + offsetof(struct spdm_measurements,
							   record_len));
	if (!tdisp_cursor_take(c, pair->record_len))
		return tdisp_refuse(why, -EBADMSG, "the measurement record fits the transcript",
				    FIELD(pair->response, spdm_measurements, record_len), nr,
				    c->len - pair->record, pair->record_len);

	pair->rsp_nonce = c->pos;
	tdisp_cursor_take(c, SPDM_NONCE_SIZE);
	pair->opaque_len = tdisp_cursor_le16(c);
	if (!tdisp_cursor_ok(c))
		return tdisp_refuse(why, -EBADMSG, "a nonce and OpaqueDataLength follow the record",
				    pair->rsp_nonce, nr, SPDM_NONCE_SIZE + sizeof(__le16),
				    c->len - pair->rsp_nonce);

	pair->opaque = c->pos;
	if (pair->opaque_len > SPDM_OPAQUE_MAX)
		return tdisp_refuse(why, -EBADMSG, "OpaqueDataLength is at most 1024",
				    pair->opaque - sizeof(__le16), nr, SPDM_OPAQUE_MAX,
				    pair->opaque_len);
	if (!tdisp_cursor_take(c, pair->opaque_len))
		return tdisp_refuse(why, -EBADMSG, "the opaque data fits the transcript",
				    pair->opaque - sizeof(__le16), nr, c->len - pair->opaque,
				    pair->opaque_len);

	if (pair->has_context) {
		pair->context = c->pos;
		p = tdisp_cursor_take(c, SPDM_CONTEXT_SIZE);
		if (!p)
			return tdisp_refuse(why, -EBADMSG,
					    "a requester context follows the opaque data",
					    pair->context, nr, SPDM_CONTEXT_SIZE,
					    c->len - pair->context);
		if (memcmp(p, c->buf + context, SPDM_CONTEXT_SIZE))
			return tdisp_refuse(why, -EBADMSG,
					    "the response returns the requester context",
					    pair->context, nr,
					    get_unaligned_le64(c->buf + context),
					    get_unaligned_le64(p));
	}

	if (pair->has_signature) {
		pair->signature = c->pos;
		if (!tdisp_cursor_take(c, signature_len))
			return tdisp_refuse(why, -EBADMSG, "the signature is whole",
					    pair->signature, nr, signature_len,
					    c->len - pair->signature);
	}
	pair->end = c->pos;
	return 0;
}

/* The pair at @pos, number @nr. *@version is 0 where it is yet to be found out. */
static int read_pair(const u8 *buf, size_t len, size_t pos, u32 nr, u8 *version,
		     size_t signature_len, struct spdm_meas_pair *ret, struct tdisp_why *why)
{
	struct spdm_meas_pair pair = { 0 };
	struct tdisp_cursor c;
	size_t context;
	int err;

	tdisp_cursor_init(&c, buf, len);
	tdisp_cursor_take(&c, pos);
	err = read_request(&c, version, nr, &pair, &context, why);
	if (err)
		return err;
	err = read_response(&c, *version, nr, context, signature_len, &pair, why);
	if (err)
		return err;

	*ret = pair;
	return 0;
}

/* The block at @at of a response that was checked. */
static struct spdm_meas_value read_value(const u8 *buf, size_t at, u32 pair)
{
	const u8 *p = buf + at;
	struct spdm_meas_value v = {
		.pair = pair,
		.offset = at,
		.index = p[offsetof(struct spdm_meas_block, index)],
		.spec = p[offsetof(struct spdm_meas_block, spec)],
		.value = at + SPDM_MEAS_BLOCK_HDR_SIZE,
		.len = get_unaligned_le16(p + offsetof(struct spdm_meas_block, size)),
	};

	v.is_dmtf = v.spec == SPDM_MEAS_SPEC_DMTF;
	if (v.is_dmtf) {
		u8 type = p[offsetof(struct spdm_meas_block, type)];

		v.type = type & SPDM_MEAS_TYPE_MASK;
		v.is_raw = type & SPDM_MEAS_RAW;
		v.value += SPDM_MEAS_DMTF_HDR_SIZE;
		v.len -= SPDM_MEAS_DMTF_HDR_SIZE;
	}
	return v;
}

/* One block of a response, at the cursor, which ends where the record does. */
static int check_block(struct tdisp_cursor *c, u32 i, struct tdisp_why *why)
{
	size_t at = c->pos;
	u8 index = tdisp_cursor_u8(c);
	u8 spec = tdisp_cursor_u8(c);
	u16 size = tdisp_cursor_le16(c);
	u16 value_size;

	if (!tdisp_cursor_ok(c))
		return tdisp_refuse(why, -EBADMSG, "the record holds the blocks that it counts",
				    at, i, SPDM_MEAS_BLOCK_HDR_SIZE, c->len - at);
	if (!index || index == SPDM_MEAS_OP_ALL)
		return tdisp_refuse(why, -EBADMSG, "a block's index is 1 to 254",
				    FIELD(at, spdm_meas_block, index), i, 1, index);
	if (!spec || (spec & (spec - 1)))
		return tdisp_refuse(why, -EBADMSG, "a block is of one measurement specification",
				    FIELD(at, spdm_meas_block, spec), i, SPDM_MEAS_SPEC_DMTF, spec);
	if (!tdisp_cursor_take(c, size))
		return tdisp_refuse(why, -EBADMSG, "a block fits its record",
				    FIELD(at, spdm_meas_block, size), i,
				    c->len - (at + SPDM_MEAS_BLOCK_HDR_SIZE), size);

	if (spec != SPDM_MEAS_SPEC_DMTF)
		return 0;
	if (size < SPDM_MEAS_DMTF_HDR_SIZE)
		return tdisp_refuse(why, -EBADMSG, "a block holds the header of its value",
				    FIELD(at, spdm_meas_block, size), i, SPDM_MEAS_DMTF_HDR_SIZE,
				    size);
	value_size = get_unaligned_le16(c->buf + FIELD(at, spdm_meas_block, value_size));
	if (value_size != size - SPDM_MEAS_DMTF_HDR_SIZE)
		return tdisp_refuse(why, -EBADMSG, "a block's value has the size left to it",
				    FIELD(at, spdm_meas_block, value_size), i,
				    size - SPDM_MEAS_DMTF_HDR_SIZE, value_size);
	return 0;
}

/* The number of blocks that a request asks for: one, or some (as 0), or none. */
static int check_nr_blocks(const struct spdm_meas_pair *pair, u32 nr, struct tdisp_why *why)
{
	size_t at = FIELD(pair->response, spdm_measurements, nr_blocks);

	switch (pair->op) {
	case SPDM_MEAS_OP_COUNT:
		if (pair->nr_blocks)
			return tdisp_refuse(why, -EBADMSG, "asked for their number, no blocks come",
					    at, nr, 0, pair->nr_blocks);
		return 0;
	case SPDM_MEAS_OP_ALL:
		if (!pair->nr_blocks)
			return tdisp_refuse(why, -EBADMSG, "asked for all blocks, some come", at,
					    nr, 1, 0);
		return 0;
	default:
		if (pair->nr_blocks != 1)
			return tdisp_refuse(why, -EBADMSG, "asked for one block, one comes", at,
					    nr, 1, pair->nr_blocks);
		return 0;
	}
}

/*
 * The blocks of a response. @seen is where the first block of each index is, plus
 * one, 0 if it did not come yet: a device that says two things of one index would
 * let policy look at one and a person at the other.
 */
static int check_blocks(const u8 *buf, const struct spdm_meas_pair *pair, u32 nr,
			u32 seen[NR_INDICES], struct tdisp_why *why)
{
	struct tdisp_cursor c;
	u32 i;
	int err;

	err = check_nr_blocks(pair, nr, why);
	if (err)
		return err;

	tdisp_cursor_init(&c, buf, pair->record + pair->record_len);
	tdisp_cursor_take(&c, pair->record);
	for (i = 0; i < pair->nr_blocks; i++) {
		size_t at = c.pos, first;
		u8 index;

		err = check_block(&c, i, why);
		if (err)
			return err;
		index = buf[FIELD(at, spdm_meas_block, index)];
		if (pair->op != SPDM_MEAS_OP_ALL && index != pair->op)
			return tdisp_refuse(why, -EBADMSG, "the block is the one asked for",
					    FIELD(at, spdm_meas_block, index), i, pair->op, index);

		if (!seen[index]) {
			seen[index] = (u32)at + 1;
			continue;
		}
		/* The size is in the header: as many bytes that are the same are all of it. */
		first = seen[index] - 1;
		if (memcmp(buf + first, buf + at, c.pos - at))
			return tdisp_refuse(why, -EBADMSG,
					    "an index that comes again comes with the same block",
					    at, i, first, at);
	}

	if (tdisp_cursor_left(&c))
		return tdisp_refuse(why, -EBADMSG, "the record ends with its last block", c.pos,
				    nr, 0, tdisp_cursor_left(&c));
	return 0;
}

int spdm_meas_parse(const void *buf, size_t len, size_t signature_len, struct spdm_meas *ret,
		    struct tdisp_why *why)
{
	struct spdm_meas meas = { .signature_len = signature_len };
	u32 seen[NR_INDICES] = { 0 };
	int err;

	if (!signature_len)
		return tdisp_refuse(why, -EINVAL, "the size of the signature is known", 0,
				    TDISP_WHY_NO_INDEX, 1, 0);
	if (len > SPDM_MEAS_TRANSCRIPT_MAX)
		return tdisp_refuse(why, -EBADMSG, "a transcript is at most 64 MiB", 0,
				    TDISP_WHY_NO_INDEX, SPDM_MEAS_TRANSCRIPT_MAX, len);

	do {
		err = read_pair(buf, len, meas.last.end, meas.nr_pairs, &meas.version,
				signature_len, &meas.last, why);
		if (err)
			return err;
		err = check_blocks(buf, &meas.last, meas.nr_pairs, seen, why);
		if (err)
			return err;
		meas.nr_pairs++;
		meas.nr_blocks += meas.last.nr_blocks;
	} while (!meas.last.has_signature && meas.last.end < len);

	if (!meas.last.has_signature)
		return tdisp_refuse(why, -EBADMSG, "the last response is signed",
				    FIELD(meas.last.request, spdm_msg_hdr, param1),
				    meas.nr_pairs - 1, SPDM_MEAS_REQ_SIGNATURE, 0);
	/* What comes after a signature begins another log, and is in no signature. */
	if (meas.last.end != len)
		return tdisp_refuse(why, -E2BIG, "nothing follows the signature", meas.last.end,
				    TDISP_WHY_NO_INDEX, 0, len - meas.last.end);

	meas.signed_len = meas.last.signature;
	*ret = meas;
	return 0;
}

bool spdm_meas_next_pair(const void *buf, const struct spdm_meas *meas,
			 struct spdm_meas_iter *it, struct spdm_meas_pair *ret)
{
	u8 version = meas->version;

	/* After the last pair there are no bytes for another. */
	if (read_pair(buf, meas->last.end, it->pos, it->pair, &version, meas->signature_len, ret,
		      NULL))
		return false;
	it->pos = ret->end;
	it->pair++;
	return true;
}

bool spdm_meas_next_value(const void *buf, const struct spdm_meas *meas,
			  struct spdm_meas_iter *it, struct spdm_meas_value *ret)
{
	struct spdm_meas_pair pair;

	while (!it->blocks_left) {
		if (!spdm_meas_next_pair(buf, meas, it, &pair))
			return false;
		it->block = pair.record;
		it->blocks_left = pair.nr_blocks;
	}

	*ret = read_value(buf, it->block, it->pair - 1);
	it->block = ret->value + ret->len;
	it->blocks_left--;
	return true;
}

int spdm_meas_match(const void *buf, const struct spdm_meas *meas, const struct spdm_vca *vca,
		    struct tdisp_why *why)
{
	struct spdm_meas_iter pairs = { 0 }, values = { 0 };
	struct spdm_meas_value value;
	struct spdm_meas_pair pair;

	if (meas->version != vca->version)
		return tdisp_refuse(why, -EBADMSG, "transcript and VCA are of one SPDM version",
				    0, TDISP_WHY_NO_INDEX, vca->version, meas->version);
	if ((vca->rsp_flags & SPDM_CAP_MEAS_MASK) != SPDM_CAP_MEAS_SIG)
		return tdisp_refuse(why, -EBADMSG,
				    "who signs measurements has the capability to (MEAS_CAP)", 0,
				    TDISP_WHY_NO_INDEX, SPDM_CAP_MEAS_SIG,
				    vca->rsp_flags & SPDM_CAP_MEAS_MASK);

	while (spdm_meas_next_pair(buf, meas, &pairs, &pair))
		if (vca->opaque_fmt == SPDM_OPAQUE_FMT_NONE && pair.opaque_len)
			return tdisp_refuse(why, -EBADMSG,
					    "no opaque data comes where its format is \"none\"",
					    pair.opaque - sizeof(__le16), pairs.pair - 1, 0,
					    pair.opaque_len);
	while (spdm_meas_next_value(buf, meas, &values, &value))
		if (value.spec != vca->meas_spec)
			return tdisp_refuse(why, -EBADMSG,
					    "a block is of the measurement specification selected",
					    FIELD(value.offset, spdm_meas_block, spec), value.index,
					    vca->meas_spec, value.spec);
	return 0;
}

int spdm_meas_signed(const struct spdm_meas *meas, const struct spdm_vca *vca,
		     struct spdm_meas_extent ret[SPDM_MEAS_EXTENTS], unsigned int *nr,
		     struct tdisp_why *why)
{
	unsigned int n = 0;

	if (meas->version >= SPDM_VERSION_1_2) {
		if (!vca)
			return tdisp_refuse(why, -ENODATA,
					    "the VCA is there, which is signed from SPDM 1.2 on", 0,
					    TDISP_WHY_NO_INDEX, 1, 0);
		ret[n++] = (struct spdm_meas_extent) { .in_vca = true, .len = vca->len };
	}
	ret[n++] = (struct spdm_meas_extent) { .len = meas->signed_len };
	*nr = n;
	return 0;
}

size_t spdm_meas_sign_prefix(u8 version, u8 ret[SPDM_SIGN_PREFIX_SIZE])
{
	static const char context[] = SPDM_SIGN_CTX_MEASUREMENTS;
	const char *text;
	unsigned int i;

	switch (version) {
	case SPDM_VERSION_1_2:
		text = SPDM_SIGN_VERSION_TEXT_1_2;
		break;
	case SPDM_VERSION_1_3:
		text = SPDM_SIGN_VERSION_TEXT_1_3;
		break;
	case SPDM_VERSION_1_4:
		text = SPDM_SIGN_VERSION_TEXT_1_4;
		break;
	default:
		return 0;
	}

	memset(ret, 0, SPDM_SIGN_PREFIX_SIZE);
	for (i = 0; i < SPDM_SIGN_VERSION_REPEAT; i++)
		memcpy(ret + i * SPDM_SIGN_VERSION_TEXT_SIZE, text, SPDM_SIGN_VERSION_TEXT_SIZE);
	memcpy(ret + SPDM_SIGN_PREFIX_SIZE - (sizeof(context) - 1), context, sizeof(context) - 1);
	return SPDM_SIGN_PREFIX_SIZE;
}

static bool is_raw(const struct spdm_meas_value *value, enum spdm_meas_type type)
{
	return value->is_dmtf && value->is_raw && value->type == type;
}

int spdm_meas_device_mode(const void *buf, const struct spdm_meas_value *value,
			  struct spdm_meas_mode *ret, struct tdisp_why *why)
{
	const u8 *p = (const u8 *)buf + value->value;

	if (!is_raw(value, SPDM_MEAS_DEVICE_MODE))
		return -ENOENT;
	if (value->len != sizeof(struct spdm_device_mode))
		return tdisp_refuse(why, -EBADMSG, "a device mode has 16 bytes",
				    FIELD(value->offset, spdm_meas_block, value_size),
				    value->index, sizeof(struct spdm_device_mode), value->len);

	*ret = (struct spdm_meas_mode) {
		.op_caps = get_unaligned_le32(p + offsetof(struct spdm_device_mode, op_mode_caps)),
		.op_state = get_unaligned_le32(p + offsetof(struct spdm_device_mode,
							    op_mode_state)),
		.dev_caps = get_unaligned_le32(p + offsetof(struct spdm_device_mode,
							    device_mode_caps)),
		.dev_state = get_unaligned_le32(p + offsetof(struct spdm_device_mode,
							     device_mode_state)),
	};
	return 0;
}

int spdm_meas_svn(const void *buf, const struct spdm_meas_value *value, u64 *ret,
		  struct tdisp_why *why)
{
	if (!is_raw(value, SPDM_MEAS_FW_SVN))
		return -ENOENT;
	if (value->len != sizeof(__le64))
		return tdisp_refuse(why, -EBADMSG, "a security version number has 8 bytes",
				    FIELD(value->offset, spdm_meas_block, value_size),
				    value->index, sizeof(__le64), value->len);

	*ret = get_unaligned_le64((const u8 *)buf + value->value);
	return 0;
}

int spdm_meas_manifest(const void *buf, const struct spdm_meas_value *value,
		       struct spdm_meas_manifest *ret, struct tdisp_why *why)
{
	struct spdm_meas_manifest m = { .body = value->value, .body_len = value->len };
	struct tdisp_cursor c;

	if (is_raw(value, SPDM_MEAS_MANIFEST)) {
		*ret = m;
		return 0;
	}
	if (!is_raw(value, SPDM_MEAS_MANIFEST_STRUCTURED))
		return -ENOENT;

	m.structured = true;
	tdisp_cursor_init(&c, buf, value->value + value->len);
	tdisp_cursor_take(&c, value->value);
	m.registry = tdisp_cursor_u8(&c);
	m.vendor_id_len = tdisp_cursor_u8(&c);
	m.vendor_id = c.pos;
	tdisp_cursor_take(&c, m.vendor_id_len);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "a structured manifest holds its header",
				    value->value, value->index,
				    sizeof(struct spdm_svh) + m.vendor_id_len, value->len);
	m.body = c.pos;
	m.body_len = tdisp_cursor_left(&c);
	*ret = m;
	return 0;
}

const char *spdm_meas_type_name(u8 type)
{
	static const char *const names[] = {
		[SPDM_MEAS_ROM]			= "immutable ROM",
		[SPDM_MEAS_FIRMWARE]		= "mutable firmware",
		[SPDM_MEAS_HW_CONFIG]		= "hardware configuration",
		[SPDM_MEAS_FW_CONFIG]		= "firmware configuration",
		[SPDM_MEAS_MANIFEST]		= "measurement manifest",
		[SPDM_MEAS_DEVICE_MODE]		= "device mode",
		[SPDM_MEAS_FW_VERSION]		= "firmware version",
		[SPDM_MEAS_FW_SVN]		= "security version number",
		[SPDM_MEAS_HASH_EXTEND]		= "hash-extend measurement",
		[SPDM_MEAS_INFORMATIONAL]	= "informational",
		[SPDM_MEAS_MANIFEST_STRUCTURED]	= "structured measurement manifest",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}
