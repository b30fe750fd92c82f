/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.FaultPlan.Kind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nobody waits for an upload or for a commit that hangs; and what they held goes away in time. */
@Timeout(60)
class HangingUploadTest {
  private static final StoreOptions OPTIONS = StoreOptions.defaults().withPagesPerFileShift(3);

  private static List<String> dataFiles(SimulatedStore store) {
    return store.backend().list(SimulatedStore.DIRECTORY).stream()
        .map(DirectoryEntry::name)
        .filter(name -> name.startsWith("data_"))
        .toList();
  }

  private static void rewrite(TextPartition partition, int round) {
    for (int i = 0; i < 300; i++) {
      partition.put(String.format("key%04d", i), round + "-".repeat(100));
    }
  }

  private static PartitionImage image(TextPartition partition, int version) {
    try (FreezePoint point = partition.partition().freeze()) {
      return point.commit(TextPartition.metadata(version));
    }
  }

  private static List<String> names(PartitionImage image) {
    List<String> names = new ArrayList<>();
    image.dataFiles().forEach(file -> names.add(file.name()));
    return names;
  }

  private static byte[] read(PartitionImage image, PartitionImage.ImageFile file) {
    byte[] bytes = new byte[(int) file.length()];
    image.read(file, 0, bytes, 0, bytes.length);
    return bytes;
  }

  @Test
  void ownerCommitsOnWhileAnUploadHangs() throws Exception {
    FaultPlan plan = FaultPlan.of(1);
    ExecutorService uploader = Executors.newSingleThreadExecutor();
    try (SimulatedStore store = SimulatedStore.empty(plan, OPTIONS)) {
      TextPartition partition = store.open();
      rewrite(partition, 0);
      PartitionImage image = image(partition, 1);
      List<byte[]> before = new ArrayList<>();
      for (PartitionImage.ImageFile file : image.dataFiles()) {
        before.add(read(image, file));
      }
      byte[] manifestBefore = read(image, image.manifest());

      FaultPlan.Hold hang = plan.hold(EnumSet.of(Kind.READ), 0);
      CompletableFuture<byte[]> upload =
          CompletableFuture.supplyAsync(() -> read(image, image.dataFiles().get(0)), uploader);
      hang.awaitReached();
      for (int round = 1; round <= 40; round++) {
        rewrite(partition, round);
        partition.partition().flush();
        partition.commit(round + 1);
        assertThat(partition.get("key0007")).startsWith(round + "-");
      }
      assertThat(upload).isNotDone();
      assertThat(dataFiles(store)).containsAll(names(image));

      hang.release();
      assertThat(upload.get()).isEqualTo(before.get(0));
      for (int i = 0; i < before.size(); i++) {
        assertThat(read(image, image.dataFiles().get(i))).isEqualTo(before.get(i));
      }
      assertThat(read(image, image.manifest())).isEqualTo(manifestBefore);
      List<String> unneeded = names(image);
      try (PartitionImage newest = image(partition, 50)) {
        // The index page of the first version is still the newest one.
        unneeded.removeAll(names(newest));
      }
      assertThat(unneeded).isNotEmpty();
      assertThat(dataFiles(store)).containsAll(unneeded);
      image.close();
      // The worker may be the one that deletes them: closing waits for it.
      store.closeStore();
      assertThat(dataFiles(store)).doesNotContainAnyElementsOf(unneeded);
      assertThatThrownBy(() -> read(image, image.dataFiles().get(0)))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.CLOSED));
    } finally {
      uploader.shutdownNow();
    }
  }

  @Test
  void imageMayOutliveItsPartition() {
    try (SimulatedStore store = SimulatedStore.empty(FaultPlan.of(1), OPTIONS)) {
      TextPartition partition = store.open();
      rewrite(partition, 0);
      PartitionImage image = image(partition, 1);
      rewrite(partition, 1);
      partition.commit(2);
      store.closeStore();
      List<String> left = dataFiles(store);
      image.close();
      image.close();
      assertThat(dataFiles(store)).isEqualTo(left);
      // What only the image needed is found and deleted by the next one who writes.
      TextPartition again = store.open();
      assertThat(again.get("key0299")).startsWith("1-");
      rewrite(again, 2);
      again.commit(3);
      assertThat(again.get("key0000")).startsWith("2-");
    }
  }

  @Test
  void ownerReadsAndWritesWhileACommitHangsInAForce() throws Exception {
    FaultPlan plan = FaultPlan.of(1);
    ExecutorService committer = Executors.newSingleThreadExecutor();
    try (SimulatedStore store = SimulatedStore.empty(plan, OPTIONS)) {
      TextPartition partition = store.open();
      rewrite(partition, 0);
      partition.commit(1);
      rewrite(partition, 1);
      FaultPlan.Hold hang = plan.hold(EnumSet.of(Kind.FORCE), 0);
      CompletableFuture<Void> commit;
      try (FreezePoint point = partition.partition().freeze()) {
        commit =
            CompletableFuture.runAsync(
                () -> point.commit(TextPartition.metadata(2)).close(), committer);
        hang.awaitReached();
        for (int round = 2; round < 30; round++) {
          rewrite(partition, round);
          partition.partition().flush();
          assertThat(partition.get("key0100")).startsWith(round + "-");
        }
        assertThat(partition.entries()).hasSize(300);
        assertThat(commit).isNotDone();
        hang.release();
        commit.get();
      }
      assertThat(partition.version()).isEqualTo(2);
      assertThat(partition.get("key0100")).startsWith("29-");
      store.closeStore();
      assertThat(store.open().get("key0100")).startsWith("1-");
    } finally {
      committer.shutdownNow();
    }
  }

  /** A file that the worker deletes while a commit forces it is no failed commit. */
  @Test
  void fileDeletedWhileItIsForcedFailsNoCommit() throws Exception {
    FaultPlan plan = FaultPlan.of(1);
    ExecutorService committer = Executors.newSingleThreadExecutor();
    try (SimulatedStore store = SimulatedStore.empty(plan, OPTIONS)) {
      TextPartition partition = store.open();
      rewrite(partition, 0);
      try (FreezePoint point = partition.partition().freeze()) {
        CompletableFuture<Void> commit = null;
        FaultPlan.Hold hang = plan.hold(EnumSet.of(Kind.FORCE), 0);
        commit =
            CompletableFuture.runAsync(
                () -> point.commit(TextPartition.metadata(1)).close(), committer);
        hang.awaitReached();
        // Files are written, and deleted again, that the commit finds when it goes on.
        for (int round = 1; round < 20; round++) {
          rewrite(partition, round);
          partition.partition().flush();
        }
        FaultPlan.Hold deletion = plan.hold(EnumSet.of(Kind.DELETE), 0);
        rewrite(partition, 20);
        partition.partition().flush();
        deletion.awaitReached();
        hang.release();
        commit.get();
        deletion.release();
      }
      partition.commit(2);
      assertThat(partition.get("key0100")).startsWith("20-");
    } finally {
      committer.shutdownNow();
    }
  }
}
