//! From a client's message to an action under judgement.
//!
//! Sends nothing that a client wrote: what is held here goes on by `forward`, against a permit.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::BufMut;
use model::{
    Action, ActionKind, Given, GivenValue, Ground, Named, Object, Parameter, Projections,
    Statement, Verb,
};
use sql::{SessionChange, Step, UNRESOLVED_RELATION};

use super::bound::{Bound, bind_names, format_at, formats, naming, parameter, parse_bind};
use super::broken::Broken;
use super::client::Taken;
use super::frame::{Fields, FrameError, put_cstr};
use super::inspect::{Analysis, Basis};
use super::portal::{Found, Origin, Portal, Prepared, Tally, cut};
use super::queue::Purpose;
use super::refuse::own;
use super::resolve::Missing;
use super::session::{Phase, Session};
use crate::kit;

/// OIDs below this belong to types that come with the server; declaring one runs nothing.
const FIRST_OTHER_OID: u32 = 10_000;

/// A message under judgement.
pub(crate) struct Held {
    pub(crate) sequence: u64,
    pub(crate) what: What,
    pub(crate) text: Arc<str>,
    pub(crate) analysis: Arc<Analysis>,
    pub(crate) judged: Judged,
}

/// Which message it is.
pub(crate) enum What {
    Query,
    Parse { name: Vec<u8>, oids: Vec<u32> },
    Bind(Box<Bound>),
    Function,
}

/// What is put before the gate: an analysis with the named statements' effects joined in.
#[derive(Clone)]
pub(crate) struct Judged {
    pub(crate) statements: Arc<[Statement]>,
    pub(crate) changes: Arc<[SessionChange]>,
    pub(crate) key: u64,
    /// Whether names of prepared statements or cursors were followed.
    pub(crate) by_name: bool,
    /// A name that this session gave to nothing, in the words of the server's error.
    pub(crate) missing: Option<Missing>,
    /// The texts behind names.
    pub(crate) named: Vec<Named>,
    /// A declared type runs code when a value is bound.
    pub(crate) binding_runs: bool,
}

impl Judged {
    /// These statements, with no names followed.
    fn of(statements: &Arc<[Statement]>, changes: &Arc<[SessionChange]>, key: u64) -> Self {
        Self {
            statements: Arc::clone(statements),
            changes: Arc::clone(changes),
            key,
            by_name: false,
            missing: None,
            named: Vec::new(),
            binding_runs: false,
        }
    }

    /// No statement.
    fn nothing() -> Self {
        Self::of(&Arc::from([]), &Arc::from([]), 0)
    }
}

impl Held {
    pub(crate) fn is_simple(&self) -> bool {
        matches!(self.what, What::Query | What::Function)
    }

    /// What the grammar itself objects to, if it does.
    /// `quoting` its literals or not.
    pub(crate) fn syntax_error(&self, quoting: bool) -> Option<(&str, Option<usize>)> {
        let objection = self.analysis.objection.as_ref()?;
        let said = objection.syntax.as_ref()?;
        let message = if quoting {
            &said.message
        } else {
            &objection.message
        };
        Some((message, said.place))
    }

    /// What it names and nothing bears, in the words of the server's error.
    pub(crate) fn missing(&self) -> Option<Cow<'_, Missing>> {
        let unbound = self.judged.missing.as_ref().map(Cow::Borrowed);
        unbound.or_else(|| self.unknown_relation().map(Cow::Owned))
    }

    /// The relation that the catalog does not hold. Tools ask so whether they were here before, and know the answer
    /// by its code. One that a later statement names may be made by an earlier one; one that only a function's body
    /// names is not for the client to know.
    fn unknown_relation(&self) -> Option<Missing> {
        let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let text = self.text.to_lowercase();
        let first = self.judged.statements.first()?;
        first.effects.iter().find_map(|effect| {
            let Object::Other { kind, name } = &effect.object else {
                return None;
            };
            let unknown = effect.verb == Verb::Unanalysed && kind == UNRESOLVED_RELATION;
            let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
            let mut words = text.split(|c| !is_of_name(c));
            let is_said = !last.is_empty() && words.any(|word| word == last);
            (unknown && is_said).then(|| Missing {
                code: "42P01",
                message: format!("relation \"{name}\" does not exist"),
            })
        })
    }
}

