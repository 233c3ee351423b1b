package peer.consumer;

import org.apache.dubbo.config.MethodConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.rpc.RpcException;
import org.apache.dubbo.rpc.service.GenericService;
import peer.api.*;

import java.util.ArrayList;
import java.util.List;

/** Dubbo's own conventions: groups, what providers publish, callbacks, exceptions. */
final class ConventionCases {
    /** What the provider publishes, for a consumer that looks in no registry. */
    private static final String PUBLISHED = "&slow.timeout=300&patient.timeout=5000";

    private final Consumer consumer;
    private final boolean direct;

    private ConventionCases(Consumer consumer, boolean direct) {
        this.consumer = consumer;
        this.direct = direct;
    }

    static void add(Cases cases, Consumer consumer, GenericService greets, String url) {
        ConventionCases own = new ConventionCases(consumer, url != null);
        own.places(cases, url);
        own.values(cases);
        if (!"tri".equals(System.getProperty("protocol")) && (url == null || url.startsWith("dubbo"))) own.callbacks(cases, url);
        exceptionClass(cases, greets, "throwChecked", "peer.api.GreetException");
        exceptionClass(cases, greets, "throwRuntime", "peer.api.GreetRuntimeException");
        exceptionClass(cases, greets, "throwJdk", "java.lang.IllegalStateException");
    }

    /** A reference without a timeout of its own; at, group and version are those of the provider it is to reach. */
    private ReferenceConfig<PlaceService> place(String url, String group, String version, String at) {
        ReferenceConfig<PlaceService> r = consumer.reference(PlaceService.class);
        r.setTimeout(null);
        r.setGroup(group);
        r.setVersion(version);
        if (direct) r.setUrl(url + at + PUBLISHED);
        return r;
    }

    private void places(Cases cases, String url) {
        where(cases, url, "one", "south", "2.0.0", "?group=south&version=2.0.0", List.of("south:2.0.0"));
        where(cases, url, "any", "*", "*", "?group=south&version=1.0.0", List.of("north:1.0.0", "south:1.0.0", "south:2.0.0"));
        where(cases, url, "list", "east,north", "1.0.0", "?group=north&version=1.0.0", List.of("north:1.0.0"));
        where(cases, url, "any-version", "north", "*", "?group=north&version=1.0.0", List.of("north:1.0.0"));

        PlaceService place = place(url, "north", "1.0.0", "?group=north&version=1.0.0").get();
        cases.fails("published/slow", RpcException.class, ConventionCases::isTimeout, () -> place.slow(1_500));
        cases.equal("published/patient", "slept 1500", () -> place.patient(1_500));
        ReferenceConfig<PlaceService> own = place(url, "north", "1.0.0", "?group=north&version=1.0.0");
        MethodConfig method = new MethodConfig();
        method.setName("patient");
        method.setTimeout(300);
        own.setMethods(List.of(method));
        cases.fails("published/own", RpcException.class, ConventionCases::isTimeout, () -> own.get().patient(1_500));
    }

    private void where(Cases cases, String url, String name, String group, String version, String at, List<String> any) {
        PlaceService place = place(url, group, version, at).get();
        cases.add("groups/" + name, () -> {
            String where = place.where();
            if (!any.contains(where)) throw new AssertionError("got " + where);
        });
    }

    private static boolean isTimeout(Throwable t) {
        return ((RpcException) t).isTimeout() || t.getMessage().contains("DEADLINE_EXCEEDED");
    }

    @SuppressWarnings("unchecked")
    private void values(Cases cases) {
        ConventionService s = consumer.<ConventionService>reference(ConventionService.class).get();
        cases.add("conventions/array-page", () -> {
            ArrayPage<User> page = new ArrayPage<>();
            page.number = 3;
            page.items = new User[] {Samples.user(1), Samples.user(2)};
            page.rows = new List[] {new ArrayList<>(List.of(Samples.user(3))), new ArrayList<>()};
            Cases.same(page, s.echoArrayPage(page));
        });
        cases.add("conventions/rows", () -> {
            List<String>[] rows = new List[] {new ArrayList<>(List.of("a", "b")), new ArrayList<>()};
            Cases.same(rows, s.echoRows(rows));
        });
        cases.fails("conventions/subclass", GreetException.class,
                t -> t instanceof TooLongException && ((TooLongException) t).limit == 7 && ((GreetException) t).code == 42
                        && "too long".equals(t.getMessage()) && "d".equals(((GreetException) t).detail)
                        && t.getCause() instanceof IllegalStateException && t.getSuppressed()[0] instanceof IllegalArgumentException,
                () -> s.throwSubclass(7));
    }

    private void callbacks(Cases cases, String url) {
        ReferenceConfig<CallbackService> r = consumer.reference(CallbackService.class);
        // A reference of Dubbo Java knows from the provider alone which arguments are callbacks, and
        // at a URL looks only for those of methods that have some parameter without a number.
        if (direct) r.setUrl(url + "?ask.1.callback=true&ask.return=true&follow.0.callback=true&follow.return=true"
                + "&leave.0.callback=false&leave.return=true");
        CallbackService s = r.get();
        CallbackListener ada = text -> "Ada: " + text, bea = text -> "Bea: " + text;
        for (int i = 0; i < 4; i++) cases.equal("callbacks/ask/" + i, "Ada: hello", () -> s.ask("hello", ada));
        cases.equal("callbacks/follow", 1, () -> s.follow(ada));
        cases.equal("callbacks/again", 1, () -> s.follow(ada));
        cases.equal("callbacks/publish", new ArrayList<>(List.of("Ada: x")), () -> s.publish("x"));
        cases.fails("callbacks/limit", RuntimeException.class, Cases.says("callback instances"), () -> s.follow(bea));
        cases.equal("callbacks/leave", 0, () -> s.leave(ada));
        cases.equal("callbacks/other", 1, () -> s.follow(bea));
        cases.equal("callbacks/published", new ArrayList<>(List.of("Bea: y")), () -> s.publish("y"));
        cases.equal("callbacks/end", 0, () -> s.leave(bea));
    }

    /** The classes of GenericException differ between Dubbo 2.7 and 3; both have this property. */
    private static void exceptionClass(Cases cases, GenericService g, String method, String expected) {
        cases.fails("generic/exception-class/" + method, RuntimeException.class,
                t -> {
                    try {
                        return expected.equals(t.getClass().getMethod("getExceptionClass").invoke(t));
                    } catch (ReflectiveOperationException e) {
                        return false;
                    }
                },
                () -> g.$invoke(method, new String[] {"java.lang.String"}, new Object[] {"why"}));
    }
}
