use std::thread;

use super::account::STEP;
use super::*;

fn budget(server: usize, connection: usize) -> Arc<MemoryBudget> {
    MemoryBudget::new(MemoryOptions { server: Some(server), connection: Some(connection) })
}

fn connection(budget: &Arc<MemoryBudget>) -> ConnectionMemory {
    budget.connection(SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1))))
}

#[test]
fn a_connection_may_hold_its_limit_and_not_one_byte_more() {
    let memory = connection(&budget(0, 100_000));
    let charge = memory.charge(100_000);
    assert_eq!(memory.check(0), Ok(()));
    let full = memory.check(1).unwrap_err();
    assert_eq!(full, MemoryFull { budget: "connection", bytes: 100_001, limit: 100_000 });
    drop(charge);
    assert_eq!((memory.used(), memory.check(100_000)), (0, Ok(())));
    let status = Status::from(full);
    assert_eq!((status.code(), status.retry()), (Code::ResourceExhausted, Retry::Unstarted));
    assert!(status.message().contains("raise memory.connection of the server"), "{status}");
}

#[test]
fn a_part_of_a_charge_counts_on_its_own() {
    let memory = connection(&budget(0, 0));
    let mut rest = memory.charge(100);
    let first = rest.split(40);
    assert_eq!((first.bytes(), rest.bytes(), memory.used()), (40, 60, 100));
    drop(first);
    assert_eq!(memory.used(), 60);
    let all = rest.split(61);
    assert_eq!((all.bytes(), rest.bytes(), memory.used()), (60, 0, 60));
    drop(all);
    assert_eq!(memory.used(), 0);
}

#[test]
fn a_server_may_hold_its_limit_and_not_one_step_more() {
    let budget = budget(4 * STEP, 0);
    let (one, two, small) = (connection(&budget), connection(&budget), connection(&budget));
    let _three = one.charge(FREE + 3 * STEP);
    assert_eq!(two.check(FREE + STEP), Ok(()));
    let full = two.check(FREE + STEP + 1).unwrap_err();
    assert_eq!(full, MemoryFull { budget: "server", bytes: 5 * STEP, limit: 4 * STEP });
    let more = two.charge(FREE + 2 * STEP);
    assert_eq!(budget.used(), 5 * STEP);
    assert!(one.check(0).is_err() && two.check(0).is_err());
    // Who holds little is not refused for what others hold.
    assert_eq!(small.check(FREE), Ok(()));
    assert!(small.check(FREE + 1).is_err());
    drop(more);
    assert_eq!((budget.used(), one.check(STEP)), (3 * STEP, Ok(())));
}

#[test]
fn the_count_of_the_server_moves_in_steps_and_ends_with_the_connection() {
    let budget = budget(0, 0);
    let memory = connection(&budget);
    let mut charge = memory.charge(0);
    for (bytes, reserved) in [
        (FREE, 0),
        (FREE + 1, STEP),
        (FREE + STEP, STEP),
        (FREE + STEP + 1, 2 * STEP),
        (FREE + 1, 2 * STEP),
        (FREE + 5 * STEP, 5 * STEP),
        (FREE + 3 * STEP, 3 * STEP),
        (FREE, 0),
        (FREE + STEP, STEP),
    ] {
        charge.set(bytes);
        assert_eq!((memory.used(), budget.used()), (bytes, reserved), "{bytes}");
    }
    drop(memory);
    assert_eq!(budget.used(), STEP);
    drop(charge);
    assert_eq!(budget.used(), 0);
}

#[test]
fn counts_at_the_same_time_end_with_nothing() {
    let budget = budget(0, 0);
    let memory = connection(&budget);
    thread::scope(|scope| {
        for thread in 1..=4 {
            let memory = &memory;
            scope.spawn(move || {
                for round in 0..2_000 {
                    let mut charge = memory.charge(thread * 10_000);
                    charge.set(round * 100);
                }
            });
        }
    });
    assert_eq!((memory.used(), budget.used()), (0, 0));
}

#[test]
fn without_limits_nothing_is_refused_and_a_client_counts_nothing() {
    let memory = connection(&budget(0, 0));
    let _much = memory.charge(1 << 40);
    assert_eq!(memory.check(1 << 40), Ok(()));
    let client = ConnectionMemory::default();
    let _charge = client.charge(1 << 40);
    assert_eq!((client.used(), client.check(1 << 40)), (0, Ok(())));
}

#[test]
fn defaults_are_in_proportion_and_leave_room_for_two_messages() {
    let default = MemoryBudget::new(MemoryOptions::default());
    assert_eq!(default.server_limit(), machine::available() / 4);
    let of = |server| MemoryBudget::new(MemoryOptions { server: Some(server), connection: None });
    assert_eq!(of(1 << 30).connection_limit(), 64 << 20);
    assert_eq!(of(64 << 20).connection_limit(), 16 << 20);
    assert_eq!(of(0).server_limit(), usize::MAX);
}
