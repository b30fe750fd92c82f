/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryBudget;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * What was written to a partition since its last freeze: an ordered map, off the heap, from keys to
 * records (values and tombstones), with older versions where an open snapshot needs them.
 *
 * <p>Threads: one writer, named owner here, calls {@link #put}, {@link #appendValue} and {@link
 * #freeze}. Reading takes no lock and allocates nothing:
 *
 * <ul>
 *   <li>the owner uses everything; a record handle is good until its next write;
 *   <li>other threads use {@link #read}, or a cursor under a snapshot they opened, while the owner
 *       goes on; once the buffer is frozen they use everything.
 * </ul>
 *
 * <p>Invariants: the tree only grows; sequence numbers only grow; a version is kept as long as a
 * snapshot is open that is not older than it; after a refused write nothing has changed.
 *
 * <p>Who reads without a pin may come late, after {@link #release}: such a read is bounded and ends
 * with any answer or an {@link IndexOutOfBoundsException}; the caller then sees that its view is no
 * longer the current one and tries again.
 *
 * <p>Memory comes in blocks from the budget; see {@link BufferRecords} for limits of keys and
 * values.
 */
public final class WriteBuffer {
  /** What {@link #read} answers for a key without a record. */
  public static final int ABSENT = -1;

  private static final long NO_SNAPSHOT = -1;
  private static final long SEQUENCE_MAX = (1L << 55) - 1;
  private static final int SPINS = 100;
  private static final byte[] NO_BYTES = {};
  private static final VarHandle LAST_SEQUENCE = field("lastSequence", long.class);
  private static final VarHandle WRITING = field("writing", long.class);
  private static final VarHandle REUSES = field("reuses", int.class);

  private final boolean concurrentSnapshots;
  private final BufferRecords records;
  private final RadixTree tree;
  private final BlockSpace space;
  private volatile boolean frozen;
  private volatile boolean released;
  private long entryCount;
  private long minSequence;
  private long lastSequence;
  private byte[] keyScratch = NO_BYTES;

  // Counts what a cursor without a snapshot must not overlook.
  private long changes;
  // Counts records that got another key, for readers on other threads.
  private volatile int reuses;

  // The sequence being written, 0 = none; kept only for concurrent snapshots.
  private volatile long writing;
  private volatile long newestSnapshot = NO_SNAPSHOT;
  private int openSnapshots;

  /**
   * @param budget gives the blocks; must stay open until {@link #release}
   * @param concurrentSnapshots whether other threads than the owner open snapshots; then each write
   *     pays a full fence
   */
  public WriteBuffer(MemoryBudget budget, boolean concurrentSnapshots) {
    this.concurrentSnapshots = concurrentSnapshots;
    this.records = new BufferRecords(budget.arena());
    this.tree = new RadixTree(budget.arena(), records);
    this.space = new BlockSpace(budget, records);
  }

  private static VarHandle field(String name, Class<?> type) {
    try {
      return MethodHandles.lookup().findVarHandle(WriteBuffer.class, name, type);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Writes a value or a tombstone over whatever the key had.
   *
   * @param keyLength 1 to {@link BufferRecords#KEY_BYTES_MAX}
   * @param valueLength 0 to {@link BufferRecords#VALUE_BYTES_MAX}; 0 for a tombstone
   * @param flags of {@link BufferRecords}: DELETE, HAS_TIMESTAMP, HAS_EXPIRE, LARGE
   * @param timestamp kept if flagged; a value without one takes that of the record it replaces, and
   *     0 when that is a tombstone: what an older place has is not its predecessor's
   * @param expireTs kept if flagged
   * @param sequence above that of every write before
   * @return false if the budget had no memory: nothing has changed then
   */
  public boolean put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength,
      int flags,
      long timestamp,
      long expireTs,
      long sequence) {
    check(keyLength, valueLength, flags);
    Objects.checkFromIndexSize(keyOffset, keyLength, key.length);
    Objects.checkFromIndexSize(valueOffset, valueLength, value.length);
    long snapshot = begin(sequence);
    try {
      boolean found = tree.locate(key, keyOffset, keyLength);
      int record = found ? tree.located() : 0;
      int storedFlags = found ? flagsOver(record, flags) : flags;
      long storedTimestamp = storedFlags == flags ? timestamp : records.timestamp(record);
      int bodyBytes = BufferRecords.extraBytes(storedFlags) + valueLength;
      boolean inPlace = found && canOverwrite(record, snapshot, bodyBytes);
      if (inPlace) {
        records.lock(record, sequence);
      } else {
        record = newRecord(BufferRecords.bytes(keyLength, bodyBytes), snapshot, sequence);
        if (record == 0) {
          return false;
        }
        records.setKey(record, key, keyOffset, keyLength);
      }
      records.setTimes(record, storedFlags, storedTimestamp, expireTs);
      records.setValue(record, storedFlags, value, valueOffset, valueLength);
      records.unlock(record, sequence, storedFlags);
      if (!inPlace) {
        link(record, found, snapshot);
      }
      written(sequence);
      return true;
    } finally {
      end();
    }
  }

  /** Flags of a new version: a value put without a timestamp takes the one of this record. */
  private int flagsOver(int record, int flags) {
    return (flags & (BufferRecords.DELETE | BufferRecords.HAS_TIMESTAMP)) == 0
            && (records.flags(record) & (BufferRecords.DELETE | BufferRecords.HAS_TIMESTAMP)) != 0
        ? flags | BufferRecords.HAS_TIMESTAMP
        : flags;
  }

  private static void check(int keyLength, int valueLength, int flags) {
    if (keyLength < 1 || keyLength > BufferRecords.KEY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a key has 1 to " + BufferRecords.KEY_BYTES_MAX + " bytes, found " + keyLength);
    }
    if (valueLength < 0 || valueLength > BufferRecords.VALUE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a buffered value has 0 to "
              + BufferRecords.VALUE_BYTES_MAX
              + " bytes, found "
              + valueLength);
    }
    if ((flags & ~BufferRecords.FLAGS) != 0
        || (flags & BufferRecords.DELETE) != 0 && valueLength != 0) {
      throw new IllegalArgumentException("flags " + flags + " with " + valueLength + " bytes");
    }
  }

  /**
   * Extends the value of a record in place, or in a larger copy: {@code value, delimiter, more}; an
   * empty value gets no delimiter. Timestamp and expiry stay.
   *
   * @param record what {@link #find} or {@link #floor} answered, with no write since; may be 0
   * @param valueBytesMax bound of the joined value, at most {@link BufferRecords#VALUE_BYTES_MAX}
   * @param sequence above that of every write before
   */
  public AppendOutcome appendValue(
      int record,
      byte delimiter,
      byte[] more,
      int moreOffset,
      int moreLength,
      int valueBytesMax,
      long sequence) {
    Objects.checkFromIndexSize(moreOffset, moreLength, more.length);
    if (record == 0
        || (records.flags(record) & (BufferRecords.DELETE | BufferRecords.LARGE)) != 0) {
      return AppendOutcome.NOT_PRESENT;
    }
    int flags = records.flags(record);
    int valueLength = records.valueLength(record);
    int allowed = Math.min(valueBytesMax, BufferRecords.VALUE_BYTES_MAX);
    if ((long) valueLength + 1 + moreLength > allowed + (valueLength == 0 ? 1L : 0L)) {
      return AppendOutcome.TOO_LARGE;
    }
    int joined = valueLength + (valueLength == 0 ? 0 : 1) + moreLength;
    int extraBytes = BufferRecords.extraBytes(flags);
    long snapshot = begin(sequence);
    try {
      boolean inPlace = canOverwrite(record, snapshot, extraBytes + joined);
      int target = record;
      if (inPlace) {
        records.lock(record, sequence);
      } else {
        locateAgain(record);
        // Twice the room, so that a list that grows by small steps is copied O(log n) times.
        int room = Math.min(allowed, Math.max(joined, 2 * valueLength));
        int bytes = BufferRecords.bytes(records.keyLength(record), extraBytes + room);
        target = newRecord(bytes, snapshot, sequence);
        if (target == 0) {
          return AppendOutcome.NO_MEMORY;
        }
        records.copyContent(record, target, flags);
      }
      records.extendValue(target, flags, delimiter, more, moreOffset, moreLength);
      records.unlock(target, sequence, flags);
      if (!inPlace) {
        link(target, true, snapshot);
      }
      written(sequence);
      return AppendOutcome.EXTENDED;
    } finally {
      end();
    }
  }

  /** Extends the value of a key: the above for the record of {@link #find}. */
  public AppendOutcome appendValue(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte delimiter,
      byte[] more,
      int moreOffset,
      int moreLength,
      int valueBytesMax,
      long sequence) {
    int record = find(key, keyOffset, keyLength);
    return appendValue(record, delimiter, more, moreOffset, moreLength, valueBytesMax, sequence);
  }

  private void locateAgain(int record) {
    int keyLength = records.keyLength(record);
    if (keyScratch.length < keyLength) {
      keyScratch = new byte[Math.max(64, keyLength * 2)];
    }
    records.copyKey(record, keyScratch, 0);
    if (!tree.locate(keyScratch, 0, keyLength) || tree.located() != record) {
      throw new IllegalArgumentException("record " + record + " is not the newest of its key");
    }
  }

  private boolean canOverwrite(int record, long snapshot, int bodyBytes) {
    return records.sequence(record) > snapshot && bodyBytes <= records.bodyCapacity(record);
  }

  /** A locked record for the place the tree located, with memory for its link; 0 if none. */
  private int newRecord(int bytes, long snapshot, long sequence) {
    int linkBytes = tree.linkBytes();
    int record = space.peekOutgrown(bytes);
    if (!space.reserve(record != 0 ? linkBytes : linkBytes + bytes)) {
      return 0;
    }
    if (record != 0) {
      space.takeOutgrown(record, bytes);
      REUSES.setRelease(this, reuses + 1);
      VarHandle.storeStoreFence();
      records.lock(record, sequence);
    } else {
      record = space.take(bytes);
      records.lock(record, sequence);
      records.setRoom(record, bytes);
    }
    records.setPrevious(record, 0);
    return record;
  }

  /** Makes a complete record the newest of its key. */
  private void link(int record, boolean found, long snapshot) {
    if (tree.linkReplaces()) {
      changes++;
    }
    if (!found) {
      tree.link(record, space);
      entryCount++;
      return;
    }
    int old = tree.located();
    long oldSequence = records.sequence(old);
    if (snapshot != NO_SNAPSHOT) {
      // The older versions of a record that no snapshot sees may still be seen.
      records.setPrevious(record, oldSequence <= snapshot ? old : records.previous(old));
    }
    tree.link(record, space);
    if (snapshot == NO_SNAPSHOT) {
      records.lock(old, oldSequence);
      space.keepOutgrown(old);
    }
  }

  /** Begins a write; returns the newest open snapshot or {@link #NO_SNAPSHOT}. */
  private long begin(long sequence) {
    if (frozen) {
      throw new IllegalStateException("the write buffer is frozen");
    }
    if (sequence <= lastSequence || sequence > SEQUENCE_MAX) {
      throw new IllegalArgumentException(
          "sequence " + sequence + " after " + lastSequence + "; at most " + SEQUENCE_MAX);
    }
    if (concurrentSnapshots) {
      // Either this write sees the snapshot, or who opens it sees this write and waits for it.
      WRITING.setOpaque(this, sequence);
      VarHandle.fullFence();
    }
    return newestSnapshot;
  }

  private void written(long sequence) {
    if (minSequence == 0) {
      minSequence = sequence;
    }
    LAST_SEQUENCE.setRelease(this, sequence);
  }

  private void end() {
    if (concurrentSnapshots) {
      WRITING.setRelease(this, 0L);
    }
  }

  /**
   * Keeps, from now on, every version that a reader at the returned sequence sees. Any thread if
   * the buffer was made for concurrent snapshots, else the owner.
   *
   * @param sequence of the newest operation the snapshot shall see at least, as far as it is
   *     finished; operations of other buffers count, so it may be above every one in this buffer
   * @return the sequence of the snapshot: the given one, or the newest one in this buffer if that
   *     is greater; to be passed to {@link BufferCursor#setMaxSequence} and {@link #closeSnapshot}
   */
  public synchronized long openSnapshot(long sequence) {
    if (sequence < 0 || sequence > SEQUENCE_MAX) {
      throw new IllegalArgumentException("sequence " + sequence);
    }
    long before = newestSnapshot;
    newestSnapshot = Long.MAX_VALUE;
    VarHandle.fullFence();
    long current = writing;
    for (int spins = 0; current != 0 && writing == current; spins++) {
      pause(spins);
    }
    long snapshot = Math.max(sequence, (long) LAST_SEQUENCE.getAcquire(this));
    newestSnapshot = Math.max(before, snapshot);
    openSnapshots++;
    return snapshot;
  }

  /**
   * Forgets a snapshot; its reader must be done.
   *
   * @param sequence what {@link #openSnapshot} returned
   */
  public synchronized void closeSnapshot(long sequence) {
    if (openSnapshots == 0 || sequence > newestSnapshot) {
      throw new IllegalStateException("snapshot " + sequence + " is not open");
    }
    // The newest stays until the last one is closed: that keeps too much, never too little.
    if (--openSnapshots == 0) {
      newestSnapshot = NO_SNAPSHOT;
    }
  }

  private static void pause(int spins) {
    if (spins < SPINS) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  /** The newest record of a key (it may be a tombstone), or 0. */
  public int find(byte[] key, int offset, int length) {
    return tree.find(key, offset, length);
  }

  /** The newest version of a key that is not above a sequence, or 0. */
  public int findVisible(byte[] key, int offset, int length, long maxSequence) {
    return visible(tree.find(key, offset, length), maxSequence);
  }

  /** The newest record of the greatest key that is not above a key, or 0. */
  public int floor(byte[] key, int offset, int length) {
    return tree.floor(key, offset, length);
  }

  /** Walks from a newest record to the version that a sequence sees; 0 if there is none. */
  int visible(int newest, long maxSequence) {
    int record = newest;
    long above = Long.MAX_VALUE;
    while (record != 0) {
      long sequence = records.sequence(record);
      if (sequence <= maxSequence) {
        return record;
      }
      if (sequence >= above) {
        // Only reused memory can look like that.
        return 0;
      }
      above = sequence;
      record = records.previous(record);
    }
    return 0;
  }

  /**
   * Reads a key on any thread while the owner goes on writing.
   *
   * @param maxSequence of an open snapshot, or {@link Long#MAX_VALUE} for the newest version
   * @param target gets value, timestamp and expiry, if there is a record; else its content means
   *     nothing
   * @return the record's flags, or {@link #ABSENT}
   */
  public int read(byte[] key, int offset, int length, long maxSequence, ValueBuffer target) {
    for (int spins = 0; ; spins++) {
      int reusesBefore = reuses;
      int record = findVisible(key, offset, length, maxSequence);
      if (record != 0) {
        long word = records.word(record);
        if ((word & BufferRecords.LOCKED) == 0
            && BufferRecords.sequenceOf(word) <= maxSequence
            && records.compareKey(record, key, offset, length) == 0
            && records.copyTo(record, word, target)) {
          return (int) word & BufferRecords.FLAGS;
        }
      } else {
        // A record that got another key on the way looks like a missing one.
        VarHandle.acquireFence();
        if (reuses == reusesBefore) {
          return ABSENT;
        }
      }
      if (released) {
        throw new IndexOutOfBoundsException("the write buffer was released");
      }
      pause(spins);
    }
  }

  /** Ends writing; everything stays readable. Returns the sequence of the last write, or 0. */
  public long freeze() {
    frozen = true;
    return lastSequence;
  }

  public boolean isFrozen() {
    return frozen;
  }

  /** Freezes, and gives the memory back to the budget: once, by the last user. */
  public synchronized void release() {
    if (released) {
      throw new IllegalStateException("the write buffer was released before");
    }
    frozen = true;
    released = true;
    VarHandle.fullFence();
    space.release();
  }

  /** How to read records. */
  public BufferRecords records() {
    return records;
  }

  /** A cursor that stands nowhere yet. */
  public BufferCursor cursor() {
    return new BufferCursor(this, tree);
  }

  /** Bytes of the blocks taken from the budget; other threads may see a slightly older number. */
  public long bytes() {
    return space.blockBytes();
  }

  /** Bytes of the blocks that records and nodes lie in. */
  public long usedBytes() {
    return space.blockBytes() - space.unusedBytes();
  }

  /** Keys with a record, tombstones included; other threads may see a slightly older number. */
  public long entryCount() {
    return entryCount;
  }

  public boolean isEmpty() {
    return tree.root() == 0;
  }

  /** Sequence of the first write, 0 if there was none. */
  public long minSequence() {
    return minSequence;
  }

  /** Sequence of the last write, 0 if there was none. */
  public long maxSequence() {
    return (long) LAST_SEQUENCE.getAcquire(this);
  }

  long changes() {
    return changes;
  }
}
