/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A write buffer against a sorted map of the heap: random operations from many seeds, then
 * everything that can be read is compared, for the present and for each open snapshot.
 */
class WriteBufferModelTest {
  private static final int SEEDS = 24;
  private static final int OPERATIONS = 3_000;
  private static final long BUDGET_BYTES = 16L << 20;

  private record Entry(int flags, long timestamp, long expireTs, byte[] value, long sequence) {}

  private record Snapshot(long sequence, NavigableMap<byte[], Entry> model) {}

  /** One run from one seed. */
  private static final class Run {
    final String name;
    final Random random;
    final WriteBuffer buffer;
    final BufferRecords records;
    final NavigableMap<byte[], Entry> model = new TreeMap<>(Arrays::compareUnsigned);
    final List<Snapshot> snapshots = new ArrayList<>();
    final ValueBuffer target = new ValueBuffer();
    final RandomKeys keys;
    final BufferCursor wanderer;
    byte[] wandererKey;
    long sequence;

    Run(long seed, MemoryBudget budget, boolean concurrent) {
      name = "seed " + seed + (concurrent ? ", concurrent" : "");
      random = new Random(seed);
      buffer = new WriteBuffer(budget, concurrent);
      records = buffer.records();
      keys = new RandomKeys(random, 1 + random.nextInt(600));
      wanderer = buffer.cursor();
    }

    byte[] bytes(int lengthMax) {
      byte[] bytes = new byte[random.nextInt(lengthMax)];
      random.nextBytes(bytes);
      return bytes;
    }

    void put() {
      byte[] key = keys.next();
      int flags = random.nextInt(8) * BufferRecords.HAS_TIMESTAMP;
      if (random.nextInt(5) == 0) {
        flags = BufferRecords.DELETE | flags & BufferRecords.HAS_TIMESTAMP;
      }
      byte[] value =
          (flags & BufferRecords.DELETE) != 0
              ? new byte[0]
              : bytes(random.nextInt(50) == 0 ? 3_000 : 60);
      long timestamp = random.nextLong();
      long expireTs = random.nextLong();
      sequence += 1 + random.nextInt(3);
      // Offsets into larger arrays, as a caller with one scratch buffer has them.
      byte[] wideKey = new byte[key.length + 5];
      System.arraycopy(key, 0, wideKey, 3, key.length);
      byte[] wideValue = new byte[value.length + 9];
      System.arraycopy(value, 0, wideValue, 4, value.length);
      assertThat(
              buffer.put(
                  wideKey,
                  3,
                  key.length,
                  wideValue,
                  4,
                  value.length,
                  flags,
                  timestamp,
                  expireTs,
                  sequence))
          .as(name)
          .isTrue();
      Entry old = model.get(key);
      int timeless = BufferRecords.DELETE | BufferRecords.HAS_TIMESTAMP;
      if (old != null && (flags & timeless) == 0 && (old.flags & timeless) != 0) {
        // A value without a timestamp takes that of the record it replaces, 0 of a tombstone.
        flags |= BufferRecords.HAS_TIMESTAMP;
        timestamp = old.timestamp;
      }
      model.put(
          key,
          new Entry(
              flags,
              (flags & BufferRecords.HAS_TIMESTAMP) == 0 ? 0 : timestamp,
              (flags & BufferRecords.HAS_EXPIRE) == 0 ? 0 : expireTs,
              value,
              sequence));
    }

    void append() {
      byte[] key = keys.next();
      byte[] more = bytes(40);
      sequence++;
      Entry old = model.get(key);
      AppendOutcome expected = AppendOutcome.EXTENDED;
      byte[] joined = null;
      if (old == null || (old.flags & (BufferRecords.DELETE | BufferRecords.LARGE)) != 0) {
        expected = AppendOutcome.NOT_PRESENT;
      } else {
        int head = old.value.length == 0 ? 0 : old.value.length + 1;
        joined = Arrays.copyOf(old.value, head + more.length);
        if (head > 0) {
          joined[head - 1] = ',';
        }
        System.arraycopy(more, 0, joined, head, more.length);
        if (joined.length > 200) {
          expected = AppendOutcome.TOO_LARGE;
        }
      }
      AppendOutcome found =
          buffer.appendValue(key, 0, key.length, (byte) ',', more, 0, more.length, 200, sequence);
      assertThat(found).as(name).isEqualTo(expected);
      if (expected == AppendOutcome.EXTENDED) {
        model.put(key, new Entry(old.flags, old.timestamp, old.expireTs, joined, sequence));
      }
    }

