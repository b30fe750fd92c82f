/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.manifest.ManifestExtension.OpaqueSection;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Bytes of a {@link ManifestExtension}; see {@code docs/format/manifest.md}. One thread. */
final class ExtensionCodec {
  /** "JELOQEXT" as a little-endian number. */
  static final long MAGIC = 0x545845514f4c454aL;

  static final int MAGIC_AT = 0;
  static final int VERSION_AT = 8;
  static final int SECTION_BYTES_AT = 10;
  static final int SECTIONS_AT = 14;

  static final int VERSION = 1;

  /** Set in tags that an engine which does not know them may carry along unread. */
  static final int TAG_IGNORABLE = 0x80;

  static final int TAG_OPTIONS = 1;
  static final int TAG_COUNTS = 2;
  static final int TAG_SEQUENCE = 3;
  static final int TAG_METADATA = 4;
  static final int TAG_PENDING_CUTS = 5;
  static final int TAG_INCARNATION = 6;
  static final int TAG_FEATURES = 7;
  static final int TAG_SEGMENTS = 8;

  private static final int[] TAGS_NEEDED = {
    TAG_OPTIONS, TAG_COUNTS, TAG_SEQUENCE, TAG_INCARNATION, TAG_FEATURES
  };
  private static final int SECTION_HEADER_BYTES = 5;
  private static final int OPTIONS_BYTES = 13;
  private static final int COUNTS_BYTES = 25;

  private final ByteBuffer in;
  private final String path;
  private final long recordOffset;
  private final BitSet seen = new BitSet();
  private RecordedOptions options;
  private EntryCounts counts;
  private long sequence;
  private SortedMap<String, byte[]> metadata = new TreeMap<>();
  private int[] pendingCuts = new int[0];
  private long incarnation;
  private long features;
  private List<ManifestSegment> segments = List.of();
  private final List<OpaqueSection> opaque = new ArrayList<>();

  ExtensionCodec(byte[] bytes, String path, long recordOffset) {
    this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.path = path;
    this.recordOffset = recordOffset;
  }

  static byte[] encode(ManifestExtension extension) {
    ByteArrayOutputStream sections = new ByteArrayOutputStream();
    RecordedOptions options = extension.options();
    section(
        sections,
        TAG_OPTIONS,
        buffer(OPTIONS_BYTES)
            .putInt(options.pageBytes())
            .put((byte) options.pagesPerFileShift())
            .put((byte) (options.appendMode() ? 1 : 0))
            .putShort((short) options.leafRestartInterval())
            .putShort((short) options.indexRestartInterval())
            .putShort((short) options.overflowPointers())
            .put((byte) (options.compression() ? 1 : 0))
            .array());
    EntryCounts counts = extension.counts();
    section(
        sections,
        TAG_COUNTS,
        buffer(COUNTS_BYTES)
            .putLong(counts.entries())
            .putLong(counts.overflowEntries())
            .putLong(counts.ttlEntries())
            .put((byte) (counts.exact() ? 1 : 0))
            .array());
    section(sections, TAG_SEQUENCE, number(extension.sequence()));
    section(sections, TAG_METADATA, metadataBytes(extension.metadata()));
    int[] cuts = extension.pendingCuts();
    ByteBuffer cutBytes = buffer(cuts.length * Integer.BYTES);
    cutBytes.asIntBuffer().put(cuts);
    section(sections, TAG_PENDING_CUTS, cutBytes.array());
    section(sections, TAG_INCARNATION, number(extension.incarnation()));
    section(sections, TAG_FEATURES, number(extension.features()));
    if (!extension.segments().isEmpty()) {
      section(sections, TAG_SEGMENTS, SegmentsCodec.encode(extension.segments()));
    }
    for (OpaqueSection section : extension.opaque()) {
      section(sections, section.tag(), section.bytes());
    }
    return buffer(SECTIONS_AT + sections.size())
        .putLong(MAGIC)
        .putShort((short) VERSION)
        .putInt(sections.size())
        .put(sections.toByteArray())
        .array();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] number(long value) {
    return buffer(Long.BYTES).putLong(value).array();
  }

  private static void section(ByteArrayOutputStream out, int tag, byte[] bytes) {
    out.write(tag);
    out.writeBytes(buffer(Integer.BYTES).putInt(bytes.length).array());
    out.writeBytes(bytes);
  }

