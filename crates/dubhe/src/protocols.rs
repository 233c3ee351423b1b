//! The protocols that are built in.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::connect::Connect;
#[cfg(feature = "dubbo")]
use dubhe_dubbo::{DubboConnect, DubboOptions};
#[cfg(feature = "http")]
use dubhe_http::{HttpConnect, HttpOptions};
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;
#[cfg(feature = "triple")]
use dubhe_triple::{TripleConnect, TripleOptions};

/// A type without values, without the feature.
#[cfg(not(feature = "tls"))]
#[derive(Debug)]
pub(crate) enum ClientTls {}

/// Returns the protocols of an application, most preferred first, encrypted by `tls` if there is one;
/// `https` is there only with it.
#[allow(clippy::vec_init_then_push, reason = "what is pushed depends on features")]
pub(crate) fn built_in(application: &ByteString, tls: Option<&ClientTls>) -> Vec<Arc<dyn Connect>> {
    #[cfg_attr(
        not(any(feature = "dubbo", feature = "triple", feature = "http")),
        expect(unused_mut)
    )]
    let mut all: Vec<Arc<dyn Connect>> = Vec::new();
    #[cfg(feature = "dubbo")]
    all.push(Arc::new(dubbo(application, tls)));
    #[cfg(feature = "triple")]
    {
        let triple = triple(application, tls);
        all.push(Arc::new(triple.clone()));
        all.push(Arc::new(triple.grpc()));
    }
    #[cfg(feature = "http")]
    {
        let http = HttpConnect::new(HttpOptions::default());
        all.push(Arc::new(http.clone()));
        #[cfg(feature = "tls")]
        if let Some(tls) = tls {
            all.push(Arc::new(http.https(tls)));
        }
    }
    let _ = (application, tls);
    all
}

#[cfg(feature = "dubbo")]
fn dubbo(application: &ByteString, tls: Option<&ClientTls>) -> DubboConnect {
    let dubbo = DubboConnect::new(DubboOptions::default().application(application.clone()));
    match tls {
        #[cfg(feature = "tls")]
        Some(tls) => dubbo.tls(tls.clone()),
        _ => dubbo,
    }
}

#[cfg(feature = "triple")]
fn triple(application: &ByteString, tls: Option<&ClientTls>) -> TripleConnect {
    let triple = TripleConnect::new(TripleOptions::default()).application(application.clone());
    match tls {
        #[cfg(feature = "tls")]
        Some(tls) => triple.tls(tls),
        _ => triple,
    }
}
