package peer.bench;

import org.apache.dubbo.common.URL;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.registry.NotifyListener;
import org.apache.dubbo.registry.Registry;
import org.apache.dubbo.registry.support.AbstractRegistryFactory;
import org.apache.dubbo.registry.support.FailbackRegistry;
import org.apache.dubbo.rpc.service.GenericService;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Follows a fleet that is made up in this process, as benches/src/bin/fleet does, at the interface
 * level, and prints one line of JSON: the heap of an endpoint in bytes, the milliseconds until all
 * instances are known, and the share of a core that -changes a minute take for -seconds. Nothing is
 * connected: references are lazy.
 *
 * Flags: -services N -instances N -port N -changes N -seconds N -warmup SECONDS
 */
public class Fleet {
    /** The number of parameters that each service has of its own. */
    private static final int OWN = 15;
    private static final String NAME = "org.example.bench.fleet.Service-";

    /** The instances of each service, by their numbers. */
    private static int[][] members;
    private static int port;
    private static Made registry;

    /** The factory of the registry. */
    public static class Factory extends AbstractRegistryFactory {
        @Override
        protected Registry createRegistry(URL url) {
            registry = new Made(url);
            return registry;
        }
    }

    /** A registry whose providers are made up. */
    private static class Made extends FailbackRegistry {
        private final Map<String, Map.Entry<URL, NotifyListener>> followers = new ConcurrentHashMap<>();

        Made(URL url) { super(url); }

        @Override public void doRegister(URL url) {}
        @Override public void doUnregister(URL url) {}
        @Override public void doUnsubscribe(URL url, NotifyListener listener) {}
        @Override public boolean isAvailable() { return true; }

        @Override
        public void doSubscribe(URL url, NotifyListener listener) {
            String name = url.getServiceInterface();
            if (!name.startsWith(NAME)) return;
            followers.put(name, Map.entry(url, listener));
            tell(Integer.parseInt(name.substring(NAME.length())));
        }

        /** Tells the follower of a service all its providers, as read from their texts. */
        void tell(int service) {
            List<URL> urls = new ArrayList<>();
            for (int member : members[service]) urls.add(URL.valueOf(provider(service, member)));
            Map.Entry<URL, NotifyListener> follower = followers.get(NAME + service);
            notify(follower.getKey(), follower.getValue(), urls);
        }
    }

    private static String provider(int service, int member) {
        String name = NAME + service;
        StringBuilder text = new StringBuilder();
        text.append("dubbo://127.").append(Math.max(1, member >> 16 & 255)).append('.').append(member >> 8 & 255)
                .append('.').append(member & 255).append(':').append(port).append('/').append(name)
                .append("?application=fleet&dubbo=2.0.2&interface=").append(name)
                .append("&methods=echo&release=3.3.6&side=provider&timestamp=").append(1_700_000_000_000L + member);
        for (int i = 0; i < OWN; i++) {
            text.append(String.format(Locale.ROOT, "&parameter.%02d=a-value-of-%02d", i, i));
        }
        return text.toString();
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> flags = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) flags.put(args[i], args[i + 1]);
        int services = Integer.parseInt(flags.getOrDefault("-services", "500"));
        int instances = Integer.parseInt(flags.getOrDefault("-instances", "10000"));
        int changes = Integer.parseInt(flags.getOrDefault("-changes", "1000"));
        double seconds = Double.parseDouble(flags.getOrDefault("-seconds", "20"));
        double warmup = Double.parseDouble(flags.getOrDefault("-warmup", "20"));
        port = Integer.parseInt(flags.getOrDefault("-port", "20880"));
        members = new int[services][instances / services];
        for (int i = 0; i < members.length * members[0].length; i++) members[i / members[0].length][i % members[0].length] = i;

        System.setProperty("dubbo.application.service-discovery.migration", "FORCE_INTERFACE");
        ApplicationConfig application = new ApplicationConfig("java-fleet");
        application.setQosEnable(false);
        RegistryConfig made = new RegistryConfig("fleet://127.0.0.1:1");
        made.setUseAsConfigCenter(false);
        made.setUseAsMetadataCenter(false);
        made.setParameters(new HashMap<>(Map.of("file.cache", "false")));
        DubboBootstrap.getInstance().application(application).registry(made).start();

        long before = heap(), begun = System.nanoTime();
        List<GenericService> kept = new ArrayList<>();
        for (int service = 0; service < services; service++) {
            ReferenceConfig<GenericService> reference = new ReferenceConfig<>();
            reference.setInterface(NAME + service);
            reference.setGeneric("true");
            reference.setLazy(true);
            reference.setCheck(false);
            kept.add(reference.get());
        }
        if (registry.followers.size() != services) throw new IllegalStateException("not all services are followed");
        long ready = (System.nanoTime() - begun) / 1_000_000;
        double bytes = (double) (heap() - before) / instances;

        int change = change(0, changes, warmup);
        OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = os.getProcessCpuTime();
        begun = System.nanoTime();
        change(change, changes, seconds);
        double core = 100.0 * (os.getProcessCpuTime() - cpu) / (System.nanoTime() - begun);
        System.out.printf(Locale.ROOT, "{\"bytes\":%.0f,\"ready_ms\":%d,\"core_percent\":%.2f}%n", bytes, ready, core);
        System.out.flush();
        Runtime.getRuntime().halt(kept.size() == services ? 0 : 1);
    }

    /** Replaces instances by new ones, so many a minute. */
    private static int change(int change, int changes, double seconds) throws InterruptedException {
        long begun = System.nanoTime();
        for (int i = 0; System.nanoTime() - begun < seconds * 1e9; i++, change++) {
            int service = change % members.length, place = change / members.length % members[service].length;
            members[service][place] = members[service][place] % 1_000_000 + 1_000_000 + change;
            registry.tell(service);
            long next = begun + (i + 1) * 60_000_000_000L / changes;
            Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
        }
        return change;
    }

    /** The bytes that are reachable. */
    private static long heap() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(100);
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
