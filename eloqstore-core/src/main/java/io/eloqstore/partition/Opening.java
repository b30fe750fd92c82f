/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.file.FileSet;
import io.eloqstore.file.PartitionDirectory;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.EntryCounts;
import io.eloqstore.manifest.ManifestExtension;
import io.eloqstore.manifest.ManifestImage;
import io.eloqstore.manifest.ManifestReader;
import io.eloqstore.manifest.ManifestState;
import io.eloqstore.manifest.ManifestTarget;
import io.eloqstore.manifest.ManifestWriter;
import io.eloqstore.mapping.FileIds;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.mapping.PageIds;
import io.eloqstore.mapping.SlotSpace;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.page.LeafPage;
import io.eloqstore.pagestore.PageReader;
import io.eloqstore.tree.TreeScan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Opens a partition: lock, manifest, mapping; no data page is read unless another engine wrote last
 * and the entries must be counted, or an image is clipped to a range of keys.
 *
 * <p>One use. Writes nothing but the edges of a clipped tree, and forces the manifest if places
 * that it names are to be written again; files that nothing references are offered for deletion.
 */
public final class Opening {
  // A store that another engine wrote to last has no operation number; milliseconds times this are
  // above every number that operations could have counted up to: 4 million operations in every
  // second since 1970. Numbers have 55 bits, so a clock gone astray must not use them up.
  private static final int CLOCK_SHIFT = 12;
  private static final long CLOCK_MS_MAX = 1L << 42;

  private final PartitionResources resources;
  private final Path directory;
  private final PartitionId id;
  private final StoreOptions options;
  private final ManifestImage image;
  private final FileName manifest;
  private final boolean readOnly;
  // Null unless data files come while it opens.
  private final ImageFiles source;
  private final KeyRange kept;
  private boolean clipped;
  private Archives archives;

  private Opening(
      PartitionResources resources,
      Path directory,
      PartitionId id,
      StoreOptions options,
      ManifestImage image,
      FileName manifest,
      boolean readOnly,
      ImageFiles source,
      KeyRange kept) {
    this.resources = resources;
    this.directory = directory;
    this.id = id;
    this.options = options;
    this.image = image;
    this.manifest = manifest;
    this.readOnly = readOnly;
    this.source = source;
    this.kept = kept;
  }

  /**
   * Opens a partition.
   *
   * @param directory of the partition; its parent is the store
   * @param image description of an image that must be found exactly, or {@code null}
   * @param readOnly whether to take no lock and refuse writes
   */
  public static Partition open(
      PartitionResources resources,
      Path directory,
      PartitionId id,
      StoreOptions options,
      byte[] image,
      boolean readOnly) {
    ManifestImage wanted = image == null ? null : wanted(directory, options, image);
    Opening opening =
        new Opening(resources, directory, id, options, wanted, null, readOnly, null, KeyRange.ALL);
    return readOnly ? opening.open(opening.list(), () -> {}) : opening.openLocked();
  }

  /**
   * Opens a partition whose directory the caller has locked and unlocks when it is closed.
   *
   * @param directory of the partition
   */
  public static Partition openHeld(
      PartitionResources resources, Path directory, PartitionId id, StoreOptions options) {
    Opening opening =
        new Opening(resources, directory, id, options, null, null, false, null, KeyRange.ALL);
    return opening.open(opening.list(), () -> {});
  }

  /**
   * Restores a partition from the manifest of an image in its directory, with only the keys of a
   * range. Data files are fetched when they are known to be needed.
   *
   * <p>Without entries that expire, and if this engine wrote last, only files with a page of the
   * range are fetched, and a few pages at the edges are written. Otherwise all files are fetched
   * and the rest is deleted as range deletes are: its pages are swept in the background.
   *
   * @param directory of the partition; its parent is the store
   * @param image description of the image
   * @param kept not empty; its ends are shorter than keys that live in buckets
   * @param source of the data files that are not in the directory yet
   * @throws StoreException {@code IO_FAILED} when a fetch failed; nothing is held then
   * @throws CorruptionException when a file or a page is not what the image says
   */
  public static Partition restore(
      PartitionResources resources,
      Path directory,
      PartitionId id,
      StoreOptions options,
      byte[] image,
      KeyRange kept,
      ImageFiles source) {
    ManifestImage wanted = wanted(directory, options, image);
    Opening opening =
        new Opening(resources, directory, id, options, wanted, null, false, source, kept);
    Partition partition = opening.openLocked();
    if (!opening.clipped) {
      try {
        deleteOutside(partition, kept);
      } catch (RuntimeException | Error e) {
        partition.close();
        throw e;
      }
    }
    return partition;
  }

