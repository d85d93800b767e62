//! What the documents promise is there: crates are named, links lead somewhere.

use super::{none, own_packages, root, text, tracked};

#[test]
fn the_architecture_names_every_crate() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    let missing = |name: &&str| {
        !page.contains(&format!("`{name}`")) && !page.contains(&format!("crates/{name}"))
    };
    let names = own_packages()
        .into_iter()
        .map(|package| text(&package["name"]));
    let offences: Vec<String> = names.filter(missing).map(str::to_owned).collect();
    none(&offences, "ARCHITECTURE.md does not name:");
}

#[test]
fn links_lead_somewhere() {
    let mut offences = Vec::new();
    for page in tracked().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root().join(&page.path).parent().unwrap().to_owned();
        for link in links(&page.text) {
            let target = link.split('#').next().unwrap();
            let elsewhere =
                link.contains("://") || link.starts_with("mailto:") || target.is_empty();
            if !elsewhere && !folder.join(target).exists() {
                offences.push(format!("{}: {link}", page.path));
            }
        }
    }
    none(&offences, "a link leads nowhere:");
}

/// The targets of a page's Markdown links, outside code.
fn links(page: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in page.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for part in line.split("](").skip(1) {
            found.extend(
                part.split_once(')')
                    .map(|(target, _)| target.split(' ').next().unwrap()),
            );
        }
    }
    found
}

#[test]
fn links_are_found() {
    let page = "See [a](b.md#c) and [d](https://e.f).\n```\n[no](here)\n```\n";
    assert_eq!(links(page), ["b.md#c", "https://e.f"]);
}
