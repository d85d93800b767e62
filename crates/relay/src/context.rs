//! What all sessions share. Knows no protocol.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gate::Gate;
use gate::ports::{Credentials, Identities};
use model::{Limits, Resource, ResourceName};
use tokio::sync::{mpsc, oneshot};
use wire::postgres::CancelKey;

use crate::cancel::Cancels;
use crate::catalog::Catalogs;
use crate::dial::Target;
use crate::parse::Parsers;
use crate::tls::server::ServerSide;

/// Work that outlives the session that asked for it; done on the control thread.
pub(crate) struct Errand {
    /// Which target.
    pub(crate) target: Arc<Target>,
    /// Whose work it shall cancel.
    pub(crate) key: CancelKey,
    /// Dropped when it is done.
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

/// What all sessions of a relay share.
pub(crate) struct Shared {
    pub(crate) gate: Arc<Gate>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) targets: HashMap<ResourceName, Arc<Target>>,
    pub(crate) mask_key: mask::MaskKey,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<ServerSide>,
    pub(crate) cancels: Arc<Cancels>,
    pub(crate) catalogs: Catalogs,
    pub(crate) parsers: Parsers,
    pub(crate) errands: mpsc::Sender<Errand>,
    pub(crate) draining: AtomicBool,
}

impl Shared {
    /// The target and database that `asked` names: `orders-prod`, or `orders-prod/dbname`.
    pub(crate) fn look_up(&self, asked: &str) -> Option<(Arc<Target>, Resource)> {
        let (name, database) = match asked.split_once('/') {
            Some((name, database)) => (name, Some(database)),
            None => (asked, None),
        };
        let target = self.targets.get(&ResourceName::new(name)?)?;
        let settings = &target.settings;
        let mut databases = settings.databases.iter();
        let database = match database {
            None => databases.next()?,
            Some(named) => databases.find(|known| *known == named)?,
        };
        let resource = Resource {
            name: settings.name.clone(),
            protocol: "postgres".to_owned(),
            database: database.clone(),
            tags: settings.tags.clone(),
        };
        Some((Arc::clone(target), resource))
    }

    /// Whether no new session may stay.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}
