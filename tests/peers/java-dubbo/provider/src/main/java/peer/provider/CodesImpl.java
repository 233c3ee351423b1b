package peer.provider;

import org.apache.dubbo.rpc.RpcException;
import peer.api.Codes;

import java.util.NoSuchElementException;

/** Fails as it is told. */
public class CodesImpl implements Codes {
    @Override public Object fail(String kind, int code) {
        switch (kind) {
            case "call": throw status(code);
            case "business": throw exception(code);
            case "rpc": throw new RpcException(code, "closed");
            case "unknown": throw new Undeclared("closed");
            case "unserializable": return new Thread();
            default: throw new IllegalArgumentException("kind " + kind);
        }
    }

    /** An error of Triple, which Dubbo 2.7 has not. */
    private static RuntimeException status(int code) {
        try {
            Class<?> status = Class.forName("org.apache.dubbo.rpc.TriRpcStatus");
            Object closed = status.getMethod("fromCode", int.class).invoke(null, code);
            closed = status.getMethod("withDescription", String.class).invoke(closed, "closed");
            return (RuntimeException) status.getMethod("asException").invoke(closed);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException(e);
        }
    }

    private static RuntimeException exception(int code) {
        switch (code) {
            case 3: return new IllegalArgumentException("closed");
            case 5: return new NoSuchElementException("closed");
            case 7: return new SecurityException("closed");
            case 9: return new IllegalStateException("closed");
            case 11: return new IndexOutOfBoundsException("closed");
            default: return new RuntimeException("closed");
        }
    }
}
