/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Aim: only the same rows are equal. Method: one output with one change at a time. */
class OutputComparisonTest {
  private static final List<String> ROWS = List.of("c,3", "a,1", "b,2", "b,2");

  @Test
  void orderDoesNotCount() {
    OutputComparison comparison = OutputComparison.of(ROWS, List.of("b,2", "a,1", "b,2", "c,3"));
    assertThat(comparison.isEqual()).isTrue();
    assertThat(comparison.verdict()).isEqualTo("equal (4 rows each)");
    assertThat(comparison.examples()).isEmpty();
  }

  @Test
  void alteredRowIsDifferent() {
    for (int index = 0; index < ROWS.size(); index++) {
      List<String> altered = new ArrayList<>(ROWS);
      altered.set(index, altered.get(index) + "0");
      OutputComparison comparison = OutputComparison.of(ROWS, altered);
      assertDifferent(comparison, 1, 1);
      assertThat(comparison.examples())
          .containsExactlyInAnyOrder("< " + ROWS.get(index), "> " + altered.get(index));
    }
  }

  @Test
  void missingRowIsDifferent() {
    for (int index = 0; index < ROWS.size(); index++) {
      List<String> shorter = new ArrayList<>(ROWS);
      shorter.remove(index);
      assertDifferent(OutputComparison.of(ROWS, shorter), 1, 0);
    }
  }

  @Test
  void addedRowIsDifferent() {
    for (String added : List.of("a,1", "0", "z")) {
      List<String> longer = new ArrayList<>(ROWS);
      longer.add(added);
      assertDifferent(OutputComparison.of(ROWS, longer), 0, 1);
    }
  }

  @Test
  void noRowsAreNoSuccess() {
    OutputComparison comparison = OutputComparison.of(List.of(), List.of());
    assertThat(comparison.isEqual()).isFalse();
    assertThat(comparison.verdict()).doesNotContain("equal");
  }

  @Test
  void examplesAreFew() {
    List<String> many = new ArrayList<>();
    for (int row = 0; row < 1000; row++) {
      many.add("row " + row);
    }
    OutputComparison comparison = OutputComparison.of(many, List.of());
    assertDifferent(comparison, 1000, 0);
    assertThat(comparison.examples()).hasSize(10);
  }

  private static void assertDifferent(OutputComparison comparison, int onlyLeft, int onlyRight) {
    assertThat(comparison.isEqual()).isFalse();
    assertThat(comparison.verdict()).contains("different").doesNotContain("equal");
    assertThat(comparison.onlyLeft()).isEqualTo(onlyLeft);
    assertThat(comparison.onlyRight()).isEqualTo(onlyRight);
  }
}
