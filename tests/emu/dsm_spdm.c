// SPDX-License-Identifier: GPL-2.0
/*
 * SPDM 1.2 responder (DMTF DSP0274): version, capabilities, algorithms,
 * digests, certificate, measurements; ECDSA P-384, SHA-384, slot 0.
 *
 * KEY_EX, ENCRYPT and MAC are announced, and algorithms for them chosen,
 * because a DSM without a secure session would be none (PCIe r6.x 11.3). That
 * session is assumed here: KEY_EXCHANGE itself is answered UnsupportedRequest.
 */
#include <stdlib.h>

#include "dsm.h"

#define LOG_MAX		65536

/* CTExponent: signing takes up to 2^20 us. */
#define CT_EXPONENT	20

/* How far a connection has come; each needs the one before it. */
enum phase { PHASE_NONE, PHASE_VERSION, PHASE_CAPABILITIES, PHASE_NEGOTIATED };

struct dsm_conn {
	struct dsm *dsm;
	enum phase phase;
	/* The transcript of measurements: VCA, then requests and responses. */
	uint8_t log[LOG_MAX];
	size_t vca_len, log_len;
};

/* A request, and the response in the making. */
struct exchange {
	struct dsm_conn *conn;
	const uint8_t *req;
	size_t req_len;
	uint8_t rsp[DSM_MSG_MAX];
	size_t rsp_len;
	bool overflow;
};

struct dsm_conn *dsm_conn_new(struct dsm *d)
{
	struct dsm_conn *c = calloc(1, sizeof(*c));

	if (c)
		c->dsm = d;
	return c;
}

void dsm_conn_free(struct dsm_conn *c)
{
	free(c);
}

/* ---- building a response ------------------------------------------------- */

static void *put(struct exchange *x, const void *data, size_t len)
{
	void *at = x->rsp + x->rsp_len;

	if (len > sizeof(x->rsp) - x->rsp_len) {
		x->overflow = true;
		return x->rsp;
	}
	if (data)
		memcpy(at, data, len);
	x->rsp_len += len;
	return at;
}

static void put_hdr(struct exchange *x, uint8_t version, uint8_t code,
		    uint8_t param1, uint8_t param2)
{
	struct spdm_msg_hdr hdr = { version, code, param1, param2 };

	x->rsp_len = 0;
	put(x, &hdr, sizeof(hdr));
}

static void fail(struct exchange *x, enum spdm_error_code code, uint8_t data)
{
	bool early = x->conn->phase < PHASE_CAPABILITIES;

	put_hdr(x, early ? SPDM_VERSION_1_0 : SPDM_VERSION_1_2, SPDM_ERROR, code, data);
}

/* ---- the transcript ------------------------------------------------------ */

static bool log_append(struct dsm_conn *c, const void *data, size_t len)
{
	if (len > sizeof(c->log) - c->log_len)
		return false;
	memcpy(c->log + c->log_len, data, len);
	c->log_len += len;
	return true;
}

static void log_reset(struct dsm_conn *c)
{
	c->log_len = c->vca_len;
}

/* VCA: requests as sent (without DOE's padding) and responses, in order. */
static void vca_append(struct exchange *x)
{
	struct dsm_conn *c = x->conn;

	log_append(c, x->req, x->req_len);
	log_append(c, x->rsp, x->rsp_len);
	c->vca_len = c->log_len;
}

/* ---- connection setup ---------------------------------------------------- */

static void get_version(struct exchange *x)
{
	const __le16 only = htole16(SPDM_VERSION_1_2 << SPDM_ENTRY_VERSION_SHIFT);
	const uint8_t count[2] = { 0, 1 };
	struct dsm_conn *c = x->conn;

	/* Always the start of a new connection. */
	c->vca_len = 0;
	log_reset(c);
	put_hdr(x, SPDM_VERSION_1_0, SPDM_VERSION, 0, 0);
	put(x, count, sizeof(count));
	put(x, &only, sizeof(only));
	vca_append(x);
	c->phase = PHASE_VERSION;
}

