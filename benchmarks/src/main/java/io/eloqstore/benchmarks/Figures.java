/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** What was measured: operations for each millisecond, by operation, backend and round. */
final class Figures {
  private final Map<Operation, List<Map<BackendKind, Double>>> rounds =
      new EnumMap<>(Operation.class);

  /**
   * @param round counted from 0
   */
  void add(Operation operation, BackendKind backend, int round, double opsPerMs) {
    List<Map<BackendKind, Double>> of = rounds.computeIfAbsent(operation, any -> new ArrayList<>());
    while (of.size() <= round) {
      of.add(new EnumMap<>(BackendKind.class));
    }
    of.get(round).put(backend, opsPerMs);
  }

  /** Operations for each millisecond; empty when nothing was measured. */
  Optional<Spread> speed(Operation operation, BackendKind backend) {
    return spread(
        rounds(operation).stream()
            .filter(round -> round.containsKey(backend))
            .mapToDouble(round -> round.get(backend))
            .toArray());
  }

  /** How many times as fast the one was as the other in the same round. */
  Optional<Spread> ratio(Operation operation, BackendKind one, BackendKind other) {
    return spread(
        rounds(operation).stream()
            .filter(round -> round.containsKey(one) && round.containsKey(other))
            .mapToDouble(round -> round.get(one) / round.get(other))
            .toArray());
  }

  /** The geometric mean of the median ratios of all operations that have one. */
  OptionalDouble meanRatio(BackendKind one, BackendKind other) {
    double[] logarithms =
        rounds.keySet().stream()
            .flatMap(operation -> ratio(operation, one, other).stream())
            .mapToDouble(ratio -> Math.log(ratio.median()))
            .toArray();
    if (logarithms.length == 0) {
      return OptionalDouble.empty();
    }
    double sum = 0;
    for (double logarithm : logarithms) {
      sum += logarithm;
    }
    return OptionalDouble.of(Math.exp(sum / logarithms.length));
  }

  private List<Map<BackendKind, Double>> rounds(Operation operation) {
    return rounds.getOrDefault(operation, List.of());
  }

  private static Optional<Spread> spread(double[] figures) {
    return figures.length == 0 ? Optional.empty() : Optional.of(Spread.of(figures));
  }
}
