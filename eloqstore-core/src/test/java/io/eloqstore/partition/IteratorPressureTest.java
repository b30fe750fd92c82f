/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.MemoryBackend;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Open iterators never stop their own thread from writing: when the memory they pin is needed they
 * move to a private root and go on seeing exactly their snapshot.
 */
class IteratorPressureTest {
  private static final long BUDGET_BYTES = 1 << 20;
  private static final int KEYS = 3000;

  private final Random random = new Random(7);
  private final PartitionModel model = new PartitionModel();
  private PartitionWorld world;

  @BeforeEach
  void open() {
    world =
        new PartitionWorld(
            BUDGET_BYTES,
            budget -> MemoryBackend.plain(budget.arena()),
            Path.of("/store"),
            StoreOptions.defaults()
                .withPagesPerFileShift(4)
                .withDurability(StoreOptions.Durability.NEVER));
  }

  @AfterEach
  void close() {
    // Throws when memory, pins or files leaked.
    world.close();
  }

  private static byte[] key(int number) {
    return new byte[] {'k', (byte) (number >> 8), (byte) number};
  }

  private void put(int valueBytes) {
    byte[] key = key(random.nextInt(KEYS));
    byte[] value = new byte[valueBytes];
    random.nextBytes(value);
    world.put(key, value);
    model.put(key, value);
  }

  private void deleteRange() {
    int first = random.nextInt(KEYS);
    KeyRange range = new KeyRange(key(first), key(first + random.nextInt(300)));
    world.partition().deleteRange(range);
    model.deleteRange(range);
  }

  /** Writes some multiple of the budget. */
  private void write(int budgets, boolean cutsAndLargeValues) {
    long written = 0;
    for (int i = 0; written < budgets * BUDGET_BYTES; i++) {
      int bytes = cutsAndLargeValues && i % 97 == 0 ? 20_000 + random.nextInt(20_000) : 200;
      put(bytes);
      written += bytes;
      if (cutsAndLargeValues && i % 1000 == 999) {
        deleteRange();
      }
    }
  }

  private static final class Seen {
    final EntryIterator iterator;
    final Iterator<Map.Entry<byte[], PartitionModel.Entry>> wanted;

    Seen(PartitionWorld world, PartitionModel model, KeyRange range, boolean reverse) {
      iterator = world.partition().iterator(range, reverse);
      wanted = model.copy().range(range, reverse).entrySet().iterator();
    }

    void check(int steps) {
      for (int i = 0; i < steps && wanted.hasNext(); i++) {
        Map.Entry<byte[], PartitionModel.Entry> entry = wanted.next();
        assertThat(iterator.next()).isTrue();
        assertThat(Arrays.copyOf(iterator.key(), iterator.keyLength())).isEqualTo(entry.getKey());
        assertThat(iterator.value().toByteArray()).isEqualTo(entry.getValue().value());
      }
    }

    void checkRest() {
      check(Integer.MAX_VALUE);
      assertThat(iterator.next()).isFalse();
      iterator.close();
    }

    boolean isReseated() {
      return ((KeyIterator) iterator).rows().isReseated();
    }
  }

  private Seen iterator(boolean reverse) {
    return new Seen(world, model, KeyRange.ALL, reverse);
  }

  @Test
  void anIteratorSeesItsSnapshotWhileTenBudgetsAreWritten() {
    write(1, false);
    Seen seen = iterator(false);
    seen.check(100);
    write(10, false);
    assertThat(seen.isReseated()).isTrue();
    seen.checkRest();
    world.checkAll(model, "afterwards");
  }

  @Test
  void aReverseIteratorSeesItsSnapshotToo() {
    write(1, false);
    Seen seen = iterator(true);
    seen.check(100);
    write(10, false);
    assertThat(seen.isReseated()).isTrue();
    seen.checkRest();
    world.checkAll(model, "afterwards");
  }

  @Test
  void anIteratorThatWasNotMovedYetIsReseatedToItsBeginning() {
    write(1, false);
    Seen forward = iterator(false);
    Seen reverse = iterator(true);
    write(10, false);
    assertThat(forward.isReseated()).isTrue();
    assertThat(reverse.isReseated()).isTrue();
    forward.checkRest();
    reverse.checkRest();
  }

  @Test
  void aShortKeyBehindALongOneIsTheBoundOfAReseat() {
    // The iterator's key array still holds the end of the first key when it stands on the second.
    byte[][] keys = {{'a', 'z', 'z', 'z'}, {'b'}, {'b', 2}, {'b', 'z'}};
    for (byte[] key : keys) {
      world.put(key, key);
      model.put(key, key);
    }
    Seen seen = iterator(false);
    seen.check(2);
    write(10, false);
    assertThat(seen.isReseated()).isTrue();
    seen.checkRest();
  }

  @Test
  void iteratorsOfDifferentMomentsSeeEachTheirOwn() {
    write(1, true);
    Seen first = iterator(false);
    first.check(50);
    write(2, true);
    Seen second = iterator(true);
    second.check(500);
    write(1, true);
    Seen third = iterator(false);
    write(8, true);
    third.check(10);
    first.checkRest();
    write(2, true);
    second.checkRest();
    third.checkRest();
    world.checkAll(model, "afterwards");
    world.settle();
    world.verifyTrees("afterwards");
  }

  @Test
  void privateRootsKeepTheirFilesAndLetThemGo() {
    write(1, true);
    Seen seen = iterator(false);
    seen.check(10);
    write(6, true);
    assertThat(seen.isReseated()).isTrue();
    world.commit();
    seen.checkRest();
    model.deleteRange(KeyRange.ALL);
    world.partition().deleteRange(KeyRange.ALL);
    put(10);
    world.settle();
    world.commit();
    // Whatever wrote last holds its tail file: worker and owner have one each.
    long dataFiles =
        world.shard.io().list(world.partitionDirectory()).stream()
            .filter(entry -> entry.name().startsWith("data_"))
            .count();
    assertThat(dataFiles).isLessThanOrEqualTo(3);
  }

  @Test
  void closingThePartitionEndsItsIterators() {
    write(1, true);
    Seen pinning = iterator(false);
    pinning.check(10);
    write(5, true);
    Seen young = iterator(true);
    young.check(5);
    world.closeStore();
    for (Seen seen : new Seen[] {pinning, young}) {
      assertThatThrownBy(seen.iterator::next)
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
      seen.iterator.close();
    }
  }

  @Test
  void anIteratorClosedWhileItIsReseatedLeaksNothing() {
    // The worker re-seats at moments of its own; closing at many different ones meets it.
    for (int round = 0; round < 60; round++) {
      write(1, round % 2 == 0);
      Seen seen = iterator(round % 3 == 0);
      seen.check(1 + round);
      int more = random.nextInt(3000);
      for (int i = 0; i < more; i++) {
        put(200);
      }
      seen.iterator.close();
    }
    world.checkAll(model, "afterwards");
  }
}
