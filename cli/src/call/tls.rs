//! TLS of the connections, and telling a provider that speaks it from one that does not.

use std::path::PathBuf;
use std::time::Duration;

use dubhe::net::{self, ClientTls, TcpDial, TcpOptions};
use dubhe::net::{Address, Dial as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Encrypted connections.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct TlsArgs {
    /// Connect with TLS; the other options of TLS imply it
    #[arg(long)]
    tls: bool,
    /// Trust the authorities in this PEM file, in place of those that the system trusts
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Show the certificates in this PEM file, the own one first: mutual TLS
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of --cert, a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Expect this name in the provider's certificate, in place of the host
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
}

impl TlsArgs {
    /// Returns true if an option asks for TLS.
    pub(super) fn is_wanted(&self) -> bool {
        let implied = [self.cacert.is_some(), self.cert.is_some(), self.server_name.is_some()];
        self.tls || implied.contains(&true)
    }

    /// The configuration, if TLS is asked for.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub(super) fn client(&self) -> Result<Option<ClientTls>, String> {
        if !self.is_wanted() {
            return Ok(None);
        }
        self.build().map(Some).map_err(|error| error.to_string())
    }

    fn build(&self) -> net::Result<ClientTls> {
        let mut builder = match &self.cacert {
            Some(file) => ClientTls::from_file(file)?,
            None => ClientTls::system_roots()?,
        };
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let read = |file: &PathBuf| {
                let failed =
                    |error| net::Error::io(format!("cannot read {}", file.display()), error);
                std::fs::read(file).map_err(failed)
            };
            builder = builder.identity(read(cert)?, read(key)?);
        }
        if let Some(name) = &self.server_name {
            builder = builder.server_name(name);
        }
        builder.build()
    }
}

/// The hint after a failed handshake, by what rustls says of it.
pub(super) fn hint(text: &str) -> Option<&'static str> {
    let known = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if !text.contains("tls handshake") {
        return None;
    }
    Some(if known(&["not valid for name", "NotValidForName", "not a valid server name"]) {
        "--server-name NAME gives the name in the certificate"
    } else if known(&["invalid peer certificate"]) {
        "--cacert FILE names the authorities to trust"
    } else if known(&["CertificateRequired", "HandshakeFailure", "certificate required"]) {
        "does the provider ask for a certificate? give --cert and --key"
    } else {
        "does the provider speak TLS there? without the options of TLS the call goes in plain"
    })
}

/// The greeting of a client of TLS 1.2 that offers one cipher suite: the least that makes a server of TLS
/// answer, with a greeting or an alert (RFC 5246, 7.4.1.2).
fn client_hello() -> Vec<u8> {
    let record = [0x16, 3, 1, 0, 45];
    let handshake = [1, 0, 0, 41, 3, 3];
    // Nothing is encrypted with the 32 bytes of randomness; the session has no id.
    let random_and_session = [0; 33];
    let suite_and_compression = [0, 2, 0xc0, 0x2f, 1, 0];
    [&record[..], &handshake, &random_and_session, &suite_and_compression].concat()
}

/// The time that a server has to answer that greeting.
const PROBE: Duration = Duration::from_secs(1);

/// Returns true if a server of TLS listens at `address`.
pub(super) async fn is_spoken(address: &Address) -> bool {
    let probe = async {
        let (mut io, _) = TcpDial::new(TcpOptions::default()).dial(address).await.ok()?;
        io.write_all(&client_hello()).await.ok()?;
        let mut head = [0; 2];
        io.read_exact(&mut head).await.ok()?;
        Some(head)
    };
    // An alert or a handshake, of some version 3.
    matches!(tokio::time::timeout(PROBE, probe).await, Ok(Some([0x15 | 0x16, 3])))
}
