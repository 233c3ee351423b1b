package peer.bench;

import com.alibaba.fastjson2.JSON;
import com.google.protobuf.UnsafeByteOperations;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.bench.Echo;
import peer.proto.bench.Msg;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures echo calls and prints one line of JSON. A thread a call in flight,
 * as Dubbo's synchronous callers have. Over Triple the data is a protobuf message, and all calls
 * share one connection, whatever is asked for.
 *
 * Flags: -kind dubbo|triple -addr HOST:PORT -conns N -concurrency N -seconds N -warmup N -size BYTES
 */
public class Client {
    public static void main(String[] args) throws Exception {
        Map<String, String> flags = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) flags.put(args[i], args[i + 1]);
        int conns = Integer.parseInt(flags.getOrDefault("-conns", "1"));
        int concurrency = Integer.parseInt(flags.getOrDefault("-concurrency", "64"));
        double seconds = Double.parseDouble(flags.getOrDefault("-seconds", "5"));
        double warmup = Double.parseDouble(flags.getOrDefault("-warmup", "20"));
        byte[] payload = new byte[Integer.parseInt(flags.getOrDefault("-size", "100"))];
        Arrays.fill(payload, (byte) 'x');

        String kind = flags.getOrDefault("-kind", "dubbo");
        String addr = flags.getOrDefault("-addr", "127.0.0.1:20880");
        Echo echo = kind.equals("triple") ? triple(addr, conns) : connect(Echo.class, "dubbo://" + addr, conns);
        if (!Arrays.equals(payload, echo.echo(payload))) throw new IllegalStateException("the echo differs");

        long begin = System.nanoTime() + (long) (warmup * 1e9);
        long end = begin + (long) (seconds * 1e9);
        AtomicInteger errors = new AtomicInteger();
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < concurrency; i++) {
            Worker w = new Worker(echo, payload, begin, end, errors);
            workers.add(w);
            w.start();
        }
        long cpu = sleepAndMeasure(begin, end);
        for (Worker w : workers) w.join();
        report(kind, workers, conns, concurrency, payload.length, seconds, errors.get(), cpu);
        Runtime.getRuntime().halt(0);
    }

    private static Echo triple(String addr, int conns) {
        peer.proto.bench.Echo echo = connect(peer.proto.bench.Echo.class, "tri://" + addr, conns);
        return data -> {
            Msg request = Msg.newBuilder().setData(UnsafeByteOperations.unsafeWrap(data)).build();
            return echo.echo(request).getData().toByteArray();
        };
    }

    private static <T> T connect(Class<T> service, String url, int conns) {
        ApplicationConfig application = new ApplicationConfig("java-bench-client");
        application.setQosEnable(false);
        DubboBootstrap.getInstance().application(application).registry(new RegistryConfig("N/A")).start();
        ReferenceConfig<T> reference = new ReferenceConfig<>();
        reference.setInterface(service);
        reference.setUrl(url);
        reference.setConnections(conns);
        reference.setRetries(0);
        reference.setTimeout(10_000);
        return reference.get();
    }

    /** CPU time of this process between the two moments, in nanoseconds. */
    private static long sleepAndMeasure(long begin, long end) throws InterruptedException {
        OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Thread.sleep(Math.max(0, (begin - System.nanoTime()) / 1_000_000));
        long before = os.getProcessCpuTime();
        Thread.sleep(Math.max(0, (end - System.nanoTime()) / 1_000_000));
        return os.getProcessCpuTime() - before;
    }

    private static void report(String kind, List<Worker> workers, int conns, int concurrency, int size,
                               double seconds, int errors, long cpu) {
        long[] took = workers.stream().flatMapToLong(w -> Arrays.stream(w.took, 0, w.calls)).sorted().toArray();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("kind", kind);
        line.put("conns", conns);
        line.put("concurrency", concurrency);
        line.put("size", size);
        line.put("seconds", seconds);
        line.put("calls", took.length);
        line.put("errors", errors);
        line.put("rps", took.length / seconds);
        line.put("p50_us", at(took, 0.5));
        line.put("p99_us", at(took, 0.99));
        line.put("p999_us", at(took, 0.999));
        line.put("cpu_us_per_call", took.length == 0 ? 0 : cpu / 1e3 / took.length);
        System.out.println(JSON.toJSONString(line));
        System.out.flush();
    }

    private static double at(long[] sorted, double quantile) {
        return sorted.length == 0 ? 0 : sorted[(int) (quantile * (sorted.length - 1))] / 1e3;
    }

    private static final class Worker extends Thread {
        private final Echo echo;
        private final byte[] payload;
        private final long begin, end;
        private final AtomicInteger errors;
        long[] took = new long[1 << 12];
        int calls;

        Worker(Echo echo, byte[] payload, long begin, long end, AtomicInteger errors) {
            this.echo = echo;
            this.payload = payload;
            this.begin = begin;
            this.end = end;
            this.errors = errors;
        }

        @Override public void run() {
            for (;;) {
                long start = System.nanoTime();
                if (start - end > 0) return;
                boolean same = false;
                try {
                    same = Arrays.equals(payload, echo.echo(payload));
                } catch (RuntimeException failed) {
                    // counted below
                }
                long done = System.nanoTime();
                if (start - begin < 0 || done - end > 0) continue;
                if (!same) {
                    errors.incrementAndGet();
                    continue;
                }
                if (calls == took.length) took = Arrays.copyOf(took, calls * 2);
                took[calls++] = done - start;
            }
        }
    }
}
