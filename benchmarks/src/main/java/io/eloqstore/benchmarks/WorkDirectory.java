/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory under the temporary directory of the JVM. One thread. */
public final class WorkDirectory {
  private final Path path;

  private WorkDirectory(Path path) {
    this.path = path;
  }

  /**
   * @param prefix its name begins with it
   */
  public static WorkDirectory make(String prefix) throws IOException {
    return new WorkDirectory(Files.createTempDirectory(prefix));
  }

  public Path path() {
    return path;
  }

  /** The kind of file system that such directories lie on. */
  public static String fileSystem() throws IOException {
    return Files.getFileStore(Path.of(System.getProperty("java.io.tmpdir"))).type();
  }

  /** Deletes it with all that is in it and answers which files, not directories, were there. */
  public List<Path> delete() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(path)) {
      for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
        if (!Files.isDirectory(each)) {
          files.add(each);
        }
        Files.delete(each);
      }
    }
    return files;
  }
}
