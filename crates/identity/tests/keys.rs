//! How keys are fetched: after a rotation, under a flood, and while the issuer is down.
#![allow(clippy::unwrap_used)]

mod bench;

use std::time::{Duration, Instant};

use bench::{Issuer, Named};
use identity::{Error, IssuerConfig, Issuers};
use model::Secret;
use serde_json::json;

fn token(key: &Named, issuer: &Issuer) -> Secret<String> {
    key.sign(&key.header(), &issuer.claims(json!({})))
}

/// An issuer whose keys may be asked for every `refetch` and live for `cache`, in milliseconds.
fn with(issuer: &Issuer, refetch: u64, cache: u64) -> Issuers {
    let config = IssuerConfig {
        refetch_min: Duration::from_millis(refetch),
        jwks_cache: Duration::from_millis(cache),
        timeout: Duration::from_secs(2),
        ..issuer.config()
    };
    Issuers::new(vec![config]).unwrap()
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_logins() {
    let key = Named::ec("k1");
    let issuer = Issuer::start(&[&key]).await;
    let issuers = Issuers::new(vec![issuer.config()]).unwrap();
    let good = token(&key, &issuer);
    let both = tokio::join!(issuers.verify(&good), issuers.verify(&good));
    assert!(both.0.is_ok() && both.1.is_ok());
    for _ in 0..50 {
        assert!(issuers.verify(&good).await.is_ok());
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_new_key_is_fetched_and_a_withdrawn_one_refused() {
    let (old, new) = (Named::ec("old"), Named::ec("new"));
    let issuer = Issuer::start(&[&old]).await;
    let issuers = with(&issuer, 1, 3_600_000);
    assert!(issuers.verify(&token(&old, &issuer)).await.is_ok());
    issuer.publish(&[&new]);
    let deadline = Instant::now() + Duration::from_secs(10);
    while issuers.verify(&token(&new, &issuer)).await.is_err() {
        assert!(Instant::now() < deadline);
    }
    assert!(issuers.verify(&token(&old, &issuer)).await.is_err());
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_at_most_once_more() {
    let key = Named::ec("k1");
    let issuer = Issuer::start(&[&key]).await;
    let issuers = Issuers::new(vec![issuer.config()]).unwrap();
    assert!(issuers.verify(&token(&key, &issuer)).await.is_ok());
    for number in 0..200 {
        let header = json!({"alg": "ES256", "kid": format!("random-{number}")});
        let forged = key.sign(&header, &issuer.claims(json!({})));
        assert!(matches!(
            issuers.verify(&forged).await,
            Err(Error::Refused(_))
        ));
    }
    // The default bound is one fetch in 30 s: two a minute.
    assert_eq!(issuer.fetches(), 1);
    assert!(issuers.verify(&token(&key, &issuer)).await.is_ok());
}

#[tokio::test]
async fn while_the_issuer_is_down_its_keys_serve_until_they_are_too_old() {
    let key = Named::ec("k1");
    let issuer = Issuer::start(&[&key]).await;
    let issuers = with(&issuer, 100, 1_000);
    let good = token(&key, &issuer);
    let fetched = Instant::now();
    assert!(issuers.verify(&good).await.is_ok());
    issuer.go_down();
    let deadline = fetched + Duration::from_secs(10);
    loop {
        match issuers.verify(&good).await {
            Ok(_) => assert!(Instant::now() < deadline),
            Err(error) => {
                assert!(matches!(error, Error::Issuer { .. }), "{error:?}");
                break;
            }
        }
        tokio::task::yield_now().await;
    }
    assert!(fetched.elapsed() >= Duration::from_secs(1));
    assert!(issuer.fetches() <= 12, "{}", issuer.fetches());
}

#[tokio::test]
async fn an_issuer_that_starts_later_is_found() {
    let key = Named::ec("k1");
    let issuer = Issuer::start(&[]).await;
    let issuers = with(&issuer, 10, 3_600_000);
    let good = token(&key, &issuer);
    assert!(issuers.verify(&good).await.is_err());
    issuer.publish(&[&key]);
    let deadline = Instant::now() + Duration::from_secs(10);
    while issuers.verify(&good).await.is_err() {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_not() {
    let key = Named::ec("k1");
    let other = Issuer::start(&[&key]).await;
    other.call_itself("https://elsewhere.example");
    let huge = Issuer::start(&[&key]).await;
    huge.be_huge();
    for issuer in [other, huge] {
        let issuers = Issuers::new(vec![issuer.config()]).unwrap();
        let refused = issuers.verify(&token(&key, &issuer)).await;
        assert!(matches!(refused, Err(Error::Issuer { .. })), "{refused:?}");
    }
    let nobody = Issuers::new(vec![IssuerConfig {
        allow_http_loopback: true,
        ..IssuerConfig::new("http://127.0.0.1:9", "portcullis")
    }])
    .unwrap();
    let issuer = Issuer::start(&[&key]).await;
    let claims = issuer.claims(json!({"iss": "http://127.0.0.1:9"}));
    let refused = nobody.verify(&key.sign(&key.header(), &claims)).await;
    assert!(matches!(refused, Err(Error::Issuer { .. })), "{refused:?}");
}
