//! Thrift's compact protocol, as much of it as Parquet's metadata needs.
//!
//! Knows no meaning of any field. Fields are put in the order of their numbers.

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A struct that is being written.
#[derive(Default)]
pub(super) struct Struct {
    out: Vec<u8>,
    last: u8,
}

/// A number, seven bits a byte, the lowest first.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn zigzag(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}

impl Struct {
    /// A field's header: by how much its number is higher than the last one's, and its type.
    fn field(&mut self, number: u8, kind: u8) {
        let delta = number.saturating_sub(self.last);
        self.last = number;
        self.out.push(delta << 4 | kind);
    }

    pub(super) fn bool(&mut self, number: u8, value: bool) {
        self.field(number, if value { TRUE } else { FALSE });
    }

    pub(super) fn i8(&mut self, number: u8, value: u8) {
        self.field(number, BYTE);
        self.out.push(value);
    }

    pub(super) fn i32(&mut self, number: u8, value: i32) {
        self.field(number, I32);
        zigzag(value.into(), &mut self.out);
    }

    pub(super) fn i64(&mut self, number: u8, value: i64) {
        self.field(number, I64);
        zigzag(value, &mut self.out);
    }

    pub(super) fn binary(&mut self, number: u8, value: &str) {
        self.field(number, BINARY);
        text(value, &mut self.out);
    }

    pub(super) fn nested(&mut self, number: u8, value: Self) {
        self.field(number, STRUCT);
        self.out.extend(value.end());
    }

    pub(super) fn i32s(&mut self, number: u8, values: &[i32]) {
        self.list(number, I32, values.len());
        for value in values {
            zigzag((*value).into(), &mut self.out);
        }
    }

    pub(super) fn binaries(&mut self, number: u8, values: &[&str]) {
        self.list(number, BINARY, values.len());
        for value in values {
            text(value, &mut self.out);
        }
    }

    pub(super) fn structs(&mut self, number: u8, values: Vec<Self>) {
        self.list(number, STRUCT, values.len());
        for value in values {
            self.out.extend(value.end());
        }
    }

    fn list(&mut self, number: u8, kind: u8, length: usize) {
        self.field(number, LIST);
        match u8::try_from(length) {
            Ok(short @ ..15) => self.out.push(short << 4 | kind),
            _ => {
                self.out.push(0xf0 | kind);
                varint(length as u64, &mut self.out);
            }
        }
    }

    /// Its bytes.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_zigzag_varints() {
        let check = |value, expect: &[u8]| {
            let mut out = Vec::new();
            zigzag(value, &mut out);
            assert_eq!(out, expect, "{value}");
        };
        check(0, &[0]);
        check(-1, &[1]);
        check(1, &[2]);
        check(300, &[0xd8, 0x04]);
        check(
            i64::MIN,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        );
    }

    #[test]
    fn a_struct() {
        let mut inner = Struct::default();
        inner.bool(1, true);
        let mut outer = Struct::default();
        outer.i32(1, 5);
        outer.binary(4, "ab");
        outer.nested(5, inner);
        outer.i32s(9, &[1]);
        assert_eq!(
            outer.end(),
            [
                0x15, 10, 0x38, 2, b'a', b'b', 0x1c, 0x11, 0, 0x49, 0x15, 2, 0
            ]
        );
    }
}
