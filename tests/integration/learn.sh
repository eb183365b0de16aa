#!/usr/bin/env bash
# learn.sh - train, evaluate and classify as a stranger uses them; then training from what
# people corrected, on real Kafka.
#   tests/integration/learn.sh        LEARN_STACK=no: without the part that needs Kafka
# Every line with an id is answered, in order, whatever its bytes; the same rows make the same
# model; what is wrong is said before the work is done; no text ever stands on standard error.
set -euo pipefail
cd "$(dirname "$0")/../.."
port=${PORT_BASE:-19800}
build=$(realpath "${BUILD:-build}")
run=${LEARN_RUN:-$build/it/learn}
examples=$(realpath services/classification/examples)
unset RUN CLOCK PARTITIONS INBOUND_PARTITIONS THREADS POLICY PORT_BASE SOURCE_DATE_EPOCH
export PATH=$build/bin:$PATH

finish() { [ ! -e "$run/env" ] || make -s down RUN="$run" >/dev/null 2>&1 || true; }
trap finish EXIT
# shellcheck source=tests/integration/checks.sh
. tests/integration/checks.sh
rc=0 out='' err=''
redo() { # redo ARGUMENT...: redress with them; rc, out, err
    rc=0
    redress "$@" >"$work/out" 2>"$work/err" || rc=$?
    out=$(tr -d '\0' <"$work/out")
    err=$(<"$work/err")
}
member() { # member JSON PATH...: of an object
    python3 -c 'import json, sys
v = json.loads(sys.argv[1])
for k in sys.argv[2:]:
    v = v[int(k)] if isinstance(v, list) else v.get(k)
print(v)' "$@"
}

