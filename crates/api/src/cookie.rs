//! The two cookies, and the little escaping that they and redirects need.
//!
//! Knows no session: only names, attributes and text.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session cookie's name. `__Host-` makes browsers insist on `Secure`, this host and path `/`.
pub(crate) fn session(is_https: bool) -> &'static str {
    if is_https {
        "__Host-portcullis"
    } else {
        "portcullis"
    }
}

/// The name of the cookie that ties a sign-in to the browser that started it.
pub(crate) fn sign_in(is_https: bool) -> &'static str {
    if is_https {
        "__Host-portcullis-sign-in"
    } else {
        "portcullis-sign-in"
    }
}

/// The value of one cookie.
pub(crate) fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'));
    let mut found = pairs.filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    let value = found.next()?;
    // Two of the same name: somebody planted one.
    found.next().is_none().then_some(value)
}

/// A `Set-Cookie` value for the browser's session. `None` when the text cannot be one.
pub(crate) fn set(name: &str, value: &str, is_https: bool) -> Option<HeaderValue> {
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

/// A `Set-Cookie` value that removes a cookie.
pub(crate) fn clear(name: &str, is_https: bool) -> Option<HeaderValue> {
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3) and `/`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A path on this site to go to after signing in; anything else becomes the list of approvals.
pub(crate) fn local_path(text: Option<&str>) -> String {
    let is_local = |t: &&str| {
        t.starts_with('/')
            && !t.starts_with("//")
            && t.len() <= 512
            && t.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && *t != "/"
    };
    text.filter(is_local).unwrap_or("/approvals").to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(cookies: &str, expect: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        assert_eq!(find(&headers, "portcullis").as_deref(), expect);
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_only_once() {
        check("portcullis=a", Some("a"));
        check("x=1; portcullis=a; y=2", Some("a"));
        check("xportcullis=a", None);
        check("portcullis=a; portcullis=b", None);
        check("", None);
    }

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        for good in ["/approvals/T-1", "/sessions?x=1"] {
            assert_eq!(local_path(Some(good)), good);
        }
        for bad in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: x",
            "",
            "/",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(Some(bad)), "/approvals");
        }
        assert_eq!(local_path(None), "/approvals");
    }

    #[test]
    fn cookies_carry_their_attributes() {
        let value = set("__Host-portcullis", "v", true).unwrap();
        assert_eq!(
            value,
            "__Host-portcullis=v; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(percent_encode("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
