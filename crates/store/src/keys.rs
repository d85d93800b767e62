//! API keys and session tokens: issued once, kept as hashes, looked up in constant time. Never keeps a secret.
//!
//! A secret is 32 random bytes, so its plain SHA-256 cannot be searched: salts and slow hashes protect passwords
//! that people choose, and would only make each login slow here.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::desk::{KeyRing, KeyView};
use gate::ports::{BoxFuture, PortError};
use model::{Principal, ResourceName, Secret};
use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::database::Store;
use crate::engine::Engine;
use crate::error::Error;
use crate::row;

/// The longest life of a key or token.
pub const KEY_LIFE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Keys and tokens that one principal may hold at once.
pub const KEYS_PER_PRINCIPAL_MAX: usize = 1000;

/// Keys and tokens listed at once, at most.
const LIST_MAX: i64 = 10_000;
/// Characters kept of a label.
const LABEL_CHARS_MAX: usize = 200;
/// Bytes of a presented secret worth hashing; ours have 68.
const SECRET_BYTES_MAX: usize = 128;
const COLUMNS: &str =
    "id, prefix, label, principal, resource, created, expires, revoked, hash, made_with";

impl KeyRing for Store {
    fn issue_key<'a>(
        &'a self,
        principal: &'a Principal,
        label: &'a str,
        made_with: &'a str,
        resource: Option<&'a ResourceName>,
        life: Duration,
    ) -> BoxFuture<'a, Result<(KeyView, Secret<String>), PortError>> {
        self.issue(&KEY, principal, label, made_with, resource, life)
    }

    fn mint_token<'a>(
        &'a self,
        principal: &'a Principal,
        made_with: &'a str,
        resource: Option<&'a ResourceName>,
        life: Duration,
    ) -> BoxFuture<'a, Result<(KeyView, Secret<String>), PortError>> {
        self.issue(&TOKEN, principal, "", made_with, resource, life)
    }

    fn look_up<'a>(
        &'a self,
        secret: &'a Secret<String>,
    ) -> BoxFuture<'a, Result<Option<KeyView>, PortError>> {
        let Some((id, hash)) = parse(secret) else {
            return Box::pin(async { Ok(None) });
        };
        self.call(move |engine| look_up(engine, &id, &hash))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyView>, PortError>> {
        self.call(|engine| {
            let mut query = engine.db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM keys WHERE expires > ?1 ORDER BY created DESC, id LIMIT ?2"
            ))?;
            let mut rows = query.query(params![row::write_time(SystemTime::now()), LIST_MAX])?;
            let mut views = Vec::new();
            while let Some(found) = rows.next()? {
                views.push(read_view(found)?);
            }
            Ok(views)
        })
    }

    fn revoke<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, PortError>> {
        let id = id.to_owned();
        self.call(move |engine| {
            // The first revocation's time is kept.
            let known = engine.db.execute(
                "UPDATE keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1",
                params![id, row::write_time(SystemTime::now())],
            )?;
            Ok(known == 1)
        })
    }

    fn bar<'a>(
        &'a self,
        principal_key: &'a str,
        barred: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let key = principal_key.to_owned();
        self.call(move |engine| {
            if barred {
                engine.db.execute(
                    "INSERT OR IGNORE INTO barred (principal_key, since) VALUES (?1, ?2)",
                    params![key, row::write_time(SystemTime::now())],
                )?;
            } else {
                engine
                    .db
                    .execute("DELETE FROM barred WHERE principal_key = ?1", [key])?;
            }
            Ok(())
        })
    }

    fn is_barred<'a>(&'a self, principal_key: &'a str) -> BoxFuture<'a, Result<bool, PortError>> {
        let key = principal_key.to_owned();
        self.call(move |engine| {
            let mut query = engine
                .db
                .prepare_cached("SELECT 1 FROM barred WHERE principal_key = ?1")?;
            Ok(query.exists([key])?)
        })
    }
}

/// One sort of secret.
struct Sort {
    tag: &'static str,
    kind: &'static str,
}

const KEY: Sort = Sort {
    tag: "pck",
    kind: "key",
};
const TOKEN: Sort = Sort {
    tag: "pct",
    kind: "token",
};

