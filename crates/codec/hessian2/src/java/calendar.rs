//! `java.util.Calendar`.

use super::{Class, Date};

record! {
    /// A calendar at a point in time. Its time zone does not travel.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use std::time::SystemTime;
    /// use dubhe::java::{Calendar, Date};
    ///
    /// let due = Calendar { date: Date(1_700_000_000_000), class: None }; // Gregorian
    /// assert_eq!(due.date.to_string(), "2023-11-14 22:13:20");
    /// assert!(SystemTime::try_from(due.date)? < SystemTime::now());
    /// # Ok::<(), dubhe_hessian2::Error>(())
    /// ```
    Calendar("java.util.Calendar", handle!("CalendarHandle")) {
        /// The point in time.
        date: Date,
        /// The class of the calendar; none is the Gregorian.
        class: Option<Class>,
    }
    wire(required) { 0 date "date", 1 class "type", }
}
