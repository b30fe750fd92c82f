/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

/**
 * What random point reads reached.
 *
 * @param getsPerSecond of all threads together
 * @param readsPerSecond reads of data files, all threads together
 * @param readsPerGet reads of data files for each get
 * @param medianUs time of the middle get, microseconds
 * @param p99Us time that one get of a hundred needs or more, microseconds
 */
record ReadRate(
    double getsPerSecond,
    double readsPerSecond,
    double readsPerGet,
    double medianUs,
    double p99Us) {}
