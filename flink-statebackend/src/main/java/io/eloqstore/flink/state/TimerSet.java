/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.state;

import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.flink.key.PartitionCursor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.NoSuchElementException;
import java.util.TreeSet;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.InternalPriorityQueue;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueElement;
import org.apache.flink.util.CloseableIterator;

/**
 * The timers of one queue in one key group, in a partition: each is a key {@code [key group][state
 * id][element]} without a value. The bytes of elements are ordered as the elements are.
 *
 * <p>Keeps the first ones in memory, as bytes. Invariants: what is kept is in the partition, too;
 * nothing in the partition lies below the last one kept without being kept; if {@code complete},
 * everything is kept. So the head is known without a read until the kept ones are used up.
 *
 * <p>Belongs to the task's thread.
 */
final class TimerSet<T> implements InternalPriorityQueue<T>, HeapPriorityQueueElement {
  private static final byte[] NO_VALUE = {};

  /** What is read at first: with many key groups most sets are only asked for their heads. */
  private static final int FEW = 4;

  /** Expected size of an element, to limit a batch. */
  private static final int BYTES = 256;

  private static final int BATCH_BYTES_MAX = 1 << 20;

  private final Elements<T> elements;
  private final OwnedPartition partition;
  private final byte[] prefix;
  private final TreeSet<byte[]> kept = new TreeSet<>(Arrays::compareUnsigned);
  private boolean complete;

  /** No key of the set lies below this one: what was polled need not be walked again. */
  private byte[] floor;

  /** Whether what was read at first is used up. */
  private boolean usedUp;

  private T head;
  private int place = NOT_CONTAINED;

  /**
   * What the sets of one queue share.
   *
   * @param keptMax elements that one set keeps in memory at most; at least 1
   */
  record Elements<T>(
      TypeSerializer<T> serializer,
      int keptMax,
      EntryBatch few,
      EntryBatch many,
      DataOutputSerializer out,
      DataInputDeserializer in) {

    static <T> Elements<T> of(TypeSerializer<T> serializer, int keptMax) {
      return new Elements<>(
          serializer,
          keptMax,
          new EntryBatch(Math.min(FEW, keptMax), FEW * BYTES),
          new EntryBatch(keptMax, (int) Math.min(BATCH_BYTES_MAX, (long) keptMax * BYTES)),
          new DataOutputSerializer(64),
          new DataInputDeserializer());
    }

    T read(byte[] key, int offset, int length, int prefixLength) {
      in.setBuffer(key, offset + prefixLength, length - prefixLength);
      try {
        return serializer.deserialize(in);
      } catch (IOException e) {
        throw EngineState.failed("read a timer of", e);
      }
    }

    byte[] key(byte[] prefix, T element) {
      out.clear();
      try {
        out.write(prefix);
        serializer.serialize(element, out);
      } catch (IOException e) {
        throw EngineState.failed("write a timer of", e);
      }
      return out.getCopyOfBuffer();
    }
  }

  /**
   * @param prefix of the keys of this set
   */
  TimerSet(Elements<T> elements, OwnedPartition partition, byte[] prefix) {
    this.elements = elements;
    this.partition = partition;
    this.prefix = prefix;
    this.floor = prefix;
  }

  private void fill() {
    if (!kept.isEmpty() || complete) {
      return;
    }
    KeyRange rest = new KeyRange(floor, KeyRange.successorOfPrefix(prefix));
    EntryBatch batch = usedUp ? elements.many() : elements.few();
    usedUp = true;
    boolean more = partition.scan(rest, false, batch);
    for (int i = 0; i < batch.count(); i++) {
      kept.add(batch.key(i));
    }
    complete = !more;
    if (!kept.isEmpty()) {
      floor = kept.first();
    }
  }

  @Override
  public T peek() {
    if (head == null) {
      fill();
      if (!kept.isEmpty()) {
        byte[] first = kept.first();
        head = elements.read(first, 0, first.length, prefix.length);
      }
    }
    return head;
  }

  @Override
  public T poll() {
    T polled = peek();
    if (polled != null) {
      byte[] key = kept.pollFirst();
      partition.delete(key, 0, key.length);
      floor = key;
      head = null;
    }
    return polled;
  }

  @Override
  public boolean add(T element) {
    fill();
    byte[] key = elements.key(prefix, element);
    if (kept.contains(key)) {
      return false;
    }
    boolean isFirst = kept.isEmpty() || Arrays.compareUnsigned(key, kept.first()) < 0;
    partition.put(key, 0, key.length, NO_VALUE, 0, 0);
    if (complete || !kept.isEmpty() && Arrays.compareUnsigned(key, kept.last()) < 0) {
      kept.add(key);
      if (kept.size() > elements.keptMax()) {
        kept.pollLast();
        complete = false;
      }
    }
    if (Arrays.compareUnsigned(key, floor) < 0) {
      floor = key;
    }
    if (isFirst) {
      head = null;
    }
    return isFirst;
  }

  @Override
  public boolean remove(T element) {
    fill();
    byte[] key = elements.key(prefix, element);
    boolean isFirst = !kept.isEmpty() && Arrays.equals(key, kept.first());
    kept.remove(key);
    partition.delete(key, 0, key.length);
    if (isFirst) {
      head = null;
    }
    return isFirst;
  }

  @Override
  public boolean isEmpty() {
    fill();
    return kept.isEmpty();
  }

  /** Walks the set: for tests. */
  @Override
  public int size() {
    PartitionCursor cursor = new PartitionCursor(partition, KeyRange.prefix(prefix));
    int count = 0;
    while (cursor.next()) {
      count++;
    }
    return count;
  }

  @Override
  public void addAll(Collection<? extends T> toAdd) {
    if (toAdd != null) {
      toAdd.forEach(this::add);
    }
  }

  @Override
  public CloseableIterator<T> iterator() {
    return new Walk();
  }

  @Override
  public int getInternalIndex() {
    return place;
  }

  @Override
  public void setInternalIndex(int newIndex) {
    place = newIndex;
  }

  /** All elements in order; pins nothing between two steps. */
  private final class Walk implements CloseableIterator<T> {
    private final PartitionCursor cursor = new PartitionCursor(partition, KeyRange.prefix(prefix));
    private boolean ahead;

    @Override
    public boolean hasNext() {
      ahead = ahead || cursor.next();
      return ahead;
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException("no timer is left");
      }
      ahead = false;
      return elements.read(cursor.bytes(), cursor.keyOffset(), cursor.keyLength(), prefix.length);
    }

    @Override
    public void close() {
      // Nothing is pinned.
    }
  }
}
