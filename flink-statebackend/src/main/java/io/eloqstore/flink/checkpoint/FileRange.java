/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes of one file of a partition that are uploaded under a handle of their own. As the local path
 * of a handle: {@code 0/data_7_0@0-4096}, or {@code 0/manifest_0#3@0-8192} for the third file of
 * that name.
 *
 * @param part index of the partition in its backend
 * @param file file name inside the partition's directory
 * @param incarnation which of the files that had this name one after the other
 * @param from offset of the first byte
 * @param to offset behind the last byte; above {@code from}
 */
public record FileRange(int part, String file, long incarnation, long from, long to)
    implements Comparable<FileRange> {
  private static final Pattern LOCAL_PATH =
      Pattern.compile("(\\d{1,9})/([^/#@]+)(?:#(\\d{1,19}))?@(\\d{1,18})-(\\d{1,18})");

  public FileRange {
    if (from < 0 || to <= from) {
      throw new IllegalArgumentException("a range holds bytes: " + file + " " + from + "-" + to);
    }
  }

  static FileRange of(PartFile file, long from, long to) {
    return new FileRange(file.part(), file.name(), file.file().incarnation(), from, to);
  }

  /** The same bytes when the partition has another place among those of a backend. */
  FileRange inPart(int other) {
    return new FileRange(other, file, incarnation, from, to);
  }

  /** Whether this is a range of the file. */
  boolean isOf(PartFile other) {
    return part == other.part()
        && file.equals(other.name())
        && incarnation == other.file().incarnation();
  }

  long length() {
    return to - from;
  }

  /** Same for all ranges of one file, different for files that had the name before or after. */
  String fileKey() {
    return part + "/" + file + (incarnation == 0 ? "" : "#" + incarnation);
  }

  String localPath() {
    return fileKey() + "@" + from + "-" + to;
  }

  /**
   * Reads a local path back.
   *
   * @throws IOException when the text is not the local path of a range
   */
  static FileRange parse(String localPath) throws IOException {
    Matcher matcher = LOCAL_PATH.matcher(localPath);
    if (matcher.matches()) {
      try {
        long incarnation = matcher.group(3) == null ? 0 : Long.parseLong(matcher.group(3));
        return new FileRange(
            Integer.parseInt(matcher.group(1)),
            matcher.group(2),
            incarnation,
            Long.parseLong(matcher.group(4)),
            Long.parseLong(matcher.group(5)));
      } catch (IllegalArgumentException e) {
        throw new IOException("Not a byte range of a file: " + localPath, e);
      }
    }
    throw new IOException("Not a byte range of a file: " + localPath);
  }

  @Override
  public int compareTo(FileRange other) {
    int byName = fileKey().compareTo(other.fileKey());
    return byName != 0 ? byName : Long.compare(from, other.from);
  }
}
