/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import java.nio.file.Path;

/** The store in the working directory of one operator instance. */
public interface StateStore extends AutoCloseable {

  /** Opens a partition, creating it when it is absent; the calling thread owns it. */
  OwnedPartition openPartition(PartitionId id);

  /**
   * Opens what an image holds of a range of keys. Its manifest lies in {@link #partitionDirectory};
   * data files are asked for as they are needed. Exactly the image of that description, or it
   * fails.
   *
   * @param kept {@link KeyRange#ALL} for the whole image
   */
  OwnedPartition restorePartition(
      PartitionId id, byte[] imageDescription, KeyRange kept, ImageFiles files);

  Path partitionDirectory(PartitionId id);

  /** Closes the partitions that are open. */
  @Override
  void close();
}
