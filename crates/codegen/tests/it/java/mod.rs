//! Class files and jars to the model.

mod assemble;
mod hostile;
mod print;
mod sample;
