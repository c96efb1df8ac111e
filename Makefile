# Requires python3 (3.11 or newer), make and a package index; everything else is installed into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# Byte-compiled at set-up, since Python may not be allowed to do it later: uncompiled, the first frame takes a third
# of a second longer, and every import of torch three seconds. Whole packages, and what an import loads of large ones.
EAGER  := click markdown_it numpy platformdirs plotext pygments rich safetensors textual typer
LARGE  := torch, torchvision, sklearn.manifold, matplotlib.figure, PIL.Image

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types floors tests snapshots pictures reliability bench gpu latency bytes soak reproduce reproduce-gpu constraints audit clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv with the versions pinned in constraints.txt

# uv ignores pip's configuration, so it installs the torch that torchvision was built against.
$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@echo "setting up $(VENV) (torch with CUDA: about 5 GB on disk)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable . --group dev
	@cd $(VENV)/lib/python3.*/site-packages && $(CURDIR)/$(BIN)/python -m compileall -q $(EAGER)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c "import $(LARGE)"
	@touch $@

demo: $(STAMP) ## train a small grid on the bundled digits, print reconstructions, open the explorer
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh ./demo.sh

test: check tests ## run all checks and tests, as CI does

check: lint types floors ## run ruff, mypy --strict and import-linter

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

floors: $(STAMP)
	@$(BIN)/lint-imports

# One process more than cores: tests that drive a terminal wait for a third of their time.
tests: $(STAMP) ## run all tests on all cores
	@$(BIN)/python -m compileall -q trainer vaetui
	@$(BIN)/python -m pytest --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) + 1))

snapshots: $(STAMP) ## update the snapshots of the explorer's screens; review the diff
	@RENEW_SNAPSHOTS=1 $(BIN)/python -m pytest tests/vaetui/tui/test_snapshots.py

pictures: $(STAMP) ## render the README's screenshots; requires MNIST as `bench` does
	@$(BIN)/python -m docs.pictures

reliability: $(STAMP) ## run the fault-injection tests and write docs/reliability.md
	@$(BIN)/python -m docs.reliability

bench: $(STAMP) ## compare training speed with textbook loops; requires MNIST in VAETUI_DATA or ../shared/data
	@$(BIN)/python -m benchmarks.train_speed --data $${VAETUI_DATA:-../shared/data}

gpu: $(STAMP) ## run all checks that need a GPU in ten minutes (MINUTES=…), write docs/gpu.md; requires MNIST as `bench` does
	@$(BIN)/python -m benchmarks.gpu --data $${VAETUI_DATA:-../shared/data} --minutes $${MINUTES:-10} --out docs/gpu.md

latency: $(STAMP) ## measure the explorer's key latency, first frame, memory and idle CPU in a pty; requires MNIST as `bench` does
	@$(BIN)/python -m benchmarks.app_latency

bytes: $(STAMP) ## measure the bytes of drawn digits, compared with chafa if installed; requires MNIST as `bench` does
	@$(BIN)/python -m benchmarks.render_bytes

soak: $(STAMP) ## test for growth of memory and open files over 20 minutes (MINUTES=…) of training and exploring
	@$(BIN)/python -m benchmarks.soak --minutes $${MINUTES:-20}

reproduce: $(STAMP) ## reproduce published figures (minutes); requires MNIST as `bench` does
	@$(BIN)/python -m benchmarks.reproduce --data $${VAETUI_DATA:-../shared/data}

reproduce-gpu: $(STAMP) ## reproduce published figures that need a GPU in ten minutes (MINUTES=…), write docs/gpu-figures.md
	@$(BIN)/python -m benchmarks.reproduce --gpu --data $${VAETUI_DATA:-../shared/data} --minutes $${MINUTES:-10} --out docs/gpu-figures.md

constraints: $(STAMP) ## update the pinned versions in constraints.txt
	@{ echo "# Pinned versions that this project is tested with; \`make constraints\` updates them."; \
	   $(BIN)/uv pip compile --quiet --upgrade --group dev --no-annotate --no-header --no-emit-index-url \
	     --no-emit-find-links pyproject.toml | grep -vE '^(nvidia|cuda|setuptools)'; } > constraints.new
	@mv constraints.new constraints.txt

# Not part of `make test`: the result changes from day to day. --strict: packages without data fail.
audit: $(STAMP) ## check the pinned versions for known vulnerabilities with pip-audit; requires a network
	@$(BIN)/uvx "pip-audit==2.10.1" --requirement constraints.txt --no-deps --disable-pip --strict

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
