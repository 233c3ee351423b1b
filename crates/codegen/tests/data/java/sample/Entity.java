package sample;

import java.io.Serializable;

/** What has a number. */
public abstract class Entity implements Serializable {
    private static final long serialVersionUID = 1L;
    /** The number. */
    protected long id;
    protected transient String cache;
}
