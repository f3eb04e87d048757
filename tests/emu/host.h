/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the host share; nobody else includes this. */
#ifndef EMU_HOST_H
#define EMU_HOST_H

#include "emu.h"

/* The host's own, and as many as there may be with those of a platform. */
#define HOST_NR_LIES	27
#define HOST_MAX_LIES	96

/* What the host remembers of a TDI. */
struct host_tdi {
	uint16_t lock_flags;
	unsigned int accepts;		/* MMIO_ACCEPTs since the guest's LOCK */
	uint8_t *last, *previous;	/* measurement transcripts */
	size_t last_len, previous_len;
};

/* A host call being answered. */
struct relay {
	struct host *host;
	uint16_t call;
	struct func *func;		/* named by the guest */
	struct func *target;		/* to whom it is relayed */
	bool done;			/* a lie answered it: relay nothing */
	uint8_t nonce[EMU_NONCE_SIZE];	/* relayed by MEASURE */
	uint16_t lock_flags;		/* relayed by LOCK */
	enum emu_status status;
	enum tdisp_state state;		/* claimed by LOCK, START, STOP */
};

/* An evidence object on its way to the guest: a copy of what the TSM gave. */
struct copy {
	struct host *host;
	struct func *func;
	enum emu_object object;
	uint8_t *data;			/* on the heap */
	size_t len;
};

/* Each hook returns whether the lie was told. */
struct lie {
	const char *name, *sentence;
	bool (*before)(struct relay *r);		/* instead of relaying, or elsewhere */
	bool (*after)(struct relay *r);			/* the answer */
	bool (*object)(struct copy *c);
	bool (*size)(uint64_t *size);
	bool (*read)(uint32_t *len);			/* how much a read hands over */
	bool (*tsm_call)(struct host *h, struct func *f, uint16_t call);
	bool (*frame)(struct emu_rsp_hdr *hdr);
	bool (*map)(int *bar);				/* which BAR is found at a BAR's place */
	bool (*event)(bool *tell);			/* of a state that changed */
};

struct host {
	struct emu *emu;
	unsigned int delay;
	bool silent;
	const struct func *asked;	/* whose state the guest wants changed, now */
	struct host_tdi tdi[EMU_MAX_FUNCS];
	/* For each lie: by whom it is told, and how often it was. */
	bool armed[HOST_MAX_LIES][EMU_MAX_FUNCS];
	bool armed_all[HOST_MAX_LIES];
	uint64_t told[HOST_MAX_LIES];
};

/* ---- host.c ---- */

unsigned int host_func_index(const struct host *h, const struct func *f);
struct host_tdi *host_tdi(struct host *h, const struct func *f);
bool host_is_state_call(uint16_t call);		/* LOCK, START, STOP */

/* ---- host_lies.c ---- */

/* The host's own come first, then the platform's. */
size_t host_nr_lies(const struct host *h);
const struct lie *host_lie_at(const struct host *h, size_t lie);
bool host_lie_armed(const struct host *h, size_t lie, const struct func *f);

/* Tell every armed lie that has this hook. */
#define TELL(h, f, hook, ...)							\
	do {									\
		struct host *h_ = (h);						\
		const struct func *f_ = (f);					\
										\
		for (size_t l_ = 0; l_ < host_nr_lies(h_); l_++) {		\
			const struct lie *lie_ = host_lie_at(h_, l_);		\
										\
			if (lie_->hook && host_lie_armed(h_, l_, f_))		\
				h_->told[l_] += lie_->hook(__VA_ARGS__);	\
		}								\
	} while (0)

#endif /* EMU_HOST_H */
