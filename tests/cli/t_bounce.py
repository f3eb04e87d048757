# SPDX-License-Identifier: GPL-2.0
"""tdi bounce, and what tdi show tells of a device's DMA."""
import os
import subprocess

import model
from bench import TDI, Skip, eq, has, hasnt, on_terminal, test, warning_ids
from model import BDF

KERNEL_FN = "0000:00:03.0"
VIRTIO_FN = "0000:00:04.0"
OTHER_TDI = "0000:02:00.0"


def in_mode(b, mode, choices="[direct] split", bdf=BDF, **stats):
    b.tree.connected(bdf)
    b.tree.tsm("dma", mode + "\n", bdf)
    b.tree.dma_files(bdf, choices, **stats)


def unreadable(b, name, bdf=BDF):
    """read() gives EISDIR, even to root."""
    b.tree.remove(b.tree.dev(f"tsm/{name}", bdf))
    os.mkdir(b.tree.path(b.tree.dev(f"tsm/{name}", bdf)))


def cells(text, bdf):
    return next(line for line in text.splitlines() if line.startswith(bdf)).split(None, 7)


# ---- show ----

@test
def show_tells_why_a_device_is_in_its_mode(b):
    b.tree.add_tsm(platform="real")
    b.tree.add_tdi()
    locked = (("state", "CONFIG_LOCKED\n"), ("lock", "tsm0\n"))
    iommu = "accepted, generation 3, behind a guest-visible IOMMU"
    for mode, choices, files, why, words in (
            ("bounce", "[direct]", None, "not-accepted", "not accepted"),
            ("bounce", "[direct]", locked, "locked", "locked, but not accepted"),
            ("direct", "[direct]", (), "accepted", "accepted, generation 3"),
            ("direct", "[direct]", (("generation", "x\n"),), "accepted", "accepted"),
            ("split", "direct [split]", (), "accepted", "accepted, generation 3, chosen by dma_mode"),
            ("iommu", "direct [iommu]", (), "accepted", iommu + ", chosen by dma_mode"),
            ("iommu", "[iommu]", (), "accepted", iommu + ", where it is the only choice"),
            ("blocked", "[direct]", (("state", "ERROR\n"),), "error", "TDISP ERROR; unlock to get out"),
            ("blocked", "[direct]", (), "blocked",
             "after an error, or in the middle of a verb; unlock to get out"),
            ("direct", "[direct]", (("connect", "\n"),), "unexpected",
             "mode and acceptance contradict each other; disconnect it"),
            ("bounce", "[direct]", (), "unexpected",
             "mode and acceptance contradict each other; disconnect it"),
            ("teleport", "[teleport]", (), "newer", "a mode that this tdi does not know")):
        b.tree.shared()
        if files is not None and files != locked:
            b.tree.connected()
        for name, text in files or ():
            b.tree.tsm(name, text)
        b.tree.tsm("dma", mode + "\n")
        b.tree.dma_files(choices=choices)
        value, status = b.json("show.json", "show", BDF)
        eq((mode, status, value["dma"]["mode"], value["dma"]["why"]),
           (mode, 0, mode, {"id": why, "text": words}))
        has(b.run("show", BDF).stdout, f"  because   {words}\n")


@test
def show_tells_the_choices_and_what_was_counted(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.dma_files(choices="direct [split]", live=12, bounced_bytes=2**64 - 1,
                     bounced_mappings=7, shared_pages=3)
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["dma"]["choices"], value["dma"]["chosen"]), (0, ["direct", "split"], "split"))
    eq(value["dma"]["stats"], {"live": 12, "bounced_bytes": 2**64 - 1, "bounced_mappings": 7,
                               "shared_pages": 3, "leaked_pages": 0})
    text = b.run("show", BDF).stdout
    has(text, "direct [split]: accept switches to split\n",
        "12 mappings live, 18446744073709551615 bytes bounced, 7 mappings bounced, "
        "3 coherent pages shared, 0 pages leaked\n")
    in_mode(b, "split", "direct [split]")
    hasnt(b.run("show", BDF).stdout, "accept switches to")


