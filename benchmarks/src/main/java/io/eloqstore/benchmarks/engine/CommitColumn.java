/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.util.function.ToDoubleFunction;

/** The columns of figures of a commit. */
enum CommitColumn {
  CHANGED("put, bytes", CommitCost::changedBytes),
  WRITTEN("data written", cost -> cost.io().dataWrittenBytes()),
  MANIFEST("manifest written", cost -> cost.io().manifestWrittenBytes()),
  READ("data read", cost -> cost.io().dataReadBytes()),
  COPIED("copied along", CommitCost::copiedBytes),
  MAPPING("mapping copied", CommitCost::mappingBytes),
  AMPLIFICATION("written / put", CommitCost::amplification),
  TIME("ms", CommitCost::ms);

  private final String label;
  private final ToDoubleFunction<CommitCost> figure;

  CommitColumn(String label, ToDoubleFunction<CommitCost> figure) {
    this.label = label;
    this.figure = figure;
  }

  String label() {
    return label;
  }

  double of(CommitCost cost) {
    return figure.applyAsDouble(cost);
  }
}
