/* SPDX-License-Identifier: GPL-2.0 */
/* cmocka and what it wants included before it. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Says which row of a parameter table failed, and where in the test. */
#define check_row(desc, cond) \
	do { \
		if (!(cond)) \
			fail_msg("%s: %s", (desc), #cond); \
	} while (0)

#endif /* UNIT_H */
