/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.JobID;

/** Gives every operator instance of a backend a directory of its own, on one disk after another. */
public final class WorkingDirectories {
  private static final AtomicInteger NEXT = new AtomicInteger();

  private WorkingDirectories() {}

  /**
   * Creates a directory that did not exist before.
   *
   * @param bases candidates; one that cannot be created or written is passed over
   * @throws IOException when no candidate can be used; names them all
   */
  public static Path create(List<Path> bases, JobID job, String operator) throws IOException {
    String name =
        "job_"
            + job
            + "_op_"
            + operator.replaceAll("[^a-zA-Z0-9\\-]", "_")
            + "_uuid_"
            + UUID.randomUUID();
    int first = Math.floorMod(NEXT.getAndIncrement(), bases.size());
    IOException failure = null;
    for (int i = 0; i < bases.size(); i++) {
      Path base = bases.get((first + i) % bases.size());
      try {
        return Files.createDirectory(Files.createDirectories(base).resolve(name));
      } catch (IOException e) {
        IOException named = new IOException("Directory " + base + " cannot be used", e);
        if (failure == null) {
          failure = named;
        } else {
          failure.addSuppressed(named);
        }
      }
    }
    throw failure;
  }

  /** Removes a directory with everything in it; does nothing when it is absent. */
  public static void delete(Path directory) throws IOException {
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              // The engine's worker may have removed the file in the meantime.
              if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
              }
              throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException e)
                throws IOException {
              if (e != null) {
                throw e;
              }
              Files.deleteIfExists(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException e) {
      // Nothing is left to remove.
      return;
    }
  }
}
