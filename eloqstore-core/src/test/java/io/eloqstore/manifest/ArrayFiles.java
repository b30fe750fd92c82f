/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FileLease;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Files that are byte arrays, checked for aligned access, with one failing operation on request.
 */
final class ArrayFiles implements IoBackend {
  private static final class Bytes {
    private byte[] bytes = {};
  }

  private final Arena arena;
  private final Map<Path, Bytes> files = new HashMap<>();
  final List<String> operations = new ArrayList<>();
  // Changing operations that still succeed; negative for no failure.
  int failAfter = -1;
  // Bytes of the failing write that reach the file.
  int failedWriteBytes;
  private int open;

  ArrayFiles(Arena arena) {
    this.arena = arena;
  }

  byte[] get(Path path) {
    return files.get(path).bytes;
  }

  void put(Path path, byte[] bytes) {
    files.computeIfAbsent(path, name -> new Bytes()).bytes = bytes;
  }

  private boolean changes(String operation) {
    operations.add(operation);
    return failAfter < 0 || failAfter-- != 0;
  }

  private void change(String operation) {
    if (!changes(operation)) {
      throw failure(operation);
    }
  }

  private static StoreException failure(String operation) {
    return new StoreException(StoreErrorCode.IO_FAILED, operation + " failed as asked");
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public BlockFile open(Path path, OpenMode mode) {
    Bytes found = files.get(path);
    if (found == null && mode == OpenMode.READ) {
      throw new StoreException(StoreErrorCode.NOT_FOUND, path + " is not there");
    }
    if (mode == OpenMode.CREATE_NEW) {
      if (found != null) {
        throw new StoreException(StoreErrorCode.IO_FAILED, path + " is there");
      }
      change("create");
    }
    Bytes bytes = files.computeIfAbsent(path, name -> new Bytes());
    open++;
    return new ArrayFile(path, bytes);
  }

  private final class ArrayFile implements BlockFile {
    private final Path path;
    private final Bytes content;
    private boolean closed;

    ArrayFile(Path path, Bytes content) {
      this.path = path;
      this.content = content;
    }

    @Override
    public Path path() {
      return path;
    }

    @Override
    public int read(long position, long at, int length) {
      aligned(position, length);
      int count = (int) Math.max(0, Math.min(length, content.bytes.length - position));
      if (count > 0) {
        arena.put(at, content.bytes, (int) position, count);
      }
      return count;
    }

    @Override
    public void write(long position, long at, int length) {
      aligned(position, length);
      boolean succeeds = changes("write " + length);
      int count = succeeds ? length : failedWriteBytes;
      if (count > 0) {
        int end = (int) position + count;
        content.bytes = Arrays.copyOf(content.bytes, Math.max(end, content.bytes.length));
        arena.get(at, content.bytes, (int) position, count);
      }
      if (!succeeds) {
        throw failure("write");
      }
    }

    private void aligned(long position, int length) {
      if (position % 4096 != 0 || length % 4096 != 0 || length == 0 || closed) {
        throw new IllegalArgumentException(position + ", " + length + ", closed " + closed);
      }
    }

    @Override
    public void force() {
      change("force");
    }

    @Override
    public long size() {
      return content.bytes.length;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open--;
      }
    }
  }

  @Override
  public boolean exists(Path path) {
    return files.containsKey(path);
  }

  @Override
  public long size(Path path) {
    return get(path).length;
  }

  @Override
  public void createDirectories(Path directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DirectoryEntry> list(Path directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void rename(Path from, Path to) {
    change("rename");
    files.put(to, files.remove(from));
  }

  @Override
  public void delete(Path path) {
    change("delete");
    files.remove(path);
  }

  @Override
  public void link(Path existing, Path link) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void forceDirectory(Path directory) {
    change("force directory");
  }

  @Override
  public FileLease lock(Path path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int openFiles() {
    return open;
  }

  @Override
  public void close() {
    if (open != 0) {
      throw new IllegalStateException(open + " files are open");
    }
  }
}
