//! Class files whose Rust has to be other than what they say.

use super::assemble::{Assembly, class, interface};

/// An interface `odd.S` that leads to all that is odd, and one with a name that no file has.
pub(crate) fn classes() -> Vec<Assembly> {
    let mut all = Vec::new();
    let mut service = interface("odd/S");
    // Type parameters with one name in Rust, or with names that mean something there.
    let generic = |name: &str, parameters: &[&str]| {
        let declared: String =
            parameters.iter().flat_map(|name| [*name, ":Ljava/lang/Object;"]).collect();
        let fields = parameters.iter().enumerate();
        fields.fold(
            Assembly {
                signature: Some(format!("<{declared}>Ljava/lang/Object;")),
                ..class(name, "java/lang/Object")
            },
            |class, (at, name)| {
                let signature = format!("T{name};");
                class.field(&format!("f{at}"), "Ljava/lang/Object;", Some(&signature))
            },
        )
    };
    let text = "Ljava/lang/String;";
    all.push(generic("odd/Pair", &["T", "t"]));
    for known in ["Option", "Vec", "Box", "String", "Result", "Self", "Value"] {
        let name = format!("odd/Of{known}");
        let own = generic(&name, &[known]).field(
            "list",
            "Ljava/util/List;",
            Some(&format!("Ljava/util/List<T{known};>;")),
        );
        all.push(own.field("text", text, None).field("value", "Ljava/lang/Object;", None));
        service =
            service.method("of", &format!("(L{name};)V"), Some(&format!("(L{name}<{text}>;)V")));
    }
    // A parameter that has the name of a class beside it.
    all.push(class("odd/Node", "java/lang/Object").field("id", "I", None));
    all.push(generic("odd/Own", &["Node"]).field("node", "Lodd/Node;", None));
    service = service.method(
        "own",
        "(Lodd/Own;)Lodd/Pair;",
        Some(&format!("(Lodd/Own<{text}>;)Lodd/Pair<{text}{text}>;")),
    );
    // Arguments that grow from class to class.
    all.push(generic("odd/Grow", &["T"]).field(
        "flip",
        "Lodd/Flip;",
        Some("Lodd/Flip<Ljava/util/List<TT;>;>;"),
    ));
    all.push(generic("odd/Flip", &["T"]).field("grow", "Lodd/Grow;", Some("Lodd/Grow<TT;>;")));
    service = service.method("grow", "(Lodd/Grow;)V", Some(&format!("(Lodd/Grow<{text}>;)V")));
    // Types that are nested deeply, by themselves and by generic classes.
    let lists = |levels: usize, of: &str| {
        format!("{}{of}{}", "Ljava/util/List<".repeat(levels), ">;".repeat(levels))
    };
    service =
        service.method("deep", "(Ljava/util/List;)V", Some(&format!("({})V", lists(250, text))));
    service = service.method("dims", &format!("({}I)V", "[".repeat(250)), None);
    for at in 0..10 {
        let next = format!("odd/G{}", at + 1);
        let own = generic(&format!("odd/G{at}"), &["T"]);
        let signature = format!("L{next}<{}>;", lists(10, "TT;"));
        all.push(own.field("next", &format!("L{next};"), Some(&signature)));
    }
    all.push(generic("odd/G10", &["T"]));
    service = service.method("chain", "(Lodd/G0;)V", Some(&format!("(Lodd/G0<{text}>;)V")));
    // Members without a name, and signatures that cannot be read.
    all.push(class("odd/Unnamed", "java/lang/Object").field("", "I", None).field("id", "I", None));
    let lost = class("odd/Lost", "java/lang/Object").field("list", "Ljava/util/List;", Some(""));
    all.push(Assembly { signature: Some(String::new()), ..lost });
    let other = class("odd/Other", "java/lang/Object");
    let other =
        other.field("list", "Ljava/util/List;", Some("Ljava/util/Set<Ljava/lang/String;>;"));
    all.push(Assembly { signature: Some("Lold/Base;".to_owned()), ..other });
    let (lost, other) = ("Lodd/Lost;", "Lodd/Other;");
    service = service.method("", "()V", None).method(
        "lost",
        &format!("(Lodd/Unnamed;{lost}{other})V"),
        Some(""),
    );
    // Names that are too long for a file.
    let long = format!("odd/{}", "n".repeat(300));
    all.push(class(&long, "java/lang/Object").field("id", "I", None));
    service = service.method("long", &format!("(L{long};)V"), None);
    all.push(interface(&format!("odd/{}", "\u{7528}".repeat(60))).method("call", "(I)I", None));
    all.push(interface(&format!("odd/{}Deep", "d/".repeat(600))).method("call", "(I)I", None));
    names(&mut all);
    families(&mut all);
    levels(&mut all);
    all.push(service);
    all
}

