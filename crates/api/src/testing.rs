//! In-memory ports and ready-made callers for this crate's tests.
#![allow(clippy::unwrap_used)]

use gate::ports::Authenticated;
use model::{Principal, PrincipalKind};

/// A person signed in at an identity provider.
pub(crate) fn login(name: &str, groups: &[&str]) -> Authenticated {
    Authenticated {
        principal: Principal {
            issuer: "https://idp.example".into(),
            subject: name.into(),
            name: name.into(),
            email: Some(format!("{name}@example.com")),
            kind: PrincipalKind::Human,
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
            acts_for: None,
        },
        credential: format!("oidc:https://idp.example:{name}"),
        resource: None,
        end_with_token: None,
        claims: Vec::new(),
    }
}

/// A RowDescription message of text columns.
pub(crate) fn row_description(names: &[&str]) -> Vec<u8> {
    let mut body = u16::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&25u32.to_be_bytes());
        body.extend_from_slice(&[0xff; 2]);
        body.extend_from_slice(&[0xff; 4]);
        body.extend_from_slice(&[0; 2]);
    }
    message(b'T', &body)
}

/// A DataRow message.
pub(crate) fn data_row(values: &[Option<&str>]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(text) => {
                body.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
                body.extend_from_slice(text.as_bytes());
            }
            None => body.extend_from_slice(&[0xff; 4]),
        }
    }
    message(b'D', &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}
