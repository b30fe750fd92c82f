/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryBudget;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * One writer at full rate, readers beside it. Which operation wrote which key is known from its
 * number, so a snapshot is compared exactly; values describe themselves, so a torn one is seen.
 */
class WriteBufferConcurrencyTest {
  private static final int OPERATIONS = 1_500_000;
  private static final int VALUE_BYTES_MIN = 16;

  private final MemoryBudget budget = new MemoryBudget(512L << 20);
  // Odd, so that the keys go round the operations that add new keys.
  private int oldKeys = 1_999;
  private boolean addsKeys = true;
  private WriteBuffer buffer;
  private volatile boolean done;
  // Every operation up to here is finished.
  private volatile long finished;

  private boolean isNewKey(long operation) {
    return addsKeys && operation > oldKeys && operation % 4 == 3;
  }

  /** Old keys are overwritten in turn, every fourth operation adds a key that stays as it is. */
  private void keyOf(long operation, byte[] key) {
    ByteBuffer.wrap(key)
        .put(0, (byte) (isNewKey(operation) ? 2 : 1))
        .putLong(
            1,
            isNewKey(operation)
                ? operation * 0x9e37_79b9_7f4a_7c15L
                : operation % oldKeys * 0x1_0001_0001L);
  }

  private long lastWrite(long oldKey, long sequence) {
    long operation = sequence - Math.floorMod(sequence - oldKey, (long) oldKeys);
    while (isNewKey(operation)) {
      operation -= oldKeys;
    }
    return operation;
  }

  private static int fill(long operation, byte[] value) {
    // Lengths change a lot: in place, outgrown, reused.
    int length = VALUE_BYTES_MIN + (int) (operation * 31 % 173);
    ByteBuffer.wrap(value).putLong(0, operation);
    for (int i = 8; i < length; i++) {
      value[i] = (byte) (operation * 7 + i);
    }
    return length;
  }

  /** The operation that wrote a value; fails if it is not exactly what that operation wrote. */
  private static long operationOf(byte[] value, int length, long timestamp, byte[] scratch) {
    long operation = ByteBuffer.wrap(value).getLong(0);
    if (length != fill(operation, scratch) || timestamp != ~operation) {
      throw new AssertionError("operation " + operation + " with " + length + " bytes");
    }
    for (int i = 8; i < length; i++) {
      if (value[i] != scratch[i]) {
        throw new AssertionError("operation " + operation + " is torn at byte " + i);
      }
    }
    return operation;
  }

  private Long write() {
    byte[] key = new byte[9];
    byte[] value = new byte[256];
    try {
      for (long operation = finished + 1; operation <= OPERATIONS; operation++) {
        writeOne(operation, key, value);
      }
      return finished;
    } finally {
      done = true;
    }
  }

  private void writeOne(long operation, byte[] key, byte[] value) {
    keyOf(operation, key);
    int length = fill(operation, value);
    if (!buffer.put(
        key, 0, 9, value, 0, length, BufferRecords.HAS_TIMESTAMP, ~operation, 0, operation)) {
      throw new AssertionError("no memory at operation " + operation);
    }
    finished = operation;
  }

  private Long readPoints(long seed) {
    Random random = new Random(seed);
    ValueBuffer target = new ValueBuffer();
    byte[] key = new byte[9];
    byte[] check = new byte[9];
    byte[] scratch = new byte[256];
    long reads = 0;
    do {
      long before = finished;
      // Some keys that are just being added, too.
      long operation = 1 + (reads % 2 == 0 ? random.nextInt((int) before) : before + reads % 7);
      keyOf(operation, key);
      int flags = buffer.read(key, 0, 9, Long.MAX_VALUE, target);
      reads++;
      if (flags == WriteBuffer.ABSENT && isNewKey(operation) && operation > before) {
        continue;
      }
      if (flags != BufferRecords.HAS_TIMESTAMP) {
        throw new AssertionError("seed " + seed + ": key of operation " + operation + ": " + flags);
      }
      long found = operationOf(target.bytes(), target.length(), target.timestamp(), scratch);
      long oldest = isNewKey(operation) ? operation : lastWrite(operation % oldKeys, before);
      keyOf(found, check);
      if (found < oldest || !Arrays.equals(key, check)) {
        throw new AssertionError(
            "seed " + seed + ": operation " + found + " where " + oldest + " was finished");
      }
    } while (!done);
    return reads;
  }

