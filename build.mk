# SPDX-License-Identifier: GPL-2.0
# How things are built. Runs inside the root: tests/kernels/enter make -f build.mk
# Every product appears by rename, so a killed build leaves none half made.

B := build
KERNELS := $(shell tests/kernels/installed)
ifeq ($(KERNELS),)
$(error none of the supported kernels is here (TDI_KERNELS=$(TDI_KERNELS)))
endif

Q := $(if $(V),,@)
# What is done, in a word; V=1 shows the command instead.
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

# Off, as in the kernel: a partial initialiser is meant, and whether an output was
# set on success is beyond the compiler.
CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror \
	-Wno-missing-field-initializers -Wno-maybe-uninitialized
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all modules tools emu unit e2e initramfs arm64 own bench

all: modules tools emu unit e2e initramfs
	@:

lib_src := $(filter-out guest/lib/tests/%,$(wildcard guest/lib/*.c guest/lib/*/*.c))

# $(call objects,VARIANT,SOURCES): its objects, in a directory of that variant.
objects = $(patsubst %.c,$(B)/obj/$(1)/%.o,$(2))

# $(call compile,VARIANT,FLAGS): the rule for a variant's objects.
define compile
$$(B)/obj/$(1)/%.o: %.c build.mk
	$$(Q)mkdir -p $$(@D)
	$$(call say,CC,$$<) $$(CC) $$(CPPFLAGS) $$(CFLAGS) $(2) -MMD -MP -MT $$@ -MF $$@.d -c -o $$@.part $$< && mv $$@.part $$@
-include $$(shell find $$(B)/obj/$(1) -name '*.d' 2>/dev/null)
endef

# What the tool is linked with.
tool_libs := -ljson-c -lcrypto -lkeyutils -ltss2-esys -ltss2-mu -ltss2-rc -ltss2-tctildr

# What a call's arguments cannot hold.
, := ,

link = $(call say,LD,$@) $(CC) $(CFLAGS) $(LDFLAGS) $(1) -o $@.part $(filter %.o,$^) $(2) && mv $@.part $@

# --- tdi, the attestation tool ------------------------------------------------

tools: $(B)/tools/tdi

$(eval $(call compile,tools,-Iguest/include))
$(B)/tools/tdi: $(call objects,tools,$(wildcard tools/attest/*.c) $(lib_src))
	$(Q)mkdir -p $(@D)
	$(call link,,$(tool_libs))

# --- tdisp-emu, the other side ------------------------------------------------

emu: $(B)/emu/tdisp-emu

$(eval $(call compile,emu,$(SANITIZE) -D_GNU_SOURCE))
$(B)/emu/tdisp-emu: $(call objects,emu,$(wildcard tests/emu/*.c))
	$(Q)mkdir -p $(@D)
	$(call link,$(SANITIZE),-lcrypto)

# --- unit tests: one program a file -------------------------------------------

unit_src := $(wildcard tests/unit/test_*.c)
# What they test, and what they share, is a library: a program takes what it needs.
unit_lib := $(lib_src) $(filter-out %/main.c,$(wildcard tools/attest/*.c)) \
	$(filter-out $(unit_src),$(wildcard tests/unit/*.c))
unit_programs := $(patsubst tests/unit/%.c,$(B)/unit/%,$(unit_src))

unit: $(unit_programs)

$(eval $(call compile,unit,$(SANITIZE) -Iguest/include -Itests/unit))
$(B)/obj/unit/lib.a: $(call objects,unit,$(unit_lib))
	$(Q)rm -f $@.part
	$(call say,AR,$@) $(AR) rcs $@.part $^ && mv $@.part $@
$(unit_programs): $(B)/unit/%: $(B)/obj/unit/tests/unit/%.o $(B)/obj/unit/lib.a
	$(Q)mkdir -p $(@D)
	$(call link,$(SANITIZE),$(B)/obj/unit/lib.a -lcmocka $(tool_libs))

# Nothing that was built is thrown away.
.SECONDARY:

# --- guest modules and first user space, per kernel ---------------------------

guest_src := $(shell find guest tests/guest tests/bench/guest -type f)
initramfs_src := $(shell find tests/e2e/initramfs -type f)
kernel_stamps := $(KERNELS:%=$(B)/modules/%/.built)
initramfs_images := $(KERNELS:%=$(B)/initramfs/%.img)

modules: $(kernel_stamps)
initramfs: $(initramfs_images)

$(kernel_stamps): $(B)/modules/%/.built: $(guest_src) tests/kernels/modules
	$(Q)mkdir -p $(@D)
	$(call say,MODULES,$*) tests/kernels/modules $* $(@D) $(if $(V),,>$(@D).log 2>&1 || { grep -vE '^ +(CC|LD|MODPOST) ' $(@D).log; false; }) && touch $@

$(initramfs_images): $(B)/initramfs/%.img: $(B)/modules/%/.built $(B)/tools/tdi $(initramfs_src)
	$(Q)mkdir -p $(@D)
	$(call say,INITRD,$*) TDI_BUILD=$(CURDIR)/$(B) mkinitramfs -d tests/e2e/initramfs -o $@.part $* && mv $@.part $@

# --- the same for arm64, where its kernels are (tests/kernels/recipe) ------------

ARM64 := /usr/lib/tdisp-guest/arm64
arm64_kernels := $(filter $(addsuffix .%,$(or $(TDI_KERNELS),6.12)), \
	$(patsubst $(ARM64)/boot/vmlinuz-%,%,$(wildcard $(ARM64)/boot/vmlinuz-*)))
arm64_stamps := $(arm64_kernels:%=$(B)/modules/%/.built)
arm64_images := $(arm64_kernels:%=$(B)/initramfs/%.img)

arm64: $(arm64_images)
	@:

$(eval $(call compile,arm64,-Iguest/include -isystem $(ARM64)/usr/include \
	-isystem $(ARM64)/usr/include/aarch64-linux-gnu))
$(B)/obj/arm64/%.o $(B)/arm64/tdi: CC := aarch64-linux-gnu-gcc
$(B)/arm64/tdi: $(call objects,arm64,$(wildcard tools/attest/*.c) $(lib_src))
	$(Q)mkdir -p $(@D)
	$(call link,,-L$(ARM64)/usr/lib/aarch64-linux-gnu \
		-Wl$(,)-rpath-link=$(ARM64)/usr/lib/aarch64-linux-gnu $(tool_libs))

$(arm64_stamps): $(B)/modules/%/.built: $(guest_src) tests/kernels/modules
	$(Q)mkdir -p $(@D)
	$(call say,MODULES,$*) tests/kernels/modules $* $(@D) $(if $(V),,>$(@D).log 2>&1 || { grep -vE '^ +(CC|LD|MODPOST) ' $(@D).log; false; }) && touch $@

$(arm64_images): $(B)/initramfs/%.img: $(B)/modules/%/.built $(B)/arm64/tdi $(initramfs_src) tests/kernels/arm64-initramfs
	$(Q)mkdir -p $(@D)
	$(call say,INITRD,$*) tests/kernels/arm64-initramfs $* $(<D) $(B)/arm64/tdi $@.part && mv $@.part $@

# --- what some VMs have besides ------------------------------------------------

e2e: $(B)/e2e/tdi-kexec

$(B)/e2e/tdi-kexec: tests/e2e/kexec.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CFLAGS) -static -o $@.part $< && mv $@.part $@

# --- kernels of our own (tests/kernels/kernel put them here) and what they boot --

OWN_KERNELS ?= $(notdir $(patsubst %/,%,$(wildcard $(B)/kernels/*/)))
own_images := $(OWN_KERNELS:%=$(B)/own/%/initramfs.img)

