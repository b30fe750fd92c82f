/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.List;
import java.util.Map;

/**
 * One ordered map of byte keys to byte values, with a write buffer, snapshots and commits.
 *
 * <p>Keys are ordered by unsigned bytes, hold at least one byte and may be of any length; values
 * may be of any length up to {@link #VALUE_BYTES_MAX}. Every write is visible to the next read at
 * once and durable after the {@linkplain FreezePoint#commit commit} that covers it; {@link
 * #close()} publishes nothing.
 *
 * <p>Thread: one owner thread at a time calls everything here but what is said to be for any
 * thread; ownership moves by a safe hand-over. A method that does not say otherwise throws {@link
 * StoreException} with {@link StoreErrorCode#CLOSED} after close, {@link
 * StoreErrorCode#INVALID_ARGUMENT} for a bad key or value, {@link StoreErrorCode#POISONED} for
 * writes after a failed write, and {@link CorruptionException} when pages on disk are damaged.
 */
public interface OwnedPartition extends AutoCloseable {

  /** Largest value, bytes. */
  int VALUE_BYTES_MAX = Integer.MAX_VALUE - 64;

  PartitionId id();

  StoreOptions options();

  // ---- point operations -------------------------------------------------------------------------

  /**
   * Reads one value; any thread, each with its own target. Allocates nothing and takes no lock when
   * the pages it needs are cached.
   *
   * @return whether the key is present; {@code target} is undefined when it is not
   */
  boolean get(byte[] key, int offset, int length, ValueBuffer target);

  /** Whether the key is present; any thread. */
  boolean contains(byte[] key, int offset, int length);

  /**
   * Reads the values of several keys, in the order of the array. On the owner's thread all come
   * from one content, if the consumer writes nothing; another thread may read them too, each with
   * its own target and each key by itself.
   *
   * @param keys checked before the first is read; an error names the index
   * @param target what the consumer gets, filled again for each key
   */
  void multiGet(byte[][] keys, ValueBuffer target, ValueConsumer consumer);

  /**
   * Stores a value, replacing the old one. The stored timestamp is that of the entry replaced, 0
   * for a new key: order, not the clock, decides. Of an entry that expires the timestamp may be
   * lost, since it may be removed before this is merged.
   */
  void put(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength);

