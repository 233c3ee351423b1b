//! `java.util.Calendar`.

use super::{Class, Date};

record! {
    /// A calendar at a point in time. Its time zone does not travel.
    Calendar("java.util.Calendar", handle!("CalendarHandle")) {
        /// The point in time.
        date: Date,
        /// The class of the calendar; none is the Gregorian.
        class: Option<Class>,
    }
    wire(required) { 0 date "date", 1 class "type", }
}
