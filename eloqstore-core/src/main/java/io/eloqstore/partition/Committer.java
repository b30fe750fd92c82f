/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.SpaceOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestContent;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestExtent;
import io.eloqstore.manifest.ManifestWriter;
import io.eloqstore.manifest.RecordedOptions;
import io.eloqstore.metrics.WriteCause;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Publishes roots. Any thread, one at a time; the owner's reads and writes need nothing of it.
 *
 * <p>Invariant: the committed root is held, so no file that the manifest on disk names is deleted.
 */
final class Committer implements AutoCloseable {
  private static final long NEVER = Long.MAX_VALUE;

  private static final int MICROS_PER_MS = 1000;

  /** An archive that found no memory is tried again after this time. */
  private static final long RETRY_MS = 60_000;

  private final PartitionContext context;
  private final ManifestWriter manifest;
  private final Path manifestPath;
  private final long term;
  private final List<ManifestExtension.OpaqueSection> opaque;
  private final Consumer<StoreException> poison;
  private final Archives archives;
  private final Supplier<StoreException> poisoned;
  // Null once it is known to be on the disk.
  private InheritedManifest inherited;
  private volatile Root committed;
  private volatile boolean hasCommitted;
  private boolean committedBucketKeys;
  private SortedMap<String, byte[]> metadata;
  private boolean metadataValid;
  private long committedSequence;
  private Runnable afterCommit = () -> {};
  // Of the last commit; null when another engine made it.
  private ManifestExtension extension;
  private volatile long archiveDueMs;
  private ManifestExtent archivedExtent;

  /**
   * @param manifest positioned behind what was read
   * @param committed what the last commit holds; the committer takes a hold of its own
   * @param last extension of the last record, {@code null} when there is none
   * @param inherited manifest of an earlier run to be forced first; {@code null} for none
   * @param metadataValid whether the last record was ours, or there is none
   * @param archives those there are
   * @param poison told when a write failed
   * @param poisoned the first write that failed, {@code null} for none
   */
  Committer(
      PartitionContext context,
      ManifestWriter manifest,
      Path manifestPath,
      Root committed,
      ManifestExtension last,
      InheritedManifest inherited,
      boolean metadataValid,
      Archives archives,
      Consumer<StoreException> poison,
      Supplier<StoreException> poisoned) {
    this.context = context;
    this.manifest = manifest;
    this.manifestPath = manifestPath;
    this.term = term(manifestPath);
    this.inherited = inherited;
    this.opaque = last == null ? List.of() : last.opaque();
    this.metadata = last == null ? new TreeMap<>() : last.metadata();
    this.committedSequence = last == null ? -1 : last.sequence();
    this.metadataValid = metadataValid;
    this.archives = archives;
    this.poison = poison;
    this.extension = last;
    this.poisoned = poisoned;
    this.committed = committed;
    committed.retain();
    this.archiveDueMs = manifest.extent() == null ? NEVER : nextArchiveMs(archives.newest());
  }

  private static long term(Path manifestPath) {
    // Of an archive that is only looked at nothing is written.
    return FileNames.parse(manifestPath.getFileName().toString()) instanceof FileName.Manifest name
        ? name.term()
        : 0;
  }

  /** Called by the committing thread after each commit; set once, before the first. */
  void onCommit(Runnable action) {
    afterCommit = action;
  }

  synchronized SortedMap<String, byte[]> metadata() {
    return metadata;
  }

  synchronized boolean metadataValid() {
    return metadataValid;
  }

  synchronized Root committed() {
    return committed;
  }

