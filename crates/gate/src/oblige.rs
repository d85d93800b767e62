//! What masking demands of one statement: output columns to mask, or a refusal where lineage forbids it.
//!
//! Must never see a value, and never decide whether the statement's effects are permitted.

use model::decision::{ResultObligation, Searched};
use std::sync::Arc;

use model::{
    ColumnRef, ColumnUse, Effect, Inside, JsonMask, JsonShape, Mask, MaskKind, Object, Projection,
    Projections, Reason, Search, Shape, Statement, Usage, Verb, XmlMask,
};

use mask::{Classification, PredicateUse};

use crate::labels::LabelView;
use crate::oblige_xml::{strictest_in, xml_mask};

/// The demands on one statement.
#[derive(Default)]
pub(crate) struct Demands {
    /// What its rows need.
    pub(crate) result: ResultObligation,
    /// Names of the masked output columns' sources.
    pub(crate) masked: Vec<String>,
    /// Whether messages of the target may quote a hidden value.
    pub(crate) scrub: bool,
    /// What messages of the target are searched for.
    pub(crate) search: Search,
    /// Whether its text or parameters may carry a labelled value, whoever asks.
    pub(crate) sensitive: bool,
    /// Why it must be refused, if it must.
    pub(crate) refused: Vec<Refused>,
}

/// One rule that a statement breaks.
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    pub(crate) hint: &'static str,
}

/// `json` in `pg_type.dat`.
const JSON: u32 = 114;

const HINT_COMPUTED: &str = "select the column as it is (it is then masked) or compute with functions that cannot fail, such as upper() or left(), or ask for a policy that permits `reveal` on it";
const HINT_STORED: &str = "copy the column as it is into one that has the same labels and type and is masked as strictly, or ask for a policy that permits `reveal` on it";
const HINT_USE: &str = "leave the column out of predicates, ordering and copies, or ask for a policy that permits `reveal` on it";
const HINT_UNPROVEN: &str =
    "write it as plain statements on named tables, or ask for a policy that permits `reveal`";

/// Computes the demands on one statement.
pub(crate) fn demand(view: &LabelView<'_>, statement: &Statement) -> Demands {
    let mut demands = Demands::default();
    if view.covers_database() {
        project(view, &statement.projections, &mut demands);
        for used in &statement.uses {
            judge_use(view, used, &mut demands);
        }
        for effect in &statement.effects {
            judge_effect(view, effect, &mut demands);
        }
    }
    if view.searches() {
        demands.search = view.search_elsewhere();
        search(view, &statement.projections, &mut demands.result);
    }
    demands
}

/// What its rows are searched for, where no mask stands before them.
fn search(view: &LabelView<'_>, projections: &Projections, result: &mut ResultObligation) {
    let columns = match projections {
        Projections::Columns(columns) => columns,
        // SHOW and EXPLAIN have rows, and what is named elsewhere is not known here.
        Projections::None | Projections::Named(_) => {
            result.search_all = view.search_elsewhere();
            return;
        }
    };
    result.width = Some(columns.len());
    for (position, projection) in columns.iter().enumerate() {
        if result.masks.iter().any(|mask| mask.position == position) {
            continue;
        }
        let search = search_of(view, projection);
        if !search.is_empty() {
            result.searched.push(Searched {
                position,
                search,
                type_oid: stored_type(projection),
            });
        }
    }
}

/// What is stored is searched for what its own entries name; whatever is computed may come from anywhere.
pub(crate) fn search_of(view: &LabelView<'_>, projection: &Projection) -> Search {
    let sources = projection.sources().iter();
    let stored = sources.fold(Search::default(), |all, column| {
        all.and(view.search(column))
    });
    match projection {
        Projection::Direct(_) => stored,
        Projection::Free
        | Projection::Derived(_)
        | Projection::Withheld(_)
        | Projection::Shaped { .. } => stored.and(view.search_elsewhere()),
    }
}

