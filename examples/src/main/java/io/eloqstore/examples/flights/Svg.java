/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.util.Locale;

/** Builds one picture of a plot in SVG; not thread-safe. */
final class Svg {
  /** Pixels. */
  static final int WIDTH = 900;

  /** Pixels. */
  static final int HEIGHT = 380;

  /** Edges of the plot's area in pixels. */
  static final int LEFT = 80;

  static final int RIGHT = WIDTH - 80;
  static final int TOP = 78;
  static final int BOTTOM = HEIGHT - 58;

  private final StringBuilder text = new StringBuilder(8192);

  /** Begins a picture with its title. */
  Svg(String title) {
    add("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, escape(title));
    add("<text x=\"%d\" y=\"26\" class=\"title\">%s</text>", LEFT, escape(title));
  }

  /** The characters that mean something in HTML, replaced. */
  static String escape(String raw) {
    return raw.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  void label(double x, double y, String anchor, String label) {
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, escape(label));
  }

  void line(double x1, double y1, double x2, double y2, String style) {
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>",
        x1, y1, x2, y2, style);
  }

  /** A bar between two heights, in any order, with a text shown under the pointer. */
  void bar(double x, double width, double y1, double y2, String style, String hint) {
    add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\">"
            + "<title>%s</title></rect>",
        x, Math.min(y1, y2), width, Math.abs(y1 - y2), style, escape(hint));
  }

  void point(double x, double y, String style, String hint) {
    add(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" class=\"%s\"><title>%s</title></circle>",
        x, y, style, escape(hint));
  }

  /** The horizontal axis below the area. */
  void bottomAxis(Axis axis, String title) {
    for (double tick : axis.ticks()) {
      line(axis.pixel(tick), BOTTOM, axis.pixel(tick), BOTTOM + 5, "axis");
      label(axis.pixel(tick), BOTTOM + 20, "middle", axis.label(tick));
    }
    line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis");
    bottomTitle(title);
  }

  void bottomTitle(String title) {
    label((LEFT + RIGHT) / 2.0, BOTTOM + 44, "middle", title);
  }

  /** The vertical axis on the left, with lines across the area. */
  void leftAxis(Axis axis, String title) {
    for (double tick : axis.ticks()) {
      line(LEFT, axis.pixel(tick), RIGHT, axis.pixel(tick), "grid");
      label(LEFT - 8, axis.pixel(tick) + 4, "end", axis.label(tick));
    }
    verticalTitle(18, title);
  }

  /** The vertical axis on the right. */
  void rightAxis(Axis axis, String title) {
    for (double tick : axis.ticks()) {
      line(RIGHT, axis.pixel(tick), RIGHT + 5, axis.pixel(tick), "axis");
      label(RIGHT + 8, axis.pixel(tick) + 4, "start", axis.label(tick));
    }
    line(RIGHT, TOP, RIGHT, BOTTOM, "axis");
    verticalTitle(WIDTH - 14, title);
  }

  private void verticalTitle(int x, String title) {
    double y = (TOP + BOTTOM) / 2.0;
    add(
        "<text transform=\"translate(%d %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>",
        x, y, escape(title));
  }

  /** One entry of the legend below the title; returns where the next may begin. */
  double legend(double x, String style, String label) {
    add("<rect x=\"%.1f\" y=\"42\" width=\"14\" height=\"14\" class=\"%s\"/>", x, style);
    label(x + 20, 54, "start", label);
    return x + 20 + 7.2 * label.length() + 24;
  }

  /** Adds formatted SVG as it is. */
  void add(String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  /** Ends the picture. */
  String end() {
    return text + "</svg>\n";
  }
}