    void snapshot() {
      if (snapshots.size() < 4 && random.nextBoolean()) {
        assertThat(buffer.openSnapshot(sequence)).isEqualTo(sequence);
        NavigableMap<byte[], Entry> copy = new TreeMap<>(Arrays::compareUnsigned);
        copy.putAll(model);
        snapshots.add(new Snapshot(sequence, copy));
      } else if (!snapshots.isEmpty()) {
        Snapshot closed = snapshots.remove(random.nextInt(snapshots.size()));
        checkState(closed.model, closed.sequence);
        buffer.closeSnapshot(closed.sequence);
      }
    }

    /** A cursor that is moved between writes, without a snapshot. */
    void wander() {
      boolean moved;
      Map.Entry<byte[], Entry> expected;
      int move = wandererKey == null ? 4 : random.nextInt(6);
      byte[] goal = keys.next();
      switch (move) {
        case 0:
        case 1:
          moved = wanderer.next();
          expected = model.higherEntry(wandererKey);
          break;
        case 2:
        case 3:
          moved = wanderer.previous();
          expected = model.lowerEntry(wandererKey);
          break;
        case 4:
          moved = wanderer.seek(goal, 0, goal.length);
          expected = model.ceilingEntry(goal);
          break;
        default:
          moved = wanderer.seekFloor(goal, 0, goal.length, true);
          expected = model.floorEntry(goal);
          break;
      }
      // A key that was added next to the cursor without a structural change may be met or not.
      if (expected != null && moved) {
        byte[] found = Arrays.copyOf(wanderer.key(), wanderer.keyLength());
        if (move < 4) {
          assertThat(model).as(name).containsKey(found);
        } else {
          assertThat(found).as(name).isEqualTo(expected.getKey());
        }
        checkRecord(wanderer.record(), found, model.get(found));
        wandererKey = found;
      } else {
        assertThat(moved).as(name).isEqualTo(expected != null);
        wandererKey = null;
      }
    }

    void checkRecord(int record, byte[] key, Entry entry) {
      assertThat(record).as(name).isPositive();
      assertThat(records.compareKey(record, key, 0, key.length)).as(name).isZero();
      assertThat(records.flags(record)).as(name).isEqualTo(entry.flags);
      assertThat(records.isDelete(record)).isEqualTo((entry.flags & BufferRecords.DELETE) != 0);
      assertThat(records.sequence(record)).as(name).isEqualTo(entry.sequence);
      assertThat(records.timestamp(record)).as(name).isEqualTo(entry.timestamp);
      assertThat(records.expireTs(record)).as(name).isEqualTo(entry.expireTs);
      assertThat(records.valueLength(record)).as(name).isEqualTo(entry.value.length);
      assertThat(
              records
                  .arena()
                  .compare(
                      records.valueAt(record),
                      entry.value.length,
                      entry.value,
                      0,
                      entry.value.length))
          .as(name)
          .isZero();
    }

    void checkState(NavigableMap<byte[], Entry> state, long maxSequence) {
      BufferCursor cursor = buffer.cursor();
      cursor.setMaxSequence(maxSequence);
      boolean moved = cursor.first();
      for (Map.Entry<byte[], Entry> entry : state.entrySet()) {
        assertThat(moved).as(name).isTrue();
        checkRecord(cursor.record(), entry.getKey(), entry.getValue());
        assertThat(Arrays.copyOf(cursor.key(), cursor.keyLength())).isEqualTo(entry.getKey());
        byte[] key = entry.getKey();
        assertThat(buffer.read(key, 0, key.length, maxSequence, target))
            .as(name)
            .isEqualTo(entry.getValue().flags);
        assertThat(target.toByteArray()).as(name).isEqualTo(entry.getValue().value);
        assertThat(target.timestamp()).as(name).isEqualTo(entry.getValue().timestamp);
        assertThat(target.expireTs()).as(name).isEqualTo(entry.getValue().expireTs);
        moved = cursor.next();
      }
      assertThat(moved).as(name).isFalse();
      assertThat(cursor.record()).isZero();
      assertThat(cursor.next()).isFalse();
      moved = cursor.last();
      for (Map.Entry<byte[], Entry> entry : state.descendingMap().entrySet()) {
        assertThat(moved).as(name).isTrue();
        checkRecord(cursor.record(), entry.getKey(), entry.getValue());
        moved = cursor.previous();
      }
      assertThat(moved).as(name).isFalse();
      for (int i = 0; i < 100; i++) {
        checkSeeks(cursor, state, keys.next(), maxSequence);
      }
    }

