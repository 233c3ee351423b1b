//! Opening one connection.

use std::fmt;
use std::sync::Arc;

use dubhe_core::Provider;
use dubhe_core::serve::Dispatch;
use dubhe_net::Result;
use dubhe_net::io::{Address, Dial};
use dubhe_net::pool::MakeConnection;
use dubhe_net::session::{Driver, SessionOptions};

use crate::exchange::{Exchange, PeerHandle, Role};
use crate::options::DubboOptions;

/// Opens connections to one address.
pub(super) struct Connector {
    pub(super) provider: Provider,
    pub(super) address: Address,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) options: Arc<DubboOptions>,
    pub(super) session: SessionOptions,
    pub(super) dispatch: Option<Arc<dyn Dispatch>>,
}

impl MakeConnection for Connector {
    type Conn = PeerHandle;

    fn endpoint(&self) -> impl fmt::Display {
        &self.provider
    }

    async fn connect(&self) -> Result<PeerHandle> {
        let (io, peer) = self.dial.dial(&self.address).await?;
        let mut connection = None;
        let session = |handle: &_| {
            let exchange =
                Exchange::new(handle, Role::Client, self.options.clone(), self.dispatch.clone());
            connection = Some(exchange.connection().clone());
            exchange
        };
        let driver = Driver::new(io, peer, self.session.clone(), session);
        let connection =
            connection.ok_or_else(|| dubhe_net::Error::protocol("no session was made"))?;
        let remote = driver.handle().peer().remote.clone();
        // The task ends with the connection: at the latest three heartbeats after its peer fell
        // silent. Calls on their way outlive the channel that sent them, so it does not own it.
        tokio::spawn(async move {
            let why = driver.await;
            tracing::debug!(%remote, %why, "dubbo connection ended");
        });
        Ok(PeerHandle(connection))
    }
}
