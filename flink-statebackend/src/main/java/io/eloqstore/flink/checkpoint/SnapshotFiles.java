/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The files of one native snapshot, wherever they are kept. Belongs to the task's thread. */
interface SnapshotFiles {

  /** Puts the manifest of a partition into a directory, creating that when it is absent. */
  void fetchManifest(int part, Path directory) throws Exception;

  /** Puts data files of a partition into a directory that exists. */
  void fetch(int part, List<String> names, Path directory) throws Exception;

  /** Bytes of a partition's files, all together. */
  long bytes(int part) throws IOException;

  /** What the checkpoint storage holds and later checkpoints may build upon, all parts. */
  List<StoredRange> shared() throws IOException;
}