@test
def show_of_an_older_module_says_what_it_can(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    value, status = b.json("show.json", "show", BDF)
    dma = value["dma"]
    eq((status, dma["mode"], dma["choices"], dma["chosen"], dma["stats"], dma["unreadable"]),
       (0, "direct", None, None, None, {}))
    text = b.run("show", BDF).stdout
    has(text, "accepted, generation 3")
    hasnt(text, "dma_mode", "counted")


@test
def counters_that_a_module_does_not_have_are_null_and_new_ones_are_ignored(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.dma_files()
    b.tree.tsm("dma_stats", "live 4\nliver 5\nnew_one many words\n\nshared_pages 2")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["dma"]["stats"]["live"], value["dma"]["stats"]["shared_pages"],
        value["dma"]["stats"]["bounced_bytes"]), (0, 4, 2, None))
    has(b.run("show", BDF).stdout, "4 mappings live, 2 coherent pages shared\n")


@test
def dma_files_that_make_no_sense_are_unreadable(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.dma_files()
    for text in ("live -1\n", "live\n", "live 18446744073709551616\n", "live 1 2\n", "live 0x1\n"):
        b.tree.tsm("dma_stats", text)
        value, status = b.json("show.json", "show", BDF)
        eq((text, status, value["dma"]["stats"], value["dma"]["unreadable"]),
           (text, 1, None, {"stats": "EPROTO"}))
    b.tree.tsm("dma_stats", "x" * 5000)
    eq(b.json("show.json", "show", BDF)[0]["dma"]["unreadable"], {"stats": "EFBIG"})
    b.tree.dma_files()
    for text in ("[dir\x1bect]", "a" * 16, " ".join("abcdefghi"), "DIRECT"):
        b.tree.tsm("dma_mode", text)
        value, status = b.json("show.json", "show", BDF)
        eq((text, status, value["dma"]["choices"], value["dma"]["chosen"], value["dma"]["unreadable"]),
           (text, 1, None, None, {"choices": "EPROTO"}))
    unreadable(b, "dma_mode")
    unreadable(b, "dma_stats")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["dma"]["unreadable"]), (1, {"choices": "EISDIR", "stats": "EISDIR"}))


@test
def leaked_pages_are_a_warning(b):
    b.tree.add_tsm(platform="real")
    b.tree.add_tdi()
    b.tree.dma_files(leaked_pages=2)
    for args in (("show.json", "show", BDF), ("bounce.json", "bounce")):
        value, status = b.json(*args)
        eq((status, warning_ids(value)), (0, ["pages-leaked"]))
    has(b.run("bounce").stdout, f"{BDF} leaked 2 pages.")


# ---- bounce: the functions ----

@test
def bounce_without_a_tsm_says_so_and_lists_the_kernels_functions(b):
    b.tree.add_function(KERNEL_FN, driver="ahci", tee_io=False)
    ret = b.run("bounce")
    eq(ret.returncode, 0)
    has(ret.stdout, "no guest TSM is registered", "no TDI: no TEE-IO bit", "needs debugfs",
        "May still bounce: " + KERNEL_FN)
    eq(cells(ret.stdout, KERNEL_FN)[:7], [KERNEL_FN, "ahci", "kernel", "-", "-", "-", "-"])
    b.tree.add_tsm()
    has(b.run("bounce").stdout, "No function is a TDI (tdi list --all says why).")


@test
def bounce_without_any_function_is_an_empty_list(b):
    ret = b.run("bounce")
    eq(ret.returncode, 0)
    has(ret.stdout, "No PCI function can do DMA.")
    eq(b.json("bounce.json", "bounce")[0]["functions"], [])


