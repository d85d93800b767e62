//! Types by name, and what values of user-defined types run: domain checks, casts, range functions.

use model::{Effect, Object, Verb};
use pg_query::protobuf::TypeName;

use super::{Analysis, Walk, reach, strings};
use crate::catalog::{Catalog, Column, FIRST_USER_OID, Function, Locals};

/// `regproc`, `regclass` and their like, in `pg_type.dat`.
const NAME_TYPES: &[u32] = &[
    24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191,
];
/// Types within types.
const NESTING_MAX: usize = 16;

impl<'a> Analysis<'a> {
    /// The type that a name means, 0 when unknown; what its values run is recorded.
    pub(crate) fn type_name(&mut self, name: &TypeName) -> u32 {
        self.named_something = true;
        let parts = strings(&name.names).unwrap_or_default();
        let found = match parts.as_slice() {
            _ if name.pct_type => None,
            [only] => self.type_in_path(only),
            [schema, only] => self.type_in(schema, only),
            _ => None,
        };
        let Some(element) = found else {
            self.unknown("unresolved type", &parts.join("."));
            return 0;
        };
        self.sees_type(element);
        if let ([only], true) = (parts.as_slice(), self.unsure_path) {
            let path = self.view.search_path.iter();
            let holding = path.filter(|schema| self.holds_type(schema, only));
            if holding.count() > 1 {
                self.unknown("type that may be another", only);
            }
        }
        self.type_cast(element);
        if name.array_bounds.is_empty() {
            return element;
        }
        self.catalog
            .types
            .values()
            .find(|known| known.is_array && known.element == element)
            .map_or(0, |array| array.oid)
    }

    fn type_in_path(&self, name: &str) -> Option<u32> {
        let mut path = self.view.search_path.iter();
        let schema = path.find(|schema| self.holds_type(schema, name))?;
        // A transaction that changed something may have dropped the first, and then another is meant.
        let overlay = &self.runtime.unwrap_or(self.view).overlay;
        if overlay.present.is_some() && path.any(|schema| self.holds_type(schema, name)) {
            return None;
        }
        self.type_in(schema, name)
    }

    /// Whether a schema holds a type of that name, known or not.
    fn holds_type(&self, schema: &str, name: &str) -> bool {
        self.type_in(schema, name).is_some() || self.hides_type(schema, name)
    }

    /// Whether a schema holds a type of this session's own that the catalog does not know as it is.
    fn hides_type(&self, schema: &str, name: &str) -> bool {
        let own = &self.runtime.unwrap_or(self.view).overlay.types;
        own.iter()
            .any(|(within, called)| within == schema && called == name)
    }

    pub(crate) fn type_in(&self, schema: &str, name: &str) -> Option<u32> {
        let own = self.view.overlay.enums.iter();
        let mut own = own.filter(|(_, within, called)| within == schema && called == name);
        if let Some((oid, ..)) = own.next() {
            return Some(*oid);
        }
        if self.hides_type(schema, name) {
            return None;
        }
        let known = self.catalog.types_by_name.get(name)?;
        known.iter().copied().find(|oid| {
            let found = self.catalog.types.get(oid);
            found.is_some_and(|found| found.schema == schema)
        })
    }

    /// The type that a function-like name means, if any: `text(x)` is a cast.
    pub(crate) fn type_called(&self, names: &[&str]) -> Option<u32> {
        match names {
            [only] => self.type_in_path(only),
            [schema, only] => self.type_in(schema, only),
            _ => None,
        }
    }

    pub(crate) fn is_name_type(&self, oid: u32) -> bool {
        NAME_TYPES.contains(&oid)
    }

    /// Records what values of a type run.
    pub(crate) fn type_cast(&mut self, oid: u32) {
        let own = &self.view.overlay.enums;
        if oid < FIRST_USER_OID || own.iter().any(|(own, ..)| *own == oid) {
            return;
        }
        let effects = type_effects(self.catalog, oid);
        self.runs_unasked(&effects);
        for effect in &effects {
            self.merge(effect);
        }
    }

    /// A type that is what it is called: whoever calls a function says what a polymorphic one stands for.
    pub(crate) fn certain(&self, oid: u32) -> u32 {
        if self.is_polymorphic(oid) { 0 } else { oid }
    }

    /// Values may be of this type from here on.
    pub(crate) fn sees_type(&mut self, oid: u32) {
        if oid >= FIRST_USER_OID {
            self.seen_types.insert(oid);
        }
    }

    /// Records what storing a value elsewhere may run: casts that PostgreSQL applies unasked where it assigns.
    pub(crate) fn type_left(&mut self, oid: u32) {
        if oid < FIRST_USER_OID {
            return;
        }
        for cast in &self.catalog.casts {
            let unasked = matches!(cast.context, b'i' | b'a') && cast.function != 0;
            if cast.source == oid && unasked {
                for effect in routine_effects(self.catalog, cast.function) {
                    self.merge(&effect);
                }
            }
        }
    }

    /// Records what reading a stored value may run: casts that PostgreSQL applies unasked. Its checks ran before.
    pub(crate) fn type_read(&mut self, oid: u32) {
        if oid < FIRST_USER_OID {
            return;
        }
        for cast in &self.catalog.casts {
            let involved = cast.source == oid || cast.target == oid;
            if involved && cast.context == b'i' && cast.function != 0 {
                for effect in routine_effects(self.catalog, cast.function) {
                    self.merge(&effect);
                }
            }
        }
    }

