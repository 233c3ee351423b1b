package sample;

import java.util.Collection;
import java.util.List;

/** What services of entities have. */
public interface Repository<T extends Entity, K> {
    /**
     * Saves one.
     *
     * @param entity what is saved
     */
    T save(T entity);

    /** All of them. */
    List<T> all(Collection<? extends K> keys, K[] more);

    /** Counts. */
    long count();
}
