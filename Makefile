# Redress.  `make` prints the targets; sources are found by wildcard, nothing is listed twice.
#
#   build/gen/         C made from schemas/*.avsc and services/projection/sql/*.sql
#   build/<mode>/      objects, archives and test programs of one compiler mode
#   build/bin/         the programs (mode "release")
#   build/run/         the local stack: data, logs, process ids (deploy/local/)
#
# Variables:  BUILD=dir   another build directory        MODE=release|debug|asan|tsan
#             CC=clang    another compiler               T=test_door   one unit test
#             ONLY="intake triage"   only these services (and common) enter the unit tests

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
comma := ,
COMPILER := $(if $(findstring clang,$(CC)),clang,gcc)
MODE ?= $(if $(filter clang,$(COMPILER)),clang,release)
OUT := $(BUILD)/$(MODE)
BIN := $(if $(filter release,$(MODE)),$(BUILD)/bin,$(OUT)/bin)
GEN := $(BUILD)/gen

# ---- flags ---------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
	-Wstrict-prototypes -Wformat=2 -Wvla -Werror
PACKAGES := rdkafka avro-c icu-uc icu-i18n jansson libpq libmicrohttpd libcrypto zlib libical
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcsv -llinear -lm
CMOCKA_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null || echo -lcmocka)

