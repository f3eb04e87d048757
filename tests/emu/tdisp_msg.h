/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TDISP messages that only a TSM and a DSM exchange (PCIe r6.x 11.3). A guest
 * never sees them, so they are not in the headers it shares.
 */
#ifndef EMU_TDISP_MSG_H
#define EMU_TDISP_MSG_H

#include "../../guest/include/tdisp/wire.h"

struct tdisp_version_rsp {
	struct tdisp_msg_hdr hdr;
	u8	count;
	u8	version;	/* the first of them */
} __packed;

struct tdisp_get_capabilities {
	struct tdisp_msg_hdr hdr;
	__le32	tsm_caps;
} __packed;

struct tdisp_capabilities_rsp {
	struct tdisp_msg_hdr hdr;
	__le32	dsm_caps;
	u8	req_msgs_supported[16];	/* bit n: request 80h + n */
	__le16	lock_flags_supported;
	u8	rsvd[3];
	u8	dev_addr_width;
	u8	num_req_this;
	u8	num_req_all;
} __packed;

struct tdisp_lock_req {
	struct tdisp_msg_hdr hdr;
	__le16	flags;			/* TDISP_LOCK_* */
	u8	default_stream;
	u8	rsvd;
	__le64	mmio_reporting_offset;	/* two's complement */
	__le64	bind_p2p_mask;
} __packed;

struct tdisp_lock_rsp {
	struct tdisp_msg_hdr hdr;
	u8	nonce[TDISP_START_NONCE_SIZE];
} __packed;

struct tdisp_get_report {
	struct tdisp_msg_hdr hdr;
	__le16	offset;
	__le16	length;
} __packed;

struct tdisp_report_rsp {
	struct tdisp_msg_hdr hdr;
	__le16	portion_len;
	__le16	remainder_len;
	u8	data[];
} __packed;

struct tdisp_state_rsp {
	struct tdisp_msg_hdr hdr;
	u8	state;
} __packed;

struct tdisp_start_req {
	struct tdisp_msg_hdr hdr;
	u8	nonce[TDISP_START_NONCE_SIZE];
} __packed;

struct tdisp_error_rsp {
	struct tdisp_msg_hdr hdr;
	__le32	code;			/* enum tdisp_error */
	__le32	data;
} __packed;

static_assert(sizeof(struct tdisp_capabilities_rsp) == 44, "TDISP_CAPABILITIES");
static_assert(sizeof(struct tdisp_lock_req) == 36, "LOCK_INTERFACE_REQUEST");
static_assert(sizeof(struct tdisp_lock_rsp) == 48, "LOCK_INTERFACE_RESPONSE");
static_assert(sizeof(struct tdisp_get_report) == 20, "GET_DEVICE_INTERFACE_REPORT");
static_assert(sizeof(struct tdisp_report_rsp) == 20, "DEVICE_INTERFACE_REPORT");
static_assert(sizeof(struct tdisp_state_rsp) == 17, "DEVICE_INTERFACE_STATE");
static_assert(sizeof(struct tdisp_start_req) == 48, "START_INTERFACE_REQUEST");
static_assert(sizeof(struct tdisp_error_rsp) == 24, "TDISP_ERROR");

#endif /* EMU_TDISP_MSG_H */
