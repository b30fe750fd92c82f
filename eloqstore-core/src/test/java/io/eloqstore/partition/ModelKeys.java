/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;
import io.eloqstore.api.StoreOptions;
import java.util.Arrays;
import java.util.Random;

/** Random keys, values and ranges of one model run: few enough that operations meet. */
final class ModelKeys {
  private static final int LONG_PREFIXES = 3;

  private final Random random;
  private final int shortKeys;
  private final int longKeyPercent;
  private final int prefixBytes;
  private final int largePerMille;
  private final byte[][] longPrefixes = new byte[LONG_PREFIXES][];
  private final byte[][] listKeys;

  /**
   * @param shortKeys how many different short keys there are
   * @param longKeyPercent share of keys that live in buckets
   * @param largePerMille share of values that fit no page
   */
  ModelKeys(
      Random random, StoreOptions options, int shortKeys, int longKeyPercent, int largePerMille) {
    this.random = random;
    this.shortKeys = shortKeys;
    this.longKeyPercent = longKeyPercent;
    this.prefixBytes = options.bucketPrefixBytes();
    this.largePerMille = largePerMille;
    for (int i = 0; i < LONG_PREFIXES; i++) {
      longPrefixes[i] = new byte[prefixBytes];
      Arrays.fill(longPrefixes[i], (byte) ('p' + i));
    }
    listKeys = new byte[20][];
    for (int i = 0; i < listKeys.length; i++) {
      // Some are prefixes of others, one needs buckets.
      int length = i == 0 ? prefixBytes - 3 : 1 + i / 4;
      listKeys[i] = new byte[1 + length];
      Arrays.fill(listKeys[i], (byte) (i & 3));
      listKeys[i][0] = PartitionModel.LIST_PREFIX;
    }
  }

  byte[] list() {
    return listKeys[random.nextInt(listKeys.length)];
  }

  byte[] plain() {
    if (random.nextInt(100) < longKeyPercent) {
      return bucketKey();
    }
    switch (random.nextInt(8)) {
      case 0:
        return sharingKey();
      case 1:
        return new byte[] {(byte) random.nextInt(0xfe)};
      default:
        return shortKey(random.nextInt(shortKeys));
    }
  }

  private static byte[] shortKey(int number) {
    byte[] key = {'k', (byte) (number >> 16), (byte) (number >> 8), (byte) number};
    return number % 3 == 0 ? Arrays.copyOf(key, 4 + number % 40) : key;
  }

  /** Ordinary keys with long common beginnings, up to the longest ordinary length. */
  private byte[] sharingKey() {
    int length = 1 + random.nextInt(random.nextInt(20) == 0 ? prefixBytes - 1 : 100);
    byte[] key = new byte[length];
    Arrays.fill(key, (byte) ('a' + random.nextInt(2)));
    key[length - 1] = (byte) random.nextInt(4);
    if (length > 1 && random.nextBoolean()) {
      key[random.nextInt(length)] = (byte) random.nextInt(0xfe);
    }
    return key;
  }

  private byte[] bucketKey() {
    byte[] prefix = longPrefixes[random.nextInt(LONG_PREFIXES)];
    int rest = random.nextInt(4) == 0 ? random.nextInt(3) : random.nextInt(6000 - 2040);
    byte[] key = Arrays.copyOf(prefix, prefixBytes + rest);
    if (rest > 0) {
      key[prefixBytes] = (byte) random.nextInt(60);
      key[prefixBytes + rest / 2] = (byte) random.nextInt(2);
    }
    return key;
  }

  byte[] value() {
    int length;
    if (random.nextInt(1000) < largePerMille) {
      length = random.nextInt(random.nextInt(5) == 0 ? 200 << 10 : 20_000);
    } else {
      length = random.nextInt(random.nextInt(10) == 0 ? 2000 : 60);
    }
    byte[] value = new byte[length];
    byte filler = (byte) random.nextInt();
    for (int i = 0; i < length; i++) {
      value[i] = (byte) (filler + i * 31 + (i >> 8));
    }
    return value;
  }

  byte[] elements() {
    int length = 1 + random.nextInt(random.nextInt(30) == 0 ? 9000 : 30);
    byte[] elements = new byte[length];
    Arrays.fill(elements, (byte) ('a' + random.nextInt(26)));
    return elements;
  }

  /** For reads. */
  KeyRange range() {
    switch (random.nextInt(6)) {
      case 0:
        return KeyRange.ALL;
      case 1:
        return KeyRange.prefix(Arrays.copyOf(plain(), 1 + random.nextInt(2)));
      case 2:
        return new KeyRange(plain(), null);
      case 3:
        return new KeyRange(null, plain());
      default:
        return new KeyRange(plain(), plain());
    }
  }

  /** For range deletes: mostly small, now and then everything. */
  KeyRange rangeToDelete() {
    int kind = random.nextInt(40);
    if (kind == 0) {
      return KeyRange.ALL;
    }
    if (kind == 1) {
      return range();
    }
    if (kind < 6) {
      return KeyRange.prefix(list());
    }
    if (kind < 10) {
      byte[] from = plain();
      byte[] to = plain();
      return new KeyRange(from, to);
    }
    if (kind < 14) {
      return KeyRange.prefix(plain());
    }
    int first = random.nextInt(shortKeys);
    return new KeyRange(shortKey(first), shortKey(first + random.nextInt(1 + shortKeys / 8)));
  }
}
