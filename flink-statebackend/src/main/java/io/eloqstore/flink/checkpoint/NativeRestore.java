/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.flink.checkpoint.StateTable.KeyedState;
import io.eloqstore.flink.key.CanonicalEntries;
import io.eloqstore.flink.key.KeyedPartition;
import io.eloqstore.flink.key.KeyedPartitions;
import io.eloqstore.flink.key.StateIds;
import io.eloqstore.flink.resource.StateStore;
import io.eloqstore.flink.resource.WorkingDirectories;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;

/**
 * Makes the partitions of native snapshots the partitions of a backend.
 *
 * <p>A partition whose key groups all belong to the backend is taken whole. Of another one only the
 * key groups in common are kept: the engine clips it, so no page is copied and no file is fetched
 * that holds nothing in range (architecture D7).
 *
 * <p>A backend keeps {@value #PARTITIONS_MAX} partitions at most. Of more, the entries of the
 * smallest ones are put into those whose key groups lie beside them.
 *
 * <p>One use. Belongs to the task's thread.
 */
final class NativeRestore {
  static final int PARTITIONS_MAX = 8;

  private final StateStore store;
  private final StateTable table;
  private final ClassLoader userCode;
  private final CloseableRegistry cancel;
  private final TransferCounts counts;
  private final List<Source> sources = new ArrayList<>();
  private final List<Wanted> wanted = new ArrayList<>();
  private final List<Wanted> copied = new ArrayList<>();

  /**
   * One snapshot to restore from.
   *
   * @param backendId which backend's line of checkpoints it belongs to
   */
  record Source(
      KeyGroupRange keyGroups,
      UUID backendId,
      long checkpointId,
      StreamStateHandle meta,
      SnapshotFiles files) {}

  /** A partition to open. */
  private static final class Wanted {
    private final Source source;
    private final int part;
    private final MetaStream.Part found;
    private final KeyGroupRange common;
    private final Set<String> fetched = new HashSet<>();

    Wanted(Source source, int part, MetaStream.Part found, KeyGroupRange common) {
      this.source = source;
      this.part = part;
      this.found = found;
      this.common = common;
    }
  }

  NativeRestore(
      StateStore store,
      StateTable table,
      ClassLoader userCode,
      CloseableRegistry cancel,
      TransferCounts counts) {
    this.counts = counts;
    this.store = store;
    this.table = table;
    this.userCode = userCode;
    this.cancel = cancel;
  }

  /** Called with the head of each snapshot before anything of it is used. */
  interface HeadCheck {
    void check(MetaStream.Head head) throws Exception;
  }

  /**
   * Opens the partitions, fills the table.
   *
   * @return which line of checkpoints goes on
   */
  SnapshotOrigin restore(List<Source> from, HeadCheck check) throws Exception {
    sources.addAll(from);
    List<MetaStream.Head> heads = new ArrayList<>();
    for (Source source : sources) {
      MetaStream.Head head = readMeta(source, in -> MetaStream.readHead(in, userCode));
      check.check(head);
      heads.add(head);
      want(source, head);
    }
    limitPartitions();
    wanted.sort(Comparator.comparingInt(part -> part.common.getStartKeyGroup()));
    table.usePartitions(openPartitions());
    heads.forEach(this::restoreStates);
    restoreTimers(heads);
    return origin();
  }

  /** The largest ones stay partitions. */
  private void limitPartitions() throws IOException {
    if (wanted.size() <= PARTITIONS_MAX) {
      return;
    }
    Map<Wanted, Long> bytes = new HashMap<>();
    for (Wanted part : wanted) {
      bytes.put(part, part.source.files().bytes(part.part));
    }
    wanted.sort(Comparator.comparingLong(part -> -bytes.get(part)));
    List<Wanted> smallest = wanted.subList(PARTITIONS_MAX, wanted.size());
    copied.addAll(smallest);
    smallest.clear();
  }

  private interface MetaReader<T> {
    T read(DataInputViewStreamWrapper in) throws IOException;
  }

  private <T> T readMeta(Source source, MetaReader<T> reader) throws IOException {
    try (FSDataInputStream stream = source.meta().openInputStream();
        Closeable registration = cancel.registerCloseableTemporarily(stream)) {
      assert registration != null;
      return reader.read(new DataInputViewStreamWrapper(stream));
    }
  }

  private void want(Source source, MetaStream.Head head) {
    for (int part = 0; part < head.parts().size(); part++) {
      MetaStream.Part found = head.parts().get(part);
      KeyGroupRange common = table.keyGroupRange().getIntersection(found.keyGroups());
      if (common.getNumberOfKeyGroups() > 0) {
        wanted.add(new Wanted(source, part, found, common));
      }
    }
  }

