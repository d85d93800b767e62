//! Going through a recording's steps by hand: forward, back, to a number, to the next refusal.
//!
//! Reads lines and answers places; prints nothing but what it is asked for, and never runs anything.

use std::io::{BufRead, Write};

use super::steps::Step;
use crate::args::{Mark, Start};
use crate::print;
use crate::problem::Problem;

/// What the prompt understands, for `?`.
const HELP: &str = "\
Enter, n   the next step            b        the one before
NUMBER     the action of that number
d, h, m, f the next that was denied, held, masked, failed; in capitals the one before
/TEXT      the next that shows TEXT  q        the end";

/// The longest line that the prompt takes, in bytes.
const LINE_BYTES_MAX: u64 = 4_096;

/// The step to begin at; `None` when there is none such.
pub(super) fn begin(steps: &[Step], start: Start) -> Option<usize> {
    match start {
        Start::Action(0 | 1) => Some(0),
        Start::Action(number) => steps.iter().position(|step| step.sequence >= number),
        Start::Mark(mark) => steps.iter().position(|step| step.marks.contains(&mark)),
    }
}

/// Only steps with one of these marks, between the session's beginning and end; all of them when no mark is asked for.
pub(super) fn narrow(steps: &mut Vec<Step>, only: &[Mark]) {
    let is_wanted =
        |step: &Step| step.sequence == 0 || only.iter().any(|mark| step.marks.contains(mark));
    if !only.is_empty() {
        steps.retain(is_wanted);
    }
}

/// What one line of the prompt asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Move {
    Next,
    Back,
    To(u64),
    Forward(Mark),
    Backward(Mark),
    Find(String),
    Help,
    Quit,
}

fn read(line: &str) -> Option<Move> {
    Some(match line.trim() {
        "" | "n" => Move::Next,
        "b" => Move::Back,
        "d" => Move::Forward(Mark::Denied),
        "h" => Move::Forward(Mark::Held),
        "m" => Move::Forward(Mark::Masked),
        "f" => Move::Forward(Mark::Failed),
        "D" => Move::Backward(Mark::Denied),
        "H" => Move::Backward(Mark::Held),
        "M" => Move::Backward(Mark::Masked),
        "F" => Move::Backward(Mark::Failed),
        "?" => Move::Help,
        "q" => Move::Quit,
        other => match other.strip_prefix('/') {
            Some(text) if !text.is_empty() => Move::Find(text.to_lowercase()),
            Some(_) => return None,
            None => Move::To(other.parse().ok()?),
        },
    })
}

/// Where a move leads from step `at`; a sentence when it leads nowhere.
fn lead(steps: &[Step], at: usize, to: &Move) -> Result<usize, String> {
    let behind = || at + 1..steps.len();
    let before = || (0..at).rev();
    let has = |mark: Mark| {
        move |index: &usize| {
            steps
                .get(*index)
                .is_some_and(|step| step.marks.contains(&mark))
        }
    };
    let nothing = |mark: &Mark, place: &str| format!("nothing {} {place}", mark.word());
    match to {
        Move::Next | Move::Help | Move::Quit => behind()
            .next()
            .ok_or_else(|| "this is the last step".to_owned()),
        Move::Back => before()
            .next()
            .ok_or_else(|| "this is the first step".to_owned()),
        Move::To(number) => {
            let found = steps
                .iter()
                .position(|step| step.sequence == *number && *number > 0);
            found.ok_or_else(|| format!("there is no action {number}"))
        }
        Move::Forward(mark) => behind()
            .find(has(*mark))
            .ok_or_else(|| nothing(mark, "behind this")),
        Move::Backward(mark) => before()
            .find(has(*mark))
            .ok_or_else(|| nothing(mark, "before this")),
        Move::Find(text) => {
            let shows = |index: &usize| {
                steps
                    .get(*index)
                    .is_some_and(|step| step.text.to_lowercase().contains(text))
            };
            behind()
                .find(shows)
                .ok_or_else(|| "nothing behind this shows it".to_owned())
        }
    }
}

