/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.ValueConsumer;
import io.eloqstore.api.WriteBatch;
import io.eloqstore.file.PartitionDirectory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A partition that is locked from its opening on and loaded with its first use; where mappings
 * become too many it is unloaded while nobody uses it, and loaded again.
 *
 * <p>Threads: as {@link OwnedPartition}. Every operation counts itself as long as it lasts, with an
 * atomic step before and one after it: no lock and no allocation while it is loaded.
 *
 * <p>Invariant: it is unloaded only when no operation is under way and {@link Partition#isIdle}
 * holds. Who counts itself before the unloading thread looks is seen by it; who comes later finds
 * no partition, and loads it.
 */
public final class LazyPartition implements OwnedPartition {
  private final PartitionId id;
  private final StoreOptions options;
  private final PartitionDirectory directory;
  private final Supplier<Partition> loader;
  private final LoadedPartitions loaded;
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicInteger inUse = new AtomicInteger();
  private volatile Partition present;
  private volatile boolean used;
  // It was told something that is on no disk.
  private volatile boolean keepLoaded;
  private volatile boolean closed;

  /**
   * @param directory locked for this partition; taken over
   * @param loader opens the partition in the locked directory
   * @param loaded unloads others when this one is loaded
   */
  public LazyPartition(
      PartitionId id,
      StoreOptions options,
      PartitionDirectory directory,
      Supplier<Partition> loader,
      LoadedPartitions loaded) {
    this.id = id;
    this.options = options;
    this.directory = directory;
    this.loader = loader;
    this.loaded = loaded;
  }

  // ---- loading ----------------------------------------------------------------------------------

  private Partition enter() {
    inUse.getAndIncrement();
    if (!used) {
      used = true;
    }
    Partition partition = present;
    if (partition != null) {
      return partition;
    }
    try {
      return load();
    } catch (RuntimeException | Error e) {
      leave();
      throw e;
    }
  }

  private void leave() {
    inUse.getAndDecrement();
  }

  private Partition load() {
    // Before the lock is taken: nobody holds the locks of two partitions.
    loaded.makeRoom();
    lock.lock();
    try {
      if (present == null) {
        if (closed) {
          throw new StoreException(
              StoreErrorCode.CLOSED, "partition " + id + " was closed before the call");
        }
        present = loader.get();
        loaded.add(this);
      }
      return present;
    } finally {
      lock.unlock();
    }
  }

  boolean isLoaded() {
    return present != null;
  }

  /** Whether it was used since this was asked last. */
  boolean takeUsed() {
    boolean was = used;
    used = false;
    return was;
  }

  /**
   * Closes what is loaded unless it is in use or would lose something. Any thread.
   *
   * @return whether nothing is loaded any more
   */
  boolean unload() {
    if (keepLoaded || !lock.tryLock()) {
      return false;
    }
    try {
      Partition partition = present;
      if (partition == null || closed) {
        return true;
      }
      present = null;
      if (inUse.get() != 0 || keepLoaded || !partition.isIdle()) {
        present = partition;
        return false;
      }
      partition.close();
      return true;
    } finally {
      lock.unlock();
    }
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      loaded.remove(this);
      try {
        if (present != null) {
          present.close();
        }
      } finally {
        directory.close();
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- what the partition does ------------------------------------------------------------------

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public StoreOptions options() {
    return options;
  }

  @Override
  public boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    Partition partition = enter();
    try {
      return partition.get(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public boolean contains(byte[] key, int offset, int length) {
    Partition partition = enter();
    try {
      return partition.contains(key, offset, length);
    } finally {
      leave();
    }
  }

  @Override
  public void put(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    Partition partition = enter();
    try {
      partition.put(key, keyOffset, keyLength, value, valueOffset, valueLength);
    } finally {
      leave();
    }
  }

  @Override
  public void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength,
      long timestamp,
      long expireTs) {
    Partition partition = enter();
    try {
      partition.put(
          key, keyOffset, keyLength, value, valueOffset, valueLength, timestamp, expireTs);
    } finally {
      leave();
    }
  }

  @Override
  public void delete(byte[] key, int offset, int length) {
    Partition partition = enter();
    try {
      partition.delete(key, offset, length);
    } finally {
      leave();
    }
  }

  @Override
  public void delete(byte[] key, int offset, int length, long timestamp) {
    Partition partition = enter();
    try {
      partition.delete(key, offset, length, timestamp);
    } finally {
      leave();
    }
  }

  @Override
  public void deleteRange(KeyRange range) {
    Partition partition = enter();
    try {
      partition.deleteRange(range);
    } finally {
      leave();
    }
  }

  @Override
  public void appendToList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    Partition partition = enter();
    try {
      partition.appendToList(key, keyOffset, keyLength, elements, elementsOffset, elementsLength);
    } finally {
      leave();
    }
  }

  @Override
  public void putList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    Partition partition = enter();
    try {
      partition.putList(key, keyOffset, keyLength, elements, elementsOffset, elementsLength);
    } finally {
      leave();
    }
  }

  @Override
  public void clearList(byte[] key, int offset, int length) {
    Partition partition = enter();
    try {
      partition.clearList(key, offset, length);
    } finally {
      leave();
    }
  }

  @Override
  public boolean getList(byte[] key, int offset, int length, ValueBuffer target) {
    Partition partition = enter();
    try {
      return partition.getList(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public EntryIterator iterator(KeyRange range, boolean reverse) {
    Partition partition = enter();
    try {
      return partition.iterator(range, reverse);
    } finally {
      leave();
    }
  }

  @Override
  public boolean scan(KeyRange range, boolean reverse, EntryBatch batch) {
    Partition partition = enter();
    try {
      return partition.scan(range, reverse, batch);
    } finally {
      leave();
    }
  }

  /** It stays loaded from now on. */
  @Override
  public void allowConcurrentIterators() {
    Partition partition = enter();
    try {
      keepLoaded = true;
      partition.allowConcurrentIterators();
    } finally {
      leave();
    }
  }

  /** It stays loaded from now on. */
  @Override
  public void setEntryFilter(EntryFilter filter) {
    Partition partition = enter();
    try {
      keepLoaded = true;
      partition.setEntryFilter(filter);
    } finally {
      leave();
    }
  }

  /** It stays loaded from now on. */
  @Override
  public void requestSweep() {
    Partition partition = enter();
    try {
      keepLoaded = true;
      partition.requestSweep();
    } finally {
      leave();
    }
  }

  @Override
  public FreezePoint freeze() {
    Partition partition = enter();
    try {
      return partition.freeze();
    } finally {
      leave();
    }
  }

  @Override
  public void commit(Map<String, byte[]> metadata) {
    Partition partition = enter();
    try {
      partition.commit(metadata);
    } finally {
      leave();
    }
  }

  @Override
  public void flush() {
    Partition partition = enter();
    try {
      partition.flush();
    } finally {
      leave();
    }
  }

  @Override
  public Map<String, byte[]> metadata() {
    Partition partition = enter();
    try {
      return partition.metadata();
    } finally {
      leave();
    }
  }

  @Override
  public boolean metadataValid() {
    Partition partition = enter();
    try {
      return partition.metadataValid();
    } finally {
      leave();
    }
  }

  @Override
  public void multiGet(byte[][] keys, ValueBuffer target, ValueConsumer consumer) {
    Partition partition = enter();
    try {
      partition.multiGet(keys, target, consumer);
    } finally {
      leave();
    }
  }

  @Override
  public boolean putIfAbsent(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    Partition partition = enter();
    try {
      return partition.putIfAbsent(key, keyOffset, keyLength, value, valueOffset, valueLength);
    } finally {
      leave();
    }
  }

  @Override
  public void deleteFrom(byte[] position) {
    Partition partition = enter();
    try {
      partition.deleteFrom(position);
    } finally {
      leave();
    }
  }

  @Override
  public void write(WriteBatch batch) {
    Partition partition = enter();
    try {
      partition.write(batch);
    } finally {
      leave();
    }
  }

  @Override
  public boolean floor(byte[] key, int offset, int length, EntryBuffer target) {
    Partition partition = enter();
    try {
      return partition.floor(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public boolean ceiling(byte[] key, int offset, int length, EntryBuffer target) {
    Partition partition = enter();
    try {
      return partition.ceiling(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public boolean lower(byte[] key, int offset, int length, EntryBuffer target) {
    Partition partition = enter();
    try {
      return partition.lower(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public boolean higher(byte[] key, int offset, int length, EntryBuffer target) {
    Partition partition = enter();
    try {
      return partition.higher(key, offset, length, target);
    } finally {
      leave();
    }
  }

  @Override
  public void cleanExpired() {
    Partition partition = enter();
    try {
      partition.cleanExpired();
    } finally {
      leave();
    }
  }

  @Override
  public void compact() {
    Partition partition = enter();
    try {
      partition.compact();
    } finally {
      leave();
    }
  }

  @Override
  public void seal() {
    Partition partition = enter();
    try {
      partition.seal();
    } finally {
      leave();
    }
  }

  @Override
  public void archive(long timestamp) {
    Partition partition = enter();
    try {
      partition.archive(timestamp);
    } finally {
      leave();
    }
  }

  @Override
  public List<Long> archives() {
    Partition partition = enter();
    try {
      return partition.archives();
    } finally {
      leave();
    }
  }

  @Override
  public void deleteArchive(long timestamp) {
    Partition partition = enter();
    try {
      partition.deleteArchive(timestamp);
    } finally {
      leave();
    }
  }

  @Override
  public long approximateEntryCount() {
    Partition partition = enter();
    try {
      return partition.approximateEntryCount();
    } finally {
      leave();
    }
  }
}
