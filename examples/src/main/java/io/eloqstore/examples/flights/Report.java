/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The HTML page about a run: one file that needs no other, with two plots and the summary. */
final class Report {
  private static final String STYLE =
      """
      body { font: 15px/1.45 system-ui, sans-serif; color: #1d2733; background: #fff;
             max-width: 940px; margin: 24px auto; padding: 0 16px; }
      h1 { font-size: 24px; margin: 0 0 12px; }
      pre { background: #f4f6f8; padding: 14px 16px; overflow-x: auto; font-size: 13px; }
      svg { width: 100%; height: auto; display: block; margin: 20px 0; }
      svg text { font: 13px system-ui, sans-serif; fill: #3c4854; }
      svg text.title { font-size: 17px; font-weight: 600; fill: #1d2733; }
      .grid { stroke: #e1e6eb; } .axis { stroke: #8794a1; }
      .uploaded { fill: #9cc3e6; } .state { fill: #dde7f0; } .duration { fill: #d1570c; }
      .durationLine { stroke: #d1570c; stroke-width: 2; fill: none; }
      .failure { stroke: #b0122a; stroke-width: 2; stroke-dasharray: 5 4; }
      .failureKey { fill: #b0122a; } .delay { fill: #3f7fb5; } .early { fill: #5aa469; }
      """;

  /** Of a bar of one checkpoint; they come each second. */
  private static final double BAR_SECONDS_MAX = 0.7;

  private Report() {}

