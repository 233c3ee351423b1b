package peer.consumer;

import org.apache.dubbo.rpc.RpcException;
import peer.api.Codes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a consumer sees of each error, by the table in the documentation (system property errors). */
final class CodeCases {
    /** Names of RpcException.code by number; 2.7 has only some of them. */
    private static final List<String> RPC = List.of("UNKNOWN_EXCEPTION", "NETWORK_EXCEPTION", "TIMEOUT_EXCEPTION",
            "BIZ_EXCEPTION", "FORBIDDEN_EXCEPTION", "SERIALIZATION_EXCEPTION", "NO_INVOKER_AVAILABLE_AFTER_FILTER",
            "LIMIT_EXCEEDED_EXCEPTION", "TIMEOUT_TERMINATE", "REGISTRY_EXCEPTION", "ROUTER_CACHE_NOT_BUILD",
            "METHOD_NOT_FOUND", "VALIDATION_EXCEPTION", "AUTHORIZATION_EXCEPTION");

    static void add(Cases cases, Codes s, String wire) throws IOException {
        int number = 0;
        for (String[] row : table(Path.of(System.getProperty("errors")))) {
            int code = ++number;
            String name = row[0], rpc = row[wire.equals("tri") ? 2 : 1], business = row[3];
            cases.fails("codes/call/" + name, RpcException.class, t -> isOfCall(t, wire, name, rpc), () -> s.fail("call", code));
            cases.fails("codes/business/" + name, Exception.class, t -> is(t, business, "closed"), () -> s.fail("business", code));
        }
        if (number != 16) throw new IllegalStateException(number + " codes in the table");
        for (int i = 0; i < RPC.size(); i++) {
            int code = i;
            cases.fails("codes/rpc/" + RPC.get(i), RpcException.class,
                    t -> last(t).getCode() == code && last(t).getMessage().equals("closed"), () -> s.fail("rpc", code));
        }
        cases.fails("codes/wrapped", RuntimeException.class,
                t -> is(t, "java.lang.RuntimeException", "org.example.Unknown: closed"), () -> s.fail("wrapped", 5));
        cases.fails("codes/unknown", RuntimeException.class,
                t -> is(t, "java.lang.RuntimeException", "org.example.Unknown: closed"), () -> s.fail("unknown", 2));
    }

    private static boolean is(Throwable t, String type, String message) {
        return t.getClass().getName().equals(type) && message.equals(t.getMessage());
    }

    private static boolean isOfCall(Throwable t, String wire, String name, String rpc) {
        RpcException e = last(t);
        if (e.getCode() != RPC.indexOf(rpc) || !e.getMessage().contains("closed")) return false;
        return !wire.equals("tri") || e.toString().equals("org.apache.dubbo.rpc.StatusRpcException: " + name + " : closed");
    }

    /** The error of the call; Dubbo 3 throws it as the cause of another. */
    private static RpcException last(Throwable t) {
        RpcException last = null;
        for (Throwable c = t; c != null; c = c.getCause()) if (c instanceof RpcException) last = (RpcException) c;
        return last;
    }

    /** The rows of the table of codes; of each cell the first word in code, or all of it. */
    private static List<String[]> table(Path page) throws IOException {
        String section = Files.readString(page).split("## The code at the caller")[1].split("\n## ")[0];
        List<String[]> rows = new ArrayList<>();
        for (String line : section.split("\n")) {
            if (!line.startsWith("| `")) continue;
            String[] cells = line.substring(2).split(" \\| ");
            for (int i = 0; i < cells.length; i++) if (cells[i].startsWith("`")) cells[i] = cells[i].split("`")[1];
            rows.add(cells);
        }
        return rows;
    }
}
