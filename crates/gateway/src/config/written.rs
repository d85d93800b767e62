//! What the journal keeps of the configuration file.
//!
//! Must never keep a secret that somebody put where none belongs: neither comments nor credentials in URLs.

/// A file's settings alone. Comments are left out, and what stands before an `@` in a URL: neither is a setting.
pub(super) fn written(text: &str) -> String {
    let mut table: toml::Table = toml::from_str(text).unwrap_or_default();
    for value in table.iter_mut().map(|(_, value)| value) {
        without_userinfo(value);
    }
    toml::to_string(&table).unwrap_or_default()
}

fn without_userinfo(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => {
            let Some((scheme, rest)) = text.split_once("://") else {
                return;
            };
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            if let Some((_, host)) = authority.rsplit_once('@') {
                let after = rest.get(authority.len()..).unwrap_or_default();
                *text = format!("{scheme}://{host}{after}");
            }
        }
        toml::Value::Array(values) => values.iter_mut().for_each(without_userinfo),
        toml::Value::Table(table) => table
            .iter_mut()
            .for_each(|(_, value)| without_userinfo(value)),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_the_file_has_no_secrets() {
        let small = "[[listen]]\naddress = \"127.0.0.1:6432\"\n";
        let extra = "# password is hunter2\n[ledger]\norigin = \"a\" # hunter2\n[[ledger.witness]]\n\
             key = \"w\"\nurl = \"https://me:hunter2@w.example/x@y\"\n";
        let kept = written(&format!("{small}{extra}"));
        assert!(!kept.contains("hunter2"), "{kept}");
        assert!(
            kept.contains("https://w.example/x@y") && kept.contains("127.0.0.1:6432"),
            "{kept}"
        );
    }
}
