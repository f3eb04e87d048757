// SPDX-License-Identifier: GPL-2.0
/*
 * vfio-user server, protocol version 0.0, as QEMU's vfio-user-pci speaks it:
 * one listening socket a function, one client at a time.
 *
 * The client is not trusted to be well-behaved: sizes are checked before they
 * are used, a message may come in any number of pieces, a reply that the client
 * does not read waits in a buffer, and while it waits nothing more is read. What
 * cannot be answered in step (a size out of range) ends the connection.
 *
 * Not done, because never announced or never asked for: DMA by message (guest
 * memory has to come as a descriptor), region mmap, INTx, migration.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu.h"

enum vfu_command {
	VFU_VERSION		= 1,
	VFU_DMA_MAP		= 2,
	VFU_DMA_UNMAP		= 3,
	VFU_GET_INFO		= 4,
	VFU_GET_REGION_INFO	= 5,
	VFU_GET_IRQ_INFO	= 7,
	VFU_SET_IRQS		= 8,
	VFU_REGION_READ		= 9,
	VFU_REGION_WRITE	= 10,
	VFU_RESET		= 13,
};

#define VFU_F_TYPE		0x0f
#define VFU_F_COMMAND		0x00
#define VFU_F_REPLY		0x01
#define VFU_F_NO_REPLY		0x10
#define VFU_F_ERROR		0x20

struct vfu_hdr {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* of the whole message */
	uint32_t flags;
	uint32_t err;
};

struct vfu_version {
	uint16_t major;
	uint16_t minor;
	char json[];
};

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t addr;
	uint64_t size;
};

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t addr;
	uint64_t size;
};

struct vfu_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t nr_regions;
	uint32_t nr_irqs;
};

struct vfu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vfu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfu_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[];
};

static_assert(sizeof(struct vfu_hdr) == 16, "header");
static_assert(sizeof(struct vfu_dma_map) == 32, "DMA_MAP");
static_assert(sizeof(struct vfu_dma_unmap) == 24, "DMA_UNMAP");
static_assert(sizeof(struct vfu_region_info) == 32, "REGION_INFO");
static_assert(sizeof(struct vfu_irq_set) == 20, "SET_IRQS");
static_assert(sizeof(struct vfu_region_access) == 16, "REGION_READ");

#define VFU_MAP_READ		0x1
#define VFU_MAP_WRITE		0x2
#define VFU_UNMAP_ALL		0x2

#define VFU_INFO_RESET		0x1
#define VFU_INFO_PCI		0x2
#define VFU_REGION_R		0x1
#define VFU_REGION_RW		0x3
#define VFU_NR_REGIONS		9
#define VFU_REGION_ROM		6
#define VFU_REGION_CONFIG	7

#define VFU_NR_IRQS		5
#define VFU_IRQ_MSI		1
#define VFU_IRQ_MSIX		2
#define VFU_IRQ_ERR		3
#define VFU_IRQ_EVENTFD		0x1
#define VFU_IRQ_NORESIZE	0x8
#define VFU_SET_DATA_NONE	0x1
#define VFU_SET_DATA_EVENTFD	0x4
#define VFU_SET_TRIGGER		0x20

#define VFU_MAX_FDS		16
/* The largest region is 16 KiB; room for a VERSION with more to say than today's. */
#define VFU_MAX_MSG		65536
/* Messages that one client gets answered before the others have their turn. */
#define VFU_BATCH		64

struct vfu {
	struct func *f;
	char *path;
	int listen_fd;
	int fd;			/* the client, -1: none */
	bool negotiated;

	uint8_t in[VFU_MAX_MSG] __attribute__((aligned(8)));
	size_t in_len;
	int in_fds[VFU_MAX_FDS];
	unsigned int in_nfds;

	uint8_t *out;		/* what the client did not take yet */
	size_t out_len;

	int irq_fd[IRQS_NR][FUNC_VECTORS];
	uint64_t irq_pending;		/* of the kind that is enabled */
};

static void on_listen(void *arg, int fd, uint32_t events);
static void on_client(void *arg, int fd, uint32_t events);

/* ---- mappings --------------------------------------------------------------- */

