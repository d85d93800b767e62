//! PostgreSQL's way from accept to a running session: greet, authenticate, open, dial, log in, pump.
//!
//! Decides nothing: identity, permission and recording are asked of their ports in this order, and any no ends it.

use std::sync::Arc;
use std::time::SystemTime;

use gate::live::{Entry, Since};
use gate::ports::{Authenticated, Credential, LoginError};
use gate::{ClientInfo, Opening};
use model::{Application, Refusal, RefusalKind, Resource, SessionId};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use wire::postgres::{CancelKey, LoginRequest, Session, SessionParts, UpstreamReady};

use super::greet::{self, Greeting, Guest};
use super::side::Side;
use super::stream::{Pump, Surroundings};
use crate::cancel::Registered;
use crate::catalog::Catalog;
use crate::context::{Errand, Shared};
use crate::control::Control;
use crate::dial::{LoginAs, Target};
use crate::doorway::Place;
use crate::metrics::{Cells, LoginResult};
use crate::parts::Listener;
use crate::stream::Stream;

/// PostgreSQL keeps this many bytes of an `application_name`.
const APPLICATION_BYTES: usize = 63;

/// How long a client whose login is refused may take to read why.
const REFUSAL_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// How long a client may take to read that it is logged in.
const WELCOME_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// One accepted connection.
pub(crate) struct Arrival {
    /// Its stream.
    pub(crate) stream: Stream,
    /// `ip:port`, or `unix`.
    pub(crate) address: String,
    /// Where it came in.
    pub(crate) listener: Arc<Listener>,
    /// Its place among those not yet logged in.
    pub(crate) pending: Place,
}

/// Serves one connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, cells: Arc<Cells>, arrival: Arrival) {
    // What is needed on the way to a session is freed before the session runs: idle ones are to be small.
    let Some(ready) = Box::pin(prepare(shared, cells, arrival)).await else {
        return;
    };
    let Prepared {
        id,
        pump,
        listed,
        registered,
    } = ready;
    let ending = pump.run().await;
    drop(registered);
    tracing::info!(
        session = %id,
        cause = ending.cause,
        stop = ending.stop.as_ref().map(gate::StopReason::as_str),
        error = ending.error,
        "session ended"
    );
    listed.cells.end(ending.cause);
}

/// A session that only has to be run.
struct Prepared {
    id: SessionId,
    pump: Pump,
    listed: Listed,
    registered: Registered,
}

/// The way from accept to a session.
async fn prepare(shared: Arc<Shared>, cells: Arc<Cells>, arrival: Arrival) -> Option<Prepared> {
    let deadline = Instant::now() + shared.limits.login_timeout;
    let Arrival {
        stream,
        address,
        listener,
        pending,
    } = arrival;
    let guest = Guest::new(stream, &shared, &listener);
    let greeting = timeout_at(deadline, Box::pin(guest.greet(&shared))).await;
    let (guest, request) = match greeting {
        Err(_) => {
            tracing::info!(address, "a client was too slow to log in");
            cells.login(LoginResult::TimedOut);
            return None;
        }
        Ok(Greeting::Broken(fault, text)) => {
            tracing::debug!(address, fault = fault.as_str(), text, "no login");
            cells.login(LoginResult::Broken);
            return None;
        }
        Ok(Greeting::Cancel(stream, key)) => {
            cells.login(LoginResult::Cancel);
            greet::cancel(&shared, stream, &key).await;
            return None;
        }
        Ok(Greeting::Login(both)) => *both,
    };
    let (credential, wanted) = Wanted::split(request);
    // Before the credential is checked, so that no revocation falls between the two.
    let since = shared.gate.live().since();
    let login = shared.identities.authenticate(&wanted.user, &credential);
    let identity = timeout_at(deadline, login).await;
    drop(credential);
    drop(pending);
    let identity = identity.unwrap_or_else(|_| {
        let slow = gate::ports::PortError::Slow { what: "identity" };
        Err(LoginError::Unavailable(slow))
    });
    let host = Host {
        shared,
        cells,
        address,
    };
    match identity {
        Ok(identity) => host.admit(guest, wanted, identity, since).await,
        Err(error) => {
            host.not_authenticated(guest, &wanted, &error).await;
            None
        }
    }
}

/// What a client asked for, without what it proved itself with.
struct Wanted {
    user: String,
    database: String,
    application_name: String,
    parameters: Vec<(String, String)>,
    protocol_minor: u16,
}

impl Wanted {
    fn split(request: LoginRequest) -> (Credential, Self) {
        let wanted = Self {
            user: request.user,
            database: request.database,
            application_name: request.application_name,
            parameters: request.parameters,
            protocol_minor: request.protocol_minor,
        };
        (request.credential, wanted)
    }
}

struct Host {
    shared: Arc<Shared>,
    cells: Arc<Cells>,
    address: String,
}

