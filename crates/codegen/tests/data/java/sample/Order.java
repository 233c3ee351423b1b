package sample;

import java.util.List;
import java.util.Map;
import javax.script.Bindings;

/** An order, see {@link Orders#find}. */
public class Order extends Entity {
    /** Its lines. */
    private List<Line> lines;
    private Map<String, ? extends List<int[]>> cells;
    private State state;
    private Order parent;
    @Deprecated private Page<Shape> shapes;
    private Page raw;
    private Inner inner;
    private Unknown unknown;
    private Pair<String, Order>.Both both;

    /** A line. */
    public static class Line extends Entity {
        public int amount;
    }

    /** A class that is not static. */
    public class Inner {
        public String name;
        @Override public String toString() { return name + id; }
    }
}
