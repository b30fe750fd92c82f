/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.codec.ManifestChecksum;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the valid records of a manifest. Looks at lengths and checksums, not at what records say.
 *
 * <p>One thread. A length is compared with the file before it is used.
 */
final class RecordScan {
  private final ManifestInput in;
  private final long limit;
  private final List<RecordHeader> records = new ArrayList<>();
  private long end;

  /**
   * @param limit bytes of the file that count
   */
  RecordScan(ManifestInput in, long limit) {
    this.in = in;
    this.limit = limit;
  }

  /**
   * Walks over the valid records up to the first position that holds none.
   *
   * @throws io.eloqstore.api.CorruptionException if there is no valid snapshot record
   */
  RecordScan run() {
    RecordHeader record = validAt(0);
    if (record == null) {
      in.seek(0, 0, limit);
      throw in.corrupt("snapshot record", "a record with a valid checksum", describeAt(0));
    }
    while (record != null) {
      records.add(record);
      end = record.next();
      record = validAt(end);
    }
    return this;
  }

  List<RecordHeader> records() {
    return records;
  }

  /** Where the first position without a valid record is: the end of the manifest. */
  long end() {
    return end;
  }

  /** Whether there is anything behind the last valid record. */
  boolean isTorn() {
    return end < limit;
  }

  /**
   * @throws io.eloqstore.api.CorruptionException if a valid record lies behind the end
   */
  void checkNothingValidFollows() {
    if (!isTorn()) {
      return;
    }
    RecordHeader later = nextValid(end + ManifestFormat.RECORD_ALIGNMENT);
    if (later != null) {
      in.seek(end, end, limit);
      throw in.corrupt(
          "record that is followed by a valid one at " + later.offset(),
          "a record with a valid checksum",
          describeAt(end));
    }
  }

  /** The first valid log record at an aligned position from here on, or null. */
  RecordHeader nextValid(long from) {
    for (long at = from; at < limit; at += ManifestFormat.RECORD_ALIGNMENT) {
      RecordHeader header = headerAt(at);
      if (header != null && isPlausible(header)) {
        RecordHeader valid = verified(header);
        if (valid != null) {
          return valid;
        }
      }
    }
    return null;
  }

  /** The record at a position if it lies within the limit and its checksum holds, else null. */
  RecordHeader validAt(long offset) {
    RecordHeader header = headerAt(offset);
    return header == null ? null : verified(header);
  }

  private RecordHeader headerAt(long offset) {
    if (limit - offset < ManifestFormat.PAYLOAD_AT) {
      return null;
    }
    in.seek(offset, offset, limit);
    RecordHeader header =
        new RecordHeader(
            offset, in.readU64(), (int) in.readU32(), (int) in.readU32(), in.readU32(), false);
    return header.end() > limit ? null : header;
  }

  private RecordHeader verified(RecordHeader header) {
    long found = checksum(header);
    if (found == header.checksum()) {
      return header;
    }
    boolean marked =
        header.isSnapshot() && (found ^ ManifestFormat.SEGMENT_MARK) == header.checksum();
    return marked ? header.withMark() : null;
  }

  private long checksum(RecordHeader header) {
    in.seek(header.offset() + ManifestFormat.ROOT_AT, header.offset(), header.end());
    ManifestChecksum checksum = new ManifestChecksum();
    in.checksumToLimit(checksum);
    return checksum.value();
  }

  /**
   * Whether the lengths inside a log record agree. Spares the checksums of megabytes at each block
   * behind a torn record.
   */
  private boolean isPlausible(RecordHeader header) {
    if (header.rootPage() < ManifestFormat.NO_PAGE
        || header.ttlRootPage() < ManifestFormat.NO_PAGE
        || header.payloadBytes() < 2 * Integer.BYTES) {
      return false;
    }
    in.seek(header.payloadAt(), header.offset(), header.end());
    long mappingBytes = in.readU32();
    if (mappingBytes > in.left() - Integer.BYTES) {
      return false;
    }
    in.seek(in.position() + mappingBytes, header.offset(), header.end());
    long termBytes = in.readU32();
    if (termBytes > in.left()) {
      return false;
    }
    in.seek(in.position() + termBytes, header.offset(), header.end());
    return in.left() == 0 || in.left() >= Long.BYTES && ExtensionCodec.isMagic(in.readU64());
  }

  private String describeAt(long offset) {
    long left = limit - offset;
    if (left < ManifestFormat.PAYLOAD_AT) {
      return left + " bytes";
    }
    RecordHeader header = headerAt(offset);
    return header == null
        ? "a length that passes the " + left + " bytes left"
        : String.format("stored %016x, computed %016x", header.checksum(), checksum(header));
  }
}
