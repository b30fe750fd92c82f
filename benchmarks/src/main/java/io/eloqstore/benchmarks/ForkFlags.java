/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** The flags of the JVMs that measure. */
public final class ForkFlags {
  /** Packages of java.base that Flink's own start scripts open; the tests' list is the same. */
  private static final List<String> OPENED =
      List.of(
          "java.lang",
          "java.net",
          "java.io",
          "java.nio",
          "sun.nio.ch",
          "java.lang.reflect",
          "java.text",
          "java.time",
          "java.util",
          "java.util.concurrent",
          "java.util.concurrent.atomic",
          "java.util.concurrent.locks");

  /**
   * A fixed heap, so that growing it is not measured. Three gigabytes hold the five million map
   * entries on the heap with room for the collector.
   */
  private static final List<String> HEAP = List.of("-Xms3g", "-Xmx3g", "-XX:+UseG1GC");

  private ForkFlags() {}

  /** Those of a JVM without Flink. */
  public static List<String> heap() {
    return HEAP;
  }

  static List<String> all() {
    List<String> flags = new ArrayList<>(HEAP);
    for (String opened : OPENED) {
      flags.add("--add-opens=java.base/" + opened + "=ALL-UNNAMED");
    }
    return flags;
  }

  /** The flags that bear on speed, for the table. */
  public static String described() {
    return String.join(" ", HEAP);
  }
}
