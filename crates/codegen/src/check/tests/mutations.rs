//! Every single mutation of an `Api` in what is compared is a change, and each way back too.

use super::{boxed, class, constant, declare, field, long, method, sample};
use crate::Api;
use crate::check::differences;
use crate::model::{Class, Enum, Field, Kind, Method, Nullness, Service, Stream, Type};

type Mutation = (String, Box<dyn Fn(&mut Kind)>);

fn other_type(ty: &Type) -> Type {
    if *ty == long() { boxed("String") } else { long() }
}

fn other_null(null: Nullness) -> [Nullness; 2] {
    match null {
        Nullness::Unknown => [Nullness::Nullable, Nullness::NonNull],
        Nullness::Nullable => [Nullness::Unknown, Nullness::NonNull],
        Nullness::NonNull => [Nullness::Unknown, Nullness::Nullable],
    }
}

fn of_service(edit: impl Fn(&mut Service) + 'static) -> Box<dyn Fn(&mut Kind)> {
    Box::new(move |kind| {
        if let Kind::Service(service) = kind {
            edit(service);
        }
    })
}

fn of_class(edit: impl Fn(&mut Class) + 'static) -> Box<dyn Fn(&mut Kind)> {
    Box::new(move |kind| {
        if let Kind::Class(class) = kind {
            edit(class);
        }
    })
}

fn of_enum(edit: impl Fn(&mut Enum) + 'static) -> Box<dyn Fn(&mut Kind)> {
    Box::new(move |kind| {
        if let Kind::Enum(of) = kind {
            edit(of);
        }
    })
}

fn of_method(i: usize, method: &Method) -> Vec<Mutation> {
    let edit = |what: &str, edit: Box<dyn Fn(&mut Method)>| {
        (
            format!("{} {what}", method.name),
            of_service(move |service| edit(&mut service.methods[i])),
        )
    };
    let mut all = vec![
        edit("renamed", Box::new(|of| of.name.push('X'))),
        edit(
            "parameter added",
            Box::new(|of| {
                of.parameters.extend(super::method("x", vec![("x", long())], long()).parameters);
            }),
        ),
        edit("result", Box::new(|of| of.result = other_type(&of.result))),
        edit("throws more", Box::new(|of| of.throws.push("org.example.Odd".into()))),
        edit("throws none", Box::new(|of| of.throws.clear())),
        edit("stream", Box::new(|of| of.stream = Stream::Both)),
        (
            format!("{} removed", method.name),
            of_service(move |service| drop(service.methods.remove(i))),
        ),
    ];
    for null in other_null(method.result_null) {
        all.push(edit("result null", Box::new(move |of| of.result_null = null)));
    }
    for (at, parameter) in method.parameters.iter().enumerate() {
        all.push(edit(
            "parameter type",
            Box::new(move |of| of.parameters[at].ty = other_type(&of.parameters[at].ty)),
        ));
        all.push(edit("parameter removed", Box::new(move |of| drop(of.parameters.remove(at)))));
        // A source without names has `arg0` and so on, which are not compared.
        if !parameter.name.starts_with("arg") {
            all.push(edit("parameter name", Box::new(move |of| of.parameters[at].name.push('X'))));
        }
        for null in other_null(parameter.null) {
            all.push(edit("parameter null", Box::new(move |of| of.parameters[at].null = null)));
        }
    }
    all
}

fn of_field(i: usize, of: &Field) -> Vec<Mutation> {
    let edit = |what: &str, edit: Box<dyn Fn(&mut Field)>| {
        (format!("{} {what}", of.name), of_class(move |class| edit(&mut class.fields[i])))
    };
    let mut all = vec![
        edit("renamed", Box::new(|of| of.name.push('X'))),
        edit("type", Box::new(|of| of.ty = other_type(&of.ty))),
        (format!("{} removed", of.name), of_class(move |class| drop(class.fields.remove(i)))),
    ];
    for null in other_null(of.null) {
        all.push(edit("null", Box::new(move |of| of.null = null)));
    }
    all
}

