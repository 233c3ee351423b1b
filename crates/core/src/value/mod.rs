//! A dynamic value: what a generic call, an attachment or a rule sees when no Rust type is known.
