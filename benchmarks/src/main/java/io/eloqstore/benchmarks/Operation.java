/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

/** The rows of table 1: a method of {@link KeyedStateBenchmark} each. */
enum Operation {
  VALUE_GET("valueGet", "value get"),
  VALUE_UPDATE("valueUpdate", "value update"),
  VALUE_ADD("valueAdd", "value add, a new key", KeyedStateBenchmark.BATCH),
  BYTES_READ_MODIFY_WRITE("bytesReadModifyWrite", "read-modify-write of 100 bytes"),
  LIST_UPDATE("listUpdate", "list update with 1"),
  LIST_ADD("listAdd", "list add", KeyedStateBenchmark.BATCH),
  LIST_UPDATE_HUNDRED(
      "listUpdateHundred", "list update with 100", KeyedStateBenchmark.HUNDREDS_BATCH),
  LIST_ADD_HUNDRED("listAddHundred", "list add all of 100", KeyedStateBenchmark.HUNDREDS_BATCH),
  LIST_GET("listGet", "list get of 1"),
  MAP_GET("mapGet", "map get"),
  MAP_CONTAINS("mapContains", "map contains"),
  MAP_PUT_EXISTING("mapPutExisting", "map put, existing entry"),
  MAP_PUT_NEW("mapPutNew", "map put, a new key", KeyedStateBenchmark.BATCH),
  MAP_ITERATE("mapIterate", "map iterate 10 entries");

  private final String method;
  private final String label;
  private final int batch;

  Operation(String method, String label) {
    this(method, label, 0);
  }

  Operation(String method, String label, int batch) {
    this.method = method;
    this.label = label;
    this.batch = batch;
  }

  String method() {
    return method;
  }

  String label() {
    return label;
  }

  /** Operations in a batch; 0 when the operation is measured for a time. */
  int batch() {
    return batch;
  }
}
