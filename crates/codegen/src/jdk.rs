//! The classes of the JDK: which Rust type each is, and which Hessian cannot carry.
//!
//! The same table serves both ways: [`carried`] finds the Rust type of a Java class, [`of_rust`] the Java
//! class of a Rust type. See `docs/user/types.md` for people.

/// A class of the JDK that travels, and the Rust type that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The binary name, such as `java.util.Date`.
    pub java: &'static str,
    /// The shape of the Rust type.
    pub rust: Shape,
    /// `true` if the Rust type declares exactly this class. Where it does not, a parameter says so with
    /// `#[java(type = "..")]`.
    pub own: bool,
}

/// The Rust type that stands for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A primitive type, whose object the class is: `Option<i32>` where it may be null.
    Boxed(crate::model::Primitive),
    /// `String`.
    String,
    /// `Value`: any object.
    Value,
    /// `Vec<T>` of the one type argument.
    List,
    /// `HashSet<T>`, or a `Vec<T>` where `T` is no key in Rust.
    Set,
    /// `Vec<T>`: the elements are written without a class, and Java makes the declared one of them.
    Elements,
    /// `HashMap<K, V>`, or a `Value` where `K` is no key in Rust.
    Map,
    /// A type of its own.
    Named(Named),
    /// `()`: no result.
    Void,
}

/// A Rust type of the facade that stands for one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The path below the facade `dubhe`, such as `java::Date`.
    pub path: &'static str,
    /// `true` if it implements `Default`.
    pub default: bool,
    /// `true` if it implements `Eq` and `Hash`.
    pub hash: bool,
    /// `true` if it implements `Copy`.
    pub copy: bool,
}

use crate::model::Primitive::{Boolean, Byte, Char, Double, Float, Int, Long, Short};

const fn own(java: &'static str, rust: Shape) -> Carried {
    Carried { java, rust, own: true }
}

const fn stands_for(java: &'static str, rust: Shape) -> Carried {
    Carried { java, rust, own: false }
}

const fn named(path: &'static str, default: bool, hash: bool, copy: bool) -> Shape {
    Shape::Named(Named { path, default, hash, copy })
}

/// A record of text or words: keys, but neither a default nor `Copy`.
const fn text(path: &'static str) -> Shape {
    named(path, false, true, false)
}

/// A small record.
const fn small(path: &'static str) -> Shape {
    named(path, false, true, true)
}

const THROWABLE: Shape = named("java::Throwable", true, false, false);

