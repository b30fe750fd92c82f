/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.fake.ContractEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.internal.InternalListState;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists against a model: every operation in any order, with checkpoints and restores between. */
class ListStateModelTest {
  private static final int SEEDS = 10;
  private static final int OPERATIONS = 600;
  private static final int KEYS = 5;
  private static final int NAMESPACES = 3;

  @TempDir Path directory;

  private BackendHarness harness;
  private AbstractKeyedStateBackend<Integer> backend;
  private InternalListState<Integer, Integer, String> state;
  private final Map<List<Integer>, List<String>> model = new HashMap<>();

  @Test
  void listsHoldWhatAModelHolds() throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      harness = new BackendHarness(directory);
      harness.engines = ContractEngine.FACTORY;
      model.clear();
      use(harness.create());
      Random random = new Random(seed);
      for (int i = 0; i < OPERATIONS; i++) {
        String where = "seed " + seed + ", operation " + i + ": " + operate(random, i);
        int key = random.nextInt(KEYS);
        int namespace = random.nextInt(NAMESPACES);
        select(key, namespace);
        assertThat(state.getInternal()).as(where).isEqualTo(model.get(List.of(key, namespace)));
      }
      checkKeys("seed " + seed);
      backend.dispose();
      harness.close();
    }
  }

  private String operate(Random random, int number) throws Exception {
    int key = random.nextInt(KEYS);
    int namespace = random.nextInt(NAMESPACES);
    List<Integer> place = List.of(key, namespace);
    select(key, namespace);
    List<String> elements = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      elements.add("," + random.nextInt(100) + "x".repeat(random.nextInt(200)));
    }
    String what = elements.size() + " elements at " + place;
    switch (random.nextInt(100) / 10) {
      case 0 -> {
        state.update(elements);
        model.remove(place);
        append(place, elements);
        return "update by " + what;
      }
      case 1 -> {
        state.clear();
        model.remove(place);
        return "clear of " + place;
      }
      case 2 -> {
        int source = (namespace + 1) % NAMESPACES;
        state.mergeNamespaces(namespace, List.of(source));
        List<String> moved = model.remove(List.of(key, source));
        append(place, moved == null ? List.of() : moved);
        return "merge of " + source + " into " + place;
      }
      case 3 -> {
        if (random.nextInt(10) == 0) {
          restore(number);
          return "restore";
        }
        return "nothing";
      }
      case 4 -> {
        state.addAll(elements);
        append(place, elements);
        return "addAll of " + what;
      }
      default -> {
        state.add("e" + number);
        append(place, List.of("e" + number));
        return "add at " + place;
      }
    }
  }

  private void append(List<Integer> place, List<String> elements) {
    if (!elements.isEmpty()) {
      model.computeIfAbsent(place, any -> new ArrayList<>()).addAll(elements);
    }
  }

  private void restore(long id) throws Exception {
    var handle =
        BackendHarness.snapshot(
            backend, id, CheckpointType.FULL_CHECKPOINT, new MemCheckpointStreamFactory(16 << 20));
    backend.dispose();
    use(harness.create(handle));
  }

  private void use(AbstractKeyedStateBackend<Integer> opened) throws Exception {
    backend = opened;
    state =
        backend.createOrUpdateInternalState(
            IntSerializer.INSTANCE, new ListStateDescriptor<>("list", StringSerializer.INSTANCE));
  }

  private void select(int key, int namespace) {
    backend.setCurrentKey(key);
    state.setCurrentNamespace(namespace);
  }

  private void checkKeys(String where) {
    for (int namespace = 0; namespace < NAMESPACES; namespace++) {
      TreeSet<Integer> expected = new TreeSet<>();
      for (List<Integer> place : model.keySet()) {
        if (place.get(1) == namespace) {
          expected.add(place.get(0));
        }
      }
      try (Stream<Integer> keys = backend.getKeys("list", namespace)) {
        List<Integer> found = keys.sorted().toList();
        assertThat(found).as(where).isEqualTo(new ArrayList<>(expected));
      }
    }
  }
}
