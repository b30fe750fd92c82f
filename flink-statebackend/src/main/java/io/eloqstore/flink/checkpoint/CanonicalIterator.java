/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.KeyLayout;
import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.CompositeKeySerializationUtils;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyValueStateIterator;
import org.apache.flink.runtime.state.StateSnapshotTransformer;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueStateSnapshot;

/**
 * What a canonical savepoint writes, in its order: for each key group the entries of the states,
 * then the timers of the queues.
 *
 * <p>Belongs to one thread. Does not own the entries: closing it changes nothing.
 */
final class CanonicalIterator implements KeyValueStateIterator {
  private static final byte[] NO_VALUE = new byte[0];

  private final Iterator<PartSource> parts;
  private final int firstQueueId;
  private final List<HeapPriorityQueueStateSnapshot<?>> queues;
  private final KeyLayout layout;
  private final KeyGroupRange keyGroups;
  private final DataOutputSerializer timerOut = new DataOutputSerializer(64);

  private PartSource part;
  private boolean entryAhead;
  private int keyGroup;
  private int queueIndex = -1;
  private Iterator<?> timers = Collections.emptyIterator();
  private boolean valid;
  private boolean newKeyGroup;
  private boolean newState;
  private int kvStateId = -1;
  private byte[] key;
  private byte[] value;

  /**
   * How a state is written.
   *
   * @param kvStateId its place in the savepoint's meta information
   * @param transformer applied to each value; {@code null} for none
   */
  record StateSource(int kvStateId, StateSnapshotTransformer<byte[]> transformer) {}

  /**
   * The entries of one partition.
   *
   * @param states by state id in the partition
   */
  record PartSource(CanonicalEntries entries, Map<Integer, StateSource> states) {}

  /**
   * @param parts in the order of their key groups
   * @param queues of the heap
   * @param firstQueueId place of the first of these queues in the savepoint's meta information
   */
  CanonicalIterator(
      List<PartSource> parts,
      List<HeapPriorityQueueStateSnapshot<?>> queues,
      int firstQueueId,
      KeyLayout layout,
      KeyGroupRange keyGroups)
      throws IOException {
    this.parts = parts.iterator();
    this.queues = queues;
    this.firstQueueId = firstQueueId;
    this.layout = layout;
    this.keyGroups = keyGroups;
    this.keyGroup = keyGroups.getStartKeyGroup();
    stepEntries();
    next();
    newKeyGroup = true;
    newState = true;
  }

  @Override
  public void next() throws IOException {
    int groupBefore = keyGroup;
    int stateBefore = kvStateId;
    valid = false;
    while (!valid && keyGroup <= keyGroups.getEndKeyGroup()) {
      valid = queueIndex < 0 && nextEntry() || nextTimer();
      if (!valid) {
        keyGroup++;
        queueIndex = -1;
      }
    }
    newKeyGroup = valid && keyGroup != groupBefore;
    newState = valid && kvStateId != stateBefore;
  }

  /** Moves to the next entry, in the next partition when one is at its end. */
  private void stepEntries() {
    entryAhead = part != null && part.entries().next();
    while (!entryAhead && parts.hasNext()) {
      part = parts.next();
      entryAhead = part.entries().next();
    }
  }

  /** Takes the next entry of the key group that is not dropped by its transformer. */
  private boolean nextEntry() {
    while (entryAhead && part.entries().keyGroup() == keyGroup) {
      StateSource state = part.states().get(part.entries().stateId());
      key = part.entries().key();
      value = part.entries().value();
      stepEntries();
      if (state.transformer() != null) {
        value = state.transformer().filterOrTransform(value);
      }
      if (value != null) {
        kvStateId = state.kvStateId();
        return true;
      }
    }
    return false;
  }

  private boolean nextTimer() throws IOException {
    while (!timers.hasNext()) {
      if (queueIndex + 1 >= queues.size()) {
        return false;
      }
      queueIndex++;
      timers = queues.get(queueIndex).getIteratorForKeyGroup(keyGroup);
    }
    timerOut.clear();
    CompositeKeySerializationUtils.writeKeyGroup(keyGroup, layout.keyGroupBytes(), timerOut);
    serialize(timers.next(), queues.get(queueIndex));
    key = timerOut.getCopyOfBuffer();
    value = NO_VALUE;
    kvStateId = firstQueueId + queueIndex;
    return true;
  }

  @SuppressWarnings("unchecked")
  private <T> void serialize(Object timer, HeapPriorityQueueStateSnapshot<T> queue)
      throws IOException {
    TypeSerializer<T> serializer = queue.getMetaInfo().getElementSerializer();
    serializer.serialize((T) timer, timerOut);
  }

  @Override
  public int keyGroup() {
    return keyGroup;
  }

  @Override
  public byte[] key() {
    return key;
  }

  @Override
  public byte[] value() {
    return value;
  }

  @Override
  public int kvStateId() {
    return kvStateId;
  }

  @Override
  public boolean isNewKeyValueState() {
    return newState;
  }

  @Override
  public boolean isNewKeyGroup() {
    return newKeyGroup;
  }

  @Override
  public boolean isValid() {
    return valid;
  }

  @Override
  public void close() {
    // The snapshot's resources own the entries and close them.
  }
}
