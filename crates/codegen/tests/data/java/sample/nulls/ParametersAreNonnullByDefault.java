package sample.nulls;

/** As that of JSR-305. */
@interface ParametersAreNonnullByDefault {}
