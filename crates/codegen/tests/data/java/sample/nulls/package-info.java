@NullMarked
package sample.nulls;
