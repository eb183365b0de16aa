-- What people read of a case since it is handled in full: notices, escalations, kinds in
-- doubt, progress in plain words, a score that ages between events.

-- What triage adds to a score with age, by kind: a copy of the policy's `ageing` in force,
-- which the projection keeps (ageing.c).  Between two events only this knows how old is old.
CREATE TABLE ageing (
    kind text NOT NULL,
    after_hours double precision NOT NULL,
    add double precision NOT NULL,
    PRIMARY KEY (kind, after_hours)
);

-- Rare rows that views start from.
CREATE INDEX complaint_events_escalated ON complaint_events (complaint_id, occurred_at)
    WHERE type = 'sla.escalated';

-- ---- as before, with more columns at the end ------------------------------------------------

CREATE OR REPLACE VIEW bi.sla_clocks AS
SELECT complaint_id, clock, policy, policy_version, started_at, due_at, status, met_at,
    breached_at, paused_ms / 1000.0 AS paused_seconds, start_no, promise_id, warned_percent,
    extended_until, paused_since
FROM sla_clocks;

CREATE OR REPLACE VIEW bi.triage_backlog AS
SELECT complaint_id, complaint_ref, priority, triage_class, score, severity,
    double_deviation, product, issue, team, owner, state, remedy_advice, reasons,
    received_at, silent_since, age_hours, next_due_at,
    row_number() OVER (ORDER BY priority, aged_score DESC, received_at, complaint_id) AS place,
    aged_score
FROM (
    SELECT c.complaint_id, c.complaint_ref, c.priority, c.triage_class, c.score, c.severity,
        c.double_deviation, c.product, c.issue, c.team, c.owner, c.state, c.remedy_advice,
        c.reasons, c.received_at, c.silent_since,
        round((extract(epoch FROM now() - c.received_at) / 3600)::numeric, 1) AS age_hours,
        (SELECT min(s.due_at) FROM sla_clocks s
          WHERE s.complaint_id = c.complaint_id AND s.status = 'running') AS next_due_at,
        c.score + coalesce((
            -- the step that is due by now, less what the last triage added already
            SELECT GREATEST(0, max(a.add) - coalesce((
                SELECT sum((r ->> 'weight')::double precision)
                FROM json_array_elements(c.reasons) r WHERE r ->> 'name' = 'ageing'), 0))
            FROM ageing a
            WHERE a.kind = c.kind AND c.history IS NOT TRUE
                AND c.received_at + a.after_hours * interval '1 hour' <= now()), 0)
            AS aged_score
    FROM complaints c
    WHERE c.state IN ('open', 'waiting_customer', 'waiting_third_party', 'proposed')) backlog;

CREATE OR REPLACE VIEW bi.recovery_window AS
SELECT c.complaint_id, c.complaint_ref, c.state, c.priority, c.product, c.issue, c.team,
    c.received_at, c.recovery_ends_at, c.closed_at, c.failed_recoveries,
    round((extract(epoch FROM c.recovery_ends_at - now()) / 86400)::numeric, 1) AS days_left,
    c.recovery_ends_at > now() AS window_open,
    s.status AS clock_status, s.started_at, w.check_points, w.last_check_point_at
FROM complaints c
LEFT JOIN LATERAL (
    SELECT status, start_no, started_at FROM sla_clocks s
    WHERE s.complaint_id = c.complaint_id AND s.clock = 'recovery_window'
    ORDER BY start_no DESC LIMIT 1) s ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS check_points, max(e.occurred_at) AS last_check_point_at
    FROM complaint_events e
    WHERE e.complaint_id = c.complaint_id AND e.seq IS NULL AND e.type = 'sla.warned'
        AND e.detail ->> 'clock' = 'recovery_window'
        AND (e.detail ->> 'start_no')::integer = s.start_no) w ON true
WHERE c.state NOT IN ('withdrawn', 'merged') AND c.kind = 'complaint';

