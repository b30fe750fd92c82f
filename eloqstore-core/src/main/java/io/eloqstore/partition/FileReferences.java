/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.pagestore.PageWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How many living versions of a partition have a live page in each data file. A file that none has
 * is garbage once it is no tail any more.
 *
 * <p>Any thread. Policy apart from mechanics: this counts, {@link Rows} deletes.
 */
final class FileReferences implements PageWriter.FileHold {
  private final Map<Long, Integer> counts = new HashMap<>();
  // Those of them that are no roots.
  private final Map<Long, Integer> holds = new HashMap<>();
  private final Set<Long> unreferenced = new TreeSet<>();

  synchronized void add(MappingSnapshot mapping) {
    for (int i = 0; i < mapping.fileCount(); i++) {
      count(mapping.fileId(i));
    }
  }

  synchronized void remove(MappingSnapshot mapping) {
    for (int i = 0; i < mapping.fileCount(); i++) {
      uncount(mapping.fileId(i));
    }
  }

  /**
   * Keeps one file: a tail that is being written, what a buffered value lies in, what an archive
   * names.
   */
  @Override
  public synchronized void hold(long fileId) {
    count(fileId);
    holds.merge(fileId, 1, Integer::sum);
  }

  private void count(long fileId) {
    counts.merge(fileId, 1, Integer::sum);
    unreferenced.remove(fileId);
  }

  /** Lets one file go. */
  @Override
  public synchronized void drop(long fileId) {
    uncount(fileId);
    holds.compute(fileId, (id, count) -> count == 1 ? null : count - 1);
  }

  /** Whether something else than roots keeps the file. */
  synchronized boolean isHeld(long fileId) {
    return holds.containsKey(fileId);
  }

  private void uncount(long fileId) {
    Integer count = counts.get(fileId);
    if (count == null) {
      throw new IllegalStateException("data file " + fileId + " was let go more often than held");
    }
    if (count == 1) {
      counts.remove(fileId);
      unreferenced.add(fileId);
    } else {
      counts.put(fileId, count - 1);
    }
  }

  /** Whether somebody needs a file now. */
  synchronized boolean isReferenced(long fileId) {
    return counts.containsKey(fileId);
  }

  /** Takes the files that nothing references; the caller deletes them. */
  synchronized long[] takeUnreferenced() {
    long[] ids = unreferenced.stream().mapToLong(Long::longValue).toArray();
    unreferenced.clear();
    return ids;
  }

  /** A file that was there at open and that nothing holds. */
  synchronized void offer(long fileId) {
    if (!counts.containsKey(fileId)) {
      unreferenced.add(fileId);
    }
  }
}
