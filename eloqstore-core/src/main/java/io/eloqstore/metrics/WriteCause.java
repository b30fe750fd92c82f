/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.metrics;

/** What bytes are written for; see {@link io.eloqstore.api.WrittenBytes}. */
public enum WriteCause {
  FLUSH,
  SEGMENT,
  SEGMENT_MERGE,
  SWEEP,
  COMPACTION,
  LARGE_VALUE,
  ITERATOR,
  CLIP,
  MANIFEST,
  IMAGE
}