static void get_capabilities(struct exchange *x)
{
	const struct spdm_capabilities *req = (const void *)x->req;
	struct spdm_capabilities rsp = {
		.ct_exponent = CT_EXPONENT,
		.flags = htole32(SPDM_CAP_CERT | SPDM_CAP_MEAS_SIG | SPDM_CAP_MEAS_FRESH |
				 SPDM_CAP_ENCRYPT | SPDM_CAP_MAC | SPDM_CAP_KEY_EX),
		.data_transfer_size = htole32(DSM_MSG_MAX),
		.max_msg_size = htole32(DSM_MSG_MAX),
	};

	/* 42 is the least that DSP0274 allows; without chunking both are one. */
	if (le32toh(req->data_transfer_size) < 42 ||
	    le32toh(req->max_msg_size) < le32toh(req->data_transfer_size)) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	put_hdr(x, SPDM_VERSION_1_2, SPDM_CAPABILITIES, 0, 0);
	put(x, (uint8_t *)&rsp + sizeof(rsp.hdr), sizeof(rsp) - sizeof(rsp.hdr));
	vca_append(x);
	x->conn->phase = PHASE_CAPABILITIES;
}

/* What we would choose of each table; 0 for what we do not know. */
static uint16_t table_choice(const struct spdm_alg_table *t)
{
	static const struct { uint8_t type; uint16_t alg; } ours[] = {
		{ SPDM_ALG_DHE, SPDM_DHE_SECP_384_R1 },
		{ SPDM_ALG_AEAD, SPDM_AEAD_AES_256_GCM },
		{ SPDM_ALG_REQ_ASYM, 0 },	/* no mutual authentication */
		{ SPDM_ALG_KEY_SCHEDULE, SPDM_KEY_SCHEDULE_SPDM },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		if (ours[i].type == t->type)
			return ours[i].alg & le16toh(t->alg);
	}
	return 0;
}

static void negotiate_algorithms(struct exchange *x)
{
	const struct spdm_negotiate_algorithms *req = (const void *)x->req;
	struct spdm_algorithms rsp = { .hdr = { 0 } };
	const struct spdm_alg_table *table;
	uint8_t nr = req->hdr.param1, i;
	size_t ext;

	ext = ((size_t)req->ext_asym_count + req->ext_hash_count) * SPDM_EXT_ALG_SIZE;
	/* Extended algorithms inside a table are not taken: its size is fixed. */
	if (x->req_len != sizeof(*req) + ext + nr * sizeof(*table) ||
	    !(req->meas_spec & SPDM_MEAS_SPEC_DMTF) ||
	    !(le32toh(req->base_asym) & SPDM_ASYM_ECDSA_P384) ||
	    !(le32toh(req->base_hash) & SPDM_HASH_SHA_384)) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	table = (const void *)(x->req + sizeof(*req) + ext);
	for (i = 0; i < nr; i++) {
		if (table[i].count != SPDM_ALG_TABLE_COUNT ||
		    (i && table[i].type <= table[i - 1].type)) {
			fail(x, SPDM_ERR_INVALID_REQUEST, 0);
			return;
		}
	}

	rsp.length = htole16(sizeof(rsp) + nr * sizeof(*table));
	rsp.meas_spec_sel = SPDM_MEAS_SPEC_DMTF;
	rsp.other_params_sel = req->other_params & SPDM_OPAQUE_FMT_1;
	rsp.meas_hash_algo = htole32(SPDM_MEAS_HASH_SHA_384);
	rsp.base_asym_sel = htole32(SPDM_ASYM_ECDSA_P384);
	rsp.base_hash_sel = htole32(SPDM_HASH_SHA_384);
	put_hdr(x, SPDM_VERSION_1_2, SPDM_ALGORITHMS, nr, 0);
	put(x, (uint8_t *)&rsp + sizeof(rsp.hdr), sizeof(rsp) - sizeof(rsp.hdr));
	for (i = 0; i < nr; i++) {
		struct spdm_alg_table t = {
			.type = table[i].type,
			.count = SPDM_ALG_TABLE_COUNT,
			.alg = htole16(table_choice(&table[i])),
		};

		put(x, &t, sizeof(t));
	}
	vca_append(x);
	x->conn->phase = PHASE_NEGOTIATED;
}

/* ---- certificates -------------------------------------------------------- */

