package sample;

/** Data, not a service: a record implements it. */
public sealed interface Shape {
    double area();

    record Circle(double radius) implements Shape, java.io.Serializable {
        @Override public double area() { return radius; }
    }

    non-sealed class Polygon implements Shape {
        public double[] sides;
        @Override public double area() { return 0; }
    }

    final class Square extends Polygon {
        public Shape within = new Shape.Circle(1);
    }
}
