//! A hook that observes the end of each call.

use dubhe::core::Head;
use dubhe::core::invoke::Outcome;
use dubhe::{Call, Hook, Status};

#[derive(Debug)]
pub(crate) struct Observer;

impl Hook for Observer {
    fn before(&self, call: &mut Call) -> Result<(), Status> {
        std::hint::black_box(&call.head);
        Ok(())
    }

    fn after(&self, _: &Head, outcome: &Outcome) {
        std::hint::black_box(outcome.is_ok());
    }

    fn observes(&self) -> bool {
        true
    }
}
