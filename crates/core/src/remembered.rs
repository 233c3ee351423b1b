//! Values that are remembered and, as a rule, kept by somebody else.

use std::sync::{Arc, Weak};

/// A value that is kept only where nobody else keeps it.
pub(crate) enum Remembered<T: ?Sized> {
    /// A value with another owner.
    Shared(Weak<T>),
    /// A value that would be gone otherwise.
    Own(Arc<T>),
}

impl<T: ?Sized> Remembered<T> {
    pub(crate) fn new(value: &Arc<T>) -> Self {
        if Arc::strong_count(value) > 1 {
            Self::Shared(Arc::downgrade(value))
        } else {
            Self::Own(value.clone())
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        match self {
            Self::Shared(value) => value.upgrade(),
            Self::Own(value) => Some(value.clone()),
        }
    }
}

impl<T: ?Sized> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Shared(value) => Self::Shared(value.clone()),
            Self::Own(value) => Self::Own(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_value_goes_with_its_owner_and_an_own_one_stays() {
        let (kept, made) = (Arc::new(1), Arc::new(2));
        let owner = kept.clone();
        let (shared, own) = (Remembered::new(&kept), Remembered::new(&made));
        drop((kept, made));
        assert_eq!(shared.get().as_deref(), Some(&1));
        drop(owner);
        assert_eq!(shared.get(), None);
        assert_eq!(own.get().as_deref(), Some(&2));
    }
}
