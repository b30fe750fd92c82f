/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
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

/**
 * Publishes roots. Any thread, one at a time; the owner's reads and writes need nothing of it.
 *
 * <p>Invariant: the committed root is held, so no file that the manifest on disk names is deleted.
 */
final class Committer implements AutoCloseable {
  private final PartitionContext context;
  private final ManifestWriter manifest;
  private final Path manifestPath;
  private final byte[] dictionary;
  private final List<ManifestExtension.OpaqueSection> opaque;
  private final Consumer<StoreException> poison;
  // Null once it is known to be on the disk.
  private InheritedManifest inherited;
  private Root committed;
  private SortedMap<String, byte[]> metadata;
  private boolean metadataValid;
  private long committedSequence;

  /**
   * @param manifest positioned behind what was read
   * @param committed what the last commit holds; the committer takes a hold of its own
   * @param last extension of the last record, {@code null} when there is none
   * @param inherited manifest of an earlier run to be forced first; {@code null} for none
   * @param metadataValid whether the last record was ours, or there is none
   * @param poison told when a write failed
   */
  Committer(
      PartitionContext context,
      ManifestWriter manifest,
      Path manifestPath,
      byte[] dictionary,
      Root committed,
      ManifestExtension last,
      InheritedManifest inherited,
      boolean metadataValid,
      Consumer<StoreException> poison) {
    this.context = context;
    this.manifest = manifest;
    this.manifestPath = manifestPath;
    this.dictionary = dictionary;
    this.inherited = inherited;
    this.opaque = last == null ? List.of() : last.opaque();
    this.metadata = last == null ? new TreeMap<>() : last.metadata();
    this.committedSequence = last == null ? -1 : last.sequence();
    this.metadataValid = metadataValid;
    this.poison = poison;
    this.committed = committed;
    committed.retain();
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
    if (committed == null) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "partition " + context.id() + " was closed before the commit");
    }
    if (newMetadata == null
        || newMetadata.keySet().stream().anyMatch(Objects::isNull)
        || newMetadata.values().stream().anyMatch(Objects::isNull)) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "partition " + context.id() + ": the metadata of a commit must not be or hold null");
    }
    SortedMap<String, byte[]> copy = Collections.unmodifiableSortedMap(new TreeMap<>(newMetadata));
    if (!isPublished(root, sequence, copy)) {
      long start = System.nanoTime();
      try {
        publish(root, extension(root, sequence, bucketKeys, copy));
      } catch (StoreException e) {
        poison.accept(e);
        throw e;
      }
      context.counters().commit().since(start);
      metadata = copy;
      metadataValid = true;
      committedSequence = sequence;
      context.deleteUnreferencedFiles();
    }
    return CommittedImage.open(context, root, manifestPath, manifest.extent());
  }

  /** Whether the manifest says exactly this, by a record of ours. */
  synchronized boolean isCommitted(Root root, long sequence) {
    return root == committed && sequence == committedSequence && metadataValid;
  }

  private boolean isPublished(Root root, long sequence, SortedMap<String, byte[]> wanted) {
    return manifest.extent() != null
        && root == committed
        && sequence == committedSequence
        && metadataValid
        && wanted.keySet().equals(metadata.keySet())
        && wanted.entrySet().stream()
            .allMatch(entry -> Arrays.equals(entry.getValue(), metadata.get(entry.getKey())));
  }

  /** The one place that holds the order of a commit: pages, force, record, force, root. */
  private void publish(Root root, ManifestExtension extension) {
    if (context.options().durability() == StoreOptions.Durability.COMMIT) {
      context.files().force();
      if (inherited != null) {
        context.counters().wrote(WriteCause.MANIFEST, inherited.force());
        inherited = null;
      }
    }
    ManifestExtent before = manifest.extent();
    ManifestExtent now =
        manifest.commit(
            new ManifestContent(
                root.treePage(),
                root.ttlPage(),
                context.maxFilePage(),
                dictionary,
                root.mapping(),
                extension));
    boolean appended = before != null && before.incarnation() == now.incarnation();
    context.counters().wrote(WriteCause.MANIFEST, now.length() - (appended ? before.length() : 0));
    root.retain();
    Root old = committed;
    committed = root;
    old.release();
  }

  private ManifestExtension extension(
      Root root, long sequence, boolean bucketKeys, SortedMap<String, byte[]> newMetadata) {
    StoreOptions options = context.options();
    Counts counts = root.counts();
    return new ManifestExtension(
        new RecordedOptions(
            options.pageBytes(),
            options.pagesPerFileShift(),
            true,
            options.leafRestartInterval(),
            options.indexRestartInterval(),
            options.overflowPointers(),
            false),
        new EntryCounts(
            counts.entries(), counts.overflowEntries(), counts.ttlEntries(), counts.exact()),
        sequence,
        newMetadata,
        root.pendingCuts(),
        0,
        bucketKeys ? ManifestExtension.FEATURE_BUCKET_KEYS : 0,
        opaque);
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