    /// The columns of a composite type.
    pub(crate) fn composite(&self, oid: u32) -> Option<&'a [Column]> {
        let own = self.catalog.types.get(&oid).and_then(|known| {
            let id = self.catalog.relations_by_oid.get(&known.relation)?;
            self.relation(*id)
        });
        match own {
            Some(relation) => Some(&relation.columns),
            None => composite(self.catalog, oid),
        }
    }
}

fn composite(catalog: &Catalog, oid: u32) -> Option<&[Column]> {
    let relation = catalog.types.get(&oid)?.relation;
    if relation == 0 {
        return None;
    }
    if let Some(columns) = catalog.composites.get(&relation) {
        return Some(columns);
    }
    let id = catalog.relations_by_oid.get(&relation)?;
    catalog
        .relations
        .get(*id)
        .map(|relation| relation.columns.as_slice())
}

/// What values of a type run by being made: see [`crate::type_effects`].
pub(crate) fn type_effects(catalog: &Catalog, oid: u32) -> Vec<Effect> {
    let mut found = Vec::new();
    collect(catalog, oid, &mut Vec::new(), &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(catalog: &Catalog, oid: u32, within: &mut Vec<u32>, found: &mut Vec<Effect>) {
    if oid < FIRST_USER_OID || within.contains(&oid) || within.len() > NESTING_MAX {
        return;
    }
    let Some(known) = catalog.types.get(&oid) else {
        let what = format!("unresolved type {oid}");
        found.push(crate::inspection::unanalysed(&what));
        return;
    };
    within.push(oid);
    match known.effects.get() {
        Some(effects) => found.extend(effects.iter().cloned()),
        None => {
            let own = own_effects(catalog, oid, &known.checks, known.range);
            found.extend(own.iter().cloned());
            let _lost = known.effects.set(own);
        }
    }
    collect(catalog, known.base, within, found);
    if known.is_array {
        collect(catalog, known.element, within, found);
    }
    if let Some((subtype, _, _)) = known.range {
        collect(catalog, subtype, within, found);
    }
    for column in composite(catalog, oid).into_iter().flatten() {
        collect(catalog, column.type_oid, within, found);
    }
    within.pop();
}

fn own_effects(
    catalog: &Catalog,
    oid: u32,
    checks: &[String],
    range: Option<(u32, u32, u32)>,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let view = crate::View::default();
    for check in checks {
        let none = Locals::default();
        let mut analysis = Analysis::new(catalog, &view, &none);
        let outcome: Walk<Vec<Effect>> = analysis.standalone(check, None, false, true);
        match outcome {
            Ok(own) => effects.extend(own),
            Err(_) => effects.push(crate::inspection::unanalysed("check of a domain")),
        }
    }
    let functions = range
        .into_iter()
        .flat_map(|(_, canonical, difference)| [canonical, difference]);
    let casts = catalog
        .casts
        .iter()
        .filter(|cast| cast.source == oid || cast.target == oid)
        .map(|cast| cast.function);
    for function in functions.chain(casts).filter(|function| *function != 0) {
        effects.extend(routine_effects(catalog, function));
    }
    effects
}

/// Whether calling it is harmless without looking at the arguments.
pub(crate) fn is_reviewed(function: &Function) -> bool {
    if function.oid < FIRST_USER_OID {
        return reach::function(&function.name, function.volatility)
            == Some(reach::Reach::Harmless);
    }
    let native = matches!(function.language.as_str(), "c" | "internal");
    let extension = function.extension.as_deref();
    native && extension.is_some_and(reach::is_reviewed_extension)
}

/// What running a function by its OID does (operators, casts, triggers, FunctionCall).
pub(crate) fn routine_effects(catalog: &Catalog, oid: u32) -> Vec<Effect> {
    let effect = |verb, object| Effect {
        verb,
        object,
        columns: Vec::new(),
    };
    let Some(function) = catalog.function(oid) else {
        let name = format!("unresolved function {oid}");
        return vec![crate::inspection::unanalysed(&name)];
    };
    if is_reviewed(function) {
        return Vec::new();
    }
    let object = function_object(function);
    if function.oid < FIRST_USER_OID {
        use reach::Reach;
        return match reach::function(&function.name, function.volatility) {
            Some(Reach::Harmless | Reach::Exposes) => Vec::new(),
            Some(Reach::Does(verb)) => vec![effect(verb, object)],
            Some(Reach::Advisory) => vec![effect(Verb::Lock, super::other("advisory_lock", ""))],
            Some(Reach::Notify) => {
                let name = String::new();
                vec![effect(Verb::Notify, Object::Channel { name })]
            }
            // What it reaches is in arguments that nobody looked at.
            Some(Reach::Sequence | Reach::SequenceRead | Reach::Setting | Reach::Dynamic) => vec![
                effect(Verb::Call, object.clone()),
                effect(Verb::Unanalysed, object),
            ],
            None => vec![effect(Verb::Call, object)],
        };
    }
    vec![
        effect(Verb::Call, object.clone()),
        effect(Verb::Unanalysed, object),
    ]
}

/// The object that a function is.
pub(crate) fn function_object(function: &Function) -> Object {
    Object::Function {
        schema: function.schema.clone(),
        name: function.name.clone(),
    }
}
