/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SEV-TIO personality: what its files know of each other.
 *
 *   sev_psp.c    the PSP: keys, sealed messages, what it allows of a TDI when
 *   sev_ghcb.c   the VMM: GHCB exits, the buffer of objects
 *   sev_lies.c   what only such a VMM can say
 *
 * Written from guest/include/tdisp/sev_tio_wire.h and the sources it names; what
 * those leave open is decided here and said at its place.
 */
#ifndef EMU_SEV_H
#define EMU_SEV_H

#include "emu.h"
#include "host.h"
#include "personality.h"
#include "../../guest/include/tdisp/sev_tio_wire.h"

#define SEV_MAX_MAPPED	64

/* What PSP and VMM remember of a TDI. */
struct sev_func {
	/* PSP */
	uint64_t id;			/* tdi_id, 0: not bound */
	uint64_t lock_nonce;		/* of the LOCK that was counted last */
	uint64_t report_count;
	bool sdte;			/* a valid one is in place */
	bool fresh;			/* measured since the last TDI_INFO */
	/* VMM: what it mapped for the guest, as pages of I/O */
	struct {
		uint64_t gpa, n;
	} mapped[SEV_MAX_MAPPED];
	unsigned int nr_mapped;
	uint64_t last_id;		/* that an earlier BIND gave */
	bool pretends;			/* RUN, which nobody started */
};

struct sev {
	struct emu *emu;
	uint8_t key[SNP_NR_VMPCK][SNP_VMPCK_LEN];
	uint64_t seqno[SNP_NR_VMPCK];	/* of the last message, either way */
	bool launched;
	bool dead;			/* STOP came before the sDTE was cleared */
	uint64_t next_id;
	struct sev_func func[EMU_MAX_FUNCS];
	uint8_t last_response[SEV_PAGE_SIZE];	/* VMM: for a day when it pays */
	bool has_last;
};

struct sev *sev_of(struct emu *e);
struct sev_func *sev_func(struct emu *e, const struct func *f);

/* ---- sev_psp.c ---- */

int sev_tsm_regs(struct emu *e, struct emu_regs *regs);
/* What the PSP says to the VMM: 0, or a firmware error. The numbers are ours. */
enum sev_fw_error {
	SEV_FW_OK		= 0,
	SEV_FW_INVALID_PAGE	= 0x1a,
	SEV_FW_BAD_MESSAGE	= 0x16,
	SEV_FW_AEAD		= 0x21,
	SEV_FW_INVALID_TDI	= 0x30,
	SEV_FW_TDI_STATE	= 0x31,
	SEV_FW_DEVICE		= 0x32,
	SEV_FW_DEAD		= 0x33,
};
uint32_t sev_psp_request(struct emu *e, uint64_t req_gpa, uint64_t rsp_gpa);
/* The message's type as its plain header has it, 0: there is none. */
uint8_t sev_msg_type_at(struct emu *e, uint64_t req_gpa);
/* BIND: the TDI has an id from here on; UNBIND: it has none. */
uint64_t sev_psp_bind(struct emu *e, struct func *f);
uint32_t sev_psp_unbind(struct emu *e, struct func *f);
/* May it be stopped now? If not, that was the last thing this guest's PSP did. */
uint32_t sev_psp_may_stop(struct emu *e, struct func *f);

/* ---- sev_ghcb.c ---- */

int sev_host_regs(struct emu *e, struct emu_regs *regs);
/* Unbound and bound again, behind the guest's back. */
void sev_rebind(struct emu *e, struct func *f);

/* ---- sev_lies.c ---- */

#define SEV_NR_LIES	42

extern const struct lie sev_lies[SEV_NR_LIES];

#endif /* EMU_SEV_H */
