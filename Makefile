# Everything a person does with this checkout. Plain `make` prints the list.

PYTHON  ?= python3
# Another interpreter gets its own environment, so that `make test PYTHON=python3.13` leaves .venv alone.
VENV    ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(notdir $(PYTHON)))
FOOTAGE ?= ../shared/data/videos
CLIP    ?= $(wildcard $(FOOTAGE)/*one-by-one*)
ARGS    ?=

BIN     := $(VENV)/bin
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)
UV      := $(firstword $(wildcard $(BIN)/uv) uv)
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
           --custom-compile-command "make lock" pyproject.toml --extra pi --group build

# The models that tests need are kept in the checkout; a mirror beside it is asked before the network.
export SMARTLOG_TEST_MODELS ?= $(CURDIR)/.cache/models
MIRROR  := $(wildcard ../shared/data/models)
ifneq ($(MIRROR),)
export SMARTLOG_MODEL_MIRROR ?= $(abspath $(MIRROR))
endif

# Where `make image` keeps what took long; tests/emulated.py looks there too.
TEST_IMAGE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/smartlogd/test-image

# Without a network the tests that need a model are skipped, and say so.
WITH_MODELS := SMARTLOG_DETECT__MODELS_DIR=$(SMARTLOG_TEST_MODELS) $(BIN)/smartlogd
FETCH       := $(WITH_MODELS) models fetch && $(WITH_MODELS) models fetch face_embedder pose_landmark_lite yamnet_copy \
               || echo "Going on without the models that are missing."

# What `make test-deps` brings: GStreamer as a camera's program and as an RTSP server, PostgreSQL as the centre,
# Mosquitto as the broker, Swift as the object store, PulseAudio as a microphone, a browser that plays clips, a systemd
# in a container, what makes and reads cards, a compiler for the recorder of what is written to a disk, and a clock that
# can be set for one program only.
TEST_PACKAGES := python3-venv postgresql postgresql-client mosquitto mosquitto-clients systemd-container mmdebstrap \
                 mtools dosfstools fdisk shellcheck gcc libc6-dev libfaketime openssl python3-gi gir1.2-gst-rtsp-server-1.0 \
                 gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly \
                 swift swift-account swift-container swift-object swift-proxy memcached chromium \
                 libportaudio2 pulseaudio pulseaudio-utils

# What `make test-boot-deps` brings: the emulated machine, what its image is built with, and what talks to it.
BOOT_PACKAGES := qemu-system-arm qemu-user-static mmdebstrap arch-test mtools dosfstools fdisk e2fsprogs kmod cpio xz-utils \
                 mosquitto mosquitto-clients openssh-client

.DEFAULT_GOAL := help
.PHONY: help setup run test test-long test-deps check cover eval bench fix picture lock clean install uninstall image \
        test-boot test-boot-deps

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv and install the locked packages (PYTHON=python3.13 selects another Python)
	@sh scripts/setup.sh $(PYTHON) $(VENV) requirements.lock

run: setup ## Watch the best camera there is, or the built-in demo, until Ctrl-C
	@$(BIN)/smartlogd run --or-demo $(ARGS)

test: setup-test ## Run the tests (ARGS="-k words" for some of them)
	@$(FETCH)
	@$(BIN)/python -m pytest $(ARGS)

test-long: setup-test ## Run the tests with the long proofs at full length
	@$(FETCH)
	@$(BIN)/python -m pytest --long $(ARGS)

test-deps: ## Bring the programs some tests talk to (apt; as root or with sudo)
	$(SUDO) apt-get update
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(TEST_PACKAGES)

image: ## Build the arm64 system that test-boot starts (as root; eight minutes once, kept in ~/.cache/smartlogd)
	@scripts/test-image.sh $(TEST_IMAGE)

test-boot: setup-test image ## Start an emulated Pi from a card of flash-pi, cut it off, start it again (as root; 10 to 20 minutes)
	@$(FETCH)
	@SMARTLOG_TEST_BOOT=1 $(BIN)/python -m pytest tests/boot $(ARGS)

test-boot-deps: ## Bring the programs that image and test-boot need (apt; as root or with sudo)
	$(SUDO) apt-get update
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(BOOT_PACKAGES)

check: setup-test ## Lint, format check, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

# Measuring loads what this test says is not loaded.
SLOWED := --deselect tests/unit/cli/test_app.py::test_help_waits_for_none_of_the_heavy_libraries

cover: setup-test ## Run the tests and say which lines none of them reached
	@$(FETCH)
	@$(BIN)/python -m pytest --cov --cov-report=term $(SLOWED) $(ARGS)

eval: setup ## Count the hand-counted clips in FOOTAGE and compare (ARGS="--profile door")
	@$(FETCH)
	@$(WITH_MODELS) eval $(FOOTAGE) $(ARGS)

bench: setup ## Measure speed, start, memory and the log's write rate (CLIP=video for replay's speed)
	@$(FETCH)
	@$(WITH_MODELS) bench $(addprefix --clip ,$(CLIP)) $(ARGS)

fix: setup-test ## Let ruff mend what it can, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

picture: setup ## Draw the README's picture anew from the demo
	@$(FETCH)
	@$(BIN)/python scripts/draw_picture.py $(SMARTLOG_TEST_MODELS) docs/picture.png

lock: ## Resolve the locked packages anew (needs uv)
	$(COMPILE) --upgrade --output-file requirements.lock
	$(COMPILE) --group test --constraint requirements.lock --upgrade --output-file requirements-test.lock
	@away=$$(mktemp -d); for platform in x86_64 aarch64; do for version in 3.11 3.12 3.13; do for lock in requirements.lock requirements-test.lock; do \
	    $(UV) --directory $$away pip install --quiet --dry-run --only-binary :all: --require-hashes --target $$away/none \
	        --python-platform $$platform-manylinux_2_28 --python-version $$version -r $(CURDIR)/$$lock || exit 1; \
	    echo "$$lock resolves on $$platform with Python $$version"; done; done; done; rm -rf $$away

install: ## Install the service, or bring it up to date (sudo make install WHEELS=DIR MODELS=DIR DRY_RUN=1)
	@sh scripts/install.sh $(if $(WHEELS),--wheels $(WHEELS)) $(if $(MODELS),--models $(MODELS)) \
	    $(if $(filter file,$(origin PYTHON)),,--python $(PYTHON)) $(if $(DRY_RUN),--dry-run)

uninstall: ## Take the service away; log and settings stay (sudo make uninstall PURGE=1 removes them too)
	@sh scripts/install.sh --uninstall $(if $(PURGE),--purge) $(if $(DRY_RUN),--dry-run)

clean: ## Remove the environments and caches (fetched models stay)
	rm -rf .venv .venv-* build dist *.egg-info .coverage* .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find smartlogd tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

setup-test:
	@sh scripts/setup.sh $(PYTHON) $(VENV) requirements-test.lock
