/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.DirectoryEntry;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The data files of one partition.
 *
 * <p>Any thread may read pages; files are created, written, forced and deleted by the partition's
 * owner and worker. Deleting a file that another thread still reads gives that thread {@code
 * CLOSED} or {@code NOT_FOUND}: its root was outdated, and it must look again.
 *
 * <p>A file page {@code fp} lies in file {@code fp >> pagesPerFileShift} at byte {@code (fp mod
 * pages per file) * pageBytes}. Names take their term from the map given at opening, files it does
 * not name that of the writer.
 */
public final class FileSet implements AutoCloseable {
  private final IoBackend io;
  private final Path directory;
  private final int pageBytes;
  private final int pagesPerFileShift;
  private final Map<Long, Long> terms;
  private final long writerTerm;
  private final Map<Long, DataFile> files = new ConcurrentHashMap<>();
  private final List<FileName.Data> otherTerms = new ArrayList<>();
  private long highestId = -1;
  private volatile boolean namesChanged;
  private volatile boolean closed;

  private FileSet(
      IoBackend io,
      Path directory,
      int pageBytes,
      int pagesPerFileShift,
      Map<Long, Long> terms,
      long writerTerm) {
    this.io = io;
    this.directory = directory;
    this.pageBytes = pageBytes;
    this.pagesPerFileShift = pagesPerFileShift;
    this.terms = new HashMap<>(terms);
    this.writerTerm = writerTerm;
  }

  /** As below, to read only files that the map names, or in term 0. */
  public static FileSet open(
      IoBackend io, Path directory, int pageBytes, int pagesPerFileShift, Map<Long, Long> terms) {
    return open(io, directory, pageBytes, pagesPerFileShift, terms, 0);
  }

  /**
   * Lists the data files; opens none.
   *
   * @param pageBytes multiple of 4096
   * @param pagesPerFileShift a file holds {@code 1 << shift} pages
   * @param terms file id to term, both as the manifest names them; may name files that do not exist
   * @param writerTerm term of files that are made
   */
  public static FileSet open(
      IoBackend io,
      Path directory,
      int pageBytes,
      int pagesPerFileShift,
      Map<Long, Long> terms,
      long writerTerm) {
    FileSet set = new FileSet(io, directory, pageBytes, pagesPerFileShift, terms, writerTerm);
    for (DirectoryEntry entry : io.list(directory)) {
      if (!entry.isDirectory() && FileNames.parse(entry.name()) instanceof FileName.Data name) {
        set.found(name, entry.bytes());
      }
    }
    return set;
  }

  private void found(FileName.Data name, long bytes) {
    highestId = Math.max(highestId, name.fileId());
    if (name.term() == term(name.fileId())) {
      files.put(name.fileId(), new DataFile(io, directory, name, bytes));
    } else {
      otherTerms.add(name);
    }
  }

  private long term(long fileId) {
    return terms.getOrDefault(fileId, writerTerm);
  }

  static StoreException closed(Path path) {
    return new StoreException(StoreErrorCode.CLOSED, path + ": it was closed before");
  }

  public Path directory() {
    return directory;
  }

  /** Ids of the files there are, ascending; a copy. */
  public SortedSet<Long> fileIds() {
    return new TreeSet<>(files.keySet());
  }

  /**
   * Highest id that any data file of the directory ever had here, of whatever term; -1 for none.
   */
  public synchronized long highestId() {
    return highestId;
  }

  /**
   * Looks for a file that somebody else put into the directory after opening. Its handle, if it had
   * one, is closed.
   *
   * @return its length in bytes; -1 when there is no such file
   */
  public synchronized long look(long fileId) {
    FileName.Data name = new FileName.Data(fileId, term(fileId));
    Path path = directory.resolve(name.text());
    if (closed) {
      throw closed(path);
    }
    DataFile old = files.remove(fileId);
    if (old != null) {
      old.close();
    }
    if (!io.exists(path)) {
      return -1;
    }
    long bytes = io.size(path);
    found(name, bytes);
    return bytes;
  }

  /** Files with a term that the manifest does not give their id: left by other writers. */
  public synchronized List<FileName.Data> otherTerms() {
    return List.copyOf(otherTerms);
  }

  public boolean contains(long fileId) {
    return files.containsKey(fileId);
  }

  /**
   * A file by id.
   *
   * @throws StoreException {@code NOT_FOUND} naming the file
   */
  public DataFile file(long fileId) {
    DataFile file = files.get(fileId);
    if (file == null) {
      Path path = directory.resolve(FileNames.data(fileId, term(fileId)));
      if (closed) {
        throw closed(path);
      }
      throw new StoreException(StoreErrorCode.NOT_FOUND, path + ": there is no such data file");
    }
    return file;
  }

