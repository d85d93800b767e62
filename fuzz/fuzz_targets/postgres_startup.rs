//! Bytes before authentication, from either side: no panic, and what is buffered stays within the limits.
#![no_main]

use bytes::BytesMut;
use model::{Limits, Secret};
use wire::postgres::{ClientTls, Login, LoginParts, Startup, StartupEffect, StartupOptions};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else {
        return;
    };
    let limits = Limits::standard();
    let mut bytes = BytesMut::from(data);
    if how & 1 == 0 {
        let mut startup = Startup::new(StartupOptions {
            limits,
            tls: ClientTls::Offered,
            confidential: how & 2 == 0,
            oauth_hint: Some(("https://id.example".to_owned(), "openid".to_owned())),
            oauth_always: how & 4 == 0,
        });
        startup.on_bytes(&mut bytes);
        while let Some(effect) = startup.poll() {
            if matches!(effect, StartupEffect::UpgradeTls) {
                assert!(bytes.is_empty(), "nothing may stand behind an SSLRequest");
                startup.tls_started(false);
            }
        }
        assert!(startup.to_client().len() < 64 * 1024);
    } else {
        let mut login = Login::new(LoginParts {
            user: "app".to_owned(),
            password: Some(Secret::new("pw".to_owned())),
            database: "shop".to_owned(),
            parameters: Vec::new(),
            channel_binding: (how & 2 == 0).then(|| vec![1; 32]),
            encrypted: how & 4 == 0,
            protocol_minor: if how & 8 == 0 {
                wire::postgres::login::NEWEST_MINOR
            } else {
                0
            },
            limits,
        });
        login.on_bytes(&mut bytes);
        let _outcome = login.poll();
        assert!(login.to_upstream().len() < 64 * 1024);
    }
});
