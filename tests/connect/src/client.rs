//! The client under test.

use std::pin::pin;
use std::time::Duration;

use dubhe::App;
use dubhe::connect::{Compress, TripleConnect, TripleOptions};
use dubhe::net::ClientTls;
use dubhe::payload::Format;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use crate::exchange::Exchange;
use crate::proto::client_compat_response::Result as Outcome;
use crate::proto::{
    ClientCompatRequest, ClientCompatResponse, ClientErrorResult, ClientResponseResult, Codec,
    Compression, ConformanceServiceClient,
};
use crate::{Result, pipe};

/// Calls that are made at a time.
const AT_A_TIME: usize = 8;

/// Makes the calls that are asked for on standard input.
pub(crate) async fn run() -> Result<()> {
    let (send, mut asked) = mpsc::channel(AT_A_TIME);
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(request) = pipe::read::<ClientCompatRequest>()? {
            send.blocking_send(request)?;
        }
        Ok(())
    });
    let answer = async |request: ClientCompatRequest| {
        let test_name = request.test_name.clone();
        let result = match call(request).await {
            Ok(response) => Outcome::Response(response),
            Err(error) => Outcome::Error(ClientErrorResult { message: error.to_string() }),
        };
        ClientCompatResponse { test_name, result: Some(result) }
    };
    let asked = stream::poll_fn(|cx| asked.poll_recv(cx));
    let mut answers = pin!(asked.map(answer).buffer_unordered(AT_A_TIME));
    while let Some(answer) = answers.next().await {
        pipe::write(&answer)?;
    }
    reading.await?
}

/// The application of one call.
fn application(request: &ClientCompatRequest) -> Result<App> {
    let mut options = TripleOptions::default();
    options.compress = match request.compression() {
        Compression::Gzip => Compress::Always,
        Compression::Unspecified | Compression::Identity => Compress::Never,
        other => return Err(format!("{} is not spoken", other.as_str_name()).into()),
    };
    options.format = match request.codec() {
        Codec::Json => Format::Json,
        Codec::Unspecified | Codec::Proto => Format::Protobuf,
    };
    if request.message_receive_limit > 0 {
        options.max_message = usize::try_from(request.message_receive_limit)?;
        options.max_sent_message = Some(usize::MAX);
    }
    let mut connect = TripleConnect::new(options).grpc();
    if !request.server_tls_cert.is_empty() {
        let mut tls = ClientTls::builder(request.server_tls_cert.clone());
        if let Some(creds) = request.client_tls_creds.clone() {
            tls = tls.identity(creds.cert, creds.key);
        }
        connect = connect.tls(&tls.build()?);
    }
    Ok(App::builder("").protocol(connect).build()?)
}

/// Makes one call. Its result says how it ended; an error, that it could not begin.
async fn call(request: ClientCompatRequest) -> Result<ClientResponseResult> {
    let app = application(&request)?;
    let url = format!("grpc://{}:{}", request.host, request.port);
    // No limit of time but that of the case.
    let client = app.client::<ConformanceServiceClient>().url(&url).timeout(Duration::MAX);
    Exchange::new(request, client.retries(0).build()?).run().await
}
