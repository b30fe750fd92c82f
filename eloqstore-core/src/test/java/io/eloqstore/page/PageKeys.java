/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Random keys of the kinds that trouble prefix sharing. */
final class PageKeys {
  private static final byte[] FEW = {0, 1, 'a', (byte) 0x7f, (byte) 0x80, (byte) 0xff};

  private final Random random;
  private final int kind;
  private final byte[] prefix;

  PageKeys(Random random) {
    this.random = random;
    this.kind = random.nextInt(5);
    this.prefix = new byte[random.nextInt(300)];
    random.nextBytes(prefix);
  }

  byte[] next() {
    return switch (kind) {
      // Prefixes of each other, NUL and 0xff.
      case 0 -> few(1 + random.nextInt(10));
      // A long shared prefix.
      case 1 -> with(prefix, few(1 + random.nextInt(6)));
      case 2 -> any(1 + random.nextInt(40));
      case 3 -> "k%08d".formatted(random.nextInt(100_000)).getBytes(StandardCharsets.US_ASCII);
      // Runs of one byte, so that most keys are prefixes of the next.
      default -> with(new byte[random.nextInt(200)], few(1));
    };
  }

  /** A key near another one, to be searched in vain or not. */
  byte[] near(byte[] key) {
    switch (random.nextInt(4)) {
      case 0:
        return key.length > 1 ? Arrays.copyOf(key, key.length - 1) : key;
      case 1:
        return Arrays.copyOf(key, key.length + 1);
      case 2:
        byte[] changed = key.clone();
        changed[random.nextInt(key.length)] += (byte) (random.nextBoolean() ? 1 : -1);
        return changed;
      default:
        return next();
    }
  }

  private byte[] few(int length) {
    byte[] key = new byte[length];
    for (int i = 0; i < length; i++) {
      key[i] = FEW[random.nextInt(FEW.length)];
    }
    return key;
  }

  private byte[] any(int length) {
    byte[] key = new byte[length];
    random.nextBytes(key);
    return key;
  }

  private static byte[] with(byte[] head, byte[] tail) {
    byte[] key = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, key, head.length, tail.length);
    return key;
  }

  /** Every key of 1 to 4 bytes out of 0, 1 and 0xff: 120 keys. */
  static List<byte[]> universe() {
    byte[] letters = {0, 1, (byte) 0xff};
    List<byte[]> keys = new ArrayList<>();
    List<byte[]> longest = List.of(new byte[0]);
    for (int length = 1; length <= 4; length++) {
      List<byte[]> longer = new ArrayList<>();
      for (byte[] key : longest) {
        for (byte letter : letters) {
          longer.add(with(key, new byte[] {letter}));
        }
      }
      keys.addAll(longer);
      longest = longer;
    }
    return keys;
  }
}