  private KeyedPartitions openPartitions() throws Exception {
    if (wanted.isEmpty()) {
      return KeyedPartitions.single(
          table.keyGroupRange(), store.openPartition(StateRestore.partitionId(0)), new StateIds());
    }
    List<KeyedPartition> opened = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      OwnedPartition partition = open(wanted.get(i), StateRestore.partitionId(i));
      KeyedPartition part =
          new KeyedPartition(i, responsibleFor(i), partition, wanted.get(i).found.ids());
      checkIds(part);
      opened.add(part);
    }
    return new KeyedPartitions(table.keyGroupRange(), opened);
  }

  /**
   * The key groups of a partition, and those behind it that no snapshot holds: a subtask that had
   * no state wrote none. The first one takes those in front of it as well.
   */
  private KeyGroupRange responsibleFor(int index) {
    int first =
        index == 0
            ? table.keyGroupRange().getStartKeyGroup()
            : wanted.get(index).common.getStartKeyGroup();
    int last =
        index + 1 == wanted.size()
            ? table.keyGroupRange().getEndKeyGroup()
            : wanted.get(index + 1).common.getStartKeyGroup() - 1;
    return KeyGroupRange.of(first, last);
  }

  private OwnedPartition open(Wanted part, PartitionId id) throws Exception {
    Path directory = store.partitionDirectory(id);
    long begin = System.nanoTime();
    part.source.files().fetchManifest(part.part, directory);
    counts.fetched(0, 0, System.nanoTime() - begin);
    boolean whole = part.common.equals(part.found.keyGroups());
    KeyRange kept = whole ? KeyRange.ALL : table.layout().keyGroupRange(part.common);
    return store.restorePartition(
        id, part.found.imageDescription(), kept, names -> fetch(part, names, directory));
  }

  private void fetch(Wanted part, List<String> names, Path directory) throws IOException {
    long begin = System.nanoTime();
    try {
      part.source.files().fetch(part.part, names, directory);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("Files of a snapshot were not fetched: " + names, e);
    }
    long bytes = 0;
    for (String name : names) {
      bytes += Files.size(directory.resolve(name));
    }
    counts.fetched(names.size(), bytes, System.nanoTime() - begin);
    part.fetched.addAll(names);
  }

  /** Files and meta stream are of the same snapshot exactly if both name the same state ids. */
  private static void checkIds(KeyedPartition part) throws IOException {
    byte[] encoded = part.partition().metadata().get(StateIds.METADATA_NAME);
    Map<String, Integer> actual = encoded == null ? null : StateIds.decode(encoded).byName();
    if (!part.ids().byName().equals(actual)) {
      throw new IOException(
          "The files and the meta data of the snapshot do not belong together: state ids "
              + actual
              + " in the files, "
              + part.ids().byName()
              + " in the meta data");
    }
  }

  private void restoreStates(MetaStream.Head head) {
    for (StateMetaInfoSnapshot state : head.states()) {
      if (state.getBackendStateType() != StateMetaInfoSnapshot.BackendStateType.PRIORITY_QUEUE) {
        table.restoreState(state);
      }
    }
  }

  private void restoreTimers(List<MetaStream.Head> heads) throws Exception {
    TimerRestore timers = new TimerRestore(table);
    Map<String, StateMetaInfoSnapshot> queues = new LinkedHashMap<>();
    for (MetaStream.Head head : heads) {
      for (StateMetaInfoSnapshot queue : head.queues()) {
        queues.putIfAbsent(queue.getName(), queue);
        timers.register(queue);
      }
    }
    // Before any others are added: those go to the heap or to the partitions.
    timers.takeOutOfPartitions(queues.values());
    for (int i = 0; i < copied.size(); i++) {
      copy(copied.get(i), new PartitionId("source", i), queues, timers);
    }
    for (int i = 0; i < heads.size(); i++) {
      if (heads.get(i).timersFollow()) {
        readMeta(sources.get(i), in -> readTimers(in, timers));
      }
    }
  }

  /** Puts the entries of a partition into those that stay. */
  private void copy(
      Wanted part, PartitionId id, Map<String, StateMetaInfoSnapshot> queues, TimerRestore timers)
      throws Exception {
    Map<Integer, String> names = new HashMap<>();
    part.found.ids().byName().forEach((name, stateId) -> names.put(stateId, name));
    EntrySink sink = new EntrySink(table);
    try (OwnedPartition source = open(part, id);
        CanonicalEntries entries =
            new CanonicalEntries(
                source.iterator(table.layout().keyGroupRange(part.common), false),
                table.layout(),
                stateId -> isList(names.get(stateId)))) {
      while (entries.next()) {
        String name = names.get(entries.stateId());
        if (name == null) {
          throw new IOException(
              "The snapshot has an entry of a state "
                  + entries.stateId()
                  + ", its meta data has "
                  + names);
        }
        KeyedState state = table.find(name);
        if (state != null) {
          sink.put(state, entries.key(), entries.value());
        } else {
          timers.add(queues.get(StateTable.queueName(name)), entries.key());
        }
      }
    }
    WorkingDirectories.delete(store.partitionDirectory(id));
  }

  private boolean isList(String name) {
    KeyedState state = table.find(name);
    return state != null && state.isList();
  }

  private Void readTimers(DataInputViewStreamWrapper in, TimerRestore timers) throws IOException {
    MetaStream.Head head = MetaStream.readHead(in, userCode);
    for (StateMetaInfoSnapshot queue : head.queues()) {
      for (int group : head.timerKeyGroups()) {
        timers.read(queue, in, group);
      }
    }
    return null;
  }

  /**
   * What later checkpoints may build upon: the data files that were fetched. Not the manifest: the
   * engine may have begun a new one under the old name. Data files are safe, because after a
   * restore only new ones are written.
   */
  private SnapshotOrigin origin() throws IOException {
    List<StoredRange> ranges = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      Wanted part = wanted.get(i);
      for (StoredRange stored : part.source.files().shared()) {
        if (stored.range().part() == part.part && part.fetched.contains(stored.range().file())) {
          ranges.add(new StoredRange(stored.range().inPart(i), stored.handle()));
        }
      }
    }
    Source first = sources.get(0);
    RangeLedger ledger = new RangeLedger();
    ledger.restored(first.checkpointId(), ranges);
    boolean sameBackend = sources.size() == 1 && first.keyGroups().equals(table.keyGroupRange());
    return new SnapshotOrigin(sameBackend ? first.backendId() : UUID.randomUUID(), ledger);
  }
}
