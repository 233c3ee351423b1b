package sample;

/** Called back. */
public interface Listener {
    String changed(State state);
}
