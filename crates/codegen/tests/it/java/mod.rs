//! Class files and jars to the model.

mod assemble;
mod hostile;
mod kotlin;
mod large;
pub(crate) mod odd;
mod print;
mod sample;
