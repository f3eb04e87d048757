// SPDX-License-Identifier: GPL-2.0
/*
 * The TSM's conversation with a DSM: SPDM 1.2 requester and TDISP requester.
 * It keeps the exact bytes of what went over, for they are the evidence.
 *
 * The host carries these bytes but cannot change them (they are authenticated),
 * so the two responders are called directly.
 */
#include <stdlib.h>

#include "tsm.h"
#include "tdisp_msg.h"

#define MSG_MAX		0x1200
#define CERTS_MAX	16384
/* Less than the DSM would give, so that a report takes more than one portion. */
#define REPORT_PORTION	64
#define REPORT_MAX	65535
/* The platform made one IDE stream to each function, this one. */
#define IDE_STREAM_ID	1

void blob_free(struct blob *b)
{
	free(b->data);
	*b = (struct blob){ 0 };
}

bool blob_append(struct blob *b, const void *data, size_t len)
{
	uint8_t *p = realloc(b->data, b->len + len);

	if (!p)
		return false;
	memcpy(p + b->len, data, len);
	b->data = p;
	b->len += len;
	return true;
}

/* ---- SPDM ---------------------------------------------------------------- */

/* A response of that code and at least min bytes; its length, or 0. */
static size_t spdm(struct tdi *tdi, const void *req, size_t len, uint8_t rsp_code,
		   void *rsp, size_t min)
{
	const struct spdm_msg_hdr *hdr = rsp;
	ssize_t n = tdi->func->gone ? 0 : dsm_spdm(tdi->conn, req, len, rsp, MSG_MAX);

	if (n < (ssize_t)sizeof(*hdr) || hdr->code != rsp_code || (size_t)n < min) {
		emu_log("%s: SPDM request %02xh failed", tdi->func->name,
			((const struct spdm_msg_hdr *)req)->code);
		return 0;
	}
	return n;
}

/* One exchange of the VCA, appended to it. */
static bool vca(struct tdi *tdi, const void *req, size_t len, uint8_t rsp_code)
{
	uint8_t rsp[MSG_MAX];
	size_t n = spdm(tdi, req, len, rsp_code, rsp, sizeof(struct spdm_msg_hdr));

	return n && blob_append(&tdi->vca, req, len) && blob_append(&tdi->vca, rsp, n);
}

static bool negotiate(struct tdi *tdi)
{
	const struct spdm_msg_hdr get_version = { SPDM_VERSION_1_0, SPDM_GET_VERSION, 0, 0 };
	const struct spdm_capabilities get_caps = {
		.hdr = { SPDM_VERSION_1_2, SPDM_GET_CAPABILITIES, 0, 0 },
		.flags = htole32(SPDM_CAP_ENCRYPT | SPDM_CAP_MAC | SPDM_CAP_KEY_EX),
		.data_transfer_size = htole32(MSG_MAX),
		.max_msg_size = htole32(MSG_MAX),
	};
	struct {
		struct spdm_negotiate_algorithms msg;
		struct spdm_alg_table table[4];
	} __packed algs = {
		.msg = {
			.hdr = { SPDM_VERSION_1_2, SPDM_NEGOTIATE_ALGORITHMS, 4, 0 },
			.length = htole16(sizeof(algs)),
			.meas_spec = SPDM_MEAS_SPEC_DMTF,
			.other_params = SPDM_OPAQUE_FMT_1,
			.base_asym = htole32(SPDM_ASYM_ECDSA_P384),
			.base_hash = htole32(SPDM_HASH_SHA_384),
		},
		.table = {
			{ SPDM_ALG_DHE, SPDM_ALG_TABLE_COUNT, htole16(SPDM_DHE_SECP_384_R1) },
			{ SPDM_ALG_AEAD, SPDM_ALG_TABLE_COUNT, htole16(SPDM_AEAD_AES_256_GCM) },
			{ SPDM_ALG_REQ_ASYM, SPDM_ALG_TABLE_COUNT,
			  htole16(SPDM_ASYM_ECDSA_P384) },
			{ SPDM_ALG_KEY_SCHEDULE, SPDM_ALG_TABLE_COUNT,
			  htole16(SPDM_KEY_SCHEDULE_SPDM) },
		},
	};

	return vca(tdi, &get_version, sizeof(get_version), SPDM_VERSION) &&
	       vca(tdi, &get_caps, sizeof(get_caps), SPDM_CAPABILITIES) &&
	       vca(tdi, &algs, sizeof(algs), SPDM_ALGORITHMS);
}

