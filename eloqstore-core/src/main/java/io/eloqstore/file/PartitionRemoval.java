/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.api.PartitionId;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * Deletes partitions from the disk: their files and directories and nothing else. Stateless.
 *
 * <p>Invariant: manifests and archives are gone from the disk before the first data file is
 * deleted, so whatever a crash leaves is a partition as it was, an empty one, or none.
 */
public final class PartitionRemoval {
  private PartitionRemoval() {}

  /**
   * Deletes partitions, one after the other.
   *
   * @param storeOf the directory of the store that holds a partition
   * @throws io.eloqstore.api.StoreException {@code BUSY} when somebody has one of them open, {@code
   *     UNSUPPORTED_FORMAT} when one holds files that are not ours: nothing was deleted then,
   *     unless that came about meanwhile
   */
  public static void remove(
      IoBackend io, Function<PartitionId, Path> storeOf, List<PartitionId> partitions) {
    for (PartitionId id : partitions) {
      PartitionDirectory.open(io, storeOf.apply(id), id).close();
    }
    for (PartitionId id : partitions) {
      Path path;
      try (PartitionDirectory directory = PartitionDirectory.open(io, storeOf.apply(id), id)) {
        path = directory.path();
        deleteFiles(io, path, directory.files());
      }
      // The lock was the last file.
      io.delete(path);
    }
    partitions.stream().map(storeOf).distinct().forEach(io::forceDirectory);
  }

  private static void deleteFiles(IoBackend io, Path path, List<FileName> files) {
    for (FileName file : files) {
      if (!(file instanceof FileName.Data)) {
        io.delete(path.resolve(file.text()));
      }
    }
    io.forceDirectory(path);
    for (FileName file : files) {
      if (file instanceof FileName.Data) {
        io.delete(path.resolve(file.text()));
      }
    }
  }
}
