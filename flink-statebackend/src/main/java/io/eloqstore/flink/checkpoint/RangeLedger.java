/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.flink.runtime.state.PhysicalStateHandleID;

/**
 * Which byte ranges which checkpoint holds, and so what the next one may build upon.
 *
 * <p>Any thread.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Only ranges of a checkpoint that the JobManager confirmed are reused: those of a pending
 *       one are deleted when it is aborted.
 *   <li>A range that a later checkpoint does not hold any more is not reused either: the JobManager
 *       deletes it as soon as that one is complete, which this side learns too late.
 *   <li>Ranges are replaced by combined ones only when no other checkpoint is on its way.
 * </ul>
 */
public final class RangeLedger {
  private final Map<Long, Checkpoint> checkpoints = new TreeMap<>();
  private long confirmedId = -1;
  private long sequence;

  /** What is known of one checkpoint. */
  private static final class Checkpoint {
    private final long sequence;
    private final boolean incremental;
    private final List<StoredRange> base;
    private List<StoredRange> ranges;

    Checkpoint(long sequence, boolean incremental, List<StoredRange> base) {
      this.sequence = sequence;
      this.incremental = incremental;
      this.base = base;
    }

    boolean mayDrop(StoredRange range, Set<PhysicalStateHandleID> held) {
      return ranges == null
          ? !incremental
          : !held.contains(range.handle().getStreamStateHandleID());
    }

    Set<PhysicalStateHandleID> held() {
      Set<PhysicalStateHandleID> held = new HashSet<>();
      if (ranges != null) {
        ranges.forEach(stored -> held.add(stored.handle().getStreamStateHandleID()));
      }
      return held;
    }
  }

  /** What a restored checkpoint holds; it counts as confirmed. */
  synchronized void restored(long checkpointId, List<StoredRange> ranges) {
    Checkpoint checkpoint = new Checkpoint(sequence++, true, List.of());
    checkpoint.ranges = List.copyOf(ranges);
    checkpoints.put(checkpointId, checkpoint);
    confirmedId = checkpointId;
  }

  /**
   * Notes that a checkpoint is on its way. Called in the order of the checkpoints.
   *
   * @param incremental whether it builds on what is confirmed; if not, it uploads everything
   */
  synchronized void begin(long checkpointId, boolean incremental) {
    Checkpoint confirmed = checkpoints.get(confirmedId);
    List<StoredRange> base =
        incremental && confirmed != null && confirmed.ranges != null ? confirmed.ranges : List.of();
    checkpoints.put(checkpointId, new Checkpoint(sequence++, incremental, base));
  }

  /**
   * Decides what a checkpoint uploads. What it reuses is noted at once, what it uploads by {@link
   * #uploaded}.
   *
   * @param reusable whether the storage can build upon a handle
   */
  synchronized RangePlan plan(
      long checkpointId, List<PartFile> files, Predicate<StoredRange> reusable) {
    Checkpoint checkpoint = checkpoints.get(checkpointId);
    if (checkpoint == null) {
      // Aborted in the meantime: whatever is uploaded is thrown away.
      return RangePlan.whole(files);
    }
    List<StoredRange> usable = new ArrayList<>(checkpoint.base);
    boolean alone = true;
    for (Map.Entry<Long, Checkpoint> entry : checkpoints.entrySet()) {
      Checkpoint other = entry.getValue();
      if (other == checkpoint || entry.getKey() == confirmedId) {
        continue;
      }
      alone = false;
      if (other.sequence < checkpoint.sequence) {
        Set<PhysicalStateHandleID> held = other.held();
        usable.removeIf(stored -> other.mayDrop(stored, held));
      }
    }
    RangePlan plan = new RangePlan(new ArrayList<>(), new ArrayList<>());
    for (PartFile file : files) {
      List<StoredRange> ofFile = new ArrayList<>();
      for (StoredRange stored : usable) {
        if (stored.range().isOf(file) && reusable.test(stored)) {
          ofFile.add(stored);
        }
      }
      plan.addFile(file, ofFile, alone);
    }
    checkpoint.ranges = List.copyOf(plan.reused());
    return plan;
  }

  /** Notes what a checkpoint uploaded; it may be confirmed from now on. */
  synchronized void uploaded(long checkpointId, List<StoredRange> uploads) {
    Checkpoint checkpoint = checkpoints.get(checkpointId);
    if (checkpoint != null) {
      List<StoredRange> all = new ArrayList<>(checkpoint.ranges);
      all.addAll(uploads);
      checkpoint.ranges = List.copyOf(all);
    }
  }

  /** Forgets a checkpoint that failed or was aborted. Does nothing when it is not known. */
  synchronized void abort(long checkpointId) {
    if (checkpointId != confirmedId) {
      checkpoints.remove(checkpointId);
    }
  }

  /**
   * Makes a checkpoint the one to build upon. Ids that were never begun (savepoints) and older ones
   * change nothing.
   */
  synchronized void confirm(long checkpointId) {
    if (checkpointId > confirmedId && checkpoints.containsKey(checkpointId)) {
      confirmedId = checkpointId;
      checkpoints.keySet().removeIf(id -> id < checkpointId);
    }
  }
}
