//! `org.example.shop`: generics, hierarchies, recursion, clashes, exceptions, streams, callbacks.

use dubhe_codegen::model::Declared;

use crate::make::{abstract_class, exception, object, service, with_class};

pub(crate) fn types() -> Vec<Declared> {
    [values(), hierarchies(), recursion(), names(), exceptions(), services()].concat()
}

fn values() -> Vec<Declared> {
    vec![
        object(
            "Types",
            "boolean z; byte b; short s; char c; int i; long l; float f; double d; Boolean boxedZ; \
             Integer boxedI; Float boxedF; @NonNull Long present; byte[] bytes; byte[][] parts; \
             int[] ints; long[][] matrix; String[] strings; Integer[] boxedInts; Object any; \
             List<Integer> numbers; List<List<String>> nested; BigDecimal price; BigInteger count; \
             Date born; Instant at; LocalDate day; ZonedDateTime meeting; Duration length; UUID id; \
             Locale locale; Class type; Throwable error",
        ),
        object(
            "Keys",
            "Set<Long> numbers; Set<Double> sizes; Map<UUID, Integer> byId; Map<Double, String> bySize; \
             Map<Colour, List<Integer>> byColour; Map<Address, String> byAddress; Collection<String> all; \
             ArrayList<User> users; LinkedHashSet<Long> ordered; TreeMap<String, Long> sorted; \
             Number number; Serializable anything",
        ),
        object("Page<T>", "int number; List<T> items; T first; T[] rest; Map<T, String> byItem"),
        object("Event<T, U>", "long at; T what"),
        object("UserPage extends Page<User>", "String query"),
        object(
            "Pages",
            "Page<Integer> numbers; Page<String> texts; Page raw; Event<Colour, User> last",
        ),
        object("Empty", ""),
        object(
            "Locked",
            "int id; InputStream content; Optional<String> name; List<Runnable> tasks; \
             org.other.Thing thing; Money price",
        ),
        object("Money", "long amount; String currency"),
    ]
}

fn hierarchies() -> Vec<Declared> {
    vec![
        abstract_class("Shape", "String name"),
        object("Shape$Circle extends Shape", "double radius"),
        object("Shape$Square extends Shape", "int side"),
        object("RoundedSquare extends Shape$Square", "int radius"),
        object("Drawing", "List<Shape> shapes; Shape frame"),
        abstract_class("Nowhere", "int id"),
        abstract_class("Holder<T>", "T held"),
        object("Holder$OfText extends Holder<String>", "int length"),
        object("Holder$Any<T> extends Holder<T>", "boolean set"),
        object("Wrapped<T>", "T content; int size"),
        object("Wrapped$Text extends Wrapped<Optional<String>>", "int length; Integer weight"),
        object("Wrapped$Twice<T> extends Wrapped<T>", "int twice"),
        object("Wrapped$Stream extends Wrapped$Twice<InputStream>", "int length"),
        object("Maybes extends ArrayList<Optional<String>>", ""),
        object("Maybes$Contents extends TreeMap<String, InputStream>", ""),
        object("Maybes$Held", "Maybes maybes; List<Maybes$Contents> contents"),
    ]
}

fn recursion() -> Vec<Declared> {
    vec![
        object("Tree", "String label; Tree left; @Nullable Tree right; List<Tree> more"),
        object("Ping", "int count; Pong pong"),
        object("Pong", "Ping ping; Page<Ping> page"),
        abstract_class("Expr", ""),
        object("Expr$Sum extends Expr", "Expr left; Expr right"),
        object("Expr$Literal extends Expr", "int value"),
        object("Node", "Node next; Node[] all"),
        object("Knot<T>", "T parent; int weight"),
        object("Knot$Leaf extends Knot<Knot$Leaf>", "int value"),
        object("Knot$Twig<T> extends Knot<T>", "Optional<T> lost"),
        object("Knot$Bud extends Knot$Twig<Knot$Bud>", "int petals"),
        object("Crossed<T>", "Event<T, Integer> other"),
        object("Crossed$One extends Crossed<Crossed$Two>", "int one"),
        object("Crossed$Two extends Crossed<Crossed$One>", "int two"),
    ]
}

fn names() -> Vec<Declared> {
    vec![
        object(
            "Order",
            "long id; List<Order$Line> lines; org.example.shop.sales.Order sold; Date at; \
             org.example.shop.Date due",
        ),
        object("Order$Line", "String item; int count"),
        object("OrderLine", "String old"),
        object("org.example.shop.sales.Order", "String seller; org.example.shop.Order from"),
        object("OrdersClient", "String name"),
        object("Result<T>", "boolean ok; T data"),
        object("org.example.shop.Date", "int year"),
        object("If", "int if"),
        object("1", "int 1; int größe"),
    ]
}

fn exceptions() -> Vec<Declared> {
    vec![
        exception("ShopException extends Exception", "int code"),
        exception("NoFunds extends ShopException", "long missing; String message"),
        with_class(exception("Fatal extends java.lang.RuntimeException", "String part"), |class| {
            class.is_abstract = true;
        }),
        exception("Fatal$Burnt extends Fatal", "int degrees"),
        exception("Fatal$Lost extends Fatal", ""),
    ]
}

fn services() -> Vec<Declared> {
    vec![
        service(
            "Orders",
            &[
                "Order find(long id)",
                "Order find(Long id)",
                "List<Order> find(String name, int[] states)",
                "List<Order> findAll()",
                "void pay(Order order, BigDecimal amount) throws ShopException, java.io.IOException",
                "void burn(Order order) throws Fatal",
                "Page<Order> page(Page<Integer> like, Result<String> before)",
                "Shape draw(Shape shape, Expr expr)",
                "Node walk(Node node)",
                "Keys keys(Keys keys, Types types)",
                "int add(Collection<Order> orders, ArrayList<String> names, Set<Double> sizes, \
                 Map<Double, String> bySize, Serializable any, Integer[] counts, Number[] more)",
                "String client(int type)",
                "void upload(InputStream content)",
                "org.other.Thing thing(org.other.Thing thing)",
            ],
        ),
        service(
            "Loose",
            &[
                "Maybes maybes(Maybes of, Maybes$Held held)",
                "Wrapped$Text wrapped(Wrapped$Stream of, Knot$Bud bud)",
            ],
        ),
        service("Listener", &["void changed(Order order)"]),
        service("Feed", &["int follow(String topic, Listener listener)", "Listener last()"]),
        service(
            "Stock",
            &[
                "server Order watch(long since, List<String> names)",
                "both Order store(Long ids)",
                "int count()",
            ],
        ),
    ]
}
