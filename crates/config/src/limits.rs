//! Limits on what a document can make a process do. All are fixed.

/// The bytes of a document.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The levels of nesting in YAML, as in SnakeYAML (`LoaderOptions.nestingDepthLimit`).
pub const MAX_DEPTH: usize = 50;

/// The aliases of collections in YAML, as in SnakeYAML (`LoaderOptions.maxAliasesForCollections`).
pub const MAX_ALIASES: usize = 50;

/// The values in a YAML text, those that aliases repeat counted each time.
pub const MAX_NODES: usize = 65_536;

/// The conditions of a rule, the destinations of one, the tags, the configurators, and the like.
pub const MAX_ITEMS: usize = 4_096;

/// The bytes of all URLs that the configurators of a text stand for, and of all keys of a start-up
/// configuration in YAML, which repeat what stands there once.
pub const MAX_EXPANDED: usize = 2 * 1024 * 1024;

/// The keys and values of one condition.
pub const MAX_TOKENS: usize = 1_024;

/// The bytes of a regular expression.
pub const MAX_REGEX: usize = 1_024;

/// The levels of groups in a regular expression.
pub const MAX_REGEX_DEPTH: u32 = 50;

/// The warnings about one text.
pub const MAX_WARNINGS: usize = 32;

/// The keys of a start-up configuration.
pub const MAX_PROPERTIES: usize = 16_384;
