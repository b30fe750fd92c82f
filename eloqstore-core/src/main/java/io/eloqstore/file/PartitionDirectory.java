/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FileLease;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The directory of one partition, locked for its one owner.
 *
 * <p>After opening it holds data files, manifests, archives and our lock, nothing else: leftovers
 * of unfinished writes are deleted, what is unknown makes the opening fail.
 */
public final class PartitionDirectory implements AutoCloseable {
  private final Path path;
  private final FileLease lease;
  private final List<FileName> files;

  private PartitionDirectory(Path path, FileLease lease, List<FileName> files) {
    this.path = path;
    this.lease = lease;
    this.files = files;
  }

  /**
   * Opens the directory, and makes it if it is absent (its name in the store is forced then).
   *
   * @param store directory of the store; exists
   * @throws StoreException {@code BUSY} when somebody has it open; {@code UNSUPPORTED_FORMAT}
   *     naming all files that are not ours. Nothing was deleted then
   */
  public static PartitionDirectory open(IoBackend io, Path store, PartitionId id) {
    Path path = store.resolve(id.directoryName());
    if (!io.exists(path)) {
      io.createDirectories(path);
    }
    FileLease lease = io.lock(path.resolve(FileNames.LOCK));
    try {
      List<FileName> files = takeStock(io, path);
      if (files.stream().noneMatch(FileName.Manifest.class::isInstance)) {
        // Nothing was committed yet: whoever made it may have failed before its name was forced.
        io.forceDirectory(store);
      }
      return new PartitionDirectory(path, lease, files);
    } catch (RuntimeException e) {
      try {
        lease.close();
      } catch (RuntimeException late) {
        e.addSuppressed(late);
      }
      throw e;
    }
  }

  private static List<FileName> takeStock(IoBackend io, Path path) {
    List<FileName> known = new ArrayList<>();
    List<FileName> leftovers = new ArrayList<>();
    List<String> strays = new ArrayList<>();
    for (DirectoryEntry entry : io.list(path)) {
      FileName name = FileNames.parse(entry.name());
      if (entry.isDirectory() || name instanceof FileName.Unknown) {
        strays.add(entry.name());
      } else if (name instanceof FileName.Temporary) {
        leftovers.add(name);
      } else if (!(name instanceof FileName.Lock)) {
        known.add(name);
      }
    }
    if (!strays.isEmpty()) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          path + ": expected data files and manifests only, found " + strays);
    }
    for (FileName leftover : leftovers) {
      io.delete(path.resolve(leftover.text()));
    }
    return List.copyOf(known);
  }

  public Path path() {
    return path;
  }

  /** Data files, manifests and archives as they were at opening, sorted by name. */
  public List<FileName> files() {
    return files;
  }

  /** Removes the lock; does nothing the second time. */
  @Override
  public void close() {
    lease.close();
  }
}
