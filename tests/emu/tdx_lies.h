/* SPDX-License-Identifier: GPL-2.0 */
/* What a TDX Connect host may say that is not so; the host's, as host.h is. */
#ifndef EMU_TDX_LIES_H
#define EMU_TDX_LIES_H

#include "host.h"

#define TDX_NR_LIES	28
extern const struct lie tdx_lies[TDX_NR_LIES];

#endif /* EMU_TDX_LIES_H */
