# Needs Python 3.10 or newer, a C++17 compiler and make. The rest comes from PyPI into .venv.
PYTHON ?= python3
ARGS ?=

VENV  := .venv
BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip --disable-pip-version-check
BUILD := build/dev

# Build options, see CMakeLists.txt. They reach CMake through pyproject.toml.
BRASA_CUDA ?= AUTO
BRASA_CUDA_ON_CPU ?= ON
BRASA_TESTS ?= ON
BRASA_WERROR ?= OFF
BRASA_WIDE_EMULATION ?= OFF
export BRASA_CUDA BRASA_CUDA_ON_CPU BRASA_TESTS BRASA_WERROR BRASA_WIDE_EMULATION
OPTIONS := $(BRASA_CUDA) $(BRASA_CUDA_ON_CPU) $(BRASA_TESTS) $(BRASA_WERROR) $(BRASA_WIDE_EMULATION)
# An editable install remembers which file holds which module.
MODULES := $(shell find python -name '*.py' | sort | cksum)

SOURCES := CMakeLists.txt $(shell find csrc -type f)

# Not isolated and with a fixed build folder: only what changed is compiled again.
PIP_BUILD := --quiet --no-build-isolation --config-settings=build-dir=$(BUILD)
# The tests are many and small: two processes take 60 % of one's time on two cores. ARGS="-n 0" for one.
SPREAD := -n auto --maxprocesses 4
# Changes options of that folder for a while.
CONFIGURE := $(BIN)/cmake -S . -B $(BUILD) --log-level=WARNING > /dev/null

.NOTPARALLEL:  # pip and the build folder admit one at a time; ninja uses all cores by itself
.PHONY: help install demo test bench lint format stub asan arm wide wheel clean distclean FORCE

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(BUILD)/.compiled ## Build and install into .venv (editable: Python changes need no rebuild)

demo: $(BUILD)/.compiled ## Train LeNet on handwritten digits; the model and a picture go to demo-run/
	$(BIN)/brasa train lenet --data digits --out demo-run

test: $(BUILD)/.compiled $(BUILD)/.extra-test ## Run all tests; ARGS="-k conv2d" narrows pytest
	$(BIN)/cmake --build $(BUILD) --target brasa_tests
	$(BUILD)/brasa_tests
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

bench: $(BUILD)/.compiled ## Measure brasa and the peers that are installed; ARGS go to python -m bench
	$(BIN)/python -m bench $(ARGS)

lint: $(BUILD)/.compiled $(BUILD)/.extra-lint ## Check format, style, types and the extension's stub
	$(BIN)/pre-commit run --all-files

format: $(BUILD)/.extra-lint ## Format C++ and Python in place
	git ls-files -z -co --exclude-standard '*.cpp' '*.h' '*.cu' '*.cuh' | xargs -0 $(BIN)/clang-format -i
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

stub: $(BUILD)/.compiled $(BUILD)/.extra-lint ## Write python/brasa/_core.pyi from the extension
	$(BIN)/python .ci/check_stub.py --write

# Without the emulated device: it checks bounds itself, and its many stacks make the run ten times longer. And
# without kernels that this machine could not run: 160 s of the compiler (2 cores).
HAS_WIDE = $(shell test ! -e /proc/cpuinfo || grep -qw avx512f /proc/cpuinfo && echo ON || echo OFF)
asan: $(VENV)/.tools ## Run the C++ tests under AddressSanitizer and UBSan
	$(BIN)/cmake -S . -B build/asan -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  -DCMAKE_BUILD_TYPE=Debug -DBRASA_SANITIZE=address,undefined -DBRASA_TESTS=ON \
	  -DBRASA_WERROR=$(BRASA_WERROR) -DBRASA_WIDE=$(HAS_WIDE) \
	  -DBRASA_WIDE_EMULATION=$(BRASA_WIDE_EMULATION) -DBRASA_CUDA_ON_CPU=OFF --log-level=WARNING
	$(BIN)/cmake --build build/asan --target brasa_tests
	build/asan/brasa_tests

