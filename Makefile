# Needs python3 (3.11 or newer), make and a package index; everything else is set up in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# What the first frame waits for, compiled at set-up: uncompiled, it takes a third of a second longer.
EAGER  := click markdown_it numpy platformdirs plotext pygments rich safetensors textual typer

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types floors tests snapshots pictures reliability bench gpu latency bytes soak reproduce reproduce-gpu constraints audit clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## set up .venv with everything pinned in constraints.txt

# uv reads no pip configuration, so the torch it takes is the one torchvision was built against.
$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@echo "setting up $(VENV) (torch with CUDA: about 5 GB on disk)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable . --group dev
	@cd $(VENV)/lib/python3.*/site-packages && $(CURDIR)/$(BIN)/python -m compileall -q $(EAGER)
	@touch $@

demo: $(STAMP) ## train a small grid on bundled digits, print reconstructions, open the explorer
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh ./demo.sh

test: check tests ## everything that CI runs

check: lint types floors ## ruff, mypy --strict, import-linter

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

floors: $(STAMP)
	@$(BIN)/lint-imports

tests: $(STAMP) ## every test, on all cores
	@$(BIN)/python -m pytest --numprocesses auto

snapshots: $(STAMP) ## keep the explorer's screens anew, to be looked at in the diff
	@RENEW_SNAPSHOTS=1 $(BIN)/python -m pytest tests/vaetui/tui/test_snapshots.py

pictures: $(STAMP) ## the README's pictures, by the explorer itself; wants MNIST as `bench` does
	@$(BIN)/python -m docs.pictures

reliability: $(STAMP) ## run the tests of faults and write docs/reliability.md from them
	@$(BIN)/python -m docs.reliability

bench: $(STAMP) ## training speed against textbook loops; wants MNIST in VAETUI_DATA or ../shared/data
	@$(BIN)/python -m benchmarks.train_speed --data $${VAETUI_DATA:-../shared/data}

gpu: $(STAMP) ## everything that only a GPU can prove, in ten minutes (MINUTES=…), to docs/gpu.md; wants MNIST as `bench` does
	@$(BIN)/python -m benchmarks.gpu --data $${VAETUI_DATA:-../shared/data} --minutes $${MINUTES:-10} --out docs/gpu.md

latency: $(STAMP) ## key to frame, first frame, memory, idle CPU of the explorer through a pty; wants MNIST as `bench` does
	@$(BIN)/python -m benchmarks.app_latency

bytes: $(STAMP) ## what digits cost on the wire, beside chafa where that is installed; wants MNIST as `bench` does
	@$(BIN)/python -m benchmarks.render_bytes

soak: $(STAMP) ## train, look on, stop and resume for 20 minutes (MINUTES=…): does memory or the number of files grow?
	@$(BIN)/python -m benchmarks.soak --minutes $${MINUTES:-20}

reproduce: $(STAMP) ## published figures beside ours (minutes); wants MNIST as `bench` does
	@$(BIN)/python -m benchmarks.reproduce --data $${VAETUI_DATA:-../shared/data}

reproduce-gpu: $(STAMP) ## published figures that need a GPU, in ten minutes (MINUTES=…), to docs/gpu-figures.md
	@$(BIN)/python -m benchmarks.reproduce --gpu --data $${VAETUI_DATA:-../shared/data} --minutes $${MINUTES:-10} --out docs/gpu-figures.md

constraints: $(STAMP) ## renew constraints.txt
	@{ echo "# Versions that this project is tested with; \`make constraints\` renews them. Names and versions only."; \
	   $(BIN)/uv pip compile --quiet --upgrade --group dev --no-annotate --no-header --no-emit-index-url \
	     --no-emit-find-links pyproject.toml | grep -vE '^(nvidia|cuda|setuptools)'; } > constraints.new
	@mv constraints.new constraints.txt

# Not part of `make test`: its answer changes from day to day. --strict: what cannot be looked up is no pass.
audit: $(STAMP) ## known vulnerabilities of the pinned versions, by pip-audit; wants the network
	@$(BIN)/uvx "pip-audit==2.10.1" --requirement constraints.txt --no-deps --disable-pip --strict

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