  /**
   * Publishes a root and gives its image.
   *
   * @param root held by the caller during the call
   * @param sequence last operation that it contains
   */
  synchronized PartitionImage commit(
      Root root, long sequence, boolean bucketKeys, Map<String, byte[]> newMetadata) {
    checkUsable();
    if (newMetadata == null
        || newMetadata.keySet().stream().anyMatch(Objects::isNull)
        || newMetadata.values().stream().anyMatch(Objects::isNull)) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "partition " + context.id() + ": the metadata of a commit must not be or hold null");
    }
    SortedMap<String, byte[]> copy = Collections.unmodifiableSortedMap(new TreeMap<>(newMetadata));
    if (!isPublished(root, sequence, copy)) {
      publish(root, sequence, bucketKeys, copy, manifest::commit);
    }
    afterCommit.run();
    return context.options().appendMode()
        ? CommittedImage.open(context, root, manifestPath, manifest.extent())
        : new NoImage(context);
  }

  private void checkUsable() {
    if (committed == null) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "partition " + context.id() + " was closed before the commit");
    }
    StoreException failed = poisoned.get();
    if (failed != null) {
      // Also a root that was ready before: its pages may be what could not be forced.
      throw new StoreException(
          StoreErrorCode.POISONED,
          "partition "
              + context.id()
              + " publishes nothing after a failed write: "
              + failed.getMessage(),
          failed);
    }
  }

  /** Whether the manifest says exactly this, by a record of ours. */
  synchronized boolean isCommitted(Root root, long sequence) {
    return root == committed && sequence == committedSequence && metadataValid;
  }

  /**
   * Publishes the entries of the last commit once more, from where they lie now: the files that
   * they lay in before can go. Only after a commit of this run, so that the manifest of an image
   * stays what it is until then. Worker only.
   *
   * @param root held by the caller during the call
   */
  void publishRearranged(Root root) {
    if (isRearranged(root)) {
      publishAgain(root);
    }
  }

  /** Whether a root has the entries of the last commit, which was one of this run. Any thread. */
  boolean isRearranged(Root root) {
    return isRearranged(root, committed);
  }

  private boolean isRearranged(Root root, Root published) {
    return hasCommitted && published != null && root != published && root.hasContentOf(published);
  }

  private synchronized void publishAgain(Root root) {
    if (!isRearranged(root, committed)) {
      return;
    }
    boolean isArchived = manifest.extent().equals(archivedExtent);
    try {
      ManifestExtension next = extension(root, committedSequence, committedBucketKeys, metadata);
      publish(root, next, manifest::commit);
      extension = next;
    } catch (StoreException e) {
      if (e.code() == StoreErrorCode.OUT_OF_MEMORY) {
        // Nothing was written; the next commit does it, or the next piece of background work.
        return;
      }
      poison.accept(e);
      throw e;
    }
    archivedExtent = isArchived ? manifest.extent() : archivedExtent;
    context.deleteUnreferencedFiles();
  }

  private boolean isPublished(Root root, long sequence, SortedMap<String, byte[]> wanted) {
    return manifest.isAtTarget()
        && root == committed
        && sequence == committedSequence
        && metadataValid
        && wanted.keySet().equals(metadata.keySet())
        && wanted.entrySet().stream()
            .allMatch(entry -> Arrays.equals(entry.getValue(), metadata.get(entry.getKey())));
  }

  /**
   * Publishes a root without change segments so that engines which do not know these can read it.
   *
   * @param root held by the caller during the call
   * @param sequence last operation that it contains
   */
  synchronized void seal(Root root, long sequence, boolean bucketKeys) {
    checkUsable();
    if (manifest.extent() != null && manifest.extent().marked()) {
      publish(root, sequence, bucketKeys, metadata, manifest::seal);
    } else if (!isPublished(root, sequence, metadata)) {
      publish(root, sequence, bucketKeys, metadata, manifest::commit);
    }
  }

  private void publish(
      Root root,
      long sequence,
      boolean bucketKeys,
      SortedMap<String, byte[]> newMetadata,
      Consumer<ManifestContent> record) {
    ManifestExtension next = extension(root, sequence, bucketKeys, newMetadata);
    long start = System.nanoTime();
    try {
      publish(root, next, record);
    } catch (StoreException e) {
      poison.accept(e);
      throw e;
    }
    context.counters().commit().since(start);
    extension = next;
    metadata = newMetadata;
    metadataValid = true;
    committedBucketKeys = bucketKeys;
    hasCommitted = true;
    committedSequence = sequence;
    if (archiveDueMs == NEVER) {
      archiveDueMs = nextArchiveMs(archives.newest());
    }
    context.published();
    context.deleteUnreferencedFiles();
  }

  /** The one place that holds the order of a commit: pages, force, record, force, root. */
  private void publish(Root root, ManifestExtension extension, Consumer<ManifestContent> record) {
    if (context.options().durability() == StoreOptions.Durability.COMMIT) {
      context.files().force();
      if (inherited != null) {
        context.counters().wrote(WriteCause.MANIFEST, inherited.force());
        inherited = null;
      }
    }
    ManifestExtent before = manifest.extent();
    record.accept(content(root, extension));
    ManifestExtent now = manifest.extent();
    boolean appended = before != null && before.incarnation() == now.incarnation();
    context.counters().wrote(WriteCause.MANIFEST, now.length() - (appended ? before.length() : 0));
    root.retain();
    Root old = committed;
    committed = root;
    old.release();
  }

  private ManifestContent content(Root root, ManifestExtension extension) {
    return new ManifestContent(
        root.treePage(),
        root.ttlPage(),
        context.maxFilePage(),
        context.compression().dictionary(),
        root.mapping(),
        extension);
  }

  private ManifestExtension extension(
      Root root, long sequence, boolean bucketKeys, SortedMap<String, byte[]> newMetadata) {
    StoreOptions options = context.options();
    Counts counts = root.counts();
    return new ManifestExtension(
        new RecordedOptions(
            options.pageBytes(),
            options.pagesPerFileShift(),
            options.appendMode(),
            options.leafRestartInterval(),
            options.indexRestartInterval(),
            options.overflowPointers(),
            options.compression()),
        new EntryCounts(
            counts.entries(), counts.overflowEntries(), counts.ttlEntries(), counts.exact()),
        sequence,
        newMetadata,
        root.pendingCuts(),
        0,
        bucketKeys ? ManifestExtension.FEATURE_BUCKET_KEYS : 0,
        Segment.records(root.segments()),
        opaque);
  }

  // ---- archives ---------------------------------------------------------------------------------

  synchronized List<Long> archives() {
    return archives.timestamps();
  }

  synchronized void checkNewArchive(long timestamp) {
    if (archives.contains(timestamp)) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "partition " + context.id() + " has an archive " + timestamp + " already");
    }
  }

  /** Commits a root with the metadata there is, and archives it; deletes no other archive. */
  synchronized void archive(Root root, long sequence, boolean bucketKeys, long timestamp) {
    commit(root, sequence, bucketKeys, metadata).close();
    writeArchive(timestamp);
  }

  /** Archives what the last commit published, and deletes archives that are too many. */
  synchronized void archive(long timestamp) {
    writeArchive(timestamp);
    retainArchives(timestamp);
  }

  private void writeArchive(long timestamp) {
    String obstacle = obstacle();
    if (obstacle != null) {
      throw new StoreException(
          committed == null ? StoreErrorCode.CLOSED : StoreErrorCode.NOT_FOUND,
          "partition " + context.id() + obstacle);
    }
    context.requireAppendMode("an archive");
    checkNewArchive(timestamp);
    FileName.Archive name = new FileName.Archive(term, timestamp);
    archives.add(name, committed.mapping(), committed.segments());
    try {
      manifest.archive(archives.path(name), content(committed, extension));
    } catch (StoreException e) {
      if (e.code() == StoreErrorCode.OUT_OF_MEMORY) {
        // Nothing was written.
        archives.letGo(name);
      } else {
        poison.accept(e);
      }
      throw e;
    }
    archivedExtent = manifest.extent();
    archiveDueMs = nextArchiveMs(context.clock().nowMs() * MICROS_PER_MS);
  }

  /** Deletes the oldest archives that are too many, but not the one just made. */
  synchronized void retainArchives(long made) {
    int retained = context.options().space().retainedArchives();
    if (retained > 0) {
      archives.tooMany(retained, made).forEach(this::deleteArchive);
    }
  }

  /** Why there is nothing to archive; {@code null} when there is. */
  private String obstacle() {
    if (committed == null) {
      return " was closed before the archive";
    }
    if (manifest.extent() == null) {
      return " has no commit that could be archived";
    }
    for (int i = 0; i < committed.mapping().fileCount(); i++) {
      if (!context.files().contains(committed.mapping().fileId(i))) {
        return " was restored with a part of its image: commit before it is archived";
      }
    }
    for (Segment segment : committed.segments()) {
      if (!context.files().contains(segment.fileId())) {
        return " was restored with a part of its image: commit before it is archived";
      }
    }
    return null;
  }

  synchronized void deleteArchive(long timestamp) {
    if (committed == null) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "partition " + context.id() + " was closed before the deletion");
    }
    try {
      archives.delete(timestamp);
    } catch (StoreException e) {
      if (e.code() != StoreErrorCode.NOT_FOUND) {
        poison.accept(e);
      }
      throw e;
    }
    context.deleteUnreferencedFiles();
  }

  /** Whether the interval has passed since the last archive. Any thread, no lock. */
  boolean isArchiveDue(long nowMs) {
    return archiveDueMs <= nowMs;
  }

  /** Archives the last commit if it is due and not archived yet. Worker only. */
  synchronized void archiveIfDue(long nowMs) {
    if (!isArchiveDue(nowMs)) {
      return;
    }
    long timestamp = nowMs * MICROS_PER_MS;
    if (obstacle() != null
        || manifest.extent().equals(archivedExtent)
        || archives.contains(timestamp)) {
      archiveDueMs = nextArchiveMs(timestamp);
      return;
    }
    try {
      archive(timestamp);
    } catch (StoreException e) {
      if (e.code() != StoreErrorCode.OUT_OF_MEMORY) {
        throw e;
      }
      // Nothing was written; there may be memory next time.
      archiveDueMs = nowMs + RETRY_MS;
    }
  }

  private long nextArchiveMs(long lastMicros) {
    SpaceOptions space = context.options().space();
    if (space.retainedArchives() == 0 || space.archiveIntervalSecs() == 0) {
      return NEVER;
    }
    // Numbers that a caller chose may lie anywhere.
    long lastMs = Long.divideUnsigned(lastMicros, MICROS_PER_MS);
    return Math.min(lastMs, context.clock().nowMs()) + space.archiveIntervalSecs() * 1000;
  }

  /** The bytes of the manifest that count; {@code null} before the first commit. */
  synchronized ManifestExtent extent() {
    return manifest.extent();
  }

  @Override
  public synchronized void close() {
    if (committed != null) {
      committed.release();
      committed = null;
      manifest.close();
    }
  }
}