work=$run/work
[ ! -e "$run/env" ] || make -s down RUN="$run" >/dev/null 2>&1 || true
rm -rf "$run"
mkdir -p "$work"
cat "$examples"/*.jsonl >"$work/rows.jsonl"
python3 - "$work" <<'PY'
import gzip, json, random, sys
work = sys.argv[1]
rows = [json.loads(line) for line in open(work + "/rows.jsonl", encoding="utf-8")]
random.Random(5).shuffle(rows)
rows = [r for r in rows if r["language"] == "en"][:600]
some = [{"id": r["id"], "text": r["text"], "label": r["kind"]} for r in rows]
def write(name, rows, opened=open):
    with opened(work + "/" + name, "wt", encoding="utf-8") as f:
        f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
write("some.jsonl", some)
write("turned.jsonl.gz", some[:250][::-1], gzip.open)
write("rest.jsonl", some[250:])
write("few.jsonl", some[:12])
write("one-label.jsonl", [dict(r, label="x") for r in some[:50]])
PY
wc -l <"$work/rows.jsonl" >"$work/n"

# --- train ------------------------------------------------------------------------------
model=$work/kind.model
redo train --task kind --labels "$work/some.jsonl" -o "$model" --licence CC0 --source ours
is "train ends well" 0 $rc
is "and writes its card beside the model" "600 CC0 ours kind" \
    "$(card=$(<"$model.card.json"); for k in texts licence source task; do member "$card" $k; done | xargs)"
is "with the day of the training" "$(date -u +%F)" "$(member "$(<"$model.card.json")" date)"
is "and the file's SHA-256" "$(sha256sum <"$work/some.jsonl" | cut -d' ' -f1)" \
    "$(member "$(<"$model.card.json")" data 0 sha256)"
cp "$work/some.jsonl" "$work/"$'s\xff.jsonl'
redo train --task kind --labels "$work/"$'s\xff.jsonl' -o "$work/name.model" --choice 1,0.5,0,0.5,1
is "a file whose name is no UTF-8 has a card" "0 600 1" \
    "$rc $(member "$(<"$work/name.model.card.json")" data 0 rows) $(grep -c '^validation' <<<"$out")"
redo train --task $'k\xff' --labels "$work/some.jsonl" -o "$work/never.model"
is "a task that is no UTF-8 is refused at once" "2 no" "$rc $([ -e "$work/never.model" ] && echo yes || echo no)"
redo train --task kind --labels "$work/rest.jsonl" --labels="$work/turned.jsonl.gz" -o "$work/again.model" \
    --licence CC0 --source ours
is "the same rows in another order, in two files, on any day: the same bytes" same \
    "$(SOURCE_DATE_EPOCH=86400 redress train --task kind "$work/turned.jsonl.gz" "$work/rest.jsonl" \
        -o "$work/day.model" --licence CC0 --source ours --json >"$work/day" &&
        cmp "$model" "$work/again.model" && cmp "$model" "$work/day.model" && echo same)"
is "SOURCE_DATE_EPOCH is the card's day" 1970-01-02 "$(member "$(<"$work/day")" date)"
redo train --task kind --labels "$work/some.jsonl" -o "$work/dated.model" --date 2026-11-22 --choice 0.5,0.5,0,1,0
is "--date stands in the model itself" 1 "$(rm "$work/dated.model.card.json"
    redress classify --card --model "$work/dated.model" | grep -c '^date  *2026-11-22')"
redo classify --card --model "$model"
like "--card shows data, licence, threshold and scores" 'data +some.jsonl: 600 rows' "$out"
for word in '^licence +CC0' '^threshold' '^validation' 'complaint$' 'confidence from'; do
    like "--card: $word" "$word" "$out"
done
redo train --task severity --labels "$work/rows.jsonl" --label-field severity -o "$work/s.model" --choice 0.5,0.5,0,1,0
is "a number is a label" "0 1" "$rc $(redress classify --model "$work/s.model" <"$work/few.jsonl" | sed 1q | grep -cE '"label":"[1-5]"')"
redo train --task double_deviation --labels "$work/rows.jsonl" --label-field double_deviation -o "$work/d.model" \
    --choice 0.5,0.5,0,1,0
is "true and false are yes and no" "no yes" \
    "$(python3 -c 'import json, sys
print(*[l["label"] for l in json.load(sys.stdin)["validation"]["labels"]])' <"$work/d.model.card.json")"
redo train --task issue --labels "$work/rows.jsonl" --label-field issue -o "$work/i.model" --choice 0.5,0.5,0,1,0
with=$(grep -c '"issue": "' "$work/rows.jsonl")
is "lines without the field are counted, no error" "0 $with" "$rc $(member "$(<"$work/i.model.card.json")" texts)"
like "and told" "of $(<"$work/n") lines $(($(<"$work/n") - with)) left out without \"issue\"" "$err"
echo '{"praise":null,"suggestion":"idea"}' >"$work/map.json"
redo train --task kind --labels "$work/some.jsonl" --map "$work/map.json" -o "$work/m.model" --choice 0.5,0.5,0,1,0
is "--map renames and leaves out" "complaint idea inquiry" "$(python3 -c 'import json, sys
print(*[l["label"] for l in json.load(sys.stdin)["validation"]["labels"]])' <"$work/m.model.card.json")"
{ cat "$work/some.jsonl"; printf '{"id":"x","text":"\xff","label":"praise"}\nnot json\n{"id":"y"\n'; } >"$work/damaged.jsonl"
redo train --task kind --labels "$work/damaged.jsonl" -o "$work/x.model" --choice 0.5,0.5,0,1,0
is "damaged lines are a warning" "0 601" "$rc $(member "$(<"$work/x.model.card.json")" texts)"
like "with how many, and where" 'no JSON object.*repaired; first at line 602' "$err"

redo train --task kind --labels "$work/few.jsonl" -o "$work/no.model"
is "too few texts" 1 $rc
like "is said, with what to do" '12 texts are too few.*--labels' "$err"
redo train --task kind --labels "$work/one-label.jsonl" -o "$work/no.model"
is "one label only" "1 1" "$rc $(grep -c 'same label' <<<"$err")"
redo train --task kind --labels "$work/some.jsonl" --label-field nothing -o "$work/no.model"
is "no labels at all" "1 1" "$rc $(grep -c -- --label-field <<<"$err")"
redo train --task kind --labels "$work/nowhere.jsonl" -o "$work/no.model"
is "no such file" 2 $rc
is "and none of these left a file" "" "$(find "$work" -name 'no.model*')"
mkdir "$work/dir"
for target in "$work/none/m" "$work/dir" /dev/null -; do
    redo train --task kind --labels "$work/nowhere.jsonl" -o "$target"
    is "-o $(basename "$target") is refused before anything is read" "2 0" "$rc $(grep -c nowhere.jsonl <<<"$err")"
done
(ulimit -f 100; redo train --task kind --labels "$work/nowhere.jsonl" -o "$work/full.model"; echo "$rc $err" >"$work/full")
is "so is a disk that has no room for a model" "2 0 " \
    "$(cut -c1 "$work/full") $(grep -c nowhere.jsonl "$work/full") $(find "$work" -name 'full.model*')"
# Its input stays open for as long as this shell holds it.
mkfifo "$work/open"
exec 9<>"$work/open"
redress train --task kind --labels - -o "$work/killed.model" <"$work/open" 2>/dev/null &
pid=$!
cat "$work/some.jsonl" >&9
while ! readlink /proc/$pid/fd/0 2>/dev/null | grep -q "$work/open"; do read -r -t 0.05 <> <(:) || true; done
kill -INT $pid
kill -TERM $pid
wait $pid 2>/dev/null || true
exec 9>&-
is "a training that is stopped leaves nothing" "" "$(find "$work" -name 'killed*')"
for usage in "" "--task kind" "--task kind -o m" "--task kind -o m --labels f --choice 1" "--task kind -o m --labels f --date soon" \
    "--task sentiment -o m --from-corrections" "--task kind -o m --labels f --since 2026-01-01" "--task kind -o m -o n --labels f"; do
    # shellcheck disable=SC2086
    redo train $usage
    is "usage: train $usage" 2 $rc
done

# --- classify ---------------------------------------------------------------------------
python3 - "$work/hostile" <<'PY'
import json, sys
lines, ids = [], []
def line(bytes_, id_=None):
    lines.append(bytes_)
    if id_ is not None:
        ids.append(id_)
line(b'\xef\xbb\xbf{"id":"bom","text":"secretword"}', "bom")
line(b'{"id":"crlf","text":"secretword"}\r', "crlf")
line(b'{"id":"bytes","text":"\xff\xfe caf\xe9 \xc3"}', "bytes")
line(b'{"id":"nul","text":"a\\u0000b"}', "nul")
line(b'{"id":"raw nul","text":"a\x00b"}', "raw nul")
line(b'{"id":"a\\u0000b","text":"x"}', "a\0b")
line(b'{"id":"half","text":"\\ud800 x \\udc00"}', "half")
line(b'{"id":"\\ud83d\\ude00","text":"x"}', "\U0001f600")
line(b'{"id":"quote\\"d \\\\","text":"x"}', 'quote"d \\')
line(b'{"id":17,"text":"x"}', 17)
line(b'{"id":-1.5,"text":"x"}', -1.5)
line(b'{"id":12345678901234567890123,"text":"x"}', 12345678901234567890123)
line(b'')
line(b'  \t ')
line(b'{"id":"","text":"x"}', "")
line(b'{"id":"empty","text":""}', "empty")
line(b'{"id":"null","text":null}', "null")
line(b'{"id":"none"}', "none")
line(b'{"id":"subject","subject":"where is my refund"}', "subject")
line(b'{"id":"first","text":"x","id":"twice","text":"y"}', "twice")
line(b'{"id":"open","text":"no end', "open")
line(b'{"text":"an "unescaped" quote","id":"late"}', "late")
line(b'{"id":"junk","text":"x"} junk', "junk")
line(b'{"id":"number","text":42}', "number")
line(b'{"id":"deep","m":' + b"[" * 100000 + b"]" * 100000 + b',"text":"x"}', "deep")
line(b'{"id":"long","text":"' + b"bad service " * 500000 + b'"}', "long")
line(b'{"text":"' + "差".encode() * 2000000 + b'","id":"behind"}', "behind")
line(b'{"text":"no id"}')
line(b'{"id":null,"text":"x"}')
line(b'["id"]')
line(b'{"id":"last","text":"no newline"}', "last")
open(sys.argv[1], "wb").write(b"\n".join(lines))
json.dump(ids, open(sys.argv[1] + ".ids", "w"))
PY
answered() { # answered FILE: its ids are those expected, in order; keys are what they must be
    python3 - "$1" "$work/hostile.ids" <<'PY'
import json, sys
ids = json.load(open(sys.argv[2]))
got = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8", newline="\n")]
assert [a["id"] for a in got] == ids, [a["id"] for a in got]
assert [type(a["id"]) for a in got] == [type(i) for i in ids]
for a in got:
    assert list(a) == ["id", "task", "label", "confidence", "needs_review", "reasons"], a
    assert a["task"] == "kind" and a["label"] in ("complaint", "inquiry", "suggestion", "praise")
    assert 0 <= a["confidence"] <= 1 and isinstance(a["needs_review"], bool)
    assert all(isinstance(r["text"], str) and r["weight"] > 0 for r in a["reasons"])
by = {a["id"]: a for a in got}
assert by["empty"]["needs_review"] and by["none"]["needs_review"] and not by["empty"]["reasons"]
assert "refund" in " ".join(r["text"] for r in by["subject"]["reasons"]) or by["subject"]["reasons"]
print("all")
PY
}
rc=0
redress classify --model "$model" <"$work/hostile" >"$work/answers" 2>"$work/err" || rc=$?
err=$(<"$work/err")
is "every line with an id is answered, in order" all "$(answered "$work/answers" 2>&1 | tail -1)"
is "lines without an id: exit 1" 1 $rc
like "and how many" 'standard input: of 29 lines 1 left out that are no JSON object, 2 left out without "id".*repaired' "$err"
is "in one line, without a word of a text" "1 0" "$(wc -l <<<"$err") $(grep -cE 'secretword|refund|差' <<<"$err" || true)"
gzip -c "$work/hostile" >"$work/hostile.gz"
is "gzip by name, by bytes and as two members" same "$(
    set +o pipefail
    redress classify --model "$model" "$work/hostile.gz" 2>/dev/null | cmp - "$work/answers" &&
        redress classify --model "$model" - <"$work/hostile.gz" 2>/dev/null | cmp - "$work/answers" &&
        { head -c 700 "$work/hostile" | gzip -c && tail -c +701 "$work/hostile" | gzip -c; } |
        redress classify --model "$model" 2>/dev/null | cmp - "$work/answers" && echo same)"
redo classify --model "$model" "$work/few.jsonl"
is "good lines: exit 0, silence" "0 12 " "$rc $(wc -l <"$work/out") $err"
redo classify --model "$model" --model "$work/s.model" "$work/few.jsonl"
is "two models: a line a task" "kind severity kind severity" \
    "$(head -4 "$work/out" | sed 's/.*"task":"\([a-z]*\)".*/\1/' | xargs)"