static bool fetch_certs(struct tdi *tdi)
{
	const struct spdm_msg_hdr get_digests = { SPDM_VERSION_1_2, SPDM_GET_DIGESTS, 0, 0 };
	uint8_t digests[MSG_MAX], buf[MSG_MAX], own[SHA384_SIZE];
	const struct spdm_certificate *rsp = (void *)buf;
	size_t portion, rest;

	if (!spdm(tdi, &get_digests, sizeof(get_digests), SPDM_DIGESTS, digests,
		  sizeof(get_digests) + SHA384_SIZE) || !(digests[3] & 1))
		return false;
	do {
		const struct spdm_get_certificate get = {
			.hdr = { SPDM_VERSION_1_2, SPDM_GET_CERTIFICATE, 0, 0 },
			.offset = htole16(tdi->certs.len),
			.length = htole16(MSG_MAX - sizeof(*rsp)),
		};
		size_t n = spdm(tdi, &get, sizeof(get), SPDM_CERTIFICATE, buf, sizeof(*rsp));

		if (!n)
			return false;
		portion = le16toh(rsp->portion_len);
		rest = le16toh(rsp->remainder_len);
		if (!portion || portion != n - sizeof(*rsp) ||
		    tdi->certs.len + portion + rest > CERTS_MAX ||
		    !blob_append(&tdi->certs, rsp->data, portion))
			return false;
	} while (rest);
	sha384(tdi->certs.data, tdi->certs.len, own);
	return !memcmp(own, digests + sizeof(get_digests), SHA384_SIZE);
}

void link_disconnect(struct tdi *tdi)
{
	dsm_conn_free(tdi->conn);
	tdi->conn = NULL;
	blob_free(&tdi->vca);
	blob_free(&tdi->certs);
}

enum emu_status link_measure(struct tdi *tdi, const uint8_t nonce[SPDM_NONCE_SIZE],
			     struct blob *transcript)
{
	struct spdm_get_measurements req = {
		.hdr = { SPDM_VERSION_1_2, SPDM_GET_MEASUREMENTS,
			 SPDM_MEAS_REQ_SIGNATURE, SPDM_MEAS_OP_ALL },
	};
	uint8_t rsp[MSG_MAX];
	size_t n;

	memcpy(req.nonce, nonce, sizeof(req.nonce));
	n = spdm(tdi, &req, sizeof(req), SPDM_MEASUREMENTS, rsp,
		 sizeof(struct spdm_measurements) + SPDM_NONCE_SIZE + 2 + ECDSA_P384_SIG_SIZE);
	if (!n)
		return EMU_E_DEVICE;
	if (!blob_append(transcript, &req, sizeof(req)) || !blob_append(transcript, rsp, n))
		return EMU_E_DEVICE;
	return EMU_OK;
}

/* ---- TDISP --------------------------------------------------------------- */

static void tdisp_hdr(const struct tdi *tdi, struct tdisp_msg_hdr *hdr, uint8_t type)
{
	*hdr = (struct tdisp_msg_hdr){
		.version = TDISP_VERSION_1_0,
		.type = type,
		.function_id = htole32(tdi->func->handle),
	};
}

/*
 * What the TSM needs no answer for, if the device is gone: that its IDE stream is
 * insecure is ERROR, and STOP ends a record that the device lost with its power.
 */
static bool needs_device(uint8_t type)
{
	return type != TDISP_MSG_GET_INTERFACE_STATE && type != TDISP_MSG_STOP_INTERFACE;
}

/* As spdm(): a response that answers this request, at least min bytes long. */
static size_t tdisp(struct tdi *tdi, void *req, uint8_t type, size_t len, uint8_t rsp_type,
		    void *rsp, size_t size, size_t min)
{
	const struct tdisp_msg_hdr *hdr = rsp;
	ssize_t n;

	tdisp_hdr(tdi, req, type);
	n = tdi->func->gone && needs_device(type) ? 0 :
	    dsm_tdisp(tdi->func->dsm, req, len, rsp, size);
	if (n < (ssize_t)sizeof(*hdr) || hdr->type != rsp_type || (size_t)n < min ||
	    hdr->version != TDISP_VERSION_1_0 ||
	    le32toh(hdr->function_id) != tdi->func->handle) {
		emu_log("%s: TDISP request %02xh failed", tdi->func->name, type);
		return 0;
	}
	return n;
}

