/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.flink.fake.ContractEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.queryablestate.client.state.serialization.KvStateSerializer;
import org.apache.flink.runtime.checkpoint.CheckpointType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.runtime.state.internal.InternalKvState;
import org.apache.flink.runtime.state.internal.InternalListState;
import org.apache.flink.runtime.state.internal.InternalMapState;
import org.apache.flink.runtime.state.internal.InternalValueState;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Values, lists and maps are read by other threads while the task writes them. */
class QueriedStateTest {
  private static final int KEY = 7;
  private static final int WRITES = 20_000;

  @TempDir Path directory;

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

  @SuppressWarnings({"unchecked", "deprecation"}) // Queryable state is, and still there.
  private <S> S queryable(StateDescriptor<?, ?> descriptor) throws Exception {
    descriptor.setQueryable("queried " + descriptor.getName());
    S state =
        (S)
            backend.getOrCreateKeyedState(
                VoidNamespaceSerializer.INSTANCE, (StateDescriptor<?, Object>) descriptor);
    ((InternalKvState<Integer, VoidNamespace, ?>) state)
        .setCurrentNamespace(VoidNamespace.INSTANCE);
    return state;
  }

  private static <V> byte[] query(InternalKvState<Integer, VoidNamespace, V> state)
      throws Exception {
    return state.getSerializedValue(
        KvStateSerializer.serializeKeyAndNamespace(
            KEY, IntSerializer.INSTANCE, VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE),
        state.getKeySerializer().duplicate(),
        state.getNamespaceSerializer().duplicate(),
        state.getValueSerializer().duplicate());
  }

  @Test
  void otherThreadsSeeWhatWasWrittenInOrder() throws Exception {
    InternalValueState<Integer, VoidNamespace, Integer> value =
        queryable(new ValueStateDescriptor<>("value", IntSerializer.INSTANCE));
    InternalListState<Integer, VoidNamespace, Integer> list =
        queryable(new ListStateDescriptor<>("list", IntSerializer.INSTANCE));
    InternalMapState<Integer, VoidNamespace, Integer, Integer> map =
        queryable(new MapStateDescriptor<>("map", IntSerializer.INSTANCE, IntSerializer.INSTANCE));
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService clients = Executors.newFixedThreadPool(2);
    try {
      Future<Integer> first = clients.submit(() -> queries(value, list, map, stop));
      Future<Integer> second = clients.submit(() -> queries(value, list, map, stop));
      backend.setCurrentKey(KEY);
      for (int i = 0; i < WRITES; i++) {
        value.update(i);
        list.add(i % 1000);
        map.put(i % 500, i);
        if (i % 1000 == 999) {
          list.clear();
        }
        if (i % 4000 == 0) {
          BackendHarness.snapshot(
              backend, i + 1, CheckpointType.CHECKPOINT, new MemCheckpointStreamFactory(64 << 20));
        }
      }
      stop.set(true);
      assertThat(first.get()).isPositive();
      assertThat(second.get()).isPositive();
    } finally {
      stop.set(true);
      clients.shutdown();
    }
  }

  /** Blocks in the middle of a query. */
  private static final class Blocking extends TypeSerializerSingleton<Integer> {
    private static final long serialVersionUID = 1L;
    private static final CountDownLatch REACHED = new CountDownLatch(1);
    private static final CountDownLatch RELEASED = new CountDownLatch(1);

    @Override
    public boolean isImmutableType() {
      return true;
    }

    @Override
    public Integer createInstance() {
      return 0;
    }

    @Override
    public Integer copy(Integer from) {
      return from;
    }

    @Override
    public Integer copy(Integer from, Integer reuse) {
      return from;
    }

    @Override
    public int getLength() {
      return Integer.BYTES;
    }

    @Override
    public void serialize(Integer value, DataOutputView out) throws IOException {
      out.writeInt(value);
    }

    @Override
    public Integer deserialize(DataInputView in) throws IOException {
      REACHED.countDown();
      try {
        RELEASED.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      return in.readInt();
    }

    @Override
    public Integer deserialize(Integer reuse, DataInputView in) throws IOException {
      return deserialize(in);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
      target.writeInt(source.readInt());
    }

    @Override
    public TypeSerializerSnapshot<Integer> snapshotConfiguration() {
      throw new UnsupportedOperationException("not written");
    }
  }

  @Test
  void releaseWaitsForQueriesAndLaterOnesAreRefused() throws Exception {
    InternalValueState<Integer, VoidNamespace, Integer> value =
        queryable(new ValueStateDescriptor<>("value", IntSerializer.INSTANCE));
    backend.setCurrentKey(KEY);
    value.update(5);
    byte[] asked =
        KvStateSerializer.serializeKeyAndNamespace(
            KEY, IntSerializer.INSTANCE, VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE);
    ExecutorService client = Executors.newSingleThreadExecutor();
    try {
      Future<byte[]> query =
          client.submit(
              () ->
                  value.getSerializedValue(
                      asked,
                      new Blocking(),
                      VoidNamespaceSerializer.INSTANCE,
                      IntSerializer.INSTANCE));
      Blocking.REACHED.await();
      Thread disposer = new Thread(backend::dispose);
      disposer.start();
      while (disposer.getState() != Thread.State.WAITING
          && disposer.getState() != Thread.State.TIMED_WAITING) {
        assertThat(disposer.isAlive()).as("the release waits").isTrue();
        Thread.yield();
      }
      Blocking.RELEASED.countDown();
      assertThat(KvStateSerializer.deserializeValue(query.get(), IntSerializer.INSTANCE))
          .isEqualTo(5);
      disposer.join();
    } finally {
      Blocking.RELEASED.countDown();
      client.shutdown();
    }
    assertThatThrownBy(() -> query(value)).isInstanceOf(IOException.class);
  }

  private static int queries(
      InternalValueState<Integer, VoidNamespace, Integer> value,
      InternalListState<Integer, VoidNamespace, Integer> list,
      InternalMapState<Integer, VoidNamespace, Integer, Integer> map,
      AtomicBoolean stop)
      throws Exception {
    int queries = 0;
    int lastValue = -1;
    int lastSum = -1;
    while (!stop.get()) {
      byte[] asked = query(value);
      if (asked != null) {
        int found = KvStateSerializer.deserializeValue(asked, IntSerializer.INSTANCE);
        assertThat(found).isGreaterThanOrEqualTo(lastValue);
        lastValue = found;
      }
      asked = query(list);
      if (asked != null) {
        List<Integer> elements = KvStateSerializer.deserializeList(asked, IntSerializer.INSTANCE);
        for (int i = 0; i < elements.size(); i++) {
          assertThat(elements.get(i)).isEqualTo(i);
        }
      }
      asked = query(map);
      if (asked != null) {
        Map<Integer, Integer> entries =
            KvStateSerializer.deserializeMap(asked, IntSerializer.INSTANCE, IntSerializer.INSTANCE);
        int newest = -1;
        for (Map.Entry<Integer, Integer> entry : entries.entrySet()) {
          assertThat(entry.getValue() % 500).isEqualTo(entry.getKey());
          newest = Math.max(newest, entry.getValue());
        }
        assertThat(newest).isGreaterThanOrEqualTo(lastSum);
        lastSum = newest;
      }
      queries++;
    }
    return queries;
  }
}
