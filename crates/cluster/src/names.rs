//! The known name that is nearest to one that is not known.

/// Prints ``; did you mean `x`?`` behind an error of `name`, and nothing where no known name is near.
pub(crate) fn meant(name: &str, known: &[&'static str]) -> String {
    let nearest = known
        .iter()
        .map(|known| (distance(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), *known))
        .filter(|(distance, known)| *distance <= (name.len().max(known.len())).div_ceil(2))
        .min();
    nearest.map_or_else(String::new, |(_, known)| format!("; did you mean {known:?}?"))
}

/// The number of letters to insert, remove or replace to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let (mut diagonal, mut before) = (i, i + 1);
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = replaced.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
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
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
