/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import io.eloqstore.flink.EloqStoreStateBackendFactory;
import io.eloqstore.flink.config.EloqStoreOptions;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.AbstractStateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;

/** The state backends that are compared, each as Flink makes it when nothing else is configured. */
public enum BackendKind {
  ELOQSTORE("ours") {
    @Override
    AbstractStateBackend create(Path directory) {
      Configuration config = new Configuration();
      config.set(EloqStoreOptions.LOCAL_DIRECTORIES, directory.toString());
      return new EloqStoreStateBackendFactory()
          .createFromConfig(config, BackendKind.class.getClassLoader());
    }
  },
  ROCKSDB("RocksDB") {
    @Override
    AbstractStateBackend create(Path directory) {
      EmbeddedRocksDBStateBackend backend =
          new EmbeddedRocksDBStateBackend()
              .configure(new Configuration(), BackendKind.class.getClassLoader());
      backend.setDbStoragePath(directory.toString());
      return backend;
    }
  },
  HASHMAP("HashMap") {
    @Override
    AbstractStateBackend create(Path directory) {
      return new HashMapStateBackend();
    }
  };

  private final String label;

  BackendKind(String label) {
    this.label = label;
  }

  /** The name in tables. */
  public String label() {
    return label;
  }

  /** A backend that keeps its working files under {@code directory}, if it has any. */
  abstract AbstractStateBackend create(Path directory);
}
