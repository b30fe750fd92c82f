/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured, by row and column of a table and by round.
 *
 * @param <R> what was done
 * @param <C> who did it
 */
public final class Figures<R, C> {
  private final Map<R, List<Map<C, Double>>> rounds = new LinkedHashMap<>();

  /**
   * @param round counted from 0
   */
  public void add(R row, C column, int round, double figure) {
    List<Map<C, Double>> of = rounds.computeIfAbsent(row, any -> new ArrayList<>());
    while (of.size() <= round) {
      of.add(new HashMap<>());
    }
    of.get(round).put(column, figure);
  }

  /** The figures of all rounds; empty when nothing was measured. */
  public Optional<Spread> spread(R row, C column) {
    return spread(
        rounds(row).stream()
            .filter(round -> round.containsKey(column))
            .mapToDouble(round -> round.get(column))
            .toArray());
  }

  /** How many times the figure of the other that of the one was in the same round. */
  public Optional<Spread> ratio(R row, C one, C other) {
    return spread(
        rounds(row).stream()
            .filter(round -> round.containsKey(one) && round.containsKey(other))
            .mapToDouble(round -> round.get(one) / round.get(other))
            .toArray());
  }

  /** The geometric mean of the median ratios of all rows that have one. */
  public OptionalDouble meanRatio(C one, C other) {
    double[] logarithms =
        rounds.keySet().stream()
            .flatMap(row -> ratio(row, one, other).stream())
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

  private List<Map<C, Double>> rounds(R row) {
    return rounds.getOrDefault(row, List.of());
  }

  private static Optional<Spread> spread(double[] figures) {
    return figures.length == 0 ? Optional.empty() : Optional.of(Spread.of(figures));
  }
}
