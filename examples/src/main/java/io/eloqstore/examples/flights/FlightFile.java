/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.zip.GZIPInputStream;

/**
 * The input: a file of flights, plain or (when its name ends in {@code .gz}) compressed.
 *
 * @param path where it is
 * @param lines lines in the file, the header included
 * @param days whole days from the first flight to the last; a replay is shifted by as many, so that
 *     event time goes on rising
 */
record FlightFile(String path, long lines, long days) implements Serializable {

  /** Reads the whole file once to know its lines and days. */
  static FlightFile survey(Path path) throws IOException {
    String name = path.toAbsolutePath().toString();
    long lines = 0;
    long firstMs = Long.MAX_VALUE;
    long lastMs = Long.MIN_VALUE;
    try (BufferedReader reader = open(name)) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        lines++;
        try {
          long timeMs = FlightParser.parse(text).timeMs();
          firstMs = Math.min(firstMs, timeMs);
          lastMs = Math.max(lastMs, timeMs);
        } catch (MalformedLineException e) {
          // The job reports it with its number; it has no date to look at here.
          continue;
        }
      }
    }
    if (firstMs > lastMs) {
      throw new IOException(name + " holds no flight");
    }
    long dayMs = Duration.ofDays(1).toMillis();
    return new FlightFile(name, lines, lastMs / dayMs - firstMs / dayMs + 1);
  }

  /** Opens the file at its first line; the caller closes the reader. */
  BufferedReader open() throws IOException {
    return open(path);
  }

  private static BufferedReader open(String path) throws IOException {
    InputStream file = new FileInputStream(path);
    try {
      InputStream bytes = path.endsWith(".gz") ? new GZIPInputStream(file, 1 << 16) : file;
      // Latin-1 takes any byte; what is no flight the parser refuses.
      return new BufferedReader(new InputStreamReader(bytes, StandardCharsets.ISO_8859_1), 1 << 16);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }
}
