/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.IoBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.shard.Shard;
import io.eloqstore.tree.TreeVerifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/** A shard with one partition for tests: time at will, a look inside, the structural check. */
final class PartitionWorld implements AutoCloseable {
  static final PartitionId ID = new PartitionId("t", 0);

  /** Milliseconds since the epoch; the partition's time. */
  final AtomicLong nowMs = new AtomicLong(1_000_000);

  final Shard shard;
  final Path directory;
  final StoreOptions options;
  private final ValueBuffer value = new ValueBuffer();
  private PartitionId id = ID;
  private EloqStore store;
  private OwnedPartition partition;

  PartitionWorld(
      long budgetBytes,
      Function<MemoryBudget, IoBackend> backend,
      Path directory,
      StoreOptions options) {
    this.shard = new Shard(budgetBytes, backend, nowMs::get);
    this.directory = directory;
    this.options = options;
    open();
  }

  void open() {
    store = EloqStore.open(shard, directory, options);
    partition = store.openPartition(id);
  }

  /** Closes without a commit. */
  void closeStore() {
    store.close();
  }

  void reopen() {
    closeStore();
    open();
  }

  /** Fixes the committed content in another directory. Returns its description. */
  byte[] saveImage(Path target, Map<String, byte[]> metadata) {
    shard.io().createDirectories(target);
    try (FreezePoint point = partition.freeze();
        PartitionImage image = point.commit(metadata)) {
      image.linkTo(target);
      return image.description();
    }
  }

  /** The partition is that of an image from now on. Returns the names of the files it asked for. */
  List<String> restore(Path image, byte[] description, KeyRange kept) {
    closeStore();
    Path target = partitionDirectory();
    IoBackend io = shard.io();
    io.list(target).forEach(entry -> io.delete(target.resolve(entry.name())));
    for (DirectoryEntry entry : io.list(image)) {
      if (entry.name().startsWith("manifest")) {
        io.rename(image.resolve(entry.name()), target.resolve(entry.name()));
      }
    }
    List<String> fetched = new ArrayList<>();
    store = EloqStore.open(shard, directory, options);
    partition =
        store.restorePartition(
            ID,
            description,
            kept,
            names -> {
              fetched.addAll(names);
              names.forEach(name -> io.link(image.resolve(name), target.resolve(name)));
            });
    return fetched;
  }

  void reopenAfterCommit() {
    commit();
    reopen();
  }

  OwnedPartition partition() {
    return partition;
  }

  Path partitionDirectory() {
    return store.partitionDirectory(id);
  }

  /** Closes the partition alone, without a commit, and opens it again. */
  void reopenPartition() {
    partition.close();
    partition = store.openPartition(id);
  }

  EloqStore store() {
    return store;
  }

  /** Goes on with another partition of the store. */
  void use(OwnedPartition other) {
    partition = other;
    id = other.id();
  }

  /** What lies behind the partition. */
  static Rows rows(OwnedPartition partition) {
    return (Rows) ((Partition) partition).backgroundStep();
  }

  Rows rows() {
    return rows(partition);
  }

  // ---- short names ------------------------------------------------------------------------------

  void put(byte[] key, byte[] bytes) {
    partition.put(key, 0, key.length, bytes, 0, bytes.length);
  }

  void put(byte[] key, byte[] bytes, long timestamp, long expireTs) {
    partition.put(key, 0, key.length, bytes, 0, bytes.length, timestamp, expireTs);
  }

  void delete(byte[] key) {
    partition.delete(key, 0, key.length);
  }

  byte[] get(byte[] key) {
    return partition.get(key, 0, key.length, value) ? value.toByteArray() : null;
  }

  void append(byte[] key, byte[] elements) {
    partition.appendToList(key, 0, key.length, elements, 0, elements.length);
  }

  void commit() {
    partition.commit(Map.of());
  }

  /** Waits until nothing is left to flush, to sweep, to clean, to move and to publish. */
  void settle() {
    partition.flush();
    Rows rows = rows();
    while (rows.poisonOrNull() == null && !isSettled(rows)) {
      // What time has made due nobody else asks for.
      shard.background().request(rows);
      Thread.yield();
    }
  }

  private static boolean isSettled(Rows rows) {
    return rows.view().oldestFrozen() == null
        && rows.view().root().pendingCuts().length == 0
        && !rows.maintenance().wantsStep()
        && !rows.maintenance().wantsPublication();
  }

  // ---- comparing --------------------------------------------------------------------------------

  void checkKey(PartitionModel model, byte[] key, String where) {
    PartitionModel.Entry wanted = model.stored(key);
    boolean visible = wanted != null && wanted.isVisible(nowMs.get());
    boolean found = partition.get(key, 0, key.length, value);
    if (found != visible || found && !isEqual(wanted, value)) {
      throw new AssertionError(
          where
              + ": key "
              + text(key)
              + " expected "
              + (visible ? text(wanted) : "none")
              + " found "
              + (found ? text(value) : "none"));
    }
  }

  void checkList(PartitionModel model, byte[] key, String where) {
    byte[] wanted = model.list(key);
    boolean found = partition.getList(key, 0, key.length, value);
    if (found != (wanted != null) || found && !Arrays.equals(wanted, value.toByteArray())) {
      throw new AssertionError(
          where
              + ": list "
              + text(key)
              + " expected "
              + (wanted == null ? "none" : text(wanted))
              + " found "
              + (found ? text(value) : "none"));
    }
  }

