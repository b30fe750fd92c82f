/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.IllegalConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Options from text: what they mean, and that a bad one is named. */
class BackendSettingsTest {

  @Test
  void everyOptionIsRead() {
    BackendSettings settings =
        merge(
            Map.of(
                "state.backend.eloqstore.localdir", "/disk1,/disk2 , /disk3:/disk4",
                "state.backend.eloqstore.memory.managed", "false",
                "state.backend.eloqstore.memory.fixed-per-slot", "64 mb",
                "state.backend.eloqstore.direct-io", "true",
                "state.backend.eloqstore.checkpoint.transfer.thread.num", "7",
                "execution.checkpointing.incremental", "true"));
    assertThat(settings.localDirectories()).containsExactly("/disk1", "/disk2", "/disk3", "/disk4");
    assertThat(settings.managedMemory()).isFalse();
    assertThat(settings.fixedBytesPerSlot()).isEqualTo(64L << 20);
    assertThat(settings.directIo()).isTrue();
    assertThat(settings.transferThreads()).isEqualTo(7);
    assertThat(settings.incremental()).isTrue();
  }

  @Test
  void nothingConfiguredMeansTheDefaults() {
    assertThat(merge(Map.of())).isEqualTo(BackendSettings.defaults());
  }

  @Test
  void laterConfigurationIsLaidOverTheEarlier() {
    BackendSettings settings =
        merge(Map.of("state.backend.eloqstore.checkpoint.transfer.thread.num", "9"))
            .merge(Configuration.fromMap(Map.of("state.backend.eloqstore.direct-io", "true")));
    assertThat(settings.transferThreads()).isEqualTo(9);
    assertThat(settings.directIo()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "state.backend.eloqstore.localdir, relative/path",
    "state.backend.eloqstore.localdir, ','",
    "state.backend.eloqstore.memory.managed, false",
    "state.backend.eloqstore.memory.managed, perhaps",
    "state.backend.eloqstore.memory.fixed-per-slot, much",
    "state.backend.eloqstore.memory.fixed-per-slot, 5 kb",
    "state.backend.eloqstore.direct-io, 3",
    "state.backend.eloqstore.checkpoint.transfer.thread.num, 0",
    "state.backend.eloqstore.checkpoint.transfer.thread.num, many",
  })
  void badValueNamesItsKey(String key, String value) {
    assertThatThrownBy(() -> merge(Map.of(key, value)))
        .isInstanceOf(IllegalConfigurationException.class)
        .hasMessageContaining(key);
  }

  private static BackendSettings merge(Map<String, String> options) {
    return BackendSettings.defaults().merge(Configuration.fromMap(options));
  }
}