impl Store {
    fn issue(
        &self,
        sort: &'static Sort,
        principal: &Principal,
        label: &str,
        made_with: &str,
        resource: Option<&ResourceName>,
        life: Duration,
    ) -> BoxFuture<'static, Result<(KeyView, Secret<String>), PortError>> {
        let principal = principal.clone();
        let label: String = label.chars().take(LABEL_CHARS_MAX).collect();
        let made_with = Some(made_with.to_owned());
        let resource = resource.cloned();
        self.call(move |engine| {
            if life > KEY_LIFE_MAX {
                return Err(Error::Life);
            }
            let micros = u64::try_from(life.as_micros()).map_err(|_| Error::Life)?;
            if micros == 0 {
                return Err(Error::Life);
            }
            let (id, prefix, secret) = draw(sort)?;
            // As it will be read back: in whole microseconds.
            let created = row::read_time(row::write_time(SystemTime::now()));
            let view = KeyView {
                id,
                prefix,
                label,
                principal,
                made_with,
                resource,
                created,
                expires: created + Duration::from_micros(micros),
                revoked: false,
            };
            insert(engine, &view, &secret)?;
            Ok((view, secret))
        })
    }
}

/// A fresh id, shown prefix and secret.
fn draw(sort: &Sort) -> Result<(String, String, Secret<String>), Error> {
    let (mut name, mut random) = ([0_u8; 8], [0_u8; 32]);
    getrandom::fill(&mut name).map_err(|_| Error::Random)?;
    getrandom::fill(&mut random).map_err(|_| Error::Random)?;
    let random = Secret::new(random);
    let name = ledger::Hex(&name).to_string();
    let prefix = format!("{}_{name}", sort.tag);
    let secret = format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random.expose()));
    Ok((format!("{}:{name}", sort.kind), prefix, Secret::new(secret)))
}

fn hash(secret: &Secret<String>) -> [u8; 32] {
    Sha256::digest(secret.expose().as_bytes()).into()
}

/// The id that a presented secret names, and its hash; `None` when it has not our form.
fn parse(secret: &Secret<String>) -> Option<(String, [u8; 32])> {
    let text = secret.expose();
    if text.len() > SECRET_BYTES_MAX {
        return None;
    }
    let (tag, rest) = text.split_once('_')?;
    let (name, _) = rest.split_once('_')?;
    let sort = [KEY, TOKEN].into_iter().find(|sort| sort.tag == tag)?;
    Some((format!("{}:{name}", sort.kind), hash(secret)))
}

fn insert(engine: &mut Engine, view: &KeyView, secret: &Secret<String>) -> Result<(), Error> {
    let created = row::write_time(view.created);
    let change = engine.db.transaction()?;
    let held: i64 = change.query_row(
        "SELECT count(*) FROM keys WHERE principal_key = ?1 AND expires > ?2 AND revoked IS NULL",
        params![view.principal.key(), created],
        |row| row.get(0),
    )?;
    if usize::try_from(held).unwrap_or(usize::MAX) >= KEYS_PER_PRINCIPAL_MAX {
        return Err(Error::TooManyKeys);
    }
    change.execute(
        "INSERT INTO keys (id, hash, prefix, label, principal, principal_key, resource, created,
             expires, made_with)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            view.id,
            hash(secret),
            view.prefix,
            view.label,
            row::write_principal(&view.principal)?,
            view.principal.key(),
            view.resource.as_ref().map(ResourceName::as_str),
            created,
            row::write_time(view.expires),
            view.made_with,
        ],
    )?;
    Ok(change.commit()?)
}

fn look_up(engine: &mut Engine, id: &str, presented: &[u8; 32]) -> Result<Option<KeyView>, Error> {
    let mut query = engine
        .db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE id = ?1"))?;
    let found = query
        .query_row([id], |row| Ok((row.get::<_, Vec<u8>>(8)?, read_view(row))))
        .optional()?;
    let Some((kept, view)) = found else {
        return Ok(None);
    };
    let matches: bool = kept.ct_eq(presented).into();
    let view = view?;
    let good = matches && !view.revoked && view.expires > SystemTime::now();
    Ok(good.then_some(view))
}

