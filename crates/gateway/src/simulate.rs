//! `portcullis policy simulate`: recorded statements, decided anew by a draft.
//!
//! Must never guess what a record does not say, and never hold more than groups of what changes.

mod line;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use export::Kind;
use gate::ports::Rules;
use policy::PolicySet;
use policy::simulate::{Set, Untold, Would};

use crate::config::{Config, PolicyConfig};
use crate::rehearse::Place;
use crate::rules::Sources;
use crate::simulate::line::{Line, Lines, Where};
use crate::simulate::report::{Example, Report};

/// Answers that are remembered: most statements were asked before in the same circumstances.
const KNOWN_MAX: usize = 20_000;
/// Bytes of effects of a question that is remembered.
const KNOWN_BYTES_MAX: usize = 4 * 1_024;

/// `portcullis policy simulate`
#[derive(Args, Debug)]
pub struct Simulate {
    #[command(flatten)]
    place: Place,
    /// The folder with the draft's *.cedar files.
    #[arg(long, value_name = "DIR")]
    policy: PathBuf,
    /// The draft's data catalog; the configuration's own when not given.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    events: cli::Events,
    /// Exit with 1 when anything changes.
    #[arg(long)]
    fail_on_change: bool,
    /// Exit with 1 when of anything it cannot be told whether it changes.
    #[arg(long)]
    fail_on_untold: bool,
}

impl Simulate {
    /// Reads, decides, and prints what changes.
    ///
    /// # Errors
    /// What is wrong with the files; a [`cli::Problem`] where the recordings cannot be had; with the options for that,
    /// how much changes or cannot be told.
    pub async fn run(self, globals: &cli::Globals) -> Result<()> {
        let config = Config::read(&self.place.config)?;
        let running = Sources::read(&config.policy)?;
        let draft = PolicyConfig {
            dir: self.policy.clone(),
            data: self.data.clone().or_else(|| config.policy.data.clone()),
            ..config.policy.clone()
        };
        let draft = Sources::read(&draft).context("the draft")?;
        let is_same_catalog = draft.data == running.data;
        let draft = draft.compile(1).context("the draft")?;
        let running = running.compile(1)?;
        let mut bench = Bench::new(&config, &draft, &running);
        bench.report.compare_catalogs(is_same_catalog);
        let mut lines = Lines::new(|line| bench.take(line));
        let kinds = [Kind::SessionOpened, Kind::StatementDecided];
        cli::events(globals, &self.events, &kinds, &mut lines).await?;
        lines.finish();
        let report = bench.report;
        match globals.json {
            true => println!("{:#}", report.json()),
            false => print!("{}", report.text()),
        }
        if self.fail_on_change && report.changed() > 0 {
            bail!("{} would change", report.changed());
        }
        if self.fail_on_untold && report.untold() > 0 {
            bail!("of {} it cannot be told", report.untold());
        }
        Ok(())
    }
}

/// What recorded statements are decided by, one after the other.
struct Bench<'a> {
    config: &'a Config,
    draft: &'a Rules,
    running: &'a Rules,
    asks_time: bool,
    known: std::collections::HashMap<Line, Arc<Result<Would, Untold>>>,
    report: Report,
}

impl<'a> Bench<'a> {
    fn new(config: &'a Config, draft: &'a Rules, running: &'a Rules) -> Self {
        let asks = |set: &PolicySet| set.asks_time();
        Self {
            config,
            draft,
            running,
            asks_time: asks(&draft.policies) || asks(&running.policies),
            known: std::collections::HashMap::new(),
            report: Report::new(&draft.policies, &running.policies),
        }
    }

    /// Takes one recorded event, or `None` for what could not be read.
    fn take(&mut self, read: Option<(Line, Where)>) {
        let Some((line, at)) = read else {
            return self.report.unreadable();
        };
        match line.kind.as_str() {
            "gap" => return self.report.gap(&line.reason),
            "session.opened" => self.report.count_session(),
            "statement.decided" if line.is_answer(&at) => return,
            "statement.decided" if line.is_passed_preparation() => return self.report.prepared(),
            "statement.decided" => self.report.count_statement(),
            _ => return,
        }
        let line = match self.asks_time {
            true => line,
            false => line.at_any_time(),
        };
        let told = self.told(&line);
        let example = || Example::new(&line, &at);
        if let Ok(would) = &*told {
            self.report.compare_approvers(would);
        }
        match &*told {
            Ok(would) if would.is_change() => self.report.change(&line, would, example()),
            Ok(_) => self.report.same(),
            Err(untold) => self.report.not_told(untold, example()),
        }
    }

    fn told(&mut self, line: &Line) -> Arc<Result<Would, Untold>> {
        if let Some(known) = self.known.get(line) {
            return Arc::clone(known);
        }
        let told = Arc::new(self.decide(line));
        if line.bytes() <= KNOWN_BYTES_MAX {
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(line.clone(), Arc::clone(&told));
        }
        told
    }

    fn decide(&self, line: &Line) -> Result<Would, Untold> {
        let resources = &self.config.resource;
        let settings = resources.iter().find(|known| known.name == line.resource);
        let past = line.past(settings)?;
        let draft = gate::rehearse::labels(self.draft, &past.resource);
        let running = gate::rehearse::labels(self.running, &past.resource);
        let set = |rules: &'a Rules, labels| Set {
            policies: &rules.policies,
            labels,
        };
        policy::simulate::simulate(
            &past,
            set(self.draft, &*draft),
            set(self.running, &*running),
        )
    }
}
