/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Random operations on a partition and on a model of it, compared all the time. */
final class ModelRun {
  private static final int OPEN_MAX = 3;

  /** An open iterator and what it must see, taken when it was opened. */
  private record OpenIterator(
      EntryIterator iterator, Iterator<Map.Entry<byte[], PartitionModel.Entry>> wanted) {}

  /** A freeze point and its content. */
  private record Frozen(FreezePoint point, PartitionModel content) {}

  private final PartitionWorld world;
  private final Random random;
  private final ModelKeys keys;
  private final ExecutorService otherThread;
  private final String seedText;
  private final List<OpenIterator> iterators = new ArrayList<>();
  private final List<Frozen> points = new ArrayList<>();
  private PartitionModel model = new PartitionModel();
  private PartitionModel committed = new PartitionModel();
  private long committedNumber = -1;
  private long nextNumber;
  private Future<?> running;
  private boolean timed = true;
  private long operation;
  private final EntryBuffer found = new EntryBuffer();

  ModelRun(
      PartitionWorld world,
      Random random,
      ModelKeys keys,
      ExecutorService otherThread,
      String seedText) {
    this.world = world;
    this.random = random;
    this.keys = keys;
    this.otherThread = otherThread;
    this.seedText = seedText;
  }

  /** From now on no entry expires and none has a timestamp of its own. */
  ModelRun untimed() {
    timed = false;
    return this;
  }

  /**
   * Between two runs: restores what was committed, clipped.
   *
   * @param image a directory of its own
   * @return the names of the files that were fetched
   */
  List<String> clip(Path image, KeyRange kept) {
    byte[] description = world.saveImage(image, Map.of("number", number(committedNumber)));
    List<String> fetched = world.restore(image, description, kept);
    if (kept.from() != null) {
      model.deleteRange(new KeyRange(null, kept.from()));
    }
    if (kept.to() != null) {
      model.deleteRange(new KeyRange(kept.to(), null));
    }
    committed = model.copy();
    String where = seedText + " clipped to " + PartitionWorld.text(kept);
    world.checkAll(model, where);
    world.verifyTrees(where);
    checkMetadata();
    world.settle();
    world.checkAll(model, where + " and settled");
    world.verifyTrees(where);
    // Until then the manifest names files that were not fetched.
    world.partition().commit(Map.of("number", number(committedNumber)));
    return fetched;
  }

  private String where() {
    return seedText + ", operation " + operation;
  }

  void run(long operations) throws Exception {
    try {
      for (operation = 0; operation < operations; operation++) {
        step();
      }
      finish();
    } catch (Exception | AssertionError e) {
      throw new AssertionError(where() + ": " + e, e);
    } finally {
      if (running != null) {
        running.get();
      }
    }
  }

  private void step() throws Exception {
    int kind = random.nextInt(1000);
    if (kind < 420) {
      write();
    } else if (kind < 520) {
      delete();
    } else if (kind < 580) {
      timedWrite();
    } else if (kind < 860) {
      world.checkKey(model, keys.plain(), where());
    } else if (kind < 920) {
      lists();
    } else if (kind < 940) {
      contains();
    } else if (kind < 955) {
      neighbours();
    } else if (kind < 960) {
      putIfAbsent();
    } else if (kind < 975) {
      advance();
    } else {
      rare(kind - 975);
    }
  }

  private void rare(int kind) throws Exception {
    if (kind < 5) {
      KeyRange range = keys.range();
      if (random.nextInt(10) == 0) {
        world.checkRange(model, range, random.nextBoolean(), 1 + random.nextInt(50), where());
      } else {
        firstOf(range);
      }
    } else if (kind < 9) {
      KeyRange range = keys.rangeToDelete();
      world.partition().deleteRange(range);
      model.deleteRange(range);
    } else if (kind < 13) {
      world.nowMs.addAndGet(random.nextInt(500));
    } else if (kind < 15) {
      if (random.nextInt(4) == 0) {
        openIterator();
      }
    } else if (kind < 17) {
      if (random.nextInt(4) == 0) {
        world.partition().flush();
      } else if (random.nextInt(8) == 0) {
        world.partition().cleanExpired();
      } else if (random.nextInt(8) == 0 && world.options.appendMode()) {
        world.partition().compact();
      }
    } else if (kind < 19) {
      freeze();
    } else if (kind < 21) {
      commitPoint();
    } else if (kind < 22) {
      if (random.nextInt(3) == 0) {
        commit();
      }
    } else if (random.nextInt(300) == 0) {
      reopen();
    }
  }

  // ---- writes -----------------------------------------------------------------------------------

  private void write() {
    byte[] key = keys.plain();
    byte[] value = keys.value();
    PartitionModel.Entry old = model.stored(key);
    if (old != null && old.expireTs() != 0) {
      // Without a timestamp of its own it would depend on whether the old one was cleaned.
      putTimed(key, value, old.timestamp(), 0);
      return;
    }
    world.put(key, value);
    model.put(key, value);
  }

