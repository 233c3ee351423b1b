//! The program that the conformance runner of the protobuf project asks: it reads a message in one
//! format and writes it in another. `cargo xtask conformance protobuf` builds it with the `.proto` files
//! of the runner, and runs both.

#[cfg(protos)]
mod testee;

#[cfg(protos)]
fn main() -> std::io::Result<()> {
    testee::serve(std::io::stdin().lock(), std::io::stdout().lock())
}

#[cfg(not(protos))]
#[allow(clippy::print_stderr, reason = "an answer to a person")]
fn main() -> std::process::ExitCode {
    eprintln!("built without the runner's .proto files; run `cargo xtask conformance protobuf`");
    std::process::ExitCode::FAILURE
}
