use super::Compatibility::{Compatible, Conditional, Incompatible};
use super::{Change, Compatibility, What, differences};
use crate::Api;
use crate::model::{
    Class, Constant, Declared, Enum, Field, Kind, Method, Nullness, Parameter, Primitive, Service,
    Stream, Type,
};

mod generated;
mod mutations;

fn declare(api: &mut Api, name: &str, kind: Kind) {
    let declared =
        Declared { name: name.into(), source: "test".into(), doc: None, deprecated: false, kind };
    api.types.insert(name.into(), declared);
}

fn list(of: Type) -> Type {
    Type::Class { name: "java.util.List".into(), arguments: vec![of] }
}

fn class(name: &str) -> Type {
    Type::class(format!("org.example.{name}"))
}

fn boxed(name: &str) -> Type {
    Type::class(format!("java.lang.{name}"))
}

fn int() -> Type {
    Type::Primitive(Primitive::Int)
}

fn long() -> Type {
    Type::Primitive(Primitive::Long)
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, null: Nullness::Unknown, doc: None, deprecated: false }
}

fn constant(name: &str) -> Constant {
    Constant { name: name.into(), doc: None, deprecated: false }
}

fn method(name: &str, parameters: Vec<(&str, Type)>, result: Type) -> Method {
    let parameter = |(name, ty): (&str, Type)| Parameter::new(name, ty, Nullness::Unknown);
    Method {
        name: name.into(),
        parameters: parameters.into_iter().map(parameter).collect(),
        result,
        result_null: Nullness::Unknown,
        stream: Stream::No,
        throws: vec!["org.example.NoOrder".into()],
        doc: None,
        deprecated: false,
    }
}

/// `Filter` travels in requests, `Order` and `State` in replies, `Note` both ways.
fn sample() -> Api {
    let mut api = Api::default();
    let methods = vec![
        method("find", vec![("id", long())], class("Order")),
        method(
            "list",
            vec![("filter", class("Filter")), ("tags", list(boxed("String")))],
            list(class("Order")),
        ),
        method("note", vec![("note", class("Note"))], class("Note")),
    ];
    let service = Service { methods, group: Some("shop".into()), version: None };
    declare(&mut api, "org.example.Orders", Kind::Service(service));
    let of = |fields: Vec<Field>| Class { fields, ..Class::default() };
    let order = of(vec![
        field("id", int()),
        field("customer", boxed("String")),
        field("state", class("State")),
        field("pet", class("Animal")),
    ]);
    declare(&mut api, "org.example.Order", Kind::Class(order));
    declare(
        &mut api,
        "org.example.Filter",
        Kind::Class(of(vec![field("text", boxed("String")), field("kind", class("Colour"))])),
    );
    declare(&mut api, "org.example.Note", Kind::Class(of(vec![field("text", boxed("String"))])));
    let animal = Class {
        is_abstract: true,
        subclasses: vec!["org.example.Dog".into()],
        ..of(vec![field("name", boxed("String"))])
    };
    declare(&mut api, "org.example.Animal", Kind::Class(animal));
    let dog = Class { superclass: Some(class("Animal")), ..of(vec![field("bones", int())]) };
    declare(&mut api, "org.example.Dog", Kind::Class(dog));
    let failed = Class {
        superclass: Some(boxed("Exception")),
        is_exception: true,
        ..of(vec![field("code", int())])
    };
    declare(&mut api, "org.example.NoOrder", Kind::Class(failed));
    let page = Class {
        parameters: vec!["T".into()],
        ..of(vec![field("items", list(Type::Variable("T".into())))])
    };
    declare(&mut api, "org.example.Page", Kind::Class(page));
    for name in ["State", "Colour"] {
        let constants = vec![constant("RED"), constant("GREEN")];
        declare(&mut api, &format!("org.example.{name}"), Kind::Enum(Enum { constants }));
    }
    api
}

fn service_of(api: &mut Api) -> &mut Service {
    let Kind::Service(service) = &mut api.types.get_mut("org.example.Orders").unwrap().kind else {
        unreachable!()
    };
    service
}

fn class_of<'a>(api: &'a mut Api, name: &str) -> &'a mut Class {
    let Kind::Class(class) = &mut api.types.get_mut(&format!("org.example.{name}")).unwrap().kind
    else {
        unreachable!()
    };
    class
}

