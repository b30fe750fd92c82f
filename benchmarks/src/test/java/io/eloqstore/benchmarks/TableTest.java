/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The arithmetic and the text of a table, by worked figures. */
class TableTest {
  private static final Path ROOT = Path.of("root");

  private final Figures<Operation, BackendKind> figures = new Figures<>();

  @Test
  void spreadOfAnOddAndAnEvenCount() {
    assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(2, 1, 3, 3));
    assertThat(Spread.of(4, 1, 2, 10)).isEqualTo(new Spread(3, 1, 10, 4));
    assertThat(Spread.of(7)).isEqualTo(new Spread(7, 7, 7, 1));
    assertThatThrownBy(Spread::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ratioIsTakenWithinARound() {
    rounds(Operation.VALUE_GET, BackendKind.ELOQSTORE, 10, 30, 60);
    rounds(Operation.VALUE_GET, BackendKind.ROCKSDB, 5, 10, 30);
    assertThat(figures.ratio(Operation.VALUE_GET, BackendKind.ELOQSTORE, BackendKind.ROCKSDB))
        .hasValue(new Spread(2, 2, 3, 3));
  }

  @Test
  void roundThatFailedOnOneSideHasNoRatio() {
    rounds(Operation.VALUE_GET, BackendKind.ELOQSTORE, 10);
    figures.add(Operation.VALUE_GET, BackendKind.ELOQSTORE, 2, 40);
    rounds(Operation.VALUE_GET, BackendKind.ROCKSDB, 5, 1, 10);
    assertThat(figures.spread(Operation.VALUE_GET, BackendKind.ELOQSTORE))
        .hasValue(new Spread(25, 10, 40, 2));
    assertThat(figures.ratio(Operation.VALUE_GET, BackendKind.ELOQSTORE, BackendKind.ROCKSDB))
        .hasValue(new Spread(3, 2, 4, 2));
    assertThat(figures.ratio(Operation.VALUE_GET, BackendKind.ELOQSTORE, BackendKind.HASHMAP))
        .isEmpty();
  }

  @Test
  void geometricMeanOfMedians() {
    assertThat(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.ROCKSDB)).isEmpty();
    rounds(Operation.VALUE_GET, BackendKind.ELOQSTORE, 20);
    rounds(Operation.VALUE_GET, BackendKind.ROCKSDB, 10);
    rounds(Operation.MAP_GET, BackendKind.ELOQSTORE, 80);
    rounds(Operation.MAP_GET, BackendKind.ROCKSDB, 10);
    assertThat(figures.meanRatio(BackendKind.ELOQSTORE, BackendKind.ROCKSDB).orElseThrow())
        .isCloseTo(4, within(1e-9));
  }

  @Test
  void rowHoldsWhatWasMeasured() {
    rounds(Operation.VALUE_GET, BackendKind.ELOQSTORE, 3000, 2000, 4000);
    rounds(Operation.VALUE_GET, BackendKind.ROCKSDB, 1000, 1000, 1000);
    Machine machine = new Machine("a cpu", 2, "a system", "a jdk", "abc123");
    String text =
        new TableText(TablePlan.parse(ROOT, "--quick"), machine, Instant.EPOCH)
            .of(figures, List.of(29.0, 120.0, 30.0), List.of("map get, ours, round 1"));
    assertThat(text)
        .contains(
            "| value get | - | 1,000 (1,000 - 1,000) | 3,000 (2,000 - 4,000)"
                + " | 3.00 (2.00 - 4.00) | - |\n")
        .contains("| map get | - | - | - | - | - |\n")
        .contains("| geometric mean |  |  |  | 3.00 | - |\n")
        .contains("**quick**")
        .contains("- Machine: a cpu, 2 cores, a system\n")
        .contains("- JDK: a jdk\n")
        .contains("- Commit: abc123\n")
        .contains("- Date: 1970-01-01T00:00:00Z\n")
        .contains("dependent load over 24 MiB: 30 ns (29 - 120)")
        .contains("- map get, ours, round 1\n");
  }

  @Test
  void planOfTheFullModeAndOfOptions() {
    TablePlan full = TablePlan.parse(ROOT);
    assertThat(full.rounds()).isEqualTo(7);
    assertThat(full.keys()).isEqualTo(500_000);
    assertThat(full.output()).isEqualTo(Path.of("root/docs/benchmarks/table1.md"));
    assertThat(full.batch(Operation.VALUE_ADD)).isEqualTo(KeyedStateBenchmark.BATCH);
    assertThat(full.batch(Operation.VALUE_GET)).isZero();

    TablePlan plan =
        TablePlan.parse(
            ROOT, "--smoke", "--rounds", "2", "--minutes", "1", "--keys", "9", "--only", "^map");
    assertThat(plan.rounds()).isEqualTo(2);
    assertThat(plan.limitMs()).isEqualTo(60_000);
    assertThat(plan.keys()).isEqualTo(9);
    assertThat(plan.includes(Operation.MAP_GET)).isTrue();
    assertThat(plan.includes(Operation.VALUE_GET)).isFalse();
    assertThat(plan.batch(Operation.VALUE_ADD)).isEqualTo(100);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--rounds", "--rounds 0", "--keys many", "--what 1", "what", "--only ("})
  void refusedArguments(String arguments) {
    assertThatThrownBy(() -> TablePlan.parse(ROOT, arguments.split(" ")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void rounds(Operation operation, BackendKind backend, double... speeds) {
    for (int round = 0; round < speeds.length; round++) {
      figures.add(operation, backend, round, speeds[round]);
    }
  }
}
