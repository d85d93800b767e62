//! What an action would do: verbs, objects, columns, and where column values flow.

use std::borrow::Cow;
use std::fmt;

use crate::xml::XmlShape;

/// One kind of effect. Policies name it as `Action::"<name>"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verb {
    /// Open a session on a resource.
    Connect,
    /// Read rows or values.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Remove all rows at once.
    Truncate,
    /// Run a function that is not a harmless built-in.
    Call,
    /// Make an object.
    Create,
    /// Change an object's definition, owner or comment.
    Alter,
    /// Remove an object.
    Drop,
    /// Change privileges.
    Grant,
    /// Change a session or server setting that matters.
    Set,
    /// Take on another role.
    SetRole,
    /// Take an explicit lock.
    Lock,
    /// Listen on a notification channel.
    Listen,
    /// Send a notification.
    Notify,
    /// Read or write files or run programs on the server's host.
    ServerFile,
    /// Read or write large objects.
    LargeObject,
    /// Stream the write-ahead log or decode it.
    Replicate,
    /// Vacuum, analyse, reindex, cluster, checkpoint, refresh.
    Maintain,
    /// Run a code block in a procedural language.
    Execute,
    /// Anything else that reaches the server itself (signals, configuration, statistics).
    Administer,
    /// Something the analysis could not prove harmless or resolve. Only a permit for all actions, or one
    /// that names this verb, lets it pass; and never while a labelled column may be reached unrevealed.
    Unanalysed,
}

/// The groups that a policy may name instead of single verbs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum VerbGroup {
    /// Changes nothing.
    Read,
    /// Changes rows.
    Write,
    /// Changes definitions.
    Ddl,
    /// Reaches beyond the database's data.
    Admin,
}

impl Verb {
    /// All verbs, in the order of the enum.
    pub const ALL: [Self; 23] = [
        Self::Connect,
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Truncate,
        Self::Call,
        Self::Create,
        Self::Alter,
        Self::Drop,
        Self::Grant,
        Self::Set,
        Self::SetRole,
        Self::Lock,
        Self::Listen,
        Self::Notify,
        Self::ServerFile,
        Self::LargeObject,
        Self::Replicate,
        Self::Maintain,
        Self::Execute,
        Self::Administer,
        Self::Unanalysed,
    ];

    /// The name that policies and recordings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Call => "call",
            Self::Create => "create",
            Self::Alter => "alter",
            Self::Drop => "drop",
            Self::Grant => "grant",
            Self::Set => "set",
            Self::SetRole => "set_role",
            Self::Lock => "lock",
            Self::Listen => "listen",
            Self::Notify => "notify",
            Self::ServerFile => "server_file",
            Self::LargeObject => "large_object",
            Self::Replicate => "replicate",
            Self::Maintain => "maintain",
            Self::Execute => "execute",
            Self::Administer => "administer",
            Self::Unanalysed => "unanalysed",
        }
    }

    /// The group the verb belongs to; `connect`, `call` and `unanalysed` stand alone.
    pub fn group(self) -> Option<VerbGroup> {
        match self {
            Self::Connect | Self::Call | Self::Unanalysed => None,
            Self::Select | Self::Listen => Some(VerbGroup::Read),
            Self::Insert
            | Self::Update
            | Self::Delete
            | Self::Truncate
            | Self::Lock
            | Self::Notify
            | Self::LargeObject => Some(VerbGroup::Write),
            Self::Create | Self::Alter | Self::Drop | Self::Maintain => Some(VerbGroup::Ddl),
            Self::Grant
            | Self::Set
            | Self::SetRole
            | Self::ServerFile
            | Self::Replicate
            | Self::Execute
            | Self::Administer => Some(VerbGroup::Admin),
        }
    }

    /// Whether an action with this effect must be durable in the recording before it is forwarded.
    pub fn is_effectful(self) -> bool {
        !matches!(self, Self::Connect | Self::Select | Self::Listen)
    }
}

impl VerbGroup {
    /// The name that policies use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Ddl => "ddl",
            Self::Admin => "admin",
        }
    }
}

/// The thing an effect falls on, by its resolved name within one database.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Object {
    /// The resource or database as a whole.
    Database,
    /// A schema.
    Schema {
        /// Its name.
        schema: String,
    },
    /// A table, view, materialised view, foreign table or sequence.
    Table {
        /// The schema that holds it.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A function, procedure or aggregate; overloads are one object.
    Function {
        /// The schema that holds it.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A setting (GUC).
    Setting {
        /// Its lower-case name.
        name: String,
    },
    /// A role.
    Role {
        /// Its name.
        name: String,
    },
    /// A notification channel.
    Channel {
        /// Its name.
        name: String,
    },
    /// Anything else, named by kind: `extension`, `publication`, `type`, `large_object`, `server`…
    Other {
        /// The kind, lower case.
        kind: String,
        /// Its name, schema-qualified where it has one; may be empty.
        name: String,
    },
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("database"),
            Self::Schema { schema } => write!(f, "schema {schema}"),
            Self::Table { schema, name } => write!(f, "{schema}.{name}"),
            Self::Function { schema, name } => write!(f, "{schema}.{name}()"),
            Self::Setting { name } => write!(f, "setting {name}"),
            Self::Role { name } => write!(f, "role {name}"),
            Self::Channel { name } => write!(f, "channel {name}"),
            Self::Other { kind, name } if name.is_empty() => f.write_str(kind),
            Self::Other { kind, name } => write!(f, "{kind} {name}"),
        }
    }
}

