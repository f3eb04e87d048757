/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tdisp-emu: what its parts know of each other.
 *
 *   vfu.c    vfio-user transport                  main.c     options, start, end
 *   maps.c   a function's mappings                ram.c      RAM by guest physical address
 *   loop.c   event loop, log                      func.c     functions by name, counters
 *   random.c random bytes
 *   pci*.c   config space, tracking table         control.c  control socket
 *   doe.c    DOE mailbox                          mbox.c     mailbox function (slots)
 *   nvme.c dmatest.c   the TDIs' own function     dma.c      the gate every DMA passes
 *   tsm*.c   page ownership, TDI records, T calls host*.c    H calls and lies
 *   personality.c   the platforms it can be, which have files of their own
 *   dsm*.c   SPDM and TDISP responder             cert.c     certificates (OpenSSL)
 *
 * The DSM knows nothing of pages, the TSM nothing of registers, the host
 * nothing that it was not told.
 */
#ifndef EMU_H
#define EMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../../guest/include/tdisp/wire.h"
#include "../../guest/include/tdisp/spdm_wire.h"
#include "../../guest/include/tdisp/emu_mbox.h"

struct emu;
struct func;
struct dsm;
struct tdi;
struct personality;

/* ---- loop.c: event loop -------------------------------------------------- */

typedef void (*loop_fd_fn)(void *arg, int fd, uint32_t events);
typedef void (*loop_timer_fn)(void *arg);

/* Watch fd for EPOLL* events; on a watched fd, change what is watched. */
void loop_add(int fd, uint32_t events, loop_fd_fn fn, void *arg);
void loop_del(int fd);
/* One shot, from now; returns an id for loop_timer_del(). */
unsigned int loop_timer(unsigned int ms, loop_timer_fn fn, void *arg);
void loop_timer_del(unsigned int id);
void loop_quit(void);
void emu_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* random.c: the kernel's bytes, or a repeatable stream with --seed. */
void emu_random(void *buf, size_t len);

/* ---- functions ------------------------------------------------------------ */

#define FUNC_NR_BARS	6
#define FUNC_VECTORS	8

enum func_kind { FUNC_MBOX, FUNC_NVME, FUNC_DMATEST };

/* Behaviour of one function below its BARs. Offsets and lengths are in range. */
struct func_ops {
	void (*bar_read)(struct func *f, int bar, uint64_t off, void *buf, size_t len);
	void (*bar_write)(struct func *f, int bar, uint64_t off, const void *buf, size_t len);
	void (*reset)(struct func *f);		/* FLR or conventional */
	void (*destroy)(struct func *f);
};

/* Named counters; a reason is a string literal, counted by func_reason(). */
struct reason_count { const char *reason; uint64_t n; };
#define FUNC_NR_REASONS	64

struct func_stats {
	uint64_t dma_read_bytes_shared, dma_write_bytes_shared;
	uint64_t dma_read_bytes_private, dma_write_bytes_private;
	uint64_t dma_bytes_open;
	uint64_t dma_ok, dma_refused, dma_refused_bytes;
	uint64_t mmio_refused, mmio_accepts, command_writes, interrupts, resets;
	uint64_t locks, starts, stops, errors;
	struct reason_count refused[FUNC_NR_REASONS];
	struct reason_count error[FUNC_NR_REASONS];
};

/* What maps.c knows of a function's device addresses. */
struct mapping {
	uint64_t addr;			/* as the device says it */
	uint64_t size;
	uint64_t gpa;			/* where it leads, RAM_NONE: to no RAM */
	bool readable, writable;
};

struct maps {
	struct mapping *map;		/* sorted by addr, disjoint */
	size_t nr, room;
	/* Of those that lead to RAM: how many, what they hold, .. */
	size_t ram_maps;
	uint64_t ram_bytes;
	uint64_t plain_bytes;		/* .. ram_plain() of those that map a page to itself */
	size_t moved;			/* .. and how many of the others */
};

struct func {
	struct emu *emu;
	enum func_kind kind;
	char name[16];
	uint32_t handle;		/* 0: not a TDI (the mailbox) */
	const struct func_ops *ops;
	void *priv;			/* of ops */
	bool gone;			/* unplugged without a word: answers nothing */
	bool announced;			/* the guest said where it has it: HOST_SBDF */
	uint32_t sbdf;

	uint8_t cfg[4096];		/* config space, owned by pci.c */
	uint64_t bar_size[FUNC_NR_BARS];
	bool bar_64[FUNC_NR_BARS];
	uint32_t rom_size;		/* 0: none; its content is zeros */
	uint16_t cap_pcie, cap_msi, cap_msix, cap_pm;
	unsigned int vectors;		/* of MSI and of MSI-X, if it has them */
	uint16_t ecap_doe, ecap_ide, ecap_vsec;

