//! Masks that would be written back over what they hide.
//!
//! The one place of the door that looks at values, as the action brings them; keeps and says none.

use mask::Met;
use model::decision::Guarded;
use model::{Action, Given, GivenValue, MaskKind, ParameterFormat, Reason, Statement};

use crate::labels::LabelView;
use crate::words;

/// The built-in rule that refuses it.
pub(crate) const RULE: &str = "portcullis.mask-written-back";

pub(crate) const HINT: &str = "leave the column out of the statement, or give it a value of its own: what you were shown of it is a mask, and storing that would destroy the value";

/// Bytes of one value that is taken apart: what is looked through takes time and memory.
const FOLLOWED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that one judgement looks through, each value counted once for each way that is followed into it.
const LOOKED_THROUGH_MAX: usize = 64 * 1024 * 1024;

/// A hidden column that a statement is given values for.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    column: String,
    kind: MaskKind,
    type_oid: u32,
    values: Vec<Given>,
    plain: bool,
}

/// The hidden columns that a statement is given values for.
pub(crate) fn guards(view: &LabelView<'_>, statement: &Statement) -> Vec<Guard> {
    let mut guards = Vec::new();
    for assignment in &statement.given {
        // One that is labelled in its own name and by where it belongs may show either mask.
        for column in &assignment.columns {
            let Some(hidden) = view.hidden(column) else {
                continue;
            };
            guards.push(Guard {
                column: column.to_string(),
                kind: hidden.mask,
                type_oid: column.type_oid,
                values: assignment.values.clone(),
                plain: assignment.plain,
            });
        }
    }
    guards
}

/// The hidden columns that data of the client's own goes to, and what to say where it holds a mask.
pub(crate) fn guarded(guards: &[Guard], action: &Action) -> Vec<Guarded> {
    let copied = guards.iter().flat_map(|guard| {
        let values = guard.values.iter().map(|given| &given.value);
        let places = values.filter_map(|value| match value {
            GivenValue::Copied(nth) => Some(*nth),
            _ => None,
        });
        places.map(move |position| (position, guard))
    });
    let copied = copied.map(|(position, guard)| Guarded {
        position,
        kind: guard.kind,
        type_oid: guard.type_oid,
        refusal: words::masked(action, &guard.reason(), HINT),
    });
    copied.collect()
}

/// Why an action must not run: the first mask that it would write back.
pub(crate) fn refused(guards: &[Guard], action: &Action) -> Option<Reason> {
    let mut left = LOOKED_THROUGH_MAX;
    guards.iter().find_map(|guard| {
        let mut values = guard.values.iter();
        values.find_map(|given| guard.refused(given, action, &mut left))
    })
}

impl Guard {
    fn reason(&self) -> Reason {
        let (column, kind) = (&self.column, self.kind.word());
        Reason {
            rule: RULE.to_owned(),
            text: format!(
                "{column} is masked for you ({kind}), and what it would be set to is such a mask"
            ),
        }
    }

    fn too_long(&self) -> Reason {
        Reason {
            rule: RULE.to_owned(),
            text: format!(
                "{} is masked for you, and what it would be set to lies in values that are too long to be looked through for masks ({} MiB each, {} MiB for all ways into them)",
                self.column,
                FOLLOWED_BYTES_MAX >> 20,
                LOOKED_THROUGH_MAX >> 20,
            ),
        }
    }

