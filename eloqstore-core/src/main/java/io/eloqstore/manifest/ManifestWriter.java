/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.mapping.MappingSnapshot;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Publishes roots: appends log records to a manifest, or rolls it into a new file that begins with
 * a snapshot record.
 *
 * <p>Owned by its partition; one thread at a time. Data pages must be on the disk before the record
 * that names them is written.
 *
 * <p>It rolls when the log with the new record would be larger than {@code max(logBytesMax, bytes
 * of the snapshot record)}, so the cost of all records stays in proportion to what changed; and
 * when nothing can be appended: no manifest yet, one of an image or of an earlier term, another
 * dictionary.
 *
 * <p>A failed write, force or rename poisons it: nobody knows what is on the disk, so every later
 * call is refused with {@code POISONED}. What fails before the first write (memory) does not.
 */
public final class ManifestWriter implements AutoCloseable {
  private static final byte[] NO_DICTIONARY = {};

  private final ManifestTarget target;
  private SortedMap<Long, Long> terms = new TreeMap<>();
  private byte[] dictionary = NO_DICTIONARY;
  // What the last record of the file says, held; null before the first one.
  private MappingSnapshot published;
  private ManifestExtent extent;
  // Manifests of earlier terms, to be deleted when ours is on the disk.
  private List<Path> formers = List.of();
  private BlockFile file;
  private Throwable poison;
  private boolean closed;

  private ManifestWriter(ManifestTarget target) {
    this.target = target;
  }

  /** For a partition without a manifest: the first commit makes it. */
  public static ManifestWriter create(ManifestTarget target) {
    return new ManifestWriter(target);
  }

  /** Goes on behind what was read; a torn tail is overwritten. The state's mapping is held. */
  public static ManifestWriter resume(ManifestTarget target, ManifestState state) {
    ManifestWriter writer = new ManifestWriter(target);
    // A file that has no page any more may be made again, in the term of this writer.
    Set<Long> segments = new HashSet<>();
    if (state.extension() != null) {
      state.extension().segments().forEach(segment -> segments.add(segment.fileId()));
    }
    writer.terms = new TreeMap<>(state.terms());
    writer
        .terms
        .keySet()
        .removeIf(fileId -> state.mapping().livePages(fileId) == 0 && !segments.contains(fileId));
    writer.dictionary = state.dictionary();
    writer.published = state.mapping().retain();
    writer.extent = state.extent();
    return writer;
  }

  /**
   * Goes on with a content of an earlier term: the first commit writes it whole under the name of
   * the target, forces that in any case, and deletes the manifests of earlier terms afterwards.
   *
   * @param formers manifests of earlier terms in the directory of the target
   */
  public static ManifestWriter succeed(
      ManifestTarget target, ManifestState state, List<Path> formers) {
    ManifestWriter writer = resume(target, state);
    writer.formers = List.copyOf(formers);
    return writer;
  }

  /** Whether what the last commit published stands under the name of the target. */
  public boolean isAtTarget() {
    return extent != null && formers.isEmpty();
  }

  /** The bytes of the manifest that count; null before the first commit. */
  public ManifestExtent extent() {
    return extent;
  }

  /** Term in the name of a data file: that of the manifest, or of this writer for a new file. */
  public long termOf(long fileId) {
    return terms.getOrDefault(fileId, target.term());
  }

  /**
   * Publishes a content: when this returns it is what the next open finds.
   *
   * @return the bytes of the manifest from now on
   */
  public ManifestExtent commit(ManifestContent content) {
    checkUsable();
    if (mustRoll(content)) {
      return roll(content);
    }
    SortedMap<Long, Long> newTerms = newTerms(content);
    RecordContent record =
        RecordContent.log(content, published, newTerms, target.term(), extent.incarnation());
    long logBytes = extent.logBytes() + ManifestFormat.aligned(record.recordBytes());
    if (!record.fits() || logBytes > Math.max(target.logBytesMax(), extent.snapshotBytes())) {
      return roll(content);
    }
    append(record);
    terms.putAll(newTerms);
    publish(content);
    return extent;
  }

  /** Publishes a content in a new file, whatever the length of the log; a mark stays. */
  public ManifestExtent roll(ManifestContent content) {
    return roll(content, hasSegments(content) || extent != null && extent.marked());
  }

  /**
   * Publishes a content without change segments in a new file that carries no mark of them.
   *
   * @throws IllegalArgumentException when it has segments
   */
  public ManifestExtent seal(ManifestContent content) {
    if (hasSegments(content)) {
      throw new IllegalArgumentException("a content with change segments cannot be sealed");
    }
    return roll(content, false);
  }

  private ManifestExtent roll(ManifestContent content, boolean marked) {
    checkUsable();
    SortedMap<Long, Long> live = liveTerms(content);
    long incarnation = extent == null ? 1 : extent.incarnation() + 1;
    RecordContent record = RecordContent.snapshot(content, live, target.term(), incarnation);
    try (RecordOutput out = new RecordOutput(target.budget(), record.recordBytes())) {
      ManifestExtent rolled;
      try {
        closeFile();
        rolled = writeSnapshot(target.path(), record, out, incarnation, marked);
        formers.forEach(target.io()::delete);
      } catch (RuntimeException | Error e) {
        poison = e;
        throw e;
      }
      extent = rolled;
      formers = List.of();
    }
    terms = live;
    publish(content);
    return extent;
  }

