// SPDX-License-Identifier: GPL-2.0
/*
 * Starts another kernel from this one:
 *
 *   tdi-kexec KERNEL INITRD CMDLINE
 *
 * Loads it and goes there by reboot(2), so that devices are shut down as on the way
 * into any other kernel.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: tdi-kexec KERNEL INITRD CMDLINE");
	/* The length of the command line is with its final zero. */
	if (syscall(SYS_kexec_file_load, open_file(argv[1]), open_file(argv[2]),
		    strlen(argv[3]) + 1, argv[3], 0ul))
		err(1, "kexec_file_load");
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	err(1, "reboot");
}