const OBJECT: &str = "java/lang/Object";

/// Names that mean something in Rust, as those of classes, interfaces, methods, parameters, fields, constants and packages.
fn names(all: &mut Vec<Assembly>) {
    let words = [
        "Option",
        "Vec",
        "String",
        "Box",
        "Result",
        "Some",
        "None",
        "Ok",
        "Err",
        "Send",
        "Sync",
        "Sized",
        "Status",
        "Java",
        "JavaException",
        "Value",
        "Stream",
        "Context",
        "Callback",
        "Array",
        "HashMap",
        "Clone",
        "Debug",
        "Default",
        "Eq",
        "Hash",
        "Copy",
        "Future",
        "Self",
        "From",
        "Drop",
        "AsyncFn",
        "Cow",
        "Any",
        "AnyOption",
        "OptionClient",
        "dubhe",
        "std",
        "core",
        "crate",
        "self",
        "gen",
        "async",
        "type",
        "mod",
        "match",
        "impl",
        "super",
        "str",
        "i32",
        "u8",
        "vec",
        "hessian2",
        "Encode",
        "Decoder",
        "Request",
        "Call",
        "Client",
        "Server",
        "Item",
        "Error",
    ];
    let (mut fields, mut constants) =
        (class("odd/names/Words", OBJECT), class("odd/names/Kind", "java/lang/Enum"));
    let mut service = interface("odd/names/Service");
    let mut methods = service.clone();
    "odd/names/Methods".clone_into(&mut methods.name);
    for word in words {
        let (data, own) = (format!("odd/names/data/{word}"), format!("odd/names/{word}/Own"));
        let list = Some("Ljava/util/List<Ljava/lang/String;>;");
        let parts = class(&data, OBJECT)
            .field("text", "Ljava/lang/String;", None)
            .field("list", "Ljava/util/List;", list)
            .field(word, "Ljava/lang/Integer;", None);
        all.push(parts);
        all.push(class(&own, OBJECT).field("of", &format!("L{data};"), None));
        fields = fields.field(word, "I", None);
        constants.fields.push((0x4019, word.to_owned(), "Lodd/names/Kind;".to_owned(), None));
        service = service.method("of", &format!("(L{data};)L{own};"), None);
        methods = methods.method(word, "(Lodd/names/Kind;)Lodd/names/Words;", None);
        all.push(interface(&format!("odd/names/calls/{word}")).method(
            word,
            "(I)Ljava/lang/String;",
            None,
        ));
    }
    // Fields, constants, methods and classes that are one but for letters and bars.
    let alike = [
        "fooBar", "foo_bar", "FooBar", "foobar", "FOO_BAR", "_fooBar", "fooBar_", "$fooBar", "a1",
        "a_1",
    ];
    for name in alike {
        fields = fields.field(name, "I", None);
        constants.fields.push((0x4019, name.to_owned(), "Lodd/names/Kind;".to_owned(), None));
        methods = methods.method(name, "()V", None);
        all.push(class(&format!("odd/names/{name}"), OBJECT).field("id", "I", None));
        service = service.method("alike", &format!("(Lodd/names/{name};)V"), None);
    }
    // A nested class that is one with a top-level one.
    for name in
        ["odd/names/Outer", "odd/names/Outer$Inner", "odd/names/OuterInner", "odd/names/outerInner"]
    {
        all.push(class(name, OBJECT).field("id", "I", None));
        service = service.method("nested", &format!("(L{name};)V"), None);
    }
    constants.flags |= 0x4000;
    all.extend([fields, constants, service, methods]);
}

