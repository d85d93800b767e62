//! Dates and timestamps, in text and binary: buckets of whole days, counted from 2000-01-01.
//!
//! Reads only PostgreSQL's ISO text form; any other date style, `infinity` and years before 1 are NULL.

use bytes::BytesMut;
use model::{MaskKind, ParameterFormat};

/// Days from 0001-01-01 to 2000-01-01, PostgreSQL's day zero.
const DAYS_BEFORE: i64 = 730_119;

/// PostgreSQL's last date, 5874897-12-31, in days from 2000-01-01; timestamps end earlier.
const DAY_MAX: i64 = 2_145_031_948;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

fn width(kind: MaskKind) -> Option<i64> {
    match kind {
        MaskKind::Bucket { width } if width > 0 => Some(i64::from(width)),
        MaskKind::Bucket { .. }
        | MaskKind::Null
        | MaskKind::Redact
        | MaskKind::Partial { .. }
        | MaskKind::Email
        | MaskKind::Hash
        | MaskKind::Token => None,
    }
}

/// The bucket's first day, if it lies in the years that are written back.
fn bucket(day: i64, width: i64) -> Option<i64> {
    let start = day.checked_sub(day.checked_rem_euclid(width)?)?;
    (-DAYS_BEFORE..=DAY_MAX).contains(&start).then_some(start)
}

/// `date`: days from 2000-01-01 in 32 bits.
pub(crate) fn date(
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let width = width(kind)?;
    let day = match format {
        ParameterFormat::Text => {
            let (day, rest) = parse_date(std::str::from_utf8(value).ok()?)?;
            rest.is_empty().then_some(day)?
        }
        ParameterFormat::Binary => match i32::from_be_bytes(<[u8; 4]>::try_from(value).ok()?) {
            i32::MIN | i32::MAX => return None,
            day => i64::from(day),
        },
    };
    let start = bucket(day, width)?;
    match format {
        ParameterFormat::Text => out.extend_from_slice(write_date(start)?.as_bytes()),
        ParameterFormat::Binary => {
            out.extend_from_slice(&i32::try_from(start).ok()?.to_be_bytes());
        }
    }
    Some(())
}

/// `timestamp`: microseconds from 2000-01-01 in 64 bits.
pub(crate) fn timestamp(
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    moment(width(kind)?, format, value, false, out)
}

/// `timestamptz`: the same in UTC. As text the bucket's start is written in UTC whatever the session's time zone,
/// so that both formats show the same moment.
pub(crate) fn timestamptz(
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    moment(width(kind)?, format, value, true, out)
}

fn moment(
    width: i64,
    format: ParameterFormat,
    value: &[u8],
    zoned: bool,
    out: &mut BytesMut,
) -> Option<()> {
    let day = match format {
        ParameterFormat::Text => parse_moment(std::str::from_utf8(value).ok()?, zoned)?,
        ParameterFormat::Binary => match i64::from_be_bytes(<[u8; 8]>::try_from(value).ok()?) {
            i64::MIN | i64::MAX => return None,
            micros => micros.checked_div_euclid(MICROSECONDS_PER_DAY)?,
        },
    };
    let start = bucket(day, width)?;
    match format {
        ParameterFormat::Text => {
            out.extend_from_slice(write_date(start)?.as_bytes());
            out.extend_from_slice(if zoned { b" 00:00:00+00" } else { b" 00:00:00" });
        }
        ParameterFormat::Binary => {
            let micros = start.checked_mul(MICROSECONDS_PER_DAY)?;
            out.extend_from_slice(&micros.to_be_bytes());
        }
    }
    Some(())
}

/// Reads `YYYY-MM-DD`, years of four to seven digits; gives the day and what follows.
fn parse_date(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let (day, rest) = rest.split_at_checked(2)?;
    if !(4..=7).contains(&year.len()) || month.len() != 2 {
        return None;
    }
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let days = days_from_civil(year, month, day)?;
    (civil_from_days(days) == (year, month, day)).then_some((days, rest))
}

/// The day that a date, or a moment at its midnight, stands for.
pub(crate) fn midnight(text: &str) -> Option<i64> {
    let (day, rest) = parse_date(text)?;
    let nothing = |c: char| matches!(c, ' ' | 'T' | '0' | ':' | '.' | '+' | '-' | 'Z');
    rest.chars().all(nothing).then_some(day)
}

/// The same in binary form: days of a date, microseconds of a moment.
pub(crate) fn sent_midnight(value: &[u8]) -> Option<i64> {
    if let Ok(days) = <[u8; 4]>::try_from(value) {
        return Some(i64::from(i32::from_be_bytes(days)));
    }
    let micros = i64::from_be_bytes(<[u8; 8]>::try_from(value).ok()?);
    let is_whole = micros.checked_rem_euclid(MICROSECONDS_PER_DAY)? == 0;
    is_whole.then(|| micros.div_euclid(MICROSECONDS_PER_DAY))
}

/// Reads ` HH:MM:SS[.ffffff][±HH[:MM[:SS]]]` behind a date; gives the day, in UTC where zoned.
fn parse_moment(text: &str, zoned: bool) -> Option<i64> {
    let (day, rest) = parse_date(text)?;
    let rest = rest.strip_prefix(' ')?;
    let (time, zone) = match rest.find(['+', '-']) {
        Some(at) if zoned => rest.split_at_checked(at)?,
        None if !zoned => (rest, ""),
        Some(_) | None => return None,
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    if fraction.is_empty() || fraction.len() > 6 {
        return None;
    }
    number(fraction)?;
    let mut seconds = clock(time)?;
    if let Some(sign) = zone.chars().next() {
        let offset = clock(zone.get(1..)?)?;
        // East of Greenwich the clock is ahead.
        seconds -= if sign == '+' { offset } else { -offset };
    }
    day.checked_add(seconds.checked_div_euclid(86_400)?)
}

/// Seconds of `HH[:MM[:SS]]`.
fn clock(text: &str) -> Option<i64> {
    let mut seconds = 0;
    let mut unit = 3_600;
    for part in text.split(':') {
        if part.len() != 2 || unit == 0 {
            return None;
        }
        seconds += number(part)? * unit;
        unit /= 60;
    }
    Some(seconds)
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn write_date(days: i64) -> Option<String> {
    let (year, month, day) = civil_from_days(days);
    (year >= 1).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Days from 2000-01-01 of a date of the proleptic Gregorian calendar; years start in March, so that the leap day
/// is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if year < 1 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 0000-03-01 lies 306 days before 0001-01-01.
    Some(days - 306 - DAYS_BEFORE)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 306 + DAYS_BEFORE;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + 400 * era + i64::from(month <= 2);
    (year, month, day)
}
