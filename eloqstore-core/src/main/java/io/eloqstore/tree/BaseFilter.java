/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.page.LeafCursor;

/** Asked by a merge for entries of leaves that it rewrites and that no change replaces. */
@FunctionalInterface
public interface BaseFilter {

  /**
   * Whether an entry leaves the tree.
   *
   * @param base stands on the entry; not to be moved
   */
  boolean drops(LeafCursor base);
}
