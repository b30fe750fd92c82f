/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.EloqStore;
import io.eloqstore.api.EntryIterator;
import io.eloqstore.api.KeyRange;
import io.eloqstore.api.OwnedPartition;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.api.ValueBuffer;
import io.eloqstore.codec.ValueCompression;
import io.eloqstore.reference.GoldenSets;
import io.eloqstore.reference.ReferenceEntry;
import io.eloqstore.reference.ReferenceStore;
import io.eloqstore.shard.Shard;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Without zstd-jni on the class path everything works but compressed values, which say what they
 * lack. The engine is loaded again by a class loader that does not find the library.
 */
class WithoutZstdTest {
  @TempDir Path directory;

  /** Finds the engine and these tests anew, the library never, all else where the tests do. */
  private static final class LoaderWithoutZstd extends URLClassLoader {
    LoaderWithoutZstd() {
      super(
          new URL[] {locationOf(EloqStore.class), locationOf(WithoutZstdTest.class)},
          WithoutZstdTest.class.getClassLoader());
    }

    private static URL locationOf(Class<?> type) {
      return type.getProtectionDomain().getCodeSource().getLocation();
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("com.github.luben.")) {
        throw new ClassNotFoundException(name);
      }
      if (!name.startsWith("io.eloqstore.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known != null ? known : findClass(name);
      }
    }
  }

  /** What runs in there: named types are those of that loader. */
  public static final class Scenario implements Consumer<Path> {
    private final StoreOptions options = StoreOptions.defaults().withPagesPerFileShift(8);
    private final ValueBuffer value = new ValueBuffer();

    @Override
    public void accept(Path directory) {
      assertThat(ValueCompression.isAvailable()).isFalse();
      try (Shard shard = EloqStore.openShard(ShardOptions.defaults())) {
        writesAndReads(shard, directory.resolve("new"));
        refusesToCompress(shard, directory.resolve("new"));
        readsWhatIsRaw(shard, directory.resolve("golden"));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    private void writesAndReads(Shard shard, Path store) {
      try (EloqStore opened = EloqStore.open(shard, store, options)) {
        OwnedPartition partition = opened.openPartition(new PartitionId("t", 0));
        byte[] large = new byte[20_000];
        partition.put(new byte[] {1}, 0, 1, large, 0, large.length);
        partition.put(new byte[] {2}, 0, 1, large, 0, 500);
        partition.commit(Map.of());
        assertThat(partition.get(new byte[] {1}, 0, 1, value)).isTrue();
        assertThat(value.toByteArray()).isEqualTo(large);
      }
    }

    private void refusesToCompress(Shard shard, Path store) {
      StoreOptions compressed = options.withCompression(true);
      PartitionId id = new PartitionId("t", 0);
      try (EloqStore opened = EloqStore.open(shard, store, compressed)) {
        assertNamesTheLibrary(() -> opened.openPartition(id));
        assertNamesTheLibrary(() -> opened.openPartition(new PartitionId("t", 1)));
      }
      // Who writes nothing needs nothing; and the one refused left no lock.
      try (EloqStore opened = EloqStore.openReadOnly(shard, store, compressed)) {
        assertThat(opened.openPartition(id).get(new byte[] {2}, 0, 1, value)).isTrue();
      }
      try (EloqStore opened = EloqStore.open(shard, store, options)) {
        assertThat(opened.openPartition(id).get(new byte[] {2}, 0, 1, value)).isTrue();
      }
    }

    private void readsWhatIsRaw(Shard shard, Path store) throws IOException {
      List<ReferenceEntry> entries = new ArrayList<>();
      List<ReferenceEntry> compressed = new ArrayList<>();
      try (EloqStore opened = EloqStore.open(shard, store, options)) {
        OwnedPartition partition = opened.openPartition(new PartitionId("z", 0));
        // A filter is not asked for what nobody can read: no flush fails for it.
        partition.setEntryFilter(entry -> entry.valueLength() == 12_345);
        for (String line : GoldenSets.named("compressed").expectedLines()) {
          byte[] key = java.util.HexFormat.of().parseHex(line.substring(0, line.indexOf('\t')));
          assertThat(partition.contains(key, 0, key.length)).isTrue();
          try {
            partition.get(key, 0, key.length, value);
            entries.add(new ReferenceEntry(key, value.toByteArray(), 0, 0, 0));
          } catch (StoreException e) {
            compressed.add(new ReferenceEntry(key, new byte[0], 0, 0, 0));
            assertNamesTheLibrary(() -> partition.get(key, 0, key.length, value));
          }
        }
        partition.requestSweep();
        byte[] near = Arrays.copyOf(compressed.get(0).key(), compressed.get(0).key().length + 1);
        partition.put(near, 0, near.length, near, 0, 1);
        partition.commit(Map.of());
        assertNamesTheLibrary(() -> walk(partition));
      }
      assertThat(entries).hasSize(41);
      assertThat(compressed).hasSize(152);
    }

    private static void walk(OwnedPartition partition) {
      try (EntryIterator iterator = partition.iterator(KeyRange.ALL, false)) {
        while (iterator.next()) {
          assertThat(iterator.keyLength()).isPositive();
        }
      }
    }

    private static void assertNamesTheLibrary(ThrowingCallable call) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              StoreException.class,
              e -> assertThat(e.code()).isEqualTo(StoreErrorCode.UNSUPPORTED_FORMAT))
          .hasMessageContaining("com.github.luben:zstd-jni");
    }
  }

  @Test
  void onlyCompressedValuesAreMissed() throws Exception {
    GoldenSets.GoldenState state = GoldenSets.named("compressed");
    Path copy = Files.createDirectories(directory.resolve("golden").resolve(state.partition()));
    try (Stream<Path> files = Files.list(state.directory())) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    ReferenceStore before = state.read();
    try (LoaderWithoutZstd loader = new LoaderWithoutZstd()) {
      Class<?> scenario = loader.loadClass(Scenario.class.getName());
      assertThat(scenario).isNotEqualTo(Scenario.class);
      @SuppressWarnings("unchecked")
      Consumer<Path> run = (Consumer<Path>) scenario.getDeclaredConstructor().newInstance();
      run.accept(directory);
    }
    // What was rewritten kept its bytes.
    ReferenceStore after = ReferenceStore.read(copy, state.pageBytes(), state.pagesPerFileShift());
    assertThat(after.entries()).hasSize(before.entries().size() + 1);
    assertThat(after.dumpLines()).containsAll(before.dumpLines());
  }
}
