# make run: install what is missing and start the app. make test: every check.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help run test lint bench rehearse load chaos clean

help:
	@echo "make run    install what is missing, then start web, engine and worker"
	@echo "make test   every check: style, types, templates, imports, migrations, tests"
	@echo "make lint   the checks without the tests"
	@echo "make bench  measure the engine and the whole stack; BENCH=--quick for a short look"
	@echo "make rehearse  the whole loop on a small model, in minutes; SIZE=full on the default model"
	@echo "make load   a crowd on a site of its own for ten minutes; LOAD='--minutes 2 --sockets 50'"
	@echo "make chaos  faults on a site of its own, then every promise checked; CHAOS='--seed 2'"
	@echo "make clean  remove .venv and caches; your data in DATA_DIR stays"

run test lint:
	@exec $(PYTHON) scripts/bootstrap.py $@

bench:
	@exec $(PYTHON) scripts/bootstrap.py $@ $(BENCH)

rehearse:
	@exec $(PYTHON) scripts/bootstrap.py $@ --size $(or $(SIZE),quick) $(REHEARSE)

load:
	@exec $(PYTHON) scripts/bootstrap.py $@ $(LOAD)

chaos:
	@exec $(PYTHON) scripts/bootstrap.py $@ $(CHAOS)

clean:
	rm -rf .venv .check .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
