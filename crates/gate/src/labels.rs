//! What labels mean for one principal on one resource, looked up once per column.
//!
//! Must never know a statement's text or a value: names of columns only.

use std::cell::RefCell;
use std::collections::HashMap;

use mask::{Classification, DataCatalog};
use model::{ColumnRef, Principal, Resource};
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
