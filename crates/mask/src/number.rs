//! Integers, floats and numerics, in text and binary: buckets and tokens.
//!
//! Knows PostgreSQL's value formats (`int4send`, `float8send`, `numeric_send`); anything not understood is NULL.

use bytes::BytesMut;
use model::{MaskKind, ParameterFormat};

use crate::secret::MaskKey;

/// More fractional digits than this are not written back.
const SCALE_MAX: usize = 512;

/// More integer digits than this do not fit the arithmetic.
const DIGITS_MAX: usize = 36;

/// An integer type of `N` bytes.
pub(crate) fn integer<const N: usize>(
    key: &MaskKey,
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let bits = u32::try_from(N.checked_mul(8)?).ok()?.checked_sub(1)?;
    let (least, most) = (-(1_i128 << bits), (1_i128 << bits) - 1);
    let number = match format {
        ParameterFormat::Text => parse(value)?,
        ParameterFormat::Binary => {
            let raw = <[u8; N]>::try_from(value).ok()?;
            let negative = raw.first()? & 0x80 != 0;
            let fill = if negative { -1_i128 } else { 0 };
            raw.iter()
                .fold(fill, |n, byte| (n << 8) | i128::from(*byte))
        }
    };
    let masked = match kind {
        MaskKind::Bucket { width } => floor(number, width)?,
        MaskKind::Token => token(key, number, most)?,
        MaskKind::Null
        | MaskKind::Redact
        | MaskKind::Partial { .. }
        | MaskKind::Email
        | MaskKind::Hash => return None,
    };
    if masked < least || masked > most {
        return None;
    }
    match format {
        ParameterFormat::Text => out.extend_from_slice(masked.to_string().as_bytes()),
        ParameterFormat::Binary => {
            let all = masked.to_be_bytes();
            out.extend_from_slice(all.last_chunk::<N>()?);
        }
    }
    Some(())
}

/// A number in PostgreSQL's binary form, as written in text.
pub(crate) fn written(numeric: bool, float: bool, value: &[u8]) -> Option<String> {
    if numeric {
        return Some(Decimal::from_binary(value)?.to_text());
    }
    match (value.len(), float) {
        (4, true) => Some(f32::from_be_bytes(<[u8; 4]>::try_from(value).ok()?).to_string()),
        (8, true) => Some(f64::from_be_bytes(<[u8; 8]>::try_from(value).ok()?).to_string()),
        (2 | 4 | 8, false) => {
            let negative = value.first()? & 0x80 != 0;
            let fill = if negative { -1_i128 } else { 0 };
            let all = value.iter();
            Some(
                all.fold(fill, |n, byte| (n << 8) | i128::from(*byte))
                    .to_string(),
            )
        }
        _ => None,
    }
}

/// A decimal number as there is no other way to write it.
pub(crate) fn normal(written: &str) -> Option<String> {
    let found = Decimal::from_text(written.strip_prefix('+').unwrap_or(written).as_bytes())?;
    let fraction = found.fraction.trim_end_matches('0');
    let whole = Decimal {
        fraction: fraction.to_owned(),
        ..found
    };
    Some(whole.to_text())
}

fn parse(value: &[u8]) -> Option<i128> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The greatest multiple of `width` that is not above `number`.
fn floor(number: i128, width: u32) -> Option<i128> {
    let width = i128::from(width);
    number.checked_sub(number.checked_rem_euclid(width)?)
}

/// A number of as many digits and the same sign, at most `most`.
fn token(key: &MaskKey, number: i128, most: i128) -> Option<i128> {
    let digits = u32::try_from(number.unsigned_abs().to_string().len()).ok()?;
    let low = if digits == 1 {
        0
    } else {
        10_i128.checked_pow(digits - 1)?
    };
    let high = 10_i128.checked_pow(digits)?.checked_sub(1)?.min(most);
    let bound = u128::try_from(high.checked_sub(low)?.checked_add(1)?).ok()?;
    let drawn = key.number("integer:token", number.to_string().as_bytes(), bound)?;
    let masked = low.checked_add(i128::try_from(drawn).ok()?)?;
    Some(if number < 0 { -masked } else { masked })
}

