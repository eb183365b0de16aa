-- What classification said of each complaint, task by task, beside what people said of it
-- later: how good the models are on our own cases, and whether what they say shifts.

-- One row a complaint.  first is an object by task: label, decided_by, confidence and, where
-- they are, needs_review, upstream, model, model_asked (if not the same), model_label,
-- model_confidence (these three only where the finding is not just what that model says);
-- reasons are not here, they may hold words of the text.  corrected is an object by task, too:
-- the label that a person said last (also when it was the same).
CREATE TABLE findings (
    complaint_id uuid PRIMARY KEY,
    routed_offset bigint NOT NULL,
    inherited boolean NOT NULL, -- opened by a late reopening: nothing was classified anew
    decided_at timestamptz NOT NULL,
    language text,
    first jsonb NOT NULL,
    corrected jsonb
);

-- What a customer asks for may stand in a publisher's own words, and names a person then; a
-- code says nothing of anybody.
CREATE FUNCTION erase_wish(wish text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN wish ~ '^[a-z_]*$' THEN wish ELSE 'erased' END;

CREATE FUNCTION erase_wish(first jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN first #>> '{desired_remedy,upstream}' !~ '^[a-z_]*$'
        THEN first || jsonb_build_object('desired_remedy',
            (first -> 'desired_remedy') - 'upstream'
                || CASE first #>> '{desired_remedy,decided_by}' WHEN 'upstream'
                    THEN '{"label": "erased"}' ELSE '{}' END::jsonb)
        ELSE first END;

-- Whom an earlier version erased: it left the wish, also where a late reopening took it over.
UPDATE complaints c SET desired_remedy = erase_wish(c.desired_remedy)
FROM customers u
WHERE c.customer_hash = u.customer_hash AND c.desired_remedy !~ '^[a-z_]*$'
    AND (c.received_at <= u.erased_at OR EXISTS (SELECT FROM complaints p
        WHERE p.complaint_id = c.previous_complaint_id AND p.received_at <= u.erased_at));

CREATE OR REPLACE VIEW bi.complaints AS
SELECT c.complaint_id, c.complaint_ref, c.source, c.channel, c.brand, c.customer_key,
    c.state, c.kind, c.product, c.issue, c.severity, c.sentiment, c.double_deviation,
    c.language, c.needs_review, c.priority, c.triage_class, c.score, c.remedy_advice,
    c.team, c.owner, GREATEST(c.escalation_level, c.sla_level) AS escalation_level,
    c.transfers, c.reopenings, c.failed_recoveries,
    c.collective_id, c.received_at, c.first_response_at, c.resolved_at, c.closed_at,
    c.recovery_ends_at, c.last_seq,
    mask_name(mask_text(c.text), u.name) AS text,
    mask_name(mask_text(c.subject), u.name) AS subject,
    c.tier, c.rating, c.messages, c.responses,
    CASE WHEN c.desired_remedy ~ '^[a-z_]*$' THEN c.desired_remedy
        ELSE mask_name(mask_text(c.desired_remedy), u.name) END AS desired_remedy,
    c.regulator,
    c.views, c.shares, c.replies, c.previous_complaint_id, c.merged_into,
    c.betrayal, c.reopen_advised, c.silent_since, c.history, c.occurred_at AS last_event_at,
    c.severity_part, c.salvageability, c.exposure, c.reasons, c.evidence, c.checklist,
    c.flags, mask_text(c.cause) AS cause, mask_text(c.remedy) AS remedy, c.amount, c.currency,
    c.cluster_key, c.routing_rule, c.triage_policy, c.sla_policy
FROM complaints c LEFT JOIN customers u USING (customer_hash);

-- One row a task, as it was said.  own: no model was asked beside it, the finding is the word
-- of the one that decided (or of the phrases).  Where phrases spoke over an unsure model, that
-- one is counted, by what it said itself.  Tasks are named here, so that the planner knows how
-- many they are; it takes jsonb_each() for a hundred.
CREATE VIEW findings_said AS
SELECT f.complaint_id, t.task, f.decided_at,
    (date_trunc('week', f.decided_at AT TIME ZONE 'UTC'))::date AS week,
    f.language, x.label, x.decided_by, x.confidence,
    coalesce(x.needs_review, false) AS needs_review,
    CASE WHEN own THEN x.model ELSE coalesce(x.model_asked, x.model) END AS model,
    CASE WHEN own THEN x.label ELSE x.model_label END AS model_label,
    CASE WHEN own THEN x.confidence ELSE x.model_confidence END AS model_confidence,
    CASE WHEN x.decided_by = 'upstream' THEN x.label ELSE x.upstream END AS upstream_label,
    f.corrected ->> t.task AS corrected_label,
    coalesce(x.decided_by = 'model' AND x.model = 'phrases', false) AS by_phrases,
    f.inherited
FROM findings f
CROSS JOIN (VALUES ('language'), ('kind'), ('product'), ('issue'), ('severity'),
    ('sentiment'), ('double_deviation'), ('desired_remedy')) t (task)
CROSS JOIN LATERAL jsonb_to_record(f.first -> t.task) x (label text, decided_by text,
    confidence double precision, needs_review boolean, upstream text, model text,
    model_asked text, model_label text, model_confidence double precision)
CROSS JOIN LATERAL (SELECT x.decided_by = 'model' AND (x.model_label IS NULL
    OR (x.model = 'phrases' AND x.model_asked IS NULL)) AS own) o
WHERE f.first ? t.task;

-- A publisher may write anything as a label: what is no plain code is masked.
CREATE FUNCTION mask_label(label text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN label ~ '^([a-z_]+|[0-9])$' THEN label ELSE mask_text(label) END;

CREATE VIEW bi.findings AS
SELECT complaint_id, task, decided_at, week, language, mask_label(label) AS label, decided_by,
    confidence, needs_review, model,
    CASE WHEN model_label = label THEN mask_label(label) ELSE model_label END AS model_label,
    model_confidence, mask_label(upstream_label) AS upstream_label, corrected_label,
    by_phrases, inherited
FROM findings_said;

-- Grouped finely, counts beside percents: sums over weeks, languages or models stay right.
CREATE VIEW bi.classification_quality AS
SELECT week, task, model, language,
    count(*) FILTER (WHERE decided_by <> 'correction') AS findings,
    count(*) FILTER (WHERE decided_by = 'default') AS by_default,
    count(*) FILTER (WHERE decided_by = 'model') AS by_model,
    count(*) FILTER (WHERE by_phrases) AS by_phrases,
    count(*) FILTER (WHERE decided_by = 'upstream') AS by_upstream,
    count(*) FILTER (WHERE decided_by = 'rule') AS by_rule,
    round(100.0 * count(*) FILTER (WHERE decided_by = 'model')
        / nullif(count(*) FILTER (WHERE decided_by <> 'correction'), 0), 1)
        AS by_model_percent,
    round(100.0 * count(*) FILTER (WHERE decided_by = 'upstream')
        / nullif(count(*) FILTER (WHERE decided_by <> 'correction'), 0), 1)
        AS by_upstream_percent,
    round(100.0 * count(*) FILTER (WHERE decided_by = 'rule')
        / nullif(count(*) FILTER (WHERE decided_by <> 'correction'), 0), 1)
        AS by_rule_percent,
    count(*) FILTER (WHERE decided_by <> 'correction' AND needs_review) AS needs_review,
    round(100.0 * count(*) FILTER (WHERE decided_by <> 'correction' AND needs_review)
        / nullif(count(*) FILTER (WHERE decided_by <> 'correction'), 0), 1)
        AS needs_review_percent,
    round((avg(model_confidence))::numeric, 3) AS confidence_mean,
    count(corrected_label) AS corrections,
    count(*) FILTER (WHERE corrected_label = label AND decided_by <> 'correction')
        AS confirmed,
    count(*) FILTER (WHERE corrected_label <> label AND decided_by <> 'correction')
        AS changed,
    count(*) FILTER (WHERE corrected_label IS NOT NULL AND decided_by = 'correction')
        AS supplied,
    count(*) FILTER (WHERE corrected_label IS NOT NULL AND model_label IS NOT NULL)
        AS model_judged,
    count(*) FILTER (WHERE corrected_label = model_label) AS model_right,
    round(100.0 * count(*) FILTER (WHERE corrected_label = model_label)
        / nullif(count(*) FILTER (WHERE corrected_label IS NOT NULL
            AND model_label IS NOT NULL), 0), 1) AS agreement_percent,
    count(*) FILTER (WHERE corrected_label IS NOT NULL AND upstream_label IS NOT NULL)
        AS upstream_judged,
    count(*) FILTER (WHERE corrected_label = upstream_label) AS upstream_right,
    count(*) FILTER (WHERE upstream_label IS NOT NULL AND model_label IS NOT NULL)
        AS upstream_compared,
    count(*) FILTER (WHERE upstream_label = model_label) AS upstream_agrees,
    round(100.0 * count(*) FILTER (WHERE upstream_label = model_label)
        / nullif(count(*) FILTER (WHERE upstream_label IS NOT NULL
            AND model_label IS NOT NULL), 0), 1) AS upstream_agreement_percent
FROM findings_said
WHERE NOT inherited
GROUP BY week, task, model, language;

CREATE VIEW bi.classification_calibration AS
SELECT task, model, bands[band] AS confidence_from, bands[band + 1] AS confidence_to,
    count(*) AS findings,
    count(corrected_label) AS judged,
    count(*) FILTER (WHERE corrected_label = model_label) AS model_right,
    round(100.0 * count(*) FILTER (WHERE corrected_label = model_label)
        / nullif(count(corrected_label), 0), 1) AS agreement_percent,
    round((100.0 * avg(model_confidence) FILTER (WHERE corrected_label IS NOT NULL))
        ::numeric, 1) AS confidence_percent
FROM (
    SELECT f.task, f.model, f.model_label, f.model_confidence, f.corrected_label, b.bands,
        width_bucket(least(f.model_confidence, 0.9999999), b.bands) AS band
    FROM findings_said f,
        (VALUES (ARRAY[0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]::double precision[]))
            b (bands)
    WHERE NOT f.inherited AND f.model_label IS NOT NULL AND f.model_confidence >= 0) banded
GROUP BY task, model, band, bands;

-- Shares of labels by week; the 50 most frequent of a task, the others together.
CREATE VIEW bi.classification_labels AS
WITH raw AS (
    SELECT task, week, label, count(*) AS findings,
        count(*) FILTER (WHERE needs_review) AS needs_review,
        count(model_confidence) AS model_labels,
        coalesce(sum(model_confidence), 0) AS confidence_sum
    FROM findings_said
    WHERE NOT inherited AND decided_by <> 'correction'
    GROUP BY task, week, label
), said AS (
    -- masked after counting: that costs, and there are few labels
    SELECT task, week, mask_label(label) AS label, sum(findings) AS findings,
        sum(needs_review) AS needs_review, sum(model_labels) AS model_labels,
        sum(confidence_sum) AS confidence_sum
    FROM raw GROUP BY task, week, mask_label(label)
), ranked AS (
    SELECT task, label, row_number() OVER (PARTITION BY task
        ORDER BY sum(findings) DESC, label COLLATE "C") AS place
    FROM said GROUP BY task, label
), cut AS (
    SELECT task, week, CASE WHEN place <= 50 THEN label ELSE 'other labels' END AS label,
        sum(findings) AS findings, sum(needs_review) AS needs_review,
        sum(model_labels) AS model_labels, sum(confidence_sum) AS confidence_sum
    FROM said JOIN ranked USING (task, label)
    GROUP BY 1, 2, 3
), grid AS (
    SELECT task, week, label
    FROM (SELECT DISTINCT task, week FROM cut) weeks
    JOIN (SELECT DISTINCT task, label FROM cut) labels USING (task)
), counted AS (
    SELECT task, week, label, coalesce(findings, 0)::bigint AS findings,
        coalesce(sum(findings) OVER (PARTITION BY task, label ORDER BY week
            RANGE BETWEEN interval '28 days' PRECEDING AND interval '7 days' PRECEDING), 0)
            ::bigint AS previous,
        coalesce(needs_review, 0)::bigint AS needs_review,
        coalesce(model_labels, 0)::bigint AS model_labels,
        coalesce(confidence_sum, 0) AS confidence_sum
    FROM grid LEFT JOIN cut USING (task, week, label)
)
SELECT task, week, label, findings,
    round(100.0 * findings / nullif(sum(findings) OVER w, 0), 1) AS share_percent,
    previous,
    round(100.0 * previous / nullif(sum(previous) OVER w, 0), 1) AS previous_share_percent,
    needs_review, model_labels, confidence_sum
FROM counted
WHERE findings > 0 OR previous > 0
WINDOW w AS (PARTITION BY task, week);

-- Population stability index: the sum over the labels of (p - q) ln(p / q), p the share in
-- the week, q in the four before; half a finding is added to each label, so that one that is
-- new has a logarithm.  0.10 and 0.25 are the customary limits [Siddiqi, Credit Risk
-- Scorecards, Wiley 2006].  Without any shift (1/N + 1/M) times a chi-square of labels - 1
-- degrees of freedom is to be expected [Yurdakul & Naranjo, J. Risk Model Validation 14(4),
-- 2020]: psi_noise is its 99 % quantile (normal approximation), below it there is no word of
-- a shift.
CREATE VIEW bi.classification_drift AS
WITH labels AS MATERIALIZED (
    SELECT * FROM bi.classification_labels
), weekly AS (
    SELECT task, week, sum(findings) AS n, sum(needs_review) AS reviews,
        sum(model_labels) AS said, sum(confidence_sum) AS confidence
    FROM labels GROUP BY task, week HAVING sum(findings) > 0
), besides AS (
    SELECT task, week, round(100.0 * reviews / n, 1) AS needs_review_percent,
        round(100.0 * sum(reviews) OVER w / sum(n) OVER w, 1)
            AS previous_needs_review_percent,
        round((confidence / nullif(said, 0))::numeric, 3) AS confidence_mean,
        round((sum(confidence) OVER w / nullif(sum(said) OVER w, 0))::numeric, 3)
            AS previous_confidence_mean
    FROM weekly
    WINDOW w AS (PARTITION BY task ORDER BY week
        RANGE BETWEEN interval '28 days' PRECEDING AND interval '7 days' PRECEDING)
), shares AS (
    SELECT task, week, n, m, k,
        (findings + 0.5) / (n + 0.5 * k) AS p, (previous + 0.5) / (m + 0.5 * k) AS q
    FROM (SELECT *, sum(findings) OVER w AS n, sum(previous) OVER w AS m,
            count(*) OVER w AS k
        FROM labels WINDOW w AS (PARTITION BY task, week)) l
), summed AS (
    SELECT task, week, n::bigint AS findings, m::bigint AS previous, k AS labels,
        CASE WHEN n > 0 AND m > 0
            THEN sum((p - q)::double precision * ln((p / q)::double precision)) END AS psi,
        CASE WHEN n > 0 AND m > 0
            THEN (1.0 / n + 1.0 / m)::double precision
                * (k - 1 + 2.326 * sqrt(2.0 * (k - 1))) END AS psi_noise
    FROM shares GROUP BY task, week, n, m, k
)
SELECT task, week, findings, previous, labels,
    round(psi::numeric, 4) AS psi, round(psi_noise::numeric, 4) AS psi_noise,
    CASE WHEN psi IS NULL OR (psi <= psi_noise AND psi_noise >= 0.25) THEN 'unknown'
        WHEN psi < 0.1 OR psi <= psi_noise THEN 'none'
        WHEN psi < 0.25 THEN 'moderate' ELSE 'large' END AS drift,
    needs_review_percent, previous_needs_review_percent,
    confidence_mean, previous_confidence_mean
FROM summed JOIN besides USING (task, week);

COMMENT ON VIEW bi.findings IS 'What was found of each complaint, a row a task: ours, the publisher''s and the model''s own label, who decided, and what a person said of it.';
COMMENT ON COLUMN bi.findings."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.findings."task" IS 'language, kind, product, issue, severity, sentiment, double_deviation or desired_remedy.';
COMMENT ON COLUMN bi.findings."decided_at" IS 'When it was classified first (event time).';
COMMENT ON COLUMN bi.findings."week" IS 'Monday of that week (UTC).';
COMMENT ON COLUMN bi.findings."language" IS 'Language of the complaint as found then: zh, en, other.';
COMMENT ON COLUMN bi.findings."label" IS 'What it was found to be first; corrections are in corrected_label.';
COMMENT ON COLUMN bi.findings."decided_by" IS 'Who decided that: default, model, upstream, rule; correction where only a person said anything.';
COMMENT ON COLUMN bi.findings."confidence" IS '0 to 1; calibrated where a trained model decided.';
COMMENT ON COLUMN bi.findings."needs_review" IS 'True if this finding was in doubt.';
COMMENT ON COLUMN bi.findings."model" IS 'Version of the model that says model_label; phrases: phrase lists in its place; null: none.';
COMMENT ON COLUMN bi.findings."model_label" IS 'What the model made of it, also where something else decided; null: nothing.';
COMMENT ON COLUMN bi.findings."model_confidence" IS 'How sure the model was, 0 to 1.';
COMMENT ON COLUMN bi.findings."upstream_label" IS 'What the publisher called it; null: nothing.';
COMMENT ON COLUMN bi.findings."corrected_label" IS 'What a person said last, also where it was the same; null: nobody has spoken of this task.';
COMMENT ON COLUMN bi.findings."by_phrases" IS 'True if phrase lists decided: there was no model, or it was not sure (model and model_label are its own).';
COMMENT ON COLUMN bi.findings."inherited" IS 'True if a late reopening took it over from the case before: not counted as a finding anew.';
COMMENT ON VIEW bi.classification_quality IS 'How good classification is on our own cases, by week, task, model and language. Agreement is over cases of which a person named the task in a correction, whether the label changed or was confirmed; a case that nobody looked at is no agreement. What people look at is no random sample (doubtful and wrong labels draw the eye), so agreement is mostly lower than accuracy over all cases: to measure that, have a random sample confirmed. Train anew (redress train --from-corrections) when agreement of a version falls from month to month while people look at cases in the same way, or when needs_review rises with a drift.';
COMMENT ON COLUMN bi.classification_quality."week" IS 'Monday of the week in which it was classified first (UTC).';
COMMENT ON COLUMN bi.classification_quality."task" IS 'Task.';
COMMENT ON COLUMN bi.classification_quality."model" IS 'Version of the model that spoke; null: none.';
COMMENT ON COLUMN bi.classification_quality."language" IS 'zh, en, other.';
COMMENT ON COLUMN bi.classification_quality."findings" IS 'Complaints with a finding of this task (those are left out of which only a person said anything, and those that a late reopening took over).';
COMMENT ON COLUMN bi.classification_quality."by_default" IS 'Findings that the default decided: nobody said anything.';
COMMENT ON COLUMN bi.classification_quality."by_model" IS 'Findings that the model (or phrases in its place) decided.';
COMMENT ON COLUMN bi.classification_quality."by_phrases" IS 'Of by_model, those that phrase lists decided (model: the one that was not sure, if there was one).';
COMMENT ON COLUMN bi.classification_quality."by_upstream" IS 'Findings that the publisher''s label decided.';
COMMENT ON COLUMN bi.classification_quality."by_rule" IS 'Findings that a rule decided.';
COMMENT ON COLUMN bi.classification_quality."by_model_percent" IS 'by_model of findings.';
COMMENT ON COLUMN bi.classification_quality."by_upstream_percent" IS 'by_upstream of findings.';
COMMENT ON COLUMN bi.classification_quality."by_rule_percent" IS 'by_rule of findings.';
COMMENT ON COLUMN bi.classification_quality."needs_review" IS 'Findings in doubt when they were made.';
COMMENT ON COLUMN bi.classification_quality."needs_review_percent" IS 'needs_review of findings.';
COMMENT ON COLUMN bi.classification_quality."confidence_mean" IS 'Mean confidence of the model where it spoke.';
COMMENT ON COLUMN bi.classification_quality."corrections" IS 'Complaints whose task a person named: confirmed, changed and supplied.';
COMMENT ON COLUMN bi.classification_quality."confirmed" IS 'Corrections that said the label that was decided.';
COMMENT ON COLUMN bi.classification_quality."changed" IS 'Corrections that said another.';
COMMENT ON COLUMN bi.classification_quality."supplied" IS 'Corrections where nothing had been found.';
COMMENT ON COLUMN bi.classification_quality."model_judged" IS 'Corrections where the model had said something: what agreement is over.';
COMMENT ON COLUMN bi.classification_quality."model_right" IS 'Of these, how often the correction said what the model had said.';
COMMENT ON COLUMN bi.classification_quality."agreement_percent" IS 'model_right of model_judged; over fewer than a hundred judged it may be ten points off by chance.';
COMMENT ON COLUMN bi.classification_quality."upstream_judged" IS 'Corrections where the publisher had said something.';
COMMENT ON COLUMN bi.classification_quality."upstream_right" IS 'Of these, how often the correction said what the publisher had said.';
COMMENT ON COLUMN bi.classification_quality."upstream_compared" IS 'Complaints of which publisher and model both said something.';
COMMENT ON COLUMN bi.classification_quality."upstream_agrees" IS 'Of these, how often they said the same.';
COMMENT ON COLUMN bi.classification_quality."upstream_agreement_percent" IS 'upstream_agrees of upstream_compared.';
COMMENT ON VIEW bi.classification_calibration IS 'Whether the confidence of models holds on our own cases: agreement with corrections by band of confidence, all weeks and languages. A calibrated model is right as often as it says, on a random sample; corrections are none (see bi.classification_quality).';
COMMENT ON COLUMN bi.classification_calibration."task" IS 'Task.';
COMMENT ON COLUMN bi.classification_calibration."model" IS 'Version of the model.';
COMMENT ON COLUMN bi.classification_calibration."confidence_from" IS 'Band: from here on.';
COMMENT ON COLUMN bi.classification_calibration."confidence_to" IS 'Band: up to here, this left out (1 is in the last).';
COMMENT ON COLUMN bi.classification_calibration."findings" IS 'Labels of the model in this band.';
COMMENT ON COLUMN bi.classification_calibration."judged" IS 'Of these, how many a person spoke of.';
COMMENT ON COLUMN bi.classification_calibration."model_right" IS 'Of these, how many the person said, too.';
COMMENT ON COLUMN bi.classification_calibration."agreement_percent" IS 'model_right of judged.';
COMMENT ON COLUMN bi.classification_calibration."confidence_percent" IS 'Mean confidence of those judged, to compare agreement_percent with.';
COMMENT ON VIEW bi.classification_labels IS 'What share of a week each label has, beside the four weeks before.';
COMMENT ON COLUMN bi.classification_labels."task" IS 'Task.';
COMMENT ON COLUMN bi.classification_labels."week" IS 'Monday (UTC).';
COMMENT ON COLUMN bi.classification_labels."label" IS 'Label as first found; the 50 most frequent of a task, the rest is other labels.';
COMMENT ON COLUMN bi.classification_labels."findings" IS 'In this week.';
COMMENT ON COLUMN bi.classification_labels."share_percent" IS 'Of the week''s findings of this task.';
COMMENT ON COLUMN bi.classification_labels."previous" IS 'In the four weeks before.';
COMMENT ON COLUMN bi.classification_labels."previous_share_percent" IS 'Of these weeks'' findings of this task.';
COMMENT ON COLUMN bi.classification_labels."needs_review" IS 'Findings of the week in doubt.';
COMMENT ON COLUMN bi.classification_labels."model_labels" IS 'Findings of the week of which the model said something.';
COMMENT ON COLUMN bi.classification_labels."confidence_sum" IS 'Sum of its confidence over these.';
COMMENT ON VIEW bi.classification_drift IS 'How far the labels of a week are from those of the four weeks before: population stability index (PSI) a task. Limits of 0.10 and 0.25 as in Siddiqi, Credit Risk Scorecards (2006); what chance alone brings about (Yurdakul & Naranjo 2020) is no drift. A drift is a question, not an answer: the complaints may have changed, or how they are classified.';
COMMENT ON COLUMN bi.classification_drift."task" IS 'Task.';
COMMENT ON COLUMN bi.classification_drift."week" IS 'Monday (UTC).';
COMMENT ON COLUMN bi.classification_drift."findings" IS 'Findings of the week.';
COMMENT ON COLUMN bi.classification_drift."previous" IS 'Findings of the four weeks before.';
COMMENT ON COLUMN bi.classification_drift."labels" IS 'Labels in either.';
COMMENT ON COLUMN bi.classification_drift."psi" IS 'PSI; null without findings in one of them.';
COMMENT ON COLUMN bi.classification_drift."psi_noise" IS 'What PSI exceeds one time in a hundred if nothing has shifted.';
COMMENT ON COLUMN bi.classification_drift."drift" IS 'none, moderate (from 0.10), large (from 0.25), unknown (nothing to compare with, or too few: psi is within chance, and chance alone may reach 0.25).';
COMMENT ON COLUMN bi.classification_drift."needs_review_percent" IS 'Findings in doubt, of the week.';
COMMENT ON COLUMN bi.classification_drift."previous_needs_review_percent" IS 'Of the four weeks before.';
COMMENT ON COLUMN bi.classification_drift."confidence_mean" IS 'Mean confidence of the model, of the week.';
COMMENT ON COLUMN bi.classification_drift."previous_confidence_mean" IS 'Of the four weeks before.';

GRANT SELECT ON bi.findings, bi.classification_quality, bi.classification_calibration,
    bi.classification_labels, bi.classification_drift TO redress_bi;