static bool check_tdisp(struct tdi *tdi)
{
	struct tdisp_get_capabilities get_caps = { 0 };
	struct tdisp_capabilities_rsp caps;
	struct tdisp_version_rsp version;
	struct tdisp_msg_hdr get_version;

	return tdisp(tdi, &get_version, TDISP_MSG_GET_VERSION, sizeof(get_version),
		     TDISP_MSG_VERSION, &version, sizeof(version), sizeof(version)) &&
	       version.version == TDISP_VERSION_1_0 &&
	       tdisp(tdi, &get_caps, TDISP_MSG_GET_CAPABILITIES, sizeof(get_caps),
		     TDISP_MSG_CAPABILITIES, &caps, sizeof(caps), sizeof(caps)) &&
	       (caps.req_msgs_supported[0] & 0xfe) == 0xfe;
}

enum emu_status link_connect(struct tdi *tdi)
{
	if (tdi->conn)
		return EMU_OK;
	tdi->conn = dsm_conn_new(tdi->func->dsm);
	if (tdi->conn && negotiate(tdi) && fetch_certs(tdi) && check_tdisp(tdi))
		return EMU_OK;
	link_disconnect(tdi);
	return EMU_E_DEVICE;
}

enum emu_status link_lock(struct tdi *tdi, uint16_t flags, uint64_t mmio_offset)
{
	struct tdisp_lock_req req = {
		.flags = htole16(flags),
		.default_stream = IDE_STREAM_ID,
		.mmio_reporting_offset = htole64(mmio_offset),
	};
	struct tdisp_lock_rsp rsp;

	if (!tdisp(tdi, &req, TDISP_MSG_LOCK_INTERFACE, sizeof(req), TDISP_MSG_LOCK_RESPONSE,
		   &rsp, sizeof(rsp), sizeof(rsp)))
		return EMU_E_DEVICE;
	memcpy(tdi->start_nonce, rsp.nonce, sizeof(tdi->start_nonce));
	return EMU_OK;
}

enum emu_status link_report(struct tdi *tdi, struct blob *report)
{
	uint8_t buf[sizeof(struct tdisp_report_rsp) + REPORT_PORTION];
	const struct tdisp_report_rsp *rsp = (void *)buf;
	size_t portion, rest, total = 0;

	do {
		struct tdisp_get_report req = {
			.offset = htole16(report->len),
			.length = htole16(REPORT_PORTION),
		};
		size_t n = tdisp(tdi, &req, TDISP_MSG_GET_INTERFACE_REPORT, sizeof(req),
				 TDISP_MSG_INTERFACE_REPORT, buf, sizeof(buf), sizeof(*rsp));

		if (!n)
			return EMU_E_DEVICE;
		portion = le16toh(rsp->portion_len);
		rest = le16toh(rsp->remainder_len);
		if (!portion || portion != n - sizeof(*rsp) ||
		    (report->len && report->len + portion + rest != total))
			return EMU_E_DEVICE;
		total = report->len + portion + rest;
		if (total > REPORT_MAX || !blob_append(report, rsp->data, portion))
			return EMU_E_DEVICE;
	} while (rest);
	return EMU_OK;
}

enum emu_status link_state(struct tdi *tdi, enum tdisp_state *ret)
{
	struct tdisp_state_rsp rsp;
	struct tdisp_msg_hdr req;

	if (!tdisp(tdi, &req, TDISP_MSG_GET_INTERFACE_STATE, sizeof(req),
		   TDISP_MSG_INTERFACE_STATE, &rsp, sizeof(rsp), sizeof(rsp)) ||
	    rsp.state > TDISP_ERROR)
		return EMU_E_DEVICE;
	*ret = rsp.state;
	return EMU_OK;
}

enum emu_status link_start(struct tdi *tdi)
{
	struct tdisp_start_req req;
	uint8_t rsp[sizeof(struct tdisp_error_rsp)];

	memcpy(req.nonce, tdi->start_nonce, sizeof(req.nonce));
	memset(tdi->start_nonce, 0, sizeof(tdi->start_nonce));
	return tdisp(tdi, &req, TDISP_MSG_START_INTERFACE, sizeof(req),
		     TDISP_MSG_START_RESPONSE, rsp, sizeof(rsp), 0) ? EMU_OK : EMU_E_DEVICE;
}

enum emu_status link_stop(struct tdi *tdi)
{
	uint8_t rsp[sizeof(struct tdisp_error_rsp)];
	struct tdisp_msg_hdr req;

	return tdisp(tdi, &req, TDISP_MSG_STOP_INTERFACE, sizeof(req),
		     TDISP_MSG_STOP_RESPONSE, rsp, sizeof(rsp), 0) ? EMU_OK : EMU_E_DEVICE;
}
