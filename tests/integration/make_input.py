#!/usr/bin/env python3
"""make_input.py N [SEED]: CloudEvents of N complaints with their lives, one JSON a line, in
order of time; 5 % of the lines come twice, 2 % are broken.  The same arguments give the same
bytes.  Texts are made of sentences, about 1 KB each, in English and Chinese."""
import json
import random
import sys
from datetime import datetime, timedelta, timezone

START = datetime(2026, 1, 5, 0, 0, tzinfo=timezone.utc)
PRODUCTS = ["credit card", "mortgage", "flight", "phone contract", "order", None]
ISSUES = ["billing", "delay", "refund", "identity theft", "rude staff", None]
CHANNELS = ["web", "email", "phone", "chat", "app", "social", "post", "review_site"]
REGULATORS = ["CFPB", "FCA", "SAMR", "ASIC"]
EN = ["I have been a customer for {n} years and nothing like this has ever happened to me.",
      "The charge of {n} dollars appeared on my statement although I had cancelled in time.",
      "Nobody answered my {n} calls, and every agent told me a different story.",
      "I want a refund and an apology, not another form letter.",
      "My flight was {n} hours late and the counter was closed.",
      "You promised me a call back within {n} days, and again nothing happened.",
      "The replacement arrived broken as well, the screen was cracked in {n} places.",
      "If this is not solved I will contact a lawyer and the consumer protection office.",
      "Please look at invoice number {n}, the amount is simply wrong.",
      "The branch was friendly, but they could not find my contract."]
ZH = ["我在你们这里买的手机用了{n}天就坏了，客服一直推诿。", "退款申请已经提交{n}次，至今没有任何答复。",
      "工作人员态度恶劣，要求赔偿并道歉。", "再不处理我就向12315投诉。", "快递延误了{n}天，商品也损坏了。",
      "合同里写的价格和扣款的金额不一致。", "希望贵公司尽快给出解决方案。"]


def text(rng, zh):
    parts = ZH if zh else EN
    want = 240 if zh else 900
    out = []
    while sum(len(s) for s in out) < want:
        out.append(rng.choice(parts).format(n=rng.randrange(2, 5000)))
    return ("" if zh else " ").join(out)


def life(rng, ref):
    """(days after the submission, type, data) of one complaint."""
    steps = []
    day = 0.0
    if rng.random() < .6:
        steps.append((day := day + rng.uniform(.02, 2), "acknowledged", {}))
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        steps.append((day := day + rng.uniform(.1, 4), rng.choice(["message", "responded"]),
                      {"text": f"About {ref}: " + rng.choice(EN).format(n=rng.randrange(99))}))
    roll = rng.random()
    if roll < .15:
        steps.append((day := day + .5, "promised",
                      {"promise_id": "p1", "promise": "a call", "due_in_days": rng.uniform(1, 6)}))
        if rng.random() < .5:
            steps.append((day := day + rng.uniform(.5, 8), "promise_kept", {"promise_id": "p1"}))
    elif roll < .3:
        steps.append((day := day + .5, "transferred", {"team": rng.choice(["banking", "travel"])}))
        steps.append((day := day + .5, "transferred", {"team": "front-office"}))
    elif roll < .4:
        steps.append((day := day + .3, "waiting", {"for": rng.choice(["customer", "third_party"])}))
        steps.append((day := day + rng.uniform(.5, 5), "resumed", {}))
    elif roll < .5:
        steps.append((day := day + .7, "remedy_offered", {"remedy": "voucher", "amount": 20,
                                                          "currency": "EUR"}))
        steps.append((day := day + 1, rng.choice(["remedy_accepted", "remedy_refused"]), {}))
    if rng.random() < .6:
        steps.append((day := day + rng.uniform(.5, 20), rng.choice(["resolved"] * 4 + ["rejected"]),
                      {"cause": "billing system", "remedy": "refund", "reason": "no fault found"}))
        if rng.random() < .5:
            steps.append((day := day + .5, "closed", {}))
        if rng.random() < .3:
            steps.append((day := day + rng.uniform(.1, 3), "rated", {"score": rng.randrange(1, 6)}))
        if rng.random() < .12:
            steps.append((day := day + rng.uniform(1, 45), "reopened", {"reason": "not solved"}))
    if rng.random() < .04:
        steps.append((day := day + .2, "withdrawn", {}))
    return steps


def main():
    n = int(sys.argv[1])
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    events = []
    for i in range(n):
        ref = f"R{i}"
        customer = {"id": f"c{rng.randrange(n * 3 // 4)}"}
        if rng.random() < .1:
            customer["tier"] = rng.choice(["gold", "silver"])
        at = START + timedelta(seconds=rng.randrange(60 * 86400))
        zh = rng.random() < .3
        data = {"complaint_ref": ref, "channel": rng.choice(CHANNELS), "text": text(rng, zh),
                "customer": customer, "product": rng.choice(PRODUCTS), "issue": rng.choice(ISSUES)}
        if rng.random() < .03:
            data["regulator"] = {"name": rng.choice(REGULATORS)}
        events.append((at, "submitted", {k: v for k, v in data.items() if v is not None}))
        for day, kind, more in life(rng, ref):
            when = at + timedelta(days=day)
            if "due_in_days" in more:
                due = when + timedelta(days=more.pop("due_in_days"))
                more["due_at"] = due.isoformat(timespec="seconds")
            events.append((when, kind, {"complaint_ref": ref, "customer": {"id": customer["id"]}, **more}))
    events.sort(key=lambda e: e[0])
    late = []
    for number, (when, kind, data) in enumerate(events):
        line = json.dumps({"specversion": "1.0", "id": f"e{number}", "source": "it",
                           "type": f"complaint.{kind}",
                           "time": when.isoformat(timespec="milliseconds"), "data": data},
                          ensure_ascii=False)
        print(line)
        roll = rng.random()
        if roll < .05:
            late.append(line)  # the same again, a little later
        elif roll < .07:
            print(rng.choice([line[: len(line) // 2], line.replace("complaint.", "compliant."),
                              line.replace('"complaint_ref"', '"complaint_reff"').replace(
                                  '"customer"', '"costumer"'),
                              line.replace('"id": "e', '"id": "" , "x": "e', 1)]))
        if len(late) > 50:
            print(late.pop(rng.randrange(len(late))))
    for line in late:
        print(line)


main()
