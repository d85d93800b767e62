//! What a sink sends, byte by byte, and what it refuses.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn addresses_of_this_machine_and_of_no_router_are_local() {
    let check = |text: &str, expect| assert_eq!(is_local(&text.parse().unwrap()), expect, "{text}");
    for local in [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
    ] {
        check(local, true);
    }
    for elsewhere in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "fd00::1"] {
        check(elsewhere, false);
    }
}

#[test]
fn only_a_required_sink_is_in_the_way_and_only_when_it_is_too_far_behind() {
    let status = |required| Status {
        name: "siem".to_owned(),
        required,
        events: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        state: Mutex::default(),
    };
    let behind = |required| {
        let status = status(required);
        status.is_behind(true);
        // The clock ticks in nanoseconds.
        while status.lag().is_zero() {}
        Sinks(Arc::new([Arc::new(status)])).health()
    };
    assert!(behind(None).is_ok());
    assert!(behind(Some(Duration::from_secs(300))).is_ok());
    assert!(behind(Some(Duration::ZERO)).unwrap_err().contains("siem"));
    assert!(
        Sinks(Arc::new([Arc::new(status(Some(Duration::ZERO)))]))
            .health()
            .is_ok()
    );
}