/// Shows the step at `at` and follows what `input` says, until it ends or asks for the end. Prompts go to `prompts`.
pub(super) fn walk(
    steps: &[Step],
    mut at: usize,
    input: &mut impl BufRead,
    prompts: &mut impl Write,
) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::failed(format!("standard input: {error}"));
    while let Some(step) = steps.get(at) {
        print::line(&step.text)?;
        loop {
            write!(prompts, "[{}/{}] Enter, or ? > ", at + 1, steps.len()).map_err(failed)?;
            prompts.flush().map_err(failed)?;
            let mut line = Vec::new();
            let read_bytes =
                std::io::Read::take(&mut *input, LINE_BYTES_MAX).read_until(b'\n', &mut line);
            if read_bytes.map_err(failed)? == 0 {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line);
            let said = match read(&line) {
                Some(Move::Quit) => return Ok(()),
                Some(Move::Next) if at + 1 == steps.len() => return Ok(()),
                Some(Move::Help) => HELP.to_owned(),
                Some(to) => match lead(steps, at, &to) {
                    Ok(next) => {
                        at = next;
                        break;
                    }
                    Err(said) => said,
                },
                None => "not understood; ? for help".to_owned(),
            };
            writeln!(prompts, "{said}").map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn steps() -> Vec<Step> {
        let step = |sequence, marks: &[Mark], text: &str| Step {
            time: 0,
            sequence,
            marks: marks.to_vec(),
            text: text.to_owned(),
        };
        vec![
            step(0, &[], "begin"),
            step(1, &[Mark::Masked], "select email"),
            step(2, &[Mark::Denied], "drop table"),
            step(3, &[Mark::Held], "delete"),
            step(3, &[Mark::Failed], "delete"),
            step(0, &[], "end"),
        ]
    }

    #[test]
    fn moves_lead_somewhere_or_say_why_not() {
        let steps = steps();
        let check = |at: usize, line: &str, expect: Result<usize, &str>| {
            let led = lead(&steps, at, &read(line).unwrap());
            assert_eq!(led, expect.map_err(str::to_owned), "{at} {line:?}");
        };
        check(0, "\n", Ok(1));
        check(0, "n", Ok(1));
        check(5, "n", Err("this is the last step"));
        check(3, "b", Ok(2));
        check(0, "b", Err("this is the first step"));
        check(0, " 3 \n", Ok(3));
        check(0, "0", Err("there is no action 0"));
        check(0, "7", Err("there is no action 7"));
        check(0, "d", Ok(2));
        check(2, "d", Err("nothing denied behind this"));
        check(4, "D", Ok(2));
        check(4, "H", Ok(3));
        check(0, "m", Ok(1));
        check(0, "f", Ok(4));
        check(4, "F", Err("nothing failed before this"));
        check(0, "/DROP", Ok(2));
        check(2, "/drop", Err("nothing behind this shows it"));
    }

    #[test]
    fn what_is_no_move_is_not_understood() {
        for line in ["x", "-1", "/", "nn", "99999999999999999999999"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_walk_ends_with_its_input_and_bounds_its_lines() {
        let steps = steps();
        let check = |input: &str, expect: &str| {
            let mut prompts = Vec::new();
            walk(&steps, 0, &mut input.as_bytes(), &mut prompts).unwrap();
            let prompts = String::from_utf8(prompts).unwrap();
            assert!(prompts.ends_with(expect), "{input:?}: {prompts}");
        };
        check("", "[1/6] Enter, or ? > ");
        check("d\nq\n", "[3/6] Enter, or ? > ");
        check("\n\n\n\n\n\n", "[6/6] Enter, or ? > ");
        check("?\n", &format!("{HELP}\n[1/6] Enter, or ? > "));
        check(
            &"9".repeat(9_000),
            "not understood; ? for help\n[1/6] Enter, or ? > ",
        );
    }

    #[test]
    fn a_start_is_a_number_or_a_mark() {
        let steps = steps();
        let check = |text: &str, expect: Option<usize>| {
            assert_eq!(begin(&steps, text.parse().unwrap()), expect, "{text}");
        };
        check("1", Some(0));
        check("2", Some(2));
        check("4", None);
        check("denied", Some(2));
        check("FAILED", Some(4));
        assert!("soon".parse::<Start>().is_err());
    }

    #[test]
    fn narrowing_keeps_the_ends() {
        let mut some = steps();
        narrow(&mut some, &[Mark::Denied, Mark::Held]);
        assert_eq!(
            some.iter().map(|s| s.sequence).collect::<Vec<_>>(),
            [0, 2, 3, 0]
        );
        let mut all = steps();
        narrow(&mut all, &[]);
        assert_eq!(all.len(), 6);
    }
}
