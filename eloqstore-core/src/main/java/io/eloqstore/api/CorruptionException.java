/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/** Bytes on disk are not what they must be. Says where, what was expected and what was found. */
public final class CorruptionException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final String path;
  private final long offset;

  /**
   * @param path file the bytes came from
   * @param offset bytes from the start of the file to the record or page at fault; -1 for the whole
   * @param what the field or rule that is broken
   * @param expected what it must be
   * @param actual what was found
   */
  public CorruptionException(
      String path, long offset, String what, Object expected, Object actual) {
    super(
        StoreErrorCode.CORRUPTED,
        path
            + " at offset "
            + offset
            + ": "
            + what
            + ": expected "
            + expected
            + ", found "
            + actual);
    this.path = path;
    this.offset = offset;
  }

  public String path() {
    return path;
  }

  public long offset() {
    return offset;
  }
}