    void checkSeeks(
        BufferCursor cursor, NavigableMap<byte[], Entry> state, byte[] key, long maxSequence) {
      checkPosition(cursor, cursor.seek(key, 0, key.length), state.ceilingEntry(key));
      Map.Entry<byte[], Entry> from = state.ceilingEntry(key);
      if (from != null) {
        // Turning round in the middle.
        checkPosition(cursor, cursor.previous(), state.lowerEntry(from.getKey()));
        cursor.seek(key, 0, key.length);
        checkPosition(cursor, cursor.next(), state.higherEntry(from.getKey()));
      }
      checkPosition(cursor, cursor.seekFloor(key, 0, key.length, true), state.floorEntry(key));
      checkPosition(cursor, cursor.seekFloor(key, 0, key.length, false), state.lowerEntry(key));
      Map.Entry<byte[], Entry> below = state.lowerEntry(key);
      if (below != null) {
        checkPosition(cursor, cursor.next(), state.higherEntry(below.getKey()));
      }
      int version = buffer.findVisible(key, 0, key.length, maxSequence);
      assertThat(version != 0).as(name).isEqualTo(state.containsKey(key));
      assertThat(buffer.read(key, 0, key.length, maxSequence, target) >= 0)
          .as(name)
          .isEqualTo(state.containsKey(key));
    }

    void checkPosition(BufferCursor cursor, boolean moved, Map.Entry<byte[], Entry> expected) {
      assertThat(moved).as(name).isEqualTo(expected != null);
      if (expected != null) {
        checkRecord(cursor.record(), expected.getKey(), expected.getValue());
      }
    }

    void checkEverything() {
      assertThat(buffer.entryCount()).as(name).isEqualTo(model.size());
      assertThat(buffer.isEmpty()).isEqualTo(model.isEmpty());
      checkState(model, Long.MAX_VALUE);
      for (Snapshot snapshot : snapshots) {
        checkState(snapshot.model, snapshot.sequence);
      }
      for (int i = 0; i < 200; i++) {
        byte[] key = keys.next();
        Map.Entry<byte[], Entry> floor = model.floorEntry(key);
        int record = buffer.floor(key, 0, key.length);
        assertThat(record != 0).as(name).isEqualTo(floor != null);
        if (floor != null) {
          checkRecord(record, floor.getKey(), floor.getValue());
        }
        assertThat(buffer.find(key, 0, key.length) != 0).as(name).isEqualTo(model.containsKey(key));
      }
    }

    void run(int operations) {
      for (int i = 0; i < operations; i++) {
        int choice = random.nextInt(100);
        if (choice < 65) {
          put();
        } else if (choice < 85) {
          append();
        } else if (choice < 87) {
          snapshot();
        } else {
          wander();
        }
        if (random.nextInt(operations / 3) == 0) {
          checkEverything();
        }
      }
      assertThat(buffer.freeze()).isEqualTo(buffer.maxSequence()).isLessThanOrEqualTo(sequence);
      checkEverything();
    }
  }

  @Test
  void randomOperationsGiveWhatASortedMapGives() {
    for (long seed = 0; seed < SEEDS; seed++) {
      try (MemoryBudget budget = new MemoryBudget(BUDGET_BYTES)) {
        Run run = new Run(seed, budget, seed % 2 == 1);
        run.run(OPERATIONS);
        run.buffer.release();
      }
    }
  }
}