/// Why a text cannot be put before the gate now.
pub(crate) enum Pause {
    /// Something must be answered or analysed first.
    Wait,
    /// It never can: SQLSTATE and words.
    Never(&'static str, String),
}

impl Session {
    /// What the analysis of a text stands on now.
    pub(crate) fn basis(&self) -> Option<Basis> {
        Some(Basis {
            view: self.view.as_ref()?.number,
            catalog: self.inspector.version().unwrap_or_default(),
        })
    }

    fn basis_or_none(&self) -> Basis {
        self.basis().unwrap_or(Basis {
            view: 0,
            catalog: model::CatalogVersion::default(),
        })
    }

    /// Whether the server's transaction failed and nothing was sent that may have saved it: it runs nothing then.
    pub(crate) fn has_failed(&self) -> bool {
        self.status == b'E' && !self.saved
    }

    /// Whether it is known how names resolve now; sets off what it takes to know it.
    pub(crate) fn is_settled(&mut self) -> bool {
        if self.catalog_awaited {
            self.phase = Phase::AwaitCatalog;
            return false;
        }
        // What moved may yet move back when the batches in flight are answered.
        if (self.dirty || self.moved) && self.batches.in_flight() {
            self.await_upstream();
            return false;
        }
        if self.dirty && !self.has_failed() {
            if !self.asking {
                self.ask(match self.has_own {
                    true => Purpose::WholeState,
                    false => Purpose::State,
                });
            }
            self.await_upstream();
            return false;
        }
        true
    }

    /// Finds a text's analysis, or sets off what it takes to have it.
    pub(crate) fn analysis(&mut self, text: &str) -> Option<Arc<Analysis>> {
        if !self.is_settled() {
            return None;
        }
        let basis = self.basis()?;
        if let Some(found) = self.recent.find(&self.inspector, basis, text) {
            return Some(found);
        }
        let view = self.view.as_ref()?;
        let inspect = self.inspector.inspect(view, Arc::from(text));
        self.phase = Phase::AwaitAnalysis;
        self.push(kit::Effect::Inspect(inspect));
        None
    }

    /// Puts a statement text before the gate.
    pub(crate) fn hold(&mut self, frame: &[u8], what: What, text: &str) -> Taken {
        let Some(analysis) = self.analysis(text) else {
            return Taken::Waits;
        };
        if analysis.statements.is_empty() && analysis.objection.is_none() {
            self.forward_empty(what);
            return Taken::Done;
        }
        let mut judged = Judged::of(&analysis.statements, &analysis.changes, analysis.key);
        let simple = matches!(what, What::Query);
        match self.resolve(&mut judged) {
            Ok(()) => {}
            Err(Pause::Wait) => return Taken::Waits,
            Err(Pause::Never(code, message)) => {
                self.object(simple, code, &message);
                return Taken::Done;
            }
        }
        if let What::Parse { oids, .. } = &what {
            self.add_types(&mut judged, oids);
        }
        self.judge(frame, what, Arc::from(text), analysis, judged);
        Taken::Done
    }

    /// An empty text runs nothing: the gateway sends its own empty one.
    fn forward_empty(&mut self, what: What) {
        match what {
            What::Query => {
                own(&mut self.to_upstream, b'Q', |b| put_cstr(b, b""));
                self.expect_query(0, None, Arc::from(""), &Judged::nothing());
            }
            What::Parse { name, .. } => {
                own(&mut self.to_upstream, b'P', |b| {
                    put_cstr(b, &name);
                    put_cstr(b, b"");
                    b.put_u16(0);
                });
                self.expect_parse(0, &name, Arc::from(""), Vec::new());
            }
            What::Bind(_) | What::Function => {}
        }
    }