SAN := $(if $(filter asan,$(MODE)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all) \
	$(if $(filter tsan,$(MODE)),-fsanitize=thread)
OPTIMISE := $(if $(filter debug,$(MODE)),-O0,$(if $(strip $(SAN)),-O1,-O2 -D_FORTIFY_SOURCE=2))
CPPFLAGS += -D_GNU_SOURCE -Icommon -Iservices -I$(BUILD) $(PKG_CFLAGS)
CFLAGS ?=
ALL_CFLAGS = -std=c17 -g $(OPTIMISE) $(WARN) $(SAN) -pthread -fstack-protector-strong \
	-fno-omit-frame-pointer $(CFLAGS)
ALL_LDFLAGS = $(SAN) -pthread -Wl,--as-needed $(LDFLAGS)

# ---- sources -------------------------------------------------------------------------

SERVICES := $(patsubst services/%/main.c,%,$(wildcard services/*/main.c))
LIB_SRC := $(wildcard common/*/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
TEST_HELP_SRC := $(filter-out $(TEST_SRC),$(wildcard tests/unit/*.c))
CORE_DIRS := $(if $(ONLY),$(ONLY:%=services/%),$(patsubst %/,%,$(wildcard services/*/)))
CORE_SRC := $(filter-out %/main.c,$(foreach d,$(CORE_DIRS),$(wildcard $d/*.c $d/*/*.c)))
SCENARIO_SRC := $(wildcard tests/scenario/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
IT_SRC := $(wildcard tests/integration/it_*.c)
BENCH_SRC := $(wildcard tests/bench/bench_*.c)

program = $(BIN)/$(if $(filter ctl,$1),redress,redress-$1)
service_src = $(wildcard services/$1/*.c services/$1/*/*.c)
obj = $(patsubst $(BUILD)/%.c,$(OUT)/o/%.o,$(filter $(BUILD)/%,$1)) \
	$(patsubst %.c,$(OUT)/o/%.o,$(filter-out $(BUILD)/%,$1))

PROGRAMS := $(foreach s,$(SERVICES),$(call program,$s))
TESTS := $(patsubst tests/unit/%.c,$(OUT)/test/%,$(TEST_SRC))
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/test/%,$(FUZZ_SRC))

# ---- generated sources ---------------------------------------------------------------
# gen.mk is included, so make runs the generator first and then reads which files came
# out.  Files are replaced only when they changed: an untouched record rebuilds nothing.

AVSC := $(wildcard schemas/*.avsc)
AVSC_OLD := $(wildcard schemas/history/*.avsc)
AVSC2C_SRC := $(wildcard schemas/avsc2c*.c)
AVSC2C_DEP := $(AVSC2C_SRC) $(wildcard schemas/*.h) \
	$(if $(AVSC2C_SRC),$(if $(shell grep -l '"base/' $(AVSC2C_SRC)),$(wildcard common/base/*.[ch])))
AVSC2C := $(BUILD)/bin/avsc2c
SQL := $(wildcard services/projection/sql/*.sql)
sql_header = $(GEN)/sql_$(subst -,_,$(patsubst services/projection/sql/%.sql,%,$1)).h
MIGRATIONS := $(sort $(wildcard services/projection/sql/migrations/*.sql))
SQL_HEADERS := $(foreach f,$(SQL),$(call sql_header,$f)) $(if $(MIGRATIONS),$(GEN)/migrations.h)

# Moves files that changed from $$tmp to $1, then drops $$tmp.
move_changed = for f in $$tmp/*; do [ -e "$$f" ] || continue; \
	cmp -s "$$f" $1/$${f\#\#*/} || mv -f "$$f" $1/; done; rm -rf $$tmp

NO_GEN := help deps clean format up down status infra layers ci demo test
ifneq ($(filter-out $(NO_GEN),$(or $(MAKECMDGOALS),help)),)
ifneq ($(and $(AVSC),$(AVSC2C_SRC)),)
include $(GEN)/gen.mk
endif
endif
GEN_SRC := $(GEN_NAMES:%=$(GEN)/%)

$(AVSC2C): $(AVSC2C_DEP) | $(BUILD)/bin
	@echo "  CC    $@"
	@$(CC) -D_GNU_SOURCE -Icommon -Ischemas $(WARN) -std=c17 -O1 -g -o $@.$$$$ \
		$(filter %.c,$^) $$(pkg-config --cflags --libs jansson) && mv -f $@.$$$$ $@

$(GEN)/gen.mk: $(AVSC) $(AVSC_OLD) $(AVSC2C) Makefile | $(GEN)
	@echo "  GEN   $(words $(AVSC)) schemas"
	@tmp=$$(mktemp -d $(BUILD)/gen.tmp.XXXXXX) && \
	if ! $(AVSC2C) -o $$tmp $(AVSC) $(AVSC_OLD); then rm -rf $$tmp; exit 1; fi; \
	names=$$(cd $$tmp && ls | grep '\.c$$' | tr '\n' ' '); $(call move_changed,$(GEN)); \
	echo "GEN_NAMES := $$names" >$@.$$$$ && mv -f $@.$$$$ $@

# A .sql file as a NUL-terminated array: plain text has no length limit that way.
define sql_rule
$(call sql_header,$1): $1 | $(GEN)
	@{ echo "/* made from $1 */"; \
	echo "static const char sql_$(subst -,_,$(basename $(notdir $1)))[] = {"; \
	od -An -v -tx1 $$< | sed "s/ \([0-9a-f][0-9a-f]\)/'\\\\x\1',/g"; \
	echo "'\\0'};"; } >$$@.$$$$$$$$ && mv -f $$@.$$$$$$$$ $$@
endef
$(foreach f,$(SQL),$(eval $(call sql_rule,$f)))

# All migrations in order, as `migrations[]` (common/pg/migrate.h applies them).
$(GEN)/migrations.h: $(MIGRATIONS) Makefile | $(GEN)
	@{ echo "/* made from services/projection/sql/migrations */"; echo '#include "pg/migrate.h"'; \
	for f in $(MIGRATIONS); do n=$${f##*/}; n=$${n%.sql}; \
	echo "static const char migration_$${n//-/_}[] = {"; \
	od -An -v -tx1 $$f | sed "s/ \([0-9a-f][0-9a-f]\)/'\\\\x\1',/g"; echo "'\0'};"; done; \
	echo "static const struct pg_migration migrations[] = {"; \
	for f in $(MIGRATIONS); do n=$${f##*/}; n=$${n%.sql}; \
	echo "    {\"$$n\", migration_$${n//-/_}},"; done; echo "};"; } >$@.$$$$ && mv -f $@.$$$$ $@

# ---- compiling and linking -----------------------------------------------------------
# Every product is written beside its place and then moved there: several makes may run
# in one tree, and none ever sees half a file.

$(BUILD)/bin $(GEN) $(OUT):
	@mkdir -p $@

define compile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -MF $@.$$$$.d -MT $@ -c -o $@.$$$$ $< \
		&& mv -f $@.$$$$.d $(@:.o=.d) && mv -f $@.$$$$ $@ \
		|| { rm -f $@.$$$$ $@.$$$$.d; exit 1; }
endef
define link
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@.$$$$ $(filter %.o,$^) $(filter %.a,$^) $(1) $(PKG_LIBS) \
		&& mv -f $@.$$$$ $@ || { rm -f $@.$$$$; exit 1; }
endef
define archive
	@echo "  AR    $@"
	@rm -f $@.$$$$; ar qcs $@.$$$$ $(filter %.o,$^) && mv -f $@.$$$$ $@
endef

$(OUT)/o/gen/%.o: $(GEN)/%.c
	$(compile)
$(OUT)/o/%.o: %.c | $(SQL_HEADERS)
	$(compile)

# An archive is made anew when its list of objects changes, so deleted sources leave it.
LIB_OBJ := $(call obj,$(LIB_SRC) $(GEN_SRC))
CORE_OBJ := $(call obj,$(CORE_SRC))
TEST_HELP_OBJ := $(call obj,$(TEST_HELP_SRC))
LIBREDRESS := $(OUT)/libredress.a
LIBCORES := $(OUT)/libcores$(if $(ONLY),-$(subst $() ,-,$(sort $(ONLY)))).a

$(LIBREDRESS): MEMBERS = $(LIB_OBJ)
$(LIBCORES): MEMBERS = $(CORE_OBJ)
$(OUT)/%.list: FORCE | $(OUT)
	@echo '$(MEMBERS)' | cmp -s - $@ || echo '$(MEMBERS)' >$@
$(LIBREDRESS): $(LIB_OBJ) $(LIBREDRESS).list
	$(archive)
$(LIBCORES): $(CORE_OBJ) $(LIBCORES).list
	$(archive)

# The command line reads policies and explains decisions: it may link the cores.
define program_rule
$(call program,$1): $(call obj,$(call service_src,$1)) $(if $(filter ctl,$1),$(LIBCORES)) $(LIBREDRESS)
	$$(call link)
endef
$(foreach s,$(SERVICES),$(eval $(call program_rule,$s)))

$(OUT)/test/test_%: $(OUT)/o/tests/unit/test_%.o $(TEST_HELP_OBJ) $(LIBCORES) $(LIBREDRESS)
	$(call link,$(CMOCKA_LIBS))
$(BIN)/scenario_run: $(call obj,$(SCENARIO_SRC)) $(LIBCORES) $(LIBREDRESS)
	$(call link)
# Programs that the scripts of tests/integration run against a real broker.
$(OUT)/test/it_%: $(OUT)/o/tests/integration/it_%.o $(LIBCORES) $(LIBREDRESS)
	$(call link)
# Programs of the benchmark (tests/bench/run.sh).
$(BIN)/bench_%: $(OUT)/o/tests/bench/bench_%.o $(LIBREDRESS)
	$(call link)
$(BIN)/bench_classify: $(OUT)/o/tests/bench/bench_classify.o $(LIBCORES) $(LIBREDRESS)
	$(call link)
# Without libFuzzer: tests/fuzz/replay.c hands each file to the fuzzer's entry.
$(OUT)/test/fuzz_%: $(OUT)/o/tests/fuzz/fuzz_%.o $(OUT)/o/tests/fuzz/replay.o $(LIBCORES) $(LIBREDRESS)
	$(call link)

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(CORE_OBJ) $(TEST_HELP_OBJ) \
	$(foreach s,$(SERVICES),$(OUT)/o/services/$s/main.o) \
	$(call obj,$(TEST_SRC) $(SCENARIO_SRC) $(FUZZ_SRC) $(IT_SRC) $(BENCH_SRC) $(wildcard tests/fuzz/replay.c)))

# ---- everyday targets ----------------------------------------------------------------

.PHONY: help docs-check deps build unit scenarios layers unit scenarios codec corpus layers asan tsan clang fuzz \
	integration test test-compose starter-models bench bench-classify bench-clocks e2e chaos demo up down infra status format \
	format-check tidy docs clean programs tests FORCE

help: ## this list
	@echo "make TARGET [VARIABLE=value ...]"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16 | sed 's/^/  /'
	@sed -nE 's/^# ( *[A-Z]+=)/  \1/p; s/^# (Variables: )/\n\1/p' Makefile

deps: ## install Debian/Ubuntu packages and the Kafka broker (root or sudo); quick when all is there
	@deploy/local/deps.sh

build: programs ## all programs: build/bin/redress and build/bin/redress-<service>
programs: $(LIBREDRESS) $(PROGRAMS)
tests: $(TESTS) ## build the unit tests without running them

unit: ## run the unit tests; T=test_door runs one, ONLY="intake" leaves other services out
	@$(MAKE) --no-print-directory -k $(if $(T),$(OUT)/test/$(T),tests); built=$$?; \
	tests/unit/run.sh $$built $(if $(T),$(OUT)/test/$(T),$(TESTS))

scenarios: ## run tests/scenario/*.scn in process, with a clock of their own
ifneq ($(SCENARIO_SRC),)
	@$(MAKE) --no-print-directory $(BIN)/scenario_run
	@$(BIN)/scenario_run $(sort $(wildcard tests/scenario/*.scn))
else
	@echo "scenarios: none there, skipped"
endif

layers: ## rooms include only what they may
	@tests/layers.sh

check: build layers docs-check unit scenarios ## what a commit must pass: build, layers, pages, units, scenarios
docs-check: build ## the generated pages are not stale
	@BIN=$(BIN) deploy/docs.sh --check

# Runs a script of the tests, or says that it is not there.
script = @if [ -x $1 ]; then BUILD=$(BUILD) BIN=$(BIN) $1 $2; else echo "$1: not there, skipped"; fi

codec: build ## our codec against Avro C and fastavro, golden bytes, JSON Schemas
	$(call script,tests/codec/run.sh)

corpus: ## replay the fuzz corpus under ASan and UBSan
	@$(MAKE) --no-print-directory MODE=asan corpus-run
.PHONY: corpus-run
corpus-run: $(FUZZERS)
	@for f in $(FUZZERS); do d=tests/fuzz/corpus/$${f##*/fuzz_}; [ -d $$d ] || continue; \
		$$f $$d/* || exit 1; done; echo "corpus: $(if $(FUZZERS),$(words $(FUZZERS)) passed$(comma) 0 failed,no fuzzer there$(comma) skipped)"

asan: ## unit tests and scenarios under ASan and UBSan
	@$(MAKE) --no-print-directory MODE=asan unit scenarios
tsan: ## the same under ThreadSanitizer
	@$(MAKE) --no-print-directory MODE=tsan unit scenarios
clang: ## build programs and tests with clang, warnings are errors
	@$(MAKE) --no-print-directory CC=clang MODE=clang programs tests

FUZZ_SECONDS ?= 60
fuzz: ## libFuzzer on every fuzzer, FUZZ_SECONDS=60 each (clang)
	@$(MAKE) --no-print-directory CC=clang MODE=fuzz EXTRA_CFLAGS=-fsanitize=fuzzer-no-link,address,undefined \
		LDFLAGS=-fsanitize=fuzzer,address,undefined fuzz-run
.PHONY: fuzz-run
fuzz-run: $(patsubst tests/fuzz/%.c,$(OUT)/lf/%,$(FUZZ_SRC))
	@for f in $^; do d=tests/fuzz/corpus/$${f##*/fuzz_}; mkdir -p $(OUT)/found/$${f##*/}; \
		echo "fuzz: $${f##*/}"; $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		$(OUT)/found/$${f##*/} $$( [ -d $$d ] && echo $$d ) || exit 1; done
$(OUT)/lf/fuzz_%: $(OUT)/o/tests/fuzz/fuzz_%.o $(LIBCORES) $(LIBREDRESS)
	$(call link)

integration: build $(BIN)/scenario_run $(patsubst tests/integration/%.c,$(OUT)/test/%,$(IT_SRC)) ## real Kafka and PostgreSQL: faults, exactly once, row for row
	$(call script,tests/integration/run.sh)

test: ## all of it, from nothing: deps build layers unit scenarios codec corpus asan integration
	@tests/run-all.sh deps build layers docs-check unit scenarios codec corpus asan integration

test-compose: build ## the compose file for real (skipped, visibly, without a Docker engine)
	$(call script,tests/compose/run.sh)

starter-models: build ## the starter models again, in build/starter (DATA=folder; services/classification/starter)
	@REDRESS=$(BIN)/redress services/classification/starter/recipe.sh $(BUILD)/starter $(if $(DATA),--data $(DATA))

bench: build $(patsubst tests/bench/%.c,$(BIN)/%,$(BENCH_SRC)) ## throughput, CPU per event, latency
	$(call script,tests/bench/run.sh)
bench-classify: build $(BIN)/bench_classify ## models: texts a second, beside scikit-learn and fastText (DATA=folder)
	$(call script,tests/bench/classify.sh)
bench-clocks: build $(BIN)/bench_clocks $(BIN)/bench_consume ## a million running clocks: start, memory, firing, restore
	$(call script,tests/bench/clocks.sh)
e2e: build ## the contract (design) checked from outside, on stacks of its own
	$(call script,tests/e2e/run.sh)
chaos: build ## many faults, state compared row for row
	$(call script,tests/chaos/run.sh)

# ---- the local stack -----------------------------------------------------------------

# What the scripts read; given on the command line of make or in the environment.
export BUILD RUN CLOCK PARTITIONS INBOUND_PARTITIONS POLICY PORT_BASE THREADS

demo: ## one command: deps, build, up, import the sample, report; leaves it running
	@deploy/demo/run.sh

up: ## Kafka, PostgreSQL and the six services on loopback (CLOCK=event PARTITIONS= POLICY= PORT_BASE= THREADS= RUN=)
	@deploy/local/up.sh
infra: ## only Kafka and PostgreSQL
	@deploy/local/up.sh infra
down: ## stop all that `up` started; the data stays
	@deploy/local/down.sh
status: ## what of the local stack runs
	@deploy/local/status.sh

# ---- upkeep --------------------------------------------------------------------------

OWN_C = $(wildcard common/*/*.[ch] services/*/*.[ch] services/*/*/*.[ch] schemas/*.[ch] tests/*/*.[ch])
format: ## clang-format all sources; F="file ..." only these
	@clang-format -i $(or $(F),$(OWN_C))
format-check: ## fail where clang-format would change something
	@clang-format --dry-run --Werror $(or $(F),$(OWN_C))
tidy: $(SQL_HEADERS) ## clang-tidy all sources; F="file ..." only these
	@printf '%s\n' $(or $(F),$(filter %.c,$(OWN_C))) | xargs -P 2 -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c17 $(CPPFLAGS) -Ischemas 2>/dev/null' tidy
docs: build ## pages made from the code (deploy/CONFIGURATION.md, lifecycle diagrams)
	$(call script,deploy/docs.sh)
clean: ## remove what was built; the local stack's data (build/run) and caches stay
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name 'run*' ! -name kafka ! -name venv -exec rm -rf {} + 2>/dev/null; true
