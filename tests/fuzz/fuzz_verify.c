// SPDX-License-Identifier: GPL-2.0
/*
 * tdi verify whole: certificates, VCA, measurements and report from one input, to
 * the verdict and out by both writers.
 *
 * A byte of flags, the lengths of certificates, VCA and measurements as 16 bits
 * each, little endian, then the four objects, the report last.
 */
#include "fuzz.h"
#include "../../tools/attest/verdict_print.h"

#define FLAG_JSON	0x01
#define FLAG_ROOT	0x02	/* the certificate that came last or first is the anchor */
#define FLAG_BARS	0x04
#define FLAG_NONCE	0x08
#define FLAG_FILE	0x10	/* as if a policy had been given */

#define HEADER		7

/* An object of exactly its size, so that the sanitizer sees a byte too far. */
static struct blob take(const uint8_t **p, size_t *left, size_t len)
{
	struct blob blob = { 0 };

	if (len > *left)
		len = *left;
	if (!len)
		return blob;
	blob.data = malloc(len);
	blob.len = len;
	memcpy(blob.data, *p, len);
	*p += len;
	*left -= len;
	return blob;
}

static struct bytes bytes_of(const struct blob *blob)
{
	return (struct bytes) { blob->data, blob->len };
}

/* Whoever sent a root with the chain is not trusted for it, but here. */
static void trust_sent(struct bytes certs, struct anchors *roots)
{
	struct verdict verdict = { 0 };
	struct certs chain;

	if (certs_read(certs, 0, NULL, &chain, &verdict)) {
		struct bytes der = crypto_cert_der(chain.cert[chain.nr - 1]);

		anchors_add(roots, der);
	}
	certs_free(&chain);
	verdict_free(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *quiet;
	struct blob certs, vca, measurements, report;
	struct anchors roots = { 0 };
	struct verdict verdict = { 0 };
	struct subject subject = { .at = 1800000000 };
	struct policy policy;
	struct parts parts;
	struct verdict_model model = { &subject, &policy, NULL, &parts, &verdict };
	const uint8_t *p = data + HEADER;
	size_t left;
	uint8_t flags;

	if (len < HEADER)
		return 0;
	if (!quiet)
		quiet = freopen("/dev/null", "w", stdout);
	flags = data[0];
	left = len - HEADER;
	certs = take(&p, &left, get_unaligned_le16(data + 1));
	vca = take(&p, &left, get_unaligned_le16(data + 3));
	measurements = take(&p, &left, get_unaligned_le16(data + 5));
	report = take(&p, &left, left);
	subject.certs = bytes_of(&certs);
	subject.vca = bytes_of(&vca);
	subject.measurements = bytes_of(&measurements);
	subject.report = bytes_of(&report);
	subject.roots = &roots;
	if (flags & FLAG_ROOT && certs.len)
		trust_sent(subject.certs, &roots);
	subject.has_bars = flags & FLAG_BARS;
	subject.bars = (struct tdisp_bars) { .size = { 65536, 0, 16384, 0, 1 << 20, 0 } };
	subject.has_nonce = flags & FLAG_NONCE;
	policy_default(&policy);
	if (flags & FLAG_FILE) {
		policy.from_file = true;
		policy.refuse_other = true;
		policy.has_meas_floor = true;
		policy.meas_floor = 7;
		policy.mode.operational = SPDM_OP_MODE_NORMAL;
		policy.mode.required = true;
	}

	verify(&subject, &policy, &parts, &verdict);
	/* Nobody was trusted, so nobody was verified. */
	must(verdict_exit(&verdict) != TDI_EXIT_DONE || anchors_any(&roots) ||
	     (!certs.len && !vca.len && !measurements.len && report.len));
	must(verdict_exit(&verdict) != TDI_EXIT_DONE || !measurements.len ||
	     verdict_passed(&verdict, CHECK_MEAS_SIGNATURE));
	if (flags & FLAG_JSON)
		verdict_json(&model);
	else
		verdict_text(&model);
	parts_free(&parts);
	verdict_free(&verdict);
	policy_free(&policy);
	anchors_free(&roots);
	free(certs.data);
	free(vca.data);
	free(measurements.data);
	free(report.data);
	return 0;
}