	struct vfu *vfu;		/* transport, owned by vfu.c */
	struct maps maps;		/* owned by maps.c */
	struct dsm *dsm;		/* NULL for the mailbox */
	struct tdi *tdi;		/* the TSM's record; NULL for the mailbox */
	struct doe *doe;
	uint8_t *scratch;		/* BAR 2 of a TDI: memory, NULL: all 0; pci.c's */
	struct func_stats stats;
};

#define EMU_MAX_FUNCS	24
#define SCRATCH_SIZE	16384		/* BAR 2, unless it is asked to be larger */

/* How a TDI reports its BAR 2. */
enum bar2_report {
	BAR2_WHOLE,		/* one range */
	BAR2_MIXED,		/* a quarter TEE, a half NON_TEE, a quarter TEE */
	BAR2_HOLES,		/* a quarter TEE, nothing, NON_TEE, TEE */
};

/* What a device may take for a violation beyond what the tracking table asks for. */
enum strict {
	STRICT_NOT,
	STRICT_BME,		/* Bus Master Enable being set */
	STRICT_COMMAND,		/* any write that reaches the Command register */
	STRICT_ATS,		/* a change of ATS control */
	STRICT_NR
};

struct emu {
	struct func *func[EMU_MAX_FUNCS];
	unsigned int nr_funcs;
	struct tsm *tsm;
	struct host *host;
	struct cert_chain *certs;
	const struct personality *personality;
	void *personality_priv;		/* its own */
	const char *dir;
	bool start_first;
	bool tee_mailbox;		/* the mailbox claims to be a TDI itself */
	uint32_t strict;		/* bit per enum strict */
	bool no_event;			/* the mailbox interrupts for nothing */
	bool one_device;		/* TDIs are functions of one device */
	bool msi;			/* TDIs have MSI, and no MSI-X */
	bool all_registers;		/* TDIs have all that the tracking table names */
	enum bar2_report bar2_report;
	uint64_t bar2_size;		/* of DMA test functions */
};

struct func *emu_func_by_name(struct emu *e, const char *name);
struct func *emu_func_by_handle(struct emu *e, uint32_t handle);
/* Where the guest says that it has it; NULL: it said so of none. */
struct func *emu_func_by_sbdf(struct emu *e, uint32_t sbdf);
/* Function 0 of f's device, with --one-device the first TDI: f's PF, or f itself. */
struct func *func_pf(struct func *f);
void func_reason(struct reason_count *table, const char *reason);

/*
 * Each allocates a function with func_new(), fills in ops and priv, calls
 * pci_init() and returns it. main.c does the rest: the table in struct emu,
 * dsm_create() and tdi_create() for a TDI, and the socket.
 */
struct func *func_new(struct emu *e, enum func_kind kind, const char *name,
		      uint32_t handle);	/* zeroed otherwise; freed by func_free() */
void func_free(struct func *f);		/* calls ops->destroy */
struct func *nvme_create(struct emu *e, unsigned int index, const char *disk);
struct func *dmatest_create(struct emu *e, unsigned int index);
struct func *mbox_create(struct emu *e);

/* ---- vfu.c: transport ----------------------------------------------------- */

/* Listens on path; the function exists from here on, connected or not. */
int vfu_create(struct func *f, const char *path);
void vfu_destroy(struct func *f);
bool vfu_connected(const struct func *f);
/* Signal a vector (a no-op without BME, or with MSI and MSI-X disabled). */
void vfu_irq(struct func *f, unsigned int vector);
/* Message Control changed: what was pending may go out now. */
void vfu_irq_update(struct func *f);
/* The pending bits, as the PBA shows them. */
uint64_t vfu_irq_pending(const struct func *f);

/* ---- ram.c: RAM by guest physical address ---------------------------------- */

#define RAM_NONE	UINT64_MAX

void ram_init(void);
/*
 * *gpa is what a part of a file is to the guest, RAM_NONE if it is no RAM of its.
 * teach: if unknown, it is learned that the guest has it at addr. -EINVAL, or
 * -errno, if the descriptor does not hold that part.
 */
int ram_identify(struct func *f, int fd, uint64_t offset, uint64_t size, uint64_t addr,
		 bool teach, uint64_t *gpa);
