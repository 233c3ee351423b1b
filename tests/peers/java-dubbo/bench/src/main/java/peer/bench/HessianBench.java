package peer.bench;

import com.alibaba.com.caucho.hessian.io.Hessian2Input;
import com.alibaba.com.caucho.hessian.io.Hessian2Output;
import com.alibaba.com.caucho.hessian.io.SerializerFactory;
import org.example.bench.Row;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Times hessian-lite on a list of 1,000 rows, after a warm-up of 20 s, and
 * prints the median of 15 rounds as one line of JSON.
 */
public class HessianBench {
    private static final int ROWS = 1_000;
    private static final SerializerFactory FACTORY = new SerializerFactory(HessianBench.class.getClassLoader());
    /** Keeps results alive, so that the work cannot be optimised away. */
    private static volatile Object sink;

    public static void main(String[] args) throws Exception {
        List<Row> rows = Row.list(ROWS);
        byte[] bytes = encode(rows);
        if (!rows.equals(decode(bytes))) throw new IllegalStateException("the list does not survive a round trip");

        Step encode = () -> sink = encode(rows);
        Step decode = () -> sink = decode(bytes);
        for (long end = System.nanoTime() + 20_000_000_000L; System.nanoTime() < end; ) {
            encode.run();
            decode.run();
        }
        System.out.printf(java.util.Locale.ROOT,
                "{\"encode_ns\":%.1f,\"decode_ns\":%.1f,\"bytes\":%d,\"rows\":%d}%n",
                median(encode), median(decode), bytes.length, ROWS);
    }

    private interface Step {
        void run() throws Exception;
    }

    /** Nanoseconds per row. */
    private static double median(Step step) throws Exception {
        double[] rounds = new double[15];
        for (int r = 0; r < rounds.length; r++) {
            int repeat = 200;
            long start = System.nanoTime();
            for (int i = 0; i < repeat; i++) step.run();
            rounds[r] = (double) (System.nanoTime() - start) / repeat / ROWS;
        }
        java.util.Arrays.sort(rounds);
        return rounds[rounds.length / 2];
    }

    private static byte[] encode(Object value) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256 << 10);
        Hessian2Output out = new Hessian2Output(bytes);
        out.setSerializerFactory(FACTORY);
        out.writeObject(value);
        out.flush();
        return bytes.toByteArray();
    }

    private static Object decode(byte[] bytes) throws Exception {
        Hessian2Input in = new Hessian2Input(new ByteArrayInputStream(bytes));
        in.setSerializerFactory(FACTORY);
        return in.readObject();
    }
}
