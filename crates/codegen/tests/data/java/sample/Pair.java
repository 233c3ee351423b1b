package sample;

public class Pair<A extends Comparable<A>, B> implements java.io.Serializable {
    public A first;
    public B[] second;

    public class Both {
        public A a;
        @Override public String toString() { return "" + first; }
    }
}