/// The classes, where two have one Rust type the one that it declares first.
const CARRIED: &[Carried] = &[
    own("java.lang.Boolean", Shape::Boxed(Boolean)),
    own("java.lang.Byte", Shape::Boxed(Byte)),
    own("java.lang.Short", Shape::Boxed(Short)),
    own("java.lang.Character", Shape::Boxed(Char)),
    own("java.lang.Integer", Shape::Boxed(Int)),
    own("java.lang.Long", Shape::Boxed(Long)),
    own("java.lang.Float", Shape::Boxed(Float)),
    own("java.lang.Double", Shape::Boxed(Double)),
    own("java.lang.Void", Shape::Void),
    own("java.lang.String", Shape::String),
    stands_for("java.lang.CharSequence", Shape::String),
    own("java.lang.Object", Shape::Value),
    stands_for("java.lang.Number", Shape::Value),
    stands_for("java.lang.Comparable", Shape::Value),
    stands_for("java.lang.Cloneable", Shape::Value),
    stands_for("java.lang.Enum", Shape::Value),
    stands_for("java.lang.Record", Shape::Value),
    stands_for("java.io.Serializable", Shape::Value),
    stands_for("java.util.Map$Entry", Shape::Value),
    own("java.lang.Class", text("java::Class")),
    own("java.lang.StackTraceElement", text("java::StackTraceElement")),
    own("java.lang.Throwable", THROWABLE),
    stands_for("java.lang.Exception", THROWABLE),
    stands_for("java.lang.RuntimeException", THROWABLE),
    stands_for("java.lang.Error", THROWABLE),
    own("java.math.BigDecimal", text("java::BigDecimal")),
    own("java.math.BigInteger", named("java::BigInteger", true, true, false)),
    own("java.util.Date", named("java::Date", true, true, true)),
    own("java.sql.Date", named("java::SqlDate", true, true, true)),
    own("java.sql.Time", named("java::SqlTime", true, true, true)),
    own("java.sql.Timestamp", named("java::Timestamp", true, true, true)),
    own("java.time.Instant", small("java::Instant")),
    own("java.time.LocalDate", small("java::LocalDate")),
    own("java.time.LocalTime", small("java::LocalTime")),
    own("java.time.LocalDateTime", small("java::LocalDateTime")),
    own("java.time.OffsetTime", small("java::OffsetTime")),
    own("java.time.OffsetDateTime", small("java::OffsetDateTime")),
    own("java.time.ZonedDateTime", text("java::ZonedDateTime")),
    own("java.time.ZoneId", text("java::ZoneId")),
    own("java.time.ZoneOffset", small("java::ZoneOffset")),
    own("java.time.Duration", small("java::Duration")),
    own("java.time.Period", small("java::Period")),
    own("java.time.Year", small("java::Year")),
    own("java.time.YearMonth", small("java::YearMonth")),
    own("java.time.MonthDay", small("java::MonthDay")),
    own("java.time.Month", small("java::Month")),
    own("java.time.DayOfWeek", small("java::DayOfWeek")),
    own("java.util.concurrent.TimeUnit", small("java::TimeUnit")),
    own("java.util.UUID", small("java::Uuid")),
    own("java.util.Locale", text("java::Locale")),
    own("java.util.Currency", text("java::Currency")),
    own("java.util.BitSet", text("java::BitSet")),
    own("java.util.Calendar", text("java::Calendar")),
    stands_for("java.util.GregorianCalendar", text("java::Calendar")),
    own("java.util.List", Shape::List),
    stands_for("java.lang.Iterable", Shape::Elements),
    stands_for("java.util.Collection", Shape::Elements),
    stands_for("java.util.SequencedCollection", Shape::Elements),
    stands_for("java.util.AbstractCollection", Shape::Elements),
    stands_for("java.util.AbstractList", Shape::Elements),
    stands_for("java.util.ArrayList", Shape::Elements),
    stands_for("java.util.LinkedList", Shape::Elements),
    stands_for("java.util.Vector", Shape::Elements),
    stands_for("java.util.Stack", Shape::Elements),
    stands_for("java.util.ArrayDeque", Shape::Elements),
    stands_for("java.util.PriorityQueue", Shape::Elements),
    stands_for("java.util.concurrent.CopyOnWriteArrayList", Shape::Elements),
    own("java.util.Set", Shape::Set),
    stands_for("java.util.HashSet", Shape::Set),
    stands_for("java.util.AbstractSet", Shape::Set),
    stands_for("java.util.LinkedHashSet", Shape::Elements),
    stands_for("java.util.TreeSet", Shape::Elements),
    stands_for("java.util.SortedSet", Shape::Elements),
    stands_for("java.util.NavigableSet", Shape::Elements),
    stands_for("java.util.concurrent.CopyOnWriteArraySet", Shape::Elements),
    stands_for("java.util.concurrent.ConcurrentSkipListSet", Shape::Elements),
    own("java.util.Map", Shape::Map),
    stands_for("java.util.AbstractMap", Shape::Map),
    stands_for("java.util.HashMap", Shape::Map),
    stands_for("java.util.LinkedHashMap", Shape::Map),
    stands_for("java.util.TreeMap", Shape::Map),
    stands_for("java.util.SortedMap", Shape::Map),
    stands_for("java.util.NavigableMap", Shape::Map),
    stands_for("java.util.Hashtable", Shape::Map),
    stands_for("java.util.concurrent.ConcurrentMap", Shape::Map),
    stands_for("java.util.concurrent.ConcurrentHashMap", Shape::Map),
    stands_for("java.util.concurrent.ConcurrentSkipListMap", Shape::Map),
];

