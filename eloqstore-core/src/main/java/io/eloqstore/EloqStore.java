/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ServeOptions;
import io.eloqstore.api.ServedPartition;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.PartitionDirectory;
import io.eloqstore.file.PartitionRemoval;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.partition.ArchivePoint;
import io.eloqstore.partition.LazyPartition;
import io.eloqstore.partition.LoadedPartitions;
import io.eloqstore.partition.Opening;
import io.eloqstore.partition.Partition;
import io.eloqstore.shard.Shard;
import io.eloqstore.snapshot.Rollback;
import io.eloqstore.task.QueuedPartition;
import io.eloqstore.task.ServingLoop;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A directory of partitions on a shard, or several, one for each disk.
 *
 * <p>Opening and closing may be done by any thread; each partition belongs to the thread that uses
 * it (see {@link OwnedPartition}).
 */
public final class EloqStore implements AutoCloseable {
  private final Shard shard;
  private final StorePaths paths;
  private final StoreOptions options;
  private final boolean readOnly;
  private final Map<PartitionId, Partition> partitions = new HashMap<>();
  private final Map<PartitionId, LazyPartition> lazy = new HashMap<>();
  private final LoadedPartitions loaded;
  private final Map<PartitionId, QueuedPartition> served = new HashMap<>();
  private final Set<PartitionId> reserved = new HashSet<>();
  private boolean closed;

  private EloqStore(Shard shard, StorePaths paths, StoreOptions options, boolean readOnly) {
    this.shard = shard;
    this.paths = paths;
    this.options = options;
    this.readOnly = readOnly;
    this.loaded = new LoadedPartitions(shard.budget());
  }

  /** What the stores of one task slot share: memory, page cache, I/O, background thread. */
  public static Shard openShard(ShardOptions options) {
    Shard shard =
        new Shard(
            options.budgetBytes(),
            budget -> backend(budget, options.directIo()),
            options.clock(),
            options.openFilesMax());
    shard.startTimer();
    return shard;
  }

  private static IoBackend backend(MemoryBudget budget, boolean directIo) {
    return directIo ? NioBackend.direct(budget.arena()) : NioBackend.buffered(budget.arena());
  }

  /**
   * Opens a store; creates its directory when there is none.
   *
   * @param directory where the partitions' directories are; nothing else may lie in it
   */
  public static EloqStore open(Shard shard, Path directory, StoreOptions options) {
    checkGiven(directory, "the directory of a store");
    return open(shard, List.of(directory), options);
  }

  /**
   * Opens a store on several disks; creates the directories that are absent. Partition {@code n} is
   * in directory {@code n} mod their number, so number and order must stay.
   *
   * @param directories where the partitions' directories are; nothing else may lie in them
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} when one is named twice or lies
   *     in another, {@link StoreErrorCode#UNSUPPORTED_FORMAT} when one holds a file, {@link
   *     StoreErrorCode#IDENTITY_MISMATCH} when one holds a partition that belongs into another
   */
  public static EloqStore open(Shard shard, List<Path> directories, StoreOptions options) {
    StorePaths paths = checkedPaths(shard, directories, options);
    paths.create(shard.io());
    return new EloqStore(shard, paths, options, false);
  }

  /**
   * Opens a store to look at: takes no locks, writes and deletes nothing, refuses writes. Its owner
   * must not be writing meanwhile.
   */
  public static EloqStore openReadOnly(Shard shard, Path directory, StoreOptions options) {
    checkGiven(directory, "the directory of a store");
    return openReadOnly(shard, List.of(directory), options);
  }

  /** As above, a store on several disks. */
  public static EloqStore openReadOnly(Shard shard, List<Path> directories, StoreOptions options) {
    StorePaths paths = checkedPaths(shard, directories, options);
    paths.check(shard.io());
    return new EloqStore(shard, paths, options, true);
  }

  /**
   * Opens one partition to look at, wherever its directory lies: takes no lock, writes and deletes
   * nothing, refuses writes. Its owner must not be writing meanwhile.
   *
   * @param manifestName a manifest or an archive of the directory, to see the state that it names;
   *     {@code null} for the newest manifest
   * @throws StoreException {@link StoreErrorCode#NOT_FOUND} when there is no such manifest, {@link
   *     StoreErrorCode#IDENTITY_MISMATCH} as {@link #openPartition} does
   * @throws io.eloqstore.api.CorruptionException when the manifest is damaged
   */
  public static OwnedPartition openPartitionReadOnly(
      Shard shard, Path partitionDirectory, StoreOptions options, String manifestName) {
    Path path = partitionDirectory.toAbsolutePath().normalize();
    String name = path.getFileName() == null ? "root" : path.getFileName().toString();
    PartitionId known = PartitionId.fromDirectoryName(name);
    PartitionId id = known == null ? new PartitionId(name, 0) : known;
    return joined(shard, Opening.openReadOnly(shard, path, id, options, manifestName));
  }

