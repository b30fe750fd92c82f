/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/** The directory of a store: it holds partition directories. Stateless. */
public final class StoreDirectory {
  private StoreDirectory() {}

  /**
   * Makes the directory, and those above it, where they are absent. Their names are on the disk
   * when this returns: otherwise a power cut could take a store with all that was committed to it.
   */
  public static void create(IoBackend io, Path root) {
    Deque<Path> absent = new ArrayDeque<>();
    Path path = root.toAbsolutePath().normalize();
    for (; path.getParent() != null && !io.exists(path); path = path.getParent()) {
      absent.push(path);
    }
    if (path.getParent() != null && io.list(path).isEmpty()) {
      // Whoever made it may have failed before its name was forced.
      io.forceDirectory(path.getParent());
    }
    for (Path each : absent) {
      io.createDirectories(each);
      io.forceDirectory(each.getParent());
    }
  }

  /**
   * The partitions whose directories are there, by table and number. Directories of other names are
   * passed over, those with a number that we would write otherwise among them.
   */
  public static List<PartitionId> partitions(IoBackend io, Path root) {
    return partitions(io.list(root));
  }

  private static List<PartitionId> partitions(List<DirectoryEntry> entries) {
    List<PartitionId> partitions = new ArrayList<>();
    for (DirectoryEntry entry : entries) {
      PartitionId id = PartitionId.fromDirectoryName(entry.name());
      if (entry.isDirectory() && id != null && id.directoryName().equals(entry.name())) {
        partitions.add(id);
      }
    }
    partitions.sort(Comparator.comparing(PartitionId::table).thenComparing(PartitionId::partition));
    return List.copyOf(partitions);
  }

  /**
   * Checks that the directory holds no file: the C++ engine refuses such a store, and a file there
   * says that this is some other directory.
   *
   * @return the partitions, see {@link #partitions}
   * @throws StoreException {@code UNSUPPORTED_FORMAT} naming the files; {@code NOT_FOUND}
   */
  public static List<PartitionId> check(IoBackend io, Path root) {
    List<DirectoryEntry> entries = io.list(root);
    List<String> strays =
        entries.stream().filter(entry -> !entry.isDirectory()).map(DirectoryEntry::name).toList();
    if (!strays.isEmpty()) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          root + ": expected partition directories only, found files " + strays);
    }
    return partitions(entries);
  }
}
