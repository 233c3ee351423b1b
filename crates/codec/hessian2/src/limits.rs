//! The bounds of what a message can ask of a decoder.

use dubhe_core::payload::DecodeLimits;

use crate::error::{Error, ErrorKind};
use crate::form::Form;

/// Limits of a [`Decoder`](crate::Decoder). Memory is bounded by the bytes received in any case:
/// no declared size is trusted, every element takes at least one byte, and what is decoded is
/// charged to a budget, whose limit is apart: [`Decoder::memory`](crate::Decoder::memory), and the
/// option `decoded` of a protocol. The option `hessian` of a protocol is these.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Decode, Decoder, Error, Limits, to_bytes}; } }
/// use dubhe::hessian2::{Decode, Decoder, Error, Limits, to_bytes};
///
/// let nested = to_bytes(&vec![vec![vec![1]]])?;
/// let mut d = Decoder::with_limits(&nested, Limits::default().depth(2));
/// assert!(Vec::<Vec<Vec<i32>>>::decode(&mut d).is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The depth to which lists, maps and objects may nest. Default 128, which is also the most that
    /// is written. Each level takes some hundred bytes of the stack, with types of Rust as much as
    /// theirs need: raise it with care.
    pub depth: u16,
    /// The number of lists, maps and objects in a message. Default 4,194,304, which is what
    /// Dubbo's 8 MiB of payload hold with two bytes for each.
    pub references: u32,
    /// The number of classes that a message may define. Default 4,096.
    pub classes: u16,
    /// The number of fields of a class. Default 1,024.
    pub fields: u16,
    /// The bytes that references may have read again, besides 16 times the message. A typed value
    /// that is referred to is read at its place once more, so nested sharing could otherwise
    /// unfold a small message without bound. Arguments whose [`layout`](crate::layout) is changed
    /// grow to as much at most. Default 1 MiB.
    pub replay: usize,
    /// The decimal digits of a `BigInteger` or a `BigDecimal`. To print an integer takes time in the
    /// square of them: some milliseconds for as many as the default, which is 10,000. Texts that are
    /// parsed in Rust have 10,000 at most.
    pub digits: u32,
    /// The form of JSON or of generic calls that is taken for values, too. Not a limit of peers, so
    /// nobody sets it but those who know that the arguments came in such a form; here it costs
    /// decoders nothing.
    pub(crate) realize: Option<Form>,
}

/// The decimal digits of a big number, unless said otherwise; of a text the most.
pub(crate) const MAX_DIGITS: u32 = 10_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            references: 1 << 22,
            classes: 4096,
            fields: 1024,
            replay: 1 << 20,
            digits: MAX_DIGITS,
            realize: None,
        }
    }
}

impl Limits {
    /// The limits that come with bytes of a payload.
    pub fn of(carried: &DecodeLimits) -> Self {
        carried.get::<Self>().copied().unwrap_or_default()
    }

    /// The same limits for arguments that came in this form.
    pub(crate) const fn realizing(mut self, form: Form) -> Self {
        self.realize = Some(form);
        self
    }

    /// The most bytes that a message of `len` bytes may unfold to.
    pub(crate) fn unfolded(&self, len: usize) -> usize {
        self.replay.saturating_add(len.saturating_mul(16))
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty),*) => {
        impl Limits {
            $(
                #[doc = concat!("The same limits with another [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
                pub const fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )*
        }
    };
}

setters!(
    depth: u16,
    references: u32,
    classes: u16,
    fields: u16,
    replay: usize,
    digits: u32
);

/// Makes sure that a number of `digits` decimal digits, which was received, is within `most`.
pub(crate) fn check_digits(digits: usize, most: u32) -> Result<(), Error> {
    if u32::try_from(digits).is_ok_and(|digits| digits <= most) {
        return Ok(());
    }
    let detail =
        format!("the number has more than {most} digits; raise Limits::digits (option hessian)");
    Err(Error::new(ErrorKind::Limit, detail))
}

/// Makes sure that a text has at most [`MAX_DIGITS`], which no option raises.
pub(crate) fn check_text_digits(digits: usize) -> Result<(), Error> {
    if u32::try_from(digits).is_ok_and(|digits| digits <= MAX_DIGITS) {
        return Ok(());
    }
    let detail =
        format!("the text has more than {MAX_DIGITS} digits, which are the most of a text");
    Err(Error::new(ErrorKind::Limit, detail))
}
