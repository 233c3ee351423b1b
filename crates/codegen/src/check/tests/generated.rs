//! Changes that generated Rust has in its documentation alone: several types of Java have one in Rust.

use std::path::PathBuf;

use super::{boxed, class_of, field, list, sample, service_of};
use crate::Api;
use crate::check::{What, differences};
use crate::model::{Field, Type};
use crate::rust_reader::read_generated_files;
use crate::rust_writer::RustWriter;

fn written(api: &Api) -> Api {
    let files = RustWriter::new().write(api).files;
    let files = files.into_iter().map(|(name, text)| (PathBuf::from(name), text)).collect();
    let read = read_generated_files(&files);
    assert_eq!(read.notes, []);
    read
}

fn of(class: &str, element: Type) -> Type {
    Type::Class { name: class.to_owned(), arguments: vec![element] }
}

/// The sample with documented fields and a field of any type.
fn base() -> Api {
    let mut api = sample();
    let documented = |name: &str, ty: Type| Field { doc: Some("Text.".into()), ..field(name, ty) };
    class_of(&mut api, "Order").fields.extend([
        documented("tags", of("java.util.Set", boxed("String"))),
        documented("sum", boxed("Object")),
        field("any", boxed("Object")),
    ]);
    api
}

/// A change of the interfaces of a fleet.
type Edit = Box<dyn Fn(&mut Api)>;

#[test]
fn what_rust_has_no_types_for_is_compared() {
    assert_eq!(differences(&written(&base()), &written(&base())), []);
    let field_type = |at: usize, ty: Type| {
        move |api: &mut Api| class_of(api, "Order").fields[at].ty = ty.clone()
    };
    let edits: Vec<(Edit, &str, What)> = vec![
        (
            Box::new(|api| {
                let methods = &mut service_of(api).methods;
                methods[1].result = of("java.util.Collection", super::class("Order"));
            }),
            "Orders.list(Filter, List<String>): the result type changed from List<Order> to Collection<Order>",
            What::ResultTypeChanged,
        ),
        (
            Box::new(|api| {
                service_of(api).methods[1].parameters[1].ty = list(boxed("CharSequence"));
            }),
            "Orders.list(Filter, List<String>): the type of parameter 2 changed from List<String> to List<CharSequence>",
            What::ParameterTypeChanged,
        ),
        (
            Box::new(|api| service_of(api).methods[0].throws.clear()),
            "Orders.find(long): it no longer throws org.example.NoOrder",
            What::ThrowsChanged,
        ),
        (
            Box::new(|api| service_of(api).methods[0].throws.push("java.io.IOException".into())),
            "Orders.find(long): it throws java.io.IOException",
            What::ThrowsChanged,
        ),
        (
            Box::new(field_type(4, of("java.util.LinkedHashSet", boxed("String")))),
            "Order.tags: the type changed from Set<String> to LinkedHashSet<String>",
            What::FieldTypeChanged,
        ),
        (
            Box::new(field_type(5, boxed("Number"))),
            "Order.sum: the type changed from Object to Number",
            What::FieldTypeChanged,
        ),
        (
            Box::new(field_type(6, boxed("Number"))),
            "Order.any: the type changed from Object to Number",
            What::FieldTypeChanged,
        ),
    ];
    for (edit, text, what) in edits {
        let mut new = base();
        edit(&mut new);
        let found = differences(&written(&base()), &written(&new));
        let [change] = &found[..] else { panic!("{text}: {found:#?}") };
        assert_eq!(change.what, what, "{change}");
        assert!(change.to_string().starts_with(&format!("org.example.{text}: ")), "{change}");
    }
}

#[test]
fn classes_that_were_not_read_are_compared_by_their_names() {
    let declared = |class: &str| {
        let mut api = base();
        let ty = Type::class(class);
        class_of(&mut api, "Order").fields[5].ty = list(ty.clone());
        class_of(&mut api, "Order").fields[6].ty = ty.clone();
        service_of(&mut api).methods[0].result = ty;
        api.unknown.insert(class.to_owned());
        written(&api)
    };
    let one = declared("com.other.Money");
    assert_eq!(differences(&one, &declared("com.other.Money")), []);
    let text = |found: Vec<crate::check::Change>| -> Vec<String> {
        found.iter().map(|change| format!("{}: {}", change.at(), change.text)).collect()
    };
    assert_eq!(
        text(differences(&one, &declared("com.other.Price"))),
        [
            "org.example.Order.any: the type changed from Money to Price",
            "org.example.Order.sum: the type changed from List<Money> to List<Price>",
            "org.example.Orders.find(long): the result type changed from Money to Price",
        ]
    );
    let moved = text(differences(&one, &declared("com.another.Money")));
    assert!(moved[0].ends_with("from com.other.Money to com.another.Money"), "{moved:?}");
}
