/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * XXH3-64 with the default secret and seed 0, after the published xxHash specification.
 *
 * <p>Terms that only a seed would change are left out.
 */
public final class Xxh3 {
  private static final byte[] SECRET =
      HexFormat.of()
          .parseHex(
              "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
                  + "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
                  + "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
                  + "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
                  + "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
                  + "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e");

  private static final int SECRET_BYTES = 192;
  private static final int STRIPE_BYTES = 64;
  private static final int STRIPES_PER_BLOCK = (SECRET_BYTES - STRIPE_BYTES) / 8;
  private static final int BLOCK_BYTES = STRIPE_BYTES * STRIPES_PER_BLOCK;

  private static final long P32_1 = 0x9E3779B1L;
  private static final long P32_2 = 0x85EBCA77L;
  private static final long P32_3 = 0xC2B2AE3DL;
  private static final long P64_1 = 0x9E3779B185EBCA87L;
  private static final long P64_2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P64_3 = 0x165667B19E3779F9L;
  private static final long P64_4 = 0x85EBCA77C2B2AE63L;
  private static final long P64_5 = 0x27D4EB2F165667C5L;
  private static final long MIX_1 = 0x165667919E3779F9L;
  private static final long MIX_2 = 0x9FB21C651E98DF25L;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private Xxh3() {}

  public static long hash(byte[] input, int offset, int length) {
    if (length <= 16) {
      return upTo16(input, offset, length);
    }
    if (length <= 128) {
      return upTo128(input, offset, length);
    }
    return length <= 240 ? upTo240(input, offset, length) : beyond240(input, offset, length);
  }

  private static long upTo16(byte[] input, int offset, int length) {
    if (length > 8) {
      long low = u64(input, offset) ^ (secret(24) ^ secret(32));
      long high = u64(input, offset + length - 8) ^ (secret(40) ^ secret(48));
      return avalanche(length + Long.reverseBytes(low) + high + fold(low, high));
    }
    if (length >= 4) {
      long joined = u32(input, offset + length - 4) + (u32(input, offset) << 32);
      return avalancheShort(joined ^ (secret(8) ^ secret(16)), length);
    }
    if (length > 0) {
      long first = input[offset] & 0xFF;
      long middle = input[offset + (length >> 1)] & 0xFF;
      long last = input[offset + length - 1] & 0xFF;
      long joined = first << 16 | middle << 24 | last | (long) length << 8;
      return avalanche64(joined ^ (u32(SECRET, 0) ^ u32(SECRET, 4)));
    }
    return avalanche64(secret(56) ^ secret(64));
  }

  private static long upTo128(byte[] input, int offset, int length) {
    long sum = length * P64_1;
    int end = offset + length;
    // From the middle outwards: pairs of 16 bytes, one from each end.
    for (int pair = (length - 1) / 32; pair >= 0; pair--) {
      sum += mix16(input, offset + 16 * pair, 32 * pair);
      sum += mix16(input, end - 16 * (pair + 1), 32 * pair + 16);
    }
    return avalanche(sum);
  }

  private static long upTo240(byte[] input, int offset, int length) {
    long sum = length * P64_1;
    for (int round = 0; round < 8; round++) {
      sum += mix16(input, offset + 16 * round, 16 * round);
    }
    sum = avalanche(sum);
    for (int round = 8; round < length / 16; round++) {
      sum += mix16(input, offset + 16 * round, 16 * (round - 8) + 3);
    }
    sum += mix16(input, offset + length - 16, 136 - 17);
    return avalanche(sum);
  }

  private static long beyond240(byte[] input, int offset, int length) {
    long[] lanes = {P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1};
    int blocks = (length - 1) / BLOCK_BYTES;
    for (int block = 0; block < blocks; block++) {
      int start = offset + block * BLOCK_BYTES;
      for (int stripe = 0; stripe < STRIPES_PER_BLOCK; stripe++) {
        accumulate(lanes, input, start + stripe * STRIPE_BYTES, stripe * 8);
      }
      for (int lane = 0; lane < 8; lane++) {
        long value = lanes[lane];
        value ^= value >>> 47;
        value ^= secret(SECRET_BYTES - STRIPE_BYTES + 8 * lane);
        lanes[lane] = value * P32_1;
      }
    }
    int start = offset + blocks * BLOCK_BYTES;
    int stripes = (length - 1 - blocks * BLOCK_BYTES) / STRIPE_BYTES;
    for (int stripe = 0; stripe < stripes; stripe++) {
      accumulate(lanes, input, start + stripe * STRIPE_BYTES, stripe * 8);
    }
    int lastSecret = SECRET_BYTES - STRIPE_BYTES - 7;
    accumulate(lanes, input, offset + length - STRIPE_BYTES, lastSecret);
    long sum = length * P64_1;
    for (int pair = 0; pair < 4; pair++) {
      int at = 11 + 16 * pair;
      sum += fold(lanes[2 * pair] ^ secret(at), lanes[2 * pair + 1] ^ secret(at + 8));
    }
    return avalanche(sum);
  }

  private static void accumulate(long[] lanes, byte[] input, int offset, int secretOffset) {
    for (int lane = 0; lane < 8; lane++) {
      long data = u64(input, offset + 8 * lane);
      long keyed = data ^ secret(secretOffset + 8 * lane);
      lanes[lane ^ 1] += data;
      lanes[lane] += (keyed & 0xFFFFFFFFL) * (keyed >>> 32);
    }
  }

  private static long mix16(byte[] input, int offset, int secretOffset) {
    return fold(
        u64(input, offset) ^ secret(secretOffset),
        u64(input, offset + 8) ^ secret(secretOffset + 8));
  }

  /** Low half XOR high half of the unsigned 128-bit product. */
  private static long fold(long a, long b) {
    long high = Math.multiplyHigh(a, b) + ((a >> 63) & b) + ((b >> 63) & a);
    return a * b ^ high;
  }

  private static long avalanche(long hash) {
    long h = hash ^ hash >>> 37;
    h *= MIX_1;
    return h ^ h >>> 32;
  }

  private static long avalanche64(long hash) {
    long h = hash ^ hash >>> 33;
    h *= P64_2;
    h ^= h >>> 29;
    h *= P64_3;
    return h ^ h >>> 32;
  }

  private static long avalancheShort(long hash, int length) {
    long h = hash ^ Long.rotateLeft(hash, 49) ^ Long.rotateLeft(hash, 24);
    h *= MIX_2;
    h ^= (h >>> 35) + length;
    h *= MIX_2;
    return h ^ h >>> 28;
  }

  private static long secret(int offset) {
    return u64(SECRET, offset);
  }

  private static long u64(byte[] bytes, int offset) {
    return (long) LONG.get(bytes, offset);
  }

  private static long u32(byte[] bytes, int offset) {
    return (int) INT.get(bytes, offset) & 0xFFFFFFFFL;
  }
}
