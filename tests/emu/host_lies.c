// SPDX-License-Identifier: GPL-2.0
/*
 * The lies: a row of the table each, with a hook at the one place where it is
 * told (host.c), and the bookkeeping of which are armed. A hook sees what the
 * host sees; nothing of the TSM or of a DSM is in reach.
 */
#include <stdlib.h>

#include "host.h"
#include "personality.h"

#define HUGE_SIZE	(1ull << 40)

static bool flip_bit(struct copy *c, enum emu_object which)
{
	if (c->object != which || !c->len)
		return false;
	c->data[c->len / 2] ^= 1;
	return true;
}

static bool tamper_certs(struct copy *c)
{
	return flip_bit(c, EMU_OBJ_CERTS);
}

static bool tamper_vca(struct copy *c)
{
	return flip_bit(c, EMU_OBJ_VCA);
}

static bool tamper_measurements(struct copy *c)
{
	return flip_bit(c, EMU_OBJ_MEASUREMENTS);
}

static bool tamper_report(struct copy *c)
{
	return flip_bit(c, EMU_OBJ_REPORT);
}

/*
 * BAR 0's range gets BAR 2's pages and the other way round. The report stays
 * well formed, which is the point.
 */
static bool swap_bars(struct copy *c)
{
	const struct tdisp_report_hdr *hdr = (void *)c->data;
	struct tdisp_report_range *r = (void *)(hdr + 1), *bar0 = NULL, *bar2 = NULL;
	uint32_t i, id;
	__le64 page;
	__le32 num;

	if (c->object != EMU_OBJ_REPORT)
		return false;
	for (i = 0; i < le32toh(hdr->mmio_range_count); i++) {
		id = le32toh(r[i].attr) >> TDISP_RANGE_ID_SHIFT;
		if (id == 0)
			bar0 = &r[i];
		else if (id == 2)
			bar2 = &r[i];
	}
	if (!bar0 || !bar2)
		return false;
	page = bar0->first_page;
	num = bar0->num_pages;
	bar0->first_page = bar2->first_page;
	bar0->num_pages = bar2->num_pages;
	bar2->first_page = page;
	bar2->num_pages = num;
	return true;
}

static bool truncate_report(struct copy *c)
{
	if (c->object != EMU_OBJ_REPORT || !c->len)
		return false;
	c->len--;
	return true;
}

static bool replay_measurements(struct copy *c)
{
	const struct host_tdi *ht = host_tdi(c->host, c->func);
	uint8_t *old;

	if (c->object != EMU_OBJ_MEASUREMENTS || !ht->previous)
		return false;
	old = malloc(ht->previous_len);
	if (!old)
		return false;
	memcpy(old, ht->previous, ht->previous_len);
	free(c->data);
	c->data = old;
	c->len = ht->previous_len;
	return true;
}

static bool huge_object(uint64_t *size)
{
	*size = HUGE_SIZE;
	return true;
}

static bool grow_object(uint32_t *len)
{
	*len = EMU_OBJECT_CHUNK;
	return true;
}

static bool no_measure(struct relay *r)
{
	return r->done = r->call == EMU_HOST_MEASURE;
}

static bool other_nonce(struct relay *r)
{
	if (r->call != EMU_HOST_MEASURE)
		return false;
	emu_random(r->nonce, sizeof(r->nonce));
	return true;
}

static bool other_flags(struct relay *r)
{
	if (r->call != EMU_HOST_LOCK)
		return false;
	r->lock_flags |= TDISP_LOCK_MSIX;
	return true;
}

static bool short_reads(uint32_t *len)
{
	*len = 1;
	return true;
}

static bool remap_bars(int *bar)
{
	if (*bar != 0 && *bar != 2)
		return false;
	*bar = 2 - *bar;
	return true;
}

static bool swap_functions(struct relay *r)
{
	const struct emu *e = r->func->emu;
	unsigned int i, at = 0;

	if (!host_is_state_call(r->call))
		return false;
	while (e->func[at] != r->func)
		at++;
	for (i = 1; i < e->nr_funcs; i++) {
		struct func *f = e->func[(at + i) % e->nr_funcs];

		if (f->tdi) {
			r->target = f;
			return true;
		}
	}
	return false;
}

