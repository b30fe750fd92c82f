/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Aim: the sums of one key are right. Method: small cases reckoned by hand. */
class RunningDelayTest {
  @Test
  void meanAndVarianceOfTheFlightsSeen() {
    RunningDelay running = RunningDelay.NONE;
    for (int delay : new int[] {2, 4, 4, 4, 5, 5, 7, 9}) {
      running = running.plus(delay);
    }
    assertThat(running.flights()).isEqualTo(8);
    assertThat(running.mean()).isCloseTo(5, within(1e-12));
    assertThat(running.variance()).isCloseTo(4, within(1e-12));
    assertThat(RunningDelay.NONE.variance()).isZero();
  }

  @Test
  void classesOfDelayMeetAtTheirEdges() {
    HourDelays hour = HourDelays.NONE;
    for (int delay : new int[] {-1, 0, 14, 15, 59, 60}) {
      hour = hour.plus(delay);
    }
    assertThat(hour).isEqualTo(new HourDelays(147, 1, 2, 2, 1));
    assertThat(hour.flights()).isEqualTo(6);
    assertThat(hour.plus(hour)).isEqualTo(new HourDelays(294, 2, 4, 4, 2));
  }

  @Test
  void dayKeepsTheWorstDelay() {
    DayDelays day = DayDelays.NONE.plus(-20).plus(-5);
    assertThat(day).isEqualTo(new DayDelays(2, -25, -5));
    assertThat(new DayDelays.Sum().merge(day, DayDelays.NONE.plus(7)))
        .isEqualTo(new DayDelays(3, -18, 7));
  }
}
