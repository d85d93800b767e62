//! What every stream protocol's core has in common: the verbs by which a host drives it.

use gate::Permit;
use model::{Action, Fault, Refusal};

/// What a session's core wants from its host. After any input, the host polls until `None`.
pub enum Effect {
    /// Decide this action. Client bytes behind it wait until [`Session::release`] or [`Session::refuse`].
    Judge(Action),
    /// Analyse this on a big-stack thread, then hand the result to [`Session::inspected`].
    Inspect(Inspect),
    /// Record this action's fate.
    Completed(gate::admit::Completion),
    /// The target's definitions may have changed: read its catalog anew, hand it to the inspector, then call
    /// [`Session::catalog_read`]. Analyses wait until then.
    CatalogChanged,
    /// The target says of a result's source what the analysis denied. Count it; the session is ended next, and nothing
    /// of the result is delivered.
    Contradicted,
    /// End the session after flushing what is buffered towards the client.
    Close(Fault, String),
}

/// Work for a big-stack thread: pure, bounded, may recurse deeply.
pub struct Inspect {
    /// Runs the analysis.
    pub run: Box<dyn FnOnce() -> Inspected + Send>,
}

/// The opaque result of [`Inspect::run`].
pub struct Inspected(pub Box<dyn std::any::Any + Send>);

/// A run of client-bound bytes that belong to one action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The action's number in the session; 0 for bytes of no action.
    pub sequence: u64,
    /// How many bytes of the output.
    pub len: usize,
}

/// A session's core after login, between one client and one upstream.
///
/// How a host drives it: after any input (bytes, a verdict, an analysis, a fresh catalog) it polls until `None`,
/// drains both outputs, and calls [`Session::on_client`] again with whatever client bytes it still holds, because
/// the input may have unblocked them. It reads more from the client only while [`Session::wants_client`] (beyond
/// that at most `buffer_bytes_max`, to notice a client that leaves).
pub trait Session: Send {
    /// Takes bytes the client sent; consumes whole messages from the front and leaves the rest.
    fn on_client(&mut self, bytes: &mut bytes::BytesMut);
    /// Takes bytes the upstream sent, likewise.
    fn on_upstream(&mut self, bytes: &mut bytes::BytesMut);
    /// The next effect, until `None`.
    fn poll(&mut self) -> Option<Effect>;
    /// Goes on with an analysis.
    fn inspected(&mut self, result: Inspected);
    /// The held action may go.
    fn release(&mut self, permit: Permit);
    /// The held action may not; says so to the client and keeps both sides in step.
    fn refuse(&mut self, sequence: u64, refusal: &Refusal);
    /// The held action, to be judged again (after a hold); analysed anew when the catalog changed.
    fn rejudge(&mut self);
    /// Likewise, once the definitions were read anew: what people approved is held against what it would do now.
    fn rejudge_afresh(&mut self);
    /// Goes on after [`Effect::CatalogChanged`]: the inspector holds the catalog as it is now.
    fn catalog_read(&mut self);
    /// Tells the client something while it waits.
    fn notice(&mut self, message: &str, hint: &str);
    /// Says goodbye with a reason; nothing more is forwarded.
    fn goodbye(&mut self, refusal: &Refusal);
    /// The session is over: every action that has no end yet gets one ([`Effect::Completed`]). Bytes that are buffered
    /// stay.
    fn wind_up(&mut self);
    /// Bytes for the client, with their spans in order; the host drains both.
    fn to_client(&mut self) -> (&mut bytes::BytesMut, &mut Vec<Span>);
    /// Bytes for the upstream; the host drains them.
    fn to_upstream(&mut self) -> &mut bytes::BytesMut;
    /// Whether client bytes can be taken now; while not, the host keeps them and need not read more.
    fn wants_client(&self) -> bool;
    /// Whether an action is held, under analysis or awaiting a verdict.
    fn is_judging(&self) -> bool;
    /// Whether nothing is under way and no transaction is open: a good moment to end.
    fn is_idle(&self) -> bool;
    /// Whether nothing is under way, though the client may have left a transaction open.
    fn awaits_client(&self) -> bool;
    /// Whether the client asked to leave (Terminate).
    fn is_finished(&self) -> bool;
    /// Whether bytes that the client sent and that were not taken yet ask to leave. `bytes` stand where
    /// [`Session::on_client`] left them.
    fn asks_to_leave(&self, bytes: &[u8]) -> bool;
}
