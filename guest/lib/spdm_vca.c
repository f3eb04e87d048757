// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The VCA, DSP0274 1.3, 10.2 to 10.5: six messages whose lengths follow from
 * their contents, so that they are told apart by parsing alone.
 *
 * Until the signature that covers it is verified, and before SPDM 1.2 nothing
 * does, a VCA is the host's word. It is read for one purpose, to know how to
 * verify; nothing in it makes anything trusted.
 */
#include "../include/tdisp/cursor.h"
#include "../include/tdisp/spdm_vca.h"

/* Where in a message a field is, for the reason of a refusal. */
#define FIELD(at, type, field)	((at) + offsetof(struct type, field))

#define CAPABILITIES_1_1_SIZE	offsetof(struct spdm_capabilities, data_transfer_size)

static const u8 codes[SPDM_VCA_NR_MSGS] = {
	[SPDM_VCA_GET_VERSION]		= SPDM_GET_VERSION,
	[SPDM_VCA_VERSION]		= SPDM_VERSION,
	[SPDM_VCA_GET_CAPABILITIES]	= SPDM_GET_CAPABILITIES,
	[SPDM_VCA_CAPABILITIES]		= SPDM_CAPABILITIES,
	[SPDM_VCA_NEGOTIATE_ALGORITHMS]	= SPDM_NEGOTIATE_ALGORITHMS,
	[SPDM_VCA_ALGORITHMS]		= SPDM_ALGORITHMS,
};

static bool one_bit_at_most(u32 v)
{
	return !(v & (v - 1));
}

/* The next message's header. */
static int begin(struct tdisp_cursor *c, struct spdm_vca *vca, enum spdm_vca_msg msg,
		 struct tdisp_why *why)
{
	size_t at = c->pos;
	const u8 *p = tdisp_cursor_take(c, sizeof(struct spdm_msg_hdr));
	u8 expected, found;

	if (!p)
		return tdisp_refuse(why, -EBADMSG, "the VCA has six messages", at, msg,
				    sizeof(struct spdm_msg_hdr), c->len - at);

	found = p[offsetof(struct spdm_msg_hdr, code)];
	if (found != codes[msg])
		return tdisp_refuse(why, -EBADMSG, "the messages of a VCA come in order",
				    FIELD(at, spdm_msg_hdr, code), msg, codes[msg], found);

	/* The first two carry 1.0, always; what the requester says next is agreed on. */
	found = p[offsetof(struct spdm_msg_hdr, version)];
	if (msg == SPDM_VCA_GET_CAPABILITIES)
		vca->version = found;
	expected = msg <= SPDM_VCA_VERSION ? SPDM_VERSION_1_0 : vca->version;
	if (found != expected)
		return tdisp_refuse(why, -EBADMSG,
				    "the messages of a VCA are of the version in use",
				    FIELD(at, spdm_msg_hdr, version), msg, expected, found);

	vca->msg[msg].offset = at;
	return 0;
}

/* The cursor is at the end of a message. */
static void end(const struct tdisp_cursor *c, struct spdm_vca *vca, enum spdm_vca_msg msg)
{
	vca->msg[msg].len = c->pos - vca->msg[msg].offset;
}

static int parse_versions(struct tdisp_cursor *c, struct spdm_vca *vca, struct tdisp_why *why)
{
	const enum spdm_vca_msg msg = SPDM_VCA_VERSION;
	unsigned int nr;
	int err;

	err = begin(c, vca, msg, why);
	if (err)
		return err;

	tdisp_cursor_u8(c);
	nr = tdisp_cursor_u8(c);
	tdisp_cursor_take(c, 2 * nr);
	if (!tdisp_cursor_ok(c))
		return tdisp_refuse(why, -EBADMSG, "VERSION holds the entries that it counts",
				    vca->msg[msg].offset, msg,
				    sizeof(struct spdm_version_rsp) + 2 * nr,
				    c->len - vca->msg[msg].offset);
	end(c, vca, msg);
	return 0;
}

/*
 * The version that the requester went on with must be one that VERSION lists, and
 * not by an alpha entry alone: those are drafts.
 */
static int check_version(const struct tdisp_cursor *c, struct spdm_vca *vca, unsigned int flags,
			 struct tdisp_why *why)
{
	size_t entries = FIELD(vca->msg[SPDM_VCA_VERSION].offset, spdm_version_rsp, entry);
	unsigned int nr = c->buf[FIELD(vca->msg[SPDM_VCA_VERSION].offset, spdm_version_rsp, count)];
	bool listed = false;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u16 entry = get_unaligned_le16(c->buf + entries + 2 * i);
		u8 version = (u8)(entry >> SPDM_ENTRY_VERSION_SHIFT);
		bool alpha = entry & SPDM_ENTRY_ALPHA;