static int do_dma_map(struct vfu *v, const struct vfu_dma_map *req)
{
	struct mapping m = {
		.addr = req->addr,
		.size = req->size,
		.gpa = RAM_NONE,
		.readable = req->flags & VFU_MAP_READ,
		.writable = req->flags & VFU_MAP_WRITE,
	};
	int err = 0;

	if (req->flags & ~(VFU_MAP_READ | VFU_MAP_WRITE) || !req->size ||
	    (req->addr | req->size | req->offset) % EMU_PAGE_SIZE ||
	    req->addr + (req->size - 1) < req->addr || v->in_nfds > 1)
		return -EINVAL;
	/* What is not mapped read-write (ROM) is known only if it is elsewhere. */
	if (v->in_nfds)
		err = ram_identify(v->f, v->in_fds[0], req->offset, req->size, req->addr,
				   m.readable && m.writable, &m.gpa);
	return err ? err : maps_add(v->f, &m);
}

static int do_dma_unmap(struct vfu *v, const struct vfu_dma_unmap *req)
{
	if (req->flags == VFU_UNMAP_ALL) {
		maps_clear(v->f);
		return 0;
	}
	if (req->flags || !req->size || req->addr + (req->size - 1) < req->addr)
		return -EINVAL;
	return maps_remove(v->f, req->addr, req->size);
}

/* ---- interrupts ------------------------------------------------------------- */

static void irq_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void irq_drop_all(struct vfu *v, enum func_irqs kind)
{
	for (unsigned int i = 0; i < FUNC_VECTORS; i++)
		irq_drop(&v->irq_fd[kind][i]);
}

static void irq_fire(struct vfu *v, int fd, unsigned int vector)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	eventfd_t one = 1;

	v->irq_pending &= ~(1ull << vector);
	v->f->stats.interrupts++;
	/* The descriptor is the client's: never wait for it. Full is fired, too. */
	if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT &&
	    write(fd, &one, sizeof(one)) < 0)
		emu_log("%s: vector %u: %s", v->f->name, vector, strerror(errno));
}

/*
 * The vector table is kept by the client, which masks a single vector by
 * itself (or gives no eventfd for it). What is seen here is Message Control. MSI
 * has no mask; an eventfd is missing from its Enable until QEMU has sent it.
 */
void vfu_irq(struct func *f, unsigned int vector)
{
	enum func_irqs kind = pci_irqs(f);
	struct vfu *v = f->vfu;

	if (!v || vector >= f->vectors || !pci_bus_master(f) || kind == IRQS_OFF)
		return;
	/* 7.7.1.2: who is given fewer messages than it asked for shares them. */
	if (kind == IRQS_MSI)
		vector &= pci_msi_vectors(f) - 1;
	if (v->irq_fd[kind][vector] < 0 || (kind == IRQS_MSIX && pci_msix_masked(f)))
		v->irq_pending |= 1ull << vector;
	else
		irq_fire(v, v->irq_fd[kind][vector], vector);
}

void vfu_irq_update(struct func *f)
{
	struct vfu *v = f->vfu;

	if (!v)
		return;
	if (pci_irqs(f) == IRQS_OFF) {
		v->irq_pending = 0;
		return;
	}
	for (unsigned int i = 0; i < f->vectors; i++)
		if (v->irq_pending & 1ull << i)
			vfu_irq(f, i);
}

uint64_t vfu_irq_pending(const struct func *f)
{
	return f->vfu ? f->vfu->irq_pending : 0;
}

/* The error interrupt never comes, but QEMU warns about a function without it. */
static unsigned int irq_count(const struct vfu *v, uint32_t index)
{
	switch (index) {
	case VFU_IRQ_ERR:
		return 1;
	case VFU_IRQ_MSI:
		return v->f->cap_msi ? v->f->vectors : 0;
	case VFU_IRQ_MSIX:
		return v->f->cap_msix ? v->f->vectors : 0;
	default:
		return 0;
	}
}