mkdir "$work/models"
cp "$model" "$model.card.json" "$work/s.model" "$work/models"
redo classify --models "$work/models" "$work/few.jsonl"
is "--models: every model in a folder" "0 24" "$rc $(wc -l <"$work/out")"
is "an answer comes before the next line is written" "1 2" "$(timeout 30 python3 - "$model" <<'PY'
import json, subprocess, sys
talk = subprocess.Popen(["redress", "classify", "--model", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for i in (1, 2):
    talk.stdin.write(b'{"id":%d,"text":"where is my parcel"}\n' % i)
    talk.stdin.flush()
    print(json.loads(talk.stdout.readline())["id"], end=" " if i == 1 else "")
talk.stdin.close()
sys.exit(talk.wait())
PY
)"
is "nobody reads on: it ends" 1 "$(
    set +o pipefail
    yes '{"id":1,"text":"x"}' 2>/dev/null | timeout 60 redress classify --model "$model" 2>/dev/null | head -1 >/dev/null
    echo "${PIPESTATUS[1]}")"
redo classify --model "$work/some.jsonl" "$work/few.jsonl"
is "what is no model" "2 1" "$rc $(grep -c 'not a usable model' <<<"$err")"
head -c 5000 "$model" >"$work/half.model"
redo classify --model "$work/half.model" "$work/few.jsonl"
is "half a model" 2 $rc
redo classify --model "$model" "$work/nowhere"
is "no such input" 2 $rc
mkdir "$work/policy"
REDRESS_POLICY_DIR=$work/policy redo classify "$work/few.jsonl"
is "no model named" "2 1" "$rc $(grep -c -- '--model' <<<"$err")"
echo '{"version":"1","models":[{"task":"severity","file":"../models/s.model"},{"task":"kind","file":"../models/kind.model"}]}' \
    >"$work/policy/models.json"
