/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.nio.file.Path;
import java.time.Duration;

/**
 * One run of the job.
 *
 * @param name of the run in progress lines, {@code eloqstore}
 * @param stateBackend value of Flink's {@code state.backend.type}
 * @param file the input
 * @param passes how often it is read
 * @param linesPerSecond pace of the source, 0 for as fast as the job takes them
 * @param checkpointInterval from the start of one checkpoint to the start of the next
 * @param faultAt ordinal of the line to fail at once, 0 for never
 * @param directory the run's own: rows, checkpoints and working files
 */
record JobSettings(
    String name,
    String stateBackend,
    FlightFile file,
    int passes,
    long linesPerSecond,
    Duration checkpointInterval,
    long faultAt,
    Path directory) {

  /** Lines of all passes. */
  long lines() {
    return file.lines() * passes;
  }

  /** Where the rows go. */
  Path rowsDirectory() {
    return directory.resolve("rows");
  }

  /** Where checkpoints go. */
  Path checkpointsDirectory() {
    return directory.resolve("checkpoints");
  }

  /** Where the backend works. */
  Path workingDirectory() {
    return directory.resolve("work");
  }
}
