//! A function's definition, read: its body, its settings, its parameters.
//!
//! Reads what `pg_get_functiondef` tells and nothing else; knows neither the session nor what names mean.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    CreateFunctionStmt, FunctionParameterMode, Node, VariableSetKind, VariableSetStmt,
};

use super::reach::{self, Knob};
use super::{boxed, inner, string};

/// PostgreSQL cuts names here (`NAMEDATALEN`).
const NAME_BYTES_MAX: usize = 63;

/// One definition.
pub(crate) struct Routine<'t> {
    pub(crate) body: Body<'t>,
    /// The path of a `SET search_path` of its own, as listed.
    pub(crate) path: Option<Vec<String>>,
    /// Runs as its owner.
    pub(crate) as_owner: bool,
    /// Names of the parameters that are given, in order; empty where one has none.
    pub(crate) names: Vec<String>,
    /// Those of the parameters that are given back.
    pub(crate) outputs: Vec<String>,
    /// It is written in PL/pgSQL.
    procedural: bool,
    /// Expressions of defaults.
    pub(crate) defaults: Vec<&'t Node>,
}

/// What a function runs.
pub(crate) enum Body<'t> {
    /// Names were resolved when it was made: the text comes fully qualified.
    Resolved(Vec<&'t NodeEnum>),
    /// Names are resolved when it runs.
    Text(&'t str),
    /// PL/pgSQL.
    Procedural(&'t str),
}

impl<'t> Routine<'t> {
    /// Reads a definition; `None` when it says something that is not known.
    pub(crate) fn read(definition: &'t CreateFunctionStmt) -> Option<Self> {
        let mut routine = Self {
            body: Body::Resolved(statements(definition)),
            path: None,
            as_owner: false,
            names: Vec::new(),
            outputs: Vec::new(),
            procedural: false,
            defaults: Vec::new(),
        };
        for option in &definition.options {
            routine.option(option)?;
        }
        for parameter in &definition.parameters {
            let Some(NodeEnum::FunctionParameter(parameter)) = inner(parameter) else {
                return None;
            };
            match FunctionParameterMode::try_from(parameter.mode).ok()? {
                FunctionParameterMode::FuncParamOut | FunctionParameterMode::FuncParamTable => {
                    routine.outputs.push(parameter.name.clone());
                }
                FunctionParameterMode::FuncParamIn
                | FunctionParameterMode::FuncParamInout
                | FunctionParameterMode::FuncParamVariadic
                | FunctionParameterMode::FuncParamDefault => {
                    routine.names.push(parameter.name.clone());
                    if parameter.mode == FunctionParameterMode::FuncParamInout as i32 {
                        routine.outputs.push(parameter.name.clone());
                    }
                    routine.defaults.extend(parameter.defexpr.as_deref());
                }
                FunctionParameterMode::Undefined => return None,
            }
        }
        if let (true, Body::Text(body)) = (routine.procedural, &routine.body) {
            routine.body = Body::Procedural(body);
        }
        match &routine.body {
            Body::Resolved(statements) if statements.is_empty() => None,
            Body::Resolved(_) | Body::Text(_) | Body::Procedural(_) => Some(routine),
        }
    }

    fn option(&mut self, option: &'t Node) -> Option<()> {
        let Some(NodeEnum::DefElem(option)) = inner(option) else {
            return None;
        };
        let argument = boxed(option.arg.as_ref());
        match (option.defname.as_str(), argument) {
            ("as", Some(NodeEnum::List(list))) => {
                let [text] = list.items.as_slice() else {
                    return None;
                };
                self.body = Body::Text(string(text)?);
            }
            ("security", Some(NodeEnum::Boolean(definer))) => self.as_owner = definer.boolval,
            ("set", Some(NodeEnum::VariableSetStmt(set))) => self.setting(set)?,
            ("language", Some(NodeEnum::String(name))) if name.sval == "sql" => {}
            ("language", Some(NodeEnum::String(name))) if name.sval == "plpgsql" => {
                self.procedural = true;
            }
            (
                "volatility" | "strict" | "leakproof" | "parallel" | "cost" | "rows" | "support"
                | "window",
                _,
            ) => {}
            _ => return None,
        }
        Some(())
    }

    /// A setting that holds while it runs.
    fn setting(&mut self, set: &VariableSetStmt) -> Option<()> {
        if set.kind != VariableSetKind::VarSetValue as i32 {
            return None;
        }
        match reach::setting(&set.name) {
            Knob::Harmless => {}
            Knob::Path => {
                let schemas = set.args.iter().map(schema);
                let listed: Vec<String> = schemas.collect::<Option<_>>()?;
                self.path = Some(listed.into_iter().filter(|name| !name.is_empty()).collect());
            }
            Knob::Pinned(_) | Knob::Role | Knob::Matters => return None,
        }
        Some(())
    }
}

/// One schema of a path. What `$user` stands for depends on who runs it.
fn schema(node: &Node) -> Option<String> {
    let Some(NodeEnum::AConst(constant)) = inner(node) else {
        return None;
    };
    let Some(pg_query::protobuf::a_const::Val::Sval(name)) = &constant.val else {
        return None;
    };
    let plain = name.sval.len() <= NAME_BYTES_MAX && name.sval != "$user";
    plain.then(|| name.sval.clone())
}

/// The statements of `BEGIN ATOMIC … END`, or what `RETURN` gives; none where there are none.
fn statements(definition: &CreateFunctionStmt) -> Vec<&NodeEnum> {
    match boxed(definition.sql_body.as_ref()) {
        Some(NodeEnum::List(outer)) => {
            let lists = outer.items.iter().filter_map(|item| match inner(item) {
                Some(NodeEnum::List(list)) => Some(&list.items),
                _ => None,
            });
            lists.flatten().filter_map(inner).collect()
        }
        Some(other) => vec![other],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(options: &str, expect: Option<(&str, Option<&[&str]>, bool)>) {
        let text = format!(
            "CREATE OR REPLACE FUNCTION s.f(a integer, OUT b text, c text DEFAULT upper('x'::text)) \
             RETURNS text LANGUAGE sql {options}"
        );
        let parsed = pg_query::parse(&text, 0).unwrap().protobuf;
        let statement = parsed.stmts.first().unwrap().stmt.as_ref().unwrap();
        let Some(NodeEnum::CreateFunctionStmt(definition)) = inner(statement) else {
            panic!("{text}");
        };
        let routine = Routine::read(definition);
        let Some((body, path, as_owner)) = expect else {
            assert!(routine.is_none(), "{options}");
            return;
        };
        let routine = routine.unwrap_or_else(|| panic!("{options}"));
        let found = match &routine.body {
            Body::Text(text) | Body::Procedural(text) => (*text).to_owned(),
            Body::Resolved(statements) => format!("{} statements", statements.len()),
        };
        assert_eq!(found, body, "{options}");
        let listed: Option<Vec<&str>> = routine
            .path
            .as_ref()
            .map(|path| path.iter().map(String::as_str).collect());
        assert_eq!(listed.as_deref(), path, "{options}");
        assert_eq!(routine.as_owner, as_owner, "{options}");
        assert_eq!(routine.names, ["a", "c"]);
        assert_eq!(routine.defaults.len(), 1);
    }

    #[test]
    fn definitions() {
        check(
            "AS $function$SELECT 1$function$",
            Some(("SELECT 1", None, false)),
        );
        check(
            "STABLE STRICT SECURITY DEFINER COST 5 SET search_path TO 'a', 'pg_temp' AS 'SELECT 1'",
            Some(("SELECT 1", Some(&["a", "pg_temp"]), true)),
        );
        check(
            "SET search_path TO '' AS 'x'",
            Some(("x", Some(&[]), false)),
        );
        check("SET work_mem TO '1MB' AS 'x'", Some(("x", None, false)));
        check(
            "BEGIN ATOMIC SELECT 1; SELECT 2; END",
            Some(("2 statements", None, false)),
        );
        check("RETURN 1", Some(("1 statements", None, false)));
        check("SET search_path TO '$user', 'public' AS 'x'", None);
        check("SET role TO 'x' AS 'x'", None);
        check("SET standard_conforming_strings TO 'off' AS 'x'", None);
        check("SET session_replication_role TO 'replica' AS 'x'", None);
        check("SET row_security TO 'off' AS 'x'", Some(("x", None, false)));
        check("SET search_path FROM CURRENT AS 'x'", None);
        check("AS 'a', 'b'", None);
        check("BEGIN ATOMIC END", None);
    }
}
