-- complaints: one row a complaint of the batch, its events already folded in order.
-- `sections` says which parts the batch brought: the others stay as they are.  The guard on
-- routed_offset makes a second delivery of the same events change nothing.
-- search_path = redress; parameters: one array a column, in this order.  unnest() stands in the
-- select list, where all arrays are walked in step: in FROM each would be stored first.
INSERT INTO complaints AS c (
    complaint_id, sections, routed_offset, customer_hash, customer_key, occurred_at,
    channel, brand, text, subject, order_ref, public_url, views, shares, replies,
    regulator, regulator_case_ref, regulator_received_at, on_behalf_of, consent_to_publish,
    extra,
    state, source, complaint_ref, received_at, first_response_at, resolved_at, closed_at,
    ended_at, recovery_ends_at, messages, responses, transfers, reopenings,
    previous_complaint_id, merged_into, external_ref, remedy_accepted, history, last_seq,
    language, kind, product, issue, severity, sentiment, desired_remedy, needs_review, flags,
    priority, triage_class, score, severity_part, salvageability, exposure, double_deviation,
    evidence, failed_recoveries, remedy_advice, checklist, reasons, tier, betrayal,
    reopen_advised, silent_since, rating, triage_policy,
    sla_policy, sla_level,
    team, owner, escalation_level, escalated_to, frozen, routing_rule, collective_id,
    cluster_key,
    cause, remedy, amount, currency,
    offered, limit_amount, limit_currency, first_failure_at, doubling_hours)
SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::bigint[]),
    unnest($4::text[]), unnest($5::text[]), unnest($6::timestamptz[]), unnest($7::text[]),
    unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
    unnest($12::text[]), unnest($13::bigint[]), unnest($14::bigint[]),
    unnest($15::bigint[]), unnest($16::text[]), unnest($17::text[]),
    unnest($18::timestamptz[]), unnest($19::text[]), unnest($20::boolean[]),
    unnest($21::json[]), unnest($22::text[]), unnest($23::text[]), unnest($24::text[]),
    unnest($25::timestamptz[]), unnest($26::timestamptz[]), unnest($27::timestamptz[]),
    unnest($28::timestamptz[]), unnest($29::timestamptz[]), unnest($30::timestamptz[]),
    unnest($31::integer[]), unnest($32::integer[]), unnest($33::integer[]),
    unnest($34::integer[]), unnest($35::uuid[]), unnest($36::uuid[]), unnest($37::text[]),
    unnest($38::boolean[]), unnest($39::boolean[]), unnest($40::bigint[]),
    unnest($41::text[]), unnest($42::text[]), unnest($43::text[]), unnest($44::text[]),
    unnest($45::smallint[]), unnest($46::double precision[]), unnest($47::text[]),
    unnest($48::boolean[]), unnest($49::text[]), unnest($50::text[]), unnest($51::text[]),
    unnest($52::double precision[]), unnest($53::double precision[]),
    unnest($54::double precision[]), unnest($55::double precision[]),
    unnest($56::boolean[]), unnest($57::json[]), unnest($58::integer[]),
    unnest($59::text[]), unnest($60::json[]), unnest($61::json[]), unnest($62::text[]),
    unnest($63::boolean[]), unnest($64::boolean[]), unnest($65::timestamptz[]),
    unnest($66::smallint[]), unnest($67::text[]), unnest($68::text[]),
    unnest($69::integer[]), unnest($70::text[]), unnest($71::text[]),
    unnest($72::integer[]), unnest($73::text[]), unnest($74::boolean[]),
    unnest($75::text[]), unnest($76::uuid[]), unnest($77::text[]), unnest($78::text[]),
    unnest($79::text[]), unnest($80::double precision[]), unnest($81::text[]),
    unnest($82::json[]), unnest($83::double precision[]), unnest($84::text[]),
    unnest($85::timestamptz[]), unnest($86::double precision[])