/// `real`.
pub(crate) fn float4(
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let MaskKind::Bucket { width } = kind else {
        return None;
    };
    let number: f32 = match format {
        ParameterFormat::Text => std::str::from_utf8(value).ok()?.parse().ok()?,
        ParameterFormat::Binary => f32::from_be_bytes(<[u8; 4]>::try_from(value).ok()?),
    };
    let masked = floor_float(f64::from(number), width)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounds; infinity is refused next"
    )]
    let masked = masked as f32;
    if !masked.is_finite() {
        return None;
    }
    match format {
        ParameterFormat::Text => out.extend_from_slice(masked.to_string().as_bytes()),
        ParameterFormat::Binary => out.extend_from_slice(&masked.to_be_bytes()),
    }
    Some(())
}

/// `double precision`.
pub(crate) fn float8(
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let MaskKind::Bucket { width } = kind else {
        return None;
    };
    let number: f64 = match format {
        ParameterFormat::Text => std::str::from_utf8(value).ok()?.parse().ok()?,
        ParameterFormat::Binary => f64::from_be_bytes(<[u8; 8]>::try_from(value).ok()?),
    };
    let masked = floor_float(number, width)?;
    match format {
        ParameterFormat::Text => out.extend_from_slice(masked.to_string().as_bytes()),
        ParameterFormat::Binary => out.extend_from_slice(&masked.to_be_bytes()),
    }
    Some(())
}

/// Above 2^52 a float has no digits below one: dividing and multiplying would give the value back nearly whole.
fn floor_float(number: f64, width: u32) -> Option<f64> {
    const EXACT: f64 = 4_503_599_627_370_496.0;
    if !number.is_finite() || number.abs() >= EXACT {
        return None;
    }
    let width = f64::from(width);
    let masked = (number / width).floor() * width;
    // No minus zero.
    masked.is_finite().then_some(masked + 0.0)
}

/// `numeric`.
pub(crate) fn numeric(
    key: &MaskKey,
    kind: MaskKind,
    format: ParameterFormat,
    value: &[u8],
    out: &mut BytesMut,
) -> Option<()> {
    let number = match format {
        ParameterFormat::Text => Decimal::from_text(value)?,
        ParameterFormat::Binary => Decimal::from_binary(value)?,
    };
    let masked = match kind {
        MaskKind::Bucket { width } => number.bucket(width)?,
        MaskKind::Token => number.token(key)?,
        MaskKind::Null
        | MaskKind::Redact
        | MaskKind::Partial { .. }
        | MaskKind::Email
        | MaskKind::Hash => return None,
    };
    match format {
        ParameterFormat::Text => out.extend_from_slice(masked.to_text().as_bytes()),
        ParameterFormat::Binary => masked.write_binary(out)?,
    }
    Some(())
}

