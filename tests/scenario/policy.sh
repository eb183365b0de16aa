#!/usr/bin/env bash
# policy.sh NAME: puts tests/scenario/policies/NAME over the running stack's policy files
# (SCENARIO_DIR, set by real.sh) and returns when every stage has taken them, by SIGHUP.
set -euo pipefail
cd "$(dirname "$0")/../.."
taken() { # taken SERVICE: how often its stages took or refused a policy
    grep -c '"policy_loaded"\|"policy_refused"' "$SCENARIO_DIR/$1.log" || true
}
# Stages with a policy; routing's collect has none.
services=(classification triage sla routing)
declare -A before
end=$((SECONDS + 20))
# Files that change while a service reads them at its start are half of each.
for name in "${services[@]}"; do
    until grep -qs '"event":"started"' "$SCENARIO_DIR/$name.log"; do
        [ $SECONDS -lt $end ] || { echo "policy.sh: $name did not start" >&2; exit 1; }
        read -r -t 0.05 <> <(:) || true
    done
done
for name in "${services[@]}"; do before[$name]=$(taken "$name"); done
cp -R "tests/scenario/policies/$1/." "$SCENARIO_DIR/policy/"
while read -r name pid; do
    [ -z "${before[$name]:-}" ] || kill -HUP "$pid"
done <"$SCENARIO_DIR/pids"
end=$((SECONDS + 20))
for name in "${services[@]}"; do
    until [ "$(taken "$name")" -gt "${before[$name]}" ]; do
        [ $SECONDS -lt $end ] || { echo "policy.sh: $name did not read it" >&2; exit 1; }
        read -r -t 0.05 <> <(:) || true
    done
done