  /**
   * Writes a content as an archive: a manifest of one snapshot record under a name of its own. The
   * manifest stays as it is.
   *
   * @param path {@code manifest_<term>_<ts>} in the directory of the partition
   */
  public ManifestExtent archive(Path path, ManifestContent content) {
    checkUsable();
    long incarnation = extent == null ? 0 : extent.incarnation();
    RecordContent record =
        RecordContent.snapshot(content, liveTerms(content), target.term(), incarnation);
    try (RecordOutput out = new RecordOutput(target.budget(), record.recordBytes())) {
      try {
        return writeSnapshot(path, record, out, incarnation, hasSegments(content));
      } catch (RuntimeException | Error e) {
        poison = e;
        throw e;
      }
    }
  }

  private boolean mustRoll(ManifestContent content) {
    return !isAtTarget()
        || extent.rollFirst()
        || !Arrays.equals(dictionary, content.dictionary())
        || hasSegments(content) && !extent.marked();
  }

  private static boolean hasSegments(ManifestContent content) {
    return content.extension() != null && !content.extension().segments().isEmpty();
  }

  private void checkUsable() {
    if (closed) {
      throw new StoreException(
          StoreErrorCode.CLOSED, target.path() + ": the manifest writer is closed");
    }
    if (poison != null) {
      throw new StoreException(
          StoreErrorCode.POISONED,
          target.path() + ": an earlier write of the manifest failed",
          poison);
    }
  }

  private void append(RecordContent record) {
    try (RecordOutput out = new RecordOutput(target.budget(), record.recordBytes())) {
      long checksum;
      try {
        if (file == null) {
          file = target.io().open(target.path(), OpenMode.WRITE);
        }
        checksum = write(record, out, file, extent.length(), false);
      } catch (RuntimeException | Error e) {
        poison = e;
        throw e;
      }
      extent = extent.appended(ManifestFormat.aligned(record.recordBytes()), checksum);
    }
  }

  private long write(
      RecordContent record, RecordOutput out, BlockFile to, long offset, boolean marked) {
    out.begin(to, offset, record.rootPage(), record.ttlRootPage());
    record.writeTo(out);
    long checksum = out.finish(marked ? ManifestFormat.SEGMENT_MARK : 0);
    if (target.durable()) {
      to.force();
    }
    return checksum;
  }

  private ManifestExtent writeSnapshot(
      Path path, RecordContent record, RecordOutput out, long incarnation, boolean marked) {
    Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
    if (target.io().exists(temporary)) {
      // Left by a crash; its old bytes must not follow the new record.
      target.io().delete(temporary);
    }
    long checksum;
    try (BlockFile created = target.io().open(temporary, OpenMode.CREATE_NEW)) {
      checksum = write(record, out, created, 0, marked);
      if (!formers.isEmpty() && !target.durable()) {
        created.force();
      }
    }
    target.io().rename(temporary, path);
    if (target.durable() || !formers.isEmpty()) {
      target.io().forceDirectory(path.getParent());
    }
    long bytes = ManifestFormat.aligned(record.recordBytes());
    return new ManifestExtent(
        bytes, 1, ManifestFormat.chain(0, checksum), bytes, incarnation, 0, marked, false);
  }

  private SortedMap<Long, Long> newTerms(ManifestContent content) {
    SortedMap<Long, Long> result = liveTerms(content);
    result.keySet().removeAll(terms.keySet());
    return result;
  }

  /** Terms of the files with live pages, those of the tree and those of change segments. */
  private SortedMap<Long, Long> liveTerms(ManifestContent content) {
    MappingSnapshot mapping = content.mapping();
    boolean reusesFiles =
        content.extension() != null && !content.extension().options().appendMode();
    // Where files are written again, one without a live page may get pages under its old name.
    SortedMap<Long, Long> result = reusesFiles ? new TreeMap<>(terms) : new TreeMap<>();
    for (int i = 0; i < mapping.fileCount(); i++) {
      result.put(mapping.fileId(i), termOf(mapping.fileId(i)));
    }
    if (content.extension() != null) {
      for (ManifestSegment segment : content.extension().segments()) {
        result.put(segment.fileId(), termOf(segment.fileId()));
      }
    }
    return result;
  }

  private void publish(ManifestContent content) {
    MappingSnapshot old = published;
    published = content.mapping().retain();
    dictionary = content.dictionary();
    if (old != null) {
      old.release();
    }
  }

  private void closeFile() {
    if (file != null) {
      BlockFile old = file;
      file = null;
      old.close();
    }
  }

  /** Lets the file and the mapping go; writes nothing. Does nothing the second time. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (published != null) {
      published.release();
      published = null;
    }
    closeFile();
  }
}