  /**
   * Stores a value with its times, last writer wins: ignored when the stored entry has a higher
   * timestamp. An entry that has expired counts as absent.
   *
   * @param timestamp at least 0
   * @param expireTs milliseconds since the epoch from which on reads do not see the entry; 0 never
   */
  void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength,
      long timestamp,
      long expireTs);

  /**
   * Stores a value as {@link #put(byte[], int, int, byte[], int, int)} does, if the key is absent.
   *
   * @return whether it was absent
   */
  boolean putIfAbsent(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength);

  /** Removes a key; does nothing when it is absent. */
  void delete(byte[] key, int offset, int length);

  /** Removes a key unless the stored entry has a higher timestamp. */
  void delete(byte[] key, int offset, int length, long timestamp);

  /** Removes every key of the range; costs the same however many there are. */
  void deleteRange(KeyRange range);

  /**
   * Removes every key that is not below a position.
   *
   * @param position empty for every key there is
   */
  void deleteFrom(byte[] position);

  /**
   * Writes a batch as one change: a freeze point or iterator has all of it or nothing, while {@link
   * #get} on another thread may see it in the middle. When it fails before the first key is
   * written, nothing has changed; when it fails later (no memory, a failed write, an interrupt
   * while it waits for memory), the partition is poisoned and nothing of the batch is ever
   * published.
   */
  void write(WriteBatch batch);

  // ---- lists ------------------------------------------------------------------------------------

  /**
   * Appends to the list stored under {@code key}; reads nothing. A list is kept as chunks under
   * {@code [key][8-byte number]} (architecture D2); its value is everything appended, joined by
   * {@link #LIST_DELIMITER}.
   */
  void appendToList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength);

  /** Replaces the list by {@code elements}; reads nothing. */
  void putList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength);

  /** Empties the list; reads nothing. */
  void clearList(byte[] key, int offset, int length);

  /**
   * Reads a whole list, its chunks joined by {@link #LIST_DELIMITER}.
   *
   * @return whether the list has anything; {@code target} is undefined when it has not
   */
  boolean getList(byte[] key, int offset, int length, ValueBuffer target);

  /** The byte between two appended pieces of a list. */
  byte LIST_DELIMITER = ',';

  // ---- neighbours -------------------------------------------------------------------------------

  /**
   * Finds the last entry whose key is not above {@code key}. Searches see what scans see: no
   * entries that expired, and of a list its chunks. Owner only, as {@link #ceiling}, {@link #lower}
   * and {@link #higher}.
   *
   * @return whether there is one; {@code target} is undefined when there is none
   */
  boolean floor(byte[] key, int offset, int length, EntryBuffer target);

  /** Finds the first entry whose key is not below {@code key}; see {@link #floor}. */
  boolean ceiling(byte[] key, int offset, int length, EntryBuffer target);

  /** Finds the last entry whose key is below {@code key}; see {@link #floor}. */
  boolean lower(byte[] key, int offset, int length, EntryBuffer target);

  /** Finds the first entry whose key is above {@code key}; see {@link #floor}. */
  boolean higher(byte[] key, int offset, int length, EntryBuffer target);

  // ---- scans ------------------------------------------------------------------------------------

  /**
   * A snapshot iterator over the keys of a range: it sees every write made before this call and
   * none made after. Owner only, unless {@linkplain #allowConcurrentIterators others} may. It keeps
   * memory or pages alive until it is closed, and is re-seated on a private root when that memory
   * is needed elsewhere.
   *
   * @param reverse from the last key to the first
   */
  EntryIterator iterator(KeyRange range, boolean reverse);

  /**
   * Lets other threads than the owner open iterators while the owner writes, each for itself, from
   * now until the partition is closed. Each write then costs two more stores; and a thread that
   * opens an iterator waits for the write that is under way, whole range deletes and changes of
   * long keys included. Closing waits for iterators that are being opened.
   */
  void allowConcurrentIterators();

  /**
   * Reads the next entries of a range into {@code batch}, pinning nothing once it returns: for
   * weakly consistent iteration, seek again behind the last key of the batch.
   *
   * @param batch emptied first; filled up to its limits
   * @return whether there may be more entries behind the last one
   */
  boolean scan(KeyRange range, boolean reverse, EntryBatch batch);

  // ---- background -------------------------------------------------------------------------------

  /**
   * Names who says which entries may go while pages are rewritten in the background.
   *
   * @param filter {@code null} for none
   */
  void setEntryFilter(EntryFilter filter);

  /**
   * Has the background go through all entries that are in the tree once, in bounded steps between
   * other work, and drop those that the filter drops. Only leaves that lose entries are written.
   * Does nothing without a filter. Publishes nothing; a later commit has the result.
   */
  void requestSweep();

  /**
   * Removes everything that has expired by now, and returns when it is gone. The background does
   * the same in bounded steps, after flushes and as time passes, so this is for who cannot wait.
   * Publishes nothing; a later commit has the result. Long keys ({@link
   * StoreOptions#bucketPrefixBytes} or more) that have expired are not seen by reads, and are
   * removed when they are written again; so are rows in change segments, which go after their
   * merge.
   */
  void cleanExpired();

  /**
   * Rewrites every data file that is mostly dead ({@link SpaceOptions#fileFactor}), and returns
   * when that is done. The background does the same in bounded steps when the files take too much
   * space, and no write waits for it. The files go with the next commit, as far as no image and no
   * archive needs them; if nothing was written since a commit of this run, the background publishes
   * that content from its new place, and they go with it.
   *
   * @throws StoreException {@link StoreErrorCode#CORRUPTED} when a page of such a file is damaged:
   *     the file stays as it is, the others are rewritten
   */
  void compact();

  // ---- snapshots and commits --------------------------------------------------------------------

  /**
   * Fixes the present content as something to commit later: O(1), whatever the size of the state.
   * The slow part is the point's own and may run on any thread while this one goes on writing.
   */
  FreezePoint freeze();

  /**
   * Commits everything written so far and waits for it: {@code freeze().commit(metadata)}.
   *
   * @param metadata see {@link FreezePoint#commit}
   */
  void commit(Map<String, byte[]> metadata);

  /**
   * Merges every change segment and publishes everything written so far, under the metadata of the
   * last commit, in a manifest that engines which do not know segments can read. Waits for the
   * merge, which rewrites what the segments touch; a store that never had a segment is only
   * committed.
   *
   * @throws StoreException {@link StoreErrorCode#BUSY} when interrupted; segments that are left are
   *     as valid as before
   */
  void seal();

  /**
   * Keeps the content of the last commit under a number of its own until it is deleted: writes no
   * page, only a list of where they are. {@link SpaceOptions#retainedArchives} may delete older
   * ones. Any thread.
   *
   * @param timestamp at least 0, by custom microseconds since 1970; archives of higher numbers
   *     count as newer
   * @throws StoreException {@link StoreErrorCode#INVALID_ARGUMENT} when there is one of this number
   *     already, {@link StoreErrorCode#NOT_FOUND} when nothing was committed yet
   */
  void archive(long timestamp);

  /** Numbers of the archives there are, ascending. Any thread. */
  List<Long> archives();

  /**
   * Deletes an archive and the data files that it alone needed. Any thread.
   *
   * @throws StoreException {@link StoreErrorCode#NOT_FOUND} when there is none of this number
   */
  void deleteArchive(long timestamp);

  /** Starts to move the write buffer into the tree in the background; publishes nothing. */
  void flush();

  /** What the last commit carried; empty when it was made by an engine that stores none. */
  Map<String, byte[]> metadata();

  /**
   * Whether the last commit was one of ours. If a C++ engine wrote after us its record carries
   * neither metadata nor counts, and a guest must not trust the data to match its own offsets.
   */
  boolean metadataValid();

  /**
   * Number of entries: exact just after a commit if there are neither pending cuts nor change
   * segments, otherwise an estimate, to which each change in a segment counts as an entry, merged
   * ones too. Any thread.
   */
  long approximateEntryCount();

  /**
   * Releases memory, files, threads and the lock. Other threads that read must be through before
   * the shard is closed after this: it gives the memory back. Publishes nothing: what was not
   * committed is gone. Does nothing the second time.
   */
  @Override
  void close();
}