/// Classes with classes below them that are no abstract ones, and classes that extend collections.
fn families(all: &mut Vec<Assembly>) {
    let text = "Ljava/lang/String;";
    let animal = class("odd/zoo/Animal", OBJECT).field("name", text, None);
    all.push(animal.field("friend", "Lodd/zoo/Animal;", None));
    all.push(class("odd/zoo/Dog", "odd/zoo/Animal").field("bones", "I", None));
    all.push(class("odd/zoo/Puppy", "odd/zoo/Dog").field("toy", text, None));
    // The name of the enum of all is taken.
    all.push(class("odd/zoo/AnyAnimal", OBJECT).field("id", "I", None));
    let extends = |name: &str, above: &str, arguments: &str| Assembly {
        signature: Some(format!("L{above}<{arguments}>;")),
        ..class(name, above)
    };
    all.push(extends("odd/zoo/Names", "java/util/ArrayList", text).field("title", text, None));
    all.push(class("odd/zoo/Sub", "odd/zoo/Names"));
    let any = "Ljava/lang/Object;";
    all.push(extends("odd/zoo/Attrs", "java/util/HashMap", &format!("{text}{any}")));
    all.push(extends("odd/zoo/Tags", "java/util/HashSet", text));
    all.push(class("odd/zoo/Props", "java/util/Properties"));
    all.push(Assembly {
        signature: Some("<T:Ljava/lang/Object;>Ljava/util/LinkedList<TT;>;".to_owned()),
        ..class("odd/zoo/Bag", "java/util/LinkedList")
    });
    // By an interface, which is a map as well.
    all.push(Assembly {
        interfaces: vec!["odd/zoo/Table".to_owned()],
        signature: Some(format!("{any}Lodd/zoo/Table<Ljava/lang/Integer;>;")),
        ..class("odd/zoo/Row", OBJECT).field("lost", "I", None)
    });
    all.push(Assembly {
        interfaces: vec!["java/util/Map".to_owned()],
        signature: Some(format!("<V:{any}>{any}Ljava/util/Map<{text}TV;>;")),
        ..interface("odd/zoo/Table")
    });
    let classes = ["Names", "Sub", "Attrs", "Tags", "Props", "Row", "Table", "AnyAnimal"];
    let mut service = interface("odd/zoo/Zoo");
    for name in classes {
        service = service.method("of", &format!("(Lodd/zoo/{name};)Lodd/zoo/{name};"), None);
    }
    let both = "(Lodd/zoo/Animal;Lodd/zoo/Dog;)Ljava/util/List;";
    let listed = "(Lodd/zoo/Animal;Lodd/zoo/Dog;)Ljava/util/List<Lodd/zoo/Animal;>;";
    service = service.method("all", both, Some(listed));
    let bag = "(Lodd/zoo/Bag<Lodd/zoo/Animal;>;)[Lodd/zoo/Animal;";
    all.push(service.method("bag", "(Lodd/zoo/Bag;)[Lodd/zoo/Animal;", Some(bag)));
}

/// A chain of more types than a compiler of Rust follows by default.
fn levels(all: &mut Vec<Assembly>) {
    for at in 0..70 {
        let own = class(&format!("odd/levels/C{at}"), OBJECT).field("id", "I", None);
        let next = format!("Lodd/levels/C{};", at + 1);
        all.push(if at < 69 { own.field("next", &next, None) } else { own });
    }
    all.push(interface("odd/levels/Levels").method("of", "(Lodd/levels/C0;)Lodd/levels/C0;", None));
}
