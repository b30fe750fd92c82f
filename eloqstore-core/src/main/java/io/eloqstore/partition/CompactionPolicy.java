/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Which data files are worth rewriting. Pure: files in, choice out.
 *
 * <p>The files given are those that are written to no more and that only roots keep. They are to
 * hold at most {@code fileFactor} pages for each live page of the partition; while they hold more,
 * one of them has a live share below {@code 1 / fileFactor}, so there is always something to gain.
 *
 * @param fileFactor at least 1
 */
record CompactionPolicy(int fileFactor) {
  /** Over the bound by more than an eighth, compaction goes before flushes. */
  private static final int URGENT_EIGHTHS = 9;

  /**
   * One file.
   *
   * @param writtenPages pages that it takes on the disk
   * @param livePages how many of them the working root reaches, at least 1
   */
  record FileUse(long fileId, long writtenPages, long livePages) {}

  /** Whether the files hold more than they should. */
  boolean isWanted(List<FileUse> files, long livePages) {
    return pages(files) > fileFactor * livePages;
  }

  /** Whether they hold so much more that new writes should wait for their turn. */
  boolean isUrgent(List<FileUse> files, long livePages) {
    return 8 * pages(files) > URGENT_EIGHTHS * fileFactor * livePages;
  }

  private static long pages(List<FileUse> files) {
    return files.stream().mapToLong(FileUse::writtenPages).sum();
  }

  /**
   * The sparsest files, as many as it takes to come down to the bound; each gives back more than it
   * costs to move its live pages.
   *
   * @return ids, ascending
   */
  long[] choose(List<FileUse> files, long livePages) {
    long space = pages(files);
    long[] chosen = new long[files.size()];
    int count = 0;
    for (FileUse file : sparse(files)) {
      if (space <= fileFactor * livePages) {
        break;
      }
      chosen[count++] = file.fileId;
      space -= file.writtenPages - file.livePages;
    }
    return sorted(chosen, count);
  }

  /** Every file with a live share below {@code 1 / fileFactor}, ascending by id. */
  long[] chooseAll(List<FileUse> files) {
    List<FileUse> sparse = sparse(files);
    long[] chosen = sparse.stream().mapToLong(FileUse::fileId).toArray();
    return sorted(chosen, chosen.length);
  }

  private List<FileUse> sparse(List<FileUse> files) {
    return files.stream()
        .filter(file -> file.writtenPages > fileFactor * file.livePages)
        .sorted(Comparator.comparingDouble(file -> (double) file.livePages / file.writtenPages))
        .toList();
  }

  private static long[] sorted(long[] ids, int count) {
    long[] result = Arrays.copyOf(ids, count);
    Arrays.sort(result);
    return result;
  }
}
