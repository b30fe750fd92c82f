/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.cache.FrameCheck;
import io.eloqstore.cache.PageCache;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.memory.Arena;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.PageHeader;
import io.eloqstore.pagestore.PageSink;
import io.eloqstore.pagestore.PageSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/** One tree on a disk of heap arrays, with a model beside it. */
final class TreeWorld implements PageSource, PageSink, AutoCloseable {
  static final int VALUE_BLOCK_BYTES = 64 * 1024;

  /** What a key is to become; a null value deletes it. */
  record Change(byte[] value, int flags, boolean hasTimestamp, long timestamp, long expireTs) {
    static Change put(byte[] value) {
      return new Change(value, 0, false, 0, 0);
    }

    static Change delete() {
      return new Change(null, 0, false, 0, 0);
    }
  }

  /** What a key is. */
  record Entry(byte[] value, int flags, long timestamp, long expireTs) {}

  final MemoryBudget budget;
  final PageCache cache;
  final int pageBytes;
  PageIds ids = new PageIds(0);
  final NavigableMap<byte[], Entry> model = new TreeMap<>(Arrays::compareUnsigned);
  final MergeStatistics statistics = new MergeStatistics();
  final Map<String, Long> expiries = new HashMap<>();
  final TreeOptions options;
  MappingSnapshot mapping;
  int root = TreeMerger.EMPTY;
  int[] pendingCuts = new int[0];
  int loads;
  int pins;
  int appends;
  int pinsUntilFailure = -1;
  private final long valueBlock;
  private final Map<Long, byte[]> disk = new HashMap<>();
  private final Set<Long> unflushed = new HashSet<>();
  private long nextFilePage;
  private int pinsHeld;

  TreeWorld(int pageBytes, long budgetBytes, TreeOptions options) {
    this.pageBytes = pageBytes;
    this.options = options;
    budget = new MemoryBudget(budgetBytes);
    cache = new PageCache(budget);
    mapping = MappingSnapshot.empty(budget, 12);
    valueBlock = budget.allocate(VALUE_BLOCK_BYTES, MemoryUse.WRITE_BUFFER);
  }

  TreeWorld(int pageBytes) {
    this(pageBytes, 16 << 20, TreeOptions.STANDARD);
  }

  // ---- the disk ---------------------------------------------------------------------------------

  @Override
  public Arena arena() {
    return budget.arena();
  }

  @Override
  public int pageBytes() {
    return pageBytes;
  }

  @Override
  public PageCache cache() {
    return cache;
  }

  @Override
  public long cacheKey(long filePage) {
    return filePage + (7L << 40);
  }

  @Override
  public long pin(long filePage, int expectedTypes, FrameCheck check) {
    if (pinsUntilFailure == 0) {
      throw new StoreException(StoreErrorCode.IO_FAILED, "injected failure");
    }
    pinsUntilFailure--;
    pins++;
    long at = cache.pin(cacheKey(filePage), pageBytes, (key, to) -> load(filePage, to), check);
    pinsHeld++;
    return at;
  }

  private void load(long filePage, long at) {
    loads++;
    assertThat(unflushed).as("reads only what reached the disk").doesNotContain(filePage);
    copyFromDisk(filePage, at);
    assertThat(PageHeader.verify(arena(), at, pageBytes)).as("checksum").isTrue();
  }

  void copyFromDisk(long filePage, long at) {
    arena().put(at, disk.get(filePage), 0, pageBytes);
  }

  @Override
  public void unpin(long at) {
    pinsHeld--;
    cache.unpin(at);
  }

  @Override
  public long append(long at, int mark) {
    appends++;
    PageHeader.seal(arena(), at, pageBytes);
    byte[] bytes = new byte[pageBytes];
    arena().get(at, bytes, 0, pageBytes);
    long filePage = nextFilePage++;
    disk.put(filePage, bytes);
    unflushed.add(filePage);
    if (mark != 0) {
      cache.install(cacheKey(filePage), at, pageBytes, mark);
    }
    return filePage;
  }

  @Override
  public boolean isPending(long filePage) {
    return unflushed.contains(filePage);
  }

  @Override
  public void flush() {
    unflushed.clear();
  }

  void dropCache() {
    cache.removeRange(0, Long.MAX_VALUE);
  }

  /** Damages a page on the disk and forgets it. */
  void corrupt(long filePage, int offset, byte value) {
    disk.get(filePage)[offset] = value;
    dropCache();
  }

  /** Puts the bytes of a page, with a sound checksum, in the place of another and forgets it. */
  void replace(int id, byte[] bytes) {
    disk.put(mapping.filePage(id), bytes);
    dropCache();
  }

