package sample;

import java.util.ArrayList;
import java.util.List;

/**
 * A page.
 *
 * @param number from 0
 */
public record Page<T>(int number, List<T> items) implements java.io.Serializable {}
