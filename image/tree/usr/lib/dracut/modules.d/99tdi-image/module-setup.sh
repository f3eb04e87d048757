#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# dracut: less of what other modules brought. Time before the decision is mostly udev's.

# Called by dracut.
check() {
	return 0
}

depends() {
	echo systemd udev-rules tdi
	return 0
}

install() {
	local keep rule name unit=/usr/lib/systemd/system/systemd-udev-trigger.service.d/image.conf

	keep=" 11-dm 50-udev-default 55-dm 59-persistent-storage 60-block 60-persistent-storage"
	keep+=" 60-persistent-storage-dm 61-persistent-storage 70-tdi 80-drivers 95-dm-notify 99-systemd "
	for rule in "${initdir:?}"/usr/lib/udev/rules.d/*.rules "$initdir"/etc/udev/rules.d/*.rules; do
		name=${rule##*/}
		[[ $keep == *" ${name%.rules} "* ]] || rm -f "$rule"
	done
	# Of the devices, those that the decision and the root file system need.
	mkdir -p "$initdir${unit%/*}"
	cat >"$initdir$unit" <<-END
		[Service]
		ExecStart=
		ExecStart=-udevadm trigger --type=all --action=add --subsystem-match=pci --subsystem-match=virtio --subsystem-match=block --subsystem-match=scsi --subsystem-match=tpmrm
	END
	# Nobody is there to help, and there is no root file system to go on with.
	cat >"$initdir/etc/systemd/system/emergency.service" <<-END
		[Unit]
		Description=Power off: the initramfs cannot go on
		DefaultDependencies=no
		[Service]
		Type=oneshot
		ExecStart=/usr/bin/systemctl --force --force poweroff
	END
}
