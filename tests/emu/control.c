// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket: lines of text in, one line of JSON out for each. The
 * commands are in Documentation/tdisp-emu.rst; commands[] is their list here.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu.h"

#define MAX_CLIENTS	16
#define MAX_LINE	256
#define MAX_WORDS	6

struct client {
	struct client *next;
	int fd;
	char line[MAX_LINE];
	size_t len;
};

static struct emu *emu;
static char *sock_path;
static int listen_fd = -1;
static struct client *clients;

/* ---- JSON --------------------------------------------------------------------- */

/* Everything that is printed is a word of ours: nothing needs an escape. */
static void open_ok(FILE *out)
{
	fputs("{\"ok\":true", out);
}

static void close_ok(FILE *out)
{
	fputc('}', out);
}

static void ok(FILE *out)
{
	open_ok(out);
	close_ok(out);
}

static void error(FILE *out, const char *why)
{
	fprintf(out, "{\"ok\":false,\"error\":\"%s\"}", why);
}

static void reasons(FILE *out, const char *name, const struct reason_count *table)
{
	const char *sep = "";

	fprintf(out, ",\"%s\":{", name);
	for (int i = 0; i < FUNC_NR_REASONS && table[i].reason; i++, sep = ",")
		fprintf(out, "%s\"%s\":%" PRIu64, sep, table[i].reason, table[i].n);
	fputc('}', out);
}

static const char *state_name(enum tdisp_state state)
{
	switch (state) {
	case TDISP_CONFIG_UNLOCKED:	return "CONFIG_UNLOCKED";
	case TDISP_CONFIG_LOCKED:	return "CONFIG_LOCKED";
	case TDISP_RUN:			return "RUN";
	case TDISP_ERROR:		return "ERROR";
	}
	return "?";
}

/* Every status a command can come back with has a name to read. */
static void status_reply(FILE *out, enum emu_status status)
{
	static const char *const names[] = {
		[EMU_OK] = "OK", [EMU_E_CALL] = "CALL", [EMU_E_PARAM] = "PARAM",
		[EMU_E_STATE] = "STATE", [EMU_E_TDI] = "TDI", [EMU_E_NONCE] = "NONCE",
		[EMU_E_RANGE] = "RANGE", [EMU_E_PAGE] = "PAGE", [EMU_E_BUSY] = "BUSY",
		[EMU_E_DEVICE] = "DEVICE", [EMU_E_OBJECT] = "OBJECT",
		[EMU_E_DENIED] = "DENIED", [EMU_E_NOT_ENTERED] = "NOT_ENTERED",
	};

	if (status == EMU_OK)
		ok(out);
	else
		error(out, status < ARRAY_SIZE(names) && names[status] ? names[status] : "?");
}

/* ---- arguments ------------------------------------------------------------------- */

static bool parse_u64(const char *text, uint64_t *val)
{
	char *end;

	errno = 0;
	*val = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* The TDI of that name; the mailbox is none. Says so itself if there is none. */
static struct func *tdi_arg(const char *name, FILE *out)
{
	struct func *f = emu_func_by_name(emu, name);

	if (f && f->tdi)
		return f;
	error(out, "no such function");
	return NULL;
}

/* ---- commands ---------------------------------------------------------------------- */

static void print_func_stats(const struct func *f, FILE *out)
{
	const struct func_stats *s = &f->stats;
	const struct {
		const char *name;
		uint64_t n;
	} counters[] = {
		{ "dma_read_bytes_shared",	s->dma_read_bytes_shared },
		{ "dma_write_bytes_shared",	s->dma_write_bytes_shared },
		{ "dma_read_bytes_private",	s->dma_read_bytes_private },
		{ "dma_write_bytes_private",	s->dma_write_bytes_private },
		{ "dma_bytes_open",		s->dma_bytes_open },
		{ "dma_ok",			s->dma_ok },
		{ "dma_refused",		s->dma_refused },
		{ "dma_refused_bytes",		s->dma_refused_bytes },
		{ "mmio_refused",		s->mmio_refused },
		{ "mmio_accepts",		s->mmio_accepts },
		{ "command_writes",		s->command_writes },
		{ "locks",			s->locks },
		{ "starts",			s->starts },
		{ "stops",			s->stops },
		{ "errors",			s->errors },
		{ "interrupts",			s->interrupts },
		{ "resets",			s->resets },
	};

	fprintf(out, "\"%s\":{", f->name);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", counters[i].name,
			counters[i].n);
	reasons(out, "refused_reasons", s->refused);
	reasons(out, "error_reasons", s->error);
	fputc('}', out);
}

