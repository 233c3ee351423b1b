package sample.nulls;

import java.lang.annotation.*;

/** As that of JSR-305. */
@Retention(RetentionPolicy.CLASS)
@interface Nonnull {
    When when() default When.ALWAYS;
    Class<?>[] groups() default {};
    Deprecated[] nested() default {};

    enum When { ALWAYS, MAYBE, UNKNOWN }
}
