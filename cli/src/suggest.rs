//! Names that may have been meant.

/// The name of `known` that is most like `name`, in its last part and without regard to case: a service
/// may lack its package, or have another one. A third of its letters may be wrong.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let wanted = last(name);
    let distance = |known: &str| strsim::damerau_levenshtein(&wanted, &last(known));
    let known = known.into_iter().map(|known| (distance(known), known));
    let (distance, best) = known.min_by_key(|(distance, _)| *distance)?;
    let most = (wanted.chars().count() / 3).max(1);
    (distance <= most).then_some(best)
}

/// The question that an error ends with, or nothing.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, known).map(|known| format!("; did you mean {known}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_name_decides() {
        let methods = ["getUser", "listUsers", "rename"];
        for (wrong, meant) in [
            ("getuser", Some("getUser")),
            ("gtUser", Some("getUser")),
            ("renam", Some("rename")),
            ("ernaem", Some("rename")),
            ("shout", None),
        ] {
            assert_eq!(closest(wrong, methods), meant, "{wrong}");
        }
        let services = ["org.example.Greeter", "grpc.health.v1.Health"];
        for (wrong, meant) in [
            ("Greeter", Some("org.example.Greeter")),
            ("org.exmaple.Greter", Some("org.example.Greeter")),
            ("org.example.Orders", None),
        ] {
            assert_eq!(closest(wrong, services), meant, "{wrong}");
        }
        assert_eq!(did_you_mean("helth", services), "; did you mean grpc.health.v1.Health?");
    }
}
