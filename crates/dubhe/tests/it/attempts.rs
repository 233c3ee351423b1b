//! Attempts of a call on several providers.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::time::Duration;

use dubhe::prelude::*;

#[dubhe::interface("org.example.Sloth")]
trait Sloth {
    async fn sleep(&self) -> Result<String, Status>;
}

struct Sleeps;

impl Sloth for Sleeps {
    async fn sleep(&self) -> Result<String, Status> {
        tokio::time::sleep(Duration::from_secs(20)).await;
        Ok("awake".into())
    }
}

/// The time since the call began would be no setting that a user can look for.
#[tokio::test]
async fn the_error_of_a_timeout_names_the_time_that_the_attempt_had() {
    let start = || Server::builder().service(SlothServer::new(Sleeps)).start("127.0.0.1:0");
    let (first, second) = (start().await.unwrap(), start().await.unwrap());
    let app = App::builder("test").build().unwrap();
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{};{protocol}://{}", first.addr(), second.addr());
        let client = app.client::<SlothClient>().url(&url).retries(1);
        let client = client.timeout(Duration::from_millis(150)).build().unwrap();
        let text = client.sleep().await.unwrap_err().to_string();
        assert_eq!(text.matches("no reply within 150.0ms").count(), 2, "{text}");
    }
}
