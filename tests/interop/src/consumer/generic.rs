//! Generic calls (`generic=true`): objects travel as maps with their class under `class`.

use dubhe::{Generic, JavaArgument, Status, Value, args};

use super::cases::{CaseResult, Cases, agree, same};
use crate::deep;

pub(super) async fn run(cases: &mut Cases, g: &Generic, unknown: &Generic) {
    same_back(cases, g).await;
    objects(cases, g).await;
    let int = g.call("overload", args!["int" => 3]);
    cases.equal("generic/overload-int", Value::from("int 3"), int).await;
    let both = g.call("overload", args!["java.lang.String" => "x", "int" => 3]);
    cases.equal("generic/overload-both", Value::from("both x 3"), both).await;
    cases.equal("generic/nothing", Value::Null, g.call("nothing", args![])).await;
    failures(cases, g, unknown).await;
}

async fn same_back(cases: &mut Cases, g: &Generic) {
    let greet = g.call("greet", args!["java.lang.String" => "generic"]);
    cases.equal("generic/greet", Value::from("Hello, generic"), greet).await;
    let text = "java.lang.String";
    let values: [(&str, &str, Value); 9] = [
        ("echoInt", "int", 7.into()),
        ("echoLong", "long", (1_i64 << 40).into()),
        ("echoDouble", "double", 1.5.into()),
        ("echoBool", "boolean", true.into()),
        ("echoBoxedInt", "java.lang.Integer", Value::Null),
        ("echoString", text, "é中😀".into()),
        ("echoEnum", "peer.api.Color", "GREEN".into()),
        ("echoStringList", "java.util.List", Value::list(["a", "b"])),
        ("echoStringMap", "java.util.Map", Value::map([("a", "1")])),
    ];
    for (method, java_type, value) in values {
        let call = g.call(method, [JavaArgument::new(java_type, value.clone())]);
        let check = async {
            let back = call.await?;
            agree(deep::same(&value, &back), &value, &back)
        };
        cases.check(format!("generic/{method}"), check).await;
    }
}

fn address(street: &str, zip: i32) -> Value {
    Value::map([
        ("class", Value::from("peer.api.Address")),
        ("street", street.into()),
        ("city", "c".into()),
        ("zip", zip.into()),
    ])
}

/// The value under `path` in maps and, by number, in lists.
fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => value.items().get(index),
        Err(_) => value.get(step),
    })
}

fn has(value: &Value, path: &[&str], expected: impl Into<Value>) -> CaseResult {
    same(&Some(&expected.into()), &at(value, path))
}

async fn objects(cases: &mut Cases, g: &Generic) {
    let check = async {
        let back = g.call("echoAddress", args!["peer.api.Address" => address("s", 5)]).await?;
        has(&back, &["street"], "s")?;
        has(&back, &["zip"], 5)?;
        has(&back, &["class"], "peer.api.Address")
    };
    cases.check("generic/echoAddress", check).await;
    let user = Value::map([
        ("class", Value::from("peer.api.User")),
        ("id", 9_i64.into()),
        ("name", "nine".into()),
        ("age", 9.into()),
        ("color", "RED".into()),
        ("home", address("home", 1)),
        ("others", Value::list([address("o", 2)])),
    ]);
    let check = async {
        let back = g.call("echoUser", args!["peer.api.User" => user]).await?;
        has(&back, &["id"], 9_i64)?;
        has(&back, &["name"], "nine")?;
        has(&back, &["color"], "RED")?;
        has(&back, &["home", "street"], "home")?;
        has(&back, &["others", "0", "zip"], 2)
    };
    cases.check("generic/echoUser", check).await;
}

async fn failures(cases: &mut Cases, g: &Generic, unknown: &Generic) {
    // The package of the exception differs between Dubbo 2.7 and 3; both name the original.
    let wrapped = |status: &Status| {
        status.java().is_some_and(|e| e.class().ends_with(".GenericException"))
            && status.to_string().contains("peer.api.GreetException")
    };
    let checked = g.call("throwChecked", args!["java.lang.String" => "why"]);
    cases.fails("generic/throwChecked", wrapped, checked).await;
    let framework = |status: &Status| !status.is_timeout();
    let call = g.call("noSuchMethod", args![]);
    cases.fails("generic/no-such-method", framework, call).await;
    let call = unknown.call("greet", args!["java.lang.String" => "x"]);
    cases.fails("generic/unknown-service", framework, call).await;
}
