//! Pauses before parts are asked again that told of a change and had none.

use dubhe_core::time::Duration;

/// The first pause. It doubles each time, to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(10);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(1);

/// The pauses of parts by number; none at first.
#[derive(Default)]
pub(super) struct Pauses(Vec<Duration>);

impl Pauses {
    pub(super) fn of(&self, part: usize) -> Duration {
        self.0.get(part).copied().unwrap_or_default()
    }

    /// Lengthens the pause of a part that told of a change and had none.
    pub(super) fn lengthen(&mut self, part: usize) {
        if self.0.len() <= part {
            self.0.resize(part + 1, Duration::ZERO);
        }
        if let Some(pause) = self.0.get_mut(part) {
            *pause = (*pause * 2).clamp(FIRST, LONGEST);
        }
    }

    /// Ends all pauses, once something has changed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_to_its_bound_and_is_its_parts_own() {
        let mut pauses = Pauses::default();
        let mut of_one = Vec::new();
        for _ in 0..9 {
            pauses.lengthen(1);
            of_one.push(pauses.of(1).as_millis());
        }
        assert_eq!(of_one, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!((pauses.of(0), pauses.of(2)), (Duration::ZERO, Duration::ZERO));
        pauses.clear();
        assert_eq!(pauses.of(1), Duration::ZERO);
    }
}