  /** The open file for reading, opened at the first call; the set closes it. */
  public BlockFile handle(long fileId) {
    return file(fileId).reader();
  }

  /** The file a page lies in. */
  public long fileIdOf(long filePage) {
    return filePage >>> pagesPerFileShift;
  }

  /** Where a page begins, bytes from the start of its file. */
  public long offsetOf(long filePage) {
    return (filePage & ((1L << pagesPerFileShift) - 1)) * pageBytes;
  }

  /**
   * Reads one page.
   *
   * @param at arena offset of the first byte
   * @throws CorruptionException if the file ends before the page does
   */
  public void readPage(long filePage, long at) {
    readPages(filePage, 1, at);
  }

  /**
   * Reads neighbouring pages of one file.
   *
   * @param count pages, at least 1; all in one file
   * @param at arena offset of the first byte
   * @throws CorruptionException if the file ends before the last page does
   */
  public void readPages(long filePage, int count, long at) {
    int length = bytes(filePage, count);
    long offset = offsetOf(filePage);
    BlockFile file = handle(fileIdOf(filePage));
    int found = file.read(offset, at, length);
    if (found != length) {
      throw new CorruptionException(
          file.path().toString(), offset, "bytes of " + count + " pages", length, found);
    }
  }

  private int bytes(long filePage, int count) {
    if (filePage < 0 || count < 1 || fileIdOf(filePage) != fileIdOf(filePage + count - 1)) {
      throw new IllegalArgumentException(
          count + " pages from file page " + filePage + " are not in one file");
    }
    return Math.multiplyExact(count, pageBytes);
  }

  /**
   * Makes an empty file; its name is durable after the next {@link #force}.
   *
   * @throws StoreException {@code IO_FAILED} if the file exists
   */
  public synchronized DataFile create(long fileId) {
    FileName.Data name = new FileName.Data(fileId, term(fileId));
    DataFile file = new DataFile(io, directory, name, 0);
    if (closed) {
      throw closed(file.path());
    }
    file.create();
    files.put(fileId, file);
    highestId = Math.max(highestId, fileId);
    namesChanged = true;
    return file;
  }

  /** The file of this id, made if there is none; see {@link #create}. */
  public synchronized DataFile ensure(long fileId) {
    DataFile present = files.get(fileId);
    return present != null ? present : create(fileId);
  }

  /**
   * Writes neighbouring pages of one file.
   *
   * @param at arena offset of the first byte
   * @param count pages, at least 1; all in one file
   * @throws IllegalStateException if the file is shared or foreign
   */
  public void write(long filePage, long at, int count) {
    int length = bytes(filePage, count);
    file(fileIdOf(filePage)).write(offsetOf(filePage), at, length);
  }

  /** Where what was written to a file ends, bytes. */
  public long writtenBytes(long fileId) {
    return file(fileId).writtenBytes();
  }

  /** Where what was written to all files ends, bytes together. Any thread. */
  public long bytes() {
    long sum = 0;
    for (DataFile file : files.values()) {
      sum += file.writtenBytes();
    }
    return sum;
  }

  /** Forces all files written since the last force, then their names. */
  public void force() {
    force(files.keySet());
  }

  /**
   * Forces those of the files that were written since the last force, then the names of all. Must
   * not be tried again after it failed.
   */
  public void force(Collection<Long> fileIds) {
    for (Long fileId : fileIds) {
      DataFile file = files.get(fileId);
      if (file != null) {
        file.force();
      }
    }
    if (namesChanged) {
      namesChanged = false;
      try {
        io.forceDirectory(directory);
      } catch (RuntimeException e) {
        namesChanged = true;
        throw e;
      }
    }
  }

  /**
   * Closes and deletes a file.
   *
   * @throws IllegalStateException if it is shared or foreign; it is left as it is
   */
  public synchronized void delete(long fileId) {
    DataFile file = file(fileId);
    if (!file.ownership().isDeletable()) {
      throw new IllegalStateException(
          file.path() + " is " + file.ownership() + ": the partition may not delete it");
    }
    files.remove(fileId);
    file.discard();
    io.delete(file.path());
    namesChanged = true;
  }

  /** Deletes a file of {@link #otherTerms}. The file of the same id and our term is another one. */
  public synchronized void deleteOther(FileName.Data name) {
    if (!otherTerms.remove(name)) {
      throw new IllegalArgumentException(
          directory.resolve(name.text()) + " is no file of another term");
    }
    io.delete(directory.resolve(name.text()));
    namesChanged = true;
  }

  /** Closes all handles; deletes and forces nothing. */
  @Override
  public synchronized void close() {
    closed = true;
    RuntimeException first = null;
    for (DataFile file : files.values()) {
      try {
        file.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    files.clear();
    if (first != null) {
      throw first;
    }
  }
}