  private static ManifestImage wanted(Path directory, StoreOptions options, byte[] image) {
    if (!options.appendMode()) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          directory + ": an image is restored in append mode only, its files may be shared");
    }
    return ManifestImage.decode(image, "image of " + directory);
  }

  private static void deleteOutside(Partition partition, KeyRange kept) {
    if (kept.from() != null) {
      partition.deleteRange(new KeyRange(null, kept.from()));
    }
    if (kept.to() != null) {
      partition.deleteRange(new KeyRange(kept.to(), null));
    }
  }

  private Partition openLocked() {
    PartitionDirectory locked = PartitionDirectory.open(resources.io(), directory.getParent(), id);
    try {
      return open(locked.files(), locked);
    } catch (RuntimeException | Error e) {
      try {
        locked.close();
      } catch (RuntimeException late) {
        e.addSuppressed(late);
      }
      throw e;
    }
  }

  /**
   * Opens what one manifest of a directory says, to look at: takes no lock, refuses writes.
   *
   * @param directory of the partition; need not lie in a store
   * @param manifestName a manifest or an archive of the directory; {@code null} for the newest
   *     manifest
   * @throws StoreException {@code INVALID_ARGUMENT} when that is no name of a manifest, {@code
   *     NOT_FOUND} when there is no such file
   */
  public static Partition openReadOnly(
      PartitionResources resources,
      Path directory,
      PartitionId id,
      StoreOptions options,
      String manifestName) {
    FileName manifest = manifestName == null ? null : manifestName(directory, manifestName);
    Opening opening =
        new Opening(resources, directory, id, options, null, manifest, true, null, KeyRange.ALL);
    return opening.open(opening.list(), () -> {});
  }

  private static FileName manifestName(Path directory, String text) {
    FileName name = FileNames.parse(text);
    if (name instanceof FileName.Manifest || name instanceof FileName.Archive) {
      return name;
    }
    throw new StoreException(
        StoreErrorCode.INVALID_ARGUMENT,
        directory + ": expected the name of a manifest or an archive, found " + text);
  }

  private List<FileName> list() {
    if (!resources.io().exists(directory)) {
      throw new StoreException(StoreErrorCode.NOT_FOUND, directory + ": no such partition");
    }
    List<FileName> names = new ArrayList<>();
    for (DirectoryEntry entry : resources.io().list(directory)) {
      names.add(FileNames.parse(entry.name()));
    }
    return names;
  }

  private Partition open(List<FileName> names, AutoCloseable lock) {
    if (options.compression() && !readOnly) {
      ValueCompression.requireLibrary(directory.toString());
    }
    FileName chosen = manifest != null ? manifest : FileNames.newestManifest(names);
    if (chosen == null && (readOnly || image != null)) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND, directory + ": there is no manifest in this directory");
    }
    DirectoryStock stock = new DirectoryStock(resources, directory, options, names);
    if (!readOnly) {
      stock.checkTerm(chosen);
    }
    ManifestState state = chosen == null ? null : read(chosen);
    MappingSnapshot mapping =
        state == null
            ? MappingSnapshot.empty(resources.budget(), options.pagesPerFileShift())
            : state.mapping();
    FileSet files = null;
    PageReader reader = null;
    try {
      if (state != null && state.extension() != null) {
        state
            .extension()
            .options()
            .checkIdentity(
                directory.toString(),
                options.pageBytes(),
                options.pagesPerFileShift(),
                options.appendMode());
      }
      files =
          FileSet.open(
              resources.io(options.durability()),
              directory,
              options.pageBytes(),
              options.pagesPerFileShift(),
              state == null ? new TreeMap<>() : DirectoryStock.liveTerms(state),
              options.term());
      reader =
          new PageReader(
              resources.budget().arena(),
              resources.cache(),
              files,
              options.pageBytes(),
              resources.counters());
      if (source != null) {
        state = arrived(state, files, reader);
        if (state.mapping() != mapping) {
          mapping.release();
          mapping = state.mapping();
        }
      }
      checkMappingFits(mapping);
      checkFiles(files, mapping, segments(state));
      return assemble(stock, chosen, state, mapping, files, reader, lock);
    } catch (RuntimeException | Error e) {
      mapping.release();
      if (reader != null) {
        reader.close();
      }
      if (files != null) {
        files.close();
      }
      throw e;
    }
  }

  /** Fetches what is needed of the data files; the state of only the kept keys if that can be. */
  private ManifestState arrived(ManifestState state, FileSet files, PageReader reader) {
    ImageArrival arrival = new ImageArrival(files, image, source);
    if (kept.equals(KeyRange.ALL) || !ImageClip.isPossible(state)) {
      arrival.requireAll();
      return state;
    }
    clipped = true;
    return new ImageClip(resources.budget(), reader, arrival, kept).apply(state);
  }

  private ManifestState read(FileName name) {
    ManifestReader reader = new ManifestReader(resources.budget(), options.pagesPerFileShift());
    try (BlockFile file = resources.io().open(directory.resolve(name.text()), OpenMode.READ)) {
      return image == null ? reader.read(file) : reader.readImage(file, image);
    }
  }

  /** The mapping stays in memory: it may take half of the budget, no more. */
  private void checkMappingFits(MappingSnapshot mapping) {
    long limit = resources.budget().limit(MemoryUse.MAPPING);
    if (mapping.bytes() > limit) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          directory
              + ": the mapping of "
              + mapping.pageCount()
              + " pages takes "
              + mapping.bytes()
              + " bytes, more than half of the budget of "
              + resources.budget().budgetBytes()
              + "; it needs a budget of "
              + 2 * MappingSnapshot.budgetBytesFor(mapping.pageCount()));
    }
  }

  private Segment[] segments(ManifestState state) {
    return segments(state, options);
  }

  static Segment[] segments(ManifestState state, StoreOptions options) {
    return state == null || state.extension() == null
        ? Segment.NONE
        : Segment.of(state.extension().segments(), options.pagesPerFileShift());
  }

  private void checkFiles(FileSet files, MappingSnapshot mapping, Segment[] segments) {
    for (Segment segment : segments) {
      long expected = (long) segment.pages() * options.pageBytes();
      long found = files.contains(segment.fileId()) ? files.writtenBytes(segment.fileId()) : -1;
      if (found < expected) {
        throw new CorruptionException(
            directory.toString(),
            -1,
            "length of data file " + segment.fileId() + " with a change segment",
            expected,
            found < 0 ? "no such file" : found);
      }
    }
    for (int i = 0; i < mapping.fileCount(); i++) {
      if (!files.contains(mapping.fileId(i))) {
        throw new CorruptionException(
            directory.toString(),
            -1,
            "data file " + mapping.fileId(i),
            mapping.livePagesAt(i) + " live pages",
            "no such file");
      }
    }
    if (image == null || source != null) {
      // What comes while it opens is checked when it has come.
      return;
    }
    for (ManifestImage.DataFileLength file : image.files()) {
      long found = files.contains(file.fileId()) ? files.writtenBytes(file.fileId()) : -1;
      if (found < file.length()) {
        throw new CorruptionException(
            directory.toString(),
            -1,
            "length of data file " + file.fileId() + " of the image",
            file.length(),
            found < 0 ? "no such file" : found);
      }
    }
  }

  private Partition assemble(
      DirectoryStock stock,
      FileName chosen,
      ManifestState state,
      MappingSnapshot mapping,
      FileSet files,
      PageReader reader,
      AutoCloseable lock) {
    SlotSpace slots = readOnly || options.appendMode() ? null : slots(stock, state, mapping);
    PartitionContext context =
        new PartitionContext(
            id,
            options,
            resources,
            files,
            reader,
            PageIds.of(mapping),
            new FileIds(nextFile(state, mapping, files), options.pagesPerFileShift()),
            slots,
            state == null ? ValueCompression.NO_DICTIONARY : state.dictionary());
    if (slots != null) {
      forceInherited(context, chosen, state);
    }
    ManifestExtension extension = state == null ? null : state.extension();
    Root root =
        new Root(
            state == null ? Root.NO_PAGE : state.rootPage(),
            state == null ? Root.NO_PAGE : state.ttlRootPage(),
            mapping,
            counts(context, state, extension),
            extension == null ? new int[0] : extension.pendingCuts(),
            segments(state),
            context.references());
    archives = new Archives(context, directory);
    if (readOnly) {
      stock.seeArchives(archives);
    } else {
      stock.offerLeftovers(context, files, archives);
    }
    if (!clipped) {
      return assemble(stock, chosen, state, context, root, root, lock);
    }
    Root working = withoutEdges(context, root);
    try {
      Partition partition = assemble(stock, chosen, state, context, root, working, lock);
      // The committer holds what the manifest says, the rows what is read.
      root.release();
      return partition;
    } catch (RuntimeException | Error e) {
      working.release();
      throw e;
    }
  }

  /** What the manifest does not name is free, whatever an earlier run wrote there. */
  private static SlotSpace slots(
      DirectoryStock stock, ManifestState state, MappingSnapshot mapping) {
    stock.checkNoArchives();
    return SlotSpace.of(mapping, state == null ? 0 : state.maxFilePage());
  }

  private long nextFile(ManifestState state, MappingSnapshot mapping, FileSet files) {
    long next = files.highestId() + 1;
    for (int i = 0; i < mapping.fileCount(); i++) {
      next = Math.max(next, mapping.fileId(i) + 1);
    }
    for (Segment segment : segments(state)) {
      next = Math.max(next, segment.fileId() + 1);
    }
    // Of an image some files may not be here; their names are not given to other bytes.
    return source == null
        ? next
        : Math.max(
            next,
            state.maxFilePage() - 1 + (1L << options.pagesPerFileShift())
                >>> options.pagesPerFileShift());
  }

  /** The root without the keys outside of the range in the leaves at its edges. */
  private Root withoutEdges(PartitionContext context, Root root) {
    try (Flusher flusher = new Flusher(context)) {
      Root working = flusher.clip(root, kept);
      flusher.rootStands();
      return working;
    }
  }

  /**
   * @param committed what the manifest says
   * @param working what is read; taken over
   */
  private Partition assemble(
      DirectoryStock stock,
      FileName chosen,
      ManifestState state,
      PartitionContext context,
      Root committed,
      Root working,
      AutoCloseable lock) {
    ManifestExtension extension = state == null ? null : state.extension();
    Path manifestPath =
        directory.resolve(readOnly ? chosen.text() : FileNames.manifest(options.term()));
    ManifestTarget target =
        new ManifestTarget(
            resources.io(options.durability()),
            resources.budget(),
            manifestPath,
            options.term(),
            options.durability() == StoreOptions.Durability.COMMIT,
            options.manifestLogBytesMax());
    Rows rows = new Rows(context, working, sequence(state, extension));
    if (!readOnly) {
      context.expiry().opened(working);
    }
    List<Path> formers = stock.formers();
    ManifestWriter writer =
        state == null
            ? ManifestWriter.create(target)
            : ManifestWriter.succeed(target, state, formers);
    // A store of ours holds its long keys in buckets from its first commit on.
    boolean bucketKeys =
        state == null
            || extension != null
                && (extension.features() & ManifestExtension.FEATURE_BUCKET_KEYS) != 0;
    Committer committer =
        new Committer(
            context,
            writer,
            manifestPath,
            committed,
            extension,
            state == null || !options.appendMode() || !formers.isEmpty()
                ? null
                : new InheritedManifest(context, manifestPath, state.extent()),
            state == null || extension != null,
            archives,
            rows::poison,
            rows::poisonOrNull);
    if (!readOnly) {
      rows.maintenance().workFor(committer);
    }
    return new Partition(
        context, rows, new LongKeys(context, rows, bucketKeys), committer, lock, readOnly);
  }

  /**
   * The manifest as it is on the disk is what a power cut leaves, so it is forced before places
   * that it may name are written again: now, or with the first commit in append mode.
   */
  private void forceInherited(PartitionContext context, FileName chosen, ManifestState state) {
    if (state != null && options.durability() == StoreOptions.Durability.COMMIT) {
      new InheritedManifest(context, directory.resolve(chosen.text()), state.extent()).force();
    }
  }

  private long sequence(ManifestState state, ManifestExtension extension) {
    if (extension != null) {
      return extension.sequence();
    }
    return state == null ? 0 : Math.min(resources.clock().nowMs(), CLOCK_MS_MAX) << CLOCK_SHIFT;
  }

  private Counts counts(
      PartitionContext context, ManifestState state, ManifestExtension extension) {
    if (extension != null) {
      // Of an empty tree too: subtrees that wait for their sweep may hold overflow and TTL entries.
      EntryCounts known = extension.counts();
      return new Counts(
          known.entries(), known.overflowEntries(), known.ttlEntries(), known.exact());
    }
    if (state == null || state.rootPage() == Root.NO_PAGE) {
      return Counts.EMPTY;
    }
    return readOnly ? Counts.UNKNOWN : count(context, state);
  }

  /** Another engine wrote last, so the counts of ours are old: read the leaves once. */
  private static Counts count(PartitionContext context, ManifestState state) {
    long entries = 0;
    long overflow = 0;
    long expiring = 0;
    try (TreeScan scan = new TreeScan(context.source())) {
      scan.open(state.rootPage(), state.mapping()::filePage);
      for (boolean more = scan.first(); more; more = scan.next()) {
        entries++;
        overflow += (scan.flags() & LeafPage.OVERFLOW) != 0 ? 1 : 0;
        expiring += scan.expireTs() != 0 ? 1 : 0;
      }
    }
    return new Counts(entries, overflow, expiring, true);
  }
}
