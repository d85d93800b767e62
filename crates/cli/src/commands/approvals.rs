//! `approvals list | show | approve | deny`.
//!
//! An answer is given to exactly what was shown: the request's binding goes with it.

use std::io::{self, BufRead, IsTerminal, Write};

use contract::visible::{plain, single_line};
use contract::{AnswerRequest, Approval, ApprovalList};

use crate::args::{Answer, Approvals, Globals};
use crate::http::{Gateway, segment};
use crate::print;
use crate::problem::Problem;
use crate::session;

pub(crate) async fn run(globals: &Globals, command: &Approvals) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    match command {
        Approvals::List { all } => list(globals, &gateway, *all).await,
        Approvals::Show { ticket } => {
            let approval = fetch(&gateway, ticket).await?;
            show(globals, &approval)
        }
        Approvals::Approve(wish) => answer(globals, &gateway, wish, true).await,
        Approvals::Deny(wish) => answer(globals, &gateway, wish, false).await,
    }
}

async fn list(globals: &Globals, gateway: &Gateway, all: bool) -> Result<(), Problem> {
    let all = if all { "true" } else { "" };
    let list: ApprovalList = gateway.get("/approvals", &[("all", all)]).await?;
    if globals.json {
        return print::json(&list);
    }
    let rows = list.approvals.iter().map(|a| {
        vec![
            a.ticket.clone(),
            a.state.clone(),
            who(a),
            a.resource.clone(),
            print::time(&a.expires),
            print::excerpt(&a.statement, 60),
        ]
    });
    let header = [
        "ticket",
        "state",
        "who",
        "resource",
        "lapses (utc)",
        "statement",
    ];
    print::table(&header, rows.collect(), "Nothing is waiting.")
}

async fn fetch(gateway: &Gateway, ticket: &str) -> Result<Approval, Problem> {
    gateway
        .get(&format!("/approvals/{}", segment(ticket)), &[])
        .await
}

fn who(approval: &Approval) -> String {
    match &approval.requester.acts_for {
        Some(human) => format!("{} for {}", approval.requester.name, human.name),
        None => approval.requester.name.clone(),
    }
}

fn show(globals: &Globals, approval: &Approval) -> Result<(), Problem> {
    if globals.json {
        return print::json(approval);
    }
    print::line(&text(approval))
}

/// A request, whole.
pub(crate) fn text(a: &Approval) -> String {
    let mut out = format!("{} ({})\n", a.ticket, a.state);
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{name:14}{}\n", single_line(value)));
        }
    };
    fact("who", &who(a));
    fact("principal", &a.requester.key);
    fact("resource", &a.resource);
    fact("database", &a.database);
    fact("session", &a.session);
    fact("asked", &print::time(&a.created));
    fact("lapses", &print::time(&a.expires));
    fact("answered by", &a.rules.join(", "));
    for effect in &a.effects {
        fact("effect", effect);
    }
    for touched in &a.reach.tables {
        fact("reaches", &touched.line());
    }
    for note in &a.reach.notes {
        fact("beware", note);
    }
    for reason in &a.reasons {
        fact("held because", reason);
    }
    for answer in &a.answers {
        let verdict = if answer.approve { "approved" } else { "denied" };
        fact(verdict, &format!("{} {}", answer.name, answer.comment));
    }
    out.push('\n');
    numbered(&mut out, &a.statement);
    for named in &a.named {
        out.push_str(&format!("\nIt runs {}:\n", single_line(&named.name)));
        numbered(&mut out, &named.text);
    }
    for (index, parameter) in a.parameters.iter().enumerate() {
        let value = match parameter {
            Some(value) => plain(value).replace('\n', "<U+000A>"),
            None => "NULL".to_owned(),
        };
        out.push_str(&format!("{:>5} = {value}\n", format!("${}", index + 1)));
    }
    if a.redacted {
        out.push_str("\nValues that you may not see are taken out; an answer is for the whole.\n");
    }
    out.truncate(out.trim_end().len());
    out
}

fn numbered(out: &mut String, text: &str) {
    for (index, line) in plain(text).split('\n').enumerate() {
        out.push_str(&format!("{:>5} │ {line}\n", index + 1));
    }
}

async fn answer(
    globals: &Globals,
    gateway: &Gateway,
    wish: &Answer,
    approve: bool,
) -> Result<(), Problem> {
    let approval = fetch(gateway, &wish.ticket).await?;
    if approve {
        // With --json, standard output carries the answer alone.
        eprintln!("{}", text(&approval));
        if !wish.yes {
            confirm(&approval)?;
        }
    }
    let body = AnswerRequest {
        approve,
        comment: wish.comment.clone(),
        binding: approval.binding.clone(),
    };
    let path = format!("/approvals/{}/answer", segment(&approval.id));
    let answered: Approval = gateway.post(&path, &body).await?;
    if globals.json {
        return print::json(&answered);
    }
    let verb = if approve { "Approved" } else { "Denied" };
    let rest = match answered.state.as_str() {
        "pending" => "; it waits for more answers",
        _ => "",
    };
    print::line(&format!("{verb} {}{rest}", answered.ticket))
}

fn confirm(approval: &Approval) -> Result<(), Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::usage("approving takes a yes").hint("--yes, once you have looked"));
    }
    eprint!(
        "\nApprove {} for {}? [y/N] ",
        approval.ticket,
        single_line(&who(approval))
    );
    let failed = |e: io::Error| Problem::failed(format!("standard input: {e}"));
    io::stderr().flush().map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Problem::failed("nothing was answered"))
}
