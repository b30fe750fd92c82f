/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.manifest.ManifestSegment;
import io.eloqstore.page.SegmentChange;
import io.eloqstore.pagestore.PageSource;
import io.eloqstore.tree.TreeVerifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Walks the change segments of a root: structure of each, what the manifest says of it, and which
 * overflow pages its live changes name. One thread, one use.
 */
final class SegmentVerifier {
  private final PageSource source;
  private final TreeVerifier tree;
  private final List<String> findings = new ArrayList<>();

  /**
   * @param tree told the overflow pages, before it finishes
   */
  SegmentVerifier(PageSource source, TreeVerifier tree) {
    this.source = source;
    this.tree = tree;
  }

  /** All findings; newest segment first, as roots hold them. */
  List<String> verify(Segment[] segments) {
    long newer = Long.MAX_VALUE;
    long newerRun = -1;
    for (Segment segment : segments) {
      verify(segment);
      if (segment.maxSequence() != newerRun) {
        check(segment, "operations below", newer, segment.maxSequence() < newer);
        newerRun = segment.maxSequence();
        newer = segment.minSequence();
      }
    }
    return findings;
  }

  private void verify(Segment segment) {
    TreeVerifier verifier = TreeVerifier.ofSegment(source, segment.places(), segment.pages());
    verifier.tree(segment.rootPage());
    List<String> broken = verifier.finish();
    broken.forEach(finding -> findings.add(name(segment) + ": " + finding));
    if (!broken.isEmpty()) {
      return;
    }
    ManifestSegment record = segment.record();
    check(segment, "changes", record.entries(), verifier.entries() == record.entries());
    check(segment, "leaves", record.leaves(), verifier.leaves() == record.leaves());
    try (SegmentCursor cursor = new SegmentCursor(source)) {
      cursor.open(segment);
      for (boolean there = cursor.first(); there; there = cursor.next()) {
        if ((cursor.change() & SegmentChange.LARGE) != 0) {
          byte[] key = Arrays.copyOf(cursor.key(), cursor.keyLength());
          tree.largeChange(key, cursor.valueAt(), cursor.valueLength());
        }
      }
    }
  }

  private static String name(Segment segment) {
    return "segment in file " + segment.fileId();
  }

  private void check(Segment segment, String what, long recorded, boolean holds) {
    if (!holds) {
      findings.add(name(segment) + ": " + recorded + " " + what + " are recorded, found others");
    }
  }
}