/// The type of a column that is one stored column as it is; 0 for any other.
fn stored_type(projection: &Projection) -> u32 {
    let Projection::Direct(sources) = projection else {
        return 0;
    };
    let mut types = sources.iter().map(|column| column.type_oid);
    let first = types.next().unwrap_or(0);
    match types.all(|other| other == first) {
        true => first,
        false => 0,
    }
}

fn project(view: &LabelView<'_>, projections: &Projections, demands: &mut Demands) {
    match projections {
        Projections::None => {}
        Projections::Named(_) => {
            if !view.reveals_all() {
                demands.refuse(
                    "portcullis.unproven",
                    "it is not known which columns this returns".to_owned(),
                    HINT_UNPROVEN,
                );
            }
        }
        Projections::Columns(columns) => {
            demands.result.width = Some(columns.len());
            for (position, projection) in columns.iter().enumerate() {
                project_column(view, position, projection, demands);
            }
        }
    }
}

fn project_column(
    view: &LabelView<'_>,
    position: usize,
    projection: &Projection,
    demands: &mut Demands,
) {
    match projection {
        Projection::Free => {}
        Projection::Direct(sources) => {
            if let Some(mask) = strictest(view, sources) {
                demands.mask(view, position, mask, sources);
            }
        }
        // Redacted whole. COPY does not say of what type a computed column is: type 0 makes it NULL there.
        Projection::Derived(sources) => {
            if let Some((kind, _)) = strictest(view, sources) {
                let kind = mask::stricter(kind, MaskKind::Redact);
                demands.mask(view, position, (kind, 0), sources);
            }
        }
        Projection::Withheld(sources) => {
            if strictest(view, sources).is_some() {
                demands.mask(view, position, (MaskKind::Null, 0), sources);
            }
        }
        // In COPY, as every computed value.
        Projection::Shaped {
            sources,
            whole,
            shape,
        } => {
            if let Some((kind, _)) = strictest(view, whole) {
                let kind = mask::stricter(kind, MaskKind::Redact);
                demands.mask(view, position, (kind, 0), sources);
            } else if let Some((kind, inside)) = inside(view, shape) {
                demands.mask(view, position, (kind, 0), sources);
                if let Some(mask) = demands.result.masks.last_mut() {
                    mask.inside = inside.map(Arc::new);
                }
            }
        }
    }
}

/// The mask of a value by what it holds, if anything in it is hidden; without its inside where all of it is.
fn inside(view: &LabelView<'_>, shape: &Shape) -> Option<(MaskKind, Option<Inside>)> {
    let searched = view.searches();
    match shape {
        Shape::Json(shape) => {
            let hides = json_mask(view, shape, false) != JsonMask::Keep;
            let json = || Inside::Json(json_mask(view, shape, searched));
            hides.then(|| (MaskKind::Redact, Some(json())))
        }
        Shape::Xml(pieces) => match xml_mask(view, pieces, false) {
            XmlMask::Keep => None,
            XmlMask::Hidden(kind) => Some((kind, None)),
            XmlMask::Search(_) | XmlMask::Value { .. } | XmlMask::Nodes { .. } => {
                let xml = xml_mask(view, pieces, searched);
                // What is of another form must not be told from what is hidden.
                let whole = strictest_in(&xml).unwrap_or(MaskKind::Redact);
                let whole = mask::stricter(whole, MaskKind::Redact);
                Some((whole, Some(Inside::Xml(xml))))
            }
        },
    }
}

