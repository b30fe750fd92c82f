/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import com.github.luben.zstd.ZstdException;
import com.github.luben.zstd.util.Native;

/** The library as a whole. Loaded only by who needs it and is ready for its absence. */
final class ZstdLibrary {
  private ZstdLibrary() {}

  /**
   * Makes it ready for use.
   *
   * @throws LinkageError when it is not on the class path or has nothing for this machine
   */
  static void load() {
    Native.load();
  }

  /** Whether the library refused its input. */
  static boolean isFailure(RuntimeException e) {
    return e instanceof ZstdException;
  }
}
