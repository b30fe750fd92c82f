/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import java.io.IOException;

/** Runs closing steps one after the other; the first failure leads, later ones are suppressed. */
final class FirstFailure {
  private Exception first;

  interface Step {
    void run() throws Exception;
  }

  /**
   * @param first what went wrong before; may be {@code null}
   */
  FirstFailure(Exception first) {
    this.first = first;
  }

  void run(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      if (first == null) {
        first = e;
      } else {
        first.addSuppressed(e);
      }
    }
  }

  void throwIfAny(String what) throws IOException {
    if (first != null) {
      throw new IOException(what, first);
    }
  }
}
