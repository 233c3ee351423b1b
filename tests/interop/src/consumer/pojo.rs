//! The cases of the dubbo-go consumer for its Hessian service.

use std::collections::HashMap;

use dubhe::java::Date;
use dubhe::{CallOptions, Status};

use super::cases::{Cases, agree, same};
use crate::pojo::{PojoServiceClient, User};

/// `wire` is the protocol, as the names of the cases have it.
pub(super) async fn run(cases: &mut Cases, wire: &str, p: &PojoServiceClient) {
    let name = |case: &str| format!("{wire}/hessian2/{case}");
    let hello = p.hello("go 世界 🎉".into());
    cases.equal(name("string"), "hello go 世界 🎉", hello).await;
    cases.equal(name("int"), -2, p.add(40, -42)).await;
    let data = [0, 255].repeat(100_000);
    cases.equal(name("bytes"), data.clone(), p.echo(data)).await;
    let list = async {
        let tags = p.tags(vec!["a".into(), "b".into()].into()).await?;
        same(&["a", "b", "seen"].as_slice(), &tags.iter().map(String::as_str).collect::<Vec<_>>())
    };
    cases.check(name("list"), list).await;
    let ann = ann();
    let older = User { age: 42, ..ann.clone() };
    cases.equal(name("pojo"), older, p.user(ann)).await;
    let users = async {
        let users = p.users(300).await?;
        same(&300, &users.len())?;
        same(&Some("299"), &users.last().map(|user| &*user.id))
    };
    cases.check(name("pojo-list"), users).await;
    if wire == "dubbo" {
        // dubbo-go's own consumer cannot decode a null over Triple, so it has no such case.
        cases.equal(name("null"), None, p.find("nobody".into())).await;
    }
    // Over Triple an error is a status of gRPC, which does not say whose it is.
    let whose = |status: &Status| status.is_business() || wire != "dubbo";
    let boom = |status: &Status| whose(status) && status.message().contains("boom");
    cases.fails(name("exception"), boom, p.fail("boom".into())).await;
    let blue = p.with(CallOptions::new().attachment("colour", "blue"));
    cases.equal(name("attachment"), "blue", blue.attach("colour".into())).await;
    for text in ["é", "😀"] {
        let colour = p.with(CallOptions::new().attachment("colour", text));
        let check = async {
            let seen = colour.attach("colour".into()).await?;
            // Over Triple a byte is a character, as from Dubbo Java; dubbo-go reads UTF-8.
            agree(seen == text || wire == "tri" && seen == "\u{fffd}", &text, &seen)
        };
        cases.check(name(&format!("attachment/{text}")), check).await;
    }
}

fn ann() -> User {
    User {
        id: "1".into(),
        name: "Ann".into(),
        age: 41,
        balance: 1 << 40,
        score: 2.5,
        active: true,
        photo: Some(vec![1, 2]),
        birth: Some(Date(1_000_000_000_123)),
        tags: Some(vec!["x".to_owned()].into()),
        labels: Some(HashMap::from([("k".into(), "v".into())])),
        manager: Some(Box::new(User { id: "2".into(), birth: Some(Date(0)), ..User::default() })),
    }
}
