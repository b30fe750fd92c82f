/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What a restore must find, no more and no less: the description of a checkpoint, archive or clone.
 *
 * @param manifestLength bytes of the manifest, a multiple of 4096
 * @param manifestRecords number of its records
 * @param manifestChecksum of its records, see {@link ManifestExtent}
 * @param incarnation of the manifest file
 * @param files data files that hold a page of the image, ascending by id
 */
public record ManifestImage(
    long manifestLength,
    int manifestRecords,
    long manifestChecksum,
    long incarnation,
    List<DataFileLength> files) {

  /**
   * A data file of an image.
   *
   * @param length bytes that belong to the image; more may lie behind them
   */
  public record DataFileLength(long fileId, long term, long length) {}

  /** "ELOQIMAG" as a little-endian number. */
  private static final long MAGIC = 0x47414d49514f4c45L;

  private static final int VERSION = 1;
  private static final int FIXED_BYTES = 46;
  private static final int FILE_BYTES = 24;

  public ManifestImage {
    files = List.copyOf(files);
  }

  /** Describes a manifest as it is now. */
  public static ManifestImage of(ManifestExtent extent, List<DataFileLength> files) {
    return new ManifestImage(
        extent.length(), extent.records(), extent.checksum(), extent.incarnation(), files);
  }

  /** Magic, version, fields, checksum; see {@code docs/format/manifest.md}. */
  public byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(FIXED_BYTES + files.size() * FILE_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(MAGIC)
            .putShort((short) VERSION)
            .putLong(manifestLength)
            .putInt(manifestRecords)
            .putLong(manifestChecksum)
            .putLong(incarnation)
            .putInt(files.size());
    for (DataFileLength file : files) {
      out.putLong(file.fileId()).putLong(file.term()).putLong(file.length());
    }
    return out.putInt(crc(out.array())).array();
  }

  /** CRC-32C of everything but the last four bytes. */
  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - Integer.BYTES);
    return (int) crc.getValue();
  }

  /**
   * Reads what {@link #encode} made.
   *
   * @param source where the bytes come from, for errors
   * @throws CorruptionException if they are not whole
   * @throws StoreException {@code UNSUPPORTED_FORMAT} if they are no image description, or one of a
   *     newer engine
   */
  public static ManifestImage decode(byte[] bytes, String source) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < FIXED_BYTES || in.getLong() != MAGIC) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          source + ": " + bytes.length + " bytes that are no image description of EloqStore");
    }
    int version = in.getShort() & 0xffff;
    if (version != VERSION) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          source + ": image of version " + version + ", this engine knows " + VERSION);
    }
    int stored = in.getInt(bytes.length - Integer.BYTES);
    if (stored != crc(bytes)) {
      throw new CorruptionException(
          source, 0, "checksum of an image", Integer.toHexString(crc(bytes)), hex(stored));
    }
    long length = in.getLong();
    int records = in.getInt();
    long checksum = in.getLong();
    long incarnation = in.getLong();
    int count = in.getInt();
    if ((bytes.length - FIXED_BYTES) != count * (long) FILE_BYTES) {
      throw new CorruptionException(
          source,
          0,
          "bytes of an image of " + count + " files",
          FIXED_BYTES + count * (long) FILE_BYTES,
          bytes.length);
    }
    List<DataFileLength> files = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      files.add(new DataFileLength(in.getLong(), in.getLong(), in.getLong()));
    }
    return new ManifestImage(length, records, checksum, incarnation, files);
  }

  private static String hex(int value) {
    return Integer.toHexString(value);
  }
}
