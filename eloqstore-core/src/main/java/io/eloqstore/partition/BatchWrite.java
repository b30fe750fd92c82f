/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.WriteBatch;
import java.util.List;

/**
 * Writes batches as one change. Owner only.
 *
 * <p>No iterator and no freeze point sees a part of a batch: the owner holds the gate of the
 * iterators, and makes no freeze point meanwhile. When an entry fails after others were written,
 * the batch can be neither finished nor taken back, so the partition is poisoned: nothing of it is
 * ever published.
 */
final class BatchWrite {
  private final PartitionContext context;
  private final Rows rows;
  private final LongKeys keys;
  private final StoreClock clock;

  BatchWrite(PartitionContext context, Rows rows, LongKeys keys) {
    this.context = context;
    this.rows = rows;
    this.keys = keys;
    this.clock = context.clock();
  }

  void apply(List<WriteBatch.Entry> entries) {
    long nowMs = clock.nowMs();
    synchronized (rows.gate()) {
      int written = 0;
      try {
        for (; written < entries.size(); written++) {
          write(entries.get(written), nowMs);
        }
      } catch (RuntimeException | Error e) {
        if (written == 0) {
          throw e;
        }
        throw halfWritten(written, entries.size(), e);
      }
    }
  }

  private void write(WriteBatch.Entry entry, long nowMs) {
    byte[] key = entry.key();
    byte[] value = entry.value();
    boolean expired = entry.expireTs() != 0 && entry.expireTs() <= nowMs;
    if (entry.isDelete() || expired) {
      keys.delete(key, 0, key.length, entry.timestamp());
    } else {
      keys.put(key, 0, key.length, value, 0, value.length, entry.timestamp(), entry.expireTs());
    }
  }

  private StoreException halfWritten(int written, int size, Throwable failure) {
    StoreErrorCode code =
        failure instanceof StoreException known ? known.code() : StoreErrorCode.IO_FAILED;
    return rows.poison(
        new StoreException(
            code,
            "partition "
                + context.id()
                + ": a batch of "
                + size
                + " keys failed when "
                + written
                + " of them were written, so nothing more is taken or published: "
                + failure.getMessage(),
            failure));
  }
}
