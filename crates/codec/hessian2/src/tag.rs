//! The bytes that begin a value (Hessian 2.0 grammar; Dubbo Java `Hessian2Constants`).

pub(crate) const BINARY_CHUNK: u8 = 0x41;
pub(crate) const BINARY: u8 = 0x42;
pub(crate) const CLASS: u8 = 0x43;
pub(crate) const DOUBLE: u8 = 0x44;
pub(crate) const FALSE: u8 = 0x46;
pub(crate) const MAP: u8 = 0x48;
pub(crate) const INT: u8 = 0x49;
pub(crate) const DATE_MS: u8 = 0x4a;
pub(crate) const DATE_MINUTES: u8 = 0x4b;
pub(crate) const LONG: u8 = 0x4c;
pub(crate) const TYPED_MAP: u8 = 0x4d;
pub(crate) const NULL: u8 = 0x4e;
pub(crate) const OBJECT: u8 = 0x4f;
pub(crate) const REFERENCE: u8 = 0x51;
pub(crate) const STRING_CHUNK: u8 = 0x52;
pub(crate) const STRING: u8 = 0x53;
pub(crate) const TRUE: u8 = 0x54;
pub(crate) const TYPED_LIST_OPEN: u8 = 0x55;
pub(crate) const TYPED_LIST: u8 = 0x56;
pub(crate) const LIST_OPEN: u8 = 0x57;
pub(crate) const LIST: u8 = 0x58;
pub(crate) const LONG_INT: u8 = 0x59;
pub(crate) const END: u8 = 0x5a;
pub(crate) const DOUBLE_0: u8 = 0x5b;
pub(crate) const DOUBLE_1: u8 = 0x5c;
pub(crate) const DOUBLE_I8: u8 = 0x5d;
pub(crate) const DOUBLE_I16: u8 = 0x5e;
pub(crate) const DOUBLE_MILLI: u8 = 0x5f;
pub(crate) const OBJECT_DIRECT: u8 = 0x60;
pub(crate) const TYPED_LIST_DIRECT: u8 = 0x70;
pub(crate) const LIST_DIRECT: u8 = 0x78;

/// Describes a value that begins with `tag`, in words.
pub(crate) const fn describe(tag: u8) -> &'static str {
    match tag {
        0x00..=0x1f | 0x30..=0x33 | STRING_CHUNK | STRING => "a string",
        0x20..=0x2f | 0x34..=0x37 | BINARY_CHUNK | BINARY => "a byte[]",
        0x38..=0x3f | LONG | LONG_INT | 0xd8..=0xff => "a long",
        INT | 0x80..=0xd7 => "an int",
        DOUBLE | DOUBLE_0..=DOUBLE_MILLI => "a double",
        TRUE | FALSE => "a boolean",
        NULL => "null",
        DATE_MS | DATE_MINUTES => "a date",
        CLASS | OBJECT | 0x60..=0x6f => "an object",
        MAP | TYPED_MAP => "a map",
        TYPED_LIST_OPEN..=LIST | 0x70..=0x7f => "a list",
        REFERENCE => "a reference",
        END => "the end of a list or map",
        _ => "a byte that begins no value",
    }
}
