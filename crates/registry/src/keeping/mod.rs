//! Things that this process keeps in a registry, whichever it is: values that are wanted, placed, refused and
//! taken back.
//!
//! ```text
//! Announcements ── a Kept for each ──→ Keeper ── run(Placing) ──→ the registry
//!        └──────────── Waiting, for a call ────────┘
//! ```
//!
//! - What is announced is kept in place until it is withdrawn, through every outage and whoever takes it
//!   away.
//! - An update that is refused, or not done in time, is the error of its call, and what was accepted
//!   before stays registered; of what is new, nothing is registered later.

mod announcements;
mod audits;
mod kept;
mod placing;
mod waiting;

pub use announcements::{Announcement, Announcements};
pub use audits::{AUDIT_PERIOD, Audits};
pub use kept::{Keeper, Kept, KeptState, keep};
pub use placing::{Lost, Placing, Unplaced};
pub use waiting::{Connection, ConnectionState, Waiting};