fn enum_of<'a>(api: &'a mut Api, name: &str) -> &'a mut Enum {
    let Kind::Enum(of) = &mut api.types.get_mut(&format!("org.example.{name}")).unwrap().kind
    else {
        unreachable!()
    };
    of
}

/// The changes of what `edit` does to the sample, each as its kind, place, and both sides.
fn changes(edit: impl FnOnce(&mut Api)) -> Vec<Change> {
    let old = sample();
    let mut new = sample();
    edit(&mut new);
    differences(&old, &new)
}

/// Checks the only change of `edit`, and the one of undoing it.
#[track_caller]
fn rule(
    edit: impl FnOnce(&mut Api),
    (at, what, consumers, providers): (&str, What, Compatibility, Compatibility),
    (back_what, back_consumers, back_providers): (What, Compatibility, Compatibility),
) {
    let old = sample();
    let mut new = sample();
    edit(&mut new);
    for ((old, new), expected) in [
        ((&old, &new), (what, consumers, providers)),
        ((&new, &old), (back_what, back_consumers, back_providers)),
    ] {
        let found = differences(old, new);
        let [change] = &found[..] else { panic!("{found:#?}") };
        assert!(change.at().starts_with(&format!("org.example.{at}")), "{change}");
        let sides = (change.what, change.consumers.compatibility, change.providers.compatibility);
        assert_eq!(sides, expected, "{change}");
        let explained = |effect: &super::Effect| {
            effect.compatibility == Compatible || !effect.reason.is_empty()
        };
        assert!(explained(&change.consumers) && explained(&change.providers), "{change}");
    }
}

#[test]
fn equal_apis_have_no_differences() {
    assert_eq!(differences(&sample(), &sample()), []);
    let json = include_str!("../../tests/data/definition/java_3.3.6.json");
    let api = crate::definition::read(json, "test").unwrap();
    assert_eq!(differences(&api, &api), []);
}

#[test]
fn services_come_and_go() {
    rule(
        |api| declare(api, "org.example.Users", Kind::Service(Service::default())),
        ("Users", What::ServiceAdded, Compatible, Incompatible),
        (What::ServiceRemoved, Incompatible, Compatible),
    );
    rule(
        |api| service_of(api).group = Some("other".into()),
        ("Orders", What::GroupChanged, Incompatible, Incompatible),
        (What::GroupChanged, Incompatible, Incompatible),
    );
    rule(
        |api| service_of(api).version = Some("2.0".into()),
        ("Orders", What::VersionChanged, Conditional, Conditional),
        (What::VersionChanged, Conditional, Conditional),
    );
}

#[test]
fn methods_come_and_go() {
    rule(
        |api| service_of(api).methods.push(method("count", vec![], int())),
        ("Orders.count()", What::MethodAdded, Compatible, Incompatible),
        (What::MethodRemoved, Incompatible, Compatible),
    );
    // An overload is a method of its own.
    rule(
        |api| {
            service_of(api).methods.push(method(
                "find",
                vec![("name", boxed("String"))],
                class("Order"),
            ));
        },
        ("Orders.find(String)", What::MethodAdded, Compatible, Incompatible),
        (What::MethodRemoved, Incompatible, Compatible),
    );
    rule(
        |api| service_of(api).methods[0].parameters[0].ty = int(),
        ("Orders.find(", What::ParametersChanged, Incompatible, Incompatible),
        (What::ParametersChanged, Incompatible, Incompatible),
    );
    rule(
        |api| service_of(api).methods[0].stream = Stream::Server,
        ("Orders.find(long)", What::StreamChanged, Incompatible, Incompatible),
        (What::StreamChanged, Incompatible, Incompatible),
    );
    rule(
        |api| service_of(api).methods[0].throws.clear(),
        ("Orders.find(long)", What::ThrowsChanged, Compatible, Conditional),
        (What::ThrowsChanged, Conditional, Compatible),
    );
}

