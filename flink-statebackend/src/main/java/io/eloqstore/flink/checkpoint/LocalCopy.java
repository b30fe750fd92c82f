/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.flink.resource.WorkingDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.apache.flink.runtime.state.DirectoryStateHandle;
import org.apache.flink.runtime.state.LocalRecoveryConfig;
import org.apache.flink.runtime.state.LocalSnapshotDirectoryProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A checkpoint's files on the task's own disk, for a restore on the same machine: one directory for
 * each partition, named by its index. Data files are hard links, so nothing is copied but the
 * manifest; the engine never writes to a linked file again after an open (architecture D10).
 *
 * <p>One thread.
 */
final class LocalCopy {
  private static final Logger LOG = LoggerFactory.getLogger(LocalCopy.class);

  private final Path directory;

  private LocalCopy(Path directory) {
    this.directory = directory;
  }

  /** Makes the directory; one of the same backend and checkpoint that was left is replaced. */
  static LocalCopy begin(LocalRecoveryConfig config, long checkpointId, UUID backendId)
      throws IOException {
    Path directory =
        directories(config)
            .subtaskSpecificCheckpointDirectory(checkpointId)
            .toPath()
            .resolve(backendId.toString());
    WorkingDirectories.delete(directory);
    Files.createDirectories(directory);
    return new LocalCopy(directory);
  }

  static LocalSnapshotDirectoryProvider directories(LocalRecoveryConfig config) {
    return config
        .getLocalStateDirectoryProvider()
        .orElseThrow(LocalRecoveryConfig.localRecoveryNotEnabled());
  }

  void add(int part, PartitionImage image) throws IOException {
    image.linkTo(Files.createDirectory(partDirectory(directory, part)));
  }

  static Path partDirectory(Path copy, int part) {
    return copy.resolve(Integer.toString(part));
  }

  DirectoryStateHandle complete() {
    return DirectoryStateHandle.forPathWithSize(directory);
  }

  /** Removes what is there; what cannot be removed goes with the directories of the task. */
  void discard() {
    try {
      WorkingDirectories.delete(directory);
    } catch (IOException e) {
      LOG.warn("The local copy of a checkpoint in {} was not removed", directory, e);
    }
  }
}