  /**
   * Writes the page.
   *
   * @param summary plain text, as printed
   */
  static void write(Path file, String summary, RunResult run, Findings findings)
      throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, page(summary, run, findings), StandardCharsets.UTF_8);
  }

  /** The page's text. */
  static String page(String summary, RunResult run, Findings findings) {
    return """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Flight delays</title>
        <style>
        %s</style></head><body>
        <h1>Flight delays on %s</h1>
        %s%s<pre>%s</pre>
        </body></html>
        """
        .formatted(
            STYLE,
            Svg.escape(run.settings().name()),
            checkpointPlot(run),
            hourPlot(findings.hours()),
            Svg.escape(summary));
  }

  private static String checkpointPlot(RunResult run) {
    List<Checkpoint> checkpoints = run.checkpoints();
    Svg svg = new Svg("Checkpoints: size and duration over time");
    Axis seconds =
        Axis.holding(0, run.durationMs() / 1000.0 + BAR_SECONDS_MAX / 2, Svg.LEFT, Svg.RIGHT);
    double largest =
        checkpoints.stream()
            .mapToLong(c -> Math.max(c.uploadedBytes(), c.stateBytes()))
            .max()
            .orElse(1);
    Axis kibibytes = Axis.holding(0, largest / 1024.0, Svg.BOTTOM, Svg.TOP);
    long longest = checkpoints.stream().mapToLong(Checkpoint::durationMs).max().orElse(1);
    Axis milliseconds = Axis.holding(0, longest, Svg.BOTTOM, Svg.TOP);

    svg.leftAxis(kibibytes, "size in KiB");
    svg.bottomAxis(seconds, "time since the start of the job in seconds");
    svg.rightAxis(milliseconds, "duration in milliseconds");
    bars(svg, checkpoints, seconds, kibibytes);
    durations(svg, checkpoints, seconds, milliseconds);
    failure(svg, run.recovery(), seconds);

    double x = svg.legend(Svg.LEFT, "state", "state size");
    x = svg.legend(x, "uploaded", "uploaded for it");
    x = svg.legend(x, "duration", "duration (right axis)");
    if (run.recovery().isPresent()) {
      svg.legend(x, "failureKey", "failure on purpose");
    }
    return svg.end();
  }

  private static void bars(Svg svg, List<Checkpoint> checkpoints, Axis seconds, Axis kibibytes) {
    for (int index = 0; index < checkpoints.size(); index++) {
      Checkpoint checkpoint = checkpoints.get(index);
      double width = seconds.pixel(barSeconds(checkpoints, index)) - seconds.pixel(0);
      double x = seconds.pixel(checkpoint.startMs() / 1000.0);
      String hint = hint(checkpoint);
      double state = kibibytes.pixel(checkpoint.stateBytes() / 1024.0);
      svg.bar(x - width / 2, width, Svg.BOTTOM, state, "state", hint);
      double uploaded = kibibytes.pixel(checkpoint.uploadedBytes() / 1024.0);
      svg.bar(x - width / 4, width / 2, Svg.BOTTOM, uploaded, "uploaded", hint);
    }
  }

  /** Width of a bar: as wide as all, unless a neighbour is near. */
  private static double barSeconds(List<Checkpoint> checkpoints, int index) {
    long startMs = checkpoints.get(index).startMs();
    double width = BAR_SECONDS_MAX;
    if (index > 0) {
      width = Math.min(width, 0.9e-3 * (startMs - checkpoints.get(index - 1).startMs()));
    }
    if (index + 1 < checkpoints.size()) {
      width = Math.min(width, 0.9e-3 * (checkpoints.get(index + 1).startMs() - startMs));
    }
    return width;
  }

  private static void durations(
      Svg svg, List<Checkpoint> checkpoints, Axis seconds, Axis milliseconds) {
    StringBuilder points = new StringBuilder();
    for (Checkpoint checkpoint : checkpoints) {
      points.append(
          String.format(
              Locale.ROOT,
              "%.1f,%.1f ",
              seconds.pixel(checkpoint.startMs() / 1000.0),
              milliseconds.pixel(checkpoint.durationMs())));
    }
    svg.add("<polyline points=\"%s\" class=\"durationLine\"/>", points.toString().trim());
    for (Checkpoint checkpoint : checkpoints) {
      svg.point(
          seconds.pixel(checkpoint.startMs() / 1000.0),
          milliseconds.pixel(checkpoint.durationMs()),
          "duration",
          hint(checkpoint));
    }
  }

  private static void failure(Svg svg, Optional<RunResult.Recovery> recovery, Axis seconds) {
    if (recovery.isPresent()) {
      double x = seconds.pixel(recovery.get().failedMs() / 1000.0);
      svg.line(x, Svg.TOP, x, Svg.BOTTOM, "failure");
    }
  }

  private static String hint(Checkpoint checkpoint) {
    return String.format(
        Locale.ROOT,
        "checkpoint %d: %,d bytes uploaded, %,d bytes of state, %d ms",
        checkpoint.id(),
        checkpoint.uploadedBytes(),
        checkpoint.stateBytes(),
        checkpoint.durationMs());
  }

  private static String hourPlot(List<HourDelays> hours) {
    Svg svg = new Svg("Mean delay by hour of departure");
    double least = 0;
    double greatest = 0;
    for (HourDelays hour : hours) {
      least = Math.min(least, mean(hour));
      greatest = Math.max(greatest, mean(hour));
    }
    Axis minutes = Axis.holding(least, greatest, Svg.BOTTOM, Svg.TOP);
    svg.leftAxis(minutes, "mean delay in minutes");
    double room = (Svg.RIGHT - Svg.LEFT) / (double) hours.size();
    for (int index = 0; index < hours.size(); index++) {
      HourDelays hour = hours.get(index);
      double x = Svg.LEFT + index * room;
      svg.label(x + room / 2, Svg.BOTTOM + 20, "middle", String.valueOf(index));
      if (hour.flights() > 0) {
        svg.bar(
            x + 0.12 * room,
            0.76 * room,
            minutes.pixel(0),
            minutes.pixel(mean(hour)),
            mean(hour) < 0 ? "early" : "delay",
            String.format(
                Locale.ROOT,
                "%02d:00: %.1f minutes, %,d flights",
                index,
                mean(hour),
                hour.flights()));
        svg.label(
            x + room / 2,
            Math.min(minutes.pixel(0), minutes.pixel(mean(hour))) - 5,
            "middle",
            String.format(Locale.ROOT, Math.abs(mean(hour)) < 9.5 ? "%.1f" : "%.0f", mean(hour)));
      }
    }
    svg.line(Svg.LEFT, minutes.pixel(0), Svg.RIGHT, minutes.pixel(0), "axis");
    svg.bottomTitle("hour of the day (local time)");
    double x = svg.legend(Svg.LEFT, "delay", "late on average");
    svg.legend(x, "early", "early on average");
    return svg.end();
  }

  private static double mean(HourDelays hour) {
    return hour.flights() == 0 ? 0 : (double) hour.minutes() / hour.flights();
  }
}