ON CONFLICT (complaint_id) DO UPDATE SET
    sections = c.sections | EXCLUDED.sections,
    routed_offset = EXCLUDED.routed_offset,
    customer_hash = COALESCE(EXCLUDED.customer_hash, c.customer_hash),
    customer_key = COALESCE(EXCLUDED.customer_key, c.customer_key),
    occurred_at = GREATEST(EXCLUDED.occurred_at, c.occurred_at),
    channel = CASE WHEN EXCLUDED.sections & 1 <> 0 THEN EXCLUDED.channel ELSE c.channel END,
    brand = CASE WHEN EXCLUDED.sections & 1 <> 0 THEN EXCLUDED.brand ELSE c.brand END,
    text = CASE WHEN EXCLUDED.sections & 1 <> 0 THEN EXCLUDED.text ELSE c.text END,
    subject = CASE WHEN EXCLUDED.sections & 1 <> 0 THEN EXCLUDED.subject ELSE c.subject END,
    order_ref = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.order_ref ELSE c.order_ref END,
    public_url = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.public_url ELSE c.public_url END,
    regulator = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.regulator ELSE c.regulator END,
    regulator_case_ref = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.regulator_case_ref ELSE c.regulator_case_ref END,
    regulator_received_at = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.regulator_received_at ELSE c.regulator_received_at END,
    on_behalf_of = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.on_behalf_of ELSE c.on_behalf_of END,
    consent_to_publish = CASE WHEN EXCLUDED.sections & 1 <> 0
        THEN EXCLUDED.consent_to_publish ELSE c.consent_to_publish END,
    extra = CASE WHEN EXCLUDED.sections & 1 <> 0 THEN EXCLUDED.extra ELSE c.extra END,
    views = COALESCE(EXCLUDED.views, c.views),
    shares = COALESCE(EXCLUDED.shares, c.shares),
    replies = COALESCE(EXCLUDED.replies, c.replies),
    state = CASE WHEN EXCLUDED.sections & 2 <> 0 THEN EXCLUDED.state ELSE c.state END,
    source = CASE WHEN EXCLUDED.sections & 2 <> 0 THEN EXCLUDED.source ELSE c.source END,
    complaint_ref = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.complaint_ref ELSE c.complaint_ref END,
    received_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.received_at ELSE c.received_at END,
    first_response_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.first_response_at ELSE c.first_response_at END,
    resolved_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.resolved_at ELSE c.resolved_at END,
    closed_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.closed_at ELSE c.closed_at END,
    ended_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.ended_at ELSE c.ended_at END,
    recovery_ends_at = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.recovery_ends_at ELSE c.recovery_ends_at END,
    messages = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.messages ELSE c.messages END,
    responses = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.responses ELSE c.responses END,
    transfers = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.transfers ELSE c.transfers END,
    reopenings = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.reopenings ELSE c.reopenings END,
    previous_complaint_id = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.previous_complaint_id ELSE c.previous_complaint_id END,
    merged_into = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.merged_into ELSE c.merged_into END,
    external_ref = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.external_ref ELSE c.external_ref END,
    remedy_accepted = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.remedy_accepted ELSE c.remedy_accepted END,
    history = CASE WHEN EXCLUDED.sections & 2 <> 0 THEN EXCLUDED.history ELSE c.history END,
    last_seq = CASE WHEN EXCLUDED.sections & 2 <> 0
        THEN EXCLUDED.last_seq ELSE c.last_seq END,
    language = CASE WHEN EXCLUDED.sections & 4 <> 0
        THEN EXCLUDED.language ELSE c.language END,
    kind = CASE WHEN EXCLUDED.sections & 4 <> 0 THEN EXCLUDED.kind ELSE c.kind END,
    product = CASE WHEN EXCLUDED.sections & 4 <> 0 THEN EXCLUDED.product ELSE c.product END,
    issue = CASE WHEN EXCLUDED.sections & 4 <> 0 THEN EXCLUDED.issue ELSE c.issue END,
    severity = CASE WHEN EXCLUDED.sections & 4 <> 0
        THEN EXCLUDED.severity ELSE c.severity END,
    sentiment = CASE WHEN EXCLUDED.sections & 4 <> 0
        THEN EXCLUDED.sentiment ELSE c.sentiment END,
    desired_remedy = CASE WHEN EXCLUDED.sections & 4 = 0 THEN c.desired_remedy
        -- classification still knows what the customer had erased here
        WHEN c.desired_remedy = 'erased' THEN erase_wish(EXCLUDED.desired_remedy)
        ELSE EXCLUDED.desired_remedy END,
    needs_review = CASE WHEN EXCLUDED.sections & 4 <> 0
        THEN EXCLUDED.needs_review ELSE c.needs_review END,
    flags = CASE WHEN EXCLUDED.sections & 4 <> 0 THEN EXCLUDED.flags ELSE c.flags END,
    priority = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.priority ELSE c.priority END,
    triage_class = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.triage_class ELSE c.triage_class END,
    score = CASE WHEN EXCLUDED.sections & 8 <> 0 THEN EXCLUDED.score ELSE c.score END,
    severity_part = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.severity_part ELSE c.severity_part END,
    salvageability = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.salvageability ELSE c.salvageability END,
    exposure = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.exposure ELSE c.exposure END,
    double_deviation = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.double_deviation ELSE c.double_deviation END,
    evidence = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.evidence ELSE c.evidence END,
    failed_recoveries = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.failed_recoveries ELSE c.failed_recoveries END,
    remedy_advice = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.remedy_advice ELSE c.remedy_advice END,
    checklist = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.checklist ELSE c.checklist END,
    reasons = CASE WHEN EXCLUDED.sections & 8 <> 0 THEN EXCLUDED.reasons ELSE c.reasons END,
    tier = CASE WHEN EXCLUDED.sections & 8 <> 0 THEN EXCLUDED.tier ELSE c.tier END,
    betrayal = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.betrayal ELSE c.betrayal END,
    reopen_advised = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.reopen_advised ELSE c.reopen_advised END,
    silent_since = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.silent_since ELSE c.silent_since END,
    rating = CASE WHEN EXCLUDED.sections & 8 <> 0 THEN EXCLUDED.rating ELSE c.rating END,
    triage_policy = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.triage_policy ELSE c.triage_policy END,
    sla_policy = CASE WHEN EXCLUDED.sections & 16 <> 0
        THEN EXCLUDED.sla_policy ELSE c.sla_policy END,
    sla_level = CASE WHEN EXCLUDED.sections & 16 <> 0
        THEN EXCLUDED.sla_level ELSE c.sla_level END,
    team = CASE WHEN EXCLUDED.sections & 32 <> 0 THEN EXCLUDED.team ELSE c.team END,
    owner = CASE WHEN EXCLUDED.sections & 32 <> 0 THEN EXCLUDED.owner ELSE c.owner END,
    escalation_level = CASE WHEN EXCLUDED.sections & 32 <> 0
        THEN EXCLUDED.escalation_level ELSE c.escalation_level END,
    escalated_to = CASE WHEN EXCLUDED.sections & 32 <> 0
        THEN EXCLUDED.escalated_to ELSE c.escalated_to END,
    frozen = CASE WHEN EXCLUDED.sections & 32 <> 0 THEN EXCLUDED.frozen ELSE c.frozen END,
    routing_rule = CASE WHEN EXCLUDED.sections & 32 <> 0
        THEN EXCLUDED.routing_rule ELSE c.routing_rule END,
    collective_id = CASE WHEN EXCLUDED.sections & 32 <> 0
        THEN EXCLUDED.collective_id ELSE c.collective_id END,
    cluster_key = CASE WHEN EXCLUDED.sections & 32 <> 0
        THEN EXCLUDED.cluster_key ELSE c.cluster_key END,
    cause = CASE WHEN EXCLUDED.sections & 64 <> 0 THEN EXCLUDED.cause ELSE c.cause END,
    remedy = CASE WHEN EXCLUDED.sections & 64 <> 0 THEN EXCLUDED.remedy ELSE c.remedy END,
    amount = CASE WHEN EXCLUDED.sections & 64 <> 0 THEN EXCLUDED.amount ELSE c.amount END,
    currency = CASE WHEN EXCLUDED.sections & 64 <> 0
        THEN EXCLUDED.currency ELSE c.currency END,
    offered = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.offered ELSE c.offered END,
    limit_amount = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.limit_amount ELSE c.limit_amount END,
    limit_currency = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.limit_currency ELSE c.limit_currency END,
    first_failure_at = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.first_failure_at ELSE c.first_failure_at END,
    doubling_hours = CASE WHEN EXCLUDED.sections & 8 <> 0
        THEN EXCLUDED.doubling_hours ELSE c.doubling_hours END
WHERE c.routed_offset < EXCLUDED.routed_offset;
