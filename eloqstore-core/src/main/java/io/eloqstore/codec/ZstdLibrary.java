/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import com.github.luben.zstd.Zstd;
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

  /**
   * Makes a dictionary of samples.
   *
   * <p>Takes about 17 MiB of native memory for as long as that lasts, some tenths of a second for
   * 1.6 MB of samples.
   *
   * @param bytes of the result; what the dictionary does not need is 0
   * @return {@code null} when the samples give none
   */
  static byte[] train(byte[][] samples, int bytes) {
    byte[] dictionary = new byte[bytes];
    try {
      long used = Zstd.trainFromBuffer(samples, dictionary);
      boolean trained = !Zstd.isError(used) && Zstd.getDictIdFromDict(dictionary) != 0;
      return trained ? dictionary : null;
    } catch (ZstdException e) {
      // Too few samples, or too little in them; that is no failure of anything.
      return null;
    }
  }

  /** Whether the library refused its input. */
  static boolean isFailure(RuntimeException e) {
    return e instanceof ZstdException;
  }
}
