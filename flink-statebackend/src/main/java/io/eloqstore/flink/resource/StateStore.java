/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import java.nio.file.Path;

/** The store in the working directory of one operator instance. */
public interface StateStore extends AutoCloseable {

  /** Opens a partition, creating it when it is absent; the calling thread owns it. */
  OwnedPartition openPartition(PartitionId id);

  /**
   * Opens a partition whose files were put into {@link #partitionDirectory}: exactly the image of
   * that description, or it fails.
   */
  OwnedPartition restorePartition(PartitionId id, byte[] imageDescription);

  Path partitionDirectory(PartitionId id);

  @Override
  void close();
}