  /** Scans a range in batches and compares all of it. */
  void checkRange(
      PartitionModel model, KeyRange range, boolean reverse, int batchEntries, String where) {
    EntryBatch batch = new EntryBatch(batchEntries, 64 << 10);
    Iterator<Map.Entry<byte[], PartitionModel.Entry>> wanted =
        model.range(range, reverse).entrySet().iterator();
    KeyRange rest = range;
    boolean more = true;
    while (more) {
      more = partition.scan(rest, reverse, batch);
      for (int i = 0; i < batch.count(); i++) {
        byte[] key = batch.key(i);
        if (key[0] == PartitionModel.LIST_PREFIX) {
          continue;
        }
        Map.Entry<byte[], PartitionModel.Entry> entry = nextVisible(wanted);
        byte[] bytes =
            Arrays.copyOfRange(
                batch.bytes(), batch.valueOffset(i), batch.valueOffset(i) + batch.valueLength(i));
        if (entry == null
            || !Arrays.equals(entry.getKey(), key)
            || !Arrays.equals(entry.getValue().value(), bytes)) {
          throw new AssertionError(
              where
                  + ": scan of "
                  + text(range)
                  + (reverse ? " reverse" : "")
                  + " expected "
                  + (entry == null ? "end" : text(entry.getKey()) + "=" + text(entry.getValue()))
                  + " found "
                  + text(key)
                  + "="
                  + text(bytes));
        }
      }
      if (batch.count() > 0) {
        byte[] last = batch.key(batch.count() - 1);
        rest =
            reverse
                ? new KeyRange(range.from(), last)
                : new KeyRange(Arrays.copyOf(last, last.length + 1), range.to());
      }
    }
    Map.Entry<byte[], PartitionModel.Entry> left = nextVisible(wanted);
    if (left != null) {
      throw new AssertionError(
          where
              + ": scan of "
              + text(range)
              + (reverse ? " reverse" : "")
              + " ended before "
              + text(left.getKey()));
    }
  }

  private Map.Entry<byte[], PartitionModel.Entry> nextVisible(
      Iterator<Map.Entry<byte[], PartitionModel.Entry>> entries) {
    while (entries.hasNext()) {
      Map.Entry<byte[], PartitionModel.Entry> entry = entries.next();
      if (entry.getValue().isVisible(nowMs.get())) {
        return entry;
      }
    }
    return null;
  }

  /** Compares everything: points, lists, a scan each way. */
  void checkAll(PartitionModel model, String where) {
    for (byte[] key : model.range(KeyRange.ALL, false).keySet()) {
      checkKey(model, key, where);
    }
    for (byte[] key : model.lists().keySet()) {
      checkList(model, key, where);
    }
    checkRange(model, KeyRange.ALL, false, 100, where);
    checkRange(model, KeyRange.ALL, true, 100, where);
  }

  static boolean isEqual(PartitionModel.Entry wanted, ValueBuffer found) {
    byte[] bytes = wanted.value();
    return Arrays.equals(bytes, 0, bytes.length, found.bytes(), 0, found.length())
        && found.expireTs() == wanted.expireTs()
        && (!wanted.timed() || found.timestamp() == wanted.timestamp());
  }

  /** Walks the trees of the working root; counts must be right when they claim to be exact. */
  void verifyTrees(String where) {
    View pinned = rows().pinView();
    try {
      verifyTrees(pinned.root(), where);
    } finally {
      View.unpin(pinned.all(), pinned.root());
    }
  }

  private void verifyTrees(Root root, String where) {
    TreeVerifier verifier =
        new TreeVerifier(
            ((Partition) partition).context().source(), root.pages(), root.mapping().pageCount());
    verifier.tree(root.treePage());
    long entries = verifier.entries();
    long overflow = verifier.overflowEntries();
    long expiring = verifier.expiringEntries();
    verifier.tree(root.ttlPage());
    verifier.pending(root.pendingCuts());
    SegmentVerifier segments =
        new SegmentVerifier(((Partition) partition).context().source(), verifier);
    assertThat(segments.verify(root.segments())).as(where).isEmpty();
    assertThat(verifier.finish()).as(where).isEmpty();
    Counts counts = root.counts();
    if (counts.exact() && root.pendingCuts().length == 0) {
      assertThat(counts).as(where).isEqualTo(new Counts(entries, overflow, expiring, true));
      if (root.segments().length == 0) {
        assertThat(partition.approximateEntryCount()).as(where).isEqualTo(entries);
      }
    }
  }

  static String text(byte[] bytes) {
    String hex = HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 24));
    return hex + (bytes.length > 24 ? "...(" + bytes.length + ")" : "");
  }

  static String text(PartitionModel.Entry entry) {
    return text(entry.value())
        + " ts "
        + entry.timestamp()
        + (entry.timed() ? "" : "?")
        + " expires "
        + entry.expireTs();
  }

  static String text(ValueBuffer value) {
    return text(value.toByteArray()) + " ts " + value.timestamp() + " expires " + value.expireTs();
  }

  static String text(KeyRange range) {
    List<String> ends = new ArrayList<>();
    for (byte[] end : new byte[][] {range.from(), range.to()}) {
      ends.add(end == null ? "open" : text(end));
    }
    return ends.toString();
  }

  @Override
  public void close() {
    try {
      store.close();
    } finally {
      shard.close();
    }
  }
}
