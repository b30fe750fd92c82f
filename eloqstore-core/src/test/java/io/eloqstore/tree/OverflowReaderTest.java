/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.LeafPage;
import io.eloqstore.tree.TreeWorld.Change;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains of overflow pages: read back, and given back with their entries. */
class OverflowReaderTest {
  private static final int GROUP_PAGES = 16;

  /** Writes a chain by the letter of the format; the pointers of its first group. */
  private static byte[] write(TreeWorld world, byte[] value) {
    int capacity = world.pageBytes - 12;
    int[] written = new int[1];
    byte[][] pointers = new byte[1][];
    world.rewrite(
        context -> {
          pointers[0] = writeGroup(world, context, value, 0, capacity);
          written[0]++;
          return world.root;
        });
    return pointers[0];
  }

  private static byte[] writeGroup(
      TreeWorld world, RewriteContext context, byte[] value, int from, int capacity) {
    int rest = value.length - from;
    int count = Math.min(GROUP_PAGES, (rest + capacity - 1) / capacity);
    byte[] pointers = new byte[count * 4];
    long block = world.budget.allocate(world.pageBytes, MemoryUse.WRITE_BUFFER);
    int at = from;
    for (int i = 0; i < count; i++) {
      int id = world.ids.allocate();
      for (int b = 0; b < 4; b++) {
        pointers[i * 4 + b] = (byte) (id >>> b * 8);
      }
      byte[] next = new byte[0];
      int length = Math.min(capacity, value.length - at);
      if (i == GROUP_PAGES - 1 && value.length - at > capacity) {
        length = capacity - GROUP_PAGES * 4;
        next = writeGroup(world, context, value, at + length, capacity);
      }
      world.arena().zero(block, world.pageBytes);
      world.arena().putByte(block + 8, (byte) 3);
      world.arena().putShort(block + 9, length);
      world.arena().put(block + 11, value, at, length);
      long end = block + world.pageBytes - 1;
      world.arena().put(end - next.length, next, 0, next.length);
      world.arena().putByte(end, (byte) (next.length / 4));
      context.mapping().map(id, world.append(block, 0));
      at += length;
    }
    world.budget.free(block, world.pageBytes, MemoryUse.WRITE_BUFFER);
    return pointers;
  }

  private static void put(TreeWorld world, byte[] key, byte[] pointers) {
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    changes.put(key, new Change(pointers, LeafPage.OVERFLOW, false, 0, 0));
    world.merge(changes);
  }

  private static byte[] random(int length) {
    byte[] value = new byte[length];
    new Random(length).nextBytes(value);
    return value;
  }

  @ParameterizedTest
  @ValueSource(
      ints = {1, 4084, 4085, 10_000, 65_344, 65_345, 70_000, 130_000, 132_000, 200_000, 190_000})
  void valueComesBackAndItsPagesGoBack(int length) {
    try (TreeWorld world = new TreeWorld(4096)) {
      byte[] key = "big".getBytes(UTF_8);
      byte[] value = random(length);
      byte[] pointers = write(world, value);
      put(world, key, pointers);
      assertThat(world.verify("put").overflowEntries()).isEqualTo(1);
      ValueBuffer target = new ValueBuffer();
      TreeReader reader = new TreeReader(world);
      assertThat(reader.read(world.root, world.mapping::filePage, key, 0, key.length, target))
          .isTrue();
      assertThat(reader.flags()).isEqualTo(LeafPage.OVERFLOW);
      assertThat(target.toByteArray()).isEqualTo(pointers);
      new OverflowReader(world)
          .read(world.mapping::filePage, target.bytes(), target.length(), target);
      assertThat(target.toByteArray()).isEqualTo(value);
      put(world, key, write(world, random(length / 2 + 1)));
      world.verify("replaced");
      NavigableMap<byte[], Change> delete = new TreeMap<>(Arrays::compareUnsigned);
      delete.put(key, Change.delete());
      world.merge(delete);
      world.verify("deleted");
      world.checkEmpty();
      assertThat(world.statistics.overflowEntriesAdded()).isEqualTo(2);
      assertThat(world.statistics.overflowEntriesRemoved()).isEqualTo(2);
    }
  }

  @Test
  void startIsReadInWholePages() {
    try (TreeWorld world = new TreeWorld(4096)) {
      byte[] value = random(100_000);
      byte[] pointers = write(world, value);
      OverflowReader reader = new OverflowReader(world);
      ValueBuffer target = new ValueBuffer();
      // A page holds 4084 bytes, the last of a group of 16 fewer; bytes wanted and read.
      int[][] lengths = {
        {1, 4084},
        {4084, 4084},
        {4085, 8168},
        {65_280, 65_280},
        {65_281, 69_364},
        {100_001, 100_000}
      };
      for (int[] length : lengths) {
        reader.readStart(world.mapping::filePage, pointers, pointers.length, target, length[0]);
        assertThat(target.toByteArray()).isEqualTo(Arrays.copyOf(value, length[1]));
      }
      world.checkNothingIsLeaked();
    }
  }

  @Test
  void sweepFreesChains() {
    try (TreeWorld world = new TreeWorld(4096)) {
      NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
      for (int i = 0; i < 2_000; i++) {
        byte[] value = new byte[60];
        int flags = 0;
        if (i % 100 == 50) {
          value = write(world, random(5_000 + i * 60));
          flags = LeafPage.OVERFLOW;
        }
        changes.put(
            String.format("%05d", i).getBytes(UTF_8), new Change(value, flags, false, 0, 0));
      }
      world.merge(changes);
      assertThat(world.verify("put").overflowEntries()).isEqualTo(20);
      world.cut(new KeyRange("00120".getBytes(UTF_8), "01800".getBytes(UTF_8)));
      world.verify("cut");
      while (!world.sweep(true, 5)) {
        world.verify("swept a little");
      }
      assertThat(world.verify("swept").overflowEntries()).isEqualTo(3);
    }
  }

  @Test
  void brokenChainIsRefused() {
    try (TreeWorld world = new TreeWorld(4096)) {
      byte[] pointers = write(world, random(10_000));
      ValueBuffer target = new ValueBuffer();
      OverflowReader reader = new OverflowReader(world);
      assertThatThrownBy(() -> reader.read(world.mapping::filePage, pointers, 11, target))
          .isInstanceOf(CorruptionException.class);
      assertThatThrownBy(() -> reader.read(world.mapping::filePage, pointers, 0, target))
          .isInstanceOf(CorruptionException.class);
      // The short last page stands in the middle.
      byte[] swapped = pointers.clone();
      System.arraycopy(pointers, 8, swapped, 0, 4);
      System.arraycopy(pointers, 0, swapped, 8, 4);
      assertThatThrownBy(() -> reader.read(world.mapping::filePage, swapped, 12, target))
          .isInstanceOf(CorruptionException.class);
      assertThatThrownBy(() -> reader.read(id -> -1, pointers, 12, target))
          .isInstanceOf(CorruptionException.class);
      world.checkNothingIsLeaked();
    }
  }
}
