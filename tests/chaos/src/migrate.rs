//! A writer of rules.

use dubhe::config::Keys;
use dubhe::registry::RegistryParts;

use crate::Error;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The registry that holds the rules.
    #[arg(long)]
    registry: String,
    /// The name of the application.
    #[arg(long)]
    app: String,
    /// The step, such as `FORCE_APPLICATION`.
    #[arg(long)]
    step: String,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { registry, app, step } = arguments;
    let documents = RegistryParts::open(&registry, &*app)?.documents;
    let documents = documents.ok_or("the registry holds no documents")?;
    documents.put(&Keys::migration(&app), format!("key: {app}\nstep: {step}\n").into()).await?;
    Ok(())
}
