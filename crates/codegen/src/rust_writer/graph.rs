//! Graphs of types by numbers.

/// A graph: the nodes that each node leads to.
pub(super) type Graph = Vec<Vec<usize>>;

/// The nodes in groups that lead to each other, those that a group leads to before it.
pub(super) struct Components {
    /// The groups.
    pub(super) groups: Vec<Vec<usize>>,
    /// The group of each node.
    pub(super) of: Vec<usize>,
}

/// A node whose edges are being followed.
struct Visit {
    node: usize,
    /// The next of its edges.
    edge: usize,
}

/// Finds the groups, by Tarjan's algorithm.
pub(super) fn components(graph: &Graph) -> Components {
    let mut found = Components { groups: Vec::new(), of: vec![usize::MAX; graph.len()] };
    // The order in which nodes were met, and the first one that each leads back to.
    let mut met: Vec<Option<usize>> = vec![None; graph.len()];
    let mut low = vec![usize::MAX; graph.len()];
    let (mut open, mut visits, mut count) = (Vec::new(), Vec::new(), 0);
    for start in 0..graph.len() {
        visits.push(Visit { node: start, edge: 0 });
        while let Some(Visit { node, edge }) = visits.last_mut() {
            let (node, is_new) = (*node, *edge == 0);
            if is_new {
                match met.get_mut(node) {
                    Some(met @ None) => *met = Some(count),
                    _ => {
                        visits.pop();
                        continue;
                    }
                }
                set(&mut low, node, count);
                count += 1;
                open.push(node);
            }
            let next = graph.get(node).and_then(|edges| edges.get(*edge)).copied();
            *edge += 1;
            match next {
                Some(next) if met.get(next) == Some(&None) => {
                    visits.push(Visit { node: next, edge: 0 });
                }
                // One that is in a group already leads nowhere back.
                Some(next) if found.of.get(next) == Some(&usize::MAX) => {
                    let back = met.get(next).copied().flatten().unwrap_or(usize::MAX);
                    lower(&mut low, node, back);
                }
                Some(_) => {}
                None => {
                    visits.pop();
                    let own = low.get(node).copied().unwrap_or(usize::MAX);
                    if let Some(above) = visits.last() {
                        lower(&mut low, above.node, own);
                    }
                    if met.get(node) == Some(&Some(own)) {
                        let begin = open.iter().rposition(|of| *of == node).unwrap_or(0);
                        let group = open.split_off(begin);
                        for node in &group {
                            set(&mut found.of, *node, found.groups.len());
                        }
                        found.groups.push(group);
                    }
                }
            }
        }
    }
    found
}

impl Components {
    /// Returns `true` if two nodes lead to each other, or are the same.
    pub(super) fn are_together(&self, one: usize, other: usize) -> bool {
        self.of.get(one) == self.of.get(other)
    }

    /// Returns `true` if a node leads to itself.
    pub(super) fn is_circle(&self, graph: &Graph, node: usize) -> bool {
        let group = self.of.get(node).and_then(|of| self.groups.get(*of));
        group.is_some_and(|group| group.len() > 1)
            || graph.get(node).is_some_and(|edges| edges.contains(&node))
    }
}

fn set(values: &mut [usize], at: usize, value: usize) {
    if let Some(slot) = values.get_mut(at) {
        *slot = value;
    }
}

fn lower(values: &mut [usize], at: usize, value: usize) {
    if let Some(slot) = values.get_mut(at) {
        *slot = value.min(*slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_each_other_is_together_and_comes_behind_what_it_leads_to() {
        // 0 -> 1 -> 2 -> 1, 2 -> 3, 4 -> 4
        let graph = vec![vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        let found = components(&graph);
        let mut groups = found.groups.clone();
        for group in &mut groups {
            group.sort_unstable();
        }
        assert_eq!(groups, [vec![3], vec![1, 2], vec![0], vec![4]]);
        assert!(found.are_together(1, 2) && !found.are_together(0, 1));
        let circles: Vec<bool> = (0..5).map(|node| found.is_circle(&graph, node)).collect();
        assert_eq!(circles, [false, true, true, false, true]);
    }

    #[test]
    fn a_long_way_needs_no_deep_stack() {
        let last = 100_000;
        let mut graph: Graph = (0..last).map(|at| vec![at + 1]).collect();
        graph.push(Vec::new());
        assert_eq!(components(&graph).groups.len(), last + 1);
        graph[last].push(0);
        assert_eq!(components(&graph).groups.len(), 1);
    }
}
