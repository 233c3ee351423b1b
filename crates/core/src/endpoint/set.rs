//! An immutable set of endpoints.

use super::instance::Endpoint;

/// The currency of a set of endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// The registry is connected, and the set is current.
    #[default]
    Fresh,
    /// The registry is not connected; the set is the last one known.
    Stale,
}

/// The endpoints of a service at one moment; replaced whole.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    list: Vec<Endpoint>,
    generation: u64,
    health: Health,
}

impl Endpoints {
    /// The set of these endpoints.
    pub fn new(list: impl IntoIterator<Item = Endpoint>) -> Self {
        Self { list: list.into_iter().collect(), generation: 0, health: Health::Fresh }
    }

    /// Numbers the set; a directory counts its sets.
    pub fn generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Sets the currency of the set.
    pub fn with_health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// The number of the set.
    pub fn number(&self) -> u64 {
        self.generation
    }

    /// The currency of the set.
    pub fn health(&self) -> Health {
        self.health
    }

    /// The number of endpoints.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Endpoint `i`.
    pub fn get(&self, i: usize) -> Option<&Endpoint> {
        self.list.get(i)
    }

    /// The endpoints, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Endpoint> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Endpoints {
    type Item = &'a Endpoint;
    type IntoIter = std::slice::Iter<'a, Endpoint>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
