/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handles behind the files of an {@link OpenFileCache}: which are open, which was used last,
 * and what each file is called.
 *
 * <p>Any thread. One lock guards everything, the fields of {@link CachedFile} included; nobody
 * holds it while it opens, closes, forces or renames. Who does is announced meanwhile: {@code
 * opening} and {@code leaving} of a file, {@code moving} of a name; the others wait for that.
 *
 * <p>Invariant: a handle is counted from before it is opened until after it is closed.
 */
final class OpenHandles {
  private static final Logger LOG = LoggerFactory.getLogger(OpenHandles.class);

  private final IoBackend io;
  private final int max;
  private final Object lock = new Object();
  // Ends of the order of use.
  private CachedFile newest;
  private CachedFile oldest;
  private final Map<Path, List<CachedFile>> byDirectory = new HashMap<>();
  private final Set<Path> moving = new HashSet<>();
  private int files;
  private int open;
  private long opened;
  private long evicted;

  OpenHandles(IoBackend io, int max) {
    if (max < 1) {
      throw new IllegalArgumentException("at least one file is open at a time, found " + max);
    }
    this.io = io;
    this.max = max;
  }

  int open() {
    synchronized (lock) {
      return open;
    }
  }

  int files() {
    synchronized (lock) {
      return files;
    }
  }

  long opened() {
    synchronized (lock) {
      return opened;
    }
  }

  long evicted() {
    synchronized (lock) {
      return evicted;
    }
  }

  // ---- use of one file --------------------------------------------------------------------------

  CachedFile open(Path path, OpenMode mode, boolean forces) {
    CachedFile file = new CachedFile(this, path, mode, forces);
    synchronized (lock) {
      while (moving.contains(path)) {
        await();
      }
      file.opening = true;
      register(file);
    }
    boolean done = false;
    try {
      openHandle(file, mode);
      done = true;
    } finally {
      if (!done) {
        close(file);
      }
    }
    release(file);
    return file;
  }

  /** The handle, opened again if need be; it stays until {@link #release}. */
  BlockFile acquire(CachedFile file, String deed) {
    synchronized (lock) {
      while (true) {
        if (file.closed) {
          throw closed(deed, file);
        }
        if (file.handle != null && !file.leaving) {
          file.uses++;
          unlink(file);
          link(file);
          return file.handle;
        }
        if (!file.opening && !file.leaving && !moving.contains(file.current)) {
          file.opening = true;
          break;
        }
        await();
      }
    }
    return reopen(file);
  }

  private BlockFile reopen(CachedFile file) {
    boolean exists = false;
    try {
      // To open it for writing would make an empty one where it is gone.
      exists = file.mode == OpenMode.READ || io.exists(file.current);
      if (!exists) {
        throw new StoreException(
            StoreErrorCode.NOT_FOUND,
            "open " + file.current + " again: there is no such file any more");
      }
    } finally {
      if (!exists) {
        synchronized (lock) {
          file.opening = false;
          lock.notifyAll();
        }
      }
    }
    return openHandle(file, file.mode == OpenMode.READ ? OpenMode.READ : OpenMode.WRITE);
  }

  private static StoreException closed(String deed, CachedFile file) {
    return new StoreException(
        StoreErrorCode.CLOSED, deed + " " + file.path() + ": it was closed before");
  }

  /** Opens the file, which is marked as opening, in the place of another if there is no more. */
  private BlockFile openHandle(CachedFile file, OpenMode mode) {
    CachedFile victim;
    Path path;
    synchronized (lock) {
      path = file.current;
      victim = open < max ? null : victim();
      if (victim == null) {
        open++;
      } else {
        victim.leaving = true;
      }
    }
    BlockFile handle = null;
    try {
      if (victim != null) {
        evict(victim);
      }
      handle = io.open(path, mode);
      return handle;
    } finally {
      synchronized (lock) {
        file.opening = false;
        if (handle == null) {
          open--;
        } else {
          file.handle = handle;
          file.uses++;
          link(file);
          opened++;
        }
        lock.notifyAll();
      }
    }
  }

