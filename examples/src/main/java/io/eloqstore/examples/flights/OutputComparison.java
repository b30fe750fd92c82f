/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.ArrayList;
import java.util.List;

/**
 * Two outputs compared row by row; the order of the rows does not count, their number does.
 *
 * @param leftRows rows of the first
 * @param rightRows rows of the second
 * @param onlyLeft how many rows of the first have no partner in the second
 * @param onlyRight how many rows of the second have no partner in the first
 * @param examples some of the rows without partner, {@code <} before those of the first, {@code >}
 *     before those of the second
 */
record OutputComparison(
    long leftRows, long rightRows, long onlyLeft, long onlyRight, List<String> examples) {
  private static final int EXAMPLES_MAX = 10;

  /** Compares two outputs, in any order each. */
  static OutputComparison of(List<String> left, List<String> right) {
    List<String> sortedLeft = left.stream().sorted().toList();
    List<String> sortedRight = right.stream().sorted().toList();
    List<String> examples = new ArrayList<>();
    long onlyLeft = 0;
    long onlyRight = 0;
    int leftIndex = 0;
    int rightIndex = 0;
    while (leftIndex < sortedLeft.size() || rightIndex < sortedRight.size()) {
      int order = order(sortedLeft, leftIndex, sortedRight, rightIndex);
      if (order == 0) {
        leftIndex++;
        rightIndex++;
        continue;
      }
      String example;
      if (order < 0) {
        example = "< " + sortedLeft.get(leftIndex++);
        onlyLeft++;
      } else {
        example = "> " + sortedRight.get(rightIndex++);
        onlyRight++;
      }
      if (examples.size() < EXAMPLES_MAX) {
        examples.add(example);
      }
    }
    return new OutputComparison(
        left.size(), right.size(), onlyLeft, onlyRight, List.copyOf(examples));
  }

  /** Which of the next rows comes first; an end comes after all rows. */
  private static int order(List<String> left, int leftIndex, List<String> right, int rightIndex) {
    if (leftIndex == left.size()) {
      return 1;
    }
    if (rightIndex == right.size()) {
      return -1;
    }
    return left.get(leftIndex).compareTo(right.get(rightIndex));
  }

  /** Whether there are rows, and the same in both. */
  boolean isEqual() {
    return leftRows > 0 && onlyLeft == 0 && onlyRight == 0;
  }

  /** One line for the summary; it has the word {@code equal} only if they are. */
  String verdict() {
    if (isEqual()) {
      return String.format("equal (%,d rows each)", leftRows);
    }
    if (leftRows == 0 && rightRows == 0) {
      return "different from any result: no rows";
    }
    return String.format(
        "different (%,d and %,d rows; %,d only in the first, %,d only in the second)",
        leftRows, rightRows, onlyLeft, onlyRight);
  }
}