CREATE OR REPLACE VIEW bi.double_deviation AS
SELECT c.complaint_id, c.complaint_ref, c.priority, c.state, c.channel, c.product, c.issue,
    c.team, c.received_at, c.failed_recoveries, c.reopenings, c.transfers, c.betrayal,
    c.evidence,
    (SELECT array_agg(DISTINCT e ->> 'kind' ORDER BY e ->> 'kind')
       FROM json_array_elements(c.evidence) e) AS kinds,
    (SELECT json_agg(json_build_object('kind', s.kind, 'event_id', s.event_id,
            'type', t.type, 'occurred_at', t.occurred_at, 'complaint_id', t.complaint_id,
            'seq', t.seq) ORDER BY s.place, s.also)
       FROM (
        SELECT e.place, 0 AS also, e.value ->> 'kind' AS kind,
            e.value ->> 'event_id' AS event_id
        FROM json_array_elements(c.evidence) WITH ORDINALITY e (value, place)
        UNION ALL
        SELECT e.place, a.place, e.value ->> 'kind', a.value
        FROM json_array_elements(c.evidence) WITH ORDINALITY e (value, place),
            json_array_elements_text(e.value -> 'also') WITH ORDINALITY a (value, place)) s
       LEFT JOIN complaint_events t
         ON t.event_id = CASE WHEN s.event_id ~ '^[0-9a-f-]{36}$' THEN s.event_id::uuid END
      WHERE s.event_id IS NOT NULL) AS events
FROM complaints c
WHERE c.double_deviation;

-- A stay lasts until another team has the case, not until another person of the team has.
CREATE OR REPLACE VIEW bi.teams AS
SELECT coalesce(l.team, o.team) AS team,
    coalesce(l.load, 0) AS load, coalesce(l.total, 0) AS total, coalesce(l.p1, 0) AS p1,
    coalesce(l.bounced, 0) AS bounced, coalesce(l.transfers, 0) AS transfers,
    coalesce(l.escalated, 0) AS escalated, coalesce(l.breached, 0) AS breached,
    o.ownership_hours_mean, coalesce(o.handed_on, 0) AS handed_on,
    coalesce(o.taken_over, 0) AS taken_over
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
    SELECT team,
        round((avg(extract(epoch FROM left_at - assigned_at))
            FILTER (WHERE left_at >= assigned_at) / 3600)::numeric, 1)
            AS ownership_hours_mean,
        count(*) FILTER (WHERE next_team IS NOT NULL) AS handed_on,
        count(*) FILTER (WHERE before IS NOT NULL) AS taken_over
    FROM (
        SELECT a.team, a.before, a.assigned_at,
            lead(a.team) OVER stays AS next_team,
            coalesce(lead(a.assigned_at) OVER stays, CASE WHEN c.state NOT IN ('open',
                'waiting_customer', 'waiting_third_party', 'proposed', 'external')
                THEN c.ended_at END) AS left_at
        FROM (
            SELECT complaint_id, event_id, team, assigned_at, lag(team) OVER
                (PARTITION BY complaint_id ORDER BY assigned_at, event_id) AS before
            FROM assignments) a
        JOIN complaints c USING (complaint_id)
        WHERE a.team IS DISTINCT FROM a.before
        WINDOW stays AS (PARTITION BY a.complaint_id ORDER BY a.assigned_at, a.event_id))
        stays
    WHERE team IS NOT NULL
    GROUP BY team) o ON o.team = l.team;

-- A reopening that opened a new case (seq 1) is counted as received, not as reopened.
CREATE OR REPLACE VIEW bi.daily AS
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
        AND NOT (type = 'complaint.reopened' AND seq = 1)
    UNION ALL
    SELECT (breached_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 0, 0, 0, 0, 1, 0
    FROM sla_clocks WHERE breached_at IS NOT NULL) facts
GROUP BY date;

