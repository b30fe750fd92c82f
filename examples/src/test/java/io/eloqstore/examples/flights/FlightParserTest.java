/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Aim: each field is read or refused. Method: lines at the edges of the format. */
class FlightParserTest {
  @Test
  void readsAFlight() throws MalformedLineException {
    Flight flight = FlightParser.parse("01312359,-11,370,LAX,PHX");
    assertThat(flight)
        .isEqualTo(
            new Flight(
                Instant.parse("2001-01-31T23:59:00Z").toEpochMilli(), -11, 370, "LAX", "PHX"));
    assertThat(flight.route()).isEqualTo("LAX-PHX");
    assertThat(flight.hour()).isEqualTo(23);
  }

  @Test
  void shiftedFlightKeepsItsHour() throws MalformedLineException {
    Flight flight = FlightParser.parse("12310001,0,0,AAA,BBB").shiftedBy(90);
    assertThat(Instant.ofEpochMilli(flight.timeMs())).isEqualTo("2002-03-31T00:01:00Z");
    assertThat(flight.hour()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|5 fields expected, found 1",
        "01010001,14,405,MCI|5 fields expected, found 4",
        "01010001,14,405,MCI,MDW,|5 fields expected, found 6",
        "1010001,14,405,MCI,MDW|date is '1010001'",
        "01010001 ,14,405,MCI,MDW|date is '01010001 '",
        "13010001,14,405,MCI,MDW|no such date: 13010001",
        "02290001,14,405,MCI,MDW|no such date: 02290001",
        "01012400,14,405,MCI,MDW|no such date: 01012400",
        "01010060,14,405,MCI,MDW|no such date: 01010060",
        "01010001,,405,MCI,MDW|delay is ''",
        "01010001,+1,405,MCI,MDW|delay is '+1'",
        "01010001,123456,405,MCI,MDW|delay is '123456'",
        "01010001,14,-405,MCI,MDW|distance is '-405'",
        "01010001,14,405,MC,MDW|origin is 'MC'",
        "01010001,14,405,MCI,mdw|destination is 'mdw'",
      })
  void refusesWhatIsNoFlight(String line, String reason) {
    assertThatThrownBy(() -> FlightParser.parse(line))
        .isInstanceOf(MalformedLineException.class)
        .hasMessage(reason);
  }

  @Test
  void reasonIsShortAndPrintable() {
    assertThatThrownBy(() -> FlightParser.parse("\u0000" + "x".repeat(1000) + ",1,1,AAA,BBB"))
        .hasMessage("date is '?" + "x".repeat(19) + "...'");
  }

  @Test
  void onlyTheFirstLineMayBeTheHeader() {
    assertThat(FlightParser.isHeader(1, "date,delay,distance,origin,destination")).isTrue();
    assertThat(FlightParser.isHeader(2, "date,delay,distance,origin,destination")).isFalse();
    assertThat(FlightParser.isHeader(1, "01010001,14,405,MCI,MDW")).isFalse();
  }
}
