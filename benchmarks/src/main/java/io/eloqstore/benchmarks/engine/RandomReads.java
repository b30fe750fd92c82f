/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import com.sun.nio.file.ExtendedOpenOption;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.benchmarks.WorkDirectory;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * A store that is larger than its memory, read at random around the page cache of the system. Index
 * pages are cached before anything is measured. One thread, which starts the threads that read.
 */
final class RandomReads implements AutoCloseable {
  /** Three entries to a page: a value is read with its page, and never two pages for one. */
  static final int VALUE_BYTES = 1000;

  /** Data files of 1 GiB, so that fio may open all of them in each of its threads. */
  private static final int PAGES_PER_FILE_SHIFT = 18;

  /** Reading one key of as many comes by each index page. */
  private static final int WARM_STEP = 50;

  private static final long SEED = 11;

  private final WorkDirectory directory;
  private final MeasuredStore store;
  private final long keys;
  private final SplittableRandom seeds = new SplittableRandom(SEED);

  private RandomReads(WorkDirectory directory, MeasuredStore store, long keys) {
    this.directory = directory;
    this.store = store;
    this.keys = keys;
  }

  /**
   * Loads a store in the order of its keys and opens it again for direct reads.
   *
   * @param dataBytes of keys and values
   * @throws IOException when the file system takes no direct reads
   */
  static RandomReads load(long dataBytes, long budgetBytes) throws IOException {
    WorkDirectory directory = WorkDirectory.make("random-reads-");
    try {
      checkDirect(directory.path());
      long keys = dataBytes / (Entries.KEY_BYTES + VALUE_BYTES);
      StoreOptions options = StoreOptions.defaults().withPagesPerFileShift(PAGES_PER_FILE_SHIFT);
      try (MeasuredStore store = MeasuredStore.open(directory, budgetBytes, false, options)) {
        fill(store, keys);
      }
      RandomReads reads =
          new RandomReads(
              directory, MeasuredStore.open(directory, budgetBytes, true, options), keys);
      reads.warm();
      return reads;
    } catch (IOException | RuntimeException | Error e) {
      directory.delete();
      throw e;
    }
  }

  private static void checkDirect(Path directory) throws IOException {
    Path probe = Files.createFile(directory.resolve("probe"));
    try (FileChannel channel =
        FileChannel.open(probe, StandardOpenOption.READ, ExtendedOpenOption.DIRECT)) {
      channel.position(0);
    } catch (IOException | UnsupportedOperationException e) {
      throw new IOException("no direct reads in " + directory + ": " + e, e);
    } finally {
      Files.delete(probe);
    }
  }

  private static void fill(MeasuredStore store, long keys) {
    byte[] key = new byte[Entries.KEY_BYTES];
    byte[] value = new byte[VALUE_BYTES];
    for (long number = 0; number < keys; number++) {
      Entries.key(number, key);
      Entries.value(number, 0, value);
      store.partition().put(key, 0, key.length, value, 0, value.length);
    }
    store.partition().commit(Map.of());
  }

  private void warm() {
    byte[] key = new byte[Entries.KEY_BYTES];
    ValueBuffer target = new ValueBuffer();
    for (long number = 0; number < keys; number += WARM_STEP) {
      get(number, key, target);
    }
  }

  private void get(long number, byte[] key, ValueBuffer target) {
    Entries.key(number, key);
    if (!store.partition().get(key, 0, key.length, target) || target.length() != VALUE_BYTES) {
      throw new IllegalStateException("entry " + number + " is not what was put");
    }
  }

  /** The data files; nothing is written to them any more. */
  List<Path> files() throws IOException {
    try (Stream<Path> paths = Files.list(store.directory())) {
      return paths
          .filter(path -> FileNames.parse(path.getFileName().toString()) instanceof FileName.Data)
          .sorted()
          .toList();
    }
  }

  /** Reads for a time, at least one key in each thread; other keys than the last time. */
  ReadRate run(int threads, long durationMs) throws InterruptedException, ExecutionException {
    IoCounts before = store.io();
    ExecutorService readers = Executors.newFixedThreadPool(threads);
    long startNs = System.nanoTime();
    List<long[]> timesNs = new ArrayList<>();
    try {
      List<Future<long[]>> results = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        SplittableRandom random = seeds.split();
        results.add(readers.submit(() -> read(random, startNs + durationMs * 1_000_000)));
      }
      for (Future<long[]> result : results) {
        timesNs.add(result.get());
      }
    } finally {
      readers.shutdown();
    }
    double seconds = (System.nanoTime() - startNs) / 1e9;
    long reads = store.io().since(before).dataReads();
    long[] all = timesNs.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    return new ReadRate(
        all.length / seconds,
        reads / seconds,
        (double) reads / all.length,
        all[all.length / 2] / 1e3,
        all[(int) (all.length * 0.99)] / 1e3);
  }

  /** The time of each get, nanoseconds. */
  private long[] read(SplittableRandom random, long endNs) {
    byte[] key = new byte[Entries.KEY_BYTES];
    ValueBuffer target = new ValueBuffer();
    long[] timesNs = new long[1 << 12];
    int count = 0;
    long now = System.nanoTime();
    do {
      get(random.nextLong(keys), key, target);
      long then = now;
      now = System.nanoTime();
      if (count == timesNs.length) {
        timesNs = Arrays.copyOf(timesNs, 2 * count);
      }
      timesNs[count++] = now - then;
    } while (now - endNs < 0);
    return Arrays.copyOf(timesNs, count);
  }

  @Override
  public void close() throws IOException {
    store.close();
    directory.delete();
  }
}
