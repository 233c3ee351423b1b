package peer.generated;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.Account;
import org.example.InsufficientFundsException;
import org.example.Listener;
import org.example.Prices;
import org.example.Primes;
import org.example.User;
import org.example.Users;

/** Calls the examples through the interfaces that are generated from their traits: users, account, primes, prices. */
public final class Caller {
    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("java-generated");
        application.setQosEnable(false);
        DubboBootstrap.getInstance().application(application).registry(new RegistryConfig("N/A")).start();

        int code = 0;
        try {
            users(refer(Users.class, "1.0.0", args[0]));
            account(refer(Account.class, null, args[1]));
            primes(refer(Primes.class, null, args[2]));
            // Over Triple a method has no callbacks.
            if (args.length > 3) {
                prices(refer(Prices.class, null, args[3] + "?callbacks=2&follow.0.callback=true&follow.return=true"
                        + "&leave.0.callback=false&leave.return=true"));
            }
            System.out.println("called " + args.length);
        } catch (Exception e) {
            e.printStackTrace();
            code = 1;
        }
        System.out.flush();
        // Leave without waiting for the framework's threads.
        Runtime.getRuntime().halt(code);
    }

    private static <T> T refer(Class<T> type, String version, String url) {
        ReferenceConfig<T> reference = new ReferenceConfig<>();
        reference.setInterface(type);
        reference.setUrl(url);
        reference.setProtocol(url.replaceAll(":.*", ""));
        reference.setVersion(version);
        reference.setTimeout(10_000);
        reference.setRetries(0);
        return reference.get();
    }

    private static void users(Users users) {
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

    private static void account(Account account) throws InsufficientFundsException {
        expect(70L, account.withdraw(30));
        try {
            account.withdraw(130);
            throw new IllegalStateException("130 of 100 were paid");
        } catch (InsufficientFundsException e) {
            expect("not enough", e.getMessage());
            expect(30L, e.getMissing());
        }
        try {
            account.close();
        } catch (RuntimeException e) {
            expect(true, e.getMessage().contains("the account is not empty"));
            return;
        }
        throw new IllegalStateException("the account was closed");
    }

    private static void primes(Primes primes) {
        expect(25, primes.count(100));
    }

    private static void prices(Prices prices) {
        List<Long> seen = new ArrayList<>();
        Listener listener = price -> {
            seen.add(price);
            return "Java has seen " + price;
        };
        prices.follow(listener);
        expect(Arrays.asList("Java has seen 42"), prices.set(42));
        prices.leave(listener);
        expect(Arrays.asList(), prices.set(43));
        expect(Arrays.asList(42L), seen);
    }

    private static void expect(Object expected, Object actual) {
        if (expected == null ? actual != null : !expected.equals(actual)) {
            throw new IllegalStateException("expected " + expected + ", got " + actual);
        }
    }

    private Caller() {}
}