/// One thing an action would do to one object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Effect {
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub object: Object,
    /// The columns involved, sorted; empty when the effect is on the object as a whole
    /// (`count(*)`, DELETE, DDL).
    pub columns: Vec<String>,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.object)?;
        if !self.columns.is_empty() {
            write!(f, " ({})", self.columns.join(", "))?;
        }
        Ok(())
    }
}

/// A stored column, by its resolved name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ColumnRef {
    /// The schema of the relation.
    pub schema: String,
    /// The relation that stores it (never a view: views are opened).
    pub table: String,
    /// The column.
    pub column: String,
    /// PostgreSQL's type OID of the column (the base type's for a domain).
    pub type_oid: u32,
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.schema, self.table, self.column)
    }
}

/// Where the values of one output column come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Projection {
    /// No stored column's value reaches it (constants, `now()`, `count(*)`).
    Free,
    /// It is one of these columns as stored (several through a set operation or a view over one),
    /// value and type preserved.
    Direct(Vec<ColumnRef>),
    /// It is text or JSON computed from these columns, and NULL only where they are.
    Derived(Vec<ColumnRef>),
    /// It is computed from these columns, and even its length or its being NULL may tell of their values.
    Withheld(Vec<ColumnRef>),
    /// It is JSON or XML built from these columns, and where each of them stands in it is known.
    Shaped {
        /// All of them.
        sources: Vec<ColumnRef>,
        /// Columns of views that it is, as a whole: where one of them is hidden, so is all of it.
        whole: Vec<ColumnRef>,
        /// Where they stand.
        shape: Shape,
    },
}

/// How a value that holds others is built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// As JSON.
    Json(JsonShape),
    /// As XML, of these pieces.
    Xml(Vec<XmlShape>),
}

/// How JSON is built: every value of it by where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JsonShape {
    /// One value made of one projection, as `to_json` makes it.
    Value(Box<Projection>),
    /// An object of these members and no others, none named twice.
    Object(Vec<(String, JsonShape)>),
    /// An array of these elements.
    Tuple(Vec<JsonShape>),
    /// An array of any number of such elements.
    Array(Box<JsonShape>),
    /// An object of any members with such values.
    Map(Box<JsonShape>),
}

impl Projection {
    /// The stored columns behind it.
    pub fn sources(&self) -> &[ColumnRef] {
        match self {
            Self::Free => &[],
            Self::Direct(sources)
            | Self::Derived(sources)
            | Self::Withheld(sources)
            | Self::Shaped { sources, .. } => sources,
        }
    }
}

/// The output columns of one statement's result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Projections {
    /// The statement returns no rows, or rows that carry no stored value (SHOW, EXPLAIN of nothing).
    None,
    /// One entry per output column, in order.
    Columns(Vec<Projection>),
    /// The rows belong to a query named elsewhere (EXECUTE, FETCH): its own projections apply.
    Named(String),
}

/// A value that a statement is given, and that it stores or computes what it stores from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Given {
    /// The value itself.
    pub value: GivenValue,
    /// What is taken out of it, from the outermost to what the column takes; nothing where that is the value itself.
    pub parts: Vec<Part>,
}

/// Which value a statement is given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GivenValue {
    /// A literal, by its number among the literals of the action's text (see [`crate::Action::literals`]): statements
    /// that differ in nothing but these share an analysis.
    Literal {
        /// Counted from 0.
        nth: usize,
        /// A number behind a minus.
        negative: bool,
    },
    /// A literal of a text whose literals are not counted.
    Text(std::sync::Arc<str>),
    /// A bound parameter, counted from 1.
    Parameter(usize),
    /// A column of the rows that the client sends for a COPY, counted from 0.
    Copied(usize),
}

/// A step from a value to what it holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// The member of a JSON object, or of an array where the name is a number.
    Member(std::sync::Arc<str>),
    /// Every element of an array, or of JSON.
    Elements,
    /// A field of a row, counted from 0.
    Field(usize),
    /// Each of the pieces that a text is split into, at signs that are not known.
    Pieces,
    /// Each of the pieces that a text is split into at this one.
    SplitAt(std::sync::Arc<str>),
    /// Anything: what follows is not known.
    Computed,
}

/// What a statement is given for a column.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Assignment {
    /// The column, under all names by which it can be read.
    pub columns: Vec<ColumnRef>,
    /// The values that it takes, or that are computed with for it.
    pub values: Vec<Given>,
    /// Nothing stored goes into what the column takes.
    pub plain: bool,
}

/// How a column's value is used other than by returning it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Usage {
    /// Compared for equality, joined, grouped, counted, made distinct.
    Compared,
    /// Used in any other predicate, ordering or window.
    Predicate,
    /// Computed with in a way that may fail, or make rows, by its value.
    Computed,
    /// Copied into another stored place.
    Stored,
    /// Written to: assigned a value by INSERT, UPDATE, MERGE or COPY.
    Assigned,
    /// Used in a way the analysis does not follow.
    Opaque,
}

/// One use of one column beyond projection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ColumnUse {
    /// The column.
    pub column: ColumnRef,
    /// How it is used.
    pub usage: Usage,
    /// Of what is stored, unchanged: the columns under whose names it can be read from where it goes. Empty where that
    /// is not known.
    pub into: Vec<ColumnRef>,
    /// Where in the statement, in its own words: `WHERE`, `ORDER BY`, `substring()`. Empty where nothing says more.
    pub place: Cow<'static, str>,
}
