// SPDX-License-Identifier: GPL-2.0
/* Functions: their life, their names, their counters. */
#include <stdlib.h>
#include <string.h>

#include "emu.h"

struct func *func_new(struct emu *e, enum func_kind kind, const char *name,
		      uint32_t handle)
{
	struct func *f = calloc(1, sizeof(*f));

	if (!f) {
		perror("func_new");
		exit(1);
	}
	f->emu = e;
	f->kind = kind;
	f->handle = handle;
	snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

void func_free(struct func *f)
{
	if (f->ops && f->ops->destroy)
		f->ops->destroy(f);
	free(f);
}

struct func *emu_func_by_name(struct emu *e, const char *name)
{
	for (unsigned int i = 0; i < e->nr_funcs; i++)
		if (!strcmp(e->func[i]->name, name))
			return e->func[i];
	return NULL;
}

struct func *emu_func_by_handle(struct emu *e, uint32_t handle)
{
	/* The mailbox is a function, but no TDI: 0 names nothing. */
	if (!handle)
		return NULL;
	for (unsigned int i = 0; i < e->nr_funcs; i++)
		if (e->func[i]->handle == handle)
			return e->func[i];
	return NULL;
}

struct func *emu_func_by_sbdf(struct emu *e, uint32_t sbdf)
{
	for (unsigned int i = 0; i < e->nr_funcs; i++)
		if (e->func[i]->announced && e->func[i]->sbdf == sbdf)
			return e->func[i];
	return NULL;
}

struct func *func_pf(struct func *f)
{
	/* While it is made, the first TDI is no entry of the table yet. */
	for (unsigned int i = 0; f->emu->one_device && i < f->emu->nr_funcs; i++)
		if (f->emu->func[i]->handle)
			return f->emu->func[i];
	return f;
}

void func_reason(struct reason_count *table, const char *reason)
{
	for (int i = 0; i < FUNC_NR_REASONS; i++) {
		if (!table[i].reason)
			table[i].reason = reason;
		if (!strcmp(table[i].reason, reason)) {
			table[i].n++;
			return;
		}
	}
}
