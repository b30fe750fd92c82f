/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.NioBackend;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.reference.ReferenceVerifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A store on files with values worth compressing, and a look at how they are stored. */
final class CompressedWorld {
  static final StoreOptions RAW =
      StoreOptions.defaults()
          .withPagesPerFileShift(8)
          .withDurability(StoreOptions.Durability.NEVER);
  static final StoreOptions COMPRESSED = RAW.withCompression(true);
  static final int DICTIONARY = ReferenceEntry.FLAG_DICTIONARY;
  static final int ALONE = ReferenceEntry.FLAG_STANDALONE;
  static final int OVERFLOW = ReferenceEntry.FLAG_OVERFLOW;

  private static final int TRAINING_VALUES = 4000;

  private CompressedWorld() {}

  static PartitionWorld open(Path directory, StoreOptions options) {
    return open(directory, options, 32 << 20);
  }

  static PartitionWorld open(Path directory, StoreOptions options, long budgetBytes) {
    return new PartitionWorld(
        budgetBytes, budget -> NioBackend.buffered(budget.arena()), directory, options);
  }

  /** Text like that of records: it compresses well, and better with a dictionary. */
  static byte[] text(long seed, int length) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append("{\"user\":").append(random.nextInt(1_000_000));
      text.append(",\"town\":\"town").append(random.nextInt(60));
      text.append("\",\"amount\":").append(random.nextInt(100_000)).append("}");
    }
    return text.substring(0, length).getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] noise(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static byte[] key(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] trainingKey(int i) {
    return key(String.format("~%05d", i));
  }

  static byte[] trainingValue(int i) {
    return text(-1 - i, 430);
  }

  /** Puts and commits more than a dictionary is made of. */
  static void train(PartitionWorld world) {
    for (int i = 0; i < TRAINING_VALUES; i++) {
      world.put(trainingKey(i), trainingValue(i));
    }
    world.commit();
    assertThat(dictionary(world)).hasSize(16_384);
  }

  static void checkTrainingValues(PartitionWorld world) {
    for (int i = 0; i < TRAINING_VALUES; i++) {
      assertThat(world.get(trainingKey(i))).isEqualTo(trainingValue(i));
    }
  }

  static byte[] dictionary(PartitionWorld world) {
    return ((Partition) world.partition()).context().compression().dictionary();
  }

  /** What was committed, as the independent reader sees it; there is nothing wrong with it. */
  static ReferenceStore committed(PartitionWorld world) throws IOException {
    Path partition = world.partitionDirectory();
    StoreOptions options = world.options;
    List<String> findings =
        ReferenceVerifier.verify(partition, options.pageBytes(), options.pagesPerFileShift());
    assertThat(findings).isEmpty();
    return ReferenceStore.read(partition, options.pageBytes(), options.pagesPerFileShift());
  }

  static ReferenceEntry entry(ReferenceStore store, String name) {
    return store.entries().stream()
        .filter(entry -> Arrays.equals(entry.key(), key(name)))
        .findFirst()
        .orElseThrow();
  }

  /** Flags of a committed entry, whose value must be the one given. */
  static int flags(ReferenceStore store, String name, byte[] value) {
    ReferenceEntry entry = entry(store, name);
    assertThat(Arrays.equals(store.plainValue(entry), value)).as(name).isTrue();
    return entry.flags();
  }
}