		if (!alpha && version > vca->best_version)
			vca->best_version = version;
		if (version != vca->version)
			continue;
		if (!listed || !alpha)
			vca->entry = entry;
		listed = true;
	}

	if (!listed)
		return tdisp_refuse(why, -EBADMSG, "the version in use is one that VERSION lists",
				    vca->msg[SPDM_VCA_GET_CAPABILITIES].offset,
				    SPDM_VCA_GET_CAPABILITIES, vca->best_version, vca->version);
	if (vca->version < SPDM_VERSION_1_0 || vca->version > SPDM_VERSION_1_4)
		return tdisp_refuse(why, -EOPNOTSUPP, "the version in use is 1.0 to 1.4",
				    vca->msg[SPDM_VCA_GET_CAPABILITIES].offset,
				    SPDM_VCA_GET_CAPABILITIES, SPDM_VERSION_1_4, vca->version);
	if ((vca->entry & SPDM_ENTRY_ALPHA) && !(flags & SPDM_VCA_ALLOW_ALPHA))
		return tdisp_refuse(why, -EPERM, "the version in use is not an alpha version",
				    entries, SPDM_VCA_VERSION, 0, vca->entry & SPDM_ENTRY_ALPHA);
	return 0;
}

/*
 * NEGOTIATE_ALGORITHMS, ALGORITHMS and the supported algorithms of CAPABILITIES
 * are alike: a fixed part, extended algorithms, tables; a length of all of it.
 */
struct layout {
	size_t size;
	size_t nr_tables;
	size_t length;
	size_t ext_asym_count;
	size_t ext_hash_count;
};

static const struct layout negotiate_layout = {
	.size = sizeof(struct spdm_negotiate_algorithms),
	.nr_tables = offsetof(struct spdm_negotiate_algorithms, hdr.param1),
	.length = offsetof(struct spdm_negotiate_algorithms, length),
	.ext_asym_count = offsetof(struct spdm_negotiate_algorithms, ext_asym_count),
	.ext_hash_count = offsetof(struct spdm_negotiate_algorithms, ext_hash_count),
};

static const struct layout algorithms_layout = {
	.size = sizeof(struct spdm_algorithms),
	.nr_tables = offsetof(struct spdm_algorithms, hdr.param1),
	.length = offsetof(struct spdm_algorithms, length),
	.ext_asym_count = offsetof(struct spdm_algorithms, ext_asym_sel_count),
	.ext_hash_count = offsetof(struct spdm_algorithms, ext_hash_sel_count),
};

static const struct layout supported_layout = {
	.size = sizeof(struct spdm_supported_algorithms),
	.nr_tables = offsetof(struct spdm_supported_algorithms, nr_tables),
	.length = offsetof(struct spdm_supported_algorithms, length),
	.ext_asym_count = offsetof(struct spdm_supported_algorithms, ext_asym_count),
	.ext_hash_count = offsetof(struct spdm_supported_algorithms, ext_hash_count),
};

/* By enum spdm_alg_type; the types beyond are nobody's yet, and skipped. */
#define NR_TABLE_TYPES		(SPDM_ALG_KEM + 1)

#define TABLE_FIXED_MASK	0xf0	/* of struct spdm_alg_table's count */

/* One table. @selected is NULL where tables offer, and do not select. */
static int parse_table(struct tdisp_cursor *c, enum spdm_vca_msg msg, int *last_type,
		       u16 *selected, struct tdisp_why *why)
{
	size_t at = c->pos;
	u8 type = tdisp_cursor_u8(c);
	u8 count = tdisp_cursor_u8(c);
	u16 alg = tdisp_cursor_le16(c);

	tdisp_cursor_take(c, (size_t)(count & ~TABLE_FIXED_MASK) * SPDM_EXT_ALG_SIZE);
	if (!tdisp_cursor_ok(c))
		return tdisp_refuse(why, -EBADMSG, "an algorithm table is whole", at, msg,
				    sizeof(struct spdm_alg_table), c->len - at);
	if ((count & TABLE_FIXED_MASK) != SPDM_ALG_TABLE_COUNT)
		return tdisp_refuse(why, -EBADMSG, "an algorithm table has two bytes of algorithms",
				    FIELD(at, spdm_alg_table, count), msg, SPDM_ALG_TABLE_COUNT,
				    count & TABLE_FIXED_MASK);
	if (type <= *last_type)
		return tdisp_refuse(why, -EBADMSG, "algorithm tables come in rising order of type",
				    FIELD(at, spdm_alg_table, type), msg, *last_type + 1, type);
	*last_type = type;

	if (!selected)
		return 0;
	if (!one_bit_at_most(alg))
		return tdisp_refuse(why, -EBADMSG, "an algorithm table selects one at most",
				    FIELD(at, spdm_alg_table, alg), msg, 1, alg);
	if (type < NR_TABLE_TYPES)
		selected[type] = alg;
	return 0;
}