-- Dates are those that notices tell: clocks that are ours alone (update, owner, recovery
-- window) stay out, and so do paused ones, whose dates move.
CREATE OR REPLACE VIEW bi.progress AS
SELECT c.complaint_id, c.complaint_ref, c.state, c.received_at, c.first_response_at,
    c.resolved_at, c.closed_at, c.team,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status IN ('running', 'paused')
        AND s.clock IN ('first_response', 'next_response', 'update')) AS next_answer_by,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status IN ('running', 'paused')
        AND s.clock IN ('resolution', 'statutory')) AS decision_by,
    e.step AS last_step, e.occurred_at AS last_step_at, c.merged_into,
    CASE c.state
        WHEN 'waiting_customer' THEN 'waiting_for_you'
        WHEN 'waiting_third_party' THEN 'waiting_for_others'
        WHEN 'proposed' THEN CASE WHEN c.remedy_accepted THEN 'offer_accepted'
            ELSE 'offer_made' END
        WHEN 'merged' THEN 'continued_in_another'
        WHEN 'external' THEN 'with_another_body'
        WHEN 'open' THEN 'in_progress'
        ELSE c.state END AS status,
    c.owner,
    c.state = 'waiting_customer' OR (c.state = 'proposed' AND c.remedy_accepted IS NOT TRUE)
        AS waiting_for_you,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status = 'running'
        AND s.clock IN ('first_response', 'next_response', 'resolution', 'statutory',
            'promise')) AS next_by,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status = 'running'
        AND s.clock IN ('resolution', 'statutory')) AS resolution_by,
    (SELECT min(s.due_at) FROM sla_clocks s
      WHERE s.complaint_id = c.complaint_id AND s.status = 'breached'
        AND s.clock IN ('first_response', 'next_response', 'resolution', 'statutory',
            'promise')
        AND c.state NOT IN ('withdrawn', 'merged')) AS overdue_since,
    n.notice, n.about AS notice_about, n.title AS notice_title, n.occurred_at AS notice_at,
    n.until AS notice_until,
    -- closing a rejected case moves the date: the row of the closing says so
    CASE WHEN c.state = 'rejected' THEN c.ended_at + interval '720 hours'
        WHEN c.state = 'closed' THEN (
            SELECT (d.detail ->> 'appeal_until')::timestamptz FROM complaint_events d
            WHERE d.complaint_id = c.complaint_id AND d.type = 'complaint.closed'
            ORDER BY d.seq DESC LIMIT 1) END AS appeal_until,
    CASE WHEN c.state IN ('resolved', 'closed', 'withdrawn')
        THEN c.ended_at + interval '720 hours' END AS reopen_until
