package sample;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import kotlin.coroutines.Continuation;
import org.apache.dubbo.common.stream.StreamObserver;

/**
 * Orders.
 */
public interface Orders extends Repository<Order, Long>, java.io.Serializable {
    int VERSION = 1;

    @Override Order save(Order entity);

    /**
     * Finds one.
     *
     * @param id its number
     * @return the order, or null
     */
    Order find(long id) throws OrderException, IOException;

    List<Order> find(long id, State... states);

    @Deprecated
    default String name(long width, int[][] text) { return hidden() + width; }

    private String hidden() { return ""; }

    static Orders none() { return null; }

    CompletableFuture<Order> later(Listener listener);

    CompletionStage<Void> done();

    CompletableFuture raw();

    <T extends Shape, L extends List<T>> T pick(L from, T or, Comparable<? super T> by);

    <T extends Comparable<T>> T most(List<T> of);

    void watch(Order of, StreamObserver<State> out);

    StreamObserver<Order> talk(StreamObserver<State> out);

    void many(int a, int b, StreamObserver<State> out);

    Object suspended(String name, Continuation<? super Order> continuation);

    Supplier<Listener> listeners();

    boolean equals(Object other);
}
