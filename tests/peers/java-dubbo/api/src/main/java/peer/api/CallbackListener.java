package peer.api;

public interface CallbackListener {
    /** name + ": " + text */
    String changed(String text);
}
