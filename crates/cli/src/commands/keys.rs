//! `keys issue | list | revoke` and `revoke`.

use contract::{IssueKey, KeyIssued, KeyList, Revoked, SetBar};

use crate::args::{Globals, IssueKey as Wish, Keys, Revoke};
use crate::http::segment;
use crate::print;
use crate::problem::Problem;
use crate::session;

pub(crate) async fn run(globals: &Globals, command: &Keys) -> Result<(), Problem> {
    match command {
        Keys::Issue(wish) => issue(globals, wish).await,
        Keys::List => list(globals).await,
        Keys::Revoke { id } => {
            let (gateway, _) = session::signed_in(globals).await?;
            let path = format!("/keys/{}/revoke", segment(id));
            let revoked: Revoked = gateway.post(&path, &serde_json::json!({})).await?;
            told(globals, &format!("Revoked {id}"), &revoked)
        }
    }
}

async fn issue(globals: &Globals, wish: &Wish) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let body = IssueKey {
        name: wish.name.clone(),
        kind: wish.kind.clone(),
        groups: wish.groups.clone(),
        acts_for_caller: wish.for_me,
        label: wish.label.clone().unwrap_or_else(|| wish.name.clone()),
        resource: wish.resource.clone(),
        life_seconds: wish.life.as_secs(),
    };
    let issued: KeyIssued = gateway.post("/keys", &body).await?;
    if globals.json {
        return print::json(&issued);
    }
    eprintln!(
        "{} for {}, until {}. It is not shown again:",
        issued.key.id,
        contract::visible::single_line(&issued.key.principal.name),
        print::time(&issued.key.expires)
    );
    print::line(&issued.secret)
}

async fn list(globals: &Globals) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let list: KeyList = gateway.get("/keys", &[]).await?;
    if globals.json {
        return print::json(&list);
    }
    let rows = list.keys.iter().map(|key| {
        vec![
            key.id.clone(),
            key.prefix.clone(),
            key.principal.name.clone(),
            key.label.clone(),
            key.resource.clone().unwrap_or_default(),
            print::time(&key.expires),
            if key.revoked { "revoked" } else { "" }.to_owned(),
        ]
    });
    let header = [
        "id",
        "prefix",
        "principal",
        "label",
        "resource",
        "ends (utc)",
        "",
    ];
    print::table(&header, rows.collect(), "There are no keys.")
}

pub(crate) async fn revoke_principal(globals: &Globals, wish: &Revoke) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let body = SetBar {
        principal: wish.principal.clone(),
        barred: !wish.lift,
    };
    let revoked: Revoked = gateway.post("/principals/bar", &body).await?;
    let verb = if wish.lift {
        "Let in again"
    } else {
        "Kept out"
    };
    told(globals, &format!("{verb}: {}", wish.principal), &revoked)
}

fn told(globals: &Globals, what: &str, revoked: &Revoked) -> Result<(), Problem> {
    if globals.json {
        return print::json(revoked);
    }
    let sessions = match revoked.sessions_ended {
        0 => String::new(),
        1 => "; 1 session ended".to_owned(),
        n => format!("; {n} sessions ended"),
    };
    print::line(&contract::visible::single_line(&format!(
        "{what}{sessions}"
    )))
}
