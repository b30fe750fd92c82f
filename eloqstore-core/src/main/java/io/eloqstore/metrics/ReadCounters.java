/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.metrics;

import io.eloqstore.api.ReadCounts;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the point reads of one partition.
 *
 * <p>The owner counts with a plain load and an opaque store: no allocation, no atomic operation, no
 * fence. All other threads share atomic counters. Any thread looks: it may miss the newest reads.
 */
public final class ReadCounters {
  private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int LAYERS = ReadLayer.values().length;

  private final long[] owners = new long[LAYERS];
  private final AtomicLongArray others = new AtomicLongArray(LAYERS);

  public void count(ReadLayer layer, boolean isOwner) {
    int index = layer.ordinal();
    if (isOwner) {
      COUNTS.setOpaque(owners, index, owners[index] + 1);
    } else {
      others.getAndIncrement(index);
    }
  }

  public ReadCounts counts() {
    return new ReadCounts(
        of(ReadLayer.BUFFER), of(ReadLayer.FROZEN), of(ReadLayer.FRAME), of(ReadLayer.DISK));
  }

  private long of(ReadLayer layer) {
    return (long) COUNTS.getOpaque(owners, layer.ordinal()) + others.get(layer.ordinal());
  }
}
