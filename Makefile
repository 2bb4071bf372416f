# make demo · make test · make lint · make bench · make conformity · make docs
# Each builds .venv from requirements.lock first, if it is not up to date.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help env demo test lint format bench conformity generate docs lock clean

BIN := .venv/bin

help:
	@echo "make demo        environment, sample cohort, whole workflow; prints where the report is"
	@echo "make test        tests, with the real servers where they are installed (as root they are installed first)"
	@echo "make lint        ruff, mypy, snakefmt, snakemake --lint, generated files up to date"
	@echo "make format      ruff and snakefmt"
	@echo "make bench       every claim of speed, measured"
	@echo "make conformity  the long comparisons with other programs"
	@echo "make generate    default configuration, schema and reference pages from the models"
	@echo "make docs        the documentation as a site"
	@echo "make lock        requirements.lock from pyproject.toml"

env:
	@sh envs/bootstrap.sh

demo:
	@start=$$SECONDS
	sh envs/bootstrap.sh
	built=$$SECONDS
	$(BIN)/radiogenomics simulate --output .
	simulated=$$SECONDS
	$(BIN)/radiogenomics run --config config/config.yaml
	run=$$SECONDS
	$(BIN)/radiogenomics simulate score --truth truth.tsv --results results/association/results.parquet
	$(BIN)/python benchmarks/stages.py results
	echo "environment $$((built - start)) s, simulate $$((simulated - built)) s, check and workflow $$((run - simulated)) s"
	echo "report: $$PWD/results/report/index.html"

test: env
	@sh tests/system-programs.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: env
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/python -m radiogenomics.config.generate --check
	$(BIN)/python -m pytest -q tests/workflow/test_lint.py

format: env
	@$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

bench: env
	@for script in $(filter-out benchmarks/stages.py,$(wildcard benchmarks/*.py)); do $(BIN)/python $$script; done

conformity: env
	@sh tests/system-programs.sh
	HYPOTHESIS_PROFILE=conformity $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/conformity tests/unit

generate: env
	@$(BIN)/python -m radiogenomics.config.generate

docs: env generate
	@$(BIN)/mkdocs build --strict

lock: env
	@uv=$$(command -v uv || echo .tools/bin/uv)
	$$uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --no-header --quiet --output-file requirements.lock

clean:
	rm -rf .venv .tools .snakemake results data truth.tsv dist site