  private static Partition joined(Shard shard, Partition partition) {
    try {
      shard.joined(partition);
    } catch (RuntimeException e) {
      partition.close();
      throw e;
    }
    partition.onClose(() -> shard.left(partition));
    partition.resumeBackgroundWork();
    return partition;
  }

  /**
   * Opens a partition, empty if there was none; the calling thread is its first owner.
   *
   * @throws StoreException {@link StoreErrorCode#BUSY} when it is open already, {@link
   *     StoreErrorCode#IDENTITY_MISMATCH} when it was written with another page or file size,
   *     {@link StoreErrorCode#NOT_FOUND} when the store is read-only and there is none
   * @throws io.eloqstore.api.CorruptionException when its manifest is damaged
   */
  public OwnedPartition openPartition(PartitionId id) {
    return open(id, null);
  }

  /**
   * Opens a partition for one of many that are rarely used: its directory is locked now, its
   * manifest is read with the first operation. While it is idle, everything of it committed, it may
   * be unloaded where mappings take more than half of what they may, and is loaded again with its
   * next use. Each operation costs two atomic steps more, and the first write after a loading
   * begins a data file.
   *
   * @throws StoreException as {@link #openPartition}; what concerns the manifest is thrown by the
   *     first operation, {@link io.eloqstore.api.CorruptionException} too, and by every later one
   *     until it can be loaded. {@link StoreErrorCode#NO_PERMISSION} when the store is read-only
   */
  public synchronized OwnedPartition openPartitionLazily(PartitionId id) {
    checkCanOpen(id);
    checkWritable();
    Path path = partitionDirectory(id);
    PartitionDirectory locked = PartitionDirectory.open(shard.io(), path.getParent(), id);
    LazyPartition partition =
        new LazyPartition(
            id,
            options,
            locked,
            () -> joined(shard, Opening.openHeld(shard, path, id, options)),
            loaded);
    lazy.put(id, partition);
    return partition;
  }

  /**
   * Opens a partition whose files were put into its directory from an image, and accepts exactly
   * that image.
   *
   * @param imageDescription {@link io.eloqstore.api.PartitionImage#description}
   * @throws io.eloqstore.api.CorruptionException when a file is missing, shorter or different
   */
  public OwnedPartition restorePartition(PartitionId id, byte[] imageDescription) {
    checkGiven(imageDescription, "the description of an image");
    return open(id, imageDescription);
  }

  /**
   * Restores a partition with only the keys of a range from an image of which the manifest alone
   * must lie in the partition's directory; no data page is copied.
   *
   * <p>Only data files that hold a page of the range are fetched. The one or two leaves at the ends
   * of the range and the index pages above them are written anew, into a new file. If the image
   * holds entries that expire, or another engine wrote last, all data files are fetched, and the
   * keys outside are deleted as {@link OwnedPartition#deleteRange} does it. So it is, without the
   * deleting, when the range holds every key.
   *
   * <p>What is on the disk says nothing of the range before the first commit: after a crash the
   * partition must be restored again, from the same manifest. The entry count may be an estimate.
   *
   * @param imageDescription {@link io.eloqstore.api.PartitionImage#description}
   * @param kept not empty; its ends are shorter than {@link StoreOptions#bucketPrefixBytes}
   * @param files called by this thread; it must not use the partition
   * @throws StoreException {@link StoreErrorCode#IO_FAILED} when a fetch failed, {@link
   *     StoreErrorCode#INVALID_ARGUMENT} for another range, {@link StoreErrorCode#NO_PERMISSION}
   *     when the store is read-only; otherwise as {@link #openPartition}. The partition can be
   *     restored again then
   * @throws io.eloqstore.api.CorruptionException when a file that was asked for is missing or too
   *     short afterwards, or the manifest or a page is not what the image says
   */
  public OwnedPartition restorePartition(
      PartitionId id, byte[] imageDescription, KeyRange kept, ImageFiles files) {
    checkGiven(imageDescription, "the description of an image");
    checkGiven(files, "the source of an image's files");
    KeyRange range = checkedRange(kept);
    checkWritable();
    reserve(id);
    Partition partition = null;
    try {
      Path path = partitionDirectory(id);
      partition =
          joined(shard, Opening.restore(shard, path, id, options, imageDescription, range, files));
    } finally {
      settle(id, partition);
    }
    return partition;
  }

