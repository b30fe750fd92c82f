/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

/**
 * One completed checkpoint.
 *
 * @param id as counted by Flink, from 1
 * @param startMs milliseconds from the start of the run to its trigger
 * @param durationMs from the trigger to the last acknowledgement
 * @param uploadedBytes written for this checkpoint
 * @param stateBytes all that it refers to
 */
record Checkpoint(long id, long startMs, long durationMs, long uploadedBytes, long stateBytes) {}
