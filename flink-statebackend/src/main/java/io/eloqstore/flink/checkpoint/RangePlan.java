/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How the files of an image get into a checkpoint: what earlier checkpoints uploaded, and what is
 * still to be uploaded. Together they cover every file exactly once.
 *
 * @param reused ranges that earlier, confirmed checkpoints uploaded
 * @param uploads ranges to upload now
 */
record RangePlan(List<StoredRange> reused, List<Upload> uploads) {

  /** A file with more ranges than this has its newest ones combined. */
  static final int RANGES_MAX = 16;

  /** One range to upload. */
  record Upload(PartFile file, FileRange range) {}

  /** Uploads every file whole. */
  static RangePlan whole(List<PartFile> files) {
    RangePlan plan = new RangePlan(new ArrayList<>(), new ArrayList<>());
    for (PartFile file : files) {
      plan.addFile(file, List.of(), false);
    }
    return plan;
  }

  /**
   * Adds one file.
   *
   * @param usable ranges of the file that may be built upon, in any order
   * @param mayCombine whether usable ranges may be replaced by a larger upload
   */
  void addFile(PartFile file, List<StoredRange> usable, boolean mayCombine) {
    List<StoredRange> sorted = new ArrayList<>(usable);
    sorted.sort(Comparator.comparingLong(stored -> stored.range().from()));
    List<StoredRange> kept = new ArrayList<>();
    List<Upload> missing = new ArrayList<>();
    long position = 0;
    for (StoredRange stored : sorted) {
      FileRange range = stored.range();
      if (range.from() < position || range.to() > file.length()) {
        continue;
      }
      if (range.from() > position) {
        missing.add(new Upload(file, FileRange.of(file, position, range.from())));
      }
      kept.add(stored);
      position = range.to();
    }
    if (position < file.length()) {
      missing.add(new Upload(file, FileRange.of(file, position, file.length())));
    }
    if (mayCombine && position < file.length() && kept.size() + 1 > RANGES_MAX) {
      combine(file, kept, missing);
    }
    reused.addAll(kept);
    uploads.addAll(missing);
  }

  /**
   * Replaces the newest ranges by one upload up to the end of the file: as many as are needed to
   * get below the limit, then each further one that is no larger than what is combined so far. So a
   * byte is uploaded again only when what it is combined with has doubled.
   */
  private static void combine(PartFile file, List<StoredRange> kept, List<Upload> missing) {
    long from = kept.get(kept.size() - 1).range().to();
    while (!kept.isEmpty()) {
      FileRange last = kept.get(kept.size() - 1).range();
      boolean needed = kept.size() + 1 > RANGES_MAX;
      if (!needed && last.length() > file.length() - from) {
        break;
      }
      kept.remove(kept.size() - 1);
      from = last.from();
    }
    long start = from;
    // Gaps in front of the combined range stay uploads of their own.
    missing.removeIf(upload -> upload.range().to() > start);
    missing.add(new Upload(file, FileRange.of(file, start, file.length())));
  }
}
