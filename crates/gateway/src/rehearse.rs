//! `portcullis policy …`: what the rules would say, before they say it to anybody.
//!
//! Reads the target's catalog where a statement must be understood; never runs a statement.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use gate::rehearse::{Rehearsal, rehearse};
use model::{Action, ActionKind, Principal, PrincipalKind, Resource, ResourceName, Statement};
use policy::Context;
use policy::test::{Bench, CaseReport};

use crate::config::{Config, ResourceConfig};
use crate::convert;
use crate::credentials::ConfiguredCredentials;
use crate::grants::{Ground, Weighed};
use crate::rules::Sources;
use crate::simulate::Simulate;

/// Warnings about one credential that are printed.
const EXCESS_MAX: usize = 20;

/// `portcullis policy`
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Validate policies and labels as the gateway would at load; say where a target's credential can do more than any
    /// policy could permit.
    Check(Check),
    /// Print the SQL of a database role that can do what some policy could permit, and no more.
    Grants(Grants),
    /// Say what one statement would do, what would be decided about it, and why.
    Explain(Explain),
    /// Run a file of cases; non-zero if one differs.
    Test(Test),
    /// Say what a draft would have decided about recorded statements, and where that differs from what was decided.
    Simulate(Simulate),
    /// Print the schema that policies are validated against.
    Schema,
}

/// Where the rules are.
#[derive(Args, Debug)]
pub struct Place {
    /// The configuration file.
    #[arg(
        long,
        short,
        env = "PORTCULLIS_CONFIG",
        default_value = "/etc/portcullis/portcullis.toml"
    )]
    pub(crate) config: PathBuf,
}

/// `portcullis policy check`
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    place: Place,
    /// Do not ask the targets what their credentials can do.
    #[arg(long)]
    offline: bool,
}

/// `portcullis policy grants`
#[derive(Args, Debug)]
pub struct Grants {
    #[command(flatten)]
    place: Place,
    /// The resource (`orders-prod` or `orders-prod/DATABASE`).
    resource: String,
    /// The role's name.
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
}

/// `portcullis policy explain`
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    place: Place,
    /// The resource, as clients name it (`orders-prod` or `orders-prod/DATABASE`).
    #[arg(long, short)]
    resource: String,
    /// The principal's name.
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The principal's groups.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// human, agent or workload.
    #[arg(long, default_value = "human", value_parser = ["human", "agent", "workload"])]
    kind: String,
    /// The human that an agent acts for.
    #[arg(long = "for", value_name = "NAME")]
    human: Option<String>,
    /// That human's groups.
    #[arg(long = "for-group", value_name = "GROUP", requires = "human")]
    human_groups: Vec<String>,
    /// The statement.
    statement: String,
}

/// `portcullis policy test`
#[derive(Args, Debug)]
pub struct Test {
    #[command(flatten)]
    place: Place,
    /// The file of cases.
    cases: PathBuf,
}

/// Runs one command; `globals` name the form of what it says, and where recordings are.
///
/// # Errors
/// What is wrong with the files, or how many cases differ.
pub async fn run(command: PolicyCommand, globals: &cli::Globals) -> Result<()> {
    let as_json = globals.json;
    match command {
        PolicyCommand::Schema => {
            print!("{}", policy::schema_text());
            Ok(())
        }
        PolicyCommand::Check(check) => check.run(as_json).await,
        PolicyCommand::Grants(grants) => grants.run().await,
        PolicyCommand::Explain(explain) => {
            let (said, action, notes) = explain.run().await?;
            let statements = &action.statements;
            match as_json {
                true => println!("{:#}", crate::explain::value(&said, statements, &notes)),
                false => print!("{}", crate::explain::tree(&said, statements, &notes)),
            }
            Ok(())
        }
        PolicyCommand::Test(test) => test.run(as_json).await,
        PolicyCommand::Simulate(simulate) => simulate.run(globals).await,
    }
}

impl Check {
    async fn run(self, as_json: bool) -> Result<()> {
        let config = Config::read(&self.place.config)?;
        let sources = Sources::read(&config.policy)?;
        let rules = sources.compile(1)?;
        let mut told = Told::default();
        let warnings = rules.policies.warnings();
        told.warnings.extend_from_slice(warnings);
        for settings in config.resource.iter().filter(|_| !self.offline) {
            for database in convert::databases(settings) {
                told.excess(&config, settings, &database, &rules).await?;
            }
        }
        let (count, set) = (rules.policies.policies().count(), rules.policies.hash());
        let files = sources.policies.len();
        if as_json {
            let said = serde_json::json!({
                "policies": count,
                "files": files,
                "set": set.to_string(),
                "warnings": told.warnings,
                "notes": told.notes,
            });
            println!("{said:#}");
            return Ok(());
        }
        for warning in told.warnings {
            println!("warning: {warning}");
        }
        for note in told.notes {
            println!("note: {note}");
        }
        println!("{count} policies in {files} files are valid; set {set}");
        Ok(())
    }
}

