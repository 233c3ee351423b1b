//! Class files and jars to the model.

mod assemble;
mod hostile;
mod large;
mod odd;
mod print;
mod sample;
