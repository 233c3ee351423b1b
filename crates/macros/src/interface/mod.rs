//! `#[interface]`.

use proc_macro2::TokenStream;
use syn::{ItemTrait, Result};

/// Expands `#[interface]`.
pub(crate) fn expand(_args: TokenStream, item: ItemTrait) -> Result<TokenStream> {
    Err(syn::Error::new_spanned(item.ident, "not yet"))
}
