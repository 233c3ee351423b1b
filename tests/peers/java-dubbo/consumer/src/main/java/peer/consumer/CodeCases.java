package peer.consumer;

import org.apache.dubbo.rpc.RpcException;
import peer.api.Codes;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;

final class CodeCases {
    static void add(Cases cases, Codes s) {
        for (String kind : new String[] {"call", "business", "rpc", "unknown", "wrapped", "unserializable"}) {
            for (int i = 1; i <= 16; i++) {
                int code = i;
                if (kind.startsWith("un") && i > 1) break;
                cases.add("codes/" + kind + "/" + i, () -> {
                    try {
                        Object o = s.fail(kind, code);
                        throw new AssertionError("no exception but " + o);
                    } catch (Throwable t) {
                        throw new AssertionError(view(t));
                    }
                });
            }
        }
    }
    static String view(Throwable t) {
        List<String> out = new ArrayList<>();
        for (Throwable c = t; c != null && out.size() < 5; c = c.getCause()) {
            String v = c.getClass().getName();
            if (c instanceof RpcException) v += ":" + name(((RpcException) c).getCode());
            try { Object st = c.getClass().getMethod("getStatus").invoke(c); v += ":" + st.getClass().getField("code").get(st); } catch (ReflectiveOperationException e) {}
            String m = String.valueOf(c.getMessage());
            out.add(v + " «" + m.replace('\n', '|').substring(0, Math.min(m.length(), 150)) + "»" + m.length());
        }
        return String.join(" > ", out);
    }
    private static String name(int code) {
        for (Field f : RpcException.class.getFields()) {
            try {
                if (Modifier.isStatic(f.getModifiers()) && f.getType() == int.class && f.getInt(null) == code) return f.getName();
            } catch (IllegalAccessException e) { throw new AssertionError(e); }
        }
        return "" + code;
    }
}
