package sample;

/** The state of an order. */
public enum State {
    /** Not paid. */
    NEW("n") { @Override public boolean isOpen() { return true; } },
    @Deprecated PAID("p");

    private final String code;

    State(String code) { this.code = code; }

    public boolean isOpen() { return false; }
}
