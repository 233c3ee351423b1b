//! Instances of classes.

use dubhe::Value;
use dubhe::hessian2::{from_value, to_value};
use dubhe_testkit::samples;

use super::super::cases::{CaseResult, Cases, agree, same};
use super::echo;
use super::values::{address, cat, dog, types, user};
use crate::deep;
use crate::java::api::{
    Address, Child, Color, Employee, GreetServiceClient, Node, Page, Parent, Types, User,
};

pub(super) async fn run(cases: &mut Cases, s: &GreetServiceClient) {
    let colors = [None, Some(Color::Red), Some(Color::Blue)];
    echo(cases, "echoEnum", colors, |v| s.echo_enum(v)).await;
    let colors = vec![Color::Red, Color::Green];
    echo(cases, "echoEnumArray", [colors.into()], |v| s.echo_enum_array(v)).await;
    let addresses = [None, Some(address("s", "c", 1)), Some(Address::default())];
    echo(cases, "echoAddress", addresses, |v| s.echo_address(v)).await;
    let users = [None, Some(user(1)), Some(User::default())];
    echo(cases, "echoUser", users, |v| s.echo_user(v)).await;
    let employee = Employee {
        user: User { id: 9, name: Some("e".into()), ..User::default() },
        title: Some("t".into()),
        boss: Some(user(2)),
    };
    echo(cases, "echoEmployee", [employee], |v| s.echo_employee(v)).await;
    cases.check("echoChild/0", child(s)).await;
    echo(cases, "echoAnimal", [dog(), cat()], |v| s.echo_animal(v)).await;
    echo(cases, "echoTypes", [types(), Types::default()], |v| s.echo_types(v)).await;
    cases.check("echoNode/0", node(s)).await;
    let page = Page { number: 1, last: true, items: Some(vec![user(1), user(2)]) };
    echo(cases, "echoPage", [page], |v| s.echo_page(v)).await;
    objects(cases, s).await;
}

/// hessian-lite loses a field that another hides; our own side does not.
async fn child(s: &GreetServiceClient) -> CaseResult {
    let parent = Parent { kind: Some("p".into()), only_parent: 2 };
    let child = Child { parent, kind: Some("c".into()), only_child: 1 };
    let back = s.echo_child(child.clone()).await?;
    let visible = Child { parent: Parent { kind: None, ..child.parent.clone() }, ..child.clone() };
    agree(back == child || back == visible, &visible, &back)
}

async fn node(s: &GreetServiceClient) -> CaseResult {
    let cycle = samples::get("ref/cycle-objects").ok_or("no such sample")?;
    let back = s.echo_node(Node(cycle.clone())).await?;
    agree(deep::same(&cycle, &back.0), &cycle, &back.0)
}

async fn objects(cases: &mut Cases, s: &GreetServiceClient) {
    let plain: [Value; 6] =
        [().into(), "text".into(), 1.into(), (1_i64 << 40).into(), 2.5.into(), true.into()];
    echo(cases, "echoObject", plain, |v| s.echo_object(v)).await;
    let check = async {
        let back = s.echo_object(to_value(&user(1))?).await?;
        same(&user(1), &from_value::<User>(&back)?)
    };
    cases.check("echoObject/6", check).await;
}
