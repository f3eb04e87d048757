// SPDX-License-Identifier: GPL-2.0
/*
 * The library's parser of a VCA, once more: tdi.ko has it for itself, and kbuild wants
 * an object in one module only.
 */
#include "../../lib/spdm_alg.c"
#include "../../lib/spdm_vca.c"
