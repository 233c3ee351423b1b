package sample;

/** Without methods. */
public interface Marker {}
