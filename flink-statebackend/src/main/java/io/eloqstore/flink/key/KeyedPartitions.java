/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import io.eloqstore.api.OwnedPartition;
import java.util.List;
import org.apache.flink.runtime.state.KeyGroupRange;

/**
 * The partitions of one keyed backend: one for a backend that began empty, several after a restore
 * from several subtasks. The store they were opened in closes them.
 *
 * <p>Belongs to the task's thread, but for {@link #of} and {@link #all}, which any thread may call.
 *
 * <p>Invariants: every key group of the backend belongs to exactly one partition; partitions are in
 * the order of their key groups; a state name has an id in every partition or in none.
 */
public final class KeyedPartitions {
  private final KeyGroupRange keyGroups;
  private final List<KeyedPartition> all;
  private final KeyedPartition[] byKeyGroup;

  /**
   * @param keyGroups of the backend
   * @param all at least one, in the order of their key groups, which cover {@code keyGroups}
   */
  public KeyedPartitions(KeyGroupRange keyGroups, List<KeyedPartition> all) {
    this.keyGroups = keyGroups;
    this.all = List.copyOf(all);
    this.byKeyGroup = new KeyedPartition[keyGroups.getNumberOfKeyGroups()];
    for (KeyedPartition part : all) {
      for (int group : part.keyGroups()) {
        int place = group - keyGroups.getStartKeyGroup();
        if (byKeyGroup[place] != null) {
          throw new IllegalArgumentException(
              "key group " + group + " is in partition " + byKeyGroup[place] + " and in " + part);
        }
        byKeyGroup[place] = part;
      }
    }
    for (int i = 0; i < byKeyGroup.length; i++) {
      if (byKeyGroup[i] == null) {
        throw new IllegalArgumentException(
            "key group " + (keyGroups.getStartKeyGroup() + i) + " is in no partition of " + all);
      }
    }
    alignIds();
  }

  /** One partition with everything. */
  public static KeyedPartitions single(
      KeyGroupRange keyGroups, OwnedPartition partition, StateIds ids) {
    return new KeyedPartitions(
        keyGroups, List.of(new KeyedPartition(0, keyGroups, partition, ids)));
  }

  /** A name that one partition knows gets an id in the others too. */
  private void alignIds() {
    for (KeyedPartition part : all) {
      part.ids().byName().keySet().forEach(this::register);
    }
  }

  /** The partition of a key group of the backend. Any thread. */
  public KeyedPartition of(int keyGroup) {
    int place = keyGroup - keyGroups.getStartKeyGroup();
    if (place < 0 || place >= byKeyGroup.length) {
      throw new IllegalArgumentException(
          "Key group " + keyGroup + " is not in " + keyGroups + " of this backend");
    }
    return byKeyGroup[place];
  }

  /** All partitions, in the order of their key groups. */
  public List<KeyedPartition> all() {
    return all;
  }

  public KeyGroupRange keyGroups() {
    return keyGroups;
  }

  /**
   * Ids of a state by the index of the partition. A partition that does not know the state yet gets
   * an id that no partition of the backend uses.
   */
  public int[] register(String stateName) {
    int unused = 0;
    for (KeyedPartition part : all) {
      unused = Math.max(unused, part.ids().next());
    }
    int[] ids = new int[all.size()];
    for (KeyedPartition part : all) {
      ids[part.index()] = part.ids().idOf(stateName, unused);
    }
    return ids;
  }
}