@test
def bounce_tells_who_still_bounces_and_how_much(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.dma_files(live=12, bounced_bytes=1400000, bounced_mappings=345, shared_pages=40)
    b.tree.add_tdi(OTHER_TDI, "a-driver-with-a-long-name")
    in_mode(b, "direct", bdf=OTHER_TDI, live=1000000)
    b.tree.add_function(KERNEL_FN, driver="ahci", tee_io=False)
    text = b.run("bounce").stdout
    head = next(line for line in text.splitlines() if line.startswith("DEVICE"))
    eq(head.split(), ["DEVICE", "DRIVER", "MODE", "BOUNCED", "MAPPINGS", "LIVE", "SHARED", "WHY"])
    has(text, "a-driver-with-a-long-name  direct      0 B         0  1000000       0  accepted, generation 3\n",
        "nvme                       bounce  1.3 MiB       345       12      40  not accepted\n",
        "ahci                       kernel        -         -        -       -  no TDI: no TEE-IO bit\n",
        "kernel: no TDI; the kernel does not count")
    value, status = b.json("bounce.json", "bounce")
    eq(status, 0)
    eq([(f["bdf"], f["tdi"], f["may_bounce"], f["why"]["id"]) for f in value["functions"]],
       [(KERNEL_FN, False, True, "no-tee-io"), (BDF, True, True, "not-accepted"),
        (OTHER_TDI, True, False, "accepted")])
    eq([f["dma"] and f["dma"]["stats"]["bounced_bytes"] for f in value["functions"]],
       [None, 1400000, 0])


@test
def who_does_no_dma_is_not_listed_or_does_not_bounce(b):
    b.tree.add_tsm()
    b.tree.add_function("0000:00:01.0", driver="pcieport", ids=("0x1", "0x2", "0x060400"))
    b.tree.add_function("0000:00:05.0", tee_io=False)
    b.tree.add_function(KERNEL_FN, driver="i801_smbus", tee_io=False)
    b.tree.put(b.tree.dev("config", KERNEL_FN), model.config_space(False))
    b.tree.add_function(VIRTIO_FN, tee_io=False)
    b.tree.put(b.tree.dev("config", VIRTIO_FN), model.config_space(False, master=True))
    b.tree.add_tdi(driver=None)
    value, _ = b.json("bounce.json", "bounce")
    eq([(f["bdf"], f["driver"], f["bus_master"], f["may_bounce"]) for f in value["functions"]],
       [(KERNEL_FN, "i801_smbus", False, False), (VIRTIO_FN, None, True, False),
        (BDF, None, False, False)])
    has(b.run("bounce").stdout, "bus mastering is off", "No PCI function bounces any more.")
    # A driver that went and left mappings behind.
    b.tree.dma_files(live=1)
    eq(b.json("bounce.json", "bounce")[0]["functions"][2]["may_bounce"], True)


@test
def the_function_of_a_tsm_does_not_bounce(b):
    b.tree.add_tsm()
    b.tree.add_function(KERNEL_FN, driver="tdi-emu", tee_io=False)
    os.makedirs(b.tree.path(b.tree.dev("tsm/tsm0", KERNEL_FN)))
    value, _ = b.json("bounce.json", "bounce")
    eq([(f["may_bounce"], f["why"]["id"]) for f in value["functions"]], [(False, "tsm")])


@test
def virtio_past_the_dma_api_is_named(b):
    b.tree.add_tsm()
    b.tree.add_function(KERNEL_FN, driver="virtio-pci", tee_io=False)
    b.tree.add_function(VIRTIO_FN, driver="virtio-pci", tee_io=False)
    b.tree.add_virtio("virtio0", KERNEL_FN)
    b.tree.add_virtio("virtio1", VIRTIO_FN, access_platform=False, driver="virtio_net")
    b.tree.add_virtio("virtio2", access_platform=False, driver="virtio_console")
    b.tree.add_virtio("virtio3", driver=None, access_platform=False)
    b.tree.add_virtio("virtio4")
    b.tree.put("devices/platform/virtio4/features", "0101\n")
    text = b.run("bounce").stdout
    has(text, f"virtio1 at {VIRTIO_FN} (virtio_net) did not negotiate ACCESS_PLATFORM",
        "virtio2 (virtio_console) did not negotiate ACCESS_PLATFORM", "May still bounce: 0000:00:03.0.")
    hasnt(text, "virtio0", "virtio3", "virtio4")
    value, status = b.json("bounce.json", "bounce")
    eq((status, [(v["name"], v["bdf"], v["access_platform"]) for v in value["virtio"]]),
       (0, [("virtio0", KERNEL_FN, True), ("virtio1", VIRTIO_FN, False), ("virtio2", None, False),
            ("virtio4", None, None)]))
    eq([(f["may_bounce"], f["why"]["id"]) for f in value["functions"]],
       [(True, "no-tee-io"), (False, "virtio-bypass")])


@test
def a_mode_that_cannot_be_read_is_a_failure_and_not_ruled_out(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    unreadable(b, "dma")
    value, status = b.json("bounce.json", "bounce")
    fn = value["functions"][0]
    eq((status, fn["may_bounce"], fn["why"]["id"], fn["dma"]["unreadable"]),
       (1, True, "unreadable", {"mode": "EISDIR"}))
    has(b.run("bounce").stdout, "?EISDIR")


@test
def bounce_shows_nothing_from_outside_unescaped(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for name in ("dma", "dma_mode", "dma_stats", "generation", "state"):
        b.tree.tsm(name, "\x1b[2J\x9b two\nlines " + "y" * 3000)
    b.tree.put("kernel/debug/swiotlb/io_tlb_nslabs", "\x1b[2J")
    b.tree.add_virtio("virtio0", BDF, driver="\x1b[31mdriver")
    ret = b.run("bounce")
    assert "\x1b" not in ret.stdout + ret.stderr and ret.returncode == 1, ret
    b.json("bounce.json", "bounce")


# ---- bounce: the pool ----

@test
def the_pool_is_told_as_measured(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.pool(32768, 614, 2560)
    text = b.run("bounce").stdout
    has(text, "Bounce pool (swiotlb), measured\n",
        "  size           64 MiB  32768 slabs of 2 KiB\n",
        "  used now      1.1 MiB  614 slabs\n",
        "  high water      5 MiB  2560 slabs, since boot or since it was reset\n",
        "Advice, not measured\n  swiotlb=4096,force  8 MiB instead of 64 MiB\n",
        "High water 5 MiB and 50 % headroom make 7.5 MiB", "Coherent memory is not in the pool.")
    value, status = b.json("bounce.json", "bounce")
    eq(status, 0)
    eq(value["pool"], {"status": "measured", "error": None, "slab_size": 2048, "slabs": 32768,
                       "used": 614, "high_water": 2560})
    eq((value["advice"]["parameter"], value["advice"]["slabs"], value["advice"]["reason"]),
       ("swiotlb=4096,force", 4096, "high-water"))


@test
def when_nobody_bounces_the_smallest_pool_is_enough(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    in_mode(b, "direct")
    for cpus, slabs in (("0-1", 512), ("0", 512), ("0-4", 1024), ("0,2-5,7", 1024), ("x", 512)):
        b.tree.pool(32768, 0, 2560, cpus)
        value, _ = b.json("bounce.json", "bounce")
        eq((cpus, value["advice"]["parameter"], value["advice"]["reason"]),
           (cpus, f"swiotlb={slabs},force", "nobody-bounces"))
    text = b.run("bounce").stdout
    has(text, "No PCI function bounces any more.", "until it is connected", "high water 5 MiB")
    b.tree.pool(512)
    has(b.run("bounce").stdout, "swiotlb=512,force  1 MiB, as now")


@test
def a_pool_in_use_is_not_given_away(b):
    b.tree.add_tsm()
    b.tree.pool(32768, 10, 20)
    value, _ = b.json("bounce.json", "bounce")
    eq((value["advice"]["slabs"], value["advice"]["used_by_unknown"]), (1024, True))
    has(b.run("bounce").stdout, "Yet 10 slabs are in use: by whom is not known.")


@test
def a_pool_that_was_full_may_be_too_small(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.pool(1024, 1000, 1024)
    value, _ = b.json("bounce.json", "bounce")
    eq((value["advice"]["slabs"], value["advice"]["pool_was_full"]), (2048, True))
    has(b.run("bounce").stdout, "The pool was full, or nearly so")


@test
def force_is_kept_if_the_kernel_has_it(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for cmdline, force in (("swiotlb=force", True), ("swiotlb=4096,2,force quiet", True),
                           ("swiotlb=4096", False), ("xswiotlb=1,force", False),
                           ("swiotlb=4096,noforce", False), ("", False), ("x" * 5000, False)):
        b.tree.pool(cmdline=cmdline)
        value, _ = b.json("bounce.json", "bounce")
        eq((cmdline, value["advice"]["parameter"]), (cmdline, "swiotlb=1024" + force * ",force"))
    os.unlink(os.path.join(b.tree.proc, "cmdline"))
    eq(b.json("bounce.json", "bounce")[0]["advice"]["parameter"], "swiotlb=1024,force")


@test
def a_pool_that_cannot_be_measured_gets_no_advice(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    value, status = b.json("bounce.json", "bounce")
    eq((status, value["pool"]["status"], value["pool"]["slabs"], value["advice"]["parameter"]),
       (0, "no-debugfs", None, None))
    has(b.run("bounce").stdout, "unknown, needs debugfs", "cannot be told")
    b.tree.pool(None)
    value, status = b.json("bounce.json", "bounce")
    eq((status, value["pool"]["status"]), (0, "no-pool"))
    has(b.run("bounce").stdout, "this kernel cannot bounce")
    b.tree.pool()
    for text, err in (("-1", "EPROTO"), ("", "EPROTO"), ("9" * 30, "EPROTO"), (str(2**60), "EPROTO")):
        b.tree.put("kernel/debug/swiotlb/io_tlb_used", text)
        value, status = b.json("bounce.json", "bounce")
        eq((text, status, value["pool"]["status"], value["pool"]["error"]), (text, 1, "unreadable", err))


@test
def what_only_root_can_read_is_no_failure(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.dma_files(live=1)
    b.tree.pool()
    state = b.tree.path(b.tree.dev("tsm/state"))
    hidden = [b.tree.path("kernel/debug"), state]
    who = {}
    if os.geteuid() == 0:
        # Nobody, who may look at the tree.
        who = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chmod(b.tree.root, 0o755)
    for path in hidden:
        os.chmod(path, 0)
    try:
        if subprocess.run([TDI, "--version"], stdout=subprocess.DEVNULL, check=False, **who).returncode:
            raise Skip("another user cannot run the command")
        ret = b.one(TDI, "bounce", **who)
        os.chmod(hidden[0], 0o755)
        os.chmod(b.tree.path("kernel/debug/swiotlb/io_tlb_used"), 0)
        other = b.one(TDI, "bounce", **who)
    except PermissionError as e:
        raise Skip(f"another user cannot run the command: {e}") from e
    finally:
        for path in hidden:
            os.chmod(path, 0o755)
    for each in (ret, other):
        eq(each.returncode, 0)
        has(each.stdout, "unknown, root can tell", "not accepted", "May still bounce: " + BDF)


@test
def modes_have_colours_on_a_terminal_only(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.add_tdi(OTHER_TDI)
    in_mode(b, "direct", bdf=OTHER_TDI)
    has(on_terminal(b, "bounce", TERM="xterm"), "\x1b[33mbounce\x1b[0m", "\x1b[32mdirect\x1b[0m")
    hasnt(on_terminal(b, "bounce", TERM="xterm", NO_COLOR="1"), "\x1b")
    hasnt(b.run("bounce").stdout, "\x1b")