/* The function's connection is gone; what only it had mapped goes as well. */
void ram_forget(struct func *f);
/* NULL unless all of it is RAM. Good until a mapping is made or a client goes. */
void *ram_mem(uint64_t gpa, size_t len);
uint64_t ram_end(void);			/* the end of the highest region, 0: no RAM */
/* All RAM, and a part of it, without the holes that firmware makes below 1 MiB. */
uint64_t ram_size(void);
uint64_t ram_plain(uint64_t gpa, uint64_t size);

/* ---- maps.c: a function's mappings ----------------------------------------- */

#define MAPS_MAX	65535

int maps_add(struct func *f, const struct mapping *m);
int maps_remove(struct func *f, uint64_t addr, uint64_t size);
void maps_clear(struct func *f);
/* False if that access to that address leads to no RAM. No policy: that is dma.c's. */
bool maps_translate(const struct func *f, uint64_t addr, bool write, uint64_t *gpa);
/* Are they the identity map, so that no IOMMU of the guest translates? */
bool maps_identity(const struct func *f);

/* ---- pci.c ---------------------------------------------------------------- */

/* Config space, and the BARs that the function's kind has (bar_size, bar_64). */
void pci_init(struct func *f, uint16_t device, uint32_t class_rev);
void pci_destroy(struct func *f);
/*
 * The VM that had this function is gone (its connection closed): a reset that
 * is no violation, followed by dsm_vm_reset(), or tsm_vm_reset() for the mailbox.
 */
void pci_vm_gone(struct func *f);
/* Region accesses of the transport, already clipped to the region. */
void pci_cfg_read(struct func *f, uint64_t off, void *buf, size_t len);
void pci_cfg_write(struct func *f, uint64_t off, const void *buf, size_t len);
void pci_bar_read(struct func *f, int bar, uint64_t off, void *buf, size_t len);
void pci_bar_write(struct func *f, int bar, uint64_t off, const void *buf, size_t len);
/* "flr", "reset"; of the mailbox: calls ops->reset, then tsm_vm_reset(). */
void pci_reset(struct func *f, const char *why);
/* How a function interrupts now: it must not be both (PCIe r6.x 6.1.4). */
enum func_irqs { IRQS_OFF, IRQS_MSI, IRQS_MSIX, IRQS_NR };
enum func_irqs pci_irqs(const struct func *f);
unsigned int pci_msi_vectors(const struct func *f);	/* Multiple Message Enable */
bool pci_msix_masked(const struct func *f);	/* Function Mask */
uint64_t pci_bar_addr(const struct func *f, int bar);	/* guest's address, 0: none */
bool pci_bus_master(const struct func *f);
bool pci_mem_enabled(const struct func *f);
/* The function vanishes / is there again, as after power-on. */
void pci_gone(struct func *f);
void pci_back(struct func *f);
void pci_clear_scratch(struct func *f);
/* What an interface report takes from config space: TDISP_INFO_*, TPH control. */
uint16_t pci_interface_info(const struct func *f);
uint32_t pci_tph_control(const struct func *f);
/* Of the function's BARs; addresses that are to look like a host's align to it. */
uint64_t pci_largest_bar(const struct func *f);

/* ---- doe.c ---------------------------------------------------------------- */

void doe_init(struct func *f, uint16_t ecap);
void doe_reset(struct func *f);
void doe_destroy(struct func *f);
uint32_t doe_read(struct func *f, unsigned int reg);	/* reg: offset in the capability */
void doe_write(struct func *f, unsigned int reg, uint32_t val);

/* ---- dma.c: the gate ------------------------------------------------------- */

/*
 * Addresses are the device's. 0, or -EACCES / -EFAULT with nothing transferred;
 * counts either way.
 */
int dma_read(struct func *f, uint64_t addr, void *buf, size_t len);
int dma_write(struct func *f, uint64_t addr, const void *buf, size_t len);
/* As above, and tells why it was refused (a literal; NULL when it was not). */
int dma_probe(struct func *f, bool write, uint64_t addr, size_t len, const char **reason);

/* ---- dsm.c: the device's security manager ----------------------------------- */

struct dsm *dsm_create(struct func *f);
void dsm_destroy(struct dsm *d);
/*
 * SPDM 1.2 responder: one request in, one response out (SPDM ERROR included).
 * Returns the response's length, or -EMSGSIZE. Used by DOE and by the TSM, each
 * with a context of its own (a context is one connection's VCA and state).
 */
struct dsm_conn;
struct dsm_conn *dsm_conn_new(struct dsm *d);
void dsm_conn_free(struct dsm_conn *c);
ssize_t dsm_spdm(struct dsm_conn *c, const void *req, size_t len, void *rsp, size_t size);
/*
 * TDISP responder (inside the secure session that TSM and DSM have; the session
 * is assumed, not modelled): one message in, one out.
 */
