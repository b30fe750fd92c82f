/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A file system on the heap, for stores that need no disk and for tests that need a bad one.
 *
 * <p>A <em>simulated</em> one also knows what is durable: the bytes of a file up to its last force,
 * and the names in a directory up to its last {@code forceDirectory}. {@link #crash} gives the file
 * system as a machine would find it after a power cut, and a {@link FaultPlan} makes operations
 * fail, hang or stop the machine. Everything is determined by the seed of the plan and the order of
 * operations.
 *
 * <p>Forcing a file says nothing about its name: a created file whose directory was not forced may
 * be gone after a crash, as POSIX allows. A rename is never seen half done.
 *
 * <p>Any thread.
 */
public final class MemoryBackend implements IoBackend {
  /** The disk writes this much as a whole or not at all, bytes. */
  public static final int SECTOR_BYTES = 512;

  /** What a crash leaves of what was not forced. */
  public enum Survival {
    /** Nothing. */
    NONE,
    /** Everything: the process died, the machine did not. */
    ALL,
    /** A choice of the seed: any subset of the changes, writes torn at sectors. */
    RANDOM
  }

  private final MemoryTree tree;
  private final Arena arena;
  private final FaultPlan plan;
  private final OpenFiles files = new OpenFiles();

  private MemoryBackend(MemoryTree tree, Arena arena, FaultPlan plan) {
    this.tree = tree;
    this.arena = arena;
    this.plan = plan;
  }

  /** An empty file system that keeps the newest bytes only and cannot crash. */
  public static MemoryBackend plain(Arena arena) {
    return new MemoryBackend(new MemoryTree(false), arena, FaultPlan.of(0));
  }

  /** An empty file system that knows what is durable and follows a plan. */
  public static MemoryBackend simulated(Arena arena, FaultPlan plan) {
    return new MemoryBackend(new MemoryTree(true), arena, plan);
  }

  /** The same files for another arena: what a process finds that starts after this one ended. */
  public MemoryBackend withArena(Arena other) {
    return new MemoryBackend(tree, other, plan);
  }

  /**
   * Stops the machine, if it still runs, and gives what is found when it starts again. All further
   * operations here fail; closing what is open remains possible and changes nothing.
   *
   * @param writes what is left of bytes that were not forced
   * @param names what is left of creations, renames and deletions whose directory was not forced
   * @param next the plan of the new backend; it has no memory of this one's
   * @throws IllegalStateException if this backend is not simulated
   */
  public MemoryBackend crash(Survival writes, Survival names, FaultPlan next) {
    plan.crash();
    // Not the generator of the faults: the outcome must not depend on how many were drawn.
    Random random = FaultPlan.generator(plan.seed(), 1);
    return new MemoryBackend(tree.survivor(writes, names, random), arena, next);
  }

  /** As the other, with a plan of the same seed in which nothing goes wrong. */
  public MemoryBackend crash(Survival writes, Survival names) {
    return crash(writes, names, FaultPlan.of(plan.seed()));
  }

  /** Inverts one bit of a file on the disk: bit 0 is the lowest of the first byte. */
  public void flipBit(Path path, long bit) {
    if (bit < 0 || !tree.file(path).flip(bit)) {
      throw new IllegalArgumentException("bit " + bit + " lies outside of " + path);
    }
  }

  /** Operations so far, as the plan counts them. */
  public long operations() {
    return plan.operations();
  }

  public FaultPlan plan() {
    return plan;
  }

  OpenFiles files() {
    return files;
  }

  @Override
  public Arena arena() {
    return arena;
  }

  private void admit(FaultPlan.Kind kind, Path path) {
    StoreException fault = plan.admit(kind, path);
    if (fault != null) {
      throw fault;
    }
  }

  @Override
  public BlockFile open(Path path, OpenMode mode) {
    plan.checkRunning("open", path);
    MemoryNode.Content content;
    if (mode == OpenMode.READ || mode == OpenMode.WRITE && tree.find(path) != null) {
      content = tree.file(path);
    } else {
      admit(FaultPlan.Kind.CREATE, path);
      content = tree.create(path, mode == OpenMode.WRITE);
    }
    MemoryFile file = new MemoryFile(this, path, mode != OpenMode.READ, content);
    files.add(file);
    return file;
  }

  @Override
  public boolean exists(Path path) {
    plan.checkRunning("look for", path);
    return tree.find(path) != null;
  }

  @Override
  public long size(Path path) {
    plan.checkRunning("size", path);
    return tree.file(path).length();
  }

  @Override
  public void createDirectories(Path directory) {
    plan.checkRunning("create directory", directory);
    if (!(tree.find(directory) instanceof MemoryNode.Directory)) {
      admit(FaultPlan.Kind.CREATE, directory);
      tree.createDirectories(directory);
    }
  }

  @Override
  public List<DirectoryEntry> list(Path directory) {
    plan.checkRunning("list", directory);
    return tree.list(directory);
  }

  @Override
  public void rename(Path from, Path to) {
    admit(FaultPlan.Kind.RENAME, from);
    tree.rename(from, to);
  }

  @Override
  public void delete(Path path) {
    admit(FaultPlan.Kind.DELETE, path);
    tree.delete(path);
  }

  @Override
  public void link(Path existing, Path link) {
    admit(FaultPlan.Kind.LINK, link);
    tree.link(existing, link);
  }

  @Override
  public void forceDirectory(Path directory) {
    admit(FaultPlan.Kind.FORCE_DIRECTORY, directory);
    tree.forceDirectory(directory);
  }

  @Override
  public FileLease lock(Path path) {
    admit(FaultPlan.Kind.CREATE, path);
    tree.lock(path);
    Lease lease = new Lease(path);
    files.add(lease);
    return lease;
  }

  @Override
  public int openFiles() {
    return files.count();
  }

  @Override
  public void close() {
    files.closeAll();
  }

  private final class Lease implements FileLease, OpenFiles.Handle {
    private final Path path;
    private boolean closed;

    Lease(Path path) {
      this.path = path;
    }

    @Override
    public Path path() {
      return path;
    }

    @Override
    public synchronized void close() {
      if (closed) {
        return;
      }
      closed = true;
      files.remove(this);
      try {
        if (!plan.isCrashed()) {
          removeFile();
        }
      } finally {
        tree.unlock(path);
      }
    }

    private void removeFile() {
      StoreException fault = plan.admit(FaultPlan.Kind.DELETE, path);
      if (fault != null && plan.isCrashed()) {
        // The machine stopped here: the lock is gone with its process, the file stays.
        return;
      }
      if (fault != null) {
        throw fault;
      }
      try {
        tree.delete(path);
      } catch (StoreException e) {
        if (e.code() != StoreErrorCode.NOT_FOUND) {
          throw e;
        }
      }
    }
  }
}
