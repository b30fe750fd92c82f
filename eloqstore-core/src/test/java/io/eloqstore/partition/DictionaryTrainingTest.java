/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static io.eloqstore.partition.CompressedWorld.COMPRESSED;
import static io.eloqstore.partition.CompressedWorld.DICTIONARY;
import static io.eloqstore.partition.CompressedWorld.RAW;
import static io.eloqstore.partition.CompressedWorld.committed;
import static io.eloqstore.partition.CompressedWorld.dictionary;
import static io.eloqstore.partition.CompressedWorld.flags;
import static io.eloqstore.partition.CompressedWorld.key;
import static io.eloqstore.partition.CompressedWorld.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a partition gets its dictionary, what it is made of, and that it stays. */
class DictionaryTrainingTest {
  @TempDir Path directory;

  private static long incarnation(PartitionWorld world) {
    return ((Partition) world.partition()).committer().extent().incarnation();
  }

  @Test
  void firstValuesGiveTheDictionaryAndItsCommitRollsTheManifest() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      world.put(key("first"), text(1, 1000));
      world.commit();
      assertThat(dictionary(world)).isEmpty();
      assertThat(flags(committed(world), "first", text(1, 1000))).isZero();
      long before = incarnation(world);
      // 1,638,400 bytes are enough; with this flush there are 100 too few.
      for (int i = 0; i < 1637; i++) {
        world.put(key(String.format("s%04d", i)), text(i, i == 0 ? 1300 : 1000));
      }
      world.commit();
      assertThat(dictionary(world)).isEmpty();
      assertThat(incarnation(world)).isEqualTo(before);
      world.put(key("short"), text(1, 99));
      world.commit();
      assertThat(dictionary(world)).isEmpty();
      world.put(key("last"), text(1, 100));
      world.commit();
      assertThat(dictionary(world)).hasSize(16_384);
      assertThat(incarnation(world)).isEqualTo(before + 1);
      ReferenceStore store = committed(world);
      assertThat(store.manifest().dictionary()).isEqualTo(dictionary(world));
      // The flush that brought the last sample is compressed with it.
      assertThat(flags(store, "last", text(1, 100))).isEqualTo(DICTIONARY);
      world.put(key("next"), text(3, 200));
      world.commit();
      assertThat(incarnation(world)).isEqualTo(before + 1);
    }
  }

  @Test
  void sameFlushesGiveTheSameDictionary() {
    byte[][] made = new byte[2][];
    for (int i = 0; i < 2; i++) {
      try (PartitionWorld world = CompressedWorld.open(directory.resolve("s" + i), COMPRESSED)) {
        CompressedWorld.train(world);
        made[i] = dictionary(world);
      }
    }
    assertThat(made[0]).isEqualTo(made[1]);
  }

  @Test
  void largeValuesAloneGiveOneToo() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      for (int i = 0; i < 30; i++) {
        world.put(key("before" + i), text(i, i % 2 == 0 ? 20_000 : 300_000));
      }
      world.commit();
      assertThat(dictionary(world)).hasSize(16_384);
      world.put(key("after"), text(99, 20_000));
      world.commit();
      ReferenceStore store = committed(world);
      assertThat(flags(store, "before0", text(0, 20_000)) & DICTIONARY).isZero();
      assertThat(flags(store, "after", text(99, 20_000)) & DICTIONARY).isEqualTo(DICTIONARY);
    }
  }

  @Test
  void dictionaryStaysThroughRollsReopeningsAndImages() throws IOException {
    byte[] made;
    try (PartitionWorld world =
        CompressedWorld.open(directory.resolve("s"), COMPRESSED.withManifestLogBytesMax(0))) {
      CompressedWorld.train(world);
      made = dictionary(world);
      long before = incarnation(world);
      for (int i = 0; i < 20; i++) {
        world.put(key("k" + i), text(i, 300));
        world.commit();
      }
      assertThat(incarnation(world)).isGreaterThan(before);
      assertThat(committed(world).manifest().dictionary()).isEqualTo(made);
      world.reopen();
      assertThat(dictionary(world)).isEqualTo(made);
      Path image = directory.resolve("image");
      byte[] description = world.saveImage(image, Map.of());
      world.partition().deleteRange(KeyRange.ALL);
      world.settle();
      world.commit();
      assertThat(committed(world).manifest().dictionary()).isEqualTo(made);
      // Only part of the keys: the manifest that names the dictionary is the image's.
      world.restore(image, description, new KeyRange(key("k1"), key("k3")));
      assertThat(dictionary(world)).isEqualTo(made);
      assertThat(world.get(key("k15"))).isEqualTo(text(15, 300));
      assertThat(world.get(key("k5"))).isNull();
      world.put(key("k2x"), text(77, 300));
      world.reopenAfterCommit();
      ReferenceStore store = committed(world);
      assertThat(store.manifest().dictionary()).isEqualTo(made);
      assertThat(flags(store, "k2x", text(77, 300))).isEqualTo(DICTIONARY);
      assertThat(flags(store, "k15", text(15, 300))).isEqualTo(DICTIONARY);
    }
  }

  @Test
  void dictionaryOfAStoreIsNeverReplaced() throws IOException {
    byte[] made;
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      CompressedWorld.train(world);
      made = dictionary(world);
    }
    try (PartitionWorld world = CompressedWorld.open(directory, RAW)) {
      world.put(key("raw"), text(1, 500));
      world.commit();
    }
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      for (int i = 0; i < 4000; i++) {
        world.put(key("other" + i), text(50_000 + i, 450));
      }
      world.commit();
      ReferenceStore store = committed(world);
      assertThat(store.manifest().dictionary()).isEqualTo(made);
      assertThat(flags(store, "raw", text(1, 500))).isZero();
      CompressedWorld.checkTrainingValues(world);
    }
  }

  @Test
  void tooFewSamplesGiveNoDictionaryAndNoFlag() throws IOException {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      for (int i = 0; i < 8; i++) {
        world.put(key("k" + i), text(i, 800));
      }
      // Made of 4000 bytes instead of 1.6 MB: five samples, of which zstd makes nothing.
      DictionaryTraining training =
          new DictionaryTraining(((Partition) world.partition()).context(), 4000);
      training.sample(world.rows().view().active());
      assertThat(dictionary(world)).isEmpty();
      world.put(key("large"), text(9, 9_000));
      world.commit();
      ReferenceStore store = committed(world);
      assertThat(store.manifest().dictionary()).isEmpty();
      assertThat(store.entries()).hasSize(9).noneMatch(ReferenceEntry::compressed);
      // It is over: what comes later is no sample.
      for (int i = 0; i < 50; i++) {
        world.put(key("m" + i), text(i, 800));
      }
      training.sample(world.rows().view().active());
      assertThat(dictionary(world)).isEmpty();
    }
  }

  @Test
  void equalSamplesGiveWhatCanBeReadAgain() throws IOException {
    byte[] same = text(1, 450);
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      for (int i = 0; i < 4000; i++) {
        world.put(CompressedWorld.trainingKey(i), same);
      }
      world.reopenAfterCommit();
      int trained = dictionary(world).length;
      assertThat(trained).isIn(0, 16_384);
      ReferenceStore store = committed(world);
      assertThat(store.entries()).hasSize(4000).allMatch(e -> e.compressed() == (trained > 0));
      for (int i = 0; i < 4000; i++) {
        assertThat(world.get(CompressedWorld.trainingKey(i))).isEqualTo(same);
      }
    }
  }

  @Test
  void whatWasCollectedBeforeACloseDoesNotCount() {
    try (PartitionWorld world = CompressedWorld.open(directory, COMPRESSED)) {
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
          world.put(CompressedWorld.trainingKey(i), CompressedWorld.trainingValue(i));
        }
        world.reopenAfterCommit();
        assertThat(dictionary(world)).isEmpty();
      }
      CompressedWorld.train(world);
    }
  }
}
