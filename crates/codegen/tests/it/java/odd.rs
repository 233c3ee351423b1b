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
    all.push(service);
    all
}
