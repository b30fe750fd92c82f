/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import io.eloqstore.api.KeyRange;
import org.apache.flink.runtime.state.CompositeKeySerializationUtils;
import org.apache.flink.runtime.state.KeyGroupRange;

/**
 * Where the parts of an engine key lie: {@code [key group 1|2 bytes][state id 2 bytes, big
 * endian][key][namespace][user key]}.
 *
 * <p>A <i>canonical</i> key, as Flink's savepoints hold it, is the same without the state id. So a
 * key group is one contiguous range, a state within it as well, and a savepoint is one scan.
 *
 * @param keyGroupBytes bytes of the key group: 1 for up to 128 key groups, else 2
 */
public record KeyLayout(int keyGroupBytes) {
  public static final int STATE_ID_BYTES = 2;

  /** State ids lie below this. */
  public static final int STATE_IDS_MAX = 1 << 16;

  /** The layout for a job with this many key groups, 1 to 32768. */
  public static KeyLayout of(int numberOfKeyGroups) {
    return new KeyLayout(
        CompositeKeySerializationUtils.computeRequiredBytesInKeyGroupPrefix(numberOfKeyGroups));
  }

  /** Offset of the serialized key. */
  public int headerBytes() {
    return keyGroupBytes + STATE_ID_BYTES;
  }

  /** Everything of one state in one key group. */
  public KeyRange stateRange(int keyGroup, int stateId) {
    return KeyRange.prefix(prefix(keyGroup, stateId));
  }

  /** What the keys of one state in one key group begin with; belongs to the caller. */
  public byte[] prefix(int keyGroup, int stateId) {
    byte[] prefix = new byte[headerBytes()];
    writeKeyGroup(keyGroup, prefix);
    writeStateId(stateId, prefix);
    return prefix;
  }

  /** Everything in the key groups; there is at least one. */
  public KeyRange keyGroupRange(KeyGroupRange keyGroups) {
    byte[] from = new byte[keyGroupBytes];
    writeKeyGroup(keyGroups.getStartKeyGroup(), from);
    byte[] end = new byte[keyGroupBytes];
    writeKeyGroup(keyGroups.getEndKeyGroup(), end);
    return new KeyRange(from, KeyRange.successorOfPrefix(end));
  }

  void writeKeyGroup(int keyGroup, byte[] target) {
    for (int i = 0; i < keyGroupBytes; i++) {
      target[i] = (byte) (keyGroup >>> (8 * (keyGroupBytes - 1 - i)));
    }
  }

  void writeStateId(int stateId, byte[] target) {
    target[keyGroupBytes] = (byte) (stateId >>> 8);
    target[keyGroupBytes + 1] = (byte) stateId;
  }

  public int keyGroup(byte[] bytes, int keyOffset) {
    int group = 0;
    for (int i = 0; i < keyGroupBytes; i++) {
      group = group << 8 | bytes[keyOffset + i] & 0xff;
    }
    return group;
  }

  public int stateId(byte[] bytes, int keyOffset) {
    return (bytes[keyOffset + keyGroupBytes] & 0xff) << 8
        | bytes[keyOffset + keyGroupBytes + 1] & 0xff;
  }

  /** The canonical key of an engine key. */
  public byte[] canonicalKey(byte[] bytes, int keyOffset, int keyLength) {
    byte[] canonical = new byte[keyLength - STATE_ID_BYTES];
    System.arraycopy(bytes, keyOffset, canonical, 0, keyGroupBytes);
    System.arraycopy(
        bytes,
        keyOffset + headerBytes(),
        canonical,
        keyGroupBytes,
        canonical.length - keyGroupBytes);
    return canonical;
  }

  /** The engine key of a canonical key. */
  public byte[] engineKey(byte[] canonical, int stateId) {
    byte[] key = new byte[canonical.length + STATE_ID_BYTES];
    System.arraycopy(canonical, 0, key, 0, keyGroupBytes);
    writeStateId(stateId, key);
    System.arraycopy(
        canonical, keyGroupBytes, key, headerBytes(), canonical.length - keyGroupBytes);
    return key;
  }
}