/* What is laid out as @l says, from @at on; the cursor is there or past its header. */
static int parse_algorithms(struct tdisp_cursor *c, const struct spdm_vca *vca,
			    enum spdm_vca_msg msg, const struct layout *l, size_t at,
			    u16 *selected, struct tdisp_why *why)
{
	unsigned int i, nr_tables;
	int last_type = -1;
	const u8 *p;
	int err;

	if (!tdisp_cursor_take(c, l->size - (c->pos - at)))
		return tdisp_refuse(why, -EBADMSG, "a message of the VCA is whole", at, msg,
				    l->size, c->len - at);
	p = c->buf + at;
	if (!tdisp_cursor_take(c, (p[l->ext_asym_count] + p[l->ext_hash_count]) *
				  SPDM_EXT_ALG_SIZE))
		return tdisp_refuse(why, -EBADMSG, "the extended algorithms are all there",
				    at + l->ext_asym_count, msg, c->len - (at + l->size),
				    (p[l->ext_asym_count] + p[l->ext_hash_count]) *
				    SPDM_EXT_ALG_SIZE);

	/* The field is reserved in 1.0, which has no tables. */
	nr_tables = vca->version < SPDM_VERSION_1_1 ? 0 : p[l->nr_tables];
	for (i = 0; i < nr_tables; i++) {
		err = parse_table(c, msg, &last_type, selected, why);
		if (err)
			return err;
	}

	if (c->pos - at != get_unaligned_le16(p + l->length))
		return tdisp_refuse(why, -EBADMSG,
				    "Length is that of the fixed part and the algorithms after it",
				    at + l->length, msg, c->pos - at,
				    get_unaligned_le16(p + l->length));
	return 0;
}

/* GET_CAPABILITIES or CAPABILITIES, begun, up to what 1.3 may append to the latter. */
static int parse_capabilities(struct tdisp_cursor *c, struct spdm_vca *vca, enum spdm_vca_msg msg,
			      u32 *flags, struct tdisp_why *why)
{
	size_t at = vca->msg[msg].offset;
	size_t size = sizeof(struct spdm_capabilities);

	if (vca->version < SPDM_VERSION_1_2)
		size = CAPABILITIES_1_1_SIZE;
	if (vca->version < SPDM_VERSION_1_1 && msg == SPDM_VCA_GET_CAPABILITIES)
		size = sizeof(struct spdm_msg_hdr);

	if (!tdisp_cursor_take(c, size - sizeof(struct spdm_msg_hdr)))
		return tdisp_refuse(why, -EBADMSG, "a message of the VCA is whole", at, msg, size,
				    c->len - at);
	if (size > sizeof(struct spdm_msg_hdr))
		*flags = get_unaligned_le32(c->buf + FIELD(at, spdm_capabilities, flags));
	end(c, vca, msg);
	return 0;
}

/* Param1 of a message that begin() accepted. */
static u8 param1(const struct tdisp_cursor *c, const struct spdm_vca *vca, enum spdm_vca_msg msg)
{
	return c->buf[FIELD(vca->msg[msg].offset, spdm_msg_hdr, param1)];
}

static int parse_supported_algorithms(struct tdisp_cursor *c, struct spdm_vca *vca,
				      struct tdisp_why *why)
{
	const enum spdm_vca_msg msg = SPDM_VCA_CAPABILITIES;
	int err;

	if (vca->version < SPDM_VERSION_1_3 ||
	    !(param1(c, vca, msg) & SPDM_CAP_SUPPORTED_ALGORITHMS))
		return 0;
	if (!(param1(c, vca, SPDM_VCA_GET_CAPABILITIES) & SPDM_CAP_SUPPORTED_ALGORITHMS))
		return tdisp_refuse(why, -EBADMSG,
				    "supported algorithms are told only if asked for",
				    FIELD(vca->msg[msg].offset, spdm_msg_hdr, param1), msg, 0, 1);

