package peer.api;

import java.util.List;

public interface ConventionService {
    ArrayPage<User> echoArrayPage(ArrayPage<User> v);
    List<String>[] echoRows(List<String>[] v);
    /** Throws TooLongException("too long", 42, "d", limit) with a cause and a suppressed exception. */
    String throwSubclass(int limit) throws GreetException;
}
