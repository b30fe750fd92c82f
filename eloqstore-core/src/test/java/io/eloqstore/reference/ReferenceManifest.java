/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The state that replaying one manifest file gives.
 *
 * <p>A bad last record is dropped, as a crash leaves one; {@link #tornTailOffset()} tells. A bad
 * first record, or a good record after a bad one, is a {@link DecodeException}.
 */
public final class ReferenceManifest {
  static final int RECORD_ALIGNMENT = 4096;
  static final int HEADER_BYTES = 20;

  /** Key of the term section that stands for the manifest itself. */
  public static final long MANIFEST_FILE_ID = -2;

  private static final int CHUNK_BYTES = 1 << 20;
  private static final int TYPE_MAPPED = 1;
  private static final int TYPE_FREE = 2;
  private static final int TYPE_UNMAPPED = 7;

  /**
   * One good record.
   *
   * @param offset bytes from the start of the file
   * @param lengthBytes header and payload, without padding
   * @param extension what the payload holds after the term section
   */
  public record Record(long offset, int lengthBytes, byte[] extension) {}

  private final byte[] file;
  private final List<Record> records = new ArrayList<>();
  private final Map<Long, Long> terms = new TreeMap<>();
  private final TreeMap<Integer, Long> mapping = new TreeMap<>();
  private int root = -1;
  private int ttlRoot = -1;
  private long filePageEnd;
  private byte[] dictionary = new byte[0];
  private long tornTailOffset = -1;

  private ReferenceManifest(byte[] file) {
    this.file = file;
  }

  public static ReferenceManifest read(Path path) throws IOException {
    ReferenceManifest manifest = new ReferenceManifest(Files.readAllBytes(path));
    try {
      manifest.replay();
    } catch (DecodeException e) {
      throw new DecodeException(path.getFileName() + ": " + e.getMessage());
    }
    return manifest;
  }

  /** Root page of the main tree, -1 when empty. */
  public int root() {
    return root;
  }

  /** Root page of the TTL tree, -1 when empty. */
  public int ttlRoot() {
    return ttlRoot;
  }

  /** The smallest file page that was never allocated. */
  public long filePageEnd() {
    return filePageEnd;
  }

  public byte[] dictionary() {
    return dictionary.clone();
  }

  /** File page of every mapped page, in page order. */
  public Map<Integer, Long> mapping() {
    return Collections.unmodifiableMap(mapping);
  }

  /** Term of each file id; {@link #MANIFEST_FILE_ID} for the manifest. */
  public Map<Long, Long> terms() {
    return Collections.unmodifiableMap(terms);
  }

  public List<Record> records() {
    return List.copyOf(records);
  }

  /** Offset of the bad record that ends the file, -1 if there is none. */
  public long tornTailOffset() {
    return tornTailOffset;
  }

  private void replay() {
    if (!recordIsGood(0)) {
      throw new DecodeException("the snapshot record is bad");
    }
    long position = apply(0);
    while (position < file.length) {
      if (recordIsGood((int) position)) {
        if (tornTailOffset >= 0) {
          throw new DecodeException(
              "bad record at " + tornTailOffset + " before a good one at " + position);
        }
        position = apply((int) position);
      } else {
        tornTailOffset = tornTailOffset < 0 ? position : tornTailOffset;
        position += RECORD_ALIGNMENT;
      }
    }
  }

  private boolean recordIsGood(int offset) {
    if (file.length - offset < HEADER_BYTES) {
      return false;
    }
    ByteCursor header = new ByteCursor(file, offset, offset + HEADER_BYTES);
    long stored = header.u64();
    header.u64();
    int length = header.u32();
    return length >= 0
        && length <= file.length - offset - HEADER_BYTES
        && stored == checksum(file, offset + 8, HEADER_BYTES - 8 + length);
  }

  /** Checksum of a record's bytes from the root field to the end of its payload. */
  static long checksum(byte[] bytes, int offset, int length) {
    long sum = 0;
    for (int done = 0; done < length; done += CHUNK_BYTES) {
      int chunk = Math.min(CHUNK_BYTES, length - done);
      sum = Long.rotateLeft(sum, 1) ^ Xxh3.hash(bytes, offset + done, chunk);
      sum *= 0x9E3779B97F4A7C15L;
    }
    return sum;
  }

  /** Applies the good record at this offset; returns where the next one begins. */
  private long apply(int offset) {
    ByteCursor header = new ByteCursor(file, offset + 8, offset + HEADER_BYTES);
    root = header.u32();
    ttlRoot = header.u32();
    int length = header.u32();
    int end = offset + HEADER_BYTES + length;
    ByteCursor payload = new ByteCursor(file, offset + HEADER_BYTES, end);
    if (offset == 0) {
      applySnapshot(payload);
    } else {
      applyLog(payload);
    }
    ByteCursor termSection = section(payload);
    while (termSection.remaining() > 0) {
      long fileId = termSection.varint64();
      terms.put(fileId, termSection.varint64());
    }
    if (!terms.containsKey(MANIFEST_FILE_ID)) {
      throw new DecodeException("record at " + offset + " leaves the manifest without a term");
    }
    records.add(
        new Record(
            offset, HEADER_BYTES + length, Arrays.copyOfRange(file, payload.position(), end)));
    return ((long) end + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
  }

  private void applySnapshot(ByteCursor payload) {
    filePageEnd = payload.varint64();
    dictionary = payload.take(payload.varint32());
    ByteCursor values = section(payload);
    for (int page = 0; values.remaining() > 0; page++) {
      map(page, values.varint64(), true);
    }
    for (Map.Entry<Integer, Long> pair : mapping.entrySet()) {
      if (Long.compareUnsigned(pair.getValue(), filePageEnd) >= 0) {
        throw new DecodeException(
            "page " + pair.getKey() + " is mapped behind the last file page " + filePageEnd);
      }
    }
  }

  private void applyLog(ByteCursor payload) {
    ByteCursor pairs = section(payload);
    while (pairs.remaining() > 0) {
      int page = (int) pairs.varint32();
      if (page < 0) {
        throw new DecodeException("page id " + Integer.toUnsignedString(page) + " in a log record");
      }
      map(page, pairs.varint64(), false);
    }
  }

  private void map(int page, long value, boolean snapshot) {
    int type = (int) (value & 7);
    long id = value >>> 3;
    if (type == TYPE_MAPPED) {
      mapping.put(page, id);
      filePageEnd = snapshot ? filePageEnd : Math.max(filePageEnd, id + 1);
    } else if (value == TYPE_UNMAPPED || (snapshot && type == TYPE_FREE)) {
      mapping.remove(page);
    } else {
      throw new DecodeException(
          "mapping value " + Long.toHexString(value) + " of page " + page + " has no meaning here");
    }
  }

  private ByteCursor section(ByteCursor payload) {
    int length = payload.lengthU32();
    int start = payload.position();
    payload.take(length);
    return new ByteCursor(file, start, start + length);
  }
}
