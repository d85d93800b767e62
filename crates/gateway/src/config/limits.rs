//! `[limits]`: every bound of [`model::Limits`], each overridable within a stated range.

use std::time::Duration;

use serde::Deserialize;

use super::{Bytes, Error, Span, refuse};

/// `[limits]`; what is absent has its default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "each field is documented in model::Limits under the same name"
)]
pub struct LimitsConfig {
    pub startup_bytes_max: Option<Bytes>,
    pub credential_bytes_max: Option<Bytes>,
    pub statement_bytes_max: Option<Bytes>,
    pub row_bytes_max: Option<Bytes>,
    pub searched_bytes_max: Option<Bytes>,
    pub buffer_bytes_max: Option<Bytes>,
    pub prepared_max: Option<Bytes>,
    pub portals_max: Option<Bytes>,
    pub delivered_masks_max: Option<Bytes>,
    pub pipeline_max: Option<Bytes>,
    pub login_timeout: Option<Span>,
    pub upstream_timeout: Option<Span>,
    pub logins_pending_max: Option<Bytes>,
    pub logins_pending_per_address_max: Option<Bytes>,
    pub sessions_max: Option<Bytes>,
    pub sessions_per_principal_max: Option<Bytes>,
    pub session_age_max: Option<Span>,
    pub session_idle_max: Option<Span>,
    pub session_idle_in_transaction_max: Option<Span>,
    pub hold_wait: Option<Span>,
    pub hold_wait_in_transaction: Option<Span>,
    pub approval_life: Option<Span>,
    pub approvals_pending_max: Option<Bytes>,
    pub journal_interval: Option<Span>,
    pub journal_timeout: Option<Span>,
    pub journal_reserve_bytes: Option<Bytes>,
    pub recorded_response_bytes_max: Option<Bytes>,
    pub indexed_bytes_max: Option<Bytes>,
    pub search_time_max: Option<Span>,
    pub drain_timeout: Option<Span>,
}

