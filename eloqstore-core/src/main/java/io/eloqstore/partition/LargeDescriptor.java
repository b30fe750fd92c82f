/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * What a write buffer keeps of a value that went to overflow pages when it was put: where the pages
 * are. The pages are no part of any mapping until the record is flushed.
 *
 * <p>Bytes, little-endian, in memory only: {@code u16 pointers} (page ids in the leaf entry), then
 * for each run {@code u32 firstPage, u64 firstFilePage, u32 count}.
 *
 * @param firstGroup page ids of the first group, which a leaf entry names
 * @param runs where every page of the value is, in the order of the value
 */
record LargeDescriptor(int[] firstGroup, List<LargeRun> runs) {
  private static final int RUN_BYTES = 16;

  byte[] encode() {
    ByteBuffer bytes =
        ByteBuffer.allocate(2 + runs.size() * RUN_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort((short) firstGroup.length);
    for (LargeRun run : runs) {
      bytes.putInt(run.firstPage()).putLong(run.firstFilePage()).putInt(run.count());
    }
    return bytes.array();
  }

  static LargeDescriptor decode(byte[] source, int length) {
    ByteBuffer bytes = ByteBuffer.wrap(source, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    int[] firstGroup = new int[bytes.getShort() & 0xffff];
    LargeRun[] runs = new LargeRun[(length - 2) / RUN_BYTES];
    int filled = 0;
    for (int i = 0; i < runs.length; i++) {
      runs[i] = new LargeRun(bytes.getInt(), bytes.getLong(), bytes.getInt());
      for (int page = 0; page < runs[i].count() && filled < firstGroup.length; page++) {
        firstGroup[filled++] = runs[i].firstPage() + page;
      }
    }
    return new LargeDescriptor(firstGroup, List.of(runs));
  }

  /** The value bytes of the leaf entry: page ids of the first group, 4 bytes each. */
  byte[] pointerList() {
    ByteBuffer bytes =
        ByteBuffer.allocate(firstGroup.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int page : firstGroup) {
      bytes.putInt(page);
    }
    return bytes.array();
  }

  /** Where a page of the value lies, or -1 when it is none of its pages. */
  long filePage(int pageId) {
    for (LargeRun run : runs) {
      long filePage = run.filePage(pageId);
      if (filePage >= 0) {
        return filePage;
      }
    }
    return -1;
  }
}
