/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.NioBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.reference.ReferenceVerifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Restoring with only a range of keys gives what a sorted map gives: random content of every kind,
 * random ranges, several generations, each written to and checked before the next is made of it.
 *
 * <p>For longer: {@code -Dtest.jvm.flags="-Deloqstore.clip.seeds=1000"}; {@code
 * -Deloqstore.clip.first} names the first seed.
 */
class ClipModelTest {
  private static final long SEEDS = Long.getLong("eloqstore.clip.seeds", 12);
  private static final long FIRST_SEED = Long.getLong("eloqstore.clip.first", 1);
  private static final int GENERATIONS = 3;

  @TempDir Path directory;

  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withPagesPerFileShift(2)
          .withManifestLogBytesMax(64 << 10)
          .withOverflowPointers(3)
          .withDurability(StoreOptions.Durability.NEVER);

  /** What a partition holds by kind of content. */
  private enum Content {
    PLAIN(0, 0, false, false),
    LARGE(0, 60, false, false),
    LONG_KEYS(20, 5, false, false),
    LISTS(0, 5, true, false),
    EXPIRING(2, 5, true, true);

    private final int longKeyPercent;
    private final int largePerMille;
    private final boolean lists;
    private final boolean expiring;

    Content(int longKeyPercent, int largePerMille, boolean lists, boolean expiring) {
      this.longKeyPercent = longKeyPercent;
      this.largePerMille = largePerMille;
      this.lists = lists;
      this.expiring = expiring;
    }
  }

  /** One history. */
  private static final class Run {
    private final PartitionWorld world;
    private final Content content;
    private final Random random;
    private final ModelKeys keys;
    private final PartitionModel model = new PartitionModel();

    Run(PartitionWorld world, Content content, long seed) {
      this.world = world;
      this.content = content;
      this.random = new Random(seed);
      this.keys =
          new ModelKeys(
              random,
              world.options,
              200 << random.nextInt(5),
              content.longKeyPercent,
              content.largePerMille);
    }

    void write(int operations) {
      for (int i = 0; i < operations; i++) {
        int kind = random.nextInt(100);
        if (kind < 80) {
          put();
        } else if (kind < 88) {
          byte[] key = keys.plain();
          world.delete(key);
          model.delete(key);
        } else if (kind < 90 && random.nextInt(4) == 0) {
          KeyRange range = keys.rangeToDelete();
          world.partition().deleteRange(range);
          model.deleteRange(range);
        } else if (kind < 97 && content.lists) {
          byte[] key = keys.list();
          byte[] elements = keys.elements();
          world.append(key, elements);
          model.append(key, elements);
        } else if (kind == 99 && random.nextInt(10) == 0) {
          world.commit();
        }
      }
    }

    private void put() {
      byte[] key = keys.plain();
      byte[] value = keys.value();
      if (content.expiring && random.nextInt(5) == 0) {
        long now = world.nowMs.get();
        long expireTs = random.nextBoolean() ? now + 1 + random.nextInt(1000) : 0;
        world.put(key, value, now, expireTs);
        model.put(key, value, now, expireTs, now);
      } else {
        world.put(key, value);
        model.put(key, value);
      }
    }

    /** Ends that are keys, beginnings of keys or neither; sometimes one leaf or nothing. */
    KeyRange range() {
      byte[] from = end();
      byte[] to =
          random.nextInt(4) == 0 && from != null ? Arrays.copyOf(from, from.length + 1) : end();
      if (from != null && to != null && Arrays.compareUnsigned(from, to) > 0) {
        byte[] swap = from;
        from = to;
        to = swap;
      }
      KeyRange range = new KeyRange(from, to);
      return range.isEmpty() ? KeyRange.ALL : range;
    }

    private byte[] end() {
      int kind = random.nextInt(10);
      if (kind == 0) {
        return null;
      }
      byte[] key = kind == 1 ? KeyRange.prefix(keys.list()).from() : keys.plain();
      int length = Math.min(key.length, world.options.bucketPrefixBytes() - 2);
      return Arrays.copyOf(key, kind < 5 ? 1 + random.nextInt(Math.min(4, length)) : length);
    }

