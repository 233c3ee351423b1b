package sample;

/** Not public. */
interface Hidden {
    void call();
}
