/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.FileSourceSplit;
import org.apache.flink.connector.file.src.reader.BulkFormat;
import org.apache.flink.connector.file.src.util.RecordAndPosition;

/**
 * Format of Flink's file source: the lines of one file in order, the file read again and again, at
 * a given rate.
 *
 * <p>The whole file is one split, so one reader delivers all lines in order; that is what makes the
 * results of two runs comparable. The position of a reader is the ordinal of its last line; a
 * restored reader skips as many lines.
 *
 * <p>Used by one fetcher thread of the source at a time. Waiting for the rate happens there and not
 * in the task, so that checkpoints pass at once.
 */
final class FlightLines implements BulkFormat<FlightLine, FileSourceSplit> {
  private static final long serialVersionUID = 1L;

  private static final int BATCH_LINES_MAX = 256;

  /** A batch is due at least that often, so that a slow run looks steady. */
  private static final int BATCHES_PER_SECOND = 20;

  private final FlightFile file;
  private final int passes;
  private final long linesPerSecond;
  private final String run;

  /**
   * @param linesPerSecond 0: as fast as the job takes them
   * @param run id of the {@link RunProbe} that may hold the lines back
   */
  FlightLines(FlightFile file, int passes, long linesPerSecond, String run) {
    this.file = file;
    this.passes = passes;
    this.linesPerSecond = linesPerSecond;
    this.run = run;
  }

  @Override
  public Reader createReader(Configuration config, FileSourceSplit split) throws IOException {
    return new Reader(0);
  }

  @Override
  public Reader restoreReader(Configuration config, FileSourceSplit split) throws IOException {
    return new Reader(split.getReaderPosition().orElseThrow().getRecordsAfterOffset());
  }

  @Override
  public boolean isSplittable() {
    return false;
  }

  @Override
  public TypeInformation<FlightLine> getProducedType() {
    return TypeInformation.of(FlightLine.class);
  }

  /** Reads batches of lines; owned by the fetcher thread. */
  final class Reader implements BulkFormat.Reader<FlightLine> {
    private final long startNanos = System.nanoTime();
    private final long skipped;
    private final int batchLines =
        linesPerSecond == 0
            ? BATCH_LINES_MAX
            : (int) Math.max(1, Math.min(BATCH_LINES_MAX, linesPerSecond / BATCHES_PER_SECOND));
    private BufferedReader reader;
    private int pass;
    private long number;
    private long ordinal;

    private Reader(long skipped) throws IOException {
      this.skipped = skipped;
      // Whole passes need not be read to be skipped.
      this.pass = (int) (skipped / file.lines());
      this.ordinal = pass * file.lines();
      if (pass < passes) {
        this.reader = file.open();
        while (ordinal < skipped) {
          nextText();
        }
      }
    }

    @Override
    public RecordIterator<FlightLine> readBatch() throws IOException {
      if (ordinal == passes * file.lines()) {
        return null;
      }
      Lines batch = new Lines();
      long heldFrom = RunProbe.of(run).heldFrom();
      // A held line begins its own batch, so that all before it get through.
      while (batch.size() < batchLines
          && ordinal < passes * file.lines()
          && (ordinal + 1 != heldFrom || batch.size() == 0)) {
        if (ordinal + 1 == heldFrom) {
          RunProbe.of(run).awaitRelease();
        }
        String text = nextText();
        batch.add(new FlightLine(ordinal, pass, number, text));
      }
      awaitDue();
      return batch;
    }

    private String nextText() throws IOException {
      if (number == file.lines()) {
        reader.close();
        reader = file.open();
        pass++;
        number = 0;
      }
      String text = reader.readLine();
      if (text == null) {
        throw new EOFException(
            file.path() + ": " + file.lines() + " lines expected, found " + number);
      }
      number++;
      ordinal++;
      return text;
    }

    private void awaitDue() throws InterruptedIOException {
      if (linesPerSecond == 0) {
        return;
      }
      double dueSeconds = (double) (ordinal - skipped) / linesPerSecond;
      long dueNanos = startNanos + (long) (dueSeconds * TimeUnit.SECONDS.toNanos(1));
      for (long wait = dueNanos - System.nanoTime();
          wait > 0;
          wait = dueNanos - System.nanoTime()) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("interrupted at line " + ordinal);
        }
        LockSupport.parkNanos(wait);
      }
    }

    @Override
    public void close() throws IOException {
      if (reader != null) {
        reader.close();
      }
    }
  }

  /** One batch, handed from the fetcher to the task and drained there. */
  private static final class Lines implements RecordIterator<FlightLine> {
    private final Queue<FlightLine> lines = new ArrayDeque<>();

    void add(FlightLine line) {
      lines.add(line);
    }

    int size() {
      return lines.size();
    }

    @Override
    public RecordAndPosition<FlightLine> next() {
      FlightLine line = lines.poll();
      return line == null
          ? null
          : new RecordAndPosition<>(line, RecordAndPosition.NO_OFFSET, line.ordinal());
    }

    @Override
    public void releaseBatch() {
      lines.clear();
    }
  }
}
