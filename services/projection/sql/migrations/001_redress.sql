-- The projection's tables: what complaints.routed, products.feedback and
-- complaints.deadletter say, in rows.  Tables have no schema here: the runner puts them
-- into the schema on the search path (redress), so that a rebuild can put them elsewhere.
-- In psql: SET search_path = redress; \i 001_redress.sql
--
-- Rules: every column follows from the topics alone, so that two runs over the same topics
-- give the same rows.  Wall times (recorded_at, applied_at, updated_wall_at) and positions
-- (routed_offset, dead_partition, dead_offset, offsets) are the exceptions.

-- One row a complaint: its current state.  `sections` says which parts were ever seen:
-- 1 submission, 2 register, 4 classification, 8 triage, 16 sla, 32 routing, 64 resolution.
CREATE TABLE complaints (
    complaint_id uuid PRIMARY KEY,
    sections smallint NOT NULL,
    routed_offset bigint NOT NULL,
    customer_hash text,
    customer_key text,
    occurred_at timestamptz NOT NULL,
    -- submission
    channel text,
    brand text,
    text text,
    subject text,
    order_ref text,
    public_url text,
    views bigint,
    shares bigint,
    replies bigint,
    regulator text,
    regulator_case_ref text,
    regulator_received_at timestamptz,
    on_behalf_of text,
    consent_to_publish boolean,
    extra json,
    -- register
    state text,
    source text,
    complaint_ref text,
    received_at timestamptz,
    first_response_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    ended_at timestamptz,
    recovery_ends_at timestamptz,
    messages integer,
    responses integer,
    transfers integer,
    reopenings integer,
    previous_complaint_id uuid,
    merged_into uuid,
    external_ref text,
    remedy_accepted boolean,
    history boolean,
    last_seq bigint,
    -- classification
    language text,
    kind text,
    product text,
    issue text,
    severity smallint,
    sentiment double precision,
    desired_remedy text,
    needs_review boolean,
    flags text,
    -- triage
    priority text,
    triage_class text,
    score double precision,
    severity_part double precision,
    salvageability double precision,
    exposure double precision,
    double_deviation boolean,
    evidence json,
    failed_recoveries integer,
    remedy_advice text,
    checklist json,
    reasons json,
    tier text,
    betrayal boolean,
    reopen_advised boolean,
    silent_since timestamptz,
    rating smallint,
    triage_policy text,
    -- sla
    sla_policy text,
    sla_level integer,
    -- routing
    team text,
    owner text,
    escalation_level integer,
    escalated_to text,
    frozen boolean,
    routing_rule text,
    collective_id uuid,
    cluster_key text,
    -- resolution: as the last complaint.resolved said
    cause text,
    remedy text,
    amount numeric,
    currency text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX complaints_customer ON complaints (customer_hash);
CREATE INDEX complaints_ref ON complaints (complaint_ref);

-- The timeline.  A row with seq is an inbound event that register took up; the others are
-- the stages' own and name their cause.  Not partitioned: two B-trees over 10^8 rows still
-- take a batch faster than the routing of each row to a partition costs.
CREATE TABLE complaint_events (
    event_id uuid PRIMARY KEY,
    complaint_id uuid,
    seq bigint,
    type text NOT NULL,
    stage text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause text,
    source text,
    ce_id text,
    customer_hash text, -- only of events without a complaint
    detail jsonb NOT NULL,
    text text -- what the customer or the company said in a message; redacted by the door
);
-- Own events have no seq, and nulls are distinct: one index for uniqueness and look-up.
CREATE UNIQUE INDEX complaint_events_seq ON complaint_events (complaint_id, seq);
CREATE INDEX complaint_events_rated ON complaint_events (occurred_at)
    WHERE type = 'complaint.rated';

-- One row a customer, by the whole hash: two customers never share one.
CREATE TABLE customers (
    customer_hash text PRIMARY KEY,
    customer_key text NOT NULL,
    key_kind text NOT NULL,
    routed_offset bigint NOT NULL,
    id text,
    name text,
    email text,
    phone text,
    handle text,
    tier text,
    since timestamptz,
    lifetime_value double precision,
    followers bigint,
    vulnerable boolean,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    erased_at timestamptz
) WITH (fillfactor = 80);

-- One row for each start of a clock.
CREATE TABLE sla_clocks (
    complaint_id uuid NOT NULL,
    clock text NOT NULL,
    start_no integer NOT NULL,
    routed_offset bigint NOT NULL,
    promise_id text,
    policy text NOT NULL,
    policy_version text NOT NULL,
    target text NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    status text NOT NULL,
    met_at timestamptz,
    breached_at timestamptz,
    paused_ms bigint NOT NULL,
    paused_since timestamptz,
    warned_percent integer NOT NULL,
    extended_until timestamptz,
    PRIMARY KEY (complaint_id, clock, start_no)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- One row each time that team or owner of a complaint changed.
CREATE TABLE assignments (
    event_id uuid PRIMARY KEY,
    complaint_id uuid NOT NULL,
    assigned_at timestamptz NOT NULL,
    type text NOT NULL,
    team text,
    owner text,
    escalation_level integer NOT NULL,
    rule text
);
CREATE INDEX assignments_complaint ON assignments (complaint_id);

-- One row for each step with a remedy: offered, accepted, refused, given (resolved).
CREATE TABLE remedies (
    event_id uuid PRIMARY KEY,
    complaint_id uuid NOT NULL,
    seq bigint,
    step text NOT NULL CHECK (step IN ('offered', 'accepted', 'refused', 'given')),
    remedy text,
    amount numeric,
    currency text,
    cause text,
    reason text,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX remedies_complaint ON remedies (complaint_id);

-- What product teams see of a cluster of complaints (products.feedback).
CREATE TABLE feedback_items (
    feedback_id uuid PRIMARY KEY,
    cluster_key text NOT NULL,
    product text,
    issue text,
    status text NOT NULL,
    revision bigint NOT NULL,
    complaints bigint NOT NULL,
    customers bigint NOT NULL,
    double_deviations bigint NOT NULL,
    severity_max smallint,
    cause text,
    version text,
    reason text,
    due_at timestamptz,
    first_at timestamptz,
    last_at timestamptz,
    acknowledged_at timestamptz,
    cause_found_at timestamptz,
    planned_at timestamptz,
    fixed_at timestamptz,
    declined_at timestamptz,
    reopened_at timestamptz,
    feedback_partition integer NOT NULL,
    feedback_offset bigint NOT NULL
);

-- Collective complaints, who belongs to them, and what helped before.
CREATE TABLE collectives (
    collective_id uuid PRIMARY KEY,
    cluster_key text NOT NULL,
    product text,
    issue text,
    status text NOT NULL CHECK (status IN ('candidate', 'confirmed', 'closed')),
    complaints bigint NOT NULL,
    customers bigint NOT NULL,
    first_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    doubling_hours double precision,
    alarmed_at timestamptz,
    closed_at timestamptz
);
CREATE TABLE collective_members (
    collective_id uuid NOT NULL,
    complaint_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (collective_id, complaint_id)
);
CREATE TABLE precedents (
    cluster_key text NOT NULL,
    segment text NOT NULL,
    remedy text NOT NULL,
    cases bigint NOT NULL,
    rating double precision,
    recurrence double precision,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (cluster_key, segment, remedy)
);

-- topic, partition and offset are those of the original message.
CREATE TABLE dead_letters (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    detail text,
    path text,
    encoding text,
    recorded_at timestamptz NOT NULL,
    -- where it lies in complaints.deadletter; null if the projection itself refused it
    dead_partition integer,
    dead_offset bigint,
    PRIMARY KEY (topic, "partition", "offset", stage)
);

-- How far each input topic is in these tables: written in the same transaction as the rows.
-- epoch is the fence: whoever is given the partition counts it up, and a predecessor that
-- still lives finds its number gone.
CREATE TABLE offsets (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    updated_wall_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, "partition")
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 500);
