#!/usr/bin/env python3
"""Writes sample.jsonl and answers.jsonl: CloudEvents, the same bytes at every run.

    cd deploy/demo && python3 make_sample.py

All people, companies and texts are invented. texts.py holds the words, stories.py the lives
written by hand; here they are put on a calendar (February and March 2026, UTC), with the
duplicates, strays and broken messages of any real feed between them.
"""
import hashlib
import hmac
import json
import random
from datetime import datetime, timedelta, timezone

import stories
import texts

START = datetime(2026, 2, 2, 7, tzinfo=timezone.utc)
NOW = datetime(2026, 3, 25, 9, tzinfo=timezone.utc)  # run.sh moves the clock to here
SALT = b"redress-local-salt"  # of the local stack (deploy/local/up.sh)
rnd = random.Random(1912)

events = []  # (time, order, line)
seen = {}


def when(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def put(at, source, kind, data):
    """One CloudEvent; what lies after NOW has not happened yet."""
    if at >= NOW:
        return None
    number = seen[source] = seen.get(source, 0) + 1
    event = {"specversion": "1.0", "id": f"{source.split('/')[0]}-{number:05d}", "source": source,
             "type": kind, "time": when(at), "data": data}
    events.append((at, len(events), json.dumps(event, ensure_ascii=False, separators=(",", ":"))))
    return event


def name_of(customer, channel):
    """How a later event names the customer: by the first identifier, which is enough."""
    for key in ("id", "email", "phone", "handle"):
        if key in customer:
            named = {"customer": {key: customer[key]}}
            return named | {"channel": channel} if key == "handle" else named
    return {}


def submit(at, source, ref, customer, channel, **data):
    put(at, source, "complaint.submitted",
        {"complaint_ref": ref, "channel": channel, "customer": customer} | data)
    naming = {"complaint_ref": ref} | name_of(customer, channel)

    def step(days, kind, more):
        moment = at + timedelta(days=days)
        if "due_at" in more:
            more = more | {"due_at": when(moment + timedelta(days=float(more["due_at"])))}
        return put(moment, source, "complaint." + kind, naming | more)
    return step


def tell(story):
    story = dict(story)
    steps, at = story.pop("steps"), parse(story.pop("at"))
    step = submit(at, story.pop("source"), story.pop("ref"), story.pop("customer"),
                  story.pop("channel"), **story)
    for days, kind, more in steps:
        step(days, kind, more)


# ---- composed lives ------------------------------------------------------------------------

def pick(en, zh, lang):
    return rnd.choice(en if lang == "en" else zh)


def person(lang, brand):
    if lang == "en":
        first, last = rnd.choice(texts.FIRST), rnd.choice(texts.LAST)
        name, mail = f"{first} {last}", f"{first}.{last}{rnd.randint(1, 99)}@example.com".lower()
    else:
        name = rnd.choice(texts.ZH_LAST) + rnd.choice(texts.ZH_FIRST)
        mail = f"user{rnd.randint(10000, 99999)}@example.cn"
    kind = rnd.random()
    if kind < 0.55:
        prefix = "".join(w[0] for w in brand.split()).upper()
        who = {"id": f"{prefix}-{rnd.randint(100000, 999999)}", "name": name, "email": mail}
        if rnd.random() < 0.45:
            who["tier"] = rnd.choice(["gold", "silver", "silver", "standard", "platinum", "new"])
            who["since"] = f"{rnd.randint(2006, 2025)}-{rnd.randint(1, 12):02d}-01"
        return who
    if kind < 0.85:
        return {"email": mail, "name": name}
    return {"phone": f"+1 415 555 {rnd.randint(1000, 9999)}", "name": name}


def fill(core, at, lang, things=texts.GOODS):
    thing = rnd.choice(things)
    day = at - timedelta(days=rnd.randint(1, 9))
    return core.format(thing=thing[0 if lang == "en" else 1], n=rnd.randint(2, 9),
                       day=day.strftime("%A") if lang == "en" else f"{day.month}月{day.day}日",
                       sum=f"{rnd.randint(9, 900)}.{rnd.choice(['00', '50', '95'])}", years=rnd.randint(3, 20),
                       order=f"{rnd.choice('ABCK')}{rnd.randint(1000, 9999)}")


def compose(family, at, lang):
    remedy = family["remedy"] if rnd.random() < 0.7 else rnd.choice(sorted(texts.EN_WISH))
    if lang == "en":
        parts = [rnd.choice(texts.EN_OPEN), rnd.choice(family["en"]), rnd.choice(texts.EN_SO), rnd.choice(texts.EN_WISH[remedy])]
    else:
        parts = [rnd.choice(texts.ZH_OPEN), rnd.choice(family["zh"]), rnd.choice(texts.ZH_SO), rnd.choice(texts.ZH_WISH[remedy])]
    things = texts.THINGS if family["brand"] == "Sanhe" else texts.GOODS
    return (" " if lang == "en" else "").join(fill(p, at, lang, things) for p in parts if p)


LIVES = ["good", "good", "good", "slow", "broken", "broken", "kept", "refused", "refused", "bounced", "bounced",
         "silent", "appeal", "reopened", "withdrawn", "asked", "plain", "plain", "plain", "referred"]


def live(step, life, lang, unit):
    """The life of a composed complaint, in days after its submission."""
    j = lambda a, b: round(rnd.uniform(a, b), 3)
    say = lambda words: {"text": words}
    reply = say(pick(texts.EN_REPLY, texts.ZH_REPLY, lang).format(name=rnd.choice(texts.FIRST)))
    answer = say(pick(texts.EN_ANSWER, texts.ZH_ANSWER, lang))
    again = lambda: say(pick(texts.EN_AGAIN, texts.ZH_AGAIN, lang))
    cause = {"cause": rnd.choice(["step of the check left out", "wrong address in the master data", "part from a bad batch",
                                  "message went to a closed mailbox", "new form without the old field", "carrier's scan"])}
    done = lambda d: (step(d, "resolved", cause | {"remedy": rnd.choice(["put right", "money returned", "exchanged"])}))
    if life == "silent":
        step(j(4, 6), "message", again())
        step(j(9, 11), "message", again())
        return
    step(j(0.02, 0.6 if life != "slow" else 2.5), "acknowledged", {})
    if life in ("good", "plain"):
        step(j(0.3, 1.4), "responded", answer)
        if life == "good":
            step(1.5, "remedy_offered", {"remedy": "money returned", "amount": rnd.randint(10, 200), "currency": "EUR"})
            step(j(1.6, 2.5), "remedy_accepted", {})
        done(j(2.6, 5))
        if rnd.random() < 0.6:
            step(j(5.1, 7), "rated", {"score": rnd.choice([3, 4, 4, 5, 5])})
        step(j(8, 11), "closed", {})
    elif life == "slow":
        step(j(3, 4), "waiting", {"for": "third_party", "reason": "carrier's report"})
        step(j(8, 10), "resumed", {})
        step(j(10.5, 13), "responded", reply)
        done(j(17, 24))
        step(j(25, 26), "rated", {"score": rnd.choice([2, 3, 3])})
    elif life in ("broken", "kept"):
        promise = {"promise_id": f"P{rnd.randint(1000, 9999)}", "promise": "A call with the result"}
        step(1.2, "promised", promise | {"due_at": j(2, 4)})
        if life == "kept":
            step(j(2.5, 3.1), "promise_kept", {"promise_id": promise["promise_id"]})
            step(3.12, "responded", answer)
            done(j(3.2, 6))
        else:
            step(j(5.5, 8), "message", again())
            if rnd.random() < 0.6:
                step(j(9, 12), "responded", answer)
                done(j(12.5, 15))
                step(j(15.5, 18), "rated", {"score": rnd.choice([1, 2, 2, 3])})
    elif life == "refused":
        step(j(0.8, 2), "responded", reply)
        step(2.5, "remedy_offered", {"remedy": "voucher", "amount": 10, "currency": "EUR"})
        step(j(2.6, 4), "remedy_refused", {"reason": pick(texts.EN_REFUSE, texts.ZH_REFUSE, lang)})
        if rnd.random() < 0.6:
            step(6.0, "remedy_offered", {"remedy": "money returned", "amount": rnd.randint(30, 300), "currency": "EUR"})
            step(j(6.1, 7), "remedy_accepted", {})
            done(j(7.1, 9))
            step(j(9.5, 11), "rated", {"score": rnd.choice([3, 4])})
    elif life == "bounced":
        teams = rnd.sample(["claims", "billing", "dispatch", "partner-desk", unit], 4)
        for i in range(rnd.randint(2, 4)):
            step(1 + i * 1.3, "transferred", {"team": teams[i], "reason": "not ours"})
        step(j(6, 8), "message", again())
        if rnd.random() < 0.4:
            step(j(9, 12), "responded", answer)
            done(j(12.5, 14))
            step(j(15, 16), "rated", {"score": 2})
    elif life == "appeal":
        step(j(2, 4), "rejected", {"reason": "outside the terms"})
        step(j(5, 7), "reopened", {"reason": pick(texts.EN_REOPEN, texts.ZH_REOPEN, lang)})
        if rnd.random() < 0.5:
            step(j(8, 9), "responded", answer)
            done(j(9.5, 12))
    elif life == "reopened":
        step(j(0.7, 2), "responded", reply)
        done(j(2.5, 4))
        step(j(6, 12), "reopened", {"reason": pick(texts.EN_REOPEN, texts.ZH_REOPEN, lang)})
        if rnd.random() < 0.5:
            step(j(13, 15), "responded", answer)
            done(j(15.5, 19))
            step(j(20, 21), "rated", {"score": rnd.choice([2, 3, 4])})
    elif life == "withdrawn":
        step(j(3, 6), "withdrawn", {})
    elif life == "asked":
        step(j(0.7, 1.5), "waiting", {"for": "customer", "reason": "photo of the type plate"})
        if rnd.random() < 0.6:
            step(j(2, 4), "message", say("Here is the photo." if lang == "en" else "照片已经上传。"))
            step(j(4.2, 5), "responded", answer)
            done(j(5.5, 7))
    elif life == "referred":
        step(j(3, 5), "responded", reply)
        step(j(8, 10), "referred", {"to": "Ombudsman", "case_ref": f"OMB-{rnd.randint(1000, 9999)}"})


def working_hour(at):
    return at.replace(hour=rnd.randint(6, 21), minute=rnd.randint(0, 59), second=rnd.randint(0, 59))


def composed():
    number = 10000
    regulars = {}  # some complain more than once
    for family in texts.FAMILIES:
        source = family["brand"].lower().replace(" ", "-") + "/crm"
        for _ in range(family["n"]):
            number += rnd.randint(1, 7)
            lang = "zh" if rnd.random() < 0.33 else "en"
            # More of the newer than of the older ones: the desk is busy now.
            days = 51 * (1 - rnd.random() ** 1.4)
            at = working_hour(START + timedelta(days=min(days, 50)))
            channel = rnd.choice(["web", "web", "web", "email", "email", "phone", "phone", "app", "chat", "branch", "post", "social", "review_site"])
            known = regulars.setdefault((family["brand"], lang), [])
            customer = rnd.choice(known) if known and rnd.random() < 0.15 else person(lang, family["brand"])
            known.append(customer)
            more = {}
            if channel in ("social", "review_site"):
                customer = {"handle": f"@{customer['name'].split()[0].lower()}{rnd.randint(10, 99)}", "name": customer["name"], "followers": rnd.randint(20, 9000)}
                more["reach"] = {"views": rnd.randint(30, 4000), "shares": rnd.randint(0, 30), "replies": rnd.randint(0, 40)}
            else:  # the form asks for them; nobody fills in a form to shout
                more |= {"product": family["product"], "issue": family["issue"]}
            step = submit(at, source, f"{family['name'][:2].upper()}-{number}", customer, channel, brand=family["brand"],
                          text=compose(family, at, lang), **more)
            live(step, rnd.choice(LIVES), lang, family["unit"])


def router_burst():
    """One bad update, one weekend: the same fault from everywhere."""
    for i in range(46):
        at = datetime(2026, 3, 20, 23, tzinfo=timezone.utc) + timedelta(hours=72 * (i / 46) ** 0.6 + rnd.random())
        lang = "zh" if i % 3 == 2 else "en"
        customer = person(lang, "Lumio")
        text = fill(pick(texts.ROUTER_EN, texts.ROUTER_ZH, lang), at, lang)
        step = submit(at, "lumio/tickets", f"LU-{7000 + i}", customer, rnd.choice(["web", "app", "chat", "phone", "email"]), brand="Lumio",
                      product="broadband", issue="outage", text=text)
        if i % 3:
            step(rnd.uniform(0.02, 0.8), "acknowledged", {"automatic": True})
        if i % 7 == 3:
            step(rnd.uniform(0.9, 1.6), "message", {"text": pick(texts.EN_AGAIN, texts.ZH_AGAIN, lang)})
        if i % 5 == 1:
            step(1.1, "responded", {"text": "We have called the update back. Please keep the router plugged in tonight." if lang == "en"
                                    else "我们已经撤回更新，今晚请不要断电。"})


def small_talk():
    for i, (text, lang, brand) in enumerate(texts.INQUIRIES + texts.SUGGESTIONS + texts.PRAISE):
        at = working_hour(START + timedelta(days=rnd.uniform(0, 50)))
        source = brand.lower().replace(" ", "-") + "/crm"
        channel = rnd.choice(["web", "email", "app", "chat", "phone", "branch"])
        step = submit(at, source, f"HI-{500 + i}", person(lang, brand), channel, brand=brand, text=text)
        if i < len(texts.INQUIRIES) + len(texts.SUGGESTIONS) and i % 4:
            step(rnd.uniform(0.1, 1.5), "responded", {"text": "Thank you for asking; the answer is in the attachment." if lang == "en" else "您好，详情请见附件。"})
            step(2, "resolved", {"remedy": "answered"})


def strays():
    """What any feed brings along: steps that cannot be, followers of nobody, broken messages."""
    step = submit(parse("2026-03-05T09:00:00Z"), "larkfield/desk", "LK-4100", {"id": "LK-56001", "name": "Rosa Iversen"}, "web",
                  product="clothing", issue="quality", text="The winter coat lost its lining on the second day.")
    step(0.2, "acknowledged", {})
    step(0.5, "remedy_accepted", {})  # nothing was offered: a refused step
    step(1.0, "responded", {"text": "We send a new one today."})
    step(1.1, "resolved", {"cause": "glue", "remedy": "exchanged"})
    step(1.2, "acknowledged", {})  # too late to acknowledge: a refused step
    for ref in ("LK-NEVER-1", "LK-NEVER-2"):
        put(parse("2026-03-11T10:00:00Z"), "larkfield/desk", "complaint.message",
            {"complaint_ref": ref, "customer": {"id": "LK-999999"}, "text": "About my complaint that never reached you."})
    at, bad = parse("2026-03-12T08:00:00Z"), "partner-feed"
    good = {"complaint_ref": "PF-1", "channel": "web", "customer": {"id": "PF-1"}, "text": "A text."}
    put(at, bad, "complaint.exploded", good)
    put(at, bad, "complaint.submitted", good | {"complaint_ref": None})
    put(at, bad, "complaint.submitted", good | {"channel": "pigeon"})
    put(at, bad, "complaint.submitted", good | {"channel": "telegram"})
    put(at, bad, "complaint.submitted", {"complaint_ref": "PF-2", "channel": "web", "customer": {"id": "PF-2"}})
    put(at, bad, "complaint.submitted", good | {"customer": {"id": 4711}})
    put(at, bad, "complaint.rated", {"complaint_ref": "PF-1", "customer": {"id": "PF-1"}, "score": 11})
    put(at, bad, "complaint.remedy_offered", {"complaint_ref": "PF-1", "customer": {"id": "PF-1"}, "remedy": "voucher", "amount": -5})
    put(at, bad, "complaint.message", {"text": "To whom does this belong?"})
    put(at, bad, "feedback.fixed", {"version": "9.9"})
    put(parse("2026-03-12T08:00:00Z"), bad, "complaint.submitted", good | {"complaint_ref": "x" * 600})
    line = '{"specversion":"1.0","id":"%s","source":"partner-feed","type":"complaint.submitted","time":"%s","data":%s}'
    for broken in ('{"specversion":"1.0","id":"cut-off","source":"partner-feed","type":"complaint.sub',
                   "complaint_ref;channel;text\nPF-3;web;CSV, sent by mistake".replace("\n", " "),
                   line.replace('"type":"complaint.submitted",', "") % ("no-type", when(at), "{}"),
                   line % ("old", "1926-03-12T08:00:00Z", '{"complaint_ref":"PF-4","channel":"post","text":"Found in a drawer."}'),
                   line % ("surrogate", when(at), '{"complaint_ref":"PF-5","channel":"web","text":"half a smile \\ud83d"}')):
        events.append((at, len(events), broken))


def repeat(lines):
    """Publishers that try again: every 25th event arrives twice, some much later."""
    out = []
    for i, line in enumerate(lines):
        out.append(line)
        if i % 25 == 7:
            out.append(line)
        if i % 200 == 150:
            out.append(lines[i - 120])
    return out


# ---- the teams' answers --------------------------------------------------------------------

def hashed(key, *parts):
    """As common/ident does it: HMAC-SHA-256 over parts, each preceded by its length."""
    text = b"".join(len(p).to_bytes(8, "big") + p for p in (s.encode() for s in parts))
    return hmac.new(key, text, hashlib.sha256).digest()


def uuid8(front, digest):
    tail = bytearray(digest[:10])
    tail[0] = 0x80 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    tail = tail.hex()
    return f"{front[:8]}-{front[8:12]}-{tail[:4]}-{tail[4:8]}-{tail[8:]}"


def feedback_id(product, issue):
    key = hashed(SALT, "cluster", product, issue)[:6].hex()
    return uuid8(key, hashed(b"redress", "cluster-id", key, "feedback", "1"))


def answers():
    router = {"feedback_id": feedback_id("broadband", "outage")}
    put(parse("2026-03-23T08:10:00Z"), "lumio/router-team", "feedback.acknowledged", router)
    put(parse("2026-03-24T15:45:00Z"), "lumio/router-team", "feedback.cause_found",
        router | {"cause": "Firmware 5.3.1 restarts when the clock server does not answer"})
    put(parse("2026-03-24T16:00:00Z"), "lumio/router-team", "feedback.planned", router | {"due_at": "2026-03-27T22:00:00Z"})
    kettle = {"feedback_id": feedback_id("appliances", "safety_defect")}
    put(parse("2026-03-23T07:00:00Z"), "sanhe/kettles", "feedback.acknowledged", kettle)
    coat = {"feedback_id": feedback_id("furniture", "damaged_in_transit")}
    put(parse("2026-03-02T09:00:00Z"), "larkfield/packing", "feedback.acknowledged", coat)
    put(parse("2026-03-06T09:00:00Z"), "larkfield/packing", "feedback.cause_found", coat | {"cause": "Boards lie flat in the box and bear the weight of the next one"})
    put(parse("2026-03-16T09:00:00Z"), "larkfield/packing", "feedback.fixed", coat | {"version": "box 2"})


def write(name, lines):
    with open(name, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)
    print(name, len(lines), "messages")


for story in stories.STORIES:
    tell(story)
composed()
router_burst()
small_talk()
strays()
write("sample.jsonl", repeat([line for _, _, line in sorted(events, key=lambda e: e[:2])]))
events.clear()
answers()
write("answers.jsonl", [line for _, _, line in sorted(events, key=lambda e: e[:2])])
