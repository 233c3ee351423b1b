package kotlin.coroutines;

/** Stands for the interface that suspend functions of Kotlin take. */
public interface Continuation<T> {
    void resumeWith(Object result);
}
