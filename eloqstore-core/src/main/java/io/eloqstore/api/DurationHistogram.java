/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * How long the repetitions of one deed took: counts in fixed buckets, each twice as wide as the one
 * before. Immutable.
 *
 * <p>Bucket 0 is everything below {@value #FIRST_BUCKET_NS} nanoseconds; the last one has no upper
 * bound. What a quantile says is the upper bound of its bucket: true within a factor of two.
 */
public final class DurationHistogram {
  /** Number of buckets: the last but one ends at 18 minutes. */
  public static final int BUCKETS = 32;

  /** Upper bound of the first bucket. */
  public static final long FIRST_BUCKET_NS = 1 << 10;

  private static final int FIRST_BUCKET_LOG = 10;

  public static final DurationHistogram EMPTY = new DurationHistogram(new long[BUCKETS], 0, 0);

  private final long[] counts;
  private final long totalNs;
  private final long maxNs;

  /**
   * @param counts by bucket, {@value #BUCKETS} of them; taken over
   */
  public DurationHistogram(long[] counts, long totalNs, long maxNs) {
    if (counts.length != BUCKETS) {
      throw new IllegalArgumentException(
          "a histogram has " + BUCKETS + " buckets, found " + counts.length);
    }
    this.counts = counts;
    this.totalNs = totalNs;
    this.maxNs = maxNs;
  }

  /** The bucket a duration belongs to. */
  public static int bucketOf(long ns) {
    int log = Long.SIZE - Long.numberOfLeadingZeros(Math.max(0, ns) >>> FIRST_BUCKET_LOG);
    return Math.min(log, BUCKETS - 1);
  }

  /** How many there were in a bucket. */
  public long count(int bucket) {
    return counts[bucket];
  }

  public long count() {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    return sum;
  }

  public long totalNs() {
    return totalNs;
  }

  public long maxNs() {
    return maxNs;
  }

  /**
   * The duration that this share of all did not exceed, rounded up to a bucket's bound but not
   * above the longest; 0 when there were none.
   *
   * @param share above 0, at most 1
   */
  public long quantileNs(double share) {
    long wanted = (long) Math.ceil(count() * share);
    long seen = 0;
    for (int bucket = 0; bucket < BUCKETS - 1; bucket++) {
      seen += counts[bucket];
      if (seen >= wanted) {
        return Math.min(maxNs, FIRST_BUCKET_NS << bucket);
      }
    }
    return maxNs;
  }
}
