/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.KeyRange;
import java.util.List;

/**
 * A change segment as a manifest names it: where it is, and what of it is not in the tree yet.
 *
 * @param fileId data file that holds its pages and no others
 * @param pages number of pages; the last one is its root
 * @param leaves how many of them are leaves
 * @param entries changes in it, merged ones included
 * @param largeEntries changes among them whose value lies in overflow pages
 * @param minSequence lowest operation number of its changes
 * @param maxSequence highest one; below every number of a newer segment that has keys in common
 * @param live ranges of keys still to be merged, ascending and apart; everything else in it is
 *     merged or was deleted by a range delete
 */
public record ManifestSegment(
    long fileId,
    int pages,
    int leaves,
    long entries,
    long largeEntries,
    long minSequence,
    long maxSequence,
    List<KeyRange> live) {

  public ManifestSegment {
    live = List.copyOf(live);
  }
}
