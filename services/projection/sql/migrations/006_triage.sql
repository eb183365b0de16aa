-- What triage knows beyond bi.complaints, and each change of priority or class.
ALTER TABLE complaints
    ADD COLUMN offered json,
    ADD COLUMN limit_amount double precision,
    ADD COLUMN limit_currency text,
    ADD COLUMN first_failure_at timestamptz,
    ADD COLUMN doubling_hours double precision;

CREATE VIEW bi.triage AS
SELECT c.complaint_id,
    c.complaint_ref,
    c.state,
    c.kind,
    c.priority,
    c.triage_class,
    c.score,
    c.severity_part,
    c.salvageability,
    c.exposure,
    c.double_deviation,
    c.betrayal,
    c.failed_recoveries,
    c.tier,
    c.remedy_advice,
    (SELECT json_agg(mask_text(o.value)) FROM json_array_elements_text(c.offered) o)
        AS offered,
    c.limit_amount,
    c.limit_currency,
    c.first_failure_at,
    c.doubling_hours,
    c.recovery_ends_at,
    c.triage_policy
FROM complaints c;

-- One row a change: a timer that changes a priority is followed by its triage.changed, so
-- counting these counts each change once.  A triage.changed whose priority and class stayed
-- tells of a change of score or advice (a customer's file, a merge).
CREATE VIEW bi.priority_changes AS
SELECT e.complaint_id, e.occurred_at AS changed_at, e.detail ->> 'before' AS before,
    e.detail ->> 'after' AS after, e.detail ->> 'class_before' AS class_before,
    e.detail ->> 'triage_class' AS class_after,
    (e.detail ->> 'triage_score')::double precision AS score, e.detail ->> 'why' AS why,
    c.type AS cause_type, e.cause, e.event_id
FROM complaint_events e LEFT JOIN complaint_events c
    ON c.event_id = CASE WHEN e.cause ~ '^[0-9a-f-]{36}$' THEN e.cause::uuid END
WHERE e.type = 'triage.changed'
    AND (e.detail ->> 'before' <> e.detail ->> 'after'
        OR e.detail ->> 'class_before' <> e.detail ->> 'triage_class');

COMMENT ON VIEW bi.triage IS 'What triage decided on each complaint, its factors, limits and what was offered.';
COMMENT ON COLUMN bi.triage."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.triage."complaint_ref" IS 'The publisher''s own number.';
COMMENT ON COLUMN bi.triage."state" IS 'State.';
COMMENT ON COLUMN bi.triage."kind" IS 'inquiry, complaint, suggestion or praise.';
COMMENT ON COLUMN bi.triage."priority" IS 'P1 to P4.';
COMMENT ON COLUMN bi.triage."triage_class" IS 'immediate, urgent, routine or minimal.';
COMMENT ON COLUMN bi.triage."score" IS 'Score at the last triage.';
COMMENT ON COLUMN bi.triage."severity_part" IS 'Factor: severity as points, double deviation and betrayal in it.';
COMMENT ON COLUMN bi.triage."salvageability" IS 'Factor: days left of the 28, relationship, failed recoveries.';
COMMENT ON COLUMN bi.triage."exposure" IS 'Factor: who looks on.';
COMMENT ON COLUMN bi.triage."double_deviation" IS 'True if the handling failed too.';
COMMENT ON COLUMN bi.triage."betrayal" IS 'True if it is a best customer in double deviation.';
COMMENT ON COLUMN bi.triage."failed_recoveries" IS 'Refused remedies, reopenings by the customer, broken promises, ratings of 2 or less after a resolution.';
COMMENT ON COLUMN bi.triage."tier" IS 'Relationship tier in force.';
COMMENT ON COLUMN bi.triage."remedy_advice" IS 'What triage advises to do.';
COMMENT ON COLUMN bi.triage."offered" IS 'Remedies offered or given, oldest first (JSON array, masked).';
COMMENT ON COLUMN bi.triage."limit_amount" IS 'What a handler may give without asking, in limit_currency.';
COMMENT ON COLUMN bi.triage."limit_currency" IS 'ISO 4217.';
COMMENT ON COLUMN bi.triage."first_failure_at" IS 'Start of the 28 days: of this complaint or of the one that it repeats.';
COMMENT ON COLUMN bi.triage."doubling_hours" IS 'Hours in which the public reach doubles; null: not growing.';
COMMENT ON COLUMN bi.triage."recovery_ends_at" IS 'When the window to win the customer back ends.';
COMMENT ON COLUMN bi.triage."triage_policy" IS 'Version and hash of the triage policy that decided.';
COMMENT ON VIEW bi.priority_changes IS 'Each change of priority or class, with what moved it.';
COMMENT ON COLUMN bi.priority_changes."complaint_id" IS 'Complaint.';
COMMENT ON COLUMN bi.priority_changes."changed_at" IS 'Event time of the change.';
COMMENT ON COLUMN bi.priority_changes."before" IS 'Priority before.';
COMMENT ON COLUMN bi.priority_changes."after" IS 'Priority after.';
COMMENT ON COLUMN bi.priority_changes."class_before" IS 'Class before.';
COMMENT ON COLUMN bi.priority_changes."class_after" IS 'Class after.';
COMMENT ON COLUMN bi.priority_changes."score" IS 'Score after.';
COMMENT ON COLUMN bi.priority_changes."why" IS 'What moved it, for a person.';
COMMENT ON COLUMN bi.priority_changes."cause_type" IS 'Type of the event that caused it.';
COMMENT ON COLUMN bi.priority_changes."cause" IS 'event_id of that event.';
COMMENT ON COLUMN bi.priority_changes."event_id" IS 'event_id of the change.';

GRANT SELECT ON bi.triage, bi.priority_changes TO redress_bi;
