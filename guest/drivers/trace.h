/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdi

#if !defined(TDI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TDI_TRACE_H

#include <linux/tracepoint.h>

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

#endif /* TDI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
