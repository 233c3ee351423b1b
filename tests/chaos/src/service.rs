//! The services.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dubhe::gate::{Arrival, Gate};
use dubhe::prelude::*;

/// Handlers that are quick, slow, large or blocking.
#[dubhe::interface("org.example.chaos.Chaos")]
pub(crate) trait Chaos {
    /// Returns the value.
    async fn echo(&self, value: Value) -> Result<Value, Status>;
    /// Returns the number of the process.
    async fn who(&self) -> Result<i64, Status>;
    /// Returns so many bytes.
    async fn big(&self, bytes: i32) -> Result<Bytes, Status>;
    /// Waits so many milliseconds.
    async fn slow(&self, millis: i32) -> Result<i32, Status>;
    /// Keeps its thread.
    async fn block(&self, millis: i32) -> Result<i32, Status>;
    /// Waits so many milliseconds, for which no caller waits.
    #[java(oneway)]
    async fn tell(&self, millis: i32) -> Result<(), Status>;
    /// Returns the number of handlers that wait.
    async fn running(&self) -> Result<i64, Status>;
    /// Returns the number of calls of `slow` and of [`Busy`] that arrived.
    async fn begun(&self) -> Result<i64, Status>;
}

/// A service that is never ready.
#[dubhe::interface("org.example.chaos.Busy")]
pub(crate) trait Busy {
    /// Runs never: the gate refuses it.
    async fn call(&self) -> Result<(), Status>;
}

/// The counts that the services share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<(AtomicI64, AtomicI64)>);

/// A handler that waits.
struct RunningCall<'a>(&'a AtomicI64);

impl Drop for RunningCall<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    fn enter(&self) -> RunningCall<'_> {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        RunningCall(&self.0.0)
    }

    fn begin(&self) {
        self.0.1.fetch_add(1, Ordering::Relaxed);
    }

    async fn wait(&self, millis: i32) {
        let _running = self.enter();
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
    }
}

impl Chaos for Counts {
    async fn echo(&self, value: Value) -> Result<Value, Status> {
        Ok(value)
    }

    async fn who(&self) -> Result<i64, Status> {
        Ok(std::process::id().into())
    }

    async fn big(&self, bytes: i32) -> Result<Bytes, Status> {
        let bytes = usize::try_from(bytes)
            .map_err(|_| Status::new(Code::InvalidArgument, "a negative number of bytes"))?;
        Ok(vec![0; bytes].into())
    }

    async fn slow(&self, millis: i32) -> Result<i32, Status> {
        self.begin();
        self.wait(millis).await;
        Ok(millis)
    }

    async fn block(&self, millis: i32) -> Result<i32, Status> {
        std::thread::sleep(Duration::from_millis(millis.unsigned_abs().into()));
        Ok(millis)
    }

    async fn tell(&self, millis: i32) -> Result<(), Status> {
        self.wait(millis).await;
        Ok(())
    }

    async fn running(&self) -> Result<i64, Status> {
        Ok(self.0.0.load(Ordering::Relaxed))
    }

    async fn begun(&self) -> Result<i64, Status> {
        Ok(self.0.1.load(Ordering::Relaxed))
    }
}

impl Busy for Counts {
    async fn call(&self) -> Result<(), Status> {
        Ok(())
    }
}

impl Gate for Counts {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        self.begin();
        Err(Status::new(Code::ResourceExhausted, "overloaded"))
    }
}