  byte[] pageOf(int id) {
    return disk.get(mapping.filePage(id));
  }

  // ---- rewrites ---------------------------------------------------------------------------------

  interface Rewrite {
    int run(RewriteContext context);
  }

  /** Runs a rewrite and keeps its result, or throws and keeps everything as it was. */
  void rewrite(Rewrite rewrite) {
    MappingBuilder builder = new MappingBuilder(mapping);
    RewriteIds changes = new RewriteIds(ids);
    try {
      root = rewrite.run(new RewriteContext(this, this, builder, changes, budget, options));
      MappingSnapshot before = mapping;
      mapping = builder.build();
      before.release();
      flush();
      changes.publish();
    } finally {
      builder.abandon();
      changes.discard();
      checkNothingIsLeaked();
    }
  }

  MergeListener listener() {
    return (key, length, before, after) -> {
      String name = Arrays.toString(Arrays.copyOf(key, length));
      assertThat(expiries.getOrDefault(name, 0L)).as("old expiry of %s", name).isEqualTo(before);
      if (after == 0) {
        expiries.remove(name);
      } else {
        expiries.put(name, after);
      }
    };
  }

  void merge(NavigableMap<byte[], Change> changes) {
    rewrite(
        context ->
            new TreeMerger(context, listener(), statistics).merge(root, new Cursor(changes)));
    changes.forEach(this::applyToModel);
  }

  ChangeCursor cursor(NavigableMap<byte[], Change> changes) {
    return new Cursor(changes);
  }

  private void applyToModel(byte[] key, Change change) {
    if (change.value() == null) {
      model.remove(key);
      return;
    }
    Entry before = model.get(key);
    long kept = before == null ? 0 : before.timestamp();
    model.put(
        key,
        new Entry(
            change.value(),
            change.flags(),
            change.hasTimestamp() ? change.timestamp() : kept,
            change.expireTs()));
  }

  void put(byte[] key, byte[] value) {
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    changes.put(key, Change.put(value));
    merge(changes);
  }

  void cut(KeyRange range) {
    rewrite(
        context -> {
          RangeCut.Result result = new RangeCut(context, listener(), statistics).cut(root, range);
          int before = pendingCuts.length;
          pendingCuts = Arrays.copyOf(pendingCuts, before + result.dropped().length);
          System.arraycopy(result.dropped(), 0, pendingCuts, before, result.dropped().length);
          return result.root();
        });
    model.keySet().removeIf(key -> range.contains(key, 0, key.length));
  }

  /** One step; whether all is swept. */
  boolean sweep(boolean readsLeaves, int pagesMax) {
    CutSweeper sweeper = new CutSweeper(pendingCuts, readsLeaves, listener(), statistics);
    boolean[] done = new boolean[1];
    rewrite(
        context -> {
          done[0] = sweeper.step(context, pagesMax);
          return root;
        });
    pendingCuts = sweeper.remaining();
    return done[0];
  }

  /** Takes over a tree that was written elsewhere. */
  void adopt(int root, Map<Integer, byte[]> pages) {
    pages.forEach((id, bytes) -> disk.put(nextFilePage + id, bytes));
    rewrite(
        context -> {
          pages.keySet().forEach(id -> context.mapping().map(id, nextFilePage + id));
          return root;
        });
    nextFilePage += mapping.pageCount();
    ids = PageIds.of(mapping);
  }

  // ---- checks -----------------------------------------------------------------------------------

  void checkNothingIsLeaked() {
    assertThat(pinsHeld).as("pins held").isZero();
    assertThat(cache.pinnedIn(0, Long.MAX_VALUE)).as("pins in the cache").isZero();
    assertThat(budget.used(MemoryUse.IO)).as("scratch bytes held").isZero();
  }

  void checkEmpty() {
    assertThat(root).isEqualTo(TreeMerger.EMPTY);
    assertThat(mapping.mappedCount()).isZero();
    assertThat(ids.freeCount()).isEqualTo(ids.end());
  }

  TreeVerifier verify(String what) {
    TreeVerifier verifier = new TreeVerifier(this, mapping::filePage, mapping.pageCount());
    verifier.tree(root);
    verifier.pending(pendingCuts);
    assertThat(verifier.finish()).as(what).isEmpty();
    assertThat(verifier.entries()).as(what).isEqualTo(model.size());
    assertThat(ids.end() - ids.freeCount())
        .as("ids in use, %s", what)
        .isEqualTo(mapping.mappedCount());
    checkNothingIsLeaked();
    return verifier;
  }