#[test]
fn parameters_change_where_the_method_is_still_found() {
    rule(
        |api| service_of(api).methods[1].parameters[1].ty = list(int()),
        ("Orders.list(Filter, List<", What::ParameterTypeChanged, Incompatible, Incompatible),
        (What::ParameterTypeChanged, Incompatible, Incompatible),
    );
    rule(
        |api| service_of(api).methods[1].parameters[0].null = Nullness::Nullable,
        ("Orders.list", What::ParameterNullnessChanged, Compatible, Conditional),
        (What::ParameterNullnessChanged, Conditional, Compatible),
    );
    rule(
        |api| service_of(api).methods[0].parameters[0].name = "number".into(),
        ("Orders.find", What::ParameterRenamed, Compatible, Compatible),
        (What::ParameterRenamed, Compatible, Compatible),
    );
    let unnamed = changes(|api| service_of(api).methods[0].parameters[0].name = "arg0".into());
    assert_eq!(unnamed, []);
}

#[test]
fn results_change() {
    rule(
        |api| service_of(api).methods[0].result = class("Note"),
        ("Orders.find(long)", What::ResultTypeChanged, Incompatible, Incompatible),
        (What::ResultTypeChanged, Incompatible, Incompatible),
    );
    rule(
        |api| service_of(api).methods[0].result = Type::Void,
        ("Orders.find(long)", What::ResultTypeChanged, Conditional, Compatible),
        (What::ResultTypeChanged, Compatible, Conditional),
    );
    rule(
        |api| service_of(api).methods[0].result_null = Nullness::NonNull,
        ("Orders.find(long)", What::ResultNullnessChanged, Compatible, Conditional),
        (What::ResultNullnessChanged, Conditional, Compatible),
    );
}

#[test]
fn classes_come_and_go() {
    rule(
        |api| declare(api, "org.example.More", Kind::Class(Class::default())),
        ("More", What::ClassAdded, Compatible, Compatible),
        (What::ClassRemoved, Conditional, Conditional),
    );
    rule(
        |api| declare(api, "org.example.Note", Kind::Enum(Enum::default())),
        ("Note", What::KindChanged, Incompatible, Incompatible),
        (What::KindChanged, Incompatible, Incompatible),
    );
    rule(
        |api| class_of(api, "Note").is_exception = true,
        ("Note", What::KindChanged, Incompatible, Incompatible),
        (What::KindChanged, Incompatible, Incompatible),
    );
    rule(
        |api| class_of(api, "Page").parameters.push("U".into()),
        ("Page", What::TypeParametersChanged, Compatible, Compatible),
        (What::TypeParametersChanged, Compatible, Compatible),
    );
}

#[test]
fn fields_count_in_the_direction_in_which_they_travel() {
    // In both: zero or null for the one, dropped for the other.
    for ty in [int(), boxed("String")] {
        rule(
            |api| class_of(api, "Note").fields.push(field("more", ty)),
            ("Note.more", What::FieldAdded, Compatible, Compatible),
            (What::FieldRemoved, Compatible, Compatible),
        );
    }
    let never_null = || Field { null: Nullness::NonNull, ..field("more", boxed("String")) };
    rule(
        |api| class_of(api, "Filter").fields.push(never_null()),
        ("Filter.more", What::FieldAdded, Incompatible, Compatible),
        (What::FieldRemoved, Compatible, Incompatible),
    );
    rule(
        |api| class_of(api, "Order").fields.push(never_null()),
        ("Order.more", What::FieldAdded, Compatible, Incompatible),
        (What::FieldRemoved, Incompatible, Compatible),
    );
    rule(
        |api| class_of(api, "Note").fields.push(never_null()),
        ("Note.more", What::FieldAdded, Incompatible, Incompatible),
        (What::FieldRemoved, Incompatible, Incompatible),
    );
    rule(
        |api| class_of(api, "Filter").fields[0].null = Nullness::NonNull,
        ("Filter.text", What::FieldNullnessChanged, Conditional, Compatible),
        (What::FieldNullnessChanged, Compatible, Conditional),
    );
    rule(
        |api| class_of(api, "Order").fields[0].ty = long(),
        ("Order.id", What::FieldTypeChanged, Conditional, Compatible),
        (What::FieldTypeChanged, Compatible, Conditional),
    );
    // Dogs still have the name, other animals no longer.
    let moved = changes(|api| {
        let name = class_of(api, "Animal").fields.remove(0);
        class_of(api, "Dog").fields.push(name);
    });
    let moved: Vec<_> = moved.iter().map(|of| (of.at(), of.what, of.compatibility())).collect();
    let expected = [
        ("org.example.Animal.name".to_owned(), What::FieldRemoved, Compatible),
        ("org.example.Dog.name".to_owned(), What::FieldMoved, Compatible),
    ];
    assert_eq!(moved, expected);
}

