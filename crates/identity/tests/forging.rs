//! Tokens made wrong, one way at a time: each is refused, and the good one beside it is taken.
#![allow(clippy::unwrap_used)]

mod bench;

use bench::{Issuer, Named, encode, now};
use identity::{Algorithm, Error, IssuerConfig, Issuers};
use model::Secret;
use serde_json::{Value, json};

struct Scene {
    key: Named,
    issuer: Issuer,
    issuers: Issuers,
}

impl Scene {
    async fn new() -> Self {
        let key = Named::rsa("k1");
        let issuer = Issuer::start(&[&key]).await;
        let issuers = Issuers::new(vec![issuer.config()]).unwrap();
        let scene = Self {
            key,
            issuer,
            issuers,
        };
        scene.takes(json!({})).await;
        scene
    }

    async fn refuses(&self, what: &str, token: Secret<String>) {
        match self.issuers.verify(&token).await {
            Err(Error::Refused(reason)) => {
                assert!(
                    !reason.contains("eyJ"),
                    "{what}: the log must not hold the token"
                );
            }
            other => panic!("{what}: {other:?}"),
        }
    }

    async fn takes(&self, change: Value) {
        let token = self
            .key
            .sign(&self.key.header(), &self.issuer.claims(change.clone()));
        let taken = self.issuers.verify(&token).await;
        assert!(taken.is_ok(), "{change}: {taken:?}");
    }

    async fn refuses_claims(&self, change: Value) {
        let token = self
            .key
            .sign(&self.key.header(), &self.issuer.claims(change.clone()));
        self.refuses(&change.to_string(), token).await;
    }

    async fn refuses_header(&self, change: Value) {
        let header = Value::Object(bench::merged(self.key.header(), change.clone()));
        let token = self.key.sign(&header, &self.issuer.claims(json!({})));
        self.refuses(&change.to_string(), token).await;
    }
}

#[tokio::test]
async fn claims_made_wrong() {
    let scene = Scene::new().await;
    for change in [
        json!({"aud": "another"}),
        json!({"aud": "portcullis-staging"}),
        json!({"aud": ["a", "b"]}),
        json!({"aud": null}),
        json!({"aud": {"portcullis": true}}),
        json!({"aud": ["portcullis", 7]}),
        json!({"iss": "https://elsewhere.example"}),
        json!({"iss": format!("{}/", scene.issuer.url)}),
        json!({"iss": [scene.issuer.url]}),
        json!({"iss": null}),
        json!({"exp": null}),
        json!({"exp": "tomorrow"}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"exp": now() - 61}),
        json!({"nbf": now() + 120}),
        json!({"nbf": "now"}),
        json!({"iat": now() + 120}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": "a\u{0}b"}),
        json!({"preferred_username": "ana\nadmin"}),
        json!({"preferred_username": "ana\u{202e}nimda"}),
        json!({"groups": ["dba\n"]}),
        json!({"groups": [7]}),
        json!({"groups": [""]}),
        json!({"groups": {"dba": true}}),
        json!({"groups": vec!["g"; 1001]}),
        json!({"act": "bot"}),
        json!({"act": {}}),
        json!({"act": {"sub": "u-1"}}),
        json!({"act": {"sub": "bot", "iss": "https://elsewhere.example"}}),
        json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
    ] {
        scene.refuses_claims(change).await;
    }
}

#[tokio::test]
async fn claims_at_the_edge_are_taken() {
    let scene = Scene::new().await;
    for change in [
        json!({"aud": ["other", "portcullis"]}),
        json!({"exp": now() - 30}),
        json!({"exp": 4_000_000_000.5}),
        json!({"nbf": now() + 30}),
        json!({"groups": null}),
        json!({"groups": "one"}),
        json!({"groups": ["cn=dba,ou=x", "deploy,root"]}),
        json!({"email": null, "preferred_username": null}),
    ] {
        scene.takes(change).await;
    }
}