	err = parse_algorithms(c, vca, msg, &supported_layout, c->pos, NULL, why);
	if (err)
		return err;
	end(c, vca, msg);
	return 0;
}

static int parse_negotiate(struct tdisp_cursor *c, struct spdm_vca *vca, u32 *pqc_offered,
			   struct tdisp_why *why)
{
	const enum spdm_vca_msg msg = SPDM_VCA_NEGOTIATE_ALGORITHMS;
	const u8 *p;
	int err;

	err = begin(c, vca, msg, why);
	if (err)
		return err;
	err = parse_algorithms(c, vca, msg, &negotiate_layout, vca->msg[msg].offset, NULL, why);
	if (err)
		return err;

	p = c->buf + vca->msg[msg].offset;
	vca->asym_offered = get_unaligned_le32(p + offsetof(struct spdm_negotiate_algorithms,
							    base_asym));
	vca->hash_offered = get_unaligned_le32(p + offsetof(struct spdm_negotiate_algorithms,
							    base_hash));
	*pqc_offered = get_unaligned_le32(p + SPDM_NEGOTIATE_PQC_ASYM);
	end(c, vca, msg);
	return 0;
}

/* A field of ALGORITHMS, and what it may select from. */
struct selection {
	size_t field;
	u32 selected;
	u32 offered;
	const char *one;
	const char *of_those;
};

/* @p is ALGORITHMS, at offset @at. What signs and hashes must have been offered, too. */
static int check_selections(const struct spdm_vca *vca, u32 pqc_offered, const u8 *p, size_t at,
			    struct tdisp_why *why)
{
	const struct selection selections[] = {
		{ offsetof(struct spdm_algorithms, meas_spec_sel), vca->meas_spec, ~0u,
		  "MeasurementSpecificationSel has one bit at most", NULL },
		{ offsetof(struct spdm_algorithms, other_params_sel), vca->opaque_fmt, ~0u,
		  "OpaqueDataFmt has one bit at most", NULL },
		{ offsetof(struct spdm_algorithms, meas_hash_algo), vca->meas_hash, ~0u,
		  "MeasurementHashAlgo has one bit at most", NULL },
		{ offsetof(struct spdm_algorithms, base_asym_sel), vca->base_asym,
		  vca->asym_offered, "BaseAsymSel has one bit at most",
		  "BaseAsymSel is one that the requester offered" },
		{ offsetof(struct spdm_algorithms, base_hash_sel), vca->base_hash,
		  vca->hash_offered, "BaseHashSel has one bit at most",
		  "BaseHashSel is one that the requester offered" },
		{ SPDM_ALGORITHMS_PQC_ASYM_SEL, vca->pqc_asym, pqc_offered,
		  "PqcAsymSel has one bit at most",
		  "PqcAsymSel is one that the requester offered" },
	};
	static const size_t ext_counts[] = {
		offsetof(struct spdm_algorithms, ext_asym_sel_count),
		offsetof(struct spdm_algorithms, ext_hash_sel_count),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selections); i++) {
		const struct selection *s = &selections[i];

		if (!one_bit_at_most(s->selected))
			return tdisp_refuse(why, -EBADMSG, s->one, at + s->field,
					    SPDM_VCA_ALGORITHMS, 1, s->selected);
		if (s->selected & ~s->offered)
			return tdisp_refuse(why, -EBADMSG, s->of_those, at + s->field,
					    SPDM_VCA_ALGORITHMS, s->offered, s->selected);
	}
	for (i = 0; i < ARRAY_SIZE(ext_counts); i++)
		if (p[ext_counts[i]] > 1)
			return tdisp_refuse(why, -EBADMSG,
					    "one extended algorithm of a kind is selected at most",
					    at + ext_counts[i], SPDM_VCA_ALGORITHMS, 1,
					    p[ext_counts[i]]);
	return 0;
}

static int parse_selections(struct tdisp_cursor *c, struct spdm_vca *vca, u32 pqc_offered,
			    struct tdisp_why *why)
{
	const enum spdm_vca_msg msg = SPDM_VCA_ALGORITHMS;
	u16 selected[NR_TABLE_TYPES] = { 0 };
	u8 other_params;
	const u8 *p;
	size_t at;
	int err;