static void cmd_stats(int nr, char **word, FILE *out)
{
	const struct mbox_stats *m = mbox_stats(emu);
	struct tsm_stats t = tsm_stats(emu->tsm);
	const char *sep = "";

	if (nr == 2 && !strcmp(word[1], "reset")) {
		for (unsigned int i = 0; i < emu->nr_funcs; i++)
			memset(&emu->func[i]->stats, 0, sizeof(emu->func[i]->stats));
		mbox_stats_reset(emu);
		tsm_stats_reset(emu->tsm);
		ok(out);
		return;
	}
	if (nr > 1) {
		error(out, "stats [reset]");
		return;
	}
	open_ok(out);
	fprintf(out, ",\"tsm\":{\"calls_tsm\":%" PRIu64 ",\"calls_host\":%" PRIu64
		",\"calls_failed\":%" PRIu64 ",\"faults\":%" PRIu64 ",\"late\":%" PRIu64
		",\"pages_shared\":%" PRIu64 ",\"conversions\":%" PRIu64 "},\"functions\":{",
		m->calls_tsm, m->calls_host, m->calls_failed, m->faults, m->late,
		t.pages_shared, t.conversions);
	for (unsigned int i = 0; i < emu->nr_funcs; i++) {
		fputs(sep, out);
		print_func_stats(emu->func[i], out);
		sep = ",";
	}
	fputc('}', out);
	close_ok(out);
}

static void cmd_functions(int nr, char **word, FILE *out)
{
	(void)nr;
	(void)word;
	open_ok(out);
	fputs(",\"functions\":[", out);
	for (unsigned int i = 0; i < emu->nr_funcs; i++) {
		struct func *f = emu->func[i];

		fprintf(out, "%s{\"name\":\"%s\",\"handle\":%u,\"connected\":%s,\"state\":",
			i ? "," : "", f->name, f->handle,
			vfu_connected(f) ? "true" : "false");
		if (f->dsm)
			fprintf(out, "\"%s\"", state_name(dsm_state(f->dsm)));
		else
			fputs("null", out);
		fprintf(out, ",\"gone\":%s", f->gone ? "true" : "false");
		if (f->announced)
			fprintf(out, ",\"sbdf\":%" PRIu32, f->sbdf);
		fprintf(out, ",\"command\":%u,\"bars\":[", get_unaligned_le16(f->cfg + 4));
		for (int b = 0; b < FUNC_NR_BARS; b++)
			fprintf(out, "%s%" PRIu64, b ? "," : "", pci_bar_addr(f, b));
		fprintf(out, "],\"mmio_accepted\":%" PRIu64 "}",
			f->tdi ? tsm_mmio_accepted(f->tdi) : 0);
	}
	fputc(']', out);
	close_ok(out);
}

static void cmd_page(int nr, char **word, FILE *out)
{
	static const char *const names[] = {
		[PAGE_NONE] = "none", [PAGE_OPEN] = "open",
		[PAGE_PRIVATE] = "private", [PAGE_SHARED] = "shared",
	};
	uint64_t gpa;

	(void)nr;
	if (!parse_u64(word[1], &gpa)) {
		error(out, "page GPA");
		return;
	}
	open_ok(out);
	fprintf(out, ",\"owner\":\"%s\"", names[tsm_page(emu->tsm, gpa)]);
	close_ok(out);
}

static void cmd_probe(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);
	bool write = !strcmp(word[2], "write");
	const char *reason = NULL;
	uint64_t addr, len;

	(void)nr;
	if (!f)
		return;
	if ((!write && strcmp(word[2], "read")) || !parse_u64(word[3], &addr) ||
	    !parse_u64(word[4], &len) || !len || len > EMU_DT_BUFFER_SIZE) {
		error(out, "probe FUNC read|write ADDR LEN");
		return;
	}
	if (dma_probe(f, write, addr, len, &reason)) {
		open_ok(out);
		fprintf(out, ",\"result\":\"refused\",\"reason\":\"%s\"",
			reason ? reason : "?");
	} else {
		open_ok(out);
		fputs(",\"result\":\"ok\"", out);
	}
	close_ok(out);
}

