/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The partitions that the C++ engine wrote, with the options it wrote them with. */
public final class GoldenSets {
  /**
   * A state to compare: one manifest of one partition and the files that hold its lines.
   *
   * @param lines total number of expected lines, so that no comparison is empty by accident
   */
  public record GoldenState(
      String set,
      String partition,
      int pageBytes,
      int pagesPerFileShift,
      String manifest,
      int lines,
      List<String> expected) {
    public Path directory() {
      return GoldenSets.path(set).resolve("data").resolve(partition);
    }

    public List<String> expectedLines() throws IOException {
      List<String> lines = new ArrayList<>();
      for (String file : expected) {
        Path path = GoldenSets.path(set).resolve(file);
        for (String line : Files.readAllLines(path, StandardCharsets.US_ASCII)) {
          lines.add(expanded(line));
        }
      }
      // Hex digits sort as the bytes do, and a tab sorts before them.
      lines.sort(null);
      return lines;
    }

    /** A line of five fields names a pattern and how often it is repeated. */
    private static String expanded(String line) {
      String[] fields = line.split("\t", -1);
      return fields.length == 4
          ? line
          : String.join(
              "\t", fields[0], fields[1].repeat(Integer.parseInt(fields[2])), fields[3], fields[4]);
    }

    public ReferenceStore read() throws IOException {
      return ReferenceStore.read(directory(), pageBytes, pagesPerFileShift, manifest);
    }
  }

  private GoldenSets() {}

  public static List<GoldenState> uncompressed() {
    String now = "manifest_0";
    List<String> expected = List.of("expected.tsv");
    return List.of(
        new GoldenState("append_batches", "ap.0", 4096, 5, now, 850, of("expected_ap.0.tsv")),
        new GoldenState("append_batches", "ap.1", 4096, 5, now, 861, of("expected_ap.1.tsv")),
        new GoldenState("archive", "ar.0", 4096, 5, now, 617, expected),
        new GoldenState(
            "archive",
            "ar.0",
            4096,
            5,
            now + "_1795393395322602",
            700,
            of("expected_archive1.tsv")),
        new GoldenState(
            "archive",
            "ar.0",
            4096,
            5,
            now + "_1795393395335466",
            639,
            of("expected_archive2.tsv")),
        new GoldenState("emptied", "e.1", 4096, 8, now, 0, expected),
        new GoldenState("manifest_log", "ml.0", 4096, 6, now, 338, expected),
        new GoldenState("nonappend_10k", "t1.0", 4096, 8, now, 10000, expected),
        new GoldenState("nonappend_updates", "t1.3", 4096, 5, now, 1026, expected),
        new GoldenState("one_key", "e.0", 4096, 8, now, 1, expected),
        new GoldenState("overflow", "big.0", 4096, 7, now, 32, expected),
        new GoldenState("overflow_append", "big.1", 4096, 6, now, 4, expected),
        new GoldenState("page16k", "p16.0", 16384, 4, now, 501, expected),
        new GoldenState("prefix_binary", "pb.0", 4096, 8, now, 1408, expected),
        new GoldenState("ttl", "ttl.0", 4096, 8, now, 390, of("expected.tsv", "expired.tsv")));
  }

  public static List<GoldenState> compressed() {
    return List.of(
        new GoldenState("compressed", "z.0", 4096, 8, "manifest_0", 193, of("expected.tsv")),
        new GoldenState(
            "compressed_standalone", "z.1", 4096, 8, "manifest_0", 2, of("expected_repeat.tsv")));
  }

  public static List<GoldenState> all() {
    List<GoldenState> all = new ArrayList<>(uncompressed());
    all.addAll(compressed());
    return all;
  }

  public static GoldenState named(String set) {
    return all().stream().filter(state -> state.set().equals(set)).findFirst().orElseThrow();
  }

  public static Path path(String set) {
    URL url = GoldenSets.class.getResource("/golden/" + set);
    if (url == null) {
      throw new IllegalArgumentException("no golden set " + set);
    }
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> of(String... files) {
    return List.of(files);
  }
}
