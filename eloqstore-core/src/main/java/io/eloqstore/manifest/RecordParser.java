/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.mapping.MappingSnapshot;

/**
 * Takes the payload of a record apart whose checksum holds. What does not agree with the format in
 * spite of that is corruption.
 *
 * <p>One thread.
 */
final class RecordParser {
  /** Who wants to know what a record says, in the order of its bytes. */
  interface Visitor {
    /** Snapshot record only. */
    void head(long maxFilePage, byte[] dictionary);

    /**
     * @param filePage {@link MappingSnapshot#UNMAPPED} for a free page
     */
    void page(int pageId, long filePage);

    void term(long fileId, long term);

    /** The bytes behind the term section; not called if there are none. */
    void extension(byte[] bytes);
  }

  private final ManifestInput in;
  private final Visitor visitor;

  RecordParser(ManifestInput in, Visitor visitor) {
    this.in = in;
    this.visitor = visitor;
  }

  void parse(RecordHeader record) {
    in.seek(record.payloadAt(), record.offset(), record.end());
    if (record.isSnapshot()) {
      long maxFilePage = in.readVarint64();
      visitor.head(maxFilePage, in.readBytes(in.readVarint32(), "dictionary"));
    }
    long mappingEnd = sectionEnd("mapping");
    if (record.isSnapshot()) {
      parseTable(mappingEnd);
    } else {
      parsePairs(mappingEnd);
    }
    long termEnd = sectionEnd("term section");
    while (in.position() < termEnd) {
      visitor.term(in.readVarint64(), in.readVarint64());
    }
    checkEnd("term section", termEnd);
    if (in.left() > 0) {
      visitor.extension(in.readBytes(in.left(), "extension"));
    }
  }

  private long sectionEnd(String what) {
    long bytes = in.readU32();
    if (bytes > in.left()) {
      throw in.corrupt("length of the " + what, "at most " + in.left(), bytes);
    }
    return in.position() + bytes;
  }

  private void checkEnd(String what, long end) {
    if (in.position() != end) {
      throw in.corrupt("end of the " + what, end, in.position());
    }
  }

  private void parseTable(long end) {
    long pageId = 0;
    for (; in.position() < end; pageId++) {
      checkPageId(pageId);
      visitor.page((int) pageId, filePage(in.readVarint64()));
    }
    checkEnd("mapping", end);
  }

  private void parsePairs(long end) {
    while (in.position() < end) {
      long pageId = in.readVarint32();
      checkPageId(pageId);
      visitor.page((int) pageId, filePage(in.readVarint64()));
    }
    checkEnd("mapping", end);
  }

  private void checkPageId(long pageId) {
    if (pageId >= MappingSnapshot.PAGES_MAX) {
      throw in.corrupt("logical page", "at most 2^31 - 2", pageId);
    }
  }

  private long filePage(long value) {
    int type = (int) (value & ManifestFormat.TYPE_MASK);
    if (value == ManifestFormat.UNMAPPED_VALUE || type == ManifestFormat.TYPE_FREE) {
      return MappingSnapshot.UNMAPPED;
    }
    if (type != ManifestFormat.TYPE_MAPPED) {
      throw badValue(value);
    }
    long filePage = value >>> ManifestFormat.TYPE_BITS;
    if (filePage > MappingSnapshot.FILE_PAGE_MAX) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          in.path()
              + ": file page "
              + filePage
              + " is above "
              + MappingSnapshot.FILE_PAGE_MAX
              + ", the largest that this engine maps");
    }
    return filePage;
  }

  private CorruptionException badValue(long value) {
    return in.corrupt("mapping value", "type 1, type 2 or 7", "0x" + Long.toHexString(value));
  }
}
