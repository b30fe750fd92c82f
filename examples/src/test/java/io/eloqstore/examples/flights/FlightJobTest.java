/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Aim: a run that fails and restarts gives the rows of a run that does not. Method: the first lines
 * of the real input, with some lines spoilt, on EloqStore and HashMap.
 */
class FlightJobTest {
  private static final int LINES = 5000;

  @TempDir private Path directory;

  @Test
  void restartedRunEqualsUndisturbedRun() throws Exception {
    FlightFile file = FlightFile.survey(input(List.of()));
    assertThat(file.lines()).isEqualTo(LINES);
    List<String> progress = new ArrayList<>();
    JobRunner runner = new JobRunner(progress::add);

    RunResult tested =
        runner.run(settings(FlightDelays.BACKENDS.get("eloqstore"), file, 1, LINES / 2));
    RunResult reference = runner.run(settings("hashmap", file, 1, 0));

    List<String> rows = OutputRows.read(tested.settings().rowsDirectory());
    List<String> expected = OutputRows.read(reference.settings().rowsDirectory());
    assertThat(OutputComparison.of(rows, expected).examples()).isEmpty();
    assertThat(OutputComparison.of(rows, expected).isEqual()).isTrue();
    List<String> altered = new ArrayList<>(expected);
    altered.set(17, altered.get(17).replaceFirst("\\d", "x"));
    assertThat(OutputComparison.of(rows, altered).isEqual()).isFalse();

    RunResult.Recovery recovery = tested.recovery().orElseThrow();
    assertThat(tested.checkpoints().stream().map(Checkpoint::id)).contains(recovery.checkpointId());
    assertThat(recovery.line()).isGreaterThanOrEqualTo(LINES / 2);
    assertThat(recovery.recoveryMs()).isPositive();
    assertThat(tested.checkpoints())
        .allSatisfy(
            checkpoint -> {
              assertThat(checkpoint.stateBytes()).isPositive();
              assertThat(checkpoint.uploadedBytes()).isPositive();
            });
    assertThat(reference.recovery()).isEmpty();
    assertThat(progress).isNotEmpty();

    Findings findings = Findings.of(rows);
    assertThat(findings.flights()).isEqualTo(LINES - 1);
    assertThat(findings.malformed()).isEmpty();
    assertReportHasBothPlots(Report.page("the summary", tested, findings));
  }

  private static void assertReportHasBothPlots(String page) {
    assertThat(page.split("<svg ", -1)).hasSize(3);
    assertThat(page)
        .contains("Checkpoints: size and duration over time")
        .contains("Mean delay by hour of departure")
        .contains("failure on purpose", "the summary")
        .doesNotContain("NaN")
        .doesNotContain("Infinity");
  }

  @Test
  void replayIsShiftedByTheDaysOfTheFile() throws Exception {
    FlightFile file = FlightFile.survey(input(List.of("not a flight")));
    JobSettings settings = settings("hashmap", file, 2, 0);
    new JobRunner(line -> {}).run(settings);

    List<String> rows = OutputRows.read(settings.rowsDirectory());
    Findings findings = Findings.of(rows);
    assertThat(findings.flights()).isEqualTo(2L * (LINES - 1));
    assertThat(findings.malformed())
        .extracting(Findings.Malformed::number, Findings.Malformed::pass)
        .containsExactly(tuple(LINES + 1L, 0), tuple(LINES + 1L, 1));
    // No day is in both passes.
    long days = file.days();
    assertThat(rows.stream().filter(row -> row.startsWith("airport-day,PHX,")).count())
        .isEqualTo(2 * days);
  }

  @Test
  void commandReportsMalformedLinesAndEquality() throws Exception {
    Path file = input(List.of("", "03010000,1,2,AAA", "01010001,14,405,MCI,MDW"));
    StringWriter out = new StringWriter();
    int exitCode =
        FlightDelays.commandLine()
            .setOut(new PrintWriter(out))
            .execute(
                "--input=" + file,
                "--rate=0",
                "--backend=eloqstore",
                "--output=" + directory.resolve("output"));

    assertThat(out.toString())
        .contains("3 malformed lines")
        .contains("line 5,001: 5 fields expected, found 1")
        .contains("line 5,002: 5 fields expected, found 4")
        .contains("line 5,003: more than 1 h before an earlier flight")
        .contains("4,999 flights")
        .containsPattern("restarted from +checkpoint \\d+\n")
        .containsPattern("outputs +equal \\([0-9,]+ rows each\\)\n")
        .containsPattern("recovery time +[0-9,]+ ms\n");
    assertThat(exitCode).isZero();
    assertThat(directory.resolve("output/report.html")).isNotEmptyFile();
  }

  @Test
  void wrongOptionsAreRefused() {
    for (String option : List.of("--repeat=0", "--rate=-1", "--input=/no/such/file", "--what")) {
      StringWriter errors = new StringWriter();
      int exitCode = FlightDelays.commandLine().setErr(new PrintWriter(errors)).execute(option);
      assertThat(exitCode).as(option).isEqualTo(2);
      assertThat(errors.toString()).contains(option.split("=")[0]);
    }
  }

  @Test
  void failedJobIsReportedWithItsCauses() throws IOException {
    StringWriter errors = new StringWriter();
    int exitCode =
        FlightDelays.commandLine()
            .setErr(new PrintWriter(errors))
            .execute(
                "--input=" + input(List.of()),
                "--backend=no.such.Factory",
                "--output=" + directory.resolve("output"));
    assertThat(exitCode).isEqualTo(1);
    assertThat(errors.toString())
        .startsWith("flights: the job on no.such.Factory failed")
        .contains("caused by java.lang.ClassNotFoundException: no.such.Factory");
  }

  @Test
  void fileWithoutFlightsIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("empty.csv"), "date,delay\n");
    assertThatThrownBy(() -> FlightFile.survey(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty.csv holds no flight");
  }

  private JobSettings settings(String backend, FlightFile file, int passes, long faultAt) {
    return new JobSettings(
        backend,
        backend,
        file,
        passes,
        4000,
        Duration.ofMillis(200),
        faultAt,
        directory.resolve(backend));
  }

  /** The first lines of the real input, the header among them, and then some more. */
  private Path input(List<String> more) throws IOException {
    List<String> lines = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(
                    FlightDelays.class.getResourceAsStream("/data/flights-2001-q1.csv.gz")),
                StandardCharsets.US_ASCII))) {
      for (int line = 0; line < LINES; line++) {
        lines.add(reader.readLine());
      }
    }
    lines.addAll(more);
    return Files.write(directory.resolve("_some flights.csv"), lines);
  }
}
