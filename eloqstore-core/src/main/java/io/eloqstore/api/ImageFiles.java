/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.io.IOException;
import java.util.List;

/** Where the data files of an image come from, while it is restored. */
public interface ImageFiles {
  /**
   * Puts data files into the partition's directory.
   *
   * @param names several at once, so that they can be transferred in parallel
   */
  void fetch(List<String> names) throws IOException;
}
