//! The values that are kept of a provider.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use dubhe_core::ProviderStats;

/// Runs `run` on a thread of its own; fails if it never ends.
fn ends<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(run()));
    told.recv_timeout(Duration::from_secs(30)).unwrap()
}

#[test]
fn a_value_is_made_of_other_values() {
    let stats = Arc::new(ProviderStats::default());
    let sum = ends(move || {
        let sum = stats
            .get_or_init(|| *stats.get_or_init(|| 3_u32) + u32::from(*stats.get_or_init(|| 4_u16)));
        (*sum, *stats.get_or_init(|| 0_u16), Arc::ptr_eq(&sum, &stats.get_or_init(|| 9)))
    });
    // The sum is kept under the type of its first part, which was there when it was made.
    assert_eq!(sum, (3, 4, true));
}

/// Asks for a value when it is dropped.
struct Asks(Arc<ProviderStats>);

impl Drop for Asks {
    fn drop(&mut self) {
        self.0.get_or_init(|| "asked");
    }
}

#[test]
fn callers_at_the_same_time_get_the_value_that_is_kept() {
    let stats = Arc::new(ProviderStats::default());
    let both = Arc::new(Barrier::new(2));
    let (kept, asked) = ends(move || {
        let make = || {
            both.wait();
            Asks(stats.clone())
        };
        let [one, other] = std::thread::scope(|scope| {
            [(); 2]
                .map(|()| scope.spawn(|| stats.get_or_init(make)))
                .map(|made| made.join().unwrap())
        });
        (Arc::ptr_eq(&one, &other), *stats.get_or_init(|| "not asked"))
    });
    assert!(kept);
    assert_eq!(asked, "asked", "the other value is dropped");
}

#[test]
fn a_value_whose_making_panics_is_made_by_the_next_caller() {
    let stats = ProviderStats::default();
    let fails = std::panic::AssertUnwindSafe(|| stats.get_or_init::<u8>(|| panic!("no value")));
    std::panic::catch_unwind(fails).unwrap_err();
    assert_eq!(*stats.get_or_init(|| 5_u8), 5);
}
