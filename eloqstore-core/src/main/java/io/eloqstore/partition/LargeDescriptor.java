/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.page.LeafPage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * What a write buffer keeps of a value that fits no leaf as it was put: where its pages are, or the
 * compressed value if that fits a leaf. The pages are no part of any mapping until the record is
 * flushed.
 *
 * <p>Bytes, little-endian, in memory only: {@code u8 flags}; of a value on pages {@code u32
 * storedBytes, u16 pointers} (page ids in the leaf entry), then for each run {@code u32 firstPage,
 * u64 firstFilePage, u32 count}; of another one the compressed value.
 *
 * @param flags of the leaf entry: {@link LeafPage#OVERFLOW} when the value is on pages, and how it
 *     is compressed, if it is
 * @param storedBytes length of what is on the pages, or of the compressed value
 * @param firstGroup page ids of the first group, which a leaf entry names
 * @param runs where every page of the value is, in the order of the value
 * @param compressed the compressed value in its first bytes; {@code null} when it is on pages
 */
record LargeDescriptor(
    int flags, int storedBytes, int[] firstGroup, List<LargeRun> runs, byte[] compressed) {
  /** Where the compressed value begins. */
  static final int COMPRESSED_AT = 1;

  private static final int PAGES_BYTES = 7;
  private static final int RUN_BYTES = 16;
  private static final int[] NO_PAGES = {};

  static LargeDescriptor onPages(
      int compression, int storedBytes, int[] firstGroup, List<LargeRun> runs) {
    return new LargeDescriptor(
        LeafPage.OVERFLOW | compression, storedBytes, firstGroup, runs, null);
  }

  static LargeDescriptor inLeaf(int compression, byte[] compressed, int storedBytes) {
    return new LargeDescriptor(compression, storedBytes, NO_PAGES, List.of(), compressed);
  }

  /** Flags of the leaf entry, of encoded bytes. */
  static int flagsOf(byte[] source) {
    return source[0];
  }

  byte[] encode() {
    boolean onPages = compressed == null;
    ByteBuffer bytes =
        ByteBuffer.allocate(
                onPages ? PAGES_BYTES + runs.size() * RUN_BYTES : COMPRESSED_AT + storedBytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) flags);
    if (!onPages) {
      return bytes.put(compressed, 0, storedBytes).array();
    }
    bytes.putInt(storedBytes).putShort((short) firstGroup.length);
    for (LargeRun run : runs) {
      bytes.putInt(run.firstPage()).putLong(run.firstFilePage()).putInt(run.count());
    }
    return bytes.array();
  }

  static LargeDescriptor decode(byte[] source, int length) {
    ByteBuffer bytes = ByteBuffer.wrap(source, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    int flags = bytes.get();
    if ((flags & LeafPage.OVERFLOW) == 0) {
      byte[] compressed = Arrays.copyOfRange(source, COMPRESSED_AT, length);
      return inLeaf(flags, compressed, compressed.length);
    }
    int storedBytes = bytes.getInt();
    int[] firstGroup = new int[bytes.getShort() & 0xffff];
    LargeRun[] runs = new LargeRun[(length - PAGES_BYTES) / RUN_BYTES];
    int filled = 0;
    for (int i = 0; i < runs.length; i++) {
      runs[i] = new LargeRun(bytes.getInt(), bytes.getLong(), bytes.getInt());
      for (int page = 0; page < runs[i].count() && filled < firstGroup.length; page++) {
        firstGroup[filled++] = runs[i].firstPage() + page;
      }
    }
    return new LargeDescriptor(flags, storedBytes, firstGroup, List.of(runs), null);
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
