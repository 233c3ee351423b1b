//! The known name that is nearest to one that is not known.

/// Prints ``; did you mean `x`?`` behind an error of `name`, and nothing where no known name is near.
pub(crate) fn meant(name: &str, known: &[&'static str]) -> String {
    let nearest = known
        .iter()
        .map(|known| {
            (strsim::levenshtein(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), *known)
        })
        .filter(|(distance, known)| *distance <= (name.len().max(known.len())).div_ceil(2))
        .min();
    nearest.map_or_else(String::new, |(_, known)| format!("; did you mean {known:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told_where_one_is_near() {
        let known = ["random", "roundrobin", "leastactive"];
        assert_eq!(meant("round-robin", &known), "; did you mean \"roundrobin\"?");
        assert_eq!(meant("LeastActiv", &known), "; did you mean \"leastactive\"?");
        assert_eq!(meant("x", &known), "");
    }
}
