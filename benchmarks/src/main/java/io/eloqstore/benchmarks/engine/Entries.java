/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The keys and values of the engine's benchmarks, made from numbers.
 *
 * <p>A key is a group of ten (8 bytes, big-endian) and a member of it (8 bytes, big-endian, even),
 * so keys are in the order of their numbers, ten begin with the same 8 bytes, and the odd member
 * behind a key is absent. A value is random bytes that follow from the number.
 */
final class Entries {
  static final int KEY_BYTES = 16;
  static final int VALUE_BYTES = 100;

  /** Bytes of one entry. */
  static final int BYTES = KEY_BYTES + VALUE_BYTES;

  static final int PREFIX_BYTES = 8;

  /** Keys that have the same prefix. */
  static final int GROUP = 10;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private Entries() {}

  static void key(long number, byte[] target) {
    LONG.set(target, 0, number / GROUP);
    LONG.set(target, PREFIX_BYTES, number % GROUP * 2);
  }

  /** The key between that of the number and the next one. */
  static void absentKey(long number, byte[] target) {
    LONG.set(target, 0, number / GROUP);
    LONG.set(target, PREFIX_BYTES, number % GROUP * 2 + 1);
  }

  static void prefix(long number, byte[] target) {
    LONG.set(target, 0, number / GROUP);
  }

  /**
   * Fills an array of any length.
   *
   * @param version another one gives another value
   */
  static void value(long number, int version, byte[] target) {
    long state = number * 0x9E3779B97F4A7C15L + version;
    int i = 0;
    for (; i + Long.BYTES <= target.length; i += Long.BYTES) {
      state += 0x9E3779B97F4A7C15L;
      LONG.set(target, i, mixed(state));
    }
    for (; i < target.length; i++) {
      state += 0x9E3779B97F4A7C15L;
      target[i] = (byte) mixed(state);
    }
  }

  /** Makes another value of an array that was filled before, at the cost of one store. */
  static void stamp(long number, int version, byte[] target) {
    LONG.set(target, 0, number + version);
  }

  /** The finalizer of SplitMix64. */
  private static long mixed(long state) {
    long z = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