  /** Scans both ways. */
  void checkScans(String what) {
    try (TreeScan scan = new TreeScan(this)) {
      scan.open(root, mapping::filePage);
      boolean there = scan.first();
      for (Map.Entry<byte[], Entry> expected : model.entrySet()) {
        assertThat(there).as(what).isTrue();
        checkEntry(scan, expected, what);
        there = scan.next();
      }
      assertThat(there).as(what).isFalse();
      there = scan.last();
      for (Map.Entry<byte[], Entry> expected : model.descendingMap().entrySet()) {
        assertThat(there).as(what).isTrue();
        checkEntry(scan, expected, what);
        there = scan.previous();
      }
      assertThat(there).as(what).isFalse();
    }
    checkNothingIsLeaked();
  }

  void checkEntry(TreeScan scan, Map.Entry<byte[], Entry> expected, String what) {
    byte[] value = new byte[scan.valueLength()];
    arena().get(scan.valueAt(), value, 0, value.length);
    boolean same =
        Arrays.equals(
                scan.key(), 0, scan.keyLength(), expected.getKey(), 0, expected.getKey().length)
            && Arrays.equals(value, expected.getValue().value())
            && scan.timestamp() == expected.getValue().timestamp()
            && scan.expireTs() == expected.getValue().expireTs();
    assertThat(same).as("%s: key %s", what, Arrays.toString(expected.getKey())).isTrue();
  }

  /** Point reads of these keys. */
  void checkReads(List<byte[]> keys, String what) {
    TreeReader reader = new TreeReader(this);
    ValueBuffer value = new ValueBuffer();
    for (byte[] key : keys) {
      Entry expected = model.get(key);
      boolean found = reader.read(root, mapping::filePage, key, 0, key.length, value);
      boolean same =
          found
              ? expected != null
                  && Arrays.equals(value.toByteArray(), expected.value())
                  && value.timestamp() == expected.timestamp()
                  && value.expireTs() == expected.expireTs()
              : expected == null;
      assertThat(same).as("%s: read of %s", what, Arrays.toString(key)).isTrue();
    }
    checkNothingIsLeaked();
  }

  /** The keys of each leaf, in order. */
  List<List<byte[]>> leafKeys() {
    List<List<byte[]>> leaves = new ArrayList<>();
    long leaf = -1;
    try (TreeScan scan = new TreeScan(this)) {
      scan.open(root, mapping::filePage);
      for (boolean more = scan.first(); more; more = scan.next()) {
        if (scan.valueAt() / pageBytes != leaf) {
          leaf = scan.valueAt() / pageBytes;
          leaves.add(new ArrayList<>());
        }
        leaves.get(leaves.size() - 1).add(Arrays.copyOf(scan.key(), scan.keyLength()));
      }
    }
    return leaves;
  }

  List<Integer> leafIds() {
    List<Integer> leaves = new ArrayList<>();
    for (int id = 0; id < mapping.pageCount(); id++) {
      if (mapping.filePage(id) >= 0 && pageOf(id)[8] == 2) {
        leaves.add(id);
      }
    }
    return leaves;
  }

  @Override
  public void close() {
    checkNothingIsLeaked();
    dropCache();
    mapping.release();
    budget.free(valueBlock, VALUE_BLOCK_BYTES, MemoryUse.WRITE_BUFFER);
    budget.close();
  }

  /** The changes of a map, in order. */
  private final class Cursor implements ChangeCursor {
    private final List<Map.Entry<byte[], Change>> changes;
    private int index = -1;

    Cursor(NavigableMap<byte[], Change> changes) {
      this.changes = new ArrayList<>(changes.entrySet());
    }

    private Change change() {
      return changes.get(index).getValue();
    }

    @Override
    public boolean next() {
      if (++index == changes.size()) {
        return false;
      }
      if (change().value() != null) {
        arena().put(valueBlock, change().value(), 0, change().value().length);
      }
      return true;
    }

    @Override
    public byte[] key() {
      return changes.get(index).getKey();
    }

    @Override
    public int keyLength() {
      return key().length;
    }

    @Override
    public boolean isDelete() {
      return change().value() == null;
    }

    @Override
    public int flags() {
      return change().flags();
    }

    @Override
    public long valueAt() {
      return valueBlock;
    }

    @Override
    public int valueLength() {
      return change().value().length;
    }

    @Override
    public boolean hasTimestamp() {
      return change().hasTimestamp();
    }

    @Override
    public long timestamp() {
      return change().timestamp();
    }

    @Override
    public long expireTs() {
      return change().expireTs();
    }
  }
}
