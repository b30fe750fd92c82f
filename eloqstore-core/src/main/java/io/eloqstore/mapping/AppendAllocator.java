/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.mapping;

/**
 * Hands out file pages of a tail file, one behind the other, and goes on in a new file when it is
 * full.
 *
 * <p>One thread. The owner and the worker have one each and share the {@link FileIds}, so they
 * never write to the same file. The first page after an open goes to a new file.
 */
public final class AppendAllocator implements PageAllocator {
  private final FileIds fileIds;
  private final int pagesPerFileShift;
  private long next;
  private long fileEnd;

  public AppendAllocator(FileIds fileIds) {
    this.fileIds = fileIds;
    this.pagesPerFileShift = fileIds.pagesPerFileShift();
  }

  /** Goes on at the first page of this file, whatever the old one has left. */
  public void startFile(long fileId) {
    next = fileId << pagesPerFileShift;
    fileEnd = next + (1L << pagesPerFileShift);
  }

  /** The next file page: of the tail file, or the first one of a new file. */
  @Override
  public long allocate() {
    if (next == fileEnd) {
      startFile(fileIds.take());
    }
    return next++;
  }

  /** Whether the next page begins a new file. */
  public boolean atFileEnd() {
    return next == fileEnd;
  }

  @Override
  public boolean atRunEnd() {
    return atFileEnd();
  }

  @Override
  public boolean reusesPlaces() {
    return false;
  }

  /** Gives the tail file up: the next page goes to a new one. */
  public void endFile() {
    fileEnd = next;
  }

  /** One more than the last file page handed out; 0 before the first. */
  public long end() {
    return next;
  }
}