    /// Why a value must not be taken. `left` is what may still be looked through.
    fn refused(&self, given: &Given, action: &Action, left: &mut usize) -> Option<Reason> {
        let text = |value| Met {
            value,
            format: ParameterFormat::Text,
            type_oid: 0,
            is_sure: true,
        };
        let literal;
        let whole = match &given.value {
            GivenValue::Text(said) => text(said.as_bytes()),
            GivenValue::Literal { nth, negative } => {
                let range = action.literals.get(*nth).cloned();
                let Some(written) = range.and_then(|range| action.text.get(range)) else {
                    // The text is not the one that was analysed: nothing may be concluded from it.
                    return Some(self.reason());
                };
                literal = unquoted(written, *negative);
                text(literal.as_bytes())
            }
            GivenValue::Parameter(number) => {
                let at = number.checked_sub(1);
                let bound = at.and_then(|at| action.parameters.get(at));
                let (bound, value) = bound.and_then(|b| Some((b, b.value.as_deref()?)))?;
                Met {
                    value,
                    format: bound.format,
                    type_oid: bound.type_oid,
                    is_sure: true,
                }
            }
            // It comes later, and is looked at then.
            GivenValue::Copied(_) => return None,
        };
        if !given.parts.is_empty() {
            let length = whole.value.len();
            let fits = length <= FOLLOWED_BYTES_MAX && length <= *left;
            *left = left.saturating_sub(length);
            if !fits {
                return Some(self.too_long());
            }
        }
        mask::any_within(whole, &given.parts, &mut |met| self.is_mask(met, action))
            .then(|| self.reason())
    }

    fn is_mask(&self, met: &Met<'_>, action: &Action) -> bool {
        // Text is read as the column's type, whatever it was declared as.
        let (type_oid, format) = match (met.format, met.type_oid) {
            (ParameterFormat::Text, _) => (self.type_oid, ParameterFormat::Text),
            (ParameterFormat::Binary, declared) if is_text(declared) => {
                (self.type_oid, ParameterFormat::Text)
            }
            (ParameterFormat::Binary, 0) => (self.type_oid, met.format),
            (ParameterFormat::Binary, declared) => (declared, met.format),
        };
        if mask::is_masked(self.kind, type_oid, met.value, format) {
            return true;
        }
        let remembers = self.plain && met.is_sure;
        let delivered = action.delivered.as_ref().filter(|_| remembers);
        delivered.is_some_and(|known| known.had(self.kind, type_oid, met.value, format))
    }
}

/// Types whose binary form is their text.
fn is_text(type_oid: u32) -> bool {
    matches!(type_oid, 19 | 25 | 705 | 1042 | 1043)
}

/// What a plain literal says.
fn unquoted(written: &str, negative: bool) -> String {
    match written
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        Some(inside) => inside.replace("''", "'"),
        None if negative => format!("-{written}"),
        None => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_bounded() {
        let guard = |ways: usize| Guard {
            column: "public.customers.email".to_owned(),
            kind: MaskKind::Email,
            type_oid: 25,
            values: vec![
                Given {
                    value: GivenValue::Parameter(1),
                    parts: vec![model::Part::Elements],
                };
                ways
            ],
            plain: true,
        };
        let check = |length: usize, ways: usize, expect: &str| {
            let mut action = crate::testing::query("insert", Vec::new());
            action.parameters = vec![model::Parameter {
                value: Some([b"[", vec![b' '; length].as_slice(), b"]"].concat()),
                format: ParameterFormat::Text,
                type_oid: 3802,
            }];
            let told = refused(&[guard(ways)], &action).map(|reason| reason.text);
            let is_too_long = told.as_ref().is_some_and(|text| text.contains("too long"));
            assert_eq!(
                is_too_long,
                expect == "too long",
                "{length} {ways}: {told:?}"
            );
            assert_eq!(told.is_some(), !expect.is_empty(), "{length} {ways}");
        };
        check(100, 1, "");
        check(FOLLOWED_BYTES_MAX - 2, 2, "");
        check(FOLLOWED_BYTES_MAX, 1, "too long");
        check(1 << 20, (LOOKED_THROUGH_MAX >> 20) - 1, "");
        check(1 << 20, (LOOKED_THROUGH_MAX >> 20) + 1, "too long");
    }

    #[test]
    fn literals_are_read_as_they_say() {
        let check = |written, negative, expect| assert_eq!(unquoted(written, negative), expect);
        check("'a***@x'", false, "a***@x");
        check("'it''s'", false, "it's");
        check("''", false, "");
        check("12", false, "12");
        check("12.5", true, "-12.5");
    }
}
