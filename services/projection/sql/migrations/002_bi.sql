-- What analysts read: schema bi, role redress_bi, personal data masked.  Tables are named
-- without a schema (the search path is redress); views bind to them when they are made.
-- Days and months are UTC.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'redress_bi') THEN
        CREATE ROLE redress_bi LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was faster
END $$;

CREATE SCHEMA IF NOT EXISTS bi;
COMMENT ON SCHEMA bi IS 'Redress for analysts: views without personal data; role redress_bi reads these and nothing else.';

-- ---- masking ----------------------------------------------------------------------------

-- E-mail addresses, handles, links, runs of six and more digits (also with separators), and
-- names that people introduce themselves with.  Linear patterns only.
CREATE FUNCTION mask_text(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(said,
        '[[:alnum:]._%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+', '[e-mail]', 'g'),
        '(^|[^[:alnum:]/])@[[:alnum:]_.]{2,}', '\1[handle]', 'g'),
        '\m(https?://|www\.)[^[:space:]]+', '[link]', 'gi'),
        '\+?[0-9０-９]([ ./()-]{0,2}[0-9０-９]){5,}', '[number]', 'g'),
        '(\mmy name is |\mmy name''s |\mI am called |我叫|我的名字是|本人姓名[：:]?)[[:space:]]*([[:upper:]][[:alpha:]''-]*([[:space:]][[:upper:]][[:alpha:]''-]*){0,3}|[一-龥]{2,4})',
        '\1[name]', 'g');