  void release(CachedFile file) {
    synchronized (lock) {
      file.uses--;
      if (open <= max || !isEvictable(file)) {
        return;
      }
      file.leaving = true;
    }
    evict(file);
    synchronized (lock) {
      open--;
    }
  }

  /** Bytes of it may not be on the disk. */
  void written(CachedFile file) {
    synchronized (lock) {
      file.unforced = true;
    }
  }

  /** All that was written up to now is being forced. */
  void forcing(CachedFile file) {
    synchronized (lock) {
      file.unforced = false;
    }
  }

  /** A force failed: what was written may be lost, and no later force can tell. */
  void failed(CachedFile file, RuntimeException failure) {
    synchronized (lock) {
      file.failure = failure;
    }
  }

  /** Throws if what was written before could not be forced, here or when a handle went. */
  void checkWritten(CachedFile file) {
    synchronized (lock) {
      if (file.failure != null) {
        throw new StoreException(
            file.failure instanceof StoreException known ? known.code() : StoreErrorCode.IO_FAILED,
            file.path() + ": what was written before may be lost: " + file.failure.getMessage(),
            file.failure);
      }
    }
  }

  void close(CachedFile file) {
    BlockFile handle;
    synchronized (lock) {
      if (file.closed) {
        return;
      }
      file.closed = true;
      unregister(file);
      while (file.opening || file.leaving) {
        await();
      }
      handle = file.handle;
      if (handle == null) {
        return;
      }
      unlink(file);
      file.handle = null;
    }
    try {
      handle.close();
    } finally {
      synchronized (lock) {
        open--;
      }
    }
  }

  // ---- eviction ---------------------------------------------------------------------------------

  private static boolean isEvictable(CachedFile file) {
    return file.handle != null && file.uses == 0 && !file.nameless && !file.leaving;
  }

  private static boolean mustForce(CachedFile file) {
    return file.forces && file.unforced && file.failure == null;
  }

  /** The file used longest ago that has nothing to be forced, else the one that has; or null. */
  private CachedFile victim() {
    CachedFile unforced = null;
    for (CachedFile file = oldest; file != null; file = file.newer) {
      if (isEvictable(file)) {
        if (!mustForce(file)) {
          return file;
        }
        unforced = unforced == null ? file : unforced;
      }
    }
    return unforced;
  }

  /**
   * Closes the handle of a file that is marked as leaving; whoever calls it has its place. What
   * goes wrong is the file's: its next write or force says it.
   */
  private void evict(CachedFile file) {
    RuntimeException failure = null;
    boolean forced = false;
    try {
      if (mustForce(file)) {
        file.handle.force();
        forced = true;
      }
    } catch (RuntimeException e) {
      failure = e;
    }
    try {
      file.handle.close();
    } catch (RuntimeException e) {
      if (failure == null) {
        failure = e;
      } else {
        failure.addSuppressed(e);
      }
    }
    if (failure != null && file.mode == OpenMode.READ) {
      // Nothing that was read is wrong, and nothing was written.
      LOG.warn("Closing {} failed; it was open for reading", file, failure);
      failure = null;
    }
    synchronized (lock) {
      unlink(file);
      file.handle = null;
      file.leaving = false;
      file.unforced &= !forced;
      file.failure = failure == null ? file.failure : failure;
      evicted++;
      lock.notifyAll();
    }
  }

  // ---- names ------------------------------------------------------------------------------------

  void rename(Path from, Path to) {
    List<CachedFile> replaced = take(from, to);
    boolean done = false;
    try {
      keep(replaced);
      io.rename(from, to);
      done = true;
    } finally {
      synchronized (lock) {
        if (done) {
          renamed(from, to);
        } else {
          replaced.forEach(file -> file.nameless = false);
        }
        settle(from, to);
      }
    }
  }