static bool skip(struct relay *r, uint16_t call, enum tdisp_state state)
{
	if (r->call != call)
		return false;
	r->state = state;
	return r->done = true;
}

static bool skip_lock(struct relay *r)
{
	return skip(r, EMU_HOST_LOCK, TDISP_CONFIG_LOCKED);
}

static bool skip_start(struct relay *r)
{
	return skip(r, EMU_HOST_START, TDISP_RUN);
}

static bool skip_stop(struct relay *r)
{
	return skip(r, EMU_HOST_STOP, TDISP_CONFIG_UNLOCKED);
}

static bool state_run(struct relay *r)
{
	if (!host_is_state_call(r->call))
		return false;
	r->status = EMU_OK;
	r->state = TDISP_RUN;
	return true;
}

static bool deny(struct relay *r)
{
	r->status = EMU_E_DENIED;
	return r->done = true;
}

static bool relock_on_accept(struct host *h, struct func *f, uint16_t call)
{
	if (call != EMU_TSM_MMIO_ACCEPT || host_tdi(h, f)->accepts)
		return false;
	host_relock(h, f);
	return true;
}

static bool relock_mid_accept(struct host *h, struct func *f, uint16_t call)
{
	if (call != EMU_TSM_MMIO_ACCEPT || host_tdi(h, f)->accepts != 2)
		return false;
	host_relock(h, f);
	return true;
}

static bool remeasure_on_accept(struct host *h, struct func *f, uint16_t call)
{
	uint8_t nonce[EMU_NONCE_SIZE];

	if (call != EMU_TSM_MMIO_ACCEPT || host_tdi(h, f)->accepts)
		return false;
	emu_random(nonce, sizeof(nonce));
	tsm_host_measure(f->tdi, nonce);
	return true;
}

static bool no_event(bool *tell)
{
	*tell = false;
	return true;
}

static bool false_event(struct relay *r)
{
	mbox_event(r->host->emu);
	return true;
}

static bool wrong_seq(struct emu_rsp_hdr *hdr)
{
	hdr->seq = htole32(le32toh(hdr->seq) + 1);
	return true;
}

static bool long_reply(struct emu_rsp_hdr *hdr)
{
	hdr->len = htole32(UINT32_MAX);
	return true;
}

static const struct lie lies[] = {
	{ "tamper-certs", "one bit flipped in the certificate chain it hands over",
	  .object = tamper_certs },
	{ "tamper-vca", "one bit flipped in the VCA it hands over",
	  .object = tamper_vca },
	{ "tamper-measurements", "one bit flipped in the measurement transcript it hands over",
	  .object = tamper_measurements },
	{ "tamper-report", "one bit flipped in the interface report it hands over",
	  .object = tamper_report },
	{ "swap-bars", "hands over a report in which BAR 0 and BAR 2 are exchanged",
	  .object = swap_bars },
	{ "truncate-report", "hands over a report that is one byte shorter",
	  .object = truncate_report },
	{ "huge-object", "claims every object is 2^40 bytes long",
	  .size = huge_object },
	{ "grow-object", "claims one size, then goes on handing over more",
	  .read = grow_object },
	{ "replay-measurements", "hands over the transcript of the previous measurement",
	  .object = replay_measurements },
	{ "no-measure", "says measured, asks nobody",
	  .before = no_measure },
	{ "other-nonce", "has it measured with a nonce of its own",
	  .before = other_nonce },
	{ "other-flags", "has the TDI locked with LOCK_MSIX, too",
	  .before = other_flags },
	{ "short-reads", "hands over one byte a read",
	  .read = short_reads },
	{ "remap-bars", "maps BAR 0 where the guest has BAR 2 and the other way round",
	  .map = remap_bars },
	{ "swap-functions", "relays LOCK, START and STOP of one TDI to its neighbour",
	  .before = swap_functions },
	{ "relock-on-accept", "re-locks the TDI just before its first MMIO_ACCEPT",
	  .tsm_call = relock_on_accept },
	{ "relock-mid-accept", "re-locks the TDI just before its third MMIO_ACCEPT",
	  .tsm_call = relock_mid_accept },
	{ "remeasure-on-accept", "measures again just before its first MMIO_ACCEPT",
	  .tsm_call = remeasure_on_accept },
	{ "state-run", "says RUN whatever happened",
	  .after = state_run },
	{ "skip-lock", "says locked, relays nothing",
	  .before = skip_lock },
	{ "skip-start", "says started, relays nothing",
	  .before = skip_start },
	{ "skip-stop", "says stopped, relays nothing",
	  .before = skip_stop },
	{ "deny", "refuses every host call with DENIED",
	  .before = deny },
	{ "no-event", "withholds the interrupt for a state that changed by itself",
	  .event = no_event },
	{ "false-event", "raises it after each host call, though nothing changed",
	  .after = false_event },
	{ "wrong-seq", "answers host calls with another sequence number",
	  .frame = wrong_seq },
	{ "long-reply", "answers host calls with len = 2^32 - 1",
	  .frame = long_reply },
};

