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
use policy::test::Bench;

use crate::config::{Config, ResourceConfig};
use crate::convert;
use crate::credentials::ConfiguredCredentials;
use crate::grants::{Ground, Weighed};
use crate::rules::Sources;

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

/// Runs one command; `as_json` is the form of an explanation.
///
/// # Errors
/// What is wrong with the files, or how many cases differ.
pub async fn run(command: PolicyCommand, as_json: bool) -> Result<()> {
    match command {
        PolicyCommand::Schema => {
            print!("{}", policy::schema_text());
            Ok(())
        }
        PolicyCommand::Check(check) => check.run().await,
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
        PolicyCommand::Test(test) => test.run().await,
    }
}

impl Check {
    async fn run(self) -> Result<()> {
        let config = Config::read(&self.place.config)?;
        let sources = Sources::read(&config.policy)?;
        let rules = sources.compile(1)?;
        for warning in rules.policies.warnings() {
            println!("warning: {warning}");
        }
        for settings in config.resource.iter().filter(|_| !self.offline) {
            for database in convert::databases(settings) {
                warn_of_excess(&config, settings, &database, &rules).await?;
            }
        }
        let count = rules.policies.policies().count();
        println!(
            "{count} policies in {} files are valid; set {}",
            sources.policies.len(),
            rules.policies.hash()
        );
        Ok(())
    }
}

/// Says what a target's credential can do that no policy could permit. A target that cannot be asked is said, and is no
/// fault of the policies.
async fn warn_of_excess(
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
    match Ground::read(config, settings, database).await {
        Ok(ground) => {
            let excess = ground.excess(&weighed);
            for line in excess.iter().take(EXCESS_MAX) {
                println!("warning: {name}: {line}; no policy could permit that");
            }
            if excess.len() > EXCESS_MAX {
                println!("warning: {name}: and {} more", excess.len() - EXCESS_MAX);
            }
            if !excess.is_empty() {
                println!(
                    "  hint: portcullis policy grants {name} --as ROLE prints a role that can do less"
                );
            }
        }
        Err(error) => println!("note: {name} was not asked what its credential can do: {error:#}"),
    }
    Ok(())
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
    async fn run(self) -> Result<()> {
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
        let mut failed = 0;
        for report in &reports {
            if report.differences.is_empty() {
                println!("ok      {} ({})", report.name, report.outcome);
                continue;
            }
            failed += 1;
            println!(
                "DIFFERS {} ({}; {})",
                report.name,
                report.outcome,
                report.rules.join(", ")
            );
            report
                .differences
                .iter()
                .for_each(|difference| println!("          {difference}"));
        }
        println!("{} passed, {failed} failed", reports.len() - failed);
        if failed > 0 {
            bail!("{failed} cases differ");
        }
        Ok(())
    }
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
    let found = found.with_context(|| format!("no resource is called {name}"))?;
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
