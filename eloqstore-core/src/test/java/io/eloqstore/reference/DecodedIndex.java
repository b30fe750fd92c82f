/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An index page (type 0 or 1), decoded.
 *
 * @param overLeaves whether the children are data pages
 * @param children one more than {@code separators}; the first has no key
 * @param separators inclusive lower bounds of the children from the second on, ascending
 */
record DecodedIndex(boolean overLeaves, List<Integer> children, List<byte[]> separators) {
  static final int TYPE_INNER = 0;
  static final int TYPE_OVER_LEAVES = 1;
  private static final int HEADER_BYTES = 15;

  static DecodedIndex decode(byte[] page) {
    ByteCursor header = new ByteCursor(page, 8, HEADER_BYTES);
    int type = header.u8();
    if (type != TYPE_INNER && type != TYPE_OVER_LEAVES) {
      throw new DecodeException("page type " + type + ", expected an index page");
    }
    int contentBytes = header.u16();
    List<Integer> children = new ArrayList<>();
    List<byte[]> separators = new ArrayList<>();
    children.add(child(header.u32()));
    Restarts restarts = Restarts.decode(page, HEADER_BYTES, contentBytes);
    ByteCursor body = new ByteCursor(page, HEADER_BYTES, restarts.start());
    byte[] key = new byte[0];
    long previousChild = 0;
    while (body.remaining() > 0) {
      if (restarts.accept(body.position())) {
        key = new byte[0];
        previousChild = 0;
      }
      long shared = body.varint32();
      byte[] rest = body.take(body.varint32());
      key = DecodedLeaf.joinKey(key, shared, rest);
      if (!separators.isEmpty()
          && Arrays.compareUnsigned(separators.get(separators.size() - 1), key) >= 0) {
        throw new DecodeException("separators do not ascend at entry " + separators.size());
      }
      previousChild += ByteCursor.delta(body.varint32());
      separators.add(key);
      children.add(child(previousChild));
    }
    restarts.finish();
    return new DecodedIndex(type == TYPE_OVER_LEAVES, children, separators);
  }

  private static int child(long id) {
    if (id < 0 || id > Integer.MAX_VALUE) {
      throw new DecodeException("child page id " + id + " is out of range");
    }
    return (int) id;
  }
}
