/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SharedStateRegistry;
import org.apache.flink.runtime.state.SharedStateRegistryImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Incremental checkpoints on the engine itself, against a model of what each of them holds. */
class EngineCheckpointTest {
  private static final ValueStateDescriptor<String> VALUE =
      new ValueStateDescriptor<>("value", StringSerializer.INSTANCE);
  private static final MapStateDescriptor<Integer, String> MAP =
      new MapStateDescriptor<>("map", IntSerializer.INSTANCE, StringSerializer.INSTANCE);
  private static final int KEYS = 3000;
  private static final int ENTRIES = 4;

  @TempDir Path directory;

  private final CountingStreamFactory storage = new CountingStreamFactory();
  private final SharedStateRegistry registry = new SharedStateRegistryImpl();
  private final Map<Integer, String> values = new HashMap<>();
  private final Map<Integer, Map<Integer, String>> maps = new HashMap<>();
  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;

  @BeforeEach
  void open() throws Exception {
    harness = new BackendHarness(directory);
    harness.engines = ContractEngine.FACTORY;
    backend = harness.create();
  }

  @AfterEach
  void close() throws Exception {
    backend.dispose();
    harness.close();
  }

  @Test
  void everyCheckpointHoldsWhatWasThereWhenItWasTaken() throws Exception {
    for (int seed = 0; seed < 3; seed++) {
      Random random = new Random(seed);
      for (int id = 1; id <= 25; id++) {
        String where = "seed " + seed + ", checkpoint " + id;
        change(random, id == 1 ? KEYS : 200);
        long checkpointId = seed * 100L + id;
        KeyedStateHandle handle = checkpoint(checkpointId, CheckpointType.CHECKPOINT);
        handle.registerSharedStates(registry, checkpointId);
        switch (random.nextInt(4)) {
          case 0 -> backend.notifyCheckpointAborted(checkpointId);
          case 1 -> {
            backend.notifyCheckpointComplete(checkpointId);
            restore(handle);
            check(where);
          }
          default -> backend.notifyCheckpointComplete(checkpointId);
        }
      }
      check("seed " + seed);
    }
  }

  @Test
  void uploadIsAsLargeAsTheChange() throws Exception {
    Random random = new Random(1);
    change(random, KEYS);
    checkpoint(1, CheckpointType.CHECKPOINT);
    backend.notifyCheckpointComplete(1);
    long whole = storage.takeBytes();
    backend.setCurrentKey(7);
    BackendHarness.state(backend, VALUE).update("one change");
    checkpoint(2, CheckpointType.CHECKPOINT);
    // One page, one record of the manifest, the meta data.
    assertThat(storage.takeBytes()).isLessThan(whole / 10);
  }

  @Test
  void splitAndMergedBackendsHoldTheSame() throws Exception {
    Random random = new Random(5);
    change(random, KEYS);
    change(random, KEYS);
    SharedStateRegistry registry = new SharedStateRegistryImpl();
    KeyedStateHandle whole = checkpoint(1, CheckpointType.CHECKPOINT);
    whole.registerSharedStates(registry, 1);
    backend.dispose();
    KeyedStateHandle[] parts = new KeyedStateHandle[2];
    KeyGroupRange[] ranges = {KeyGroupRange.of(0, 6), KeyGroupRange.of(7, 15)};
    for (int i = 0; i < parts.length; i++) {
      backend = harness.create(harness.stateBackend(), ranges[i], whole);
      parts[i] = checkpoint(2 + i, CheckpointType.CHECKPOINT);
      parts[i].registerSharedStates(registry, 2 + i);
      backend.dispose();
    }
    backend = harness.create(parts);
    check("merged");
  }

  private void change(Random random, int count) throws Exception {
    ValueState<String> value = BackendHarness.state(backend, VALUE);
    MapState<Integer, String> map = BackendHarness.state(backend, MAP);
    for (int i = 0; i < count; i++) {
      int key = random.nextInt(KEYS);
      backend.setCurrentKey(key);
      String text = "text " + random.nextInt() + "y".repeat(random.nextInt(100));
      switch (random.nextInt(8)) {
        case 0 -> {
          value.clear();
          values.remove(key);
        }
        case 1 -> {
          map.clear();
          maps.remove(key);
        }
        case 2, 3, 4 -> {
          int entry = random.nextInt(ENTRIES);
          map.put(entry, text);
          maps.computeIfAbsent(key, any -> new HashMap<>()).put(entry, text);
        }
        default -> {
          value.update(text);
          values.put(key, text);
        }
      }
    }
  }

  private void check(String where) throws Exception {
    ValueState<String> value = BackendHarness.state(backend, VALUE);
    MapState<Integer, String> map = BackendHarness.state(backend, MAP);
    for (int key = 0; key < KEYS; key++) {
      backend.setCurrentKey(key);
      String place = where + ", key " + key;
      assertThat(value.value()).as(place).isEqualTo(values.get(key));
      Map<Integer, String> found = new HashMap<>();
      for (Map.Entry<Integer, String> entry : map.entries()) {
        found.put(entry.getKey(), entry.getValue());
      }
      assertThat(found).as(place).isEqualTo(maps.getOrDefault(key, Map.of()));
    }
  }

  private KeyedStateHandle checkpoint(long id, CheckpointType type) throws Exception {
    return BackendHarness.snapshot(backend, id, type, storage);
  }

  private void restore(KeyedStateHandle handle) throws Exception {
    backend.dispose();
    backend = harness.create(handle);
  }
}
