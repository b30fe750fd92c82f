/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** Random keys of the kinds that bring a radix tree into every state. */
final class RandomKeys {
  private final Random random;
  private final int space;

  RandomKeys(Random random, int space) {
    this.random = random;
    this.space = space;
  }

  byte[] next() {
    int n = random.nextInt(space);
    switch (random.nextInt(8)) {
      case 0:
        return ("k" + n).getBytes(StandardCharsets.ISO_8859_1);
      case 1:
        // Prefixes of each other, of zero bytes.
        return new byte[1 + n % 40];
      case 2:
        return filled(1 + n % 40, 0xff);
      case 3:
        // A long shared prefix that parts at different depths.
        byte[] shared = filled(200 + n % 7 * 50, 'p');
        shared[shared.length - 1 - n % 11] = (byte) n;
        return shared;
      case 4:
        // Dense bytes: nodes of the largest type.
        return new byte[] {7, (byte) n, (byte) (n >>> 3)};
      case 5:
        return new byte[] {(byte) n};
      case 6:
        byte[] number = new byte[12];
        number[2] = 1;
        number[10] = (byte) (n >>> 8);
        number[11] = (byte) n;
        return number;
      default:
        byte[] binary = new byte[1 + random.nextInt(6)];
        for (int i = 0; i < binary.length; i++) {
          binary[i] = (byte) (random.nextInt(3) * 127);
        }
        return binary;
    }
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
