//! What labels mean for one principal on one resource, looked up once per column.
//!
//! Must never know a statement's text or a value: names of columns only.

use std::cell::RefCell;
use std::collections::HashMap;

use mask::{Classification, DataCatalog};
use model::{Class, Classes, ColumnRef, Effect, Object, Principal, Resource, Search};
use policy::{Context, Labels};

use crate::ports::Rules;

/// The data catalog narrowed to one resource, as policy evaluation wants it.
pub(crate) struct ResourceLabels<'a> {
    catalog: &'a DataCatalog,
    resource: &'a str,
}

impl Labels for ResourceLabels<'_> {
    fn labels(&self, database: &str, schema: &str, table: &str, column: &str) -> Vec<String> {
        self.catalog
            .classify(self.resource, database, schema, table, column)
            .map(|found| found.labels)
            .unwrap_or_default()
    }
}

/// One label, whatever the column.
struct OneLabel(String);

impl Labels for OneLabel {
    fn labels(&self, _: &str, _: &str, _: &str, _: &str) -> Vec<String> {
        vec![self.0.clone()]
    }
}

/// What one labelled column is to this principal.
#[derive(Clone)]
struct Seen {
    classification: Classification,
    revealed: bool,
}

/// The labels of one resource as one principal meets them.
pub(crate) struct LabelView<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) principal: &'a Principal,
    pub(crate) resource: &'a Resource,
    pub(crate) context: &'a Context,
    seen: RefCell<HashMap<ColumnRef, Option<Seen>>>,
    searches: RefCell<HashMap<ColumnRef, Search>>,
}

impl<'a> LabelView<'a> {
    pub(crate) fn new(
        rules: &'a Rules,
        principal: &'a Principal,
        resource: &'a Resource,
        context: &'a Context,
    ) -> Self {
        Self {
            rules,
            principal,
            resource,
            context,
            seen: RefCell::default(),
            searches: RefCell::default(),
        }
    }

    /// The catalog as policies see it.
    pub(crate) fn labels(&self) -> ResourceLabels<'a> {
        ResourceLabels {
            catalog: &self.rules.labels,
            resource: self.resource.name.as_str(),
        }
    }

    /// Whether any column of this database may be labelled.
    pub(crate) fn covers_database(&self) -> bool {
        let resource = self.resource.name.as_str();
        self.rules.labels.covers(resource, &self.resource.database)
    }

    /// Whether any column of this table may be labelled.
    pub(crate) fn covers_table(&self, schema: &str, table: &str) -> bool {
        let (resource, database) = (self.resource.name.as_str(), &self.resource.database);
        let labels = &self.rules.labels;
        labels.covers_table(resource, database, schema, table)
    }

    /// The labels of the columns that an effect names.
    pub(crate) fn labels_of(&self, effect: &Effect) -> Vec<String> {
        let Object::Table { schema, name } = &effect.object else {
            return Vec::new();
        };
        if !self.covers_table(schema, name) {
            return Vec::new();
        }
        let (resource, database) = (self.resource.name.as_str(), &self.resource.database);
        let columns = effect.columns.iter();
        let found = columns.filter_map(|column| {
            let labels = &self.rules.labels;
            labels.classify(resource, database, schema, name, column)
        });
        found.flat_map(|found| found.labels).collect()
    }

    /// Whether the principal may see every value of this database, labelled or not.
    pub(crate) fn reveals_all(&self) -> bool {
        let policies = &self.rules.policies;
        policies.reveals_all(self.principal, self.resource, self.context)
    }

    /// Whether the column has a label, whoever asks.
    pub(crate) fn is_labelled(&self, column: &ColumnRef) -> bool {
        self.look(column).is_some()
    }

    /// The column's classification when its values must not be seen by this principal.
    pub(crate) fn hidden(&self, column: &ColumnRef) -> Option<Classification> {
        self.look(column)
            .filter(|seen| !seen.revealed)
            .map(|seen| seen.classification)
    }

    /// Whether values of this database may be searched before this principal sees them.
    pub(crate) fn searches(&self) -> bool {
        let resource = self.resource.name.as_str();
        let labels = &self.rules.labels;
        let search = labels.search_anywhere(resource, &self.resource.database);
        !search.is_empty() && !self.reveals_all()
    }

    /// What the column's values are searched for: nothing where a label says what they are.
    pub(crate) fn search(&self, column: &ColumnRef) -> Search {
        if let Some(known) = self.searches.borrow().get(column) {
            return *known;
        }
        let names = [
            self.resource.name.as_str(),
            &self.resource.database,
            &column.schema,
            &column.table,
            &column.column,
        ];
        let found = match self.is_labelled(column) {
            true => Search::default(),
            false => self.unrevealed(self.rules.labels.search(names), column),
        };
        self.searches.borrow_mut().insert(column.clone(), found);
        found
    }

    /// What all else that comes from this database is searched for.
    pub(crate) fn search_elsewhere(&self) -> Search {
        let (resource, database) = (self.resource.name.as_str(), &self.resource.database);
        let nowhere = ColumnRef {
            schema: String::new(),
            table: String::new(),
            column: String::new(),
            type_oid: 0,
        };
        if let Some(known) = self.searches.borrow().get(&nowhere) {
            return *known;
        }
        let search = self.rules.labels.search_anywhere(resource, database);
        let found = self.unrevealed(search, &nowhere);
        self.searches.borrow_mut().insert(nowhere, found);
        found
    }

    /// What the principal may not see of it: each class is a label of its own.
    fn unrevealed(&self, search: Search, column: &ColumnRef) -> Search {
        let policies = &self.rules.policies;
        let reveals = |class: &Class| {
            let label = OneLabel(format!("detected:{}", class.word()));
            policies.reveals(self.principal, self.resource, column, &label, self.context)
        };
        let revealed = search.classes().iter().filter(reveals);
        let revealed = revealed.fold(Classes::NONE, Classes::with);
        Search {
            whole: search.whole.without(revealed),
            place: search.place.without(revealed),
        }
    }

    fn look(&self, column: &ColumnRef) -> Option<Seen> {
        if let Some(known) = self.seen.borrow().get(column) {
            return known.clone();
        }
        let found = self.classify(column);
        let mut seen = self.seen.borrow_mut();
        seen.insert(column.clone(), found.clone());
        found
    }

    fn classify(&self, column: &ColumnRef) -> Option<Seen> {
        let classification = self.rules.labels.classify(
            self.resource.name.as_str(),
            &self.resource.database,
            &column.schema,
            &column.table,
            &column.column,
        )?;
        let policies = &self.rules.policies;
        let revealed = policies.reveals(
            self.principal,
            self.resource,
            column,
            &self.labels(),
            self.context,
        );
        Some(Seen {
            classification,
            revealed,
        })
    }
}
