#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# dracut: hold and decision in the initramfs.

# Called by dracut.
check() {
	require_binaries tdi modprobe || return 1
	return 0
}

depends() {
	echo systemd
	return 0
}

installkernel() {
	# Not without the hold; the platforms' modules as far as there are any.
	hostonly='' instmods -c tdi || return 1
	hostonly='' instmods tdi-emu tdi-sev-tio tdi-tdx-connect tdi-cca
	return 0
}

install() {
	local unit file

	# The TPM is reached through a library that nothing is linked with.
	inst_multiple tdi modprobe
	inst_libdir_file 'libtss2-tcti-device.so*'

	# shellcheck disable=SC2154 # dracut's variables
	inst_multiple -o \
		"$systemdsystemunitdir/tdi-hold.service" \
		"$systemdsystemunitdir/tdi-gate.service" \
		"$systemdsystemunitdir/tdi-gate@.service" \
		"$systemdsystemunitdir/tdi-devices.target" \
		/usr/lib/modprobe.d/tdi.conf /etc/modprobe.d/tdi.conf
	inst_rules 70-tdi.rules

	# The policy, its signature and the pinned signer; none of them is secret.
	for file in /etc/tdi/*.json /etc/tdi/gate.json.p7s /etc/tdi/gate-signer.pem; do
		[[ -e $file ]] && inst_simple "$file"
	done

	for unit in tdi-hold.service tdi-gate.service; do
		$SYSTEMCTL -q --root "${initdir:?}" add-wants sysinit.target "$unit"
	done
	$SYSTEMCTL -q --root "$initdir" add-wants initrd.target tdi-gate.service
	$SYSTEMCTL -q --root "$initdir" add-wants initrd.target tdi-devices.target
}