#[test]
fn constants_that_the_reader_lacks_are_refused() {
    let add = |name: &'static str| {
        move |api: &mut Api| enum_of(api, name).constants.push(constant("BLUE"))
    };
    rule(
        add("State"),
        ("State.BLUE", What::ConstantAdded, Conditional, Compatible),
        (What::ConstantRemoved, Compatible, Conditional),
    );
    rule(
        add("Colour"),
        ("Colour.BLUE", What::ConstantAdded, Compatible, Conditional),
        (What::ConstantRemoved, Conditional, Compatible),
    );
    rule(
        |api| enum_of(api, "State").constants.reverse(),
        ("State", What::ConstantOrderChanged, Compatible, Compatible),
        (What::ConstantOrderChanged, Compatible, Compatible),
    );
}

#[test]
fn classes_above_and_below_change() {
    rule(
        |api| class_of(api, "Animal").subclasses.push("org.example.Cat".into()),
        ("Animal", What::SubclassAdded, Conditional, Compatible),
        (What::SubclassRemoved, Compatible, Conditional),
    );
    rule(
        |api| class_of(api, "Animal").is_abstract = false,
        ("Animal", What::AbstractChanged, Conditional, Compatible),
        (What::AbstractChanged, Compatible, Conditional),
    );
    rule(
        |api| class_of(api, "NoOrder").superclass = Some(boxed("RuntimeException")),
        ("NoOrder", What::SuperclassChanged, Compatible, Compatible),
        (What::SuperclassChanged, Compatible, Compatible),
    );
    rule(
        |api| class_of(api, "Note").superclass = Some(class("Filter")),
        ("Note", What::SuperclassChanged, Conditional, Conditional),
        (What::SuperclassChanged, Conditional, Conditional),
    );
    rule(
        |api| class_of(api, "Order").superclass = Some(class("Note")),
        ("Order", What::SuperclassChanged, Conditional, Compatible),
        (What::SuperclassChanged, Compatible, Conditional),
    );
}

/// Values of one type that are read as another, and the other way.
#[test]
fn types_are_read_as_others() {
    let primitive = Type::Primitive;
    let array = |of| Type::Array(Box::new(of));
    let map = |name: &str, of: Type| Type::Class {
        name: name.into(),
        arguments: vec![boxed("String"), of],
    };
    let generic = |of: Type| Type::Class { name: "org.example.Page".into(), arguments: vec![of] };
    for (old, new, forward, backward) in [
        (int(), long(), Compatible, Conditional),
        (primitive(Primitive::Byte), primitive(Primitive::Short), Compatible, Conditional),
        (int(), primitive(Primitive::Double), Compatible, Conditional),
        (int(), primitive(Primitive::Float), Conditional, Conditional),
        (long(), primitive(Primitive::Double), Conditional, Conditional),
        (primitive(Primitive::Float), primitive(Primitive::Double), Compatible, Conditional),
        (int(), boxed("Integer"), Compatible, Conditional),
        (boxed("Integer"), boxed("Long"), Compatible, Conditional),
        (primitive(Primitive::Boolean), boxed("Boolean"), Compatible, Conditional),
        (primitive(Primitive::Boolean), int(), Compatible, Conditional),
        (int(), boxed("String"), Compatible, Incompatible),
        (primitive(Primitive::Char), boxed("String"), Compatible, Conditional),
        (primitive(Primitive::Char), boxed("Character"), Compatible, Compatible),
        (primitive(Primitive::Char), int(), Incompatible, Incompatible),
        (array(primitive(Primitive::Char)), boxed("String"), Compatible, Compatible),
        (class("Note"), Type::object(), Compatible, Conditional),
        (class("Note"), Type::Variable("T".into()), Compatible, Conditional),
        (class("Dog"), class("Animal"), Compatible, Conditional),
        (class("Note"), class("Filter"), Incompatible, Incompatible),
        (class("Note"), boxed("String"), Incompatible, Incompatible),
        (class("Note"), map("java.util.Map", Type::object()), Incompatible, Incompatible),
        (Type::class("java.util.Date"), long(), Incompatible, Incompatible),
        (list(int()), list(long()), Compatible, Conditional),
        (list(int()), Type::class("java.util.Collection"), Compatible, Conditional),
        (
            list(int()),
            Type::Class { name: "java.util.Set".into(), arguments: vec![int()] },
            Conditional,
            Conditional,
        ),
        (
            Type::class("java.util.ArrayList"),
            Type::class("java.util.LinkedList"),
            Conditional,
            Conditional,
        ),
        (list(int()), array(int()), Conditional, Conditional),
        (array(int()), array(long()), Compatible, Conditional),
        (array(primitive(Primitive::Byte)), list(boxed("Byte")), Incompatible, Incompatible),
        (map("java.util.Map", int()), map("java.util.Map", long()), Compatible, Conditional),
        (map("java.util.TreeMap", int()), map("java.util.Map", int()), Compatible, Conditional),
        // What is of a type parameter stays what it is on the wire.
        (generic(boxed("Integer")), generic(boxed("Long")), Incompatible, Incompatible),
        (boxed("Number"), Type::class("java.math.BigDecimal"), Conditional, Compatible),
        (boxed("Number"), boxed("Long"), Conditional, Compatible),
        (Type::class("java.sql.Timestamp"), Type::class("java.util.Date"), Compatible, Conditional),
        (Type::class("java.io.Serializable"), class("Note"), Conditional, Compatible),
        (generic(boxed("Integer")), Type::class("org.example.Page"), Compatible, Compatible),
    ] {
        let api = sample();
        let reading = super::Reading { old: &api, new: &api };
        let found =
            [(&old, &new), (&new, &old)].map(|(from, to)| reading.effect(from, to).compatibility);
        assert_eq!(found, [forward, backward], "{old} and {new}");
    }
}

