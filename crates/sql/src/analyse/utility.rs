//! One whole statement of any kind.
//!
//! A kind without an arm here or in `ddl` is reported as not analysed.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    CopyStmt, CreateTableAsStmt, DoStmt, DropBehavior, IntoClause, LockStmt, Node, ObjectType,
    RangeVar, SelectStmt, TruncateStmt, VacuumStmt, ViewStmt,
};

use super::relation::Touch;
use super::scope::Scope;
use super::write::Change;
use super::{Analysis, Answer, Row, Walk, boxed, inner, object, other, string};
use crate::catalog::RelationId;
use crate::inspection::Step;

/// The weakest mode of a table's lock.
const ACCESS_SHARE: i32 = 1;

impl<'a> Analysis<'a> {
    /// A statement's kind and answer.
    pub(crate) fn statement(&mut self, node: &NodeEnum) -> Walk<(&'static str, Answer)> {
        self.enter(4)?;
        let found = match node {
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_) => self.query_statement(node)?,
            other => {
                // Literals of any other statement may decide what it does.
                self.shape_safe = false;
                self.utility(other)?
            }
        };
        self.leave(4);
        Ok(found)
    }

    fn query_statement(&mut self, node: &NodeEnum) -> Walk<(&'static str, Answer)> {
        let scope = Scope::default();
        let rows = |row: Row, returning: bool| {
            if returning {
                Answer::Row(row)
            } else {
                Answer::Nothing
            }
        };
        Ok(match node {
            NodeEnum::SelectStmt(select) => return self.select_statement(select),
            NodeEnum::InsertStmt(insert) => {
                let row = self.insert(insert, &scope)?;
                ("INSERT", rows(row, insert.returning_clause.is_some()))
            }
            NodeEnum::UpdateStmt(update) => {
                let row = self.update(update, &scope)?;
                ("UPDATE", rows(row, update.returning_clause.is_some()))
            }
            NodeEnum::DeleteStmt(delete) => {
                let row = self.delete(delete, &scope)?;
                ("DELETE", rows(row, delete.returning_clause.is_some()))
            }
            NodeEnum::MergeStmt(merge) => {
                let row = self.merge_into(merge, &scope)?;
                ("MERGE", rows(row, merge.returning_clause.is_some()))
            }
            other => (self.unhandled(other), Answer::Unknown),
        })
    }

    fn select_statement(&mut self, select: &SelectStmt) -> Walk<(&'static str, Answer)> {
        // SELECT INTO of a set operation stands on its leftmost arm.
        let mut leftmost = select;
        while let Some(left) = leftmost.larg.as_deref() {
            leftmost = left;
        }
        let Some(into) = leftmost.into_clause.as_deref() else {
            let row = self.select(select, &Scope::default())?;
            return Ok(("SELECT", Answer::Row(row)));
        };
        let before = self.shape_safe;
        self.shape_safe = false;
        let mut plain = select.clone();
        let mut arm = &mut plain;
        while let Some(left) = arm.larg.as_deref_mut() {
            arm = left;
        }
        arm.into_clause = None;
        let row = self.select(&plain, &Scope::default())?;
        self.keep(&row);
        self.new_relation(into);
        self.shape_safe &= before;
        self.shape_safe = false;
        Ok(("SELECT INTO", Answer::Nothing))
    }

    /// Every column's value goes to another stored place.
    fn keep(&mut self, row: &Row) {
        for (_, value) in row {
            self.use_value(value, Usage::Stored);
        }
    }

    fn new_relation(&mut self, into: &IntoClause) {
        match &into.rel {
            Some(range) => self.creates(range),
            None => self.unknown("SELECT INTO", ""),
        }
    }

    /// A new relation under a name.
    pub(crate) fn creates(&mut self, range: &RangeVar) {
        let object = self.new_object(range);
        self.effect(Verb::Create, object);
        self.definitions_moved();
    }

    pub(crate) fn definitions_moved(&mut self) {
        self.session.state_moved = true;
        self.session.catalog_changed = true;
        for function in &self.catalog.event_triggers {
            for effect in super::datatype::routine_effects(self.catalog, *function) {
                self.merge(&effect);
            }
        }
    }

    /// Where a new relation of this name would stand.
    pub(crate) fn new_object(&self, range: &RangeVar) -> Object {
        let schema = if range.relpersistence == "t" {
            "pg_temp".to_owned()
        } else if range.schemaname.is_empty() {
            let path = self.view.search_path.iter();
            let mut own =
                path.filter(|schema| *schema != "pg_catalog" && !schema.starts_with("pg_temp_"));
            own.next().cloned().unwrap_or_default()
        } else {
            range.schemaname.clone()
        };
        Object::Table {
            schema,
            name: range.relname.clone(),
        }
    }

    #[inline(never)]
    fn utility(&mut self, node: &NodeEnum) -> Walk<(&'static str, Answer)> {
        let nothing = |kind| Ok((kind, Answer::Nothing));
        match node {
            NodeEnum::TransactionStmt(transaction) => nothing(self.transaction(transaction)),
            NodeEnum::VariableSetStmt(set) => {
                self.variable_set(set);
                nothing("SET")
            }
            NodeEnum::VariableShowStmt(_) => Ok(("SHOW", Answer::Plain)),
            NodeEnum::ExplainStmt(explain) => {
                let Some(inner) = boxed(explain.query.as_ref()) else {
                    return nothing(self.unhandled(node));
                };
                // Its rows are plans; the statement within is planned at least, and planning runs functions.
                let (_, answer) = self.statement(inner)?;
                if let Answer::Row(row) = &answer {
                    // Plans show no values, but the columns count as read.
                    for (_, value) in row {
                        self.planned.extend(&value.sources);
                    }
                }
                Ok(("EXPLAIN", Answer::Plain))
            }
            NodeEnum::PrepareStmt(prepare) => {
                for name in &prepare.argtypes {
                    if let Some(NodeEnum::TypeName(name)) = inner(name) {
                        self.type_name(name);
                    }
                }
                let Some(query) = boxed(prepare.query.as_ref()) else {
                    return nothing(self.unhandled(node));
                };
                let inner = Box::new(self.kept(query, super::session::Until::Run)?);
                let name = prepare.name.clone();
                self.session.step = Step::Prepare { name, inner };
                nothing("PREPARE")
            }
            NodeEnum::ExecuteStmt(execute) => Ok(("EXECUTE", self.execute(execute)?)),
            NodeEnum::DeallocateStmt(deallocate) => {
                let name = (!deallocate.isall).then(|| deallocate.name.clone());
                self.session.step = Step::Deallocate { name };
                nothing("DEALLOCATE")
            }
            NodeEnum::DeclareCursorStmt(declare) => {
                self.declare_cursor(declare)?;
                nothing("DECLARE CURSOR")
            }
            NodeEnum::FetchStmt(fetch) => {
                let name = fetch.portalname.clone();
                if fetch.ismove {
                    self.session.step = Step::Move { name };
                    return nothing("MOVE");
                }
                self.session.step = Step::Fetch { name: name.clone() };
                Ok(("FETCH", Answer::Named(name)))
            }
            NodeEnum::ClosePortalStmt(close) => {
                let name = Some(close.portalname.clone()).filter(|name| !name.is_empty());
                self.session.step = Step::CloseCursor { name };
                nothing("CLOSE")
            }
            NodeEnum::DiscardStmt(discard) => {
                self.discard(discard.target);
                nothing("DISCARD")
            }
            NodeEnum::CopyStmt(copy) => self.copy(copy),
            NodeEnum::CreateTableAsStmt(create) => self.create_as(create),
            NodeEnum::ViewStmt(view) => self.create_view(view),
            other => self.act(other),
        }
    }

    fn create_as(&mut self, create: &CreateTableAsStmt) -> Walk<(&'static str, Answer)> {
        let query = boxed(create.query.as_ref());
        if let Some(NodeEnum::ExecuteStmt(execute)) = query {
            self.execute(execute)?;
            self.unknown("table made by EXECUTE", "");
        } else if let Some(query) = query {
            let row = self.subquery(query, &Scope::default())?;
            self.keep(&row);
        }
        match create.into.as_deref() {
            Some(into) => self.new_relation(into),
            None => self.unknown("CREATE TABLE AS", ""),
        }
        let kind = if create.objtype == ObjectType::ObjectMatview as i32 {
            "CREATE MATERIALIZED VIEW"
        } else {
            "CREATE TABLE AS"
        };
        Ok((kind, Answer::Nothing))
    }

    fn create_view(&mut self, view: &ViewStmt) -> Walk<(&'static str, Answer)> {
        if let Some(query) = boxed(view.query.as_ref()) {
            let row = self.subquery(query, &Scope::default())?;
            self.keep(&row);
        }
        if view.replace {
            self.replaces_view(view.view.as_ref())?;
        }
        match &view.view {
            Some(range) => self.creates(range),
            None => self.unknown("CREATE VIEW", ""),
        }
        Ok(("CREATE VIEW", Answer::Nothing))
    }

    fn copy(&mut self, copy: &CopyStmt) -> Walk<(&'static str, Answer)> {
        if copy.is_program || !copy.filename.is_empty() {
            let kind = if copy.is_program { "program" } else { "file" };
            self.effect(Verb::ServerFile, other(kind, ""));
        } else {
            self.session.step = if copy.is_from {
                Step::CopyIn
            } else {
                Step::CopyOut
            };
        }
        let mut scope = Scope::default();
        let row = match (&copy.relation, boxed(copy.query.as_ref())) {
            (_, Some(query)) => self.subquery(query, &scope)?,
            (Some(range), None) => {
                let Some(id) = self.resolve_range(range) else {
                    return Ok(("COPY", Answer::Unknown));
                };
                let row = match self.relation(id) {
                    Some(relation) if copy.is_from => {
                        self.change(id, Change::Insert)?;
                        self.own_columns(id, relation)
                    }
                    Some(_) => self.read_relation(id)?,
                    None => Row::new(),
                };
                let rel = super::from::stored_rel(&range.relname, row.clone(), id);
                scope.rels.push(rel);
                self.listed(id, row, &copy.attlist)
            }
            (None, None) => {
                self.unknown("COPY", "");
                Row::new()
            }
        };
        if let Some(condition) = boxed(copy.where_clause.as_ref()) {
            self.condition(condition, &scope)?;
        }
        if copy.is_from {
            for (nth, (_, value)) in row.iter().enumerate() {
                self.copies(nth, value);
                self.type_cast(value.type_oid);
                self.use_value(value, Usage::Assigned);
                for source in value.sources.clone() {
                    self.write_column(source, Verb::Insert);
                }
            }
            return Ok(("COPY", Answer::Nothing));
        }
        if copy.is_program || !copy.filename.is_empty() {
            self.keep(&row);
            return Ok(("COPY", Answer::Nothing));
        }
        Ok(("COPY", Answer::Row(row)))
    }

    /// The columns that a list names, in its order; all but generated ones without a list.
    fn listed(&mut self, id: RelationId, mut row: Row, names: &[Node]) -> Row {
        if names.is_empty() {
            if let Some(relation) = self.relation(id) {
                row.retain(|(column, _)| relation.generated().all(|(name, _)| name != column));
            }
            return row;
        }
        let mut listed = Row::new();
        for name in names.iter().filter_map(string) {
            match row.iter().find(|(column, _)| column == name) {
                Some(column) => listed.push(column.clone()),
                None => self.unknown("unresolved column", name),
            }
        }
        listed
    }

    /// Statements that act on objects: locks, notifications, maintenance, code, truncation.
    fn act(&mut self, node: &NodeEnum) -> Walk<(&'static str, Answer)> {
        let kind = match node {
            NodeEnum::TruncateStmt(truncate) => {
                self.truncate(truncate)?;
                "TRUNCATE"
            }
            NodeEnum::LockStmt(lock) => {
                self.lock(lock)?;
                "LOCK"
            }
            NodeEnum::ListenStmt(listen) => {
                let name = listen.conditionname.clone();
                self.effect(Verb::Listen, Object::Channel { name });
                "LISTEN"
            }
            NodeEnum::UnlistenStmt(_) => "UNLISTEN",
            NodeEnum::NotifyStmt(notify) => {
                let name = notify.conditionname.clone();
                self.effect(Verb::Notify, Object::Channel { name });
                "NOTIFY"
            }
            NodeEnum::ConstraintsSetStmt(_) => {
                // Triggers that were put off run now.
                self.unread = true;
                "SET CONSTRAINTS"
            }
            NodeEnum::VacuumStmt(vacuum) => self.vacuum(vacuum)?,
            NodeEnum::ClusterStmt(cluster) => {
                self.maintain(cluster.relation.as_ref())?;
                "CLUSTER"
            }
            NodeEnum::ReindexStmt(reindex) => {
                // An index is not in the catalog: its table cannot be named.
                self.effect(Verb::Maintain, Object::Database);
                if let Some(range) = &reindex.relation
                    && let Some(id) = self.resolve(
                        Some(range.schemaname.as_str()).filter(|schema| !schema.is_empty()),
                        &range.relname,
                    )
                {
                    self.attached(id, Touch::Write)?;
                }
                "REINDEX"
            }
            NodeEnum::RefreshMatViewStmt(refresh) => {
                self.maintain(refresh.relation.as_ref())?;
                "REFRESH MATERIALIZED VIEW"
            }
            NodeEnum::CheckPointStmt(_) => {
                self.effect(Verb::Administer, Object::Database);
                "CHECKPOINT"
            }
            NodeEnum::AlterSystemStmt(_) => {
                self.effect(Verb::Administer, other("system", ""));
                "ALTER SYSTEM"
            }
            NodeEnum::LoadStmt(_) => {
                self.effect(Verb::Administer, other("library", ""));
                "LOAD"
            }
            NodeEnum::DoStmt(block) => {
                self.code(block)?;
                "DO"
            }
            NodeEnum::CallStmt(call) => {
                if let Some(call) = call.funccall.as_deref() {
                    let value = self.call(call, &Scope::default())?;
                    self.use_value(&value, Usage::Opaque);
                }
                self.session.state_moved = true;
                return Ok(("CALL", Answer::Plain));
            }
            other => self.definition(other)?,
        };
        Ok((kind, Answer::Nothing))
    }

    fn code(&mut self, block: &DoStmt) -> Walk<()> {
        let language = block
            .args
            .iter()
            .find_map(|argument| match inner(argument) {
                Some(NodeEnum::DefElem(element)) if element.defname == "language" => {
                    element.arg.as_deref().and_then(string)
                }
                _ => None,
            });
        let object = other("code", language.unwrap_or("plpgsql"));
        self.effect(Verb::Execute, object.clone());
        let text = block
            .args
            .iter()
            .find_map(|argument| match inner(argument) {
                Some(NodeEnum::DefElem(element)) if element.defname == "as" => {
                    element.arg.as_deref().and_then(string)
                }
                _ => None,
            });
        if let (None | Some("plpgsql"), Some(text)) = (language, text) {
            if self.makes_enums(text)? {
                return Ok(());
            }
            let opened = self.look_into_code(text)?;
            if !opened.unknown {
                self.follows = true;
                self.gives_to_code(&opened.passed, &opened.said);
                self.take_in(&opened, "the body of DO");
                self.session.state_moved = true;
                return Ok(());
            }
            let reason = opened.reason.as_ref();
            self.notes
                .extend(reason.map(|reason| format!("DO: {reason}")));
        }
        self.effect(Verb::Unanalysed, object);
        self.definitions_moved();
        Ok(())
    }

    /// Whether a block of code makes enumerations in schemas that it names, and nothing else (mappers make theirs so,
    /// because `CREATE TYPE` has no `IF NOT EXISTS`); if so, does what these do.
    fn makes_enums(&mut self, text: &str) -> Walk<bool> {
        let Some(made) = crate::plpgsql::read(text)
            .ok()
            .and_then(|block| enums_of(&block))
        else {
            return Ok(false);
        };
        for create in &made {
            self.definition(create)?;
        }
        Ok(true)
    }

    fn truncate(&mut self, truncate: &TruncateStmt) -> Walk<()> {
        let cascades = truncate.behavior == DropBehavior::DropCascade as i32;
        let mut todo = self.ranges(&truncate.relations);
        let mut at = 0;
        while let Some(id) = todo.get(at).copied() {
            at += 1;
            self.change(id, Change::Truncate)?;
            if !cascades {
                continue;
            }
            for member in self.descendants(id) {
                for referrer in self
                    .relation(member)
                    .map(|found| &found.referrers)
                    .into_iter()
                    .flatten()
                {
                    if !todo.contains(&referrer.child) {
                        todo.push(referrer.child);
                    }
                }
            }
        }
        Ok(())
    }

    fn vacuum(&mut self, vacuum: &VacuumStmt) -> Walk<&'static str> {
        let kind = if vacuum.is_vacuumcmd {
            "VACUUM"
        } else {
            "ANALYZE"
        };
        if vacuum.rels.is_empty() {
            self.effect(Verb::Maintain, Object::Database);
        }
        for relation in &vacuum.rels {
            match inner(relation) {
                Some(NodeEnum::VacuumRelation(one)) => self.maintain(one.relation.as_ref())?,
                _ => self.unknown(kind, ""),
            }
        }
        Ok(kind)
    }

    fn maintain(&mut self, range: Option<&RangeVar>) -> Walk<()> {
        let Some(range) = range else {
            self.effect(Verb::Maintain, Object::Database);
            return Ok(());
        };
        let Some(id) = self.resolve_range(range) else {
            return Ok(());
        };
        self.on_family(Verb::Maintain, id);
        // Index expressions run; a materialised view's query does.
        self.attached(id, Touch::Write)?;
        if self
            .relation(id)
            .is_some_and(|found| found.definition.is_some())
        {
            self.read_relation(id)?;
        }
        Ok(())
    }

    fn lock(&mut self, lock: &LockStmt) -> Walk<()> {
        // The lock that every SELECT takes, and that asks for its privilege: it is what a read is.
        let verb = match lock.mode {
            ACCESS_SHARE => Verb::Select,
            _ => Verb::Lock,
        };
        for id in self.ranges(&lock.relations) {
            self.on_family(verb, id);
            // Locking a view locks what lies under it.
            if self
                .relation(id)
                .is_some_and(|found| found.definition.is_some())
            {
                self.read_relation(id)?;
            }
        }
        Ok(())
    }

    fn on_family(&mut self, verb: Verb, id: usize) {
        for member in self.descendants(id) {
            if let Some(relation) = self.relation(member) {
                self.effect(verb, object(relation));
            }
        }
    }

    fn ranges(&mut self, nodes: &[Node]) -> Vec<usize> {
        let mut found = Vec::new();
        for node in nodes {
            match inner(node) {
                Some(NodeEnum::RangeVar(range)) => found.extend(self.resolve_range(range)),
                _ => self.unknown("relation", ""),
            }
        }
        found
    }
}

/// The enumerations that a block makes, where it does nothing else.
fn enums_of(block: &crate::plpgsql::Block<'_>) -> Option<Vec<NodeEnum>> {
    use crate::plpgsql::Step;
    let plain = block.declared.is_empty() && block.handlers.as_ref().is_none_or(Vec::is_empty);
    let steps = block.body.iter().map(|step| {
        let Step::Statement { text, into } = step else {
            return None;
        };
        let parsed = crate::inspection::parse(text).ok()?;
        let [statement] = parsed.stmts.as_slice() else {
            return None;
        };
        match statement.stmt.as_deref().and_then(inner)? {
            NodeEnum::CreateEnumStmt(create) if into.is_empty() && create.type_name.len() == 2 => {
                Some(NodeEnum::CreateEnumStmt(create.clone()))
            }
            _ => None,
        }
    });
    let made: Option<Vec<NodeEnum>> = steps.collect();
    made.filter(|made| plain && !made.is_empty())
}