ssize_t dsm_tdisp(struct dsm *d, const void *req, size_t len, void *rsp, size_t size);
enum tdisp_state dsm_state(const struct dsm *d);
/* TDISP_LOCK_* of the LOCK in force, 0 while unlocked (LOCK_MSIX: MSI-X is tracked). */
uint16_t dsm_lock_flags(const struct dsm *d);
/* pci.c reports what the tracking table calls a violation; no effect unless locked. */
void dsm_violation(struct dsm *d, const char *reason);
/* The SPDM session with the device is over: a violation of all of its TDIs. */
void dsm_session_end(struct dsm *d);
/*
 * A device that is not what it should be, whoever relays. -ENOENT: no such fault.
 * name NULL: sound again.
 */
int dsm_set_fault(struct dsm *d, const char *name);
void dsm_faults_json(FILE *out);
/* Conventional reset of the whole device when its VM is gone: CONFIG_UNLOCKED. */
void dsm_vm_reset(struct dsm *d);

/* ---- tsm.c ------------------------------------------------------------------ */

struct tsm *tsm_create(struct emu *e);
void tsm_destroy(struct tsm *t);
struct tdi *tdi_create(struct tsm *t, struct func *f);

enum page_owner { PAGE_NONE, PAGE_OPEN, PAGE_PRIVATE, PAGE_SHARED };
enum page_owner tsm_page(struct tsm *t, uint64_t gpa);
bool tsm_entered(const struct tsm *t);

/* What a function's DMA may do now, whatever it is aimed at. */
struct dma_grant {
	const char *stopped;		/* why it reaches nothing (a literal); NULL: it may */
	enum page_owner reach;		/* these pages only; PAGE_OPEN: any page */
	bool iommu_only;		/* nothing that no IOMMU of the guest translates */
	uint64_t vtom;			/* 0: none; from here on, shared pages (less vtom) */
};

struct dma_grant tsm_dma_grant(const struct tsm *t, const struct func *f);
/*
 * May it reach this page, by an address below vTOM or above it? NULL: yes, else why
 * not (a literal).
 */
const char *tsm_dma_refusal(struct tsm *t, const struct dma_grant *g, bool above, uint64_t gpa);
/* May the guest's access reach this byte of this BAR now? */
bool tsm_mmio_allowed(struct tsm *t, const struct func *f, int bar, uint64_t off);
/* Pages that are accepted as private MMIO. */
uint64_t tsm_mmio_accepted(const struct tdi *tdi);

/*
 * A class 01xxh call: payload in, payload out (at most EMU_MSG_MAX bytes).
 * Returns an enum emu_status; *ret_len is set when it is EMU_OK.
 */
enum emu_status tsm_call(struct tsm *t, uint16_t call, uint32_t handle,
			 const void *req, size_t len, void *rsp, size_t *ret_len);
void tsm_vm_reset(struct tsm *t);		/* the mailbox was reset */

/* What the host may ask of the TSM; each returns an enum emu_status. */
enum emu_status tsm_host_lock(struct tdi *tdi, uint16_t flags);
enum emu_status tsm_host_start(struct tdi *tdi);
enum emu_status tsm_host_stop(struct tdi *tdi);
enum emu_status tsm_host_measure(struct tdi *tdi, const uint8_t nonce[EMU_NONCE_SIZE]);
enum tdisp_state tsm_state(struct tdi *tdi);
/* The bytes the TSM received, which the host relays. NULL: none (yet). */
const void *tsm_object(struct tdi *tdi, enum emu_object obj, size_t *ret_len);

/* ---- tsm_allow.c: what a guest allows; when it may is the platform's to check ------ */

/* TDI_INFO's reply, with the state asked for. */
enum emu_status tsm_facts(struct tdi *tdi, struct emu_tdi_info *info);
bool tsm_nonces_match(const struct tdi *tdi, const struct emu_nonces *n);
/* The range of the report that this page is in, by the BARs at LOCK, and where in it. */
bool tsm_find_range(const struct tdi *tdi, uint64_t gpa, uint32_t *index, uint64_t *first);
bool tsm_is_accepted(const struct tdi *tdi, uint32_t index, uint64_t page);
/* PARAM, RANGE: as MMIO_ACCEPT. All or nothing. */
enum emu_status tsm_accept(struct tdi *tdi, uint32_t index, uint64_t first, uint64_t n,
			   uint64_t gpa);
