//! The runner's messages on standard input and output: four bytes of length, then a message.

use std::io::{ErrorKind, Read as _, Write as _};

use dubhe::protobuf::ProstMessage;

use crate::Result;

/// The next message, `None` at the end of the input. Blocks.
pub(crate) fn read<M: ProstMessage + Default>() -> Result<Option<M>> {
    let (mut input, mut length) = (std::io::stdin().lock(), [0; 4]);
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    input.read_exact(&mut message)?;
    Ok(Some(M::decode(&*message)?))
}

/// Writes a message.
pub(crate) fn write(message: &impl ProstMessage) -> Result<()> {
    let (mut output, message) = (std::io::stdout().lock(), message.encode_to_vec());
    output.write_all(&u32::try_from(message.len())?.to_be_bytes())?;
    output.write_all(&message)?;
    Ok(output.flush()?)
}
