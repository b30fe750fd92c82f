/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import io.eloqstore.flink.TestSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.PhysicalStateHandleID;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.filesystem.FsCheckpointStreamFactory;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a restore at another parallelism costs, counted: bytes and files fetched from the checkpoint
 * storage, bytes written beside them, heap. The state lies in many files: it is about 200 MiB.
 */
@SuppressWarnings("try") // Flink's environment lets close throw anything.
class RestoreCostTest {
  private static final int KEY_GROUPS = 128;
  private static final int KEYS = 100_000;
  private static final int VALUE_BYTES = 1900;

  @TempDir Path directory;

  private final Map<String, AtomicLong> fetched = new ConcurrentHashMap<>();
  private AbstractStateBackend stateBackend;

  /** Counts what is read of the handle it stands for. */
  private final class Counted implements StreamStateHandle {
    private static final long serialVersionUID = 1L;
    private final StreamStateHandle handle;
    private final String file;

    Counted(StreamStateHandle handle, String localPath) {
      this.handle = handle;
      this.file = localPath.substring(0, localPath.indexOf('@'));
    }

    @Override
    public FSDataInputStream openInputStream() throws IOException {
      FSDataInputStream in = handle.openInputStream();
      AtomicLong bytes = fetched.computeIfAbsent(file, any -> new AtomicLong());
      return new FSDataInputStream() {
        @Override
        public void seek(long position) throws IOException {
          in.seek(position);
        }

        @Override
        public long getPos() throws IOException {
          return in.getPos();
        }

        @Override
        public int read() throws IOException {
          bytes.incrementAndGet();
          return in.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
          int read = in.read(target, offset, length);
          bytes.addAndGet(Math.max(0, read));
          return read;
        }

        @Override
        public void close() throws IOException {
          in.close();
        }
      };
    }

    @Override
    public Optional<byte[]> asBytesIfInMemory() {
      return Optional.empty();
    }

    @Override
    public PhysicalStateHandleID getStreamStateHandleID() {
      return handle.getStreamStateHandleID();
    }

    @Override
    public void discardState() throws Exception {
      handle.discardState();
    }

    @Override
    public long getStateSize() {
      return handle.getStateSize();
    }
  }

  private KeyedStateHandle counted(KeyedStateHandle handle) {
    IncrementalRemoteKeyedStateHandle remote = (IncrementalRemoteKeyedStateHandle) handle;
    List<HandleAndLocalPath> shared = new ArrayList<>();
    for (HandleAndLocalPath entry : remote.getSharedState()) {
      shared.add(
          HandleAndLocalPath.of(
              new Counted(entry.getHandle(), entry.getLocalPath()), entry.getLocalPath()));
    }
    return new IncrementalRemoteKeyedStateHandle(
        remote.getBackendIdentifier(),
        remote.getKeyGroupRange(),
        remote.getCheckpointId(),
        shared,
        remote.getPrivateState(),
        remote.getMetaDataStateHandle());
  }

  private static long bytes(KeyedStateHandle handle, boolean manifest) {
    return ((IncrementalRemoteKeyedStateHandle) handle)
        .getSharedState().stream()
            .filter(entry -> entry.getLocalPath().contains("/manifest") == manifest)
            .mapToLong(entry -> entry.getHandle().getStateSize())
            .sum();
  }

  private void openBackend() throws IOException {
    Configuration config = TestSettings.apply(new Configuration());
    config.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    config.setString(
        "state.backend.eloqstore.localdir",
        Files.createDirectories(directory.resolve("local")).toString());
    config.setString(
        "state.backend.eloqstore.memory.fixed-per-slot", MemorySize.ofMebiBytes(32).toString());
    stateBackend =
        new EloqStoreStateBackendFactory().createFromConfig(config, getClass().getClassLoader());
  }

  private Subtask start(MockEnvironment env, KeyGroupRange range, List<KeyedStateHandle> handles)
      throws Exception {
    return new Subtask(
        stateBackend, env, KEY_GROUPS, range, TtlTimeProvider.DEFAULT, handles, new Random(1));
  }

  /** Keys in the order of their key groups, so that what is near in the tree is near in files. */
  private static List<String> keysOf(KeyGroupRange range) {
    TreeMap<Integer, List<String>> byGroup = new TreeMap<>();
    for (int i = 0; i < KEYS; i++) {
      String key = "key " + i;
      int group = KeyGroupRangeAssignment.assignToKeyGroup(key, KEY_GROUPS);
      if (range.contains(group)) {
        byGroup.computeIfAbsent(group, any -> new ArrayList<>()).add(key);
      }
    }
    List<String> keys = new ArrayList<>();
    byGroup.values().forEach(keys::addAll);
    return keys;
  }

  private KeyedStateHandle write(KeyGroupRange range) throws Exception {
    String value = "v".repeat(VALUE_BYTES);
    FsCheckpointStreamFactory storage = storage();
    try (MockEnvironment env = new MockEnvironmentBuilder().build()) {
      Subtask subtask = start(env, range, List.of());
      subtask.value.setCurrentNamespace("");
      for (String key : keysOf(range)) {
        subtask.backend.setCurrentKey(key);
        subtask.value.update(value);
      }
      var future = subtask.snapshot(1, CheckpointType.CHECKPOINT, storage);
      future.run();
      subtask.backend.dispose();
      return future.get().getJobManagerOwnedSnapshot();
    }
  }

