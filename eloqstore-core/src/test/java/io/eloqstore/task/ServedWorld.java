/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestDump;
import io.eloqstore.shard.Shard;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** A store on a simulated disk whose partitions are served; closing it finds leaks. */
final class ServedWorld implements AutoCloseable {
  static final PartitionId ID = new PartitionId("t", 0);
  static final Path ROOT = Path.of("/store");

  final AtomicLong nowMs = new AtomicLong(1_000_000);
  final FaultPlan plan = FaultPlan.of(1);
  final StoreOptions options = StoreOptions.defaults().withPagesPerFileShift(4);
  final Shard shard;
  EloqStore store;

  ServedWorld(long budgetBytes) {
    shard =
        new Shard(budgetBytes, budget -> MemoryBackend.simulated(budget.arena(), plan), nowMs::get);
    openStore();
  }

  ServedWorld() {
    this(4 << 20);
  }

  void openStore() {
    store = EloqStore.open(shard, ROOT, options);
  }

  ServedPartition serve(ServeDurability durability) {
    return store.servePartition(ID, ServeOptions.defaults().withDurability(durability));
  }

  ServedPartition serve() {
    return serve(ServeDurability.eachCommit());
  }

  /** Number of records in the newest manifest on the disk; 0 when there is none. */
  int manifestRecords() {
    Path directory = store.partitionDirectory(ID);
    List<FileName> names =
        shard.io().list(directory).stream().map(entry -> FileNames.parse(entry.name())).toList();
    FileName newest = FileNames.newestManifest(names);
    if (newest == null) {
      return 0;
    }
    StringWriter text = new StringWriter();
    try (BlockFile file = shard.io().open(directory.resolve(newest.text()), OpenMode.READ)) {
      new ManifestDump(new PrintWriter(text), false).print(file, shard.budget());
    }
    return (int) text.toString().lines().filter(line -> line.startsWith("record ")).count();
  }

  /** What the manifest on the disk says of a key. */
  String published(String key) {
    byte[] bytes = bytes(key);
    ValueBuffer value = new ValueBuffer();
    try (EloqStore look = EloqStore.openReadOnly(shard, ROOT, options);
        OwnedPartition partition = look.openPartition(ID)) {
      return partition.get(bytes, 0, bytes.length, value)
          ? new String(value.toByteArray(), StandardCharsets.UTF_8)
          : null;
    }
  }

  /**
   * Makes the serving thread wait: what depends on a write that is published at once runs there.
   *
   * @return lets it go on
   */
  CountDownLatch block(ServedPartition partition) throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    FaultPlan.Hold hold = plan.hold(Set.of(FaultPlan.Kind.FORCE), 0);
    partition
        .write(put("blocker", "1"))
        .thenRun(
            () -> {
              reached.countDown();
              try {
                released.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    hold.release();
    reached.await();
    return released;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static WriteBatch put(String key, String value) {
    return put(key, value, 0);
  }

  static WriteBatch put(String key, String value, long timestamp) {
    return new WriteBatch().put(bytes(key), bytes(value), timestamp);
  }

  static String get(ServedPartition partition, String key) {
    return value(partition.blocking().read(bytes(key)));
  }

  static String value(StoredEntry entry) {
    return entry == null ? null : new String(entry.value(), StandardCharsets.UTF_8);
  }

  static String text(StoredEntry entry) {
    return entry == null ? null : new String(entry.key(), StandardCharsets.UTF_8);
  }

  static void assertFails(CompletableFuture<?> future, StoreErrorCode... codes) {
    assertThatThrownBy(future::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            StoreException.class,
            e -> assertThat(e.code()).as(e.toString()).isIn((Object[]) codes));
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
