//! A configuration that can be replaced while it is in use.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::{ClientConfig, ServerConfig};

/// The one thing in which users of one configuration may differ.
pub(super) trait HasAlpn: Clone {
    fn alpn(&mut self) -> &mut Vec<Vec<u8>>;
}

impl HasAlpn for ClientConfig {
    fn alpn(&mut self) -> &mut Vec<Vec<u8>> {
        &mut self.alpn_protocols
    }
}

impl HasAlpn for ServerConfig {
    fn alpn(&mut self) -> &mut Vec<Vec<u8>> {
        &mut self.alpn_protocols
    }
}

/// A configuration that clones share, so that a replacement reaches them all.
pub(super) struct SharedConfig<C> {
    base: Arc<ArcSwap<C>>,
    /// The protocols offered by ALPN where `base` offers none.
    alpn: Vec<Vec<u8>>,
    /// A base, and what was made of it.
    derived: Arc<ArcSwapOption<(Arc<C>, Arc<C>)>>,
}

impl<C: HasAlpn> SharedConfig<C> {
    pub(super) fn new(config: Arc<C>) -> Self {
        Self { base: Arc::new(ArcSwap::from(config)), alpn: Vec::new(), derived: Arc::default() }
    }

    pub(super) fn replace(&self, config: Arc<C>) {
        self.base.store(config);
    }

    /// The same configuration, which offers these protocols unless it offers others.
    pub(super) fn with_default_alpn(&self, alpn: Vec<Vec<u8>>) -> Self {
        Self { base: self.base.clone(), alpn, derived: Arc::default() }
    }

    pub(super) fn load(&self) -> Arc<C> {
        let base = self.base.load_full();
        if self.alpn.is_empty() {
            return base;
        }
        if let Some(known) = &*self.derived.load()
            && Arc::ptr_eq(&known.0, &base)
        {
            return known.1.clone();
        }
        let mut own = C::clone(&base);
        if own.alpn().is_empty() {
            own.alpn().clone_from(&self.alpn);
        }
        let own = Arc::new(own);
        self.derived.store(Some(Arc::new((base, own.clone()))));
        own
    }
}

impl<C> Clone for SharedConfig<C> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), alpn: self.alpn.clone(), derived: self.derived.clone() }
    }
}
