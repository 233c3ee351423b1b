//! `dubhe completions`: what the shell needs to complete a command line.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Cli;
use crate::failure::Failure;

/// Print the completions of a shell, to be saved where it looks for them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(dubhe completions bash)                    # in ~/.bashrc
  dubhe completions zsh > \"${fpath[1]}/_dubhe\"
  dubhe completions fish > ~/.config/fish/completions/dubhe.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(options: &CompletionsArgs, out: &mut impl Write) -> Result<(), Failure> {
    // A pipe that nobody reads is no panic.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "dubhe", &mut script);
    Ok(out.write_all(&script)?)
}
