package peer.api;

/** A service that fails as it is told, for the view that each side has of the errors of the other. */
public interface Codes {
    /**
     * Fails with "closed": {@code call}, with the gRPC code of that number; {@code business}, with the
     * exception that stands for it; {@code rpc}, with the RpcException of that number; {@code unknown},
     * with an exception whose class the consumer lacks; {@code unserializable}, by a result that cannot
     * be sent.
     */
    Object fail(String kind, int code);
}