# NEON is a part of every AArch64; elsewhere Debian's g++-aarch64-linux-gnu and qemu-user compile and run it.
ARM := aarch64-linux-gnu
arm: $(VENV)/.tools ## Run the C++ tests on an emulated AArch64
	$(BIN)/cmake -S . -B build/arm -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=$(ARM)-g++ -DBRASA_TESTS=ON \
	  -DBRASA_WERROR=$(BRASA_WERROR) -DBRASA_CUDA=OFF -DBRASA_CUDA_ON_CPU=OFF --log-level=WARNING
	$(BIN)/cmake --build build/arm --target brasa_tests
	OMP_WAIT_POLICY=passive QEMU_LD_PREFIX=/usr/$(ARM) BRASA_TEST_EMULATOR=qemu-aarch64 qemu-aarch64 build/arm/brasa_tests

# A second copy whose avx512 kernels are compiled with AVX2, beside the editable one. In the C++ tests guard
# pages lie around the operands; the sanitizers would compile these kernels for another 150 s (2 cores).
wide: $(BUILD)/.compiled build/env/.created ## Test the AVX-512 kernels' geometry on a machine without AVX-512
	$(CONFIGURE) -DBRASA_CUDA_ON_CPU=OFF -DBRASA_WIDE_EMULATION=ON
	$(BIN)/cmake --build $(BUILD)
	rm -rf build/wide && mkdir build/wide && cp -R python/brasa build/wide
	$(BIN)/cmake --install $(BUILD) --component brasa --strip --prefix build/wide > /dev/null
	$(BIN)/cmake --build $(BUILD) --target brasa_tests
	$(BUILD)/brasa_tests
	$(CONFIGURE) -DBRASA_CUDA_ON_CPU=$(BRASA_CUDA_ON_CPU) -DBRASA_WIDE_EMULATION=$(BRASA_WIDE_EMULATION)
	BRASA_IMPL=cpu.avx512 PYTHONPATH=build/wide build/env/bin/python -m pytest $(SPREAD) \
	  tests/ops tests/test_precision.py $(ARGS)

# The emulated device is for tests alone; the last line takes it back into the build folder.
wheel: $(BUILD)/.compiled ## Build a wheel for this machine into dist/
	BRASA_CUDA_ON_CPU=OFF $(PIP) wheel --no-deps --wheel-dir dist $(PIP_BUILD) .
	$(CONFIGURE) -DBRASA_CUDA_ON_CPU=$(BRASA_CUDA_ON_CPU)

clean: ## Remove what was built, but keep .venv
	rm -rf build dist demo-run .mypy_cache .pytest_cache .ruff_cache

distclean: clean ## Remove .venv, too
	rm -rf $(VENV)

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "brasa needs Python 3.10 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing or broken (Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@touch $@

# What [build-system] in pyproject.toml asks for, and the tools that pip would fetch for it.
$(VENV)/.tools: $(VENV)/.created
	$(PIP) install --quiet 'scikit-build-core>=0.12' 'pybind11>=3.0' 'cmake>=3.24' 'ninja>=1.11'
	@touch $@

# Touched only when a build option or the list of modules differs from the last run.
$(BUILD)/.options: FORCE
	@mkdir -p $(@D)
	@echo '$(OPTIONS) $(MODULES)' | cmp -s - $@ || echo '$(OPTIONS) $(MODULES)' > $@

$(BUILD)/.installed: pyproject.toml $(BUILD)/.options $(VENV)/.tools
	@echo "building brasa (the first time takes a few minutes)"
	$(PIP) install $(PIP_BUILD) --editable '.[datasets,plot]'
	@touch $@

$(BUILD)/.extra-%: pyproject.toml $(VENV)/.tools | $(BUILD)/.installed
	$(PIP) install $(PIP_BUILD) --editable '.[$*]'
	@touch $@

# Quicker than pip for a changed source: it only replaces the extension.
$(BUILD)/.compiled: $(SOURCES) $(BUILD)/.installed
	$(BIN)/cmake --build $(BUILD)
	@$(BIN)/cmake --install $(BUILD) --component brasa --strip \
	  --prefix "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')" > /dev/null
	@touch $@

# An environment with the packages of .venv, but not its editable brasa, which would win over PYTHONPATH.
build/env/.created: $(BUILD)/.extra-test
	$(BIN)/python -m venv --without-pip build/env
	@site='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	  $(BIN)/python -c "$$site" > "$$(build/env/bin/python -c "$$site")/venv.pth"
	@touch $@
