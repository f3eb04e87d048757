// SPDX-License-Identifier: GPL-2.0
/* tdi: the verbs and the global options. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"
#include "words.h"

#ifndef TDI_VERSION
#define TDI_VERSION	"0.1"
#endif

static const struct verb verbs[] = {
	{
		.name = "list", .run = cmd_list,
		.args = "[--all] [--json]",
		.summary = "list the devices that can become part of the trust boundary",
		.help =
"  --all    list every PCI function; for what is no TDI, say why\n"
"  --json   write JSON\n",
	}, {
		.name = "show", .run = cmd_show,
		.args = "BDF | BUNDLE [--json]",
		.summary = "show one device, or saved evidence: state, DMA, evidence, interface report",
		.help =
"  BUNDLE   what tdi evidence saved; a name like a PCI address's needs ./ in front\n"
"  --json   write JSON\n"
"\n"
"Evidence of a device can be read by root only.\n",
	}, {
		.name = "bounce", .run = cmd_bounce,
		.args = "[--json]",
		.summary = "who still copies through shared memory, and how large a pool that takes",
		.help =
"Lists every PCI function that can do DMA: its mode and why, what was counted; then\n"
"the kernel's bounce pool (swiotlb) as measured, and the size to boot with as advice.\n"
"\n"
"  --json   write JSON\n"
"\n"
"The pool's figures can be read by root only, and take debugfs.\n",
	}, {
		.name = "audit", .run = cmd_audit,
		.args = "[BDF...] [--json]",
		.summary = "what drivers tried on a locked device's config space, in vain",
		.help =
"Without a BDF: of every TDI. A task is the last one that tried; it names itself.\n"
"\n"
"  --json   write JSON\n"
"\n"
"The audit can be read by root only.\n",
	}, {
		.name = "recovery", .run = cmd_recovery,
		.args = "BDF [stay-down|recover] [--json]",
		.summary = "what the kernel does once a device is lost: show it, or choose",
		.help =
"  stay-down   its DMA stays blocked until the device is unlocked\n"
"  recover     it is locked and attested again, and goes on if its evidence is the same\n"
"  --json      write JSON\n"
"\n"
"To choose takes root.\n",
	}, {
		.name = "watch", .run = cmd_watch,
		.args = "[BDF...] [--count N] [--timeout SECONDS] [--json]",
		.summary = "tell what happens to devices, as it happens",
		.help =
"A line for each event: time, device, event, TDISP state, reason. Without a BDF: of\n"
"every TDI.\n"
"\n"
"  --count N           end after N events\n"
"  --timeout SECONDS   end after so long; with fewer than N events the status is 4\n"
"  --json              write JSON, an object a line\n",
	}, {
		.name = "connect", .run = cmd_connect,
		.args = "BDF [--policy F] [--roots F]... [--tsm NAME] [--no-driver] [--force]\n"
			"                   [--wait SECONDS] [--tcti TCTI] [--tpm-log F] [--pcr N] [--json]",
		.summary = "lock, attest, accept and start a device",
		.help =
"Takes the driver from the device, connects it, and binds the same driver again.\n"
"When the TSM, the device or the policy refuses, the device works as before.\n"
"\n"
"  --policy F       verify the evidence by this policy before it is accepted;\n"
"                   the kernel takes the verdict for exactly that evidence\n"
"  --roots F        .. with these trust anchors, PEM or DER\n"
"  --tsm NAME       which TSM, when there are several\n"
"  --no-driver      leave the device without a driver\n"
"  --force          go on although a file system on the device is in use\n"
"  --wait SECONDS   how long to wait for the driver and its disks (default 10)\n"
"  --tcti TCTI      the TPM, if the policy wants one (default device:/dev/tpmrm0)\n"
"  --tpm-log F      its event log (default /run/log/tdi/tpm-eventlog)\n"
"  --pcr N          the PCR, unless the policy says (default 14)\n"
"  --json           write JSON\n",
	}, {
		.name = "disconnect", .run = cmd_disconnect,
		.args = "BDF [--tsm NAME] [--no-driver] [--force] [--wait SECONDS] [--json]",
		.summary = "stop and unlock a device; it works as a shared device again",
		.help =
"Takes the driver from the device, unlocks it, and binds the same driver again.\n"
"Also leads out of ERROR.\n"
"\n"
"  --tsm NAME       which TSM, when the kernel does not tell\n"
"  --no-driver      leave the device without a driver\n"
"  --force          go on although a file system on the device is in use\n"
"  --wait SECONDS   how long to wait for the driver and its disks (default 10)\n"
"  --json           write JSON\n",
	}, {
		.name = "anchor", .run = cmd_anchor,
		.args = "add FILE... | list",
		.summary = "the certificates that the kernel trusts to vouch for devices",
		.help =
"  add FILE   give the kernel CA certificates, PEM or DER, one or several a file\n"
"  list       which it has\n"
"\n"
"They are kept in the key ring .tdi-anchors until the module tdi is unloaded.\n",
	}, {
		.name = "verify", .run = cmd_verify,
		.args = "BUNDLE | --certs F --measurements F [--vca F] [--report F] [--bars SPEC]\n"
			"                  [--roots F]... [--nonce HEX] [--ak F] [--policy F] [--crl F]... [--at TIME] [--json]",
		.summary = "verify evidence, without device or network",
		.help =
"  BUNDLE             what tdi evidence saved: a directory or an archive\n"
"  --certs F          certificate chain: SPDM structure, DER or PEM\n"
"  --measurements F   requests and responses with the signature, VCA in front or not\n"
"  --vca F            VCA, if it is apart\n"
"  --report F         interface report\n"
"  --bars SPEC        sizes of the function's BARs, like 0:16K,2:16K,4:8K\n"
"  --roots F          trust anchors, PEM or DER, one or several\n"
"  --nonce HEX        the nonce that the device was to sign; of tdi quote, the TPM\n"
"  --ak F             the key that the TPM was to sign with: TPM2B_PUBLIC, PEM or DER\n"
"  --policy F         what is asked of the evidence: tdi-policy(5)\n"
"  --crl F            revoked certificates, PEM or DER\n"
"  --at TIME          the time that counts, like 2026-11-20T10:00:00Z (default: now)\n"
"  --json             write JSON\n"
"\n"
"Exit status: 0 verified, 1 usage or I/O, 2 the evidence is invalid, 3 it may be\n"
"genuine, but policy refuses it or something that is required is missing.\n",
	}, {
		.name = "evidence", .run = cmd_evidence,
		.args = "BDF -o DIRECTORY|FILE.tar [--json]",
		.summary = "save a device's evidence, to be verified here or elsewhere",
		.help =
"  -o, --output PATH   a new directory, or an archive if the name ends in .tar\n"
"  --json              write JSON\n"
"\n"
"Evidence can be read by root only.\n",
	}, {
		.name = "measure", .run = cmd_measure,
		.args = "BDF [--policy F] [--roots F]... [--tcti TCTI] [--tpm-log F] [--pcr N] [--json]",
		.summary = "verify a device's evidence and measure it into the TPM",
		.help =
"For a device that is locked or connected already. What is not verified is not measured.\n"
"\n"
"  --policy F    verify the evidence by this policy\n"
"  --roots F     .. with these trust anchors, PEM or DER\n"
"  --tcti TCTI   the TPM (default device:/dev/tpmrm0)\n"
"  --tpm-log F   its event log (default /run/log/tdi/tpm-eventlog)\n"
"  --pcr N       the PCR, unless the policy says (default 14)\n"
"  --json        write JSON\n",
	}, {
		.name = "quote", .run = cmd_quote,
		.args = "[BDF] --nonce HEX --out DIRECTORY|FILE.tar [--ak HANDLE|FILE] [--tcti TCTI]\n"
			"                 [--tpm-log F] [--json]",
		.summary = "save evidence of a measured device with a TPM's quote of it",
		.help =
"What tdi evidence saves, and: event log, quote, key, policy and verdict. Without a\n"
"BDF: of the device that was measured last.\n"
"\n"
"  --nonce HEX   what the TPM is to sign, from whoever wants to know: 64 digits\n"
"  --out PATH    a new directory, or an archive if the name ends in .tar\n"
"  --ak KEY      a persistent handle, or a context that tpm2-tools saved; without it a\n"
"                primary key of the endorsement hierarchy, the same each time\n"
"  --tcti TCTI   the TPM (default device:/dev/tpmrm0)\n"
"  --tpm-log F   its event log (default /run/log/tdi/tpm-eventlog)\n"
"  --json        write JSON\n"
"\n"
"tpm2_checkquote -u tpm-ak.pub -m tpm-quote.bin -s tpm-signature.bin -q HEX agrees.\n",
	}, {
		.name = "gate", .run = cmd_gate,
		.args = "[--device BDF] [--dir DIR] [--credentials DIR] [--timeout SECONDS]\n"
			"                [--no-hold] [--result F] [--tcti TCTI] [--tpm-log F] [--json]",
		.summary = "decide, by a signed policy, which held devices are accepted",
		.help =
"For tdi-gate.service. Verifies the policy's signature, connects the devices that it\n"
"names, each by a policy of its own, and has drivers bound. All others stay held, and\n"
"so does everything if anything is wrong. Decided once a boot: later it reports that.\n"
"\n"
"  --device BDF       decide on this device alone: it came later\n"
"  --dir DIR          gate.json, gate.json.p7s, gate-signer.pem and policies are there\n"
"                     (default /etc/tdi)\n"
"  --credentials DIR  tdi.gate, tdi.gate.p7s and tdi.policy.NAME, if there, come first\n"
"                     (default: without --dir, what systemd says)\n"
"  --timeout SECONDS  for all of it (default: the policy's, 30 if it says nothing)\n"
"  --no-hold          go on without the kernel's hold\n"
"  --result F         write the decision there (default /run/tdi/gate.json)\n"
"  --tcti TCTI        the TPM, if a policy wants one (default device:/dev/tpmrm0)\n"
"  --tpm-log F        its event log (default /run/log/tdi/tpm-eventlog)\n"
"  --json             write the decision as JSON, too\n"
"\n"
"\"tdi policy check gate.json\" tells what is wrong with one. To sign it:\n"
"\n"
"  openssl cms -sign -binary -md sha256 -in gate.json -outform DER \\\n"
"          -out gate.json.p7s -signer gate-signer.pem -inkey gate-signer.key\n"
"\n"
"Exit status: 0 yes; 1 usage or I/O, 2 evidence, 3 policy or its signature, 4 platform,\n"
"device or time, 5 busy, 6 TPM: all of them no.\n",
	}, {
		.name = "status", .run = cmd_status,
		.args = "[--result F] [--json]",
		.summary = "the kernel's hold, the gate's decision, and how each device stands",
		.help =
"  --result F   where the decision is (default /run/tdi/gate.json)\n"
"  --json       write JSON\n",
	}, {
		.name = "policy", .run = cmd_policy,
		.args = "init (BUNDLE | --certs F ...) [--roots F] [-o FILE] | check FILE [--json]",
		.summary = "write a first policy from evidence, or check one",
		.help =
"  init         write a policy that this evidence fulfils; takes what verify takes\n"
"  check FILE   say what is wrong with a policy or a gate's, and what it lets pass\n"
"  -o FILE      write the policy to a new file\n"
"  --json       write JSON\n"
"\n"
"Read a policy before you use it: tdi-policy(5), tdi-gate(5).\n",
	},
};

#define NR_VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < NR_VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void help(FILE *f)
{
	fputs("usage: tdi [--json] VERB [ARGUMENTS]\n\n"
	      "Make PCIe TDISP devices part of this confidential VM's trust boundary.\n\n", f);
	for (size_t i = 0; i < NR_VERBS; i++)
		fprintf(f, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
	fputs("  help VERB    explain a verb\n\n"
	      "  --json       write JSON (tools/attest/schema)\n"
	      "  --sysfs DIR  use DIR instead of /sys\n"
	      "  --proc DIR   use DIR instead of /proc\n"
	      "  --version    print the version\n"
	      "  --help       print this\n\n"
	      "Exit status: 0 done, 1 usage or I/O, 2 evidence refused, 3 policy refuses,\n"
	      "4 platform or device failed, 5 busy, 6 TPM. See tdi(1).\n", f);
}

void verb_help(const struct verb *verb)
{
	printf("usage: tdi %s %s\n\n%c%s.\n\n%s", verb->name, verb->args,
	       verb->summary[0] - 'a' + 'A', verb->summary + 1, verb->help);
}

int verb_usage(const struct verb *verb, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		util_vformat(text, sizeof(text), fmt, ap);
		va_end(ap);
		util_complain("%s", text);
	}
	fprintf(stderr, "usage: tdi %s %s\n", verb->name, verb->args);
	return TDI_EXIT_USAGE;
}

bool verb_bdf(const struct verb *verb, const char *arg, char ret[BDF_SIZE])
{
	char shown[NAME_SIZE];

	if (!util_bdf_parse(arg, ret))
		return true;
	util_escape(shown, sizeof(shown), arg, strlen(arg));
	verb_usage(verb, "%s: not a PCI address (0000:01:00.0 or 01:00.0)", shown);
	return false;
}

int verb_device(const struct verb *verb, int argc, char **argv, char ret[BDF_SIZE])
{
	if (argc != 1)
		return verb_usage(verb, argc ? "one device at a time" : "which device?");
	return verb_bdf(verb, argv[0], ret) ? 0 : TDI_EXIT_USAGE;
}

bool verb_json_only(const struct verb *verb, struct tool *tool, int argc, char **argv,
		    int *ret_status)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			*ret_status = TDI_EXIT_DONE;
			return false;
		default:
			*ret_status = verb_usage(verb, NULL);
			return false;
		}
	}
	return true;
}

bool tool_tsms(const struct tool *tool, struct tsm_list *ret)
{
	int rc = tsm_list_read(&tool->fs, ret);

	if (rc)
		util_complain("cannot read %s/class/tsm: %s", tool->fs.sys, strerror(-rc));
	return !rc;
}

bool tool_devices(const struct tool *tool, struct dev_list *ret)
{
	int rc = dev_list_read(&tool->fs, ret);

	if (rc)
		util_complain("cannot read %s/bus/pci/devices: %s", tool->fs.sys, strerror(-rc));
	return !rc;
}

bool tool_virtio(const struct tool *tool, const struct dev_list *devs, struct virtio_list *ret)
{
	int rc = virtio_list_read(&tool->fs, devs, ret);

	if (rc)
		util_complain("cannot read %s/bus/virtio/devices: %s", tool->fs.sys, strerror(-rc));
	return !rc;
}

bool tool_tdi(const struct tool *tool, const struct tsm_list *tsms, const char *bdf,
	      struct dev *ret)
{
	if (dev_read(&tool->fs, bdf, ret)) {
		util_complain("%s: no such PCI device", bdf);
		return false;
	}
	if (!ret->is_tdi)
		util_complain("%s: not a TDI: %s", bdf, no_tdi_words(ret, tsms->nr));
	return ret->is_tdi;
}

bool tool_inventory(const struct tool *tool, struct tsm_list *ret_tsms,
		    struct dev_list *ret_devs)
{
	if (!tool_tsms(tool, ret_tsms))
		return false;
	if (tool_devices(tool, ret_devs))
		return true;
	tsm_list_free(ret_tsms);
	return false;
}

const struct printer *tool_printer(const struct tool *tool)
{
	return tool->json ? &printer_json : &printer_text;
}

static int help_verb(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		help(stdout);
		return TDI_EXIT_DONE;
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		util_complain("no such verb; tdi --help lists them");
		return TDI_EXIT_USAGE;
	}
	verb_help(verb);
	return TDI_EXIT_DONE;
}

static int run(struct tool *tool, int argc, char **argv)
{
	static const struct option options[] = {
		{ "sysfs", required_argument, NULL, 's' },
		{ "proc", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const struct verb *verb;
	int opt;

	/* getopt_long() complains in this name, as everything else does. */
	if (argc)
		argv[0] = "tdi";
	/* '+': what follows the verb is the verb's. */
	while ((opt = getopt_long(argc, argv, "+hV", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			tool->fs.sys = optarg;
			break;
		case 'p':
			tool->fs.proc = optarg;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'V':
			puts("tdi " TDI_VERSION);
			return TDI_EXIT_DONE;
		case 'h':
			help(stdout);
			return TDI_EXIT_DONE;
		default:
			help(stderr);
			return TDI_EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		help(stderr);
		return TDI_EXIT_USAGE;
	}
	if (!strcmp(argv[0], "help"))
		return help_verb(argc, argv);
	verb = find_verb(argv[0]);
	if (!verb) {
		util_complain("no such verb; tdi --help lists them");
		return TDI_EXIT_USAGE;
	}
	argv[0] = "tdi";
	optind = 0;	/* starts getopt_long() anew */
	return verb->run(verb, tool, argc, argv);
}

int main(int argc, char **argv)
{
	struct tool tool = { .fs = { .sys = "/sys", .proc = "/proc" } };
	int status = run(&tool, argc, argv);

	/* A full disk or a closed pipe must not look like an empty answer. */
	if ((fflush(stdout) || ferror(stdout)) && status == TDI_EXIT_DONE) {
		util_complain("cannot write: %s", strerror(errno));
		status = TDI_EXIT_USAGE;
	}
	return status;
}
