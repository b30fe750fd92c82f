/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

/**
 * A name inside a partition directory, taken apart by {@link FileNames#parse}.
 *
 * <p>Terms and stamps are unsigned 64-bit numbers: compare them with {@link Long#compareUnsigned}.
 */
public sealed interface FileName {
  /** The name as it stands in the directory. */
  String text();

  /**
   * {@code data_<fileId>_<term>}: pages.
   *
   * @param fileId 0 to {@link FileNames#FILE_ID_MAX}
   * @param term writer epoch, unsigned
   */
  record Data(long fileId, long term) implements FileName {
    public Data {
      if (fileId < 0 || fileId > FileNames.FILE_ID_MAX) {
        throw new IllegalArgumentException("data file id out of range: " + fileId);
      }
    }

    @Override
    public String text() {
      return "data_" + fileId + "_" + Long.toUnsignedString(term);
    }
  }

  /**
   * {@code manifest_<term>}: the log of roots.
   *
   * @param term writer epoch, unsigned
   */
  record Manifest(long term) implements FileName {
    @Override
    public String text() {
      return "manifest_" + Long.toUnsignedString(term);
    }
  }

  /**
   * {@code manifest_<term>_<stamp>}: an archive.
   *
   * @param term writer epoch, unsigned
   * @param stamp microseconds since 1970 or a number chosen by the caller, unsigned
   */
  record Archive(long term, long stamp) implements FileName {
    @Override
    public String text() {
      return "manifest_" + Long.toUnsignedString(term) + "_" + Long.toUnsignedString(stamp);
    }
  }

  /**
   * {@code <name>.tmp}: a file being written, renamed when it is whole.
   *
   * @param target what it is to become: data file, manifest or archive
   */
  record Temporary(FileName target) implements FileName {
    public Temporary {
      if (target instanceof Temporary || target instanceof Lock || target instanceof Unknown) {
        throw new IllegalArgumentException("no temporary file becomes " + target);
      }
    }

    @Override
    public String text() {
      return target.text() + FileNames.TEMPORARY_SUFFIX;
    }
  }

  /** The lock of the partition's owner. */
  record Lock() implements FileName {
    @Override
    public String text() {
      return FileNames.LOCK;
    }
  }

  /**
   * Anything else, names of the format before January 2026 among them.
   *
   * @param text the name as found
   */
  record Unknown(String text) implements FileName {}
}
