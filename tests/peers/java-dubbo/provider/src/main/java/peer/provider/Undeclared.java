package peer.provider;

/** An exception that no consumer has. */
public class Undeclared extends RuntimeException {
    public Undeclared(String message) { super(message); }
}
