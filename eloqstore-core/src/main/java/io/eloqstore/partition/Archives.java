/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.mapping.MappingSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The archives in the directory of a partition, and the data files that they keep.
 *
 * <p>Guarded by the {@link Committer} that owns it. An archive keeps exactly the files it has a
 * page in, older and newer ones alike; they are let go after its name is gone from the disk, so no
 * crash leaves an archive without them.
 */
final class Archives {
  private final PartitionContext context;
  private final Path directory;
  private final TreeMap<FileName.Archive, long[]> files =
      new TreeMap<>(
          Comparator.comparing(FileName.Archive::stamp, Long::compareUnsigned)
              .thenComparing(FileName.Archive::term, Long::compareUnsigned));

  Archives(PartitionContext context, Path directory) {
    this.context = context;
    this.directory = directory;
  }

  Path path(FileName.Archive name) {
    return directory.resolve(name.text());
  }

  /** An archive is there, or is about to be: its files stay. */
  void add(FileName.Archive name, MappingSnapshot mapping, Segment[] segments) {
    long[] ids = new long[mapping.fileCount() + segments.length];
    for (int i = 0; i < ids.length; i++) {
      int segment = i - mapping.fileCount();
      ids[i] = segment < 0 ? mapping.fileId(i) : segments[segment].fileId();
      context.references().hold(ids[i]);
    }
    files.put(name, ids);
  }

  /** An archive is there; nothing is deleted in this directory. */
  void see(FileName.Archive name) {
    files.put(name, new long[0]);
  }

  boolean contains(long timestamp) {
    return files.keySet().stream().anyMatch(name -> name.stamp() == timestamp);
  }

  /** Timestamps, ascending as unsigned numbers, each once. */
  List<Long> timestamps() {
    return files.keySet().stream().map(FileName.Archive::stamp).distinct().toList();
  }

  /**
   * Deletes an archive; its data files may be deleted when this returns.
   *
   * @throws StoreException {@code NOT_FOUND} when there is none
   */
  void delete(long timestamp) {
    List<FileName.Archive> names =
        files.keySet().stream().filter(name -> name.stamp() == timestamp).toList();
    if (names.isEmpty()) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND,
          "partition "
              + context.id()
              + " has no archive "
              + Long.toUnsignedString(timestamp)
              + ", but "
              + timestamps());
    }
    names.forEach(name -> context.io().delete(path(name)));
    if (context.options().durability() == StoreOptions.Durability.COMMIT) {
      context.io().forceDirectory(directory);
    }
    names.forEach(this::letGo);
  }

  /** An archive is not there after all. */
  void letGo(FileName.Archive name) {
    for (long fileId : files.remove(name)) {
      context.references().drop(fileId);
    }
  }

  /** Timestamps of the oldest archives, so that so many stay, and one of them in any case. */
  List<Long> tooMany(int retained, long stays) {
    List<Long> others = new ArrayList<>(timestamps());
    others.remove(stays);
    return others.subList(0, Math.max(0, others.size() + 1 - retained));
  }

  /** The newest archive's timestamp; 0 when there is none. */
  long newest() {
    Map.Entry<FileName.Archive, long[]> last = files.lastEntry();
    return last == null ? 0 : last.getKey().stamp();
  }
}
