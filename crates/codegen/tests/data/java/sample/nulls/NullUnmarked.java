package sample.nulls;

@interface NullUnmarked {}