/// Further collections and maps, for which no type in Rust stands, but for classes that extend them.
const COLLECTIONS: &[(&[&str], Shape)] = &[
    (
        &[
            "java.util.AbstractQueue",
            "java.util.AbstractSequentialList",
            "java.util.Deque",
            "java.util.Queue",
            "java.util.SequencedSet",
            "java.util.concurrent.ArrayBlockingQueue",
            "java.util.concurrent.BlockingDeque",
            "java.util.concurrent.BlockingQueue",
            "java.util.concurrent.ConcurrentLinkedDeque",
            "java.util.concurrent.ConcurrentLinkedQueue",
            "java.util.concurrent.DelayQueue",
            "java.util.concurrent.LinkedBlockingDeque",
            "java.util.concurrent.LinkedBlockingQueue",
            "java.util.concurrent.LinkedTransferQueue",
            "java.util.concurrent.PriorityBlockingQueue",
            "java.util.concurrent.TransferQueue",
        ],
        Shape::Elements,
    ),
    (
        &[
            "java.util.EnumMap",
            "java.util.IdentityHashMap",
            "java.util.Properties",
            "java.util.SequencedMap",
            "java.util.WeakHashMap",
            "java.util.concurrent.ConcurrentNavigableMap",
            "java.util.jar.Attributes",
        ],
        Shape::Map,
    ),
];

/// Packages and classes that Hessian cannot carry, and what to declare in their place. A name that ends
/// with `.` is a package with those below it.
const UNCARRIED: &[(&[&str], &str)] = &[
    (
        &[
            "java.io.InputStream",
            "java.io.OutputStream",
            "java.io.Reader",
            "java.io.Writer",
            "java.io.Closeable",
            "java.lang.AutoCloseable",
            "java.nio.",
        ],
        "declare a `byte[]`, or stream parts over Triple with a `StreamObserver<byte[]>`",
    ),
    (
        &[
            "java.util.Optional",
            "java.util.OptionalInt",
            "java.util.OptionalLong",
            "java.util.OptionalDouble",
        ],
        "declare the value itself, and let it be null",
    ),
    (
        &[
            "java.util.function.",
            "java.lang.Runnable",
            "java.util.concurrent.Callable",
            "java.util.Comparator",
        ],
        "declare an interface of your own as a callback, which the dubbo protocol carries",
    ),
    (
        &[
            "java.util.stream.",
            "java.util.Iterator",
            "java.util.ListIterator",
            "java.util.Enumeration",
            "java.util.Spliterator",
        ],
        "declare a `List`, or a `StreamObserver` over Triple",
    ),
    (
        &[
            "java.lang.Thread",
            "java.lang.ThreadGroup",
            "java.lang.ThreadLocal",
            "java.lang.ClassLoader",
            "java.lang.Process",
            "java.lang.Runtime",
            "java.lang.reflect.",
            "java.lang.invoke.",
            "java.lang.ref.",
            "java.util.Timer",
            "java.util.Scanner",
            "java.util.concurrent.locks.",
            "java.util.concurrent.Future",
            "java.util.concurrent.CompletableFuture",
            "java.util.concurrent.CompletionStage",
            "java.util.concurrent.Executor",
            "java.util.concurrent.ExecutorService",
            "java.util.concurrent.CountDownLatch",
            "java.util.concurrent.Semaphore",
            "java.net.Socket",
            "java.net.ServerSocket",
            "java.sql.Connection",
            "java.sql.ResultSet",
            "javax.sql.",
        ],
        "it lives in one process: declare the data that the other side needs",
    ),
];

/// The entry of a class that travels.
///
/// ```
/// use dubhe_codegen::jdk::{Shape, carried};
///
/// let map = carried("java.util.TreeMap").unwrap();
/// assert_eq!(map.rust, Shape::Map);
/// assert!(!map.own); // `HashMap` declares a `java.util.Map`
/// ```
pub fn carried(java: &str) -> Option<&'static Carried> {
    CARRIED.iter().find(|carried| carried.java == java)
}

/// The class that travels and has this name in Java's source, without its package. Of two it is the one of `java.util`,
/// before `java.sql`.
pub(crate) fn of_simple(name: &str) -> Option<&'static str> {
    let simple = |java: &str| java.rsplit('.').next().unwrap_or(java).replace('$', ".");
    CARRIED.iter().map(|carried| carried.java).find(|java| simple(java) == name)
}