  private FsCheckpointStreamFactory storage() throws IOException {
    Path shared = Files.createDirectories(directory.resolve("shared"));
    return new FsCheckpointStreamFactory(
        org.apache.flink.core.fs.FileSystem.getLocalFileSystem(),
        new org.apache.flink.core.fs.Path(shared.toUri()),
        new org.apache.flink.core.fs.Path(shared.toUri()),
        0,
        64 << 10);
  }

  private long fetchedBytes(boolean manifest) {
    return fetched.entrySet().stream()
        .filter(entry -> entry.getKey().contains("manifest") == manifest)
        .mapToLong(entry -> entry.getValue().get())
        .sum();
  }

  private long fetchedFiles() {
    return fetched.keySet().stream().filter(name -> !name.contains("manifest")).count();
  }

  /** Bytes in data files of the working directories. */
  private long localBytes() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("local"))) {
      long sum = 0;
      for (Path file :
          files.filter(path -> path.getFileName().toString().startsWith("data_")).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  private static long usedHeap() {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      used = Math.min(used, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return used;
  }

  private void check(Subtask subtask, KeyGroupRange range) throws Exception {
    subtask.value.setCurrentNamespace("");
    for (String key : keysOf(range)) {
      subtask.backend.setCurrentKey(key);
      assertThat(subtask.value.value()).as(key).hasSize(VALUE_BYTES);
    }
  }

  @Test
  void aQuarterFetchesItsFilesOnlyAndCopiesNoPage() throws Exception {
    openBackend();
    KeyedStateHandle whole = write(KeyGroupRange.of(0, KEY_GROUPS - 1));
    long stateBytes = bytes(whole, false);
    assertThat(stateBytes).isGreaterThan(150L << 20);
    KeyGroupRange quarter = KeyGroupRange.of(32, 63);
    try (MockEnvironment env = new MockEnvironmentBuilder().build()) {
      long heapBefore = usedHeap();
      Subtask subtask = start(env, quarter, List.of(counted(whole)));
      long heapKept = usedHeap() - heapBefore;
      long written = localBytes() - fetchedBytes(false);
      System.out.printf(
          "1 to 4: state %,d bytes; fetched %,d bytes in %d files, manifest %,d bytes;"
              + " written beside %,d bytes; heap kept %,d bytes%n",
          stateBytes, fetchedBytes(false), fetchedFiles(), fetchedBytes(true), written, heapKept);
      // A quarter in files of 32 MiB, two more at its edges, one with the index pages.
      assertThat(fetchedBytes(false)).isLessThanOrEqualTo(stateBytes / 4 + (3L << 25));
      assertThat(fetchedBytes(false)).isLessThan(stateBytes * 3 / 4);
      assertThat(fetchedBytes(true)).isEqualTo(bytes(whole, true));
      // Two pages on each of three levels and what is joined with them: no leaf is copied.
      assertThat(written).isBetween(0L, 10L * 4096);
      assertThat(heapKept).isLessThan(8L << 20);
      check(subtask, quarter);
      subtask.backend.dispose();
    }
  }

  @Test
  void twoHalvesBecomeOneWithoutACopy() throws Exception {
    openBackend();
    KeyedStateHandle low = write(KeyGroupRange.of(0, 63));
    KeyedStateHandle high = write(KeyGroupRange.of(64, 127));
    long stateBytes = bytes(low, false) + bytes(high, false);
    KeyGroupRange all = KeyGroupRange.of(0, KEY_GROUPS - 1);
    try (MockEnvironment env = new MockEnvironmentBuilder().build()) {
      long heapBefore = usedHeap();
      Subtask subtask = start(env, all, List.of(counted(low), counted(high)));
      long heapKept = usedHeap() - heapBefore;
      long written = localBytes() - fetchedBytes(false);
      System.out.printf(
          "2 to 1: state %,d bytes; fetched %,d bytes, written beside %,d bytes;"
              + " heap kept %,d bytes%n",
          stateBytes, fetchedBytes(false), written, heapKept);
      assertThat(fetchedBytes(false)).isEqualTo(stateBytes);
      assertThat(written).isZero();
      assertThat(heapKept).isLessThan(8L << 20);
      check(subtask, all);

      // The next checkpoint builds on the files of both: it uploads what changed.
      subtask.backend.setCurrentKey("key 7");
      subtask.value.setCurrentNamespace("");
      subtask.value.update("changed");
      var future = subtask.snapshot(2, CheckpointType.CHECKPOINT, storage());
      future.run();
      long uploaded = future.get().getJobManagerOwnedSnapshot().getCheckpointedSize();
      System.out.printf("2 to 1: the next checkpoint uploads %,d bytes%n", uploaded);
      assertThat(uploaded).isLessThan(2L << 20);
      subtask.backend.dispose();
    }
  }
}
