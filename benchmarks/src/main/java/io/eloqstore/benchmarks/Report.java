/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** A text in Markdown that says what was measured, how and where. */
public final class Report {
  private static final String NOTHING = "-";

  private final StringBuilder text = new StringBuilder();

  public Report(String title) {
    text.append("# ").append(title).append("\n\n");
  }

  public Report paragraph(String pattern, Object... values) {
    text.append(format(pattern, values)).append("\n\n");
    return this;
  }

  public Report fact(String name, String value) {
    text.append("- ").append(name).append(": ").append(value).append('\n');
    return this;
  }

  /**
   * Where and when.
   *
   * @param flags those of the JVMs that measure, as far as they bear on speed
   */
  public Report facts(Machine machine, String flags, Instant start) {
    fact("Machine", format("%s, %d cores, %s", machine.cpu(), machine.cores(), machine.system()));
    fact("JDK", machine.jdk());
    fact("Flags", flags.isEmpty() ? "none" : "`" + flags + "`");
    fact("Commit", machine.commit());
    return fact("Date", start.truncatedTo(ChronoUnit.SECONDS).toString());
  }

  /**
   * @param probes nanoseconds of a dependent load, one for each round that ended, at least one
   */
  public Report probes(List<Double> probes) {
    Spread probe = Spread.of(probes.stream().mapToDouble(Double::doubleValue).toArray());
    return fact(
        "Memory probe",
        format(
            "dependent load over %d MiB: %.0f ns (%.0f - %.0f)",
            MemoryProbe.BYTES >> 20, probe.median(), probe.least(), probe.most()));
  }

  public Report heading(String heading) {
    text.append("\n## ").append(heading).append("\n\n");
    return this;
  }

  /** Begins a table; its first column is of words, the others of figures. */
  public Report columns(String... names) {
    if (!text.toString().endsWith("\n\n")) {
      text.append('\n');
    }
    row(names);
    text.append("|---|").append("---:|".repeat(names.length - 1)).append('\n');
    return this;
  }

  public Report row(String... cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    return this;
  }

  /** A line for each, if there are any. */
  public Report failures(List<String> failures) {
    if (!failures.isEmpty()) {
      text.append("\nNot measured, because the benchmark failed:\n\n");
      failures.forEach(failure -> text.append("- ").append(failure).append('\n'));
    }
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }

  /** A cell of median, least and most. */
  public static String whole(Optional<Spread> spread) {
    return cell("%,.0f (%,.0f - %,.0f)", spread);
  }

  /** A cell of median, least and most, two digits behind the point. */
  public static String hundredths(Optional<Spread> spread) {
    return cell("%.2f (%.2f - %.2f)", spread);
  }

  /** A cell of median, least and most; small figures have digits behind the point. */
  public static String rate(Optional<Spread> spread) {
    return spread.isPresent() && spread.get().median() < 10 ? hundredths(spread) : whole(spread);
  }

  public static String hundredths(OptionalDouble figure) {
    return figure.isPresent() ? format("%.2f", figure.getAsDouble()) : NOTHING;
  }

  private static String cell(String pattern, Optional<Spread> spread) {
    return spread.map(s -> format(pattern, s.median(), s.least(), s.most())).orElse(NOTHING);
  }

  public static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
