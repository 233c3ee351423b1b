package sample.nulls;

import java.lang.annotation.*;

/** As JSpecify's. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PACKAGE, ElementType.TYPE})
@interface NullMarked {}
