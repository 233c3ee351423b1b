package sample;

public class OrderException extends Exception {
    public final int code;

    public OrderException(int code) { this.code = code; }

    /** Below what is declared. */
    public static class NotFound extends OrderException {
        public long id;
        public NotFound() { super(404); }
    }
}
