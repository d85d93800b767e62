//! The options of `search`.
//!
//! Does nothing but give each its name in the API.

use std::path::PathBuf;

use clap::Args;

/// `search`
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "All that is given must fit. In TEXT, words stand alone, \"words in quotes\" one behind the other; \
    cust* fits what begins so, -word what lacks it (put -- before a TEXT that begins so). Case and accents do not count."
)]
pub struct Search {
    /// Words in statements, parameters, effects, reasons, errors and results
    #[arg(default_value = "")]
    pub text: String,
    /// A principal's key, or part of a name
    #[arg(long, value_name = "WHO")]
    pub principal: Option<String>,
    /// The same, and it was an agent
    #[arg(long, value_name = "WHO")]
    pub agent: Option<String>,
    /// The human who acted, or for whom an agent did
    #[arg(long, visible_alias = "for", value_name = "WHO")]
    pub human: Option<String>,
    /// A resource
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// A database
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// A relation that it touches: orders or public.orders
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// A column that it touches: email or customers.email
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
    /// A column that came back masked, likewise
    #[arg(long, value_name = "NAME")]
    pub masked: Option<String>,
    /// What it does: select, insert, update, delete, …
    #[arg(long, value_name = "VERB")]
    pub verb: Option<String>,
    /// A label of a column that it touches
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// The application's name as the client gave it
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// The client's address
    #[arg(long, value_name = "IP")]
    pub address: Option<String>,
    /// The error that it ended with: a code or SQLSTATE
    #[arg(long, value_name = "CODE")]
    pub error: Option<String>,
    /// What was found in values and hidden: iban, email, …
    #[arg(long, value_name = "WORD")]
    pub detector: Option<String>,
    /// A policy that decided
    #[arg(long, value_name = "ID")]
    pub policy: Option<String>,
    /// human, agent or workload
    #[arg(long, value_parser = ["human", "agent", "workload"], value_name = "KIND")]
    pub kind: Option<String>,
    /// allow, hold or deny; what was held and let go is both
    #[arg(long, visible_alias = "outcome", value_parser = ["allow", "hold", "deny"], value_name = "DECISION")]
    pub decision: Option<String>,
    /// Not before: 2026-01-31T12:00:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Not after, likewise
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At least so many rows delivered or changed
    #[arg(long, value_name = "N")]
    pub min_rows: Option<u64>,
    /// It took at least so long: 250ms, 2s, 1m
    #[arg(long, value_name = "TIME")]
    pub min_duration: Option<String>,
    /// The page behind another: what that one said
    #[arg(long, value_name = "PLACE")]
    pub before: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// Read this journal instead of asking the gateway
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}

impl Search {
    /// What was asked for, by the API's names; times are given as they were understood.
    pub(crate) fn pairs(&self, since: String, until: String) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let pairs = [
            ("text", self.text.clone()),
            ("principal", text(&self.principal)),
            ("agent", text(&self.agent)),
            ("human", text(&self.human)),
            ("resource", text(&self.resource)),
            ("database", text(&self.database)),
            ("table", text(&self.table)),
            ("column", text(&self.column)),
            ("masked", text(&self.masked)),
            ("verb", text(&self.verb)),
            ("label", text(&self.label)),
            ("client", text(&self.client)),
            ("address", text(&self.address)),
            ("error", text(&self.error)),
            ("detector", text(&self.detector)),
            ("policy", text(&self.policy)),
            ("kind", text(&self.kind)),
            ("decision", text(&self.decision)),
            ("since", since),
            ("until", until),
            (
                "min_rows",
                self.min_rows.map(|n| n.to_string()).unwrap_or_default(),
            ),
            ("min_duration", text(&self.min_duration)),
            ("before", text(&self.before)),
            ("limit", self.limit.to_string()),
        ];
        pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}