FROM complaints c
LEFT JOIN LATERAL (
    SELECT e.occurred_at, CASE e.type
            WHEN 'complaint.submitted' THEN 'received'
            WHEN 'complaint.message' THEN 'you_wrote'
            WHEN 'complaint.remedy_accepted' THEN 'offer_accepted'
            WHEN 'complaint.remedy_refused' THEN 'offer_refused'
            WHEN 'complaint.rated' THEN 'you_rated'
            WHEN 'complaint.responded' THEN 'answered'
            WHEN 'complaint.assigned' THEN 'handed_over'
            WHEN 'complaint.transferred' THEN 'handed_over'
            WHEN 'complaint.remedy_offered' THEN 'offer_made'
            WHEN 'complaint.merged' THEN 'continued_in_another'
            WHEN 'complaint.referred' THEN 'with_another_body'
            WHEN 'complaint.extended' THEN 'date_moved'
            ELSE substr(e.type, 11) END AS step
    FROM complaint_events e
    WHERE e.complaint_id = c.complaint_id AND e.seq IS NOT NULL
        AND e.type NOT IN ('complaint.step_refused', 'complaint.corrected',
            'complaint.reach')
    ORDER BY e.seq DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (
    SELECT n.detail ->> 'notice' AS notice, n.detail ->> 'about' AS about,
        n.detail ->> 'title' AS title, (n.detail ->> 'until')::timestamptz AS until,
        n.occurred_at
    FROM complaint_events n
    WHERE n.complaint_id = c.complaint_id AND n.seq IS NULL AND n.type = 'assign.notified'
    ORDER BY n.occurred_at DESC, n.event_id LIMIT 1) n ON true;

-- ---- new -----------------------------------------------------------------------------------

CREATE VIEW bi.notices AS
SELECT e.complaint_id, e.detail ->> 'notice' AS notice, e.detail ->> 'about' AS about,
    e.occurred_at AS at, CASE WHEN c.language = 'zh' THEN 'zh' ELSE 'en' END AS language,
    e.cause, o.type AS cause_type, (e.detail ->> 'due_at')::timestamptz AS due_at,
    (e.detail ->> 'until')::timestamptz AS until,
    (e.detail ->> 'previous')::timestamptz AS previous, e.event_id
FROM complaint_events e
JOIN complaints c USING (complaint_id)
LEFT JOIN complaint_events o
    ON o.event_id = CASE WHEN e.cause ~ '^[0-9a-f-]{36}$' THEN e.cause::uuid END
WHERE e.type = 'assign.notified';

CREATE VIEW bi.escalations AS
SELECT e.complaint_id, (e.detail ->> 'level')::integer AS level,
    coalesce(a.detail ->> 'role', e.detail ->> 'to') AS role, a.detail ->> 'to' AS person,
    e.occurred_at AS at, e.detail ->> 'clock' AS clock,
    (e.detail ->> 'start_no')::integer AS start_no, e.detail ->> 'promise_id' AS promise_id,
    (e.detail ->> 'due_at')::timestamptz AS due_at, c.team, e.event_id
FROM complaint_events e
JOIN complaints c USING (complaint_id)
LEFT JOIN LATERAL (
    SELECT a.detail FROM complaint_events a
    WHERE a.complaint_id = e.complaint_id AND a.seq IS NULL AND a.type = 'assign.escalated'
        AND a.cause = e.event_id::text
    LIMIT 1) a ON true
WHERE e.type = 'sla.escalated';

CREATE VIEW bi.kind_drift AS
SELECT c.complaint_id, c.complaint_ref, c.kind, c.needs_review, c.state, c.product, c.issue,
    c.severity, c.sentiment, c.regulator, c.team, c.owner, c.received_at,
    r.occurred_at AS relabelled_at, r.event_id AS relabelled_by
FROM complaints c
LEFT JOIN LATERAL (
    SELECT e.occurred_at, e.event_id FROM complaint_events e
    WHERE e.complaint_id = c.complaint_id AND e.type = 'complaint.corrected'
        AND e.detail ->> 'kind' IS NOT NULL
    ORDER BY e.seq DESC LIMIT 1) r ON true
WHERE 'kind_drift' = ANY (string_to_array(c.flags, ','));

-- ---- what everything means -------------------------------------------------------------------
COMMENT ON COLUMN bi.sla_clocks."paused_seconds" IS 'Elapsed time in pauses that have ended, seconds; one that goes on: since paused_since.';
COMMENT ON COLUMN bi.sla_clocks."paused_since" IS 'While paused: since when.';
COMMENT ON COLUMN bi.sla_clocks."breached_at" IS 'When it was breached (= due_at); null again after sla.breach_corrected.';
COMMENT ON COLUMN bi.sla_compliance."met" IS 'Met in time, breaches that were corrected among them.';
COMMENT ON COLUMN bi.triage_backlog."aged_score" IS 'Score with the age that it has by now, by the wall clock; what the queue is ordered by within a priority.';
COMMENT ON COLUMN bi.triage_backlog."place" IS 'Place in the queue, from 1: by priority, then aged_score.';
COMMENT ON COLUMN bi.recovery_window."started_at" IS 'Start of the window that runs: receipt, or the last closing.';
COMMENT ON COLUMN bi.recovery_window."check_points" IS 'Weekly check points told in this window (sla.warned).';
COMMENT ON COLUMN bi.recovery_window."last_check_point_at" IS 'The last of them.';
COMMENT ON COLUMN bi.double_deviation."evidence" IS 'Kind, event_id, time, and further event ids under also, of each sign (JSON array).';
COMMENT ON COLUMN bi.double_deviation."events" IS 'Every event that the evidence rests on: kind of evidence, event_id, type, occurred_at, complaint_id, seq (JSON array).';
COMMENT ON COLUMN bi.teams."ownership_hours_mean" IS 'Mean hours that a case stayed with the team, until another team had it or it ended.';
COMMENT ON COLUMN bi.teams."handed_on" IS 'Times that a case went from it to another team.';
COMMENT ON COLUMN bi.teams."taken_over" IS 'Times that a case came to it from another team.';
COMMENT ON COLUMN bi.daily."reopened" IS 'Reopenings of a case; one that opened a new case is in received.';
COMMENT ON COLUMN bi.daily."breached" IS 'Clocks breached, by due day; breaches that were corrected are not counted.';
COMMENT ON COLUMN bi.progress."state" IS 'State, as in bi.complaints; in plain words: status.';
COMMENT ON COLUMN bi.progress."last_step" IS 'Last step: received, you_wrote, acknowledged, answered, handed_over, waiting, resumed, promised, promise_kept, date_moved, offer_made, offer_accepted, offer_refused, resolved, rejected, closed, reopened, withdrawn, you_rated, continued_in_another, with_another_body.';
COMMENT ON COLUMN bi.progress."status" IS 'in_progress, waiting_for_you, waiting_for_others, offer_made, offer_accepted, resolved, rejected, closed, withdrawn, continued_in_another, with_another_body.';
COMMENT ON COLUMN bi.progress."owner" IS 'The one person who answers for it.';
COMMENT ON COLUMN bi.progress."waiting_for_you" IS 'True while the complainant has to answer: a question or an offer.';
COMMENT ON COLUMN bi.progress."next_by" IS 'Next date at which something of ours is due: answer, decision or promise.';
COMMENT ON COLUMN bi.progress."resolution_by" IS 'When it is to be decided; null while that clock is paused.';
COMMENT ON COLUMN bi.progress."overdue_since" IS 'The earliest date that has passed without what it was for; null if none.';
COMMENT ON COLUMN bi.progress."notice" IS 'Last notice sent: acknowledgement, progress, waiting, promise, delay, resolution, rejection, follow_up.';
COMMENT ON COLUMN bi.progress."notice_about" IS 'What it was about: owner, information, decision, extended ...';
COMMENT ON COLUMN bi.progress."notice_title" IS 'Its title, in the complainant''s language.';
COMMENT ON COLUMN bi.progress."notice_at" IS 'When that was.';
COMMENT ON COLUMN bi.progress."notice_until" IS 'New date that it told.';
COMMENT ON COLUMN bi.progress."appeal_until" IS 'Rejected: until when an appeal counts.';
COMMENT ON COLUMN bi.progress."reopen_until" IS 'Ended: until when a reopening counts; later it opens a new complaint.';
COMMENT ON VIEW bi.notices IS 'What complainants were told, a row a notice; neither words nor addresses.';
COMMENT ON COLUMN bi.notices."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.notices."notice" IS 'acknowledgement, progress, waiting, promise, delay, resolution, rejection, follow_up.';
COMMENT ON COLUMN bi.notices."about" IS 'What of it: owner, information, decision, extended ...';
COMMENT ON COLUMN bi.notices."at" IS 'When it was sent (event time).';
COMMENT ON COLUMN bi.notices."language" IS 'zh or en, by the language of the complaint.';
COMMENT ON COLUMN bi.notices."cause" IS 'event_id of what it tells.';
COMMENT ON COLUMN bi.notices."cause_type" IS 'Type of that event.';
COMMENT ON COLUMN bi.notices."due_at" IS 'Date of the promise that it tells.';
COMMENT ON COLUMN bi.notices."until" IS 'New date that it tells.';
COMMENT ON COLUMN bi.notices."previous" IS 'Date that was told before and does not hold.';
COMMENT ON COLUMN bi.notices."event_id" IS 'event_id of assign.notified: the id of the CloudEvent.';
COMMENT ON VIEW bi.escalations IS 'Rungs climbed after a breach, a row a rung.';
COMMENT ON COLUMN bi.escalations."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.escalations."level" IS 'Rung, from 1.';
COMMENT ON COLUMN bi.escalations."role" IS 'Role that the ladder names.';
COMMENT ON COLUMN bi.escalations."person" IS 'Who has that role for the team.';
COMMENT ON COLUMN bi.escalations."at" IS 'When (event time).';
COMMENT ON COLUMN bi.escalations."clock" IS 'Clock whose ladder it is.';
COMMENT ON COLUMN bi.escalations."start_no" IS 'Which start of that clock.';
COMMENT ON COLUMN bi.escalations."promise_id" IS 'For promise: which.';
COMMENT ON COLUMN bi.escalations."due_at" IS 'When that clock was due.';
COMMENT ON COLUMN bi.escalations."team" IS 'Team that has the case now.';
COMMENT ON COLUMN bi.escalations."event_id" IS 'event_id of sla.escalated.';
COMMENT ON VIEW bi.kind_drift IS 'Cases that are called something else although they were, or read as, complaints.';
COMMENT ON COLUMN bi.kind_drift."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.kind_drift."complaint_ref" IS 'The publisher''s own number.';
COMMENT ON COLUMN bi.kind_drift."kind" IS 'What it is called now.';
COMMENT ON COLUMN bi.kind_drift."needs_review" IS 'True until a person has looked again.';
COMMENT ON COLUMN bi.kind_drift."state" IS 'State.';
COMMENT ON COLUMN bi.kind_drift."product" IS 'Product.';
COMMENT ON COLUMN bi.kind_drift."issue" IS 'Issue.';
COMMENT ON COLUMN bi.kind_drift."severity" IS '1 to 5.';
COMMENT ON COLUMN bi.kind_drift."sentiment" IS '-1 (angry) to 1 (pleased).';
COMMENT ON COLUMN bi.kind_drift."regulator" IS 'Authority that handed it on.';
COMMENT ON COLUMN bi.kind_drift."team" IS 'Team.';
COMMENT ON COLUMN bi.kind_drift."owner" IS 'Owner.';
COMMENT ON COLUMN bi.kind_drift."received_at" IS 'When it was submitted.';
COMMENT ON COLUMN bi.kind_drift."relabelled_at" IS 'Last correction of the kind; null if the publisher called it so.';
COMMENT ON COLUMN bi.kind_drift."relabelled_by" IS 'event_id of that correction.';

GRANT SELECT ON bi.notices, bi.escalations, bi.kind_drift TO redress_bi;
