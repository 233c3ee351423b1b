package peer.api;

import java.util.List;

/** Methods whose last argument is a callback; over the dubbo protocol alone. */
public interface CallbackService {
    /** What the listener answers, while the call is served. */
    String ask(String text, CallbackListener listener);
    /** Keeps the listener; the number of those that are kept. */
    int follow(CallbackListener listener);
    /** Forgets the listener (callback=false); the number of those that are kept. */
    int leave(CallbackListener listener);
    /** Calls all listeners that are kept; their answers. */
    List<String> publish(String text);
}
