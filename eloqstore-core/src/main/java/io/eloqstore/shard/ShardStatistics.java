/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.shard;

/**
 * What a shard's memory is used for and what its page cache has done so far.
 *
 * @param budgetBytes all memory there is
 * @param writeBufferBytes changes that are in no page yet
 * @param mappingBytes where the pages lie
 * @param frameBytes cached pages
 * @param ioBytes blocks on their way, scratch space
 * @param pageHits pages that were cached when they were pinned
 * @param pageMisses pages that were read
 * @param pageEvictions cached pages that made room for others
 */
public record ShardStatistics(
    long budgetBytes,
    long writeBufferBytes,
    long mappingBytes,
    long frameBytes,
    long ioBytes,
    long pageHits,
    long pageMisses,
    long pageEvictions) {

  /** Of an engine that counts nothing. */
  public static final ShardStatistics NONE = new ShardStatistics(0, 0, 0, 0, 0, 0, 0, 0);
}
