package peer.api;

/** Exported under several groups and versions, each of which knows its own name. */
public interface PlaceService {
    /** group + ":" + version, as the provider was exported. */
    String where();
    /** Replies after the given time; the provider publishes a timeout of 300 ms for it. */
    String slow(int millis);
    /** Replies after the given time; the provider publishes a timeout of 5000 ms for it. */
    String patient(int millis);
}
