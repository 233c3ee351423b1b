//! Large rules on large sets: what is slow by nature shows as a test that does not end.

use std::fmt::Write as _;
use std::sync::Arc;

use dubhe_core::endpoint::Endpoints;

use crate::world::{World, provider};

const MANY: u32 = 10_000;

fn fleet() -> Arc<Endpoints> {
    let regions = ["north", "south", "west"];
    let all = (0..MANY).zip(regions.into_iter().cycle());
    Arc::new(Endpoints::new(all.map(|(number, region)| provider(number, &[("region", region)]))))
}

#[tokio::test(start_paused = true)]
async fn thousands_of_addresses_are_looked_up() {
    let world = World::new(&[]).await;
    let mut text = String::from("force: true\ntags:\n- name: gray\n  addresses:\n");
    for number in (0..8_000_u32).step_by(2) {
        let [_, x, y, z] = number.to_be_bytes();
        writeln!(text, "  - 10.{x}.{y}.{z}:20880").expect("a String takes it");
    }
    world.write("users.tag-router", text).await;
    let (left, _) = world.left(&fleet(), &[("dubbo.tag", "gray")]);
    assert_eq!(left.len(), 4_000);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_conditions_are_asked_by_value() {
    let world = World::new(&[]).await;
    let mut text = String::from("force: true\nconditions:\n");
    for number in 0..1000 {
        writeln!(text, "  - method=method => host != 10.1.1.{number} & region != r{number}")
            .expect("a String takes it");
    }
    text.push_str("  - => region=north,*outh\n");
    world.write("org.example.Users::.condition-router", text).await;
    let (left, steps) = world.left(&fleet(), &[]);
    // And the tag.
    assert_eq!((left.len(), steps.len()), (6_667, 1_002));
}
