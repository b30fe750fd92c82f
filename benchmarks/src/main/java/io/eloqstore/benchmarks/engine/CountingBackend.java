/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.FileLease;
import io.eloqstore.io.IoBackend;
import io.eloqstore.io.OpenMode;
import io.eloqstore.memory.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Another backend, and what its files read and wrote. Any thread; a count is exact when nothing is
 * under way.
 */
final class CountingBackend implements IoBackend {
  private final IoBackend inner;
  private final LongAdder dataReads = new LongAdder();
  private final LongAdder dataReadBytes = new LongAdder();
  private final LongAdder dataWrittenBytes = new LongAdder();
  private final LongAdder manifestReadBytes = new LongAdder();
  private final LongAdder manifestWrittenBytes = new LongAdder();
  private final LongAdder forces = new LongAdder();

  /**
   * @param inner closed with this one
   */
  CountingBackend(IoBackend inner) {
    this.inner = inner;
  }

  IoCounts counts() {
    return new IoCounts(
        dataReads.sum(),
        dataReadBytes.sum(),
        dataWrittenBytes.sum(),
        manifestReadBytes.sum(),
        manifestWrittenBytes.sum(),
        forces.sum());
  }

  @Override
  public Arena arena() {
    return inner.arena();
  }

  @Override
  public BlockFile open(Path path, OpenMode mode) {
    boolean isData = FileNames.parse(path.getFileName().toString()) instanceof FileName.Data;
    return new CountingFile(inner.open(path, mode), isData);
  }

  @Override
  public boolean exists(Path path) {
    return inner.exists(path);
  }

  @Override
  public long size(Path path) {
    return inner.size(path);
  }

  @Override
  public void createDirectories(Path directory) {
    inner.createDirectories(directory);
  }

  @Override
  public List<DirectoryEntry> list(Path directory) {
    return inner.list(directory);
  }

  @Override
  public void rename(Path from, Path to) {
    inner.rename(from, to);
  }

  @Override
  public void delete(Path path) {
    inner.delete(path);
  }

  @Override
  public void link(Path existing, Path link) {
    inner.link(existing, link);
  }

  @Override
  public void forceDirectory(Path directory) {
    inner.forceDirectory(directory);
  }

  @Override
  public FileLease lock(Path path) {
    return inner.lock(path);
  }

  @Override
  public int openFiles() {
    return inner.openFiles();
  }

  @Override
  public void close() {
    inner.close();
  }

  /** A file of the other backend. */
  private final class CountingFile implements BlockFile {
    private final BlockFile file;
    private final boolean isData;

    CountingFile(BlockFile file, boolean isData) {
      this.file = file;
      this.isData = isData;
    }

    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public int read(long position, long at, int length) {
      int read = file.read(position, at, length);
      if (isData) {
        dataReads.increment();
        dataReadBytes.add(read);
      } else {
        manifestReadBytes.add(read);
      }
      return read;
    }

    @Override
    public void write(long position, long at, int length) {
      file.write(position, at, length);
      (isData ? dataWrittenBytes : manifestWrittenBytes).add(length);
    }

    @Override
    public void force() {
      file.force();
      forces.increment();
    }

    @Override
    public long size() {
      return file.size();
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