	err = begin(c, vca, msg, why);
	if (err)
		return err;
	err = parse_algorithms(c, vca, msg, &algorithms_layout, vca->msg[msg].offset, selected,
			       why);
	if (err)
		return err;

	at = vca->msg[msg].offset;
	p = c->buf + at;
	vca->meas_spec = p[offsetof(struct spdm_algorithms, meas_spec_sel)];
	vca->meas_hash = get_unaligned_le32(p + offsetof(struct spdm_algorithms, meas_hash_algo));
	vca->base_asym = get_unaligned_le32(p + offsetof(struct spdm_algorithms, base_asym_sel));
	vca->base_hash = get_unaligned_le32(p + offsetof(struct spdm_algorithms, base_hash_sel));
	other_params = p[offsetof(struct spdm_algorithms, other_params_sel)];
	if (vca->version >= SPDM_VERSION_1_2)
		vca->opaque_fmt = other_params & SPDM_OPAQUE_FMT_MASK;
	if (vca->version >= SPDM_VERSION_1_3) {
		vca->multi_key = other_params & SPDM_MULTI_KEY_CONN;
		vca->mel_spec = p[offsetof(struct spdm_algorithms, mel_spec_sel)];
	}
	if (vca->version >= SPDM_VERSION_1_4)
		vca->pqc_asym = get_unaligned_le32(p + SPDM_ALGORITHMS_PQC_ASYM_SEL);

	vca->ext_asym = p[offsetof(struct spdm_algorithms, ext_asym_sel_count)];
	vca->ext_hash = p[offsetof(struct spdm_algorithms, ext_hash_sel_count)];
	err = check_selections(vca, pqc_offered, p, at, why);
	if (err)
		return err;

	vca->dhe = selected[SPDM_ALG_DHE];
	vca->aead = selected[SPDM_ALG_AEAD];
	vca->req_asym = selected[SPDM_ALG_REQ_ASYM];
	vca->key_schedule = selected[SPDM_ALG_KEY_SCHEDULE];
	vca->req_pqc_asym = selected[SPDM_ALG_REQ_PQC_ASYM];
	vca->kem = selected[SPDM_ALG_KEM];
	end(c, vca, msg);
	return 0;
}

bool spdm_vca_leads(const void *buf, size_t len)
{
	return len >= sizeof(struct spdm_msg_hdr) &&
	       ((const u8 *)buf)[offsetof(struct spdm_msg_hdr, code)] == SPDM_GET_VERSION;
}

int spdm_vca_split(const void *buf, size_t len, unsigned int flags, struct spdm_vca *ret,
		   struct tdisp_why *why)
{
	struct spdm_vca vca = { 0 };
	u32 pqc_offered = 0;
	struct tdisp_cursor c;
	int err;

	tdisp_cursor_init(&c, buf, len);
	err = begin(&c, &vca, SPDM_VCA_GET_VERSION, why);
	if (err)
		return err;
	end(&c, &vca, SPDM_VCA_GET_VERSION);
	err = parse_versions(&c, &vca, why);
	if (err)
		return err;

	err = begin(&c, &vca, SPDM_VCA_GET_CAPABILITIES, why);
	if (err)
		return err;
	err = check_version(&c, &vca, flags, why);
	if (err)
		return err;
	err = parse_capabilities(&c, &vca, SPDM_VCA_GET_CAPABILITIES, &vca.req_flags, why);
	if (err)
		return err;
	err = begin(&c, &vca, SPDM_VCA_CAPABILITIES, why);
	if (err)
		return err;
	err = parse_capabilities(&c, &vca, SPDM_VCA_CAPABILITIES, &vca.rsp_flags, why);
	if (err)
		return err;
	err = parse_supported_algorithms(&c, &vca, why);
	if (err)
		return err;
	err = parse_negotiate(&c, &vca, &pqc_offered, why);
	if (err)
		return err;
	err = parse_selections(&c, &vca, pqc_offered, why);
	if (err)
		return err;

	vca.len = c.pos;
	*ret = vca;
	return 0;
}

int spdm_vca_parse(const void *buf, size_t len, unsigned int flags, struct spdm_vca *ret,
		   struct tdisp_why *why)
{
	struct spdm_vca vca;
	int err;

	err = spdm_vca_split(buf, len, flags, &vca, why);
	if (err)
		return err;
	if (vca.len != len)
		return tdisp_refuse(why, -EBADMSG, "nothing follows the VCA", vca.len,
				    TDISP_WHY_NO_INDEX, 0, len - vca.len);

	*ret = vca;
	return 0;
}
