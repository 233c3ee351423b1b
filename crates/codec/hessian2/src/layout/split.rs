//! Arguments that share tables, each as a message of its own.

use bytes::Bytes;

use super::is_bound;
use super::renumber::Renumber;
use crate::{Decoder, Error, Limits};

/// Cuts `count` arguments that one encoder wrote into messages of their own.
///
/// One that takes nothing from those before it shares the memory of `arguments`. In any other, what
/// it refers to in an earlier argument becomes a copy, of which each container is there once.
///
/// # Errors
/// When the bytes are not exactly `count` values; [`Limit`](crate::ErrorKind::Limit) when the
/// copies grow beyond 16 times the arguments and [`Limits::replay`], or nest deeper than
/// [`Limits::depth`].
pub fn split(arguments: &Bytes, count: usize) -> Result<Vec<Bytes>, Error> {
    let limits = Limits::default();
    let mut d = Decoder::with_limits(arguments, limits);
    let mut renumber = None;
    // Every argument has a byte, so that `count` is not believed.
    let mut messages = Vec::with_capacity(count.min(arguments.len()));
    for index in 0..count {
        let start = d.cursor();
        let from = d.position();
        d.take_uses();
        let of_argument = |e: Error| e.of_argument(index, count);
        d.skip_value().map_err(of_argument)?;
        if !is_bound(d.take_uses(), start) {
            messages.push(arguments.slice(from..d.position()));
            continue;
        }
        d.rewind(start);
        let renumber =
            renumber.get_or_insert_with(|| Renumber::new(limits.unfolded(arguments.len())));
        renumber.begin_message();
        renumber.value(&mut d).map_err(of_argument)?;
        messages.extend(renumber.take());
    }
    d.end()?;
    Ok(messages)
}