/// What stands once the target is reached.
struct Reached {
    target: Arc<Target>,
    catalog: Arc<Catalog>,
    stream: Stream,
    received: bytes::BytesMut,
    ready: UpstreamReady,
}

/// Takes the session out of the register of open ones, whatever ends it.
struct Listed {
    shared: Arc<Shared>,
    cells: Arc<Cells>,
    id: SessionId,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.shared.gate.live().remove(self.id);
        self.cells.session_closed();
    }
}

impl Host {
    async fn not_authenticated(self, guest: Guest, wanted: &Wanted, error: &LoginError) {
        let login = wanted.user.escape_debug();
        tracing::warn!(address = self.address, %login, reason = %error, "a login was refused");
        let refusal = match error {
            LoginError::Refused { .. } => {
                Refusal::new(RefusalKind::Unauthenticated, "the login was refused")
            }
            LoginError::Unavailable(_) => {
                let text = "logins cannot be checked at the moment";
                Refusal::new(RefusalKind::Unavailable, text)
            }
        };
        self.refuse(guest, &refusal).await;
    }

    async fn refuse(&self, mut guest: Guest, refusal: &Refusal) {
        self.cells.login(match refusal.kind {
            RefusalKind::Unauthenticated => LoginResult::Unauthenticated,
            RefusalKind::Unavailable
            | RefusalKind::RecordingFull
            | RefusalKind::RecordingFailed => LoginResult::Unavailable,
            _ => LoginResult::Refused,
        });
        guest.startup.refuse(refusal);
        let say = async {
            if guest.flush().await.is_ok() {
                guest.finish().await;
            }
        };
        // Whoever does not read it in time is not waited for.
        timeout(REFUSAL_TIMEOUT, say).await.ok();
    }

    /// The client is who it says; may it, and can it?
    async fn admit(
        self,
        guest: Guest,
        wanted: Wanted,
        identity: Authenticated,
        since: Since,
    ) -> Option<Prepared> {
        let id = SessionId::generate();
        let client = ClientInfo {
            application: Application {
                name: wanted.application_name.clone(),
                address: self.address.clone(),
            },
            login: wanted.user.clone(),
            tls: guest.tls_text(),
        };
        let gate = &self.shared.gate;
        let opened = match self.shared.look_up(&wanted.database) {
            None => Err(gate.turn_away(id, &identity, &wanted.database, &client)),
            Some((target, resource)) => gate
                .open(id, identity.clone(), resource, client)
                .map(|opening| (target, opening)),
        };
        let (target, opening) = match opened {
            Ok(opened) => opened,
            Err(refusal) => {
                let (address, text) = (&self.address, &refusal.message);
                tracing::warn!(
                    address,
                    who = identity.principal.display(),
                    text,
                    "no session"
                );
                self.refuse(guest, &refusal).await;
                return None;
            }
        };
        let control = Arc::new(Control::default());
        let listed = self.list(id, &identity, since, &control);
        self.open(guest, wanted, target, opening, (control, listed))
            .await
    }

    /// Makes the session known to those who may end it.
    fn list(
        &self,
        id: SessionId,
        identity: &Authenticated,
        since: Since,
        control: &Arc<Control>,
    ) -> Listed {
        let stop = Arc::clone(control);
        let principal = &identity.principal;
        let entry = Entry {
            principal: principal.key(),
            acts_for: principal.acts_for.as_ref().map(|human| human.key()),
            credential: identity.credential.clone(),
            made_with: identity.made_with.clone(),
            stop: Box::new(move |reason| stop.stop(reason)),
        };
        self.shared.gate.live().insert(id, entry, since);
        self.cells.session_opened();
        if self.shared.is_draining() {
            control.stop(gate::StopReason::Shutdown);
        }
        Listed {
            shared: Arc::clone(&self.shared),
            cells: Arc::clone(&self.cells),
            id,
        }
    }

    async fn open(
        &self,
        guest: Guest,
        wanted: Wanted,
        target: Arc<Target>,
        opening: Opening,
        (control, listed): (Arc<Control>, Listed),
    ) -> Option<Prepared> {
        let Opening {
            session: mut door,
            deadline,
        } = opening;
        let (id, who) = (door.id(), door.principal().display());
        let reached = self.reach(target, door.resource(), &wanted, &who).await;
        let reached = match reached {
            Ok(reached) => reached,
            Err(error) => {
                let name = &door.resource().name;
                tracing::error!(session = %id, resource = %name, error, "no upstream session");
                let text = format!("\"{name}\" cannot be reached at the moment");
                door.close(None, Some(&error));
                self.refuse(guest, &Refusal::new(RefusalKind::Unavailable, text))
                    .await;
                return None;
            }
        };
        let minor = wanted.protocol_minor;
        let generate = || CancelKey::generate(minor).ok();
        let Some((key, registered)) = self.shared.cancels.register(&control, generate) else {
            door.close(None, Some("no cancel key is free"));
            return None;
        };
        let resource = door.resource().name.clone();
        let upstream = format!("3.{}", reached.ready.protocol_minor);
        let pump = self
            .start(guest, &key, reached, door, (deadline, control))
            .await?;
        tracing::info!(session = %id, who, %resource, address = self.address, upstream, "session opened");
        Some(Prepared {
            id,
            pump,
            listed,
            registered,
        })
    }

