/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;

/** The files of a native snapshot in checkpoint storage. */
final class RemoteFiles implements SnapshotFiles {
  private static final String MANIFEST_PREFIX = "manifest";

  private final IncrementalRemoteKeyedStateHandle handle;
  private final RangeTransfer transfer;
  private final CloseableRegistry cancel;
  private List<StoredRange> shared;

  /** Ranges by partition and by name of the file; parsed when something is asked for. */
  private Map<Integer, Map<String, List<StoredRange>>> files;

  /** A handle of any backend: whose it is says its meta stream, which is to be read first. */
  RemoteFiles(
      IncrementalRemoteKeyedStateHandle handle, RangeTransfer transfer, CloseableRegistry cancel) {
    this.handle = handle;
    this.transfer = transfer;
    this.cancel = cancel;
  }

  private Map<String, List<StoredRange>> filesOf(int part) throws IOException {
    parse();
    return files.getOrDefault(part, Map.of());
  }

  private void parse() throws IOException {
    if (files != null) {
      return;
    }
    files = new HashMap<>();
    shared = new ArrayList<>();
    for (HandleAndLocalPath entry : handle.getSharedState()) {
      shared.add(add(entry));
    }
    for (HandleAndLocalPath entry : handle.getPrivateState()) {
      add(entry);
    }
  }

  private StoredRange add(HandleAndLocalPath entry) throws IOException {
    StoredRange stored = StoredRange.of(entry);
    files
        .computeIfAbsent(stored.range().part(), part -> new HashMap<>())
        .computeIfAbsent(stored.range().file(), name -> new ArrayList<>())
        .add(stored);
    return stored;
  }

  @Override
  public void fetchManifest(int part, Path directory) throws Exception {
    List<String> names =
        filesOf(part).keySet().stream().filter(name -> name.startsWith(MANIFEST_PREFIX)).toList();
    if (names.size() != 1) {
      throw new IOException(
          "Expected one manifest of partition " + part + " in " + handle + ", found " + names);
    }
    fetch(part, names, directory);
  }

  @Override
  public void fetch(int part, List<String> names, Path directory) throws Exception {
    Map<String, List<StoredRange>> wanted = new HashMap<>();
    for (String name : names) {
      List<StoredRange> ranges = filesOf(part).get(name);
      if (ranges == null) {
        throw new FileNotFoundException(
            "The snapshot holds no file " + name + " of partition " + part + ": " + handle);
      }
      wanted.put(name, ranges);
    }
    transfer.download(wanted, directory, cancel);
  }

  @Override
  public long bytes(int part) throws IOException {
    return filesOf(part).values().stream()
        .flatMap(List::stream)
        .mapToLong(stored -> stored.range().length())
        .sum();
  }

  @Override
  public List<StoredRange> shared() throws IOException {
    parse();
    return shared;
  }
}
