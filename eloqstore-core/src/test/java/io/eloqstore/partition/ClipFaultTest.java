/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every single disk operation of a clip and of a linked copy fails once; nothing leaks. */
class ClipFaultTest {
  private static final PartitionId CHILD = new PartitionId("t", 1);
  private static final KeyRange KEPT = new KeyRange(key(300), key(900));
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(2);

  private static final ImageFiles LINKED =
      names -> {
        throw new IOException("all files are there, asked for " + names);
      };

  private final FaultPlan plan = FaultPlan.of(1);
  private PartitionModel model;
  private PartitionWorld world;
  private PartitionImage image;

  private static byte[] key(int i) {
    return new byte[] {'k', (byte) (i >> 8), (byte) i};
  }

  @BeforeEach
  void load() {
    world =
        new PartitionWorld(
            4 << 20,
            budget -> MemoryBackend.simulated(budget.arena(), plan),
            Path.of("/store"),
            OPTIONS);
    model = new PartitionModel();
    for (int i = 0; i < 1_200; i++) {
      byte[] value = new byte[i % 100 == 7 ? 30_000 : 40];
      world.put(key(i), value);
      model.put(key(i), value);
    }
    try (FreezePoint point = world.partition().freeze()) {
      image = point.commit(Map.of());
    }
    model.deleteRange(new KeyRange(null, KEPT.from()));
    model.deleteRange(new KeyRange(KEPT.to(), null));
  }

  @AfterEach
  void close() {
    image.close();
    world.close();
  }

  private OwnedPartition restore() {
    return world.store().restorePartition(CHILD, image.description(), KEPT, LINKED);
  }

  @Test
  void eachFailedOperationOfAClipLeavesNothingBehind() {
    Path directory = world.store().partitionDirectory(CHILD);
    image.linkTo(directory);
    long before = plan.operations();
    OwnedPartition clean = restore();
    long operations = plan.operations() - before;
    clean.close();
    assertThat(operations).isGreaterThan(12);
    MemoryBudget budget = world.shard.budget();
    int failed = 0;
    OwnedPartition parent = world.partition();
    for (long failing = 0; failing < operations; failing++) {
      long mapping = budget.used(MemoryUse.MAPPING);
      long io = budget.used(MemoryUse.IO);
      int open = world.shard.io().openFiles();
      plan.fail(FaultPlan.Kind.ANY, failing, StoreErrorCode.IO_FAILED);
      OwnedPartition child;
      try {
        child = restore();
      } catch (StoreException e) {
        failed++;
        assertThat(budget.used(MemoryUse.MAPPING)).as("operation %d", failing).isEqualTo(mapping);
        assertThat(budget.used(MemoryUse.IO)).as("operation %d", failing).isEqualTo(io);
        assertThat(world.shard.io().openFiles()).as("operation %d", failing).isEqualTo(open);
        child = restore();
      }
      world.use(child);
      world.checkAll(model, "operation " + failing);
      world.verifyTrees("operation " + failing);
      child.close();
      assertThat(budget.used(MemoryUse.MAPPING)).as("operation %d", failing).isEqualTo(mapping);
      assertThat(budget.used(MemoryUse.IO)).as("operation %d", failing).isEqualTo(io);
      assertThat(world.shard.io().openFiles()).as("operation %d", failing).isEqualTo(open);
    }
    assertThat(failed).isGreaterThan(12);
    world.use(parent);
  }

  @Test
  void eachFailedOperationOfALinkedCopyIsTakenBack() {
    Path directory = Path.of("/store/copy");
    long before = plan.operations();
    image.linkTo(directory);
    long operations = plan.operations() - before;
    assertThat(operations).isGreaterThan(20);
    for (long failing = 0; failing < operations; failing++) {
      Path target = Path.of("/other/copy" + failing);
      plan.fail(FaultPlan.Kind.ANY, failing, StoreErrorCode.IO_FAILED);
      StoreException failure = null;
      try {
        image.linkTo(target);
      } catch (StoreException e) {
        failure = e;
      }
      assertThat(failure).as("operation %d", failing).isNotNull();
      if (world.shard.io().exists(target)) {
        assertThat(world.shard.io().list(target)).as("operation %d", failing).isEmpty();
      }
    }
  }
}
