/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.ValueBuffer;
import io.eloqstore.buffer.BufferCursor;
import io.eloqstore.buffer.BufferRecords;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.page.LeafPage;
import io.eloqstore.tree.OverflowReader;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the dictionary of a partition from the first values that are flushed.
 *
 * <p>Worker only. Samples are the values of each generation in the order of their keys, each
 * generation once, so the same flushes give the same dictionary. They are on the heap, 1.75 MB at
 * most, until there are enough of them; a close forgets them. Samples that give no dictionary are
 * not followed by others until the partition is opened again.
 */
final class DictionaryTraining {
  /** Samples that a dictionary is made of, bytes: a hundred times its own. */
  static final int SAMPLES_BYTES = 100 * ValueCompression.DICTIONARY_BYTES;

  /** What training looks at of one value, so that a few large ones are not all there is. */
  private static final int SAMPLE_BYTES_MAX = 128 << 10;

  private final PartitionContext context;
  private final int samplesBytes;
  private final OverflowReader overflow;
  private final List<byte[]> samples = new ArrayList<>();
  private int collectedBytes;
  private long lastGeneration;
  private boolean over;

  /**
   * @param samplesBytes bytes of samples that are enough
   */
  DictionaryTraining(PartitionContext context, int samplesBytes) {
    this.context = context;
    this.samplesBytes = samplesBytes;
    this.overflow = new OverflowReader(context.source());
    this.over = !context.options().compression() || context.compression().dictionary().length > 0;
  }

  /** Takes samples of a frozen generation and trains when there are enough. */
  void sample(Generation generation) {
    if (over || generation.number() <= lastGeneration) {
      return;
    }
    int before = samples.size();
    try {
      collect(generation);
    } catch (RuntimeException e) {
      // The flush may be tried again, and then these come again.
      while (samples.size() > before) {
        collectedBytes -= samples.remove(samples.size() - 1).length;
      }
      throw e;
    }
    lastGeneration = generation.number();
    if (collectedBytes >= samplesBytes) {
      over = true;
      context.compression().train(samples.toArray(byte[][]::new));
      samples.clear();
    }
  }

  private void collect(Generation generation) {
    BufferRecords records = generation.buffer().records();
    BufferCursor cursor = generation.buffer().cursor();
    boolean more = cursor.first();
    while (more && collectedBytes < samplesBytes) {
      int record = cursor.record();
      int flags = records.flags(record);
      if ((flags & BufferRecords.LARGE) != 0) {
        sampleLarge(records, record);
      } else if ((flags & BufferRecords.DELETE) == 0) {
        sampleSmall(records.valueAt(record), records.valueLength(record));
      }
      more = cursor.next();
    }
  }

  private void sampleSmall(long at, int length) {
    if (length >= ValueCompression.VALUE_BYTES_MIN) {
      byte[] sample = new byte[length];
      context.arena().get(at, sample, 0, length);
      add(sample);
    }
  }

  private void sampleLarge(BufferRecords records, int record) {
    ValueBuffer value = new ValueBuffer();
    if (!records.copyTo(record, value)) {
      throw new IllegalStateException("a frozen buffer was written");
    }
    LargeDescriptor large = LargeDescriptor.decode(value.bytes(), value.length());
    if (large.flags() != LeafPage.OVERFLOW || ValueCompression.isAlone(large.storedBytes())) {
      return;
    }
    byte[] pointers = large.pointerList();
    overflow.readStart(large::filePage, pointers, pointers.length, value, SAMPLE_BYTES_MAX);
    int length = Math.min(value.length(), SAMPLE_BYTES_MAX);
    byte[] sample = new byte[length];
    System.arraycopy(value.bytes(), 0, sample, 0, length);
    add(sample);
  }

  private void add(byte[] sample) {
    samples.add(sample);
    collectedBytes += sample.length;
  }
}
