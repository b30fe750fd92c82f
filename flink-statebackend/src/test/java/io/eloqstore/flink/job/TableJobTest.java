/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import io.eloqstore.flink.TestSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streaming SQL whose operators keep keyed state gives the same result as on the heap. */
@SuppressWarnings("try") // Flink's iterators let close throw anything.
class TableJobTest {
  private static final int ROWS = 3000;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Regular join.
        "SELECT o.id, o.amount, c.name FROM orders o JOIN customers c ON o.customer = c.customer",
        // Outer join with retractions.
        "SELECT c.name, o.id FROM customers c LEFT JOIN orders o ON o.customer = c.customer",
        // Window aggregate.
        "SELECT window_start, customer, COUNT(*), SUM(amount), COUNT(DISTINCT item) FROM"
            + " TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
            + " GROUP BY window_start, window_end, customer",
        // Session windows merge.
        "SELECT window_start, customer, COUNT(*), SUM(amount) FROM"
            + " TABLE(SESSION(TABLE orders PARTITION BY customer, DESCRIPTOR(ts), INTERVAL '2'"
            + " SECOND)) GROUP BY window_start, window_end, customer",
        // Group aggregate with retractions behind it.
        "SELECT total, COUNT(*) FROM (SELECT customer, SUM(amount) AS total FROM orders GROUP BY"
            + " customer) GROUP BY total",
        // Deduplicate.
        "SELECT id, customer, item FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer, item"
            + " ORDER BY ts DESC) AS n FROM orders) WHERE n = 1",
        // Top-n.
        "SELECT customer, id, amount FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER"
            + " BY amount DESC, id) AS n FROM orders) WHERE n <= 3"
      })
  void sameResultAsOnTheHeap(String query) throws Exception {
    Configuration heap = new Configuration();
    heap.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    Map<String, Integer> expected = run(heap, query);
    assertThat(expected).isNotEmpty();

    Path local = Files.createDirectory(directory.resolve("local"));
    Configuration ours = TestSettings.apply(new Configuration());
    ours.set(StateBackendOptions.STATE_BACKEND, EloqStoreStateBackendFactory.class.getName());
    ours.setString("state.backend.eloqstore.localdir", local.toString());
    assertThat(run(ours, query)).isEqualTo(expected);
  }

  /** What is left after all changes, as a multiset. */
  private Map<String, Integer> run(Configuration config, String query) throws Exception {
    config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(100));
    config.set(RestOptions.BIND_PORT, "0");
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(2, config);
    StreamTableEnvironment tables = StreamTableEnvironment.create(env);
    Random random = new Random(5);
    List<Row> orders = new ArrayList<>();
    for (int id = 0; id < ROWS; id++) {
      Instant ts = Instant.ofEpochMilli(id * 50L + random.nextInt(200));
      orders.add(
          Row.of(id, random.nextInt(40), "item " + random.nextInt(25), random.nextInt(1000), ts));
    }
    List<Row> customers = new ArrayList<>();
    for (int customer = 0; customer < 50; customer++) {
      customers.add(Row.of(customer, "customer " + customer));
    }
    tables.createTemporaryView(
        "orders",
        env.fromData(
            orders,
            Types.ROW_NAMED(
                new String[] {"id", "customer", "item", "amount", "ts"},
                Types.INT,
                Types.INT,
                Types.STRING,
                Types.INT,
                Types.INSTANT)),
        Schema.newBuilder()
            .column("id", DataTypes.INT())
            .column("customer", DataTypes.INT())
            .column("item", DataTypes.STRING())
            .column("amount", DataTypes.INT())
            .column("ts", DataTypes.TIMESTAMP_LTZ(3))
            .watermark("ts", "ts - INTERVAL '1' SECOND")
            .build());
    tables.createTemporaryView(
        "customers",
        env.fromData(
            customers,
            Types.ROW_NAMED(new String[] {"customer", "name"}, Types.INT, Types.STRING)));
    Map<String, Integer> result = new TreeMap<>();
    try (CloseableIterator<Row> rows = tables.executeSql(query).collect()) {
      while (rows.hasNext()) {
        Row row = rows.next();
        boolean added = row.getKind() == RowKind.INSERT || row.getKind() == RowKind.UPDATE_AFTER;
        row.setKind(RowKind.INSERT);
        result.merge(row.toString(), added ? 1 : -1, Integer::sum);
      }
    }
    result.values().removeIf(count -> count == 0);
    return result;
  }
}