/// Elements of arguments and results: Java converts none of them.
#[test]
fn elements_that_no_field_declares_stay_what_they_are() {
    let map = |key: &str, value: &str| Type::Class {
        name: "java.util.Map".into(),
        arguments: vec![boxed(key), boxed(value)],
    };
    let array = |of| Type::Array(Box::new(of));
    for (old, new, forward, backward) in [
        (boxed("Integer"), boxed("Long"), Compatible, Conditional),
        (list(boxed("Integer")), list(boxed("Long")), Incompatible, Incompatible),
        (list(list(boxed("Integer"))), list(list(boxed("Long"))), Incompatible, Incompatible),
        (map("Long", "Short"), map("Long", "Integer"), Compatible, Incompatible),
        (map("Long", "String"), map("Integer", "String"), Incompatible, Incompatible),
        (list(boxed("Float")), list(boxed("Double")), Compatible, Incompatible),
        (list(boxed("Integer")), list(boxed("String")), Incompatible, Incompatible),
        (list(boxed("Integer")), list(boxed("Number")), Compatible, Conditional),
        (list(boxed("Integer")), list(Type::object()), Compatible, Conditional),
        (array(boxed("Integer")), array(boxed("Long")), Compatible, Conditional),
        (list(class("Dog")), list(class("Animal")), Compatible, Conditional),
    ] {
        let api = sample();
        let reading = super::Reading { old: &api, new: &api };
        let found =
            [(&old, &new), (&new, &old)].map(|(from, to)| reading.alone(from, to).compatibility);
        assert_eq!(found, [forward, backward], "{old} and {new}");
    }
    rule(
        |api| service_of(api).methods[1].result = list(class("Note")),
        ("Orders.list(", What::ResultTypeChanged, Incompatible, Incompatible),
        (What::ResultTypeChanged, Incompatible, Incompatible),
    );
}

