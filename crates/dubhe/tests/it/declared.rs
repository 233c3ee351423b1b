//! Types that the Java interface declares and that are not those of the Rust types.

#![allow(clippy::unwrap_used, missing_docs)]

use dubhe::hessian2::{JavaType as _, from_bytes, to_bytes};
use dubhe::java::Array;
use dubhe::prelude::*;
use dubhe::{Service as _, value};

/// A node of a graph.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.Node")]
struct Node(Value);

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.Item")]
struct Item {
    id: i64,
}

#[dubhe::interface("org.example.Items")]
trait Items {
    async fn add(
        &self,
        #[java(type = "java.util.Collection")] items: Vec<Item>,
        at: i32,
    ) -> Result<Vec<Item>, Status>;

    #[java(name = "add")]
    async fn add_set(
        &self,
        #[java(type = "java.util.Set")] items: Vec<Item>,
        at: i32,
    ) -> Result<Vec<Item>, Status>;

    async fn scores(
        &self,
        ctx: &Context,
        #[java(type = "java.util.Map")] by_score: &Value,
        #[java(type = "org.example.Kind$Of[][]")] kinds: Array<Array<Value>>,
        #[java(type = "java.io.Serializable")] any: Value,
    ) -> Result<Value, Status>;

    async fn walk(&self, node: Node) -> Result<Node, Status>;
}

struct Store;

impl Items for Store {
    async fn add(&self, mut items: Vec<Item>, at: i32) -> Result<Vec<Item>, Status> {
        items.push(Item { id: at.into() });
        Ok(items)
    }

    async fn add_set(&self, items: Vec<Item>, _: i32) -> Result<Vec<Item>, Status> {
        Ok(items)
    }

    async fn scores(
        &self,
        _: &Context,
        by_score: &Value,
        kinds: Array<Array<Value>>,
        any: Value,
    ) -> Result<Value, Status> {
        assert_eq!((kinds.len(), any), (1, "any".into()));
        Ok(by_score.clone())
    }

    async fn walk(&self, node: Node) -> Result<Node, Status> {
        Ok(node)
    }
}

#[test]
fn descriptors_are_those_that_java_declares() {
    let methods = ItemsServer::new(Store).methods();
    let descriptors: Vec<_> =
        methods.iter().map(|m| m.descriptor.as_ref().unwrap().to_string()).collect();
    assert_eq!(
        descriptors,
        [
            "Ljava/util/Collection;I",
            "Ljava/util/Set;I",
            "Ljava/util/Map;[[Lorg/example/Kind$Of;Ljava/io/Serializable;",
            "Lorg/example/Node;",
        ]
    );
}

#[test]
fn the_definition_has_the_declared_types_with_their_arguments() {
    let definition = ItemsServer::new(Store).definition().unwrap();
    let types: Vec<_> = definition.methods.iter().map(|m| m.parameter_types.join(" ")).collect();
    assert_eq!(
        types,
        [
            "java.util.Collection<org.example.Item> int",
            "java.util.Set<org.example.Item> int",
            "java.util.Map org.example.Kind.Of[][] java.io.Serializable",
            "org.example.Node",
        ]
    );
    let items = |name: &str| {
        let found = definition.types.iter().find(|(known, _)| *known == name);
        found.unwrap().1.items.clone()
    };
    assert_eq!(items("java.util.Collection<org.example.Item>"), ["org.example.Item"]);
    assert_eq!(items("org.example.Kind.Of[][]"), ["org.example.Kind.Of[]"]);
}

#[tokio::test]
async fn values_go_as_they_are() {
    let client: ItemsClient = crate::local::client(ItemsServer::new(Store));
    let added = client.add(vec![Item { id: 1 }], 2).await.unwrap();
    assert_eq!(added, [Item { id: 1 }, Item { id: 2 }]);
    assert_eq!(client.add_set(vec![Item { id: 1 }], 2).await.unwrap(), [Item { id: 1 }]);
    let by_score = Value::map([(1.5, "a")]);
    let kinds = Array(vec![Array(Vec::new())]);
    assert_eq!(client.scores(&by_score, kinds, "any".into()).await.unwrap(), by_score);
    let cycle = Value::object("org.example.Node").field("next", Value::reference(1));
    let cycle = Node(Value::from(cycle).shared(1));
    let Node(back) = client.walk(cycle.clone()).await.unwrap();
    assert!(matches!(back, Value::Shared(value::Label(_), _)), "{back}");
}

#[test]
fn a_tuple_struct_of_one_field_is_this_field_under_its_class() {
    #[derive(Java, Debug, PartialEq)]
    #[java(class = "java.util.Collection")]
    struct Collected<T>(Vec<T>);

    #[derive(Java, Debug, PartialEq)]
    #[java(class = "java.lang.Float")]
    struct Share(f32);

    #[derive(Java, Debug, PartialEq)]
    #[java(class = "org.example.Holder")]
    struct Holder {
        #[java(name = "shares")]
        held: Collected<Share>,
    }

    assert_eq!(Collected::<Item>::descriptor(), "Ljava/util/Collection;");
    assert_eq!(Array::<Node>::descriptor(), "[Lorg/example/Node;");
    let holder = Holder { held: Collected(vec![Share(0.1)]) };
    let bytes = to_bytes(&holder).unwrap();
    assert_eq!(from_bytes::<Holder>(&bytes).unwrap(), holder);
    // Java widens a `Float` by its text.
    let shares = Value::object("org.example.Holder").field("shares", Value::list([0.1_f64]));
    assert_eq!(from_bytes::<Value>(&bytes).unwrap(), shares.into());
}