/// What of a JSON value is masked, and where `searched` says so what of it is searched.
fn json_mask(view: &LabelView<'_>, shape: &JsonShape, searched: bool) -> JsonMask {
    let keeps = |mask: &JsonMask| *mask == JsonMask::Keep;
    match shape {
        JsonShape::Value(projection) => member_mask(view, projection, searched),
        JsonShape::Object(members) => {
            let masks = members
                .iter()
                .map(|(name, member)| (name, json_mask(view, member, searched)));
            let masks: Vec<_> = masks.map(|(name, mask)| (name.clone(), mask)).collect();
            match masks.iter().all(|(_, mask)| keeps(mask)) {
                true => JsonMask::Keep,
                false => JsonMask::Object(masks),
            }
        }
        JsonShape::Tuple(elements) => {
            let masks: Vec<_> = elements
                .iter()
                .map(|e| json_mask(view, e, searched))
                .collect();
            match masks.iter().all(keeps) {
                true => JsonMask::Keep,
                false => JsonMask::Tuple(masks),
            }
        }
        JsonShape::Array(element) => match json_mask(view, element, searched) {
            JsonMask::Keep => JsonMask::Keep,
            mask => JsonMask::Array(Box::new(mask)),
        },
        JsonShape::Map(member) => match json_mask(view, member, searched) {
            JsonMask::Keep => JsonMask::Keep,
            mask => JsonMask::Map(Box::new(mask)),
        },
    }
}

/// The mask of one value within JSON.
fn member_mask(view: &LabelView<'_>, projection: &Projection, searched: bool) -> JsonMask {
    let hidden = match projection {
        Projection::Shaped {
            whole,
            shape: Shape::Json(shape),
            ..
        } => match strictest(view, whole) {
            None => return json_mask(view, shape, searched),
            hidden => hidden,
        },
        // XML within JSON is a string: nothing in it is told from another.
        Projection::Shaped {
            shape: Shape::Xml(_),
            ..
        }
        | Projection::Free
        | Projection::Direct(_)
        | Projection::Derived(_)
        | Projection::Withheld(_) => strictest(view, projection.sources()),
    };
    let Some((kind, type_oid)) = hidden else {
        let search = search_of(view, projection);
        return match searched && !search.is_empty() {
            true => JsonMask::Search(search),
            false => JsonMask::Keep,
        };
    };
    match projection {
        Projection::Free => JsonMask::Keep,
        Projection::Direct(_) => JsonMask::Value { kind, type_oid },
        // As JSON of its own: whatever it is, nothing of it shows.
        Projection::Derived(_) | Projection::Shaped { .. } => JsonMask::Value {
            kind: mask::stricter(kind, MaskKind::Redact),
            type_oid: JSON,
        },
        Projection::Withheld(_) => JsonMask::Value {
            kind: MaskKind::Null,
            type_oid: 0,
        },
    }
}

/// The mask of a column that has several sources: the strictest of theirs, and NULL where not even their types agree.
pub(crate) fn strictest(view: &LabelView<'_>, sources: &[ColumnRef]) -> Option<(MaskKind, u32)> {
    let mut chosen: Option<(MaskKind, u32)> = None;
    for column in sources {
        let Some(found) = view.hidden(column) else {
            continue;
        };
        chosen = Some(match chosen {
            None => (found.mask, column.type_oid),
            Some((kind, oid)) if oid == column.type_oid => (mask::stricter(kind, found.mask), oid),
            Some((_, oid)) => (MaskKind::Null, oid),
        });
    }
    chosen
}

