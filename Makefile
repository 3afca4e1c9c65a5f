# Two commands set everything up in .venv: `make demo` and `make test`. They need python3, make and a C compiler.
PYTHON ?= python3
VENV ?= .venv
PIP_FLAGS ?=
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_FLAGS)

.PHONY: demo test lint docs clean

demo: $(VENV)/.user
	$(VENV)/bin/lgnc demo

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal $(TESTS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) torch -e '.[train,onnxruntime]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) torch -e '.[all,dev]'
	touch $@ $(VENV)/.user
