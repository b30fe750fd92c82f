/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.file.StoreDirectory;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * The directories of a store, one for each disk: partition {@code n} lies in the one of index
 * {@code n} mod their number, as in C++. Immutable; any thread.
 *
 * <p>Neither number nor order is recorded, so a partition that lies elsewhere says that they are
 * not those the store was written with.
 */
final class StorePaths {
  private final List<Path> paths;

  private StorePaths(List<Path> paths) {
    this.paths = paths;
  }

  /**
   * Takes the directories as they are given; looks at no disk.
   *
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} when there is none, one is named
   *     twice or lies in another
   */
  static StorePaths of(List<Path> given) {
    if (given.isEmpty()) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT, "a store has at least one directory, found none");
    }
    List<Path> whole = given.stream().map(path -> path.toAbsolutePath().normalize()).toList();
    for (int i = 0; i < whole.size(); i++) {
      for (int j = 0; j < whole.size(); j++) {
        if (i != j && whole.get(j).startsWith(whole.get(i))) {
          throw new StoreException(
              StoreErrorCode.INVALID_ARGUMENT,
              "the directories of a store are different and none lies in another, found "
                  + given.get(i)
                  + " and "
                  + given.get(j));
        }
      }
    }
    return new StorePaths(List.copyOf(given));
  }

  /** Where a partition's files are. */
  Path directoryOf(PartitionId id) {
    return rootOf(id).resolve(id.directoryName());
  }

  private Path rootOf(PartitionId id) {
    return paths.get(id.partition() % paths.size());
  }

  /** Makes the directories that are absent, if nothing is wrong with those that are there. */
  void create(IoBackend io) {
    for (Path path : paths) {
      if (io.exists(path)) {
        check(io, path);
      }
    }
    paths.forEach(path -> StoreDirectory.create(io, path));
  }

  /**
   * Checks that the directories hold no file and no partition that belongs into another.
   *
   * @throws StoreException {@link StoreErrorCode#UNSUPPORTED_FORMAT} naming the files, {@link
   *     StoreErrorCode#IDENTITY_MISMATCH} naming the directory where a partition is and the one
   *     where it should be, {@link StoreErrorCode#NOT_FOUND}
   */
  void check(IoBackend io) {
    paths.forEach(path -> check(io, path));
  }

  private void check(IoBackend io, Path path) {
    for (PartitionId id : StoreDirectory.check(io, path)) {
      if (!rootOf(id).equals(path)) {
        throw new StoreException(
            StoreErrorCode.IDENTITY_MISMATCH,
            "partition "
                + id
                + " lies in "
                + path
                + " and should be in "
                + rootOf(id)
                + ": the store was written with another number or order of directories than "
                + paths);
      }
    }
  }

  /** The partitions whose directories exist, by table and number. */
  List<PartitionId> list(IoBackend io) {
    return paths.stream()
        .flatMap(path -> StoreDirectory.partitions(io, path).stream())
        .sorted(Comparator.comparing(PartitionId::table).thenComparing(PartitionId::partition))
        .toList();
  }

  @Override
  public String toString() {
    return paths.size() == 1 ? paths.get(0).toString() : paths.toString();
  }
}
