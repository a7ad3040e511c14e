# Every target sets up what it needs, from Python 3.11+, make and the package registries alone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOAD_VENV := .venv-load
LOAD_READY := $(LOAD_VENV)/.ready
LOAD_PORT := 18180
WHEEL_VENV := .venv-wheel
# What mypyc makes of the modules that pyproject.toml lists; the .so files lie beside their sources.
COMPILED_SOURCES = $(shell sed -n '/^compiled = \[/,/^\]/s/^ *"\(.*\.py\)",$$/\1/p' pyproject.toml)
COMPILED := build/.compiled
# What compiled modules do, and what they do inside the program. What only a control plane does is not compiled.
COMPILED_TESTS := tests/proxy tests/hostile tests/routing tests/telemetry tests/conformance tests/features \
	--ignore-glob='tests/features/test_cluster_*' tests/test_compilation.py tests/test_setup.py
KUSTOMIZE ?= .tools/kustomize
HELM ?= .tools/helm

.DEFAULT_GOAL := help
.PHONY: help compile wheel demo test check format load drill bench docs manifests manifests-check lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("ingressd needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	INGRESSD_COMPILE=0 $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Old files go first: a module that is listed no more is not to be found. New ones get the time at which it began, also
# where the C is the same as before: what is edited meanwhile is younger.
$(COMPILED): $(READY) setup.py $(COMPILED_SOURCES)
	@mkdir -p build && touch build/.begun && rm -f $(COMPILED)
	@find ingressd tls -name '*.so' -delete
	$(BIN)/python setup.py -q build_ext --inplace
	@for file in $$(find ingressd tls -name '*.so'); do touch -r build/.begun $$file $(COMPILED); done

# What measures, and who asks to compile, does not go on without.
compile drill bench: export INGRESSD_COMPILE = 1

compile: $(COMPILED) ## Compile the data plane in place (needs a C compiler and Python's headers)

demo: $(COMPILED) ## Serve the bundled example manifests on localhost (Ctrl-C ends it)
	$(BIN)/ingressd demo

test: $(COMPILED) ## Run the test suite, and what the compiled data plane can change once more
	INGRESSD_PURE=1 $(BIN)/python -m pytest -n 2 --dist loadfile
	@if [ -e $(COMPILED) ]; then \
		set -x; INGRESSD_PURE=0 $(BIN)/python -m pytest -n 2 --dist loadfile --compiled $(COMPILED_TESTS); \
	else \
		echo "NOT RUN: the tests of the compiled data plane. It is not compiled here; make compile says why."; \
	fi

check: $(READY) ## Lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Rewrite the source in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(LOAD_READY): requirements/load.txt
	$(PYTHON) -m venv $(LOAD_VENV)
	$(LOAD_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/load.txt
	@touch $(LOAD_READY)

load: $(COMPILED) $(LOAD_READY) ## Send locust visitors to a demo for half a minute, and judge failures and the slow tail
	$(BIN)/ingressd demo --http-port $(LOAD_PORT) --https-port 0 --admin-port 0 > $(LOAD_VENV)/demo.log & demo=$$!; \
	trap 'kill -INT $$demo; wait $$demo' EXIT; \
	until grep -q 'certificate verified' $(LOAD_VENV)/demo.log; do kill -0 $$demo && sleep 0.2 || exit 1; done; \
	$(LOAD_VENV)/bin/locust -f loadtest/locustfile.py --headless --only-summary -H http://127.0.0.1:$(LOAD_PORT) \
		-u 50 -r 25 -t 30s --html $(LOAD_VENV)/report.html

drill: $(COMPILED) ## Measure starts, reloads, memory, long-lived connections, failures and scale against their targets (15 minutes)
	$(BIN)/python -m loadtest.start
	$(BIN)/python -m loadtest.reload
	$(BIN)/python -m loadtest.memory
	$(BIN)/python -m loadtest.long_lived
	$(BIN)/python -m loadtest.lookup
	$(BIN)/python -m loadtest.cluster_failures
	$(BIN)/python -m loadtest.cluster_scale

bench: $(COMPILED) ## Measure ingressd beside nginx, HAProxy and Caddy, one core each, and record it (15 minutes)
	$(BIN)/python -m loadtest.bench --record

docs: $(READY) ## Write docs/reference.md from the program's tables
	$(BIN)/python docs/reference.py

# Only whoever changes the manifests needs these two, and Go to build them; the tests read what is rendered.
.tools/kustomize:
	GOBIN=$(CURDIR)/.tools go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.2

.tools/helm:
	GOBIN=$(CURDIR)/.tools go install helm.sh/helm/v3/cmd/helm@v3.22.0

manifests: $(READY) $(KUSTOMIZE) $(HELM) ## Render manifests/rendered from the overlays and the chart (needs Go, or KUSTOMIZE= and HELM=)
	KUSTOMIZE=$(KUSTOMIZE) HELM=$(HELM) $(BIN)/python -m manifests.render

manifests-check: $(READY) $(KUSTOMIZE) $(HELM) ## Fail when overlays and chart differ, or when what is rendered is old
	KUSTOMIZE=$(KUSTOMIZE) HELM=$(HELM) $(BIN)/python -m manifests.render --check

# The wheel is made from the source distribution, so that both are whole.
wheel: $(READY) ## Build the source distribution and a compiled wheel into dist, and run the wheel in a new environment
	rm -rf dist $(WHEEL_VENV)
	$(BIN)/python -c 'from setuptools.build_meta import build_sdist; build_sdist("dist")' > /dev/null
	INGRESSD_COMPILE=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir dist dist/ingressd-*.tar.gz
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(WHEEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/ingressd-*.whl
	cd $(WHEEL_VENV) && bin/ingressd --version | grep '(compiled)'
	@ls -l dist

lock: ## Resolve the pinned requirements again from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra cluster -o requirements/cluster.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build -o requirements/build.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group load -o requirements/load.txt

clean: ## Remove environments, caches and build output
	find ingressd tls -name '*.so' -delete
	rm -rf $(VENV) .venv-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
