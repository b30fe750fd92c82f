/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** Reads what the file sink committed. */
final class OutputRows {
  private OutputRows() {}

  /**
   * All rows below a directory, sorted. Files whose names begin with a dot are left out: the sink
   * has not committed them.
   */
  static List<String> read(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.walk(directory)) {
      files =
          found
              .filter(Files::isRegularFile)
              .filter(file -> !file.getFileName().toString().startsWith("."))
              .toList();
    }
    List<String> rows = new ArrayList<>();
    for (Path file : files) {
      rows.addAll(Files.readAllLines(file, StandardCharsets.UTF_8));
    }
    Collections.sort(rows);
    return rows;
  }
}