#[tokio::test]
async fn headers_made_wrong() {
    let scene = Scene::new().await;
    let foreign = Named::rsa("k1");
    for change in [
        json!({"alg": "none"}),
        json!({"alg": "NONE"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS512"}),
        json!({"alg": "ES256"}),
        json!({"alg": "PS256 "}),
        json!({"alg": null}),
        json!({"alg": 256}),
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"jku": format!("{}/jwks", scene.issuer.url)}),
        json!({"x5u": "https://elsewhere.example/cert"}),
        json!({"x5c": ["MII"]}),
        json!({"jwk": foreign.jwk()}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "dpop+jwt"}),
        json!({"typ": 1}),
        json!({"kid": 1}),
        json!({"kid": "unknown"}),
    ] {
        scene.refuses_header(change).await;
    }
    for typ in ["JWT", "at+jwt", "application/at+JWT"] {
        let header = json!({"alg": "RS256", "kid": "k1", "typ": typ});
        let token = scene.key.sign(&header, &scene.issuer.claims(json!({})));
        assert!(scene.issuers.verify(&token).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn signatures_and_texts_made_wrong() {
    let scene = Scene::new().await;
    let header = scene.key.header().to_string();
    let claims = scene.issuer.claims(json!({}));
    let good = scene
        .key
        .sign(&scene.key.header(), &claims)
        .expose()
        .clone();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let richer = encode(
        scene
            .issuer
            .claims(json!({"groups": ["root"]}))
            .to_string()
            .as_bytes(),
    );
    let doubled = |extra: &str| format!("{},{extra}}}", claims.to_string().trim_end_matches('}'));
    let none = encode(br#"{"alg":"none"}"#);
    let body = message.split_once('.').unwrap().1;
    let hmac = {
        let message = format!("{}.{body}", encode(br#"{"alg":"HS256","kid":"k1"}"#));
        let public = scene.key.jwk()["n"].as_str().unwrap().to_owned();
        let key = jsonwebtoken::EncodingKey::from_secret(public.as_bytes());
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        format!("{message}.{signature}")
    };
    let foreign = Named::rsa("k1");
    let texts = [
        (
            "foreign key",
            foreign.sign(&foreign.header(), &claims).expose().clone(),
        ),
        ("hmac", hmac),
        ("none, unsigned", format!("{none}.{body}.")),
        ("none, signed", format!("{none}.{body}.{signature}")),
        ("no signature", format!("{message}.")),
        ("cut signature", good[..good.len() - 8].to_owned()),
        ("padded signature", format!("{good}==")),
        (
            "other claims",
            format!("{}.{richer}.{signature}", encode(header.as_bytes())),
        ),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.AAAA")),
        ("trailing space", format!("{good} ")),
        ("empty", String::new()),
        ("dots", "..".to_owned()),
        (
            "doubled sub",
            scene
                .key
                .sign_text(&header, &doubled(r#""sub":"root""#))
                .expose()
                .clone(),
        ),
        (
            "doubled by escape",
            scene
                .key
                .sign_text(&header, &doubled(r#""\u0073ub":"root""#))
                .expose()
                .clone(),
        ),
        (
            "doubled alg",
            scene
                .key
                .sign_text(
                    r#"{"alg":"none","alg":"RS256","kid":"k1"}"#,
                    &claims.to_string(),
                )
                .expose()
                .clone(),
        ),
        (
            "claims are no object",
            scene.key.sign_text(&header, "[]").expose().clone(),
        ),
        (
            "a megabyte",
            scene
                .key
                .sign(
                    &scene.key.header(),
                    &scene.issuer.claims(json!({"x": "x".repeat(1 << 20)})),
                )
                .expose()
                .clone(),
        ),
    ];
    for (what, text) in texts {
        scene.refuses(what, Secret::new(text)).await;
    }
}

#[tokio::test]
async fn every_kind_of_key_signs_for_its_own_algorithms_only() {
    let (rsa, ec, ed) = (Named::rsa("r"), Named::ec("e"), Named::ed("d"));
    let issuer = Issuer::start(&[&rsa, &ec, &ed]).await;
    let issuers = Issuers::new(vec![issuer.config()]).unwrap();
    for key in [&rsa, &ec, &ed] {
        let token = key.sign(&key.header(), &issuer.claims(json!({})));
        assert!(issuers.verify(&token).await.is_ok(), "{}", key.kid);
    }
    let pss = rsa.sign(
        &json!({"alg": "PS256", "kid": "r"}),
        &issuer.claims(json!({})),
    );
    assert!(issuers.verify(&pss).await.is_ok());
    let nameless = ec.sign(&json!({"alg": "ES256"}), &issuer.claims(json!({})));
    assert!(issuers.verify(&nameless).await.is_ok());
    for (key, kid, alg) in [
        (&rsa, "e", "RS256"),
        (&ec, "r", "ES256"),
        (&ed, "r", "EdDSA"),
        (&ed, "d", "ES256"),
    ] {
        let token = key.sign(&json!({"alg": alg, "kid": kid}), &issuer.claims(json!({})));
        assert!(issuers.verify(&token).await.is_err(), "{kid} {alg}");
    }
    let narrow = IssuerConfig {
        algorithms: vec![Algorithm::Es256],
        ..issuer.config()
    };
    let narrow = Issuers::new(vec![narrow]).unwrap();
    let token = rsa.sign(&rsa.header(), &issuer.claims(json!({})));
    assert!(narrow.verify(&token).await.is_err());
}

#[tokio::test]
async fn keys_not_for_signing_are_not_used() {
    let key = Named::rsa("k1");
    let issuer = Issuer::start(&[]).await;
    for (name, value) in [
        ("use", "enc"),
        ("alg", "RSA-OAEP"),
        ("alg", "RS512"),
        ("kty", "oct"),
    ] {
        let mut jwk = key.jwk();
        jwk[name] = json!(value);
        issuer.publish_raw(vec![jwk]);
        let issuers = Issuers::new(vec![issuer.config()]).unwrap();
        let token = key.sign(&key.header(), &issuer.claims(json!({})));
        assert!(issuers.verify(&token).await.is_err(), "{name} {value}");
    }
}