static int do_set_irqs(struct vfu *v, const struct vfu_irq_set *req)
{
	bool off = req->flags == (VFU_SET_DATA_NONE | VFU_SET_TRIGGER) && !req->count;
	enum func_irqs kind = req->index == VFU_IRQ_MSI ? IRQS_MSI : IRQS_MSIX;
	unsigned int nr;

	if (req->index >= VFU_NR_IRQS)
		return -EINVAL;
	nr = irq_count(v, req->index);
	if (req->start > nr || req->count > nr - req->start)
		return -EINVAL;
	/* Fewer descriptors than vectors: the last ones have none (-1). */
	if (!off && (req->flags != (VFU_SET_DATA_EVENTFD | VFU_SET_TRIGGER) ||
		     v->in_nfds > req->count))
		return -EINVAL;
	if (req->index != VFU_IRQ_MSI && req->index != VFU_IRQ_MSIX)
		return 0;
	if (off) {
		irq_drop_all(v, kind);
		return 0;
	}
	for (unsigned int i = 0; i < req->count; i++) {
		int *fd = &v->irq_fd[kind][req->start + i];

		irq_drop(fd);
		if (i < v->in_nfds) {
			*fd = v->in_fds[i];
			v->in_fds[i] = -1;	/* taken over */
		}
	}
	vfu_irq_update(v->f);
	return 0;
}

/* ---- the connection ------------------------------------------------------------ */

static void drop_in_fds(struct vfu *v)
{
	for (unsigned int i = 0; i < v->in_nfds; i++)
		if (v->in_fds[i] >= 0)
			close(v->in_fds[i]);
	v->in_nfds = 0;
}

static void client_close(struct vfu *v)
{
	if (v->fd < 0)
		return;
	loop_del(v->fd);
	close(v->fd);
	v->fd = -1;
	v->negotiated = false;
	drop_in_fds(v);
	v->in_len = 0;
	free(v->out);
	v->out = NULL;
	v->out_len = 0;
	irq_drop_all(v, IRQS_MSI);
	irq_drop_all(v, IRQS_MSIX);
	v->irq_pending = 0;
	/* While the memory is still there: what is told of the end may want it. */
	pci_vm_gone(v->f);
	maps_clear(v->f);
	ram_forget(v->f);
	emu_log("%s: client gone", v->f->name);
}