  private void putTimed(byte[] key, byte[] value, long timestamp, long expireTs) {
    world.put(key, value, timestamp, expireTs);
    model.put(key, value, timestamp, expireTs, world.nowMs.get());
  }

  private void delete() {
    byte[] key = keys.plain();
    world.delete(key);
    model.delete(key);
  }

  private void timedWrite() {
    if (!timed) {
      write();
      return;
    }
    byte[] key = keys.plain();
    long timestamp = random.nextInt(200);
    if (random.nextInt(4) == 0) {
      world.partition().delete(key, 0, key.length, timestamp);
      model.delete(key, timestamp, world.nowMs.get());
    } else {
      byte[] value = keys.value();
      long expireTs = random.nextInt(3) == 0 ? 0 : world.nowMs.get() + random.nextInt(2000) - 100;
      putTimed(key, value, timestamp, expireTs);
    }
  }

  private void lists() {
    byte[] key = keys.list();
    OwnedPartition partition = world.partition();
    int kind = random.nextInt(20);
    if (kind < 10) {
      byte[] elements = keys.elements();
      world.append(key, elements);
      model.append(key, elements);
    } else if (kind < 12) {
      byte[] elements = random.nextInt(4) == 0 ? new byte[0] : keys.elements();
      partition.putList(key, 0, key.length, elements, 0, elements.length);
      model.putList(key, elements);
    } else if (kind < 14) {
      partition.clearList(key, 0, key.length);
      model.putList(key, new byte[0]);
    } else {
      world.checkList(model, key, where());
    }
  }

  // ---- reads ------------------------------------------------------------------------------------

  private void contains() {
    byte[] key = keys.plain();
    PartitionModel.Entry wanted = model.stored(key);
    assertThat(world.partition().contains(key, 0, key.length))
        .as("%s: contains %s", where(), PartitionWorld.text(key))
        .isEqualTo(wanted != null && wanted.isVisible(world.nowMs.get()));
  }

  private void neighbours() {
    byte[] key = keys.plain();
    byte[] behind = Arrays.copyOf(key, key.length + 1);
    int length = key.length;
    OwnedPartition partition = world.partition();
    checkNeighbour(
        "floor", key, partition.floor(key, 0, length, found), new KeyRange(null, behind), true);
    checkNeighbour(
        "lower", key, partition.lower(key, 0, length, found), new KeyRange(null, key), true);
    checkNeighbour(
        "ceiling", key, partition.ceiling(key, 0, length, found), new KeyRange(key, null), false);
    checkNeighbour(
        "higher", key, partition.higher(key, 0, length, found), new KeyRange(behind, null), false);
  }

  private void checkNeighbour(
      String what, byte[] key, boolean any, KeyRange range, boolean reverse) {
    // Lists lie behind all plain keys.
    boolean plain = any && found.key()[0] != PartitionModel.LIST_PREFIX;
    Map.Entry<byte[], PartitionModel.Entry> wanted = null;
    for (Map.Entry<byte[], PartitionModel.Entry> entry : model.range(range, reverse).entrySet()) {
      if (entry.getValue().isVisible(world.nowMs.get())) {
        wanted = entry;
        break;
      }
    }
    if (plain != (wanted != null)
        || plain
            && !(Arrays.equals(wanted.getKey(), found.keyToByteArray())
                && PartitionWorld.isEqual(wanted.getValue(), found.value()))) {
      throw new AssertionError(
          where()
              + ": "
              + what
              + " of "
              + PartitionWorld.text(key)
              + " expected "
              + (wanted == null
                  ? "none"
                  : PartitionWorld.text(wanted.getKey())
                      + "="
                      + PartitionWorld.text(wanted.getValue()))
              + " found "
              + (any
                  ? PartitionWorld.text(found.keyToByteArray())
                      + "="
                      + PartitionWorld.text(found.value())
                  : "none"));
    }
  }

  private void putIfAbsent() {
    byte[] key = keys.plain();
    byte[] value = keys.value();
    PartitionModel.Entry old = model.stored(key);
    if (old != null && old.expireTs() != 0) {
      // The timestamp that a put keeps would depend on whether the old one was cleaned.
      return;
    }
    boolean absent = old == null;
    assertThat(world.partition().putIfAbsent(key, 0, key.length, value, 0, value.length))
        .as("%s: put if absent of %s", where(), PartitionWorld.text(key))
        .isEqualTo(absent);
    if (absent) {
      model.put(key, value);
    }
  }

  /** The beginning of a range, which costs little whatever the range is. */
  private void firstOf(KeyRange range) {
    boolean reverse = random.nextBoolean();
    try (EntryIterator iterator = world.partition().iterator(range, reverse)) {
      OpenIterator open =
          new OpenIterator(iterator, model.range(range, reverse).entrySet().iterator());
      for (int i = 0; i < 10 && moveBoth(open); i++) {}
    }
  }

