/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The text printed at the end. */
final class Summary {
  private static final int ROUTES = 10;
  private static final int MALFORMED_SHOWN = 20;

  private Summary() {}

  /** The most delayed routes, one line each. */
  static String mostDelayedRoutes(Findings findings) {
    StringBuilder text = new StringBuilder();
    text.append(
        line(
            "The ten most delayed routes (mean of at least %d flights)",
            Findings.ROUTE_FLIGHTS_MIN));
    text.append(line("  %-9s %9s %14s %21s", "route", "flights", "mean [min]", "std. dev. [min]"));
    for (Findings.Route route :
        findings.routes().subList(0, Math.min(ROUTES, findings.routes().size()))) {
      text.append(
          line(
              "  %-9s %,9d %14.1f %21.1f",
              route.key(), route.flights(), route.mean(), Math.sqrt(route.variance())));
    }
    return text.toString();
  }

  /**
   * The summary.
   *
   * @param tested the run that failed and restarted
   * @param reference the undisturbed run
   */
  static String text(
      RunResult tested,
      RunResult reference,
      Findings findings,
      OutputComparison comparison,
      Path report) {
    JobSettings settings = tested.settings();
    List<String> lines = new ArrayList<>();
    lines.add("Summary");
    lines.add(
        entry(
            "input",
            "%s, %,d lines, read %s",
            Path.of(settings.file().path()).getFileName(),
            settings.file().lines(),
            settings.passes() == 1 ? "once" : settings.passes() + " times"));
    lines.add(
        entry(
            "records",
            "%,d flights, %,d malformed lines",
            findings.flights(),
            findings.malformed().size()));
    malformed(findings, lines);
    lines.add(entry("backend", "%s (%s)", settings.name(), settings.stateBackend()));
    lines.add(
        entry(
            "run time",
            "%.1f s; %s undisturbed: %.1f s",
            tested.durationMs() / 1000.0,
            reference.settings().name(),
            reference.durationMs() / 1000.0));
    lines.add(
        entry(
            "checkpoints",
            "%d completed, %d given up (%s: %d and %d)",
            tested.checkpoints().size(),
            tested.unfinished(),
            reference.settings().name(),
            reference.checkpoints().size(),
            reference.unfinished()));
    for (Checkpoint checkpoint : tested.checkpoints()) {
      lines.add(checkpoint(checkpoint));
    }
    tested
        .recovery()
        .ifPresent(
            recovery -> {
              lines.add(entry("failure", "on purpose at line %,d", recovery.line()));
              lines.add(entry("restarted from", "checkpoint %d", recovery.checkpointId()));
              lines.add(entry("recovery time", "%,d ms", recovery.recoveryMs()));
            });
    lines.add(entry("state size", "%s", stateSize(tested.checkpoints())));
    lines.add(entry("report", "%s", report));
    lines.add(entry("outputs", "%s", comparison.verdict()));
    comparison.examples().forEach(example -> lines.add("    " + example));
    return lines.stream().collect(Collectors.joining("\n", "", "\n"));
  }

  private static void malformed(Findings findings, List<String> lines) {
    List<Findings.Malformed> malformed = findings.malformed();
    for (Findings.Malformed one :
        malformed.subList(0, Math.min(MALFORMED_SHOWN, malformed.size()))) {
      lines.add(
          String.format(
              Locale.ROOT,
              "    line %,d%s: %s",
              one.number(),
              one.pass() == 0 ? "" : " in pass " + (one.pass() + 1),
              one.reason()));
    }
    if (malformed.size() > MALFORMED_SHOWN) {
      lines.add("    and " + (malformed.size() - MALFORMED_SHOWN) + " more");
    }
  }

  private static String checkpoint(Checkpoint checkpoint) {
    return String.format(
        Locale.ROOT,
        "    %4d  at %5.1f s  %,12d bytes uploaded  %,12d bytes of state  %,6d ms",
        checkpoint.id(),
        checkpoint.startMs() / 1000.0,
        checkpoint.uploadedBytes(),
        checkpoint.stateBytes(),
        checkpoint.durationMs());
  }

  private static String stateSize(List<Checkpoint> checkpoints) {
    if (checkpoints.isEmpty()) {
      return "unknown, no checkpoint";
    }
    Checkpoint last = checkpoints.get(checkpoints.size() - 1);
    return String.format(Locale.ROOT, "%,d bytes (checkpoint %d)", last.stateBytes(), last.id());
  }

  private static String entry(String name, String format, Object... arguments) {
    return String.format(Locale.ROOT, "  %-15s ", name)
        + String.format(Locale.ROOT, format, arguments);
  }

  private static String line(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments) + '\n';
  }
}
