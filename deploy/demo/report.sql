-- The demo's report, for psql -XAtq with the variables now (the event clock), b r d y
-- (bold, reset, dim, alarm: empty without a terminal).  Reads schema bi; only the letters of
-- the one case come from the tables, which analysts do not see: owner and analyst are the
-- two connections.
SET timezone = 'UTC';

\qecho :b'1. What came in':r
SELECT format('   %s cases of %s customers since %s: %s complaints, %s inquiries, %s suggestions,' || E'\n'
    || '   %s times praise; %s in English, %s in Chinese. %s are open now.',
    count(*), count(DISTINCT customer_key), to_char(min(received_at), 'FMDD FMMonth'),
    count(*) FILTER (WHERE kind = 'complaint'), count(*) FILTER (WHERE kind = 'inquiry'),
    count(*) FILTER (WHERE kind = 'suggestion'), count(*) FILTER (WHERE kind = 'praise'),
    count(*) FILTER (WHERE language = 'en'), count(*) FILTER (WHERE language = 'zh'),
    count(*) FILTER (WHERE state IN ('open', 'waiting_customer', 'waiting_third_party', 'proposed')))
FROM bi.complaints;
\qecho
\qecho :d'   channel               received                      failed twice   P1   first answer':r
SELECT format('   %s %s %s %s %s %s', rpad(channel, 22), lpad(received::text, 7),
    rpad(repeat('#', ceil(received / 4.0)::integer), 26), lpad(double_deviations::text, 7),
    lpad(p1::text, 4), lpad(coalesce(round(first_response_hours_mean) || ' h', '-'), 14))
FROM bi.channels ORDER BY received DESC, channel;

\qecho
\qecho :b'2. Who is first, and why':r
WITH why AS (
    SELECT q.complaint_id, string_agg(said, ', ' ORDER BY n) AS said
    FROM bi.triage_backlog q JOIN bi.complaints c USING (complaint_id),
        json_array_elements(q.reasons) WITH ORDINALITY AS e (reason, n),
        LATERAL (SELECT reason ->> 'name' AS name, round((reason ->> 'value')::numeric, 1) AS value,
                        (reason ->> 'weight')::numeric AS weight) AS f,
        LATERAL (SELECT CASE name
            WHEN 'severity' THEN 'severity ' || round(value) || ' of 5'
            WHEN 'double_deviation' THEN 'the handling failed too (' || round(value)
                || CASE WHEN value = 1 THEN ' sign)' ELSE ' signs)' END
            WHEN 'betrayal' THEN 'a best customer betrayed'
            WHEN 'days_left' THEN CASE WHEN value > 0 THEN round(value) || ' of 28 days left'
                ELSE 'the 28 days are over' END
            WHEN 'tenure' THEN round(value) || ' years with us'
            WHEN 'public' THEN 'in public'
            WHEN 'regulator' THEN 'a regulator asks' || coalesce(' (' || c.regulator || ')', '')
            WHEN 'media' THEN 'the press asks'
            WHEN 'reach' THEN to_char(c.views, 'FM999,999,999') || ' views'
            WHEN 'regulator_threat' THEN 'speaks of an authority'
            WHEN 'media_threat' THEN 'speaks of the public'
            WHEN 'legal_threat' THEN 'speaks of the courts'
            WHEN 'silence' THEN 'waits for our answer'
            WHEN 'safety' THEN 'DANGER'
            WHEN 'vulnerable' THEN 'a vulnerable person'
            WHEN 'failed_recoveries' THEN round(value) || ' failed recoveries'
            WHEN 'consumer_association' THEN 'an association speaks' END AS said) AS w
    WHERE q.place <= 8 AND said IS NOT NULL
    GROUP BY q.complaint_id)
SELECT format(E'   %s%s. %s  score %s  %s%s  %s%s\n      %s"%s"%s\n      why  %s\n      do   %s, by %s (%s)%s',
    :'b', q.place, q.priority, round(q.score::numeric), q.complaint_ref, :'r', q.product, coalesce(' / ' || q.issue, ''), :'d',
    CASE WHEN length(c.text) <= CASE c.language WHEN 'zh' THEN 42 ELSE 86 END THEN c.text
         ELSE left(c.text, CASE c.language WHEN 'zh' THEN 41 ELSE 85 END) || '…' END, :'r',
    rtrim(regexp_replace(w.said || ', ', '(.{1,84}), ', E'\\1,\n           ', 'g'), E', \n'),
    replace(q.remedy_advice, '_', ' '), q.owner, q.team,
    coalesce('; next due ' || to_char(q.next_due_at, 'DD Mon HH24:MI'), ''))
