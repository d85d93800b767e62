# Portcullis: what people type. `make demo` to see it, `make test` before handing anything in.

CARGO ?= cargo
RUN   ?=

.PHONY: help demo demo-check release profile test e2e tidy bench bench-search regress fmt lint doc fuzz fuzz-smoke setup

help:
	@echo 'make demo        a PostgreSQL, an identity provider and the gateway, until Ctrl-C'
	@echo 'make demo-check  the same, walked through by real clients, step by step'
	@echo 'make release     the gateway as production should run it'
	@echo 'make profile     the profile that it is built by, taken anew'
	@echo 'make test        everything that CI checks'
	@echo 'make e2e         the end-to-end tests alone; RUN=name picks some'
	@echo 'make bench       direct, PgBouncer and Portcullis side by side; target/bench/'
	@echo 'make bench-search  ten million statements indexed and searched; RUN="--entries N --dir DIR"'
	@echo 'make regress     PostgreSQL'"'"'s own regression suite, direct and through the gateway'
	@echo 'make fuzz TARGET=name SECONDS=600  one of fuzz/fuzz_targets; TARGET=lean leaves out what takes long to build'
	@echo 'make fuzz-smoke  each fuzz target for a minute'
	@echo 'make fmt lint doc tidy setup'

demo:
	@scripts/setup.sh demo
	@$(CARGO) build --locked --bin portcullis
	@exec target/debug/portcullis demo $(RUN)

demo-check:
	@scripts/setup.sh demo
	@$(CARGO) build --locked --bin portcullis
	@exec target/debug/portcullis demo --check $(RUN)

release:
	@scripts/release.sh

profile:
	@scripts/profile.sh

test: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --document-private-items
	scripts/test.sh

e2e: setup
	scripts/test.sh --package gateway --test it $(RUN)

tidy:
	$(CARGO) test --locked --package xtask

setup:
	@scripts/setup.sh test

bench:
	@scripts/setup.sh bench
	@mkdir -p target/bench
	cp "$$(scripts/release.sh --package wire --features testing --example analysis_cost)/examples/analysis_cost" target/bench/
	cp "$$(scripts/release.sh --bin portcullis --features gateway/unrecorded)/portcullis" target/bench/unrecorded
	cp "$$(scripts/release.sh)/portcullis" target/bench/
	python3 scripts/bench.py --portcullis target/bench/portcullis --unrecorded target/bench/unrecorded --analysis target/bench/analysis_cost $(RUN)

# Takes about 20 GB under target/bench/search, and removes it.
bench-search:
	$(CARGO) run --locked --release --package store --example search_cost -- --entries 10000000 --dir target/bench/search $(RUN)
	rm -rf target/bench/search

regress:
	@scripts/setup.sh test
	scripts/regress.py "$$(scripts/regress-source.sh)" --portcullis "$$(scripts/release.sh)/portcullis" $(RUN)

fmt:
	$(CARGO) fmt --all

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --document-private-items

TARGET  ?= lean
SECONDS ?= 60

fuzz:
	scripts/fuzz.sh $(TARGET) $(SECONDS)

fuzz-smoke:
	scripts/fuzz.sh all 60
