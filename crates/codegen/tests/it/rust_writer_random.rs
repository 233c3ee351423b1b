//! Whatever the types are, what is written is Rust in which no name is twice.

use std::collections::BTreeSet;

use dubhe_codegen::Api;
use dubhe_codegen::model::{
    Class, Constant, Declared, Enum, Field, Kind, Method, Nullness, Parameter, Primitive, Service,
    Stream, Type,
};
use dubhe_codegen::rust_writer::RustWriter;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Few names, so that they clash.
fn simple_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{1,2}",
        prop::sample::select(vec![
            "a_b", "aB", "Result", "String", "self", "Self", "type", "if", "X", "XClient",
            "XServer", "AnyX", "message", "cause", "1", "größe", "getURL", "new", "mod", "T", "$",
        ])
        .prop_map(str::to_owned),
    ]
}

fn class_name() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["", "a.", "a.a.", "a.b.", "b.type."]),
        simple_name(),
        option::of(simple_name()),
    )
        .prop_map(|(package, name, nested)| {
            let nested = nested.map(|nested| format!("${nested}")).unwrap_or_default();
            format!("{package}{name}{nested}")
        })
}

fn ty() -> impl Strategy<Value = Type> {
    let jdk = prop::sample::select(vec![
        "java.lang.String",
        "java.lang.Integer",
        "java.lang.Object",
        "java.lang.Void",
        "java.util.Date",
        "java.io.InputStream",
        "java.util.function.Function",
        "org.other.Thing",
        "java.lang.Exception",
    ]);
    let leaf = prop_oneof![
        Just(Type::Void),
        Just(Type::Primitive(Primitive::Byte)),
        Just(Type::Primitive(Primitive::Double)),
        jdk.prop_map(Type::class),
        class_name().prop_map(Type::class),
        Just(Type::Variable("T".into())),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let generic = prop_oneof![
            prop::sample::select(vec!["java.util.List", "java.util.Set", "java.util.Map"])
                .prop_map(str::to_owned),
            class_name(),
        ];
        prop_oneof![
            inner.clone().prop_map(|of| Type::Array(Box::new(of))),
            (generic, vec(inner, 0..3))
                .prop_map(|(name, arguments)| Type::Class { name, arguments }),
        ]
    })
}

fn null() -> impl Strategy<Value = Nullness> {
    prop::sample::select(vec![Nullness::Unknown, Nullness::Nullable, Nullness::NonNull])
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let field = (simple_name(), ty(), null(), option::of("\\PC{0,9}"), any::<bool>());
    let field = field.prop_map(|(name, ty, null, doc, deprecated)| Field {
        name,
        ty,
        null,
        doc,
        deprecated,
    });
    vec(field, 0..5)
}

fn method() -> impl Strategy<Value = Method> {
    let parameter =
        (simple_name(), ty(), null()).prop_map(|(name, ty, null)| Parameter::new(name, ty, null));
    let stream = prop::sample::select(vec![Stream::No, Stream::No, Stream::Server, Stream::Both]);
    (simple_name(), vec(parameter, 0..4), ty(), stream, vec(class_name(), 0..2)).prop_map(
        |(name, parameters, result, stream, throws)| Method {
            name,
            parameters,
            result,
            result_null: Nullness::Unknown,
            stream,
            throws,
            doc: None,
            deprecated: false,
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    let class = (
        prop_oneof![
            Just(Vec::new()),
            Just(vec!["T".to_owned()]),
            Just(vec!["T".into(), "B".into()])
        ],
        option::of(ty()),
        fields(),
        any::<(bool, bool)>(),
        vec(class_name(), 0..3),
    );
    let class = class.prop_map(|(parameters, superclass, fields, flags, subclasses)| {
        Kind::Class(Class {
            parameters,
            superclass,
            fields,
            is_abstract: flags.0,
            is_interface: false,
            is_exception: flags.1,
            subclasses,
        })
    });
    let constants = vec(simple_name(), 0..4).prop_map(|names| {
        let names: BTreeSet<_> = names.into_iter().collect();
        let constant = |name| Constant { name, doc: None, deprecated: false };
        Kind::Enum(Enum { constants: names.into_iter().map(constant).collect() })
    });
    let service = vec(method(), 0..4)
        .prop_map(|methods| Kind::Service(Service { methods, ..Service::default() }));
    prop_oneof![4 => class, 1 => constants, 2 => service]
}

fn api() -> impl Strategy<Value = Api> {
    vec((class_name(), kind()), 0..10).prop_map(|types| {
        let mut api = Api::default();
        for (name, kind) in types {
            let source = "a.jar".to_owned();
            let declared =
                Declared { name: name.clone(), source, doc: None, deprecated: false, kind };
            api.types.insert(name, declared);
        }
        api
    })
}

/// Takes a name, which must not be there yet.
fn take(names: &mut BTreeSet<String>, name: &syn::Ident) {
    assert!(names.insert(name.to_string()), "{name} is there twice");
}

fn check_items(items: &[syn::Item], root: bool) {
    let (mut types, mut modules) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        match item {
            syn::Item::Mod(of) => take(&mut modules, &of.ident),
            syn::Item::Struct(of) => {
                take(&mut types, &of.ident);
                let mut fields = BTreeSet::new();
                for field in of.fields.iter().filter_map(|field| field.ident.as_ref()) {
                    take(&mut fields, field);
                }
            }
            syn::Item::Enum(of) => {
                take(&mut types, &of.ident);
                let mut variants = BTreeSet::new();
                for variant in &of.variants {
                    take(&mut variants, &variant.ident);
                }
            }
            syn::Item::Trait(of) => {
                take(&mut types, &of.ident);
                let mut methods = BTreeSet::new();
                for method in &of.items {
                    if let syn::TraitItem::Fn(method) = method {
                        take(&mut methods, &method.sig.ident);
                    }
                }
            }
            syn::Item::Use(of) => use_names(&of.tree, &mut types),
            _ => assert!(!root, "a module has modules and exports"),
        }
    }
}

fn use_names(tree: &syn::UseTree, names: &mut BTreeSet<String>) {
    match tree {
        syn::UseTree::Path(path) => use_names(&path.tree, names),
        syn::UseTree::Name(name) => take(names, &name.ident),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| use_names(tree, names)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_types_give_rust_without_a_name_twice(api in api()) {
        let output = RustWriter::new().write(&api);
        let mut paths = BTreeSet::new();
        for (path, text) in &output.files {
            prop_assert!(paths.insert(path.to_lowercase()), "{path} is there twice");
            let file = syn::parse_file(text);
            prop_assert!(file.is_ok(), "{path} {:?}\n{text}", file.err());
            check_items(&file.unwrap().items, path.ends_with("mod.rs"));
        }
        prop_assert_eq!(output, RustWriter::new().write(&api));
    }
}