  void delete(Path path) {
    List<CachedFile> deleted = take(path, path);
    boolean done = false;
    try {
      keep(deleted);
      io.delete(path);
      done = true;
    } finally {
      synchronized (lock) {
        if (!done) {
          deleted.forEach(file -> file.nameless = false);
        }
        settle(path, path);
      }
    }
  }

  /** Nobody opens a file of these names from now on; the files that lose the second one. */
  private List<CachedFile> take(Path from, Path to) {
    synchronized (lock) {
      while (moving.contains(from) || moving.contains(to)) {
        await();
      }
      moving.add(from);
      moving.add(to);
      while (isUnsettled(from) || isUnsettled(to)) {
        await();
      }
      List<CachedFile> losing = named(to);
      losing.forEach(file -> file.nameless = true);
      return losing;
    }
  }

  private boolean isUnsettled(Path path) {
    return named(path).stream().anyMatch(file -> file.opening || file.leaving);
  }

  private List<CachedFile> named(Path path) {
    List<CachedFile> found = new ArrayList<>();
    for (CachedFile file : byDirectory.getOrDefault(directory(path), List.of())) {
      if (file.current.equals(path) && !file.nameless) {
        found.add(file);
      }
    }
    return found;
  }

  /** Opens those that have no handle, while their name still leads to them. */
  private void keep(List<CachedFile> losing) {
    for (CachedFile file : losing) {
      synchronized (lock) {
        if (file.handle != null || file.closed) {
          continue;
        }
        file.opening = true;
      }
      reopen(file);
      release(file);
    }
  }

  /** Follows the rename of a file, or of a directory with files. */
  private void renamed(Path from, Path to) {
    List<CachedFile> moved = named(from);
    moved.addAll(byDirectory.getOrDefault(from, List.of()));
    for (CachedFile file : moved) {
      unregister(file);
      file.current = file.current.equals(from) ? to : to.resolve(from.relativize(file.current));
      register(file);
    }
  }

  private void settle(Path from, Path to) {
    moving.remove(from);
    moving.remove(to);
    lock.notifyAll();
  }

  private static Path directory(Path path) {
    Path parent = path.getParent();
    return parent == null ? Path.of("") : parent;
  }

  private void register(CachedFile file) {
    byDirectory.computeIfAbsent(directory(file.current), d -> new ArrayList<>(2)).add(file);
    files++;
  }

  private void unregister(CachedFile file) {
    Path directory = directory(file.current);
    List<CachedFile> there = byDirectory.get(directory);
    if (there != null && there.remove(file)) {
      files--;
      if (there.isEmpty()) {
        byDirectory.remove(directory);
      }
    }
  }

  // ---- order of use, under the lock -------------------------------------------------------------

  private void link(CachedFile file) {
    file.older = newest;
    if (newest == null) {
      oldest = file;
    } else {
      newest.newer = file;
    }
    newest = file;
  }

  private void unlink(CachedFile file) {
    if (file.older == null) {
      oldest = file.newer;
    } else {
      file.older.newer = file.newer;
    }
    if (file.newer == null) {
      newest = file.older;
    } else {
      file.newer.older = file.older;
    }
    file.older = null;
    file.newer = null;
  }

  /** Waits for what others have begun: it ends by itself, so an interrupt is kept for later. */
  private void await() {
    boolean interrupted = false;
    while (true) {
      try {
        lock.wait();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Ends the use.
   *
   * @throws IllegalStateException naming the files that were still open; they are closed
   *     nevertheless
   */
  void close() {
    List<CachedFile> leaked = new ArrayList<>();
    synchronized (lock) {
      byDirectory.values().forEach(leaked::addAll);
    }
    Set<Path> names = new TreeSet<>();
    RuntimeException first = null;
    for (CachedFile file : leaked) {
      names.add(file.path());
      try {
        close(file);
      } catch (RuntimeException e) {
        first = e;
      }
    }
    if (!leaked.isEmpty()) {
      throw new IllegalStateException("files were not closed: " + names, first);
    }
  }
}