/* Returns false if the client is gone. */
static bool client_flush(struct vfu *v)
{
	while (v->out_len) {
		ssize_t n = send(v->fd, v->out, v->out_len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		memmove(v->out, v->out + n, v->out_len - n);
		v->out_len -= n;
	}
	return true;
}

/* Nothing is read while a reply waits, so the buffer never holds two of them. */
static bool client_send(struct vfu *v, const void *msg, size_t len)
{
	uint8_t *grown = realloc(v->out, v->out_len + len);

	if (!grown)
		return false;
	v->out = grown;
	memcpy(v->out + v->out_len, msg, len);
	v->out_len += len;
	return client_flush(v);
}

/*
 * Answer the message in v->in. An error (-errno) makes the reply a header alone.
 * Returns false if the client is gone.
 */
static bool reply(struct vfu *v, int err, const void *payload, size_t len)
{
	uint8_t msg[sizeof(struct vfu_hdr) + sizeof(struct vfu_region_access) + 16384];
	struct vfu_hdr *req = (struct vfu_hdr *)v->in;
	struct vfu_hdr hdr = {
		.id = req->id,
		.command = req->command,
		.flags = VFU_F_REPLY | (err ? VFU_F_ERROR : 0),
		.err = -err,
	};

	if (req->flags & VFU_F_NO_REPLY)
		return true;
	if (err)
		len = 0;
	hdr.size = sizeof(hdr) + len;
	memcpy(msg, &hdr, sizeof(hdr));
	if (len)
		memcpy(msg + sizeof(hdr), payload, len);
	return client_send(v, msg, hdr.size);
}

/* A reply larger than the request is refused by QEMU: say less, then. */
static bool do_version(struct vfu *v, const void *payload, size_t len)
{
	static const char caps[] =
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_dma_maps\":65535,"
		"\"max_data_xfer_size\":16384}}";
	uint8_t rsp[sizeof(struct vfu_version) + sizeof(caps)] = { 0 };
	const struct vfu_version *req = payload;
	size_t rsp_len = sizeof(rsp);

	if (len < sizeof(*req) || req->major != 0)
		return reply(v, -EINVAL, NULL, 0);
	if (len > sizeof(*req) && ((const char *)payload)[len - 1])
		return reply(v, -EINVAL, NULL, 0);
	memcpy(rsp + sizeof(struct vfu_version), caps, sizeof(caps));
	if (rsp_len > len)
		rsp_len = sizeof(struct vfu_version);
	v->negotiated = true;
	return reply(v, 0, rsp, rsp_len);
}

static uint64_t region_size(const struct vfu *v, uint32_t region)
{
	if (region < FUNC_NR_BARS)
		return v->f->bar_size[region];
	if (region == VFU_REGION_ROM)
		return v->f->rom_size;
	if (region == VFU_REGION_CONFIG)
		return sizeof(v->f->cfg);
	return 0;
}

static bool do_region_info(struct vfu *v, const struct vfu_region_info *req)
{
	struct vfu_region_info rsp = { .argsz = sizeof(rsp), .index = req->index };

	if (req->index >= VFU_NR_REGIONS)
		return reply(v, -EINVAL, NULL, 0);
	rsp.size = region_size(v, req->index);
	if (rsp.size)
		rsp.flags = req->index == VFU_REGION_ROM ? VFU_REGION_R : VFU_REGION_RW;
	return reply(v, 0, &rsp, sizeof(rsp));
}

static bool do_irq_info(struct vfu *v, const struct vfu_irq_info *req)
{
	struct vfu_irq_info rsp = { .argsz = sizeof(rsp), .index = req->index };

	if (req->index >= VFU_NR_IRQS)
		return reply(v, -EINVAL, NULL, 0);
	rsp.count = irq_count(v, req->index);
	rsp.flags = rsp.count ? VFU_IRQ_EVENTFD | VFU_IRQ_NORESIZE : 0;
	return reply(v, 0, &rsp, sizeof(rsp));
}

static bool do_region(struct vfu *v, const struct vfu_region_access *req, size_t len,
		      bool write)
{
	uint8_t rsp[sizeof(*req) + 16384];
	uint64_t size = region_size(v, req->region);
	uint8_t *data = rsp + sizeof(*req);

	if (!req->count || req->count > size || req->offset > size - req->count ||
	    len != sizeof(*req) + (write ? req->count : 0))
		return reply(v, -EINVAL, NULL, 0);
	memcpy(rsp, req, sizeof(*req));
	if (req->region == VFU_REGION_CONFIG) {
		if (write)
			pci_cfg_write(v->f, req->offset, req->data, req->count);
		else
			pci_cfg_read(v->f, req->offset, data, req->count);
	} else if (req->region == VFU_REGION_ROM) {
		memset(data, 0, req->count);
	} else {
		if (write)
			pci_bar_write(v->f, req->region, req->offset, req->data, req->count);
		else
			pci_bar_read(v->f, req->region, req->offset, data, req->count);
	}
	return reply(v, 0, rsp, sizeof(*req) + (write ? 0 : req->count));
}

/* The least payload of each command; 0xff: not a command of ours. */
static size_t min_payload(uint16_t command)
{
	switch (command) {
	case VFU_VERSION:		return sizeof(struct vfu_version);
	case VFU_DMA_MAP:		return sizeof(struct vfu_dma_map);
	case VFU_DMA_UNMAP:		return sizeof(struct vfu_dma_unmap);
	case VFU_GET_INFO:		return sizeof(struct vfu_info);
	case VFU_GET_REGION_INFO:	return sizeof(struct vfu_region_info);
	case VFU_GET_IRQ_INFO:		return sizeof(struct vfu_irq_info);
	case VFU_SET_IRQS:		return sizeof(struct vfu_irq_set);
	case VFU_REGION_READ:
	case VFU_REGION_WRITE:		return sizeof(struct vfu_region_access);
	default:			return 0;
	}
}

/* One whole message. Returns false if the client is gone. */
static bool handle(struct vfu *v)
{
	static const struct vfu_info info = {
		.argsz = sizeof(info),
		.flags = VFU_INFO_RESET | VFU_INFO_PCI,
		.nr_regions = VFU_NR_REGIONS,
		.nr_irqs = VFU_NR_IRQS,
	};
	const struct vfu_hdr *hdr = (struct vfu_hdr *)v->in;
	const void *payload = v->in + sizeof(*hdr);
	size_t len = hdr->size - sizeof(*hdr);

	/* Nothing was asked of the client, so there is nothing it can answer. */
	if ((hdr->flags & VFU_F_TYPE) != VFU_F_COMMAND)
		return true;
	if (len < min_payload(hdr->command) || v->negotiated == (hdr->command == VFU_VERSION))
		return reply(v, -EINVAL, NULL, 0);

	switch (hdr->command) {
	case VFU_VERSION:
		return do_version(v, payload, len);
	case VFU_DMA_MAP:
		return reply(v, do_dma_map(v, payload), NULL, 0);
	case VFU_DMA_UNMAP:
		return reply(v, do_dma_unmap(v, payload), payload,
			     sizeof(struct vfu_dma_unmap));
	case VFU_GET_INFO:
		return reply(v, 0, &info, sizeof(info));
	case VFU_GET_REGION_INFO:
		return do_region_info(v, payload);
	case VFU_GET_IRQ_INFO:
		return do_irq_info(v, payload);
	case VFU_SET_IRQS:
		return reply(v, do_set_irqs(v, payload), NULL, 0);
	case VFU_REGION_READ:
		return do_region(v, payload, len, false);
	case VFU_REGION_WRITE:
		return do_region(v, payload, len, true);
	case VFU_RESET:
		pci_reset(v->f, "reset");
		return reply(v, 0, NULL, 0);
	default:
		return reply(v, -ENOSYS, NULL, 0);
	}
}

static bool keep_fds(struct vfu *v, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (v->in_nfds < VFU_MAX_FDS)
				v->in_fds[v->in_nfds++] = fd;
			else
				close(fd);
		}
	}
	/* Descriptors that did not fit were promised and are lost. */
	return !(msg->msg_flags & MSG_CTRUNC);
}

