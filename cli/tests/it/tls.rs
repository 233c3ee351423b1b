//! `dubhe call` over TLS, and what it says when one side alone speaks it.
use std::path::Path;

use crate::support::{ProgramOutput, UNAVAILABLE, dubhe};
use dubhe::net::{ServerTls, TlsMode};
use dubhe::{RunningServer, Server};
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::shapes::v1::ShapesServer;
use dubhe_testkit::Folder;
use dubhe_testkit::certs::Authority;

/// A provider whose certificate is for `shop.example`, and the files that a caller needs.
struct Serving {
    runtime: tokio::runtime::Runtime,
    folder: Folder,
    authority: Authority,
}

impl Serving {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let serving =
            Self { runtime, folder: Folder::new().unwrap(), authority: Authority::new().unwrap() };
        serving.write("ca.pem", &serving.authority.pem());
        let client = serving.authority.issue("client").unwrap();
        serving.write("client.pem", &client.chain);
        serving.write("client.key", &client.key);
        serving
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn file(&self, name: &str) -> String {
        Path::new(self.folder.path()).join(name).display().to_string()
    }

    fn start(&self, mutual: bool) -> RunningServer {
        let identity = self.authority.issue("shop.example").unwrap();
        let mut tls = ServerTls::builder(identity.chain, identity.key);
        if mutual {
            tls = tls.client_ca(self.authority.pem());
        }
        let server = Server::builder()
            .tls(TlsMode::Required, tls.build().unwrap())
            .service(ShapesServer::new(Speaker));
        self.runtime.block_on(server.start("127.0.0.1:0")).unwrap()
    }
}

fn say(url: &str, options: &[&str]) -> ProgramOutput {
    let call = ["call", "--compact", url, "sample.shapes.v1.Shapes/Say", r#"{"text":"Ada"}"#];
    dubhe(&[&call[..], options].concat())
}

#[test]
fn a_call_is_encrypted_when_it_is_asked_for() {
    let serving = Serving::new();
    let ca = serving.file("ca.pem");
    let named = ["--tls", "--cacert", &ca, "--server-name", "shop.example"];
    let server = serving.start(false);
    for protocol in ["tri", "grpc"] {
        let url = format!("{protocol}://{}", server.addr());
        let said = say(&url, &named);
        assert_eq!((said.code, &*said.out), (0, "{\"text\":\"Ada\"}\n"), "{}", said.err);
        let told = say(&url, &[&named[..], &["-v"]].concat());
        assert!(
            told.err.contains(", tls ") && told.err.contains(" ms, first byte "),
            "{}",
            told.err
        );
    }

    let server = serving.start(true);
    let url = format!("grpc://{}", server.addr());
    let (cert, key) = (serving.file("client.pem"), serving.file("client.key"));
    let said = say(&url, &[&named[..], &["--cert", &cert, "--key", &key]].concat());
    assert_eq!((said.code, &*said.out), (0, "{\"text\":\"Ada\"}\n"), "{}", said.err);
    let stranger = say(&url, &named);
    assert_eq!(stranger.code, UNAVAILABLE, "{}", stranger.err);
}

#[test]
fn providers_of_a_registry_are_called_over_tls() {
    let serving = Serving::new();
    let server = serving.start(true);
    let provider = format!("tri://{}/sample.shapes.v1.Shapes\n", server.addr());
    let registry = Folder::new().unwrap();
    std::fs::write(registry.path().join("a.url"), provider).unwrap();
    let (url, ca) = (format!("file://{}", registry.path().display()), serving.file("ca.pem"));
    let (cert, key) = (serving.file("client.pem"), serving.file("client.key"));
    let named = ["--cacert", &ca, "--server-name", "shop.example", "--cert", &cert, "--key", &key];
    let said = say(&url, &named);
    assert_eq!((said.code, &*said.out), (0, "{\"text\":\"Ada\"}\n"), "{}", said.err);
    assert_eq!(say(&url, &named[..4]).code, UNAVAILABLE);

    // A file that is not there is said before anybody is asked.
    let none = serving.file("none.pem");
    let missing = say("zookeeper://127.0.0.1:1", &["--cacert", &none]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains(&none), "{}", missing.err);
}

#[test]
fn errors_say_which_side_lacks_what() {
    let serving = Serving::new();
    let (ca, none) = (serving.file("ca.pem"), serving.file("none.pem"));
    let server = serving.start(false);
    let other = Authority::new().unwrap();
    serving.write("other.pem", &other.pem());
    let other = serving.file("other.pem");
    for protocol in ["dubbo", "tri", "grpc"] {
        let url = format!("{protocol}://{}", server.addr());
        for (options, hint) in [
            (&[][..], "hint: the provider speaks TLS there: add --tls"),
            (&["--cacert", &ca], "hint: --server-name NAME"),
            (&["--cacert", &other, "--server-name", "shop.example"], "hint: --cacert FILE"),
        ] {
            let failed = say(&url, options);
            assert_eq!((failed.code, &*failed.out), (UNAVAILABLE, ""), "{url} {options:?}");
            assert!(failed.err.contains(hint), "{url} {options:?}: {}", failed.err);
        }
    }
    let missing = say(&format!("grpc://{}", server.addr()), &["--cacert", &none]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains(&none), "{}", missing.err);

    let plain = Server::builder().service(ShapesServer::new(Speaker));
    let plain = serving.runtime.block_on(plain.start("127.0.0.1:0")).unwrap();
    for protocol in ["tri", "grpc"] {
        let failed = say(&format!("{protocol}://{}", plain.addr()), &["--cacert", &ca]);
        assert_eq!(failed.code, UNAVAILABLE);
        assert!(failed.err.contains("hint: does the provider speak TLS there?"), "{}", failed.err);
    }
}