static void cmd_mappings(int nr, char **word, FILE *out)
{
	struct func *f = emu_func_by_name(emu, word[1]);

	(void)nr;
	if (!f) {
		error(out, "no such function");
		return;
	}
	open_ok(out);
	fprintf(out, ",\"identity\":%s,\"count\":%zu,\"bytes\":%" PRIu64,
		maps_identity(f) ? "true" : "false", f->maps.ram_maps, f->maps.ram_bytes);
	close_ok(out);
}

static void lie_reply(int err, FILE *out)
{
	if (!err)
		ok(out);
	else
		error(out, err == -ENODEV ? "no such function" : "no such lie");
}

static void cmd_lie(int nr, char **word, FILE *out)
{
	lie_reply(host_lie(emu->host, word[1], nr > 2 ? word[2] : NULL), out);
}

static void cmd_truth(int nr, char **word, FILE *out)
{
	lie_reply(host_truth(emu->host, nr > 1 ? word[1] : NULL), out);
}

static void cmd_lies(int nr, char **word, FILE *out)
{
	(void)nr;
	(void)word;
	open_ok(out);
	fputs(",\"lies\":", out);
	host_lies_json(emu->host, out);
	close_ok(out);
}

static void cmd_relock(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);
	enum emu_status status;
	uint16_t flags;

	(void)nr;
	if (!f)
		return;
	flags = dsm_lock_flags(f->dsm);
	status = tsm_host_stop(f->tdi);
	if (status == EMU_OK)
		status = tsm_host_lock(f->tdi, flags);
	status_reply(out, status);
}

static void cmd_unlock(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (f)
		status_reply(out, tsm_host_stop(f->tdi));
}

static void cmd_flr(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (!f)
		return;
	pci_reset(f, "flr");
	ok(out);
}

/* Events that no register write of ours stands for (11.2.6). */
static void cmd_error(int nr, char **word, FILE *out)
{
	static const char *const events[] = {
		"ide-insecure", "poisoned-tlp", "t-bit", "requester-id",
	};
	struct func *f = tdi_arg(word[1], out);
	size_t i = 0;

	(void)nr;
	if (!f)
		return;
	if (!strcmp(word[2], "session-end")) {
		dsm_session_end(f->dsm);
		ok(out);
		return;
	}
	while (i < ARRAY_SIZE(events) && strcmp(events[i], word[2]))
		i++;
	if (i == ARRAY_SIZE(events)) {
		error(out, "no such event");
		return;
	}
	dsm_violation(f->dsm, events[i]);
	ok(out);
}

static void cmd_gone(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (!f)
		return;
	pci_gone(f);
	ok(out);
}

static void cmd_back(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (!f)
		return;
	pci_back(f);
	ok(out);
}

static void cmd_fault(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (!f)
		return;
	if (dsm_set_fault(f->dsm, word[2]))
		error(out, "no such fault");
	else
		ok(out);
}

static void cmd_mend(int nr, char **word, FILE *out)
{
	struct func *f = tdi_arg(word[1], out);

	(void)nr;
	if (!f)
		return;
	dsm_set_fault(f->dsm, NULL);
	ok(out);
}

static void cmd_faults(int nr, char **word, FILE *out)
{
	(void)nr;
	(void)word;
	open_ok(out);
	fputs(",\"faults\":", out);
	dsm_faults_json(out);
	close_ok(out);
}

static void cmd_delay(int nr, char **word, FILE *out)
{
	uint64_t ms;

	(void)nr;
	if (!parse_u64(word[1], &ms) || ms > INT_MAX) {
		error(out, "delay MS");
		return;
	}
	host_set_delay(emu->host, ms);
	ok(out);
}

