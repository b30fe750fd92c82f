/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle.HandleAndLocalPath;
import org.apache.flink.runtime.state.IncrementalLocalKeyedStateHandle;

/**
 * The files of a native snapshot that was kept on the local disk. Data files are linked: after an
 * open the engine writes to new files only. The manifest is copied, for it is appended to.
 */
final class LocalFiles implements SnapshotFiles {
  private static final String MANIFEST_GLOB = "manifest*";

  private final Path directory;
  private final List<StoredRange> shared = new ArrayList<>();

  LocalFiles(IncrementalLocalKeyedStateHandle handle) throws IOException {
    this.directory = handle.getDirectoryStateHandle().getDirectory();
    for (HandleAndLocalPath entry : handle.getSharedStateHandles()) {
      shared.add(StoredRange.of(entry));
    }
  }

  @Override
  public void fetchManifest(int part, Path target) throws IOException {
    Files.createDirectories(target);
    Path source = LocalCopy.partDirectory(directory, part);
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(source, MANIFEST_GLOB)) {
      entries.forEach(found::add);
    }
    if (found.size() != 1) {
      throw new IOException("Expected one manifest in " + source + ", found " + found);
    }
    Files.copy(found.get(0), target.resolve(found.get(0).getFileName()));
  }

  @Override
  public void fetch(int part, List<String> names, Path target) throws IOException {
    for (String name : names) {
      Path source = LocalCopy.partDirectory(directory, part).resolve(name);
      linkOrCopy(source, target.resolve(name));
    }
  }

  /** Copies where the file system has no links or the directories lie on different ones. */
  private static void linkOrCopy(Path source, Path target) throws IOException {
    try {
      Files.createLink(target, source);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      try {
        Files.copy(source, target);
      } catch (IOException copyFailure) {
        copyFailure.addSuppressed(e);
        throw copyFailure;
      }
    }
  }

  @Override
  public long bytes(int part) throws IOException {
    long bytes = 0;
    Path source = LocalCopy.partDirectory(directory, part);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(source)) {
      for (Path entry : entries) {
        bytes += Files.size(entry);
      }
    }
    return bytes;
  }

  @Override
  public List<StoredRange> shared() {
    return shared;
  }
}
