/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestExtent;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import java.nio.file.Path;

/**
 * The manifest that an earlier run left, before the first commit of this one.
 *
 * <p>What was read from it need not be on the disk: when a force failed, the system may hold bytes
 * that it takes for written. A record appended behind such bytes would be lost with them at a power
 * cut, whether it was forced or not. So the log is written once more, the same bytes in the same
 * place, and forced before anything is appended; and so is the name of the file.
 */
final class InheritedManifest {
  private final PartitionContext context;
  private final Path path;
  private final ManifestExtent extent;

  InheritedManifest(PartitionContext context, Path path, ManifestExtent extent) {
    this.context = context;
    this.path = path;
    this.extent = extent;
  }

  /**
   * Returns when all that was read is on the disk. Must not be tried again after it failed.
   *
   * @return bytes written once more
   */
  long force() {
    if (extent.logBytes() > 0) {
      try (BlockFile file = context.io().open(path, OpenMode.WRITE)) {
        rewriteLog(file);
        file.force();
      }
    }
    context.io().forceDirectory(path.getParent());
    return extent.logBytes();
  }

  private void rewriteLog(BlockFile file) {
    int blockBytes = (int) Math.min(MemoryBudget.BLOCK_BYTES_MAX, extent.logBytes());
    long block = context.budget().allocate(blockBytes, MemoryUse.IO);
    if (block == MemoryBudget.NONE) {
      blockBytes = MemoryBudget.SLOT_BYTES;
      block = context.budget().allocate(blockBytes, MemoryUse.IO);
    }
    if (block == MemoryBudget.NONE) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          "no block to force " + path + " with: budget " + context.budget().budgetBytes());
    }
    try {
      for (long at = extent.snapshotBytes(); at < extent.length(); at += blockBytes) {
        int wanted = (int) Math.min(blockBytes, extent.length() - at);
        // The last record need not be padded.
        int found = file.read(at, block, wanted);
        if (found <= wanted - MemoryBudget.SLOT_BYTES) {
          throw new CorruptionException(
              path.toString(), at, "bytes of the log as it was opened", wanted, found);
        }
        file.write(at, block, found);
      }
    } finally {
      context.budget().free(block, blockBytes, MemoryUse.IO);
    }
  }
}