static void get_digests(struct exchange *x)
{
	const struct cert_leaf *leaf = dsm_leaf(x->conn->dsm);
	uint8_t digest[SHA384_SIZE];
	const uint8_t *chain;
	size_t len;

	if (!leaf) {
		fail(x, SPDM_ERR_UNSPECIFIED, 0);
		return;
	}
	chain = cert_leaf_chain(leaf, &len);
	sha384(chain, len, digest);
	put_hdr(x, SPDM_VERSION_1_2, SPDM_DIGESTS, 0, 0x01);
	put(x, digest, sizeof(digest));
}

static void get_certificate(struct exchange *x)
{
	const struct spdm_get_certificate *req = (const void *)x->req;
	const struct cert_leaf *leaf = dsm_leaf(x->conn->dsm);
	size_t at = le16toh(req->offset), n = le16toh(req->length), len;
	const uint8_t *chain;
	__le16 lengths[2];

	if (!leaf) {
		fail(x, SPDM_ERR_UNSPECIFIED, 0);
		return;
	}
	chain = cert_leaf_chain(leaf, &len);
	if ((req->hdr.param1 & 0x0f) || !n || at >= len) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	if (n > DSM_CERT_PORTION)
		n = DSM_CERT_PORTION;
	if (n > len - at)
		n = len - at;
	lengths[0] = htole16(n);
	lengths[1] = htole16(len - at - n);
	put_hdr(x, SPDM_VERSION_1_2, SPDM_CERTIFICATE, 0, 0);
	put(x, lengths, sizeof(lengths));
	put(x, chain + at, n);
}

/* ---- measurements -------------------------------------------------------- */

/*
 * What is measured does not exist, so a digest is that of a line of text,
 * "tdisp-emu KIND WHAT" (Documentation/tdisp-emu.rst): the reference values
 * of a policy can be computed from the page.
 */
static const struct measured {
	uint8_t index, type;
	const char *what;
} measured[] = {
	{ 1, SPDM_MEAS_ROM, "rom" },
	{ 2, SPDM_MEAS_FIRMWARE, "firmware 1.0.0" },
	{ 3, SPDM_MEAS_HW_CONFIG, "hardware-config" },
	{ 4, SPDM_MEAS_FW_CONFIG, "firmware-config" },
	{ 5, SPDM_MEAS_RAW | SPDM_MEAS_FW_VERSION, NULL },
	{ 6, SPDM_MEAS_RAW | SPDM_MEAS_FW_SVN, NULL },
	{ SPDM_MEAS_INDEX_DEVICE_MODE, SPDM_MEAS_RAW | SPDM_MEAS_DEVICE_MODE, NULL },
};

static const char *kind_name(const struct dsm *d)
{
	return d->dev->pf->kind == FUNC_NVME ? "nvme" : "dmatest";
}

static size_t measure(const struct dsm *d, const struct measured *m, uint8_t value[64])
{
	static const char version[] = "1.0.0";
	const __le64 svn = htole64(1);
	bool debug = dsm_has(d, DSM_DEBUG_ON);
	const struct spdm_device_mode mode = {
		.op_mode_caps = htole32(SPDM_OP_MODE_NORMAL | SPDM_OP_MODE_MANUFACTURING),
		.op_mode_state = htole32(SPDM_OP_MODE_NORMAL),
		.device_mode_caps = htole32(SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_INVASIVE),
		.device_mode_state = htole32(debug ? SPDM_DEV_MODE_INVASIVE : 0),
	};
	char text[64];
	int n;

	switch (m->type) {
	case SPDM_MEAS_RAW | SPDM_MEAS_FW_VERSION:
		memcpy(value, version, sizeof(version) - 1);
		return sizeof(version) - 1;
	case SPDM_MEAS_RAW | SPDM_MEAS_FW_SVN:
		memcpy(value, &svn, sizeof(svn));
		return sizeof(svn);
	case SPDM_MEAS_RAW | SPDM_MEAS_DEVICE_MODE:
		memcpy(value, &mode, sizeof(mode));
		return sizeof(mode);
	default:
		n = snprintf(text, sizeof(text), "tdisp-emu %s %s%s", kind_name(d), m->what,
			     dsm_has(d, DSM_OTHER_FIRMWARE) && m->type == SPDM_MEAS_FIRMWARE ?
			     " (patched)" : "");
		sha384(text, n, value);
		return SHA384_SIZE;
	}
}