fn read_view(from: &Row<'_>) -> Result<KeyView, Error> {
    let resource = match from.get::<_, Option<String>>(4)? {
        // A binding that cannot be read must not become no binding.
        Some(name) => Some(ResourceName::new(&name).ok_or(Error::Corrupt { what: "resource" })?),
        None => None,
    };
    Ok(KeyView {
        id: from.get(0)?,
        prefix: from.get(1)?,
        label: from.get(2)?,
        principal: row::read_principal(&from.get::<_, String>(3)?)?,
        resource,
        created: row::read_time(from.get(5)?),
        expires: row::read_time(from.get(6)?),
        revoked: from.get::<_, Option<i64>>(7)?.is_some(),
        made_with: from.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::entitle::tests::{agent, person};

    const HOUR: Duration = Duration::from_secs(3600);

    fn store() -> (tempfile::TempDir, std::sync::Arc<Store>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn a_secret_comes_back_as_its_principal_and_is_not_in_the_file() {
        let (folder, store) = store();
        let bot = agent("bot", person("ana", &["dba"]));
        let orders = ResourceName::new("orders-prod");
        let (key, secret) = store
            .issue_key(&bot, "nightly", "oidc:i:1", orders.as_ref(), HOUR)
            .await
            .unwrap();
        assert_eq!(store.look_up(&secret).await.unwrap(), Some(key.clone()));
        assert_eq!((&key.principal, &key.resource), (&bot, &orders));
        assert!(secret.expose().starts_with(&format!("{}_", key.prefix)));
        assert_eq!(secret.expose().len(), 4 + 16 + 1 + 43);
        let random = secret.expose().splitn(3, '_').nth(2).unwrap().as_bytes();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(16).any(|window| random.starts_with(window)));
        }
        assert_eq!(KeyRing::list(store.as_ref()).await.unwrap(), [key]);
    }

    #[tokio::test]
    async fn anything_else_is_unknown() {
        let (_folder, store) = store();
        let ana = person("ana", &[]);
        let (_, token) = store
            .mint_token(&ana, "oidc:i:1", None, HOUR)
            .await
            .unwrap();
        let good = token.expose().clone();
        assert!(store.look_up(&token).await.unwrap().is_some());
        let other = good.replacen("pct_", "pck_", 1);
        let longer = format!("{good}A");
        let shorter = good[..good.len() - 1].to_owned();
        let huge = "pct_".repeat(10_000);
        for bad in [
            "", "pct_", "pct__", "pck_x_y", &other, &longer, &shorter, &huge,
        ] {
            let found = store.look_up(&Secret::new(bad.to_owned())).await.unwrap();
            assert_eq!(found, None, "{bad:.80}");
        }
    }

    #[tokio::test]
    async fn revoked_and_expired_keys_are_unknown_even_after_a_restart() {
        let (folder, store) = store();
        let ana = person("ana", &[]);
        let (key, revoked) = store
            .issue_key(&ana, "", "oidc:i:1", None, HOUR)
            .await
            .unwrap();
        let short = Duration::from_millis(1);
        let (_, expired) = store
            .mint_token(&ana, "oidc:i:1", None, short)
            .await
            .unwrap();
        let (_, good) = store
            .mint_token(&ana, "oidc:i:1", None, HOUR)
            .await
            .unwrap();
        assert!(store.revoke(&key.id).await.unwrap());
        assert!(!store.revoke("key:unknown").await.unwrap());
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while store.look_up(&expired).await.unwrap().is_some() {
            assert!(std::time::Instant::now() < deadline);
        }
        drop(store);
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        assert_eq!(store.look_up(&revoked).await.unwrap(), None);
        assert_eq!(store.look_up(&expired).await.unwrap(), None);
        assert!(store.look_up(&good).await.unwrap().is_some());
        let listed = KeyRing::list(store.as_ref()).await.unwrap();
        assert_eq!(listed.iter().filter(|view| view.revoked).count(), 1);
    }

    #[tokio::test]
    async fn lives_are_bounded() {
        let (_folder, store) = store();
        let ana = person("ana", &[]);
        for life in [Duration::ZERO, KEY_LIFE_MAX + HOUR] {
            assert!(
                store
                    .issue_key(&ana, "", "oidc:i:1", None, life)
                    .await
                    .is_err()
            );
        }
    }

    #[tokio::test]
    async fn a_bar_holds_until_it_is_lifted() {
        let (_folder, store) = store();
        assert!(!store.is_barred("i|ana").await.unwrap());
        store.bar("i|ana", true).await.unwrap();
        store.bar("i|ana", true).await.unwrap();
        assert!(store.is_barred("i|ana").await.unwrap());
        assert!(!store.is_barred("i|an").await.unwrap());
        store.bar("i|ana", false).await.unwrap();
        assert!(!store.is_barred("i|ana").await.unwrap());
    }
}