REDRESS_POLICY_DIR=$work/policy redo classify "$work/few.jsonl"
is "then those of the service" "0 24" "$rc $(wc -l <"$work/out")"
sed -i 's|s.model"|&,"threshold":0.0|; s|kind.model"|&,"threshold":1|' "$work/policy/models.json"
REDRESS_POLICY_DIR=$work/policy redo classify "$work/few.jsonl"
is "at its thresholds" "12 0" \
    "$(grep -c '"severity".*"needs_review":false' "$work/out") $(grep -c '"kind".*"needs_review":false' "$work/out" || true)"
REDRESS_POLICY_DIR=$work/policy redo classify --card
is "and their cards" "severity kind" "$(sed -n 's/^task  *//p' "$work/out" | xargs)"

# --- evaluate ---------------------------------------------------------------------------
redo evaluate --model "$model" --labels "$work/some.jsonl" --json
is "evaluate: figures as JSON" "0 600 0" "$rc $(member "$out" texts) $(member "$out" unknown texts)"
is "counted by hand, the same accuracy" "$(member "$out" accuracy)" "$(
    redress classify --model "$model" "$work/some.jsonl" | python3 -c 'import json, sys
truth = {r["id"]: r["label"] for r in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
said = [json.loads(line) for line in sys.stdin]
print(round(sum(truth[a["id"]] == a["label"] for a in said) / len(said), 4))' "$work/some.jsonl")"
redo evaluate --model "$model" --labels "$work/rows.jsonl" --label-field kind
for word in 'accuracy' 'macro-F1' 'calibration error' 'precision' 'confidence from' 'not for review' 'said to be'; do
    like "evaluate says: $word" "$word" "$out"
done
sed 's/"label": "praise"/"label": "thanks"/' "$work/some.jsonl" >"$work/thanks.jsonl"
thanks=$(grep -c '"thanks"' "$work/thanks.jsonl")
redo evaluate --model "$model" --labels "$work/thanks.jsonl" --json
is "labels that the model does not know are counted apart" "0 $((600 - thanks)) $thanks thanks" \
    "$rc $(member "$out" texts) $(member "$out" unknown texts) $(member "$out" unknown labels 0 label)"
redo evaluate --model "$model" --labels "$work/thanks.jsonl"
like "and named" "thanks \($thanks\)" "$out"
echo '{"thanks":"praise"}' >"$work/map.json"
redo evaluate --model "$model" --labels "$work/thanks.jsonl" --map "$work/map.json" --json
is "--map makes them known" 600 "$(member "$out" texts)"
redo evaluate --model "$work/s.model" --labels "$work/some.jsonl"
is "another task's labels" "1 1" "$rc $(grep -c 'none of 600 texts has a label that the model knows' <<<"$err")"
redo evaluate --folds 3 --task kind --labels "$work/some.jsonl" --json
folds=$out
is "folds: each text once" "0 600 600 3" "$rc $(member "$out" texts) $(python3 -c 'import json, sys
f = json.loads(sys.argv[1])["folds"]; print(sum(x["texts"] for x in f), len(f))' "$out")"
redo evaluate --folds 3 --task kind "$work/rest.jsonl" "$work/turned.jsonl.gz" --json
is "and the same figures from any order" "$(sed 's/"seconds.*//' <<<"$folds")" "$(sed 's/"seconds.*//' <<<"$out")"
echo '{"id":"x"}' >"$work/unlabelled"
redo evaluate --folds 2 --task kind --labels "$work/some.jsonl" --labels "$work/unlabelled" --choice 1,0.5,0,0.5,1 --json
is "and what was left out" "600 1" "$(member "$out" texts) $(member "$out" left_out)"
python3 - "$work" <<'PY'
import json, random, sys
lot = random.Random(1)
words = ["red", "green", "blue", "kettle", "parcel", "refund", "late", "broken", "lid"]
with open(sys.argv[1] + "/lots.jsonl", "w") as f:
    for i in range(200): # each text three times, its label by lot: only a leak can tell it
        text = " ".join(lot.choice(words) for _ in range(8)) + f" n{i}"
        label = lot.choice("ab")
        for k in range(3):
            f.write(json.dumps({"id": f"{i}.{k}", "text": text, "label": label}) + "\n")
PY
redo evaluate --folds 5 --task lots --labels "$work/lots.jsonl" --choice 0.5,0.5,0,1,0 --json
is "equal texts stand in one fold" yes "$(python3 -c 'import sys
print("yes" if 0.35 < float(sys.argv[1]) < 0.65 else sys.argv[1])' "$(member "$out" accuracy)")"
is "folds leave no file" "" "$(find "$work" -newer "$work/lots.jsonl" -name '*.model*')"
for usage in "" "--model m" "--labels f" "--model m --folds 3 --labels f" "--folds 3 --labels f" "--folds 1 --task t --labels f"; do
    # shellcheck disable=SC2086
    redo evaluate $usage
    is "usage: evaluate $usage" 2 $rc
done

# --- from what people corrected ---------------------------------------------------------
if [ "${LEARN_STACK:-yes}" = yes ]; then
    make -s up RUN="$run" PORT_BASE="$port" CLOCK=event PARTITIONS=4 INBOUND_PARTITIONS=1 >/dev/null
    # shellcheck disable=SC1091
    . "$run/env"
    redo train --task product --from-corrections -o "$work/c.model"
    is "nothing was corrected yet" "1 1" "$rc $(grep -c 'more corrections are needed' <<<"$err")"
    python3 - "$work" <<'PY'
import json, random, sys
lot = random.Random(7)
topic = {"airship": ["zeppelin", "mooring", "helium", "gondola"], "submarine": ["periscope", "ballast", "sonar", "hatch"]}
n = 0
def event(kind, time, data, type_="complaint"):
    global n
    n += 1
    print(json.dumps({"specversion": "1.0", "id": f"l{n}", "source": "learn", "type": f"{type_}.{kind}",
                      "time": time, "data": data}))
def corrected(i, time="2026-03-03T09:00:00Z", **said):
    event("corrected", time, dict(said, complaint_ref=f"R{i}", customer={"id": f"c{i}"}))
sys.stdout = open(sys.argv[1] + "/events", "w")
for i in range(66):
    product = sorted(topic)[i % 2]
    text = " ".join(lot.choice(topic[product]) for _ in range(5)) + " secretword" + str(i % 7)
    data = {"complaint_ref": f"R{i}", "customer": {"id": f"c{i}"}, "channel": "web", "kind": "complaint",
            "product": "wrong", "issue": "leak", "text": text, "subject": "about " + topic[product][0]}
    if i == 65:
        del data["text"], data["subject"]
    event("submitted", "2026-03-02T09:00:00Z", data)
for i in range(60): # said wrongly first, then rightly: the last wins
    if i % 3 == 0:
        corrected(i, product="guess")
    corrected(i, product=sorted(topic)[i % 2])
corrected(0, "2026-03-05T09:00:00Z", severity=4)          # of another task: changes nothing
corrected(60, product="airship")                          # erased below
corrected(61, product="airship")                          # erased before it was corrected
event("erased", "2026-03-04T09:00:00Z", {"customer": {"id": "c60"}}, "customer")
event("erased", "2026-03-02T10:00:00Z", {"customer": {"id": "c61"}}, "customer")
corrected(62, product="airship")                          # merged below, into another of its customer
event("submitted", "2026-03-03T10:00:00Z", {"complaint_ref": "R62b", "customer": {"id": "c62"}, "channel": "web",
                                            "kind": "complaint", "text": "the gondola again, mooring lost"})
corrected(65, product="airship")                          # no text
corrected(64, "2026-03-10T09:00:00Z", product="airship")  # later than --since
PY
    redress publish "$work/events" >/dev/null
    redress wait --timeout 120 >/dev/null
    into=$(psql -X -q -At "$REDRESS_BI_DSN" -c "SELECT complaint_id FROM bi.complaints WHERE complaint_ref = 'R62b'")
    printf '{"specversion":"1.0","id":"m","source":"learn","type":"complaint.merged","time":"2026-03-11T09:00:00Z","data":{"complaint_ref":"R62","customer":{"id":"c62"},"into":"%s"}}\n' "$into" |
        redress publish - >/dev/null
    redress wait --timeout 120 >/dev/null
    redo train --task product --from-corrections -o "$work/c.model"
    is "train from corrections" 0 $rc
    like "says what it took and left out" \
        '65 complaints with a corrected product: 61 to learn from, left out: 2 of erased customers, 1 merged, 1 without text' "$err"
    is "no text on standard error" 0 "$(grep -cE 'secretword|zeppelin|sonar' <<<"$err" || true)"
    is "the card has the rows" "61 complaints.routed 61 4" "$(card=$(<"$work/c.model.card.json")
        { member "$card" texts; for k in file rows left_out; do member "$card" data 0 $k; done; } | xargs)"
    redo evaluate --model "$work/c.model" --labels "$work/one-label.jsonl"
    like "the last correction of each is its label" 'file: x; model: airship, submarine;' "$err"
    is "what was corrected is learnt, not what upstream said" "airship submarine" "$(
        printf '%s\n' '{"id":1,"text":"helium and mooring of the zeppelin"}' '{"id":2,"text":"the sonar and the ballast hatch"}' |
            redress classify --model "$work/c.model" | sed 's/.*"label":"\([a-z]*\)".*/\1/' | xargs)"
    redo train --task product --from-corrections -o "$work/c2.model"
    is "the same history, the same bytes" 0 "$(cmp "$work/c.model" "$work/c2.model" >/dev/null; echo $?)"
    redo train --task product --from-corrections --since 2026-03-09 --labels "$work/some.jsonl" -o "$work/c3.model" \
        --choice 0.5,0.5,0,1,0
    is "--since, and lines besides" "0 601" "$rc $(member "$(<"$work/c3.model.card.json")" texts)"
    redo train --task severity --from-corrections -o "$work/no.model"
    is "one severity is too little" "1 1" "$rc $(grep -c '1 texts are too few' <<<"$err")"
    redo train --task kind --from-corrections -o "$work/no.model"
    is "nobody corrected a kind" "1 1" "$rc $(grep -c '0 texts are too few' <<<"$err")"
    REDRESS_KAFKA_BROKERS=127.0.0.1:1 redo train --task kind --from-corrections -o "$work/no.model"
    is "Kafka is away" "3 0" "$rc $(find "$work" -name 'no.model*' | wc -l)"
fi

echo "learn: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
