/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.differential;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import io.eloqstore.flink.TestSettings;
import io.eloqstore.flink.differential.Oracle.At;
import io.eloqstore.flink.differential.Oracle.Timed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.ttl.MockTtlTimeProvider;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.TimerHeapInternalTimer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same random operations on RocksDB, HashMap and ours, and on plain collections: with
 * checkpoints that complete, overlap or are aborted, restores at other parallelism, and canonical
 * savepoints that another backend goes on from. Whatever is read is the same in all of them.
 *
 * <p>{@code -Deloqstore.differential.seeds} and {@code -Deloqstore.differential.first} for more or
 * others.
 */
class DifferentialTest {
  private static final int SEEDS = Integer.getInteger("eloqstore.differential.seeds", 50);
  private static final int FIRST = Integer.getInteger("eloqstore.differential.first", 1);
  private static final String[] NAMESPACES = {"", "a", "window 2"};
  private static final int ROUNDS = 6;
  private static final int OPERATIONS = 120;
  private static final int OURS = 0;

  /**
   * Its queue is not walked: a walk of it begins behind the timer that fired last, so it misses
   * those that were put before that one later. What it polls is right, and is compared.
   */
  private static final String ROCKS = "rocks";

  @TempDir Path directory;

  private final MockTtlTimeProvider time = new MockTtlTimeProvider();
  private final List<Fleet> fleets = new ArrayList<>();
  private Random random;
  private String seedText;
  private int keys;
  private int keyGroups;
  private int parallelism;
  private final Set<Long> usedStamps = new HashSet<>();
  private long nextCheckpoint = 1;
  private Oracle oracle = new Oracle();
  private Oracle atCheckpoint;