    pub(crate) fn on_bind(
        &mut self,
        frame: &[u8],
        fields: Fields<'_>,
    ) -> Result<Taken, FrameError> {
        let (portal, statement) = bind_names(fields)?;
        let prepared = match self.statements.find(statement, self.batches) {
            Found::It(prepared) => prepared,
            Found::Ambiguous => {
                self.await_upstream();
                return Ok(Taken::Waits);
            }
            Found::Nothing => {
                let name = String::from_utf8_lossy(cut(statement)).into_owned();
                let message = format!("prepared statement \"{name}\" does not exist");
                self.object(false, "26000", &message);
                return Ok(Taken::Done);
            }
        };
        let known = match self.portals.find(portal, self.batches) {
            Found::Ambiguous => {
                self.await_upstream();
                return Ok(Taken::Waits);
            }
            Found::It(_) => true,
            Found::Nothing => false,
        };
        if !self.is_served_name(portal) {
            return Ok(Taken::Done);
        }
        if !known && !portal.is_empty() && self.portals.len() >= self.limits.portals_max {
            self.object(false, "54000", "too many portals in this session");
            return Ok(Taken::Done);
        }
        let Some(analysis) = self.analysis(&prepared.source) else {
            return Ok(Taken::Waits);
        };
        let bound = parse_bind(fields, prepared)?;
        let mut judged = match self.prepared_now(&bound.prepared, &analysis) {
            Ok(judged) => judged,
            Err(message) => {
                self.object(false, "0A000", &message);
                return Ok(Taken::Done);
            }
        };
        if judged.statements.is_empty() && analysis.objection.is_none() {
            self.bind_empty(&bound);
            return Ok(Taken::Done);
        }
        match self.resolve(&mut judged) {
            Ok(()) => {}
            Err(Pause::Wait) => return Ok(Taken::Waits),
            Err(Pause::Never(code, message)) => {
                self.object(false, code, &message);
                return Ok(Taken::Done);
            }
        }
        self.add_types(&mut judged, &bound.prepared.oids);
        let text = Arc::clone(&bound.prepared.source);
        self.judge(frame, What::Bind(Box::new(bound)), text, analysis, judged);
        Ok(Taken::Done)
    }

    /// What a prepared statement would do, by an analysis of its source that stands now.
    pub(crate) fn prepared_now(
        &self,
        prepared: &Prepared,
        analysis: &Analysis,
    ) -> Result<Judged, String> {
        let Some(index) = prepared.prepare_index else {
            let (statements, changes) = (&analysis.statements, &analysis.changes);
            return Ok(Judged::of(statements, changes, analysis.key));
        };
        match analysis.changes.get(index).map(|change| &change.step) {
            // Its source may prepare several: which of them runs has to be told apart.
            Some(Step::Prepare { name, inner }) => Ok(Judged {
                named: vec![naming("prepared statement", name, prepared.text(analysis))],
                statements: Arc::from([inner.statement.clone()]),
                changes: Arc::from([inner.session.clone()]),
                key: 0,
                by_name: false,
                missing: None,
                binding_runs: false,
            }),
            _ => Err("the statement that was prepared is no longer understood".to_owned()),
        }
    }

    fn bind_empty(&mut self, bound: &Bound) {
        if !bound.parameters.is_empty() {
            self.object(false, "08P01", "an empty statement takes no parameters");
            return;
        }
        let prepared = Arc::clone(&bound.prepared);
        let basis = self.basis_or_none();
        own(&mut self.to_upstream, b'B', |b| {
            put_cstr(b, &bound.portal);
            put_cstr(b, &bound.statement);
            b.put_slice(&[0; 6]);
        });
        let portal = Portal {
            sequence: 0,
            statements: Arc::from([]),
            source: Arc::clone(&prepared.source),
            origin: Origin::Bind {
                permit: None,
                prepared,
                changes: Arc::from([]),
                basis,
                names: None,
            },
            plan: OnceLock::new(),
            tally: Tally::default(),
        };
        self.expect_bind(&bound.portal, portal);
    }

    pub(crate) fn on_function(
        &mut self,
        frame: &[u8],
        mut fields: Fields<'_>,
    ) -> Result<Taken, FrameError> {
        let oid = fields.u32()?;
        let formats = formats(&mut fields)?;
        let mut parameters = Vec::new();
        for position in 0..fields.count()? {
            parameters.push(parameter(fields.value()?, format_at(&formats, position), 0));
        }
        fields.i16()?;
        fields.end()?;
        let text = format!("FUNCTION CALL {oid}");
        // The state must be known here as well: the call moves it as any statement may.
        if self.catalog_awaited {
            self.phase = Phase::AwaitCatalog;
            return Ok(Taken::Waits);
        }
        let catalog = self.inspector.catalog();
        let effects = catalog.and_then(|catalog| sql::function_effects(&catalog, oid));
        let objection = effects.is_none().then(|| super::inspect::Objection {
            message: format!("the catalog has no function with OID {oid}"),
            syntax: None,
        });
        let statement = Statement {
            range: 0..text.len(),
            kind: "FUNCTION CALL".to_owned(),
            effects: effects.unwrap_or_default(),
            projections: Projections::None,
            uses: Vec::new(),
            given: Vec::new(),
            arguments: Vec::new(),
            has_where: true,
        };
        let statements: Arc<[Statement]> = Arc::from([statement]);
        let basis = self.basis_or_none();
        let analysis = Analysis::of_call(basis, Arc::clone(&statements), objection);
        let judged = Judged::of(&statements, &Arc::from([]), 0);
        let held_text = Arc::from(text.as_str());
        let what = What::Function;
        self.judge_with(
            frame,
            what,
            held_text,
            Arc::new(analysis),
            judged,
            parameters,
        );
        Ok(Taken::Done)
    }