    async fn reach(
        &self,
        target: Arc<Target>,
        resource: &Resource,
        wanted: &Wanted,
        who: &str,
    ) -> Result<Reached, String> {
        let (name, database) = (&resource.name, &resource.database);
        let catalog = self.shared.catalogs.of(name, database);
        let catalog = catalog.ok_or("it has no catalog")?;
        if !catalog.is_ready().await {
            return Err("its definitions cannot be read".to_owned());
        }
        let fetched = timeout(
            self.shared.limits.upstream_timeout,
            self.shared.credentials.fetch(name),
        );
        let credential = fetched
            .await
            .map_err(|_| "its credential did not come in time")?;
        let credential = credential.map_err(|error| format!("its credential: {error}"))?;
        let mut parameters = wanted.parameters.clone();
        parameters.push((
            "application_name".to_owned(),
            application_name(who, &wanted.application_name),
        ));
        let login = LoginAs {
            credential,
            database,
            parameters,
            limits: &self.shared.limits,
        };
        let (stream, received, ready) = target
            .open(login)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Reached {
            target,
            catalog,
            stream,
            received,
            ready,
        })
    }

    async fn start(
        &self,
        mut guest: Guest,
        key: &CancelKey,
        reached: Reached,
        mut door: gate::Session,
        (deadline, control): (SystemTime, Arc<Control>),
    ) -> Option<Pump> {
        guest.startup.accept(key, &reached.ready);
        let told = timeout(WELCOME_TIMEOUT, guest.flush()).await;
        let (Ok(Ok(())), Some((client, ahead))) = (told, guest.into_parts()) else {
            self.cells.login(LoginResult::Broken);
            door.close(None, Some("the client left during login"));
            return None;
        };
        self.cells.login(LoginResult::Opened);
        let core = Session::new(SessionParts {
            limits: self.shared.limits.clone(),
            inspector: Arc::clone(&reached.catalog.inspector),
            upstream: &reached.ready,
            mask_key: self.shared.mask_key.clone(),
            who: format!("portcullis/{}", door.principal().display()),
        });
        let surroundings = self.surroundings(&reached, control, deadline);
        let client = Side::new(client, ahead);
        let upstream = Side::new(reached.stream, reached.received);
        let core = Box::new(core);
        Some(Pump::new(client, upstream, core, door, surroundings))
    }

    fn surroundings(
        &self,
        reached: &Reached,
        control: Arc<Control>,
        deadline: SystemTime,
    ) -> Surroundings {
        let catalog = Arc::clone(&reached.catalog);
        let target = Arc::clone(&reached.target);
        let errands = self.shared.errands.clone();
        let key = reached.ready.cancel.clone();
        let cancel_upstream = move |done: Vec<oneshot::Sender<()>>| {
            let Some(key) = key.clone() else {
                return;
            };
            let errand = Errand {
                target: Arc::clone(&target),
                key,
                done,
            };
            if errands.try_send(errand).is_err() {
                tracing::warn!("too many cancel requests are under way; one is dropped");
            }
        };
        // The door's clock names the day, ours counts the way there.
        let left = deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        Surroundings {
            limits: self.shared.limits.clone(),
            parsers: self.shared.parsers.clone(),
            cells: Arc::clone(&self.cells),
            control,
            read_definitions: Box::new(move || catalog.read()),
            cancel_upstream: Box::new(cancel_upstream),
            expires: Instant::now() + left,
        }
    }
}

/// What the target shows for this session: who acts, then what the client calls itself, cut to what PostgreSQL keeps.
fn application_name(who: &str, application: &str) -> String {
    let mut name = format!("portcullis/{who}");
    if !application.is_empty() {
        name.push_str(": ");
        name.push_str(application);
    }
    let mut end = name.len().min(APPLICATION_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_a_character_ends() {
        let long = "ü".repeat(40);
        for (who, application, expect) in [
            ("ann", "psql", "portcullis/ann: psql".to_owned()),
            ("bot for ann", "", "portcullis/bot for ann".to_owned()),
            (
                "ann",
                long.as_str(),
                format!("portcullis/ann: {}", "ü".repeat(23)),
            ),
            (
                long.as_str(),
                "psql",
                format!("portcullis/{}", "ü".repeat(26)),
            ),
        ] {
            let name = application_name(who, application);
            assert_eq!(name, expect);
            assert!(name.len() <= APPLICATION_BYTES);
        }
    }
}
