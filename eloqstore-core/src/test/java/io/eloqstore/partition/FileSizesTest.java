/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.MemoryBackend;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Data files and manifests keep their limits, whatever the size of pages and files is. */
class FileSizesTest {
  private static final long MANIFEST_LOG_BYTES_MAX = 32 << 10;

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static byte[] value(Random random) {
    byte[] value = new byte[random.nextInt(300) == 0 ? 70_000 : random.nextInt(400)];
    random.nextBytes(value);
    return value;
  }

  /** The snapshot record that the content needs, rounded up generously. */
  private static long snapshotBytesMax(PartitionWorld world, long files) {
    return 8192 + 10L * world.rows().view().root().mapping().pageCount() + 20 * files;
  }

  private static void check(PartitionWorld world, String where) {
    long fileBytesMax = (long) world.options.pageBytes() << world.options.pagesPerFileShift();
    long manifestBytes = 0;
    long files = 0;
    for (DirectoryEntry entry : world.shard.io().list(world.partitionDirectory())) {
      if (entry.name().startsWith("data_")) {
        files++;
        assertThat(entry.bytes()).as(where + ", " + entry.name()).isBetween(0L, fileBytesMax);
        assertThat(entry.bytes() % world.options.pageBytes()).as(where).isZero();
      } else if (entry.name().startsWith("manifest")) {
        manifestBytes += entry.bytes();
      }
    }
    long snapshot = snapshotBytesMax(world, files);
    assertThat(manifestBytes)
        .as(where)
        .isBetween(1L, snapshot + Math.max(MANIFEST_LOG_BYTES_MAX, snapshot));
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 0",
    "4096, 3",
    "4096, 8",
    "4096, 20",
    "8192, 2",
    "8192, 7",
    "16384, 1",
    "16384, 6",
    "32768, 0",
    "32768, 5",
    "32768, 17",
    "61440, 16"
  })
  void filesStayWithinTheirLimits(int pageBytes, int pagesPerFileShift) {
    StoreOptions options =
        StoreOptions.defaults()
            .withPageBytes(pageBytes)
            .withPagesPerFileShift(pagesPerFileShift)
            .withManifestLogBytesMax(MANIFEST_LOG_BYTES_MAX);
    try (PartitionWorld world =
        new PartitionWorld(
            8 << 20, budget -> MemoryBackend.plain(budget.arena()), Path.of("/store"), options)) {
      Random random = new Random(pageBytes + pagesPerFileShift);
      Map<Integer, byte[]> model = new HashMap<>();
      for (int round = 0; round < 40; round++) {
        for (int i = 0; i < (round == 0 ? 2000 : 60); i++) {
          int key = round == 0 ? i : random.nextInt(2000);
          byte[] value = value(random);
          world.put(key(key), value);
          model.put(key, value);
        }
        world.commit();
        check(world, "round " + round);
      }
      world.reopen();
      world.settle();
      world.partition().compact();
      world.commit();
      check(world, "compacted");
      model.forEach((key, value) -> assertThat(world.get(key(key))).isEqualTo(value));
      world.verifyTrees("at the end");
    }
  }
}
