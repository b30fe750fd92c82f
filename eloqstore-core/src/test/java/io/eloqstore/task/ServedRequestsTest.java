/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import static io.eloqstore.task.ServedWorld.assertFails;
import static io.eloqstore.task.ServedWorld.bytes;
import static io.eloqstore.task.ServedWorld.get;
import static io.eloqstore.task.ServedWorld.put;
import static io.eloqstore.task.ServedWorld.text;
import static io.eloqstore.task.ServedWorld.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.BlockingPartition;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.ScanPage;
import io.eloqstore.api.ServeDurability;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.ServedScan;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoredEntry;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.io.FaultPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every kind of request, waiting and not; where it is done and what it is refused for. */
class ServedRequestsTest {
  private static final Set<FaultPlan.Kind> FORCE = Set.of(FaultPlan.Kind.FORCE);
  private static final long UNLIMITED = Long.MAX_VALUE;

  private final ServedWorld world = new ServedWorld();

  @AfterEach
  void close() {
    world.close();
  }

  private static WriteBatch numbered(int count) {
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < count; i++) {
      batch.put(bytes(key(i)), bytes("v" + i), 5 + i, 2_000_000 + i);
    }
    return batch;
  }

  private static String key(int number) {
    return String.format("k%03d", number);
  }

  private static List<String> keys(ScanPage page) {
    return page.entries().stream().map(ServedWorld::text).toList();
  }

  @Test
  void requestsThatWait() {
    BlockingPartition partition = world.serve().blocking();
    partition.write(numbered(10));
    StoredEntry third = new StoredEntry(bytes(key(3)), bytes("v3"), 8, 2_000_003);
    assertThat(partition.read(bytes(key(3)))).isEqualTo(third);
    assertThat(partition.read(bytes("absent"))).isNull();
    assertThat(partition.multiRead(List.of(bytes("absent"), bytes(key(3)))))
        .containsExactly(null, third);
    assertThat(partition.floor(bytes(key(3) + "x"))).isEqualTo(third);
    assertThat(partition.ceiling(bytes(key(3)))).isEqualTo(third);
    assertThat(partition.lower(bytes(key(4)))).isEqualTo(third);
    assertThat(partition.higher(bytes(key(2)))).isEqualTo(third);
    assertThat(partition.higher(bytes(key(9)))).isNull();
    ScanPage page = partition.scan(new KeyRange(bytes(key(2)), null), false, 2, UNLIMITED);
    assertThat(keys(page)).containsExactly(key(2), key(3));
    assertThat(page.hasRemaining()).isTrue();
    assertThat(keys(partition.scan(KeyRange.ALL, true, 1, UNLIMITED))).containsExactly(key(9));
    assertThat(partition.putIfAbsent(bytes("k"), bytes("new"))).isTrue();
    assertThat(partition.putIfAbsent(bytes("k"), bytes("newer"))).isFalse();
    assertThat(keys(partition.prefixScan(bytes("k00"), 100, UNLIMITED))).hasSize(10);
    assertThat(keys(partition.prefixScan(bytes("k"), 100, UNLIMITED))).hasSize(11);
    partition.deleteRange(new KeyRange(bytes(key(1)), bytes(key(3))));
    partition.truncate(bytes(key(5)));
    assertThat(keys(partition.scan(KeyRange.ALL, false, 100, UNLIMITED)))
        .containsExactly("k", key(0), key(3), key(4));
    partition.appendToList(bytes("list"), bytes("a"));
    partition.appendToList(bytes("list"), bytes("b"));
    assertThat(partition.readList(bytes("list"))).isEqualTo(bytes("a,b"));
    assertThat(partition.readList(bytes("no list"))).isNull();
    partition.flush();
    partition.commit(Map.of("offset", bytes("7")));
    partition.truncate(new byte[0]);
    assertThat(partition.scan(KeyRange.ALL, false, 1, 1)).isEqualTo(new ScanPage(List.of(), false));
  }

  @Test
  void requestsAreDoneInTheirOrderOnTheServingThread() {
    ServedPartition partition = world.serve();
    List<CompletableFuture<?>> all = new ArrayList<>();
    List<String> threads = new ArrayList<>();
    all.add(partition.write(numbered(10)));
    CompletableFuture<StoredEntry> seen = partition.read(bytes(key(1)));
    all.add(partition.deleteRange(KeyRange.ALL));
    CompletableFuture<StoredEntry> gone = partition.read(bytes(key(1)));
    CompletableFuture<Boolean> first = partition.putIfAbsent(bytes("x"), bytes("1"));
    CompletableFuture<Boolean> second = partition.putIfAbsent(bytes("x"), bytes("2"));
    all.add(partition.appendToList(bytes("l"), bytes("e")));
    CompletableFuture<byte[]> list = partition.readList(bytes("l"));
    CompletableFuture<ScanPage> page = partition.scan(KeyRange.prefix(bytes("x")), false, 9, 999);
    all.add(partition.truncate(new byte[0]));
    CompletableFuture<List<StoredEntry>> none = partition.multiRead(List.of(bytes("x")));
    all.add(partition.flush());
    all.add(
        partition
            .commit(Map.of())
            // The test's thread runs this if the future is complete already.
            .thenRun(() -> threads.add(Thread.currentThread().getName())));
    all.add(partition.closeLater());
    all.forEach(CompletableFuture::join);
    assertThat(value(seen.join())).isEqualTo("v1");
    assertThat(gone.join()).isNull();
    assertThat(first.join()).isTrue();
    assertThat(second.join()).isFalse();
    assertThat(list.join()).isEqualTo(bytes("e"));
    assertThat(keys(page.join())).containsExactly("x");
    assertThat(none.join()).containsExactly((StoredEntry) null);
    assertThat(threads).hasSize(1);
  }

  @Test
  void argumentsAreCopiedBeforeACallReturns() throws Exception {
    ServedPartition partition = world.serve();
    CountDownLatch blocked = world.block(partition);
    byte[] key = bytes("key");
    byte[] value = bytes("value");
    WriteBatch batch = new WriteBatch().put(bytes("batch"), bytes("1"), 1);
    CompletableFuture<Boolean> put = partition.putIfAbsent(key, value);
    CompletableFuture<Void> written = partition.write(batch);
    Arrays.fill(key, (byte) 'x');
    Arrays.fill(value, (byte) 'x');
    batch.clear();
    blocked.countDown();
    CompletableFuture.allOf(put, written).join();
    assertThat(get(partition, "key")).isEqualTo("value");
    assertThat(get(partition, "batch")).isEqualTo("1");
  }

  // ---- scans that stay open
  // -----------------------------------------------------------------------

  @Test
  void openScanSeesOneSnapshotPageByPage() {
    ServedPartition partition = world.serve();
    BlockingPartition blocking = partition.blocking();
    blocking.write(numbered(100));
    ServedScan scan = blocking.openScan(KeyRange.ALL, false);
    try (ServedScan reverse = partition.openScan(new KeyRange(null, bytes(key(50))), true).join()) {
      assertThat(keys(scan.awaitNext(3, UNLIMITED))).containsExactly(key(0), key(1), key(2));
      blocking.truncate(bytes(key(10)));
      blocking.write(put("k003", "changed", 1000));
      blocking.write(put("z", "new"));
      CompletableFuture<ScanPage> second = scan.next(2, UNLIMITED);
      CompletableFuture<ScanPage> third = scan.next(1000, UNLIMITED);
      assertThat(second.join().entries().get(0))
          .isEqualTo(new StoredEntry(bytes(key(3)), bytes("v3"), 8, 2_000_003));
      assertThat(third.join().entries()).hasSize(95);
      assertThat(third.join().hasRemaining()).isFalse();
      assertThat(keys(reverse.awaitNext(1, 1))).containsExactly(key(49));
      scan.close();
      assertFails(scan.next(1, 1), StoreErrorCode.CLOSED);
    }
    assertThat(keys(blocking.scan(KeyRange.ALL, false, 100, UNLIMITED))).hasSize(11);
  }

  @Test
  void openScansAreLimitedAndClosedWithTheirPartition() {
    ServedPartition partition = world.serve();
    partition.blocking().write(numbered(3));
    List<ServedScan> scans = new ArrayList<>();
    for (int i = 0; i < ServedPartition.SCANS_MAX; i++) {
      scans.add(partition.blocking().openScan(KeyRange.ALL, false));
    }
    assertFails(partition.openScan(KeyRange.ALL, false), StoreErrorCode.BUSY);
    scans.get(7).close();
    scans.get(7).close();
    scans.add(partition.blocking().openScan(KeyRange.ALL, false));
    assertThat(scans.get(8).awaitNext(1, 1).entries()).hasSize(1);
    partition.close();
    assertFails(scans.get(9).next(1, 1), StoreErrorCode.CLOSED);
    scans.forEach(ServedScan::close);
  }

  // ---- refusals
  // -----------------------------------------------------------------------------------

  @Test
  void badArgumentsFailTheFutureAndNothingElse() {
    ServedPartition partition = world.serve();
    StoreErrorCode invalid = StoreErrorCode.INVALID_ARGUMENT;
    CompletableFuture<Void> good = partition.write(put("k", "1"));
    Map<String, byte[]> withNull = new HashMap<>();
    withNull.put("name", null);
    List<CompletableFuture<?>> bad =
        List.of(
            partition.read(null),
            partition.read(new byte[0]),
            partition.multiRead(null),
            partition.multiRead(Arrays.asList(bytes("k"), null)),
            partition.floor(null),
            partition.higher(new byte[0]),
            partition.readList(null),
            partition.scan(null, false, 1, 1),
            partition.scan(KeyRange.ALL, false, 0, 1),
            partition.prefixScan(null, 1, 1),
            partition.openScan(null, false),
            partition.write(null),
            partition.putIfAbsent(null, bytes("v")),
            partition.putIfAbsent(bytes("k2"), null),
            partition.appendToList(null, bytes("v")),
            partition.deleteRange(null),
            partition.truncate(null),
            partition.commit(null),
            partition.commit(withNull));
    bad.forEach(future -> assertFails(future, invalid));
    good.join();
    assertThatThrownBy(() -> partition.blocking().read(null))
        .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.code()).isEqualTo(invalid));
    assertThat(world.published("k")).isEqualTo("1");
    assertThatThrownBy(() -> world.store.servePartition(ServedWorld.ID, null))
        .hasMessageContaining("options");
    assertThatThrownBy(() -> new ServeOptions(null)).hasMessageContaining("durability");
    assertThatThrownBy(() -> ServeDurability.everyMs(0)).hasMessageContaining("positive");
    assertThatThrownBy(() -> new ServeDurability(ServeDurability.When.NEVER, 1))
        .hasMessageContaining("0 for NEVER");
    assertThatThrownBy(() -> new ServeDurability(null, 0)).hasMessageContaining("null");
  }

  @Test
  void waitingOnTheServingThreadIsRefused() {
    ServedPartition partition = world.serve();
    List<Class<?>> thrown = new ArrayList<>();
    List<CompletableFuture<StoredEntry>> inner = new ArrayList<>();
    CompletableFuture<Void> dependent = onServingThread(partition, thrown, inner);
    dependent.join();
    assertThat(thrown).hasSize(4).containsOnly(IllegalStateException.class);
    assertThat(value(inner.get(0).join())).as("not waiting is fine").isEqualTo("1");
  }

  /** The first request is held until what depends on it is there, so that runs where it ends. */
  private CompletableFuture<Void> onServingThread(
      ServedPartition partition,
      List<Class<?>> thrown,
      List<CompletableFuture<StoredEntry>> inner) {
    FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
    CompletableFuture<Void> dependent =
        partition
            .write(put("k", "1"))
            .thenRun(
                () -> {
                  assertThat(Thread.currentThread().getName()).startsWith("eloqstore-serving-");
                  inner.add(partition.read(bytes("k")));
                  List<Runnable> waiting =
                      List.of(
                          () -> partition.blocking().read(bytes("k")),
                          partition::close,
                          world.store::close,
                          world.shard::close);
                  for (Runnable each : waiting) {
                    try {
                      each.run();
                    } catch (IllegalStateException e) {
                      thrown.add(e.getClass());
                    }
                  }
                });
    hold.release();
    return dependent;
  }

  @Test
  void cancelledBeforeItsTurnIsNotDone() throws Exception {
    ServedPartition partition = world.serve();
    CountDownLatch blocked = world.block(partition);
    CompletableFuture<Void> second = partition.write(put("second", "2"));
    CompletableFuture<Void> third = partition.write(put("third", "3"));
    CompletableFuture<ServedScan> scan = partition.openScan(KeyRange.ALL, false);
    second.cancel(true);
    scan.cancel(true);
    blocked.countDown();
    third.join();
    assertThatThrownBy(second::join).isInstanceOf(CancellationException.class);
    assertThat(get(partition, "second")).isNull();
    assertThat(get(partition, "third")).isEqualTo("3");
  }

  @Test
  void cancelledAfterItsTurnIsDone() throws Exception {
    ServedPartition partition = world.serve();
    FaultPlan.Hold hold = world.plan.hold(FORCE, 0);
    CompletableFuture<Void> first = partition.write(put("first", "1"));
    hold.awaitReached();
    first.cancel(true);
    hold.release();
    partition.close();
    assertThat(world.published("first")).isEqualTo("1");
  }

  @Test
  void fullQueueRefusesAndWhoWaitsWaitsForRoom() throws Exception {
    ServedPartition partition = world.serve();
    CountDownLatch blocked = world.block(partition);
    List<CompletableFuture<StoredEntry>> reads = new ArrayList<>();
    for (int i = 0; i < ServedPartition.QUEUED_MAX; i++) {
      reads.add(partition.read(bytes("blocker")));
    }
    CompletableFuture<Void> refused = partition.write(put("refused", "1"));
    assertThat(refused).as("at once").isCompletedExceptionally();
    assertFails(refused, StoreErrorCode.BUSY);
    Thread waiting = new Thread(() -> partition.blocking().write(put("waited", "1")));
    waiting.start();
    while (waiting.getState() != Thread.State.WAITING) {
      Thread.yield();
    }
    Thread interrupted =
        new Thread(
            () ->
                assertThatThrownBy(() -> partition.blocking().write(put("interrupted", "1")))
                    .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> {
                          assertThat(e.code()).isEqualTo(StoreErrorCode.BUSY);
                          assertThat(Thread.interrupted()).isTrue();
                        }));
    List<Throwable> failures = new ArrayList<>();
    interrupted.setUncaughtExceptionHandler((thread, e) -> failures.add(e));
    interrupted.start();
    interrupted.interrupt();
    interrupted.join();
    blocked.countDown();
    waiting.join();
    reads.forEach(read -> assertThat(value(read.join())).isEqualTo("1"));
    assertThat(get(partition, "waited")).isEqualTo("1");
    assertThat(get(partition, "refused")).isNull();
    assertThat(get(partition, "interrupted")).isNull();
    assertThat(failures).isEmpty();
  }

  @Test
  void servedPartitionIsOpenForNobodyElse() {
    ServedPartition partition = world.serve();
    assertThatThrownBy(() -> world.store.openPartition(ServedWorld.ID))
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.BUSY));
    assertThatThrownBy(this::serveAgain)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.code()).isEqualTo(StoreErrorCode.BUSY));
    partition.blocking().write(put("k", "1"));
    partition.close();
    partition.close();
    assertThat(get(world.serve(), "k")).isEqualTo("1");
  }

  private void serveAgain() {
    world.serve();
  }

  @Test
  void readOnlyStoreServesReads() {
    world.serve().blocking().write(put("k", "1"));
    world.store.close();
    try (EloqStore look = EloqStore.openReadOnly(world.shard, ServedWorld.ROOT, world.options)) {
      ServedPartition partition = look.servePartition(ServedWorld.ID, ServeOptions.defaults());
      assertThat(get(partition, "k")).isEqualTo("1");
      assertThat(text(partition.blocking().floor(bytes("z")))).isEqualTo("k");
      assertFails(partition.write(put("k", "2")), StoreErrorCode.NO_PERMISSION);
      assertThat(get(partition, "k")).isEqualTo("1");
    }
  }
}