/*
 * Read up to `want` bytes of this message and no more: descriptors come with
 * the bytes they were sent with, and must not be taken for the next message's.
 * Returns 1 when the bytes are there, 0 if not yet, -1 at the end.
 */
static int client_read(struct vfu *v, size_t want)
{
	while (v->in_len < want) {
		char control[CMSG_SPACE(sizeof(int) * VFU_MAX_FDS)];
		struct iovec iov = { v->in + v->in_len, want - v->in_len };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(v->fd, &msg, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0 || !keep_fds(v, &msg))
			return -1;
		v->in_len += n;
	}
	return 1;
}

/* Read and answer one message. Returns as client_read() does. */
static int client_message(struct vfu *v)
{
	struct vfu_hdr *hdr = (struct vfu_hdr *)v->in;
	int got = client_read(v, sizeof(*hdr));

	if (got <= 0)
		return got;
	if (hdr->size < sizeof(*hdr) || hdr->size > sizeof(v->in)) {
		emu_log("%s: message of %u bytes", v->f->name, hdr->size);
		return -1;
	}
	got = client_read(v, hdr->size);
	if (got <= 0)
		return got;
	got = handle(v) ? 1 : -1;
	v->in_len = 0;
	drop_in_fds(v);
	return got;
}

static void on_client(void *arg, int fd, uint32_t events)
{
	struct vfu *v = arg;
	int got = 1;

	(void)events;
	if (!client_flush(v))
		got = -1;
	for (int i = 0; i < VFU_BATCH && got > 0 && !v->out_len; i++)
		got = client_message(v);
	if (got < 0) {
		client_close(v);
		loop_add(v->listen_fd, EPOLLIN, on_listen, v);
		return;
	}
	loop_add(fd, v->out_len ? EPOLLOUT : EPOLLIN, on_client, v);
}

/*
 * A second client waits in the queue until the first is gone: a VM that starts
 * while the last one is being torn down finds its function.
 */
static void on_listen(void *arg, int fd, uint32_t events)
{
	struct vfu *v = arg;

	(void)events;
	v->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (v->fd < 0)
		return;
	emu_log("%s: client", v->f->name);
	loop_del(fd);
	loop_add(v->fd, EPOLLIN, on_client, v);
}

int vfu_create(struct func *f, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct vfu *v;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->f = f;
	v->fd = -1;
	memset(v->irq_fd, -1, sizeof(v->irq_fd));
	v->path = strdup(path);
	v->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	if (!v->path || v->listen_fd < 0 ||
	    bind(v->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(v->listen_fd, 4)) {
		int err = errno;

		if (v->listen_fd >= 0)
			close(v->listen_fd);
		free(v->path);
		free(v);
		return -err;
	}
	f->vfu = v;
	loop_add(v->listen_fd, EPOLLIN, on_listen, v);
	return 0;
}

void vfu_destroy(struct func *f)
{
	struct vfu *v = f->vfu;

	if (!v)
		return;
	client_close(v);
	loop_del(v->listen_fd);
	close(v->listen_fd);
	unlink(v->path);
	free(v->path);
	free(v);
	f->vfu = NULL;
}

bool vfu_connected(const struct func *f)
{
	return f->vfu && f->vfu->fd >= 0;
}
