/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;

/**
 * The options a store was written with. The first three are its identity and must match; the others
 * are recorded and may change from open to open.
 *
 * @param pageBytes size of a page, 4096 to 61440
 * @param pagesPerFileShift a data file holds {@code 1 << shift} pages, 0 to 63
 * @param appendMode whether data files are only appended to; else slots are reused
 * @param leafRestartInterval entries between restart points of a leaf, 0 to 65535
 * @param indexRestartInterval entries between restart points of an index page, 0 to 65535
 * @param overflowPointers page ids in a group of an overflow value, 0 to 65535
 * @param compression whether values are compressed when written
 */
public record RecordedOptions(
    int pageBytes,
    int pagesPerFileShift,
    boolean appendMode,
    int leafRestartInterval,
    int indexRestartInterval,
    int overflowPointers,
    boolean compression) {

  /**
   * Refuses to open a store with another identity.
   *
   * @throws StoreException {@link StoreErrorCode#IDENTITY_MISMATCH} naming option, recorded value
   *     and value asked for
   */
  public void checkIdentity(String path, int wantedPageBytes, int wantedShift, boolean wantedMode) {
    check(path, "pageBytes", pageBytes, wantedPageBytes);
    check(path, "pagesPerFileShift", pagesPerFileShift, wantedShift);
    check(path, "appendMode", appendMode, wantedMode);
  }

  static void check(String path, String option, Object recorded, Object wanted) {
    if (!recorded.equals(wanted)) {
      throw new StoreException(
          StoreErrorCode.IDENTITY_MISMATCH,
          path + ": written with " + option + " " + recorded + ", opened with " + wanted);
    }
  }
}