  private KeyRange checkedRange(KeyRange kept) {
    checkGiven(kept, "the range of keys to keep");
    if (kept.isEmpty()) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT, "the range of keys to keep must not be empty");
    }
    for (byte[] end : new byte[][] {kept.from(), kept.to()}) {
      if (end != null && end.length >= options.bucketPrefixBytes()) {
        throw new StoreException(
            StoreErrorCode.INVALID_ARGUMENT,
            "an end of the range of keys to keep has less than "
                + options.bucketPrefixBytes()
                + " bytes, found "
                + end.length);
      }
    }
    boolean fromFirst = kept.from() != null && kept.from().length == 0;
    return fromFirst ? new KeyRange(null, kept.to()) : kept;
  }

  /** Nobody else opens it while its files are fetched; that takes long, so no lock is held. */
  private synchronized void reserve(PartitionId id) {
    checkCanOpen(id);
    reserved.add(id);
  }

  private synchronized void settle(PartitionId id, Partition partition) {
    reserved.remove(id);
    if (partition == null) {
      return;
    }
    if (closed) {
      partition.close();
      checkOpen();
    }
    partitions.put(id, partition);
  }

  private static StorePaths checkedPaths(
      Shard shard, List<Path> directories, StoreOptions options) {
    checkGiven(shard, "the shard of a store");
    checkGiven(directories, "the directories of a store");
    directories.forEach(directory -> checkGiven(directory, "a directory of a store"));
    checkGiven(options, "the options of a store");
    return StorePaths.of(directories);
  }

  private static void checkGiven(Object argument, String what) {
    if (argument == null) {
      throw new StoreException(StoreErrorCode.INVALID_ARGUMENT, what + " must not be null");
    }
  }

  private synchronized OwnedPartition open(PartitionId id, byte[] imageDescription) {
    checkCanOpen(id);
    Partition partition =
        joined(
            shard,
            Opening.open(shard, partitionDirectory(id), id, options, imageDescription, readOnly));
    partitions.put(id, partition);
    return partition;
  }

  /**
   * Opens a partition for requests from any thread, done on the serving thread of the shard.
   *
   * @throws StoreException as {@link #openPartition} does
   */
  public ServedPartition servePartition(PartitionId id, ServeOptions serveOptions) {
    checkGiven(serveOptions, "the options of a served partition");
    ServingLoop loop = shard.serving();
    synchronized (this) {
      QueuedPartition served =
          QueuedPartition.serve(openPartition(id), serveOptions, loop, shard.clock());
      this.served.put(id, served);
      return served;
    }
  }

  private void checkCanOpen(PartitionId id) {
    checkOpen();
    checkGiven(id, "the id of a partition");
    Partition known = partitions.get(id);
    LazyPartition unloaded = lazy.get(id);
    if (known != null && !known.isClosed()
        || unloaded != null && !unloaded.isClosed()
        || reserved.contains(id)) {
      throw new StoreException(
          StoreErrorCode.BUSY, "partition " + id + " of " + paths + " is open already");
    }
  }

  /**
   * Makes an archive the content of a partition that is not open; other archives stay, so one that
   * was made before is rolled forward to in the same way. A crash leaves the content before or
   * after.
   *
   * @param timestamp one of {@link OwnedPartition#archives}
   * @throws StoreException {@link StoreErrorCode#NOT_FOUND} when there is no such archive, {@link
   *     StoreErrorCode#BUSY} when the partition is open, {@link StoreErrorCode#NO_PERMISSION} when
   *     the store is read-only
   * @throws io.eloqstore.api.CorruptionException when the archive or a data file of it is damaged;
   *     nothing was changed then
   */
  public synchronized void rollback(PartitionId id, long timestamp) {
    checkCanOpen(id);
    checkWritable();
    new Rollback(shard.io(), shard.budget(), partitionDirectory(id).getParent(), id, options)
        .run(timestamp);
  }

  /**
   * Commits and archives open partitions as they are at one moment, a consistent cut over all of
   * them: all are frozen before the first is written. Either all get the archive or, when this
   * throws, none; what was committed stays committed, with the metadata of the commit before.
   *
   * @param timestamp see {@link OwnedPartition#archive}
   * @param filter which partitions; the calling thread must own them. Those that were opened with
   *     {@link #openPartitionLazily} are not among them
   * @return the partitions that were archived, in order
   */
  public List<PartitionId> archiveAll(long timestamp, Predicate<PartitionId> filter) {
    checkGiven(filter, "the filter of partitions to archive");
    checkWritable();
    Map<PartitionId, ArchivePoint> points = new LinkedHashMap<>();
    List<ArchivePoint> archived = new ArrayList<>();
    try {
      for (Partition partition : openPartitions(filter)) {
        points.put(partition.id(), partition.freezeForArchive(timestamp));
      }
      for (ArchivePoint point : points.values()) {
        point.archive();
        archived.add(point);
      }
    } catch (RuntimeException | Error e) {
      for (ArchivePoint point : archived) {
        try {
          point.undo();
        } catch (RuntimeException late) {
          e.addSuppressed(late);
        }
      }
      points.values().forEach(ArchivePoint::close);
      throw e;
    }
    try {
      points.values().forEach(ArchivePoint::retain);
      return List.copyOf(points.keySet());
    } finally {
      points.values().forEach(ArchivePoint::close);
    }
  }

  private synchronized List<Partition> openPartitions(Predicate<PartitionId> filter) {
    checkOpen();
    return partitions.values().stream()
        .filter(partition -> !partition.isClosed() && filter.test(partition.id()))
        .sorted(Comparator.comparing(partition -> partition.id().directoryName()))
        .toList();
  }

  /** Where a partition's files are. */
  public Path partitionDirectory(PartitionId id) {
    return paths.directoryOf(id);
  }

  /** The partitions whose directories exist, by table and number. */
  public synchronized List<PartitionId> listPartitions() {
    checkOpen();
    return paths.list(shard.io());
  }

  /** The partitions of one table whose directories exist, by number. */
  public List<PartitionId> listPartitions(String table) {
    checkGiven(table, "the name of a table");
    return listPartitions().stream().filter(id -> id.table().equals(table)).toList();
  }

  /** The tables that have a partition, sorted by name. */
  public List<String> listTables() {
    return listPartitions().stream().map(PartitionId::table).distinct().toList();
  }

  /**
   * Deletes a table: every partition of it that is on the disk, opened here before or not, with its
   * archives. One that a crash interrupts is there as it was, empty, or gone.
   *
   * @return number of partitions that were deleted
   * @throws StoreException {@link StoreErrorCode#BUSY} naming a partition that is open, {@link
   *     StoreErrorCode#UNSUPPORTED_FORMAT} naming files that are not ours: nothing is deleted then;
   *     {@link StoreErrorCode#NO_PERMISSION} when the store is read-only; a failure to delete, with
   *     what comes after it left
   */
  public int dropTable(String table) {
    checkWritable();
    List<PartitionId> dropped = reserveTable(table);
    try {
      PartitionRemoval.remove(shard.io(), id -> partitionDirectory(id).getParent(), dropped);
    } finally {
      synchronized (this) {
        dropped.forEach(reserved::remove);
      }
    }
    return dropped.size();
  }

  /** Nobody opens a partition of the table while its files are deleted, which takes long. */
  private synchronized List<PartitionId> reserveTable(String table) {
    List<PartitionId> ids = listPartitions(table);
    ids.forEach(this::checkCanOpen);
    reserved.addAll(ids);
    return ids;
  }

  private void checkWritable() {
    if (readOnly) {
      throw new StoreException(
          StoreErrorCode.NO_PERMISSION, "the store at " + paths + " is open for reading only");
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "the store at " + paths + " was closed before the call");
    }
  }

  /**
   * Closes every partition: served ones as {@link ServedPartition#close} does, the others without
   * publishing anything. Does nothing the second time.
   *
   * @throws IllegalStateException on the serving thread of the shard
   */
  @Override
  public void close() {
    if (shard.isServing()) {
      throw new IllegalStateException(
          "the serving thread cannot wait until the store at " + paths + " is closed");
    }
    List<AutoCloseable> open = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open.addAll(served.values());
      // Those that are served are closed already then.
      open.addAll(partitions.values());
      open.addAll(lazy.values());
    }
    closeAll(open);
  }

  /** Without the lock: what requests to served partitions call may need it. */
  private static void closeAll(List<AutoCloseable> parts) {
    RuntimeException first = null;
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      } catch (Exception e) {
        throw new IllegalStateException("partitions throw no checked exceptions", e);
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
