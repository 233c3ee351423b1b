//! Java's classes behind the types of `dubhe::java`.

/// Rust types of `dubhe::java`, each with its class.
const CLASSES: &[(&str, &str)] = &[
    ("BigDecimal", "java.math.BigDecimal"),
    ("BigInteger", "java.math.BigInteger"),
    ("Date", "java.util.Date"),
    ("SqlDate", "java.sql.Date"),
    ("SqlTime", "java.sql.Time"),
    ("Timestamp", "java.sql.Timestamp"),
    ("Instant", "java.time.Instant"),
    ("LocalDate", "java.time.LocalDate"),
    ("LocalTime", "java.time.LocalTime"),
    ("LocalDateTime", "java.time.LocalDateTime"),
    ("OffsetTime", "java.time.OffsetTime"),
    ("OffsetDateTime", "java.time.OffsetDateTime"),
    ("ZonedDateTime", "java.time.ZonedDateTime"),
    ("ZoneId", "java.time.ZoneId"),
    ("ZoneOffset", "java.time.ZoneOffset"),
    ("Duration", "java.time.Duration"),
    ("Period", "java.time.Period"),
    ("Year", "java.time.Year"),
    ("YearMonth", "java.time.YearMonth"),
    ("MonthDay", "java.time.MonthDay"),
    ("Month", "java.time.Month"),
    ("DayOfWeek", "java.time.DayOfWeek"),
    ("TimeUnit", "java.util.concurrent.TimeUnit"),
    ("Uuid", "java.util.UUID"),
    ("Locale", "java.util.Locale"),
    ("Currency", "java.util.Currency"),
    ("BitSet", "java.util.BitSet"),
    ("Calendar", "java.util.Calendar"),
    ("Class", "java.lang.Class"),
    ("Throwable", "java.lang.Throwable"),
    ("StackTraceElement", "java.lang.StackTraceElement"),
];

/// The class of a type of `dubhe::java`.
pub(super) fn class_of(rust: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(name, _)| *name == rust).map(|(_, class)| *class)
}

/// Java's collections that a parameter may be declared as, with the number of their type arguments.
const COLLECTIONS: &[(&str, usize)] = &[
    ("java.lang.Iterable", 1),
    ("java.util.AbstractCollection", 1),
    ("java.util.AbstractList", 1),
    ("java.util.AbstractMap", 2),
    ("java.util.AbstractSet", 1),
    ("java.util.ArrayDeque", 1),
    ("java.util.ArrayList", 1),
    ("java.util.Collection", 1),
    ("java.util.Deque", 1),
    ("java.util.HashMap", 2),
    ("java.util.HashSet", 1),
    ("java.util.Hashtable", 2),
    ("java.util.IdentityHashMap", 2),
    ("java.util.LinkedHashMap", 2),
    ("java.util.LinkedHashSet", 1),
    ("java.util.LinkedList", 1),
    ("java.util.List", 1),
    ("java.util.Map", 2),
    ("java.util.NavigableMap", 2),
    ("java.util.NavigableSet", 1),
    ("java.util.PriorityQueue", 1),
    ("java.util.Queue", 1),
    ("java.util.Set", 1),
    ("java.util.SortedMap", 2),
    ("java.util.SortedSet", 1),
    ("java.util.Stack", 1),
    ("java.util.TreeMap", 2),
    ("java.util.TreeSet", 1),
    ("java.util.Vector", 1),
    ("java.util.WeakHashMap", 2),
    ("java.util.concurrent.ConcurrentHashMap", 2),
    ("java.util.concurrent.ConcurrentMap", 2),
    ("java.util.concurrent.CopyOnWriteArrayList", 1),
    ("java.util.concurrent.CopyOnWriteArraySet", 1),
];

/// The number of type arguments of a collection.
pub(super) fn arity(class: &str) -> Option<usize> {
    COLLECTIONS.iter().find(|(name, _)| *name == class).map(|(_, arity)| *arity)
}
