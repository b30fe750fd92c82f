/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.memory;

/** What a block of the budget is used for. */
public enum MemoryUse {
  /** Cached pages: evictable unless pinned. */
  FRAME,
  /** Write buffers: freed by a flush. */
  WRITE_BUFFER,
  /** Mappings from logical to file pages: never evictable. */
  MAPPING,
  /**
   * Blocks on their way to or from the disk, scratch space of background work, and what native
   * libraries take.
   */
  IO
}
