#!/usr/bin/env bash
# deps.sh - what a bare Debian 12 or Ubuntu 24.04 lacks: packages, the Kafka broker's
# jars, and a Python with the packages of the tests.
# Each part is skipped when it is there; nothing is downloaded twice.  The jars and the
# Python live in ${XDG_CACHE_HOME:-~/.cache}/redress and are linked into build/.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/redress
kafka_version=$(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' deploy/kafka/pom.xml)

# "a|b": any of them will do; the first that the system knows is installed.
packages=(
    gcc make libc6-dev pkg-config clang clang-format clang-tidy
    'libclang-rt-14-dev|libclang-rt-dev|libclang-rt-18-dev'
    librdkafka-dev libavro-dev libpq-dev libjansson-dev uthash-dev libicu-dev
    libmicrohttpd-dev libssl-dev zlib1g-dev libcsv-dev libical-dev liblinear-dev libcmocka-dev
    postgresql kcat default-jre-headless maven
    python3 python3-venv tzdata procps util-linux ca-certificates
)

have() {
    dpkg-query -W -f '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^ii'
}

missing_packages() {
    local entry name found
    for entry in "${packages[@]}"; do
        found=
        for name in ${entry//|/ }; do
            if have "$name"; then found=1; fi
        done
        [ -n "$found" ] || echo "$entry"
    done
}

# The first name of "a|b" that apt can install.
choose() {
    local name
    for name in ${1//|/ }; do
        if apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]'; then
            echo "$name"
            return
        fi
    done
    echo "${1%%|*}"
}

install_packages() {
    local missing sudo='' entry names=()
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "deps: as root, install: ${missing[*]}" >&2
            exit 3
        fi
        sudo=sudo
    fi
    echo "deps: installing ${#missing[@]} packages"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    for entry in "${missing[@]}"; do
        names+=("$(choose "$entry")")
    done
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${names[@]}" >"$build/deps.log" 2>&1 || {
        tail -n 20 "$build/deps.log" >&2
        echo "deps: apt-get failed; the whole of it is in $build/deps.log" >&2
        exit 1
    }
}

install_kafka() {
    local home=$cache/kafka-$kafka_version
    if [ ! -e "$home/complete" ]; then
        echo "deps: fetching Kafka $kafka_version"
        rm -rf "$home.new" && mkdir -p "$home.new"
        mvn -q -B -Dstyle.color=never -f deploy/kafka/pom.xml dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$(cd "$home.new" && pwd)/libs"
        touch "$home.new/complete"
        rm -rf "$home" && mv "$home.new" "$home"
    fi
    ln -sfn "$home" "$build/kafka"
}

install_python() {
    local home=$cache/venv want='fastavro==1.9.7 jsonschema==4.23.0'
    # for the oracle of business time (tests/oracle): holidays and recurrences from elsewhere
    want+=' holidays==0.109 chinesecalendar==1.11.0 python-dateutil==2.9.0.post0'
    if [ "$(cat "$home/complete" 2>/dev/null)" != "$want" ]; then
        echo "deps: making a Python with $want"
        rm -rf "$home" && mkdir -p "$cache"
        python3 -m venv "$home"
        # shellcheck disable=SC2086
        "$home/bin/pip" install -q --disable-pip-version-check $want
        echo "$want" >"$home/complete"
    fi
    ln -sfn "$home" "$build/venv"
}

mkdir -p "$build"
if command -v dpkg-query >/dev/null; then
    install_packages
else
    echo "deps: not a Debian or Ubuntu; install by hand what deploy/local/deps.sh names" >&2
fi
install_kafka
install_python
echo "deps: all there"
