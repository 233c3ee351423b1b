//! A service to call.

use dubhe::prelude::*;

#[dubhe::interface("org.example.Greeter")]
pub(crate) trait Greeter {
    async fn greet(&self, name: String) -> Result<String, Status>;
}

/// Greets with this word.
pub(crate) struct Word(pub(crate) &'static str);

impl Greeter for Word {
    async fn greet(&self, name: String) -> Result<String, Status> {
        Ok(format!("{} {name}", self.0))
    }
}

/// Calls until `expected` is what calls answer, over and over.
pub(crate) async fn until_greeted(client: &GreeterClient, expected: Result<&str, Code>) {
    let holds = async {
        let mut in_a_row = 0;
        while in_a_row < 5 {
            let said = client.greet("Ada".to_owned()).await;
            let said = said.as_deref().map_err(Status::code);
            in_a_row = if said == expected { in_a_row + 1 } else { 0 };
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let done = tokio::time::timeout(crate::support::PATIENCE, holds).await;
    assert!(
        done.is_ok(),
        "calls do not answer {expected:?}: {:?}",
        client.greet("Ada".into()).await
    );
}
