/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;

/** Decodes compressed values: the plain length as a varint32, then one zstd frame. */
final class CompressedValue {
  private static final int DICTIONARY_BYTES = 16_384;
  private static final int PLAIN_BYTES_MIN = 100;
  private static final int ALONE_ABOVE_BYTES = 10 << 20;

  private CompressedValue() {}

  /**
   * The value as it was put.
   *
   * @param dictionary of the manifest, empty for none
   * @throws DecodeException if it does not follow the format
   */
  static byte[] decode(ReferenceEntry entry, byte[] dictionary) {
    byte[] stored = entry.value();
    ByteCursor cursor = new ByteCursor(stored, 0, stored.length);
    int plainBytes = Math.toIntExact(cursor.varint32());
    boolean alone = (entry.flags() & ReferenceEntry.FLAG_STANDALONE) != 0;
    if (alone && (entry.flags() & ReferenceEntry.FLAG_DICTIONARY) != 0) {
      throw new DecodeException("both compression flags");
    }
    if (alone != plainBytes > ALONE_ABOVE_BYTES || plainBytes < PLAIN_BYTES_MIN) {
      throw new DecodeException("flags " + entry.flags() + " with a length of " + plainBytes);
    }
    if (!alone && dictionary.length != DICTIONARY_BYTES) {
      throw new DecodeException("dictionary of " + dictionary.length + " bytes");
    }
    byte[] frame = Arrays.copyOfRange(stored, cursor.position(), stored.length);
    if (frame.length >= plainBytes) {
      throw new DecodeException("frame of " + frame.length + " bytes for a value of " + plainBytes);
    }
    if (Zstd.getFrameContentSize(frame) != plainBytes) {
      throw new DecodeException("content size " + Zstd.getFrameContentSize(frame));
    }
    long dictionaryId = alone ? 0 : Zstd.getDictIdFromDict(dictionary);
    if (Zstd.getDictIdFromFrame(frame) != dictionaryId) {
      throw new DecodeException("frame of dictionary " + Zstd.getDictIdFromFrame(frame));
    }
    byte[] plain = new byte[plainBytes];
    try {
      long found =
          alone
              ? Zstd.decompress(plain, frame)
              : Zstd.decompressUsingDict(plain, 0, frame, 0, frame.length, dictionary);
      if (Zstd.isError(found) || found != plainBytes) {
        throw new DecodeException("frame of " + plainBytes + " bytes gives " + found);
      }
    } catch (ZstdException e) {
      throw new DecodeException("zstd frame: " + e.getMessage());
    }
    return plain;
  }
}