  private Long readSnapshots(boolean backward) {
    BufferCursor cursor = buffer.cursor();
    byte[] scratch = new byte[256];
    byte[] check = new byte[9];
    ValueBuffer target = new ValueBuffer();
    long rounds = 0;
    do {
      long before = finished;
      long snapshot = buffer.openSnapshot(before);
      if (snapshot < before) {
        throw new AssertionError("snapshot " + snapshot + " after operation " + before);
      }
      cursor.setMaxSequence(snapshot);
      long old = 0;
      long added = 0;
      byte[] last = null;
      for (boolean moved = backward ? cursor.last() : cursor.first();
          moved;
          moved = backward ? cursor.previous() : cursor.next()) {
        int record = cursor.record();
        if (!buffer.records().copyTo(record, target)) {
          throw new AssertionError("a version of snapshot " + snapshot + " was written to");
        }
        long operation = operationOf(target.bytes(), target.length(), target.timestamp(), scratch);
        keyOf(operation, check);
        byte[] key = Arrays.copyOf(cursor.key(), cursor.keyLength());
        if (!Arrays.equals(key, check)) {
          throw new AssertionError("operation " + operation + " under a wrong key");
        }
        if (last != null && Arrays.compareUnsigned(last, key) < 0 == backward) {
          throw new AssertionError("operation " + operation + " out of order");
        }
        last = key;
        if (isNewKey(operation)) {
          added++;
        } else {
          old++;
        }
        long expected = isNewKey(operation) ? operation : lastWrite(operation % oldKeys, snapshot);
        if (operation != expected || operation > snapshot) {
          throw new AssertionError(
              "snapshot " + snapshot + " shows operation " + operation + ", not " + expected);
        }
      }
      long expectedNew = addsKeys ? (snapshot + 1) / 4 - (oldKeys + 1) / 4 : 0;
      if (old != oldKeys || added != expectedNew) {
        throw new AssertionError(
            "snapshot " + snapshot + ": " + old + " old, " + added + " of " + expectedNew + " new");
      }
      buffer.closeSnapshot(snapshot);
      rounds++;
    } while (!done);
    return rounds;
  }

  private void run(boolean concurrentSnapshots, List<Callable<Long>> readers) throws Exception {
    buffer = new WriteBuffer(budget, concurrentSnapshots);
    byte[] key = new byte[9];
    byte[] value = new byte[256];
    for (long operation = 1; operation <= oldKeys; operation++) {
      writeOne(operation, key, value);
    }
    ExecutorService threads = Executors.newFixedThreadPool(readers.size() + 1);
    try {
      List<Future<Long>> futures = new ArrayList<>();
      for (Callable<Long> reader : readers) {
        futures.add(threads.submit(reader));
      }
      assertThat(threads.submit(this::write).get()).isEqualTo(OPERATIONS);
      for (Future<Long> future : futures) {
        assertThat(future.get()).isPositive();
      }
    } finally {
      done = true;
      threads.shutdown();
    }
    buffer.release();
    budget.close();
  }

  @Test
  void pointReadsSeeEveryFinishedWriteAndNothingTorn() throws Exception {
    run(false, List.of(() -> readPoints(1), () -> readPoints(2)));
  }

  /** With few keys a snapshot lasts microseconds, so opening it meets every moment of a write. */
  @Test
  void snapshotsOfAFewKeysAreExact() throws Exception {
    oldKeys = 3;
    addsKeys = false;
    run(true, List.of(() -> readSnapshots(false), () -> readSnapshots(true), () -> readPoints(4)));
  }

  @Test
  void snapshotsStayExactWhileTheWriterGoesOn() throws Exception {
    run(true, List.of(() -> readSnapshots(false), () -> readSnapshots(true), () -> readPoints(3)));
  }
}
