//! A draw among those that are best, in one pass.

use dubhe_core::Endpoint;
use dubhe_core::balance::Selection;
use dubhe_core::random::RandomSource;

/// Numbers of a draw, from one number of the source that all calls share.
struct Numbers(u64);

impl Numbers {
    /// A number below `n`, or 0 when `n` is 0: SplitMix64 on a word of this draw alone.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u64::try_from((u128::from(z ^ (z >> 31)) * u128::from(n)) >> 64).unwrap_or(0)
    }
}

/// The member of `from` whose cost, by its place in the set, is the least; of several one by weight, or any when none
/// of them weighs anything (Dubbo Java `LeastActiveLoadBalance`). Costs are asked once, since they change meanwhile.
pub(super) fn least<'a>(
    from: &'a Selection,
    method: &str,
    source: &dyn RandomSource,
    cost: impl Fn(usize) -> u64,
) -> Option<&'a Endpoint> {
    if from.len() < 2 {
        return from.get(0);
    }
    let weights = from.weights(method);
    let mut numbers = Numbers(source.next());
    let (mut least, mut chosen) = (u64::MAX, None);
    // Of those that cost the least: the sum of their weights, and the number of those without any.
    let (mut sum, mut weightless) = (0, 0);
    for n in 0..from.len() {
        let Some(cost) = from.place(n).map(&cost) else { continue };
        if cost > least {
            continue;
        }
        if cost < least || chosen.is_none() {
            (least, chosen, sum, weightless) = (cost, None, 0, 0);
        }
        // Each takes the place of the one before with the odds of its weight in the sum so far.
        let weight = u64::from(weights.of(n));
        sum += weight;
        weightless += u64::from(weight == 0);
        let takes = match (sum, weight) {
            (0, _) => numbers.below(weightless) == 0,
            (_, 0) => false,
            (sum, weight) => numbers.below(sum) < weight,
        };
        if takes || chosen.is_none() {
            chosen = from.get(n);
        }
    }
    chosen
}