-- The customer's own name, whole and in words of three letters and more (Chinese: whole).
CREATE FUNCTION mask_name(said text, name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    word text;
BEGIN
    IF said IS NULL OR name IS NULL OR pg_catalog.btrim(name) = '' THEN
        RETURN said;
    END IF;
    FOR word IN
        SELECT w FROM (
            SELECT pg_catalog.btrim(name) AS w
            UNION SELECT pg_catalog.regexp_split_to_table(pg_catalog.btrim(name), '[[:space:],;]+')
        ) AS words
        WHERE pg_catalog.length(w) >= 3 OR (w ~ '[一-龥]' AND pg_catalog.length(w) >= 2)
        ORDER BY pg_catalog.length(w) DESC, w
    LOOP
        said := pg_catalog.regexp_replace(said,
            CASE WHEN word ~ '^[[:alnum:]]' AND word !~ '[一-龥]' THEN '\m' ELSE '' END
            || pg_catalog.regexp_replace(word, '([^[:alnum:][:space:]])', '\\\1', 'g')
            || CASE WHEN word ~ '[[:alnum:]]$' AND word !~ '[一-龥]' THEN '\M' ELSE '' END,
            '[name]', 'gi');
    END LOOP;
    RETURN said;
END $$;

-- Facts of a timeline row; what people wrote themselves stands under "said" and is masked.
CREATE FUNCTION mask_detail(detail jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN NOT detail ? 'said' THEN detail
        ELSE (SELECT jsonb_object_agg(key, to_jsonb(mask_text(value)))
                FROM jsonb_each_text(detail -> 'said')) || (detail - 'said') END;

-- ---- the views ---------------------------------------------------------------------------

CREATE VIEW bi.complaints AS
SELECT c.complaint_id, c.complaint_ref, c.source, c.channel, c.brand, c.customer_key,
    c.state, c.kind, c.product, c.issue, c.severity, c.sentiment, c.double_deviation,
    c.language, c.needs_review, c.priority, c.triage_class, c.score, c.remedy_advice,
    c.team, c.owner, GREATEST(c.escalation_level, c.sla_level) AS escalation_level,
    c.transfers, c.reopenings, c.failed_recoveries,
    c.collective_id, c.received_at, c.first_response_at, c.resolved_at, c.closed_at,
    c.recovery_ends_at, c.last_seq,
    mask_name(mask_text(c.text), u.name) AS text,
    mask_name(mask_text(c.subject), u.name) AS subject,
    c.tier, c.rating, c.messages, c.responses, c.desired_remedy, c.regulator,
    c.views, c.shares, c.replies, c.previous_complaint_id, c.merged_into,
    c.betrayal, c.reopen_advised, c.silent_since, c.history, c.occurred_at AS last_event_at,
    c.severity_part, c.salvageability, c.exposure, c.reasons, c.evidence, c.checklist,
    c.flags, mask_text(c.cause) AS cause, mask_text(c.remedy) AS remedy, c.amount, c.currency,
    c.cluster_key, c.routing_rule, c.triage_policy, c.sla_policy
FROM complaints c LEFT JOIN customers u USING (customer_hash);

CREATE VIEW bi.timeline AS
SELECT complaint_id, seq, type, stage, occurred_at, recorded_at,
    mask_detail(detail) AS detail, event_id, cause
FROM complaint_events;

CREATE VIEW bi.sla_clocks AS
SELECT complaint_id, clock, policy, policy_version, started_at, due_at, status, met_at,
    breached_at, paused_ms / 1000.0 AS paused_seconds, start_no, promise_id, warned_percent,
    extended_until
FROM sla_clocks;

CREATE VIEW bi.dead_letters AS
SELECT topic, "partition", "offset", stage, reason, detail, recorded_at, path
FROM dead_letters;

CREATE VIEW bi.collectives AS
SELECT collective_id, product, issue, status, complaints, customers, first_at, confirmed_at,
    doubling_hours, alarmed_at, closed_at
FROM collectives;

CREATE VIEW bi.sla_compliance AS
SELECT s.policy, s.clock, (date_trunc('month', s.due_at AT TIME ZONE 'UTC'))::date AS month,
    count(*) AS started,
    count(*) FILTER (WHERE s.status = 'met') AS met,
    count(*) FILTER (WHERE s.status = 'met_late') AS met_late,
    count(*) FILTER (WHERE s.status = 'breached') AS breached,
    count(*) FILTER (WHERE s.status IN ('running', 'paused')) AS open,
    count(*) FILTER (WHERE s.status = 'cancelled') AS cancelled,
    round(100.0 * count(*) FILTER (WHERE s.status = 'met')
        / nullif(count(*) FILTER (WHERE s.status IN ('met', 'met_late', 'breached')), 0), 1)
        AS compliance_percent
FROM sla_clocks s
GROUP BY 1, 2, 3;

CREATE VIEW bi.triage_backlog AS
SELECT c.complaint_id, c.complaint_ref, c.priority, c.triage_class, c.score, c.severity,
    c.double_deviation, c.product, c.issue, c.team, c.owner, c.state, c.remedy_advice,
    c.reasons, c.received_at, c.silent_since,
    round((extract(epoch FROM now() - c.received_at) / 3600)::numeric, 1) AS age_hours,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status = 'running') AS next_due_at,
    row_number() OVER (ORDER BY c.priority, c.score DESC, c.received_at, c.complaint_id)
        AS place
FROM complaints c
WHERE c.state IN ('open', 'waiting_customer', 'waiting_third_party', 'proposed');

CREATE VIEW bi.recovery_window AS
SELECT c.complaint_id, c.complaint_ref, c.state, c.priority, c.product, c.issue, c.team,
    c.received_at, c.recovery_ends_at, c.closed_at, c.failed_recoveries,
    round((extract(epoch FROM c.recovery_ends_at - now()) / 86400)::numeric, 1) AS days_left,
    c.recovery_ends_at > now() AS window_open,
    s.status AS clock_status
FROM complaints c
LEFT JOIN LATERAL (
    SELECT status FROM sla_clocks s
    WHERE s.complaint_id = c.complaint_id AND s.clock = 'recovery_window'
    ORDER BY start_no DESC LIMIT 1) s ON true
WHERE c.state NOT IN ('withdrawn', 'merged') AND c.kind = 'complaint';

CREATE VIEW bi.double_deviation AS
SELECT c.complaint_id, c.complaint_ref, c.priority, c.state, c.channel, c.product, c.issue,
    c.team, c.received_at, c.failed_recoveries, c.reopenings, c.transfers, c.betrayal,
    c.evidence,
    (SELECT array_agg(DISTINCT e ->> 'kind' ORDER BY e ->> 'kind')
       FROM json_array_elements(c.evidence) e) AS kinds
FROM complaints c
WHERE c.double_deviation;

CREATE VIEW bi.causes AS
SELECT cause, complaints, double_deviations,
    round(100.0 * complaints / sum(complaints) OVER (), 1) AS share_percent,
    round(100.0 * sum(complaints) OVER (ORDER BY complaints DESC, cause)
        / sum(complaints) OVER (), 1) AS cumulative_percent,
    rank() OVER (ORDER BY complaints DESC) AS rank
FROM (
    SELECT coalesce(mask_text(c.cause), c.issue, 'unknown') AS cause, count(*) AS complaints,
        count(*) FILTER (WHERE c.double_deviation) AS double_deviations
    FROM complaints c
    WHERE c.kind = 'complaint' AND c.state <> 'merged'
    GROUP BY 1) counted;

CREATE VIEW bi.channels AS
SELECT c.channel, count(*) AS received,
    count(*) FILTER (WHERE c.kind = 'complaint') AS complaints,
    count(*) FILTER (WHERE c.double_deviation) AS double_deviations,
    count(*) FILTER (WHERE c.priority = 'P1') AS p1,
    round(avg(c.severity), 2) AS severity_mean,
    round((avg(extract(epoch FROM c.first_response_at - c.received_at)) / 3600)::numeric, 1)
        AS first_response_hours_mean,
    round(100.0 * count(*) FILTER (WHERE c.resolved_at IS NOT NULL) / count(*), 1)
        AS resolved_percent
FROM complaints c
WHERE c.channel IS NOT NULL
GROUP BY c.channel;

CREATE VIEW bi.teams AS
SELECT coalesce(l.team, o.team) AS team,
    coalesce(l.load, 0) AS load, coalesce(l.total, 0) AS total, coalesce(l.p1, 0) AS p1,
    coalesce(l.bounced, 0) AS bounced, coalesce(l.transfers, 0) AS transfers,
    coalesce(l.escalated, 0) AS escalated, coalesce(l.breached, 0) AS breached,
    o.ownership_hours_mean
FROM (
    SELECT c.team, count(*) AS total,
        count(*) FILTER (WHERE c.state IN
            ('open', 'waiting_customer', 'waiting_third_party', 'proposed')) AS load,
        count(*) FILTER (WHERE c.priority = 'P1' AND c.state IN
            ('open', 'waiting_customer', 'waiting_third_party', 'proposed')) AS p1,
        count(*) FILTER (WHERE c.transfers >= 2) AS bounced,
        sum(c.transfers) AS transfers,
        count(*) FILTER (WHERE GREATEST(c.escalation_level, c.sla_level) > 0) AS escalated,
        count(*) FILTER (WHERE EXISTS (SELECT FROM sla_clocks s
            WHERE s.complaint_id = c.complaint_id AND s.status IN ('breached', 'met_late')))
            AS breached
    FROM complaints c WHERE c.team IS NOT NULL GROUP BY c.team) l
FULL JOIN (
    SELECT team, round((avg(extract(epoch FROM left_at - assigned_at)) / 3600)::numeric, 1)
        AS ownership_hours_mean
    FROM (
        SELECT a.team, a.assigned_at, coalesce(lead(a.assigned_at) OVER
            (PARTITION BY a.complaint_id ORDER BY a.assigned_at, a.event_id), c.ended_at)
            AS left_at
        FROM assignments a JOIN complaints c USING (complaint_id)) stays
    WHERE team IS NOT NULL AND left_at >= assigned_at
    GROUP BY team) o ON o.team = l.team;

CREATE VIEW bi.feedback_loop AS
SELECT feedback_id, product, issue, status, complaints, customers, severity_max,
    mask_text(cause) AS cause, version, due_at, first_at, last_at, acknowledged_at,
    cause_found_at, planned_at, fixed_at, declined_at, reopened_at,
    round((extract(epoch FROM acknowledged_at - first_at) / 86400)::numeric, 1)
        AS days_to_acknowledge,
    round((extract(epoch FROM fixed_at - first_at) / 86400)::numeric, 1) AS days_to_fix
FROM feedback_items;

CREATE VIEW bi.remedies AS
SELECT coalesce(mask_text(remedy), 'unknown') AS remedy, currency,
    count(*) FILTER (WHERE step = 'offered') AS offered,
    count(*) FILTER (WHERE step = 'accepted') AS accepted,
    count(*) FILTER (WHERE step = 'refused') AS refused,
    count(*) FILTER (WHERE step = 'given') AS given,
    round(100.0 * count(*) FILTER (WHERE step = 'accepted')
        / nullif(count(*) FILTER (WHERE step IN ('accepted', 'refused')), 0), 1)
        AS accepted_percent,
    round(avg(amount) FILTER (WHERE step IN ('offered', 'given')), 2) AS amount_mean,
    sum(amount) FILTER (WHERE step = 'given') AS amount_given
FROM (
    -- An answer belongs to the last offer before it.
    SELECT r.step, r.amount,
        CASE WHEN r.step IN ('accepted', 'refused') THEN o.remedy ELSE r.remedy END AS remedy,
        CASE WHEN r.step IN ('accepted', 'refused') THEN o.currency ELSE r.currency END
            AS currency
    FROM remedies r
    LEFT JOIN LATERAL (
        SELECT remedy, currency FROM remedies o
        WHERE r.step IN ('accepted', 'refused') AND o.complaint_id = r.complaint_id
            AND o.step = 'offered' AND o.seq < r.seq
        ORDER BY o.seq DESC LIMIT 1) o ON true) steps
GROUP BY 1, 2;

CREATE VIEW bi.satisfaction AS
SELECT (date_trunc('month', e.occurred_at AT TIME ZONE 'UTC'))::date AS month, c.channel,
    c.product, c.team, count(*) AS ratings,
    round(avg((e.detail ->> 'score')::integer), 2) AS score_mean,
    round(100.0 * count(*) FILTER (WHERE (e.detail ->> 'score')::integer >= 4) / count(*), 1)
        AS satisfied_percent,
    round(100.0 * count(*) FILTER (WHERE (e.detail ->> 'score')::integer <= 2) / count(*), 1)
        AS dissatisfied_percent
FROM complaint_events e JOIN complaints c USING (complaint_id)
WHERE e.type = 'complaint.rated'
GROUP BY 1, 2, 3, 4;

CREATE VIEW bi.progress AS
SELECT c.complaint_id, c.complaint_ref, c.state, c.received_at, c.first_response_at,
    c.resolved_at, c.closed_at, c.team,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status IN ('running', 'paused')
        AND s.clock IN ('first_response', 'next_response', 'update')) AS next_answer_by,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status IN ('running', 'paused')
        AND s.clock IN ('resolution', 'statutory')) AS decision_by,
    e.type AS last_step, e.occurred_at AS last_step_at, c.merged_into
