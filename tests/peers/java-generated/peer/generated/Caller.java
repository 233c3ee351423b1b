package peer.generated;

import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.User;
import org.example.Users;

/** Calls the example provider at a URL through the interface that is generated from its trait. */
public final class Caller {
    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("java-generated");
        application.setQosEnable(false);
        DubboBootstrap.getInstance().application(application).registry(new RegistryConfig("N/A")).start();

        ReferenceConfig<Users> reference = new ReferenceConfig<>();
        reference.setInterface(Users.class);
        reference.setUrl(args[0]);
        reference.setProtocol(args[0].replaceAll(":.*", ""));
        reference.setVersion("1.0.0");
        reference.setTimeout(10_000);
        reference.setRetries(0);
        int code = 0;
        try {
            call(reference.get());
            System.out.println("called");
        } catch (RuntimeException e) {
            System.err.println(e);
            code = 1;
        }
        System.out.flush();
        // Leave without waiting for the framework's threads.
        Runtime.getRuntime().halt(code);
    }

    private static void call(Users users) {
        User ada = new User();
        ada.setId(1);
        ada.setName("Ada");
        ada.setBorn(new Date(-4_874_688_000_000L));
        expect(ada, users.getUser(1));
        expect(null, users.getUser(2));
        List<User> all = users.listAll();
        expect(Arrays.asList(ada), all);
        expect(Arrays.asList(ada).hashCode(), all.hashCode());
    }

    private static void expect(Object expected, Object actual) {
        if (expected == null ? actual != null : !expected.equals(actual)) {
            throw new IllegalStateException("expected " + expected + ", got " + actual);
        }
    }

    private Caller() {}
}
