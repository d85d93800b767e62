//! The types of a body's variables.
//!
//! A session keeps what a name meant when it first ran a body: every type that a name may ever mean counts.

use pg_query::NodeEnum;

use super::super::{boxed, strings};
use super::Procedure;
use super::walk::{is_bare, only_select, only_target};
use crate::plpgsql::TypeText;

impl Procedure<'_, '_> {
    /// The type of a declaration. What an earlier call of the session resolved it to, under another path, counts too.
    pub(super) fn declared_type(&mut self, type_name: &TypeText<'_>) -> u32 {
        match type_name {
            TypeText::Plain(text) => self.plain_type(text),
            TypeText::Like(path) => {
                if let Some((variable, rest)) = self.find(path)
                    && rest.is_empty()
                {
                    return variable.type_oid;
                }
                let Some((column, relation)) = path.split_last() else {
                    return 0;
                };
                let mut found = 0;
                let relations = self.relations_called(relation);
                let several = relations.len() > 1;
                for id in relations {
                    let known = self.analysis.relation(id);
                    let held = known.and_then(|known| {
                        let at = known.column(column)?;
                        known.columns.get(at)
                    });
                    if let Some(type_oid) = held.map(|column| column.type_oid) {
                        self.analysis.type_cast(type_oid);
                        self.takes(type_oid);
                        found = if found == 0 { type_oid } else { found };
                    }
                }
                if found == 0 {
                    self.analysis
                        .unknown("unresolved type", &format!("{}%TYPE", path.join(".")));
                }
                if several { 0 } else { found }
            }
            TypeText::RowOf(path) => {
                let mut found = None;
                let relations = self.relations_called(path);
                let several = relations.len() > 1;
                for id in relations {
                    let known = self.analysis.relation(id);
                    let columns = known.map(|known| (known.oid, known.columns.clone()));
                    let Some((relation, columns)) = columns else {
                        continue;
                    };
                    for column in columns {
                        self.analysis.type_cast(column.type_oid);
                        self.takes(column.type_oid);
                    }
                    let types = self.analysis.catalog.types.values();
                    let mut own = types.filter(|known| known.relation == relation);
                    let own = own.next().map_or(0, |known| known.oid);
                    found = found.or(Some(own));
                }
                if found.is_none() {
                    self.analysis
                        .unknown("unresolved type", &format!("{}%ROWTYPE", path.join(".")));
                }
                found.filter(|_| !several).unwrap_or(0)
            }
        }
    }

    /// Relations that a name may mean: the one that it means now, then those of that name anywhere.
    fn relations_called(&self, path: &[String]) -> Vec<usize> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (schema, name) = match path.as_slice() {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [_, schema, name] => (Some(*schema), *name),
            _ => return Vec::new(),
        };
        let Some(now) = self.analysis.resolve(schema, name) else {
            return Vec::new();
        };
        let mut found = vec![now];
        if schema.is_none() {
            let all = self.analysis.catalog.relations_by_name.get(name);
            found.extend(all.into_iter().flatten().filter(|id| **id != now));
        }
        found
    }

    fn plain_type(&mut self, text: &str) -> u32 {
        let refuse = |walk: &mut Self| {
            walk.analysis.unknown("type that is not understood", text);
            0
        };
        let Some(parsed) = self.parsed(&format!("SELECT CAST(NULL AS {text})")) else {
            return refuse(self);
        };
        let cast = only_select(&parsed).filter(|select| is_bare(select));
        let cast = cast.and_then(only_target);
        let Some(NodeEnum::TypeCast(cast)) = cast else {
            return refuse(self);
        };
        let Some(name) = cast.type_name.as_ref().filter(|name| !name.setof) else {
            return refuse(self);
        };
        let is_null =
            matches!(boxed(cast.arg.as_ref()), Some(NodeEnum::AConst(null)) if null.isnull);
        if !is_null {
            return refuse(self);
        }
        if let [only] = strings(&name.names).unwrap_or_default().as_slice() {
            let all = self.analysis.catalog.types_by_name.get(*only);
            let all: Vec<u32> = all.into_iter().flatten().copied().collect();
            for type_oid in &all {
                self.analysis.type_cast(*type_oid);
                self.takes(*type_oid);
            }
            if all.len() > 1 {
                // Which of them it is may have been settled by an earlier call.
                self.analysis.type_name(name);
                return 0;
            }
        }
        self.analysis.type_name(name)
    }
}
