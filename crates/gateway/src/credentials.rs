//! The targets' credentials, from files and environment variables.
//!
//! Read at each dial, so that a rotated password needs no restart. Never logged, never kept.

use std::collections::HashMap;
use std::path::PathBuf;

use gate::ports::{BoxFuture, Credentials, PortError, UpstreamCredential};
use model::{ResourceName, Secret};

use crate::config::ResourceConfig;

enum Source {
    None,
    File(PathBuf),
    Variable(String),
}

/// Credentials by resource name.
pub struct ConfiguredCredentials {
    entries: HashMap<ResourceName, (String, Source)>,
}

impl ConfiguredCredentials {
    /// Takes the places from configuration; nothing is read yet.
    pub fn new(resources: &[ResourceConfig]) -> Self {
        let entry = |resource: &ResourceConfig| {
            let source = match (&resource.password_file, &resource.password_env) {
                (Some(file), _) => Source::File(file.clone()),
                (None, Some(variable)) => Source::Variable(variable.clone()),
                (None, None) => Source::None,
            };
            Some((
                ResourceName::new(&resource.name)?,
                (resource.user.clone(), source),
            ))
        };
        Self {
            entries: resources.iter().filter_map(entry).collect(),
        }
    }

    fn read(&self, resource: &ResourceName) -> Result<UpstreamCredential, PortError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| PortError::Failed {
            what: "the target's credential",
            source,
        };
        let (user, source) = self
            .entries
            .get(resource)
            .ok_or_else(|| failed("the resource has none".into()))?;
        let password = match source {
            Source::None => None,
            Source::File(path) => {
                Some(std::fs::read_to_string(path).map_err(|e| failed(e.into()))?)
            }
            Source::Variable(name) => Some(std::env::var(name).map_err(|_| {
                failed(format!("the environment variable {name} is not set").into())
            })?),
        };
        // A trailing line break belongs to the file, not to the password.
        let trim = |text: String| Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
        Ok(UpstreamCredential {
            user: user.clone(),
            password: password.map(trim),
        })
    }
}

impl Credentials for ConfiguredCredentials {
    fn fetch<'a>(
        &'a self,
        resource: &'a ResourceName,
    ) -> BoxFuture<'a, Result<UpstreamCredential, PortError>> {
        Box::pin(async move { self.read(resource) })
    }
}
