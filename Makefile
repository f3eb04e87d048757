# SPDX-License-Identifier: GPL-2.0
# What a person calls. Each target sets up what it needs (tests/kernels/root) and
# runs in there (tests/kernels/enter); how things are built is in build.mk.

# Jobs at a time.
TDI_JOBS ?= $(shell nproc)
export TDI_JOBS

# Evidence that others made, for the interop tests; they are skipped without it.
ifneq ($(wildcard ../shared/evidence),)
export TDI_EVIDENCE ?= ../shared/evidence
endif

# What is known of the platforms' ABIs, that wire headers are held against.
ifneq ($(wildcard ../shared/facts),)
export TDI_FACTS ?= ../shared/facts
endif

ENTER := tests/kernels/enter
# One build at a time in a tree; tests run without the lock.
BUILD := $(ENTER) flock build/.lock $(MAKE) -f build.mk --no-print-directory -j$(TDI_JOBS)
RUN := $(ENTER) tests/run

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo backends check all modules tools emu initramfs arm64 unit cli \
	emu-check e2e style coverage fuzz kunit soak guard own-kernel bench gate \
	packages packages-check image image-run image-check shell root host clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  TDI_KERNELS=6.12   only that kernel       V=1         every test, every command"
	@echo "  BACKEND=sev-tio    whose calls the demo makes: emu, sev-tio, tdx-connect, cca"
	@echo "  TDI_ROOT=DIR       another root, / host   TDI_JOBS=N  N jobs at a time"

demo: all ## a disk goes private in a VM and comes back, told line by line
	@$(ENTER) tests/e2e/demo $(if $(BACKEND),--backend $(BACKEND))

backends: own-kernel arm64 ## each platform's ABI: conformance, and attacks that must fail
	@$(RUN) abi cca conformance attacks-long

check: all own-kernel arm64 image ## every test; the last line is the sum
	@$(RUN) check

# KUnit, KASAN, lockdep and the kernel's own TSM class need kernels of our own; they
# take their time to build, once. And a look at what Debian offers next.
own_kernels := $(if $(filter 6.12,$(or $(TDI_KERNELS),6.12)),6.12-debug) \
	$(if $(filter 7.2,$(or $(TDI_KERNELS),7.2)),7.2-tsm)

own-kernel: all
	@for k in $(own_kernels); do tests/kernels/kernel $${k%-*} $${k#*-} || exit; done
	@$(BUILD) own OWN_KERNELS="$(strip $(own_kernels))"
	@tests/kernels/next

all: | build ## build everything
	@$(BUILD) all

modules tools emu initramfs arm64: | build
	@$(BUILD) $@

modules: ## guest modules, for each supported kernel
tools: ## the tdi command
emu: ## the other side: device, TSM and hostile host
initramfs: ## the VMs' first user space
arm64: ## modules, tool and first user space of an arm64 VM

unit: | build ## unit tests
	@$(BUILD) unit
	@$(RUN) unit

cli: tools ## the tdi command against a made-up sysfs
	@$(RUN) cli

emu-check: | build ## the emulator's own tests
	@$(BUILD) emu
	@$(RUN) emu

e2e: all ## scenarios in VMs
	@$(RUN) e2e

kunit: own-kernel ## KUnit suites on kernels that complain, static checks, a soak sample
	@$(RUN) kunit soak

soak: own-kernel ## every failure point, many cycles, losses and unplugs
	@$(RUN) rows guard guard-long plug-long soak-long

guard: all ## what a locked device survives, and the way back from ERROR
	@$(RUN) rows guard plug

gate: all ## no driver before its device was accepted
	@$(RUN) gate

# A plain kernel of our own, if one is there, has the kernel's own benchmark for a referee.
bench: all ## what DMA costs in instructions, and that nothing bounces
	@$(BUILD) bench
	@$(RUN) bench-long; status=$$?; $(ENTER) tests/bench/report; exit $$status

# TDI_IMAGE_POLICY, .._CMDLINE, .._OVERLAY, .._PACKAGES: see Documentation/image.rst.
image: | build ## a confidential VM image that lets in what its policy names
	@image/make

image-run: image ## boot it, with emulator and TPM (UEFI=1: measured, by firmware; FRESH=1)
	@$(ENTER) image/run $(if $(UEFI),--uefi) $(if $(FRESH),--fresh)

image-check: image ## the image, with hosts that mean no good
	@$(RUN) image

coverage: | build ## what the unit tests reach of guest/lib
	@$(RUN) coverage

fuzz: | build ## every parser, ten million executions each
	@$(RUN) fuzz-long

style: | build ## style and dependency checks
	@$(RUN) style

packages: | build ## Debian packages, to build/packages: modules (DKMS), command, boot gate
	@TDI_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || true)} \
		$(ENTER) flock build/.lock packaging/make-debs

packages-check: all | build ## the packages in a plain Debian: installed, booted, removed
	@tests/kernels/tree debian
	@$(RUN) packages packages-long

shell: ## a shell where the tools are
	@$(ENTER) bash

root: ## make the private root (the others do, if need be)
	@tests/kernels/root

host: ## what the tests need, and what this host has of it
	@tests/kernels/root --host || true

build:
	@mkdir -p build

clean: ## remove build/ (the root stays: tests/kernels/root --remove)
	rm -rf build
