/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * TDISP wire formats (PCIe r6.x chapter 11). Layout and constants, nothing
 * else: no parser, no state, so that both ends may share this file without
 * sharing a misreading of the rest.
 */
#ifndef TDISP_WIRE_H
#define TDISP_WIRE_H

#include "port.h"

/* TDI states, PCIe r6.x 11.2; also the value in DEVICE_INTERFACE_STATE. */
enum tdisp_state {
	TDISP_CONFIG_UNLOCKED	= 0,
	TDISP_CONFIG_LOCKED	= 1,
	TDISP_RUN		= 2,
	TDISP_ERROR		= 3,
};

/* TDISP version 1.0, the only one there is. */
#define TDISP_VERSION_1_0		0x10

/* Message codes, 11.3: requests have bit 7 set, responses have not. */
enum tdisp_msg {
	TDISP_MSG_GET_VERSION		= 0x81,
	TDISP_MSG_GET_CAPABILITIES	= 0x82,
	TDISP_MSG_LOCK_INTERFACE	= 0x83,
	TDISP_MSG_GET_INTERFACE_REPORT	= 0x84,
	TDISP_MSG_GET_INTERFACE_STATE	= 0x85,
	TDISP_MSG_START_INTERFACE	= 0x86,
	TDISP_MSG_STOP_INTERFACE	= 0x87,
	TDISP_MSG_VERSION		= 0x01,
	TDISP_MSG_CAPABILITIES		= 0x02,
	TDISP_MSG_LOCK_RESPONSE		= 0x03,
	TDISP_MSG_INTERFACE_REPORT	= 0x04,
	TDISP_MSG_INTERFACE_STATE	= 0x05,
	TDISP_MSG_START_RESPONSE	= 0x06,
	TDISP_MSG_STOP_RESPONSE		= 0x07,
	TDISP_MSG_ERROR			= 0x7f,
};

/* TDISP_ERROR codes, 11.3.25. */
enum tdisp_error {
	TDISP_ERR_INVALID_REQUEST		= 0x0001,
	TDISP_ERR_BUSY				= 0x0003,
	TDISP_ERR_INVALID_INTERFACE_STATE	= 0x0004,
	TDISP_ERR_UNSPECIFIED			= 0x0005,
	TDISP_ERR_UNSUPPORTED_REQUEST		= 0x0007,
	TDISP_ERR_VERSION_MISMATCH		= 0x0041,
	TDISP_ERR_INVALID_INTERFACE		= 0x0101,
	TDISP_ERR_INVALID_NONCE			= 0x0102,
	TDISP_ERR_INSUFFICIENT_ENTROPY		= 0x0103,
	TDISP_ERR_INVALID_DEVICE_CONFIGURATION	= 0x0104,
};

/* Every TDISP message starts with this header, 11.3.1. */
struct tdisp_msg_hdr {
	u8	version;
	u8	type;
	__le16	rsvd;
	__le32	function_id;	/* 15:0 requester id, 23:16 segment, 24 segment valid */
	__le64	rsvd_interface;
} __packed;

#define TDISP_START_NONCE_SIZE		32

/* LOCK_INTERFACE_REQUEST flags, 11.3.8. */
#define TDISP_LOCK_NO_FW_UPDATE		BIT(0)
#define TDISP_LOCK_CACHE_LINE_128	BIT(1)
#define TDISP_LOCK_MSIX			BIT(2)
#define TDISP_LOCK_BIND_P2P		BIT(3)
#define TDISP_LOCK_ALL_REQ_REDIRECT	BIT(4)

/*
 * DEVICE_INTERFACE_REPORT, 11.3.11: this header, MMIO_RANGE_COUNT ranges, then
 * struct tdisp_report_tail and that many bytes of device-specific information.
 */
struct tdisp_report_hdr {
	__le16	interface_info;
	__le16	rsvd;
	__le16	msix_message_control;
	__le16	lnr_control;
	__le32	tph_control;
	__le32	mmio_range_count;
} __packed;

struct tdisp_report_range {
	__le64	first_page;	/* (MMIO address + MMIO_REPORTING_OFFSET) >> 12 */
	__le32	num_pages;	/* of 4 KiB, whatever the system's page size */
	__le32	attr;
} __packed;

struct tdisp_report_tail {
	__le32	device_info_len;
} __packed;

/* The page of FIRST_PAGE and NUM_PAGES is 4 KiB always. */
#define TDISP_PAGE_SHIFT		12

/* INTERFACE_INFO; bit 0 set means updates are NOT permitted. */
#define TDISP_INFO_NO_FW_UPDATE		BIT(0)
#define TDISP_INFO_DMA_NO_PASID		BIT(1)
#define TDISP_INFO_DMA_PASID		BIT(2)
#define TDISP_INFO_ATS			BIT(3)
#define TDISP_INFO_PRS			BIT(4)
#define TDISP_INFO_RSVD			0xffe0u

/* Range attributes. */
#define TDISP_RANGE_MSIX_TABLE		BIT(0)
#define TDISP_RANGE_MSIX_PBA		BIT(1)
#define TDISP_RANGE_NON_TEE		BIT(2)
#define TDISP_RANGE_ATTR_UPDATABLE	BIT(3)
#define TDISP_RANGE_RSVD		0xfff0u
#define TDISP_RANGE_ID_SHIFT		16

static_assert(sizeof(struct tdisp_msg_hdr) == 16, "TDISP header is 16 bytes");
static_assert(sizeof(struct tdisp_report_hdr) == 16, "report header is 16 bytes");
static_assert(sizeof(struct tdisp_report_range) == 16, "MMIO range is 16 bytes");
static_assert(sizeof(struct tdisp_report_tail) == 4, "report tail is 4 bytes");

#endif /* TDISP_WIRE_H */
