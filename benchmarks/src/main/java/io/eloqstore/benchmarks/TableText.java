/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Table 1 in Markdown. */
final class TableText {
  private static final String NOTHING = "-";

  private final TablePlan plan;
  private final Machine machine;
  private final Instant start;

  TableText(TablePlan plan, Machine machine, Instant start) {
    this.plan = plan;
    this.machine = machine;
    this.start = start;
  }

  /**
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   * @param failures what could not be measured, a line each
   */
  String of(Figures figures, List<Double> probes, List<String> failures) {
    StringBuilder text = new StringBuilder();
    head(text, probes);
    rows(text, figures);
    if (!failures.isEmpty()) {
      text.append("\nNot measured, because the benchmark failed:\n\n");
      failures.forEach(failure -> text.append("- ").append(failure).append('\n'));
    }
    return text.toString();
  }

  private void head(StringBuilder text, List<Double> probes) {
    Spread probe = Spread.of(probes.stream().mapToDouble(Double::doubleValue).toArray());
    text.append("# Table 1: Flink keyed state in memory\n\n");
    if (!plan.mode().equals("full")) {
      text.append("**")
          .append(plan.mode())
          .append("**: few rounds, few keys, short iterations. Not figures to quote.\n\n");
    }
    text.append(
        format(
            "One thread, %,d keys, managed memory %d MiB, backends at their defaults, nothing"
                + " flushed between loading and measuring. Operations for each millisecond, the"
                + " key selected before each: median (least - most) of the rounds. A ratio is"
                + " taken within a round; the median is given, and its spread.%n%n",
            plan.keys(), KeyedLoad.MANAGED_BYTES >> 20));
    line(text, "Mode", plan.mode());
    line(
        text,
        "Rounds",
        format(
            "%d of interleaved backends, one JVM for each figure; %d warm-up and %d counted"
                + " iterations of %d ms, or of a fixed number of operations where the state grows",
            probes.size(), plan.warmups(), plan.iterations(), plan.iterationMs()));
    line(
        text,
        "Machine",
        format("%s, %d cores, %s", machine.cpu(), machine.cores(), machine.system()));
    line(text, "JDK", machine.jdk());
    line(text, "Flags", "`" + ForkFlags.described() + "`");
    line(text, "Commit", machine.commit());
    line(text, "Date", start.truncatedTo(ChronoUnit.SECONDS).toString());
    line(
        text,
        "Memory probe",
        format(
            "dependent load over %d MiB: %.0f ns (%.0f - %.0f)",
            MemoryProbe.BYTES >> 20, probe.median(), probe.least(), probe.most()));
  }

  private void rows(StringBuilder text, Figures figures) {
    text.append(
        "\n| operation | HashMap | RocksDB | ours | ours / RocksDB | ours / HashMap |\n"
            + "|---|---:|---:|---:|---:|---:|\n");
    Arrays.stream(Operation.values())
        .filter(plan::includes)
        .forEach(
            operation ->
                row(
                    text,
                    operation.label(),
                    speed(figures.speed(operation, BackendKind.HASHMAP)),
                    speed(figures.speed(operation, BackendKind.ROCKSDB)),
                    speed(figures.speed(operation, BackendKind.ELOQSTORE)),
                    ratio(figures.ratio(operation, BackendKind.ELOQSTORE, BackendKind.ROCKSDB)),
                    ratio(figures.ratio(operation, BackendKind.ELOQSTORE, BackendKind.HASHMAP))));
    row(
        text,
        "geometric mean",
        "",
        "",
        "",
        mean(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.ROCKSDB)),
        mean(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.HASHMAP)));
  }

  private static void row(StringBuilder text, String... cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("- ").append(name).append(": ").append(value).append('\n');
  }

  private static String speed(Optional<Spread> speed) {
    return speed
        .map(s -> format("%,.0f (%,.0f - %,.0f)", s.median(), s.least(), s.most()))
        .orElse(NOTHING);
  }

  private static String ratio(Optional<Spread> ratio) {
    return ratio
        .map(s -> format("%.2f (%.2f - %.2f)", s.median(), s.least(), s.most()))
        .orElse(NOTHING);
  }

  private static String mean(OptionalDouble mean) {
    return mean.isPresent() ? format("%.2f", mean.getAsDouble()) : NOTHING;
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