  private static byte[] metadataBytes(SortedMap<String, byte[]> metadata) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Map.Entry<String, byte[]> entry : metadata.entrySet()) {
      for (byte[] part :
          List.of(entry.getKey().getBytes(StandardCharsets.UTF_8), entry.getValue())) {
        out.writeBytes(buffer(Integer.BYTES).putInt(part.length).array());
        out.writeBytes(part);
      }
    }
    return out.toByteArray();
  }

  /** Whether bytes behind a term section begin like an extension. */
  static boolean isMagic(long first) {
    return first == MAGIC;
  }

  ManifestExtension decode() {
    if (in.remaining() < SECTIONS_AT || !isMagic(in.getLong(MAGIC_AT))) {
      throw unsupported("the bytes behind the term section are not an extension of this engine");
    }
    int version = in.getShort(VERSION_AT) & 0xffff;
    if (version == 0 || version > VERSION) {
      throw unsupported("extension of version " + version + ", this engine knows " + VERSION);
    }
    long sectionBytes = in.getInt(SECTION_BYTES_AT) & 0xffff_ffffL;
    if (sectionBytes != in.capacity() - SECTIONS_AT) {
      throw corrupt("length of the extension sections", in.capacity() - SECTIONS_AT, sectionBytes);
    }
    in.position(SECTIONS_AT);
    while (in.hasRemaining()) {
      if (in.remaining() < SECTION_HEADER_BYTES) {
        throw corrupt("extension section header bytes", SECTION_HEADER_BYTES, in.remaining());
      }
      int tag = in.get() & 0xff;
      int length = length("length of extension section " + tag, in);
      byte[] bytes = new byte[length];
      in.get(bytes);
      if (seen.get(tag)) {
        throw corrupt("extension section " + tag, "once", "twice");
      }
      seen.set(tag);
      section(tag, bytes);
    }
    for (int tag : TAGS_NEEDED) {
      if (!seen.get(tag)) {
        throw corrupt("extension section " + tag, "present", "missing");
      }
    }
    return new ManifestExtension(
        options, counts, sequence, metadata, pendingCuts, incarnation, features, segments, opaque);
  }

  private void section(int tag, byte[] bytes) {
    ByteBuffer body = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (tag) {
      case TAG_OPTIONS -> options = options(sized(tag, body, OPTIONS_BYTES));
      case TAG_COUNTS -> counts = counts(sized(tag, body, COUNTS_BYTES));
      case TAG_SEQUENCE -> sequence = sized(tag, body, Long.BYTES).getLong();
      case TAG_METADATA -> metadata = metadata(body);
      case TAG_PENDING_CUTS -> pendingCuts = cuts(body);
      case TAG_INCARNATION -> incarnation = sized(tag, body, Long.BYTES).getLong();
      case TAG_FEATURES -> features = features(sized(tag, body, Long.BYTES).getLong());
      case TAG_SEGMENTS -> segments = SegmentsCodec.decode(bytes, path, recordOffset);
      default -> {
        if ((tag & TAG_IGNORABLE) == 0) {
          throw unsupported("extension section " + tag + " is not known to this engine");
        }
        opaque.add(new OpaqueSection(tag, bytes));
      }
    }
  }

  private RecordedOptions options(ByteBuffer body) {
    return new RecordedOptions(
        body.getInt(),
        body.get() & 0xff,
        flag("append mode", body.get()),
        body.getShort() & 0xffff,
        body.getShort() & 0xffff,
        body.getShort() & 0xffff,
        flag("compression flag", body.get()));
  }

  private EntryCounts counts(ByteBuffer body) {
    return new EntryCounts(
        body.getLong(), body.getLong(), body.getLong(), flag("exact flag", body.get()));
  }

  private SortedMap<String, byte[]> metadata(ByteBuffer body) {
    SortedMap<String, byte[]> result = new TreeMap<>();
    while (body.hasRemaining()) {
      String name = new String(sizedBytes("metadata name", body), StandardCharsets.UTF_8);
      if (result.put(name, sizedBytes("metadata value", body)) != null) {
        throw corrupt("metadata name " + name, "once", "twice");
      }
    }
    return result;
  }

  private int[] cuts(ByteBuffer body) {
    if (body.remaining() % Integer.BYTES != 0) {
      throw corrupt("bytes of the pending cuts", "a multiple of 4", body.remaining());
    }
    int[] result = new int[body.remaining() / Integer.BYTES];
    body.asIntBuffer().get(result);
    return result;
  }

  private long features(long found) {
    if ((found & ~ManifestExtension.FEATURES_KNOWN) != 0) {
      throw unsupported(
          "feature bits 0x"
              + Long.toHexString(found)
              + ", this engine knows 0x"
              + Long.toHexString(ManifestExtension.FEATURES_KNOWN));
    }
    return found;
  }

  private boolean flag(String what, int found) {
    if (found != 0 && found != 1) {
      throw corrupt(what, "0 or 1", found);
    }
    return found == 1;
  }

  private ByteBuffer sized(int tag, ByteBuffer body, int bytes) {
    if (body.remaining() != bytes) {
      throw corrupt("bytes of extension section " + tag, bytes, body.remaining());
    }
    return body;
  }

  private byte[] sizedBytes(String what, ByteBuffer body) {
    if (body.remaining() < Integer.BYTES) {
      throw corrupt("bytes of the length of a " + what, Integer.BYTES, body.remaining());
    }
    byte[] bytes = new byte[length("length of a " + what, body)];
    body.get(bytes);
    return bytes;
  }

  private int length(String what, ByteBuffer from) {
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw corrupt(what, "at most " + from.remaining(), length & 0xffff_ffffL);
    }
    return length;
  }

  private CorruptionException corrupt(String what, Object expected, Object actual) {
    return new CorruptionException(path, recordOffset, what, expected, actual);
  }

  private StoreException unsupported(String what) {
    return new StoreException(
        StoreErrorCode.UNSUPPORTED_FORMAT, path + " at offset " + recordOffset + ": " + what);
  }
}
