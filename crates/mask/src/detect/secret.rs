//! Secrets that a text should not hold: tokens, private keys, access keys in the shapes that their issuers publish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{is_end, run};

/// Bytes of a JWT's header: a handful of short members.
const HEADER_BYTES_MAX: usize = 4096;
/// Bytes of a JWT's claims or signature that are looked at.
const PART_BYTES_MAX: usize = 64 * 1024;
/// Bytes between the dashes of a PEM label.
const PEM_LABEL_BYTES_MAX: usize = 40;

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// The end of a JSON Web Token (RFC 7519) that begins at `at`: a header that names its algorithm, claims, and a
/// signature, which may be empty.
pub(super) fn jwt(bytes: &[u8], at: usize) -> Option<usize> {
    // Behind a hyphen it would be the inside of a run that was looked at before.
    let before = at.checked_sub(1).and_then(|i| bytes.get(i));
    before.is_none_or(|b| *b != b'-').then_some(())?;
    // `{"` in base64url.
    bytes.get(at..)?.starts_with(b"eyJ").then_some(())?;
    let header = run(bytes, at, HEADER_BYTES_MAX, is_url_safe);
    let decoded = URL_SAFE_NO_PAD.decode(bytes.get(at..at + header)?).ok()?;
    let names_algorithm = decoded.windows(5).any(|w| w == b"\"alg\"");
    let claims_at = at + header + 1;
    let is_followed =
        bytes.get(at + header) == Some(&b'.') && bytes.get(claims_at..)?.starts_with(b"eyJ");
    let claims = run(bytes, claims_at, PART_BYTES_MAX, is_url_safe);
    let dot = claims_at + claims;
    let is_jwt = names_algorithm && is_followed && bytes.get(dot) == Some(&b'.');
    is_jwt.then(|| dot + 1 + run(bytes, dot + 1, PART_BYTES_MAX, is_url_safe))
}