struct Count(&'static str, Option<Bytes>, std::ops::RangeInclusive<u64>);
struct Time(
    &'static str,
    Option<Span>,
    std::ops::RangeInclusive<Duration>,
);

impl Count {
    fn over(self, field: &mut usize) -> Result<(), Error> {
        let Self(key, value, range) = self;
        let Some(Bytes(value)) = value else {
            return Ok(());
        };
        match usize::try_from(value) {
            Ok(small) if range.contains(&value) => *field = small,
            _ => {
                return Err(out_of_range(
                    key,
                    &format!("{} to {}", range.start(), range.end()),
                ));
            }
        }
        Ok(())
    }
}

impl Time {
    fn over(self, field: &mut Duration) -> Result<(), Error> {
        let Self(key, value, range) = self;
        let Some(Span(value)) = value else {
            return Ok(());
        };
        if !range.contains(&value) {
            return Err(out_of_range(
                key,
                &format!("{:?} to {:?}", range.start(), range.end()),
            ));
        }
        *field = value;
        Ok(())
    }
}

fn out_of_range(key: &str, range: &str) -> Error {
    refuse(format!("limits.{key}"), format!("must be within {range}"))
}

impl LimitsConfig {
    /// The bounds in force.
    ///
    /// # Errors
    /// A value outside its range.
    pub fn resolve(&self) -> Result<model::Limits, Error> {
        let mut l = model::Limits::standard();
        self.resolve_counts(&mut l)?;
        self.resolve_times(&mut l)?;
        self.resolve_searches(&mut l)?;
        if let Some(Bytes(value)) = self.journal_reserve_bytes {
            l.journal_reserve_bytes = value;
        }
        if let Some(Bytes(value)) = self.recorded_response_bytes_max {
            l.recorded_response_bytes_max = value;
        }
        Ok(l)
    }

    fn resolve_counts(&self, l: &mut model::Limits) -> Result<(), Error> {
        const KIB: u64 = 1 << 10;
        const GIB: u64 = 1 << 30;
        Count("startup_bytes_max", self.startup_bytes_max, 512..=10_000)
            .over(&mut l.startup_bytes_max)?;
        Count(
            "credential_bytes_max",
            self.credential_bytes_max,
            KIB..=1024 * KIB,
        )
        .over(&mut l.credential_bytes_max)?;
        Count("statement_bytes_max", self.statement_bytes_max, KIB..=GIB)
            .over(&mut l.statement_bytes_max)?;
        Count("row_bytes_max", self.row_bytes_max, 64 * KIB..=GIB).over(&mut l.row_bytes_max)?;
        Count("searched_bytes_max", self.searched_bytes_max, KIB..=GIB)
            .over(&mut l.searched_bytes_max)?;
        Count("buffer_bytes_max", self.buffer_bytes_max, 16 * KIB..=GIB)
            .over(&mut l.buffer_bytes_max)?;
        Count("prepared_max", self.prepared_max, 1..=1_000_000).over(&mut l.prepared_max)?;
        Count("portals_max", self.portals_max, 1..=1_000_000).over(&mut l.portals_max)?;
        Count(
            "delivered_masks_max",
            self.delivered_masks_max,
            1..=16_000_000,
        )
        .over(&mut l.delivered_masks_max)?;
        Count("pipeline_max", self.pipeline_max, 1..=1_000_000).over(&mut l.pipeline_max)?;
        Count("logins_pending_max", self.logins_pending_max, 1..=1_000_000)
            .over(&mut l.logins_pending_max)?;
        Count(
            "logins_pending_per_address_max",
            self.logins_pending_per_address_max,
            1..=1_000_000,
        )
        .over(&mut l.logins_pending_per_address_max)?;
        Count("sessions_max", self.sessions_max, 1..=1_000_000).over(&mut l.sessions_max)?;
        Count(
            "sessions_per_principal_max",
            self.sessions_per_principal_max,
            1..=1_000_000,
        )
        .over(&mut l.sessions_per_principal_max)?;
        Count(
            "approvals_pending_max",
            self.approvals_pending_max,
            1..=10_000,
        )
        .over(&mut l.approvals_pending_max)
    }

    fn resolve_searches(&self, l: &mut model::Limits) -> Result<(), Error> {
        Count("indexed_bytes_max", self.indexed_bytes_max, 256..=1 << 24)
            .over(&mut l.indexed_bytes_max)?;
        let range = Duration::from_millis(100)..=Duration::from_secs(50);
        Time("search_time_max", self.search_time_max, range).over(&mut l.search_time_max)
    }

    fn resolve_times(&self, l: &mut model::Limits) -> Result<(), Error> {
        let second = Duration::from_secs(1);
        let day = Duration::from_secs(86_400);
        Time("login_timeout", self.login_timeout, second..=second * 120)
            .over(&mut l.login_timeout)?;
        Time(
            "upstream_timeout",
            self.upstream_timeout,
            second..=second * 120,
        )
        .over(&mut l.upstream_timeout)?;
        Time("session_age_max", self.session_age_max, second..=day * 365)
            .over(&mut l.session_age_max)?;
        Time(
            "session_idle_max",
            self.session_idle_max,
            Duration::ZERO..=day * 365,
        )
        .over(&mut l.session_idle_max)?;
        Time(
            "session_idle_in_transaction_max",
            self.session_idle_in_transaction_max,
            Duration::ZERO..=day * 365,
        )
        .over(&mut l.session_idle_in_transaction_max)?;
        Time("hold_wait", self.hold_wait, Duration::ZERO..=second * 3600).over(&mut l.hold_wait)?;
        Time(
            "hold_wait_in_transaction",
            self.hold_wait_in_transaction,
            Duration::ZERO..=second * 3600,
        )
        .over(&mut l.hold_wait_in_transaction)?;
        Time("approval_life", self.approval_life, second..=day * 7).over(&mut l.approval_life)?;
        Time(
            "journal_interval",
            self.journal_interval,
            Duration::from_millis(1)..=second * 10,
        )
        .over(&mut l.journal_interval)?;
        Time(
            "journal_timeout",
            self.journal_timeout,
            Duration::from_millis(100)..=second * 60,
        )
        .over(&mut l.journal_timeout)?;
        Time("drain_timeout", self.drain_timeout, Duration::ZERO..=day).over(&mut l.drain_timeout)
    }
}
