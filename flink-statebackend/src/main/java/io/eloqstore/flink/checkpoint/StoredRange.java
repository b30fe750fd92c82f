/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.PlaceholderStreamStateHandle;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.filemerging.SegmentFileStateHandle;

/**
 * A range and the handle it was uploaded under.
 *
 * @param handle the real handle, never a placeholder
 */
record StoredRange(FileRange range, StreamStateHandle handle) {

  static StoredRange of(HandleAndLocalPath entry) throws IOException {
    return new StoredRange(FileRange.parse(entry.getLocalPath()), entry.getHandle());
  }

  /** What goes into the handle of the checkpoint that uploaded the range. */
  HandleAndLocalPath toEntry() {
    return HandleAndLocalPath.of(handle, range.localPath());
  }

  /** What goes into the handle of a checkpoint that builds on an earlier upload. */
  HandleAndLocalPath toPlaceholderEntry() {
    return HandleAndLocalPath.of(
        new PlaceholderStreamStateHandle(
            handle.getStreamStateHandleID(),
            handle.getStateSize(),
            handle instanceof SegmentFileStateHandle),
        range.localPath());
  }
}
