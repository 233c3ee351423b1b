package sample.nulls;

import java.lang.annotation.*;

/** As JSpecify's: of types. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
@interface Nullable {}