/// What a check has to say beyond that the policies are valid.
#[derive(Default)]
struct Told {
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Told {
    /// What a target's credential can do that no policy could permit. A target that cannot be asked is said, and is no
    /// fault of the policies.
    async fn excess(
        &mut self,
        config: &Config,
        settings: &ResourceConfig,
        database: &str,
        rules: &gate::ports::Rules,
    ) -> Result<()> {
        let name = format!("{}/{database}", settings.name);
        let resource = resource(settings, Some(database))?;
        let weighed = Weighed {
            policies: &rules.policies,
            labels: &rules.labels,
            resource: &resource,
        };
        let ground = match Ground::read(config, settings, database).await {
            Ok(ground) => ground,
            Err(error) => {
                let note = format!("{name} was not asked what its credential can do: {error:#}");
                self.notes.push(note);
                return Ok(());
            }
        };
        let excess = ground.excess(&weighed);
        let shown = excess.iter().take(EXCESS_MAX);
        self.warnings
            .extend(shown.map(|line| format!("{name}: {line}; no policy could permit that")));
        if excess.len() > EXCESS_MAX {
            let more = excess.len() - EXCESS_MAX;
            self.warnings.push(format!("{name}: and {more} more"));
        }
        if !excess.is_empty() {
            self.notes.push(format!(
                "portcullis policy grants {name} --as ROLE prints a role that can do less"
            ));
        }
        Ok(())
    }
}

impl Grants {
    async fn run(self) -> Result<()> {
        let config = Config::read(&self.place.config)?;
        let rules = Sources::read(&config.policy)?.compile(1)?;
        let (settings, database) = find(&config, &self.resource)?;
        let resource = resource(settings, database)?;
        let ground = Ground::read(&config, settings, &resource.database).await?;
        let weighed = Weighed {
            policies: &rules.policies,
            labels: &rules.labels,
            resource: &resource,
        };
        print!("{}", ground.sql(&self.role, &weighed));
        Ok(())
    }
}

impl Explain {
    async fn run(self) -> Result<(Rehearsal, Action, Vec<String>)> {
        let config = Config::read(&self.place.config)?;
        let rules = Sources::read(&config.policy)?.compile(1)?;
        let (settings, database) = find(&config, &self.resource)?;
        let resource = resource(settings, database)?;
        let catalog = catalog(&config, settings, &resource.database).await?;
        let (action, notes) = analysed(&self.statement, &catalog)?;
        let principal = self.principal();
        let said = rehearse(&rules, &principal, &resource, &action, &Context::default());
        Ok((said, action, notes))
    }

    fn principal(&self) -> Principal {
        let human = self.human.as_ref().map(|name| {
            Box::new(somebody(
                name,
                PrincipalKind::Human,
                &self.human_groups,
                None,
            ))
        });
        let kind = match self.kind.as_str() {
            "agent" => PrincipalKind::Agent,
            "workload" => PrincipalKind::Workload,
            _ => PrincipalKind::Human,
        };
        somebody(&self.name, kind, &self.groups, human)
    }
}

fn somebody(
    name: &str,
    kind: PrincipalKind,
    groups: &[String],
    acts_for: Option<Box<Principal>>,
) -> Principal {
    let mut groups = groups.to_vec();
    groups.sort();
    groups.dedup();
    Principal {
        issuer: "rehearsal".to_owned(),
        subject: name.to_owned(),
        name: name.to_owned(),
        email: None,
        kind,
        groups,
        acts_for,
    }
}

impl Test {
    async fn run(self, as_json: bool) -> Result<()> {
        let config = Config::read(&self.place.config)?;
        let rules = Sources::read(&config.policy)?.compile(1)?;
        let file = std::fs::read_to_string(&self.cases)
            .with_context(|| self.cases.display().to_string())?;
        let catalogs = catalogs(&config).await;
        let labels = |resource: &Resource| gate::rehearse::labels(&rules, resource);
        let analyse = |resource: &Resource, text: &str| -> Result<Vec<Statement>, String> {
            let known = catalogs.iter().find(|(name, database, _)| {
                *name == resource.name && *database == resource.database
            });
            let (_, _, catalog) = known.ok_or_else(|| {
                format!(
                    "{}/{} is not in the configuration",
                    resource.name, resource.database
                )
            })?;
            let catalog = catalog.as_ref().map_err(|error| format!("{error:#}"))?;
            let action = action(text, catalog).map_err(|error| format!("{error:#}"))?;
            match action.not_understood {
                Some(why) => Err(why),
                None => Ok(action.statements.to_vec()),
            }
        };
        let bench = Bench {
            labels: &labels,
            analyse: &analyse,
        };
        let reports = policy::test::run(&rules.policies, &file, &bench)?;
        let failed = reports
            .iter()
            .filter(|report| !report.differences.is_empty())
            .count();
        match as_json {
            true => println!("{:#}", reported(&reports, failed)),
            false => print!("{}", lines(&reports, failed)),
        }
        if failed > 0 {
            bail!("{failed} cases differ");
        }
        Ok(())
    }
}

fn reported(reports: &[CaseReport], failed: usize) -> serde_json::Value {
    let cases = reports.iter().map(|report| {
        serde_json::json!({
            "name": report.name,
            "outcome": report.outcome,
            "rules": report.rules,
            "differences": report.differences,
        })
    });
    let cases: Vec<_> = cases.collect();
    serde_json::json!({ "cases": cases, "passed": reports.len() - failed, "failed": failed })
}

fn lines(reports: &[CaseReport], failed: usize) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let (name, outcome) = (&report.name, &report.outcome);
        match report.differences.is_empty() {
            true => lines.push(format!("ok      {name} ({outcome})")),
            false => lines.push(format!(
                "DIFFERS {name} ({outcome}; {})",
                report.rules.join(", ")
            )),
        }
        let differences = report.differences.iter();
        lines.extend(differences.map(|difference| format!("          {difference}")));
    }
    lines.push(format!(
        "{} passed, {failed} failed\n",
        reports.len() - failed
    ));
    lines.join("\n")
}

