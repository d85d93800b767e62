//! Every limit that a client or a target can press against, with its unit and its reason.

use std::time::Duration;

/// The bounds of one gateway. Defaults suit a small production host; configuration overrides each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a start-up packet (PostgreSQL's own bound is 10,000).
    pub startup_bytes_max: usize,
    /// Bytes of a password or SASL message; an OIDC token with many groups fits.
    pub credential_bytes_max: usize,
    /// Bytes of one client message that is held for judgement (statement text, Bind, FunctionCall).
    pub statement_bytes_max: usize,
    /// Bytes of one row or COPY chunk; PostgreSQL's own limit is 1 GiB.
    pub row_bytes_max: usize,
    /// Bytes of one value that is searched for what it gives away, because searching takes the session's own time; a
    /// longer one is hidden whole.
    pub searched_bytes_max: usize,
    /// Bytes buffered per direction before the other side is no longer read.
    pub buffer_bytes_max: usize,
    /// Prepared statements kept per session.
    pub prepared_max: usize,
    /// Portals open per session.
    pub portals_max: usize,
    /// Masks that a session remembers to have been given, so that it does not write them back: those that cannot be told
    /// by their look (`hash`, `token`, `bucket`). Sixteen bytes each; the older half is forgotten first.
    pub delivered_masks_max: usize,
    /// Requests sent and not yet answered per session (pipelining).
    pub pipeline_max: usize,
    /// Time from accept to an authenticated session, one bound for the whole phase.
    pub login_timeout: Duration,
    /// Time to dial and log in to the target.
    pub upstream_timeout: Duration,
    /// Connections not yet authenticated, per gateway.
    pub logins_pending_max: usize,
    /// Of these, connections from one address (IPv6: one /64), so that one host that stalls does not keep all out.
    pub logins_pending_per_address_max: usize,
    /// Sessions open at once, per gateway.
    pub sessions_max: usize,
    /// Sessions open at once, per principal.
    pub sessions_per_principal_max: usize,
    /// A session's age at which it is ended.
    pub session_age_max: Duration,
    /// A session with nothing under way for this long is ended, in an open transaction too; zero means never.
    pub session_idle_max: Duration,
    /// A session that leaves a transaction open with nothing under way for this long is ended: it holds locks and keeps
    /// old rows alive. Zero means that `session_idle_max` alone counts.
    pub session_idle_in_transaction_max: Duration,
    /// How long a connection waits for an approval outside a transaction block.
    pub hold_wait: Duration,
    /// How long it waits inside one, where locks are held.
    pub hold_wait_in_transaction: Duration,
    /// How long a request for approval may stay unanswered, and an approval unused.
    pub approval_life: Duration,
    /// Open requests for approval per principal.
    pub approvals_pending_max: usize,
    /// Reads become durable in the recording within this time.
    pub journal_interval: Duration,
    /// How long a session waits for a slow recorder before it is ended.
    pub journal_timeout: Duration,
    /// Bytes of disk kept free so that the refusal itself can be recorded.
    pub journal_reserve_bytes: u64,
    /// Bytes of one response that are recorded per statement; what lies beyond is counted and hashed.
    pub recorded_response_bytes_max: u64,
    /// Bytes of words that the index takes of what one statement says, and as many of what came back, so that one dump does
    /// not make up the index.
    pub indexed_bytes_max: usize,
    /// How long one search of recordings may take, because it reads disks that sessions write to.
    pub search_time_max: Duration,
    /// How long sessions may finish after a request to stop.
    pub drain_timeout: Duration,
}

impl Limits {
    /// The documented defaults.
    pub const fn standard() -> Self {
        Self {
            startup_bytes_max: 10_000,
            credential_bytes_max: 64 * 1024,
            statement_bytes_max: 64 * 1024 * 1024,
            row_bytes_max: 1 << 30,
            searched_bytes_max: 1024 * 1024,
            buffer_bytes_max: 256 * 1024,
            prepared_max: 4_096,
            portals_max: 1_024,
            delivered_masks_max: 32_768,
            pipeline_max: 16_384,
            login_timeout: Duration::from_secs(10),
            upstream_timeout: Duration::from_secs(10),
            logins_pending_max: 256,
            logins_pending_per_address_max: 64,
            sessions_max: 4_096,
            sessions_per_principal_max: 256,
            session_age_max: Duration::from_secs(12 * 3600),
            session_idle_max: Duration::ZERO,
            session_idle_in_transaction_max: Duration::ZERO,
            hold_wait: Duration::from_secs(45),
            hold_wait_in_transaction: Duration::from_secs(10),
            approval_life: Duration::from_secs(600),
            approvals_pending_max: 16,
            journal_interval: Duration::from_millis(100),
            journal_timeout: Duration::from_secs(5),
            journal_reserve_bytes: 64 * 1024 * 1024,
            recorded_response_bytes_max: u64::MAX,
            indexed_bytes_max: 64 * 1024,
            search_time_max: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(30),
        }
    }
}
