package peer.api;

import java.util.List;

public class ArrayPage<T> implements java.io.Serializable {
    public int number;
    public T[] items;
    public List<T>[] rows;
}