    void clip(KeyRange range) {
      if (range.from() != null) {
        model.deleteRange(new KeyRange(null, range.from()));
      }
      if (range.to() != null) {
        model.deleteRange(new KeyRange(range.to(), null));
      }
    }
  }

  private void run(Content content, long seed) throws Exception {
    String where = content + " seed " + seed;
    Path store = directory.resolve(content + "" + seed);
    try (PartitionWorld world =
        new PartitionWorld(
            4 << 20, budget -> NioBackend.buffered(budget.arena()), store, OPTIONS)) {
      Run run = new Run(world, content, seed);
      run.write(1500);
      for (int generation = 1; generation <= GENERATIONS; generation++) {
        String step = where + " generation " + generation;
        KeyRange kept = run.range();
        OwnedPartition parent = world.partition();
        boolean parentStays = run.random.nextBoolean();
        try {
          clipped(world, new PartitionId("t", generation), kept);
          if (!parentStays) {
            parent.close();
          }
          run.clip(kept);
          step += " kept " + PartitionWorld.text(kept);
          world.checkAll(run.model, step);
          world.verifyTrees(step);
          if (run.random.nextInt(3) > 0) {
            run.write(300);
            world.checkAll(run.model, step);
            world.settle();
            world.verifyTrees(step);
          }
          world.commit();
          world.reopen();
          world.checkAll(run.model, step + " reopened");
          world.verifyTrees(step);
          verifyFiles(world, step);
        } catch (RuntimeException | AssertionError e) {
          throw new AssertionError(step + ": " + e, e);
        }
      }
    }
  }

  /** The world goes on with a clipped copy of its partition. */
  private static void clipped(PartitionWorld world, PartitionId child, KeyRange kept)
      throws Exception {
    try (FreezePoint point = world.partition().freeze();
        PartitionImage image = point.commit(Map.of("of", new byte[] {1}))) {
      CopiedImage files = new CopiedImage(image, world.store().partitionDirectory(child));
      world.use(world.store().restorePartition(child, image.description(), kept, files));
      assertThat(files.fetched()).doesNotHaveDuplicates();
    }
    assertThat(world.partition().metadata()).containsOnlyKeys("of");
  }

  /** What is read may be further: opening has asked for the sweep. */
  private static int committedCuts(PartitionWorld world) {
    Path manifest = world.partitionDirectory().resolve("manifest_0");
    try (BlockFile file = world.shard.io().open(manifest, OpenMode.READ)) {
      ManifestState state =
          new ManifestReader(world.shard.budget(), OPTIONS.pagesPerFileShift()).read(file);
      state.mapping().release();
      return state.extension().pendingCuts().length;
    }
  }

  private static void verifyFiles(PartitionWorld world, String where) throws Exception {
    PartitionReport report =
        PartitionVerifier.verify(world.shard, world.partitionDirectory(), OPTIONS);
    // A tail of the run before goes with the next background work.
    assertThat(report.findings()).as(where).allMatch(finding -> finding.startsWith("orphan: "));
    if (committedCuts(world) == 0) {
      // The independent reader of the format knows nothing of subtrees that wait for their sweep.
      assertThat(
              ReferenceVerifier.verify(
                  world.partitionDirectory(), OPTIONS.pageBytes(), OPTIONS.pagesPerFileShift()))
          .as(where)
          .allMatch(finding -> finding.startsWith("orphan: "));
    }
  }

  private void runAll(Content content) throws Exception {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      run(content, seed);
    }
  }

  @Test
  void plainRowsEqualAModel() throws Exception {
    runAll(Content.PLAIN);
  }

  @Test
  void largeValuesEqualAModel() throws Exception {
    runAll(Content.LARGE);
  }

  @Test
  void longKeysEqualAModel() throws Exception {
    runAll(Content.LONG_KEYS);
  }

  @Test
  void listsEqualAModel() throws Exception {
    runAll(Content.LISTS);
  }

  @Test
  void expiringRowsEqualAModel() throws Exception {
    runAll(Content.EXPIRING);
  }
}