/// A decimal number as written: sign, integer digits without leading zeros (at least one), fractional digits.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    fn new(negative: bool, whole: &str, fraction: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let bounded = whole.len() <= DIGITS_MAX && fraction.len() <= SCALE_MAX;
        (bounded && digits(whole) && digits(fraction)).then(|| Self {
            negative,
            whole: whole.to_owned(),
            fraction: fraction.to_owned(),
        })
    }

    fn from_text(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() {
            return None;
        }
        Self::new(negative, whole, fraction)
    }

    /// `numeric_send`: count, weight, sign and display scale as 16 bits each, then digits to base 10,000.
    fn from_binary(value: &[u8]) -> Option<Self> {
        let mut words = value.chunks(2).map(|pair| {
            let pair = <[u8; 2]>::try_from(pair).ok()?;
            Some(u16::from_be_bytes(pair))
        });
        let count = usize::from(words.next()??);
        let weight = i32::from(words.next()??.cast_signed());
        let negative = match words.next()?? {
            0x0000 => false,
            0x4000 => true,
            // NaN and the infinities.
            _ => return None,
        };
        let scale = usize::from(words.next()??);
        let digits: Vec<u16> = words.collect::<Option<_>>()?;
        let legal = digits.len() == count && digits.iter().all(|digit| *digit < 10_000);
        let small = (-200..=10).contains(&weight) && count <= 256 && scale <= SCALE_MAX;
        if !legal || !small {
            return None;
        }
        let mut whole = String::new();
        for place in (0..=weight).rev() {
            whole.push_str(&base_digit(&digits, weight, place));
        }
        let mut fraction = String::new();
        for place in (1..).take(scale.div_ceil(4)) {
            fraction.push_str(&base_digit(&digits, weight, -place));
        }
        fraction.truncate(scale);
        Self::new(negative, &whole, &fraction)
    }

    fn to_text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{}", self.whole, self.fraction)
    }

    fn write_binary(&self, out: &mut BytesMut) -> Option<()> {
        let lead = (4 - self.whole.len() % 4) % 4;
        let trail = (4 - self.fraction.len() % 4) % 4;
        let all = format!(
            "{}{}{}{}",
            "0".repeat(lead),
            self.whole,
            self.fraction,
            "0".repeat(trail)
        );
        let mut digits = Vec::with_capacity(all.len() / 4);
        for four in all.as_bytes().chunks(4) {
            digits.push(std::str::from_utf8(four).ok()?.parse::<u16>().ok()?);
        }
        let mut weight = i16::try_from((lead + self.whole.len()) / 4).ok()? - 1;
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let kept = digits.get(zeros..)?;
        let length = kept.len() - kept.iter().rev().take_while(|digit| **digit == 0).count();
        let kept = kept.get(..length)?;
        weight = if kept.is_empty() {
            0
        } else {
            weight.checked_sub(i16::try_from(zeros).ok()?)?
        };
        let sign: u16 = if self.negative && !kept.is_empty() {
            0x4000
        } else {
            0
        };
        out.extend_from_slice(&u16::try_from(kept.len()).ok()?.to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&u16::try_from(self.fraction.len()).ok()?.to_be_bytes());
        for digit in kept {
            out.extend_from_slice(&digit.to_be_bytes());
        }
        Some(())
    }

    fn bucket(&self, width: u32) -> Option<Self> {
        let whole: i128 = self.whole.parse().ok()?;
        let broken = self.fraction.bytes().any(|b| b != b'0');
        let number = match (self.negative, broken) {
            (false, _) => whole,
            (true, false) => -whole,
            // -1.5 lies above -2.
            (true, true) => (-whole).checked_sub(1)?,
        };
        let masked = floor(number, width)?;
        let digits = masked.unsigned_abs().to_string();
        Self::new(masked < 0, &digits, &"0".repeat(self.fraction.len()))
    }

    /// As many digits before and after the point; the first stays other than zero where it was.
    fn token(&self, key: &MaskKey) -> Option<Self> {
        let mut stream = key.stream("numeric:token", self.to_text().as_bytes())?;
        let mut draw = |first: bool| {
            let digit = if first {
                1 + stream.below(9)?
            } else {
                stream.below(10)?
            };
            Some(char::from(b'0' + digit))
        };
        let mut whole = String::with_capacity(self.whole.len());
        if self.whole == "0" {
            whole.push('0');
        } else {
            for index in 0..self.whole.len() {
                whole.push(draw(index == 0)?);
            }
        }
        let mut fraction = String::with_capacity(self.fraction.len());
        for _ in 0..self.fraction.len() {
            fraction.push(draw(false)?);
        }
        Self::new(self.negative, &whole, &fraction)
    }
}

/// The digit to base 10,000 at a place (0 holds the ones), as four digits.
fn base_digit(digits: &[u16], weight: i32, place: i32) -> String {
    let index = usize::try_from(weight - place).ok();
    let digit = index.and_then(|index| digits.get(index)).unwrap_or(&0);
    format!("{digit:04}")
}
