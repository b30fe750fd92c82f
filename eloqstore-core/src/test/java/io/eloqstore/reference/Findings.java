/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.util.ArrayList;
import java.util.List;

/** What a check found wrong, in the order found; at most {@link #FINDINGS_MAX} are kept. */
final class Findings {
  static final int FINDINGS_MAX = 200;

  private final List<String> lines = new ArrayList<>();
  private long dropped;

  void add(String format, Object... arguments) {
    if (lines.size() < FINDINGS_MAX) {
      lines.add(String.format(format, arguments));
    } else {
      dropped++;
    }
  }

  List<String> list() {
    List<String> all = new ArrayList<>(lines);
    if (dropped > 0) {
      all.add("and " + dropped + " more");
    }
    return List.copyOf(all);
  }
}