#[test]
fn what_a_class_has_by_its_superclass_is_judged() {
    let of = |class: &str, arguments: Vec<Type>| Type::Class { name: class.to_owned(), arguments };
    let texts = || vec![boxed("String")];
    let base = |superclass: Type| {
        let mut api = sample();
        class_of(&mut api, "Note").fields.clear();
        class_of(&mut api, "Note").superclass = Some(superclass);
        api
    };
    let page = "org.example.Page";
    for (old, new, expected) in [
        (of("java.util.ArrayList", texts()), of("java.util.LinkedList", texts()), Compatible),
        (
            of("java.util.ArrayList", texts()),
            of("java.util.ArrayList", vec![boxed("Integer")]),
            Incompatible,
        ),
        (
            of("java.util.ArrayList", texts()),
            of("java.util.HashMap", vec![boxed("String"), boxed("Integer")]),
            Incompatible,
        ),
        (of("java.util.ArrayList", texts()), class("Filter"), Incompatible),
        (of(page, texts()), of(page, vec![boxed("Integer")]), Incompatible),
        (of(page, texts()), of(page, vec![Type::object()]), Conditional),
    ] {
        let found = differences(&base(old.clone()), &base(new.clone()));
        let change = found.iter().find(|of| of.what == What::SuperclassChanged).unwrap();
        assert_eq!(
            (change.at(), change.compatibility()),
            ("org.example.Note".to_owned(), expected),
            "{change}"
        );
    }
    // Fields of one name in two superclasses.
    let below = |superclass: &str| {
        let mut api = base(class(superclass));
        for (name, ty) in [("One", int()), ("Other", boxed("String"))] {
            let above = Class { fields: vec![field("text", ty)], ..Class::default() };
            declare(&mut api, &format!("org.example.{name}"), Kind::Class(above));
        }
        api
    };
    let found = differences(&below("One"), &below("Other"));
    let change = found.iter().find(|of| of.at() == "org.example.Note.text").unwrap();
    assert_eq!((change.what, change.compatibility()), (What::FieldTypeChanged, Incompatible));
}

#[test]
fn a_class_between_two_others_takes_nobody_away() {
    let found = changes(|api| {
        let between = Class {
            superclass: Some(class("Animal")),
            subclasses: vec!["org.example.Dog".into()],
            ..Class::default()
        };
        declare(api, "org.example.Mammal", Kind::Class(between));
        class_of(api, "Dog").superclass = Some(class("Mammal"));
        class_of(api, "Animal").subclasses = vec!["org.example.Mammal".into()];
    });
    assert!(found.iter().all(|of| of.what != What::SubclassRemoved), "{found:#?}");
    assert!(
        found
            .iter()
            .any(|of| of.what == What::SubclassAdded && of.text.ends_with("org.example.Mammal"))
    );
}

#[test]
fn methods_whose_parameters_have_one_name_are_told_apart() {
    let dates = |package: &str| {
        let mut api = sample();
        let date = Type::class(format!("java.{package}.Date"));
        service_of(&mut api).methods.push(method("at", vec![("date", date)], Type::Void));
        api
    };
    let found = differences(&dates("util"), &dates("sql"));
    let [change] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(change.text, "the parameters changed from at(java.util.Date) to at(java.sql.Date)");
}

#[test]
fn a_change_prints_in_the_terms_of_java() {
    let found = changes(|api| {
        service_of(api).methods[0].result = Type::class("org.example.view.Order");
        class_of(api, "Note").fields.push(field("more", list(class("Order"))));
        class_of(api, "Order").fields[0].ty = long();
    });
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "org.example.Note.more: the field is new: List<Order>: compatible: consumers of the old one: the field is null where \
             the writer does not know it; providers of the old one: the field is dropped where it is not known, and lost if \
             the object is sent back",
            "org.example.Order.id: the type changed from int to long: conditional: consumers of the old one: numbers that do \
             not fit are cut off by Java and refused by Dubhe",
            "org.example.Orders.find(long): the result type changed from org.example.Order to org.example.view.Order: \
             incompatible: consumers of the old one: org.example.view.Order cannot be read as org.example.Order; providers of \
             the old one: org.example.Order cannot be read as org.example.view.Order",
        ]
    );
    let json = serde_json::to_value(&found[1]).unwrap();
    let expected = serde_json::json!({
        "type": "org.example.Order",
        "member": "id",
        "what": "field_type_changed",
        "text": "the type changed from int to long",
        "consumers": {
            "compatibility": "conditional",
            "reason": "numbers that do not fit are cut off by Java and refused by Dubhe"
        },
        "providers": {"compatibility": "compatible"}
    });
    assert_eq!(json, expected);
}

#[test]
fn classes_in_a_circle_end() {
    let circle = || {
        let mut api = sample();
        class_of(&mut api, "Animal").superclass = Some(class("Dog"));
        api
    };
    assert_eq!(differences(&circle(), &circle()), []);
    let changed = differences(&sample(), &circle());
    assert_eq!(changed.len(), 1, "{changed:#?}");
}
