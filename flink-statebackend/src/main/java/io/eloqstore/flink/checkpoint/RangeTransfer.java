/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.ICloseableRegistry;
import org.apache.flink.runtime.state.CheckpointStateOutputStream;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.util.IOUtils;

/**
 * Moves byte ranges to and from checkpoint storage, several at a time. Keeps no state and no thread
 * between two calls.
 *
 * @param threads transfers at the same time, at least 1
 */
record RangeTransfer(int threads) {
  private static final int BUFFER_BYTES = 64 << 10;

  /**
   * Uploads ranges. If one fails, those that were uploaded are deleted before this throws.
   *
   * @param cancel closing it makes the upload fail
   */
  List<StoredRange> upload(
      List<RangePlan.Upload> uploads,
      CheckpointStreamFactory target,
      CheckpointedStateScope scope,
      CloseableRegistry cancel)
      throws Exception {
    List<Callable<StoredRange>> jobs = new ArrayList<>();
    for (RangePlan.Upload upload : uploads) {
      jobs.add(() -> upload(upload, target, scope, cancel));
    }
    List<StoredRange> done = new ArrayList<>();
    try {
      run(jobs, done);
    } catch (Exception e) {
      for (StoredRange stored : done) {
        try {
          stored.handle().discardState();
        } catch (Exception discardFailure) {
          e.addSuppressed(discardFailure);
        }
      }
      throw e;
    }
    return done;
  }

  private static StoredRange upload(
      RangePlan.Upload upload,
      CheckpointStreamFactory target,
      CheckpointedStateScope scope,
      CloseableRegistry cancel)
      throws IOException {
    FileRange range = upload.range();
    CheckpointStateOutputStream out = target.createCheckpointStateOutputStream(scope);
    boolean finished = false;
    try {
      cancel.registerCloseable(out);
      byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, range.length())];
      for (long position = range.from(); position < range.to(); ) {
        int length = (int) Math.min(buffer.length, range.to() - position);
        upload.file().read(position, buffer, length);
        out.write(buffer, 0, length);
        position += length;
      }
      StreamStateHandle handle = finish(out, cancel);
      finished = true;
      return new StoredRange(range, handle);
    } finally {
      if (!finished) {
        // Closed without a handle, the stream deletes what it wrote.
        cancel.unregisterCloseable(out);
        IOUtils.closeQuietly(out);
      }
    }
  }

  /** Ends a stream that is registered for cancellation. */
  static StreamStateHandle finish(CheckpointStateOutputStream out, CloseableRegistry cancel)
      throws IOException {
    if (!cancel.unregisterCloseable(out)) {
      throw new IOException("The upload was cancelled");
    }
    StreamStateHandle handle = out.closeAndGetHandle();
    if (handle == null) {
      throw new IOException("The checkpoint storage returned no handle for written bytes");
    }
    return handle;
  }

  /**
   * Writes files into a directory.
   *
   * @param files the ranges of each file, in any order
   * @throws IOException also when the ranges of a file leave a gap
   */
  void download(Map<String, List<StoredRange>> files, Path directory, ICloseableRegistry cancel)
      throws Exception {
    Files.createDirectories(directory);
    List<Callable<Path>> jobs = new ArrayList<>();
    for (Map.Entry<String, List<StoredRange>> file : files.entrySet()) {
      List<StoredRange> ranges = new ArrayList<>(file.getValue());
      ranges.sort(Comparator.comparing(StoredRange::range));
      jobs.add(() -> writeFile(ranges, directory.resolve(file.getKey()), cancel));
    }
    run(jobs, new ArrayList<>());
  }

  private static Path writeFile(List<StoredRange> ranges, Path file, ICloseableRegistry cancel)
      throws IOException {
    try (OutputStream out =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long position = 0;
      for (StoredRange stored : ranges) {
        FileRange range = stored.range();
        if (range.from() != position) {
          throw new IOException(
              "The checkpoint does not hold the bytes of "
                  + range.fileKey()
                  + " from "
                  + position
                  + ": the next range is "
                  + range.localPath());
        }
        copy(stored, out, buffer, cancel);
        position = range.to();
      }
    }
    return file;
  }

  private static void copy(
      StoredRange stored, OutputStream out, byte[] buffer, ICloseableRegistry cancel)
      throws IOException {
    InputStream in = stored.handle().openInputStream();
    try {
      cancel.registerCloseable(in);
      long left = stored.range().length();
      while (left > 0) {
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          throw new IOException(
              "Handle " + stored.handle() + " ends " + left + " bytes before its range");
        }
        out.write(buffer, 0, read);
        left -= read;
      }
    } finally {
      cancel.unregisterCloseable(in);
      in.close();
    }
  }

  /**
   * Runs the jobs. After a failure no further job begins; those that run are waited for, so that
   * {@code results} holds everything that was made.
   */
  private <T> void run(List<Callable<T>> jobs, List<T> results) throws Exception {
    int workers = Math.min(threads, jobs.size());
    if (workers <= 1) {
      for (Callable<T> job : jobs) {
        results.add(job.call());
      }
      return;
    }
    ExecutorService executor = Executors.newFixedThreadPool(workers, RangeTransfer::newThread);
    AtomicReference<Exception> failure = new AtomicReference<>();
    CountDownLatch running = new CountDownLatch(jobs.size());
    for (Callable<T> job : jobs) {
      executor.execute(
          () -> {
            try {
              if (failure.get() == null) {
                T result = job.call();
                synchronized (results) {
                  results.add(result);
                }
              }
            } catch (Exception | Error e) {
              note(failure, e instanceof Exception x ? x : new IOException(e));
            } finally {
              running.countDown();
            }
          });
    }
    executor.shutdown();
    await(running, failure);
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  /** An interrupt is a failure too; what runs is waited for all the same. */
  private static void await(CountDownLatch running, AtomicReference<Exception> failure) {
    boolean interrupted = false;
    while (true) {
      try {
        running.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        note(failure, new InterruptedIOException("Interrupted while files were transferred"));
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void note(AtomicReference<Exception> failure, Exception next) {
    if (!failure.compareAndSet(null, next) && failure.get() != next) {
      failure.get().addSuppressed(next);
    }
  }

  private static Thread newThread(Runnable job) {
    Thread thread = new Thread(job, "eloqstore-transfer");
    thread.setDaemon(true);
    return thread;
  }
}
