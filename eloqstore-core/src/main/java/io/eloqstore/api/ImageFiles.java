/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.io.IOException;
import java.util.List;

/** Where the data files of an image come from while a partition is restored from it. */
@FunctionalInterface
public interface ImageFiles {

  /**
   * Puts data files into the partition's directory, each at least as long as the image says, under
   * the names the image gives them. Called by the restoring thread, several files at once so that
   * they can be transferred in parallel; returns when all are there.
   *
   * @param names without duplicates, ascending by file id; a shorter file of such a name may be
   *     left from an earlier attempt and is to be replaced
   * @throws IOException when one cannot be had; the restore fails with {@link
   *     StoreErrorCode#IO_FAILED}
   */
  void fetch(List<String> names) throws IOException;
}
