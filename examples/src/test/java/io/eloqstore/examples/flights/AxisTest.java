/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Aim: an axis holds its values and has few, round ticks. Method: ranges of all sizes. */
class AxisTest {
  @ParameterizedTest
  @CsvSource({"0,0", "0,0.003", "0,1", "0,7.2", "-4,302", "-8,-2", "0,586183", "0,1e12"})
  void holdsItsValues(double least, double greatest) {
    Axis axis = Axis.holding(least, greatest, 100, 500);
    assertThat(axis.low()).isLessThanOrEqualTo(Math.min(0, least));
    assertThat(axis.high()).isGreaterThanOrEqualTo(greatest);
    assertThat(axis.ticks()).hasSizeBetween(2, 11);
    assertThat(axis.pixel(axis.low())).isEqualTo(100);
    assertThat(axis.pixel(axis.high())).isEqualTo(500);
  }

  @Test
  void labelsShowTheStepAndNoNegativeZero() {
    Axis axis = Axis.holding(-0.1, 0.5, 0, 1);
    assertThat(axis.ticks().stream().map(axis::label))
        .containsExactly("-0.1", "0.0", "0.1", "0.2", "0.3", "0.4", "0.5");
  }
}
