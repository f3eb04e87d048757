/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exit statuses. They are ABI: the man page, image/ and other people's scripts
 * depend on the numbers. Never renumber, only add.
 */
#ifndef ATTEST_EXIT_H
#define ATTEST_EXIT_H

/**
 * enum tdi_exit - how the command ended
 * @TDI_EXIT_DONE: what was asked for holds now
 * @TDI_EXIT_USAGE: wrong arguments, or the command could not read or write (I/O)
 * @TDI_EXIT_EVIDENCE: the device's evidence was refused
 * @TDI_EXIT_POLICY: nothing is wrong with the evidence, but policy refuses
 * @TDI_EXIT_PLATFORM: the platform or the device failed, or is not there
 * @TDI_EXIT_BUSY: the device is in use, or is locked already
 * @TDI_EXIT_TPM: the TPM is absent, locked, full, was reset, or disagrees with its log
 */
enum tdi_exit {
	TDI_EXIT_DONE		= 0,
	TDI_EXIT_USAGE		= 1,
	TDI_EXIT_EVIDENCE	= 2,
	TDI_EXIT_POLICY		= 3,
	TDI_EXIT_PLATFORM	= 4,
	TDI_EXIT_BUSY		= 5,
	TDI_EXIT_TPM		= 6,
};

/**
 * tdi_exit_of() - the exit status for an error that the kernel's tsm/ files gave
 * @err: a positive errno from reading or writing (not from opening: that says
 *       something about the caller's rights, not about the device)
 *
 * Return: the class of @err, never TDI_EXIT_DONE.
 */
enum tdi_exit tdi_exit_of(int err);

/**
 * tdi_advice() - what a person can do about such an error
 * @err: as above
 *
 * Return: one or two sentences, or NULL when there is nothing to add.
 */
const char *tdi_advice(int err);

#endif /* ATTEST_EXIT_H */
