/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.KeyRange;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes of the list of change segments in a {@link ManifestExtension}; see {@code
 * docs/format/segments.md}.
 */
final class SegmentsCodec {
  private static final int FIXED_BYTES = 52;
  private static final int NO_BOUND = -1;

  private final ByteBuffer in;
  private final String path;
  private final long recordOffset;

  private SegmentsCodec(ByteBuffer in, String path, long recordOffset) {
    this.in = in;
    this.path = path;
    this.recordOffset = recordOffset;
  }

  static byte[] encode(List<ManifestSegment> segments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (ManifestSegment segment : segments) {
      out.writeBytes(
          buffer(FIXED_BYTES)
              .putLong(segment.fileId())
              .putInt(segment.pages())
              .putInt(segment.leaves())
              .putLong(segment.entries())
              .putLong(segment.largeEntries())
              .putLong(segment.minSequence())
              .putLong(segment.maxSequence())
              .putInt(segment.live().size())
              .array());
      for (KeyRange range : segment.live()) {
        bound(out, range.from());
        bound(out, range.to());
      }
    }
    return out.toByteArray();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void bound(ByteArrayOutputStream out, byte[] key) {
    out.writeBytes(buffer(Integer.BYTES).putInt(key == null ? NO_BOUND : key.length).array());
    if (key != null) {
      out.writeBytes(key);
    }
  }

  static List<ManifestSegment> decode(byte[] bytes, String path, long recordOffset) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new SegmentsCodec(in, path, recordOffset).decode();
  }

  private List<ManifestSegment> decode() {
    List<ManifestSegment> segments = new ArrayList<>();
    while (in.hasRemaining()) {
      if (in.remaining() < FIXED_BYTES) {
        throw corrupt("bytes of a change segment", "at least " + FIXED_BYTES, in.remaining());
      }
      segments.add(segment());
    }
    return segments;
  }

  private ManifestSegment segment() {
    long fileId = in.getLong();
    int pages = in.getInt();
    int leaves = in.getInt();
    long entries = in.getLong();
    long largeEntries = in.getLong();
    long minSequence = in.getLong();
    long maxSequence = in.getLong();
    int count = in.getInt();
    if (fileId < 0 || leaves < 1 || pages <= leaves || entries < leaves) {
      throw corrupt(
          "change segment in file " + fileId,
          "1 leaf or more, an index page, a change for each leaf",
          leaves + " leaves in " + pages + " pages, " + entries + " changes");
    }
    if (count < 1 || count > in.remaining() / (2 * Integer.BYTES)) {
      throw corrupt("live ranges of the segment in file " + fileId, "1 or more", count);
    }
    List<KeyRange> live = new ArrayList<>();
    byte[] end = null;
    for (int i = 0; i < count; i++) {
      KeyRange range = new KeyRange(bound(), bound());
      boolean ascends =
          i == 0
              || end != null
                  && range.from() != null
                  && Arrays.compareUnsigned(end, range.from()) <= 0;
      if (range.isEmpty() || !ascends) {
        throw corrupt("live range " + i + " of file " + fileId, "behind the one before", range);
      }
      end = range.to();
      live.add(range);
    }
    return new ManifestSegment(
        fileId, pages, leaves, entries, largeEntries, minSequence, maxSequence, live);
  }

  private byte[] bound() {
    if (in.remaining() < Integer.BYTES) {
      throw corrupt("bytes of a key's length", Integer.BYTES, in.remaining());
    }
    int length = in.getInt();
    if (length == NO_BOUND) {
      return null;
    }
    if (length < 0 || length > in.remaining()) {
      throw corrupt("length of a key", "at most " + in.remaining(), length & 0xffff_ffffL);
    }
    byte[] key = new byte[length];
    in.get(key);
    return key;
  }

  private CorruptionException corrupt(String what, Object expected, Object actual) {
    return new CorruptionException(path, recordOffset, what, expected, actual);
  }
}