static void cmd_silent(int nr, char **word, FILE *out)
{
	bool on = !strcmp(word[1], "on");

	(void)nr;
	if (!on && strcmp(word[1], "off")) {
		error(out, "silent on|off");
		return;
	}
	host_set_silent(emu->host, on);
	ok(out);
}

static void cmd_quit(int nr, char **word, FILE *out)
{
	(void)nr;
	(void)word;
	ok(out);
	loop_quit();
}

static const struct command {
	const char *name;
	int min, max;		/* words after the name */
	void (*fn)(int nr, char **word, FILE *out);
} commands[] = {
	{ "stats",	0, 1, cmd_stats },
	{ "functions",	0, 0, cmd_functions },
	{ "page",	1, 1, cmd_page },
	{ "probe",	4, 4, cmd_probe },
	{ "mappings",	1, 1, cmd_mappings },
	{ "lie",	1, 2, cmd_lie },
	{ "truth",	0, 1, cmd_truth },
	{ "lies",	0, 0, cmd_lies },
	{ "relock",	1, 1, cmd_relock },
	{ "unlock",	1, 1, cmd_unlock },
	{ "flr",	1, 1, cmd_flr },
	{ "error",	2, 2, cmd_error },
	{ "gone",	1, 1, cmd_gone },
	{ "back",	1, 1, cmd_back },
	{ "fault",	2, 2, cmd_fault },
	{ "mend",	1, 1, cmd_mend },
	{ "faults",	0, 0, cmd_faults },
	{ "delay",	1, 1, cmd_delay },
	{ "silent",	1, 1, cmd_silent },
	{ "quit",	0, 0, cmd_quit },
};

static void run_line(char *line, FILE *out)
{
	char *word[MAX_WORDS], *save = NULL;
	int nr = 0;

	for (char *w = strtok_r(line, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (nr == MAX_WORDS) {
			error(out, "too many words");
			return;
		}
		word[nr++] = w;
	}
	for (size_t i = 0; nr && i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, word[0]))
			continue;
		if (nr - 1 < c->min || nr - 1 > c->max)
			error(out, "wrong number of words");
		else
			c->fn(nr, word, out);
		return;
	}
	error(out, "no such command");
}

/* ---- connections ----------------------------------------------------------------------- */

static void client_close(struct client *c)
{
	for (struct client **at = &clients; *at; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	loop_del(c->fd);
	close(c->fd);
	free(c);
}

/* Nobody is waited for: who does not read the answers is disconnected. */
static bool answer(struct client *c, char *line)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool sent;

	if (!out)
		return false;
	run_line(line, out);
	fputc('\n', out);
	fclose(out);
	sent = send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
	free(text);
	return sent;
}

static void on_client(void *arg, int fd, uint32_t events)
{
	struct client *c = arg;
	ssize_t n = recv(fd, c->line + c->len, sizeof(c->line) - c->len, 0);
	char *end;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(c);
		return;
	}
	c->len += n;
	while ((end = memchr(c->line, '\n', c->len))) {
		size_t used = end + 1 - c->line;

		*end = '\0';
		if (!answer(c, c->line)) {
			client_close(c);
			return;
		}
		c->len -= used;
		memmove(c->line, c->line + used, c->len);
	}
	if (c->len == sizeof(c->line))
		client_close(c);
}

static void on_listen(void *arg, int fd, uint32_t events)
{
	int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	unsigned int nr = 0;
	struct client *c;

	(void)arg;
	(void)events;
	if (conn < 0)
		return;
	for (c = clients; c; c = c->next)
		nr++;
	c = nr < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(conn);
		return;
	}
	c->fd = conn;
	c->next = clients;
	clients = c;
	loop_add(conn, EPOLLIN, on_client, c);
}

int control_create(struct emu *e, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	emu = e;
	sock_path = strdup(path);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	if (!sock_path || listen_fd < 0 ||
	    bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(listen_fd, 64))
		return -errno;
	loop_add(listen_fd, EPOLLIN, on_listen, NULL);
	return 0;
}

void control_destroy(void)
{
	while (clients)
		client_close(clients);
	if (listen_fd >= 0) {
		loop_del(listen_fd);
		close(listen_fd);
	}
	if (sock_path)
		unlink(sock_path);
	free(sock_path);
	sock_path = NULL;
	listen_fd = -1;
}