  static LongStream seeds() {
    return LongStream.range(FIRST, FIRST + SEEDS);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void sameOperationsSameState(long seed) throws Exception {
    random = new Random(seed);
    // A subtask asks each of its key groups for its first timer, so many of them take time.
    keyGroups = seed % 8 == 0 ? 32_768 : random.nextBoolean() ? 128 : 129;
    keys = 5 << random.nextInt(5);
    seedText = "seed " + seed;
    time.setCurrentTimestamp(1_000_000);
    open(seed);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        seedText = "seed " + seed + ", round " + round;
        operate();
        compare("operated");
        boolean abort = random.nextInt(4) == 0;
        checkpoint(abort, random.nextInt(3) == 0);
        switch (random.nextInt(4)) {
          case 0 -> restore();
          case 1 -> exchange();
          default -> operate();
        }
        compare("went on");
      }
      while (!oracle.timers.isEmpty()) {
        pollTimer();
      }
    } finally {
      for (Fleet fleet : fleets) {
        fleet.stop();
      }
    }
  }

  private void open(long seed) throws Exception {
    boolean compression = random.nextBoolean();
    Configuration config = TestSettings.apply(new Configuration());
    config.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    config.setString("state.backend.eloqstore.localdir", local("ours"));
    config.setString(
        "state.backend.eloqstore.timer-service.factory",
        random.nextInt(4) == 0 ? "HEAP" : "ELOQSTORE");
    config.setString(
        "state.backend.eloqstore.timer-service.cache-size",
        Integer.toString(1 + random.nextInt(20)));
    config.setString(
        "state.backend.eloqstore.memory.fixed-per-slot", MemorySize.ofMebiBytes(8).toString());
    EmbeddedRocksDBStateBackend rocks = new EmbeddedRocksDBStateBackend(true);
    rocks.setDbStoragePath(local("rocks"));
    add(
        "ours",
        new EloqStoreStateBackendFactory().createFromConfig(config, getClass().getClassLoader()),
        compression,
        seed);
    add(ROCKS, rocks, compression, seed + 1_000_000);
    add("heap", new HashMapStateBackend(), compression, seed + 2_000_000);
    parallelism = 1 + random.nextInt(4);
    for (Fleet fleet : fleets) {
      fleet.start(parallelism, List.of());
    }
  }

  private String local(String name) throws Exception {
    return Files.createDirectories(directory.resolve("local-" + name)).toString();
  }

  private void add(String name, AbstractStateBackend backend, boolean compression, long seed)
      throws Exception {
    fleets.add(
        new Fleet(name, backend, keyGroups, time, directory.resolve(name), compression, seed));
  }

  // ---- operations ------------------------------------------------------------------------------

  private interface Operation {
    void on(Subtask subtask) throws Exception;
  }

  private String key() {
    int number = random.nextInt(keys);
    return "k" + "x".repeat(number % 7) + number;
  }

  private String namespace() {
    return NAMESPACES[random.nextInt(NAMESPACES.length)];
  }

  private String text() {
    return "t" + random.nextInt(1000) + "y".repeat(random.nextInt(30));
  }

  private void operate() throws Exception {
    for (int i = 0; i < OPERATIONS; i++) {
      At at = new At(key(), namespace());
      int kind = random.nextInt(20);
      if (kind < 16) {
        Operation operation = operation(kind, at);
        for (Fleet fleet : fleets) {
          operation.on(fleet.on(at.key()));
        }
      } else if (kind < 17) {
        time.setCurrentTimestamp(time.currentTimestamp() + random.nextInt(400));
      } else {
        pollTimer();
      }
    }
  }

  private Operation operation(int kind, At at) {
    return switch (kind) {
      case 0, 1 -> updateValue(at, text());
      case 2 -> clearValue(at);
      case 3, 4 -> addToList(at, random.nextInt(100));
      case 5 -> replaceList(at, List.of(random.nextInt(100), random.nextInt(100)));
      case 6 -> mergeLists(at);
      case 7, 8 -> putInMap(at, random.nextInt(20), text());
      case 9 -> removeFromMap(at, random.nextInt(20));
      case 10 -> clearMap(at);
      case 11 -> reduce(at, random.nextInt(100));
      case 12 -> aggregate(at, random.nextInt(100));
      case 13 -> updateExpiring(at, text());
      default -> addTimer(at);
    };
  }

  private Operation updateValue(At at, String text) {
    oracle.values.put(at, text);
    return subtask -> {
      subtask.value.setCurrentNamespace(at.namespace());
      subtask.value.update(text);
    };
  }

  private Operation clearValue(At at) {
    oracle.values.remove(at);
    return subtask -> {
      subtask.value.setCurrentNamespace(at.namespace());
      subtask.value.clear();
    };
  }

  private Operation addToList(At at, int element) {
    oracle.lists.computeIfAbsent(at, any -> new ArrayList<>()).add(element);
    return subtask -> {
      subtask.list.setCurrentNamespace(at.namespace());
      subtask.list.add(element);
    };
  }

  private Operation replaceList(At at, List<Integer> elements) {
    oracle.lists.put(at, new ArrayList<>(elements));
    return subtask -> {
      subtask.list.setCurrentNamespace(at.namespace());
      subtask.list.update(elements);
    };
  }

  private Operation mergeLists(At at) {
    List<String> others = new ArrayList<>(List.of(NAMESPACES));
    others.remove(at.namespace());
    for (String other : others) {
      List<Integer> moved = oracle.lists.remove(new At(at.key(), other));
      if (moved != null) {
        oracle.lists.computeIfAbsent(at, any -> new ArrayList<>()).addAll(moved);
      }
    }
    return subtask -> subtask.list.mergeNamespaces(at.namespace(), others);
  }

  private Operation putInMap(At at, int userKey, String text) {
    oracle.maps.computeIfAbsent(at, any -> new TreeMap<>()).put(userKey, text);
    return subtask -> {
      subtask.map.setCurrentNamespace(at.namespace());
      subtask.map.put(userKey, text);
    };
  }

  private Operation removeFromMap(At at, int userKey) {
    Map<Integer, String> map = oracle.maps.get(at);
    if (map != null) {
      map.remove(userKey);
    }
    return subtask -> {
      subtask.map.setCurrentNamespace(at.namespace());
      subtask.map.remove(userKey);
    };
  }

  private Operation clearMap(At at) {
    oracle.maps.remove(at);
    return subtask -> {
      subtask.map.setCurrentNamespace(at.namespace());
      subtask.map.clear();
    };
  }

  private Operation reduce(At at, long next) {
    oracle.reduced.merge(at, next, (a, b) -> a * 31 + b);
    return subtask -> {
      subtask.reducing.setCurrentNamespace(at.namespace());
      subtask.reducing.add(next);
    };
  }

  private Operation aggregate(At at, long next) {
    oracle.sums.merge(at, next, Long::sum);
    return subtask -> {
      subtask.aggregating.setCurrentNamespace(at.namespace());
      subtask.aggregating.add(next);
    };
  }

  private Operation updateExpiring(At at, String text) {
    oracle.expiring.put(at, new Timed(text, time.currentTimestamp()));
    return subtask -> {
      subtask.expiring.setCurrentNamespace(at.namespace());
      subtask.expiring.update(text);
    };
  }

  private Operation addTimer(At at) {
    // Unique, and anywhere among those that are there.
    long stamp;
    do {
      stamp = random.nextInt(200_000) - 100_000;
    } while (!usedStamps.add(stamp));
    oracle.timers.put(stamp, at);
    long added = stamp;
    return subtask ->
        subtask.timers.add(new TimerHeapInternalTimer<>(added, at.key(), at.namespace()));
  }

  /** The first timer of one subtask fires, or one in the middle is deleted. */
  private void pollTimer() {
    int index = random.nextInt(parallelism);
    List<Long> ofSubtask = new ArrayList<>();
    oracle.timers.forEach(
        (stamp, at) -> {
          if (subtaskOf(at.key()) == index) {
            ofSubtask.add(stamp);
          }
        });
    if (!ofSubtask.isEmpty() && random.nextInt(3) == 0) {
      long stamp = ofSubtask.get(random.nextInt(ofSubtask.size()));
      At at = oracle.timers.remove(stamp);
      for (Fleet fleet : fleets) {
        fleet
            .on(at.key())
            .timers
            .remove(new TimerHeapInternalTimer<>(stamp, at.key(), at.namespace()));
      }
      return;
    }
    Long expected = ofSubtask.isEmpty() ? null : ofSubtask.get(0);
    for (Fleet fleet : fleets) {
      TimerHeapInternalTimer<String, String> polled = fleet.subtasks().get(index).timers.poll();
      assertThat(polled == null ? null : polled.getTimestamp())
          .as(seedText + ": timer of subtask " + index + " in " + fleet.name)
          .isEqualTo(expected);
    }
    if (expected != null) {
      oracle.timers.remove(expected);
    }
  }

  private int subtaskOf(String key) {
    return KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup(
        keyGroups, parallelism, KeyGroupRangeAssignment.assignToKeyGroup(key, keyGroups));
  }

  // ---- comparing -------------------------------------------------------------------------------

  private void compare(String what) throws Exception {
    for (Fleet fleet : fleets) {
      String where = seedText + ", " + what + ", " + fleet.name;
      for (int number = 0; number < keys; number++) {
        String key = "k" + "x".repeat(number % 7) + number;
        for (String namespace : NAMESPACES) {
          assertThat(fleet.on(key).dump(key, namespace))
              .as(where + ", key " + key + ", namespace " + namespace)
              .isEqualTo(oracle.dump(new At(key, namespace), time.currentTimestamp()));
        }
      }
      if (!fleet.name.equals(ROCKS)) {
        Set<Long> stamps = new HashSet<>();
        for (Subtask subtask : fleet.subtasks()) {
          stamps.addAll(subtask.timerStamps());
        }
        assertThat(stamps).as(where + ", timers").isEqualTo(oracle.timers.keySet());
      }
      for (String namespace : NAMESPACES) {
        Set<String> found = new HashSet<>();
        for (Subtask subtask : fleet.subtasks()) {
          found.addAll(subtask.keysOf(Subtask.VALUE, namespace));
        }
        assertThat(found)
            .as(where + ", keys of namespace " + namespace)
            .isEqualTo(oracle.keysWithValue(namespace));
      }
    }
  }

  // ---- checkpoints -----------------------------------------------------------------------------

  /**
   * A checkpoint; if asked for one before it that is aborted, and one that overlaps with the next
   * operations.
   */
  private void checkpoint(boolean abortOne, boolean overlap) throws Exception {
    if (abortOne) {
      boolean uploaded = random.nextBoolean();
      long id = nextCheckpoint++;
      for (Fleet fleet : fleets) {
        fleet.checkpoint(id, CheckpointType.CHECKPOINT).abort(uploaded);
      }
      operate();
    }
    long id = nextCheckpoint++;
    CheckpointType type =
        atCheckpoint == null || random.nextInt(6) == 0
            ? CheckpointType.FULL_CHECKPOINT
            : CheckpointType.CHECKPOINT;
    List<Fleet.Pending> pending = new ArrayList<>();
    for (Fleet fleet : fleets) {
      pending.add(fleet.checkpoint(id, type));
    }
    atCheckpoint = oracle.copy();
    if (overlap) {
      operate();
    }
    for (Fleet.Pending part : pending) {
      part.complete();
    }
  }

  /** All fail and start from their last checkpoints, at another parallelism. */
  private void restore() throws Exception {
    oracle = atCheckpoint.copy();
    parallelism = 1 + random.nextInt(5);
    for (Fleet fleet : fleets) {
      fleet.claim(nextCheckpoint - 1);
      fleet.start(parallelism, fleet.completed());
    }
  }

  /** Every fleet goes on from the savepoint of the one behind it. */
  private void exchange() throws Exception {
    List<List<KeyedStateHandle>> savepoints = new ArrayList<>();
    List<Map<String, Integer>> contents = new ArrayList<>();
    for (Fleet fleet : fleets) {
      List<KeyedStateHandle> savepoint = fleet.savepoint();
      savepoints.add(savepoint);
      contents.add(CanonicalContent.of(savepoint, keyGroups));
    }
    for (int i = 0; i < fleets.size(); i++) {
      assertThat(contents.get(i))
          .as(seedText + ": savepoint of " + fleets.get(i).name + " and of " + fleets.get(1).name)
          .isEqualTo(contents.get(1));
    }
    assertThat(contents.get(OURS)).isNotNull();
    parallelism = 1 + random.nextInt(5);
    for (int i = 0; i < fleets.size(); i++) {
      fleets.get(i).start(parallelism, savepoints.get((i + 1) % fleets.size()));
    }
    // Their checkpoints belong to another past.
    checkpoint(false, false);
  }
}