static void put_block(struct exchange *x, const struct measured *m)
{
	uint8_t value[64];
	size_t n = measure(x->conn->dsm, m, value);
	struct spdm_meas_block block = {
		.index = m->index,
		.spec = SPDM_MEAS_SPEC_DMTF,
		.size = htole16(SPDM_MEAS_DMTF_HDR_SIZE + n),
		.type = m->type,
		.value_size = htole16(n),
	};

	put(x, &block, sizeof(block));
	put(x, value, n);
}

/* Measurement signature, DSP0274 1.2: over prefix || hash(transcript). */
static bool put_signature(struct exchange *x)
{
	static const char ctx[] = SPDM_SIGN_CTX_MEASUREMENTS;
	uint8_t msg[SPDM_SIGN_PREFIX_SIZE + SHA384_SIZE] = { 0 };
	uint8_t sig[ECDSA_P384_SIG_SIZE];
	struct dsm_conn *c = x->conn;
	int i;

	for (i = 0; i < SPDM_SIGN_VERSION_REPEAT; i++)
		memcpy(msg + i * SPDM_SIGN_VERSION_TEXT_SIZE, SPDM_SIGN_VERSION_TEXT_1_2,
		       SPDM_SIGN_VERSION_TEXT_SIZE);
	memcpy(msg + SPDM_SIGN_PREFIX_SIZE - (sizeof(ctx) - 1), ctx, sizeof(ctx) - 1);
	sha384(c->log, c->log_len, msg + SPDM_SIGN_PREFIX_SIZE);
	if (!dsm_leaf(c->dsm) || cert_leaf_sign(dsm_leaf(c->dsm), msg, sizeof(msg), sig))
		return false;
	sig[sizeof(sig) - 1] ^= dsm_has(c->dsm, DSM_BAD_SIGNATURE);
	put(x, sig, sizeof(sig));
	return true;
}

static void get_measurements(struct exchange *x)
{
	const struct spdm_get_measurements *req = (const void *)x->req;
	bool sign = req->hdr.param1 & SPDM_MEAS_REQ_SIGNATURE;
	static const uint8_t zeros[4];
	uint8_t op = req->hdr.param2, nr = 0;
	struct dsm_conn *c = x->conn;
	uint8_t nonce[SPDM_NONCE_SIZE];
	struct spdm_measurements *rsp;
	size_t i, record_len;

	/* Bit 1 (raw bit stream) may be asked for: nothing here has one to give. */
	if (req->hdr.param1 & ~(SPDM_MEAS_REQ_SIGNATURE | SPDM_MEAS_REQ_RAW) ||
	    (sign && (req->slot & SPDM_MEAS_SLOT_MASK))) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	put_hdr(x, SPDM_VERSION_1_2, SPDM_MEASUREMENTS,
		op == SPDM_MEAS_OP_COUNT ? ARRAY_SIZE(measured) : 0,
		sign ? SPDM_MEAS_UNCHANGED : 0);
	put(x, zeros, 4);			/* blocks and length: below */
	for (i = 0; i < ARRAY_SIZE(measured); i++) {
		if (op != SPDM_MEAS_OP_ALL && op != measured[i].index)
			continue;
		put_block(x, &measured[i]);
		nr++;
	}
	if (op != SPDM_MEAS_OP_COUNT && !nr) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	record_len = x->rsp_len - sizeof(*rsp);
	rsp = (void *)x->rsp;
	rsp->nr_blocks = nr;
	rsp->record_len[0] = record_len;
	rsp->record_len[1] = record_len >> 8;
	rsp->record_len[2] = record_len >> 16;
	emu_random(nonce, sizeof(nonce));
	put(x, nonce, sizeof(nonce));
	put(x, zeros, 2);			/* no opaque data */

	if (!log_append(c, x->req, x->req_len) || !log_append(c, x->rsp, x->rsp_len) ||
	    (sign && !put_signature(x))) {
		fail(x, SPDM_ERR_UNSPECIFIED, 0);
		return;
	}
	if (sign)
		log_reset(c);
}

