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
import io.eloqstore.file.StoreDirectory;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.NioBackend;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.partition.Opening;
import io.eloqstore.partition.Partition;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;

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
  private boolean closed;

  private EloqStore(Shard shard, Path directory, StoreOptions options, boolean readOnly) {
    this.shard = shard;
    this.directory = directory;
    this.options = options;
    this.readOnly = readOnly;
  }

  /** What the stores of one task slot share: memory, page cache, I/O, background thread. */
  public static Shard openShard(ShardOptions options) {
    return new Shard(
        options.budgetBytes(), budget -> backend(budget, options.directIo()), options.clock());
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
    partition.onClose(shard::left);
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
    return open(id, path -> Opening.open(shard, path, id, options, null, readOnly));
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
    return open(id, path -> Opening.open(shard, path, id, options, imageDescription, readOnly));
  }

  /**
   * Opens what an image holds of a range of keys. Only the manifest of the image lies in the
   * partition's directory; data files are asked for as they are needed, and only those that hold
   * something of the range (architecture D7): no page is copied, the index pages above the range
   * are read, and the pages at its two edges, at most two on each level, are written anew. If the
   * image has entries that expire, or another engine wrote it, every file is asked for and what
   * lies outside is unmapped in the background.
   *
   * <p>Nothing on disk says that the partition is clipped until its first commit: after a crash
   * before that it is to be restored again.
   *
   * @param imageDescription {@link io.eloqstore.api.PartitionImage#description}
   * @param kept what to keep; {@link KeyRange#ALL} for the whole image
   * @param files called by this thread, before this method returns
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} for an empty range, or a bound
   *     longer than an ordinary key; {@link StoreErrorCode#IO_FAILED} when files do not arrive;
   *     {@link StoreErrorCode#NO_PERMISSION} when the store is read-only
   * @throws io.eloqstore.api.CorruptionException when a file is missing, shorter or different
   */
  public OwnedPartition restorePartition(
      PartitionId id, byte[] imageDescription, KeyRange kept, ImageFiles files) {
    checkGiven(imageDescription, "the description of an image");
    checkGiven(kept, "the range to keep of an image");
    checkGiven(files, "the source of the files of an image");
    if (readOnly) {
      throw new StoreException(
          StoreErrorCode.NO_PERMISSION,
          "the store at " + directory + " is open to look at, nothing is restored into it");
    }
    return open(
        id, path -> Opening.openClipped(shard, path, id, options, imageDescription, kept, files));
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

  private synchronized OwnedPartition open(PartitionId id, Function<Path, Partition> opening) {
    checkOpen();
    checkGiven(id, "the id of a partition");
    Partition known = partitions.get(id);
    if (known != null && !known.isClosed()) {
      throw new StoreException(
          StoreErrorCode.BUSY, "partition " + id + " of " + directory + " is open already");
    }
    Partition partition = joined(shard, opening.apply(partitionDirectory(id)));
    partitions.put(id, partition);
    return partition;
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
    for (Partition partition : partitions.values()) {
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
