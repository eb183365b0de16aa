#!/usr/bin/env bash
# classify.sh - how fast models answer (make bench-classify), beside scikit-learn's and
# fastText's predict: same rows, same machine, same core, one run.
#   DATA=folder         with TASK/train.jsonl.gz (default ../shared/data; no part of this repository)
#   BENCH_TASKS="cfpb_product airline_sentiment shopping10_category_zh"
#   BENCH_MODELS=folder with TASK.model that were trained on the rows of build/classify/TASK.train.jsonl
#                       (default: trains them, one to three minutes each)
#   BENCH_ROUNDS=5      each contender once a round, two to six passes, the best counts; median
#   BENCH_ROWS=3000     unseen rows of a task, at most
#   BENCH_PYTHON=...    with scikit-learn and fasttext (default: a venv under build/, by pip)
# Prints figures as they are and never fails on a slow one; exit 1 when something breaks.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}
export BIN=${BIN:-$BUILD/bin}
export DATA=${DATA:-../shared/data}
export OUT=$BUILD/classify
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
mkdir -p "$OUT"
python=${BENCH_PYTHON:-}
if [ -z "$python" ]; then
    python=$OUT/venv/bin/python
    if ! "$python" -c "import sklearn" 2>/dev/null; then
        python3 -m venv "$OUT/venv" && "$OUT/venv/bin/pip" install -q scikit-learn >"$OUT/pip.log" 2>&1 ||
            echo "scikit-learn cannot be installed here: without it"
    fi
    if [ -x "$python" ] && ! "$python" -c "import fasttext" 2>/dev/null; then
        "$OUT/venv/bin/pip" install -q fasttext-numpy2 >>"$OUT/pip.log" 2>&1 ||
            "$OUT/venv/bin/pip" install -q fasttext >>"$OUT/pip.log" 2>&1 ||
            echo "fastText cannot be built here: without it"
    fi
fi
BENCH_PYTHON=$python exec python3 tests/bench/classify.py