enum emu_status tsm_unaccept(struct tdi *tdi, uint32_t index, uint64_t first, uint64_t n);
void tsm_release_mmio(struct tdi *tdi);
/* PARAM, STATE: as DMA_ENABLE. */
enum emu_status tsm_enable_dma(struct tdi *tdi, uint32_t mode, uint64_t vtom);
void tsm_disable_dma(struct tdi *tdi);
/* tsm_host_start() uses it up; a platform whose guest is not asked calls it before. */
void tsm_allow_start(struct tdi *tdi);

/* ---- host.c ------------------------------------------------------------------ */

struct host *host_create(struct emu *e);
void host_destroy(struct host *h);
enum emu_status host_call(struct host *h, uint16_t call, uint32_t handle,
			  const void *req, size_t len, void *rsp, size_t *ret_len);
/* The host stops the TDI and locks it again, with the flags it had. */
enum emu_status host_relock(struct host *h, struct func *f);
/* Runs just before the TSM sees a class 01xxh call: the moment to misbehave. */
void host_before_tsm_call(struct host *h, uint16_t call, uint32_t handle);
/*
 * The same for a platform whose calls are others: EMU_TSM_MMIO_ACCEPT, _DMA_ENABLE ..
 * for what comes nearest.
 */
void host_before(struct host *h, uint16_t call, struct func *f);
/*
 * LOCK, START, STOP or MEASURE of whatever platform, lies included. req is the
 * mailbox call's; *claimed, if not NULL, the state that the host says.
 */
enum emu_status host_relay(struct host *h, uint16_t call, struct func *f, const void *req,
			   enum tdisp_state *claimed);
/* An evidence object as the host has it: its size, a part (*len in and out), all of it. */
enum emu_status host_object_size(struct host *h, struct func *f, enum emu_object object,
				 uint64_t *size);
enum emu_status host_object_read(struct host *h, struct func *f, enum emu_object object,
				 uint64_t at, void *buf, uint32_t *len);
uint8_t *host_object(struct host *h, struct func *f, enum emu_object object, size_t *len);
/* Is that lie of the platform's own to be told now, of f (NULL: of none)? Counts it. */
bool host_tells(struct host *h, const char *lie, const struct func *f);
/* f's TDISP state changed; the guest learns of it unless it has asked for that. */
void host_state_changed(struct host *h, struct func *f);
/* Where the host lets the guest find a BAR, as the TSM looks it up at LOCK. */
uint64_t host_bar_addr(struct host *h, struct func *f, int bar);
/* Lets a lie about framing change the reply header of a host call. */
void host_frame_reply(struct host *h, uint32_t handle, struct emu_rsp_hdr *hdr);
/* Arm or stop lies by name; -ENOENT, -ENODEV. func NULL: all. */
int host_lie(struct host *h, const char *name, const char *func);
int host_truth(struct host *h, const char *name);	/* NULL: all */
void host_lies_json(struct host *h, FILE *out);
/* How mbox.c is to answer: a delay in ms, or silence. */
unsigned int host_delay(const struct host *h);
void host_set_delay(struct host *h, unsigned int ms);
bool host_silent(const struct host *h);
void host_set_silent(struct host *h, bool on);	/* off: mbox_release() */

/* ---- mbox.c ------------------------------------------------------------------ */

/* The mailbox function, NULL while there is none. */
struct func *mbox_func(const struct emu *e);
/* Raise the event interrupt, if the guest has it enabled. */
void mbox_event(struct emu *e);
/* Answer everything that silence held back. */
void mbox_release(struct emu *e);

struct mbox_stats { uint64_t calls_tsm, calls_host, calls_failed, faults, late; };
const struct mbox_stats *mbox_stats(struct emu *e);
void mbox_stats_reset(struct emu *e);
struct tsm_stats { uint64_t pages_shared, conversions; };
struct tsm_stats tsm_stats(struct tsm *t);
void tsm_stats_reset(struct tsm *t);		/* leaves pages_shared */

/* ---- control.c ---------------------------------------------------------------- */

int control_create(struct emu *e, const char *path);
void control_destroy(void);

/* ---- cert.c --------------------------------------------------------------------- */

/*
 * Root, intermediate, leaf: P-384, made at start; per-function leaf (CMA SAN). The root,
 * with its key, is that of the file keep, which is made if there is none; NULL: nowhere.
 */
struct cert_chain *cert_create_ca(const char *keep);
void cert_destroy_ca(struct cert_chain *c);
/* The root as DIR/root-ca.pem, for a policy to pin; 0 or -errno. */
int cert_write_root(const struct cert_chain *c, const char *dir);

#endif /* EMU_H */
