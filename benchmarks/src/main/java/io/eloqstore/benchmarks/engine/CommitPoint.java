/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.Report;

/**
 * A row of the tables of commits.
 *
 * @param existing keys of the tree
 * @param changed keys changed before the commit; 0 when they follow from the number of leaves
 * @param doubling binary logarithm of the updates that a leaf gets on average, when changed is 0
 * @param segments whether sparse changes become change segments
 */
record CommitPoint(int existing, int changed, int doubling, boolean segments) {

  static CommitPoint ofSize(int existing, int changed, boolean segments) {
    return new CommitPoint(existing, changed, 0, segments);
  }

  static CommitPoint ofLeaves(int existing, int doubling, boolean segments) {
    return new CommitPoint(existing, 0, doubling, segments);
  }

  /** On average. */
  double updatesPerLeaf() {
    return Math.pow(2, doubling);
  }

  String label() {
    return count() + (segments ? ", segments" : "");
  }

  private String count() {
    if (changed != 0) {
      return Report.format("%,d at %,d", changed, existing);
    }
    return doubling < 0
        ? Report.format("1/%d a leaf", 1 << -doubling)
        : Report.format("%d a leaf", 1 << doubling);
  }
}