/// The form of a collection or map of the JDK: one of [`Shape::List`], [`Shape::Elements`], [`Shape::Set`] and
/// [`Shape::Map`]. Of a class that extends it, Hessian writes the elements or entries.
pub(crate) fn collection(java: &str) -> Option<Shape> {
    // Alone, an `Iterable` is an object with fields.
    let carried = carried(java).filter(|_| java != "java.lang.Iterable").map(|of| of.rust);
    let further = || COLLECTIONS.iter().find(|(names, _)| names.contains(&java)).map(|of| of.1);
    carried
        .or_else(further)
        .filter(|shape| matches!(shape, Shape::List | Shape::Elements | Shape::Set | Shape::Map))
}

/// Returns what to declare in place of a class that Hessian cannot carry; `None` for all others.
pub fn uncarried(java: &str) -> Option<&'static str> {
    let among = |name: &&str| match name.strip_suffix('.') {
        Some(package) => {
            java.strip_prefix(package).is_some_and(|rest| rest.starts_with(['.', '$']))
        }
        None => {
            java.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('$'))
        }
    };
    UNCARRIED.iter().find(|(names, _)| names.iter().any(among)).map(|of| of.1)
}

/// Returns `true` for the names of exceptions of the JDK.
pub fn is_exception(java: &str) -> bool {
    is_jdk(java)
        && (java.ends_with("Exception") || java.ends_with("Error") || java.ends_with("Throwable"))
}

/// Returns `true` for the names of the JDK's own classes.
pub fn is_jdk(java: &str) -> bool {
    java.starts_with("java.") || java.starts_with("javax.")
}

/// The class that a Rust type of the facade declares, by the last part of its path: `Date`, `HashMap`,
/// `Value`. Of generic types, it is the class without arguments.
///
/// ```
/// assert_eq!(dubhe_codegen::jdk::of_rust("Uuid").unwrap().java, "java.util.UUID");
/// assert_eq!(dubhe_codegen::jdk::of_rust("BTreeMap").unwrap().java, "java.util.Map");
/// ```
pub fn of_rust(name: &str) -> Option<&'static Carried> {
    let shape = match name {
        "String" | "str" | "ByteString" => Some(Shape::String),
        "Value" => Some(Shape::Value),
        "Vec" | "VecDeque" => Some(Shape::List),
        "HashSet" | "BTreeSet" => Some(Shape::Set),
        "HashMap" | "BTreeMap" => Some(Shape::Map),
        _ => None,
    };
    CARRIED.iter().filter(|carried| carried.own).find(|carried| match (shape, carried.rust) {
        (Some(shape), rust) => rust == shape,
        (None, Shape::Named(named)) => named.path.rsplit("::").next() == Some(name),
        (None, _) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_there_once_and_each_rust_type_declares_one() {
        for (at, carried) in CARRIED.iter().enumerate() {
            assert!(CARRIED[..at].iter().all(|other| other.java != carried.java), "{carried:?}");
            let again = |other: &&Carried| other.own && carried.own && other.rust == carried.rust;
            assert_eq!(CARRIED[..at].iter().find(again), None, "{carried:?}");
            assert_eq!(uncarried(carried.java), None);
            if let (true, Shape::Named(named)) = (carried.own, carried.rust) {
                let name = named.path.rsplit("::").next().unwrap();
                assert_eq!(of_rust(name), Some(carried));
            }
        }
        assert_eq!(of_rust("Vec").unwrap().java, "java.util.List");
        assert_eq!(of_rust("Order"), None);
    }

    #[test]
    fn packages_and_nested_classes_are_refused_with_a_remedy() {
        for refused in
            ["java.util.function.Function", "java.lang.Thread$State", "java.util.Optional"]
        {
            assert!(uncarried(refused).is_some(), "{refused}");
        }
        for fine in ["java.util.functional", "java.lang.Threads", "org.example.Optional"] {
            assert_eq!(uncarried(fine), None);
        }
    }
}
