/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdi

#if !defined(TDI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TDI_TRACE_H

#include <linux/tracepoint.h>

#include "../include/tdisp/guard.h"
#include "../include/tdisp/state.h"

TRACE_EVENT(tdi_transition,
	    TP_PROTO(const char *dev, enum tdi_state old, enum tdi_event event, enum tdi_state new),
	    TP_ARGS(dev, old, event, new),
	    TP_STRUCT__entry(__string(dev, dev)
			     __string(old, tdi_state_name(old))
			     __string(event, tdi_event_name(event))
			     __string(new, tdi_state_name(new))),
	    TP_fast_assign(__assign_str(dev);
			   __assign_str(old);
			   __assign_str(event);
			   __assign_str(new);),
	    TP_printk("%s: %s -- %s -> %s", __get_str(dev), __get_str(old),
		      __get_str(event), __get_str(new))
);

/* A write to config space that a locked TDI was spared. */
TRACE_EVENT(tdi_guard,
	    TP_PROTO(const char *dev, enum tdisp_guard_reg reg, enum tdisp_guard_effect effect,
		     int where, int size, u32 value),
	    TP_ARGS(dev, reg, effect, where, size, value),
	    TP_STRUCT__entry(__string(dev, dev)
			     __string(reg, tdisp_guard_reg_name(reg))
			     __string(effect, tdisp_guard_effect_name(effect))
			     __field(int, where)
			     __field(int, size)
			     __field(u32, value)),
	    TP_fast_assign(__assign_str(dev);
			   __assign_str(reg);
			   __assign_str(effect);
			   __entry->where = where;
			   __entry->size = size;
			   __entry->value = value;),
	    TP_printk("%s: %s %s: %#05x/%d %#x", __get_str(dev), __get_str(reg),
		      __get_str(effect), __entry->where, __entry->size, __entry->value)
);

#endif /* TDI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
