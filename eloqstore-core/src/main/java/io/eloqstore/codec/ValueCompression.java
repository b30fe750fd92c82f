/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.codec;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.memory.MemoryBudget;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The compressed values of one partition: how they are read and written, and its dictionary (format
 * document 4.4). A compressed value is its length as a varint32, then one zstd frame.
 *
 * <p>Any thread; the worker alone trains. The dictionary is made once and never changes, so who has
 * seen an entry that needs it finds it here. Whoever decompresses takes a native context for that
 * long; {@value #IDLE_MAX} stay for the next ones, so a read allocates nothing and takes no lock.
 * Each context takes {@value DecompressionContext#NATIVE_BYTES} bytes off the memory budget until
 * it is given up; {@link #close} gives up those that nobody uses, and who still reads then gives up
 * his own.
 *
 * <p>zstd-jni is an optional library: classes that name it are loaded when there is something to
 * compress or decompress.
 */
public final class ValueCompression implements AutoCloseable {
  /** No dictionary. */
  public static final byte[] NO_DICTIONARY = {};

  /** Shorter values are never compressed, bytes. */
  public static final int VALUE_BYTES_MIN = 100;

  /** Longest value that the dictionary is used for, and that it may be made of, bytes. */
  public static final int DICTIONARY_VALUE_BYTES_MAX = 10 << 20;

  /** Length of a dictionary of ours, and of the C++ engine; its end may be zeros. */
  public static final int DICTIONARY_BYTES = 16_384;

  static final String DICTIONARY = "dictionary of the partition";

  private static final String ARTIFACT = "com.github.luben:zstd-jni";

  /** Content bytes that one byte of a frame stands for at most: blocks of 128 KiB take four. */
  private static final int EXPANSION_MAX = 1 << 15;

  private static final int IDLE_MAX = 2;

  /** Whether the library can be used on this machine; found out once. */
  private static final class Library {
    static final LinkageError MISSING = missing();

    private static LinkageError missing() {
      try {
        ZstdLibrary.load();
        return null;
      } catch (LinkageError e) {
        return e;
      }
    }
  }

  private final MemoryBudget budget;
  private final String where;
  private final AtomicReferenceArray<DecompressionContext> idle =
      new AtomicReferenceArray<>(IDLE_MAX);
  private volatile byte[] dictionary;
  private volatile boolean closed;

  /**
   * @param dictionary of the partition; empty for none
   * @param where the partition's directory, for errors
   */
  public ValueCompression(MemoryBudget budget, byte[] dictionary, String where) {
    this.budget = budget;
    this.dictionary = dictionary;
    this.where = where;
  }

  /** Whether values can be compressed and decompressed here. */
  public static boolean isAvailable() {
    return Library.MISSING == null;
  }

  /**
   * Refuses to go on without the library.
   *
   * @throws StoreException {@link StoreErrorCode#UNSUPPORTED_FORMAT} naming it
   */
  public static void requireLibrary(String where) {
    if (!isAvailable()) {
      throw new StoreException(
          StoreErrorCode.UNSUPPORTED_FORMAT,
          where
              + ": compressed values need "
              + ARTIFACT
              + " on the class path, and it cannot be used: "
              + Library.MISSING,
          Library.MISSING);
    }
  }

  /** Empty when there is none. */
  public byte[] dictionary() {
    return dictionary;
  }

  /** Whether a value of this length is compressed by itself, if at all. */
  public static boolean isAlone(int length) {
    return length > DICTIONARY_VALUE_BYTES_MAX;
  }

  /** What values are compressed with; closed by the caller. */
  public ValueCompressor newCompressor() {
    return new ValueCompressor(this);
  }

  CompressionContext openContext(byte[] contextDictionary) {
    return CompressionContext.open(budget, contextDictionary);
  }

  /**
   * Makes the dictionary of a partition that has none. Worker only.
   *
   * @return whether the samples gave one; without it values stay raw
   */
  public boolean train(byte[][] samples) {
    if (dictionary.length != 0) {
      throw new IllegalStateException(where + " has a dictionary already");
    }
    byte[] trained = ZstdLibrary.train(samples, DICTIONARY_BYTES);
    if (trained != null) {
      dictionary = trained;
    }
    return trained != null;
  }

  /**
   * Length of a value as its stored bytes say it.
   *
   * @throws CorruptionException when they say none, or more than a value can have
   */
  public int valueLength(byte[] stored, int length) {
    long found = Varints.get32(stored, 0, length);
    if (found < 0 || found > OwnedPartition.VALUE_BYTES_MAX) {
      throw corrupt("length", "0 to " + OwnedPartition.VALUE_BYTES_MAX, found < 0 ? "none" : found);
    }
    return (int) found;
  }

  /**
   * Decompresses a value. The times of the target stay; its value is undefined after an exception.
   *
   * @param stored what the entry holds, in its first {@code length} bytes; not the target's array
   * @throws CorruptionException when it is not what was written
   * @throws StoreException {@code UNSUPPORTED_FORMAT} without the library, {@code OUT_OF_MEMORY}
   *     when the budget has no context, {@code CLOSED} after {@link #close}
   */
  public void decompress(byte[] stored, int length, ValueBuffer target) {
    requireLibrary(where);
    int bytes = valueLength(stored, length);
    int frame = Varints.length(stored, 0);
    int frameBytes = length - frame;
    // Before memory is taken for it: a broken length must not cost a gigabyte.
    if (bytes > (long) frameBytes * EXPANSION_MAX) {
      throw corrupt("length", "what a frame of " + frameBytes + " bytes can hold", bytes);
    }
    long content = DecompressionContext.contentBytes(stored, frame, frameBytes);
    if (content != bytes) {
      throw corrupt("content size of the zstd frame", bytes, content < 0 ? "none" : content);
    }
    DecompressionContext context = take();
    try {
      int found = context.decompress(stored, frame, frameBytes, target.setLength(bytes), bytes);
      if (found != bytes) {
        throw corrupt("content of the zstd frame", bytes + " bytes", found);
      }
    } catch (RuntimeException e) {
      throw failure(e, "zstd frame of " + frameBytes + " bytes");
    } finally {
      giveBack(context);
    }
  }

  private DecompressionContext take() {
    for (int i = 0; i < IDLE_MAX; i++) {
      DecompressionContext context = idle.getAndSet(i, null);
      if (context != null && context.dictionary() == dictionary) {
        return context;
      }
      if (context != null) {
        // From before the training.
        context.close();
      }
    }
    if (closed) {
      throw new StoreException(StoreErrorCode.CLOSED, where + " was closed before the read");
    }
    DecompressionContext made;
    try {
      made = DecompressionContext.open(budget, dictionary);
    } catch (RuntimeException e) {
      throw failure(e, DICTIONARY);
    }
    if (made == null) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_MEMORY,
          where
              + ": no "
              + DecompressionContext.NATIVE_BYTES
              + " bytes to decompress with: budget "
              + budget.budgetBytes()
              + " bytes");
    }
    return made;
  }

  private void giveBack(DecompressionContext context) {
    for (int i = 0; i < IDLE_MAX; i++) {
      if (idle.compareAndSet(i, null, context)) {
        if (closed) {
          closeIdle();
        }
        return;
      }
    }
    context.close();
  }

  /**
   * What a failure of the library means, when it was given this; another failure as it is. Of a
   * dictionary that is none the library says that there is no memory for it.
   */
  RuntimeException failure(RuntimeException e, String what) {
    if (!ZstdLibrary.isFailure(e)) {
      return e;
    }
    CorruptionException corruption = corrupt(what, "sound", e.getMessage());
    corruption.initCause(e);
    return corruption;
  }

  private CorruptionException corrupt(String what, Object expected, Object actual) {
    return new CorruptionException(where, -1, "compressed value: " + what, expected, actual);
  }

  private void closeIdle() {
    for (int i = 0; i < IDLE_MAX; i++) {
      DecompressionContext context = idle.getAndSet(i, null);
      if (context != null) {
        context.close();
      }
    }
  }

  /** Gives native memory back; who decompresses meanwhile does so when he is done. */
  @Override
  public void close() {
    closed = true;
    closeIdle();
  }
}
