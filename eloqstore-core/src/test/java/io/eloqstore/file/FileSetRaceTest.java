/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.io.FaultPlan;
import io.eloqstore.io.FaultPlan.Kind;
import io.eloqstore.io.MemoryBackend;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Deleting beside forcing: a file that nothing needs any more cannot fail a commit. */
@Timeout(60)
class FileSetRaceTest {
  private static final Path DIRECTORY = Path.of("/disk/t.0");

  @Test
  void forceGoesPastAFileThatIsDeletedMeanwhile() throws Exception {
    ExecutorService committer = Executors.newSingleThreadExecutor();
    try (Arena arena = Arena.allocate(1 << 16)) {
      FaultPlan plan = FaultPlan.of(1);
      MemoryBackend io = MemoryBackend.simulated(arena, plan);
      io.createDirectories(DIRECTORY);
      FileSet files = FileSet.open(io, DIRECTORY, 4096, 2, Map.of());
      for (long fileId = 0; fileId < 3; fileId++) {
        files.create(fileId);
        files.write(fileId << 2, 0, 1);
      }
      FaultPlan.Hold hang = plan.hold(EnumSet.of(Kind.FORCE), 0);
      CompletableFuture<Void> force = CompletableFuture.runAsync(files::force, committer);
      hang.awaitReached();
      for (long fileId = 0; fileId < 3; fileId++) {
        files.delete(fileId);
      }
      hang.release();
      force.get();
      assertThat(files.fileIds()).isEmpty();
      files.close();
      io.close();
    } finally {
      committer.shutdownNow();
    }
  }

  @Test
  void forceOfAFileWhoseEntryIsGoneBeforeItBeginsIsNothing() throws Exception {
    ExecutorService deleter = Executors.newSingleThreadExecutor();
    try (Arena arena = Arena.allocate(1 << 16)) {
      FaultPlan plan = FaultPlan.of(1);
      MemoryBackend io = MemoryBackend.simulated(arena, plan);
      io.createDirectories(DIRECTORY);
      FileSet files = FileSet.open(io, DIRECTORY, 4096, 2, Map.of());
      DataFile file = files.create(0);
      files.write(0, 0, 1);
      FaultPlan.Hold hang = plan.hold(EnumSet.of(Kind.DELETE), 0);
      CompletableFuture<Void> delete = CompletableFuture.runAsync(() -> files.delete(0), deleter);
      hang.awaitReached();
      // What a force sees that took the file from the set just before.
      file.force();
      hang.release();
      delete.get();
      files.close();
      io.close();
    } finally {
      deleter.shutdownNow();
    }
  }
}