    fn judge(
        &mut self,
        frame: &[u8],
        what: What,
        text: Arc<str>,
        analysis: Arc<Analysis>,
        judged: Judged,
    ) {
        let parameters = match &what {
            What::Bind(bound) => bound.parameters.clone(),
            _ => Vec::new(),
        };
        self.judge_with(frame, what, text, analysis, judged, parameters);
    }

    fn judge_with(
        &mut self,
        frame: &[u8],
        what: What,
        text: Arc<str>,
        analysis: Arc<Analysis>,
        judged: Judged,
        parameters: Vec<Parameter>,
    ) {
        let sequence = self.again.take().unwrap_or_else(|| {
            self.sequence += 1;
            self.sequence
        });
        self.held_frame.clear();
        self.held_frame.extend_from_slice(frame);
        let mut given = judged.statements.iter().flat_map(|s| &s.given);
        let counts = |given: &Given| matches!(given.value, GivenValue::Literal { .. });
        let literals = match given.any(|assignment| assignment.values.iter().any(counts)) {
            true => sql::literals(&text).unwrap_or_default(),
            false => Vec::new(),
        };
        let action = Action {
            kind: match what {
                What::Query => ActionKind::Query,
                What::Parse { .. } => ActionKind::Prepare,
                What::Bind(_) => ActionKind::Execute,
                What::Function => ActionKind::FunctionCall,
            },
            text: Arc::clone(&text),
            text_redacted: analysis.text_redacted.clone(),
            statements: Arc::clone(&judged.statements),
            parameters,
            literals,
            delivered: Some(self.masking.given()),
            not_understood: analysis.objection.as_ref().map(|o| o.message.clone()),
            analysis_key: judged.key,
            in_transaction: self.status != b'I' || self.began,
            named: judged.named.clone(),
            ground: self
                .standing
                .clone()
                .map(|standing| standing as Arc<dyn Ground>),
        };
        self.phase = Phase::AwaitVerdict(Box::new(Held {
            sequence,
            what,
            text,
            analysis,
            judged,
        }));
        self.push(kit::Effect::Judge(action));
    }

    /// Judges the held message again, from its own bytes, under the number it has.
    pub(crate) fn judge_again(&mut self) {
        if self.again.is_none() || !matches!(self.phase, Phase::Ready) {
            return;
        }
        let frame = std::mem::take(&mut self.held_frame);
        let taken = self.dispatch(&frame);
        if self.held_frame.is_empty() {
            self.held_frame = frame;
        }
        match taken {
            Ok(Taken::Waits) => {}
            Ok(Taken::Done) if self.again.is_none() => {}
            // It did not come to a verdict: what it named is gone.
            Ok(Taken::Done) => {
                let text = "a held statement is no longer understood".to_owned();
                self.end(&Broken::State(text));
            }
            Err(broken) => self.end(&broken),
        }
    }

    pub(crate) fn wait<T>(&mut self) -> Result<T, Pause> {
        self.await_upstream();
        Err(Pause::Wait)
    }

    /// Declared parameter types may run a domain's check when a value is bound.
    fn add_types(&self, judged: &mut Judged, oids: &[u32]) {
        let mut others = oids
            .iter()
            .filter(|oid| **oid >= FIRST_OTHER_OID)
            .peekable();
        if others.peek().is_none() {
            return;
        }
        let Some(catalog) = self.inspector.catalog() else {
            return;
        };
        let effects: Vec<_> = others
            .flat_map(|oid| sql::type_effects(&catalog, *oid))
            .collect();
        if effects.is_empty() {
            return;
        }
        let mut statements = judged.statements.to_vec();
        if let Some(first) = statements.first_mut() {
            first.effects.extend(effects);
        }
        judged.statements = statements.into();
        judged.key = 0;
        judged.binding_runs = true;
    }
}