/// What `orders-prod` or `orders-prod/DATABASE` names.
pub(crate) fn find<'a>(
    config: &'a Config,
    text: &'a str,
) -> Result<(&'a ResourceConfig, Option<&'a str>)> {
    let (name, database) = match text.split_once('/') {
        Some((name, database)) => (name, Some(database)),
        None => (text, None),
    };
    let mut resources = config.resource.iter();
    let found = resources.find(|resource| resource.name == name);
    let found = found.with_context(|| {
        let names: Vec<_> = config
            .resource
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        match names.is_empty() {
            true => format!("no resource is called {name}: the configuration has no [[resource]]"),
            false => format!(
                "no resource is called {name}; there is {}",
                names.join(", ")
            ),
        }
    })?;
    Ok((found, database))
}

fn resource(settings: &ResourceConfig, database: Option<&str>) -> Result<Resource> {
    Ok(Resource {
        name: ResourceName::new(&settings.name).context("a resource's name")?,
        protocol: settings.protocol.clone(),
        database: database.unwrap_or(&settings.database).to_owned(),
        tags: settings.tags.clone(),
    })
}

async fn catalog(
    config: &Config,
    settings: &ResourceConfig,
    database: &str,
) -> Result<Arc<sql::Catalog>> {
    let credentials = Arc::new(ConfiguredCredentials::new(&config.resource));
    let limits = config.limits.resolve()?;
    let read =
        relay::definitions(&convert::target(settings)?, database, credentials, &limits).await?;
    Ok(Arc::new(read))
}

type Known = (ResourceName, String, Result<Arc<sql::Catalog>>);

/// The catalogs of all databases; one that cannot be read fails only the cases that need it.
async fn catalogs(config: &Config) -> Vec<Known> {
    let mut known = Vec::new();
    for settings in &config.resource {
        let Some(name) = ResourceName::new(&settings.name) else {
            continue;
        };
        for database in convert::databases(settings) {
            let catalog = catalog(config, settings, &database).await;
            known.push((name.clone(), database, catalog));
        }
    }
    known
}

/// A statement as the door would be asked about it, analysed on a stack that is deep enough.
fn action(text: &str, catalog: &Arc<sql::Catalog>) -> Result<Action> {
    Ok(analysed(text, catalog)?.0)
}

/// The same, and which functions are not followed, and why.
fn analysed(text: &str, catalog: &Arc<sql::Catalog>) -> Result<(Action, Vec<String>)> {
    let (owned, catalog) = (text.to_owned(), Arc::clone(catalog));
    let thread = std::thread::Builder::new()
        .stack_size(sql::STACK_BYTES)
        .spawn(move || {
            let view = sql::View::initial(&catalog);
            sql::inspect(&owned, &view, &catalog)
        })?;
    let inspected = thread.join().ok().context("the analysis failed")?;
    let mut notes = Vec::new();
    let (statements, not_understood) = match inspected {
        Ok(inspection) => {
            for one in &inspection.statements {
                notes.extend(one.notes.iter().cloned());
            }
            let refused = inspection
                .statements
                .iter()
                .find_map(|one| one.refused.clone());
            (
                inspection
                    .statements
                    .into_iter()
                    .map(|one| one.statement)
                    .collect(),
                refused,
            )
        }
        Err(problem) => (Vec::new(), Some(problem.message)),
    };
    let action = Action {
        kind: ActionKind::Query,
        text: text.into(),
        text_redacted: None,
        statements: statements.into(),
        parameters: Vec::new(),
        literals: sql::literals(text).unwrap_or_default(),
        delivered: None,
        not_understood,
        analysis_key: 0,
        in_transaction: false,
        named: Vec::new(),
        ground: None,
    };
    Ok((action, notes))
}
