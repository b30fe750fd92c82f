/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.mapping.PageIds;

/**
 * The logical ids that rewrites take and give back before their root is published. One thread.
 *
 * <p>What is given back stays in use until {@link #publish()}, since the root before still reaches
 * those pages; what was taken goes back with {@link #discard()} when the rewrite failed. So a
 * failed rewrite leaves the ids of the partition as they were.
 */
public final class RewriteIds {
  private final PageIds ids;
  private final PageList taken = new PageList();
  private final PageList given = new PageList();

  public RewriteIds(PageIds ids) {
    this.ids = ids;
  }

  int allocate() {
    int id = ids.allocate();
    taken.add(id);
    return id;
  }

  void free(int id) {
    given.add(id);
  }

  /** Number of pages given back so far. */
  public int freedCount() {
    return given.size();
  }

  /** The new root is the one to be read from now on: what was given back may be used again. */
  public void publish() {
    while (given.size() > 0) {
      ids.free(given.takeLast());
    }
    while (taken.size() > 0) {
      taken.takeLast();
    }
  }

  /** The rewrite came to nothing: what was taken is free again. */
  public void discard() {
    while (taken.size() > 0) {
      ids.free(taken.takeLast());
    }
    while (given.size() > 0) {
      given.takeLast();
    }
  }
}
