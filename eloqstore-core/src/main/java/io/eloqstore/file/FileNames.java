/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

/**
 * The names of files in a partition directory, as the C++ engine writes them; see docs/format.
 *
 * <p>Reading is strict: numbers are decimal digits without sign, space or leading zero and fit into
 * their type, so that a name that is read and built again is the same name.
 */
public final class FileNames {
  /**
   * Largest data file id. A mapping value keeps a file page in 61 bits, so with one page in a file
   * no larger id can be named.
   */
  public static final long FILE_ID_MAX = (1L << 61) - 1;

  /** Lies inside the partition directory because C++ refuses a store with a file in its root. */
  public static final String LOCK = "eloqstore.lock";

  static final String TEMPORARY_SUFFIX = ".tmp";

  private static final String DATA_PREFIX = "data_";
  private static final String MANIFEST_PREFIX = "manifest_";
  private static final int DIGITS_MAX = 20;

  private FileNames() {}

  public static String data(long fileId, long term) {
    return new FileName.Data(fileId, term).text();
  }

  public static String manifest(long term) {
    return new FileName.Manifest(term).text();
  }

  public static String archive(long term, long stamp) {
    return new FileName.Archive(term, stamp).text();
  }

  /** The name under which a file of this name is written until it is whole. */
  public static String temporary(String name) {
    return new FileName.Temporary(parse(name)).text();
  }

  /** Takes a name apart; what is not exactly one of ours is {@link FileName.Unknown}. */
  public static FileName parse(String name) {
    if (name.equals(LOCK)) {
      return new FileName.Lock();
    }
    FileName found =
        name.endsWith(TEMPORARY_SUFFIX)
            ? temporaryOrNull(name.substring(0, name.length() - TEMPORARY_SUFFIX.length()))
            : numberedOrNull(name);
    return found == null ? new FileName.Unknown(name) : found;
  }

  /** The manifest of the highest term; archives do not count. {@code null} when there is none. */
  public static FileName.Manifest newestManifest(Iterable<? extends FileName> names) {
    FileName.Manifest newest = null;
    for (FileName name : names) {
      if (name instanceof FileName.Manifest manifest
          && (newest == null || Long.compareUnsigned(manifest.term(), newest.term()) > 0)) {
        newest = manifest;
      }
    }
    return newest;
  }

  private static FileName temporaryOrNull(String target) {
    FileName found = numberedOrNull(target);
    return found == null ? null : new FileName.Temporary(found);
  }

  private static FileName numberedOrNull(String name) {
    if (name.startsWith(DATA_PREFIX)) {
      int split = name.indexOf('_', DATA_PREFIX.length());
      if (split < 0
          || !isNumber(name, DATA_PREFIX.length(), split)
          || !isNumber(name, split + 1, name.length())) {
        return null;
      }
      long fileId = number(name, DATA_PREFIX.length(), split);
      boolean isId = fileId >= 0 && fileId <= FILE_ID_MAX;
      return isId ? new FileName.Data(fileId, number(name, split + 1, name.length())) : null;
    }
    if (!name.startsWith(MANIFEST_PREFIX)) {
      return null;
    }
    int split = name.indexOf('_', MANIFEST_PREFIX.length());
    int termEnd = split < 0 ? name.length() : split;
    if (!isNumber(name, MANIFEST_PREFIX.length(), termEnd)) {
      return null;
    }
    long term = number(name, MANIFEST_PREFIX.length(), termEnd);
    if (split < 0) {
      return new FileName.Manifest(term);
    }
    return isNumber(name, split + 1, name.length())
        ? new FileName.Archive(term, number(name, split + 1, name.length()))
        : null;
  }

  /** Whether the characters are the one way to write an unsigned 64-bit number. */
  private static boolean isNumber(String name, int from, int to) {
    int digits = to - from;
    if (digits < 1 || digits > DIGITS_MAX || digits > 1 && name.charAt(from) == '0') {
      return false;
    }
    for (int i = from; i < to; i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') {
        return false;
      }
    }
    // Numbers of equal length compare as their digits do.
    String largest = "18446744073709551615";
    return digits < DIGITS_MAX || name.substring(from, to).compareTo(largest) <= 0;
  }

  private static long number(String name, int from, int to) {
    return Long.parseUnsignedLong(name, from, to, 10);
  }
}