FROM bi.triage_backlog q JOIN bi.complaints c USING (complaint_id) JOIN why w USING (complaint_id)
ORDER BY q.place;

\qecho
\qecho :b'3. Second failures: first the service failed, then the complaint handling':r
SELECT format('   %s of %s complaints (%s %%). What gave them away:', count(*) FILTER (WHERE double_deviation),
    count(*), round(100.0 * count(*) FILTER (WHERE double_deviation) / count(*)))
FROM bi.complaints WHERE kind = 'complaint';
SELECT format('   %s %s %s', lpad(count(*)::text, 5), rpad(repeat('#', ceil(count(*) / 3.0)::integer), 24),
    CASE kind WHEN 'words' THEN 'their words: "passed around", "still no answer", "you promised"'
        WHEN 'second_message' THEN 'wrote again after 72 hours without an answer'
        WHEN 'refused_remedy' THEN 'refused what was offered'
        WHEN 'broken_promise' THEN 'a promise was not kept at its due time'
        WHEN 'transfers' THEN 'passed on twice without an answer'
        WHEN 'low_rating' THEN 'rated the solution 1 or 2'
        WHEN 'reopened' THEN 'had to reopen it'
        WHEN 'repeat' THEN 'had complained of the same before' ELSE kind END)
FROM (SELECT unnest(kinds) AS kind FROM bi.double_deviation) k GROUP BY kind ORDER BY count(*) DESC, kind;

\qecho
\qecho :b'4. Clocks':r
\qecho :d'   clock               in time       late   broken, still owed   running   due within 2 days':r
SELECT format('   %s %s %s %s%s%s %s %s%s%s', rpad(clock, 18),
    lpad(count(*) FILTER (WHERE status = 'met')::text, 8),
    lpad(count(*) FILTER (WHERE status = 'met_late')::text, 10),
    CASE WHEN count(*) FILTER (WHERE status = 'breached') > 0 THEN :'y' END,
    lpad(count(*) FILTER (WHERE status = 'breached')::text, 20), :'r',
    lpad(count(*) FILTER (WHERE status IN ('running', 'paused'))::text, 9),
    CASE WHEN count(*) FILTER (WHERE status = 'running' AND due_at < :'now'::timestamptz + interval '2 days') > 0 THEN :'b' END,
    lpad(count(*) FILTER (WHERE status = 'running' AND due_at < :'now'::timestamptz + interval '2 days')::text, 19), :'r')
FROM bi.sla_clocks GROUP BY clock ORDER BY clock;
\qecho '   The next to run out where it hurts most:'
SELECT format('   %s  %s %s %s %s', to_char(s.due_at, 'DD Mon HH24:MI'), rpad(s.clock, 16), rpad(c.complaint_ref, 14),
    c.priority, format('%s%s, %s', c.product, coalesce(' / ' || c.issue, ''), c.team))
FROM bi.sla_clocks s JOIN bi.complaints c USING (complaint_id)
WHERE s.status = 'running' AND c.state IN ('open', 'waiting_customer', 'waiting_third_party', 'proposed')
    AND s.due_at < :'now'::timestamptz + interval '2 days'
ORDER BY c.priority, s.due_at, c.complaint_ref, s.clock LIMIT 5;

\qecho
\qecho :b'5. One case: how an accordion became a waltz':r
\connect :owner
SET timezone = 'UTC';
SELECT format('   %s  %s  %s%s%s%s', to_char(t.occurred_at, 'DD Mon HH24:MI'), coalesce(rpad('#' || t.seq, 4), '    '),
    CASE WHEN t.seq IS NULL THEN :'y' WHEN t.type IN ('complaint.message', 'complaint.submitted') THEN :'b' END,
    rtrim(regexp_replace(said || ' ', '(.{1,76}) ', E'\\1\n' || repeat(' ', 23), 'g'), E' \n'), :'r',
    E'\n' || repeat(' ', 23) || rtrim(regexp_replace(redress.mask_text('"' || text || '"') || ' ',
        '(.{1,76}) ', E'\\1\n' || repeat(' ', 23), 'g'), E' \n'))
