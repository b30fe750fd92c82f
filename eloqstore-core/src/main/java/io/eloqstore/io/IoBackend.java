/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system, as the engine needs it.
 *
 * <p>Any thread. Every failure is a {@link io.eloqstore.api.StoreException} that names the path:
 * {@code NOT_FOUND}, {@code NO_PERMISSION} (also on a read-only file system), {@code OUT_OF_SPACE},
 * {@code BUSY} (locks only), otherwise {@code IO_FAILED}.
 */
public interface IoBackend extends AutoCloseable {
  /** The memory that all reads go to and all writes come from. */
  Arena arena();

  BlockFile open(Path path, OpenMode mode);

  /** Whether there is a file or directory of that name. */
  boolean exists(Path path);

  /** Length of a file, bytes. */
  long size(Path path);

  /** Makes a directory and those above it; fine if it is there already. */
  void createDirectories(Path directory);

  /** What a directory holds, sorted by name. */
  List<DirectoryEntry> list(Path directory);

  /** Renames in one step; a file of the new name is replaced. Open files stay open. */
  void rename(Path from, Path to);

  /** Deletes a file or an empty directory. */
  void delete(Path path);

  /** Gives a file a second name; fails with {@code IO_FAILED} if that name is taken. */
  void link(Path existing, Path link);

  /** Returns when all names made, changed and removed in the directory are so on the disk. */
  void forceDirectory(Path directory);

  /**
   * Takes an exclusive lock on a file of its own, which is made for it and is removed when the
   * lease is closed. A file left by a process that died does not hinder.
   *
   * @throws io.eloqstore.api.StoreException {@code BUSY} when another process or another opener in
   *     this one holds it
   */
  FileLease lock(Path path);

  /** Number of files and leases that were opened here and not closed yet. */
  int openFiles();

  /**
   * Ends the use of the backend.
   *
   * @throws IllegalStateException naming the files that were still open; they are closed
   *     nevertheless
   */
  @Override
  void close();
}