static_assert(ARRAY_SIZE(lies) == HOST_NR_LIES, "HOST_NR_LIES counts the rows");

size_t host_nr_lies(const struct host *h)
{
	return HOST_NR_LIES + h->emu->personality->nr_lies;
}

const struct lie *host_lie_at(const struct host *h, size_t lie)
{
	return lie < HOST_NR_LIES ? &lies[lie] :
				    &h->emu->personality->lies[lie - HOST_NR_LIES];
}

/* ---- which are armed ---------------------------------------------------------- */

bool host_lie_armed(const struct host *h, size_t lie, const struct func *f)
{
	return h->armed_all[lie] || (f && h->armed[lie][host_func_index(h, f)]);
}

static ssize_t find_lie(const struct host *h, const char *name)
{
	size_t i;

	for (i = 0; i < host_nr_lies(h); i++) {
		if (!strcmp(host_lie_at(h, i)->name, name))
			return i;
	}
	return -ENOENT;
}

bool host_tells(struct host *h, const char *name, const struct func *f)
{
	ssize_t lie = find_lie(h, name);

	if (lie < 0) {
		emu_log("no such lie: %s", name);
		abort();
	}
	if (!host_lie_armed(h, lie, f))
		return false;
	h->told[lie]++;
	return true;
}

int host_lie(struct host *h, const char *name, const char *func)
{
	ssize_t lie = find_lie(h, name);
	struct func *f;

	if (lie < 0)
		return lie;
	if (!func) {
		h->armed_all[lie] = true;
		return 0;
	}
	f = emu_func_by_name(h->emu, func);
	if (!f || !f->tdi)
		return -ENODEV;
	h->armed[lie][host_func_index(h, f)] = true;
	return 0;
}

int host_truth(struct host *h, const char *name)
{
	ssize_t only = name ? find_lie(h, name) : 0;
	size_t i;

	if (only < 0)
		return only;
	for (i = 0; i < host_nr_lies(h); i++) {
		if (name && i != (size_t)only)
			continue;
		h->armed_all[i] = false;
		memset(h->armed[i], 0, sizeof(h->armed[i]));
	}
	return 0;
}

/* An array; "armed" is "all", or an array of names. */
void host_lies_json(struct host *h, FILE *out)
{
	unsigned int i, j;

	fputc('[', out);
	for (i = 0; i < host_nr_lies(h); i++) {
		const char *sep = "";

		fprintf(out, "%s{\"name\":\"%s\",\"sentence\":\"%s\",\"told\":%llu,\"armed\":",
			i ? "," : "", host_lie_at(h, i)->name, host_lie_at(h, i)->sentence,
			(unsigned long long)h->told[i]);
		if (h->armed_all[i]) {
			fputs("\"all\"}", out);
			continue;
		}
		fputc('[', out);
		for (j = 0; j < h->emu->nr_funcs; j++) {
			if (!h->armed[i][j])
				continue;
			fprintf(out, "%s\"%s\"", sep, h->emu->func[j]->name);
			sep = ",";
		}
		fputs("]}", out);
	}
	fputc(']', out);
}
