/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.JmhRuns;
import io.eloqstore.benchmarks.Machine;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plan and text of the engine's table, by worked figures. */
class EngineTextTest {
  private static final Path ROOT = Path.of("root");

  @Test
  void rowsHoldWhatWasMeasured() {
    EnginePlan plan = EnginePlan.parse(ROOT, "--quick", "--only", "^get, cached|^load, sorted");
    EnginePoint get = plan.points().get(0);
    EnginePoint load = plan.points().get(1);
    Figures<EnginePoint, EngineKind> figures = new Figures<>();
    Figures<EnginePoint, EngineKind> allocations = new Figures<>();
    figures.add(get, EngineKind.ELOQSTORE, 0, 3000);
    figures.add(get, EngineKind.ELOQSTORE, 1, 4000);
    figures.add(get, EngineKind.ROCKSDB, 0, 1000);
    figures.add(get, EngineKind.ROCKSDB, 1, 1000);
    allocations.add(get, EngineKind.ELOQSTORE, 0, 0.02);
    figures.add(load, EngineKind.ELOQSTORE, 0, 1000);
    String text =
        new EngineText(
                plan, new Machine("a cpu", 2, "a system", "a jdk", "abc"), "ext4", Instant.EPOCH)
            .of(plan.points(), figures, allocations, List.of(30.0), List.of("scan, ours, round 1"));
    assertThat(text)
        .contains(
            "| get, cached leaf | ops/ms | 3,500 (3,000 - 4,000) | 0 | 1,000 (1,000 - 1,000)"
                + " | - | - | - | 3.50 (3.00 - 4.00) | - | - | - |\n")
        .contains("| load, sorted | 116 (116 - 116) | - | - |\n")
        .contains("**quick**")
        .contains("- Files: ext4\n")
        .contains("- scan, ours, round 1\n");
  }

  @Test
  void planOfTheFullModeAndOfOptions() {
    EnginePlan full = EnginePlan.parse(ROOT);
    assertThat(full.rounds()).isEqualTo(7);
    assertThat(full.output()).isEqualTo(Path.of("root/docs/benchmarks/engine.md"));
    EnginePoint putNew = point(full, "put, new key, buffered");
    assertThat(full.iterations(putNew)).isEqualTo(new JmhRuns.Iterations(5, 5, 200, 100_000));
    assertThat(putNew.parameters(EngineKind.TREE_MAP))
        .containsEntry("engine", "TREE_MAP")
        .containsEntry("layer", "ACTIVE")
        .containsEntry("keys", "500000");

    EnginePlan smoke = EnginePlan.parse(ROOT, "--smoke", "--minutes", "2", "--keys", "9");
    assertThat(smoke.limitMs()).isEqualTo(120_000);
    EnginePoint commit = point(smoke, "commit of 100 changed");
    assertThat(commit.numbers()).containsEntry("changed", 100).containsEntry("keys", 9);
    assertThat(smoke.iterations(commit).batch()).isEqualTo(1);
  }

  private static EnginePoint point(EnginePlan plan, String label) {
    return plan.points().stream()
        .filter(point -> point.label().equals(label))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--rounds", "--rounds 0", "--keys many", "--what 1", "what", "--only ("})
  void refusedArguments(String arguments) {
    assertThatThrownBy(() -> EnginePlan.parse(ROOT, arguments.split(" ")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