/// The end of a PEM private key whose first line begins at `at`: behind its last line, or the text's end.
pub(super) fn pem(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let label = rest.strip_prefix(b"-----BEGIN ")?;
    let is_label = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ';
    let length = run(label, 0, PEM_LABEL_BYTES_MAX, is_label);
    label
        .get(..length)?
        .ends_with(b"PRIVATE KEY")
        .then_some(())?;
    label.get(length..)?.starts_with(b"-----").then_some(())?;
    let last = find(label, b"-----END ").and_then(|end| {
        let tail = label.get(end + 9..)?;
        let dashes = run(tail, 0, PEM_LABEL_BYTES_MAX, is_label);
        tail.get(dashes..)?
            .starts_with(b"-----")
            .then_some(end + 9 + dashes + 5)
    });
    Some(last.map_or(bytes.len(), |end| at + 11 + end))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// A PuTTY private key file reaches to the text's end.
pub(super) fn putty(bytes: &[u8], at: usize) -> Option<usize> {
    let is_file = bytes.get(at..)?.starts_with(b"PuTTY-User-Key-File-");
    is_file.then_some(bytes.len())
}

/// What may stand behind a key's prefix.
#[derive(Clone, Copy)]
enum Body {
    /// Letters and digits.
    Alphanumeric,
    /// Capital letters and digits.
    Upper,
    /// Lower-case hexadecimal.
    Hex,
    /// Letters, digits, `_` and `-`.
    UrlSafe,
}

/// The end of an access key of a known issuer that begins at `at`.
pub(super) fn access_key(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    KEYS.iter().find_map(|(prefix, body, least, most)| {
        let tail = rest.strip_prefix(prefix.as_bytes())?;
        let length = run(tail, 0, most + 1, |byte| match body {
            Body::Alphanumeric => byte.is_ascii_alphanumeric(),
            Body::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Body::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Body::UrlSafe => is_url_safe(byte),
        });
        let end = at + prefix.len() + length;
        ((*least..=*most).contains(&length) && is_end(bytes, end)).then_some(end)
    })
}

/// Prefix, what follows it, and how much of that at least and at most, as the issuers document it.
const KEYS: &[(&str, Body, usize, usize)] = &[
    // Amazon Web Services: access key ids.
    ("AKIA", Body::Upper, 16, 16),
    ("ASIA", Body::Upper, 16, 16),
    // GitHub: personal, OAuth, user, server and refresh tokens; fine-grained tokens.
    ("ghp_", Body::Alphanumeric, 36, 251),
    ("gho_", Body::Alphanumeric, 36, 251),
    ("ghu_", Body::Alphanumeric, 36, 251),
    ("ghs_", Body::Alphanumeric, 36, 251),
    ("ghr_", Body::Alphanumeric, 36, 251),
    ("github_pat_", Body::UrlSafe, 40, 255),
    // GitLab, npm, PyPI, crates.io.
    ("glpat-", Body::UrlSafe, 20, 64),
    ("npm_", Body::Alphanumeric, 36, 36),
    ("pypi-AgEIcHlwaS5vcmc", Body::UrlSafe, 50, 255),
    ("cio", Body::Alphanumeric, 32, 32),
    // Slack, Stripe, Shopify, SendGrid, Twilio, DigitalOcean.
    ("xoxb-", Body::UrlSafe, 20, 255),
    ("xoxp-", Body::UrlSafe, 20, 255),
    ("xapp-", Body::UrlSafe, 20, 255),
    ("sk_live_", Body::Alphanumeric, 16, 255),
    ("sk_test_", Body::Alphanumeric, 16, 255),
    ("rk_live_", Body::Alphanumeric, 16, 255),
    ("whsec_", Body::Alphanumeric, 24, 255),
    ("shpat_", Body::Hex, 32, 32),
    ("SG.", Body::UrlSafe, 22, 22),
    ("dop_v1_", Body::Hex, 64, 64),
    // Google, OpenAI, Anthropic, Hugging Face.
    ("AIza", Body::UrlSafe, 35, 35),
    ("sk-proj-", Body::UrlSafe, 40, 255),
    ("sk-ant-", Body::UrlSafe, 40, 255),
    ("hf_", Body::Alphanumeric, 34, 40),
    // HashiCorp Vault.
    ("hvs.", Body::UrlSafe, 24, 255),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn token(header: &str, claims: &str, signature: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{signature}", encode(header), encode(claims))
    }

    #[test]
    fn tokens_need_a_header_with_an_algorithm() {
        let check = |text: &str, expect: bool| {
            assert_eq!(
                jwt(text.as_bytes(), 0),
                expect.then_some(text.len()),
                "{text}"
            );
        };
        check(&token(r#"{"alg":"RS256"}"#, r#"{"sub":"1"}"#, "c2ln"), true);
        check(&token(r#"{"alg":"none"}"#, r#"{"sub":"1"}"#, ""), true);
        check(&token(r#"{"typ":"JWT"}"#, r#"{"sub":"1"}"#, "c2ln"), false);
        check("eyJhbGciOiJub25lIn0", false);
        check("eyJhbGciOiJub25lIn0.", false);
        check("eyJ!!", false);
    }

    #[test]
    fn private_keys_reach_to_their_last_line() {
        let check = |text: &str, expect: Option<&str>| {
            let end = pem(text.as_bytes(), 0);
            assert_eq!(end.map(|end| text.get(..end).unwrap()), expect, "{text}");
        };
        let key = "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----";
        check(&format!("{key}\nrest"), Some(key));
        check(
            "-----BEGIN PRIVATE KEY-----\nMHc=",
            Some("-----BEGIN PRIVATE KEY-----\nMHc="),
        );
        check("-----BEGIN CERTIFICATE-----\nMHc=", None);
        check("-----BEGIN PUBLIC KEY-----", None);
        assert_eq!(putty(b"PuTTY-User-Key-File-3: x", 0), Some(24));
    }

    #[test]
    fn access_keys_have_their_issuers_shape() {
        let check = |text: &str, expect: bool| {
            assert_eq!(
                access_key(text.as_bytes(), 0),
                expect.then_some(text.len()),
                "{text}"
            );
        };
        check("AKIAIOSFODNN7EXAMPLE", true);
        check(&format!("ghp_{}", "a1B2".repeat(9)), true);
        check(&format!("sk-ant-{}", "a-1_".repeat(12)), true);
        check(&format!("dop_v1_{}", "0f".repeat(32)), true);
        check("AKIAIOSFODNN7EXAMPL", false);
        check("AKIAIOSFODNN7EXAMPLEX", false);
        check(&format!("ghp_{}", "a1B2".repeat(8)), false);
        check("sk-something", false);
    }
}
