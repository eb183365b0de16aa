#!/usr/bin/env bash
# run.sh [PART...] - everything that needs real Kafka and PostgreSQL (make integration):
#   stage      the runtime alone under kill -9 (stage.sh)
#   scenarios  the .scn files on the running services (tests/scenario/real.sh)
#   e2e        the contract as an outsider sees it (tests/e2e/run.sh)
#   reload     new policy files for running services (reload.sh)
#   timers     each timer once over kills and rebalances (timers.sh)
#   learn      train, evaluate, classify; training from corrections (learn.sh)
#   policy     policy explain and simulate against stacks that ran it (policy.sh)
#   pipeline   20,000 complaints, faults, row for row; then wide (pipeline.sh)
# Each part has a stack of its own on loopback and takes it down; they run one after the other.
set -u
cd "$(dirname "$0")/../.."
parts=("$@")
[ $# -gt 0 ] || parts=(stage scenarios e2e learn policy reload timers pipeline)
build=$(realpath "${BUILD:-build}")
failed=0

stage() {
    make -s "$build/release/test/it_stage" || return 1
    make -s infra RUN="$build/it/stage" PORT_BASE=19800 PARTITIONS=4 || return 1
    # shellcheck disable=SC1091
    (. "$build/it/stage/env" && tests/integration/stage.sh)
    local status=$?
    make -s down RUN="$build/it/stage"
    rm -rf "$build/it/stage"
    return $status
}
# In two halves side by side: most of a scenario's time is services that join and leave.
scenarios() {
    local files=(tests/scenario/*.scn) odd=() even=() i
    for ((i = 0; i < ${#files[@]}; i += 2)); do
        even+=("${files[i]}")
        odd+=(${files[i + 1]:+"${files[i + 1]}"})
    done
    RUN=$build/it/scenarios1 PORT_BASE=19800 tests/scenario/real.sh "${even[@]}" &
    local first=$! status=0
    RUN=$build/it/scenarios2 PORT_BASE=19900 tests/scenario/real.sh "${odd[@]}" || status=1
    wait "$first" || status=1
    [ $status -ne 0 ] || rm -rf "$build/it/scenarios1" "$build/it/scenarios2"
    return $status
}
e2e() {
    PORT_BASE=19800 tests/e2e/run.sh
}
reload() {
    PORT_BASE=19800 RELOAD_RUN=$build/it/reload tests/integration/reload.sh
    local status=$?
    [ $status -ne 0 ] || rm -rf "$build/it/reload"
    return $status
}
timers() {
    PORT_BASE=19800 TIMERS_RUN=$build/it/timers tests/integration/timers.sh
    local status=$?
    [ $status -ne 0 ] || rm -rf "$build/it/timers"
    return $status
}
policy() {
    PORT_BASE=19800 tests/integration/policy.sh
}
learn() {
    PORT_BASE=19800 LEARN_RUN=$build/it/learn tests/integration/learn.sh
    local status=$?
    [ $status -ne 0 ] || rm -rf "$build/it/learn"
    return $status
}
pipeline() {
    PORT_BASE=19800 tests/integration/pipeline.sh
}

mkdir -p "$build/it"
for part in "${parts[@]}"; do
    began=$SECONDS
    echo "--> $part"
    if "$part"; then word=ok; else word=FAILED failed=$((failed + 1)); fi
    echo "<-- $part: $word, $((SECONDS - began)) s"
done
[ "$failed" -eq 0 ]
