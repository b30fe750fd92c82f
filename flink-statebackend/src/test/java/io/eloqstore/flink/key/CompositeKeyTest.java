/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.KeyRange;
import java.io.IOException;
import java.util.Random;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.SerializedCompositeKeyBuilder;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.junit.jupiter.api.Test;

/** Engine keys against Flink's own builder of canonical keys: they differ by the state id only. */
class CompositeKeyTest {
  private static final int ROUNDS = 200;

  @Test
  void canonicalKeyIsThatOfFlinkForEveryMixOfLengths() throws IOException {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      for (int groups : new int[] {1, 128, 129, 32768}) {
        String text = text(random);
        compare(seed, groups, text, StringSerializer.INSTANCE, text(random), string(), random);
        compare(seed, groups, text, string(), random.nextLong(), LongSerializer.INSTANCE, random);
        compare(seed, groups, random.nextInt(), integer(), text(random), string(), random);
        compare(seed, groups, random.nextInt(), integer(), random.nextInt(), integer(), random);
        compare(
            seed,
            groups,
            text,
            string(),
            VoidNamespace.INSTANCE,
            VoidNamespaceSerializer.INSTANCE,
            random);
      }
    }
  }

  private static <K, N> void compare(
      int seed,
      int groups,
      K key,
      TypeSerializer<K> keySerializer,
      N namespace,
      TypeSerializer<N> namespaceSerializer,
      Random random)
      throws IOException {
    KeyLayout layout = KeyLayout.of(groups);
    int group = random.nextInt(groups);
    int stateId = random.nextInt(KeyLayout.STATE_IDS_MAX);
    String userKey = text(random);
    SerializedCompositeKeyBuilder<K> flink =
        new SerializedCompositeKeyBuilder<>(keySerializer, layout.keyGroupBytes(), 16);
    flink.setKeyAndKeyGroup(key, group);

    CompositeKey<K> ours = new CompositeKey<>(keySerializer, layout);
    ours.setKey(key, group);
    // What was built before must not show.
    boolean lengths = ours.needsLengths(namespaceSerializer);
    ours.setNamespace(stateId ^ 1, namespace, namespaceSerializer, lengths);
    ours.setUserKey(userKey + userKey, string());
    ours.setNamespace(stateId, namespace, namespaceSerializer, lengths);

    String where = "seed " + seed + ", groups " + groups;
    byte[] engineKey = ours.copy();
    byte[] canonical = flink.buildCompositeKeyNamespace(namespace, namespaceSerializer);
    assertThat(layout.canonicalKey(engineKey, 0, engineKey.length)).as(where).isEqualTo(canonical);
    assertThat(layout.engineKey(canonical, stateId)).as(where).isEqualTo(engineKey);
    assertThat(layout.stateId(engineKey, 0)).as(where).isEqualTo(stateId);
    assertThat(layout.keyGroup(engineKey, 0)).as(where).isEqualTo(group);

    ours.setUserKey(userKey, string());
    byte[] withUserKey =
        flink.buildCompositeKeyNamesSpaceUserKey(namespace, namespaceSerializer, userKey, string());
    assertThat(layout.canonicalKey(ours.bytes(), 0, ours.length()))
        .as(where)
        .isEqualTo(withUserKey);
  }

  @Test
  void rangesHoldExactlyTheirGroupAndState() {
    KeyLayout layout = KeyLayout.of(300);
    CompositeKey<Integer> key = new CompositeKey<>(integer(), layout);
    key.setKey(7, 255);
    key.setNamespace(255, VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE, false);
    byte[] bytes = key.copy();
    assertThat(layout.stateRange(255, 255).contains(bytes, 0, bytes.length)).isTrue();
    assertThat(layout.stateRange(255, 254).contains(bytes, 0, bytes.length)).isFalse();
    assertThat(layout.stateRange(255, 256).contains(bytes, 0, bytes.length)).isFalse();
    assertThat(layout.stateRange(254, 255).contains(bytes, 0, bytes.length)).isFalse();
    assertThat(layout.keyGroupRange(KeyGroupRange.of(255, 255)).contains(bytes, 0, bytes.length))
        .isTrue();
    assertThat(layout.keyGroupRange(KeyGroupRange.of(0, 254)).contains(bytes, 0, bytes.length))
        .isFalse();
    assertThat(layout.keyGroupRange(KeyGroupRange.of(256, 299)).contains(bytes, 0, bytes.length))
        .isFalse();
    assertThat(KeyLayout.of(128).keyGroupBytes()).isEqualTo(1);
    assertThat(KeyLayout.of(129).keyGroupBytes()).isEqualTo(2);
    assertThat(layout.keyGroupRange(KeyGroupRange.of(0, 65535)).to()).isNull();
    assertThat(layout.keyGroupRange(KeyGroupRange.of(0, 299))).isNotEqualTo(KeyRange.ALL);
  }

  @Test
  void stateOutsideOfAKeyedContextIsRefused() {
    CompositeKey<Integer> key = new CompositeKey<>(integer(), KeyLayout.of(1));
    assertThatThrownBy(
            () ->
                key.setNamespace(
                    0, VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE, false))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("No key set");
  }

  private static TypeSerializer<String> string() {
    return StringSerializer.INSTANCE;
  }

  private static TypeSerializer<Integer> integer() {
    return IntSerializer.INSTANCE;
  }

  private static String text(Random random) {
    // Up to 600 bytes, so that lengths of one and two bytes occur.
    return "x".repeat(random.nextInt(600)) + random.nextInt();
  }
}
