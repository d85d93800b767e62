//! From what the server says of a result's field, a relation's OID and a column's number, to stored columns.
//!
//! The other way to a field's source than the analysis goes: it must not use the statement's text.

use model::ColumnRef;

use super::{Catalog, RelationId, family};

impl Catalog {
    /// The columns whose values a field carries that the server names so: the column itself, and the same column of
    /// the tables that share its rows, since a label may stand on any of them. All of a relation's columns for number
    /// 0 (a whole row), none for a system column. `None` where the snapshot has no such relation or column.
    pub fn stored_at(&self, relation: u32, number: i16) -> Option<Vec<ColumnRef>> {
        let id = *self.relations_by_oid.get(&relation)?;
        if number < 0 {
            return Some(Vec::new());
        }
        let columns = &self.relations.get(id)?.columns;
        let names: Vec<&str> = match number {
            0 => columns.iter().map(|column| column.name.as_str()).collect(),
            _ => vec![&columns.get(self.position(relation, number)?)?.name],
        };
        let family = family(id, |id| self.relations.get(id), None);
        let refs = family.iter().flat_map(|member| self.named(*member, &names));
        Some(refs.collect())
    }

    /// As which of the types that every server has a type's values are read: a domain as what is under it, `citext` as
    /// text, arrays of either as arrays of text. Any other type is itself.
    pub fn searched_as(&self, type_oid: u32) -> u32 {
        const TEXT: u32 = 25;
        const TEXT_ARRAY: u32 = 1009;
        let base = self.base_type(type_oid);
        let Some(found) = self.types.get(&base) else {
            return base;
        };
        if found.name == "citext" {
            return TEXT;
        }
        if !found.is_array {
            return base;
        }
        let element = self.base_type(found.element);
        let is_text = |oid| matches!(oid, 19 | TEXT | 1042 | 1043);
        let is_citext = self
            .types
            .get(&element)
            .is_some_and(|one| one.name == "citext");
        match is_citext || (is_text(element) && element != found.element) {
            true => TEXT_ARRAY,
            false => base,
        }
    }

    /// Where a column of this number stands.
    fn position(&self, relation: u32, number: i16) -> Option<usize> {
        match self.numbering.get(&relation) {
            Some(numbers) => numbers.iter().position(|known| *known == number),
            None => usize::try_from(number).ok()?.checked_sub(1),
        }
    }

    fn named(&self, id: RelationId, names: &[&str]) -> Vec<ColumnRef> {
        let Some(relation) = self.relations.get(id) else {
            return Vec::new();
        };
        let columns = relation.columns.iter();
        columns
            .filter(|column| names.contains(&column.name.as_str()))
            .map(|column| ColumnRef {
                schema: relation.schema.clone(),
                table: relation.name.clone(),
                column: column.name.clone(),
                type_oid: self.base_type(column.type_oid),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::Catalog;
    use crate::catalog::testing;

    /// `s.t (a, c, d)`, which lost its second column, and its partitions `s.p` and `s.q`.
    fn catalog() -> Catalog {
        testing::catalog(&[
            ("login", &["1", "pg_catalog"]),
            ("login", &["role", "me"]),
            ("login", &["database", "d"]),
            ("login", &["version", "180000"]),
            ("schemas", &["20000", "s"]),
            ("relations", &["20001", "20000", "t", "p"]),
            ("relations", &["20002", "20000", "p", "r"]),
            ("relations", &["20003", "20000", "q", "r"]),
            ("columns", &["20001", "a", "23", "1"]),
            ("columns", &["20001", "c", "25", "3"]),
            ("columns", &["20001", "d", "25", "4"]),
            ("columns", &["20002", "a", "23", "1"]),
            ("columns", &["20002", "c", "25", "2"]),
            ("columns", &["20002", "d", "25", "3"]),
            ("columns", &["20003", "c", "25", "1"]),
            ("inherits", &["20002", "20001"]),
            ("inherits", &["20003", "20001"]),
            ("types", &["23", "11", "int4", "b", "0", "0", "0", "N"]),
        ])
    }

    #[test]
    fn fields_lead_to_columns() {
        let catalog = catalog();
        let check = |relation, number, expect: Option<&str>| {
            let found = catalog.stored_at(relation, number).map(|found| {
                let names: Vec<String> = found.iter().map(ToString::to_string).collect();
                names.join(" ")
            });
            assert_eq!(found.as_deref(), expect, "{relation} {number}");
        };
        check(20001, 1, Some("s.t.a s.p.a"));
        check(20001, 2, None);
        check(20001, 3, Some("s.t.c s.p.c s.q.c"));
        check(20001, 4, Some("s.t.d s.p.d"));
        check(20001, 5, None);
        check(20002, 2, Some("s.p.c s.t.c s.q.c"));
        check(20002, 0, Some("s.p.a s.p.c s.p.d s.t.a s.t.c s.t.d s.q.c"));
        check(20002, -1, Some(""));
        check(20004, 1, None);
        check(0, 0, None);
    }
}
