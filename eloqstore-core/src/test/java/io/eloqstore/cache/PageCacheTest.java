/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Frames are found, pinned and evicted, and an optimistic reader never believes a reused frame. */
class PageCacheTest {
  private static final int PAGE = 4096;
  private static final long ALL = Long.MAX_VALUE;

  private final MemoryBudget budget = new MemoryBudget(MemoryBudget.BUDGET_BYTES_MIN);
  private final PageCache cache = new PageCache(budget);

  @AfterEach
  void nothingLeaks() {
    cache.removeRange(0, ALL);
    budget.close();
  }

  private void load(long key, long at) {
    for (int i = 0; i < PAGE; i += 8) {
      budget.arena().putLong(at + i, key);
    }
  }

  @Test
  void pageIsLoadedOnceAndThenFound() {
    AtomicInteger loads = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      long at =
          cache.pin(
              7,
              PAGE,
              (key, to) -> {
                loads.incrementAndGet();
                load(key, to);
              });
      assertThat(budget.arena().getLong(at)).isEqualTo(7);
      cache.unpin(at);
    }
    assertThat(loads).hasValue(1);
    int slot = cache.lookup(7);
    int version = cache.version(slot, 7);
    assertThat(version & 1).isZero();
    assertThat(cache.isCurrent(slot, version)).isTrue();
  }

  @Test
  void failedLoadLeavesNothingBehind() {
    assertThatThrownBy(
            () ->
                cache.pin(
                    7,
                    PAGE,
                    (key, at) -> {
                      throw new StoreException(StoreErrorCode.IO_FAILED, "disk");
                    }))
        .hasMessage("disk");
    assertThat(cache.contains(7)).isFalse();
    assertThat(budget.used(MemoryUse.FRAME)).isZero();
    cache.unpin(cache.pin(7, PAGE, this::load));
  }

  @Test
  void pinnedFramesStayAndTheRestIsEvicted() {
    long pinned = cache.pin(1, PAGE, this::load);
    for (long key = 2; key < 2000; key++) {
      cache.unpin(cache.pin(key, PAGE, this::load));
    }
    assertThat(cache.contains(1)).isTrue();
    assertThat(budget.arena().getLong(pinned)).isEqualTo(1);
    assertThat(cache.evictions()).isGreaterThan(1000);
    cache.unpin(pinned);
  }

  @Test
  void everyFramePinnedIsRefusedWithAnExplanation() {
    List<Long> pins = new ArrayList<>();
    for (long key = 0; key < budget.slots(); key++) {
      pins.add(cache.pin(key, PAGE, this::load));
    }
    assertThatThrownBy(() -> cache.pin(ALL, PAGE, this::load))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("none can be evicted");
    pins.forEach(cache::unpin);
  }

  @Test
  void evictionMakesRoomForALargeBlock() {
    for (long key = 0; key < 2000; key++) {
      cache.unpin(cache.pin(key, PAGE, this::load));
    }
    long block = budget.allocate(MemoryBudget.BLOCK_BYTES_MAX, MemoryUse.WRITE_BUFFER);
    assertThat(block).isNotEqualTo(MemoryBudget.NONE);
    budget.free(block, MemoryBudget.BLOCK_BYTES_MAX, MemoryUse.WRITE_BUFFER);
  }

  @Test
  void pageSizesMix() {
    Random random = new Random(5);
    for (int i = 0; i < 5000; i++) {
      int slots = 1 << random.nextInt(4);
      long key = random.nextInt(500) * 8L + Integer.numberOfTrailingZeros(slots);
      long at = cache.pin(key, slots * PAGE, this::load);
      assertThat(budget.arena().getLong(at)).isEqualTo(key);
      assertThat(at % ((long) slots * PAGE)).isZero();
      cache.unpin(at);
    }
  }

  @Test
  void optimisticReadersNeverBelieveAReusedFrame() throws Exception {
    int keys = 1000;
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicInteger believed = new AtomicInteger();
    Thread reader =
        new Thread(
            () -> {
              try {
                Random random = new Random(1);
                for (int i = 0; i < 3_000_000; i++) {
                  long key = random.nextInt(keys);
                  int slot = cache.lookup(key);
                  if (slot == PageCache.ABSENT) {
                    continue;
                  }
                  int version = cache.version(slot, key);
                  if ((version & 1) != 0) {
                    continue;
                  }
                  long first = budget.arena().getLong(PageCache.frameAt(slot));
                  long last = budget.arena().getLong(PageCache.frameAt(slot) + PAGE - 8);
                  if (cache.isCurrent(slot, version)) {
                    assertThat(first).isEqualTo(key);
                    assertThat(last).isEqualTo(key);
                    believed.incrementAndGet();
                  }
                }
              } catch (Throwable e) {
                failure.set(e);
              }
            });
    reader.start();
    Random random = new Random(2);
    while (reader.isAlive()) {
      cache.unpin(cache.pin(random.nextInt(keys), PAGE, this::load));
    }
    reader.join();
    assertThat(failure.get()).isNull();
    assertThat(believed.get()).isPositive();
  }

  @Test
  void twoThreadsThatMissTheSamePageReadItOnce() throws Exception {
    AtomicInteger loads = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable task =
        () -> {
          try {
            for (long key = 0; key < 200; key++) {
              long at =
                  cache.pin(
                      key,
                      PAGE,
                      (k, to) -> {
                        loads.incrementAndGet();
                        load(k, to);
                      });
              assertThat(budget.arena().getLong(at)).isEqualTo(key);
              cache.unpin(at);
            }
          } catch (Throwable e) {
            failure.set(e);
          }
        };
    Thread a = new Thread(task);
    Thread b = new Thread(task);
    a.start();
    b.start();
    a.join();
    b.join();
    assertThat(failure.get()).isNull();
    assertThat(loads).hasValue(200);
  }

  @Test
  void pageIsWrittenWhileAMisledReaderAsksForIt() {
    long at = budget.allocate(PAGE, MemoryUse.IO);
    long frame =
        cache.pin(
            7,
            PAGE,
            (key, to) -> {
              load(7, at);
              cache.install(7, at, PAGE, PageCache.WARM);
              load(key, to);
            });
    assertThat(budget.arena().getLong(frame)).isEqualTo(7);
    cache.unpin(frame);
    budget.free(at, PAGE, MemoryUse.IO);
  }

  // ---- places that are written again ------------------------------------------------------------

  private long written(long value) {
    long at = budget.allocate(PAGE, MemoryUse.IO);
    load(value, at);
    return at;
  }

  @Test
  void whatWasCachedOfAPlaceThatIsWrittenAgainIsNotFoundAnyMore() {
    cache.unpin(cache.pin(7, PAGE, this::load));
    int slot = cache.lookup(7);
    int version = cache.version(slot, 7);
    long at = written(70);
    cache.replace(7, at, PAGE, 0);
    assertThat(cache.contains(7)).isFalse();
    assertThat(cache.isCurrent(slot, version)).isFalse();
    assertThat(budget.used(MemoryUse.FRAME)).isZero();
    cache.replace(7, at, PAGE, PageCache.WARM);
    cache.replace(7, at, PAGE, PageCache.HOT);
    long frame =
        cache.pin(
            7,
            PAGE,
            (key, to) -> {
              throw new AssertionError("it is cached");
            });
    assertThat(budget.arena().getLong(frame)).isEqualTo(70);
    cache.unpin(frame);
    budget.free(at, PAGE, MemoryUse.IO);
  }

  @Test
  void whoHasAPinKeepsTheOldBytesAndNobodyElseSeesThem() {
    long old = cache.pin(7, PAGE, this::load);
    assertThat(cache.pin(7, PAGE, this::load)).isEqualTo(old);
    int slot = cache.lookup(7);
    int version = cache.version(slot, 7);
    long at = written(70);
    cache.replace(7, at, PAGE, PageCache.WARM);
    assertThat(cache.isCurrent(slot, version)).isFalse();
    assertThat(cache.version(slot, 7) & 1).isOne();
    long now = cache.pin(7, PAGE, this::load);
    assertThat(budget.arena().getLong(now)).isEqualTo(70);
    assertThat(budget.arena().getLong(old)).isEqualTo(7);
    assertThat(cache.pinnedIn(7, 8)).isEqualTo(3);
    cache.unpin(now);
    assertThatThrownBy(() -> cache.removeRange(0, ALL))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("page 7 is still pinned 2 times");
    cache.unpin(old);
    for (long key = 100; key < 2000; key++) {
      cache.unpin(cache.pin(key, PAGE, this::load));
    }
    assertThat(budget.arena().getLong(old)).isEqualTo(7);
    cache.unpin(old);
    assertThat(cache.pinnedIn(0, ALL)).isZero();
    budget.free(at, PAGE, MemoryUse.IO);
  }

  @Test
  void whatIsBeingReadWhenItsPlaceIsWrittenAgainIsFoundByNobody() throws Exception {
    long at = written(70);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread[] waiting = new Thread[1];
    long old =
        cache.pin(
            7,
            PAGE,
            (key, to) -> {
              waiting[0] =
                  new Thread(
                      () -> {
                        try {
                          long found = cache.pin(7, PAGE, (k, frame) -> load(70, frame));
                          assertThat(budget.arena().getLong(found)).isEqualTo(70);
                          cache.unpin(found);
                        } catch (Throwable e) {
                          failure.set(e);
                        }
                      });
              waiting[0].start();
              cache.replace(7, at, PAGE, 0);
              load(key, to);
            });
    waiting[0].join();
    assertThat(failure.get()).isNull();
    assertThat(budget.arena().getLong(old)).isEqualTo(7);
    cache.unpin(old);
    long now = cache.pin(7, PAGE, this::load);
    assertThat(budget.arena().getLong(now)).isEqualTo(70);
    cache.unpin(now);
    budget.free(at, PAGE, MemoryUse.IO);
  }

  @Test
  void aReadThatFailsAfterItsPlaceWasWrittenAgainLeavesNothingBehind() {
    long at = written(70);
    assertThatThrownBy(
            () ->
                cache.pin(
                    7,
                    PAGE,
                    (key, to) -> {
                      cache.replace(7, at, PAGE, PageCache.WARM);
                      throw new StoreException(StoreErrorCode.CORRUPTED, "torn");
                    }))
        .hasMessage("torn");
    assertThat(budget.used(MemoryUse.FRAME)).isEqualTo(PAGE);
    long now = cache.pin(7, PAGE, this::load);
    assertThat(budget.arena().getLong(now)).isEqualTo(70);
    cache.unpin(now);
    budget.free(at, PAGE, MemoryUse.IO);
  }
}
