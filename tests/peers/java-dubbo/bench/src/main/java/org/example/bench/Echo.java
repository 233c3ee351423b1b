package org.example.bench;

/** What every echo server of the benchmarks serves. */
public interface Echo {
    byte[] echo(byte[] data);
}