  private void openIterator() {
    if (iterators.size() == OPEN_MAX) {
      OpenIterator oldest = iterators.remove(0);
      if (random.nextBoolean()) {
        while (moveBoth(oldest)) {}
      }
      oldest.iterator.close();
    }
    KeyRange range = keys.range();
    boolean reverse = random.nextBoolean();
    Iterator<Map.Entry<byte[], PartitionModel.Entry>> wanted =
        model.copy().range(range, reverse).entrySet().iterator();
    iterators.add(new OpenIterator(world.partition().iterator(range, reverse), wanted));
  }

  private void advance() {
    if (!iterators.isEmpty()) {
      OpenIterator open = iterators.get(random.nextInt(iterators.size()));
      for (int steps = random.nextInt(20); steps >= 0; steps--) {
        if (!moveBoth(open)) {
          iterators.remove(open);
          open.iterator.close();
          return;
        }
      }
    }
  }

  /** One step of an iterator and its model; false at the end of both. */
  private boolean moveBoth(OpenIterator open) {
    EntryIterator found = open.iterator;
    boolean any = found.next();
    while (any && found.key()[0] == PartitionModel.LIST_PREFIX) {
      any = found.next();
    }
    byte[] key = any ? Arrays.copyOf(found.key(), found.keyLength()) : null;
    while (open.wanted.hasNext()) {
      Map.Entry<byte[], PartitionModel.Entry> entry = open.wanted.next();
      boolean same = any && Arrays.equals(entry.getKey(), key);
      if (same && PartitionWorld.isEqual(entry.getValue(), found.value())) {
        return true;
      }
      if (same || entry.getValue().isVisible(world.nowMs.get())) {
        throw new AssertionError(
            where()
                + ": iterator expected "
                + PartitionWorld.text(entry.getKey())
                + "="
                + PartitionWorld.text(entry.getValue())
                + " found "
                + (any
                    ? PartitionWorld.text(key) + "=" + PartitionWorld.text(found.value())
                    : "end"));
      }
    }
    if (any) {
      throw new AssertionError(
          where() + ": iterator expected end found " + PartitionWorld.text(key));
    }
    return false;
  }

  // ---- commits ----------------------------------------------------------------------------------

  private void freeze() {
    if (points.size() == OPEN_MAX) {
      points.remove(random.nextInt(points.size())).point.close();
    }
    points.add(new Frozen(world.partition().freeze(), model.copy()));
  }

  private void commitPoint() throws Exception {
    if (points.isEmpty()) {
      return;
    }
    awaitRunning();
    Frozen frozen = points.remove(random.nextInt(points.size()));
    committed = frozen.content;
    committedNumber = nextNumber++;
    Map<String, byte[]> metadata = Map.of("number", number(committedNumber));
    if (random.nextBoolean()) {
      publish(frozen, metadata);
    } else {
      running = otherThread.submit(() -> publish(frozen, metadata));
    }
  }

  private static void publish(Frozen frozen, Map<String, byte[]> metadata) {
    frozen.point.commit(metadata).close();
    frozen.point.close();
  }

  private void commit() throws Exception {
    awaitRunning();
    committedNumber = nextNumber++;
    world.partition().commit(Map.of("number", number(committedNumber)));
    committed = model.copy();
  }

  private void awaitRunning() throws Exception {
    if (running != null) {
      Future<?> last = running;
      running = null;
      last.get();
    }
  }

  private static byte[] number(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }

  private void reopen() throws Exception {
    awaitRunning();
    if (random.nextInt(3) == 0) {
      commit();
    }
    world.closeStore();
    for (OpenIterator open : iterators) {
      assertThatThrownBy(open.iterator::next)
          .as(where())
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
      open.iterator.close();
    }
    iterators.clear();
    points.forEach(frozen -> frozen.point.close());
    points.clear();
    world.open();
    model = committed.copy();
    checkMetadata();
    world.checkAll(model, where() + " after reopening");
    world.verifyTrees(where());
  }

  private void checkMetadata() {
    assertThat(world.partition().metadataValid()).isTrue();
    if (committedNumber < 0) {
      assertThat(world.partition().metadata()).isEmpty();
    } else {
      assertThat(world.partition().metadata().get("number")).isEqualTo(number(committedNumber));
    }
  }

  private void finish() throws Exception {
    awaitRunning();
    for (OpenIterator open : iterators) {
      while (moveBoth(open)) {}
      open.iterator.close();
    }
    iterators.clear();
    points.forEach(frozen -> frozen.point.close());
    points.clear();
    world.checkAll(model, where() + " at the end");
    world.settle();
    world.verifyTrees(where());
    commit();
    checkMetadata();
    world.verifyTrees(where());
  }
}