fn judge_use(view: &LabelView<'_>, used: &ColumnUse, demands: &mut Demands) {
    if view.is_labelled(&used.column) {
        demands.sensitive = true;
    }
    let Some(found) = view.hidden(&used.column) else {
        return;
    };
    demands.scrub = true;
    let allowed = match used.usage {
        Usage::Assigned => true,
        Usage::Stored => is_kept_hidden(view, used, &found),
        Usage::Opaque => false,
        Usage::Compared => found.usage != PredicateUse::Opaque,
        Usage::Predicate | Usage::Computed => found.usage == PredicateUse::Open,
    };
    if !allowed {
        let (column, act) = (&used.column, participle(used.usage));
        let place = match used.place.as_ref() {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        let text = format!("{column} is masked for you and may not be {act}{place}");
        demands.refuse("portcullis.masked-use", text, hint(used.usage));
    }
}

/// Whether a hidden column's values stay as hidden where they are copied to: under one of the names by which they can be
/// read there, as strictly masked and used, and with all labels that they have here.
fn is_kept_hidden(view: &LabelView<'_>, used: &ColumnUse, from: &Classification) -> bool {
    let seen: Vec<(&ColumnRef, Classification)> = used
        .into
        .iter()
        .filter_map(|column| Some((column, view.hidden(column)?)))
        .collect();
    let labelled = |label: &String| seen.iter().any(|(_, there)| there.labels.contains(label));
    let masked = seen.iter().any(|(column, there)| {
        let same_type = column.type_oid == used.column.type_oid;
        let as_strict = is_as_strict(there.mask, from.mask);
        same_type && as_strict && there.usage <= from.usage
    });
    // A constraint may compare what it is given.
    from.usage != PredicateUse::Opaque && masked && from.labels.iter().all(labelled)
}

/// Whether one mask shows nothing that the other hides. Those that keep something keep different things.
fn is_as_strict(there: MaskKind, here: MaskKind) -> bool {
    let alike = std::mem::discriminant(&there) == std::mem::discriminant(&here);
    let keeps_nothing = matches!(there, MaskKind::Null | MaskKind::Redact);
    // Only NULL hides whether there is a value.
    mask::stricter(there, here) == there && (alike || keeps_nothing)
}

fn hint(usage: Usage) -> &'static str {
    match usage {
        Usage::Computed => HINT_COMPUTED,
        Usage::Stored => HINT_STORED,
        Usage::Compared | Usage::Predicate | Usage::Assigned | Usage::Opaque => HINT_USE,
    }
}

fn participle(usage: Usage) -> &'static str {
    match usage {
        Usage::Compared => "compared",
        Usage::Predicate => "used in a predicate or ordering",
        Usage::Computed => "computed with where the computation may fail or make rows by its value",
        Usage::Stored => "copied to another place",
        Usage::Assigned => "assigned",
        Usage::Opaque => "used in a way that is not followed",
    }
}

fn judge_effect(view: &LabelView<'_>, effect: &Effect, demands: &mut Demands) {
    if effect.verb == Verb::Unanalysed {
        demands.sensitive = true;
        demands.scrub = true;
        if !view.reveals_all() {
            demands.refuse(
                "portcullis.unproven",
                "it is not proven which labelled columns this reaches".to_owned(),
                HINT_UNPROVEN,
            );
        }
    }
    if let Object::Table { schema, name } = &effect.object
        && !demands.scrub
    {
        // A constraint's error quotes the whole row, so the table counts and not just the columns named.
        demands.scrub = view.covers_table(schema, name) && !view.reveals_all();
    }
}

impl Demands {
    fn mask(
        &mut self,
        view: &LabelView<'_>,
        position: usize,
        (kind, type_oid): (MaskKind, u32),
        sources: &[ColumnRef],
    ) {
        self.scrub = true;
        self.result.masks.push(Mask {
            position,
            kind,
            type_oid,
            inside: None,
        });
        let hidden = sources.iter().filter(|c| view.hidden(c).is_some());
        self.masked.extend(hidden.map(ToString::to_string));
    }

    fn refuse(&mut self, rule: &str, text: String, hint: &'static str) {
        let reason = Reason {
            rule: rule.to_owned(),
            text,
        };
        if !self.refused.iter().any(|known| known.reason == reason) {
            self.refused.push(Refused { reason, hint });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shows_no_more_than_its_source() {
        let check = |there: MaskKind, here: MaskKind, expect: bool| {
            assert_eq!(is_as_strict(there, here), expect, "{there:?} {here:?}");
        };
        let partial = |first, last| MaskKind::Partial { first, last };
        check(MaskKind::Null, MaskKind::Redact, true);
        check(MaskKind::Redact, MaskKind::Email, true);
        check(MaskKind::Redact, MaskKind::Null, false);
        check(MaskKind::Hash, MaskKind::Hash, true);
        check(MaskKind::Hash, MaskKind::Token, false);
        check(MaskKind::Token, MaskKind::Hash, false);
        check(partial(1, 2), partial(2, 2), true);
        check(partial(2, 1), partial(1, 2), false);
    }
}
