//! Lists, sets, maps and arrays.

use std::collections::{HashMap, HashSet};

use dubhe::Value;
use dubhe::hessian2::{Array, to_value};
use dubhe_testkit::samples::bytes;

use super::super::cases::{CaseResult, Cases, agree};
use super::echo;
use super::values::{cat, dog, user};
use crate::deep;
use crate::java::api::GreetServiceClient;

pub(super) async fn run(cases: &mut Cases, s: &GreetServiceClient) {
    collections(cases, s).await;
    maps(cases, s).await;
    arrays(cases, s).await;
}

async fn collections(cases: &mut Cases, s: &GreetServiceClient) {
    let texts = |texts: &[&str]| Some(texts.iter().map(ToString::to_string).collect());
    let lists = [None, texts(&[]), texts(&["a", "b"]), texts(&["x"; 300])];
    echo(cases, "echoStringList", lists, |v| s.echo_string_list(v)).await;
    echo(cases, "echoUserList", [vec![user(1), user(2)]], |v| s.echo_user_list(v)).await;
    let nested = vec![vec![1, 2], Vec::new()];
    echo(cases, "echoNestedList", [nested], |v| s.echo_nested_list(v)).await;
    let set = HashSet::from([1, 1 << 40]);
    echo(cases, "echoLongSet", [set], |v| s.echo_long_set(v)).await;
    let animals = vec![dog(), cat()];
    echo(cases, "echoAnimals", [animals], |v| s.echo_animals(v)).await;
}

async fn maps(cases: &mut Cases, s: &GreetServiceClient) {
    let map = |entries: &[(&str, &str)]| {
        Some(entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    };
    let maps = [None, map(&[]), map(&[("a", "1"), ("b", "2")])];
    echo(cases, "echoStringMap", maps, |v| s.echo_string_map(v)).await;
    let users = HashMap::from([(1, user(1))]);
    echo(cases, "echoUserMap", [users], |v| s.echo_user_map(v)).await;
    cases.check("echoAnyMap/0", any_map(s)).await;
}

async fn any_map(s: &GreetServiceClient) -> CaseResult {
    let list = Value::list([Value::from(1.5), true.into()]);
    let entries: [(Value, Value); 6] = [
        ("s".into(), "x".into()),
        ("i".into(), 1.into()),
        ("l".into(), 2_i64.into()),
        ("u".into(), to_value(&user(3))?),
        ("n".into(), Value::Null),
        (7.into(), list),
    ];
    let map = Value::map(entries);
    let back = s.echo_any_map(map.clone()).await?;
    agree(deep::same(&map, &back), &map, &back)
}

async fn arrays(cases: &mut Cases, s: &GreetServiceClient) {
    let sizes = [0, 15, 16, 1024, 70000, 1 << 20];
    let binary = std::iter::once(None).chain(sizes.map(|n| Some(bytes(n))));
    echo(cases, "echoBytes", binary, |v| s.echo_bytes(v)).await;
    echo(cases, "echoBoolArray", [array([true, false])], |v| s.echo_bool_array(v)).await;
    echo(cases, "echoCharArray", [array(['a', '中'])], |v| s.echo_char_array(v)).await;
    echo(cases, "echoShortArray", [array([1, -1])], |v| s.echo_short_array(v)).await;
    let ints = [array([]), array([1, -1, 300_000]), array([0; 1000])];
    echo(cases, "echoIntArray", ints, |v| s.echo_int_array(v)).await;
    echo(cases, "echoLongArray", [array([1, -1, 1 << 40])], |v| s.echo_long_array(v)).await;
    echo(cases, "echoFloatArray", [array([1.0, 0.1])], |v| s.echo_float_array(v)).await;
    echo(cases, "echoDoubleArray", [array([1.0, 0.1])], |v| s.echo_double_array(v)).await;
    let texts = array([Some("a".into()), None, Some(String::new())]);
    echo(cases, "echoStringArray", [None, Some(texts)], |v| s.echo_string_array(v)).await;
    let boxed = array([Some(1), None]);
    echo(cases, "echoBoxedIntArray", [Some(boxed)], |v| s.echo_boxed_int_array(v)).await;
    let objects = array([1.into(), "a".into(), Value::Null, 2.5.into()]);
    echo(cases, "echoObjectArray", [objects], |v| s.echo_object_array(v)).await;
    echo(cases, "echoUserArray", [array([user(1), user(2)])], |v| s.echo_user_array(v)).await;
    let matrix = array([array([1, 2]), array([]), array([3])]);
    echo(cases, "echoIntMatrix", [matrix], |v| s.echo_int_matrix(v)).await;
}

fn array<T, const N: usize>(items: [T; N]) -> Array<T> {
    Array(items.into())
}