fn mutations(kind: &Kind) -> Vec<Mutation> {
    let mut all: Vec<Mutation> = vec![(
        "another kind".into(),
        Box::new(|kind| {
            let is_enum = matches!(kind, Kind::Enum(_));
            *kind =
                if is_enum { Kind::Class(Class::default()) } else { Kind::Enum(Enum::default()) };
        }),
    )];
    match kind {
        Kind::Service(service) => {
            let toggle = |key: &mut Option<String>| {
                *key = if key.is_some() { None } else { Some("x".into()) }
            };
            all.push(("group".into(), of_service(move |of| toggle(&mut of.group))));
            all.push(("version".into(), of_service(move |of| toggle(&mut of.version))));
            all.push((
                "method added".into(),
                of_service(|of| of.methods.push(method("odd", vec![], long()))),
            ));
            let methods = service.methods.iter().enumerate();
            all.extend(methods.flat_map(|(i, method)| of_method(i, method)));
        }
        Kind::Class(class_kind) => {
            all.push(("field added".into(), of_class(|of| of.fields.push(field("odd", long())))));
            all.push(("parameter".into(), of_class(|of| of.parameters.push("Odd".into()))));
            all.push(("superclass".into(), of_class(|of| of.superclass = Some(class("Odd")))));
            all.push(("abstract".into(), of_class(|of| of.is_abstract = !of.is_abstract)));
            all.push(("exception".into(), of_class(|of| of.is_exception = !of.is_exception)));
            all.push((
                "subclass added".into(),
                of_class(|of| of.subclasses.push("org.example.Odd".into())),
            ));
            if !class_kind.subclasses.is_empty() {
                all.push(("subclass removed".into(), of_class(|of| drop(of.subclasses.pop()))));
            }
            all.extend(
                class_kind.fields.iter().enumerate().flat_map(|(i, field)| of_field(i, field)),
            );
        }
        Kind::Enum(of) => {
            all.push(("constant added".into(), of_enum(|of| of.constants.push(constant("ODD")))));
            for i in 0..of.constants.len() {
                all.push((
                    "constant removed".into(),
                    of_enum(move |of| drop(of.constants.remove(i))),
                ));
                all.push((
                    "constant renamed".into(),
                    of_enum(move |of| of.constants[i].name.push('X')),
                ));
            }
            all.push(("constants turned".into(), of_enum(|of| of.constants.reverse())));
        }
    }
    all
}

#[test]
fn every_single_mutation_is_a_change() {
    let json = include_str!("../../../tests/data/definition/java_3.3.6.json");
    let mut real = crate::definition::read(json, "test").unwrap();
    // Few methods are enough, and each mutation compares all of them.
    for declared in real.types.values_mut() {
        if let Kind::Service(service) = &mut declared.kind {
            service.methods.truncate(12);
        }
    }
    let mut count = 0;
    for api in [sample(), real] {
        for (name, declared) in &api.types {
            let check = |what: &str, mutated: &Api| {
                for (old, new) in [(&api, mutated), (mutated, &api)] {
                    let found = differences(old, new);
                    assert!(!found.is_empty(), "{name}: {what}");
                    // A field that moves between classes may be told of with the other class.
                    assert!(
                        found.iter().any(|change| change.ty == *name),
                        "{name}: {what}: {found:?}"
                    );
                }
            };
            for (what, mutate) in mutations(&declared.kind) {
                let mut mutated = api.clone();
                mutate(&mut mutated.types.get_mut(name).unwrap().kind);
                // Not every mutation does something to every type, such as fewer exceptions where there are none.
                if mutated == api {
                    continue;
                }
                check(&what, &mutated);
                count += 1;
            }
            let mut mutated = api.clone();
            mutated.types.remove(name);
            check("removed", &mutated);
        }
        let mut more = api.clone();
        declare(&mut more, "org.example.Odd", Kind::Service(Service::default()));
        assert_eq!(differences(&api, &more).len(), 1);
    }
    assert!(count > 500, "{count} mutations");
}