own: $(own_images)
	@:

$(B)/own/%/.built: $(B)/kernels/%/.name $(guest_src) tests/kernels/modules
	$(Q)mkdir -p $(@D)
	$(call say,MODULES,$*) tests/kernels/modules $(B)/kernels/$* $(@D) $(if $(V),,>$(@D)/.log 2>&1 || { grep -vE '^ +(CC|LD|MODPOST) ' $(@D)/.log; false; }) && touch $@

$(B)/own/fail-nth: tests/kunit/fail-nth.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CFLAGS) -static -o $@.part $< && mv $@.part $@

# The first kernel's user space with this kernel's modules on top.
own_base := $(firstword $(initramfs_images))
$(own_images): $(B)/own/%/initramfs.img: $(B)/own/%/.built $(own_base) $(B)/own/fail-nth tests/kernels/own-initramfs
	$(call say,INITRD,$*) tests/kernels/own-initramfs $(B)/kernels/$* $(@D) $(own_base) $@.part $(B)/own/fail-nth && mv $@.part $@

# --- benchmarks: the stock kernels' VMs, and our own plain ones', with programs on top --

bench_programs := usr/bin/tdi-load usr/bin/tdi-referee
bench_stock := $(KERNELS:%=$(B)/bench/%.img)
bench_own := $(patsubst %,$(B)/bench/%.img,$(filter %-plain,$(OWN_KERNELS)))

bench: $(bench_stock) $(bench_own)

$(bench_programs:%=$(B)/bench/root/%): $(B)/bench/root/usr/bin/tdi-%: tests/bench/%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CFLAGS) -static -o $@.part $< && mv $@.part $@

$(bench_stock): $(B)/bench/%.img: $(B)/initramfs/%.img
$(bench_own): $(B)/bench/%.img: $(B)/own/%/initramfs.img
$(bench_stock) $(bench_own): $(bench_programs:%=$(B)/bench/root/%)
	$(call say,INITRD,$(@:$(B)/%=%)) (cat $(filter %.img,$^) && cd $(B)/bench/root && printf '%s\n' $(bench_programs) | cpio --quiet -o -H newc -R 0:0 | gzip -1) >$@.part && mv $@.part $@

# --- the image: modules for its kernel; image/make puts it together ---------------

.PHONY: image-parts
image-parts: tools emu $(B)/image/modules/.built

$(B)/image/modules/.built: $(guest_src) tests/kernels/modules
	$(Q)mkdir -p $(@D)
	$(call say,MODULES,$(IMAGE_KERNEL)) tests/kernels/modules $(IMAGE_KERNEL) $(@D) $(if $(V),,>$(@D).log 2>&1 || { grep -vE '^ +(CC|LD|MODPOST) ' $(@D).log; false; }) && touch $@
