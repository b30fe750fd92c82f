/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.file.PartitionDirectory;
import io.eloqstore.file.StoreDirectory;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.partition.LazyPartition;
import io.eloqstore.partition.LoadedPartitions;
import io.eloqstore.partition.Opening;
import io.eloqstore.partition.Partition;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A directory of partitions on a shard.
 *
 * <p>Opening and closing may be done by any thread; each partition belongs to the thread that uses
 * it (see {@link OwnedPartition}).
 */
public final class EloqStore implements AutoCloseable {
  private final Shard shard;
  private final Path directory;
  private final StoreOptions options;
  private final boolean readOnly;
  private final Map<PartitionId, Partition> partitions = new HashMap<>();
  private final Map<PartitionId, LazyPartition> lazy = new HashMap<>();
  private final LoadedPartitions loaded;
  private final Set<PartitionId> restoring = new HashSet<>();
  private boolean closed;

  private EloqStore(Shard shard, Path directory, StoreOptions options, boolean readOnly) {
    this.shard = shard;
    this.directory = directory;
    this.options = options;
    this.readOnly = readOnly;
    this.loaded = new LoadedPartitions(shard.budget());
  }

  /** What the stores of one task slot share: memory, page cache, I/O, background thread. */
  public static Shard openShard(ShardOptions options) {
    return new Shard(
        options.budgetBytes(),
        budget -> backend(budget, options.directIo()),
        options.clock(),
        options.openFilesMax());
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
    checkStore(shard, directory, options);
    StoreDirectory.create(shard.io(), directory);
    StoreDirectory.check(shard.io(), directory);
    return new EloqStore(shard, directory, options, false);
  }

  /**
   * Opens a store to look at: takes no locks, writes and deletes nothing, refuses writes. Its owner
   * must not be writing meanwhile.
   */
  public static EloqStore openReadOnly(Shard shard, Path directory, StoreOptions options) {
    checkStore(shard, directory, options);
    StoreDirectory.check(shard.io(), directory);
    return new EloqStore(shard, directory, options, true);
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
    PartitionDirectory locked = PartitionDirectory.open(shard.io(), directory, id);
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

  private void checkWritable() {
    if (readOnly) {
      throw new StoreException(
          StoreErrorCode.NO_PERMISSION, "the store at " + directory + " is open for reading only");
    }
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
    restoring.add(id);
  }

  private synchronized void settle(PartitionId id, Partition partition) {
    restoring.remove(id);
    if (partition == null) {
      return;
    }
    if (closed) {
      partition.close();
      checkOpen();
    }
    partitions.put(id, partition);
  }

  private static void checkStore(Shard shard, Path directory, StoreOptions options) {
    checkGiven(shard, "the shard of a store");
    checkGiven(directory, "the directory of a store");
    checkGiven(options, "the options of a store");
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

  private void checkCanOpen(PartitionId id) {
    checkOpen();
    checkGiven(id, "the id of a partition");
    Partition known = partitions.get(id);
    LazyPartition unloaded = lazy.get(id);
    if (known != null && !known.isClosed()
        || unloaded != null && !unloaded.isClosed()
        || restoring.contains(id)) {
      throw new StoreException(
          StoreErrorCode.BUSY, "partition " + id + " of " + directory + " is open already");
    }
  }

  /** Where a partition's files are. */
  public Path partitionDirectory(PartitionId id) {
    return directory.resolve(id.directoryName());
  }

  /** The partitions whose directories exist, by table and number. */
  public synchronized List<PartitionId> listPartitions() {
    checkOpen();
    TreeSet<String> names = new TreeSet<>();
    shard.io().list(directory).forEach(entry -> names.add(entry.name()));
    List<PartitionId> ids = new ArrayList<>();
    for (String name : names) {
      PartitionId id = PartitionId.fromDirectoryName(name);
      if (id != null) {
        ids.add(id);
      }
    }
    return ids;
  }

  private void checkOpen() {
    if (closed) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "the store at " + directory + " was closed before the call");
    }
  }

  /** Closes every partition; publishes nothing. Does nothing the second time. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    RuntimeException first = null;
    List<OwnedPartition> all = new ArrayList<>(partitions.values());
    all.addAll(lazy.values());
    for (OwnedPartition partition : all) {
      try {
        partition.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
