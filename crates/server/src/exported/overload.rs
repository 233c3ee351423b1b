//! The choice among methods of one name, and the errors when none is meant.

use dubhe_core::descriptor::{self, BadDescriptor, parameters};
use dubhe_core::serve::Overload;
use dubhe_core::{Code, Method, ServiceKey, Status};

/// The error of a name that no method has; `known` are the names of the methods.
pub(super) fn no_method<'a>(
    service: &ServiceKey,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Status {
    let mut known: Vec<_> = known.filter(|name| !name.starts_with('$')).collect();
    known.sort_unstable();
    known.truncate(20);
    let known = known.join(", ");
    bad_request(format!("service {service} has no method {name:?}; it has {known}"))
}

/// The error of arguments that none of `methods`, which have this name, takes.
pub(super) fn no_overload<'a>(
    service: &ServiceKey,
    name: &str,
    overload: Overload<'_>,
    methods: impl Iterator<Item = &'a Method>,
) -> Status {
    let wanted = match overload {
        Overload::Any => String::new(),
        Overload::Types(types) => signature(types),
        Overload::Count(count) => format!("{count} arguments"),
        Overload::Initials(letters) => format!("arguments with the initials {letters:?}"),
    };
    let known: Vec<_> =
        methods.filter_map(|method| method.descriptor.as_deref()).map(signature).collect();
    let known = known.join(" or ");
    bad_request(format!("method {service}.{name} does not take {wanted}; it takes {known}"))
}

/// Formats types as in Java: `(long, java.lang.String)`; what are no descriptors stay as they are.
fn signature(types: &str) -> String {
    let names: Result<Vec<_>, _> =
        parameters(types).map(|one| one.map(descriptor::source_name)).collect();
    names.map_or_else(|_| format!("({types})"), |names| format!("({})", names.join(", ")))
}

/// Java says "bad request" here; the dubbo protocol knows that from this code.
fn bad_request(text: String) -> Status {
    Status::new(Code::InvalidArgument, text)
}

/// Returns `true` if `method` is meant. A method without descriptors is the only one of its name.
pub(super) fn fits(method: &Method, overload: Overload<'_>) -> bool {
    let Some(own) = method.descriptor.as_deref() else { return true };
    match overload {
        Overload::Any => true,
        Overload::Types(wanted) => takes(own, wanted),
        Overload::Count(count) => descriptor::count(own) == Ok(count),
        Overload::Initials(letters) => parameters(own).map(initial).eq(letters.chars().map(Some)),
    }
}

/// The first letter of the simple name of a type.
fn initial(parameter: Result<&str, BadDescriptor>) -> Option<char> {
    let name = descriptor::source_name(parameter.ok()?);
    name.rsplit(['.', '$']).next()?.chars().next()
}

/// Returns `true` if `wanted` names the arguments that are `own`.
///
/// dubbo-go leaves out the semicolon after `[Ljava/util/Date` and writes `V` for a nil of unknown
/// type (dubbo-go `protocol/dubbo/impl/hessian.go`), so a `V` stands for any one object.
fn takes(own: &str, wanted: &str) -> bool {
    if own == wanted {
        return true;
    }
    let loose = wanted.contains('V') || wanted.contains("[Ljava/util/Date");
    loose && {
        let all = |descriptors| parameters(descriptors).collect::<Result<Vec<_>, _>>();
        let (Ok(own), Ok(wanted)) = (all(own), all(wanted)) else { return false };
        own.len() == wanted.len()
            && own.iter().zip(&wanted).all(|(own, wanted)| {
                own.trim_end_matches(';') == wanted.trim_end_matches(';')
                    || (*wanted == "V" && own.starts_with(['L', '[']))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_dubbo_go_writes() {
        assert!(takes("[Ljava/util/Date;", "[Ljava/util/Date"));
        assert!(takes("ILa/B;", "IV"));
        assert!(!takes("IJ", "IV"));
        assert!(!takes("I", "J"));
        assert!(!takes("La/B;", "La/C;"));
    }

    #[test]
    fn a_count_or_initials_tell_overloads_apart() {
        let method = Method::java("m", "Ljava/lang/String;I[La/B$User;");
        for (overload, fit) in [
            (Overload::Any, true),
            (Overload::Count(3), true),
            (Overload::Count(2), false),
            (Overload::Initials("SiU"), true),
            (Overload::Initials("Si"), false),
            (Overload::Initials("SIU"), false),
        ] {
            assert_eq!(fits(&method, overload), fit, "{overload:?}");
        }
    }
}