FROM complaints c
LEFT JOIN LATERAL (
    SELECT type, occurred_at FROM complaint_events e
    WHERE e.complaint_id = c.complaint_id AND e.seq IS NOT NULL
        AND e.type <> 'complaint.step_refused' AND e.type NOT LIKE 'complaint.corrected'
    ORDER BY e.seq DESC LIMIT 1) e ON true;

CREATE VIEW bi.dates AS
SELECT d::date AS date, extract(isoyear FROM d)::integer AS iso_year,
    extract(year FROM d)::integer AS year, extract(quarter FROM d)::integer AS quarter,
    extract(month FROM d)::integer AS month, extract(week FROM d)::integer AS iso_week,
    extract(isodow FROM d)::integer AS iso_weekday,
    extract(isodow FROM d) >= 6 AS is_weekend,
    date_trunc('month', d)::date AS month_start, date_trunc('week', d)::date AS week_start
FROM generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') d;

CREATE VIEW bi.daily AS
SELECT date, sum(received) AS received, sum(complaints) AS complaints,
    sum(double_deviations) AS double_deviations, sum(first_responses) AS first_responses,
    sum(resolved) AS resolved, sum(closed) AS closed, sum(reopened) AS reopened,
    sum(breached) AS breached, sum(ratings) AS ratings
FROM (
    SELECT (received_at AT TIME ZONE 'UTC')::date AS date, 1 AS received,
        (kind IS NOT DISTINCT FROM 'complaint')::integer AS complaints,
        coalesce(double_deviation, false)::integer AS double_deviations, 0 AS first_responses,
        0 AS resolved, 0 AS closed, 0 AS reopened, 0 AS breached, 0 AS ratings
    FROM complaints WHERE received_at IS NOT NULL
    UNION ALL
    SELECT (first_response_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 1, 0, 0, 0, 0, 0
    FROM complaints WHERE first_response_at IS NOT NULL
    UNION ALL
    SELECT (occurred_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 0,
        (type = 'complaint.resolved')::integer, (type = 'complaint.closed')::integer,
        (type = 'complaint.reopened')::integer, 0, (type = 'complaint.rated')::integer
    FROM complaint_events
    WHERE type IN ('complaint.resolved', 'complaint.closed', 'complaint.reopened',
                   'complaint.rated')
    UNION ALL
    SELECT (breached_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 0, 0, 0, 0, 1, 0
    FROM sla_clocks WHERE breached_at IS NOT NULL) facts
GROUP BY date;
