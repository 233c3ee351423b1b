package peer.provider;

import org.apache.dubbo.config.ArgumentConfig;
import org.apache.dubbo.config.MethodConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import peer.api.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Services for Dubbo's own conventions: groups, what providers publish, callbacks, exceptions. */
final class Conventions {
    static void export(DubboBootstrap bootstrap, String protocol) {
        place(bootstrap, "north", "1.0.0");
        place(bootstrap, "south", "1.0.0");
        place(bootstrap, "south", "2.0.0");

        ServiceConfig<ConventionService> conventions = new ServiceConfig<>();
        conventions.setId("conventions");
        conventions.setInterface(ConventionService.class);
        conventions.setRef(new Impl());
        bootstrap.service(conventions);

        if (!protocol.equals("dubbo")) return;
        ServiceConfig<CallbackService> callbacks = new ServiceConfig<>();
        callbacks.setId("callbacks");
        // That of calls to callbacks too, for which 3.2 prefers fastjson2.
        callbacks.setParameters(Map.of("prefer.serialization", "hessian2"));
        callbacks.setInterface(CallbackService.class);
        callbacks.setRef(new Callbacks());
        callbacks.setMethods(List.of(callback("ask", 1, true), callback("follow", 0, true), callback("leave", 0, false)));
        bootstrap.service(callbacks);
    }

    private static void place(DubboBootstrap bootstrap, String group, String version) {
        ServiceConfig<PlaceService> place = new ServiceConfig<>();
        place.setId("place-" + group + version);
        place.setInterface(PlaceService.class);
        place.setRef(new Place(group + ":" + version));
        place.setGroup(group);
        place.setVersion(version);
        place.setMethods(List.of(timeout("slow", 300), timeout("patient", 5_000)));
        bootstrap.service(place);
    }

    private static MethodConfig timeout(String name, int millis) {
        MethodConfig method = new MethodConfig();
        method.setName(name);
        method.setTimeout(millis);
        return method;
    }

    private static MethodConfig callback(String name, int index, boolean create) {
        ArgumentConfig argument = new ArgumentConfig();
        argument.setIndex(index);
        argument.setCallback(create);
        MethodConfig method = new MethodConfig();
        method.setName(name);
        method.setArguments(List.of(argument));
        return method;
    }

    private static final class Place implements PlaceService {
        private final String name;

        Place(String name) { this.name = name; }

        @Override public String where() { return name; }
        @Override public String slow(int millis) { return new GreetServiceImpl().sleep(millis); }
        @Override public String patient(int millis) { return new GreetServiceImpl().sleep(millis); }
    }

    private static final class Callbacks implements CallbackService {
        private final List<CallbackListener> listeners = new CopyOnWriteArrayList<>();

        @Override public String ask(String text, CallbackListener listener) { return listener.changed(text); }

        @Override public int follow(CallbackListener listener) {
            if (listeners.stream().noneMatch(other -> other == listener)) listeners.add(listener);
            return listeners.size();
        }

        @Override public int leave(CallbackListener listener) {
            listeners.removeIf(other -> other == listener);
            return listeners.size();
        }

        @Override public List<String> publish(String text) {
            List<String> answers = new ArrayList<>();
            for (CallbackListener listener : listeners) answers.add(listener.changed(text));
            return answers;
        }
    }

    private static final class Impl implements ConventionService {
        @Override public ArrayPage<User> echoArrayPage(ArrayPage<User> v) { return v; }
        @Override public List<String>[] echoRows(List<String>[] v) { return v; }

        @Override public String throwSubclass(int limit) throws GreetException {
            TooLongException e = new TooLongException("too long", 42, "d", limit);
            e.initCause(new IllegalStateException("cause"));
            e.addSuppressed(new IllegalArgumentException("suppressed"));
            throw e;
        }
    }
}
