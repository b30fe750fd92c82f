/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionImage;
import java.util.List;
import java.util.Map;

/**
 * A freeze point on its way to the disk, and who waits for it. Made by the serving thread, run by
 * the publishing one, settled by the serving one, which sees it {@linkplain #isDone done} first.
 */
final class Publication {
  private final FreezePoint point;
  private final Map<String, byte[]> metadata;
  private final List<Task<?>> waiting;
  private Throwable failure;
  private volatile boolean done;

  /**
   * @param metadata {@code null} for those that were published last
   */
  Publication(FreezePoint point, Map<String, byte[]> metadata, List<Task<?>> waiting) {
    this.point = point;
    this.metadata = metadata;
    this.waiting = List.copyOf(waiting);
  }

  void run(OwnedPartition partition) {
    try (FreezePoint frozen = point;
        PartitionImage image = frozen.commit(metadata == null ? partition.metadata() : metadata)) {
      assert image.manifest().length() > 0;
    } catch (RuntimeException | Error e) {
      // Those who wait are told.
      failure = e;
    }
    done = true;
  }

  boolean isDone() {
    return done;
  }

  /** Whether nobody would be told of a failure. */
  boolean isUnattended() {
    return waiting.isEmpty();
  }

  /**
   * Tells those who wait.
   *
   * @return why it failed; {@code null} if it did not
   */
  Throwable settle() {
    for (Task<?> task : waiting) {
      if (failure == null) {
        task.finish();
      } else {
        task.fail(failure);
      }
    }
    return failure;
  }
}