/* ---- dispatch ------------------------------------------------------------ */

static size_t negotiate_len(const uint8_t *req, size_t len)
{
	const struct spdm_negotiate_algorithms *r = (const void *)req;

	if (len < sizeof(*r) || le16toh(r->length) < sizeof(*r))
		return SIZE_MAX;
	return le16toh(r->length);
}

static size_t get_measurements_len(const uint8_t *req, size_t len)
{
	const struct spdm_msg_hdr *hdr = (const void *)req;

	(void)len;
	return hdr->param1 & SPDM_MEAS_REQ_SIGNATURE ?
		sizeof(struct spdm_get_measurements) : sizeof(*hdr);
}

static const struct {
	uint8_t code;
	enum phase from, to;		/* phases in which it is expected */
	size_t len;			/* 0: by function */
	size_t (*len_fn)(const uint8_t *req, size_t len);
	void (*answer)(struct exchange *x);
} requests[] = {
	{ SPDM_GET_VERSION, PHASE_NONE, PHASE_NEGOTIATED,
	  sizeof(struct spdm_msg_hdr), NULL, get_version },
	{ SPDM_GET_CAPABILITIES, PHASE_VERSION, PHASE_VERSION,
	  sizeof(struct spdm_capabilities), NULL, get_capabilities },
	{ SPDM_NEGOTIATE_ALGORITHMS, PHASE_CAPABILITIES, PHASE_CAPABILITIES,
	  0, negotiate_len, negotiate_algorithms },
	{ SPDM_GET_DIGESTS, PHASE_NEGOTIATED, PHASE_NEGOTIATED,
	  sizeof(struct spdm_msg_hdr), NULL, get_digests },
	{ SPDM_GET_CERTIFICATE, PHASE_NEGOTIATED, PHASE_NEGOTIATED,
	  sizeof(struct spdm_get_certificate), NULL, get_certificate },
	{ SPDM_GET_MEASUREMENTS, PHASE_NEGOTIATED, PHASE_NEGOTIATED,
	  0, get_measurements_len, get_measurements },
};

static void answer(struct exchange *x, size_t len)
{
	const struct spdm_msg_hdr *hdr = (const void *)x->req;
	struct dsm_conn *c = x->conn;
	size_t i, exact;

	if (len < sizeof(*hdr)) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if (requests[i].code == hdr->code)
			break;
	}
	if (i == ARRAY_SIZE(requests)) {
		fail(x, SPDM_ERR_UNSUPPORTED_REQUEST, hdr->code);
		return;
	}
	if (c->phase < requests[i].from || c->phase > requests[i].to) {
		fail(x, SPDM_ERR_UNEXPECTED_REQUEST, 0);
		return;
	}
	if (hdr->version != (hdr->code == SPDM_GET_VERSION ? SPDM_VERSION_1_0 :
							     SPDM_VERSION_1_2)) {
		fail(x, SPDM_ERR_VERSION_MISMATCH, 0);
		return;
	}
	/* DOE pads to a dword: the message itself tells where it ends. */
	exact = requests[i].len ? requests[i].len : requests[i].len_fn(x->req, len);
	if (exact > len || len - exact >= sizeof(uint32_t)) {
		fail(x, SPDM_ERR_INVALID_REQUEST, 0);
		return;
	}
	x->req_len = exact;
	requests[i].answer(x);
}

ssize_t dsm_spdm(struct dsm_conn *c, const void *req, size_t len, void *rsp, size_t size)
{
	struct exchange x = { .conn = c, .req = req };
	const struct spdm_msg_hdr *hdr = req;

	/* Any other request between measurements, and any error, ends a transcript. */
	if (len >= sizeof(*hdr) && hdr->code != SPDM_GET_MEASUREMENTS)
		log_reset(c);
	answer(&x, len);
	if (x.overflow)
		fail(&x, SPDM_ERR_UNSPECIFIED, 0);
	if (x.rsp[1] == SPDM_ERROR)
		log_reset(c);
	if (x.rsp_len > size)
		return -EMSGSIZE;
	memcpy(rsp, x.rsp, x.rsp_len);
	return x.rsp_len;
}