FROM (SELECT t.*, e.text FROM bi.timeline t JOIN redress.complaint_events e USING (event_id)
      WHERE t. complaint_id = (SELECT complaint_id FROM bi.complaints WHERE complaint_ref = 'TA-ACCORDION')) t,
    LATERAL (SELECT CASE t.type
        WHEN 'complaint.submitted' THEN format('complains on social media: %s, %s', detail ->> 'priority', detail ->> 'triage_class')
        WHEN 'complaint.acknowledged' THEN 'an automatic notice (which does not count)'
        WHEN 'complaint.transferred' THEN format('passed on to %s: "%s"', detail ->> 'team', t.detail ->> 'reason')
        WHEN 'complaint.message' THEN 'writes again'
        WHEN 'complaint.responded' THEN 'is answered'
        WHEN 'complaint.promised' THEN format('is promised: "%s", until %s', t.detail ->> 'promise', to_char((detail ->> 'due_at')::timestamptz, 'DD Mon HH24:MI'))
        WHEN 'complaint.remedy_offered' THEN format('is offered: %s, %s %s', detail ->> 'remedy', detail ->> 'amount', detail ->> 'currency')
        WHEN 'complaint.remedy_refused' THEN format('refuses: "%s"', t.detail ->> 'reason')
        WHEN 'complaint.reach' THEN format('video: %s views, %s shares', to_char((detail ->> 'views')::bigint, 'FM999,999,999'), to_char((detail ->> 'shares')::bigint, 'FM999,999,999'))
        WHEN 'complaint.rated' THEN format('rates %s of 5: "%s"', detail ->> 'score', t.detail ->> 'comment')
        WHEN 'sla.breached' THEN format('clock %s ran out', detail ->> 'clock')
        WHEN 'sla.escalated' THEN format('escalated to %s', detail ->> 'to')
        WHEN 'triage.promise_broken' THEN format('promise broken: %s, score %s', detail ->> 'priority', round((detail ->> 'triage_score')::numeric))
        WHEN 'triage.silence' THEN format('72 hours of silence: %s, score %s', detail ->> 'priority', round((detail ->> 'triage_score')::numeric))
        END AS said) w
WHERE said IS NOT NULL AND (t.type <> 'sla.breached' OR detail ->> 'clock' IN ('first_response', 'promise', 'resolution'))
ORDER BY t.occurred_at, t.seq NULLS FIRST, t.recorded_at, t.event_id;
\connect :analyst
SET timezone = 'UTC';
SELECT format(E'   Now: %s, score %s, with %s of %s.\n   Advice: %s, within %s days:', priority, round(score::numeric), owner, team,
    replace(remedy_advice, '_', ' '),
    greatest(0, floor(extract(epoch FROM recovery_ends_at - :'now'::timestamptz) / 86400)))
FROM bi.complaints WHERE complaint_ref = 'TA-ACCORDION';
SELECT '      - ' || step FROM bi.complaints, json_array_elements_text(checklist) AS step
WHERE complaint_ref = 'TA-ACCORDION';

\qecho
\qecho :b'6. What the product teams got':r
SELECT format('   %s items: one for each product and issue. The largest, and those with an answer:', count(*)) FROM bi.feedback_loop;
\qecho :d'   complaints  customers  product / issue                              status':r
SELECT format('   %s %s  %s %s%s', lpad(complaints::text, 10), lpad(customers::text, 10),
    rpad(concat_ws(' / ', product, issue), 44), status,
    CASE WHEN cause IS NOT NULL THEN E'\n' || repeat(' ', 26) || '"' || cause || '"' END
    || coalesce(E'\n' || repeat(' ', 26) || CASE WHEN version IS NOT NULL THEN 'fixed in ' || version
        ELSE 'fix planned for ' || to_char(due_at, 'DD Mon') END, ''))
FROM (SELECT *, row_number() OVER (ORDER BY complaints DESC, product, issue) AS n FROM bi.feedback_loop) f
WHERE n <= 6 OR status <> 'open' ORDER BY n;
