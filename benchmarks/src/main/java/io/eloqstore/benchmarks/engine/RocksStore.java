/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.benchmarks.WorkDirectory;
import java.io.IOException;
import java.util.Arrays;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.DataBlockIndexType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.StringAppendOperator;
import org.rocksdb.WriteOptions;

/**
 * RocksDB without its log, as ours has none; a commit is a flush of the memtable.
 *
 * <p>Iterators are opened for each use, for they see what was there when they were opened.
 */
final class RocksStore implements KeyValueStore {
  private static final double FILTER_BITS = 10;

  static {
    RocksDB.loadLibrary();
  }

  private final WorkDirectory directory;
  private final Cache cache;
  private final BloomFilter filter;
  private final StringAppendOperator lists = new StringAppendOperator(',');
  private final Options options = new Options();
  private final WriteOptions writing = new WriteOptions().setDisableWAL(true);
  private final ReadOptions reading = new ReadOptions();
  private final FlushOptions flushing = new FlushOptions().setWaitForFlush(true);
  private final RocksDB db;
  private final byte[] keyTarget = new byte[Entries.KEY_BYTES];
  private final byte[] target = new byte[Entries.VALUE_BYTES];

  private RocksStore(WorkDirectory directory, Memory memory, boolean isTuned)
      throws RocksDBException {
    this.directory = directory;
    this.cache = new LRUCache(memory.cacheBytes());
    this.filter = new BloomFilter(FILTER_BITS, false);
    BlockBasedTableConfig table = new BlockBasedTableConfig().setBlockCache(cache);
    if (isTuned) {
      table.setFilterPolicy(filter);
      table.setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash);
      options.setCompressionType(CompressionType.NO_COMPRESSION);
    }
    options
        .setCreateIfMissing(true)
        .setWriteBufferSize(memory.bufferBytes())
        .setMaxWriteBufferNumber(Memory.BUFFERS)
        .setMergeOperator(lists)
        .setTableFormatConfig(table);
    this.db = RocksDB.open(options, directory.path().toString());
  }

  static RocksStore open(Memory memory, boolean isTuned) throws IOException {
    try {
      return new RocksStore(WorkDirectory.make("engine-rocksdb-"), memory, isTuned);
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public int get(byte[] key) {
    try {
      int length = db.get(reading, key, target);
      return length == RocksDB.NOT_FOUND ? ABSENT : length;
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void put(byte[] key, byte[] value) {
    try {
      db.put(writing, key, value);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void append(byte[] key, byte[] element) {
    try {
      db.merge(writing, key, element);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public long scan() {
    long rows = 0;
    try (RocksIterator entries = db.newIterator(reading)) {
      for (entries.seekToFirst(); entries.isValid(); entries.next()) {
        rows += entries.key(keyTarget) > 0 && entries.value(target) > 0 ? 1 : 0;
      }
      entries.status();
    } catch (RocksDBException e) {
      throw failed(e);
    }
    return rows;
  }

  @Override
  public int scanPrefix(byte[] prefix) {
    int rows = 0;
    try (RocksIterator entries = db.newIterator(reading)) {
      for (entries.seek(prefix); entries.isValid(); entries.next()) {
        entries.key(keyTarget);
        if (!Arrays.equals(keyTarget, 0, prefix.length, prefix, 0, prefix.length)) {
          break;
        }
        rows += entries.value(target) > 0 ? 1 : 0;
      }
      entries.status();
    } catch (RocksDBException e) {
      throw failed(e);
    }
    return rows;
  }

  @Override
  public int floor(byte[] key) {
    try (RocksIterator entries = db.newIterator(reading)) {
      entries.seekForPrev(key);
      entries.status();
      return entries.isValid() ? entries.value(target) : ABSENT;
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void commit() {
    try {
      db.flush(flushing);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void settle(Layer layer) {
    switch (layer) {
      case ACTIVE -> {}
      case LEAF -> {
        commit();
        try {
          db.compactRange();
        } catch (RocksDBException e) {
          throw failed(e);
        }
        scan();
      }
      default -> throw new IllegalArgumentException("RocksDB does not stay in layer " + layer);
    }
  }

  @Override
  public void close() throws IOException {
    db.close();
    flushing.close();
    reading.close();
    writing.close();
    options.close();
    lists.close();
    filter.close();
    cache.close();
    directory.delete();
  }

  private static IllegalStateException failed(RocksDBException e) {
    return new IllegalStateException("RocksDB: " + e.getMessage(), e);
  }
}
