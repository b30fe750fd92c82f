/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Names one partition: a table and a number, as in the directory name {@code <table>.<partition>}.
 *
 * @param table any file-name text without {@code /} and NUL; dots are allowed
 * @param partition 0 or more
 */
public record PartitionId(String table, int partition) {

  public PartitionId {
    if (table == null || table.isEmpty() || table.indexOf('/') >= 0 || table.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("table name must be non-empty text without '/': " + table);
    }
    if (partition < 0) {
      throw new IllegalArgumentException("partition must be at least 0: " + partition);
    }
  }

  /** The name of the partition's directory inside a store. */
  public String directoryName() {
    return table + "." + partition;
  }

  /**
   * Reads a directory name back.
   *
   * @return {@code null} when the name is not {@code <table>.<partition>}
   */
  public static PartitionId fromDirectoryName(String name) {
    int dot = name.lastIndexOf('.');
    if (dot <= 0 || dot == name.length() - 1 || name.length() - dot > 10) {
      return null;
    }
    int number = 0;
    for (int i = dot + 1; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < '0' || c > '9') {
        return null;
      }
      number = number * 10 + (c - '0');
    }
    return new PartitionId(name.substring(0, dot), number);
  }

  @Override
  public String toString() {
    return directoryName();
  }
}
