/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.fake;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.EntryBatch;
import io.eloqstore.api.EntryBuffer;
import io.eloqstore.api.EntryFilter;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.FreezePoint;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.api.ValueConsumer;
import io.eloqstore.api.WriteBatch;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A partition that keeps a sorted map and appends a whole dump of it to one data file at each
 * commit. Lists are kept as the engine keeps them. Times are ignored.
 */
public final class FakePartition implements OwnedPartition {
  static final String DATA = "data_0_0";
  private static final String MANIFEST = "manifest_0";

  private final ConcurrentSkipListMap<byte[], byte[]> map =
      new ConcurrentSkipListMap<>(Arrays::compareUnsigned);
  private final PartitionId id;
  private final StoreOptions options;
  private final Path directory;
  private long sequence;
  private volatile Map<String, byte[]> metadata = Map.of();
  private volatile boolean closed;

  FakePartition(PartitionId id, StoreOptions options, Path directory) {
    this.id = id;
    this.options = options;
    this.directory = directory;
  }

  /** Description: length of data before the dump, of the dump, of the manifest. */
  void restore(byte[] description) {
    try {
      ByteBuffer in = ByteBuffer.wrap(description);
      long from = in.getLong();
      long to = in.getLong();
      long manifestLength = in.getLong();
      check(DATA, to);
      check(MANIFEST, manifestLength);
      byte[] data = Files.readAllBytes(directory.resolve(DATA));
      read(
          new DataInputStream(
              new java.io.ByteArrayInputStream(data, (int) from, (int) (to - from))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void check(String file, long length) throws IOException {
    long actual = Files.size(directory.resolve(file));
    if (actual != length) {
      throw new CorruptionException(file, -1, "length", length, actual);
    }
  }

  private void read(DataInputStream in) throws IOException {
    sequence = in.readLong();
    Map<String, byte[]> restored = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      restored.put(in.readUTF(), in.readNBytes(in.readInt()));
    }
    metadata = restored;
    for (int i = in.readInt(); i > 0; i--) {
      map.put(in.readNBytes(in.readInt()), in.readNBytes(in.readInt()));
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new StoreException(StoreErrorCode.CLOSED, "the partition is closed");
    }
  }

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public StoreOptions options() {
    return options;
  }

  @Override
  public boolean get(byte[] key, int offset, int length, ValueBuffer target) {
    checkOpen();
    byte[] value = map.get(copy(key, offset, length));
    if (value == null) {
      return false;
    }
    System.arraycopy(value, 0, target.setLength(value.length), 0, value.length);
    return true;
  }

  @Override
  public boolean contains(byte[] key, int offset, int length) {
    checkOpen();
    return map.containsKey(copy(key, offset, length));
  }

  @Override
  public void put(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    checkOpen();
    sequence++;
    map.put(copy(key, keyOffset, keyLength), copy(value, valueOffset, valueLength));
  }

  @Override
  public void put(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength,
      long timestamp,
      long expireTs) {
    put(key, keyOffset, keyLength, value, valueOffset, valueLength);
  }

  @Override
  public void delete(byte[] key, int offset, int length) {
    checkOpen();
    sequence++;
    map.remove(copy(key, offset, length));
  }

  @Override
  public void delete(byte[] key, int offset, int length, long timestamp) {
    delete(key, offset, length);
  }

  @Override
  public void deleteRange(KeyRange range) {
    checkOpen();
    sequence++;
    view(range).clear();
  }

  @Override
  public void appendToList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    byte[] chunk = chunkKey(copy(key, keyOffset, keyLength), sequence + 1);
    put(chunk, 0, chunk.length, elements, elementsOffset, elementsLength);
  }

  @Override
  public void putList(
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] elements,
      int elementsOffset,
      int elementsLength) {
    byte[] head = chunkKey(copy(key, keyOffset, keyLength), 0);
    byte[] value =
        ByteBuffer.allocate(Long.BYTES + elementsLength)
            .putLong(sequence + 1)
            .put(elements, elementsOffset, elementsLength)
            .array();
    put(head, 0, head.length, value, 0, value.length);
  }

  @Override
  public void clearList(byte[] key, int offset, int length) {
    putList(key, offset, length, key, offset, 0);
  }

  @Override
  public boolean getList(byte[] key, int offset, int length, ValueBuffer target) {
    checkOpen();
    byte[] list = copy(key, offset, length);
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    long firstLive = 0;
    boolean any = false;
    for (Map.Entry<byte[], byte[]> entry : view(KeyRange.prefix(list)).entrySet()) {
      if (entry.getKey().length != length + Long.BYTES) {
        continue;
      }
      long number = ByteBuffer.wrap(entry.getKey(), length, Long.BYTES).getLong();
      byte[] value = entry.getValue();
      int from = 0;
      if (number == 0) {
        firstLive = ByteBuffer.wrap(value).getLong();
        from = Long.BYTES;
      }
      if (number == 0 ? value.length > from : number >= firstLive) {
        if (any) {
          joined.write(LIST_DELIMITER);
        }
        joined.write(value, from, value.length - from);
        any = true;
      }
    }
    byte[] all = joined.toByteArray();
    System.arraycopy(all, 0, target.setLength(all.length), 0, all.length);
    return any;
  }

  private static byte[] chunkKey(byte[] list, long number) {
    return ByteBuffer.allocate(list.length + Long.BYTES).put(list).putLong(number).array();
  }

  @Override
  public EntryIterator iterator(KeyRange range, boolean reverse) {
    checkOpen();
    NavigableMap<byte[], byte[]> copy = new TreeMap<>(Arrays::compareUnsigned);
    copy.putAll(view(range));
    Iterator<Map.Entry<byte[], byte[]>> entries =
        (reverse ? copy.descendingMap() : copy).entrySet().iterator();
    return new EntryIterator() {
      private byte[] key;
      private final ValueBuffer value = new ValueBuffer();

      @Override
      public boolean next() {
        checkOpen();
        if (!entries.hasNext()) {
          return false;
        }
        Map.Entry<byte[], byte[]> entry = entries.next();
        key = entry.getKey();
        byte[] bytes = entry.getValue();
        System.arraycopy(bytes, 0, value.setLength(bytes.length), 0, bytes.length);
        return true;
      }

      @Override
      public byte[] key() {
        return key;
      }

      @Override
      public int keyLength() {
        return key.length;
      }

      @Override
      public ValueBuffer value() {
        return value;
      }

      @Override
      public void close() {
        // Nothing is pinned.
      }
    };
  }

  @Override
  public boolean scan(KeyRange range, boolean reverse, EntryBatch batch) {
    checkOpen();
    batch.clear();
    ConcurrentNavigableMap<byte[], byte[]> view = view(range);
    for (Map.Entry<byte[], byte[]> entry : (reverse ? view.descendingMap() : view).entrySet()) {
      if (batch.isFull()) {
        return true;
      }
      batch.add(entry.getKey(), entry.getKey().length, entry.getValue(), entry.getValue().length);
    }
    return false;
  }

  private ConcurrentNavigableMap<byte[], byte[]> view(KeyRange range) {
    if (range.isEmpty()) {
      return map.headMap(new byte[0], false);
    }
    byte[] from = range.from() == null ? new byte[0] : range.from();
    return range.to() == null ? map.tailMap(from, true) : map.subMap(from, true, range.to(), false);
  }

  @Override
  public FreezePoint freeze() {
    checkOpen();
    Map<byte[], byte[]> content = new TreeMap<>(Arrays::compareUnsigned);
    content.putAll(map);
    long frozenSequence = sequence;
    return new FreezePoint() {
      @Override
      public PartitionImage commit(Map<String, byte[]> commitMetadata) {
        checkOpen();
        return FakePartition.this.write(content, frozenSequence, commitMetadata);
      }

      @Override
      public void close() {
        // Nothing is held but heap.
      }
    };
  }

  private synchronized PartitionImage write(
      Map<byte[], byte[]> content, long frozenSequence, Map<String, byte[]> commitMetadata) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(frozenSequence);
      out.writeInt(commitMetadata.size());
      for (Map.Entry<String, byte[]> entry : commitMetadata.entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeInt(entry.getValue().length);
        out.write(entry.getValue());
      }
      out.writeInt(content.size());
      for (Map.Entry<byte[], byte[]> entry : content.entrySet()) {
        out.writeInt(entry.getKey().length);
        out.write(entry.getKey());
        out.writeInt(entry.getValue().length);
        out.write(entry.getValue());
      }
      long from = append(DATA, bytes.toByteArray());
      long to = from + bytes.size();
      long manifest = append(MANIFEST, new byte[16]) + 16;
      metadata = Map.copyOf(commitMetadata);
      return new Image(
          ByteBuffer.allocate(24).putLong(from).putLong(to).putLong(manifest).array(),
          to,
          manifest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long append(String name, byte[] bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
      long end = file.length();
      file.seek(end);
      file.write(bytes);
      return end;
    }
  }

  private final class Image implements PartitionImage {
    private final byte[] description;
    private final long dataLength;
    private final long manifestLength;

    Image(byte[] description, long dataLength, long manifestLength) {
      this.description = description;
      this.dataLength = dataLength;
      this.manifestLength = manifestLength;
    }

    @Override
    public ImageFile manifest() {
      return new ImageFile(MANIFEST, 1, manifestLength);
    }

    @Override
    public List<ImageFile> dataFiles() {
      return List.of(new ImageFile(DATA, 0, dataLength));
    }

    @Override
    public void read(ImageFile file, long position, byte[] target, int offset, int length) {
      try (RandomAccessFile in =
          new RandomAccessFile(directory.resolve(file.name()).toFile(), "r")) {
        in.seek(position);
        in.readFully(target, offset, length);
      } catch (IOException e) {
        throw new StoreException(StoreErrorCode.IO_FAILED, "read of " + file, e);
      }
    }

    @Override
    public void linkTo(Path target) {
      try {
        for (String name : List.of(DATA, MANIFEST)) {
          Files.copy(directory.resolve(name), target.resolve(name));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public byte[] description() {
      return description;
    }

    @Override
    public void close() {
      // Files are never deleted while the directory stands.
    }
  }

  @Override
  public void multiGet(byte[][] keys, ValueBuffer target, ValueConsumer consumer) {
    for (int i = 0; i < keys.length; i++) {
      consumer.accept(i, get(keys[i], 0, keys[i].length, target) ? target : null);
    }
  }

  @Override
  public boolean putIfAbsent(
      byte[] key, int keyOffset, int keyLength, byte[] value, int valueOffset, int valueLength) {
    if (contains(key, keyOffset, keyLength)) {
      return false;
    }
    put(key, keyOffset, keyLength, value, valueOffset, valueLength);
    return true;
  }

  @Override
  public void write(WriteBatch batch) {
    for (WriteBatch.Entry entry : batch.resolved()) {
      byte[] key = entry.key();
      if (entry.isDelete()) {
        delete(key, 0, key.length);
      } else {
        put(key, 0, key.length, entry.value(), 0, entry.value().length);
      }
    }
  }

  @Override
  public void deleteFrom(byte[] position) {
    deleteRange(new KeyRange(position, null));
  }

  @Override
  public boolean floor(byte[] key, int offset, int length, EntryBuffer target) {
    return found(map.floorEntry(copy(key, offset, length)), target);
  }

  @Override
  public boolean ceiling(byte[] key, int offset, int length, EntryBuffer target) {
    return found(map.ceilingEntry(copy(key, offset, length)), target);
  }

  @Override
  public boolean lower(byte[] key, int offset, int length, EntryBuffer target) {
    return found(map.lowerEntry(copy(key, offset, length)), target);
  }

  @Override
  public boolean higher(byte[] key, int offset, int length, EntryBuffer target) {
    return found(map.higherEntry(copy(key, offset, length)), target);
  }

  private boolean found(Map.Entry<byte[], byte[]> entry, EntryBuffer target) {
    checkOpen();
    if (entry == null) {
      return false;
    }
    ValueBuffer value = new ValueBuffer();
    byte[] bytes = entry.getValue();
    System.arraycopy(bytes, 0, value.setLength(bytes.length), 0, bytes.length);
    target.set(entry.getKey(), entry.getKey().length, value);
    return true;
  }

  /** Never rewrites, so never asks. */
  @Override
  public void setEntryFilter(EntryFilter filter) {
    checkOpen();
  }

  /** Its iterators walk copies. */
  @Override
  public void allowConcurrentIterators() {
    checkOpen();
  }

  @Override
  public void requestSweep() {
    checkOpen();
  }

  @Override
  public void cleanExpired() {
    checkOpen();
  }

  @Override
  public void compact() {
    checkOpen();
  }

  @Override
  public void archive(long timestamp) {
    throw new UnsupportedOperationException("no archives on the heap");
  }

  @Override
  public List<Long> archives() {
    return List.of();
  }

  @Override
  public void deleteArchive(long timestamp) {
    throw new UnsupportedOperationException("no archives on the heap");
  }

  @Override
  public void commit(Map<String, byte[]> commitMetadata) {
    freeze().commit(commitMetadata).close();
  }

  @Override
  public void seal() {
    commit(metadata);
  }

  @Override
  public void flush() {
    checkOpen();
  }

  @Override
  public Map<String, byte[]> metadata() {
    return metadata;
  }

  @Override
  public boolean metadataValid() {
    return true;
  }

  @Override
  public long approximateEntryCount() {
    return map.size();
  }

  @Override
  public void close() {
    closed = true;
  }

  private static byte[] copy(byte[] bytes, int offset, int length) {
    return Arrays.copyOfRange(bytes, offset, offset + length);
  }
}
