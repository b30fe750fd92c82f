/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Ids stay with their names through an encoding. */
class StateIdsTest {

  @Test
  void idsStayAndNewNamesGetNewIds() throws IOException {
    StateIds ids = new StateIds();
    assertThat(ids.idOf("b")).isEqualTo(0);
    assertThat(ids.idOf("a")).isEqualTo(1);
    assertThat(ids.idOf("b")).isEqualTo(0);

    StateIds decoded = StateIds.decode(ids.encode());
    assertThat(decoded.byName()).isEqualTo(Map.of("b", 0, "a", 1));
    assertThat(decoded.idOf("a")).isEqualTo(1);
    assertThat(decoded.idOf("c")).isEqualTo(2);
  }

  @Test
  void noStatesAreEncodedToo() throws IOException {
    assertThat(StateIds.decode(new StateIds().encode()).byName()).isEmpty();
  }
}
