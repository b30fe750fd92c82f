/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A data page (type 2), decoded; values of overflow entries are still lists of page ids. */
record DecodedLeaf(int previous, int next, List<ReferenceEntry> entries) {
  static final int TYPE = 2;
  private static final int HEADER_BYTES = 19;

  static DecodedLeaf decode(byte[] page) {
    ByteCursor header = new ByteCursor(page, 8, HEADER_BYTES);
    int type = header.u8();
    if (type != TYPE) {
      throw new DecodeException("page type " + type + ", expected a data page");
    }
    int contentBytes = header.u16();
    int previous = header.u32();
    int next = header.u32();
    Restarts restarts = Restarts.decode(page, HEADER_BYTES, contentBytes);
    ByteCursor body = new ByteCursor(page, HEADER_BYTES, restarts.start());
    List<ReferenceEntry> entries = new ArrayList<>();
    byte[] key = new byte[0];
    long timestamp = 0;
    while (body.remaining() > 0) {
      boolean restart = restarts.accept(body.position());
      if (restart) {
        key = new byte[0];
        timestamp = 0;
      }
      ReferenceEntry entry = entry(body, key, timestamp);
      if (!entries.isEmpty() && Arrays.compareUnsigned(lastKey(entries), entry.key()) >= 0) {
        throw new DecodeException("keys do not ascend at entry " + entries.size());
      }
      entries.add(entry);
      key = entry.key();
      timestamp = entry.timestamp();
    }
    restarts.finish();
    return new DecodedLeaf(previous, next, entries);
  }

  private static ReferenceEntry entry(ByteCursor body, byte[] previousKey, long previousTimestamp) {
    int start = body.position();
    long shared = body.varint32();
    long rest = body.varint32();
    long lengthAndFlags = body.varint32();
    int flags = (int) (lengthAndFlags & 15);
    byte[] key = joinKey(previousKey, shared, body.take(rest));
    byte[] value = body.take(lengthAndFlags >>> 4);
    long expireTs = 0;
    if ((flags & ReferenceEntry.FLAG_EXPIRES) != 0) {
      expireTs = body.varint64();
      if (expireTs == 0) {
        throw new DecodeException("entry at " + start + " stores an expiry of 0");
      }
    }
    if ((flags & 12) == 12) {
      throw new DecodeException("entry at " + start + " has both compression flags");
    }
    long code = body.varint64();
    if (code == 1) {
      throw new DecodeException("entry at " + start + " stores minus zero");
    }
    return new ReferenceEntry(
        key, value, flags, previousTimestamp + ByteCursor.delta(code), expireTs);
  }

  static byte[] joinKey(byte[] previous, long shared, byte[] rest) {
    if (shared > previous.length) {
      throw new DecodeException(
          shared + " bytes shared with a key of " + previous.length + " bytes");
    }
    byte[] key = Arrays.copyOf(previous, (int) shared + rest.length);
    System.arraycopy(rest, 0, key, (int) shared, rest.length);
    if (key.length == 0) {
      throw new DecodeException("empty key");
    }
    return key;
  }

  private static byte[] lastKey(List<ReferenceEntry> entries) {
    return entries.get(entries.size() - 1).key();
  }
}
