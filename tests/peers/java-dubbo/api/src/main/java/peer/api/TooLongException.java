package peer.api;

/** A subclass of what a method declares. */
public class TooLongException extends GreetException {
    public int limit;

    public TooLongException() {}

    public TooLongException(String message, int code, String detail, int limit) {
        super(message, code, detail);
        this.limit = limit;
    }
}
